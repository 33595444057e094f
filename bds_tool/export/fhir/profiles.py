"""Checking a resource against the compiled profile table: fixed codes, patterns, cardinalities, enumerable
required bindings (units too), types and slices. This is a profile check, not the HL7 validator's verdict.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

from bds_tool.base.errors import SpecError
from bds_tool.base.json_types import Json, objects_in
from bds_tool.base.specs import specs_dir
from bds_tool.base.text import t
from bds_tool.export.fhir.profile_build import COLUMNS

Node: TypeAlias = Json


@dataclass(frozen=True, slots=True)
class Segment:
    """A step of an element id: `component:position` has a name and a slice; `value[x]` is a choice."""

    naam: str
    kenmerk: str
    pad_patroon: str = ""


@dataclass(frozen=True, slots=True)
class Eis:
    """One row of the table, with its path resolved. An unknown slice makes a rule uncheckable (`blind`)."""

    element: str
    segmenten: tuple[Segment, ...]
    minimum: int
    maximum: int | None
    typen: tuple[str, ...]
    patroon: str
    codes: frozenset[tuple[str, str]] | None
    blind: bool


class Profielen:
    """The table; `check` gives the violations of one resource against one profile."""

    def __init__(
        self, eisen: dict[str, tuple[str, tuple[Eis, ...]]], niet_telbaar: dict[str, set[str]]
    ) -> None:
        self.eisen = eisen
        #: required bindings per profile whose value set cannot be enumerated offline
        self.niet_telbaar = niet_telbaar

    def check(self, resource: Mapping[str, Json], profiel: str) -> list[str]:
        """Texts `element: what is wrong`; none holds a value of the resource."""
        found = self.eisen.get(profiel)
        if found is None:
            return [f"{profiel}: profiel staat niet in de tabel"]
        kind, rules = found
        if resource.get("resourceType") != kind:
            return [f"{kind}: resource is een {resource.get('resourceType')}"]
        problems = [p for rule in rules if not rule.blind for p in _check(resource, rule)]
        if kind == "Observation":
            problems += _values(resource)
        return problems


def load_profiles() -> Profielen:
    """Raises SpecError when the table is absent; `bds zib profiles` makes it."""
    return _load(str(specs_dir() / "zib" / "fhir"))


@lru_cache(maxsize=2)
def _load(folder: str) -> Profielen:
    try:
        with (Path(folder) / "profielen.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        with (Path(folder) / "bindingen.csv").open(encoding="utf-8", newline="") as file:
            sets: dict[str, set[tuple[str, str]]] = {}
            for r in csv.DictReader(file):
                sets.setdefault(r["valueset"], set()).add((r["systeem"], r["code"]))
        if rows and set(rows[0]) != set(COLUMNS):
            raise ValueError(f"kolommen {sorted(rows[0])}")
    except (OSError, ValueError, KeyError) as error:
        raise SpecError(
            t(
                f"De profieltabel in {folder} is niet te lezen ({error}).",
                f"The profile table in {folder} cannot be read ({error}).",
            ),
            t("Maak haar opnieuw met `bds zib profiles`.", "Make it again with `bds zib profiles`."),
        ) from error
    frozen = {k: frozenset(v) for k, v in sets.items()}
    per: dict[str, list[dict[str, str]]] = {}
    for r in rows:
        per.setdefault(r["profiel"], []).append(r)
    rules = {}
    open_sets: dict[str, set[str]] = {}
    for name, members in per.items():
        patterns = {r["element"]: r["patroon"] for r in members}
        marks = {r["element"]: r["kenmerk"] for r in members}
        rules[name] = (members[0]["resource"], tuple(_rule(r, marks, patterns, frozen) for r in members))
        open_sets[name] = {
            r["valueset"]
            for r in members
            if r["valueset"] and r["sterkte"] == "required" and r["valueset"] not in frozen
        }
    return Profielen(rules, open_sets)


#: Keys of which the text matters to a rule; of all other text only that it is there.
SPREKEND = frozenset({
    "resourceType", "system", "code", "url", "use", "type", "gender", "status", "valueCode", "profile",
})  # fmt: skip


def handtekening(node: Node, key: str = "") -> Any:  # noqa: ANN401  # JSON, to a hashable of what the rules see
    """Equal for resources that every rule of the table judges alike: structure and codes, no texts, dates or numbers."""
    if isinstance(node, dict):
        return tuple(
            [(k, handtekening(v, k)) for k, v in node.items() if k not in {"id", "source", "display"}]
        )
    if isinstance(node, list):
        return tuple([handtekening(v, key) for v in node])
    return node if key in SPREKEND else None


def _rule(
    r: dict[str, str],
    marks: dict[str, str],
    patterns: dict[str, str],
    sets: dict[str, frozenset[tuple[str, str]]],
) -> Eis:
    segments = []
    path, *parts = r["element"].split(".")
    blind = False
    for part in parts:
        path = f"{path}.{part}"
        name, _, slice_name = part.partition(":")
        mark = ""
        if slice_name:
            mark = marks.get(path, "")
            if mark.startswith("in="):
                mark = mark if mark[3:] in sets else ""
            blind = blind or not mark
        pattern = ""
        if mark.startswith("pad="):
            pattern = patterns.get(f"{path}.{mark[4:]}", "")
            blind = blind or not pattern
        segments.append(Segment(name, mark, pattern))
    required = r["sterkte"] == "required"
    codes = sets.get(r["valueset"]) if required else None
    if segments and segments[-1].kenmerk.startswith("in="):
        codes = None  # membership is what makes it a member of the slice
    SETS.update({k: v for k, v in sets.items() if k not in SETS})
    return Eis(
        r["element"],
        tuple(segments),
        int(r["min"] or 0),
        None if r["max"] in ("", "*") else int(r["max"]),
        tuple(filter(None, r["typen"].split("|"))),
        r["patroon"],
        codes,
        blind,
    )


#: Enumerated value sets by URL, for slices told apart by membership.
SETS: dict[str, frozenset[tuple[str, str]]] = {}


def _check(resource: Mapping[str, Json], rule: Eis) -> Iterator[str]:
    parents: list[Node] = [resource]
    for segment in rule.segmenten[:-1]:
        parents = [n for p in parents for n in _step(p, segment)]
    if not rule.segmenten:
        return
    last = rule.segmenten[-1]
    for parent in parents:
        nodes = _step(parent, last)
        if len(nodes) < rule.minimum:
            yield f"{rule.element}: minstens {rule.minimum} nodig"
        if rule.maximum is not None and len(nodes) > rule.maximum:
            yield f"{rule.element}: hoogstens {rule.maximum} toegestaan"
        if (
            rule.typen
            and last.naam.endswith("[x]")
            and not last.kenmerk
            and _wrong_type(parent, last.naam, rule.typen)
        ):
            yield f"{rule.element}: type moet {' of '.join(rule.typen)} zijn"
        for node in nodes:
            if rule.patroon and not _matches(node, rule.patroon):
                yield f"{rule.element}: {rule.patroon} ontbreekt"
            if rule.codes is not None and not _member(node, rule.codes):
                yield f"{rule.element}: code staat niet in de verplichte lijst"


def _step(node: Node, segment: Segment) -> list[Node]:
    if not isinstance(node, dict):
        # A primitive with extensions keeps those in its underscored twin, which _children merges in.
        return []
    found = _children(node, segment.naam)
    return [n for n in found if _in_slice(n, segment)] if segment.kenmerk else found


def _children(node: Mapping[str, Json], naam: str) -> list[Node]:
    if naam.endswith("[x]"):
        stem = naam[:-3]
        found: list[Node] = []
        for key, value in node.items():
            if key.startswith(stem) and key[len(stem) :][:1].isupper():
                found.append(_Typed(key[len(stem) :], value))
            elif key.startswith(f"_{stem}") and key[1:] not in node:
                found.append(_Typed(key[len(stem) + 1 :], value))
        return found
    value = node.get(naam)
    twin = node.get(f"_{naam}")
    if twin is not None:
        if isinstance(value, list):
            pairs = zip(value, twin if isinstance(twin, list) else [None] * len(value), strict=False)
            return [_Primitive(v, e or {}) for v, e in pairs]
        return [_Primitive(value, twin)]
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


class _Typed(dict[str, Json]):
    """The value of a choice element, with its type; behaves as the value's fields."""

    def __init__(self, kind: str, value: Json) -> None:
        super().__init__(value if isinstance(value, dict) else {})
        self.kind = kind
        self.value = value


