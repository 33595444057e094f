"""What hands and spreadsheets do to a package.

Words that say nothing yet, strange letters, codes of another form, keys copied from a neighbour, names of what is not there.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from bds_tool.base.text import t
from bds_tool.changes.check_outcome import folded
from bds_tool.changes.findings import Bevinding, bevinding
from bds_tool.changes.new import UNNUMBERED
from bds_tool.changes.package import SETTLED
from bds_tool.changes.plan import JOINED, SAME, derivations
from bds_tool.schema.loading import versions

if TYPE_CHECKING:
    from bds_tool.changes.context import Context
    from bds_tool.changes.package import Pakket, Verzoek, Wijziging
    from bds_tool.schema.model import Code, Definition, Element

Subject = tuple[str, str]
#: What people type where a decision must still be taken; compared with the folded text as a whole.
_EMPTY = re.compile(
    r"(|x+|nvt|n v t|na|n a|tb[acd]|geen|niets|niks|idem|later|test|asdf|onduidelijk|in overleg|placeholder|invullen|aanvullen"
    r"|(komt|volgt)( nog| later)?|nader\b.*|nog\b.*|zie (mail|e mail|teams|boven|onder|bijlage|overleg|notulen|verslag)\b.*"
    r"|lorem ipsum\b.*|bla( bla)*)"
)
_UNDONE = re.compile(r"(?i)\b(todo|tbd|fixme)\b")
#: Exceptions of HL7v3 (code system 2.16.840.1.113883.5.1008), and the word of the BDS for each of them.
_NULL_FLAVORS = frozenset(
    ["NI", "INV", "DER", "OTH", "NINF", "PINF", "UNC", "MSK", "NA", "UNK", "ASKU", "NAV", "NASK", "TRC", "QS", "NP", "any"]
)  # fmt: skip
#: The longest name so far has 129 signs (elements, groups, rubrieken); the BDS has no limit.
_LONGEST = 200
#: From how many codes on a list shows which form its codes have.
_ENOUGH = 2


def by_hand(c: Context) -> Iterator[Bevinding]:
    """Findings about a package that is being written."""
    from bds_tool.changes.impact import known_names

    if not c.concept:
        return
    for subject, field, text in c.pakket.texts():
        if _says_nothing(field, text):
            yield bevinding("WIJZ979", subject, {"veld": field})
    yield from _head(c)
    known = known_names()
    for v in c.pakket.verzoeken.values():
        yield from _request(c.pakket, v)
        yield from _touched(v, known)
    for w in c.pakket.wijzigingen:
        yield from _name(w)
        yield from _columns(w)
        yield from _new_element(c, w)
        if w.tabel == "code":
            yield from _code(c, w)
        yield from _heir(c, w)
        yield from _taken_over(c, w)


def _says_nothing(field: str, text: str) -> bool:
    # `onbekend` for a cause is an answer, and asked about elsewhere.
    words = folded(text)
    return bool(_EMPTY.fullmatch(words) or _UNDONE.search(text)) or (
        words == "onbekend" and field != "aanleiding"
    )


def _head(c: Context) -> Iterator[Bevinding]:
    p, subject = c.pakket, ("pakket", c.pakket.naam)
    if not p.bron:
        yield bevinding("WIJZ979", subject, {"veld": "bron"})
    if not p.titel.strip():
        yield bevinding("WIJZ979", subject, {"veld": "titel"})
    if p.status == "gepubliceerd":
        why = t(f"het noemt zich gepubliceerd, en BDS {p.naar} is hier niet",
                f"it calls itself published, and BDS {p.naar} is not here")  # fmt: skip
        yield bevinding("WIJZ954", subject, {"waarom": why})
    if _parts(p.naar) <= _parts(p.van):
        yield bevinding("WIJZ953", subject, {"moet": t(f"later dan {p.van}", f"later than {p.van}")})
    if p.datum and c.oud.datum and p.datum < c.oud.datum[: len(p.datum)]:
        yield bevinding("WIJZ950", subject, {"veld": "datum", "datum": p.datum})


def _parts(version: str) -> list[int]:
    return [int(x) for x in re.findall(r"\d+", version)]


# -- requests ----------------------------------------------------------------------------------------------------


def _request(p: Pakket, v: Verzoek) -> Iterator[Bevinding]:
    subject = ("verzoek", v.jgz)
    if not re.fullmatch(rf"JGZP?-\d+|{UNNUMBERED}.*", v.jgz):
        why = t("het nummer heeft niet de vorm JGZ-123", "the number has not the form JGZ-123")
        yield bevinding("WIJZ911", subject, {"waarom": why})
    for name, title in _earlier(p, v.jgz):
        if folded(title) != folded(v.titel):
            why = t(
                f"het nummer is al van een verzoek in {name}", f"the number is that of a request in {name}"
            )
            yield bevinding("WIJZ911", subject, {"waarom": why})
    if bool(v.titel_en) != bool(v.aanleiding_en):
        why = t("de Engelse tekst is half: titel en aanleiding horen samen",
                "the English text is half: title and cause belong together")  # fmt: skip
        yield bevinding("WIJZ911", subject, {"waarom": why})
    if p.status == "ter besluit" and v.besluit == "onbekend":
        why = t("het pakket ligt ter besluit, en de stand van dit verzoek is onbekend",
                "the package is up for decision, and the state of this request is unknown")  # fmt: skip
        yield bevinding("WIJZ911", subject, {"waarom": why})
    if p.status in SETTLED and p.datum and v.besluitdatum[: len(p.datum)] > p.datum:
        why = t(f"het besluit is van {v.besluitdatum}, het pakket van {p.datum}",
                f"the decision is of {v.besluitdatum}, the package of {p.datum}")  # fmt: skip
        yield bevinding("WIJZ954", subject, {"waarom": why})


def _earlier(p: Pakket, jgz: str) -> Iterator[tuple[str, str]]:
    """(package, title) of other packages with a request of this number."""
    from bds_tool.changes.loading import find, load_package, packages

    if jgz.startswith(UNNUMBERED):
        return
    for van, naar in packages():
        if naar in versions() and (van, naar) != (p.van, p.naar):
            other = load_package(find(van, naar)).verzoeken.get(jgz)
            if other is not None:
                yield f"{van}-{naar}", other.titel


def _touched(v: Verzoek, known: Mapping[str, frozenset[str]]) -> Iterator[Bevinding]:
    """What a request says that it touches must be there."""
    for kind, names in known.items():
        wrong = [x for x in getattr(v.geraakt, kind) if x not in names and x != "-"]
        if wrong:
            yield bevinding("WIJZ980", ("verzoek", v.jgz), {"kind": kind, "namen": ", ".join(wrong[:5])})


# -- names and columns -------------------------------------------------------------------------------------------


def _name(w: Wijziging) -> Iterator[Bevinding]:
    field = w.veld("weergavenaam") or w.veld("naam")
    if field is None or w.aspect not in {"toegevoegd", "hernoemd"}:
        return
    if any(unicodedata.category(x) in {"Cf", "Co", "Cn"} for x in field.naar):
        yield bevinding(
            "WIJZ955", w.id, {"waarom": t("er staat een onzichtbaar teken in", "it holds an invisible sign")}
        )
    mixed = next((x for x in re.findall(r"[^\W\d_]+", field.naar) if len(_scripts(x)) > 1), "")
    if mixed:
        why = t(f"in {mixed} staan letters van twee schriften", f"{mixed} holds letters of two scripts")
        yield bevinding("WIJZ955", w.id, {"waarom": why})
    if w.tabel != "code" and len(field.naar) > _LONGEST:
        yield bevinding(
            "WIJZ955", w.id, {"waarom": t("hij is te lang om te lezen", "it is too long to read")}
        )


def _scripts(word: str) -> set[str]:
    """The alphabets of a word: LATIN, CYRILLIC, GREEK; signs that only look like letters are none."""
    return {
        unicodedata.name(x, "").partition(" ")[0]
        for x in word
        if unicodedata.category(x) in {"Lu", "Ll", "Lt"}
    } - {"MICRO"}


def _columns(w: Wijziging) -> Iterator[Bevinding]:
    field = w.veld("nullflavor")
    for word in field.naar.split() if field is not None and w.tabel == "element" else ():
        if word not in _NULL_FLAVORS:
            why = t(f"{word} is geen nullFlavor van HL7", f"{word} is no nullFlavor of HL7")
            yield bevinding("WIJZ977", w.id, {"veld": "nullflavor", "waarom": why})


def _new_element(c: Context, w: Wijziging) -> Iterator[Bevinding]:
    e = c.nieuw.elementen.get(w.nummer or 0)
    if e is None or w.tabel != "element":
        return
    if w.aspect == "toegevoegd":
        if "vervallen" in e.status or e.status == "deprecated":
            yield bevinding(
                "WIJZ910",
                w.id,
                {"waarom": t("het is nieuw en meteen vervallen", "it is new and expired at once")},
            )
        wanted = [
            f
            for f in ("card_min", "card_bericht_min")
            if (v := w.veld(f)) is not None and v.naar not in {"", "0"}
        ]
        if wanted and not w.toelichting:
            yield bevinding("WIJZ974", w.id, {"velden": ", ".join(wanted)})
    if e.in_bericht and e.pad.endswith("@negationInd") and e.hl7_datatype != "BL":
        why = t(
            "een toestemming staat in het bericht als ja of nee (BL)",
            "a consent is yes or no (BL) in the message",
        )
        yield bevinding("WIJZ978", w.id, {"waarom": why})
    field = w.veld("template_id")
    if field is not None and field.naar and e.locatie_soort == "observation":
        shared = [o.bdsnummer for o in c.nieuw.in_bericht.values()
                  if o.template_id == field.naar and o.locatie_soort == "observation" and o is not e]  # fmt: skip
        if shared:
            why = t(
                f"template {field.naar} is van {shared[0]}", f"template {field.naar} belongs to {shared[0]}"
            )
            yield bevinding("WIJZ978", w.id, {"waarom": why})


# -- codes -------------------------------------------------------------------------------------------------------


def _code(c: Context, w: Wijziging) -> Iterator[Bevinding]:
    lijst = c.nieuw.waardenlijsten.get(w.lijst) if w.lijst else None
    if lijst is None or w.lijst is None or w.aspect != "toegevoegd":
        return
    system = w.veld("codesysteem").naar if w.veld("codesysteem") else w.sleutel.split("/")[2]  # type: ignore[union-attr]
    place = next((n for n, x in enumerate(lijst.codes) if (x.code, x.codesysteem) == (w.code, system)), None)
    if place is None or lijst.codes[place].rij != "concept":
        return
    mine = lijst.codes[place]
    others = [x.code for x in lijst.codes if x is not mine and x.rij == "concept" and x.codesysteem == system]
    old = [
        x
        for x in others
        if w.lijst not in c.oud.waardenlijsten
        or any(x == y.code for y in c.oud.waardenlijsten[w.lijst].codes)
    ]
    if len(old) >= _ENOUGH and (odd := _odd_form(mine.code, old)):
        yield bevinding("WIJZ982", w.id, {"waarom": odd})
    level, above = mine.niveau or 0, (lijst.codes[place - 1].niveau or 0) if place else -1
    if level > above + 1:
        why = t(
            f"niveau {level} volgt op niveau {max(above, 0)}", f"level {level} follows level {max(above, 0)}"
        )
        yield bevinding("WIJZ977", w.id, {"veld": "niveau", "waarom": why})
    meaning = _elsewhere(c.nieuw, w.lijst, mine)
    if meaning:
        why = t(
            f"code {mine.code} heet daarin al {meaning}",
            f"code {mine.code} is called {meaning} in it already",
        )
        yield bevinding("WIJZ948", w.id, {"oid": system, "waarom": why})


def _odd_form(code: str, others: list[str]) -> str:
    """How a code differs from all others of its list: other signs, or another width where zeros lead."""
    if all(x.isdecimal() for x in others) and not code.isdecimal():
        return t("alle andere codes zijn cijfers", "all other codes are digits")
    widths = Counter(map(len, others))
    if len(widths) == 1 and any(x.startswith("0") for x in others) and len(code) not in widths:
        return t(
            f"alle andere codes hebben {len(others[0])} tekens",
            f"all other codes have {len(others[0])} signs",
        )
    return ""


def _elsewhere(d: Definition, lijst: tuple[str, str] | None, mine: Code) -> str:
    """The other name that the same code of the same system has in another list."""
    for key, other in d.waardenlijsten.items():
        for x in other.codes if key != lijst and mine.codesysteem else ():
            same = x.rij == "concept" and (x.code, x.codesysteem) == (mine.code, mine.codesysteem)
            if same and folded(x.weergavenaam) != folded(mine.weergavenaam):
                return x.weergavenaam
    return ""


# -- successors --------------------------------------------------------------------------------------------------


def _heir(c: Context, w: Wijziging) -> Iterator[Bevinding]:
    """A successor that is new in this package, and gets nothing of what it succeeds."""
    if w.tabel != "element" or w.afschaffing is None or w.toelichting or w.afschaffing.toelichting:
        return
    for number in w.afschaffing.opvolger:
        new = c.pakket.by_id.get(("element-toegevoegd", str(number)))
        if new is None or new.toelichting or (w.heen is not None and w.heen.element == number):
            continue
        read = (
            {n for parts, _ in derivations(new.heen) for n, _ in parts}
            if new.heen and new.heen.doe == "afleiden"
            else set()
        )
        if w.nummer not in read:
            yield bevinding("WIJZ981", w.id, {"nummer": number})


def _taken_over(c: Context, w: Wijziging) -> Iterator[Bevinding]:
    """A value that is taken over as it is must be of the kind of its new element; only text can be joined."""
    target = c.nieuw.elementen.get(w.nummer or 0)
    if target is None or w.heen is None or w.heen.doe != "afleiden":
        return
    for parts, value in derivations(w.heen):
        if value == JOINED and _kind(target) != "AN":
            why = t(
                "waarden samenvoegen geeft tekst, en dit element is geen tekst",
                "joining values gives text, and this is no text",
            )
            yield bevinding("WIJZ978", w.id, {"waarom": why})
        sources = [c.oud.elementen[n] for n, _ in parts if n in c.oud.elementen] if value == SAME else []
        for source in sources:
            if _kind(target) != "AN" and _kind(source) != _kind(target):
                why = t(f"{source.bdsnummer} is van een andere soort: {_kind(source)}, hier {_kind(target)}",
                        f"{source.bdsnummer} is of another kind: {_kind(source)}, here {_kind(target)}")  # fmt: skip
                yield bevinding("WIJZ978", w.id, {"waarom": why})


def _kind(e: Element) -> str:
    """What decides whether a value of one element can stand in another: text, a list, a unit, or the data type."""
    if e.coded:
        return e.waardenlijst
    if e.datatype in {"AN", ""}:
        return "AN"
    return f"{e.datatype} {e.eenheid}".strip()
