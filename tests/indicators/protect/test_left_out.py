"""What was left out leaves the house in round numbers, of shown figures only, and tells nothing of what is hidden."""

import re
import zipfile
from itertools import product

import polars as pl
import pytest
from families import region

from bds_tool.base.errors import WithheldError
from bds_tool.export.report.book import open_book
from bds_tool.indicators.flow_words import PUBLISHED, RUN
from bds_tool.indicators.result import BREAKDOWNS, read_result, write_result
from bds_tool.protect import left_out
from bds_tool.protect.policy import load_policy
from bds_tool.protect.releases import run_result
from bds_tool.protect.seal import seal_facts, sealer


def top(**status):
    """Rows of the whole: per indicator the status of its years."""
    rows = [
        {"indicator": name, "level": "land", "period": str(2020 + n), "status": s, **dict.fromkeys(BREAKDOWNS, "totaal")}
        for name, words in status.items()
        for n, s in enumerate(words)
    ]  # fmt: skip
    return pl.DataFrame(rows)


def flow_of(name, **counts):
    return {"indicator": name, "n": 71, "x": 12, "population": 83, **dict.fromkeys(PUBLISHED, 0), **counts}


META = {
    "flow": {**dict.fromkeys(RUN, 0), "dossiers": 6004, "children": 1},
    "indicator_flow": [
        flow_of("A", outside=14, deceased=9, moved=15, implausible=10, conflicts=None),
        flow_of("B"),
        flow_of("C"),
    ],
}


