"""What a source does not deliver gives no figure: never 0 %, never missing, never hidden as if it told of a child."""

from datetime import date

import polars as pl
import pytest

from bds_tool.indicators import run
from bds_tool.indicators.catalogue import choose
from bds_tool.indicators.compute import Plan
from bds_tool.indicators.features import Settings
from bds_tool.indicators.result import BREAKDOWNS, TOTAL, notes_of, read_result
from bds_tool.store.columns import REGISTRATIES
from bds_tool.store.store import Store, StoreWriter

IDS = ["BRUSH", "REFERRAL", "VAC-BMR2Y", "REACH-P4", "BF-BIRTH", "OW-5"]


@pytest.fixture
def store_of(tmp_path):
    """`store_of({"organisatie": …, "bds_opgegeven": …}: rows, …)`: one source each, rows (dossier, number, value, day)."""

    def make(*sources):
        path = tmp_path / "a.bds"
        with StoreWriter(path, replace=True) as writer:
            for n, (facts, given) in enumerate(sources):
                bron = writer.add_bron(pad=f"{n}.csv", formaat="csv", sha256=str(n), **facts)
                rows = []
                for line, (dossier, number, value, day) in enumerate(given):
                    when = date.fromisoformat(day) if day else None
                    row = {
                        "dossier_id": dossier,
                        "activiteit_id": f"{dossier}|{day}" if day else None,
                        "datum": when,
                        "bdsnummer": number,
                        "volgnr": 1,
                        "waarde": value,
                        "bron": bron,
                        "regel": line,
                    }
                    rows.append(tuple(row.get(c) for c in REGISTRATIES))
                writer.add_rows(rows)
        return path

    return make


def children(many, place, lacking=(), days=("2023-04-01", "2024-04-01"), born="2018-01-15"):
    """`many` children, seen on `days`, with an answer, a referral of one in two, a measurement and two vaccinations."""
    rows = []
    for k in range(many):
        child = f"k{k:03}"
        rows += [(child, 20, born, None), (child, 19, "12"[k % 2], None), (child, 9, place, None)]
        rows += [(child, 747, "01" if k % 4 else "03", None)]
        rows += [(child, 461, "04", "2019-03-20"), (child, 1409, "2019-03-20", "2019-03-20")]
        for day in days:
            rows += [
                (child, 724, day, day),
                (child, 1605, "01", day),
                (child, 188, "04" if k % 3 else "02", day),
            ]
            year = int(day[:4]) - 2023
            rows += [(child, 235, str(1100 + 65 * year), day), (child, 245, str(18500 + 2300 * year), day)]
            rows += [(child, 1159, "01", day)] if k % 2 else []
    return [r for r in rows if (r[1], (r[3] or "")[:4]) not in lacking and r[1] not in lacking]


def counted(store, target, chosen=IDS, years=(2020, 2024), **options):
    plan = Plan(choose(chosen), Settings(*years, date(years[1], 12, 31)), levels=("gemeente",), by=("sex",))
    with Store.open(store) as opened:
        return run.compute(opened, plan, target, replace=True, **options)


def row(result, indicator, period, area=TOTAL):
    frame = result.counts().filter(indicator=indicator, period=str(period), area=area, sex=TOTAL).collect()
    return frame.row(0, named=True) if len(frame) else None


A = {"organisatie": "A"}
B = {"organisatie": "B"}


def test_an_element_that_a_source_never_delivers_gives_no_figure(store_of, tmp_path):
    """A delivers all; B lacks 188 (answer), 1159 and 483 (referral), 461 (vaccination) and 747 (feeding)."""
    lacking = {188, 1159, 483, 461, 747}
    store = store_of((A, children(40, "0363")), (B, children(30, "0392", lacking)))
    result = counted(store, tmp_path / "r.result")
    for name, period, x in (("BRUSH", 2024, 26), ("REFERRAL", 2024, 20), ("VAC-BMR2Y", 2020, 40)):
        whole = row(result, name, period)  # 40 of A, in n; 30 of B: neither in n nor in missing
        assert (whole["n"], whole["x"], whole["missing"], whole["not_delivered"]) == (40, x, 0, 30), name
        there = row(result, name, period, "GM0392")
        assert (there["n"], there["x"], there["missing"], there["value"]) == (0, 0, 0, None), name
        assert there["not_delivered"] == 30
        assert row(result, name, period, "GM0363")["not_delivered"] == 0
    assert row(result, "OW-5", 2024, "GM0392")["n"] == 30  # what B does deliver is counted
    told = {(d["indicator"], d["organisation"], tuple(d["years"])) for d in result.meta["not_delivered"]}
    assert ("BRUSH", "B", (2023, 2024)) in told
    assert not [t for t in told if t[1] == "A"]
    assert any("BRUSH (2023, 2024)" in note for note in notes_of(result.meta))


