"""The BDS versions for sense: inside one version, and from each version to the next."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path

from bds_tool.base.text import t
from bds_tool.findings.finding import Finding as SpecFinding
from bds_tool.schema.lookup.search import fold
from bds_tool.schema.model import Cardinality, Definition, Element

#: Below this likeness, and without a word in common, two names are taken for two meanings.
_SAME_NAME = 0.5


class Lines:
    """Line numbers of rows in the CSV files of one version, by their first column (or two for codes).

    Without a root there are no files: a version that a change package makes.
    """

    def __init__(self, root: Path | None, version: str) -> None:
        self.folder = root / "bds" / version if root is not None else None
        self.prefix = f"bds/{version}"
        self._elements = self._index("elementen.csv", 0)
        self._groups = self._index("groepen.csv", 0)

    def _index(self, name: str, *columns: int) -> dict[str, int]:
        if self.folder is None:
            return {}
        with (self.folder / name).open(encoding="utf-8", newline="") as file:
            return {"\t".join(row[c] for c in columns): n for n, row in enumerate(csv.reader(file), 1)}

    def element(self, bdsnummer: int) -> tuple[str, int]:
        return f"{self.prefix}/elementen.csv", self._elements.get(str(bdsnummer), 0)

    def groep(self, groep: str) -> tuple[str, int]:
        return f"{self.prefix}/groepen.csv", self._groups.get(groep, 0)

    def code(self, lijst: str, soort: str, code: str) -> tuple[str, int]:
        # Asked for few findings only, so the file is searched when needed.
        rows = self._index("waardenlijsten.csv", 1, 2, 5)
        return f"{self.prefix}/waardenlijsten.csv", rows.get(f"{lijst}\t{soort}\t{code}", 0)


def check_version(definition: Definition, lines: Lines) -> Iterator[SpecFinding]:
    """Everything inside one version: places, groups, lists, cardinalities, ranges, paths and codes."""
    lists = {number for number, _ in definition.waardenlijsten}
    for e in definition.elementen.values():
        yield from _element(definition, lines, e, lists)
    for r in definition.rubrieken.values():
        for card in (r.card, r.card_per_activiteit):
            if _impossible(card):
                place = (f"{lines.prefix}/rubrieken.csv", 0)
                yield _found("SPEC105", definition, place, r.rubriek, titel=r.naam, card=str(card))
    yield from _groups(definition, lines)
    yield from _paths(definition, lines)
    yield from _codes(definition, lines)


def _found(
    code: str, definition: Definition, place: tuple[str, int], key: str, **parameters: str
) -> SpecFinding:
    return SpecFinding(code, *place, {"nummer": key, **parameters}, definition.version, key)


def _element(definition: Definition, lines: Lines, e: Element, lists: set[str]) -> Iterator[SpecFinding]:
    key, place, naam = str(e.bdsnummer), lines.element(e.bdsnummer), e.naam
    for groep in e.groepen:
        if groep not in definition.groepen:
            yield _found("SPEC102", definition, place, key, titel=naam, groep=groep)
    for card in (e.card, e.card_bericht):
        if _impossible(card):
            yield _found("SPEC105", definition, place, key, titel=naam, card=str(card))
    if e.minimum is not None and e.maximum is not None and e.minimum > e.maximum:
        yield _found("SPEC109", definition, place, key, titel=naam)
    if not e.in_bericht:
        return
    if not e.rubriek:
        yield _found("SPEC101", definition, place, key, titel=naam)
    inner = e.groepen[-1] if e.groepen else ""
    if inner in definition.groepen and e.bdsnummer not in definition.groepen[inner].elementen:
        yield _found("SPEC103", definition, place, key, titel=naam, groep=inner)
    if e.coded and not e.waardenlijst:
        why = t("er is geen waardenlijst genoemd", "no value list is named")
        yield _found("SPEC104", definition, place, key, titel=naam, reden=why)
    elif e.coded and e.waardenlijst not in lists:
        why = t(f"waardenlijst {e.waardenlijst} bestaat niet", f"value list {e.waardenlijst} does not exist")
        yield _found("SPEC104", definition, place, key, titel=naam, reden=why)
    if "PQ" in {e.datatype, e.hl7_datatype} and not e.eenheid:
        yield _found("SPEC110", definition, place, key, titel=naam)
    if not e.datatype and not e.hl7_datatype:
        yield _found("SPEC111", definition, place, key, titel=naam)


def _impossible(card: Cardinality) -> bool:
    if card.maximum is not None and card.maximum < 1:
        return True
    return card.minimum is not None and card.maximum is not None and card.minimum > card.maximum


def _groups(definition: Definition, lines: Lines) -> Iterator[SpecFinding]:
    for g in definition.groepen.values():
        place = lines.groep(g.groep)
        if g.bovenliggende_groep and g.bovenliggende_groep not in definition.groepen:
            yield _found("SPEC102", definition, place, g.groep, titel=g.naam, groep=g.bovenliggende_groep)
        if _within_itself(definition, g.groep):
            yield _found("SPEC113", definition, place, g.groep, titel=g.naam)
        for card in (g.card, g.card_bericht):
            if _impossible(card):
                yield _found("SPEC105", definition, place, g.groep, titel=g.naam, card=str(card))
        for number in g.elementen:
            e = definition.elementen.get(number)
            if e is None or g.groep not in e.groepen:
                yield _found(
                    "SPEC103", definition, place, str(number), titel=e.naam if e else "", groep=g.groep
                )


def _within_itself(definition: Definition, groep: str) -> bool:
    """Whether a group stands in itself, by itself or by way of groups that hold it."""
    seen: set[str] = set()
    outer = definition.groepen[groep].bovenliggende_groep
    while outer in definition.groepen and outer not in seen:
        if outer == groep:
            return True
        seen.add(outer)
        outer = definition.groepen[outer].bovenliggende_groep
    return False


def _paths(definition: Definition, lines: Lines) -> Iterator[SpecFinding]:
    by_path: dict[str, list[Element]] = defaultdict(list)
    for e in definition.in_bericht.values():
        if e.pad:
            by_path[e.pad].append(e)
    for path, sharing in by_path.items():
        first, *others = sharing
        for e in others:
            parameters = {
                "nummer": str(e.bdsnummer),
                "titel": e.naam,
                "ander": f"{first.bdsnummer} {first.naam}",
            }
            yield SpecFinding("SPEC106", *lines.element(e.bdsnummer), parameters, definition.version, path)


def _codes(definition: Definition, lines: Lines) -> Iterator[SpecFinding]:
    for (number, soort), w in definition.waardenlijsten.items():
        if not w.codes:
            place = (f"{lines.prefix}/lijsten.csv", 0)
            yield _found("SPEC112", definition, place, f"{number}/{soort}")
        names: dict[tuple[str, str, str], str] = {}
        for c in w.codes:
            if not c.code:
                continue
            key = f"{number}/{soort}/{c.code}"
            if not c.weergavenaam:
                place = lines.code(number, soort, c.code)
                yield SpecFinding(
                    "SPEC108", *place, {"nummer": number, "waarde": c.code}, definition.version, key
                )
            known = names.setdefault((c.codesysteem, c.code, c.rij), c.weergavenaam)
            if known != c.weergavenaam:
                place = lines.code(number, soort, c.code)
                yield SpecFinding(
                    "SPEC107", *place, {"nummer": number, "waarde": c.code}, definition.version, key
                )


def check_step(known: dict[int, tuple[str, Element]], new: Definition, lines: Lines) -> Iterator[SpecFinding]:
    """From all earlier versions to this one: nothing of the message disappears, no number gets another meaning.

    `known` holds every number that was ever used, with the last version that had it.
    """
    for number, (version, was) in known.items():
        now = new.elementen.get(number)
        common = {"nummer": str(number), "oud": version, "nieuw": new.version}
        if now is None and was.in_bericht:
            place = (f"{lines.prefix}/elementen.csv", 0)
            yield SpecFinding("SPEC202", *place, {**common, "titel": was.naam}, new.version, str(number))
        elif now is not None and other_meaning(was, now):
            parameters = {**common, "was": was.naam, "titel": now.naam}
            yield SpecFinding("SPEC201", *lines.element(number), parameters, new.version, str(number))


def other_meaning(was: Element, now: Element) -> bool:
    """Whether a number seems to mean something else: names that share no word and do not look alike.

    A new name alone is no new meaning, so words in common (of more than two letters) or a likeness clear it.
    """
    if not was.naam or not now.naam:
        return False
    before, after = fold(was.naam), fold(now.naam)
    words = {w for w in before.split() if len(w) > 2 or w.isdecimal()}
    if words & set(after.split()):
        return False
    return SequenceMatcher(None, before, after).ratio() < _SAME_NAME
