"""The man pages: sound by the judges of the system, and with every command and option that the program has."""

from __future__ import annotations

import re
import runpy
import subprocess
from pathlib import Path

import pytest
import typer.main

from bds_tool.cli.main import build
from bds_tool.cli.overview import commands

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    target = tmp_path_factory.mktemp("man")
    runpy.run_path(str(ROOT / "packaging" / "man.py"))["write"](target)
    return target


def test_there_is_a_page_for_the_program_and_each_command_in_both_languages(pages):
    wanted = {"bds.1", *(f"bds-{name}.1" for name in commands())}
    for folder in ("man1", "nl/man1"):
        assert {p.name for p in (pages / folder).iterdir()} == wanted


@pytest.mark.parametrize("folder", ["man1", "nl/man1"])
def test_groff_and_man_db_take_them(pages, folder, program):
    files = sorted(map(str, (pages / folder).iterdir()))
    shown = subprocess.run(
        [program("groff", package="groff-base"), "-K", "utf8", "-man", "-ww", "-Tutf8", *files],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stderr == ""
    found = subprocess.run(
        [program("lexgrog", package="man-db"), *files], capture_output=True, text=True, check=True
    )
    # What `man -k` finds: name - what it does, of every page.
    assert len(re.findall(r': "bds[a-z-]* - .+"', found.stdout)) == len(files)


def test_every_option_and_argument_is_there_and_nothing_hidden(pages):
    program = typer.main.get_command(build())
    for name, command in program.commands.items():
        if command.hidden:
            continue
        text = (pages / "nl/man1" / f"bds-{name}.1").read_text(encoding="utf-8").replace("\\-", "-")
        said = set(re.findall(r"\\fB(-{1,2}[\w-]+)\\fR", text))
        every = [command, *getattr(command, "commands", {}).values()]
        every = every[1:] or every
        options = [p for c in every if not c.hidden for p in c.params if p.param_type_name == "option"]
        shown = {o for p in options if not p.hidden for o in (*p.opts, *p.secondary_opts)} - {"--help", "-h"}
        assert said == shown, name


def test_the_languages_differ_and_no_line_is_a_request_by_accident(pages):
    dutch, english = ((pages / f / "bds-validate.1").read_text(encoding="utf-8") for f in ("nl/man1", "man1"))
    assert "Beoordeel exports" in dutch
    assert "Judge exports" in english
    known = {".TH", ".SH", ".SS", ".TP", ".B", ".BR", ".PP", ".br", ".nf", ".fi"}
    for page in pages.rglob("*.1"):
        lines = page.read_text(encoding="utf-8").splitlines()
        assert {line.split()[0] for line in lines if line.startswith((".", "'"))} <= known
