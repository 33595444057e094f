"""What people write in a package: dates, names, notes, and the made-up children of its examples."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from bds_tool.base import clock
from bds_tool.base.identifiers import is_bsn
from bds_tool.base.text import t
from bds_tool.changes.check_outcome import folded, used_names
from bds_tool.changes.findings import Bevinding, bevinding
from bds_tool.changes.package import SETTLED

if TYPE_CHECKING:
    from bds_tool.changes.context import Context
    from bds_tool.changes.package import Pakket, Rij, Verzoek, Wijziging

#: No BDS is older, and no decision about one lies further ahead.
_FIRST, _AHEAD = 2007, 5
#: Decisions that somebody took on a day.
_DECIDED = frozenset({"geadviseerd", "geaccordeerd", "afgewezen"})
#: What a cell of a spreadsheet says when what it pointed at is gone, in Dutch and in English.
_LOST = re.compile(
    r"#(?:N/[AB]|REF!|VERW!|NAME\?|NAAM\?|VALUE!|WAARDE!|DIV/0!|DEEL/0!|NUM!|GETAL!|NULL!|LEEG!|SPILL!|OVERLOOP!)"
)
#: A place on the disk of somebody, or an address that runs something: nobody else can follow it.
_OWN_PLACE = re.compile(
    r"(?i)\b[a-z]:[\\/]|\\\\\w|\bfile:|\b(?:java|vb)script:|\bdata:\w+/|(?:^|\s)(?:/home/|/Users/|~/)"
    # A host without a dot, or one of a private network; and marks of a page.
    r"|\bhttps?://(?:[\w-]+(?:[:/]|\s|$)|127\.|10\.|192\.168\.)|</?[a-z][^<>]*>"
)
#: A formula, or a whole name in quotation marks.
_CELL = re.compile(r"^[=@]|^[+-]\w|^([\"'“”„‘’«]).*[\"'“”‘’»]$")
#: Signs that a text was copied from a page, a program or a template, or that a part of it is lost.
_MARKUP = re.compile(
    r"<[^>]*>|</|&\w+;|&#|\*\*|__|\]\(|\{\{|\{\$|\$\{|[\x00-\x1f\x7f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffd]|https?://|\\[nt]|\?{2,}|^\s|\s$|\s{2,}"
)
_MAIL, _PHONE = (
    re.compile(r"[\w.+-]+@[\w-]+\.\w+"),
    re.compile(r"(?<!\d)(?:\+31|0031|0)[ -]?[1-9](?:[ -]?\d){8}(?!\d)"),
)
_POSTCODE = re.compile(r"\b[1-9]\d{3} ?[A-Z]{2}\b(?: \d{1,4})?")
#: Two or more words with a capital, with the small words of Dutch names between them.
_PERSON = re.compile(r"\b[A-Z][a-zà-ÿ]+(?: (?:van|de|der|den|het|ten|ter|el|al|ben|'t))* [A-Z][a-zà-ÿ]+\b")
#: More points than this and it is an OID.
_POINTS = 3
#: Words that an example may use for any text, and places that hold the name of a person.
_MADE_UP = re.compile(r"(?i)voorbeeld|test|fictief|proef|onbekend|anders|tekst|jansen-test|xxx")
_NAMED = re.compile(r"naam|voorvoegsel|roepnaam|initialen|straat|e-?mail|telefoon", re.IGNORECASE)
#: A number of an element in the words of a note: after these words, or at its start.
_MENTION = re.compile(
    r"(?i)\b(?:element|nummer|door|zie|gebruik|naar|bij|in)\s+(?:element\s+|bds[- ]?)?(\d{1,5})\b"
)


def wordings(c: Context) -> Iterator[Bevinding]:
    """Findings about dates, names, notes and examples."""
    yield from _dates(c.pakket)
    yield from _names(c)
    yield from _renames(c)
    yield from _successors(c)
    for v in c.pakket.verzoeken.values():
        yield from _decision(c.pakket, v)
        yield from _persons(c, v)
    for subject, field, text in c.pakket.texts():
        if _bsn(text) or _MAIL.search(text) or _PHONE.search(text):
            why = t(
                f"een nummer of adres van een persoon bij {field}",
                f"a number or address of a person in {field}",
            )
            yield bevinding("WIJZ959", subject, {"nummer": "—", "waarom": why})
        if found := _LOST.search(text) or _OWN_PLACE.search(text):
            yield bevinding("WIJZ985", subject, {"veld": field, "tekst": found[0].strip()})


# -- dates -------------------------------------------------------------------------------------------------------


def impossible(text: str) -> bool:
    """Whether a text that should be a year, a month or a day is none, or lies where no BDS was or will be."""
    parts = re.fullmatch(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?(?:T\d{2}:\d{2}(?::\d{2})?)?", text)
    if parts is None:
        return True
    try:
        found = date(int(parts[1]), int(parts[2] or 1), int(parts[3] or 1))
    except ValueError:
        return True
    return not _FIRST <= found.year <= clock.today().year + _AHEAD


def _dates(p: Pakket) -> Iterator[Bevinding]:
    head = ("pakket", p.naam)
    if p.datum and impossible(p.datum):
        yield bevinding("WIJZ950", head, {"veld": "datum", "datum": p.datum})
    if not p.datum and p.status in SETTLED:
        yield bevinding(
            "WIJZ954",
            head,
            {
                "waarom": t(
                    f"het pakket is {p.status}, zonder datum", f"the package is {p.status}, without a date"
                )
            },
        )
    for v in p.verzoeken.values():
        late = v.besluitdatum > clock.today().isoformat()
        if v.besluitdatum and (late or impossible(v.besluitdatum)):
            yield bevinding("WIJZ950", ("verzoek", v.jgz), {"veld": "besluitdatum", "datum": v.besluitdatum})
    for w in p.wijzigingen:
        for field in w.velden:
            if field.veld in {"ingang", "datum"} and field.naar and impossible(field.naar[:10]):
                yield bevinding("WIJZ950", w.id, {"veld": field.veld, "datum": field.naar})


def _decision(p: Pakket, v: Verzoek) -> Iterator[Bevinding]:
    if v.besluit in _DECIDED and not v.besluitdatum and p.status != "gepubliceerd":
        yield bevinding(
            "WIJZ954",
            ("verzoek", v.jgz),
            {
                "waarom": t(
                    f"het besluit is {v.besluit}, zonder besluitdatum",
                    f"the decision is {v.besluit}, without a date",
                )
            },
        )
    if v.besluitdatum and v.besluit in {"ingediend", "onbekend"}:
        yield bevinding(
            "WIJZ954",
            ("verzoek", v.jgz),
            {
                "waarom": t(
                    f"er is een besluitdatum, en het besluit is {v.besluit}",
                    f"there is a date of decision, and the decision is {v.besluit}",
                )
            },
        )


# -- names -------------------------------------------------------------------------------------------------------


def _named(w: Wijziging) -> str:
    field = w.veld("weergavenaam") or w.veld("naam")
    return field.naar if field is not None and w.aspect in {"toegevoegd", "hernoemd"} else ""


def _picture(sign: str) -> bool:
    """A picture, or a sign that has no meaning but one's own; of the old signs (°, ©) names make use."""
    kind = unicodedata.category(sign)
    return kind in {"Co", "Cn", "Cs"} or (kind == "So" and ord(sign) > 0xFF)


