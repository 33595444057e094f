"""Choices that a package must make in words: values outside a tighter limit, codes by their names, what leans on what."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import combinations
from typing import TYPE_CHECKING

from bds_tool.base.text import t
from bds_tool.changes.check_outcome import folded
from bds_tool.changes.findings import Bevinding, bevinding
from bds_tool.changes.plan import JOINED, SAME, derivations, recodings

if TYPE_CHECKING:
    from bds_tool.changes.context import Context
    from bds_tool.changes.package import Omrekening, Wijziging
    from bds_tool.schema.model import Definition

#: Two names that are so much more alike crosswise stand at each other's codes.
_CROSSED = 0.5
#: What `true` and `false` say.
_TRUTH = {"true": "ja", "false": "nee", "1": "ja", "0": "nee"}
#: Aspects that set a limit on what may be recorded.
_LIMITS = frozenset({"kardinaliteit", "kardinaliteit-bericht", "bereik", "nullflavor", "binding"})


def choices(c: Context) -> Iterator[Bevinding]:
    """Findings about choices that are missing or that names contradict."""
    for w in c.pakket.wijzigingen:
        if c.concept:
            yield from _tightened(c, w)
        for forward in (True, False):
            o = w.richting(forward)
            if o is None:
                continue
            if o.tabel and not o.toelichting and not w.toelichting:
                yield from _by_name(c, w, o, forward=forward)
            _, target = c.side(forward)
            there = target.elementen.get(o.element or 0)
            if there is not None and not there.in_bericht:
                yield bevinding("WIJZ960", w.id, {"elementen": str(o.element)})


def _tightened(c: Context, w: Wijziging) -> Iterator[Bevinding]:
    """A limit that gets tighter forward: somebody must have said what happens to values outside it."""
    if w.aspect not in _LIMITS or w.heen is None or w.heen.doe != "behoud":
        return
    if w.toelichting or w.heen.toelichting or w.heen.verlies or c.rescaled(w):
        return
    change = c.verschillen.get(w.id)
    raised = any(v.veld.endswith("_min") and _number(v.naar) > _number(v.van) for v in w.velden)
    if raised or (change is not None and str(change.forward) == "major"):
        yield bevinding("WIJZ974", w.id, {"velden": ", ".join(v.veld for v in w.velden)})


def _number(text: str) -> float:
    return float(text) if text.replace(".", "", 1).isdecimal() else 0.0


# -- tables by the names of their codes --------------------------------------------------------------------------


def _names(d: Definition, number: int, soort: str) -> dict[str, str]:
    e = d.elementen.get(number)
    lijst = d.waardenlijst(number, soort) if e is not None else None
    if lijst is not None and e is not None and e.coded:
        return {x.code: folded(x.weergavenaam) for x in lijst.codes if x.rij == "concept"}
    return dict(_TRUTH) if e is not None and "BL" in {e.datatype, e.hl7_datatype} else {}


def _by_name(c: Context, w: Wijziging, o: Omrekening, *, forward: bool) -> Iterator[Bevinding]:
    """A code that goes to another one than its name says."""
    source, target = c.side(forward)
    for soort, after, rows in _pairs(w, o, source, target):
        wrong = {
            f"{code} → {new}" for code, name, new in rows if after.get(new) != name and name in after.values()
        }
        for (code, name, new), (other, second, there) in combinations(rows, 2):
            if new == there or not (after.get(new) and after.get(there) and name and second):
                continue
            straight = _alike(name, after[new]) + _alike(second, after[there])
            if _alike(name, after[there]) + _alike(second, after[new]) > straight + _CROSSED:
                wrong |= {f"{code} → {new}", f"{other} → {there}"}
        if wrong:
            way = t("heen", "forward") if forward else t("terug", "back")
            yield bevinding(
                "WIJZ958", w.id, {"richting": way, "codes": f"{soort} {', '.join(sorted(wrong))}"}
            )
            return


def _pairs(
    w: Wijziging, o: Omrekening, source: Definition, target: Definition
) -> Iterator[tuple[str, dict[str, str], list[tuple[str, str, str]]]]:
    """(coding, names of the target by code, [(code, its name, new code)]) of every table of a conversion."""
    number = w.nummer
    for soort in ("HL7", "BDS"):
        if number is None:
            lijst = w.lijst or ("", "")
            if (
                lijst[1] != soort
                or o.doe != "hercodeer"
                or lijst not in source.waardenlijsten
                or lijst not in target.waardenlijsten
            ):
                continue
            here, there = (
                {x.code: folded(x.weergavenaam) for x in d.waardenlijsten[lijst].codes}
                for d in (source, target)
            )
            yield soort, there, [(a, here.get(a, ""), b) for a, b in o.tabel]
        elif o.doe == "hercodeer":
            here = _names(source, number, soort)
            there = _names(target, o.element or number, soort)
            yield (
                soort,
                there,
                [(a, here[a], b) for kind, a, b in recodings(o) if kind == soort and a in here],
            )
        elif o.doe == "afleiden":
            there = _names(target, number, soort)
            rows = [
                (code, _names(source, n, soort).get(code, ""), new)
                for parts, new in derivations(o)
                for n, code in parts
                if len(parts) == 1 and code != "*" and new not in {SAME, JOINED}
            ]
            # A name that no code of the source has is nothing to compare with.
            yield soort, there, [r for r in rows if r[1]]


def _alike(a: str, b: str) -> float:
    return SequenceMatcher(None, a, b).ratio()
