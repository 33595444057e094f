"""Row by row: what a plan does to values that need no other row to decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from bds_tool.schema.units import convert, read_factor
from bds_tool.store.columns import REGISTRATIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from bds_tool.changes.plan import Plan
    from bds_tool.schema.model import Element

#: The code system of HL7 nullFlavors, which a coded value with only a text carries in a message.
NULL_SYSTEM = "2.16.840.1.113883.5.1008"

#: What happened to a row. `zij` waits for other rows of the same dossier (restoring, splitting, deriving).
KEPT, RECODED, TEXT, SHELTERED, RESTORED, DERIVED, LOST = (
    "ongewijzigd", "hercodeerd", "tekst", "beschut", "hersteld", "afgeleid", "niet",
)  # fmt: skip
OUTCOMES = (KEPT, RECODED, TEXT, SHELTERED, RESTORED, DERIVED, LOST)

SHELTER_GROUP = "G083"
DERIVED_PATH = "afgeleid/"


class RowTables:
    """The tables of a plan as frames, made once."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        rules = list(plan.elementen.values())
        self.elements = pl.DataFrame(
            {
                "bdsnummer": [r.bdsnummer for r in rules],
                "_doe": [r.doe for r in rules],
                "_element": [r.element for r in rules],
                "_eenheid": [r.eenheid or None for r in rules],
                "_van_eenheid": [r.van_eenheid or None for r in rules],
            },
            schema={
                "bdsnummer": pl.Int32, "_doe": pl.String, "_element": pl.Int32, "_eenheid": pl.String,
                "_van_eenheid": pl.String,
            },
        )  # fmt: skip
        self.codes = self._codes(("naar-tekst", "hercodeer", "vervalt", "beschut"), "code", "waarde")
        self.names = self._codes(("weergavenaam",), "naam", "tekst", extra="waarde")
        self.texts = self._codes(("uit-tekst",), "naam", "tekst")
        self.systems = pl.DataFrame(
            plan.systemen,
            schema={
                "bdsnummer": pl.Int32,
                "waarde": pl.String,
                "codesysteem": pl.String,
                "_s_nieuw": pl.String,
            },
            orient="row",
        ).unique(["bdsnummer", "waarde", "codesysteem"], keep="first", maintain_order=True)
        self.carried = pl.DataFrame(
            plan.gedragen,
            schema={"bdsnummer": pl.Int32, "waarde": pl.String, "_s_eigen": pl.String},
            orient="row",
        ).unique(["bdsnummer", "waarde"], keep="first", maintain_order=True)
        places = plan.plaatsen.items()
        self.places = pl.DataFrame(
            {
                "bdsnummer": [n for n, _ in places],
                "_van_rubriek": [p[0][0] or None for _, p in places],
                "_van_groep": [p[0][1] or None for _, p in places],
                "_rubriek": [p[1][0] or None for _, p in places],
                "_groep": [p[1][1] or None for _, p in places],
            },
            schema={"bdsnummer": pl.Int32} | dict.fromkeys(
                ("_van_rubriek", "_van_groep", "_rubriek", "_groep"), pl.String
            ),
        )  # fmt: skip

    def _codes(self, actions: tuple[str, ...], field: str, column: str, extra: str = "") -> pl.DataFrame:
        """Rules of some actions, keyed by element, coding and the column they recognise a row by."""
        rules = [c for c in self.plan.codes if c.doe in actions]
        data: dict[str, list[object]] = {
            "bdsnummer": [c.bdsnummer for c in rules],
            "_soort": [c.soort for c in rules],
            column: [getattr(c, field) for c in rules],
            "_c_doe": [c.doe for c in rules],
            "_c_systeem": [c.codesysteem or None for c in rules],
            "_c_naam": [c.naam or None for c in rules],
            "_c_nieuw": [c.nieuw or None for c in rules],
            "_c_code": [c.code for c in rules],
        }
        keys = ["bdsnummer", "_soort", column]
        if extra:
            data[extra] = data["_c_code"]
            keys.append(extra)
        schema = {k: pl.Int32 if k == "bdsnummer" else pl.String for k in data}
        return pl.DataFrame(data, schema=schema).unique(keys, keep="first", maintain_order=True)


