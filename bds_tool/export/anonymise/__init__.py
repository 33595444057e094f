"""Extracts without names."""
