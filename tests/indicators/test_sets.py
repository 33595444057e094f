"""Sets of indicators are data: what ships exists, and a set chooses in counting and in reports."""

import polars as pl
import pytest

from bds_tool.base.errors import SpecError, UsageError
from bds_tool.indicators.catalogue import choose
from bds_tool.indicators.result import read_result
from bds_tool.indicators.sets import load_set, members, shipped


@pytest.mark.parametrize("name", ["igj", "jib", "kansrijke-start", "lpk", "overgewicht"])
def test_a_shipped_set_has_a_source_and_known_indicators(name):
    found = load_set(name)
    assert found["bron"]
    assert [i.id for i in choose(members([name]))] == found["indicatoren"]


def test_no_set_is_left_out_above():
    assert sorted(shipped()) == ["igj", "jib", "kansrijke-start", "lpk", "overgewicht"]


def test_an_own_set_and_wrong_ones(tmp_path):
    own = tmp_path / "eigen.yaml"
    own.write_text(
        "titel: Eigen\ntitel_en: Own\nbron: wij\nzekerheid: D\nindicatoren: [OW, taal]\n", encoding="utf-8"
    )
    assert members([str(own), "igj"])[:2] == ["OW", "taal"]
    with pytest.raises(UsageError, match="lpkk") as error:
        load_set("lpkk")
    assert "lpk" in error.value.remedy
    own.write_text("titel: Eigen\n", encoding="utf-8")
    with pytest.raises(SpecError):
        load_set(str(own))


def test_a_set_in_counting_and_in_a_table(make_store, tmp_path, bds):
    rows = []
    for n in range(60):
        child = f"k{n}"
        rows += [
            (child, 20, "2018-01-15"),
            (child, 724, "2024-03-01", "2024-03-01"),
            (child, 1605, "01", "2024-03-01"),
        ]
        rows += [(child, 188, "04" if n < 30 else "01", "2024-03-01"), (child, 1197, "01", "2018-02-01")]
    store, result, safe = make_store(rows), tmp_path / "r.result", tmp_path / "v.result"
    assert bds("indicator", "compute", store, "-o", result, "--set", "jib", "--period", 2024).code == 0
    assert set(read_result(result).meta["definitions"]) == set(members(["jib"]))
    assert bds("protect", "run", result, "--to", safe, "--policy", "ncj-strict").code == 0
    own = tmp_path / "eigen.yaml"
    own.write_text(
        "titel: Tanden\ntitel_en: Teeth\nbron: wij\nzekerheid: D\nindicatoren: [BRUSH]\n", encoding="utf-8"
    )
    assert bds("report", "table", safe, "--set", own, "-o", tmp_path / "t.csv").code == 0
    assert set(pl.read_csv(tmp_path / "t.csv")["indicator"]) == {"BRUSH"}
    done = bds("report", "site", safe, "--set", own, "-o", tmp_path / "site")
    assert done.code == 0, done.err
    pages = "".join(p.read_text(encoding="utf-8") for p in (tmp_path / "site").rglob("*.html"))
    assert "tandenpoetst" in pages or "Poetst minstens" in pages
    assert "Bereik 4 tot 12 jaar" not in pages
    assert bds("report", "table", safe, "--set", "nergens", "-o", tmp_path / "u.csv").code == 2
