"""The program `bds`: global options, the commands, and the one place where errors become text and a code."""

from __future__ import annotations

import copy
import errno
import importlib
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer
from typer.exceptions import TyperException

import bds_tool
from bds_tool.base import guard
from bds_tool.base.errors import ExitCode, Interrupted, SpecError, UnreadableError, UsageError, UserError
from bds_tool.base.files import disk_full, end_run
from bds_tool.base.interrupts import postponed
from bds_tool.base.memory import collect_seldom
from bds_tool.base.refusals import reason
from bds_tool.base.signals import STOPPING
from bds_tool.base.specs import chosen_specs, set_specs, shipped_specs, specs_dir
from bds_tool.base.text import LANGUAGES, set_language, t
from bds_tool.cli import overview, project
from bds_tool.cli.render import one_of, talk
from bds_tool.cli.wording import Program, speak, wrong_use

#: Commands for who works on definitions or looks for what is wrong: they tell it, and do not stop at the door.
AUTHORING = frozenset({"change", "doctor", "protocol", "rule", "spec", "zib"})
#: The first line of every entry in a log file; a file that does not start with it is never written to.
_LOG_HEAD = "# bds: technische details van een fout"
_log_file: list[Path] = []
_asks_help = [False]


def build(command: str | None = None, given: Sequence[str] = ()) -> typer.Typer:
    """The application with all commands, or with the one that is called: no other module is imported then.

    Of a group only the command that `given` names after it, where it is plain which: making one takes milliseconds.
    """
    app = typer.Typer(
        name="bds",
        cls=Program,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_global_options)
    for name in [command] if command else overview.commands():
        importlib.import_module(f"bds_tool.cli.{name.replace('-', '_')}").register(app)
    if command:
        word = next(iter(given[given.index(command) + 1 :]), "")
        for group in app.registered_groups:
            group.typer_instance = _only(word, group.typer_instance)
    return speak(app)


def _only(word: str, group: typer.Typer | None) -> typer.Typer | None:
    if group is None:
        return None
    named = [c for c in group.registered_commands if word in {c.name, getattr(c.callback, "__name__", "")}]
    if not named or not word:
        return group
    alone = copy.copy(group)
    alone.registered_commands, alone.registered_groups = named, []
    return alone


def _version(value: bool) -> None:
    if value:
        from bds_tool.schema import versions

        sys.stdout.write(
            f"bds {bds_tool.__version__} · BDS {', '.join(versions())} · Python {sys.version.split()[0]}\n"
        )
        raise typer.Exit


def _language(context: typer.Context, value: str) -> str:
    """The language of the option or BDS_LANG, else of bds.toml, which has its say when it can be read."""
    project.start(context.params.get("config"), language_given=bool(value))
    set_language(one_of(value, LANGUAGES, "--lang") if value else "")
    if not value:
        with suppress(UserError):
            project.project()
    return value


