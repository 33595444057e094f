"""Every format by name: how it is made, and whether it is text or bytes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bds_tool.base.errors import UsageError
from bds_tool.base.files import atomic_file
from bds_tool.base.text import t

if TYPE_CHECKING:
    from bds_tool.findings.result import Result

#: Formats that are a file of bytes, so that they need `--output`.
BINARY = ("parquet", "xlsx")
FORMATS = ("text", "json", "ndjson", "csv", "parquet", "xlsx", "junit", "sarif", "github", "html")


def render(result: Result, format_: str, *, show_values: bool = False, quiet: bool = False) -> str:
    """The report as text in one of FORMATS that are text. Raises UsageError for another."""
    check(format_)
    if format_ in BINARY:
        raise UsageError(
            t(f"Formaat {format_} past niet op het scherm.", f"Format {format_} does not fit the screen."),
            t("Geef een bestand met --output.", "Name a file with --output."),
        )
    from bds_tool.findings.report.envelope import build

    if format_ == "text":
        from bds_tool.findings.report.text import text

        return text(build(result, examples=None, show_values=show_values), quiet=quiet)
    if format_ in {"ndjson", "csv"}:
        from bds_tool.findings.report.flat import csv, ndjson

        return (
            csv(result, show_values=show_values)
            if format_ == "csv"
            else ndjson(result, show_values=show_values)
        )
    report = build(result, show_values=show_values)
    return _of_report(format_)(report)


def _of_report(format_: str) -> Callable[[dict[str, Any]], str]:
    if format_ == "json":
        return to_json
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


def write_report(result: Result, format_: str, path: Path, *, show_values: bool = False) -> None:
    """The report as a file, written whole or not at all."""
    check(format_)
    if format_ in BINARY:
        from bds_tool.findings.report.flat import parquet, xlsx

        with atomic_file(path, private=True) as temporary:
            (parquet if format_ == "parquet" else xlsx)(result, temporary, show_values=show_values)
        return
    content = render(result, format_, show_values=show_values)
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
