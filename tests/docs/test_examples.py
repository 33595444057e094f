"""Every example in the documentation runs: its commands end as the page says, and show what the page shows."""

import re
import shlex
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
COMMAND = re.compile(r"^\$ (.*?)(?:\s+# exitcode (\d+))?$")


def pages():
    return [p for p in sorted(DOCS.rglob("*.md")) if BLOCK.search(p.read_text(encoding="utf-8"))]


def examples(page: Path):
    """The commands of a page in order: (arguments, exit code, texts that its output must hold)."""
    found = []
    for block in BLOCK.findall(page.read_text(encoding="utf-8")):
        for line in block.strip().split("\n"):
            command = COMMAND.match(line)
            if command:
                found.append((command[1], int(command[2] or 0), []))
            elif line.strip() and line.strip() != "…":
                assert found, f"{page.name}: output before any command: {line}"
                found[-1][2].append(line.strip())
    return found


def squeeze(text: str) -> str:
    """Columns are as wide as their content, so only the order of words counts."""
    return " ".join(text.split())


@pytest.mark.parametrize("page", pages(), ids=lambda p: p.relative_to(DOCS).as_posix())
def test_examples_of_a_page_run_as_shown(page, bds, tmp_path, monkeypatch):
    (tmp_path / "sample_data").symlink_to(ROOT / "sample_data", target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    for command, code, shown in examples(page):
        program, *arguments = shlex.split(command)
        assert program == "bds", f"{page.name}: only bds is run: {command}"
        done = bds(*arguments)
        assert done.code == code, f"{command}\n{done.err[-1500:]}"
        output = squeeze(done.out + done.err)
        for text in shown:
            assert squeeze(text) in output, f"{command}: '{text}' is not in its output"


def test_there_are_examples_for_each_of_the_four_users():
    for name in ("data-analist", "ncj", "epidemioloog", "leverancier"):
        assert len(examples(DOCS / "zelfstudie" / f"{name}.md")) >= 4, name
