"""Threads that an interrupt cannot lose."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier


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
