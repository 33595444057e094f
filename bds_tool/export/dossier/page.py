"""The page of one dossier: one HTML file without network, script or other files, to read and to print."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from bds_tool.base.identifiers import is_bsn
from bds_tool.base.text import number, t
from bds_tool.export.dossier import curves
from bds_tool.export.dossier.contents import Contents, Line, about_all, contents, title
from bds_tool.export.dossier.criteria import met
from bds_tool.export.dossier.derived import MEASURES, Derived, derive, validity, z_of
from bds_tool.export.page import ours, rendered

if TYPE_CHECKING:
    from bds_tool.export.dossier.opening import Dossier

#: Components of vaccines in the order of the schedule, with the name people know them by.
COMPONENTS = {
    "dktp": "DKTP", "hib": "Hib", "hepb": "Hepatitis B", "pneu": "Pneumokokken", "rota": "Rota", "bmr": "BMR",
    "menc": "Meningokokken C (of ACWY)", "kleuter": "DKTP of DKT, kleuter", "dtp_school": "DTP, school",
    "hpv": "HPV", "menacwy": "Meningokokken ACWY", "bcg": "BCG", "dkt": "DKT", "dt": "DT", "dtp": "DTP",
}  # fmt: skip
#: Series of one dose that comes after those of the first years, with the same vaccine.
_BOOSTERS = frozenset({"kleuter", "dtp_school"})
_SCALES = ("emotie", "gedrag", "hyper", "leeftijdgenoot", "prosociaal")
#: What a contact was for, whether it took place, and why there was one.
_KIND, _STATUS, _REASON = 494, 1605, 1424
_CONSENTS = (1163, 1165, 1395, 1398, 1404, 1533)
_FOLLOW_UP = (485, 483, 1158, 1159)
_HEARING = (439, 441, 442, 444, 445, 447, 865, 1239)
_VISION = (408, 692, 832, 833, 834, 835, 836, 837, 838)
_GIVEN, _DOSE_DAY = 461, 1409


@dataclass(frozen=True)
class Wishes:
    """`show`: names, addresses and free text too; `parent`: the page opens in the words for parents; `copy`: see copying."""

    show: bool = False
    parent: bool = False
    copy: bool = False


@dataclass(frozen=True)
class Page:
    """The HTML, and the registraties that stand on it: each nr once."""

    html: str
    lines: Contents


def page(
    dossier: Dossier, today: date, wishes: Wishes, left_out: list[tuple[str, int]] | None = None
) -> Page:
    """Make the page. Needs the extra `report` (jinja2). `left_out`: what a copy leaves out, by reason."""
    derived = derive(dossier, today)
    lines = contents(dossier, derived.doubted, show=wishes.show)
    templates = Path(__file__).parent / "templates"
    html = rendered(
        templates / "dossier.html", templates / "dossier.css", sd=curves.sd, age=curves.age, title_of=title,
        today=today, wishes=wishes, left_out=left_out or [], dossier=dossier, child=derived.child,
        **_head(dossier, derived, lines, today),
        **_growth(derived, lines, dossier),
        **_care(derived, lines),
        contacts=_contacts(lines),
        domains=list(lines.domains()),
        findings=about_all(dossier, lines),
        total=len(lines.lines),
    )  # fmt: skip
    return Page(html, lines)


def _head(dossier: Dossier, derived: Derived, lines: Contents, today: date) -> dict[str, object]:
    child = derived.child
    who = [t("kind", "child")]
    if child:
        sexes = {"M": t("jongen", "boy"), "V": t("meisje", "girl")}
        who = [sexes.get(child["sex"], who[0])]
        end = min(today, child["einde"] or today)
        who.append(curves.age(max((end - child["geboren"]).days, 0)))
        if child["einde"]:
            who.append(t("niet meer in zorg", "no longer in care"))
    key = t("(sleutel afgeschermd)", "(key masked)") if is_bsn(dossier.key) else dossier.key
    return {
        "key": key,
        "who": ", ".join(who),
        "masked": sum(line.masked for line in lines.lines),
        "formats": ", ".join(sorted({str(f) for f in dossier.sources["formaat"]})),
        "activities": len({line.activity for line in lines.lines if line.activity is not None}),
        "severities": _severities(dossier),
    }


def _severities(dossier: Dossier) -> dict[str, int]:
    counts = dossier.findings.group_by("severity").len()
    return dict(counts.iter_rows())


# ---- GROWTH ---- #


def _growth(derived: Derived, lines: Contents, dossier: Dossier) -> dict[str, object]:
    born = derived.child.get("geboren")
    values = dict(dossier.rows.select("nr", "waarde").iter_rows())
    doubted = []
    for line in lines.of(*MEASURES):
        raw = values[line.nr] or ""
        if line.doubt and born and line.day and line.day >= born and raw.replace(".", "", 1).isdecimal():
            doubted.append((int(line.number or 0), (line.day - born).days, float(raw), line.doubt))
    measured = [
        {
            "day": r["datum"],
            "age": curves.age(r["dag"]),
            "cells": [
                _measure(r["lengte"], 0.1, 1, "cm", z_of(r, 235)),
                _measure(r["gewicht"], 0.001, 2, "kg", z_of(r, 245)),
                _measure(r["hoofdomtrek"], 0.1, 1, "cm", z_of(r, 252)),
                _measure(r["bmi"], 1, 1, "", r["z_bmi"]),
                ("", curves.sd(r["z_wfh"])),
            ],
        }
        for r in derived.growth
    ]
    charts = curves.charts(derived, doubted) if derived.child else []
    return {
        "charts": [(c, ours(c.svg)) for c in charts],
        "measured": measured,
        "criteria": met(derived.child, derived.growth) if derived.child else [],
        "not_counted": [line for line in lines.lines if line.doubt],
    }


def _measure(
    value: float | None, factor: float, decimals: int, unit: str, z: float | None
) -> tuple[str, str]:
    return ("" if value is None else f"{number(value * factor, decimals)} {unit}".strip(), curves.sd(z))


# ---- CARE ---- #


def _care(derived: Derived, lines: Contents) -> dict[str, object]:
    return {
        "vaccinations": _vaccinations(derived),
        "undated": len(derived.undated),
        "given": _given(lines),
        "exams": [r | {"scores": _scores(derived, r["datum"], lines)} for r in derived.development],
        "sdq": [{"r": r, "scales": [(s, r[s]) for s in _SCALES if r[s] is not None]} for r in derived.sdq],
        "senses": [(t("Gehoor", "Hearing"), _newest(lines, _HEARING)), (t("Zien", "Vision"), _newest(lines, _VISION))],
        "consents": [line for n in _CONSENTS if (line := lines.last(n))],
        "follow_up": lines.of(*_FOLLOW_UP),
        "tiles": _tiles(derived, lines),
    }  # fmt: skip


def _newest(lines: Contents, numbers: tuple[int, ...]) -> list[Line]:
    return [line for n in numbers if (line := lines.last(n))]


def _vaccinations(derived: Derived) -> list[dict[str, object]]:
    out: list[dict[str, object]] = []
    known = {s["component"] for s in derived.series} | {d["component"] for d in derived.doses}
    for component in sorted(known & set(COMPONENTS), key=list(COMPONENTS).index):
        series = [s for s in derived.series if s["component"] == component]
        doses = [d for d in derived.doses if d["component"] == component]
        if component in _BOOSTERS:  # the doses of the first years stand in the row of their own series
            first = min(((s["min_mnd"], s["min_dag"]) for s in series), default=(0, 0))
            doses = [d for d in doses if d["maand"] >= first[0] and d["dag"] >= first[1]]
        if not series and component in {"dkt", "dt", "dtp"}:
            continue  # told in the row of the series they count for, and by the list of what was given
        out.append(
            {
                "name": COMPONENTS[component],
                "doses": [
                    d | {"age": curves.age(d["dag"]), "stand": validity(d, series, doses)} for d in doses
                ],
                "series": series,
            }
        )
    return out


def _given(lines: Contents) -> list[tuple[Line, str]]:
    """What was given, as registered: the vaccine with the day that stands beside it."""
    days = {(d.activity, d.instance): d.text for d in lines.of(_DOSE_DAY)}
    return [(v, days.get((v.activity, v.instance), "") or str(v.day or "")) for v in lines.of(_GIVEN)]


def _scores(derived: Derived, day: date, lines: Contents) -> tuple[int, int, list[str]]:
    """(reached, scored, names of what was not reached) on a day."""
    scored = [m for m in derived.milestones if m["datum"] == day]
    names = {line.number: line.name for line in lines.lines}
    missed = [names.get(m["kenmerk"], str(m["kenmerk"])) for m in scored if not m["behaald"]]
    return len(scored) - len(missed), len(scored), missed


class Contact(TypedDict):
    """A contact: what it was for, how much was registered, and in which rubrieken."""

    day: date | None
    kind: str
    status: str
    reason: str
    n: int
    remarks: int
    rubrieken: list[str]


def _contacts(lines: Contents) -> list[Contact]:
    """The contacts in their order, with what they were for and how much was registered."""
    held: dict[str, list[Line]] = {}
    for line in lines.lines:
        if line.activity is not None:
            held.setdefault(line.activity, []).append(line)
    out: list[Contact] = []
    for members in held.values():
        said = {n: [x.text for x in members if x.number == n] for n in (_KIND, _STATUS, _REASON)}
        out.append(
            {
                "day": next((m.day for m in members if m.day), None),
                "kind": (said[_KIND] or [t("Contact", "Contact")])[0],
                "status": (said[_STATUS] or [""])[0],
                "reason": ", ".join(said[_REASON]),
                "n": len(members),
                "remarks": sum(len(m.remarks) for m in members),
                "rubrieken": [lines.rubrieken.get(r, r) for r in dict.fromkeys(m.rubriek for m in members) if r != "R018"],
            }
        )  # fmt: skip
    return sorted(out, key=lambda c: c["day"] or date.max)


def _tiles(derived: Derived, lines: Contents) -> list[tuple[str, str]]:
    """What stands first: growth, vaccinations, development, consent; each in one sentence without judgement of ours."""
    nothing = t("niets vastgelegd", "nothing registered")
    growth = []
    for element, word in ((235, t("lengte", "height")), (245, t("gewicht", "weight"))):
        known = [z for r in derived.growth if (z := z_of(r, element)) is not None]
        growth += [f"{word} {curves.sd(known[-1])}"] if known else []
    reached = [s for s in derived.series if s["stand"] not in {"komt", "uit zorg"}]
    done = sum(s["stand"] == "voltooid" for s in reached)
    vaccinations = nothing
    if reached or derived.doses:
        vaccinations = t(
            f"{done} van {len(reached)} reeksen voltooid vóór hun leeftijdsgrens",
            f"{done} of {len(reached)} series completed before their age limit",
        )
        if not reached:
            vaccinations = t(
                "nog geen reeks aan een leeftijdsgrens", "no series has reached an age limit yet"
            )
    daz = [r for r in derived.development if r["daz"] is not None and r["daz"] == r["daz"]]
    development = f"D-score {number(daz[-1]['d'], 1)} (DAZ {curves.sd(daz[-1]['daz'])})" if daz else nothing
    said = [f"{line.name}: {line.text}" for n in (1533, 1404) if (line := lines.last(n))]
    return [
        (t("Groei", "Growth"), ", ".join(growth) or nothing),
        (t("Vaccinaties", "Vaccinations"), vaccinations),
        (t("Ontwikkeling", "Development"), development),
        (t("Toestemming", "Consent"), "; ".join(said) or nothing),
    ]
