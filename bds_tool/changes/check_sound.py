"""Soundness: numbers, lists and names of a package, and whether its conversions keep what was recorded."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from bds_tool.base.text import t
from bds_tool.changes.check_choices import choices
from bds_tool.changes.check_convert import conversions
from bds_tool.changes.check_hands import by_hand
from bds_tool.changes.check_meaning import meanings
from bds_tool.changes.check_outcome import outcome
from bds_tool.changes.check_words import wordings
from bds_tool.changes.findings import Bevinding, bevinding

if TYPE_CHECKING:
    from bds_tool.changes.context import Context
    from bds_tool.changes.package import Regel, Wijziging
    from bds_tool.schema.model import Definition


def soundness(c: Context) -> Iterator[Bevinding]:
    """Everything that makes a package wrong although nothing is missing."""
    words = _vocabulary(c.oud)
    used = {e.waardenlijst for e in c.nieuw.elementen.values()}
    for w in c.pakket.wijzigingen:
        yield from _reuse(c, w)
        if not w.toelichting:
            yield from _names(w, words)
            yield from _lists(c, w, used)
            yield from _element(c, w)
    yield from conversions(c)
    yield from choices(c)
    yield from outcome(c)
    yield from wordings(c)
    yield from by_hand(c)
    yield from meanings(c)
    for rule in c.pakket.regels:
        yield from _rule(c, rule)


# -- numbers and codes -------------------------------------------------------------------------------------------


def _reuse(c: Context, w: Wijziging) -> Iterator[Bevinding]:
    if w.aspect != "toegevoegd":
        return
    veld = w.veld("weergavenaam") if w.tabel == "code" else w.veld("naam")
    name = (veld.naar if veld else "") or w.naam
    for definition in reversed(c.eerder):
        before = _name_in(definition, w)
        if before and name and before != name and not _alike(before, name):
            yield bevinding("WIJZ921", w.id, {"versie": definition.version, "oud": before})
            return


def _name_in(d: Definition, w: Wijziging) -> str:
    if w.tabel == "element" and w.nummer is not None:
        return d.elementen[w.nummer].naam if w.nummer in d.elementen else ""
    if w.tabel == "groep":
        return d.groepen[w.sleutel].naam if w.sleutel in d.groepen else ""
    if w.tabel == "rubriek":
        return d.rubrieken[w.sleutel].naam if w.sleutel in d.rubrieken else ""
    if w.tabel == "lijst" and w.lijst is not None:
        return d.waardenlijsten[w.lijst].naam if w.lijst in d.waardenlijsten else ""
    if (
        w.tabel == "code"
        and w.lijst is not None
        and w.lijst in d.waardenlijsten
        and w.code
        and "#" not in w.sleutel
    ):
        # A code system gives one meaning to a code, in whatever list it stands.
        system = w.sleutel.split("/")[2]
        found = next(
            (x for x in d.waardenlijsten[w.lijst].codes if (x.codesysteem, x.code) == (system, w.code)), None
        )
        return found.weergavenaam if found else ""
    return ""


# -- names -------------------------------------------------------------------------------------------------------


def _tokens(name: str) -> set[str]:
    return {x.lower() for x in re.findall(r"[^\W\d_]{3,}", name)}


def _alike(old: str, new: str) -> bool:
    """Whether two names share a word, or one word is the start of another (jeugdzorg, jeugdhulp: jeugd)."""
    left, right = _tokens(old), _tokens(new)
    if not left or not right:
        return re.sub(r"\W", "", old).lower() == re.sub(r"\W", "", new).lower()
    stems = {x[:5] for x in left}
    return bool(left & right) or any(y[:5] in stems for y in right)


def _names(w: Wijziging, words: frozenset[str]) -> Iterator[Bevinding]:
    veld = w.veld("weergavenaam") if w.tabel == "code" else w.veld("naam")
    if w.aspect == "hernoemd" and veld and veld.van and veld.naar and not _alike(veld.van, veld.naar):
        yield bevinding("WIJZ922", w.id)
    new = veld.naar if veld else ""
    if (
        not new
        or w.aspect not in {"hernoemd", "toegevoegd"}
        or w.tabel not in {"element", "groep", "rubriek"}
    ):
        return
    for word in sorted(_tokens(new) - words):
        known = next((x for x in _swaps(word) if x in words), None)
        if known:
            yield bevinding("WIJZ940", w.id, {"woord": word, "bekend": known})


#: Letters of a word that is looked at; the longest of the BDS has 35, and each letter costs a copy of the word.
LONGEST = 100


def _swaps(word: str) -> Iterator[str]:
    """The word with two neighbouring letters exchanged: the slip that survives reading.

    The last two stay: seksueel and seksuele are both right.
    """
    if 8 <= len(word) <= LONGEST:
        for i in range(len(word) - 2):
            yield word[:i] + word[i + 1] + word[i] + word[i + 2 :]


@lru_cache(maxsize=8)
def _vocabulary_of(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(word for name in names for word in _tokens(name))


def _vocabulary(d: Definition) -> frozenset[str]:
    tables = (d.elementen.values(), d.groepen.values(), d.rubrieken.values())
    return _vocabulary_of(tuple(x.naam for table in tables for x in table))


# -- lists and elements ------------------------------------------------------------------------------------------


def _lists(c: Context, w: Wijziging, used: set[str]) -> Iterator[Bevinding]:
    if (
        w.soort == "lijst-toegevoegd"
        and w.lijst is not None
        and w.lijst[0].startswith("W")
        and w.lijst[0] not in used
    ):
        yield bevinding("WIJZ939", w.id, {"versie": c.pakket.naar})
    if w.soort == "code-toegevoegd" and "#" in w.sleutel and "/!" not in w.sleutel:
        yield bevinding("WIJZ931", w.id, {"codes": w.code})


def _element(c: Context, w: Wijziging) -> Iterator[Bevinding]:
    if w.soort != "element-toegevoegd" or w.nummer is None or w.nummer not in c.nieuw.elementen:
        return
    e = c.nieuw.elementen[w.nummer]
    if not e.in_bericht:
        return
    if not e.datatype and not e.hl7_datatype:
        yield bevinding(
            "WIJZ936",
            w.id,
            {"waarom": t("datatype en waarden zijn niet bekend", "type and values are unknown")},
        )
    elif e.coded and not any(c.nieuw.waardenlijst(e, s) for s in ("HL7", "BDS", "extern")):
        why = t(
            f"de waardenlijst {e.waardenlijst or '?'} is er niet",
            f"value list {e.waardenlijst or '?'} is not there",
        )
        yield bevinding("WIJZ936", w.id, {"waarom": why})
    if "niet in W0647" in e.status:
        yield bevinding("WIJZ943", w.id, {"versie": c.pakket.naar})


# -- rules -------------------------------------------------------------------------------------------------------


def _rule(c: Context, r: Regel) -> Iterator[Bevinding]:
    subject = ("regel", r.id)
    forward = r.richting == "heen"
    source, target = c.side(forward)
    if not r.actief:
        yield bevinding("WIJZ941", subject)
        return
    mode = c.pakket.modus_heen if forward else c.pakket.modus_terug
    if r.modus and mode and r.modus != mode:
        why = t(
            f"zij staat in modus {r.modus}, de conversie gebruikt {mode}",
            f"it is in mode {r.modus}, the conversion uses {mode}",
        )
        yield bevinding("WIJZ930", subject, {"waarom": why})
    yield from _rule_numbers(c, r, source, target)
    if r.doe == "vervalt":
        if r.verlies:
            known = {
                "richting": t("heen", "forward") if forward else t("terug", "back"),
                "verlies": r.verlies,
            }
            yield bevinding("WIJZ942", subject, known)
        else:
            yield bevinding(
                "WIJZ926", subject, {"richting": t("heen", "forward") if forward else t("terug", "back")}
            )
    yield from _rule_codes(r, source, target)
    yield from _rule_path(r, source, target)


def _rule_numbers(c: Context, r: Regel, source: Definition, target: Definition) -> Iterator[Bevinding]:
    subject = ("regel", r.id)
    for number in (*r.elementen, *r.waarnemingen, *r.schrijft):
        if number not in source.elementen and number not in target.elementen:
            yield bevinding(
                "WIJZ933", subject, {"nummer": number, "versie": f"{c.pakket.van}/{c.pakket.naar}"}
            )
    if r.sleutel and not r.sleutel.isdecimal():
        yield bevinding(
            "WIJZ933", subject, {"nummer": r.sleutel, "versie": f"{c.pakket.van}/{c.pakket.naar}"}
        )
    for number in r.waarnemingen:
        e = source.elementen.get(number)
        if e is not None and e.locatie_soort not in {"observation", "observation-other-code"}:
            yield bevinding("WIJZ934", subject, {"nummer": number})
    if r.rubriek:
        for number in r.elementen:
            homes = {d.elementen[number].rubriek for d in (source, target) if number in d.elementen} - {""}
            if homes and r.rubriek not in homes:
                known = {"nummer": number, "rubriek": ", ".join(sorted(homes)), "genoemd": r.rubriek}
                yield bevinding("WIJZ935", subject, known)
    for number in r.schrijft:
        if number not in r.elementen and not any(w.nummer == number for j in r.jgz for w in c.pakket.of(j)):
            yield bevinding("WIJZ937", subject, {"nummer": number})


def _rule_codes(r: Regel, source: Definition, target: Definition) -> Iterator[Bevinding]:
    subject = ("regel", r.id)
    doubles = [code for code, n in Counter(r.codes).items() if n > 1]
    if doubles:
        yield bevinding("WIJZ931", subject, {"codes": ", ".join(doubles)})
    if not r.lijst or not r.codes:
        return
    lijst = target.waardenlijsten.get((r.lijst, "HL7")) or source.waardenlijsten.get((r.lijst, "HL7"))
    listed = [x.code for x in lijst.codes if x.rij == "concept"] if lijst else []
    missing = [code for code in dict.fromkeys(listed) if code not in r.codes]
    if missing:
        yield bevinding("WIJZ932", subject, {"codes": ", ".join(missing), "lijst": r.lijst})
    strange = [code for code in dict.fromkeys(r.codes) if code not in listed]
    if strange:
        way = t("heen", "forward") if r.richting == "heen" else t("terug", "back")
        yield bevinding("WIJZ924", subject, {"codes": ", ".join(strange), "richting": way})


_STEP = re.compile(r"(?<![\w@])([A-Za-z]\w+)\[\1(?=[/\[\]])|(?<![\w@])([A-Za-z]\w+)/\2(?=[/\[\]]|$)")


def _rule_path(r: Regel, source: Definition, target: Definition) -> Iterator[Bevinding]:
    if not r.pad:
        return
    twice = _STEP.search(r.pad)
    if twice:
        yield bevinding("WIJZ938", ("regel", r.id), {"stap": twice[1] or twice[2]})
    for attribute in sorted(set(re.findall(r"@\w+", r.pad)) - _attributes(source) - _attributes(target)):
        yield bevinding("WIJZ944", ("regel", r.id), {"stap": attribute})


#: Attributes of HL7v3 data types, which the paths of elements do not all show.
_HL7 = frozenset({
    "@code", "@codeSystem", "@displayName", "@value", "@unit", "@root", "@extension", "@nullFlavor", "@use",
    "@classCode", "@moodCode", "@typeCode", "@negationInd", "@mediaType", "@type", "@qualifier",
})  # fmt: skip


def _attributes(d: Definition) -> set[str]:
    return set(_HL7) | {found for e in d.elementen.values() for found in re.findall(r"@\w+", e.pad)}
