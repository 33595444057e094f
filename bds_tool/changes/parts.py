"""What a request carries along outside the definition: protocols, indicators, rules, zib rows, code links and help texts.

A part is one definition or row, whole, as it is to be from the new version on. `apply` puts it in the place of what has its
name, or beside its neighbours; a part with only a reason says that somebody looked and nothing has to change.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bds_tool.base.errors import SpecError
from bds_tool.base.files import atomic_files
from bds_tool.base.names import inside
from bds_tool.base.specs import parse_yaml, specs_dir
from bds_tool.base.text import t
from bds_tool.base.yaml_splice import splice
from bds_tool.changes.dumping import dump_data
from bds_tool.changes.package import Deel, Pakket

#: Kind of part → folder of its YAML files; the kinds of an impact are called after the folder.
FOLDERS = {"protocol": "protocollen", "indicator": "indicatoren", "regel": "regels"}
#: What names a definition inside such a file.
_NAMES = ("id", "code")


@dataclass(frozen=True, slots=True)
class Table:
    """A table of definitions: its file, what stands between cells, and the columns that name a row."""

    file: str
    delimiter: str
    keys: tuple[str, ...]


TABLES = {
    "zib": Table("zib/bds-zib.sssom.tsv", "\t", ("subject_id", "object_source_version")),
    "codekoppeling": Table("bds/codekoppeling.csv", ",", ("waardenlijst", "bds_code", "hl7_code")),
    "helptekst": Table("bds/helpteksten.csv", ",", ("bdsnummer", "since")),
}
KINDS = (*FOLDERS, *TABLES)


class PartProblem(SpecError):
    """A part that cannot be put in its place; `why` says why not."""

    def __init__(self, deel: Deel, why: str) -> None:
        self.why = why
        super().__init__(
            t(
                f"{deel.soort} {deel.id} is niet te plaatsen: {why}.",
                f"{deel.soort} {deel.id} cannot be placed: {why}.",
            ),
            t("`bds change check` noemt alle plaatsen.", "`bds change check` names all places."),
        )


def parts(pakket: Pakket) -> Iterator[tuple[str, Deel]]:
    """(request, part) of every part of a package."""
    return ((v.jgz, d) for v in pakket.verzoeken.values() for d in v.mee)


def placed(pakket: Pakket) -> dict[str, str]:
    """The files that change by the parts of a package, by their place under `specs/`. Raises PartProblem."""
    files: dict[str, str] = {}
    tables: dict[str, list[list[str]]] = {}
    for _, deel in parts(pakket):
        if not deel.inhoud:
            continue
        if deel.soort in TABLES:
            table = TABLES[deel.soort]
            if table.file not in tables:
                tables[table.file] = _read(table)
            _put(pakket, deel, tables[table.file])
        else:
            name, text = _document(deel, files)
            files[name] = text
    for table in TABLES.values():
        if table.file in tables:
            files[table.file] = _written(table, tables[table.file])
    return files


def fits(pakket: Pakket, deel: Deel) -> list[dict[str, str]]:
    """The rows of its table as a part makes them; none for a document. Raises PartProblem for what has no place."""
    if deel.soort not in TABLES:
        _document(deel, {})
        return []
    rows = _read(TABLES[deel.soort])
    return [dict(zip(rows[0], row, strict=True)) for row in _put(pakket, deel, rows)]


def write_parts(pakket: Pakket, root: Path) -> list[Path]:
    """Write the files that change under a folder of definitions; gives them in the order of their names."""
    texts = {inside(root, name): text for name, text in sorted(placed(pakket).items())}
    with atomic_files(texts) as made:
        for path, text in texts.items():
            made[path].write_text(text, encoding="utf-8", newline="\n")
    return list(texts)


def _now(name: str, files: Mapping[str, str]) -> str:
    path = specs_dir() / name
    return files[name] if name in files else path.read_text(encoding="utf-8") if path.is_file() else ""


# -- documents ---------------------------------------------------------------------------------------------------


def _document(deel: Deel, files: Mapping[str, str]) -> tuple[str, str]:
    folder = FOLDERS[deel.soort]
    if not any(str(deel.inhoud.get(k, "")) == deel.id for k in _NAMES):
        why = t("de inhoud heeft een andere naam (id of code)", "the content has another name (id or code)")
        raise PartProblem(deel, why)
    known = {f"{folder}/{p.name}" for p in (specs_dir() / folder).glob("*.yaml")} | {
        f for f in files if f.startswith(folder)
    }
    for name in sorted(known):
        text = _now(name, files)
        if deel.id not in text and f"{folder}/{deel.bij}.yaml" != name:
            continue
        data = parse_yaml(text)
        new, found = _replaced(data, deel)
        if not found and f"{folder}/{deel.bij}.yaml" == name:
            new, found = _added(data, deel)
        if found:
            return name, splice(text, new, dump_data)
    if deel.bij:
        raise PartProblem(
            deel,
            t(f"er is geen bestand {deel.bij} waar het bij kan", f"there is no file {deel.bij} to put it in"),
        )
    content = dict(deel.inhoud)
    return f"{folder}/{deel.id.lower()}.yaml", dump_data([content] if deel.soort == "indicator" else content)


def _replaced(data: Any, deel: Deel) -> tuple[Any, bool]:  # noqa: ANN401
    """The document with the part in the place of what has its name, and whether there was such a thing."""
    if isinstance(data, dict):
        if any(data.get(k) == deel.id for k in _NAMES):
            return dict(deel.inhoud), True
        for key, value in data.items():
            if isinstance(value, list):
                new, found = _replaced(value, deel)
                if found:
                    return {**data, key: new}, True
    elif isinstance(data, list):
        for n, member in enumerate(data):
            if isinstance(member, dict) and any(member.get(k) == deel.id for k in _NAMES):
                return [*data[:n], dict(deel.inhoud), *data[n + 1 :]], True
    return data, False


def _added(data: Any, deel: Deel) -> tuple[Any, bool]:  # noqa: ANN401
    """The document with the part at the end of its list of definitions."""
    if isinstance(data, list):
        return [*data, dict(deel.inhoud)], True
    for key in ("rules", "regels"):
        if isinstance(data, dict) and isinstance(data.get(key), list):
            return {**data, key: [*data[key], dict(deel.inhoud)]}, True
    return data, False


# -- tables ------------------------------------------------------------------------------------------------------


def _lines(table: Table, *, comments: bool) -> list[str]:
    return [x for x in _now(table.file, {}).splitlines() if x.startswith("#") == comments]


def _read(table: Table) -> list[list[str]]:
    """The rows of a table as they are now, the head first."""
    return list(csv.reader(_lines(table, comments=False), delimiter=table.delimiter))


def _written(table: Table, rows: list[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=table.delimiter, lineterminator="\n").writerows(rows)
    return "".join(f"{x}\n" for x in _lines(table, comments=True)) + out.getvalue()


def _put(pakket: Pakket, deel: Deel, rows: list[list[str]]) -> list[list[str]]:
    """Put the rows of a part among the rows: in the place of the row with its keys, else after its neighbours. Gives them."""
    head = rows[0]
    strange = sorted(deel.inhoud.keys() - set(head))
    if strange:
        raise PartProblem(
            deel, t(f"de tabel heeft geen kolom {strange[0]}", f"the table has no column {strange[0]}")
        )
    keys = TABLES[deel.soort].keys
    columns = [head.index(k) for k in keys]
    put = []
    for own, common in _rows(pakket, deel):
        key = [(common | own).get(k, "") for k in keys]
        at = next((n for n, r in enumerate(rows[1:], 1) if [r[c] for c in columns] == key), 0)
        if at:
            cells = rows[at] = [own.get(column, was) for column, was in zip(head, rows[at], strict=True)]
        else:
            cells = [(common | own).get(column, "") for column in head]
            place = _order(cells[0])
            after = next((n for n in range(len(rows) - 1, 0, -1) if _order(rows[n][0]) <= place), 0)
            rows.insert(after + 1, cells)
        put.append(cells)
    return put


def _order(key: str) -> tuple[int, str]:
    digits = "".join(x for x in key if x.isdecimal())
    return int(digits or 0), key


def _rows(pakket: Pakket, deel: Deel) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """The rows that a part stands for: what it says, and what a row that is not there yet has besides."""
    own = {k: str(v) for k, v in deel.inhoud.items()}
    if deel.soort == "helptekst":
        yield {"since": pakket.naar} | own, {"bdsnummer": deel.id}
    elif deel.soort == "codekoppeling":
        yield own, {"waardenlijst": deel.id}
    else:
        added = pakket.by_id.get(("element-toegevoegd", deel.id))
        common = {
            "subject_id": f"bds:{deel.id}", "subject_label": added.naam if added else "", "predicate_id": "skos:exactMatch",
            "object_id": "sssom:NoTermFound", "mapping_justification": "semapv:ManualMappingCuration", "confidence": "0.5",
            "author_label": "bds-tool", "subject_source": "bds", "subject_source_version": f">={pakket.naar}", "object_source": "zib",
        }  # fmt: skip
        for release in own.pop("object_source_version", "2017 2020").split():
            yield own, common | {"object_source_version": release}
