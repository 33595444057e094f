"""What a package asks of data in one direction, as flat tables that a migration can join with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bds_tool.changes.package import Omrekening, Pakket, Regel, Wijziging
from bds_tool.schema.bindings import OWN_NODE, WHOLE, binding

if TYPE_CHECKING:
    from bds_tool.schema.model import Definition

#: Results of a derivation: the value of the first source as it is; the values of all sources, joined.
SAME, JOINED = "=", "+"

#: Aspects that move an element to another place without touching its value.
_PLACE = ("rubriek", "groep")


@dataclass(frozen=True, slots=True)
class ElementRule:
    """What happens to every value of an element. `van_eenheid` and `eenheid` are the units before and after `reken`."""

    bdsnummer: int
    doe: str
    element: int | None = None
    factor: str = ""
    van_eenheid: str = ""
    eenheid: str = ""
    anders: str = ""
    change: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class CodeRule:
    """What happens to one code of one element. `soort` is the coding it holds for: HL7 or BDS.

    For uit-tekst the row is recognised by `naam` and gets `code`; for hercodeer it gets `nieuw`; for weergavenaam
    the name `naam` becomes `nieuw`.
    """

    bdsnummer: int
    soort: str
    code: str
    doe: str
    codesysteem: str
    naam: str
    nieuw: str = ""
    change: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class DeriveRule:
    """A value of `bdsnummer` by the first of `regels` that fits: ((element, code), …) that must all be there, result."""

    bdsnummer: int
    regels: tuple[tuple[tuple[tuple[int, str], ...], str], ...]
    change: tuple[str, str]

    @property
    def bronnen(self) -> tuple[int, ...]:
        """The elements that are read, each once."""
        return tuple(dict.fromkeys(n for parts, _ in self.regels for n, _ in parts))


@dataclass(frozen=True)
class Plan:
    """One package in one direction.

    `gedragen`: (element, code, code system) of elements that get a value node of their own, which must name the code
    system; `verzwegen`: elements that lose it.
    """

    van: str
    naar: str
    forward: bool
    elementen: dict[int, ElementRule]
    codes: tuple[CodeRule, ...]
    herstel: frozenset[int]
    afleiden: tuple[DeriveRule, ...]
    plaatsen: dict[int, tuple[tuple[str, str], tuple[str, str]]]
    systemen: tuple[tuple[int, str, str, str], ...]
    regels: tuple[Regel, ...]
    gedragen: tuple[tuple[int, str, str], ...]
    verzwegen: frozenset[int]
    interactie: tuple[str, str]
    oud: Definition = field(repr=False)
    nieuw: Definition = field(repr=False)

    @property
    def naam(self) -> str:
        return f"{self.van}→{self.naar}"


def compile_plan(pakket: Pakket, old: Definition, new: Definition, *, forward: bool = True) -> Plan:
    """The plan of a package; `old` and `new` are the definitions of `pakket.van` and `pakket.naar`."""
    before, after = (old, new) if forward else (new, old)
    elementen: dict[int, ElementRule] = {}
    restore: set[int] = set()
    derive: list[DeriveRule] = []
    places: dict[int, tuple[tuple[str, str], tuple[str, str]]] = {}
    for w in pakket.wijzigingen:
        number = w.nummer
        if number is None:
            continue
        here, there = w.richting(forward), w.richting(not forward)
        if there is not None and (there.doe == "beschut" or there.anders == "beschut"):
            restore.add(number)
        if w.aspect == "verplaatst":
            places[number] = _place(w, forward)
        if here is None or here.doe == "behoud":
            continue
        if here.doe == "herstel":
            restore.add(number)
        elif here.doe == "afleiden":
            derive.append(DeriveRule(number, derivations(here), w.id))
        else:
            unit = w.veld("eenheid")
            ends = ((unit.van, unit.naar) if forward else (unit.naar, unit.van)) if unit else ("", "")
            elementen[number] = ElementRule(
                number, here.doe, here.element, here.factor, *ends, here.anders, w.id
            )
    codes = _codes(pakket, old, new, forward=forward)
    codes += _homeless(codes, elementen, before, after)
    restore |= {
        r.bdsnummer for r in _homeless(_codes(pakket, old, new, forward=not forward), {}, after, before)
    }
    direction = "heen" if forward else "terug"
    return Plan(
        van=before.version,
        naar=after.version,
        forward=forward,
        elementen=elementen,
        codes=tuple(codes),
        herstel=frozenset(restore),
        afleiden=tuple(derive),
        plaatsen=places,
        systemen=(*_systems(pakket, users(old, new), forward=forward), *_other_lists(before, after)),
        regels=tuple(r for r in pakket.regels if r.richting == direction and r.actief),
        gedragen=tuple(_carried(before, after)),
        verzwegen=frozenset(n for n in _both(before, after) if _own(before, n) and not _own(after, n)),
        interactie=(before.interactie, after.interactie),
        oud=before,
        nieuw=after,
    )


def _other_lists(before: Definition, after: Definition) -> Iterator[tuple[int, str, str, str]]:
    """Codes of the BDS coding that an element keeps while its list is another one, with a code system of its own."""
    for number in _both(before, after):
        if before.elementen[number].waardenlijst == after.elementen[number].waardenlijst:
            continue
        here, there = before.waardenlijst(number, "BDS"), after.waardenlijst(number, "BDS")
        systems = {c.code: c.codesysteem for c in (there.codes if there else ()) if c.codesysteem}
        for c in here.codes if here else ():
            if c.code in systems and c.codesysteem and c.codesysteem != systems[c.code]:
                yield number, c.code, c.codesysteem, systems[c.code]


def _homeless(
    codes: list[CodeRule], elements: dict[int, ElementRule], before: Definition, after: Definition
) -> list[CodeRule]:
    """Codes that were right before, that the list of the target lacks, and that no change speaks of: sheltered.

    A package that lets such a value stand would write what `bds validate` calls an error.
    """
    spoken = {(r.bdsnummer, r.soort, r.code) for r in codes}
    found = []
    for number in _both(before, after):
        if number in elements:
            continue
        for soort in ("HL7", "BDS"):
            there = binding(after, after.elementen[number], soort)
            here = before.waardenlijst(number, soort)
            if there is None or there.state != WHOLE or here is None:
                continue
            known = {c.code for c in there.lijst.codes}
            found += [
                CodeRule(number, soort, c.code, "beschut", c.codesysteem, c.weergavenaam)
                for c in here.codes
                if c.rij == "concept" and c.code not in known and (number, soort, c.code) not in spoken
            ]
    return found


def _both(before: Definition, after: Definition) -> list[int]:
    return [n for n in before.in_bericht if n in after.in_bericht]


def _own(definition: Definition, number: int) -> bool:
    return definition.elementen[number].locatie_soort in OWN_NODE


def _carried(before: Definition, after: Definition) -> Iterator[tuple[int, str, str]]:
    for number in _both(before, after):
        if _own(after, number) and not _own(before, number):
            lijst = after.waardenlijst(number) if after.elementen[number].coded else None
            yield from (
                (number, c.code, c.codesysteem) for c in (lijst.codes if lijst else ()) if c.codesysteem
            )


def _systems(
    pakket: Pakket, using: dict[str, tuple[int, ...]], *, forward: bool
) -> list[tuple[int, str, str, str]]:
    """(element, code, code system before, after) of codes that kept their meaning in another code system."""
    found = []
    for w in pakket.wijzigingen:
        veld = w.veld("codesysteem") if w.soort == "code-codesysteem" else None
        if veld is None or w.lijst is None or w.code is None:
            continue
        ends = (veld.van, veld.naar) if forward else (veld.naar, veld.van)
        found += [(e, w.code, *ends) for e in using.get(w.lijst[0], ())]
    return found


def _place(w: Wijziging, forward: bool) -> tuple[tuple[str, str], tuple[str, str]]:
    """((rubriek, groep) before, (rubriek, groep) after); an empty text is a part that does not change."""
    ends: list[tuple[str, str]] = []
    for old_side in (forward, not forward):
        found = []
        for name in _PLACE:
            veld = w.veld(name)
            found.append("" if veld is None else (veld.van if old_side else veld.naar))
        ends.append((found[0], found[1]))
    return ends[0], ends[1]


def derivations(o: Omrekening) -> tuple[tuple[tuple[tuple[int, str], ...], str], ...]:
    """`495=01` → ((495, "01"),); `725=*` is any value; `510=01&511=02` are both at once; what is no number is -1."""
    result = []
    for source, value in o.tabel:
        parts = (part.partition("=") for part in source.split("&"))
        result.append((tuple((int(n) if n.isdecimal() else -1, code or "*") for n, _, code in parts), value))
    return tuple(result)


def users(*definitions: Definition) -> dict[str, tuple[int, ...]]:
    """The elements that use a list in any of the definitions, by list."""
    found: dict[str, set[int]] = defaultdict(set)
    for definition in definitions:
        for e in definition.elementen.values():
            if e.waardenlijst:
                found[e.waardenlijst].add(e.bdsnummer)
    return {k: tuple(sorted(v)) for k, v in found.items()}


def _codes(pakket: Pakket, old: Definition, new: Definition, *, forward: bool) -> list[CodeRule]:
    using = users(old, new)
    rules: dict[tuple[int, str, str, str], CodeRule] = {}
    stated = {(w.lijst, w.code) for w in pakket.wijzigingen if w.tabel == "code"}
    for w in pakket.wijzigingen:
        if w.tabel == "code":
            for rule in _of_code(w, using, stated, old, new, forward=forward):
                rules.setdefault((rule.bdsnummer, rule.soort, rule.code, rule.doe), rule)
        elif w.nummer is not None:
            here = w.richting(forward)
            if here is not None and here.doe == "hercodeer":
                for soort, code, target in recodings(here):
                    rule = _recode(w, soort, code, target, new if forward else old)
                    rules.setdefault((rule.bdsnummer, soort, code, "hercodeer"), rule)
    return list(rules.values())


def recodings(o: Omrekening) -> list[tuple[str, str, str]]:
    """(coding, code, new code) of a recoding table; `HL7:ONESELF` holds for one coding, `01` for both."""
    found = []
    for source, target in o.tabel:
        coding, colon, code = source.partition(":")
        if colon and coding in {"HL7", "BDS"}:
            found.append((coding, code, target))
        else:
            found += [("HL7", source, target), ("BDS", source, target)]
    return found


def _recode(w: Wijziging, soort: str, code: str, target: str, after: Definition) -> CodeRule:
    number = w.nummer or 0
    lijst = after.waardenlijst(number, soort) if number in after.elementen else None
    found = lijst.find(target) if lijst else None
    name = found.weergavenaam if found else ""
    return CodeRule(number, soort, code, "hercodeer", found.codesysteem if found else "", name, target, w.id)


def _of_code(
    w: Wijziging,
    using: dict[str, tuple[int, ...]],
    stated: set[tuple[tuple[str, str] | None, str | None]],
    old: Definition,
    new: Definition,
    *,
    forward: bool,
) -> list[CodeRule]:
    here = w.richting(forward)
    lijst, code = w.lijst, w.code
    if (
        here is None
        or here.doe in {"behoud", "herstel"}
        or lijst is None
        or code is None
        or "/!" in w.sleutel
    ):
        return []
    number, soort = lijst
    name, other = _names(w, forward)
    system = _system(w)
    codings = [soort]
    # The sources print the HL7 lists of 4.2.0 only; a code that the BDS list has no word on means the same there.
    twin = (number, "BDS")
    if soort == "HL7" and (twin, code) not in stated and not _known(code, twin, old, new):
        codings.append("BDS")
    return [
        CodeRule(
            e, kind, code, here.doe, system if kind == soort else "", name, _target(here, code, other), w.id
        )
        for e in using.get(number, ())
        for kind in codings
    ]


def _known(code: str, key: tuple[str, str], *definitions: Definition) -> bool:
    return any(key in d.waardenlijsten and d.waardenlijsten[key].find(code) is not None for d in definitions)


def _names(w: Wijziging, forward: bool) -> tuple[str, str]:
    veld = w.veld("weergavenaam")
    if veld is None:
        return w.naam, w.naam
    if w.aspect in {"toegevoegd", "vervallen"}:
        return veld.van or veld.naar, veld.van or veld.naar
    return (veld.van, veld.naar) if forward else (veld.naar, veld.van)


def _system(w: Wijziging) -> str:
    return w.sleutel.split("/")[2]


def _target(o: Omrekening, code: str, other: str) -> str:
    if o.doe == "hercodeer":
        return dict(o.tabel).get(code, code)
    return other if o.doe == "weergavenaam" else ""
