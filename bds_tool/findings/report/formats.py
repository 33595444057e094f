"""The formats of a report: one record each. A new format is a function, and an entry below."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from bds_tool.base.errors import UsageError
from bds_tool.base.escaping import terminal
from bds_tool.base.files import atomic_file
from bds_tool.base.text import t
from bds_tool.findings.shape import Report


@dataclass(frozen=True)
class ReportFormat:
    """One format. `make` is "module:function", imported when used.

    The function takes a report and gives its text; with `file` it takes a path too, and writes bytes to it.
    """

    name: str
    make: str
    file: bool = False

    def __call__(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401
        module, function = self.make.split(":")
        return getattr(import_module(module), function)(*arguments, **options)


_HERE = "bds_tool.findings.report"
FORMATS = {
    f.name: f
    for f in (
        ReportFormat("text", f"{_HERE}.text:text"),
        ReportFormat("json", f"{_HERE}.formats:to_json"),
        ReportFormat("ndjson", f"{_HERE}.flat:ndjson"),
        ReportFormat("csv", f"{_HERE}.flat:csv"),
        ReportFormat("markdown", f"{_HERE}.flat:markdown"),
        ReportFormat("parquet", f"{_HERE}.flat:parquet", file=True),
        ReportFormat("xlsx", f"{_HERE}.flat:xlsx", file=True),
        ReportFormat("junit", f"{_HERE}.junit:junit"),
        ReportFormat("sarif", f"{_HERE}.sarif:sarif"),
        ReportFormat("github", f"{_HERE}.github:github"),
        ReportFormat("html", f"{_HERE}.html:html"),
    )
}


def render(report: Report, format_: str, *, quiet: bool = False, notes: Sequence[str] = ()) -> str:
    """A report (`envelope.build`, `checked.envelope`) in one of FORMATS that are text. Raises UsageError for another."""
    check(format_)
    on_screen(format_)
    # Only text for a screen can leave something out.
    options: dict[str, bool | Sequence[str]] = {"quiet": quiet, "notes": notes} if format_ == "text" else {}
    return str(FORMATS[format_](report, **options))


def on_screen(format_: str) -> None:
    """Raises UsageError for a format that is bytes."""
    if FORMATS[format_].file:
        raise UsageError(
            t(f"Formaat {format_} past niet op het scherm.", f"Format {format_} does not fit the screen."),
            t("Geef een bestand met --output.", "Name a file with --output."),
        )


def to_json(report: Report) -> str:
    return json.dumps(report, ensure_ascii=False, indent=1) + "\n"


def write_report(report: Report, format_: str, path: Path) -> None:
    """The report as a file, written whole or not at all."""
    check(format_)
    if FORMATS[format_].file:
        with atomic_file(path, private=True) as temporary:
            FORMATS[format_](report, temporary)
        return
    content = terminal(render(report, format_))
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
