"""Rendering: results go to stdout or a file, talk goes to stderr."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shlex
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from bds_tool.base.errors import UsageError
from bds_tool.base.escaping import cell, terminal
from bds_tool.base.files import atomic_file
from bds_tool.base.text import number, t

TABLE_FORMATS = ("text", "json", "ndjson", "csv", "markdown")
#: The two options of every command that gives a table, spelled and explained alike.
Format = Annotated[
    str, typer.Option("--format", "-f", help=f"Vorm van de uitvoer: {', '.join(TABLE_FORMATS)}.")
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="Bestand voor de uitvoer; zonder: het scherm.")
]


def talk(message: str) -> None:
    """One line for the person at the screen; never part of the result. On a screen it breaks between words."""
    sys.stderr.write(folded(terminal(message), sys.stderr) + "\n")


def folded(message: str, stream: TextIO) -> str:
    """Lines no wider than the screen, continued below their own start; a file gets them whole."""
    if not stream.isatty():
        return message
    import textwrap

    wide = shutil.get_terminal_size().columns
    return "\n".join(
        textwrap.fill(
            line,
            wide,
            subsequent_indent=" " * (len(line) - len(line.lstrip()) + 2),
            break_long_words=False,
            break_on_hyphens=False,
            replace_whitespace=False,
        )
        for line in message.split("\n")
    )


def next_step(*words: str | Path) -> None:
    """A command that can be run as it is printed, on a line of its own and never broken."""
    talk(t("Volgende stap:", "Next step:"))
    sys.stderr.write("  " + terminal(shlex.join(map(str, words))) + "\n")


def progress(*, quiet: bool) -> Callable[[int, int], None] | None:
    """One line on stderr that counts megabytes, for people at a screen and only when it takes long."""
    if quiet or not sys.stderr.isatty():
        return None

    def size(count: int, total: int) -> str:
        return number(count / 1e6, 0 if total >= 1e7 else 1)

    started, shown = time.monotonic(), [0.0]

    def tell(done: int, total: int) -> None:
        now = time.monotonic()
        if total < 1e5 or now - started < 1 or (now - shown[0] < 0.2 and done < total):
            return
        shown[0] = now
        megabytes = f"{size(done, total)} / {size(total, total)} MB"
        sys.stderr.write(f"\r{t('gelezen', 'read')}: {megabytes}" + ("\n" if done == total else ""))
        sys.stderr.flush()

    return tell


def write(text: str, output: Path | None = None, *, own: bool = False) -> None:
    """The result: to `output` (written whole or not at all), else to stdout. `own`: a file that is edited in place.

    The same text in both: what is kept in a file is shown on a screen another day.
    """
    if not own:
        text = terminal(text)
    if output is None or str(output) == "-":
        sys.stdout.write(text if text.endswith("\n") or not text else text + "\n")
        return
    with atomic_file(output, own=own) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def show(report: str) -> None:
    """A report on stdout; a person at a screen gets it in the width of the screen, and in colours."""
    text = folded(terminal(report), sys.stdout)
    typer.echo(painted(text) if _in_colour() else text, color=True)


def _in_colour() -> bool:
    """Colour is for a screen; `NO_COLOR` goes before it, and `FORCE_COLOR` gives it anywhere (no-color.org)."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stdout.isatty() and os.environ.get("TERM") != "dumb")


def painted(report: str) -> str:
    """A report of text with the head of each rule in bold, and its severity in a colour."""
    from bds_tool.findings.report.text import severity

    colours = {severity("fout"): "red", severity("waarschuwing"): "yellow", severity("info"): "blue"}

    def head(found: re.Match[str]) -> str:
        return f"{typer.style(found[1], bold=True)}  {typer.style(found[2], fg=colours[found[2]])}"

    return re.sub(rf"^([A-Z]+\d{{3}} \S+)  ({'|'.join(colours)})(?=  )", head, report, flags=re.MULTILINE)


def one_of(value: str, allowed: Sequence[str], option: str) -> str:
    """`value` when it is one of the words that an option takes. Raises UsageError that names them all."""
    if value not in allowed:
        raise UsageError(
            t(f"{option} {value} bestaat niet.", f"{option} {value} does not exist."),
            t(f"Kies uit: {', '.join(allowed)}.", f"Choose one of: {', '.join(allowed)}."),
        )
    return value


def to_json(value: Any) -> str:  # noqa: ANN401
    """JSON as people read it: sorted only where the caller sorted, dates as ISO text."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


def table(
    rows: Iterable[Sequence[Any]], columns: Sequence[str], format_: str = "text", output: Path | None = None
) -> None:
    """A table in one of TABLE_FORMATS; keys are the column names. Text is aligned, without ANSI codes."""
    body = [list(r) for r in rows]
    if format_ == "json":
        write(to_json([dict(zip(columns, r, strict=True)) for r in body]), output)
    elif format_ == "ndjson":
        records = (dict(zip(columns, r, strict=True)) for r in body)
        write("\n".join(json.dumps(r, ensure_ascii=False, default=str) for r in records), output)
    elif format_ == "csv":
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([cell(c) if isinstance(c, str) else c for c in row] for row in body)
        write(buffer.getvalue(), output)
    elif format_ == "markdown":
        cells = [[str("" if c is None else c).replace("|", "\\|") for c in r] for r in [list(columns), *body]]
        lines = ["| " + " | ".join(r) + " |" for r in cells]
        write("\n".join([lines[0], "|" + " --- |" * len(columns), *lines[1:]]), output)
    elif format_ == "text":
        write(_aligned(body, columns), output)
    else:
        raise UsageError(
            t(f"Formaat {format_} bestaat hier niet.", f"Format {format_} does not exist here."),
            t(f"Kies uit: {', '.join(TABLE_FORMATS)}.", f"Choose one of: {', '.join(TABLE_FORMATS)}."),
        )


def _aligned(rows: list[list[Any]], columns: Sequence[str]) -> str:
    cells = [[str("" if c is None else c) for c in r] for r in rows]
    widths = [
        max(len(str(c)), *(len(r[i]) for r in cells)) if cells else len(str(c)) for i, c in enumerate(columns)
    ]
    numeric = [
        bool(rows) and all(isinstance(r[i], int | float) or r[i] is None for r in rows)
        for i in range(len(columns))
    ]

    def line(row: Sequence[str]) -> str:
        parts = (c.rjust(w) if num else c.ljust(w) for c, w, num in zip(row, widths, numeric, strict=True))
        return "  ".join(parts).rstrip()

    return "\n".join([line(columns), "  ".join("-" * w for w in widths), *(line(r) for r in cells)])
