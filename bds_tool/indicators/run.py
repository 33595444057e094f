"""`compute` as one call: from a store on disk to a result on disk."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bds_tool.base.errors import UsageError
from bds_tool.base.files import work_dir
from bds_tool.base.text import t
from bds_tool.indicators import doubt, features, flow_words, same_child, schools
from bds_tool.indicators import flow as flows
from bds_tool.indicators.cells import PARTS, figures, unpacked
from bds_tool.indicators.children import require_apart
from bds_tool.indicators.chunks import ROWS, pieces
from bds_tool.indicators.compute import PIECES, Counted, Plan, count
from bds_tool.indicators.cube import Space, look_up, roll_up, union
from bds_tool.indicators.definitions import CONTACTS
from bds_tool.indicators.delivery import Delivered, install_sources
from bds_tool.indicators.output import Sums, metadata, write
from bds_tool.indicators.places import MEMORY, connect, install_areas, make_space, without_rows
from bds_tool.indicators.reading import ELEMENTS as TOLD_BY
from bds_tool.indicators.reading import Reading
from bds_tool.indicators.residents import Residents
from bds_tool.indicators.result import Result, write_result
from bds_tool.indicators.standardise import FILE as STANDARDISED
from bds_tool.indicators.standardise import Standardiser
from bds_tool.indicators.told import SourceTold
from bds_tool.indicators.version_coverage import in_counted_units, uncovered
from bds_tool.store import database

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from bds_tool.indicators.cube import Arrays
    from bds_tool.indicators.definitions import Indicator
    from bds_tool.indicators.elsewhere.engines import Engine
    from bds_tool.store.store import Store


def compute(
    store: Store,
    plan: Plan,
    target: Path,
    *,
    area_paths: Sequence[Path] = (),
    area_year: int | None = None,
    reference: str = "land",
    replace: bool = False,
    memory: str = MEMORY,
    rows: int = ROWS,
    judge: bool = True,
    findings: Path | None = None,
    objections: bool = False,
    population: Sequence[Path] = (),
    served: Sequence[str] = (),
    engine: Callable[[Path], Engine] | None = None,
) -> Result:
    """Count all indicators of `plan` over `store` and write the result directory `target`.

    Values that `findings` (or, without, the rules of `doubt`) put in doubt do not count; `judge` False counts all.
    Children with an objection (element 1404) only count with `objections`. `population` are tables of residents, and
    `served` the gemeenten of them that make up the whole (see `residents`). `engine` opens another engine, which then
    makes the views and counts; it does not judge values.

    Raises UsageError when the target exists and `replace` is false, or a wanted level has no table.
    """
    import duckdb as duck
    import pyarrow.parquet as pq

    if target.exists() and not replace:
        raise UsageError(
            t(f"{target} bestaat al.", f"{target} exists already."),
            t("Kies een andere naam of geef --force.", "Choose another name or give --force."),
        )
    progress = plan.progress or (lambda _: None)
    try:
        with work_dir(target) as spill:
            file = store.files("registraties")
            shared = sum(pq.read_metadata(f).num_rows for f in file) > rows  # the pieces share the processors
            threads = max(1, (os.cpu_count() or 1) // PIECES) if shared else 0
            connection = connect(store, spill, area_paths, memory=memory, threads=threads)
            require_apart(connection, file)
            facts = install_areas(connection, plan, area_paths, area_year, file)
            space = make_space(connection, plan)
            people = Residents(population, space, served) if population else None
            wanted = frozenset(
                features.elements(features.needed(plan.views(), plan.settings.place), plan.concepts())
            )
            wanted -= plan.settings.unasked
            install_sources(connection, file)
            concepts, last = set(plan.concepts()), plan.settings.reference_date
            reading = Reading(connection, wanted, concepts, last)
            doubted = {}
            if judge:
                progress(t("waarden beoordelen", "judging values"))
                day = plan.settings.reference_date
                doubted = doubt.install(connection, store, spill, day, findings, wanted)
            same = same_child.find(connection, file)
            flows.object_(connection, file, kept=objections)
            read = reading.watch(pieces(file, connection, spill, rows, wanted | TOLD_BY))
            if not objections:
                read = flows.without(read, connection, "bezwaar")
            if same.children:
                read = same_child.once(read, connection, file, spill, wanted, rows)
                if judge:
                    same_child.rename_doubt(connection)
            read = in_counted_units(read, store)
            counted = (
                count(connection, read, plan, judged=judge)
                if engine is None
                else _elsewhere(engine, connection, read, plan, spill)
            )
            progress(t("marges en toetsen", "margins and tests"))
            reading.install()
            delivered = Delivered(connection)
            lost = flows.Lost(space)
            standard = Standardiser(space, plan.standardise) if plan.standardise else None
            counts = spill / "counts.parquet"
            each = flows.PerIndicator(space)
            each.fates(connection, counted, plan.indicators)
            passing = lost.watch(all_sums(connection, plan, space, counted, delivered, standard))
            if people:
                passing = people.beside(passing, {i.id: i for i in plan.indicators})
            write(counts, space, each.watch(passing), reference=reference)
            meta = metadata(plan, sources(store), facts, reference=reference)
            at_school = plan.settings.place == schools.LEVEL
            listed = schools.listed(connection) if at_school else set()
            meta["empty_areas"] = without_rows(space, counts, listed)
            meta["notes"] = {
                "breakdowns": _not_broken_down(plan),
                "residents": people.notes() if people else [],
                "delivery": delivered.notes(),
                "versions": uncovered(plan.indicators, {str(s["bds"]) for s in meta["sources"]}),
            }
            meta["doubt"] = {"judged": judge, "file": findings.name if findings else None, "values": doubted}
            meta["objections_kept"] = objections
            meta["flow"] = flow = flows.flow(connection, file, reading, kept=objections)
            meta["indicator_flow"] = each.table(plan.indicators, flow, reading.answers)
            # How many have no address tells of them what their hidden rows do not.
            meta["inside"] = [*lost.notes(), *flow_words.words(flow), *same.notes()]
            meta["not_delivered"] = delivered.table()
            connection.close()
            tables = {}
            if standard and (rates := standard.table()) is not None:
                tables[STANDARDISED] = rates
                meta["standardised"] = {
                    "by": list(plan.standardise),
                    "file": STANDARDISED,
                    "method": standard.method,
                }
            return write_result(target, counts, meta, replace=replace, tables=tables)
    except duck.OutOfMemoryException as error:
        raise UsageError(
            t(
                f"Er is meer geheugen of schijfruimte nodig dan {memory}.",
                f"More memory or disk is needed than {memory}.",
            ),
            t("Geef --memory 4GB of maak schijfruimte vrij.", "Give --memory 4GB or free disk space."),
        ) from error


def _elsewhere(
    engine: Callable[[Path], Engine],
    connection: duckdb.DuckDBPyConnection,
    read: Iterator[pa.Table],
    plan: Plan,
    spill: Path,
) -> list[Counted]:
    from bds_tool.indicators.elsewhere.engines import count as count_there

    opened = engine(spill)
    try:
        return count_there(opened, connection, read, plan)
    finally:
        opened.close()


def _not_broken_down(plan: Plan) -> list[str]:
    """Which breakdowns were left out, for the definitions of some indicators do not have them."""
    found = []
    for name in plan.by:
        without = sum(name not in i.data["uitsplitsingen"] for i in plan.indicators)
        if without:
            found.append(
                f"{name}: {without} van de {len(plan.indicators)} indicatoren zijn er volgens hun definitie niet naar uitgesplitst"
            )
    return found


def all_sums(
    connection: duckdb.DuckDBPyConnection,
    plan: Plan,
    space: Space,
    counted: list[Counted],
    delivered: Delivered,
    standard: Standardiser | None = None,
) -> Iterator[Sums]:
    """The sums of each indicator with all margins, in the order of the groups; population views come first.

    `standard` sees the finest cells as they pass by.
    """
    import numpy as np

    views = {i.population_view for i in plan.indicators if i.population_view}
    kept: dict[str, tuple[Any, Arrays]] = {}
    ordered = sorted(counted, key=lambda one: one.group.view not in views)
    chosen = {i.id: i for i in plan.indicators}
    judged = any(one.range for one in counted)
    for group, table, range_ in ordered:
        mine = [chosen[name] for name in group.counters]
        cells = figures(connection, table, group, plan.cell_by)
        delivered.apply(cells, mine)
        names = [*unpacked(group), *(f"a|{i.id}" for i in mine)]
        connection.execute(database.fill("drop table {table}", table=table))
        if standard:
            standard.add(cells, mine)
        keys, sums = roll_up(space, cells, names)
        changes = None
        if range_:
            signed = figures(connection, range_, group, plan.cell_by, "teken")
            delivered.apply(signed, mine)
            changes = (names, *roll_up(space, signed, names))
        found: dict[str, Arrays] = {}
        for position, name in enumerate(names):
            what, _, indicator = name.partition("|")
            if what in "pa" and chosen[indicator].population_view:
                if group.view == chosen[indicator].population_view:
                    kept.setdefault(indicator, (keys, {}))[1][what] = sums[:, position]
            else:
                found.setdefault(indicator, {})[what] = sums[:, position]
        for indicator, own in found.items():
            i, there = chosen[indicator], keys
            if judged:
                there, own = _with_range(i, keys, own, changes)  # noqa: PLW2901
            yield _sums_of(space, i, there, own, kept.pop(indicator, None))
    for indicator, (keys, population) in kept.items():  # asked of many, registered by nobody
        zero = np.zeros(len(keys))
        yield _sums_of(space, chosen[indicator], keys, population | {"n": zero, "x": zero}, None)


def _with_range(
    i: Indicator,
    keys: Any,  # noqa: ANN401
    own: Arrays,
    changes: tuple[list[str], Any, Any] | None,
) -> tuple[Any, Arrays]:
    """The sums with `l` (what values in doubt add to n) and `w` (x, or the sum of a mean, with them)."""
    import numpy as np

    what = "s" if i.kind == "gemiddelde" else "x"
    zero = np.zeros(len(keys))
    if changes is None:
        return keys, own | {"l": zero, "w": own.get(what, zero)}
    names, other, sums = changes
    every = union(keys, other)
    position, there = look_up(keys, every)
    own = {k: np.where(there, v[position], 0.0) if len(v) else np.zeros(len(every)) for k, v in own.items()}
    position, there = look_up(other, every)

    def change(name: str) -> Any:  # noqa: ANN401
        if name not in names or not len(other):
            return np.zeros(len(every))
        return np.where(there, sums[position, names.index(name)], 0.0)

    own["l"] = change(f"n|{i.id}")
    own["w"] = own.get(what, np.zeros(len(every))) + change(f"{what}|{i.id}")
    return every, own


def _sums_of(
    space: Space,
    i: Indicator,
    keys: Any,  # noqa: ANN401
    own: Arrays,
    population: tuple[Any, Arrays] | None,
) -> Sums:
    import numpy as np

    if population is not None:
        every = union(keys, population[0])
        position, there = look_up(keys, every)
        own = {
            what: np.where(there, v[position], 0.0) if len(v) else np.zeros(len(every))
            for what, v in own.items()
        }
        position, there = look_up(population[0], every)
        others = {
            what: np.where(there, v[position], 0.0) if len(v) else np.zeros(len(every))
            for what, v in population[1].items()
        }
        # An answer may come without a realised contact in the year; then it makes its own population.
        own["p"] = others["p"] + own.pop("u")
        own["a"] = others["a"]
        keys = every
    keep = (own["p"] > 0) | (own["n"] > 0) | (own["a"] > 0)
    if "l" in own:
        keep |= own["l"] != 0
    for at, name in enumerate(space.by):
        if name not in i.data["uitsplitsingen"]:
            keep &= space.part(keys, at) == 0
    keys, own = keys[keep], {what: v[keep] for what, v in own.items()}
    published = {
        str(r["periode"]): (float(r["waarde"]), str(r["bron"])) for r in i.data.get("referentie", ())
    }
    mean = i.kind == "gemiddelde"
    return Sums(
        i.id,
        i.kind,
        i.scale,
        keys,
        own["p"],
        own["n"],
        own.get("x", np.zeros(len(keys))),
        own.get("b"),
        own["s"] / PARTS["s"] if mean and "s" in own else None,
        own["q"] / PARTS["q"] if mean and "q" in own else None,
        published,
        own.get("l"),
        own["w"] / PARTS["s"] if mean and "w" in own else own.get("w"),
        own["a"],
        contacts=i.view in CONTACTS,
    )


def sources(store: Store) -> list[SourceTold]:
    """What the result was made from: file name, hash, organisation, dossiers, rows, BDS version and format."""
    return [
        {
            "path": Path(str(b["pad"])).name,
            "sha256": b["sha256"],
            "organisation": b["organisatie"],
            "dossiers": b["dossiers"],
            "rows": b["rijen"],
            "bds": b["bds_herkend"] or b["bds_opgegeven"],
            "format": b["formaat"],
        }
        for b in store.bronnen().iter_rows(named=True)
    ]
