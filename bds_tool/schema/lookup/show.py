"""Cards as text for a screen: labels in a column, lists below; no ANSI codes."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from bds_tool.base.text import t
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
    ValueRow,
)

_WIDTH = 110
_LABEL = 18

_STATUS = {
    "L": ("actief", "live"),
    "D": ("vervallen", "deprecated"),
    "S": ("specialiseerbaar", "specialisable"),
    "A": ("abstract", "abstract"),
    "": ("onbekend", "unknown"),
}
_ASPECTS = {
    "toegevoegd": ("toegevoegd", "added"),
    "vervallen": ("vervallen", "expired"),
    "hernoemd": ("hernoemd", "renamed"),
    "verplaatst": ("verplaatst", "moved"),
    "datatype": ("datatype", "datatype"),
    "eenheid": ("eenheid", "unit"),
    "bereik": ("bereik", "range"),
    "lijst": ("waardenlijst", "value list"),
    "status": ("status", "status"),
    "kardinaliteit": ("kardinaliteit", "cardinality"),
    "bericht": ("in het bericht", "in the message"),
    "kardinaliteit-bericht": ("kardinaliteit in het bericht", "cardinality in the message"),
    "nullflavor": ("nullFlavor", "nullFlavor"),
    "samenstelling": ("samenstelling", "members"),
    "herkomst": ("herkomst", "source"),
    "volgorde": ("volgorde", "order"),
    "niveau": ("niveau", "level"),
    "binding": ("binding", "binding"),
    "interactie": ("berichtsoort", "message type"),
}


def status_word(letter: str) -> str:
    """`L` → `actief`; a status that is already a word stays as it is."""
    return t(*_STATUS[letter]) if letter in _STATUS else letter


def aspect_word(soort: str) -> str:
    """`element-kardinaliteit-bericht` → `kardinaliteit in het bericht`."""
    aspect = soort.partition("-")[2]
    return t(*_ASPECTS[aspect]) if aspect in _ASPECTS else aspect


def to_text(card: Card) -> str:
    """Any card as text."""
    if card["kind"] == "element":
        lines = _element(card)
    elif card["kind"] == "rubriek":
        lines = _rubriek(card)
    elif card["kind"] == "groep":
        lines = _groep(card)
    else:
        lines = _lijst(card)
    return "\n".join(line.rstrip() for line in lines)


def _line(label: str, value: object) -> Iterable[str]:
    if value in (None, "", []):
        return
    text = str(value)
    first, *rest = textwrap.wrap(text, _WIDTH - _LABEL, break_long_words=False, break_on_hyphens=False) or [
        ""
    ]
    yield f"  {label:<{_LABEL}}{first}"
    for more in rest:
        yield f"  {'':<{_LABEL}}{more}"


def _head(title: str, card: Card) -> Iterable[str]:
    yield f"{title}"
    yield f"BDS {card['version']}"


def _block(title: str, lines: Iterable[str]) -> Iterable[str]:
    content = list(lines)
    if content:
        yield ""
        yield title
        yield from (f"  {line}" for line in content)


def columns(rows: Sequence[Sequence[object]], limit: int = 70) -> list[str]:
    """Rows as aligned lines without a head; long cells are cut with an ellipsis."""
    cells = [[_cut("" if c is None else str(c), limit) for c in r] for r in rows]
    widths = [max(len(r[i]) for r in cells) for i in range(len(cells[0]))] if cells else []
    return ["  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)).rstrip() for r in cells]


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _numbered(item: Named | RubriekCard | GroepCard | ListCard) -> str:
    return f"{item['nummer']} {item['naam']}".strip()


# ---- ELEMENT ---- #


def _element(card: ElementCard) -> Iterable[str]:
    yield from _head(f"{card['bdsnummer']}  {card['naam']}", card)
    yield ""
    yield from _line(
        t("Status", "Status"),
        card["status"] + ("" if card["in_bericht"] else t(", niet in het bericht", ", not in the message")),
    )
    yield from _line("Rubriek", _numbered(card["rubriek"]) if card["rubriek"]["nummer"] else "")
    yield from _line("Groep", " > ".join(map(_numbered, card["groepen"])))
    yield from _line(t("Datatype", "Datatype"), _datatype(card))
    yield from _line(t("Bereik", "Range"), _range(card))
    yield from _line(
        t("Waardenlijst", "Value list"), _with_source(card["waardenlijst"], card["waardenlijst_bron"])
    )
    cardinality = card["cardinality"]
    yield from _line(
        t("Kardinaliteit", "Cardinality"),
        " · ".join(
            x
            for x in (
                t("dataset", "data set")
                + f" {cardinality['data_set']} {cardinality['conformance']}".rstrip(),
                t("bericht", "message")
                + f" {cardinality['message']} {cardinality['message_conformance']}".rstrip(),
            )
            if x
        ),
    )
    yield from _line("nullFlavor", _nullflavors(card["nullflavor"]))
    yield from _line(t("Bericht (DOB)", "Message (DOB)"), card["message"]["pad"])
    for text in _james(card["james"]):
        yield from _line("JAMES", text)
    yield from _help(card["help"])
    yield from _line(t("Zekerheid", "Certainty"), _certainty(card))
    yield from _block(t("Waarden", "Values"), value_lines(card["values"]))
    yield from _block(t("Versies", "Versions"), _history(card["history"]))
    yield from _block(t("Opvolgers", "Successors"), _successions(card["successors"]))
    yield from _block(t("Voorgangers", "Predecessors"), _successions(card["predecessors"]))
    yield from _block(t("Wijzigingsverzoeken", "Change requests"), _request_lines(card["requests"]))
    titles = {
        "protocollen": t("BDS-protocollen", "BDS protocols"),
        "zib": "ZIB",
        "indicatoren": t("Indicatoren", "Indicators"),
        "regels": t("Controleregels", "Validation rules"),
    }
    for kind, title in titles.items():
        yield from _block(title, columns([[u["id"], u["title"]] for u in card["used_by"].get(kind, [])], 90))


def _datatype(card: ElementCard) -> str:
    own, hl7 = card["datatype"], card["hl7_datatype"]
    name = (
        f"{own} (HL7 {hl7})"
        if own and hl7 and own != hl7
        else own or (f"HL7 {hl7}" if hl7 else t("niet bekend", "unknown"))
    )
    unit = t(f", eenheid {card['eenheid']}", f", unit {card['eenheid']}") if card["eenheid"] else ""
    length = (
        t(f", hoogstens {card['max_lengte']} tekens", f", at most {card['max_lengte']} characters")
        if card["max_lengte"]
        else ""
    )
    inferred = t(" — afgeleid", " — inferred") if card["datatype_bron"].startswith("afgeleid") else ""
    return name + unit + length + inferred


def _range(card: ElementCard) -> str:
    low, high = card["minimum"], card["maximum"]
    if low is None and high is None:
        return ""
    return (
        f"{low if low is not None else '…'} – {high if high is not None else '…'} {card['eenheid']}".rstrip()
    )


def _with_source(value: str, source: str) -> str:
    return f"{value} ({source})" if value and source else value


def _nullflavors(flavors: list[str]) -> str:
    return t("elke", "any") if flavors == ["any"] else ", ".join(flavors)


def _help(found: dict[str, str]) -> Iterable[str]:
    """What the BDS itself says about the element, or where that stands, or that nobody found it."""
    yield from _line(t("Definitie", "Definition"), found["definitie"])
    yield from _line(t("Toelichting", "Note"), found["toelichting"])
    if found["stand"] == "vindplaats":
        yield from _line(
            t("Helptekst", "Help text"), t(f"staat bij {found['bron']}", f"is at {found['bron']}")
        )
    elif found["stand"] == "voorstel":
        yield from _line(t("Helptekst", "Help text"), t("voorstel", "proposal"))
    elif found["stand"] == "niet gevonden":
        yield from _line(
            t("Helptekst", "Help text"), t("niet in openbare bronnen gevonden", "not found in public sources")
        )


def _certainty(card: ElementCard) -> str:
    words = {
        "A": t("A: schematron of dataset", "A: schematron or data set"),
        "B": t("B: conversie of bericht", "B: conversion or message"),
        "C": t("C: afgeleid uit de vorm", "C: inferred from the shape"),
    }
    return " · ".join(
        x for x in (words.get(card["zekerheid"], t("niet vermeld", "not stated")), card["bron"]) if x
    )


def _james(fields: list[JamesRow]) -> Iterable[str]:
    """One line per demand, with the formats that share it."""
    groups: dict[str, list[str]] = {}
    for f in fields:
        place = "" if f["plaats"] == "alle" else f["plaats"]
        limits = (
            f"{f['minimum'] or '…'}–{f['maximum'] or '…'} {f['eenheid']}".strip()
            if f["minimum"] or f["maximum"]
            else ""
        )
        codes = t("codes ", "codes ") + " ".join(f["codes"]) if f["codes"] else ""
        checked = {
            "ja": "",
            "nee": t("niet gecontroleerd", "not checked"),
            "ongeldig": t("altijd ongeldig", "always invalid"),
        }
        text = ", ".join(
            x for x in (place, f["json_type"], codes, f["patroon"], limits, checked[f["gecontroleerd"]]) if x
        )
        groups.setdefault(text, []).append(f["formaat"])
    for text, formats in groups.items():
        yield f"{', '.join(dict.fromkeys(formats))}: {text}" if text else ", ".join(dict.fromkeys(formats))


def value_lines(values: list[ValueRow], limit: int = 40) -> list[str]:
    """Codes in both codings with their names; long lists end with a count and the command for the rest."""
    if not values:
        return []
    shown = values if len(values) <= limit else values[: limit - 10]
    rows = [["BDS", "HL7", t("naam", "name"), t("status", "status")]]
    rows += [[v["bds_code"] or "-", v["hl7_code"] or "-", v["naam"], _value_status(v)] for v in shown]
    lines = columns(rows)
    if len(shown) < len(values):
        lines.append(
            t(
                f"… en nog {len(values) - len(shown)}; `bds spec values` toont ze alle.",
                f"… and {len(values) - len(shown)} more; `bds spec values` shows all.",
            )
        )
    return lines


def _value_status(value: ValueRow) -> str:
    word = "" if value["status"] == "L" else status_word(value["status"])
    return ", ".join(x for x in (word, "nullFlavor" if value["nullflavor"] else "") if x)


def _history(history: list[HistoryRow]) -> list[str]:
    rows = []
    for h in history:
        if not h["exists"]:
            rows.append([h["version"], t("bestaat niet", "does not exist"), ""])
            continue
        presence = (
            t("in het bericht", "in the message")
            if h.get("in_bericht", True)
            else t("niet in het bericht", "not in the message")
        )
        rows.append([h["version"], presence, "; ".join(_change_text(h["changes"]))])
    return columns(rows, 150)


def _change_text(changes: list[ChangeRow]) -> Iterable[str]:
    codes: dict[str, list[str]] = {}
    for c in changes:
        if c["tabel"] == "code":
            codes.setdefault(c["soort"], []).append(c["sleutel"].rpartition("/")[2].lstrip("!*"))
        elif c["soort"].endswith(("-toegevoegd", "-vervallen")):
            yield aspect_word(c["soort"])
        elif c["soort"] == "element-bericht":
            yield t("andere plaats in het bericht", "other place in the message")
        else:
            fields = "; ".join(f"{v['van'] or '∅'} → {v['naar'] or '∅'}" for v in c["velden"])
            yield f"{aspect_word(c['soort'])}: {fields}"
    for soort, keys in codes.items():
        unique = list(dict.fromkeys(keys))
        listed = ", ".join(unique[:12]) + (" …" if len(unique) > 12 else "")
        yield t(f"waarde {aspect_word(soort)}: {listed}", f"value {aspect_word(soort)}: {listed}")


def _successions(items: list[SuccessionRow]) -> list[str]:
    lines = []
    for s in items:
        lines.append(
            f"{s['bdsnummer']} {s['naam']}".rstrip()
            + t(
                f" ({s['aard']}, sinds {s['sinds']}, zekerheid {s['zekerheid']})",
                f" ({s['aard']}, since {s['sinds']}, certainty {s['zekerheid']})",
            )
        )
        lines += [f"  {line}" for line in textwrap.wrap(s["toelichting"], _WIDTH - 6)]
    return lines


def _request_lines(items: list[RequestRow]) -> list[str]:
    return columns(
        [
            [
                r["verzoek"],
                f"{r['van']} → {r['naar']}",
                t("ook: ", "also: ") + ", ".join(r["ook"]) if r["ook"] else "",
            ]
            for r in items
        ],
        80,
    )


# ---- RUBRIEK, GROEP, LIJST ---- #


def _members(elements: list[Member]) -> list[str]:
    if not elements:
        return []
    head = ["nr", t("naam", "name"), "groep", t("type", "type"), t("lijst", "list"), t("status", "status")]
    rows = [
        [
            e["bdsnummer"],
            e["naam"],
            e["groep"],
            " ".join(x for x in (e["datatype"], e["eenheid"]) if x),
            e["waardenlijst"],
            "" if e["in_bericht"] else t("niet in bericht", "not in message"),
        ]
        for e in elements
    ]
    return columns([head, *rows], 60)


def _rubriek(card: RubriekCard) -> Iterable[str]:
    yield from _head(_numbered(card), card)
    yield ""
    yield from _line(t("Status", "Status"), status_word(card["status"]))
    yield from _line(t("Binding", "Binding"), card["binding"])
    cardinality = card["cardinality"]
    per = cardinality["per_activiteit"]
    yield from _line(
        t("Kardinaliteit", "Cardinality"),
        t("dataset", "data set")
        + f" {cardinality['data_set']}"
        + (t(f" · per activiteit {per}", f" · per activity {per}") if per != "?" else ""),
    )
    yield from _line(t("Bericht (DOB)", "Message (DOB)"), card["message"]["pad"])
    yield from _contents(card)


def _contents(card: RubriekCard | GroepCard) -> Iterable[str]:
    """The end of the card of a rubriek or groep: its versions and what is in it."""
    yield from _line(
        t("Versies", "Versions"), ", ".join(h["version"] for h in card["history"] if h["exists"])
    )
    yield from _block(
        t("Groepen", "Groups"), columns([[g["nummer"], g["naam"]] for g in card["groepen"]], 80)
    )
    yield from _block(t("Elementen", "Elements"), _members(card["elementen"]))
    yield from _block(t("Wijzigingsverzoeken", "Change requests"), _request_lines(card["requests"]))


def _groep(card: GroepCard) -> Iterable[str]:
    yield from _head(_numbered(card), card)
    yield ""
    presence = "" if card["in_bericht"] else t(", niet in het bericht", ", not in the message")
    yield from _line(t("Status", "Status"), status_word(card["status"]) + presence)
    yield from _line("Rubriek", _numbered(card["rubriek"]) if card["rubriek"]["nummer"] else "")
    if card["bovenliggende_groep"]:
        yield from _line(t("Binnen groep", "Inside group"), _numbered(card["bovenliggende_groep"]))
    yield from _line(
        t("Kardinaliteit", "Cardinality"),
        t("dataset", "data set")
        + f" {card['cardinality']['data_set']} · "
        + t("bericht", "message")
        + f" {card['cardinality']['message']}",
    )
    yield from _contents(card)


def _lijst(card: ListCard) -> Iterable[str]:
    yield from _head(_numbered(card), card)
    yield ""
    for coding in card["codings"]:
        yield from _line(
            coding["soort"],
            f"{coding['codes']} codes · {coding['status']} · {', '.join(coding['valuesets'])}",
        )
    yield from _line(
        t("Versies", "Versions"), ", ".join(h["version"] for h in card["history"] if h["exists"])
    )
    yield from _block(t("Waarden", "Values"), value_lines(card["values"]))
    yield from _block(t("Elementen", "Elements"), _members(card["elementen"]))
