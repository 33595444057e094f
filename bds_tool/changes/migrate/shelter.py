"""What needs more rows of a dossier: sheltering, restoring, deriving a value, splitting a group.

A sheltered value is an instance of group G083 in rubriek R051, as a message carries data outside the BDS: element
1332 holds the number it had, 1333 the value itself with its code system, unit and text, 1335 its rubriek. Where group
or instance cannot be told from the definition they stand behind the name (`Duur opname ziekenhuis [G087:2]`), so that
the way back restores the row, also when a message was written and read in between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from bds_tool.changes.migrate.derive import derive
from bds_tool.changes.migrate.rows import KEPT, RECODED, RESTORED, SHELTER_GROUP, SHELTERED
from bds_tool.schema.sublists import ACTIVITY as INSIDE
from bds_tool.schema.sublists import sublists

if TYPE_CHECKING:
    from bds_tool.changes.plan import Plan

#: Code systems of the numbers of elements and of rubrieken in messages.
ELEMENTS, RUBRIEKEN = "2.16.840.1.113883.2.4.4.40.267", "2.16.840.1.113883.2.4.4.40.391"
#: Places of the shelter in a message, inside an activity and in the dossier itself.
_ACTIVITY, _DOSSIER = (
    "careProvisionEvent/component7/encounter/component1/nonBDSData",
    "careProvisionEvent/component1/nonBDSData",
)
_MARK = r" \[(G\d{3})?:(\d+)?\]$"
QUESTION, ANSWER, ACTIVITY, CHAPTER = 1332, 1333, 1334, 1335

_PLACE = ["bron", "dossier_id", "activiteit_id"]
_INSTANCE = [*_PLACE, "volgnr"]


def needs_company(plan: Plan) -> pl.Expr:
    """Rows that `together` must see: those to shelter, the shelter itself, and what rules group or compare."""
    group = pl.col("groep").eq(SHELTER_GROUP) & pl.col("bdsnummer").is_in(
        [QUESTION, ANSWER, ACTIVITY, CHAPTER]
    )
    chosen = pl.col("uitkomst").eq(SHELTERED) | group.fill_null(value=False)
    derived = {n for rule in plan.afleiden for n in (rule.bdsnummer, *rule.bronnen)}
    numbers = set(derived)
    numbers |= {n for rule in plan.regels if rule.doe == "splits-groep" for n in rule.elementen}
    # A source counts under the number it came in with, whatever a change made of it.
    source = pl.col("_nummer_in").is_in(sorted(derived))
    return chosen | (pl.col("bdsnummer").is_in(sorted(numbers)) | source).fill_null(value=False)


def together(rows: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """Rows after sheltering, restoring, deriving and splitting.

    Every row that came in has exactly one row with an outcome, so outcomes can be counted by `_nummer_in`; extra
    rows have none, and rows that became part of another have `_weg` and are not written.
    """
    rows, restored = _restore(rows, plan)
    made = pl.concat([rows.filter(~pl.col("_weg")), restored]) if plan.afleiden else rows.clear()
    # Sources are read before anything is sheltered: what expires may feed what comes in its place.
    extra = [derive(made, rule, plan) for rule in plan.afleiden]
    sheltered = rows.filter(pl.col("uitkomst") == SHELTERED)
    rest = rows.filter(pl.col("uitkomst") != SHELTERED)
    parts = [rest, restored, *extra]
    if sheltered.height:
        parts.append(_shelter(sheltered, pl.concat([rest, restored]), plan))
    result = pl.concat(parts)
    for split in plan.regels:
        if split.doe == "splits-groep":
            result = _split(result, split.elementen, split.groep)
    return result


def _shelter(rows: pl.DataFrame, present: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    names = pl.DataFrame(
        [
            (n, e.naam, e.rubriek or None, e.groepen[-1] if e.groepen else None)
            for n, e in plan.oud.elementen.items()
        ],
        schema={"bdsnummer": pl.Int32, "_naam": pl.String, "_rubriek": pl.String, "_thuis": pl.String},
        orient="row",
    )
    chapters = pl.DataFrame(
        [(r.rubriek, r.naam) for r in plan.oud.rubrieken.values()],
        schema={"_rubriek": pl.String, "_rubrieknaam": pl.String}, orient="row",
    )  # fmt: skip
    taken = (
        present.filter(pl.col("groep") == SHELTER_GROUP).group_by(_PLACE).agg(_hoogste=pl.col("volgnr").max())
    )
    rows = (
        rows.join(names, on="bdsnummer", how="left", maintain_order="left")
        .with_columns(_rubriek=pl.coalesce("rubriek", "_rubriek"))
        .join(chapters, on="_rubriek", how="left", maintain_order="left")
        .join(taken, on=_PLACE, how="left", nulls_equal=True, maintain_order="left")
        .with_columns(
            _nieuw=(pl.col("_hoogste").fill_null(0) + pl.int_range(pl.len()).over(_PLACE) + 1).cast(pl.Int32)
        )
    )
    # Behind the name: group and instance, unless the definition says the same.
    same = pl.col("groep").eq_missing(pl.col("_thuis")) & pl.col("volgnr").is_null()
    mark = pl.concat_str(
        pl.lit(" ["), pl.col("groep").fill_null(""), pl.lit(":"),
        pl.col("volgnr").cast(pl.String).fill_null(""), pl.lit("]"),
    )  # fmt: skip
    name = pl.concat_str(
        pl.col("_naam").fill_null(pl.lit("?")), pl.when(same).then(pl.lit("")).otherwise(mark)
    )
    base = pl.when(pl.col("activiteit_id").is_null()).then(pl.lit(_DOSSIER)).otherwise(pl.lit(_ACTIVITY))
    typed = pl.any_horizontal(pl.col(c).is_not_null() for c in ("codesysteem", "eenheid", "nullflavor"))
    # Until 4.0 such an answer is always a value; since then a plain one is text.
    plain = pl.lit("/text" in plan.nieuw.elementen[ANSWER].pad) & ~typed
    nothing = pl.lit(None, pl.String)
    question = rows.with_columns(
        bdsnummer=pl.lit(QUESTION, pl.Int32), waarde=pl.col("bdsnummer").cast(pl.String), eenheid=nothing,
        codesysteem=pl.lit(ELEMENTS), nullflavor=nothing, tekst=name, pad=pl.concat_str(base, pl.lit("/code")),
        uitkomst=nothing,
    )  # fmt: skip
    answer = rows.with_columns(
        bdsnummer=pl.lit(ANSWER, pl.Int32),
        pad=pl.concat_str(base, pl.when(plain).then(pl.lit("/text")).otherwise(pl.lit("/value"))),
    )
    chapter = rows.filter(pl.col("_rubriek").is_not_null() & _nameable(plan)).with_columns(
        bdsnummer=pl.lit(CHAPTER, pl.Int32), waarde=pl.col("_rubriek"), eenheid=nothing,
        codesysteem=pl.lit(RUBRIEKEN), nullflavor=nothing, tekst=pl.col("_rubrieknaam"), pad=pl.concat_str(base, pl.lit("/pertainsTo/categoryInBDS/code")),
        uitkomst=nothing,
    )  # fmt: skip
    return pl.concat(
        part.with_columns(
            rubriek=pl.lit("R051"), groep=pl.lit(SHELTER_GROUP), volgnr=pl.col("_nieuw")
        ).select(present.columns)
        for part in (question, answer, chapter)
    )


def _nameable(plan: Plan) -> pl.Expr:
    """Whether the place takes this rubriek; outside an activity only some may be named, and it may be left out."""
    inside = pl.col("activiteit_id").is_not_null()
    allowed = pl.lit(value=True)
    for part in sublists(plan.nieuw):
        if part.bdsnummer == CHAPTER:
            here = inside if part.place == INSIDE else ~inside
            allowed = allowed & (~here | pl.col("_rubriek").is_in(sorted(part.codes)))
    return allowed


def _restore(rows: pl.DataFrame, plan: Plan) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(what stays, what came back). An instance comes back when it says one number and one value."""
    empty = rows.clear()
    if not plan.herstel:
        return rows, empty
    shelter = ((pl.col("groep") == SHELTER_GROUP) & (pl.col("uitkomst") == KEPT)).fill_null(value=False)
    heads = (
        rows.filter(
            shelter
            & (pl.col("bdsnummer") == QUESTION)
            & (pl.col("codesysteem") == ELEMENTS)
            & pl.col("waarde").is_in([str(n) for n in plan.herstel])
        )
        .select(*_INSTANCE, _nummer=pl.col("waarde").cast(pl.Int32), _naam="tekst")
        .unique(_INSTANCE, keep="none")
    )
    if not heads.height:
        return rows, empty
    own = rows.filter(shelter & pl.col("bdsnummer").is_in([QUESTION, ANSWER, CHAPTER])).join(
        heads, on=_INSTANCE, how="inner", nulls_equal=True, maintain_order="left"
    )
    answers = own.filter(pl.col("bdsnummer") == ANSWER)
    # A message has a text beside a typed value: the name of the code, or a text without content.
    spoken = answers.filter(pl.col("pad").fill_null("").str.ends_with("text"))
    place = [*_INSTANCE, "regel", "pad"]
    valued = answers.join(spoken.select(place), on=place, how="anti", nulls_equal=True)
    doubled = spoken.join(valued, on=_INSTANCE, how="semi", nulls_equal=True)
    answers = answers.join(doubled.select(place), on=place, how="anti", nulls_equal=True)
    sure = answers.unique(_INSTANCE, keep="none")
    if doubled.height:
        names = doubled.select(*_INSTANCE, _gezegd="waarde").unique(_INSTANCE, keep="none")
        sure = sure.join(names, on=_INSTANCE, how="left", nulls_equal=True)
        # A text that says something else than the name of the value would be lost: such an instance stays.
        said = pl.col("_gezegd")
        same = said.is_null() | said.eq_missing(pl.col("tekst")) | said.eq_missing(pl.col("waarde"))
        sure = sure.filter(same).drop("_gezegd")
    chapters = own.filter(pl.col("bdsnummer") == CHAPTER).select(*_INSTANCE, _rubriek="waarde")
    home = pl.DataFrame(
        [(n, e.groepen[-1] if e.groepen else None, e.rubriek or None) for n, e in plan.nieuw.elementen.items()],
        schema={"_nummer": pl.Int32, "_thuis": pl.String, "_kamer": pl.String}, orient="row",
    )  # fmt: skip
    # Without a mark the row stood where the definition puts it.
    marked = pl.col("_naam").fill_null("").str.contains(_MARK)
    back = (
        sure.join(chapters.unique(_INSTANCE, keep="first"), on=_INSTANCE, how="left", nulls_equal=True)
        .join(home, on="_nummer", how="left")
        .with_columns(
            bdsnummer=pl.col("_nummer"),
            rubriek=pl.coalesce("_rubriek", "_kamer"),
            groep=pl.when(marked).then(pl.col("_naam").str.extract(_MARK, 1)).otherwise(pl.col("_thuis")),
            volgnr=pl.when(marked).then(pl.col("_naam").str.extract(_MARK, 2).cast(pl.Int32)).otherwise(None),
            # Its place in the source was that of the shelter; its own place follows from its number.
            pad=pl.lit(None, pl.String),
            uitkomst=pl.lit(RESTORED),
            _nummer_in=pl.col("_nummer"),
            _waarde_in=pl.col("waarde"),
        )
        .select(rows.columns)
    )
    swallowed = (
        rows.with_row_index("_i")
        .filter(shelter & pl.col("bdsnummer").is_in([QUESTION, ANSWER, CHAPTER]))
        .join(sure.select(_INSTANCE), on=_INSTANCE, how="semi", nulls_equal=True)
    )
    indexed = rows.with_row_index("_i")
    stays = indexed.join(swallowed.select("_i"), on="_i", how="anti").drop("_i")
    # The row of the value itself lives on as the restored row.
    values = sure.select(*_INSTANCE, "bdsnummer", "regel", "pad")
    parts_of_it = swallowed.join(
        values, on=[*_INSTANCE, "bdsnummer", "regel", "pad"], how="anti", nulls_equal=True
    )
    parts_of_it = parts_of_it.drop("_i").with_columns(uitkomst=pl.lit(RESTORED), _weg=pl.lit(value=True))
    return pl.concat([stays, parts_of_it.select(rows.columns)]), back