def transform(rows: pl.DataFrame, tables: RowTables) -> pl.DataFrame:
    """Rows of one batch after the plan, with the column `uitkomst`.

    `rows` holds text columns and `_soort` (HL7 or BDS, the coding of the source). Rows marked `beschut` are left as
    they were, for the shelter to wrap.
    """
    columns = rows.columns
    frame = rows.with_columns(uitkomst=pl.lit(KEPT))
    if tables.elements.height:
        frame = _elements(frame, tables)
    for name in ("codes", "names", "texts"):
        if getattr(tables, name).height:
            frame = _coded(frame, tables, name)
    others = [
        r for r in tables.plan.elementen.values() if r.doe == "hercodeer" and r.anders not in {"", "behoud"}
    ]
    if others:
        frame = _outside(
            frame, [r.bdsnummer for r in others], {r.bdsnummer: r.anders for r in others}, tables
        )
    if tables.places.height:
        frame = _places(frame, tables)
    if tables.systems.height:
        frame = _systems(frame, tables)
    if tables.carried.height or tables.plan.verzwegen:
        frame = _named_systems(frame, tables)
    return _interaction(frame, tables.plan).select(*columns, "uitkomst")


def _elements(frame: pl.DataFrame, tables: RowTables) -> pl.DataFrame:
    frame = frame.join(tables.elements, on="bdsnummer", how="left", maintain_order="left")
    frame = frame.join(
        _computed(frame, tables.plan), on=["bdsnummer", "waarde"], how="left", maintain_order="left"
    )
    doe = pl.col("_doe")
    # A row that names another unit says itself what it is: it stays, and `bds validate` judges its unit.
    due = (doe == "reken") & pl.col("eenheid").fill_null(pl.col("_van_eenheid")).eq_missing(
        pl.col("_van_eenheid")
    )
    counted = due & pl.col("_berekend").is_not_null()
    derived = pl.col("pad").fill_null("").str.starts_with(DERIVED_PATH)
    spoken = _moves_to(tables, lambda e: e is not None and "nullFlavor='OTH'" in e.pad)
    named = (doe == "verplaats") & spoken & pl.col("waarde").is_not_null() & (pl.col("_soort") == "HL7")
    valued = (doe == "verplaats") & ~spoken & _moves_to(tables, lambda e: e is not None and not e.coded)
    valued = valued & pl.col("waarde").is_null() & pl.col("tekst").is_not_null()
    return frame.with_columns(
        uitkomst=pl.when((doe == "beschut") & derived)
        .then(pl.lit(DERIVED))
        .when(doe == "beschut")
        .then(pl.lit(SHELTERED))
        .when(doe == "vervalt")
        .then(pl.lit(LOST))
        .when((doe == "verplaats") | counted)
        .then(pl.lit(RECODED))
        # A number that cannot be computed keeps its old unit, so it must not pass as one in the new unit.
        .when(due & pl.col("waarde").is_not_null())
        .then(pl.lit(SHELTERED))
        .otherwise(pl.col("uitkomst")),
        bdsnummer=pl.when(doe == "verplaats").then(pl.col("_element")).otherwise(pl.col("bdsnummer")),
        waarde=pl.when(counted)
        .then(pl.col("_berekend"))
        # A name that stood as text with OTH is the value itself in an element of text, and the other way round.
        .when(valued)
        .then(pl.col("tekst"))
        .when(named)
        .then(None)
        .otherwise(pl.col("waarde")),
        tekst=pl.when(valued).then(None).when(named).then(pl.col("waarde")).otherwise(pl.col("tekst")),
        nullflavor=pl.when(valued).then(None).when(named).then(pl.lit("OTH")).otherwise(pl.col("nullflavor")),
        codesysteem=pl.when(valued).then(None).otherwise(pl.col("codesysteem")),
        eenheid=pl.when(counted).then(pl.col("_eenheid")).otherwise(pl.col("eenheid")),
        **_moved(tables),
    ).drop("_doe", "_element", "_eenheid", "_van_eenheid", "_berekend")


