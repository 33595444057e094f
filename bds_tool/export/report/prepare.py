"""From a store to a protected result in one go, so that a report can be made from either."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from bds_tool.base.files import scratch
from bds_tool.base.names import child
from bds_tool.export.report.book import Book, open_book
from bds_tool.store import Store

#: Years that a report made from a store looks back, the last one included.
YEARS = 5


@contextmanager
def opened(
    path: Path,
    *,
    areas: Sequence[Path] = (),
    policy: str = "ncj-strict",
    names: Sequence[str] = (),
    by: Sequence[str] = ("sex",),
    last_year: int | None = None,
) -> Iterator[Book]:
    """A protected result, or a store that is counted and protected first (in a temporary place).

    `areas`: postcode and area tables; with them gemeenten and wijken are counted, without them only the whole.
    Raises WithheldError when the result is unprotected or the audit finds a leak.
    """
    if not Store.is_store(path):
        yield open_book(path)
        return
    from bds_tool.indicators.catalogue import choose
    from bds_tool.indicators.compute import Plan
    from bds_tool.indicators.features import Settings
    from bds_tool.indicators.run import compute
    from bds_tool.protect.policy import load_policy
    from bds_tool.protect.releases import run_result

    store = Store.open(path)
    last = last_year or _last_full_year(store)
    settings = Settings(last - YEARS + 1, last, date(last, 12, 31))
    levels = ["gemeente", "wijk"] if areas else []
    with scratch() as folder:
        counted, safe = child(folder, path.resolve().name, taken={"veilig.result"}), folder / "veilig.result"
        plan = Plan(choose(list(names)), settings, levels=levels, by=list(by), yearly=True)
        compute(store, plan, counted, area_paths=list(areas))
        run_result(counted, load_policy(policy), safe)
        yield open_book(safe)


def _last_full_year(store: Store) -> int:
    """The last calendar year before the newest activity."""
    import polars as pl

    newest = store.registraties().select(pl.col("datum").max()).collect().item()
    return (newest or date(2025, 12, 31)).year - (
        0 if newest and (newest.month, newest.day) >= (12, 15) else 1
    )
