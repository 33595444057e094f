"""Extracts for research: pseudonymised records, and a table of loose rows that names no child."""
