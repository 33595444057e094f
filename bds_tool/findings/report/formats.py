"""Every format by name: how it is made, and whether it is text or bytes."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bds_tool.base.errors import UsageError
from bds_tool.base.files import atomic_file
from bds_tool.base.text import t

#: Formats that are a file of bytes, so that they need `--output`.
BINARY = ("parquet", "xlsx")
FORMATS = (
    "text",
    "json",
    "ndjson",
    "csv",
    "markdown",
    "parquet",
    "xlsx",
    "junit",
    "sarif",
    "github",
    "html",
)


def render(report: dict[str, Any], format_: str, *, quiet: bool = False, notes: Sequence[str] = ()) -> str:
    """A report (`envelope.build`, `checked.envelope`) in one of FORMATS that are text. Raises UsageError for another."""
    check(format_)
    on_screen(format_)
    if format_ == "text":
        from bds_tool.findings.report.text import text

        return text(report, quiet=quiet, notes=notes)
    return _of_report(format_)(report)


def on_screen(format_: str) -> None:
    """Raises UsageError for a format that is bytes."""
    if format_ in BINARY:
        raise UsageError(
            t(f"Formaat {format_} past niet op het scherm.", f"Format {format_} does not fit the screen."),
            t("Geef een bestand met --output.", "Name a file with --output."),
        )


def _of_report(format_: str) -> Callable[[dict[str, Any]], str]:
    if format_ == "json":
        return to_json
    if format_ in {"ndjson", "csv", "markdown"}:
        from bds_tool.findings.report import flat

        return {"csv": flat.csv, "ndjson": flat.ndjson, "markdown": flat.markdown}[format_]
    if format_ == "junit":
        from bds_tool.findings.report.junit import junit

        return junit
    if format_ == "sarif":
        from bds_tool.findings.report.sarif import sarif

        return sarif
    if format_ == "github":
        from bds_tool.findings.report.github import github

        return github
    from bds_tool.findings.report.html import html

    return html


def to_json(report: dict[str, Any]) -> str:
    return json.dumps(report, ensure_ascii=False, indent=1) + "\n"


def write_report(report: dict[str, Any], format_: str, path: Path) -> None:
    """The report as a file, written whole or not at all."""
    check(format_)
    if format_ in BINARY:
        from bds_tool.findings.report.flat import parquet, xlsx

        with atomic_file(path, private=True) as temporary:
            (parquet if format_ == "parquet" else xlsx)(report, temporary)
        return
    content = render(report, format_)
    with atomic_file(path, private=True) as temporary:
        temporary.write_text(content, encoding="utf-8-sig" if format_ == "csv" else "utf-8", newline="\n")


def check(format_: str) -> None:
    if format_ not in FORMATS:
        raise UsageError(
            t(f"Formaat {format_} bestaat hier niet.", f"Format {format_} does not exist here."),
            t(f"Kies uit: {', '.join(FORMATS)}.", f"Choose one of: {', '.join(FORMATS)}."),
        )


def parse(given: str) -> tuple[str, Path]:
    """`FORMAT=FILE` of `--report`. Raises UsageError when it is not that."""
    format_, mark, name = given.partition("=")
    if not mark or not name:
        raise UsageError(
            t(f"--report {given}: schrijf FORMAAT=BESTAND.", f"--report {given}: write FORMAT=FILE."),
            t("Bijvoorbeeld --report html=rapport.html.", "For example --report html=report.html."),
        )
    check(format_)
    return format_, Path(name)
