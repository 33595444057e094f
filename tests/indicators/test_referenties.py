"""The tables that the indicators compute with: every one described, and a wrong cell found."""

import json
import shutil

import pytest

from bds_tool.base.specs import set_specs, specs_dir
from bds_tool.indicators.catalogue import load_all
from bds_tool.indicators.growth import rows
from bds_tool.schema.checking.running import check_specs


def test_every_table_is_described():
    folder = specs_dir() / "referenties"
    described = {
        r["path"] for r in json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))["resources"]
    }
    assert described == {str(p.relative_to(folder)) for p in folder.rglob("*.csv")}


@pytest.fixture
def specs(tmp_path):
    """A copy of the tables that a test may break; without a BDS, so references to elements are not judged."""
    for part in ("referenties", "_schemas"):
        shutil.copytree(specs_dir() / part, tmp_path / "specs" / part)
    (tmp_path / "specs" / "bds").mkdir()
    set_specs(str(tmp_path / "specs"))
    yield tmp_path / "specs" / "referenties"
    set_specs("")


@pytest.mark.parametrize(
    ("file", "old", "new", "code"),
    [
        ("vaccinatieserie.csv", "bmr_2j,bmr,1990-01-01", "bmr_2j,bmr,1 januari 1990", "SPEC005"),
        ("vaccinatieserie.csv", "rota_24w,rota,", "rota_24w,rotavirus,", "SPEC008"),
        ("opleidingsklasse.csv", "01,1,", "01,5,", "SPEC005"),
        ("venster.csv", "m1,21,", "w2,21,", "SPEC006"),
        ("groei/kaarten.csv", "hgt,nl,nl_2009,", "hgt,nl,nl_2099,", "SPEC008"),
        ("fase.csv", "fase,van_mnd,", "fase,vanaf,", "SPEC004"),
    ],
)
def test_a_wrong_cell_is_found(specs, file, old, new, code):
    path = specs / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    assert code not in {f.code for f in check_specs().findings if f.file == f"referenties/{file}"}
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    found = [f for f in check_specs().findings if f.file == f"referenties/{file}"]
    assert code in {f.code for f in found}


def test_what_is_left_out_is_not_shipped():
    left_out = {r["indicator"] for r in rows("weggelaten.csv")}
    assert left_out
    assert not left_out & set(load_all())
