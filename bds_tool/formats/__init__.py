"""Formats: which there are, and a reader and writer for each."""
