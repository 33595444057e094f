"""`bds` from Python: `import bds_tool as bds`. One function per verb of the program, with frames of Polars as results.

Every error of use or input is a `bds.UserError` with `message` and `remedy`; `code` is the exit code the program would
give. Nothing here reads `bds.toml` unless it is given as `settings`. What stands in this module is kept within a major
version; other modules may change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bds_tool.base import clock
from bds_tool.base.errors import UserError
from bds_tool.base.settings import Settings
from bds_tool.base.settings import load as _settings
from bds_tool.schema import Definition, newest, versions
from bds_tool.schema import load as definition
from bds_tool.schema.editor import json_schema

if TYPE_CHECKING:
    import pandera.polars as pa

    from bds_tool.changes.migrate.running import MigrationReport
    from bds_tool.findings.result import Result as Judgement
    from bds_tool.formats.writing import Written
    from bds_tool.indicators.result import Result as Figures
    from bds_tool.store import Store

Source = str | Path

__all__ = [
    "Definition",
    "UserError",
    "compute",
    "contract",
    "convert",
    "definition",
    "json_schema",
    "migrate",
    "newest",
    "protect",
    "read",
    "validate",
    "versions",
]


def read(
    *sources: Source,
    to: Source | None = None,
    bds: str = "",
    from_format: str = "",
    settings: Source | None = None,
    replace: bool = False,
) -> Store:
    """Read exports (files, folders, patterns, archives; a `.bds` folder as it is) into a store.

    Use it as a context: without `to` the store is temporary. `store.registraties()` is a LazyFrame with the canonical
    table (docs: canonieke tabel), `store.bronnen()` a DataFrame with a row per file, `store.meldingen()` a LazyFrame
    with what the readers noticed; a file that cannot be read stands there, and the others are read.

    Raises UserError when there is nothing to read or `to` exists and `replace` is false.
    """
    from bds_tool.formats import read as run

    return run(
        _paths(sources),
        to,
        from_format=from_format or None,
        bds=bds,
        tables=_of(settings).tables,
        replace=replace,
    )


def validate(
    *sources: Source,
    bds: str = "",
    from_format: str = "",
    settings: Source | None = None,
    today: date | None = None,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    max_examples: int = 100,
) -> Judgement:
    """Judge exports by all rules of the BDS, as `bds validate` does.

    `findings` is a DataFrame with examples (at most `max_examples` per rule and element; 0 is all), `totals` one with
    exact counts per rule, source and element. `count("fout")` counts a severity (fout, waarschuwing, info);
    `unreadable()` names files that could not be read. `select` and `ignore` take codes, names or families (`2xx`).

    Raises UserError for an unknown version or rule, or when there is nothing to read.
    """
    from bds_tool.validate.run import Request, judge

    chosen = _of(settings)
    request = Request(
        _paths(sources),
        bds=bds or chosen.validate.bds,
        from_format=from_format or None,
        tables=chosen.tables,
        today=today or chosen.validate.reference_date or clock.today(),
        max_examples=max_examples,
        select=tuple(select) or chosen.validate.select,
        ignore=tuple(ignore) or chosen.validate.ignore,
        rules=chosen.rules,
        accept=chosen.accept,
    )
    return judge(request)


def convert(
    source: Source | Store,
    to: Source,
    *,
    format: str = "",  # noqa: A002  # the word of the program
    bds: str = "",
    settings: Source | None = None,
    replace: bool = False,
    strict: bool = False,
) -> Written:
    """Write an export, or a store, in another format: `format`, else what the name of `to` says.

    `left_out` of the result counts what the format cannot carry, by reason; `lacking` what a message misses that its
    standard demands. Raises UserError for an unknown format, or `to` that exists and `replace` is false.
    """
    from bds_tool.base.errors import UsageError
    from bds_tool.base.text import t
    from bds_tool.formats.writing import WriteOptions, format_of, write

    chosen = _of(settings)
    if Path(to).is_file() and not replace:
        raise UsageError(
            t(f"{to} bestaat al.", f"{to} exists already."), t("Geef replace=True.", "Give replace=True.")
        )
    options = WriteOptions(
        bds=bds,
        dialect=chosen.convert.dialect,
        organisation=chosen.convert.organisation,
        replace=replace,
        sender=chosen.sender,
        strict=strict,
    )
    with _opened(source, bds, chosen) as store:
        return write(store, format or format_of(Path(to)), Path(to), options)


def migrate(
    source: Source | Store,
    bds: str,
    to: Source,
    *,
    from_bds: str = "",
    strict: bool = False,
    replace: bool = False,
) -> MigrationReport:
    """Write `source` as version `bds` to the store `to`; `stappen` of the report tells what became of every value.

    With `strict` nothing is written (`geweigerd` is true) when a value would be sheltered, become text or be lost.
    Raises UserError when no chain of change packages leads there.
    """
    from bds_tool.changes.migrate.running import migrate as run

    with _opened(source, from_bds, Settings()) as store:
        return run(store, bds, Path(to), from_version=from_bds or None, strict=strict, replace=replace)


def contract(rubriek: str = "", *, bds: str = "", messages: bool = False) -> pa.DataFrameSchema:
    """A Pandera schema for a frame with at least `bdsnummer` and `waarde`: every rule on values is a check by its code.

    `rubriek` keeps to one rubriek; `messages` means HL7 codes in place of BDS codes. Raises UserError for a rubriek or
    version that is not there.
    """
    from bds_tool.validate.contracts import contract as made

    return made(rubriek or None, bds or None, format_="dob" if messages else "tabel")


def compute(
    source: Source | Store,
    to: Source,
    *,
    indicators: Sequence[str] = (),
    levels: Sequence[str] = ("gemeente",),
    by: Sequence[str] = ("year",),
    years: tuple[int, int] | int | None = None,
    areas: Sequence[Source] = (),
    area_year: int | None = None,
    last_day: date | None = None,
    replace: bool = False,
) -> Figures:
    """Count indicators per area, break-down and year into the folder `to` (`NAAM.result`).

    `counts()` of the result is a LazyFrame with a row per cell. They are counts of children and not protected: see
    `protect`. `years` is a year or the first and last; without, last year. Raises UserError for what does not exist.
    """
    from bds_tool.indicators.catalogue import choose
    from bds_tool.indicators.compute import Plan
    from bds_tool.indicators.features import Settings as Counting
    from bds_tool.indicators.run import compute as run

    span = years or clock.today().year - 1
    first, last = span if isinstance(span, tuple) else (span, span)
    wanted = Plan(
        choose(list(indicators), []),
        Counting(first, last, min(last_day or date.max, date(last, 12, 31))),
        levels=list(levels),
        by=[b for b in by if b != "year"],
        yearly="year" in by,
    )
    with _opened(source, "", Settings()) as store:
        return run(store, wanted, Path(to), area_paths=_paths(areas), area_year=area_year, replace=replace)


def protect(
    figures: Source | Figures,
    to: Source,
    *,
    policy: str = "",
    ledger: Source | None = None,
    replace: bool = False,
) -> Mapping[str, Any]:
    """Protect counts so that they may be published, into the folder `to`; nothing is written unless the audit holds.

    The totals tell cells, hidden and share_hidden. `policy` is a name of `specs/beleid` or a YAML file; without, the
    strictest. Raises UserError (code 4) when the audit finds a leak.
    """
    from bds_tool.protect.policy import load_policy
    from bds_tool.protect.releases import run_result

    path = Path(figures) if isinstance(figures, str | Path) else figures.path
    chosen = load_policy(policy or "ncj-strict")
    facts, _ = run_result(path, chosen, Path(to), ledger=Path(ledger) if ledger else None, replace=replace)
    return facts


class _Kept:
    """A store of the caller's: closing it is his."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __enter__(self) -> Store:
        return self._store

    def __exit__(self, *_: object) -> None:
        pass


def _opened(source: Source | Store, bds: str, settings: Settings) -> Store | _Kept:
    """Raises UserError when not one file of `source` could be read."""
    from bds_tool.formats import read as run

    if isinstance(source, str | Path):
        return run([source], bds=bds, tables=settings.tables, at_least_one=True)
    return _Kept(source)


def _of(settings: Source | None) -> Settings:
    return _settings(Path(settings)) if settings else Settings()


def _paths(sources: Iterable[Source]) -> list[Path]:
    return [Path(s) for s in sources]
