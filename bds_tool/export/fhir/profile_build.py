"""Compile StructureDefinitions (XML, differentials) into the lean table that the exporter checks against.

Only facts are kept: element, cardinality, types, fixed codes and patterns, bindings, and how a slice is told apart.
Profiles on one chain (nl-core → zib → pattern) are merged; profiles of data types are written out in place.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bds_tool.base.errors import UnreadableError
from bds_tool.base.files import atomic_files
from bds_tool.base.text import t

COLUMNS = (
    "profiel",
    "resource",
    "element",
    "min",
    "max",
    "typen",
    "patroon",
    "sterkte",
    "valueset",
    "kenmerk",
)
#: Value sets of the FHIR R4 specification itself that the profiles bind to.
CORE_SETS = {
    "http://hl7.org/fhir/ValueSet/administrative-gender": [
        ("http://hl7.org/fhir/administrative-gender", c) for c in ("male", "female", "other", "unknown")
    ],
    "http://hl7.org/fhir/ValueSet/address-use": [
        ("http://hl7.org/fhir/address-use", c) for c in ("home", "work", "temp", "old", "billing")
    ],
    "http://hl7.org/fhir/ValueSet/address-type": [
        ("http://hl7.org/fhir/address-type", c) for c in ("postal", "physical", "both")
    ],
    "http://hl7.org/fhir/ValueSet/ucum-bodylength": [
        ("http://unitsofmeasure.org", c) for c in ("cm", "[in_i]")
    ],
}
_F = "{http://hl7.org/fhir}"


@dataclass
class Element:
    element: str
    min: str = ""
    max: str = ""
    typen: list[str] = field(default_factory=list)
    patroon: str = ""
    sterkte: str = ""
    valueset: str = ""
    discriminator: list[tuple[str, str]] = field(default_factory=list)
    type_profiel: str = ""

    def over(self, later: Element) -> None:
        """Let a more specific profile speak: what it says replaces, what it leaves out stays."""
        for name in (
            "min",
            "max",
            "typen",
            "patroon",
            "sterkte",
            "valueset",
            "discriminator",
            "type_profiel",
        ):
            if value := getattr(later, name):
                setattr(self, name, value)


@dataclass
class Definitie:
    url: str
    type: str
    basis: str
    elementen: list[Element]


def compile_profiles(folder: Path, names: list[str], table: Path, sets_table: Path) -> tuple[int, list[str]]:
    """Write the table for the named profiles. Returns the number of rows and the profiles that were not found."""
    definitions = {d.url: d for d in map(_read, sorted(folder.rglob("profiles/**/*.xml"))) if d is not None}
    if not definitions:
        raise UnreadableError(
            t(f"In {folder} staan geen profielen.", f"{folder} holds no profiles."),
            t(
                "Verwacht: profiles/**/*.xml en terminology/*.xml.",
                "Expected: profiles/**/*.xml and terminology/*.xml.",
            ),
        )
    sets = {**_value_sets(folder), **CORE_SETS}
    rows: list[list[str]] = []
    used: set[str] = set()
    missing = []
    for name in names:
        definition = next((d for u, d in definitions.items() if u.rsplit("/", 1)[-1] == name), None)
        if definition is None:
            missing.append(name)
            continue
        for e in _inline(_merged(definition, definitions), definitions):
            valueset = e.valueset.partition("|")[0]
            if e.sterkte != "required":
                e.sterkte, valueset = "", valueset if e.type_profiel == "\0" else ""
            kenmerk = _kenmerk(e)
            if valueset and valueset in sets:
                used.add(valueset)
            if any((e.min not in ("", "0"), e.max not in ("", "*"), e.typen, e.patroon, valueset, kenmerk)):
                rows.append(
                    [
                        name,
                        definition.type,
                        e.element,
                        e.min,
                        e.max,
                        "|".join(e.typen),
                        e.patroon,
                        e.sterkte,
                        valueset,
                        kenmerk,
                    ]
                )
    with atomic_files((table, sets_table), own=False) as made:
        for path, columns, content in (
            (table, COLUMNS, rows),
            (
                sets_table,
                ("valueset", "systeem", "code"),
                [[v, s, c] for v in sorted(used) for s, c in sets[v]],
            ),
        ):
            with made[path].open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow(columns)
                writer.writerows(content)
    return len(rows), missing


def _read(path: Path) -> Definitie | None:
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    root = etree.parse(str(path), parser).getroot()
    if root.tag != f"{_F}StructureDefinition":
        return None
    return Definitie(
        _v(root, "url"),
        _v(root, "type"),
        _v(root, "baseDefinition"),
        [_element(e) for e in root.iterfind(f"{_F}differential/{_F}element")],
    )


def _v(node: Any, name: str) -> str:  # noqa: ANN401  # an lxml element
    child = node.find(f"{_F}{name}")
    return str(child.get("value")) if child is not None else ""


def _element(e: Any) -> Element:  # noqa: ANN401  # an lxml element
    found = Element(str(e.get("id")), _v(e, "min"), _v(e, "max"))
    for kind in e.iterfind(f"{_F}type"):
        found.typen.append(_v(kind, "code"))
        found.type_profiel = _v(kind, "profile") or found.type_profiel
    for child in e:
        if not isinstance(child.tag, str):
            continue
        name = child.tag.removeprefix(_F)
        if name.startswith(("pattern", "fixed")):
            found.patroon = _pattern(child)
    binding = e.find(f"{_F}binding")
    if binding is not None:
        found.sterkte, found.valueset = _v(binding, "strength"), _v(binding, "valueSet")
    for d in e.iterfind(f"{_F}slicing/{_F}discriminator"):
        found.discriminator.append((_v(d, "type"), _v(d, "path")))
    return found


def _pattern(node: Any) -> str:  # noqa: ANN401  # an lxml element
    """`system|code` of a coding, concept, quantity or identifier (code empty where only the system is fixed)."""
    if node.get("value") is not None:
        return str(node.get("value"))
    systems = [str(x.get("value")) for x in node.iter(f"{_F}system")]
    codes = [str(x.get("value")) for x in node.iter(f"{_F}code")]
    return f"{systems[0] if systems else ''}|{codes[0] if codes else ''}"


def _merged(d: Definitie, definitions: dict[str, Definitie]) -> list[Element]:
    chain = [d]
    while chain[-1].basis in definitions:
        chain.append(definitions[chain[-1].basis])
    merged: dict[str, Element] = {}
    for part in reversed(chain):
        for e in part.elementen:
            copy = Element(e.element)
            copy.over(e)
            if e.element in merged:
                merged[e.element].over(copy)
            else:
                merged[e.element] = copy
    return list(merged.values())


def _inline(elements: list[Element], definitions: dict[str, Definitie]) -> list[Element]:
    """Rules of data type profiles (names, addresses, telephones) in the place where they apply."""
    found = []
    by_id = {e.element: e for e in elements}
    for e in elements:
        found.append(e)
        if ":" in e.element.rsplit(".", 1)[-1]:
            slicing = by_id.get(e.element.rsplit(":", 1)[0])
            e.discriminator = slicing.discriminator if slicing else []
        profile = definitions.get(e.type_profiel)
        if profile is None or profile.type == "Extension":
            continue
        inner = _merged(profile, definitions)
        for i in inner:
            if "." not in i.element:
                continue
            copy = Element(e.element + i.element[i.element.index(".") :])
            copy.over(i)
            found.append(copy)
    return found


def _kenmerk(e: Element) -> str:
    """How to tell a member of this slice: `code=system|code`, `url=…`, `type=…`, `in=valueset`; empty: cannot be told."""
    last = e.element.rsplit(".", 1)[-1]
    if ":" not in last:
        return ""
    if last.startswith("extension:"):
        return f"url={e.type_profiel}" if e.type_profiel else f"url={last.partition(':')[2]}"
    name = last.partition(":")[2]
    if last.startswith("name:"):
        return "use=usual" if name.endswith("GivenName") else "use=official"
    if last.startswith("telecom:"):
        return "system=email" if name.startswith("email") else "system=phone,fax,pager"
    for kind, path in e.discriminator:
        if kind == "type":
            return f"type={e.typen[0]}" if e.typen else ""
        if kind in {"value", "pattern"} and path == "$this":
            return (
                f"this={e.patroon}"
                if e.patroon
                else f"in={e.valueset.partition('|')[0]}"
                if e.valueset
                else ""
            )
        if kind in {"value", "pattern"}:
            return f"pad={path}"
    return ""


def _value_sets(folder: Path) -> dict[str, list[tuple[str, str]]]:
    """Value sets that are wholly enumerated; one with a filter or an import cannot be checked offline."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    found: dict[str, list[tuple[str, str]]] = {}
    for path in sorted(folder.rglob("terminology/ValueSet-*.xml")):
        root = etree.parse(str(path), parser).getroot()
        codes: list[tuple[str, str]] = []
        whole = True
        for include in root.iterfind(f"{_F}compose/{_F}include"):
            concepts = include.findall(f"{_F}concept")
            if not concepts or include.find(f"{_F}valueSet") is not None:
                whole = False
            codes += [(_v(include, "system"), _v(c, "code")) for c in concepts]
        if whole and codes and root.find(f"{_F}compose/{_F}exclude") is None:
            found[_v(root, "url")] = codes
    return found
