"""`bds protect compare`: policies side by side."""

from __future__ import annotations

import json

import pytest
from families import region

from bds_tool.protect.compare import compare


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    return region(tmp_path_factory.mktemp("v") / "a.result", 1, wijken=3, most=120).path


def test_every_cell_is_counted_once_and_the_advice_says_most(result):
    found = compare(result, ["ncj-strict", "wijk-klassen", "opensafely-mid6"])
    assert not found.refused
    assert {x.policy for x in found.lines} == {"ncj-strict", "wijk-klassen", "opensafely-mid6"}
    for line in found.lines:
        assert line.cells == line.shown + line.coded + line.hidden + line.not_here
        assert line.exact == 0
        assert (line.error or 0) < 6
    wijk = {x.policy: x for x in found.lines if x.level == "wijk"}
    # Hidden figures are exact where they are shown; classes and rounded ones are off by something.
    assert wijk["ncj-strict"].error == 0
    assert wijk["ncj-strict"].coded == 0
    assert wijk["wijk-klassen"].coded > 20
    assert wijk["wijk-klassen"].error > 0
    assert wijk["wijk-klassen"].speaking > wijk["ncj-strict"].speaking
    assert found.advice == "wijk-klassen"


def test_the_command_prints_a_table_and_a_proposal(result, bds):
    done = bds(
        "protect", "compare", result, "--policy", "ncj-strict", "--policy", "wijk-klassen", "--format", "json"
    )
    assert done.code == 0, done.err
    assert {row["beleid"] for row in json.loads(done.out)} == {"ncj-strict", "wijk-klassen"}
    assert "Voorstel: wijk-klassen" in done.err
    assert not list(result.parent.glob("veilig*"))


def test_what_is_protected_already_is_no_source(result, bds, tmp_path):
    assert bds("protect", result, "--to", tmp_path / "b.result").code == 0
    done = bds("protect", "compare", tmp_path / "b.result", "--policy", "ncj-strict")
    assert done.code == 2
    assert "al beschermd" in done.err
