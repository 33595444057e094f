"""References from other definitions to the BDS: elements, codes and versions they name must exist."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from typing import Any

from bds_tool.base.names import inside
from bds_tool.base.ranges import SINCE, UNTIL, order, range_of
from bds_tool.findings.finding import Finding as SpecFinding
from bds_tool.schema.checking.files import Document
from bds_tool.schema.coding import code_pairs
from bds_tool.schema.lines import line_of
from bds_tool.schema.loading import load, newest, versions
from bds_tool.schema.lookup.usage import ELEMENT_KEYS

#: Keys that say for which BDS versions a definition holds.
VERSION_KEYS = ("bds_versies", "bds_versions", "bds")
#: Keys that hold codes of the element named beside them.
CODE_KEYS = ("codes", "code", "waarden", "values", "niet", "vervallen_codes")
#: Kinds that may name what no longer travels in the message, or numbers that are not elements at all.
SKIP = ("bds", "wijzigingen", "_schemas")
_VERSION = re.compile(r"\d+\.\d+(\.\d+)?$")
#: Codes of rules and checks, which are no codes of an element.
_OWN_CODE = re.compile(r"(BDS|SPEC)\d{3}$")

Path = tuple[str, ...]


def check_references(document: Document) -> Iterator[SpecFinding]:
    """Elements, codes and versions named in one YAML file, judged for the versions the definition claims."""
    if document.kind in SKIP:
        return
    if document.kind == "dob":
        yield from _tree(document, document.value, ())
        return
    yield from _walk(document, document.value, (), ())


def _tree(document: Document, node: Any, path: Path) -> Iterator[SpecFinding]:  # noqa: ANN401
    """The tree of the message: every number in it is an element."""
    if isinstance(node, dict):
        for key, value in node.items():
            if isinstance(key, int):
                yield from _element(document, key, (*path, str(key)), ())
            yield from _tree(document, value, (*path, str(key)))
    elif isinstance(node, list):
        for n, value in enumerate(node):
            yield from _tree(document, value, (*path, str(n)))
    elif isinstance(node, int) and not isinstance(node, bool):
        yield from _element(document, node, path, ())


def _walk(document: Document, node: Any, path: Path, claimed: tuple[str, ...]) -> Iterator[SpecFinding]:  # noqa: ANN401
    if isinstance(node, list):
        for n, member in enumerate(node):
            yield from _walk(document, member, (*path, str(n)), claimed)
        return
    if not isinstance(node, dict):
        return
    own, unknown = _claims(node)
    for key, version in unknown:
        parameters = {"plaats": _place(document, (*path, key)), "waarde": version}
        yield SpecFinding(
            "SPEC304",
            document.name,
            line_of(document.lines, (*path, key)),
            parameters,
            version,
            document.name,
        )
    claimed = own or claimed
    for key, value in node.items():
        here = (*path, str(key))
        if key in ELEMENT_KEYS:
            yield from _elements(document, node, value, here, claimed)
        else:
            yield from _walk(document, value, here, claimed)


def _claims(node: Mapping[str, object]) -> tuple[tuple[str, ...], list[tuple[str, str]]]:
    """The known versions a definition claims, and the unknown ones with their key."""
    known, unknown = [], []
    for key in VERSION_KEYS:
        value = node.get(key)
        for version in value if isinstance(value, list) else [value]:
            if isinstance(version, str) and _VERSION.match(version):
                if version in versions():
                    known.append(version)
                else:
                    unknown.append((key, version))
    holds = range_of(node)
    if _VERSION.match(holds.since or holds.until):
        unknown += [(k, v) for k, v in ((SINCE, holds.since), (UNTIL, holds.until)) if v and _strange(k, v)]
        known += holds.among(versions())
    return tuple(known), unknown


def _strange(key: str, version: str) -> bool:
    """A version that is not there; only the end of a range may lie beyond the newest one."""
    return version not in versions() and not (key == UNTIL and order(version) > order(versions()[-1]))


def _place(document: Document, path: Path) -> str:
    """A name people recognise: the id or code of the definition, else the path in the file."""
    node = document.value
    name = ""
    for part in path:
        if isinstance(node, dict):
            name = str(node.get("id") or node.get("code") or name)
            node = node.get(part, node.get(int(part)) if part.isdecimal() else None)
        elif isinstance(node, list):
            node = node[int(part)]
    return name or "/".join(path)


def _elements(
    document: Document,
    node: Mapping[str, object],
    value: Any,  # noqa: ANN401
    path: Path,
    claimed: tuple[str, ...],
) -> Iterator[SpecFinding]:
    if isinstance(value, dict):
        for key, member in value.items():
            if str(key).isdecimal():
                # Limits or settings per element: the key is the number, what stands below is something else.
                yield from _element(document, int(key), (*path, str(key)), claimed)
                continue
            version = (str(key),) if str(key) in versions() else ()
            yield from _elements(document, {}, member, (*path, str(key)), version or claimed)
        return
    numbers = [
        v
        for v in (value if isinstance(value, list) else [value])
        if isinstance(v, int) and not isinstance(v, bool)
    ]
    if len(numbers) == 1:
        yield from _element(document, numbers[0], path, claimed)
        yield from _named_codes(document, node, numbers[0], path[:-1], claimed)
    elif numbers:
        yield from _union(document, numbers, path, claimed)


def _union(
    document: Document, numbers: list[int], path: Path, claimed: tuple[str, ...]
) -> Iterator[SpecFinding]:
    """Elements that together serve several versions (725 before, 1605 after): each must exist in one of the claimed
    versions, and every claimed version must have one of them in its message.
    """
    scope = claimed or tuple(versions())
    for number in numbers:
        if not any(number in load(v).elementen for v in scope):
            yield _reference("SPEC301", document, number, path, list(scope))
    unserved = [v for v in claimed if not any(n in load(v).in_bericht for n in numbers)]
    if unserved:
        alive = any(n in load(v).in_bericht for v in claimed for n in numbers)
        yield _reference(_expired(claimed, unserved, alive=alive), document, numbers[0], path, unserved)


def _expired(claimed: tuple[str, ...], lacking: list[str], *, alive: bool) -> str:
    """A range that runs on past the life of what it names must follow; what never lived in it is a lesser thing."""
    return "SPEC307" if alive and lacking and lacking[-1] == claimed[-1] else "SPEC302"


def _element(document: Document, number: int, path: Path, claimed: tuple[str, ...]) -> Iterator[SpecFinding]:
    scope = claimed or tuple(versions())
    exists = [v for v in scope if number in load(v).elementen]
    living = [v for v in exists if load(v).elementen[number].in_bericht]
    # Without a claim one version that has the element is enough; with a claim every one of them must.
    if not exists or (claimed and len(exists) < len(scope)):
        lacking = [v for v in scope if v not in exists]
        code = _expired(claimed, lacking, alive=bool(living)) if claimed else "SPEC301"
        yield _reference(code if code == "SPEC307" else "SPEC301", document, number, path, lacking)
    elif not living or (claimed and len(living) < len(scope)):
        lacking = [v for v in scope if v not in living]
        yield _reference(_expired(claimed, lacking, alive=bool(living)), document, number, path, lacking)


def _reference(code: str, document: Document, number: int, path: Path, lacking: list[str]) -> SpecFinding:
    parameters = {"plaats": _place(document, path), "nummer": str(number), "versies": ", ".join(lacking)}
    # The oldest version that lacks it: a deviation can then be accepted from that version on.
    return SpecFinding(
        code,
        document.name,
        line_of(document.lines, path),
        parameters,
        lacking[0] if lacking else "",
        str(number),
    )


def _named_codes(
    document: Document, node: Mapping[str, object], number: int, path: Path, claimed: tuple[str, ...]
) -> Iterator[SpecFinding]:
    for key in CODE_KEYS:
        listed = node.get(key)
        codes = [c for c in (listed if isinstance(listed, list) else [listed]) if isinstance(c, str)]
        if key == "code" and any(_OWN_CODE.match(c) for c in codes):
            continue  # the code of the rule itself
        for code in codes:
            yield from _code(
                document, number, code, (*path, key), claimed, allow_old=key == "vervallen_codes"
            )


def _code(
    document: Document, number: int, code: str, path: Path, claimed: tuple[str, ...], *, allow_old: bool
) -> Iterator[SpecFinding]:
    scope = [v for v in claimed or (newest(),) if number in load(v).elementen]
    lacking, dead = [], []
    for version in scope:
        definition = load(version)
        if "BL" in {
            definition.elementen[number].datatype,
            definition.elementen[number].hl7_datatype,
        } and code in {"true", "false"}:
            continue
        pairs = code_pairs(definition, definition.elementen[number].waardenlijst)
        found = [p for p in pairs if code in {p.bds.code if p.bds else None, p.hl7.code if p.hl7 else None}]
        if pairs and not found:
            lacking.append(version)
        elif found and all(p.status == "D" for p in found):
            dead.append(version)
    if not lacking and (not dead or allow_old):
        return
    base = {"plaats": _place(document, path), "nummer": str(number), "waarde": code}
    line = line_of(document.lines, path)
    if lacking:
        yield SpecFinding(
            "SPEC303",
            document.name,
            line,
            {**base, "versies": ", ".join(lacking)},
            lacking[0],
            f"{number}/{code}",
        )
    else:
        yield SpecFinding(
            "SPEC306", document.name, line, {**base, "versies": ", ".join(dead)}, dead[0], f"{number}/{code}"
        )


def check_ids(found: list[Document]) -> Iterator[SpecFinding]:
    """Identifications that occur twice within one kind: rule codes, ids of protocols and indicators."""
    seen: dict[tuple[str, str], str] = {}
    for document in found:
        # Packages number their own examples.
        if document.kind in {"bds", "_schemas", "wijzigingen"} or document.path.name == "datapackage.json":
            continue
        for path, identification in _identifications(document.value):
            key = (document.kind, identification)
            if key in seen:
                line = line_of(document.lines, path)
                yield SpecFinding(
                    "SPEC305",
                    document.name,
                    line,
                    {"waarde": identification, "ander": seen[key]},
                    "",
                    identification,
                )
            seen.setdefault(key, document.name)


def _identifications(value: Any) -> Iterator[tuple[Path, str]]:  # noqa: ANN401
    """The id of a file, or the ids or codes of the members of its top-level lists."""
    if not isinstance(value, dict):
        return
    if isinstance(value.get("id"), str):
        yield ("id",), value["id"]
        return
    for key, members in value.items():
        for n, member in enumerate(members if isinstance(members, list) else []):
            if isinstance(member, dict):
                for name in ("id", "code"):
                    if isinstance(member.get(name), str):
                        yield (str(key), str(n), name), member[name]
                        break


def check_table_references(document: Document) -> Iterator[SpecFinding]:
    """Columns of CSV files outside the versions that hold element numbers (`bdsnummer`, `oud`, `nieuw`, `element`)."""
    if not isinstance(document.value, dict) or document.value.get("bds"):
        return
    known = {n for v in versions() for n in load(v).elementen}
    prefix = document.name.removesuffix("datapackage.json")
    for resource in document.value.get("resources", []):
        columns = [
            f["name"]
            for f in resource["schema"]["fields"]
            if f["name"] in {"bdsnummer", "element", "oud", "nieuw"} and f["type"] == "integer"
        ]
        path = inside(document.path.parent, resource["path"])
        if not columns or not path.is_file():
            continue
        with path.open(encoding="utf-8", newline="") as file:
            for line, row in enumerate(csv.DictReader(file), 2):
                for column in columns:
                    value = row.get(column) or ""
                    if value.isdecimal() and int(value) not in known:
                        parameters = {"plaats": column, "nummer": value, "versies": ", ".join(versions())}
                        yield SpecFinding("SPEC301", prefix + resource["path"], line, parameters, "", value)


def check_sssom(document_name: str, text: str) -> Iterator[SpecFinding]:
    """An SSSOM mapping of elements: every subject must be an element of some version."""
    known = {n for v in versions() for n in load(v).elementen}
    rows = [(n, line) for n, line in enumerate(text.splitlines(), 1) if line and not line.startswith("#")]
    if not rows:
        return
    header = rows[0][1].split("\t")
    for needed in ("subject_id", "predicate_id", "object_id", "mapping_justification"):
        if needed not in header:
            yield SpecFinding("SPEC004", document_name, rows[0][0], {"reden": needed})
            return
    column = header.index("subject_id")
    for line, row in rows[1:]:
        cells = row.split("\t")
        if len(cells) != len(header):
            yield SpecFinding("SPEC004", document_name, line, {"reden": f"{len(cells)} ≠ {len(header)}"})
            continue
        match = re.search(r"(?:^|[:/_.#-])0*(\d{1,5})$", cells[column])
        if match and int(match[1]) not in known:
            parameters = {"plaats": "subject_id", "nummer": match[1], "versies": ", ".join(versions())}
            yield SpecFinding("SPEC301", document_name, line, parameters, "", match[1])
