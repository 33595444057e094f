"""Indicator definitions: YAML in `specs/indicatoren/` and in the user's own folder, checked and typed."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Required, TypedDict

from bds_tool.base.errors import SpecError
from bds_tool.base.json_types import JsonObject
from bds_tool.base.ranges import Range, range_of
from bds_tool.base.specs import read_yaml, specs_dir
from bds_tool.base.text import t
from bds_tool.indicators.features import elements, needed
from bds_tool.indicators.growth import rows
from bds_tool.indicators.told import Break, Published
from bds_tool.store.database import text

#: Views with a row per contact: a child counts as often as it has one. Whoever stayed away once does so more often, so no
#: formula for independent observations (Wilson, z test, Cochran-Armitage) holds for their shares.
CONTACTS = frozenset({"activiteit"})

#: Keys of a definition that decide its figures; the content hash covers these and no titles or cases.
COUNTED = (
    "id",
    "soort",
    "schaal",
    "view",
    "datum",
    "begrip",
    "leeftijd",
    "populatie",
    "noemer",
    "teller",
    "waarde",
    "populatie_view",
    "tijdperk",
    "levering",
    "ontbreekt_betekent",
)


#: Views with a row per day of which only the last inside the age window counts.
SERIES = frozenset({"antwoord", "vwo_kenmerk"})
#: Value of `volgend` when there is no later row in the year.
LAST = 9999
#: `contactjaar.leeftijden`: bit of month 0, and how many months have a bit of their own.
FIRST_MONTH, MONTHS = 41, 22


def _last(condition: str, high: int) -> str:
    """`laatste_X` in a condition → no later row of that kind in the year before the end of the age window."""
    return re.sub(r"\blaatste(_\w+)?\b", lambda m: f"volgend{m[1] or ''} >= {high}", condition)


#: Sex, birth and end of care: what every indicator may use, and what no source can lack or need not hold.
BASIC = frozenset({19, 20, 21, 29, 488})
#: Keys that hold an expression over the columns of the view.
EXPRESSIONS = ("datum", "populatie", "noemer", "teller", "waarde", "tijdperk")


class AgeWindow(TypedDict):
    """Ages in months, the last one not included."""

    van_mnd: int
    tot_mnd: int


class DeclaredRelation(TypedDict, total=False):
    """How the numerator hangs together with others, as far as the expressions do not tell."""

    soort: Required[str]
    van: str
    met: list[str]
    volledig: bool


class Case(TypedDict, total=False):
    """A worked case: registraties of children as rows, and the counts expected by year."""

    naam: Required[str]
    since: str
    until: str
    uitleg: str
    kinderen: Required[dict[str, list[list[Any]]]]
    verwacht: Required[dict[str, dict[str, float]]]


class IndicatorEntry(TypedDict, total=False):
    """One definition as it is written: `specs/_schemas/indicator.schema.json`."""

    id: Required[str]
    titel: Required[str]
    titel_en: Required[str]
    thema: Required[str]
    bron: Required[str]
    zekerheid: Required[str]
    soort: Required[str]
    eenheid: Required[str]
    schaal: float
    view: Required[str]
    datum: str
    begrip: str
    leeftijd: AgeWindow
    populatie: str
    noemer: str
    teller: str
    waarde: str
    populatie_view: str
    tijdperk: str
    uitsplitsingen: Required[list[str]]
    polariteit: Required[str]
    gevoelige_kant: str
    gevoeligheid: Required[str]
    elementen: list[int]
    levering: list[list[int]]
    ontbreekt_betekent: str
    ontbreekt_bron: str
    since: Required[str]
    until: str
    trendbreuk: list[Break]
    relaties: list[DeclaredRelation]
    let_op: list[str]
    referentie: list[Published]
    gevallen: Required[list[Case]]


@dataclass(frozen=True)
class Indicator:
    """One indicator. SQL parts are DuckDB expressions over the columns of `view` (documented in views/*.sql).

    `kind` aandeel (x / n), gemiddelde (mean of `value`) or tarief (events x per unit n). A row of the view counts
    in the population when `population` holds, in n when `denominator` holds too, in x when `numerator` holds too.
    `population_view` is where the population is counted when the view only has what was registered; a child that
    has an answer and is not there makes its own population.
    """

    id: str
    data: IndicatorEntry = field(repr=False, hash=False)
    path: Path = field(repr=False)

    @property
    def kind(self) -> str:
        return str(self.data["soort"])

    @property
    def view(self) -> str:
        return str(self.data["view"])

    @property
    def day(self) -> str:
        """The date that decides the year and the address: with a population of its own, where the child counts there."""
        return str(self.data.get("datum", "dag" if self.population_view else "datum"))

    @property
    def concepts(self) -> tuple[str, ...]:
        return tuple(str(self.data["begrip"]).split()) if "begrip" in self.data else ()

    @property
    def scale(self) -> float:
        """What the value is multiplied with: 100 for percentages."""
        return float(self.data.get("schaal", 100 if self.kind == "aandeel" else 1))

    @property
    def population_view(self) -> str:
        return str(self.data.get("populatie_view", ""))

    @property
    def population(self) -> str:
        parts = [_last(str(self.data.get("populatie", "TRUE")), self._ages()[1] if self._aged else LAST)]
        if self.view in SERIES:
            parts.append(_last("laatste", self._ages()[1] if self._aged else LAST))
        if self.concepts:
            parts.append(f"begrip IN ({', '.join(map(text, self.concepts))})")
        if "leeftijd" in self.data and self.view not in {"contactjaar", "verwijzing"}:
            low, high = self._ages()
            parts.append(f"leeftijd_mnd >= {low} AND leeftijd_mnd < {high}")
        elif "leeftijd" in self.data:
            parts.append(self.age_mask)
        return " AND ".join(f"({p})" for p in parts)

    @property
    def _aged(self) -> bool:
        return "leeftijd" in self.data

    @property
    def age_mask(self) -> str:
        """SQL over contactjaar: seen at an age inside the window (half years; months under 22 months)."""
        low, high = self._ages()
        if high <= MONTHS and (low % 6 or high % 6):
            mask = sum(1 << (FIRST_MONTH + m) for m in range(low, high))
        else:
            mask = sum(1 << h for h in range(low // 6, -(-high // 6)))
        return f"(leeftijden & {mask}) <> 0"

    def _ages(self) -> tuple[int, int]:
        window = self.data["leeftijd"]
        return int(window["van_mnd"]), int(window["tot_mnd"])

    @property
    def denominator(self) -> str:
        return str(self.data.get("noemer", "TRUE"))

    @property
    def numerator(self) -> str:
        return str(self.data.get("teller", "FALSE"))

    @property
    def value(self) -> str:
        return str(self.data.get("waarde", ""))

    @property
    def era(self) -> str:
        """Column or expression that is 1 for the new registration and 0 for the old; empty without a break."""
        return str(self.data.get("tijdperk", ""))

    @property
    def versions(self) -> Range:
        """The BDS versions it can be counted in."""
        return range_of(self.data)

    @property
    def cases(self) -> list[Case]:
        return list(self.data.get("gevallen", ()))

    def needs(self) -> list[str]:
        """Names of the views this indicator is counted from."""
        return [n for n in (self.view, self.population_view) if n]

    def bds_elements(self) -> list[int]:
        """BDS numbers that decide the figures, without those for age, sex, address and education."""
        if wanted := set(self.concepts):
            return sorted({int(r["bdsnummer"]) for r in rows("codering.csv") if r["begrip"] in wanted})
        return sorted(int(n) for n in self.data["elementen"])

    @property
    def absence(self) -> str:
        """What it means that a child has nothing registered: `nee`, or `onbekend` (then it is not in n)."""
        return str(self.data.get("ontbreekt_betekent", "onbekend"))

    @property
    def delivery(self) -> list[set[int]]:
        """Of each of these groups a source must hold an element; otherwise it does not deliver the indicator."""
        own = [set(self.bds_elements()) - BASIC]
        return [set(g) for g in self.data["levering"]] if "levering" in self.data else [g for g in own if g]

    def all_elements(self) -> set[int]:
        return elements(needed(self.needs()), self.concepts)

    @property
    def hash(self) -> str:
        """Of what decides the figures: the definition, the SQL of its views and the tables they read."""
        data: Mapping[str, Any] = self.data
        parts: JsonObject = {k: data[k] for k in COUNTED if k in data}
        chosen = needed([*self.needs(), "kind"])
        parts["views"] = {v.name: re.sub(r"\s+", " ", v.sql) for v in chosen}
        parts["tables"] = _table_hashes(specs_dir())
        return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:16]


@lru_cache(maxsize=4)
def _table_hashes(specs: Path) -> dict[str, str]:
    folder = specs / "referenties"
    return {
        str(p.relative_to(folder)): hashlib.sha256(_content(p).encode()).hexdigest()[:16]
        for p in sorted(folder.rglob("*.csv"))
    }


def _content(path: Path) -> str:
    """The rows of a table, however it was typed: no blank lines, line endings or quotes that mean nothing."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [[cell.strip() for cell in row] for row in csv.reader(file)]
    return json.dumps([row for row in rows if any(row)])


def load_file(path: Path) -> list[object]:
    """The raw definitions of one YAML file (a list, or one mapping). Raises SpecError when it is no YAML."""
    loaded = read_yaml(path)
    return loaded if isinstance(loaded, list) else [loaded]


def files(extra: Sequence[Path] = ()) -> list[Path]:
    """The shipped definition files and those in the folders of the user."""
    found = sorted((specs_dir() / "indicatoren").glob("*.yaml"))
    for folder in extra:
        if not folder.is_dir():
            raise SpecError(
                t(f"Map {folder} bestaat niet.", f"Folder {folder} does not exist."),
                t("Controleer de naam bij --indicators.", "Check the name at --indicators."),
            )
        found += sorted(p for p in folder.iterdir() if p.suffix in {".yaml", ".yml"})
    return found