def test_rounded_by_hand():
    frame = top(A=["ok", "ok"], B=["ok", "verborgen"], C=["niet_op_dit_niveau"])
    told = left_out.published(META, frame, load_policy("ncj-strict"))
    # Nearest ten, halves up, below ten nothing but that; the year of B is hidden, C is shown nowhere.
    assert list(told["indicators"]) == ["A"]
    assert told["base"] == 10
    assert told["run"]["dossiers"] == 6000
    assert "children" not in told["run"]
    own = told["indicators"]["A"]
    assert [own[k] for k in ("outside", "deceased", "moved", "implausible", "conflicts")] == [
        10,
        0,
        20,
        10,
        None,
    ]
    assert set(own) == set(PUBLISHED)
    assert not {"n", "x", "missing", "population", "dossiers"} & set(own)
    assert left_out.published({}, frame, load_policy("ncj-strict")) is None


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A region whose counts tell a flow, protected."""
    folder = tmp_path_factory.mktemp("weggelaten")
    region(folder / "geteld.result", 1)
    counted = read_result(folder / "geteld.result")
    each = [flow_of(i, outside=1237, moved=3) for i in counted.meta["definitions"]]
    write_result(
        folder / "geteld.result",
        counted.counts().collect(),
        {**counted.meta, "flow": META["flow"], "indicator_flow": each},
        replace=True,
    )
    run_result(folder / "geteld.result", load_policy("ncj-strict"), folder / "veilig.result")
    return folder


def test_only_figures_that_are_shown_tell_their_flow(made):
    book = open_book(made / "veilig.result")
    told = book.result.meta["left_out"]["indicators"]
    whole = book.frame.filter(pl.col("level") == "land", *(pl.col(c) == "totaal" for c in BREAKDOWNS))
    hidden = set(whole.filter(pl.col("status") != "ok")["indicator"])
    assert told
    assert set(told) == set(whole["indicator"]) - hidden
    assert all(found["outside"] == 1240 and found["moved"] == 0 for found in told.values())
    assert "indicator_flow" not in book.result.meta
    assert "flow" not in book.result.meta


FORGED = {
    "an exact number": lambda told, shown, hidden: told["indicators"][shown].update(outside=1237),
    "one of the run": lambda told, shown, hidden: told["run"].update(dossiers=6004),
    "a finer base": lambda told, shown, hidden: told.update(base=1),
    "the denominator": lambda told, shown, hidden: told["indicators"][shown].update(n=70),
    "a fraction": lambda told, shown, hidden: told["indicators"][shown].update(outside=10.0),
    "a word": lambda told, shown, hidden: told["indicators"][shown].update(outside="1237"),
    "a hidden figure": lambda told, shown, hidden: told["indicators"].update({hidden: {}}),
    "another block": lambda told, shown, hidden: told.update(per_area={}),
    "nothing": lambda told, shown, hidden: told.clear(),
}  # fmt: skip


@pytest.mark.parametrize("fault", list(FORGED))
def test_a_flow_that_says_more_is_refused_under_a_new_seal(made, tmp_path, fault):
    source = read_result(made / "veilig.result")
    meta = source.meta
    shown = next(iter(meta["left_out"]["indicators"]))
    hidden = next(iter(sorted(set(meta["definitions"]) - set(meta["left_out"]["indicators"]))), "NERGENS")
    FORGED[fault](meta["left_out"], shown, hidden)
    path = tmp_path / "vals.result"
    write_result(path, source.counts().collect(), meta, finish=sealer(seal_facts(meta, safe=True)))
    with pytest.raises(WithheldError, match="preciezer"):
        open_book(path)


def known_by(areas, whole, told, step):
    """Everything an attacker can think of: all tables of (n, missing, implausible) per area that agree with the shown
    areas, the shown whole and the flow, as the set of (n, missing) of each area. He knows how many children there are."""
    found = [set() for _ in areas]
    cell = list(product(range(5), range(4)))
    choices = [[a] if a else cell for a in areas]
    for table in product(*choices):
        n, missing = (sum(c[k] for c in table) for k in (0, 1))
        if whole and (n, missing) != whole:
            continue
        fits = told is None or (
            told["outside"] == left_out.rounded(40 - n - missing, step)
            and any(told["implausible"] == left_out.rounded(k, step) for k in range(missing + 1))
        )
        if fits:
            for area, one in zip(found, table, strict=True):
                area.add(one)
    return found


def test_the_flow_of_a_shown_figure_narrows_no_hidden_cell():
    """Three hidden areas beside two shown ones, their whole shown or hidden; every true table of the hidden ones."""
    step = 10
    for hidden in ([(3, 1), (2, 2), (4, 0)], [(0, 0), (1, 3), (4, 3)], [(2, 1), (2, 1), (2, 1)]):
        areas = [None, None, None, (4, 2)]
        n, missing = (sum(c[k] for c in [*hidden, (4, 2)]) for k in (0, 1))
        told = {"outside": left_out.rounded(40 - n - missing, step), "implausible": left_out.rounded(1, step)}
        assert known_by(areas, (n, missing), told, step) == known_by(areas, (n, missing), None, step)
    # What the rule is for: beside a hidden whole the same flow does narrow them.
    areas, told = [None, None], {"outside": 40, "implausible": 0}
    assert known_by(areas, None, told, step) != known_by(areas, None, None, step)


def test_every_publication_tells_it_and_none_precisely(made, tmp_path, bds):
    safe = made / "veilig.result"
    for name in ("t.md", "t.html", "t.xlsx"):
        form = {"md": "markdown"}.get(name[2:], name[2:])
        assert bds("report", "table", safe, "-o", tmp_path / name, "--format", form).code == 0
    assert bds("report", "site", safe, "-o", tmp_path / "site").code == 0
    done = bds("indicator", "flow", safe, "--format", "csv")
    assert done.code == 0, done.err
    with zipfile.ZipFile(tmp_path / "t.xlsx") as book:
        cells = book.read("xl/sharedStrings.xml").decode()
    texts = {
        "flow": done.out,
        "markdown": (tmp_path / "t.md").read_text(),
        "html": (tmp_path / "t.html").read_text(),
        "xlsx": cells,
        "method": (tmp_path / "site" / "methode.html").read_text(),
        "indicator": next((tmp_path / "site" / "indicator").glob("*.html")).read_text(),
    }
    for where, text in texts.items():
        assert "1.240" in text, where
        assert "minder dan 10" in text, where
        assert not re.search(r"1\.?237", text), where


def test_the_factsheet_tells_it(made):
    from bds_tool.export.report.pdf import _left_out

    told = _left_out(open_book(made / "veilig.result"))
    assert told["lines"][0][4] == "1.240"
    assert ("Dossiers gelezen", "6.000") in told["run"]
