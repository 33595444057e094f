"""What follows from a dossier: growth on its reference, doses that count, development. The views of the indicators say it,

so that a page and a figure never differ. Values that `bds validate` doubts (twijfel.csv) do not count, here as there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, TypedDict, cast

from bds_tool.base.text import t
from bds_tool.indicators import features
from bds_tool.indicators.doubt import reasons
from bds_tool.indicators.growth import DAYS_PER_YEAR, SEXES, Lms, charts, lms, rows

if TYPE_CHECKING:
    import duckdb
    import polars as pl

    from bds_tool.export.dossier.opening import Dossier

Row = dict[str, Any]
#: Element → (measure of the references, column of view groei, factor to cm or kg).
MEASURES = {235: ("hgt", "lengte", 0.1), 245: ("wgt", "gewicht", 0.001), 252: ("hdc", "hoofdomtrek", 0.1)}
_VIEWS = ("groei", "ontwikkeling", "prik", "prikdatum", "sdq", "vaccinatie", "vwo_kenmerk")
#: Views make numbers only for children born from here on; no dossier of today is older.
_FIRST_YEAR = 1990


class ChildRow(TypedDict, total=False):
    """Columns of view `kind` that the page reads; empty without a birth date."""

    geboren: date
    einde: date | None
    sex: str
    kaart: str
    gewicht: int | None
    zwangerschap: int | None
    dktp_schema: str | None


class GrowthRow(TypedDict):
    """Columns of view `groei` that the page reads: one day with a measurement."""

    datum: date
    dag: int
    leeftijd_mnd: int
    sex: str
    kaart: str
    lengte: int | None
    gewicht: int | None
    hoofdomtrek: int | None
    bmi: float | None
    z_lengte: float | None
    z_bmi: float | None
    z_hoofd: float | None
    z_wfh: float | None


@dataclass(frozen=True)
class Derived:
    """Rows of the views of one child; `child` is empty without a birth date. `doubted`: nr of values that do not count."""

    child: ChildRow
    growth: list[GrowthRow]
    development: list[Row]
    milestones: list[Row]
    doses: list[Row]
    undated: list[str]
    series: list[Row]
    sdq: list[Row]
    doubted: dict[int, str] = field(default_factory=dict)


def derive(dossier: Dossier, today: date) -> Derived:
    """All that the page shows beside the registraties themselves, on the day `today`."""
    import polars as pl

    from bds_tool.store.database import connect

    doubted = _doubted(dossier)
    counted = dossier.rows.filter(~pl.col("nr").is_in(list(doubted)))
    with connect(threads=1) as connection:
        _prepare(connection, counted, dossier, today)
        child = _rows(connection, "select * from kind")
        if not child:
            return Derived({}, [], [], [], [], [], [], [], doubted)
        born = cast("ChildRow", child[0])
        return Derived(
            born,
            cast("list[GrowthRow]", _rows(connection, "select * from groei order by datum")),
            _rows(connection, "select * from ontwikkeling order by datum"),
            _rows(connection, "select * from vwo_kenmerk order by datum, kenmerk"),
            _rows(connection, "select * from prik order by component, datum"),
            [
                r["code"]
                for r in _rows(connection, "select code from prikdatum where datum is null order by code")
            ],
            _series(born, _rows(connection, "select * from vaccinatie"), today),
            _rows(connection, "select * from sdq order by datum"),
            doubted,
        )


def _prepare(
    connection: duckdb.DuckDBPyConnection, counted: pl.DataFrame, dossier: Dossier, today: date
) -> None:
    columns = ["dossier_id", "activiteit_id", "datum", "bdsnummer", "volgnr", "waarde", "regel", "bron"]
    connection.register("_rows", counted.select(columns).to_arrow())
    connection.execute("create temp table registraties as select * from _rows")
    connection.register("_bronnen", dossier.sources.select("bron", "organisatie").to_arrow())
    connection.execute("create temp table bronnen as select * from _bronnen")
    settings = features.Settings(_FIRST_YEAR, today.year, today)
    features.install_lookups(connection, _VIEWS, settings)
    features.make(connection, _VIEWS)


def _rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[Row]:
    result = connection.execute(sql)
    names = [c[0] for c in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _doubted(dossier: Dossier) -> dict[int, str]:
    """Nr of a value that does not count → the code that says why."""
    import polars as pl

    reach = reasons()
    found = dossier.findings.filter(pl.col("code").is_in(list(reach)))
    out: dict[int, str] = {}
    for finding in found.iter_rows(named=True):
        whole = reach[finding["code"]][0] == "activiteit"
        same = pl.col("activiteit_id").eq_missing(pl.lit(finding["activiteit_id"], pl.String))
        if not whole:
            same = same & (pl.col("bdsnummer") == finding["bdsnummer"])
            same = same & pl.col("waarde").eq_missing(pl.lit(finding["waarde"], pl.String))
        elif finding["activiteit_id"] is None:
            continue
        for nr in dossier.rows.filter(same)["nr"].to_list():
            out.setdefault(nr, finding["code"])
    return out


# ---- GROWTH ---- #


def reference(measure: str, chart: str, sex: str) -> tuple[str, Lms] | None:
    """(name, table) of the reference that the indicators use for this measure, chart and sex; None where there is none."""
    known = charts()
    place = known.get((measure, chart)) or known.get((measure, "nl"))
    if place is None or sex not in SEXES:
        return None
    return _named(*place), lms(place[0], measure, SEXES[sex], place[1])


def _named(name: str, population: str) -> str:
    """A reference for people: its year and for whom it was made."""
    year = name.rpartition("_")[2]
    if population.isdecimal():
        return t(
            f"Nederland {year}, geboren na {population} weken",
            f"Netherlands {year}, born after {population} weeks",
        )
    whom = {
        "tu": t("Turkse afkomst", "Turkish origin"),
        "ma": t("Marokkaanse afkomst", "Moroccan origin"),
        "hs": t("Hindostaanse afkomst", "Hindustani origin"),
        "ds": t("downsyndroom", "Down syndrome"),
    }.get(population[:2], "")
    return t(f"Nederland {year}", f"Netherlands {year}") + (f", {whom}" if whom else "")


def column_of(row: GrowthRow, name: str) -> float | None:
    """A measure of a row by the name of its column."""
    given: Mapping[str, Any] = row
    value: float | None = given[name]
    return value


def z_of(row: GrowthRow, number: int) -> float | None:
    """The z-score of a measurement of view `groei`: its own, and that of weight for age which the view does not have."""
    measure, column, factor = MEASURES[number]
    value = column_of(row, column)
    if value is None or row["dag"] is None:
        return None
    own = {"hgt": row["z_lengte"], "hdc": row["z_hoofd"]}
    if measure in own:
        return own[measure]
    found = reference(measure, row["kaart"], row["sex"])
    if found is None:
        return None
    z = float(found[1].z(value * factor, row["dag"] / DAYS_PER_YEAR))
    return z if z == z else None  # noqa: PLR0124  # NaN outside the reference


# ---- VACCINATIONS ---- #


def _series(child: ChildRow, reached: list[Row], today: date) -> list[Row]:
    """Series of the schedule of this birth cohort: those whose age limit was reached, and those still to come.

    serie, component, vereist, min_dag, min_mnd, min_tussen, bron, and `stand`: voltooid, onzeker, niet voltooid or komt.
    """
    out = []
    for row in rows("vaccinatieserie.csv"):
        born = child["geboren"]
        if not date.fromisoformat(row["cohort_van"]) <= born < date.fromisoformat(row["cohort_tot"]):
            continue
        if row["sex"] not in ("", child["sex"]):
            continue
        judged = next((r for r in reached if r["serie"] == row["serie"]), None)
        short = int(row["doses_schema2"]) > 0 and child["dktp_schema"] == "01"
        facts = {
            "serie": row["serie"],
            "component": row["component"],
            "vereist": int(row["doses_schema2"] if short else row["doses"]),
            "min_dag": int(row["min_dag"]),
            "min_mnd": int(row["min_mnd"]),
            "min_tussen": int(row["min_tussen"]),
            "herstel_tussen": int(row["herstel_tussen"]),
            "grens_mnd": int(row["grens_mnd"]) + int(row["grens_dag"]) // 30,
            "bron": row["bron"],
            "zekerheid": row["zekerheid"],
        }
        if judged is None:
            ended = child["einde"] is not None and child["einde"] <= today
            stand = "uit zorg" if ended else "komt"
        else:
            stand = "voltooid" if judged["voltooid"] else "onzeker" if judged["onzeker"] else "niet voltooid"
        out.append(facts | {"stand": stand})
    return out


def validity(dose: Row, series: list[Row], doses: list[Row]) -> str:
    """`geldig`, `te vroeg` (before the first age that counts) or `te kort na de vorige`, by the first series it is for.

    `doses` are all of the component: a later one may make good what came too soon (`herstel_tussen`).
    """
    rule = next((s for s in series if s["component"] == dose["component"]), None)
    if rule is None:
        return "buiten het schema"
    if dose["dag"] < rule["min_dag"] or dose["maand"] < rule["min_mnd"]:
        return "te vroeg"
    if dose["tussen"] is not None and dose["tussen"] < rule["min_tussen"]:
        first = min(d["dag"] for d in doses if d["dag"] >= rule["min_dag"] and d["maand"] >= rule["min_mnd"])
        good = dose["tussen"] >= rule["herstel_tussen"] > 0 and dose["dag"] - first >= rule["min_tussen"]
        return "geldig" if good else "te kort na de vorige"
    return "geldig"
