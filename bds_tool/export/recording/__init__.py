"""Accounts of runs: done again and held beside each other, and as a page for who keeps an eye on privacy."""
