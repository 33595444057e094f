"""`bds` and `bds --help`: the page holds every command and option, and comes without loading anything."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

import bds_tool.cli
from bds_tool.cli import overview
from bds_tool.cli.main import build


def test_every_command_and_option_stands_on_the_page():
    root = typer.main.get_command(build())
    visible = {name for name, command in root.commands.items() if not command.hidden}
    assert set(overview.commands()) == visible
    page = overview.page()
    assert [o for p in root.params for o in p.opts if o.startswith("--") and o not in page] == []
    modules = {
        p.stem
        for p in Path(bds_tool.cli.__file__).parent.glob("*.py")
        if "\ndef register(" in p.read_text("utf-8")
    }
    assert {c.replace("-", "_") for c in overview.commands()} == modules


def test_the_options_of_every_example_exist():
    root = typer.main.get_command(build())
    for told in overview._EXAMPLES:
        for example in told:
            program, *words = example.split()
            command = root
            while words and words[0] in getattr(command, "commands", {}):
                command = command.commands[words.pop(0)]
            known = {o for p in command.params for o in p.opts}
            assert program == "bds"
            assert command is not root, example
            assert {w for w in words if w.startswith("-")} <= known, example


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_page_fits_the_screen(monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    assert max(map(len, overview.page().splitlines())) <= max(min(width, 100), 52)


@pytest.mark.parametrize("arguments", [[], ["-h"], ["--help"], ["--lang", "en", "--help"]])
def test_the_page_loads_neither_parser_nor_library(arguments, tmp_path):
    code = (
        f"import sys; sys.argv[1:] = {arguments!r}\n"
        "from bds_tool.__main__ import main\n"
        "main()\n"
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'typer', 'rich', 'polars', 'yaml', 'json'}))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    assert told.stdout.endswith("[]\n")
    assert ("Usage: bds" if "en" in arguments else "Gebruik: bds") in told.stdout


def test_a_command_imports_no_other(tmp_path):
    code = (
        "import sys; sys.argv[1:] = ['--lang', 'nl', 'rule', 'BDS203']\n"
        "from bds_tool.cli.main import run\n"
        "run(sys.argv[1:])\n"
        "print([m for m in sys.modules if m in ('bds_tool.cli.validate', 'bds_tool.cli.indicator', 'polars')])"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    assert told.stdout.endswith("[]\n")


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["--lang", "en", "rule", "x"], "rule"),
        (["--specs=d", "research-table"], "research-table"),
        (["anonymise", "x"], None),
        (["valdate"], None),
        ([], None),
    ],
)
def test_the_command_that_is_called(arguments, command):
    assert overview.called(arguments) == command


def test_settings_of_the_project_have_their_say_in_the_language(bds, tmp_path, monkeypatch):
    (tmp_path / "bds.toml").write_text('lang = "en"\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert not overview.asked(["--help"])
    assert "Usage: bds" in bds("--help").out


@pytest.mark.parametrize(
    ("words", "offered"), [("bds ru", "rule"), ("bds spec sh", "show"), ("bds spec show --bd", "--bds")]
)
def test_a_shell_gets_what_may_come_next_and_not_the_page(words, offered, tmp_path, monkeypatch):
    monkeypatch.setenv("_BDS_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(words.count(" ")))
    told = subprocess.run(
        [sys.executable, "-m", "bds_tool"], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert offered in told.stdout.split()
