"""Values that validate doubts do not count: by hand, as an identity over random data, and with planted faults."""

import math
from datetime import date
from statistics import NormalDist

import polars as pl
import pytest

from bds_tool.indicators import run
from bds_tool.indicators.catalogue import choose
from bds_tool.indicators.compute import Plan
from bds_tool.indicators.features import Settings
from bds_tool.indicators.result import TOTAL
from bds_tool.store.store import Store

#: Every indicator of growth, of reach and contacts, and of coverage; BW-LOW stands under birth.
THEMES = ("groei", "bereik", "vaccinatie")
GROWTH = ["OW", "OB", "UW", "OW-INF", "HC", "HGT-Z", "BMI-Z", "SHORT", "BW-LOW"]


def counted(store, target, chosen, settings, **options):
    plan = Plan(choose(chosen), settings, levels=(), by=())
    with Store.open(store) as opened:
        result = run.compute(opened, plan, target, replace=True, **options)
    frame = (
        result.counts()
        .filter(pl.all_horizontal(pl.col(c) == TOTAL for c in ("sex", "age", "origin")))
        .collect()
    )
    period = plan.period
    return {r["indicator"]: r for r in frame.filter(period=period).iter_rows(named=True)}, result.meta


def boys(*measured):
    """One boy of ten per (height, weight), measured on 2024-03-01."""
    rows = []
    for k, (height, weight) in enumerate(measured):
        rows += [(f"k{k:03}", 20, "2014-03-01"), (f"k{k:03}", 19, "1")]
        rows += [(f"k{k:03}", 235, height, "2024-03-01"), (f"k{k:03}", 245, weight, "2024-03-01")]
    return rows


YEAR = Settings(2024, 2024, date(2024, 12, 31))


def test_by_hand(make_store, tmp_path):
    """Eighteen ordinary boys; one of 140 mm (height in cm), one of 180 kg (BMI 92, with a z under 5 by its ceiling)."""
    store = make_store(boys(*[(1400, 32000)] * 18, (140, 32000), (1400, 180000)))
    found, meta = counted(store, tmp_path / "r.result", ["OB", "SHORT", "BMI-Z"], YEAR)
    obese = found["OB"]
    assert (obese["n"], obese["x"], obese["left_out"], obese["x_with"]) == (18, 0, 2, 2)
    assert (obese["value"], obese["value_with"]) == (0, pytest.approx(10))
    short = found["SHORT"]  # 140 mm is short when it counts; the boy of 180 kg has an ordinary height
    assert (short["n"], short["x"], short["left_out"], short["x_with"]) == (19, 0, 1, 1)
    assert meta["doubt"]["values"]["BDS502"] == 1
    everything, _ = counted(store, tmp_path / "r.result", ["OB"], YEAR, judge=False)
    assert (everything["OB"]["n"], everything["OB"]["x"], everything["OB"]["left_out"]) == (20, 2, None)


@pytest.mark.parametrize("bmi", [69, 80, 100, 124])
def test_no_child_of_an_impossible_bmi_is_obese(make_store, tmp_path, bmi):
    """The z of such a BMI stays under 5 (L is negative), so the limit is a share of the median (16.6 at ten)."""
    store = make_store(boys((1400, 32000), (1400, round(bmi * 1.96 * 1000))))
    found, _ = counted(store, tmp_path / "r.result", ["OB"], YEAR)
    assert (found["OB"]["n"], found["OB"]["x"], found["OB"]["left_out"]) == (1, 0, 1)


def test_a_file_of_findings_says_what_does_not_count(make_store, tmp_path, bds):
    store = make_store(boys((1400, 32000), (140, 32000), (1400, 60000)))
    out = tmp_path / "gevonden.findings"
    day = ("--reference-date", "2024-12-31")
    bds("validate", store, "--save", out, *day, "--max-examples", 0)
    found, meta = counted(store, tmp_path / "r.result", ["OB"], YEAR, findings=out)
    assert (found["OB"]["n"], found["OB"]["left_out"], meta["doubt"]["file"]) == (2, 1, out.name)
    # Examples are not all findings: what they leave out would count.
    many = make_store(boys(*[(140, 32000)] * 3), "b")
    bds("validate", many, "--save", out, *day, "--max-examples", 1, "--force")
    told = bds(
        "indicator",
        "compute",
        many,
        "-o",
        tmp_path / "x.result",
        "-i",
        "OB",
        "--period",
        2024,
        "--findings",
        out,
    )
    assert told.code == 2
    assert "--max-examples 0" in told.err


def twins(folder, children, rates):
    """A clean population (0), and the same with faults in so many % of heights, weights, heads, contacts and doses."""
    from bds_tool.synthetic.generate import Request, generate

    spec = folder / "geplant.yaml"
    spec.write_text(PLANTED, encoding="utf-8")
    made = {}
    for rate in (0, *rates):
        made[rate] = folder / f"c{rate}.bds"
        told = {"defects": str(spec), "defect_rate": float(rate)} if rate else {}
        generate(Request(children=children, bds="4.1.3", seed=11, **told), made[rate])
    return made


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    return twins(tmp_path_factory.mktemp("few"), 300, (20,))


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    return twins(tmp_path_factory.mktemp("twins"), 1200, (5, 20))


