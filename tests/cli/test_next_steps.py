"""What the program tells people to type: it exists, and the next step it prints runs as printed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer.main

from bds_tool.base.text import plural
from bds_tool.cli import main as program
from bds_tool.cli import render

ROOT = Path(__file__).resolve().parents[2]
MAIN = typer.main.get_command(program.build())


def printed_commands():
    """Every `bds …` between backticks in the program and its rules."""
    found = set()
    for folder, ending in (("bds_tool", "py"), ("specs/regels", "yaml"), ("specs/teksten", "yaml")):
        for path in sorted((ROOT / folder).rglob(f"*.{ending}")):
            found |= set(re.findall(r"`(bds [^`\n]+)`", path.read_text(encoding="utf-8")))
    return sorted(found)


def command_of(words):
    """(command, words after it): down the groups as far as the words are names of commands."""
    here = MAIN
    while words and words[0] in getattr(here, "commands", {}):
        here, words = here.commands[words[0]], words[1:]
    return here, words


@pytest.mark.parametrize("text", printed_commands())
def test_every_command_that_is_told_exists_with_its_options(text):
    """A blank (`{number}`, BESTAND) stands for a word; names of commands and options must be real."""
    words = shlex.split(re.sub(r"\{[^}]*\}", "WOORD", text))[1:]
    main = MAIN
    options = {o for p in main.params for o in (*p.opts, *p.secondary_opts)}
    while words and words[0].startswith("-"):
        assert words[0] in options | {"--help", "-h"}, text
        words = words[2:]
    here, rest = command_of(words)
    assert here is not main or not rest or rest[0] in {"COMMAND", "OPDRACHT"}, text
    known = options | {o for p in here.params for o in (*p.opts, *p.secondary_opts)} | {"--help", "-h"}
    # `bds protect X` is `bds protect run X`: a group with a command of that name passes on what is no command.
    if "run" in getattr(here, "commands", {}):
        known |= {o for p in here.commands["run"].params for o in p.opts}
    assert [w for w in rest if w.startswith("-") and w not in known] == [], text


STEP = re.compile(r"^(?:Volgende stap|Next step):\n  (bds .+)$", re.MULTILINE)


@pytest.mark.parametrize("tongue", ["nl", pytest.param("en", marks=pytest.mark.slow)])
def test_each_next_step_runs_as_printed(bds, tmp_path, tongue):
    """From made-up children to a site by typing what is printed, in a folder with a blank in its name."""
    home = tmp_path / "mijn map"
    home.mkdir()
    made = bds("generate", "--children", "300", "--seed", "7", "--region", "midden", "-o", home / "r.bds")
    assert made.code == 0, made.err
    first = ("indicator", "compute", home / "r.bds", "-i", "OW", "--period", "2024", "-o", home / "r.result")
    done = bds("--lang", tongue, *first)
    steps = []
    while found := STEP.search(done.err):
        steps.append(shlex.split(found[1])[1:])
        done = bds("--lang", tongue, *steps[-1])
        assert done.code == 0, (steps[-1], done.err)
    assert [s[:2] for s in steps] == [["protect", "run"], ["report", "site"]]
    assert (home / "r-veilig-site" / "index.html").is_file()


def test_a_screen_of_80_columns_is_kept_and_a_file_gets_whole_lines(monkeypatch, capsys):
    long = "  gelezen: " + ", ".join(f"{n} dossiers" for n in range(20))
    render.talk(long)
    assert capsys.readouterr().err == long + "\n"
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    render.talk(long)
    told = capsys.readouterr().err
    lines = told.splitlines()
    assert len(lines) > 2
    assert max(map(len, lines)) <= 80
    assert " ".join(told.split()) == " ".join(long.split())
    assert all(line.startswith("    ") for line in lines[1:])
    render.next_step("bds", "report", "site", Path("/" + "map/" * 30 + "x y"))
    assert len(capsys.readouterr().err.splitlines()) == 2  # a command is never broken


def test_numbers_and_words_agree():
    assert plural(1, "registratie", "registraties") == "1 registratie"
    assert plural(0, "registratie", "registraties") == "0 registraties"
    assert plural(41207, "registratie", "registraties") == "41.207 registraties"


def test_no_count_of_one_gets_a_plural(bds, tmp_path):
    """One child, one file: what the summaries say of it."""
    store = tmp_path / "r.bds"
    told = [bds("generate", "--children", "1", "--seed", "7", "-o", store)]
    told.append(bds("profile", store, "--format", "csv", "-o", tmp_path / "p.csv"))
    told.append(bds("validate", store, "--exit-zero"))
    for done in told:
        assert done.code == 0, done.err
        wrong = r"\b1 (registraties|dossiers|activiteiten|bestanden|kinderen|fouten|rijen|elementen|cellen|gebieden)\b"
        assert not re.search(rf"(?<![\d.,]){wrong}", done.err + done.out), done.err