def _names(c: Context) -> Iterator[Bevinding]:
    if not c.concept:
        return
    used = used_names(c.nieuw)
    for w in c.pakket.wijzigingen:
        name = _named(w)
        if w.aspect in {"toegevoegd", "hernoemd"} and w.tabel in used and not name.strip():
            yield bevinding("WIJZ955", w.id, {"waarom": t("er is geen naam", "there is no name")})
        if not name:
            continue
        if _MARKUP.search(name):
            yield bevinding(
                "WIJZ955",
                w.id,
                {
                    "waarom": t(
                        "opmaak, een sjabloon of vreemde tekens", "markup, a template or strange characters"
                    )
                },
            )
        elif _LOST.search(name) or _CELL.search(name) or any(map(_picture, name)):
            why = t("een formule, een kapotte verwijzing, aanhalingstekens of een plaatje",
                    "a formula, a broken reference, quotation marks or a picture")  # fmt: skip
            yield bevinding("WIJZ955", w.id, {"waarom": why})
        elif w.tabel == "code" and name.isdecimal() and name == w.sleutel.rpartition("/")[2]:
            yield bevinding("WIJZ955", w.id, {"waarom": t("het is de code zelf", "it is the code itself")})
        elif not re.search(r"[^\W\d_]", name) and w.tabel != "code":
            yield bevinding("WIJZ955", w.id, {"waarom": t("er staat geen woord in", "it holds no word")})
        own = w.sleutel.partition("/")[0]
        others = [k for k in used.get(w.tabel, {}).get(folded(name), ()) if k.partition("/")[0] != own]
        if others:
            yield bevinding("WIJZ947", w.id, {"naam": name, "ander": others[0]})


