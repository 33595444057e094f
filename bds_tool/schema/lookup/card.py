"""Everything known about one element, rubriek, groep or value list, as plain values that render to text or JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from difflib import get_close_matches
from typing import cast

from bds_tool.base.errors import UsageError
from bds_tool.base.text import t
from bds_tool.schema.coding import code_pairs
from bds_tool.schema.diff.changes import Change
from bds_tool.schema.diff.comparing import diff
from bds_tool.schema.loading import load, load_element, newest, versions
from bds_tool.schema.lookup.history import Succession, help_text, james_fields, requests, successions
from bds_tool.schema.lookup.message_paths import full_path
from bds_tool.schema.lookup.shape import (
    Card,
    ChangeRow,
    ElementCard,
    GroepCard,
    HistoryRow,
    JamesRow,
    ListCard,
    Member,
    Named,
    RequestRow,
    RubriekCard,
    SuccessionRow,
    UseRow,
    ValueRow,
)
from bds_tool.schema.lookup.usage import uses_of
from bds_tool.schema.model import Definition, Element, Groep, Rubriek

#: Changes of these aspects say where a fact comes from, not what the BDS is; cards leave them out.
_SILENT = ("-herkomst",)


def card(key: str, version: str = "") -> Card:
    """The card of `235`, `R027`, `G076` or `W0177`; without a version the newest one that has it.

    Raises UsageError with near matches when nothing of that number or name exists.
    """
    kind, number = kind_of(key)
    definition = _definition_with(kind, number, version)
    if kind == "element":
        return element_card(definition, int(number))
    if kind == "rubriek":
        return rubriek_card(definition, number)
    if kind == "groep":
        return groep_card(definition, number)
    return lijst_card(definition, number)


def kind_of(key: str) -> tuple[str, str]:
    """What a key names: element, rubriek, groep or lijst, and its number in the form the definitions use."""
    text = key.strip()
    if re.fullmatch(r"\d{1,5}", text):
        return "element", str(int(text))
    match = re.fullmatch(r"([RGW])\s*(\d{1,5})(/\w+)?", text, re.IGNORECASE)
    if match:
        letter = match[1].upper()
        width = 4 if letter == "W" else 3
        return {"R": "rubriek", "G": "groep", "W": "lijst"}[letter], f"{letter}{int(match[2]):0{width}d}"
    for definition in map(load, reversed(versions())):
        for element in definition.elementen.values():
            if text and element.naam.casefold() == text.casefold():
                return "element", str(element.bdsnummer)
    raise _unknown(text)


def _has(definition: Definition, kind: str, number: str) -> bool:
    if kind == "element":
        return int(number) in definition.elementen
    if kind == "lijst":
        return any(n == number for n, _ in definition.waardenlijsten)
    return number in (definition.rubrieken if kind == "rubriek" else definition.groepen)


def _definition_with(kind: str, number: str, version: str) -> Definition:
    if version:
        definition = load(version)
        if _has(definition, kind, number):
            return definition
        elsewhere = [v for v in versions() if v != version and _has(load(v), kind, number)]
        if elsewhere:
            raise UsageError(
                t(
                    f"{number} bestaat niet in BDS {version}, wel in {', '.join(elsewhere)}.",
                    f"{number} does not exist in BDS {version}, but does in {', '.join(elsewhere)}.",
                ),
                t(f"Vraag het op met --bds {elsewhere[-1]}.", f"Ask for it with --bds {elsewhere[-1]}."),
            )
        raise _unknown(number)
    for candidate in reversed(versions()):
        definition = load(candidate)
        if _has(definition, kind, number):
            return definition
    raise _unknown(number)


def _unknown(text: str) -> UsageError:
    """Near matches: numbers that differ a little, names that look alike or hold the same words."""
    definition = load(newest())
    names = {e.naam: e.bdsnummer for e in definition.elementen.values()}
    keys = [*map(str, definition.elementen), *definition.rubrieken, *definition.groepen]
    keys += sorted({n for n, _ in definition.waardenlijsten})
    if re.fullmatch(r"[RGWrgw]?\d+", text):
        near = get_close_matches(text.upper(), keys, n=4, cutoff=0.6)
    else:
        lowered = {n.casefold(): n for n in names}
        hits = get_close_matches(text.casefold(), lowered, n=4, cutoff=0.5)
        near = [f"{names[lowered[h]]} {lowered[h]}" for h in hits]
    message = t(f"{text} komt in geen versie van de BDS voor.", f"{text} occurs in no version of the BDS.")
    search = t(f"Zoek met `bds spec search {text}`.", f"Search with `bds spec search {text}`.")
    hint = t(f"Bedoelt u {', '.join(near)}?", f"Did you mean {', '.join(near)}?") if near else ""
    return UsageError(message, " ".join(x for x in (hint, search) if x))


# ---- ELEMENT ---- #


def element_card(definition: Definition, bdsnummer: int) -> ElementCard:
    """All facts of one element in one version, its history over the versions and who uses it."""
    e = definition.elementen[bdsnummer]
    return {
        "kind": "element",
        "version": definition.version,
        "bdsnummer": e.bdsnummer,
        "naam": e.naam,
        "status": e.status,
        "in_bericht": e.in_bericht,
        "rubriek": _named(definition.rubrieken, e.rubriek),
        "groepen": [_named(definition.groepen, g) for g in e.groepen],
        "datatype": e.datatype,
        "datatype_bron": e.datatype_bron,
        "hl7_datatype": e.hl7_datatype,
        "eenheid": e.eenheid,
        "minimum": _number(e.minimum),
        "maximum": _number(e.maximum),
        "max_lengte": e.max_lengte,
        "nullflavor": list(e.nullflavor),
        "waardenlijst": e.waardenlijst,
        "waardenlijst_bron": e.waardenlijst_bron,
        "values": values(definition, e),
        "cardinality": {
            "data_set": str(e.card),
            "conformance": e.conformance,
            "source": e.card_bron,
            "message": str(e.card_bericht),
            "message_conformance": e.conformance_bericht,
        },
        "message": {
            "locatie_soort": e.locatie_soort,
            "pad": e.pad,
            "volledig_pad": full_path(definition, e),
            "interactie": definition.interactie,
            "template_id": e.template_id,
            "codesysteem": e.codesysteem,
        },
        "james": [cast("JamesRow", asdict(f)) for f in james_fields() if f.bdsnummer == bdsnummer],
        "history": history(bdsnummer),
        "successors": _successors(bdsnummer),
        "predecessors": _predecessors(bdsnummer),
        "requests": _requests(str(bdsnummer)),
        "used_by": {k: [cast("UseRow", asdict(u)) for u in uses] for k, uses in uses_of(bdsnummer).items()},
        "help": help_text(bdsnummer, definition.version),
        "zekerheid": e.zekerheid,
        "bron": e.bron,
    }


def _number(value: object) -> float | int | None:
    if value is None:
        return None
    as_float = float(str(value))
    return int(as_float) if as_float.is_integer() else as_float


def _named(items: Mapping[str, Rubriek] | Mapping[str, Groep], key: str) -> Named:
    return {"nummer": key, "naam": items[key].naam if key in items else ""}


def values(definition: Definition, element: Element | str) -> list[ValueRow]:
    """The meanings of an element's value list (or of a list by number), one row per meaning with both codes."""
    number = element if isinstance(element, str) else element.waardenlijst
    return [
        {
            "bds_code": p.bds.code if p.bds else None,
            "hl7_code": p.hl7.code if p.hl7 else None,
            "naam": p.naam,
            "codesysteem": p.hl7.codesysteem if p.hl7 else p.bds.codesysteem if p.bds else "",
            "status": p.status,
            "nullflavor": p.nullflavor,
        }
        for p in code_pairs(definition, number)
    ]


