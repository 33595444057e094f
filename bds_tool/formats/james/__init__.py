"""JAMES JSON."""
