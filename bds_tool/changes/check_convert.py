"""Do the conversions of a package fit their changes, cover every code, and undo each other?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from bds_tool.base.text import t
from bds_tool.changes.findings import Bevinding, bevinding
from bds_tool.changes.plan import JOINED, SAME, recodings
from bds_tool.schema.units import factor as unit_factor
from bds_tool.schema.units import read_factor, written

if TYPE_CHECKING:
    from bds_tool.changes.context import Context
    from bds_tool.changes.package import Omrekening, Wijziging
    from bds_tool.schema.model import Definition

#: Actions that may follow where a value has no place in the target, and those that bring it back.
_OUT = frozenset({"beschut", "verplaats", "hercodeer", "afleiden", "vervalt"})
_IN = frozenset({"herstel", "afleiden", "verplaats"})
_CODE_OUT = frozenset({"naar-tekst", "hercodeer", "beschut", "vervalt"})
_CODE_IN = frozenset({"uit-tekst", "hercodeer", "behoud"})
_VALUE = frozenset({"behoud", "hercodeer", "reken", "beschut", "verplaats", "vervalt", "naar-tekst"})
#: Aspects of an element that say something about its values.
_VALUE_ASPECTS = frozenset({"datatype", "eenheid", "lijst", "bereik", "nullflavor", "status"})


def conversions(c: Context) -> Iterator[Bevinding]:
    """Findings about the conversions of all changes."""
    whole = _whole(c)
    for w in c.pakket.wijzigingen:
        for forward in (True, False):
            o = w.richting(forward)
            if o is not None:
                yield from _fits(c, w, o, forward=forward, whole=whole)
                yield from _loss(w, o, forward=forward)
                yield from _tables(c, w, o, forward=forward)
                yield from _reachable(c, w, o, forward=forward)
        if w.heen is not None and w.terug is not None:
            yield from _undo(c, w)
    yield from _contradictions(c)


def _way(forward: bool) -> str:
    return t("heen", "forward") if forward else t("terug", "back")


def _whole(c: Context) -> frozenset[str]:
    """Lists whose codes come or go together; their elements carry the data."""
    from bds_tool.changes.new import whole_lists

    return whole_lists(c.verschillen.values())


# -- does the action fit? ----------------------------------------------------------------------------------------


def _fits(
    c: Context, w: Wijziging, o: Omrekening, *, forward: bool, whole: frozenset[str]
) -> Iterator[Bevinding]:
    way = _way(forward)

    def misfit(why: str = "") -> Bevinding:
        return bevinding("WIJZ928", w.id, {"doe": o.doe, "richting": way, "waarom": why})

    leaves = (w.aspect == "vervallen") == forward
    if w.tabel == "element" and w.aspect in {"toegevoegd", "vervallen"}:
        if leaves and o.doe == "behoud":
            # A value may stay where it is when the target still reads it there, and somebody says so.
            if not o.toelichting:
                yield bevinding("WIJZ927", w.id, {"richting": way})
        elif o.doe not in (_OUT if leaves else {*_IN, "behoud"}):
            yield misfit()
    elif w.tabel == "code" and w.aspect in {"toegevoegd", "vervallen"}:
        shared = "/".join(w.sleutel.split("/")[:2]) in whole or "#" in w.sleutel or "/!" in w.sleutel
        if shared and o.doe != "behoud":
            yield misfit(t(": de lijst komt of gaat als geheel", ": the list comes or goes as a whole"))
        elif not shared and leaves and o.doe == "behoud" and not o.toelichting:
            yield bevinding("WIJZ927", w.id, {"richting": way})
        elif not shared and o.doe not in ({*_CODE_OUT, "behoud"} if leaves else _CODE_IN):
            yield misfit()
    elif w.soort == "code-hernoemd":
        # A name that travels with its code must follow, or the target shows a name that its list does not know.
        if o.doe != "weergavenaam" and not o.toelichting:
            yield misfit()
    elif w.tabel == "element" and w.aspect in _VALUE_ASPECTS:
        if o.doe not in _VALUE:
            yield misfit()
        elif w.aspect == "eenheid" and o.doe == "behoud":
            yield misfit(t(": de eenheid verandert", ": the unit changes"))
        elif w.aspect == "eenheid" and o.doe == "reken":
            yield from map(misfit, _contradicts(w, o, forward=forward))
        elif w.aspect in {"datatype", "lijst"} and o.doe == "behoud" and _breaks(c, w) and not _told(w, o):
            yield misfit(t(": waarden van het oude soort passen niet", ": values of the old kind do not fit"))
        elif (
            w.aspect == "bereik" and o.doe == "behoud" and _narrows(c, w, forward=forward) and not _told(w, o)
        ):
            yield misfit(t(": het bereik wordt nauwer", ": the range narrows"))
    elif o.doe != "behoud":
        yield misfit()


def _contradicts(w: Wijziging, o: Omrekening, *, forward: bool) -> Iterator[str]:
    """What UCUM says when it says something else than the factor of the package."""
    unit = w.veld("eenheid")
    if unit is None:
        return
    source, target = (unit.van, unit.naar) if forward else (unit.naar, unit.van)
    real = unit_factor(source, target)
    if real is None:
        yield t(f": tussen {source or '—'} en {target or '—'} kent UCUM geen factor",
                f": UCUM has no factor between {source or '—'} and {target or '—'}")  # fmt: skip
    elif _factor(o) != real:
        yield t(f": 1 {source} is {written(real)} {target}", f": 1 {source} is {written(real)} {target}")


def _told(w: Wijziging, o: Omrekening) -> bool:
    return bool(w.toelichting or o.toelichting or o.verlies)


def _breaks(c: Context, w: Wijziging) -> bool:
    change = c.verschillen.get(w.id)
    return change is not None and str(change.klasse) == "major"


def _narrows(c: Context, w: Wijziging, *, forward: bool) -> bool:
    change = c.verschillen.get(w.id)
    tighter = change is not None and str(change.forward if forward else change.backward) == "major"
    return tighter and not c.rescaled(w)


def _loss(w: Wijziging, o: Omrekening, *, forward: bool) -> Iterator[Bevinding]:
    if o.doe == "vervalt" and not o.verlies.strip():
        yield bevinding("WIJZ926", w.id, {"richting": _way(forward)})
    if o.anders == "vervalt" and not o.verlies.strip():
        yield bevinding("WIJZ926", w.id, {"richting": _way(forward)})
    if o.verlies.strip():
        yield bevinding("WIJZ942", w.id, {"richting": _way(forward), "verlies": o.verlies})


# -- tables ------------------------------------------------------------------------------------------------------


def _concepts(d: Definition, number: int, soort: str) -> list[str]:
    lijst = d.waardenlijst(number, soort) if number in d.elementen else None
    return [x.code for x in lijst.codes if x.rij == "concept"] if lijst else []


def _tables(c: Context, w: Wijziging, o: Omrekening, *, forward: bool) -> Iterator[Bevinding]:
    source, target = c.side(forward)
    if (
        o.element is not None and o.element not in source.elementen and o.element not in target.elementen
    ) or (o.doe == "verplaats" and (o.element is None or o.element not in target.elementen)):
        yield bevinding("WIJZ933", w.id, {"nummer": o.element, "versie": target.version})
    if o.doe == "hercodeer" and w.nummer is not None:
        yield from _recoding(w, o, source, target, forward=forward)
    elif o.doe == "afleiden" and w.nummer is not None:
        yield from _deriving(w, o, source, target, forward=forward)
    elif o.doe == "hercodeer" and w.lijst is not None:
        codes = (
            {x.code for x in target.waardenlijsten[w.lijst].codes}
            if w.lijst in target.waardenlijsten
            else set()
        )
        outside = [b for _, b in o.tabel if b not in codes]
        if outside:
            yield bevinding("WIJZ924", w.id, {"richting": _way(forward), "codes": ", ".join(outside)})
        if w.code not in {a for a, _ in o.tabel}:
            yield bevinding("WIJZ923", w.id, {"richting": _way(forward), "aantal": 1, "codes": w.code})


def _recoding(
    w: Wijziging, o: Omrekening, source: Definition, target: Definition, *, forward: bool
) -> Iterator[Bevinding]:
    number = w.nummer or 0
    after = o.element or number
    outside, missing = [], []
    for soort in ("HL7", "BDS"):
        table = {code: new for coding, code, new in recodings(o) if coding == soort}
        allowed = _concepts(target, after, soort)
        outside += [new for new in table.values() if allowed and new not in allowed]
        if not o.anders:
            missing += [code for code in _concepts(source, number, soort) if code not in table]
    if outside:
        yield bevinding(
            "WIJZ924", w.id, {"richting": _way(forward), "codes": ", ".join(dict.fromkeys(outside))}
        )
    if missing:
        known = {
            "richting": _way(forward),
            "aantal": len(missing),
            "codes": ", ".join(dict.fromkeys(missing)),
        }
        yield bevinding("WIJZ923", w.id, known)
    doubles = [
        code for code in dict.fromkeys(a for a, _ in o.tabel) if [a for a, _ in o.tabel].count(code) > 1
    ]
    if doubles:
        yield bevinding("WIJZ931", w.id, {"codes": ", ".join(doubles)})


def _deriving(
    w: Wijziging, o: Omrekening, source: Definition, target: Definition, *, forward: bool
) -> Iterator[Bevinding]:
    by_element: dict[str, list[str]] = defaultdict(list)
    together: set[str] = set()
    for left, _ in o.tabel:
        parts = left.split("&")
        for part in parts:
            number, _, code = part.partition("=")
            by_element[number].append(code or "*")
            together |= {number} if len(parts) > 1 else set()
    for text, codes in by_element.items():
        if not text.isdecimal() or int(text) not in source.elementen:
            yield bevinding("WIJZ933", w.id, {"nummer": text, "versie": source.version})
            continue
        listed = _concepts(source, int(text), "HL7")
        # Of sources that are read together not every combination needs a line.
        missing = [] if "*" in codes or text in together else [code for code in listed if code not in codes]
        if missing:
            known = {
                "richting": _way(forward),
                "aantal": len(missing),
                "codes": f"{text}={','.join(missing)}",
            }
            yield bevinding("WIJZ923", w.id, known)
        strange = [code for code in codes if code != "*" and listed and code not in listed]
        if strange and not o.toelichting:
            yield bevinding(
                "WIJZ930",
                w.id,
                {"waarom": t(f"{text} kent geen code {strange[0]}", f"{text} has no code {strange[0]}")},
            )
    allowed = _concepts(target, w.nummer or 0, "HL7")
    outside = [b for _, b in o.tabel if allowed and b not in {*allowed, SAME, JOINED}]
    if outside:
        yield bevinding(
            "WIJZ924", w.id, {"richting": _way(forward), "codes": ", ".join(dict.fromkeys(outside))}
        )


# -- is it ever reached? -----------------------------------------------------------------------------------------


def _reachable(c: Context, w: Wijziging, o: Omrekening, *, forward: bool) -> Iterator[Bevinding]:
    """A code of which every element goes as a whole is never looked at."""
    if w.tabel != "code" or o.doe in {"behoud", "uit-tekst", "weergavenaam"} or w.lijst is None:
        return
    source, _ = c.side(forward)
    using = [
        n for n in c.using.get(w.lijst[0], ()) if n in source.elementen and source.elementen[n].in_bericht
    ]
    gone = c.gone[forward]
    if using and all(n in gone for n in using):
        named = ", ".join(map(str, using[:3]))
        yield bevinding(
            "WIJZ930", w.id, {"waarom": t(f"{named} gaat als geheel", f"{named} goes as a whole")}
        )


# -- does the way back restore? ----------------------------------------------------------------------------------


def _undo(c: Context, w: Wijziging) -> Iterator[Bevinding]:
    heen, terug = w.heen, w.terug
    if heen is None or terug is None or heen.verlies or terug.verlies:
        return
    for here, there, forward in ((heen, terug, True), (terug, heen, False)):
        why = _not_undone(c, w, here, there, forward=forward)
        if why:
            yield bevinding("WIJZ925", w.id, {"waarom": f" ({why})"})
            return


def _not_undone(c: Context, w: Wijziging, here: Omrekening, there: Omrekening, *, forward: bool) -> str:
    """Why the other direction does not undo this one; empty when it does."""
    if here.doe == "beschut" and there.doe not in {"herstel", "afleiden", "behoud"}:
        return t("wat beschut wordt, komt niet terug", "what is sheltered does not come back")
    if here.doe == "beschut" and there.doe == "behoud":
        return t("wat beschut wordt, komt niet terug", "what is sheltered does not come back")
    if here.doe == "herstel" and there.doe not in {"beschut", "verplaats"}:
        return t("er is niets te herstellen", "there is nothing to restore")
    if here.doe == "naar-tekst" and there.doe != "uit-tekst":
        return t("de tekst wordt geen code meer", "the text does not become a code again")
    if here.doe == "uit-tekst" and there.doe != "naar-tekst":
        return t("er wordt geen tekst gemaakt", "no text is made")
    if here.doe == "weergavenaam" and there.doe != "weergavenaam" and not there.toelichting:
        return t("de naam gaat niet terug", "the name does not go back")
    if here.doe == "verplaats":
        back = _moves_back(c, w, here, forward=forward)
        return (
            ""
            if back
            else t(
                f"{here.element} gaat niet terug naar {w.sleutel}",
                f"{here.element} does not return to {w.sleutel}",
            )
        )
    if here.doe == "hercodeer":
        return _table_back(w, here, there)
    if here.doe == "afleiden":
        return _derived_back(c, w, here, forward=forward)
    if here.doe == "reken":
        ok = there.doe == "reken" and _product(here, there) == 1
        return (
            ""
            if ok
            else t("de factoren zijn niet elkaars omgekeerde", "the factors are not each other's inverse")
        )
    return ""


def _product(here: Omrekening, there: Omrekening) -> Fraction:
    return _factor(here) * _factor(there)


def _factor(o: Omrekening) -> Fraction:
    """The factor of a conversion; zero when it has none that can be computed with."""
    try:
        return read_factor(o.factor)
    except ValueError:
        return Fraction(0)


def _moves_back(c: Context, w: Wijziging, here: Omrekening, *, forward: bool) -> bool:
    for other in c.pakket.wijzigingen:
        o = other.richting(not forward)
        if other.nummer == here.element and o is not None and o.doe == "verplaats" and o.element == w.nummer:
            return True
    return False


def _table_back(w: Wijziging, here: Omrekening, there: Omrekening) -> str:
    if there.doe != "hercodeer":
        return t("er is geen tabel terug", "there is no table back")
    back = {(coding, code): new for coding, code, new in recodings(there)}
    own = {(coding, new) for coding, _, new in recodings(here)}
    for coding, code, new in recodings(here):
        again = back.get((coding, new), new if there.anders in {"behoud", "beschut"} else "")
        # Codes of the target list that a source may carry already go to themselves both ways.
        if again != code and (coding, code) not in own:
            return f"{coding} {code} → {new} → {again or '—'}"
    targets = [(coding, new) for coding, code, new in recodings(here) if code != new]
    if len(targets) != len(set(targets)):
        return t("twee codes worden dezelfde", "two codes become the same")
    del w
    return ""


def _derived_back(c: Context, w: Wijziging, here: Omrekening, *, forward: bool) -> str:
    """A derived value replaces its source only when that source is derived back: then the pair must agree."""
    table = dict(here.tabel)
    for other in c.pakket.wijzigingen:
        o = other.richting(not forward)
        if o is None or o.doe != "afleiden" or other.nummer is None:
            continue
        back = {left: right for left, right in o.tabel if left.startswith(f"{w.sleutel}=")}
        for left, right in table.items():
            number, _, code = left.partition("=")
            if not number.isdecimal() or "&" in left or right in {SAME, JOINED}:
                continue
            again = back.get(f"{w.sleutel}={right}", back.get(f"{w.sleutel}=*"))
            if int(number) == other.nummer and code != "*" and again is not None and again != code:
                return f"{left} → {w.sleutel}={right} → {number}={again}"
    return ""


# -- contradictions ----------------------------------------------------------------------------------------------


def _contradictions(c: Context) -> Iterator[Bevinding]:
    for forward in (True, False):
        seen: dict[tuple[object, ...], tuple[str, Wijziging]] = {}
        for w in c.pakket.wijzigingen:
            o = w.richting(forward)
            if o is None or o.doe == "behoud" or (w.nummer is None and w.code is None):
                continue
            key: tuple[object, ...] = (
                (w.nummer,) if w.nummer is not None else (w.lijst, *w.sleutel.split("/")[2:])
            )
            doing = f"{o.doe} {o.element or ''} {o.tabel}"
            if key in seen and seen[key][0] != doing and seen[key][1].id != w.id:
                first = seen[key][1]
                other = first.richting(forward)
                why = f"{first.soort}: {other.doe if other else ''}; {w.soort}: {o.doe}"
                yield bevinding("WIJZ929", w.id, {"richting": _way(forward), "waarom": why})
            seen.setdefault(key, (doing, w))