def history(bdsnummer: int) -> list[HistoryRow]:
    """Per version: whether the element exists, is in the message, and what changed since the version before."""
    result: list[HistoryRow] = []
    before = ""
    for version in versions():
        element = load_element(version, bdsnummer).elementen.get(bdsnummer)
        changes = element_changes(before, version, bdsnummer) if before else ()
        result.append(
            {
                "version": version,
                "exists": element is not None,
                "in_bericht": bool(element and element.in_bericht),
                "status": element.status if element else "",
                "changes": [change_row(c) for c in changes],
            }
        )
        before = version
    return result


def element_changes(old: str, new: str, bdsnummer: int) -> tuple[Change, ...]:
    """The changes between two versions that touch one element or the values of its list."""
    changes = diff(load_element(old, bdsnummer), load_element(new, bdsnummer), {})
    return tuple(
        c for c in changes if not c.soort.endswith(_SILENT) and c.tabel not in {"definitie", "lijst"}
    )


def change_row(change: Change) -> ChangeRow:
    """A change as plain values: its kind, key, columns from → to, classes forward and backward, requests."""
    return {
        "soort": change.soort,
        "tabel": change.tabel,
        "sleutel": change.sleutel,
        "naam": change.naam,
        "velden": [{"veld": v.veld, "van": v.van, "naar": v.naar} for v in change.velden],
        "forward": str(change.forward),
        "backward": str(change.backward),
        "jgz": list(change.jgz),
    }


def _successors(bdsnummer: int) -> list[SuccessionRow]:
    return [_succession(s.nieuw, s) for s in successions() if s.oud == bdsnummer]


def _predecessors(bdsnummer: int) -> list[SuccessionRow]:
    return [_succession(s.oud, s) for s in successions() if s.nieuw == bdsnummer]


