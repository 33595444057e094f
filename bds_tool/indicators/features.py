"""The feature views: SQL files with their documentation, the lookup tables they use, and making them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bds_tool.base.errors import SpecError, UsageError
from bds_tool.base.text import t
from bds_tool.indicators.growth import growth_per_day, lms_per_height, rows
from bds_tool.store import database

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

VIEWS = Path(__file__).parent / "views"
#: How a child was weighed: with or without clothes (W0261).
WEIGHED = 246
#: The school a child goes to.
SCHOOL = 605


@dataclass(frozen=True)
class View:
    """A feature view. `row` says what one row is; `sources` are views and tables it reads; `columns` its documentation."""

    name: str
    row: str
    sources: tuple[str, ...]
    elements: frozenset[int]
    notes: tuple[str, ...]
    sql: str


@dataclass(frozen=True)
class Settings:
    """Choices of a run; they are printed in the metadata of the result.

    `reference_date` is the last day that counts. `education`: moeder or hoogste (of both parents). `growth_chart`:
    dossier (chart of the dossier, preterm by gestation) or nl (one reference for all). `cutoff`: interpolate or
    nearest_half_year. `clothes`: keep (weights as weighed) or deduct (of children weighed in clothes, kledingaftrek.csv).
    `education_classes`: the classes of Jeugd in Beeld (jib) or the three levels of CBS (cbs; one code holds all levels of mbo).
    `origin`: of the two attributes of CBS 2022 the one that `origin` breaks down by, herkomstland or geboren (in Nederland).
    `place`: a child belongs to the area of its adres or of its school.
    """

    first_year: int
    last_year: int
    reference_date: date
    education: str = "moeder"
    growth_chart: str = "dossier"
    cutoff: str = "interpolate"
    clothes: str = "keep"
    place: str = "adres"
    education_classes: str = "jib"
    origin: str = "herkomstland"

    def __post_init__(self) -> None:
        if not self.first_day <= self.reference_date <= date(self.last_year, 12, 31):
            raise UsageError(
                t(
                    f"De peildatum {self.reference_date} ligt buiten {self.first_year} tot en met {self.last_year}.",
                    f"The reference date {self.reference_date} is outside {self.first_year} to {self.last_year}.",
                ),
                t(
                    "Kies een peildatum in die jaren, of andere jaren.",
                    "Choose a reference date in these years, or other years.",
                ),
            )

    @property
    def unasked(self) -> frozenset[int]:
        """Elements of the views that this run does not look at."""
        return frozenset() if self.clothes == "deduct" else frozenset({WEIGHED})

    @property
    def first_day(self) -> date:
        return date(self.first_year, 1, 1)


@lru_cache(maxsize=1)
def views() -> dict[str, View]:
    """All views by name, from `views/*.sql`; the head comment of a file is its documentation."""
    return {path.stem: _parse(path) for path in sorted(VIEWS.glob("*.sql"))}


def _parse(path: Path) -> View:
    lines = path.read_text(encoding="utf-8").splitlines()
    head = [line[2:].strip() for line in lines if line.startswith("--")]
    facts: dict[str, str] = {}
    for line in head[:3]:
        key, _, value = line.partition(":")
        facts[key] = value.strip()
    if set(facts) != {"rij", "uit", "elementen"}:
        raise SpecError(
            t(f"{path.name} begint niet met rij, uit en elementen.", f"{path.name} lacks its head.")
        )
    sql = "\n".join(line for line in lines if not line.startswith("--"))
    return View(
        path.stem,
        facts["rij"],
        tuple(s.strip() for s in facts["uit"].split(",")),
        frozenset(_numbers(facts["elementen"])),
        tuple(head[3:]),
        expand(sql),
    )


def _numbers(text: str) -> Iterable[int]:
    for part in re.findall(r"\d+(?:-\d+)?", text):
        low, _, high = part.partition("-")
        yield from range(int(low), int(high or low) + 1)


def _months(birth: str, day: str) -> str:
    return (
        f"((year({day}) - year({birth})) * 12 + month({day}) - month({birth})"
        f" - CASE WHEN day({day}) < day({birth}) THEN 1 ELSE 0 END)"
    )


def _z(value: str, power: str, median: str, spread: str) -> str:
    ratio = f"({value}) / {median}"
    return (
        f"CASE WHEN abs({power}) < 1e-12 THEN ln({ratio}) / {spread}"
        f" ELSE (pow({ratio}, {power}) - 1) / ({power} * {spread}) END"
    )


def _full(birth: str, months: str) -> str:
    """The day on which `_months` reaches a number: the first of the next month where this one has no such day."""
    day = f"({birth} + to_months(CAST({months} AS INTEGER)))"
    return f"(CASE WHEN day({day}) < day({birth}) THEN {day} + to_days(1) ELSE {day} END)"


#: $MND(birth, day): completed months; $VOL(birth, n): the day on which n months are completed; $DAG(a, b): days from a to b; $Z(y, l, m, s): LMS z-score.
MACROS: dict[str, Callable[..., str]] = {
    "MND": _months,
    "VOL": _full,
    "DAG": lambda a, b: f"date_diff('day', {a}, {b})",
    "Z": _z,
}


def expand(sql: str) -> str:
    """Replace the macros `$NAME(a, b)`, innermost last, by plain SQL."""
    while found := re.search(r"\$(MND|VOL|DAG|Z)\(", sql):
        depth, start, parts = 1, found.end(), []
        position = start
        while depth:
            character = sql[position]
            depth += {"(": 1, ")": -1}.get(character, 0)
            if (character == "," and depth == 1) or depth == 0:
                parts.append(sql[start:position].strip())
                start = position + 1
            position += 1
        sql = sql[: found.start()] + MACROS[found[1]](*parts) + sql[position:]
    return sql


def needed(names: Iterable[str], place: str = "adres") -> list[View]:
    """The views that `names` need, themselves included, in an order in which they can be made; `place` as in Settings."""
    done: dict[str, View] = {}
    known = views() | ({"woont": replace(views()["schooltijd"], name="woont")} if place == "school" else {})

    def visit(name: str) -> None:
        if name in done or name not in known:
            return
        for source in known[name].sources:
            visit(source)
        done[name] = known[name]

    for name in names:
        visit(name)
    return list(done.values())


def elements(chosen: Iterable[View], concepts: Iterable[str]) -> set[int]:
    """BDS numbers that the views read; `concepts` adds those of codering.csv."""
    wanted = set(concepts)
    numbers = {n for view in chosen for n in view.elements}
    return numbers | {int(r["bdsnummer"]) for r in rows("codering.csv") if r["begrip"] in wanted}


def lookup_tables(settings: Settings, concepts: Iterable[str], names: set[str]) -> dict[str, pa.Table]:
    """The tables of `specs/referenties/` that the views `names` read, as Arrow tables."""
    import pyarrow as pa

    wanted = set(concepts)

    def typed(name: str, **kinds: Any) -> pa.Table:  # noqa: ANN401
        table = rows(name)
        return pa.table({k: pa.array([kind(r[k]) for r in table]) for k, kind in kinds.items()})

    def numbered(name: str, **kinds: Any) -> pa.Table:  # noqa: ANN401
        table = typed(name, **kinds)
        return table.append_column("nr", pa.array(range(len(table)), pa.int32()))

    mothers = rows("moederleeftijd.csv")
    clothes = rows("kledingaftrek.csv") if settings.clothes == "deduct" else []
    # A year that begins after the reference date is not there yet; it would be the year before it once more.
    years = range(settings.first_year, settings.reference_date.year + 1)
    makers = {
        "codering": lambda: pa.table(
            {
                "bdsnummer": pa.array([int(r["bdsnummer"]) for r in coding(wanted)], pa.int32()),
                "code": [r["code"] for r in coding(wanted)],
                "begrip": pa.array([r["begrip"] or None for r in coding(wanted)], pa.string()),
                "waarde": [r["waarde"] for r in coding(wanted)],
                "tijdperk": pa.array(
                    [int(r["tijdperk"]) if r["tijdperk"] else None for r in coding(wanted)], pa.int8()
                ),
            }
        ),
        "parameters": lambda: pa.table(
            {
                "van": [settings.first_day],
                "peildatum": [settings.reference_date],
                "opleiding": [settings.education],
                "groeikaart": [settings.growth_chart],
                "herkomst": [settings.origin],
                "oordeel": [True],
                "opgeleverd": [date(2999, 12, 31)],
                **{
                    f"{r['maat']}_{side}": [int(r[side])]
                    for r in rows("plausibel.csv")
                    for side in ("laag", "hoog")
                },
            }
        ),
        "jaren": lambda: pa.table(
            {
                "jaar": pa.array(list(years), pa.int64()),
                "datum": [min(date(y, 12, 31), settings.reference_date) for y in years],
            }
        ),
        "opleidingsklasse": lambda: typed(
            "opleidingsklasse.csv", code=str, **{settings.education_classes: int}
        ).rename_columns(["code", "klasse"]),
        "herkomstklasse": lambda: typed("herkomstklasse.csv", land=str, klasse=str),
        "geborenklasse": lambda: typed("geborenklasse.csv", code=int, klasse=str),
        "moederleeftijd": lambda: pa.table(
            {
                "leeftijd": pa.array(
                    [age for r in mothers for age in range(int(r["van"]), int(r["tot"]))], pa.int32()
                ),
                "klasse": [r["klasse"] for r in mothers for _ in range(int(r["van"]), int(r["tot"]))],
            }
        ),
        "kledingaftrek": lambda: pa.table(
            {
                "jaar": pa.array(
                    [y for r in clothes for y in range(int(r["van_jaar"]), int(r["tot_jaar"]) + 1)],
                    pa.int32(),
                ),
                "gram": pa.array(
                    [
                        int(r["gram"])
                        for r in clothes
                        for _ in range(int(r["van_jaar"]), int(r["tot_jaar"]) + 1)
                    ],
                    pa.int32(),
                ),
            }
        ),
        "venster": lambda: typed("venster.csv", moment=str, van=int, doel=int, tot=int),
        "fase": lambda: typed(
            "fase.csv", fase=str, van_mnd=int, van_dag=int, tot_mnd=int, tot_dag=int, soort=str, age=str
        ),
        "groeidiagram": lambda: typed("groeidiagram.csv", code=str, kaart=str),
        "vaccin": lambda: typed("vaccin.csv", code=str, component=str),
        "vaccinatieserie": lambda: numbered(
            "vaccinatieserie.csv",
            serie=str,
            component=str,
            cohort_van=date.fromisoformat,
            cohort_tot=date.fromisoformat,
            sex=str,
            grens_mnd=int,
            grens_dag=int,
            age=str,
            doses=int,
            doses_schema2=int,
            min_dag=int,
            min_mnd=int,
            min_tussen=int,
            herstel_tussen=int,
            reva_tussen=int,
            reva_dag=int,
        ),
        "sdqitem": lambda: typed("sdqitem.csv", bdsnummer=int, schaal=str, omgekeerd=lambda v: v == "ja"),
        "sdqgrens": lambda: typed(
            "sdqgrens.csv", instrument=str, informant=str, van_jaar=int, tot_jaar=int, schaal=str, grens=int
        ),
        "groeitabel": lambda: growth_per_day(settings.cutoff),
        "lms_lengte": lms_per_height,
        "vwoitem": _items,
    }
    return {name: make() for name, make in makers.items() if name in names}


def coding(concepts: set[str]) -> list[dict[str, str]]:
    """The rows of codering.csv; a code that lost its leading zero in a spreadsheet means what it meant with it."""
    found = [r for r in rows("codering.csv") if not r["begrip"] or r["begrip"] in concepts]
    known = {(r["bdsnummer"], r["code"]) for r in found}
    bare = [
        r | {"code": r["code"].lstrip("0")} for r in found if r["code"].isdecimal() and r["code"][0] == "0"
    ]
    return found + [r for r in bare if r["code"] and (r["bdsnummer"], r["code"]) not in known]


def _items() -> pa.Table:
    import pyarrow as pa

    from bds_tool.indicators.dscore import item_table

    return pa.table(
        dict(zip(("bdsnummer", "item", "zijden", "van", "tot"), zip(*item_table(), strict=True), strict=True))
    )


def install_lookups(
    connection: duckdb.DuckDBPyConnection,
    names: Iterable[str],
    settings: Settings,
    concepts: Iterable[str] = (),
) -> None:
    """The tables of `specs/referenties/` that the views `names` need, and the key function, in `connection`."""
    concepts = set(concepts)
    sources = {s for view in needed(names, settings.place) for s in view.sources}
    for name, table in lookup_tables(settings, concepts, sources).items():
        connection.register(f"_{name}", table)
        connection.execute(
            database.fill("create or replace table {name} as select * from _{name}", name=name)
        )
        connection.unregister(f"_{name}")
    # The key of a child with more than one dossier (same_child.MARK) belongs to no organisation.
    connection.execute("create or replace macro SLEUTEL(a, b) as hash(a, if(a[1] = chr(1), '', b))")
    connection.execute("create or replace macro GEGEVEN(a, b) as a")


def make(
    connection: duckdb.DuckDBPyConnection,
    names: Iterable[str],
    concepts: Iterable[str] = (),
    place: str = "adres",
    *,
    keyed: bool = False,
) -> list[str]:
    """Make the views `names` and what they need as temporary tables in `connection`; returns their names in order.

    `keyed`: the rows of `registraties` have keys in place of the names of dossier and activity (see `piece`).
    `connection` must hold the tables of `install_lookups`, for `woont` those of `area.install` (at `place` school those of
    `schools.install`), and `registraties` and `bronnen`.
    """
    from bds_tool.indicators import dscore

    chosen = needed(names, place)
    numbers = ", ".join(map(str, sorted(elements(chosen, concepts))))
    made = []
    present: set[int] = set()
    for view in chosen:
        if view.name == "ontwikkeling":
            connection.register("_dscore", dscore.table(connection))
            connection.execute("create or replace temp table dscore as select * from _dscore")
            connection.unregister("_dscore")
            made.append("dscore")
        sql = view.sql.replace("$ELEMENTEN", numbers)
        if keyed:
            sql = sql.replace("SLEUTEL(", "GEGEVEN(")
        sql = _absent(sql, present)
        connection.execute(
            database.fill("create or replace temp table {name} as {sql}", name=view.name, sql=sql)
        )
        if view.name == "reg":
            found = connection.execute("select distinct bdsnummer from reg").fetchall()
            present.update(n for (n,) in found)
        made.append(view.name)
    return made


#: A value of some elements, in the views that lay the elements of a dossier beside each other: empty without looking when
#: nobody registered them.
_ONE = re.compile(
    r"(?:min|max)\((?:waarde|laagste|hoogste)\) FILTER"
    r" \(WHERE bdsnummer (?:= (?P<one>\d+)|IN \((?P<several>[\d, ]+)\))(?: AND [^()]*)?\)"
)


def _absent(sql: str, present: set[int]) -> str:
    """SQL of a view without the aggregates of elements that are not there."""

    def answer(found: re.Match[str]) -> str:
        numbers = {int(n) for n in (found["one"] or found["several"]).split(",")}
        return found[0] if numbers & present else "CAST(NULL AS VARCHAR)"

    return _ONE.sub(answer, sql)


def own_elements(view: str, where: str, concepts: Iterable[str]) -> set[int]:
    """Elements that decide the rows of a view: its own, or those of the concepts that `where` names."""
    wanted = {c for c in concepts if repr(c) in where}
    return set(views()[view].elements) | (elements([], wanted) if wanted else set())


def make_again(connection: duckdb.DuckDBPyConnection, names: Iterable[str]) -> None:
    """Make these views anew, after one that they read was replaced."""
    for name in names:
        connection.execute(
            database.fill("create or replace temp table {name} as {sql}", name=name, sql=views()[name].sql)
        )