class _Primitive(dict[str, Json]):
    """A primitive with extensions: its extensions as fields, its value apart."""

    def __init__(self, value: Json, twin: Json) -> None:
        super().__init__(twin if isinstance(twin, dict) else {})
        self.value = value


def _in_slice(node: Node, segment: Segment) -> bool:
    kind, _, rest = segment.kenmerk.partition("=")
    if kind == "type":
        return isinstance(node, _Typed) and node.kind.lower() == rest.lower()
    if kind == "url":
        return isinstance(node, dict) and node.get("url") == rest
    if kind in {"use", "system"}:
        return isinstance(node, dict) and node.get(kind) in rest.split(",")
    if kind == "this":
        return _matches(node, rest)
    if kind == "in":
        return _member(node, SETS[rest])
    if kind == "pad":
        return isinstance(node, dict) and any(_matches(n, segment.pad_patroon) for n in _children(node, rest))
    return False


def _codings(node: Node) -> list[tuple[str, str]]:
    if isinstance(node, dict):
        if isinstance(node.get("coding"), list):
            return [(c.get("system", ""), c.get("code", "")) for c in node["coding"]]
        if "code" in node or "system" in node:
            return [(str(node.get("system", "")), str(node.get("code", "")))]
    return []


def _plain(node: Node) -> str | None:
    value = node.value if isinstance(node, _Typed | _Primitive) else node
    return str(value) if isinstance(value, str | int | bool) else None


def _matches(node: Node, pattern: str) -> bool:
    plain = _plain(node)
    if plain is not None:
        return plain == pattern
    system, _, code = pattern.partition("|")
    return any(s == system and (not code or c == code) for s, c in _codings(node))


def _member(node: Node, codes: frozenset[tuple[str, str]]) -> bool:
    plain = _plain(node)
    if plain is not None:
        return any(plain == c for _, c in codes)
    return any(pair in codes for pair in _codings(node))


def _wrong_type(parent: Node, naam: str, typen: tuple[str, ...]) -> bool:
    allowed = {t_.lower() for t_ in typen}
    nodes = _children(parent, naam) if isinstance(parent, dict) else ()
    return any(n.kind.lower() not in allowed for n in nodes if isinstance(n, _Typed))


def _values(resource: Mapping[str, Json]) -> Iterator[str]:
    """The invariant of the vital-signs pattern, which makes sense for every observation."""

    def empty(node: Mapping[str, Json]) -> bool:
        return "dataAbsentReason" not in node and not any(k.startswith("value") for k in node)

    components = objects_in(resource, "component")
    if empty(resource) and not components and not resource.get("hasMember"):
        yield "Observation: waarde of reden van ontbreken nodig"
    if any(empty(c) for c in components):
        yield "Observation.component: waarde of reden van ontbreken nodig"
