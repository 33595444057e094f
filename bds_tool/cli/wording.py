"""What the option parser says, in the language of this run: its errors, and the pages of `--help`.

The parser speaks English only. Its errors keep their class and parts, but the sentences are put here; a sentence that
is not known here is shown as the parser wrote it. The commands carry their help in Dutch; `specs/teksten/hulp.yaml`
says it in English.
"""

from __future__ import annotations

import re
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

from bds_tool.base.errors import UsageError, UserError
from bds_tool.base.specs import read_yaml, specs_dir
from bds_tool.base.text import language, t
from bds_tool.cli import outputs, overview, project
from bds_tool.cli.completing import offer
from bds_tool.cli.values import plainly

#: Sentences of the parser and of its types, with what they say in Dutch; groups of the pattern are kept.
_SENTENCES = (
    (r"No such option: (\S+)", r"De optie \1 bestaat niet."),
    (r"No such command '(.*?)'\.", r"De opdracht \1 bestaat niet."),
    (r"\(?Possible options: (.*?)\)", r"Bedoelt u \1?"),
    (r"Did you mean (.*)\?", r"Bedoelt u \1?"),
    (r"Missing command\.", r"Er is geen opdracht gegeven."),
    (r"Missing (?:argument|parameter) (.*?)\.", r"Er ontbreekt een argument: \1."),
    (r"Missing option (.*?)\.", r"Deze optie moet erbij: \1."),
    (r"Got unexpected extra argument\(?s?\)? \((.*)\)", r"Hier is te veel opgegeven: \1."),
    (r"Option (.*?) requires an argument\.", r"De optie \1 heeft een waarde nodig."),
    (r"Option (.*?) requires (\d+) arguments\.", r"De optie \1 heeft \2 waarden nodig."),
    (r"Option (.*?) does not take a value\.", r"Achter de optie \1 staat geen waarde."),
    (r"Argument (.*?) takes (\d+) values\.", r"Het argument \1 heeft \2 waarden nodig."),
    (r"Invalid value for (.*?): ", r"De waarde van \1 klopt niet: "),
    (r"Invalid value: ", r"Een waarde klopt niet: "),
    (r"Input should be a valid integer\b.*", r"geef een geheel getal."),
    (r"Input should be a valid number\b.*", r"geef een getal."),
    (r"Input should be a valid boolean\b.*", r"geef ja of nee."),
    (r"Input should be greater than or equal to (\S+?)\.?$", r"geef \1 of meer."),
    (r"Input should be less than or equal to (\S+?)\.?$", r"geef \1 of minder."),
    (r"Input should be greater than (\S+?)\.?$", r"geef meer dan \1."),
    (r"Input should be less than (\S+?)\.?$", r"geef minder dan \1."),
)


def wrong_use(error: typer.TyperException) -> UsageError:
    """An error of the parser as one of ours: what is wrong, and where to read what can be given."""
    message = error.format_message().strip()
    if language() == "nl":
        for said, dutch in _SENTENCES:
            message = re.sub(said, dutch, message)
    context: typer.Context | None = getattr(error, "ctx", None)
    command = context.command_path if context else t("bds OPDRACHT", "bds COMMAND")
    return UsageError(
        message,
        t(f"`{command} -h` toont wat u kunt geven.", f"`{command} -h` shows what can be given."),
    )


@cache
def _english(path: Path) -> dict[str, str]:
    """Texts of help by the Dutch of the command; empty for a folder of definitions without them."""
    return {row["nl"]: row["en"] for row in read_yaml(path)} if path.is_file() else {}


def said(text: str | None) -> str | None:
    """A text of help in the language of this run; the Dutch where it is in no other."""
    if not text or language() == "nl":
        return text
    plain = "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))
    return _english(specs_dir() / "teksten" / "hulp.yaml").get(plain, text)


