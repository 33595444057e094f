"""Moving a store to another BDS version, by the change packages in `specs/wijzigingen` and nothing else.

Rows stream through in batches; only rows that need others of their dossier (shelter, derived values, split groups)
wait in a side file and are handled in parts of bounded size.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from bds_tool.base.errors import UsageError
from bds_tool.base.files import scratch
from bds_tool.base.text import t
from bds_tool.formats.registry import coding_of
from bds_tool.store.rows import Rows
from bds_tool.store.store import Store, StoreWriter

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

    from bds_tool.changes.package import Pakket
    from bds_tool.changes.plan import Plan

#: Rows per batch and rows per part of the side file: together they bound the memory (about 1.5 GB at these sizes).
BATCH, PART = 500_000, 1_500_000
OUTCOMES = ("ongewijzigd", "hercodeerd", "tekst", "beschut", "hersteld", "afgeleid", "niet")
#: Outcomes after which a value is not simply there any more under its own number and code.
CONCERNING = ("tekst", "beschut", "niet")

Key = tuple[int | None, str]


@dataclass
class StepReport:
    """One package in one direction: how many values of each element had which outcome, and rows that were added."""

    van: str
    naar: str
    uitkomsten: Counter[Key] = field(default_factory=Counter)
    toegevoegd: int = 0

    def total(self, outcome: str | None = None) -> int:
        return sum(n for (_, o), n in self.uitkomsten.items() if outcome is None or o == outcome)

    def by_element(self) -> dict[int | None, dict[str, int]]:
        """Counts per outcome, by element; None stands for rows without an element."""
        found: dict[int | None, dict[str, int]] = {}
        for (number, outcome), n in self.uitkomsten.items():
            found.setdefault(number, dict.fromkeys(OUTCOMES, 0))[outcome] += n
        return dict(sorted(found.items(), key=lambda item: (item[0] is None, item[0] or 0)))


@dataclass
class MigrationReport:
    """What happened to every row; `uit` is null when nothing was written (strict)."""

    naar: str
    rijen_in: int
    stappen: list[StepReport]
    rijen_uit: int | None = None
    geweigerd: bool = False

    @property
    def concerning(self) -> int:
        return sum(step.total(o) for step in self.stappen for o in CONCERNING)


@dataclass(frozen=True)
class _Step:
    """`alone`: rows of other sources are left out, also from the report."""

    plan: Plan
    bronnen: frozenset[int]
    alone: bool = False


def migrate(
    store: Store,
    target: str,
    out: Path | str,
    *,
    from_version: str | None = None,
    strict: bool = False,
    replace: bool = False,
    packages: Callable[[str, str], Any] | None = None,
    progress: Callable[[int], None] | None = None,
) -> MigrationReport:
    """Write the store as version `target` to `out`, step by step along the packages.

    `from_version` overrules what was recognised in the sources. With `strict` nothing is written when a value would
    be sheltered, become text or be lost; the report tells. `packages` gives a package for (from, to).
    Raises UsageError when the version of a source is unknown or no chain of packages leads to `target`.
    """
    facts = store.bronnen()
    versions = _versions(facts, from_version)
    steps = list(_steps(versions, target, packages))
    # `registraties` alone says how many rows there are: facts of a source may be older than the store.
    rows = _height(store)
    report = MigrationReport(target, rows, [])
    with scratch() as folder:
        current = store
        for number, step in enumerate(steps):
            last = number == len(steps) - 1
            path = Path(out) if last and not strict else folder / f"{number}.bds"
            done = _run(current, step, path, replace=replace and last, progress=progress)
            report.stappen.append(done)
            current = Store.open(path)
        if strict and report.concerning:
            report.geweigerd = True
            return report
        if strict or not steps:
            _copy(current, Path(out), replace=replace)
    report.rijen_uit = _height(Store.open(out))
    return report


def rehearse(store: Store, pakket: Pakket, *, from_version: str | None = None) -> StepReport:
    """What a package, settled or draft, would do to the values of a store of its version. Nothing is kept.

    Sources of other versions are left out. Raises UsageError when no source has the version, and ApplyProblem or
    SpecError for a package that does not fit it.
    """
    from bds_tool.changes.apply import apply_package
    from bds_tool.changes.plan import compile_plan
    from bds_tool.schema import load

    found = _versions(store.bronnen(), from_version)
    mine = frozenset(bron for bron, version in found.items() if version == pakket.van)
    if not mine:
        others = ", ".join(sorted(set(found.values()))) or "—"
        raise UsageError(
            t(f"Geen bron heeft BDS {pakket.van}, waar het pakket begint; wel {others}.",
              f"No source has BDS {pakket.van}, where the package begins; there is {others}."),
            t("Zet de gegevens eerst om met bds migrate.", "Move the data with bds migrate first."),
        )  # fmt: skip
    old = load(pakket.van)
    plan = compile_plan(pakket, old, apply_package(pakket, old))
    with scratch() as folder:
        return _run(store, _Step(plan, mine, alone=True), folder / "proef.bds", replace=False, progress=None)


def _height(store: Store) -> int:
    return Rows(store.files("registraties")).height


# -- which packages ----------------------------------------------------------------------------------------------


def _versions(facts: pl.DataFrame, from_version: str | None) -> dict[int, str]:
    """The version of every source that has rows."""
    from bds_tool.schema import versions

    known = set(versions())
    found: dict[int, str] = {}
    for row in facts.iter_rows(named=True):
        version = from_version or row["bds_opgegeven"] or row["bds_herkend"]
        if row["formaat"] in {"onleesbaar", "overgeslagen"}:
            continue
        # A table does not say which version it follows; the newest one that is assumed for judging is no fact.
        assumed = not from_version and not row["bds_opgegeven"] and row["bds_zekerheid"] == "onbekend"
        if version not in known or assumed:
            shown = t("onbekend", "unknown") if assumed or not version else version
            raise UsageError(
                t(f"Van bron {row['bron']} is de BDS-versie {shown}; er is geen omrekening vandaan.",
                  f"The BDS version of source {row['bron']} is {shown}; no conversion starts there."),
                t(f"Geef de versie met --from: {', '.join(versions())}.",
                  f"Give the version with --from: {', '.join(versions())}."),
            )  # fmt: skip
        found[int(row["bron"])] = version
    return found


def chain(start: str, target: str, pairs: list[tuple[str, str]]) -> list[tuple[str, str, bool]]:
    """The packages from `start` to `target` as (from, to, forward), shortest way. Raises UsageError without one."""
    edges: dict[str, list[tuple[str, str, str, bool]]] = {}
    for a, b in pairs:
        edges.setdefault(a, []).append((b, a, b, True))
        edges.setdefault(b, []).append((a, a, b, False))
    routes: dict[str, list[tuple[str, str, bool]]] = {start: []}
    queue = [start]
    while queue and target not in routes:
        here = queue.pop(0)
        for there, a, b, forward in edges.get(here, ()):
            if there not in routes:
                routes[there] = [*routes[here], (a, b, forward)]
                queue.append(there)
    if target not in routes:
        raise UsageError(
            t(f"Er is geen reeks wijzigingspakketten van BDS {start} naar {target}.",
              f"There is no chain of change packages from BDS {start} to {target}."),
            t(f"Bekend zijn: {', '.join(f'{a}-{b}' for a, b in pairs) or '—'}.",
              f"Known are: {', '.join(f'{a}-{b}' for a, b in pairs) or '—'}."),
        )  # fmt: skip
    return routes[target]


def _steps(
    versions: dict[int, str], target: str, source: Callable[[str, str], Any] | None
) -> Iterator[_Step]:
    from bds_tool.changes import compile_plan, find, load_package, packages
    from bds_tool.schema import load

    load(target)
    get = source or (lambda a, b: load_package(find(a, b)))
    wanted: dict[tuple[str, str, bool], tuple[int, set[int]]] = {}
    for bron, version in versions.items():
        for position, edge in enumerate(chain(version, target, packages())):
            left = -position  # the last step of every chain ends in the target, so order by what remains
            order, members = wanted.setdefault(edge, (left, set()))
            wanted[edge] = (min(order, left), members)
            members.add(bron)
    up = sorted((e for e in wanted if e[2]), key=lambda e: _number(e[0]))
    down = sorted((e for e in wanted if not e[2]), key=lambda e: _number(e[0]), reverse=True)
    for edge in [*up, *down]:
        plan = compile_plan(get(edge[0], edge[1]), load(edge[0]), load(edge[1]), forward=edge[2])
        yield _Step(plan, frozenset(wanted[edge][1]))


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(p) if p.isdecimal() else 0 for p in version.split("."))


# -- one step ----------------------------------------------------------------------------------------------------


def _run(
    store: Store, step: _Step, path: Path, *, replace: bool, progress: Callable[[int], None] | None
) -> StepReport:
    import polars as pl

    from bds_tool.changes.migrate.rows import RowTables, as_text, transform
    from bds_tool.changes.migrate.shelter import needs_company

    tables = RowTables(step.plan)
    report = StepReport(step.plan.van, step.plan.naar)
    facts = store.bronnen()
    hl7 = [int(r["bron"]) for r in facts.iter_rows(named=True) if coding_of(r["formaat"]) == "HL7"]
    company = needs_company(step.plan)
    every = Rows(store.files("registraties"))
    with StoreWriter(path, replace=replace) as writer, _SideFile() as side:
        written: Counter[int] = Counter()
        writer.add_meldingen(store.meldingen().collect().iter_rows(named=True))
        for batch in every.batches(BATCH):
            rows = as_text(_frame(batch))
            mine = pl.col("bron").is_in(list(step.bronnen))
            others = rows.filter(~mine)
            if others.height and not step.alone:
                _write(others, writer, written)
                _count(report, others.select(_nummer_in="bdsnummer", uitkomst=pl.lit("ongewijzigd")))
            rows = rows.filter(mine).with_columns(
                _soort=_coding(hl7), _nummer_in=pl.col("bdsnummer"), _waarde_in=pl.col("waarde")
            )
            done = transform(rows, tables).with_columns(_weg=pl.lit(value=False))
            waiting = done.with_columns(_wacht=company)
            ready = waiting.filter(~pl.col("_wacht"))
            _count(report, ready)
            _write(ready.filter(_stays()), writer, written)
            side.add(waiting.filter("_wacht").drop("_wacht"))
            if progress:
                progress(rows.height)
        for part in side.parts():
            _write(_together(part, step.plan, report), writer, written)
        _bronnen(facts, step, writer, written)
    return report


def _write(rows: pl.DataFrame, writer: StoreWriter, written: Counter[int]) -> None:
    written.update(dict(rows["bron"].value_counts().iter_rows()))
    writer.add_table(rows)


def _frame(batch: pa.RecordBatch) -> pl.DataFrame:
    import polars as pl

    frame = pl.from_arrow(batch)
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - a record batch is always a frame
    return frame


def _coding(hl7: list[int]) -> pl.Expr:
    """HL7 or BDS: by the code system of the row, else by the format of its source."""
    import polars as pl

    system = pl.col("codesysteem").fill_null("")
    return (
        pl.when(system.str.starts_with("2.16.840.1.113883.2.4.3.11.60.100.12."))
        .then(pl.lit("BDS"))
        .when(system.str.starts_with("2.16.840.1.113883.2.4.4.40.") | pl.col("bron").is_in(hl7))
        .then(pl.lit("HL7"))
        .otherwise(pl.lit("BDS"))
    )


def _together(rows: pl.DataFrame, plan: Plan, report: StepReport) -> pl.DataFrame:
    import polars as pl

    from bds_tool.changes.migrate.shelter import together

    done = together(rows, plan)
    # What a package derived it can derive again: on the way back such a row is reported and not written.
    _count(report, done.filter(pl.col("uitkomst").is_not_null()))
    report.toegevoegd += done.filter(pl.col("uitkomst").is_null()).height
    return done.filter(~pl.col("_weg") & _stays()).drop("_soort", "_waarde_in")


def _stays() -> pl.Expr:
    """Rows that are written: not those that could not be carried, nor those that were only derived."""
    import polars as pl

    return ~pl.col("uitkomst").is_in(["afgeleid", "niet"]).fill_null(value=False)


def _count(report: StepReport, rows: pl.DataFrame) -> None:
    for number, outcome, n in rows.group_by("_nummer_in", "uitkomst").len().iter_rows():
        report.uitkomsten[number, outcome] += n


def _bronnen(facts: pl.DataFrame, step: _Step, writer: StoreWriter, written: Counter[int]) -> None:
    """The sources, with the version, interaction and number of rows they now have."""
    before, after = step.plan.interactie
    for row in facts.iter_rows(named=True):
        if row["bron"] in step.bronnen:
            row["bds_herkend"], row["bds_zekerheid"] = step.plan.naar, "zeker"
            row["bds_opgegeven"] = None
            if row["formaat"] == f"dob-{before}":
                row["formaat"] = f"dob-{after}"
        writer.add_bron(**row | {"rijen": written[row["bron"]]})


class _SideFile:
    """Rows that wait for others of their dossier, in a temporary Parquet file."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._path = self._stack.enter_context(scratch()) / "zij.parquet"
        self._writer: Any = None
        self._rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()
        self._stack.close()

    def add(self, rows: pl.DataFrame) -> None:
        import pyarrow.parquet as pq

        if not rows.height:
            return
        table = rows.to_arrow()
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, table.schema, compression="zstd")
        self._writer.write_table(table.cast(self._writer.schema))
        self._rows += rows.height

    def parts(self) -> Iterator[pl.DataFrame]:
        """The rows by whole dossiers, at most about PART at a time."""
        import polars as pl

        if self._writer is None:
            return
        self._writer.close()
        self._writer = None
        count = -(-self._rows // PART)
        lazy = pl.scan_parquet(self._path)
        for number in range(count):
            share = (
                lazy if count == 1 else lazy.filter(pl.struct("bron", "dossier_id").hash(1) % count == number)
            )
            yield share.collect()


def _copy(store: Store, out: Path, *, replace: bool) -> None:

    with StoreWriter(out, replace=replace) as writer:
        for row in store.bronnen().iter_rows(named=True):
            writer.add_bron(**row)
        writer.add_meldingen(store.meldingen().collect().iter_rows(named=True))
        for batch in Rows(store.files("registraties")).batches(BATCH):
            writer.add_table(_frame(batch))
