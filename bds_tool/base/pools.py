"""Work side by side: threads that an interrupt cannot lose, and processes that know the settings of this run."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from bds_tool.base.errors import UsageError
from bds_tool.base.specs import set_specs, specs_dir
from bds_tool.base.text import language, set_language, t

#: More than any laptop has processors for.
MOST = 128
_In = TypeVar("_In")
_Out = TypeVar("_Out")


def processes() -> int:
    """How many processes work side by side: `BDS_PROCESSES`, else 1. Raises UsageError for what is no such number."""
    told = os.environ.get("BDS_PROCESSES", "").strip() or "1"
    if not re.fullmatch(r"[0-9]{1,3}", told) or not 1 <= int(told) <= MOST:
        raise UsageError(
            t("BDS_PROCESSES is geen aantal processen.", "BDS_PROCESSES is no number of processes."),
            t(f"Geef een getal van 1 tot en met {MOST}.", f"Give a number from 1 to {MOST}."),
        )
    return int(told)


def threads(number: int = 1) -> ThreadPoolExecutor:
    """A pool whose threads run already, for work on files or connections that go when the pool closes.

    An interrupt in the moment that a thread starts leaves it out of those that closing waits for: it would go on with
    what is being taken away, and crash the process.
    """
    pool = ThreadPoolExecutor(number)
    everyone = Barrier(number, timeout=1)
    try:
        for started in [pool.submit(everyone.wait) for _ in range(number)]:
            started.exception()
    except BaseException:
        pool.shutdown()
        raise
    return pool


def in_processes(
    function: Callable[[_In], _Out], items: Iterable[_In], number: int, at_once: int = 0
) -> Iterator[_Out]:
    """`function` of every item, in their order, in `number` other processes; both must survive pickling.

    `at_once`: items handed over of which the outcome is still to be taken. Memory grows with those, not with all items.
    """
    at_once = max(at_once, number + 1)
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import active_children, get_context

    with ProcessPoolExecutor(
        number,
        mp_context=get_context("spawn"),
        initializer=_settings,
        initargs=(str(specs_dir()), language()),
    ) as pool:
        waiting: deque[Future[_Out]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                del item
                if len(waiting) >= at_once:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BaseException:
            for process in active_children():  # nobody waits for what they are still at
                process.terminate()
            raise


def _settings(specs: str, chosen: str) -> None:
    set_specs(specs)
    set_language(chosen)
