"""What the program needs of the definitions, held against the copy in use.

The codes and limits that code asks for are read from the code itself; all else is held against the definitions that
came with this program: what those have and a copy lacks, would otherwise go missing in silence.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from bds_tool.base.errors import SpecError
from bds_tool.base.specs import parse_yaml, shipped_specs
from bds_tool.base.text import t
from bds_tool.findings.catalogue import catalogue_of
from bds_tool.findings.finding import Finding
from bds_tool.findings.result import MARKER

_CODE = re.compile(r"""["'](BDS\d{3}|SPEC\d{3}|WIJZ\d{3}|ZIB\d{2}|PUB\d{2})["']""")
_LIMIT = re.compile(r"""\blimit\(\s*["'](BDS\d{3})["'],\s*["'](\w+)["']""")
#: Folders of which the program knows every file and key; the others hold what users write themselves.
_OWN = frozenset(
    {
        "_schemas",
        "dob",
        "dossier",
        "james",
        "jgz",
        "kwaliteit",
        "populatie",
        "referenties",
        "regels",
        "tabel",
        "teksten",
    }
)
#: What names an entry of a list.
_NAMES = ("code", "id", "nl", "naam", "name", "sleutel")


@cache
def needed() -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
    """The codes that this program can print, and the limits (code, name) that its rules ask for."""
    codes: set[str] = set()
    limits: set[tuple[str, str]] = set()
    for path in Path(__file__).resolve().parents[2].rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        codes |= set(_CODE.findall(source))
        limits |= set(_LIMIT.findall(source))
    return frozenset(codes - {MARKER}), frozenset(limits)


def drift(root: Path) -> Iterator[Finding]:
    """What a copy of the definitions lacks; severity `fout` where the program cannot do without."""
    yield from _codes(root)
    shipped = shipped_specs()
    if root.resolve() == shipped.resolve():
        return
    for path in sorted(p for p in shipped.rglob("*") if p.is_file()):
        name = path.relative_to(shipped).as_posix()
        other = root / name
        if not other.is_file():
            yield _finding("SPEC404", name, {"bestand": name})
        elif not other.samefile(path) and other.read_bytes() != path.read_bytes():
            yield from _lacking(name, path, other)


def gate(root: Path) -> None:
    """Raises SpecError that names the first things the program needs and this copy of the definitions lacks."""
    if root.resolve() == shipped_specs().resolve():
        return
    found = list(islice((f for f in drift(root) if f.severity == "fout"), 4))
    if found:
        told = " ".join(f"{f.file}: {f.message}" for f in found[:3]) + (" …" if len(found) > 3 else "")
        raise SpecError(
            t(f"De definities in {root} missen wat bds nodig heeft. {told}",
              f"The definitions in {root} lack what bds needs. {told}"),
            t("`bds --specs MAP spec check` noemt alles; de definities horen bij deze versie van bds.",
              "`bds --specs DIR spec check` names all of it; the definitions belong to this version of bds."),
        )  # fmt: skip


def _finding(code: str, name: str, parameters: dict[str, str], key: str = "") -> Finding:
    own = name.partition("/")[0] in _OWN or name.startswith("zib/fhir/")
    return Finding(code, name, 0, parameters, key=key or name, given="" if own else "waarschuwing")


def _codes(root: Path) -> Iterator[Finding]:
    try:
        rules = catalogue_of(root).rules
    except SpecError:
        return  # told by the form of the file
    codes, limits = needed()
    for code in sorted(codes - set(rules)):
        yield Finding("SPEC401", "regels", 0, {"code": code}, key=code)
    for code in sorted(set(rules) - codes):
        if not code.startswith("BDS8"):  # the walk over messages takes its codes from tables
            yield Finding("SPEC402", "regels", 0, {"code": code}, key=code)
    for code, name in sorted(limits):
        if code in rules and name not in rules[code].parameters:
            yield Finding("SPEC403", "regels", 0, {"code": code, "naam": name}, key=f"{code}.{name}")


def _lacking(name: str, shipped: Path, other: Path) -> Iterator[Finding]:
    if name.startswith("_schemas/"):
        yield _finding("SPEC408", name, {"bestand": name})
    elif shipped.suffix in {".csv", ".tsv"}:
        yield from _rows(name, shipped, other)
    elif shipped.suffix in {".yaml", ".json"}:
        try:
            gone = sorted(_entries(_parsed(shipped)) - _entries(_parsed(other)))
        except ValueError:
            return  # not readable: told by the form of the file
        if gone:
            more = t(f" en {len(gone) - 1} meer", f" and {len(gone) - 1} more") if len(gone) > 1 else ""
            yield _finding("SPEC406", name, {"ingang": gone[0] + more}, gone[0])


def _rows(name: str, shipped: Path, other: Path) -> Iterator[Finding]:
    separator = "\t" if shipped.suffix == ".tsv" else ","
    mine, theirs = (_lines(p) for p in (shipped, other))
    heads = [next(csv.reader(lines[:1], delimiter=separator), []) for lines in (mine, theirs)]
    for column in heads[0]:
        if column not in heads[1]:
            yield Finding("SPEC405", name, 1, {"kolom": column}, key=column)
    gone = set(mine[1:]) - set(theirs[1:])
    if gone and heads[0] == heads[1]:
        yield Finding("SPEC407", name, 0, {"aantal": str(len(gone))}, key=name)


def _lines(path: Path) -> list[str]:
    """The lines of a table; the metadata above an SSSOM table are no rows."""
    text = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return [line for line in text if not line.startswith("#")]


def _parsed(path: Path) -> Any:  # noqa: ANN401
    if path.suffix == ".json":
        return json.loads(path.read_text(encoding="utf-8"))
    return parse_yaml(path.read_text(encoding="utf-8"))


def _entries(value: Any, place: str = "") -> set[str]:  # noqa: ANN401
    """Every key and every named member, as a path: `rules/BDS203/title/nl`."""
    found: set[str] = set()
    if isinstance(value, dict):
        for key, inner in value.items():
            here = f"{place}/{key}" if place else str(key)
            found |= {here, *_entries(inner, here)}
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            name = (
                next((inner[k] for k in _NAMES if k in inner), number) if isinstance(inner, dict) else inner
            )
            here = f"{place}/{json.dumps(name, default=str) if isinstance(name, list | dict) else name}"
            found |= {here, *(_entries(inner, here) if isinstance(inner, dict) else ())}
    return found