def _renames(c: Context) -> Iterator[Bevinding]:
    """Names that change places: what was called A is now B, and what was called B is now A."""
    taken: dict[tuple[str, str], Wijziging] = {}
    renames = [w for w in c.pakket.wijzigingen if w.aspect == "hernoemd"]

    def scope(w: Wijziging) -> str:
        return "/".join(w.sleutel.split("/")[:2]) if w.tabel == "code" else w.tabel

    def name(w: Wijziging, *, old: bool) -> str:
        field = w.veld("weergavenaam") or w.veld("naam")
        return folded((field.van if old else field.naar) if field else "")

    for w in renames:
        taken[scope(w), name(w, old=True)] = w
    for w in renames:
        other = taken.get((scope(w), name(w, old=False)))
        if other is not None and other.id != w.id and name(w, old=False):
            yield bevinding("WIJZ957", w.id, {"ander": other.sleutel})


# -- notes -------------------------------------------------------------------------------------------------------


def _successors(c: Context) -> Iterator[Bevinding]:
    live = c.nieuw.in_bericht
    for w in c.pakket.wijzigingen:
        if w.afschaffing is None:
            continue
        named = [str(n) for n in w.afschaffing.opvolger]
        # 1900 to 2099 in a text is a year.
        said = _MENTION.findall(f"{w.afschaffing.overgang} {w.afschaffing.toelichting}") if c.concept else []
        named += [n for n in said if not 1900 <= int(n) < 2100 and not (w.tabel == "code" and n == w.code)]
        missing = [n for n in named if int(n) not in live or n == w.sleutel]
        if missing:
            yield bevinding("WIJZ973", w.id, {"nummer": ", ".join(missing), "versie": c.nieuw.version})


# -- examples ----------------------------------------------------------------------------------------------------


def _persons(c: Context, v: Verzoek) -> Iterator[Bevinding]:
    told: set[str] = set()
    known = _plain_names(c)
    for number, x in enumerate(v.voorbeelden, start=1):
        for row in (*x.voor, *x.na, *(x.weerom or ())):
            why = _personal(c, row, known)
            if why and why not in told:
                told.add(why)
                yield bevinding("WIJZ959", ("verzoek", v.jgz), {"nummer": number, "waarom": why})


def _bsn(text: str) -> bool:
    digits = re.findall(r"(?<!\d)\d{9}(?!\d)", re.sub(r"(?<=\d)[ .-](?=\d)", "", text))
    return any(is_bsn(d) for d in digits)


def _personal(c: Context, row: Rij, known: frozenset[str]) -> str:
    """What in a row may be about a real person; never the value itself."""
    number = int(row.get("bdsnummer") or 0)
    e = c.nieuw.elementen.get(number) or c.oud.elementen.get(number)
    coded = bool(row.get("codesysteem")) or (e is not None and e.coded)
    texts = (
        [str(row.get("tekst") or "")]
        if coded
        else [str(row.get("waarde") or ""), str(row.get("tekst") or "")]
    )
    for text in texts:
        if not text or text in known or text in _code_names(c, number):
            continue
        if text.count(".") <= _POINTS and _bsn(text):
            return t("een getal dat een BSN kan zijn", "a number that may be a BSN")
        if _MAIL.search(text) or _PHONE.search(text) or _POSTCODE.search(text):
            return t(
                "een adres, telefoonnummer of e-mailadres", "an address, telephone number or e-mail address"
            )
        plain = e is None or e.datatype in {"AN", ""}
        if not _MADE_UP.search(text) and plain and not coded:
            if _PERSON.search(text):
                return t("een naam van een persoon", "a name of a person")
            if e is not None and _NAMED.search(e.naam) and re.search(r"[^\W\d_]{2}", text) and number < 1332:
                return t(f"een echte waarde bij {number} {e.naam}", f"a real value at {number} {e.naam}")
    return ""


def _plain_names(c: Context) -> frozenset[str]:
    """Names of elements and rubrieken are no names of people."""
    both = (c.oud, c.nieuw)
    found = {e.naam for d in both for e in d.elementen.values()} | {
        r.naam for d in both for r in d.rubrieken.values()
    }
    return frozenset(found)


def _code_names(c: Context, number: int) -> frozenset[str]:
    found: set[str] = set()
    for d in (c.oud, c.nieuw):
        e = d.elementen.get(number)
        for soort in ("HL7", "BDS", "extern") if e is not None and e.waardenlijst else ():
            lijst = d.waardenlijsten.get((e.waardenlijst, soort)) if e else None
            found |= {x.weergavenaam for x in lijst.codes} if lijst else set()
    return frozenset(found)
