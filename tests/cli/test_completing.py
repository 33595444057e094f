"""What a shell offers for a value, asked as a shell asks it; the answers are held against files and against the program."""

from __future__ import annotations

import csv
import re

import pytest
import typer.main
import yaml

from bds_tool.base.specs import specs_dir
from bds_tool.cli import completing
from bds_tool.cli.main import build, run
from bds_tool.findings.report.formats import FORMATS


@pytest.fixture
def offered(monkeypatch, capfd):
    def ask(line):
        monkeypatch.setenv("_BDS_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(line.count(" ")))
        with pytest.raises(SystemExit):
            run([])
        return capfd.readouterr().out.split()

    return ask


def numbers(version):
    with (specs_dir() / "bds" / version / "elementen.csv").open(encoding="utf-8", newline="") as file:
        return {row["bdsnummer"] for row in csv.DictReader(file)}


def test_rules_elements_versions_protocols_and_indicators_are_offered(offered):
    codes = set(re.findall(r"BDS\d{3}", " ".join(offered("bds rule BDS2"))))
    stated = {str(r["code"]) for f in (specs_dir() / "regels").glob("*.yaml") for r in _rules(f)}
    assert codes == {c for c in stated if c.startswith("BDS2")}
    assert set(offered("bds spec show 23")) == {n for n in numbers("4.2.0") if n.startswith("23")}
    assert offered("bds spec show R02")[0] == "R020"
    assert offered("bds spec show 235 --bds 4.") == ["4.0.2", "4.1.3", "4.2.0"]
    assert offered("bds spec diff 3") == ["3.2.7"]
    assert "groei" in offered("bds protocol show g")
    assert offered("bds indicator compute x.bds -i BF-BI") == ["BF-BIRTH"]
    assert offered("bds validate x --from ja") == ["james"]
    assert offered("bds validate x --format ht") == ["html"]
    assert offered("bds rule BDS203 --format j") == ["json"]


def _rules(path):
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    rows = found.get("rules") or found.get("regels") or [] if isinstance(found, dict) else found
    return [r for r in rows if isinstance(r, dict) and "code" in r]


def test_every_offered_format_is_one():
    def params(command, path=()):
        yield from ((" ".join(path), p) for p in command.params)
        for name, below in getattr(command, "commands", {}).items():
            yield from params(below, (*path, name))

    seen = 0
    for command, param in params(typer.main.get_command(build())):
        if param.name == "format_":
            found = completing.words(command, param)
            seen += bool(found)
            assert {w for w, _ in found or ()} <= set(FORMATS)
    assert seen > 30
