"""Moments in which a run may not be stopped: an interrupt waits until what was begun is whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bds_tool.base.errors import Interrupted

_state = {"depth": 0, "waiting": 0}


@contextmanager
def held() -> Iterator[None]:
    """Ctrl-C and the signal to stop take effect at the end of the block, not in it. Keep the block short."""
    _state["depth"] += 1
    try:
        yield
    finally:
        _state["depth"] -= 1
    if not _state["depth"] and _state["waiting"]:
        _state["waiting"] = 0
        raise Interrupted


def postponed() -> bool:
    """For the handler of the signals: whether the interrupt waits for the end of a block."""
    if _state["depth"]:
        _state["waiting"] = 1
        return True
    return False
