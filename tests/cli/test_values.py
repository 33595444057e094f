"""Values of the command line, taken at once, against the parser's own: the same value or the same refusal, always."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
import typer.main
from typer.models import ArgumentInfo, OptionInfo

from bds_tool.cli.main import build
from bds_tool.cli.values import Plain

#: Plain, odd and wrong; each is given to every parameter of every command.
TEXTS = ("", " ", "a", "-", "--x", "é\u200b", "0", "-0", "00", "+1", "1_000", " 7 ", "7.0", "7.5", "1e3", "²", "٣", "true",
         "9" * 25, "-5", "12", "a/b", "/", ".", "~", "x" * 5000, "nul\0teken", "regel\neinde", "\udce9")  # fmt: skip


def _all(command, path=()):
    for param in command.params:
        yield " ".join((*path, param.name)), param
    for name, below in getattr(command, "commands", {}).items():
        yield from _all(below, (*path, name))


def _outcome(coerce, value, param):
    try:
        made = coerce(value, param=param, ctx=None)
    except typer.BadParameter as refused:
        return type(refused), refused.format_message()
    except (ValueError, OSError, TypeError) as failed:
        return type(failed), str(failed)
    return type(made), made, [type(m) for m in made] if isinstance(made, (list, tuple)) else None


def test_every_parameter_of_every_command_takes_what_the_parser_takes(tmp_path):
    unreadable = tmp_path / "dicht"
    unreadable.write_text("x")
    unreadable.chmod(0)
    texts = (*TEXTS, str(tmp_path), str(unreadable), str(tmp_path / "geen"))
    seen = set()
    for name, param in _all(typer.main.get_command(build())):
        info = param.type_descriptor.parameter_info
        facts = {
            k: v
            for k, v in vars(info).items()
            if k not in {"help", "param_decls", "rich_help_panel", "callback"}
        }
        kind = str(param.type_descriptor.annotation)
        if (kind, str(facts), param.nargs) in seen:
            continue
        seen.add((kind, str(facts), param.nargs))
        own = param.get_runtime_param
        plain = Plain(own)
        several = param.multiple or param.nargs == -1
        values = [
            None,
            param.default,
            *([list(texts[5:8]), list(texts[9:11]), [], (), "a"] if several else texts),
        ]
        for value in values:
            wanted, found = _outcome(own().coerce, value, param), _outcome(plain.coerce, value, param)
            assert found == wanted, (name, value)
    assert {"<class 'str'>", "<class 'int'>", "<class 'pathlib.Path'>", "list[str]"} <= {
        kind for kind, *_ in seen
    }


@pytest.mark.parametrize(
    "info",
    [
        OptionInfo(min=2, max=5),
        OptionInfo(min=2, clamp=True),
        OptionInfo(exists=True),
        OptionInfo(dir_okay=False),
        OptionInfo(file_okay=False),
        OptionInfo(writable=True),
        OptionInfo(resolve_path=True),
        OptionInfo(parser=str.upper),
        ArgumentInfo(allow_dash=True),
        ArgumentInfo(readable=False),
    ],
)
@pytest.mark.parametrize("kind", [str, int, float, bool, Path, list[int], list[Path]])
def test_what_is_asked_beyond_plain_is_asked(info, kind, tmp_path):
    from typer._coercion import build_runtime_param, resolve_type_descriptor

    file = tmp_path / "bestand"
    file.write_text("x")
    given = resolve_type_descriptor(kind, info)
    own = build_runtime_param(given)
    several = kind in {list[int], list[Path]}
    param = SimpleNamespace(type_descriptor=given, multiple=several, nargs=1, get_error_hint=lambda *_: "--x")
    for value in (*TEXTS, str(file), str(tmp_path), str(tmp_path / "geen"), 3, 9, True, file):
        given_value = [value] if several else value
        assert _outcome(Plain(lambda: own).coerce, given_value, param) == _outcome(
            own.coerce, given_value, param
        )


@pytest.mark.skipif(os.name == "nt", reason="rechten zijn daar anders")
@pytest.mark.parametrize(
    "arguments", [["rule", "BDS203"], ["spec", "show", "510"], ["validate", "geen.json"]]
)
def test_plain_values_load_no_library_of_the_parser(arguments, tmp_path):
    code = (
        "import sys\nfrom bds_tool.cli.main import run\n"
        f"run({arguments!r})\nprint('pydantic' in sys.modules, file=sys.stderr)"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    assert told.stderr.splitlines()[-1] == "False"