def _computed(frame: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """(element, value, value in the new unit) of every different value that is to be computed, in exact arithmetic."""
    factors = {
        r.bdsnummer: read_factor(r.factor) for r in plan.elementen.values() if r.doe == "reken" and r.factor
    }
    asked = frame.filter(pl.col("bdsnummer").is_in(sorted(factors)) & pl.col("waarde").is_not_null())
    distinct = asked.select("bdsnummer", "waarde").unique(maintain_order=True)
    found = [convert(text, factors[number]) for number, text in distinct.iter_rows()]
    return distinct.with_columns(_berekend=pl.Series(found, dtype=pl.String))


def _moves_to(tables: RowTables, test: Callable[[Element | None], bool]) -> pl.Expr:
    """Whether a value moves to an element that passes the test."""
    new = tables.plan.nieuw.elementen
    moves = [r for r in tables.plan.elementen.values() if r.doe == "verplaats"]
    return pl.col("bdsnummer").is_in([r.bdsnummer for r in moves if test(new.get(r.element or 0))])


def _moved(tables: RowTables) -> dict[str, pl.Expr]:
    """Rubriek and groep of a value that moves to another element."""
    result: dict[str, pl.Expr] = {}
    for column in ("rubriek", "groep"):
        expr = pl.col(column)
        for rule in tables.plan.elementen.values():
            element = tables.plan.nieuw.elementen.get(rule.element or 0)
            if rule.doe != "verplaats" or element is None:
                continue
            target = (
                element.rubriek if column == "rubriek" else (element.groepen[-1] if element.groepen else None)
            )
            expr = (
                pl.when(pl.col("bdsnummer") == rule.bdsnummer)
                .then(pl.lit(target or None, pl.String))
                .otherwise(expr)
            )
        result[column] = expr
    return result


def _coded(frame: pl.DataFrame, tables: RowTables, name: str) -> pl.DataFrame:
    rules: pl.DataFrame = getattr(tables, name)
    keys = {"codes": ["waarde"], "names": ["tekst", "waarde"], "texts": ["tekst"]}[name]
    frame = frame.join(
        rules, on=["bdsnummer", "_soort", *keys], how="left", maintain_order="left", nulls_equal=False
    )
    open_ = pl.col("uitkomst") == KEPT
    doe = pl.col("_c_doe")
    if name == "texts":
        hit = open_ & doe.is_not_null() & pl.col("waarde").is_null() & (pl.col("nullflavor") == "OTH")
        changed = {
            "uitkomst": pl.when(hit).then(pl.lit(RECODED)).otherwise(pl.col("uitkomst")),
            "waarde": pl.when(hit).then(pl.col("_c_code")).otherwise(pl.col("waarde")),
            "codesysteem": pl.when(hit).then(pl.col("_c_systeem")).otherwise(pl.col("codesysteem")),
            "nullflavor": pl.when(hit).then(None).otherwise(pl.col("nullflavor")),
        }
    elif name == "names":
        hit = open_ & doe.is_not_null() & _same_system()
        changed = {
            "uitkomst": pl.when(hit).then(pl.lit(RECODED)).otherwise(pl.col("uitkomst")),
            "tekst": pl.when(hit).then(pl.col("_c_nieuw")).otherwise(pl.col("tekst")),
        }
    else:
        # A recoding table names the codes it takes, whichever system they came in.
        changed = _recoded(open_ & doe.is_not_null() & (_same_system() | (doe == "hercodeer")))
    return frame.with_columns(**changed).drop(
        "_c_doe", "_c_systeem", "_c_naam", "_c_nieuw", "_c_code", strict=False
    )


def _recoded(hit: pl.Expr) -> dict[str, pl.Expr]:
    doe = pl.col("_c_doe")
    text = hit & (doe == "naar-tekst")
    code = hit & (doe == "hercodeer") & pl.col("_c_nieuw").ne_missing(pl.col("waarde"))
    coded = text & (pl.col("_soort") == "HL7")
    return {
        "uitkomst": pl.when(text)
        .then(pl.lit(TEXT))
        .when(code)
        .then(pl.lit(RECODED))
        .when(hit & (doe == "beschut"))
        .then(pl.lit(SHELTERED))
        .when(hit & (doe == "vervalt"))
        .then(pl.lit(LOST))
        .otherwise(pl.col("uitkomst")),
        "waarde": pl.when(text).then(None).when(code).then(pl.col("_c_nieuw")).otherwise(pl.col("waarde")),
        "nullflavor": pl.when(text).then(pl.lit("OTH")).otherwise(pl.col("nullflavor")),
        "codesysteem": pl.when(coded)
        .then(pl.lit(NULL_SYSTEM))
        .when(text)
        .then(None)
        .when(code & pl.col("codesysteem").is_not_null())
        .then(pl.coalesce("_c_systeem", "codesysteem"))
        .otherwise(pl.col("codesysteem")),
        "tekst": pl.when(text)
        .then(pl.coalesce("tekst", "_c_naam", "waarde"))
        .when(code)
        .then(pl.coalesce("_c_naam", "tekst"))
        .otherwise(pl.col("tekst")),
    }


def _outside(
    frame: pl.DataFrame, numbers: list[int], anders: dict[int, str], tables: RowTables
) -> pl.DataFrame:
    """Codes of a recoded element that neither its table nor the list of the new version names."""
    named = tables.codes.filter(pl.col("_c_doe") == "hercodeer").select(
        "bdsnummer",
        "_soort",
        waarde=pl.coalesce("_c_nieuw", "waarde"),
        _genoemd=pl.col("_c_systeem").fill_null(""),
    )
    listed = [
        (n, soort, c.code, c.codesysteem)
        for n in numbers
        for soort in ("HL7", "BDS")
        if (lijst := tables.plan.nieuw.waardenlijst(n, soort)) is not None
        for c in lijst.codes
    ]
    known = pl.concat([named, pl.DataFrame(listed, schema=named.schema, orient="row")])
    known = known.unique(["bdsnummer", "_soort", "waarde"], keep="first")
    frame = frame.join(
        known, on=["bdsnummer", "_soort", "waarde"], how="left", maintain_order="left", nulls_equal=False
    ).with_columns(
        _genoemd=pl.when(pl.col("codesysteem").is_null() | pl.col("codesysteem").eq(pl.col("_genoemd"))).then(
            pl.col("_genoemd")
        )
    )
    left = (
        pl.col("bdsnummer").is_in(numbers)
        & pl.col("uitkomst").eq(KEPT)
        & pl.col("_genoemd").is_null()
        & (pl.col("waarde").is_not_null() | pl.col("nullflavor").eq("OTH"))
    )
    what = pl.col("bdsnummer").replace_strict(anders, default=None, return_dtype=pl.String)
    outcome = {"beschut": SHELTERED, "vervalt": LOST, "naar-tekst": TEXT}
    named_text = left & (what == "naar-tekst") & pl.col("waarde").is_not_null()
    return frame.with_columns(
        uitkomst=pl.when(left & ((what != "naar-tekst") | named_text))
        .then(what.replace_strict(outcome, default=KEPT, return_dtype=pl.String))
        .otherwise(pl.col("uitkomst")),
        tekst=pl.when(named_text).then(pl.coalesce("tekst", "waarde")).otherwise(pl.col("tekst")),
        nullflavor=pl.when(named_text).then(pl.lit("OTH")).otherwise(pl.col("nullflavor")),
        codesysteem=pl.when(named_text).then(pl.lit(NULL_SYSTEM)).otherwise(pl.col("codesysteem")),
        waarde=pl.when(named_text).then(None).otherwise(pl.col("waarde")),
    ).drop("_genoemd")


def _same_system() -> pl.Expr:
    """A code of another code system is another code, whatever it looks like."""
    return pl.col("codesysteem").is_null() | pl.col("_c_systeem").is_null() | pl.col("codesysteem").eq(
        pl.col("_c_systeem")
    )  # fmt: skip


def _places(frame: pl.DataFrame, tables: RowTables) -> pl.DataFrame:
    frame = frame.join(tables.places, on="bdsnummer", how="left", maintain_order="left")
    updates = {}
    for column in ("rubriek", "groep"):
        old, new = pl.col(f"_van_{column}"), pl.col(f"_{column}")
        moved = new.is_not_null() & (pl.col(column).is_null() | old.is_null() | pl.col(column).eq(old))
        updates[column] = pl.when(moved).then(new).otherwise(pl.col(column))
    hit = pl.any_horizontal(
        *((pl.col(c).ne_missing(e)) & pl.col("uitkomst").eq(KEPT) for c, e in updates.items())
    )
    return frame.with_columns(
        uitkomst=pl.when(hit).then(pl.lit(RECODED)).otherwise(pl.col("uitkomst")), **updates
    ).drop("_van_rubriek", "_van_groep", "_rubriek", "_groep")


def _systems(frame: pl.DataFrame, tables: RowTables) -> pl.DataFrame:
    """Codes that moved to another code system take its OID; rows without one stay without."""
    keys = ["bdsnummer", "waarde", "codesysteem"]
    frame = frame.join(tables.systems, on=keys, how="left", maintain_order="left", nulls_equal=False)
    # The BDS list took over the code system of the message list: only rows of the BDS coding move.
    hit = pl.col("_s_nieuw").is_not_null() & (pl.col("uitkomst") == KEPT) & (pl.col("_soort") == "BDS")
    return frame.with_columns(
        uitkomst=pl.when(hit).then(pl.lit(RECODED)).otherwise(pl.col("uitkomst")),
        codesysteem=pl.when(hit).then(pl.col("_s_nieuw")).otherwise(pl.col("codesysteem")),
    ).drop("_s_nieuw")


def _named_systems(frame: pl.DataFrame, tables: RowTables) -> pl.DataFrame:
    """A code in a message that gets a value node of its own names its code system there, and no longer without one."""
    message = pl.col("_soort") == "HL7"
    frame = frame.join(tables.carried, on=["bdsnummer", "waarde"], how="left", maintain_order="left")
    fills = message & pl.col("codesysteem").is_null() & pl.col("_s_eigen").is_not_null()
    silent = (
        message & pl.col("bdsnummer").is_in(sorted(tables.plan.verzwegen)) & pl.col("waarde").is_not_null()
    )
    return frame.with_columns(
        codesysteem=pl.when(fills)
        .then(pl.col("_s_eigen"))
        .when(silent)
        .then(None)
        .otherwise(pl.col("codesysteem"))
    ).drop("_s_eigen")


def _interaction(frame: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """The envelope names the interaction of the version it carries."""
    before, after = plan.interactie
    if before == after:
        return frame
    hit = (
        pl.col("bdsnummer").is_null()
        & (pl.col("pad") == "bericht/interactionId")
        & (pl.col("waarde") == before)
    )
    return frame.with_columns(
        uitkomst=pl.when(hit).then(pl.lit(RECODED)).otherwise(pl.col("uitkomst")),
        waarde=pl.when(hit).then(pl.lit(after)).otherwise(pl.col("waarde")),
    )


def as_text(rows: pl.DataFrame) -> pl.DataFrame:
    """Words as text, so that frames of different dictionaries join."""
    words = ("rubriek", "groep", "eenheid", "codesysteem", "nullflavor", "pad")
    return rows.with_columns(pl.col(c).cast(pl.String) for c in words).select(
        *REGISTRATIES, *(c for c in rows.columns if c not in REGISTRATIES)
    )
