"""Numbers that point at a person."""

from __future__ import annotations


def is_bsn(text: str) -> bool:
    """Nine digits that pass the 11-test: it might be a citizen service number."""
    if not (text.isascii() and text.isdecimal() and len(text) == 9):
        return False
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    return sum(int(d) * w for d, w in zip(text, weights, strict=True)) % 11 == 0
