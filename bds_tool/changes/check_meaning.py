"""What lies between two halves that each read well: a name and its columns, a request and its neighbour, a text and its room."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bds_tool.base.text import t
from bds_tool.changes.check_outcome import folded
from bds_tool.changes.findings import Bevinding, bevinding
from bds_tool.changes.plan import JOINED, SAME, derivations
from bds_tool.schema.coding import code_pairs
from bds_tool.schema.units import factor, unit_names, units

if TYPE_CHECKING:
    from bds_tool.changes.context import Context
    from bds_tool.changes.package import Wijziging
    from bds_tool.schema.model import Element

#: Words of the table of people at work that belong in no name; no name so far holds one.
_WORKING = re.compile(
    r"(?i)\bjgz-\d+|^(?:nieuw|oud|concept|voorstel|let op)\s*[:!)-]|\((?:nieuw|concept|voorstel)\)"
)
#: Quantities of which nothing is less than none.
_NEVER_BELOW_ZERO = frozenset({"lengte", "massa", "tijd"})


def meanings(c: Context) -> Iterator[Bevinding]:
    """Findings about what contradicts its neighbour; only while a package is being made."""
    if not c.concept:
        return
    for w in c.pakket.wijzigingen:
        yield from _name(w)
        yield from _left_alone(c, w)
        yield from _room(c, w)
        e = c.nieuw.elementen.get(w.nummer or 0)
        if e is not None and (w.aspect in {"toegevoegd", "hernoemd", "eenheid", "bereik", "datatype"}):
            yield from (bevinding("WIJZ978", w.id, {"waarom": why}) for why in _against_name(e))
            if w.aspect in {"toegevoegd", "bereik", "datatype"}:
                yield from (bevinding("WIJZ978", w.id, {"waarom": why}) for why in _limits(e))
        for way, o in ((True, w.heen), (False, w.terug)):
            if o is not None and o.voorwaarde and not o.toelichting:
                direction = t("heen", "forward") if way else t("terug", "back")
                why = t(f": de voorwaarde ({direction}) staat er in woorden, en wordt niet uitgevoerd",
                        f": the condition ({direction}) is in words, and is not carried out")  # fmt: skip
                yield bevinding("WIJZ928", w.id, {"doe": o.doe, "richting": direction, "waarom": why})
    yield from _days(c)
    yield from _roots(c)
    yield from _requests(c)


# -- names -------------------------------------------------------------------------------------------------------


def _name(w: Wijziging) -> Iterator[Bevinding]:
    field = w.veld("weergavenaam") or w.veld("naam")
    if field is None or w.aspect not in {"toegevoegd", "hernoemd"}:
        return
    text, why = field.naar, ""
    if double := re.search(r"(?i)\b([^\W\d_]{2,}) \1\b", text):
        why = t(f"{double[1]} staat er twee keer achter elkaar", f"{double[1]} stands there twice in a row")
    elif w.tabel != "code" and text.count("(") != text.count(")"):
        why = t(
            "een haakje gaat open en niet dicht, of andersom",
            "a bracket opens and does not close, or the reverse",
        )
    elif _WORKING.search(text):
        why = t(
            "er staat iets van het werk aan het pakket in", "it holds something of the work on the package"
        )
    if why:
        yield bevinding("WIJZ955", w.id, {"waarom": why})


def _against_name(e: Element) -> Iterator[str]:
    """What a name says and a column contradicts."""
    words = re.findall(r"\w+", e.naam.casefold())
    said = {unit for word in words for unit in unit_names().get(word, ())}
    if e.eenheid and said and e.eenheid not in said:
        other = next((u for u in sorted(said) if factor(u, e.eenheid) not in {None, 1}), "")
        if other:
            yield t(
                f"de naam zegt {other}, de eenheid is {e.eenheid}",
                f"the name says {other}, the unit is {e.eenheid}",
            )
    if words[:1] == ["datum"] and e.datatype and not {e.datatype, e.hl7_datatype} & {"TS", "D", "IVL_TS"}:
        yield t(f"de naam is die van een datum, het datatype is {e.datatype}",
                f"the name is that of a date, the data type is {e.datatype}")  # fmt: skip


def _limits(e: Element) -> Iterator[str]:
    numbers = {e.datatype, e.hl7_datatype} & {"PQ", "INT", "REAL", "N"}
    limited = e.minimum is not None or e.maximum is not None
    if limited and not numbers:
        yield t(
            f"een grens bij {e.datatype}, dat geen getal is", f"a limit with {e.datatype}, which is no number"
        )
    quantity = units().get(e.eenheid, ("",))[0]
    if e.minimum is not None and e.minimum < 0 and quantity in _NEVER_BELOW_ZERO:
        yield t(f"minder dan nul {e.eenheid} bestaat niet", f"less than zero {e.eenheid} does not exist")


# -- room for what comes -----------------------------------------------------------------------------------------


def _room(c: Context, w: Wijziging) -> Iterator[Bevinding]:
    """A text that is taken over or joined into an element with less room: somebody must have said what happens then."""
    for forward in (True, False):
        o = w.richting(forward)
        if (
            o is None
            or o.doe != "afleiden"
            or w.nummer is None
            or w.toelichting
            or o.toelichting
            or o.verlies
        ):
            continue
        source, target = c.side(forward)
        there = target.elementen.get(w.nummer)
        if there is None or not there.max_lengte:
            continue
        for parts, value in derivations(o):
            for number, code in parts:
                here = source.elementen.get(number)
                if (
                    value in {SAME, JOINED}
                    and code == "*"
                    and here is not None
                    and (here.max_lengte or 0) > there.max_lengte
                ):
                    yield bevinding(
                        "WIJZ974",
                        w.id,
                        {"velden": f"max_lengte ({number}: {here.max_lengte} → {there.max_lengte})"},
                    )


def _left_alone(c: Context, w: Wijziging) -> Iterator[Bevinding]:
    """A code that leaves one coding of its list while the code that says the same stays in the other."""
    if w.soort != "code-vervallen" or w.lijst is None or w.lijst[1] not in {"HL7", "BDS"}:
        return
    number, soort = w.lijst
    other = {"HL7": "BDS", "BDS": "HL7"}[soort]
    left = c.nieuw.waardenlijsten.get((number, other))
    live = {x.code for x in left.codes if x.rij == "concept"} if left is not None else set()
    for pair in code_pairs(c.oud, number):
        here, there = (pair.hl7, pair.bds) if soort == "HL7" else (pair.bds, pair.hl7)
        if here is not None and here.code == w.code and there is not None and there.code in live:
            yield bevinding("WIJZ949", w.id, {"lijst": f"{number}/{soort}", "soort_code": other})


# -- lists and requests -------------------------------------------------------------------------------------------


def _days(c: Context) -> Iterator[Bevinding]:
    """The two codings of a new list begin on one day."""
    for w in c.pakket.wijzigingen:
        if w.soort != "lijst-toegevoegd" or w.lijst is None or w.lijst[1] != "HL7":
            continue
        twin = c.nieuw.waardenlijsten.get((w.lijst[0], "BDS"))
        own = c.nieuw.waardenlijsten.get(w.lijst)
        if own is not None and twin is not None and own.ingang and twin.ingang and own.ingang != twin.ingang:
            yield bevinding(
                "WIJZ950",
                w.id,
                {"veld": "ingang", "datum": f"{own.ingang} ({w.lijst[0]}/BDS: {twin.ingang})"},
            )


def _roots(c: Context) -> Iterator[Bevinding]:
    """The value set of a new list stands under the root of its own coding."""
    used: dict[str, set[str]] = {}
    for (_, soort), lijst in c.oud.waardenlijsten.items():
        for oid in lijst.valuesets:
            used.setdefault(oid.rpartition(".")[0], set()).add(soort)
    for w in c.pakket.wijzigingen:
        own = c.nieuw.waardenlijsten.get(w.lijst) if w.soort == "lijst-toegevoegd" and w.lijst else None
        for oid in own.valuesets if own is not None and w.lijst is not None else ():
            others = used.get(oid.rpartition(".")[0], set())
            if others and w.lijst is not None and w.lijst[1] not in others:
                why = t(
                    f"de lijsten daar zijn van {', '.join(sorted(others))}",
                    f"the lists there are of {', '.join(sorted(others))}",
                )
                yield bevinding("WIJZ948", w.id, {"oid": oid, "waarom": why})


def _requests(c: Context) -> Iterator[Bevinding]:
    titles = Counter(folded(v.titel) for v in c.pakket.verzoeken.values())
    for v in c.pakket.verzoeken.values():
        why = []
        if v.titel.strip() and titles[folded(v.titel)] > 1:
            why.append(t("een ander verzoek heeft dezelfde titel", "another request has the same title"))
        if v.titel_en and folded(v.titel_en) == folded(v.titel):
            why.append(t("de Engelse titel is de Nederlandse", "the English title is the Dutch one"))
        if any(x in v.voorbeelden[:n] for n, x in enumerate(v.voorbeelden)):
            why.append(t("een voorbeeld staat er twee keer", "an example is there twice"))
        for reason in why:
            yield bevinding("WIJZ911", ("verzoek", v.jgz), {"waarom": reason})
