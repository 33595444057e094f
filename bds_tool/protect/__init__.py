"""Disclosure control: publish what is proven safe against a stated attacker, and audit what is published."""
