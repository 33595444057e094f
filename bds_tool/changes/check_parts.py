"""What a request carries along: can it be put in its place, is it sound in the new version, and is nothing left behind?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from bds_tool.base.ranges import range_of
from bds_tool.base.specs import parse_yaml, specs_dir
from bds_tool.base.text import t
from bds_tool.changes.findings import Bevinding, bevinding
from bds_tool.changes.impact import effect_text, impact
from bds_tool.changes.package import Deel
from bds_tool.changes.parts import FOLDERS, KINDS, TABLES, PartProblem, fits, parts, placed
from bds_tool.schema.checking.files import Document, check_schema
from bds_tool.schema.lookup.usage import element_references

if TYPE_CHECKING:
    from bds_tool.changes.context import Context
    from bds_tool.changes.package import Pakket

#: What a definition that leans on an element must do with it; other effects change answers and leave it sound.
_FOLLOWING = frozenset({"vervalt", "trendbreuk", "opvolger"})
#: How heavy it weighs that something does not follow yet, by the state of the package.
_WEIGHT = {"concept": "info", "ter besluit": "waarschuwing", "vastgesteld": "fout"}


def part_findings(c: Context) -> Iterator[Bevinding]:
    """Findings about the parts of a package that is being made."""
    if not c.concept:
        return
    for jgz, deel in parts(c.pakket):
        if not deel.inhoud and not deel.reden.strip():
            yield _wrong(
                jgz, deel, t("er staat geen inhoud en geen reden", "there is no content and no reason")
            )
        elif deel.inhoud:
            yield from _sound(c, jgz, deel)
    try:
        files = placed(c.pakket)
    except PartProblem:
        files = {}  # told by the part itself
    yield from _form(c, files)
    yield from _behind(c)


def _wrong(jgz: str, deel: Deel, why: str) -> Bevinding:
    return bevinding("WIJZ984", ("verzoek", jgz), {"deel": f"{deel.soort} {deel.id}", "waarom": why})


def _sound(c: Context, jgz: str, deel: Deel) -> Iterator[Bevinding]:
    try:
        fits(c.pakket, deel)
    except PartProblem as problem:
        yield _wrong(jgz, deel, problem.why)
        return
    if deel.soort in TABLES:
        known = c.nieuw.waardenlijsten if deel.soort == "codekoppeling" else c.nieuw.elementen
        keys = {k[0] for k in known} if deel.soort == "codekoppeling" else {str(k) for k in known}  # type: ignore[index]
        if deel.id not in keys:
            yield _wrong(
                jgz,
                deel,
                t(
                    f"{deel.id} is er niet in {c.nieuw.version}",
                    f"{deel.id} is not there in {c.nieuw.version}",
                ),
            )
        return
    for group in _claims(deel.inhoud, c.nieuw.version):
        if not any(n in c.nieuw.in_bericht for n in group):
            why = t(f"het noemt {group[0]}, en dat staat niet in het bericht van {c.nieuw.version}",
                    f"it names {group[0]}, which is not in the message of {c.nieuw.version}")  # fmt: skip
            yield _wrong(jgz, deel, why)


def _claims(node: Any, version: str) -> Iterator[tuple[int, ...]]:  # noqa: ANN401
    """Elements that a definition names for a version; those of one list may serve several versions together."""
    if isinstance(node, dict):
        if not range_of(node).holds(version):
            return
        for key, value in node.items():
            found = [n for n, _ in element_references({key: value})] if not isinstance(value, dict) else []
            if (
                found
                and isinstance(value, int | list)
                and all(isinstance(x, int) for x in (value if isinstance(value, list) else [value]))
            ):
                yield tuple(found)
            else:
                yield from _claims(value, version)
    elif isinstance(node, list):
        for member in node:
            yield from _claims(member, version)


def _form(c: Context, files: dict[str, str]) -> Iterator[Bevinding]:
    """Every file that changes keeps the form of its kind."""
    for jgz, deel in parts(c.pakket):
        for name, text in files.items():
            if (
                deel.inhoud
                and deel.soort in FOLDERS
                and name.startswith(FOLDERS[deel.soort])
                and deel.id in text
            ):
                for why in _faults(str(specs_dir()), name, text):
                    yield _wrong(jgz, deel, why)
                break


@lru_cache(maxsize=32)
def _faults(_root: str, name: str, text: str) -> tuple[str, ...]:
    root = specs_dir()
    document = Document(root / name, name, parse_yaml(text), text)
    return tuple(f.message for f in check_schema(root, document))[:3]


def _behind(c: Context) -> Iterator[Bevinding]:
    """What leans on elements that leave, and new elements without a zib row: a request carries it, or says why not."""
    weight = _WEIGHT.get(c.pakket.status, "info")
    for jgz, kind, name, why in left_behind(c.pakket):
        what = {"deel": f"{kind} {name}", "waarom": why}
        yield bevinding("WIJZ983", ("verzoek", jgz), what, severity=weight)


def left_behind(pakket: Pakket) -> Iterator[tuple[str, str, str, str]]:
    """(request, kind, name, why) of what must follow and no request carries or has looked at; each once per request."""
    carried = {(FOLDERS.get(d.soort, d.soort), d.id) for _, d in parts(pakket)}
    told: set[tuple[str, str, str]] = set()
    for i in impact(pakket):
        for jgz in i.jgz if i.effect in _FOLLOWING else ():
            name = str(i.bdsnummer) if i.kind == "zib" else i.id
            if (i.kind, name) not in carried and (jgz, i.kind, name) not in told:
                told.add((jgz, i.kind, name))
                yield jgz, i.kind, name, f"{i.bdsnummer}: {effect_text(i.effect)}"
    for w in pakket.wijzigingen:
        if w.soort == "element-toegevoegd" and ("zib", w.sleutel) not in carried:
            for jgz in w.jgz:
                why = t(f"{w.sleutel} heeft nog geen regel", f"{w.sleutel} has no row yet")
                yield jgz, "zib", w.sleutel, why


def with_open_parts(pakket: Pakket, jgz: str) -> Pakket:
    """The package in which a request names everything that must follow, still without content or reason: `check` asks for one."""
    kinds = {folder: kind for kind, folder in FOLDERS.items()}
    found = [Deel(kinds.get(kind, kind), name) for own, kind, name, _ in left_behind(pakket) if own == jgz]
    if not found:
        return pakket
    request = pakket.verzoeken[jgz]
    known = [d for d in found if d.soort in KINDS]
    return replace(pakket, verzoeken={**pakket.verzoeken, jgz: replace(request, mee=(*request.mee, *known))})


def still_to_follow(pakket: Pakket, lines: list[str]) -> list[str]:
    """The lines of `must_follow` without what the package carries or has looked at."""
    carried = {f"{FOLDERS.get(d.soort, d.soort)} {d.id}" for _, d in parts(pakket)}
    return [x for x in lines if " ".join(x.split(" ")[:2]) not in carried]
