"""What every check of definitions, packages, mappings and publications does at its end: report, verdict, exit code."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bds_tool.base.errors import ExitCode
from bds_tool.cli.render import show, talk, write
from bds_tool.cli.validate import fail_level

if TYPE_CHECKING:
    from bds_tool.findings.checked import Checked

#: Help of `--format`, one for all checks.
FORMATS_HELP = "text, json, ndjson, csv, markdown, parquet, xlsx, junit, sarif, github, html."


def ready(format_: str, output: Path | None, fail_on: str = "error") -> str:
    """Refuse what cannot be before anything is checked; gives the severity behind `--fail-on`."""
    from bds_tool.findings.report import formats

    formats.check(format_)
    if output is None or str(output) == "-":
        formats.on_screen(format_)
    return fail_level(fail_on)


def tell(
    checked: Checked,
    format_: str,
    output: Path | None,
    threshold: str,
    *,
    quiet: bool = False,
    code: ExitCode = ExitCode.FINDINGS,
    notes: Sequence[str] = (),
) -> None:
    """Write the report, `notes` before the verdict where people read it; ends the command with `code` when findings reach the threshold."""
    from bds_tool.findings.checked import envelope
    from bds_tool.findings.report import formats
    from bds_tool.findings.report.text import verdict

    report = envelope(checked)
    if output is not None and str(output) != "-":
        formats.write_report(report, format_, output)
    else:
        (show if format_ == "text" else write)(formats.render(report, format_, notes=notes))
    if not quiet and (format_ != "text" or output is not None):
        talk(verdict(report))
    if checked.at_or_above(threshold):
        raise typer.Exit(code)
