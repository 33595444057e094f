"""What the option parser says by itself: in the language of the run, in the form of every other error."""

from __future__ import annotations

import pytest

WRONG = {
    "validate --forse": "De optie --forse bestaat niet. Bedoelt u --force",
    "validate -Z": "De optie -Z bestaat niet.",
    "vaildate": "De opdracht vaildate bestaat niet. Bedoelt u 'validate'?",
    "indicator onzin": "De opdracht onzin bestaat niet.",
    "change new a": "Er ontbreekt een argument: 'NAAR'.",
    "indicator compute x.bds": "Deze optie moet erbij: '--output' / '-o'.",
    "rule a b c": "Hier is te veel opgegeven: b c.",
    "rule --bds": "De optie '--bds' heeft een waarde nodig.",
    "validate --quiet=3 x": "Achter de optie '--quiet' staat geen waarde.",
    "generate -n veel": "De waarde van '--children' / '-n' klopt niet: geef een geheel getal.",
    "generate --defect-rate veel": "De waarde van '--defect-rate' klopt niet: geef een getal.",
    "generate --defect-rate 5000": "De waarde van '--defect-rate' klopt niet: geef 1000 of minder.",
    "generate --seed -3": "De waarde van '--seed' klopt niet: geef 0 of meer.",
}


@pytest.mark.parametrize("command", WRONG)
def test_wrong_use_is_told_in_dutch(command, bds):
    told = bds(*command.split())
    assert told.code == 2
    assert told.out == ""
    message, remedy = told.err.splitlines()
    assert message.startswith(f"fout: {WRONG[command]}")
    assert remedy.startswith("  `bds ")
    assert remedy.endswith("-h` toont wat u kunt geven.")


@pytest.mark.parametrize("command", WRONG)
def test_wrong_use_is_told_in_english(command, bds):
    told = bds("--lang", "en", *command.split())
    assert told.code == 2
    message, remedy = told.err.splitlines()
    assert message.startswith("error: ")
    assert not {"optie", "opdracht", "waarde", "geef", "argument:"} & set(message.split())
    assert remedy.endswith("-h` shows what can be given.")


def test_the_remedy_names_the_command(bds):
    assert "`bds indicator compute -h`" in bds("indicator", "compute", "x", "--nee").err


@pytest.mark.parametrize("command", [["-h"], ["indicator", "-h"], ["indicator", "compute", "-h"], ["spec"]])
def test_the_words_of_help_follow_the_language(command, bds, monkeypatch):
    """In turns, because one process may serve both."""
    monkeypatch.setenv("COLUMNS", "200")  # no text is broken over two lines
    dutch = {"Gebruik:", "[OPTIES]", "Opties", "Toon deze uitleg en stop."}
    english = {"Usage:", "[OPTIONS]", "Options", "Show this message and exit."}
    for language, there, absent in (("nl", dutch, english), ("en", english, dutch), ("nl", dutch, english)):
        told = bds("--lang", language, *command)
        assert told.code == (0 if "-h" in command else 2)
        assert told.err == ""
        assert {word for word in there | absent if word in told.out} == there
    assert ("[verplicht]" in told.out) == ("compute" in command)
    assert ("Opdrachten" in told.out) == ("compute" not in command and command != ["-h"])


def test_a_language_that_is_not_there(bds):
    told = bds("--lang", "de", "rule")
    assert (told.code, told.err) == (2, "fout: --lang de bestaat niet.\n  Kies uit: nl, en.\n")


def test_no_help_page_names_a_type_of_python_or_is_too_wide():
    """Every command and group, as on a screen of 80 columns."""
    import contextlib
    import io
    import re

    from typer.main import get_command

    from bds_tool.cli.main import build, run

    def pages(command, path):
        yield path
        for name, inner in getattr(command, "commands", {}).items():
            yield from pages(inner, [*path, name])

    wrong = []
    for path in pages(get_command(build()), []):
        shown = io.StringIO()
        with contextlib.redirect_stdout(shown):
            assert run([*path, "--help"]) == 0
        wrong += [
            (" ".join(path), line)
            for line in shown.getvalue().splitlines()
            if re.search(r"<(list|tuple|path|str|int|float|bool|class)\b", line) or len(line) > 80
        ]
    assert wrong == []
