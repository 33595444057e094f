"""`--lang en --help`: every text of help has its English counterpart, and none stands there for nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import yaml
from typer.main import get_command

from bds_tool.base.specs import specs_dir
from bds_tool.cli.main import build

ROWS = yaml.safe_load((specs_dir() / "teksten" / "hulp.yaml").read_text(encoding="utf-8"))


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*path, name))


def texts() -> Iterator[str]:
    for _, command in commands(get_command(build())):
        yield from (command.help, command.epilog)
        for param in command.params:
            if param.name not in {"help", "install_completion", "show_completion"}:
                yield from (param.help, param.metavar, getattr(param, "rich_help_panel", None))


def plain(text: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def test_every_text_has_its_english():
    used = {plain(text) for text in texts() if text}
    rows = [row["nl"] for row in ROWS]
    assert sorted(used - set(rows)) == []
    assert sorted(set(rows) - used) == []
    assert len(rows) == len(set(rows))


def test_help_in_english_says_nothing_in_dutch(bds, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    dutch = [row["nl"] for row in ROWS if row["nl"] != row["en"] and len(row["nl"].split()) > 2]
    for path, _ in commands(get_command(build())):
        told = bds("--lang", "en", *path, "--help")
        assert told.code == 0
        assert [text for text in dutch if text.split("\n")[0] in told.out] == []


def test_help_stays_dutch_and_survives_definitions_without_these_texts(bds, tmp_path):
    assert "Toon alles over een element" in bds("spec", "show", "--help").out
    for name in ("bds", "_schemas"):  # a whole copy, that lacks these texts
        (tmp_path / name).mkdir()
    told = bds("--lang", "en", "--specs", tmp_path, "spec", "show", "--help")
    assert "Toon alles over een element" in told.out


def test_no_option_is_spelled_twice_within_a_command():
    for path, command in commands(get_command(build())):
        spelled = Counter(o for p in command.params for o in (*p.opts, *p.secondary_opts))
        assert [o for o, times in spelled.items() if times > 1] == [], path