def _global_options(
    context: typer.Context,
    lang: Annotated[
        str,
        typer.Option(
            "--lang",
            help="Taal van teksten: nl of en.",
            envvar="BDS_LANG",
            callback=_language,
            is_eager=True,  # before --help and --version
        ),
    ] = "",
    config: Annotated[
        Path | None,
        typer.Option(
            help="Instellingen; anders die van BDS_CONFIG of de dichtstbijzijnde bds.toml.", is_eager=True
        ),
    ] = None,
    specs: Annotated[
        str, typer.Option(help="Map met definities in plaats van de meegeleverde.", envvar="BDS_SPECS")
    ] = "",
    log_file: Annotated[
        Path | None, typer.Option(help="Bestand voor technische details bij een fout in bds.")
    ] = None,
    _record: Annotated[
        Path | None,
        typer.Option(
            "--record",
            help="Verslag van deze opdracht: wat is gelezen, waarmee, en wat eruit kwam; voor bds rerun.",
        ),
    ] = None,
    _version: Annotated[
        bool, typer.Option("--version", help="Toon de versies en stop.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    set_specs(specs)
    if specs and not _asks_help[0] and context.invoked_subcommand not in AUTHORING:
        from bds_tool.schema.checking.drift import gate

        gate(specs_dir())
    if not _asks_help[0]:
        project.start(config, language_given=bool(lang))
        if context.invoked_subcommand != "doctor":  # which tells what is wrong with the settings
            project.project()
    _log_file[:] = [log_file] if log_file else []
    if log_file:
        _check_log(log_file)


def run(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code; with `--record` an account of it is kept. No traceback reaches a user."""
    target, given = overview.record(sys.argv[1:] if arguments is None else arguments)
    if target is None or {"-h", "--help"} & set(given):
        return _run(given)
    from bds_tool.base.recording import WITHOUT, recording

    try:
        if overview.called(given) in WITHOUT:
            raise UsageError(
                t("Van deze opdracht is er geen verslag.", "There is no record of this command."),
                t("Laat --record weg.", "Leave out --record."),
            )
        with recording(target, given) as code:
            code.append(_run(given))
        return code[0]
    except UserError as error:
        return _told(error)


def _run(given: list[str]) -> int:
    try:
        _asks_help[:] = [bool({"-h", "--help"} & set(given))]
        result = build(overview.called(given), given)(
            given or ["--help"], prog_name="bds", standalone_mode=False
        )
        if result == ExitCode.INTERRUPTED:  # what Typer makes of a KeyboardInterrupt of some library
            raise Interrupted
        return int(result) if isinstance(result, int) else ExitCode.OK
    except typer.Exit as stop:
        return stop.exit_code
    except UserError as error:
        return _told(error)
    except TyperException as error:
        if not error.format_message():  # nothing was given, and the help has been shown for it
            return ExitCode.USAGE
        return _told(wrong_use(error))
    except (Interrupted, KeyboardInterrupt, typer.Abort) as stop:
        if isinstance(
            cause := stop.__cause__, EOFError
        ):  # which the parser takes for a user who wants to stop
            return _bug(cause)
        talk(t("Afgebroken.", "Interrupted."))
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        sys.stdout = None  # the reader of our output has gone; nothing is left to say
        return ExitCode.OK
    except Exception as error:  # noqa: BLE001  # the last line of defence: a bug in bds, told without a traceback
        full = disk_full(error)
        blamed = full or _name_too_long(error) or _input_at_fault() or _definitions_at_fault()
        return _told(blamed) if blamed else _bug(error)
    finally:
        end_run()
        guard.begin()


def _name_too_long(error: Exception) -> UserError | None:
    if not isinstance(error, OSError) or error.errno != errno.ENAMETOOLONG:
        return None
    return UsageError(
        t("Een naam van een bestand of map is te lang.", "The name of a file or folder is too long."),
        t("Geef een kortere naam.", "Give a shorter name."),
    )


def _check_log(path: Path) -> None:
    """Raises UsageError when the log would go into a file that is no log of ours: those are only added to."""
    try:
        if path.is_char_device():
            return
        guard.check(path)
        if not path.exists():
            return
        with path.open("rb") as log:
            ours = log.read(len(_LOG_HEAD)) in (_LOG_HEAD.encode(), b"")
    except OSError as refused:
        told = reason(refused)
        raise UsageError(
            t(f"{path} is niet te gebruiken: {told}.", f"{path} cannot be used: {told}.")
        ) from refused
    if not ours:
        raise UsageError(
            t(
                f"{path} bestaat al en is geen logbestand van bds.",
                f"{path} exists and is no log file of bds.",
            ),
            t("Kies bij --log-file een andere naam.", "Choose another name at --log-file."),
        )


def _told(error: UserError) -> int:
    talk(f"{t('fout', 'error')}: {error.message}")
    if error.remedy:
        talk(f"  {error.remedy}")
    return error.code


def _input_at_fault() -> UserError | None:
    """A store or result that looked right when it was opened, and of which rows turn out to be damaged."""
    with suppress(Exception):
        if file := guard.damaged():
            return UnreadableError(
                t(f"{file} is beschadigd.", f"{file} is damaged."),
                t("Maak de map opnieuw uit de levering.", "Make the folder again from the delivery."),
            )
    return None


def _definitions_at_fault() -> UserError | None:
    """With definitions of one's own that `spec check` rejects, it is those that are wrong and not this program."""
    from bds_tool.schema.checking.running import check_specs

    with suppress(Exception):
        if specs_dir().resolve() == shipped_specs().resolve():
            return None
        wrong = [f for f in check_specs().findings if f.severity == "fout"]
        if wrong:
            first = f"{wrong[0].file}:{wrong[0].line}" if wrong[0].line else wrong[0].file
            return SpecError(
                t(f"De definities kloppen niet. {first}: {wrong[0].message}",
                  f"The definitions are wrong. {first}: {wrong[0].message}"),
                t(f"`bds --specs {chosen_specs()} spec check` noemt alle {len(wrong)} fouten.",
                  f"`bds --specs {chosen_specs()} spec check` names all {len(wrong)} errors."),
            )  # fmt: skip
    return None


def _bug(error: Exception) -> int:
    # The text of a foreign exception may quote a child's record, so only its type and our line are shown.
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "bds_tool" in f.filename]
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
    talk(
        t(
            f"Fout in bds zelf ({type(error).__name__}, {place}).",
            f"A bug in bds ({type(error).__name__}, {place}).",
        )
    )
    if _log_file:
        stack = "".join(traceback.format_tb(error.__traceback__))
        try:
            with _log_file[0].open("a", encoding="utf-8") as log:
                log.write(f"{_LOG_HEAD}\n{type(error).__name__}\n{stack}")
        except OSError as refused:
            told = reason(refused)
            talk(t(f"{_log_file[0]} kan niet worden geschreven: {told}.",
                   f"{_log_file[0]} cannot be written: {told}."))  # fmt: skip
        else:
            talk(t(f"Details staan in {_log_file[0]}.", f"Details are in {_log_file[0]}."))
    else:
        talk(
            t(
                "Herhaal met --log-file fout.txt vóór de opdracht en meld het.",
                "Repeat with --log-file error.txt before the command and report it.",
            )
        )
    return ExitCode.BUG


class WithoutPandas(PathFinder):
    """Imports as they were, except that pandas is not there, and that the metadata of packages wait until they are used.

    pyarrow and pandera load pandas wherever it is installed, and bds uses none of it: seconds lost, and a Ctrl-C that falls
    in that import is swallowed or crashes the process. Polars loads `importlib.metadata`, and with it all of `email`, for
    who reads Iceberg: a fifth of its own start.
    """

    @classmethod
    def find_spec(
        cls, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == "pandas":
            return None
        found = super().find_spec(fullname, path, target)
        if fullname == "importlib.metadata" and found is not None and found.loader is not None:
            found.loader = LazyLoader(found.loader)
        return found


def main() -> None:
    """Entry point of the console script."""
    collect_seldom()
    os.environ.setdefault("BDS_PROCESSES", "2")
    sys.meta_path[:] = [WithoutPandas if finder is PathFinder else finder for finder in sys.meta_path]
    for told in STOPPING:
        if signal.getsignal(told) != signal.SIG_IGN:
            signal.signal(told, _stop)
    sys.unraisablehook = _unheard
    sys.exit(run())


def _stop(*_: object) -> None:
    """A run that is told to stop cleans up after itself, once: a second interrupt would fall in the cleaning up."""
    for told in STOPPING:
        signal.signal(told, signal.SIG_IGN)
    if postponed():
        return
    if not isinstance(sys.exception(), KeyboardInterrupt):  # Polars may have raised it for the same Ctrl-C
        raise Interrupted


def _unheard(told: sys.UnraisableHookArgs) -> None:
    """What Python drops in a callback of its own. An interrupt is told once more, where it is heard."""
    if told.exc_type is not Interrupted:
        sys.__unraisablehook__(told)
        return
    import _thread
    import threading

    signal.signal(signal.SIGINT, _stop)
    # Not here: what is raised in this place is dropped too.
    again = threading.Timer(0.05, _thread.interrupt_main)
    again.daemon = True
    again.start()
