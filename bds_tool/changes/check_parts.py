"""What a request carries along: can it be put in its place, is it sound in the new version, and is nothing left behind?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bds_tool.base.ranges import order, range_of
from bds_tool.base.specs import parse_yaml, specs_dir
from bds_tool.base.text import t
from bds_tool.changes.findings import Bevinding, bevinding
from bds_tool.changes.impact import effect_text, impact
from bds_tool.changes.package import Deel, words
from bds_tool.changes.parts import FOLDERS, KINDS, TABLES, PartProblem, fits, parts, placed
from bds_tool.schema.checking.files import Document, Judge, check_schema, column_judges
from bds_tool.schema.checking.refs import CODE_KEYS
from bds_tool.schema.lookup.usage import element_references
from bds_tool.schema.zib.checking import row_faults

if TYPE_CHECKING:
    from bds_tool.changes.context import Context
    from bds_tool.changes.package import Pakket
    from bds_tool.schema.model import Element

#: What a definition that leans on an element must do with it; other effects change answers and leave it sound.
_FOLLOWING = frozenset({"vervalt", "trendbreuk", "opvolger"})
#: A mark of a page in words that come on pages themselves.
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
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
    yield from _twice(c)
    yield from _behind(c)


def _wrong(jgz: str, deel: Deel, why: str) -> Bevinding:
    return bevinding("WIJZ984", ("verzoek", jgz), {"deel": f"{deel.soort} {deel.id}", "waarom": why})


def _sound(c: Context, jgz: str, deel: Deel) -> Iterator[Bevinding]:
    try:
        rows = fits(c.pakket, deel)
    except PartProblem as problem:
        yield _wrong(jgz, deel, problem.why)
        return
    for key, text in words(deel.inhoud):
        if _TAG.search(text):
            yield _wrong(jgz, deel, t(f"er staat opmaak in {key}", f"there is markup in {key}"))
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
        for why in dict.fromkeys(why for row in rows for why in _row(c, deel, row)):
            yield _wrong(jgz, deel, why)
        return
    for group in _claims(deel.inhoud, c.nieuw.version):
        if not any(n in c.nieuw.in_bericht for n in group):
            why = t(f"het noemt {group[0]}, en dat staat niet in het bericht van {c.nieuw.version}",
                    f"it names {group[0]}, which is not in the message of {c.nieuw.version}")  # fmt: skip
            yield _wrong(jgz, deel, why)
    judged = (
        *_range(c, deel.inhoud),
        *_codes(c, deel.inhoud),
        *_circle(deel.inhoud),
        *_one_language(deel.inhoud),
    )
    for why in dict.fromkeys(judged):
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


# -- rows of tables ----------------------------------------------------------------------------------------------


def _row(c: Context, deel: Deel, row: dict[str, str]) -> Iterator[str]:
    """What is wrong with a row, as the check of its own table says it."""
    if deel.soort == "zib":
        versions = {d.version: d for d in (c.oud, c.nieuw)}
        yield from row_faults(row, versions)
        return
    for column, judge in _judges(str(specs_dir()), TABLES[deel.soort].file).items():
        if problem := judge(row.get(column, "")):
            yield f"{column}: {problem}"
    if deel.soort == "codekoppeling":
        for column, soort in (("bds_code", "BDS"), ("hl7_code", "HL7")):
            lijst = c.nieuw.waardenlijsten.get((row["waardenlijst"], soort))
            if lijst is not None and row[column] not in {x.code for x in lijst.codes}:
                yield t(f"{row[column]} staat niet in {row['waardenlijst']}/{soort}",
                        f"{row[column]} is not in {row['waardenlijst']}/{soort}")  # fmt: skip
        return
    if row["since"] not in {d.version for d in (*c.eerder, c.nieuw)}:
        yield t(
            f"{row['since']} is geen versie tot en met {c.nieuw.version}",
            f"{row['since']} is no version up to {c.nieuw.version}",
        )
    if row["stand"] != "vindplaats" and not (row["definitie"] or row["toelichting"]).strip():
        yield t("er staat geen tekst", "there is no text")


@lru_cache(maxsize=4)
def _judges(root: str, file: str) -> dict[str, Judge]:
    """By column the judge of a table of `specs/bds`, from its data package."""
    package = json.loads((Path(root) / "bds" / "datapackage.json").read_text(encoding="utf-8"))
    schema = next(r["schema"] for r in package["resources"] if f"bds/{r['path']}" == file)
    return column_judges(schema)


# -- documents ---------------------------------------------------------------------------------------------------


def _range(c: Context, node: Any) -> Iterator[str]:  # noqa: ANN401
    """Versions that a definition claims and that cannot be: a range that is empty, or versions without its elements."""
    if isinstance(node, list):
        for member in node:
            yield from _range(c, member)
    if not isinstance(node, dict):
        return
    holds = range_of(node)
    if holds.since and holds.until and order(holds.since) >= order(holds.until):
        yield t(f"het geldt van {holds.since} tot {holds.until}: dat is nooit",
                f"it holds from {holds.since} until {holds.until}: that is never")  # fmt: skip
    if holds.since:
        for d in (*c.eerder, c.nieuw):
            for group in _claims(node, d.version) if holds.holds(d.version) else ():
                if d is not c.nieuw and not any(n in d.elementen for n in group):
                    yield t(f"het geldt ook in {d.version}, en daar is {group[0]} niet",
                            f"it holds in {d.version} as well, where {group[0]} is not")  # fmt: skip
    for value in node.values():
        yield from _range(c, value)


def _codes(c: Context, node: Any) -> Iterator[str]:  # noqa: ANN401
    """Codes that a definition names beside an element and that its list has not."""
    if isinstance(node, list):
        for member in node:
            yield from _codes(c, member)
    if not isinstance(node, dict):
        return
    if not range_of(node).holds(c.nieuw.version):
        return
    number = node.get("element")
    e = c.nieuw.elementen.get(number) if isinstance(number, int) else None
    for key in CODE_KEYS if e is not None else ():
        listed = node.get(key)
        for code in listed if isinstance(listed, list) else [listed]:
            if e is not None and isinstance(code, str) and not _answers(c, e, code):
                yield t(f"{code} is geen antwoord op {e.bdsnummer}", f"{code} is no answer to {e.bdsnummer}")
    for value in node.values():
        yield from _codes(c, value)


def _answers(c: Context, e: Element, code: str) -> bool:
    if "BL" in {e.datatype, e.hl7_datatype} and code in {"true", "false"}:
        return True
    lists = [c.nieuw.waardenlijsten.get((e.waardenlijst, soort)) for soort in ("HL7", "BDS", "extern")]
    known = [x for lijst in lists if lijst is not None for x in lijst.codes]
    return not known or any(x.code == code for x in known)


def _one_language(node: Any) -> Iterator[str]:  # noqa: ANN401
    """Words in two languages that are the same words."""
    if isinstance(node, dict):
        nl, en = node.get("nl"), node.get("en")
        if isinstance(nl, str) and nl == en and " " in nl.strip():
            yield t("het Engels is het Nederlands", "the English is the Dutch")
        for value in node.values():
            yield from _one_language(value)


def _circle(node: Any) -> Iterator[str]:  # noqa: ANN401
    """A rule that only asks for what made it speak is never broken."""
    if not isinstance(node, dict):
        return
    when = node.get("when")
    asked, given = node.get("expect"), when.get("trigger") if isinstance(when, dict) else None
    if isinstance(asked, list) and isinstance(given, list) and asked and given:
        named = [{x.get("element") for x in part if isinstance(x, dict)} for part in (asked, given)]
        plain = not any(isinstance(x, dict) and x.keys() & {*CODE_KEYS} for x in asked)
        if named[0] == named[1] and plain:
            yield t("het vraagt wat er al staat", "it asks for what is there already")


def _twice(c: Context) -> Iterator[Bevinding]:
    """One definition that two requests carry with other content: the last would win, in silence."""
    first: dict[tuple[str, str], tuple[str, Deel]] = {}
    for jgz, deel in parts(c.pakket):
        other, known = first.setdefault((deel.soort, deel.id), (jgz, deel))
        if deel.soort in FOLDERS and deel.inhoud and known.inhoud and deel.inhoud != known.inhoud:
            yield _wrong(jgz, deel, t(f"{other} brengt het ook mee, met andere inhoud",
                                      f"{other} carries it as well, with other content"))  # fmt: skip


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
