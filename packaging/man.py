"""Man pages of `bds`, from the help texts of the program: one page per command, Dutch and English.

    python packaging/man.py DIR      # DIR/man1/bds.1 … in English, DIR/nl/man1/… in Dutch

The build step puts them in the wheel, so that `man bds` works where `bds` does.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Typer carries its own copy of click, so its classes are known by what they offer only.
Command = Any
Parameter = Any


def pages() -> dict[str, str]:
    """Path below `share/man` → the page, for every command that is not hidden."""
    import typer.main

    from bds_tool.base.text import set_language
    from bds_tool.cli.main import build

    found = {}
    for language, folder in (("en", "man1"), ("nl", "nl/man1")):
        set_language(language)
        try:
            program: Command = typer.main.get_command(build())
            shown = {name: c for name, c in program.commands.items() if not c.hidden}
            found[f"{folder}/bds.1"] = _program(program, shown)
            for name, command in shown.items():
                found[f"{folder}/bds-{name}.1"] = _page(name, command)
        finally:
            set_language("")
    return found


def write(target: Path) -> None:
    """All pages below `target`."""
    for name, text in pages().items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _program(program: Command, shown: dict[str, Command]) -> str:
    from bds_tool.base.text import t
    from bds_tool.cli.overview import GROUPS

    lines = _head(
        "bds",
        t(
            "gereedschap voor de Basisdataset JGZ",
            "toolkit for the Basisdataset JGZ (Dutch youth health care)",
        ),
    )
    lines += [
        f'.SH "{t("SAMENVATTING", "SYNOPSIS")}"',
        ".B bds",
        _text(t("[OPTIES] OPDRACHT …", "[OPTIONS] COMMAND …")),
    ]
    for (dutch, english), commands in GROUPS:
        lines.append(f'.SH "{_text(t(dutch, english)).upper()}"')
        for name, said_nl, said_en in commands:
            if name in shown:
                lines += [".TP", f".BR bds\\-{_text(name)} (1)", _text(t(said_nl, said_en))]
    return "\n".join([*lines, *_parameters(program), *_exit_codes(), ""])


def _page(name: str, command: Command) -> str:
    from bds_tool.base.text import t

    first, *more = _paragraphs(command)
    lines = _head(f"bds-{name}", first.rstrip("."))
    below = {n: c for n, c in getattr(command, "commands", {}).items() if not c.hidden}
    lines.append(f'.SH "{t("SAMENVATTING", "SYNOPSIS")}"')
    for n, (of, c) in enumerate([(f"{name} {sub}", c) for sub, c in below.items()] or [(name, command)]):
        lines += [".br"] * bool(n) + [f".B bds {_text(of)}", _text(_synopsis(c))]
    lines.append(f'.SH "{t("BESCHRIJVING", "DESCRIPTION")}"')
    lines += _flow([first, *more])
    if not below:
        lines += _parameters(command)
    for sub, c in below.items():
        lines += [f'.SH "bds {_text(name)} {_text(sub)}"', *_flow(_paragraphs(c)), *_parameters(c, ".SS")]
    lines += [f'.SH "{t("ZIE OOK", "SEE ALSO")}"', ".BR bds (1)"]
    return "\n".join([*lines, ""])


def _head(name: str, what: str) -> list[str]:
    from bds_tool import __version__
    from bds_tool.base.text import t

    title = f'.TH "{_text(name.upper())}" "1" "" "bds {__version__}" "bds"'
    return [title, f'.SH "{t("NAAM", "NAME")}"', f"{_text(name)} \\- {_text(what)}"]


def _synopsis(command: Command) -> str:
    from bds_tool.base.text import t

    arguments = (p for p in command.params if p.param_type_name == "argument")
    return " ".join([t("[OPTIES]", "[OPTIONS]"), *map(_argument, arguments)])


def _argument(argument: Parameter) -> str:
    from bds_tool.cli.wording import said

    name = (said(argument.metavar) or argument.name or "").upper()
    if argument.nargs == -1 and not name.endswith("…"):
        name += "…"
    return name if argument.required else f"[{name}]"


def _parameters(command: Command, heading: str = ".SH") -> list[str]:
    from bds_tool.base.text import t
    from bds_tool.cli.wording import said

    lines: list[str] = []
    arguments = [p for p in command.params if p.param_type_name == "argument" and p.help]
    if arguments:
        lines.append(f'{heading} "{t("ARGUMENTEN", "ARGUMENTS")}"')
        for argument in arguments:
            lines += [".TP", f".B {_text(_argument(argument))}", *_flow([said(argument.help) or ""])]
    options = [
        p for p in command.params if p.param_type_name == "option" and not p.hidden and "--help" not in p.opts
    ]
    if options:
        lines.append(f'{heading} "{t("OPTIES", "OPTIONS")}"')
    for option in options:
        names = ", ".join(f"\\fB{_text(o)}\\fR" for o in (*option.opts, *option.secondary_opts))
        told = said(option.help) or ""
        default = option.default
        if not (default in (None, "", False, ()) or callable(default) or option.is_flag):
            told += t(f" [standaard: {default}]", f" [default: {default}]")
        if option.envvar:
            told += t(f" [omgevingsvariabele: {option.envvar}]", f" [env var: {option.envvar}]")
        lines += [".TP", names, *_flow([told])]
    return lines


def _exit_codes() -> Iterator[str]:
    from bds_tool.base.errors import ExitCode
    from bds_tool.base.text import t

    told = {
        ExitCode.OK: t(
            "klaar; niets op of boven de grens van --fail-on", "done; nothing at or above --fail-on"
        ),
        ExitCode.FINDINGS: t(
            "klaar; er is iets gevonden (bij diff: verschillend)",
            "done; something was found (diff: different)",
        ),
        ExitCode.USAGE: t("verkeerd gebruik of verkeerde instellingen", "wrong use or configuration"),
        ExitCode.UNREADABLE: t("de invoer was niet te lezen", "the input could not be read"),
        ExitCode.WITHHELD: t(
            "uitvoer tegengehouden om onthulling", "output withheld by the disclosure audit"
        ),
        ExitCode.BUG: t("een fout in bds zelf", "a bug in bds"),
        ExitCode.INTERRUPTED: t("afgebroken", "interrupted"),
    }
    yield f'.SH "{t("AFLOOPCODES", "EXIT STATUS")}"'
    for code in ExitCode:
        yield from (".TP", f".B {int(code)}", _text(told[code]))


def _paragraphs(command: Command) -> list[str]:
    from bds_tool.cli.wording import said

    parts = [p for p in inspect.cleandoc(said(command.help) or "").split("\n\n") if p.strip()]
    if command.epilog:
        parts.append(said(command.epilog) or "")
    return parts or [""]


def _flow(parts: list[str]) -> list[str]:
    """Paragraphs; one that the program keeps as it stands (examples, after a backspace sign) is kept here too."""
    lines: list[str] = []
    for n, part in enumerate(parts):
        lines += [".PP"] * bool(n)
        if "\b" in part:
            lines += [".nf", *(_text(line) for line in part.replace("\b", "").strip("\n").split("\n")), ".fi"]
        else:
            lines.append(_text(" ".join(part.split())))
    return lines


def _text(text: str) -> str:
    """Text as roff shows it literally: no line of it is a request, a hyphen can be copied."""
    text = re.sub(r"\[/?(?:bold|italic|dim|cyan|green|yellow|red)\]", "", text)
    text = text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")
    return f"\\&{text}" if text.startswith((".", "'")) else text


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    write(Path(sys.argv[1]))
