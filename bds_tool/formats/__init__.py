"""Exports in and out: one reader and writer per format."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bds_tool.formats.reading import read, unreadable

__all__ = ["read", "unreadable"]


def __getattr__(name: str) -> object:
    """Loaded when first used: who only asks which formats there are reads nothing."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from bds_tool.formats import reading

    return getattr(reading, name)
