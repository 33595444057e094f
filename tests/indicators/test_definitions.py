"""The shipped definitions: every hand-worked case, and that a wrong definition is told."""

from pathlib import Path

import pytest
import yaml

from bds_tool.base.errors import SpecError
from bds_tool.base.specs import read_yaml, specs_dir
from bds_tool.base.text import set_language
from bds_tool.indicators import cases
from bds_tool.indicators.catalogue import check, load_all, note
from bds_tool.indicators.definitions import Indicator
from bds_tool.schema import versions


@pytest.fixture(scope="module")
def shipped():
    return load_all()


def test_the_shipped_definitions_are_sound():
    assert check() == []


def test_there_are_enough(shipped):
    assert len(shipped) >= 60


def test_every_hand_worked_case_holds(shipped):
    outcomes = cases.run(list(shipped.values()))
    assert not [o for o in outcomes if not o.passed]
    # every indicator in every version it claims
    assert {(o.indicator, o.version) for o in outcomes} == {
        (i.id, v) for i in shipped.values() for v in i.versions.among(versions())
    }


def test_a_wrong_expectation_fails(shipped):
    data = dict(shipped["BF-BIRTH"].data)
    case = dict(data["gevallen"][0])
    year = next(iter(case["verwacht"]))
    case["verwacht"] = {year: {**case["verwacht"][year], "x": 99}}
    changed = Indicator("BF-BIRTH", data | {"gevallen": [case]}, Path("x.yaml"))
    assert not any(o.passed for o in cases.run([changed]))


def test_most_cases_have_more_than_one_outcome(shipped):
    """A case where x equals n, or is 0, would hold for many wrong definitions."""
    weak = [
        i.id
        for i in shipped.values()
        if i.kind == "aandeel"
        and not any(0 < e.get("x", 0) < e["n"] for c in i.cases for e in c["verwacht"].values())
    ]
    assert weak == []


def test_changed_elements_are_told(shipped):
    for name, old, new in (("SMOKE-HOME", 510, 1665), ("SWIM", 753, 1668)):
        broken = shipped[name].data["trendbreuk"][0]
        assert old in broken["oud"]
        assert new in broken["nieuw"]
        assert broken["versie"] == "4.2.0"
        assert shipped[name].era


def own(tmp_path, **changes):
    from bds_tool.indicators.template import TEMPLATE

    data = yaml.safe_load(TEMPLATE)[0] | changes
    (tmp_path / "eigen.yaml").write_text(
        yaml.safe_dump([{k: v for k, v in data.items() if v is not None}], sort_keys=False)
    )
    return [tmp_path]


def test_own_indicator(tmp_path, bds):
    result = bds("indicator", "test", "MIJN-INDICATOR", "--indicators", own(tmp_path)[0], "--all")
    assert result.code == 0
    assert "3 van 3" in result.err
    assert "missing=1 n=2 x=1" in result.out or "n=2 x=1 missing=1" in result.out


def test_own_case_that_does_not_hold(tmp_path, bds):
    folder = own(tmp_path, teller="waarde = '03' OR waarde = '04'")[0]
    result = bds("indicator", "test", "MIJN-INDICATOR", "--indicators", folder)
    assert result.code == 1
    assert "FOUT" in result.out
    assert "x=2" in result.out


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"view": "bestaat_niet"}, "bestaat_niet"),
        ({"teller": "kolom_die_er_niet_is = 1"}, "kolom_die_er_niet_is"),
        ({"zekerheid": "X"}, "zekerheid"),
        ({"id": "BRUSH"}, "BRUSH"),
        ({"since": "9.9.9"}, "9.9.9"),
        ({"begrip": None, "elementen": [5063]}, "5063"),
        ({"gevallen": None}, "gevallen"),
    ],
)
def test_a_wrong_definition_is_told(tmp_path, changes, word):
    problems = check(own(tmp_path, **changes))
    assert any(word in p for p in problems)
    with pytest.raises(SpecError):
        load_all(own(tmp_path, **changes))


def test_the_hash_follows_what_decides_the_figures(shipped):
    one = shipped["BRUSH"]
    assert Indicator(one.id, one.data | {"titel": "Anders"}, one.path).hash == one.hash
    assert Indicator(one.id, one.data | {"teller": "waarde = '03'"}, one.path).hash != one.hash


def test_unknown_name_gets_a_hint(bds):
    result = bds("indicator", "show", "BRUSHH")
    assert result.code == 2
    assert "BRUSH" in result.err


def test_new_writes_a_definition_that_works(tmp_path, bds):
    assert bds("indicator", "new", "proef", "--in", tmp_path).code == 0
    assert bds("indicator", "test", "PROEF", "--indicators", tmp_path).code == 0
    assert bds("indicator", "new", "proef", "--in", tmp_path).code == 2


def test_every_caveat_can_be_read_in_english():
    told = {
        row["tekst"]: row["en"]
        for row in read_yaml(specs_dir() / "teksten" / "indicatoren.yaml")["kanttekeningen"]
    }
    said = {
        text
        for i in load_all().values()
        for text in (*i.data.get("let_op", ()), *(b["toelichting"] for b in i.data.get("trendbreuk", ())))
    }
    assert told.keys() == said
    set_language("en")
    try:
        assert {note(text) for text in said} == set(told.values())
    finally:
        set_language("")
    assert {note(text) for text in said} == said