PLANTED = """
id: proef
titel: een honderdste van elk
defecten:
  - {soort: kg-in-gram, waarom: proef, elementen: [245], op: maal, factor: 0.001, kans: 0.003, regels: [BDS503]}
  - {soort: sprong, waarom: proef, elementen: [245], op: maal, factor: 1.7, buren: 700, kans: 0.003, regels: [BDS506]}
  - {soort: keer-tien, waarom: proef, elementen: [245], op: maal, factor: 10, kans: 0.004, regels: [BDS502]}
  - {soort: cm-in-mm, waarom: proef, elementen: [235], op: maal, factor: 0.1, kans: 0.004, regels: [BDS502]}
  - {soort: m-in-mm, waarom: proef, elementen: [235], op: maal, factor: 0.001, kans: 0.003, regels: [BDS503]}
  - {soort: te-lang, waarom: proef, elementen: [235], op: maal, factor: 1.4, kans: 0.003, regels: [BDS507]}
  - {soort: hoofd, waarom: proef, elementen: [252], op: maal, factor: 10, kans: 0.01, regels: [BDS502]}
  - {soort: geboortegewicht, waarom: proef, elementen: [110], op: maal, factor: 2.3, minstens: 2700, kans: 0.01, regels: [BDS405]}
  - {soort: voor-geboorte, waarom: proef, elementen: [724], op: verzet_activiteit, anker: geboorte, dagen: -40, kans: 0.005, regels: [BDS301]}
  - {soort: toekomst, waarom: proef, elementen: [724], op: verzet_activiteit, anker: peildatum, dagen: 400, kans: 0.005, regels: [BDS303]}
  - {soort: prik-voor-geboorte, waarom: proef, elementen: [1409], op: verzet_datum, anker: geboorte, dagen: -20, kans: 0.01, regels: [BDS313]}
"""


def apart(clean, other):
    """How many standard errors two proportions or means lie apart, from their own intervals (95 %: 1.96 to a side).

    A share of contacts has no interval; its error is at least the binomial one.
    """

    def error(row):
        if row["upper"] is None:
            share = row["x"] / row["n"]
            return 100 * math.sqrt(max(share * (1 - share), 1 / row["n"]) / row["n"])
        return max(row["upper"] - row["value"], row["value"] - row["lower"]) / 1.96

    return abs(clean["value"] - other["value"]) / math.hypot(error(clean), error(other))


#: The population is under eighteen on the last day, so nobody ends the last phase; nobody reaches the limit of the cohorts of
#: VAC-BMR4 (from 2022) before 2026; and the weight class of the professional (1492) is not drawn.
NOBODY = {"CONTACTS-P5", "REACH-P5", "OW-PRO", "VAC-BMR4"}


@pytest.mark.slow
@pytest.mark.parametrize("rate", [5, 20])
def test_planted_faults_do_not_move_a_figure(many, tmp_path, rate):
    absent = planted(many, tmp_path, rate)
    assert absent <= NOBODY, absent


def test_planted_faults_do_not_move_a_figure_of_few(few, tmp_path):
    """300 children: some indicators have nobody, for instance of an age that few have."""
    assert len(planted(few, tmp_path, 20)) < 15


def planted(stores, tmp_path, rate):
    """Growth, reach and coverage of the population with faults lie within sampling error of the clean twin.

    Returns the indicators without anybody.
    """
    settings = Settings(2016, 2025, date(2025, 12, 31))
    chosen = [*(i.id for i in choose(list(THEMES))), "BW-LOW"]
    clean, _ = counted(stores[0], tmp_path / "c.result", chosen, settings)
    faulty, meta = counted(stores[rate], tmp_path / "f.result", chosen, settings)
    naive, _ = counted(stores[rate], tmp_path / "n.result", chosen, settings, judge=False)
    # Nobody of this population is in an indicator of a later schedule, or of elements of other versions; with faults neither.
    absent = {i for i in chosen if not (i in clean and clean[i]["n"])}
    assert absent == {i for i in chosen if not (i in faulty and faulty[i]["n"])}
    chosen = [i for i in chosen if i not in absent]
    assert len(chosen) > 50
    with Store.open(stores[0]) as opened:
        dossiers = sum(b["dossiers"] for b in opened.bronnen().iter_rows(named=True))
    assert sum(meta["doubt"]["values"].values()) > rate * dossiers / 12
    moved = {i: round(apart(clean[i], faulty[i]), 2) for i in chosen}
    # All are within sampling error when none lies further apart (two-sided 5 % over all of them).
    assert max(moved.values()) < NormalDist().inv_cdf(1 - 0.025 / len(chosen)), moved
    # Without judging, the same faults do move figures: the test can fail.
    assert max(apart(clean[i], naive[i]) for i in GROWTH if i in chosen) > 5
    return absent


def test_what_is_left_out_is_the_difference(few, tmp_path):
    """n + left_out and x_with are the n and x of counting everything; the intervals enclose no surprise."""
    settings = Settings(2016, 2025, date(2025, 12, 31))
    ids = [i.id for i in choose([])]
    judged, _ = counted(few[20], tmp_path / "j.result", ids, settings, rows=60_000)
    plain, _ = counted(few[20], tmp_path / "p.result", ids, settings, judge=False)
    assert any(r["left_out"] for r in judged.values())
    for name, row in plain.items():
        mine = judged[name]
        assert mine["n"] + mine["left_out"] == row["n"], name
        if row["x"] is not None:
            assert mine["x_with"] == row["x"], name
        if row["value"] is not None:
            assert mine["value_with"] == pytest.approx(row["value"], rel=1e-6), name
