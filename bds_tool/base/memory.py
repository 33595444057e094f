"""Python's cycle collector, held off while a reader makes many objects of which none refers back to itself."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

#: Objects that are made before a search for cycles. Libraries and definitions make many that stay: with the 700 of
#: Python, looking at them again and again is a tenth of a short run.
BEFORE_A_SEARCH = 50_000


def collect_seldom() -> None:
    """For a program of its own; a library leaves the collector as it is."""
    gc.set_threshold(BEFORE_A_SEARCH, *gc.get_threshold()[1:])


@contextmanager
def uncollected() -> Iterator[None]:
    """No search for cycles inside: with a compiled model in memory each search looks at all of it."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