def _kind(param: Any) -> None:  # noqa: ANN401
    """What an option takes, in words of people: the parser would say `<list[Path]>`. And have it take that at once."""
    if getattr(param, "_said", False):
        return
    described = param.display_type
    words = {
        "str": t("TEKST", "TEXT"),
        "path": t("PAD", "PATH"),
        "int": t("GETAL", "NUMBER"),
        "float": t("GETAL", "NUMBER"),
        "datetime": t("DATUM", "DATE"),
        "bool": "",
    }

    def kind(ctx: Any) -> str | None:  # noqa: ANN401
        said_by_parser = described(ctx) or ""
        bare = re.sub(r"^<(?:list\[)?(\w+)(?: range)?\]?>$", r"\1", said_by_parser).lower()
        return words.get(bare, said_by_parser)

    param.display_type = kind
    plainly(param)
    offer(param)
    param._said = True  # noqa: SLF001


def speak(app: typer.Typer) -> typer.Typer:
    """Give all commands of `app` the words of this module; call it when all are registered."""
    own = app.info.cls
    # A group with a class of its own (one that has a default command) derives it from Group.
    app.info.cls = own if isinstance(own, type) and issubclass(own, Group) else Group
    for command in app.registered_commands:
        command.cls = Command
    for group in app.registered_groups:
        if group.typer_instance:
            group.cls = speak(group.typer_instance).info.cls
    return app


if TYPE_CHECKING:
    _Base = TyperCommand
else:
    _Base = object


class _Help(_Base):
    """The help page of a command or group, with its fixed words in the language of this run."""

    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401
        params: list[Any] = super().get_params(ctx)
        own = {
            "help": t("Toon deze uitleg en stop.", "Show this message and exit."),
            "install_completion": t(
                "Laat deze shell opdrachten en opties aanvullen.", "Install completion for the current shell."
            ),
            "show_completion": t(
                "Toon het script daarvoor, om het zelf te plaatsen.",
                "Show completion for the current shell, to copy it or customize the installation.",
            ),
        }
        for param in params:
            _kind(param)
            param.help = own.get(param.name) or said(param.help)
            param.metavar = said(param.metavar)
            param.rich_help_panel = said(getattr(param, "rich_help_panel", None))
        return params

    def get_usage(self, ctx: Any) -> str:  # noqa: ANN401
        self.options_metavar = t("[OPTIES]", "[OPTIONS]")
        return super().get_usage(ctx).replace("Usage: ", t("Gebruik: ", "Usage: "), 1)

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401
        from typer import rich_utils  # loads rich: only for who asks for help

        outputs.one_spelling(self.params)

        rich_utils.ARGUMENTS_PANEL_TITLE = t("Argumenten", "Arguments")
        rich_utils.OPTIONS_PANEL_TITLE = t("Opties", "Options")
        rich_utils.COMMANDS_PANEL_TITLE = t("Opdrachten", "Commands")
        rich_utils.DEFAULT_STRING = t("[standaard: {}]", "[default: {}]")
        rich_utils.ENVVAR_STRING = t("[omgevingsvariabele: {}]", "[env var: {}]")
        rich_utils.REQUIRED_LONG_STRING = t("[verplicht]", "[required]")
        for command in (self, *getattr(self, "commands", {}).values()):
            command.help, command.epilog = said(command.help), said(command.epilog)
        super().format_help(ctx, formatter)


class Command(_Help, TyperCommand):
    """A command whose help speaks the language of this run, and that overwrites nothing by accident."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self.params += outputs.force_option(self.callback, self.params)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401
        outputs.begin(ctx)
        return super().invoke(ctx)


class Group(_Help, TyperGroup):
    """A group of commands whose help speaks the language of this run."""

    def get_usage(self, ctx: Any) -> str:  # noqa: ANN401
        self.subcommand_metavar = t("OPDRACHT …", "COMMAND [ARGS]...")
        return super().get_usage(ctx)


class WithDefault(Group):
    """`bds protect NAAM.result` is `bds protect run NAAM.result`: the first word is a command only if it is one."""

    default = "run"

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [self.default, *args]
        return super().parse_args(ctx, args)


class Program(Group):
    """`bds` itself: its page is the overview."""

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002
        if not ctx.params.get("lang"):
            project.start(ctx.params.get("config"), language_given=False)
            with suppress(UserError):
                project.project()
        overview.show()