def _split(rows: pl.DataFrame, numbers: tuple[int, ...], groep: str) -> pl.DataFrame:
    """A group instance that holds its first element more than once becomes an instance per occurrence.

    The other elements of the instance go with the last one. An instance is `volgnr`, nested repeats are below it.
    """
    lead = numbers[0]
    mine = (pl.col("groep") == groep) & pl.col("bdsnummer").is_in(list(numbers))
    inside = rows.filter(mine.fill_null(value=False))
    if not inside.filter(pl.col("bdsnummer") == lead).height:
        return rows
    # A repeated observation inside instance i is read as i * 1000 + its rank.
    outer = pl.when(pl.col("volgnr") >= 1000).then(pl.col("volgnr") // 1000).otherwise(pl.col("volgnr"))
    rank = pl.when(pl.col("volgnr") >= 1000).then(pl.col("volgnr") % 1000).otherwise(1)
    inside = inside.with_columns(_buiten=outer, _rang=rank)
    key = [*_PLACE, "_buiten"]
    most = inside.filter(pl.col("bdsnummer") == lead).group_by(key).agg(_laatste=pl.col("_rang").max())
    inside = inside.join(most, on=key, how="left", nulls_equal=True, maintain_order="left")
    # New numbers follow the old order of instances, so every instance keeps a number of its own.
    shares = (
        most.sort(key)
        .with_columns(_eerste=(pl.col("_laatste").cum_sum().over(_PLACE) - pl.col("_laatste")).cast(pl.Int32))
        .select(*key, "_eerste")
    )
    inside = inside.join(shares, on=key, how="left", nulls_equal=True, maintain_order="left")
    own = pl.when(pl.col("bdsnummer") == lead).then(pl.col("_rang")).when(
        pl.col("volgnr") >= 1000).then(pl.col("_rang")).otherwise(pl.col("_laatste"))  # fmt: skip
    number = (pl.col("_eerste") + own).cast(pl.Int32)
    moved = pl.col("_laatste").is_not_null() & number.ne_missing(pl.col("volgnr"))
    inside = inside.with_columns(
        volgnr=pl.when(moved).then(number).otherwise(pl.col("volgnr")),
        uitkomst=pl.when(moved & (pl.col("uitkomst") == KEPT))
        .then(pl.lit(RECODED))
        .otherwise(pl.col("uitkomst")),
    ).select(rows.columns)
    return pl.concat([rows.filter(~mine.fill_null(value=False)), inside])