def _succession(other: int, s: Succession) -> SuccessionRow:
    elements = (load_element(v, other).elementen.get(other) for v in reversed(versions()))
    naam = next((e.naam for e in elements if e), "")
    return {
        "bdsnummer": other,
        "naam": naam,
        "sinds": s.sinds,
        "aard": s.aard,
        "toelichting": s.toelichting,
        "zekerheid": s.zekerheid,
        "bron": s.bron,
    }


def _requests(nummer: str) -> list[RequestRow]:
    """The change requests that touch a number, with the other elements of the same request."""
    mine: dict[tuple[str, str, str], None] = {}
    for r in requests():
        if r.nummer == nummer:
            mine[r.verzoek, r.van, r.naar] = None
    others: dict[tuple[str, str, str], set[str]] = {key: set() for key in mine}
    for r in requests():
        if (r.verzoek, r.van, r.naar) in others and r.nummer != nummer:
            others[r.verzoek, r.van, r.naar].add(r.nummer)
    return [
        {
            "verzoek": v,
            "van": van,
            "naar": naar,
            "ook": sorted(others[v, van, naar], key=lambda n: (len(n), n)),
        }
        for v, van, naar in mine
    ]


# ---- RUBRIEK, GROEP, LIJST ---- #


def rubriek_card(definition: Definition, number: str) -> RubriekCard:
    """A rubriek with its groups and elements."""
    r = definition.rubrieken[number]
    groups = [g for g in definition.groepen.values() if g.rubriek == number]
    return {
        "kind": "rubriek",
        "version": definition.version,
        "nummer": number,
        "naam": r.naam,
        "status": r.register_type,
        "binding": r.binding,
        "cardinality": {
            "data_set": str(r.card),
            "per_activiteit": str(r.card_per_activiteit),
            "source": r.card_bron,
        },
        "message": {"pad": r.pad, "template_id": r.template_id},
        "groepen": [{"nummer": g.groep, "naam": g.naam, "in_bericht": g.in_bericht} for g in groups],
        "elementen": [_brief(e) for e in definition.elementen.values() if e.rubriek == number],
        "history": _presence("rubriek", number),
        "requests": _requests(number),
    }


def groep_card(definition: Definition, number: str) -> GroepCard:
    """A groep with its place and elements."""
    g = definition.groepen[number]
    members = [definition.elementen[n] for n in g.elementen if n in definition.elementen]
    return {
        "kind": "groep",
        "version": definition.version,
        "nummer": number,
        "naam": g.naam,
        "status": g.register_type,
        "in_bericht": g.in_bericht,
        "rubriek": _named(definition.rubrieken, g.rubriek),
        "bovenliggende_groep": _named(definition.groepen, g.bovenliggende_groep)
        if g.bovenliggende_groep
        else None,
        "groepcluster": g.groepcluster,
        "cardinality": {"data_set": str(g.card), "message": str(g.card_bericht)},
        "groepen": [
            {"nummer": x.groep, "naam": x.naam, "in_bericht": x.in_bericht}
            for x in definition.groepen.values()
            if x.bovenliggende_groep == number
        ],
        "elementen": [_brief(e) for e in members],
        "history": _presence("groep", number),
        "requests": _requests(number),
    }


def lijst_card(definition: Definition, number: str) -> ListCard:
    """A value list in both codings, and the elements that use it."""
    codings = [w for (n, _), w in definition.waardenlijsten.items() if n == number]
    return {
        "kind": "lijst",
        "version": definition.version,
        "nummer": number,
        "naam": lijst_naam(codings[0].naam),
        "codings": [
            {
                "soort": w.soort,
                "naam": w.naam,
                "valuesets": list(w.valuesets),
                "status": w.status,
                "ingang": w.ingang,
                "codes": len(w.codes),
                "bron": w.bron,
            }
            for w in codings
        ],
        "values": values(definition, number),
        "elementen": [_brief(e) for e in definition.elementen.values() if e.waardenlijst == number],
        "history": _presence("lijst", number),
    }


def lijst_naam(naam: str) -> str:
    """`W0177 Melkvoeding (HL7)` → `Melkvoeding`."""
    return re.sub(r"^W\d+\s+|\s+\((BDS|HL7)\)$", "", naam)


def _brief(e: Element) -> Member:
    return {
        "bdsnummer": e.bdsnummer,
        "naam": e.naam,
        "groep": e.groep,
        "datatype": e.datatype or e.hl7_datatype,
        "eenheid": e.eenheid,
        "waardenlijst": e.waardenlijst,
        "in_bericht": e.in_bericht,
        "status": e.status,
    }


def _presence(kind: str, number: str) -> list[HistoryRow]:
    return [{"version": v, "exists": _has(load(v), kind, number), "changes": []} for v in versions()]
