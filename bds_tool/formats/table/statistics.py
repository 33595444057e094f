"""SPSS and Stata files as tables: labels of values become codes, missing values of the program stay missing."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bds_tool.base.files import temporary_dir
from bds_tool.formats.sniff import program, program_name
from bds_tool.formats.table.columns import known_header, recognise
from bds_tool.formats.table.elements import coded
from bds_tool.formats.table.notation import marks
from bds_tool.formats.table.read import read_table
from bds_tool.store.sources import Sink, Source, Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Rows that are in memory at once.
ROWS = 20_000


def read_statistics(source: Source, sink: Sink) -> None:
    """Read a .sav, .zsav, .por or .dta. Raises Unreadable when the extra is not there or the file is broken."""
    kind = program(source.head(), source.pad)
    read_table(as_csv(source), sink)
    sink.facts["formaat"] = sink.facts["formaat"].replace("csv", kind.lstrip("."))


def as_csv(source: Source) -> Source:
    """The source as a CSV with the labels of the file. Raises Unreadable as read_statistics does."""
    kind = program(source.head(), source.pad)
    try:
        import pyreadstat
    except ImportError as error:
        raise Unreadable("BDS074", soort=program_name(kind)) from error
    folder = temporary_dir()
    path = folder / f"in{kind}"
    with source.open() as stream, path.open("wb") as out:
        while block := stream.read(1 << 20):
            out.write(block)
    reader: Any = {".dta": pyreadstat.read_dta, ".por": pyreadstat.read_por}.get(kind, pyreadstat.read_sav)
    target = folder / "table.csv"
    try:
        _, facts = reader(str(path), metadataonly=True, output_format="dict")
        with target.open("w", encoding="utf-8", newline="") as text:
            writer = csv.writer(text, delimiter=";", lineterminator="\n")
            writer.writerow(_names(facts))
            for rows in _batches(reader, str(path)):
                writer.writerows(rows)
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, UnicodeDecodeError, OSError) as error:
        raise Unreadable("BDS011", reden=program_name(kind)) from error
    return replace(
        source,
        open=lambda: io.BufferedReader(target.open("rb", buffering=0)),
        options={**source.options, "file": target},
    )


def _names(facts: Any) -> list[str]:  # noqa: ANN401
    """The name of each variable; its label where only that is a known header."""
    told = facts.column_names_to_labels
    return [
        label if not known_header(name) and known_header(label := told.get(name) or "") else name
        for name in facts.column_names
    ]


def _batches(reader: Any, path: str) -> Iterator[list[list[str]]]:  # noqa: ANN401
    at = 0
    while True:
        frame, facts = reader(path, row_offset=at, row_limit=ROWS, output_format="dict")
        labelled = facts.variable_value_labels
        columns = [
            [
                _text(v)
                for v in _named(
                    values, name, facts.column_names_to_labels.get(name) or "", labelled.get(name) or {}
                )
            ]
            for name, values in frame.items()
        ]
        rows = [list(row) for row in zip(*columns, strict=True)]
        if rows:
            yield rows
        if len(rows) < ROWS:
            return
        at += ROWS


def _named(values: Any, name: str, label: str, labelled: dict[Any, str]) -> list[Any]:  # noqa: ANN401
    """Labels in place of the codes of the file: what a 1 means there only its label says, and the value list decides.

    Of a number a label counts where it is a mark for missing (9999 "onbekend").
    """
    number = recognise(name).bdsnummer or recognise(label).bdsnummer
    if not number or not labelled:
        return list(values)
    if number not in coded():
        labelled = {v: text for v, text in labelled.items() if text.strip().lower() in marks()}
    return [labelled.get(v, v) for v in values]


def _text(value: Any) -> str:  # noqa: ANN401
    if value is None or value != value:  # noqa: PLR0124  # NaN is the missing value of these programs
        return ""
    if isinstance(value, float):
        return f"{value:.15g}" if not value.is_integer() else str(int(value))
    if hasattr(value, "isoformat"):
        return str(value.isoformat()).removesuffix("T00:00:00")
    return str(value)
