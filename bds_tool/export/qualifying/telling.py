"""The words of `bds qualify`: one set for the screen and the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bds_tool.base.text import number as said
from bds_tool.base.text import t
from bds_tool.export.qualifying.judging import DIFFERENT, MET, MISSING
from bds_tool.export.qualifying.scenario import DAY, KIND, Item, Scenario
from bds_tool.schema import load

if TYPE_CHECKING:
    from bds_tool.export.qualifying.running import Qualified

_ENGLISH = {MET: "met", MISSING: "missing", DIFFERENT: "different"}


def word(status: str) -> str:
    """A status in the language of this run."""
    return t(status, _ENGLISH[status])


def summary(found: Qualified) -> str:
    """The counts in one sentence."""
    j = found.judged
    return t(
        f"{said(j.count(MET))} van {said(len(j.verdicts))} voldaan ({said(j.percent, 1)} %), {said(j.count(MISSING))} ontbreken, "
        f"{said(j.count(DIFFERENT))} verschillen; {said(j.not_asked)} registraties waren niet gevraagd.",
        f"{said(j.count(MET))} of {said(len(j.verdicts))} met ({said(j.percent, 1)}%), {said(j.count(MISSING))} missing, "
        f"{said(j.count(DIFFERENT))} different; {said(j.not_asked)} registrations were not asked.",
    )


def where(scenario: Scenario, item: Item) -> str:
    """The moment of an item in words: the kind of contact and its age."""
    if not item.moment:
        return t("hele dossier", "whole dossier")
    moment = next(m for m in scenario.moments if m.id == item.moment)
    age = f" ({moment.age.words()})" if moment.age is not None else ""
    return (code_name(scenario.version, KIND, moment.kind) or t("contact", "contact")) + age


def expected(scenario: Scenario, item: Item) -> str:
    """What is asked, in words: a code with its name, or that any value will do."""
    if item.value is None and item.element == DAY and item.moment:
        return t("de dag van dit moment", "the day of this moment")
    if item.value is None:
        return t("een waarde", "a value")
    name = code_name(scenario.version, item.element, item.value)
    return f"{item.value} {name}" if name and name != item.value else item.value


def code_name(version: str, element: int, code: str) -> str:
    """The name of a BDS code of an element; empty when the list has no such code."""
    definition = load(version)
    known = definition.elementen.get(element)
    if known is None:
        return ""
    for kind in ("BDS", "HL7", "extern"):
        lijst = definition.waardenlijsten.get((known.waardenlijst, kind))
        if lijst is not None and (row := lijst.find(code)) is not None:
            return row.weergavenaam
    return ""
