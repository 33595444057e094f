"""What a command reads and writes, told to `base.guard` before it begins; and `--force` for every command that writes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.main

from bds_tool.base import guard
from bds_tool.base.errors import UsageError
from bds_tool.base.text import t
from bds_tool.cli.project import project

#: Parameters that name what is written, in every command …
WRITTEN = frozenset(
    {
        "output",
        "out",
        "to",
        "save",
        "report",
        "report_file",
        "internal",
        "statement",
        "manifest",
        "work_lists",
        "page",
        "share",
    }
)
#: … and in some: a store to be made, a folder that is added to, a ledger or package that is kept up to date.
WRITTEN_BY = {
    "validate": {"store"},
    "new": {"folder"},
    "add": {"package", "folder"},
    "replace": {"folder"},
    "drop": {"folder"},
    "ledger": {"path"},
    "run": {"ledger"},
    "open": {"folder"},
    "eject": {"folder"},
    "join": {"own"},
    "merge": {"total", "ask"},
    "convert": {"write_"},
}
#: Of those, what is made anew and thus may not stand there yet without `--force`; the others are edited where they are.
ANEW = frozenset({"store", "own", "total", "ask"})
#: Parameters that name what is read and are no Path, for they may be a pattern, a name or - too.
READ = frozenset({"paths", "left", "right"})
#: Commands that take their inputs and, as the last word or with --output, their output.
LAST_IS_OUTPUT = frozenset({"convert"})


def _force(
    force: Annotated[bool, typer.Option("--force", help="Vervang een bestaande uitvoer.")] = False,
) -> None:
    """Only for its option."""


def force_option(callback: Callable[..., Any] | None, params: list[Any]) -> list[Any]:
    """`--force` for a command that writes and has none of its own: nothing that exists is overwritten without it."""
    names = {p.name for p in params}
    if callback is None or "force" in names or not names & WRITTEN:
        return []
    app = typer.Typer(add_completion=False)
    app.command()(_force)
    option: Any = next(p for p in typer.main.get_command(app).params if p.name == "force")
    option.expose_value = False
    option.callback = _remember
    return [option]


def _remember(context: Any, _option: Any, value: bool) -> bool:  # noqa: ANN401
    context.meta["bds.force"] = value
    return value


def one_spelling(params: list[Any]) -> None:
    """Leave older spellings of `--output` out of a help page; they go on working."""
    for param in params:
        if "--output" in param.opts:
            param.opts = [o for o in param.opts if o in {"--output", "-o"}]


def begin(context: Any) -> None:  # noqa: ANN401
    """Tell the guard what this command reads, and whether it may overwrite."""
    callback = inspect.unwrap(context.command.callback)
    kinds = {
        name: str(p.annotation) for name, p in inspect.signature(callback, eval_str=True).parameters.items()
    }
    written = WRITTEN | WRITTEN_BY.get(context.info_name, set())
    if "Path" not in kinds.get("to", ""):
        written -= {"to"}  # a format or a version
    given: dict[str, Any] = dict(context.params)
    for name, value in given.items():
        if "Path" not in kinds.get(name, "") and name not in READ | written:
            _whole_text(value)
    last_is_output = context.info_name in LAST_IS_OUTPUT and not (given.get("explain") or given.get("output"))
    if last_is_output:
        given["paths"] = given["paths"][:-1]
    inputs = [
        path
        for name, value in given.items()
        if name not in written and ("Path" in kinds.get(name, "") or name in READ)
        for path in _paths(value)
    ]
    force = bool(given.get("force") or context.meta.get("bds.force"))
    guard.begin(inputs, force=force)
    if guard.listened():
        _account(given.get("config"))
    outputs = [
        path for name in sorted((WRITTEN | ANEW) & written & set(given)) for path in _outputs(given[name])
    ]
    if last_is_output:
        outputs += _outputs(context.params["paths"][-1:])
    _apart(outputs)
    for path in outputs:
        guard.check(path, planned=True)
        guard.overwriting(path)


def _whole_text(value: Any) -> None:  # noqa: ANN401
    """Raises UsageError for a text with half a character: another encoding than that of the system, and no file can hold it."""
    for text in value if isinstance(value, list | tuple) else [value]:
        if isinstance(text, str) and any("\ud800" <= c <= "\udfff" for c in text):
            shown = text[:80].encode("utf-8", "backslashreplace").decode()
            raise UsageError(
                t(f"{shown} is geen tekst in UTF-8.", f"{shown} is no text in UTF-8."),
                t("Zet het venster of het script op UTF-8.", "Set the window or the script to UTF-8."),
            )


def _apart(outputs: list[Path]) -> None:
    """Raises UsageError when two outputs are one, or one lies in another: the last would take the place of the first."""
    places = [path.resolve() for path in outputs]
    for number, place in enumerate(places):
        for path, other in zip(outputs[:number], places, strict=False):
            if place == other or place in other.parents or other in place.parents:
                raise UsageError(
                    t(
                        f"Twee uitvoeren van deze opdracht vallen samen: {path} en {outputs[number]}.",
                        f"Two outputs of this command coincide: {path} and {outputs[number]}.",
                    ),
                    t("Geef elk een eigen naam.", "Give each a name of its own."),
                )


def _account(config: Any) -> None:  # noqa: ANN401
    """Tell the account of this run with which settings it begins."""
    from bds_tool.base.recording import running

    if kept := running():
        kept.begin(project(config if isinstance(config, Path) else None).path)


def _outputs(value: Any) -> Iterator[Path]:  # noqa: ANN401
    """The paths in what names an output, `html=PATH` too; not the screen, a pipe or /dev/null."""
    for path in _paths(value):
        place = Path(str(path).partition("=")[2]) if "=" in str(path) and isinstance(value, list) else path
        if not place.exists() or place.is_file() or place.is_dir():
            yield place


def _paths(value: Any) -> Iterator[Path]:  # noqa: ANN401
    if isinstance(value, list | tuple):
        for part in value:
            yield from _paths(part)
    elif isinstance(value, str | Path) and str(value) not in ("", "-"):
        yield Path(value)
