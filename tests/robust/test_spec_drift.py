"""A copy of the definitions that lacks an entry is told so: never a bug, never in silence."""

from __future__ import annotations

import json
import os
import random
import shutil
from pathlib import Path

import pytest

from bds_tool.base.specs import specs_dir
from bds_tool.findings.catalogue import load_rules
from bds_tool.schema.checking.drift import drift, needed

from .spec_entries import copied, mutants

FILES = sorted(
    p.relative_to(specs_dir()).as_posix()
    for p in specs_dir().rglob("*")
    if p.is_file() and p.suffix in {".csv", ".tsv", ".yaml", ".json"}
)
CHILD = {
    "Format": "3.0",
    "organisationCode": 1,
    "reference": "r1",
    "clientDetails": [{"bdsNumber": 19, "value": "1"}, {"bdsNumber": 20, "value": "20181011"}],
    "clientMeasurements": [{"bdsNumber": 235, "values": [{"date": "20191011", "value": 760}]}],
}


@pytest.fixture
def copy(tmp_path):
    return copied(specs_dir(), tmp_path / "specs")


def rewritten(path: Path, text: str | None) -> None:
    path.unlink(missing_ok=True)  # a link to the file of the project: never written through
    if text is not None:
        path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    "files", [FILES[::12], pytest.param(FILES, marks=pytest.mark.slow)], ids=["some", "all"]
)
def test_no_entry_goes_missing_in_silence(files, copy):
    """Per file: taken away, and an entry taken out and renamed, by a fixed throw of the dice."""
    assert list(drift(copy)) == []
    tried = 0
    for name in files:
        for what, text in mutants(specs_dir() / name, random.Random(name), 1):
            rewritten(copy / name, text)
            told = [f for f in drift(copy) if f.file == name]
            assert told, (name, what)
            assert all("{" not in f.message for f in told)
            (copy / name).unlink(missing_ok=True)
            os.link(specs_dir() / name, copy / name)
            tried += 1
    assert tried > 3 * len(files)


@pytest.mark.parametrize("code", ["BDS222", "BDS203", "BDS013", "BDS507", "BDS902"])
@pytest.mark.parametrize("way", ["delete", "rename"])
def test_a_rule_that_is_gone_stops_the_program_and_is_named(code, way, copy, tmp_path, bds):
    """Also where nothing would be found by it: that nobody looked must not read as `0 fouten`."""
    for path in sorted((copy / "regels").glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        start = text.find(f"  - code: {code}\n")
        if start < 0:
            continue
        end = text.find("  - code:", start + 5)
        rest = text[end:] if end > 0 else ""
        whole = text[:start] + rest if way == "delete" else text.replace(f"code: {code}", "code: BDS299")
        rewritten(path, whole)
    (tmp_path / "good.json").write_text(json.dumps(CHILD), encoding="utf-8")
    done = bds("--specs", copy, "validate", tmp_path / "good.json")
    assert (done.code, done.out) == (2, "")
    assert code in done.err


def test_without_the_gate_the_engine_itself_names_the_rule(judge_with):
    """The definitions in use may be those of the project itself, with which nothing is compared."""
    from bds_tool.base.errors import SpecError

    for code in ("BDS203", "BDS222", "BDS706", "BDS601"):
        with pytest.raises(SpecError, match=code):
            judge_with(without=code)


@pytest.fixture
def judge_with(tmp_path, monkeypatch):
    from bds_tool.findings.catalogue import Catalogue
    from bds_tool.validate import engine
    from bds_tool.validate.run import Request, judge

    (tmp_path / "good.json").write_text(json.dumps(CHILD), encoding="utf-8")

    def run(without: str):
        full = load_rules()
        rest = Catalogue({c: r for c, r in full.rules.items() if c != without}, full.families)
        monkeypatch.setattr(engine, "load_rules", lambda _=None: rest)
        return judge(Request([tmp_path / "good.json"]))

    return run


def test_a_limit_that_is_gone_is_named(copy, tmp_path, bds):
    path = copy / "regels" / "5-beloop.yaml"
    text = path.read_text(encoding="utf-8")
    rewritten(path, text.replace("parameters: {z: 5, from_age", "parameters: {zz: 5, from_age"))
    (tmp_path / "good.json").write_text(json.dumps(CHILD), encoding="utf-8")
    done = bds("--specs", copy, "validate", tmp_path / "good.json")
    assert done.code == 2
    assert {f.key for f in drift(copy) if f.code == "SPEC403"} == {"BDS507.z"}


def test_what_the_program_needs_is_read_from_its_code():
    codes, limits = needed()
    assert {"BDS203", "SPEC401", "WIJZ901", "ZIB01", "PUB01"} <= codes
    assert ("BDS507", "z") in limits
    rules = load_rules().rules
    assert all(name in rules[code].parameters for code, name in limits)


#: File of definitions → a command that reads it.
READERS = {
    "bds/4.2.0/elementen.csv": ("spec", "show", "235"),
    "bds/4.2.0/datapackage.json": ("validate", "good.json", "-q"),
    "bds/opvolging.csv": ("spec", "show", "510"),
    "indicatoren/groei.yaml": ("indicator", "list"),
    "protocollen/visus.yaml": ("protocol", "list"),
    "wijzigingen/4.1.3-4.2.0.yaml": ("change", "list"),
    "zib/bds-zib.sssom.tsv": ("zib", "show", "235"),
    "beleid/ncj-strict.yaml": ("protect", "policy", "show", "ncj-strict"),
    "tabel/koppen.csv": ("validate", "x.csv", "-q"),
    "dob/indeling.yaml": ("spec", "path", "235"),
}


#: Files of which reading and writing all mutants takes a minute.
LARGE = {"indicatoren/groei.yaml", "wijzigingen/4.1.3-4.2.0.yaml", "bds/4.2.0/datapackage.json"}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] if n in LARGE else []) for n in READERS]
)
def test_a_command_on_damaged_definitions_is_no_bug(name, copy, tmp_path, bds, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("good.json").write_text(json.dumps(CHILD), encoding="utf-8")
    Path("x.csv").write_text("client;235\nk;900\n", encoding="utf-8")
    for number, (what, text) in enumerate(mutants(specs_dir() / name, random.Random(1), 2)):
        # The definitions are kept by the name of their folder: every mutant has its own.
        root = copied(copy, tmp_path / str(number))
        rewritten(root / name, text)
        done = bds("--specs", root, *READERS[name])
        assert done.code in {0, 1, 2, 3}, (what, done.err)
        shutil.rmtree(root)
