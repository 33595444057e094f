"""From a store and a definition to the rows of a study and its flow; read in the same way as `indicator compute` does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from bds_tool.base.errors import UsageError
from bds_tool.base.files import scratch
from bds_tool.base.text import t
from bds_tool.export.cohort import linking, selecting, table
from bds_tool.export.cohort.definition import Definition
from bds_tool.export.cohort.missing import SUFFIX
from bds_tool.export.cohort.selecting import Step
from bds_tool.export.cohort.variables import Column, columns
from bds_tool.indicators import doubt, features, flow, same_child
from bds_tool.indicators.children import require_apart
from bds_tool.indicators.chunks import ROWS, pieces
from bds_tool.indicators.compute import Plan, lay_out
from bds_tool.indicators.delivery import YEARS, Delivered
from bds_tool.indicators.delivery import install as install_delivery
from bds_tool.indicators.places import connect, install_areas
from bds_tool.indicators.run import sources
from bds_tool.indicators.told import SourceTold
from bds_tool.indicators.version_coverage import in_counted_units
from bds_tool.store import database

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb
    import polars as pl
    import pyarrow as pa

    from bds_tool.store import Store

#: Views make numbers only for children born from here on; no dossier of today is older.
FIRST_YEAR = 1990


@dataclass(frozen=True)
class Wishes:
    """How to read: `judge` leaves values in doubt out; `objections` takes children who object along."""

    reference_date: date
    areas: tuple[Path, ...] = ()
    findings: Path | None = None
    judge: bool = True
    objections: bool = False
    secret: bytes | None = None
    rows: int = ROWS


@dataclass
class Study:
    """The rows (`frame`: keys, then per column its value and its kind of missing), and what is told about them."""

    definition: Definition
    columns: list[Column]
    frame: pl.DataFrame
    flow: list[Step]
    wishes: Wishes
    sources: list[SourceTold]
    doubted: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def keys(self) -> list[str]:
        """The columns that are no variables."""
        own = {c.name for c in self.columns} | {c.name + SUFFIX for c in self.columns}
        return [c for c in self.frame.columns if c not in own]


def study(store: Store, d: Definition, wishes: Wishes) -> Study:
    """Make the study. Raises UsageError without a key where one is needed, SpecError for a definition that cannot be."""
    asked = columns(d.variables, {m.name: m for m in d.moments})
    if (d.link_bsn or d.household) and wishes.secret is None:
        raise UsageError(
            t("Een koppelsleutel of huishoudsleutel vraagt een geheime sleutel.", "A linking or household key needs a secret key."),
            t("Geef --key-file BESTAND of zet BDS_KEY.", "Give --key-file FILE or set BDS_KEY."),
        )  # fmt: skip
    with scratch() as spill, connect(store, spill, wishes.areas) as connection:
        return _study(store, d, wishes, asked, connection, spill)


def _study(
    store: Store,
    d: Definition,
    wishes: Wishes,
    asked: list[Column],
    connection: duckdb.DuckDBPyConnection,
    spill: Path,
) -> Study:
    file = store.files("registraties")
    need = table.facts(asked)
    settings = features.Settings(FIRST_YEAR, wishes.reference_date.year, wishes.reference_date)
    require_apart(connection, file)
    install_areas(connection, Plan([], settings, _levels(d, asked), ()), wishes.areas, None)
    views, concepts = need["views"], need["concepts"]
    seen = frozenset(features.elements(features.needed(views), concepts)) - settings.unasked
    wanted = seen | frozenset(need["elements"])
    install_delivery(connection, file, wanted)
    doubted = {}
    if wishes.judge:
        doubted = doubt.install(connection, store, spill, wishes.reference_date, wishes.findings, wanted)
    else:
        connection.execute(
            database.fill(
                "create table twijfel as select bron, regel, dossier_id, activiteit_id, bdsnummer, waarde, '' as code, false as activiteit from {source} limit 0",
                source=database.parquet(file),
            )
        )
    same = same_child.find(connection, file)
    flow.object_(connection, file, kept=wishes.objections)
    read = pieces(file, connection, spill, wishes.rows, wanted)
    if not wishes.objections:
        read = flow.without(read, connection, "bezwaar")
    if same.children:
        read = same_child.once(read, connection, file, spill, wanted, wishes.rows)
        if wishes.judge:
            same_child.rename_doubt(connection)
    features.install_lookups(connection, views, settings, concepts)
    connection.execute("""
        update parameters set opgeleverd = coalesce((select max(try_cast(gelezen as date)) from bronnen), opgeleverd)""")
    if not wishes.judge:
        connection.execute("update parameters set oordeel = false")
    _without_value(connection, file)
    steps = list(selecting.dossiers(connection, file, objections=wishes.objections))
    made = list(_pieces(connection, in_counted_units(read, store), d, asked, views, concepts))
    counts = [sum(c) for c in zip(*(m[1] for m in made), strict=True)]
    steps += _steps(d, steps[-1].remaining, counts)
    frame = _joined([m[0] for m in made])
    frame = _not_delivered(frame, asked, Delivered(connection))
    steps += _rows_step(d, frame, steps[-1].remaining)
    frame = _keyed(connection, file, frame, d, wishes)
    return Study(d, asked, _ordered(frame, d, asked), steps, wishes, sources(store), doubted, same.notes())


def _levels(d: Definition, asked: Sequence[Column]) -> list[str]:
    """The levels of area that are needed."""
    codes = {code[:2] for code in d.areas}
    wijk = "WK" in codes or any(c.spec.get("value") == "wijk" for c in asked)
    return ["gemeente", *(["wijk"] if wijk or "BU" in codes else []), *(["buurt"] if "BU" in codes else [])]


def _without_value(connection: duckdb.DuckDBPyConnection, file: Sequence[Path]) -> None:
    """The table `zonderwaarde`: what was recorded with a nullFlavor in place of a value."""
    connection.execute(
        database.fill(
            """
        create or replace table zonderwaarde as
        select SLEUTEL(coalesce(z.eigen, r.dossier_id), coalesce(b.organisatie, '')) as kind,
            CASE WHEN r.activiteit_id IS NOT NULL THEN SLEUTEL(CASE WHEN z.eigen IS NULL THEN r.activiteit_id ELSE z.volgorde || '|' || r.activiteit_id END,
                coalesce(z.eigen, r.dossier_id)) END as act,
            r.datum, r.bdsnummer, cast(r.nullflavor as varchar) as nullflavor, coalesce(b.bds_opgegeven, b.bds_herkend) as versie
        from {source} r join bronnen b on b.bron = r.bron
        left join zelfde z on z.dossier_id = r.dossier_id and z.bron = r.bron
        where r.waarde is null and r.nullflavor is not null and r.bdsnummer is not null""",
            source=database.parquet(file),
        )
    )


def _pieces(
    connection: duckdb.DuckDBPyConnection,
    read: Iterator[pa.Table],
    d: Definition,
    asked: list[Column],
    views: list[str],
    concepts: list[str],
) -> Iterator[tuple[pl.DataFrame, list[int]]]:
    """Per piece its rows, and how many children each condition left out (the first number: who stays)."""
    import polars as pl

    for piece in read:
        with connection.cursor() as own:
            lay_out(own, piece, judged=True)
            features.make(own, [*views, "woont"], concepts)
            own.execute(selecting.HOME)
            own.execute(selecting.VERSIONS)
            counts = selecting.choose(own, d)
            yield pl.DataFrame(table.make(own, d, asked)), counts


def _steps(d: Definition, children: int, counts: list[int]) -> Iterator[Step]:
    """The steps from children to who is in the study."""
    known = sum(counts)
    yield Step(t("geen bruikbare geboortedatum, of meer dan één", "no usable birth date, or more than one"), children - known, known)  # fmt: skip
    left = known
    for (name, _), out in zip(selecting.conditions(d), counts[1:], strict=True):
        left -= out
        yield Step(name, out, left)


def _rows_step(d: Definition, frame: pl.DataFrame, children: int) -> Iterator[Step]:
    """Children without any row, where a row is a visit or a measurement."""
    if d.row != "child":
        there = frame["kind"].n_unique()
        what = {"visit": t("geen contact waarbij het is gezien", "no contact at which it was seen"),
                "measurement": t("geen dag met een meting", "no day with a measurement")}[d.row]  # fmt: skip
        yield Step(
            what + (t(" op een van de momenten", " at one of the moments") if d.moments else ""),
            children - there,
            there,
        )


def _joined(frames: list[pl.DataFrame]) -> pl.DataFrame:
    import polars as pl

    return pl.concat(frames).drop("rij")


def _not_delivered(frame: pl.DataFrame, asked: Sequence[Column], delivered: Delivered) -> pl.DataFrame:
    """Indicators of sources that do not deliver: nobody counts there, as in `indicator compute`."""
    import polars as pl

    for column in asked:
        i, year = column.indicator, column.year
        if i is None or year is None:
            continue
        back, ahead = YEARS.get(i.view, (0, 0))
        value, reason = pl.col(column.name), pl.col(column.name + SUFFIX)
        proof = (value == 1) if i.absence == "nee" and i.kind != "gemiddelde" else value.is_not_null()
        known = dict(frame.group_by("levering").agg(proof.any().alias("k")).iter_rows())
        lacking = [
            source
            for source, has in known.items()
            if not has
            and any(
                not g & delivered.elements(int(source or 0), range(year - back, year + ahead + 1))
                for g in i.delivery
            )
        ]
        out = pl.col("levering").is_in(lacking) & (reason.is_null() | (reason == "niet_gevraagd"))
        frame = frame.with_columns(
            pl.when(out).then(None).otherwise(value).alias(column.name),
            pl.when(out).then(pl.lit("niet_geleverd")).otherwise(reason).alias(column.name + SUFFIX),
        )
    return frame


def _keyed(
    connection: duckdb.DuckDBPyConnection,
    file: Sequence[Path],
    frame: pl.DataFrame,
    d: Definition,
    wishes: Wishes,
) -> pl.DataFrame:
    """With names in place of the hashes of the views, and the keys that were asked for."""
    wanted = linking.who(connection, file).join(frame.select("kind").unique(), on="kind", how="semi")
    if d.link_bsn and wishes.secret is not None:
        frame = frame.join(linking.links(connection, file, wishes.secret), on="kind", how="left")
    if d.household and wishes.secret is not None:
        frame = frame.join(linking.households(connection, file, wishes.secret), on="kind", how="left")
    named = linking.names(wanted.sort("sleutel"), wishes.secret)
    return frame.join(named, on="kind", how="left").drop("kind").rename({"naam": "kind"})


def _ordered(frame: pl.DataFrame, d: Definition, asked: Sequence[Column]) -> pl.DataFrame:
    """The columns in the order of the definition, the rows by child and age."""
    import polars as pl

    frame = frame.sort("kind", "datum", maintain_order=True)
    keys = ["kind"]
    if d.row != "child":
        frame = frame.with_columns(rij=pl.int_range(1, pl.len() + 1).over("kind"))
        keys += ["rij", "leeftijd"] if not any(c.name == "leeftijd" for c in asked) else ["rij"]
        keys += ["moment"] if d.moments else []
    keys += [k for k in ("koppelsleutel", "huishouden") if k in frame.columns]
    return frame.select(*keys, *[n for c in asked for n in (c.name, c.name + SUFFIX)])
