"""Indicator definitions: YAML in `specs/indicatoren/` and in the user's own folder, checked and typed."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from bds_tool.errors import SpecError
from bds_tool.indicators.features import elements, needed, views
from bds_tool.indicators.growth import rows
from bds_tool.places import specs_dir
from bds_tool.text import t

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
)


@dataclass(frozen=True)
class Indicator:
    """One indicator. SQL parts are DuckDB expressions over the columns of `view` (documented in views/*.sql).

    `kind` aandeel (x / n), gemiddelde (mean of `value`) or tarief (events x per unit n). A row of the view counts
    in the population when `population` holds, in n when `denominator` holds too, in x when `numerator` holds too.
    `population_view` is where the population is counted when the view only has what was registered.
    """

    id: str
    data: dict[str, Any] = field(repr=False, hash=False)
    path: Path = field(repr=False)

    @property
    def kind(self) -> str:
        return str(self.data["soort"])

    @property
    def view(self) -> str:
        return str(self.data["view"])

    @property
    def day(self) -> str:
        """The date that decides the year and the address."""
        return str(self.data.get("datum", "datum"))

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
        parts = [str(self.data.get("populatie", "TRUE"))]
        if self.concepts:
            parts.append(f"begrip IN ({', '.join(repr(c) for c in self.concepts)})")
        if "leeftijd" in self.data and self.view not in {"contactjaar", "verwijzing"}:
            low, high = self._ages()
            parts.append(f"leeftijd_mnd >= {low} AND leeftijd_mnd < {high}")
        elif "leeftijd" in self.data:
            parts.append(self.age_mask)
        return " AND ".join(f"({p})" for p in parts)

    @property
    def age_mask(self) -> str:
        """SQL over contactjaar: seen at an age inside the window (half years)."""
        low, high = self._ages()
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
    def versions(self) -> tuple[str, ...]:
        return tuple(str(v) for v in self.data["versies"])

    @property
    def cases(self) -> list[dict[str, Any]]:
        return list(self.data.get("gevallen", ()))

    def needs(self) -> list[str]:
        """Names of the views this indicator is counted from."""
        return [n for n in (self.view, self.population_view) if n]

    def bds_elements(self) -> list[int]:
        """BDS numbers that decide the figures, without those for age, sex, address and education."""
        if self.concepts:
            found = {int(r["bdsnummer"]) for r in rows("codering.csv") if r["begrip"] in self.concepts}
            return sorted(found)
        return sorted(int(n) for n in self.data["elementen"])

    def all_elements(self) -> set[int]:
        return elements(needed(self.needs()), self.concepts)

    @property
    def hash(self) -> str:
        """Of what decides the figures: the definition, the SQL of its views and the tables they read."""
        parts: dict[str, Any] = {k: self.data[k] for k in COUNTED if k in self.data}
        chosen = needed([*self.needs(), "kind"])
        parts["views"] = {v.name: re.sub(r"\s+", " ", v.sql) for v in chosen}
        parts["tables"] = _table_hashes(specs_dir())
        return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:16]


@lru_cache(maxsize=4)
def _table_hashes(specs: Path) -> dict[str, str]:
    folder = specs / "referenties"
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()[:16]
        for p in sorted(folder.rglob("*.csv"))
    }


def load_file(path: Path) -> list[dict[str, Any]]:
    """The raw definitions of one YAML file (a list, or one mapping). Raises SpecError when it is no YAML."""
    import yaml

    try:
        loaded = yaml.load(
            path.read_text(encoding="utf-8"),
            Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader),  # noqa: S506
        )
    except (OSError, yaml.YAMLError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f" (regel {mark.line + 1})" if mark else ""
        raise SpecError(
            t(f"{path.name} is geen leesbare YAML{place}.", f"{path.name} is no readable YAML{place}.")
        ) from error
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


def load_all(extra: Sequence[Path] = ()) -> dict[str, Indicator]:
    """All definitions by id. Raises SpecError with every problem found when a definition is wrong.

    The shipped ones are checked by `bds indicator check` and the tests; here only when the user adds own ones.
    """
    problems = check(extra) if extra else []
    if problems:
        raise SpecError(
            t("Indicatordefinities kloppen niet:", "Indicator definitions are wrong:")
            + "\n  "
            + "\n  ".join(problems[:20]),
            t("Zie bds indicator check.", "See bds indicator check."),
        )
    return {d["id"]: Indicator(d["id"], d, path) for path in files(extra) for d in load_file(path)}


def choose(wanted: Iterable[str], extra: Sequence[Path] = ()) -> list[Indicator]:
    """Indicators by id or theme; all when `wanted` is empty. Raises SpecError for an unknown name."""
    loaded = load_all(extra)
    names = list(wanted)
    if not names:
        return list(loaded.values())
    out: dict[str, Indicator] = {}
    for name in names:
        hits = [i for i in loaded.values() if name.upper() == i.id or name.lower() == i.data["thema"]]
        if not hits:
            from difflib import get_close_matches

            close = get_close_matches(name.upper(), loaded, 3)
            hint = t("Bedoelt u ", "Do you mean ") + ", ".join(close) + "?" if close else "bds indicator list"
            raise SpecError(t(f"Indicator {name} bestaat niet.", f"Indicator {name} does not exist."), hint)
        out |= {i.id: i for i in hits}
    return list(out.values())


def check(extra: Sequence[Path] = ()) -> list[str]:
    """Everything wrong with the definitions, as texts `file: id: problem`; empty when all is well."""
    import jsonschema

    schema = json.loads((specs_dir() / "_schemas" / "indicator.schema.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    problems: list[str] = []
    seen: dict[str, str] = {}
    good: list[Indicator] = []
    for path in files(extra):
        for data in load_file(path):
            name = f"{path.name}: {data.get('id', '?') if isinstance(data, dict) else '?'}"
            faults = sorted(validator.iter_errors(data), key=lambda e: [str(p) for p in e.path])
            problems += [f"{name}: {'/'.join(map(str, e.path)) or '-'}: {e.message}" for e in faults]
            if faults:
                continue
            if data["id"] in seen:
                problems.append(
                    t(
                        f"{name}: id staat ook in {seen[data['id']]}",
                        f"{name}: id is also in {seen[data['id']]}",
                    )
                )
            seen[data["id"]] = path.name
            good.append(Indicator(data["id"], data, path))
    for indicator in good:
        problems += [f"{indicator.path.name}: {indicator.id}: {p}" for p in _meaning(indicator)]
    return problems + (_expressions(good) if good else [])


def _meaning(indicator: Indicator) -> list[str]:
    from bds_tool.schema import load
    from bds_tool.schema import versions as known

    out = [
        t(f"view {name} bestaat niet", f"view {name} does not exist")
        for name in indicator.needs()
        if name not in views()
    ]
    if out:
        return out
    unread = set(indicator.bds_elements()) - indicator.all_elements()
    if unread:
        out.append(
            t(
                f"element {min(unread)} wordt niet door view {indicator.view} gelezen",
                f"element {min(unread)} is not read by view {indicator.view}",
            )
        )
    for version in indicator.versions:
        if version not in known():
            out.append(t(f"BDS {version} is onbekend", f"BDS {version} is unknown"))
            continue
        definition = load(version)
        if not any(n in definition.elementen for n in indicator.bds_elements()):
            out.append(
                t(f"BDS {version} kent geen van de elementen", f"BDS {version} has none of the elements")
            )
        if not any(version in map(str, c.get("versies", indicator.versions)) for c in indicator.cases):
            out.append(t(f"geen uitgewerkt geval voor BDS {version}", f"no worked case for BDS {version}"))
    return out


def _expressions(indicators: list[Indicator]) -> list[str]:
    """Bind every SQL part against empty views: unknown columns and wrong types come to light here."""
    import duckdb

    from bds_tool.indicators.cases import empty_views

    connection = empty_views([i for i in indicators if not _meaning(i)])
    out = []
    for i in indicators:
        if _meaning(i):
            continue
        parts = [f"({i.population})", f"({i.denominator})", f"({i.numerator})"]
        if i.value:
            parts.append(f"CAST({i.value} AS DOUBLE) IS NULL")
        if i.era:
            parts.append(f"({i.era}) = 1")
        try:
            connection.execute(f"select {', '.join(parts)}, cast({i.day} as date) from {i.view}")
        except duckdb.Error as error:
            text = str(error).splitlines()[0]
            out.append(f"{i.path.name}: {i.id}: {text}")
    connection.close()
    return out
