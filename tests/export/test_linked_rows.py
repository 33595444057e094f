"""Linked rows: four attackers written from the table alone, and what the table costs, recounted from the store."""

from __future__ import annotations

import csv
import datetime as dt
import itertools
import json
import statistics
from collections import Counter, defaultdict

import polars as pl
import pytest

from bds_tool.store import Store

NOTHING = "niet vastgelegd"
#: Elements of the parents, as a neighbour would list them.
PARENTS = {"bds66", "bds71", "bds238", "bds240"}


def read(folder):
    with (folder / "tabel.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream)), json.loads((folder / "_tabel.json").read_text())


def visits_of(row):
    """Moment → what the row tells of it; the empty moment is what has no date."""
    found = defaultdict(dict)
    for column, value in row.items():
        if column.startswith("bds") and value != NOTHING:
            number, _, moment = column.partition(" ")
            found[moment][number] = value
    return found


def singled_out(rows):
    """Attacker → (children he knows something of, of how many that fits one row only)."""
    fits = {name: defaultdict(set) for name in ("een-bezoek", "twee-bezoeken", "geboorte", "broer-of-zus")}
    for i, row in enumerate(rows):
        person = tuple(v for c, v in row.items() if not c.startswith("bds"))
        told = visits_of(row)
        undated = told.pop("", {})
        for moment, facts in told.items():
            fits["een-bezoek"][person, moment, tuple(sorted(facts.items()))].add(i)
        for (a, one), (b, two) in itertools.combinations(sorted(told.items()), 2):
            key = (person, a, tuple(sorted(one.items())), b, tuple(sorted(two.items())))
            fits["twee-bezoeken"][key].add(i)
        if undated:
            fits["geboorte"][person, tuple(sorted(undated.items()))].add(i)
        family = tuple(sorted((n, v) for n, v in undated.items() if n in PARENTS))
        if family:
            fits["broer-of-zus"][row.get("gebied"), family].add(i)
    found = {}
    for name, each in fits.items():
        known = set().union(*each.values()) if each else set()
        # Who knows a sibling's row leaves that one out, so of two rows one is left.
        few = 2 if name == "broer-of-zus" else 1
        alone = set().union(*(s for s in each.values() if len(s) <= few)) if each else set()
        found[name] = (len(known), len(alone))
    return found


def last_values(store, element, low, high):
    """The last value of each child that does not object within an age window in months (30.4375 days each)."""
    wanted = pl.col("bdsnummer").is_in([20, 1404, element])
    rows = Store.open(store).registraties().filter(wanted).collect()
    objects = {
        d for d, n, v in rows.select("dossier_id", "bdsnummer", "waarde").iter_rows()
        if n == 1404 and v is not None and v.lower() not in {"false", "0", "2", "nee", "n"}
    }  # fmt: skip
    born = {d: v for d, n, v in rows.select("dossier_id", "bdsnummer", "waarde").iter_rows() if n == 20}
    last = {}
    for d, day, n, v in rows.sort("datum").select("dossier_id", "datum", "bdsnummer", "waarde").iter_rows():
        if n == element and day is not None and v is not None and d not in objects:
            months = (day - dt.date.fromisoformat(born[d][:10])).days / 30.4375
            if low <= months < high:
                last[d] = float(v)
    return last


def check(folder, store):
    rows, facts = read(folder)
    assert rows
    found = singled_out(rows)
    told = {a["name"]: a for a in facts["attackers"]}
    for name, (known, alone) in found.items():
        assert alone <= 0.001 * known, (name, known, alone)
        assert (told[name]["children"], told[name]["singled"]) == (known, alone), name
    # In fact nobody is in a group of fewer than k.
    smallest = Counter(
        (tuple(v for c, v in r.items() if not c.startswith("bds")), m, tuple(sorted(f.items())))
        for r in rows
        for m, f in visits_of(r).items()
    )
    assert min(smallest.values()) >= facts["k"]
    assert [list(r.values()) for r in rows] == sorted(list(r.values()) for r in rows)
    # No mean of a band in which fewer than k are left, and no band that is in no row.
    for column, means in facts["band_means"].items():
        here = Counter(r[column] for r in rows)
        assert all(here[band] >= facts["k"] for band in means), column
    # The mean that a reader makes of the bands, and the share of every band, beside those of all children.
    moments = {"14 maanden": (12, 17), "3 jaar": (34, 42)}
    for moment, window in moments.items():
        for element in (235, 245):
            true = list(last_values(store, element, *window).values())
            column = f"bds{element} {moment}"
            kept = [r[column] for r in rows if r[column] != NOTHING]
            stated = next(x for x in facts["loss"] if x["outcome"] == element and x["moment"] == moment)
            means = facts["band_means"][column]
            made = statistics.fmean(means[v] for v in kept)
            assert made - statistics.fmean(true) == pytest.approx(stated["mean_shift"], abs=0.011)
            edges = facts["bands"][f"bds{element}"][moment]["edges"]
            here = Counter(sum(v >= e for e in edges) for v in true)
            names = {_place(n, edges): n for n in means}
            shares = [abs(c / len(true) - kept.count(names.get(i, "")) / len(kept)) for i, c in here.items()]
            assert 100 * max(shares) <= stated["share_points"] + 0.006
    return facts


def _place(name, edges):
    """The number of the band that a label stands for: `< 700`, `700 - < 750`, `>= 750`."""
    return (
        0
        if name.startswith("< ")
        else edges.index(float(name.split()[-1 if name.startswith(">") else 0])) + 1
    )


def table(bds, store, folder, *outcomes, k=None):
    asked = [w for n in outcomes for w in ("--outcome", n)]
    least = ["--k", k] if k else []
    return bds("research-table", store, "--policy", "gekoppelde-rijen", "-o", folder, *asked, *least)


@pytest.fixture(scope="module")
def region(tmp_path_factory):
    from bds_tool.cli.main import run

    path = tmp_path_factory.mktemp("gekoppeld") / "r.bds"
    assert run(["generate", "--children", "1500", "--seed", "5", "--out", str(path), "--quiet"]) == 0
    return path


def test_no_attacker_finds_one_child(bds, region, tmp_path):
    done = table(bds, region, tmp_path / "uit", 235, 245, k=3)
    assert done.code == 0, done.err
    check(tmp_path / "uit", region)
    assert "twee bezoeken" in done.out
    assert "geheel alleen" in done.err


def test_too_much_asked_of_few_children_gives_nothing(bds, region, tmp_path):
    done = table(bds, region, tmp_path / "uit", 235, 245, 252, 110, 82, 238, 240, k=50)
    assert done.code == 4
    assert not (tmp_path / "uit").exists()
    assert "Er is niets geschreven" in done.err


def test_these_attackers_find_nearly_everybody_without_bands():
    """Rows with the values themselves: the same attackers single out those who differ."""
    rows = [
        {"geslacht": "1", "bds235 3 jaar": str(900 + i // 2), "bds238": str(1600 + i // 3)} for i in range(60)
    ]
    assert singled_out(rows) == {
        "een-bezoek": (60, 0),  # two of each height
        "twee-bezoeken": (0, 0),
        "geboorte": (60, 0),  # three of each mother's height
        "broer-of-zus": (60, 0),
    }
    rows[0]["bds235 3 jaar"] = "700"  # now this one and its other half stand alone
    assert singled_out(rows)["een-bezoek"] == (60, 2)
    rows[0]["bds238"] = "1500"  # two siblings are left: who knows one knows the other
    assert singled_out(rows)["broer-of-zus"] == (60, 3)


@pytest.mark.slow
def test_on_forty_thousand_children(bds, tmp_path):
    store = tmp_path / "regio.bds"
    assert (
        bds("generate", "--children", 40000, "--seed", 7, "--region", "midden", "-o", store, "--quiet").code
        == 0
    )
    done = table(bds, store, tmp_path / "uit", 235, 245, 110, 82, 238, 240, 66)
    if done.code == 4:  # seven outcomes at once are too many: then the fewer
        done = table(bds, store, tmp_path / "uit", 235, 245, 110)
    assert done.code == 0, done.err
    facts = check(tmp_path / "uit", store)
    assert facts["k"] == 10
    assert facts["share_left_out"] <= 0.05
