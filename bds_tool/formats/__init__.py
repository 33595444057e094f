"""Exports in and out: one reader and writer per format."""

from bds_tool.formats.reading import read, unreadable

__all__ = ["read", "unreadable"]