def test_a_year_without_the_element_is_a_source_of_its_own(store_of, tmp_path):
    store = store_of((A, children(20, "0363", {(188, "2023"), (1159, "2023")})))
    result = counted(store, tmp_path / "r.result")
    assert [row(result, "BRUSH", y)[c] for y in (2023, 2024) for c in ("n", "missing", "not_delivered")] == [
        *(0, 0, 20),
        *(20, 0, 0),
    ]
    assert [row(result, "REFERRAL", y)["value"] for y in (2023, 2024)] == [None, 50.0]
    # The period as a whole: the year that was delivered.
    assert row(result, "REFERRAL", "2020-2024")["n"] == 20


def test_one_answer_makes_an_element_delivered(store_of, tmp_path):
    """One child of twenty has it: the other nineteen are missing (or, for a referral, not referred)."""
    rows = children(20, "0363", {188, 1159})
    rows += [("k000", 188, "04", "2024-04-01"), ("k000", 1159, "01", "2024-04-01")]
    result = counted(store_of((A, rows)), tmp_path / "r.result")
    brush, referral = row(result, "BRUSH", 2024), row(result, "REFERRAL", 2024)
    assert (brush["n"], brush["missing"], brush["not_delivered"]) == (1, 19, 0)
    assert (referral["n"], referral["x"], referral["not_delivered"]) == (20, 1, 0)


def test_versions_of_one_organisation_are_sources(store_of, tmp_path):
    """The delivery in 3.2.7 has no referrals, that in 4.1.3 has; each has children of its own, and one is in both."""
    old = [(f"o{d[1:]}", *r) for d, *r in children(25, "0363", {1159, 483})]
    both = [("o000", 20, "2018-01-15", None), ("o000", 724, "2024-06-01", "2024-06-01")]
    store = store_of(
        (A | {"bds_opgegeven": "3.2.7"}, old), (A | {"bds_opgegeven": "4.1.3"}, children(10, "0363") + both)
    )
    whole = row(counted(store, tmp_path / "r.result"), "REFERRAL", 2024)
    assert (whole["n"], whole["not_delivered"]) == (11, 24)


def test_files_of_one_delivery_are_one_source(store_of, tmp_path):
    """Children in one file, answers in another without birth dates, of versions that nobody knows for certain."""
    rows = children(20, "0363")
    apart = {188, 1159, 724, 1605}
    unsure = A | {"bds_herkend": "4.1.3", "bds_zekerheid": "onzeker"}
    store = store_of(
        (A, [r for r in rows if r[1] not in apart]), (unsure, [r for r in rows if r[1] in apart])
    )
    result = counted(store, tmp_path / "r.result")
    assert (row(result, "BRUSH", 2024)["n"], row(result, "BRUSH", 2024)["not_delivered"]) == (20, 0)
    assert row(result, "REFERRAL", 2024)["x"] == 10


def test_protecting_shows_no_data_and_not_a_secret(store_of, tmp_path, bds):
    store = store_of((A, children(60, "0363")), (B, children(60, "0392", {188, 1159, 483})))
    counted(store, tmp_path / "r.result", ["BRUSH", "REFERRAL"])
    told = bds("protect", tmp_path / "r.result", "--to", tmp_path / "p.result")
    assert told.code == 0, told.err
    frame = read_result(tmp_path / "p.result").counts().collect()
    there = frame.filter(area="GM0392")
    assert set(there["status"]) == {"geen_gegevens"}
    assert there["value"].null_count() == there.height
    assert frame["not_delivered"].null_count() == frame.height  # no protection proves it
    shown = frame.filter(area="GM0363", period="2024", status="ok")
    assert shown.filter(pl.all_horizontal(pl.col(b) == TOTAL for b in BREAKDOWNS)).height == 2


def test_every_definition_says_what_absence_means():
    """`nee` where the denominator takes in children without anything registered, and only there."""
    rowed = {"fasejaar", "verwijzing", "vaccinatie", "vaccinatie_vol", "overgewicht_vervolg"}
    for i in choose([]):
        everyone = i.view in rowed or (i.view == "kind" and i.denominator == "TRUE")
        assert i.data["ontbreekt_betekent"] == ("nee" if everyone else "onbekend"), i.id
        assert i.delivery, i.id
        assert set().union(*i.delivery) <= i.all_elements(), i.id
