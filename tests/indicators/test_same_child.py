"""One child in two dossiers counts once: known by its BSN or pseudonym, with the values of both."""

from datetime import date

import pytest

from bds_tool.indicators import run
from bds_tool.indicators.catalogue import choose
from bds_tool.indicators.compute import Plan
from bds_tool.indicators.features import Settings
from bds_tool.indicators.result import TOTAL
from bds_tool.store.store import Store


def counted(store, target, chosen, **options):
    plan = Plan(choose(chosen), Settings(2023, 2024, date(2024, 12, 31)), levels=("gemeente",), by=())
    with Store.open(store) as opened:
        return run.compute(opened, plan, target, replace=True, **options)


def whole(result, name, period="2024"):
    frame = result.counts().filter(indicator=name, period=period, area=TOTAL).collect()
    return frame.row(0, named=True)


def moved(bsn="111222333", born="2018-01-15", born_there="2018-01-15"):
    """One child at A until March 2024 (seen, answers 02) and then at B (seen, answers 04); nine others at A."""
    a = [
        ("k", 7, bsn, None),
        ("k", 20, born, None),
        ("k", 9, "0363", None, None, 1),
        ("k", 488, "2024-03-01", None),
    ]
    a += [("k", 724, "2024-02-01", "2024-02-01", "1"), ("k", 188, "02", "2024-02-01", "1")]
    a += [("k", 461, "04", "2019-03-20", "9", 1), ("k", 1605, "01", "2024-02-01", "1")]
    for n in range(9):
        a += [(f"a{n}", 20, "2018-01-15", None), (f"a{n}", 724, "2024-02-01", "2024-02-01")]
        a += [
            (f"a{n}", 1605, "01", "2024-02-01"),
            (f"a{n}", 188, "04", "2024-02-01"),
            (f"a{n}", 7, f"90000000{n}", None),
        ]
    b = [("99", 7, bsn, None), ("99", 20, born_there, None), ("99", 9, "0392", None, None, 1)]
    b += [("99", 1453, "2024-03-01", None, None, 1), ("99", 724, "2024-06-01", "2024-06-01", "1")]
    b += [
        ("99", 1605, "01", "2024-06-01", "1"),
        ("99", 188, "04", "2024-06-01", "1"),
        ("99", 1197, "01", "2024-06-01"),
    ]
    return a, b


@pytest.fixture
def both(make_store, tmp_path):
    """`both(a, b)`: a store with two organisations."""
    import polars as pl

    def make(a, b, size=None):
        left, right = make_store(a, "A"), make_store(b, "B")
        bronnen = pl.concat(
            [
                pl.read_parquet(left / "bronnen.parquet"),
                pl.read_parquet(right / "bronnen.parquet").with_columns(bron=pl.lit(2, pl.Int32)),
            ]
        )
        rows = pl.concat(
            [
                pl.read_parquet(left / "registraties.parquet"),
                pl.read_parquet(right / "registraties.parquet").with_columns(bron=pl.lit(2, pl.Int32)),
            ]
        )
        bronnen.write_parquet(left / "bronnen.parquet")
        rows.write_parquet(left / "registraties.parquet", row_group_size=size)
        return left

    return make


@pytest.mark.parametrize("rows", [10_000, 30])
@pytest.mark.parametrize("bsn", ["111222333", "hmac:5f3a77c1"])
def test_a_child_in_two_dossiers_counts_once_with_its_last_answer(both, tmp_path, rows, bsn):
    store = both(*moved(bsn), size=25)
    result = counted(store, tmp_path / "r.result", ["BRUSH", "REACH-IN-CARE", "VAC-BMR2Y"], rows=rows)
    brush = whole(result, "BRUSH")  # nine at A and one child that answered 02 at A and then 04 at B
    assert (brush["n"], brush["x"], brush["missing"]) == (10, 10, 0)
    there = result.counts().filter(indicator="BRUSH", period="2024", area="GM0392").collect()
    assert there["n"].to_list() == [1]  # where it lived when it was last seen
    # Care that ended at A goes on at B; the status registered at B is the one.
    assert whole(result, "REACH-IN-CARE")["x"] == 1
    assert any("1 kinderen staan in 2 dossiers" in note for note in result.meta["inside"])


def test_other_birth_dates_are_other_children(both, tmp_path):
    store = both(*moved(born_there="2019-01-15"))
    result = counted(store, tmp_path / "r.result", ["BRUSH"])
    assert whole(result, "BRUSH")["n"] == 11
    assert any("andere geboortedatum" in note for note in result.meta["inside"])


@pytest.mark.parametrize("bsn", ["000000000", "9", ""])
def test_a_number_that_stands_for_nothing_joins_nobody(both, tmp_path, bsn):
    result = counted(both(*moved(bsn or " ")), tmp_path / "r.result", ["BRUSH"])
    assert whole(result, "BRUSH")["n"] == 11
    assert not [note for note in result.meta["inside"] if "BSN" in note]


def test_doubted_values_of_such_a_child_do_not_count_either(both, tmp_path):
    a, b = moved()
    a += [("k", 19, "1", None), ("k", 235, "1150", "2024-02-01", "1"), ("k", 245, "20500", "2024-02-01", "1")]
    b += [("99", 235, "1180", "2024-06-01", "1"), ("99", 245, "205000", "2024-06-01", "1")]  # 205 kg
    row = whole(counted(both(a, b), tmp_path / "r.result", ["OW-5"]), "OW-5")
    assert (row["n"], row["x"], row["x_with"]) == (1, 0, 1)


def test_what_is_known_inside_is_not_published(both, tmp_path, bds):
    from bds_tool.indicators.result import read_result

    counted(both(*moved()), tmp_path / "r.result", ["BRUSH"])
    assert bds("protect", tmp_path / "r.result", "--to", tmp_path / "p.result").code == 0
    assert not {"inside", "not_delivered"} & set(read_result(tmp_path / "p.result").meta)
