"""Which value counts: the last inside the window, one per child, whatever the order of rows, threads or pieces."""

import random
from datetime import date, timedelta

import polars as pl
import pyarrow.parquet as pq
import pytest

from bds_tool.indicators import run
from bds_tool.indicators.catalogue import choose
from bds_tool.indicators.compute import Plan
from bds_tool.indicators.definitions import files, load_file
from bds_tool.indicators.features import Settings, needed
from bds_tool.indicators.growth import rows as table_rows
from bds_tool.indicators.result import TOTAL
from bds_tool.store.store import Store

YEAR = Settings(2024, 2024, date(2024, 12, 31))


def counted(store, target, chosen, settings=YEAR, **options):
    plan = Plan(choose(chosen), settings, levels=("gemeente",), by=("sex",))
    with Store.open(store) as opened:
        return run.compute(opened, plan, target, replace=True, **options)


def whole(result, indicator, period="2024"):
    frame = result.counts().filter(level="land", sex=TOTAL, indicator=indicator, period=period).collect()
    assert len(frame) <= 1
    row = frame.row(0, named=True) if len(frame) else {"n": 0, "x": 0, "missing": 0}
    return row["n"], row["x"], row["missing"]


def seen(child, day, born=None):
    out = [(child, 724, day, day), (child, 1605, "01", day)]
    return [(child, 20, born), *out] if born else out


def test_contradicting_answers_of_a_day_do_not_count_in_any_order(make_store, tmp_path):
    """Ten children answer 04 and 02 on one day, at two contacts: neither counts; each was seen, so each is missing."""
    rows = []
    for k in range(10):
        child = f"k{k}"
        rows += seen(child, "2024-03-01", "2018-01-01")
        both = [
            (child, 188, "04", "2024-03-01", f"{child}-a"),
            (child, 188, "02", "2024-03-01", f"{child}-b"),
        ]
        rows += both if k % 2 else both[::-1]
    store = make_store(rows)
    assert whole(counted(store, tmp_path / "r.result", ["BRUSH"]), "BRUSH") == (0, 0, 10)
    agreed = make_store([r for r in rows if r[2] != "02"] * 2, "b")  # the same answer twice is one answer
    assert whole(counted(agreed, tmp_path / "r.result", ["BRUSH"]), "BRUSH") == (10, 10, 0)


def test_two_birth_dates_are_none_and_two_sexes_are_unknown(make_store, tmp_path):
    rows = [
        ("a", 20, "2018-01-01"),
        ("a", 20, "2019-01-01"),
        ("b", 20, "2018-01-01"),
        ("b", 19, "1"),
        ("b", 19, "2"),
    ]
    rows += [(c, 188, "04", "2024-03-01") for c in "ab"] + seen("a", "2024-03-01") + seen("b", "2024-03-01")
    result = counted(make_store(rows), tmp_path / "r.result", ["BRUSH"])
    assert whole(result, "BRUSH") == (1, 1, 0)
    assert result.counts().filter(level="land", sex="onbekend").collect()["n"].to_list() == [1]


def test_a_child_recorded_by_both_elements_is_one_child(make_store, tmp_path):
    """Van Wiechen 68 by the old element 986 and the new 1660; the new one goes before the old on the same day."""
    rows = []
    for k in range(10):
        child = f"k{k}"
        rows += [(child, 20, "2023-01-10"), (child, 986, "2", "2024-03-10"), (child, 1660, "1", "2024-03-10")]
    assert whole(counted(make_store(rows), tmp_path / "r.result", ["VWO-WALK"]), "VWO-WALK") == (10, 10, 0)


def test_no_child_counts_twice_whatever_elements_carry_the_answer(make_store, tmp_path):
    """Every element of every indicator on a person, with every code there is for it, on several days of a year."""
    codes = {}
    for row in table_rows("codering.csv"):
        codes.setdefault(int(row["bdsnummer"]), []).append(row["waarde"])
    persons = [i for i in choose([]) if i.view != "activiteit" and i.kind == "aandeel"]
    numbers = sorted({n for i in persons for n in i.all_elements()} - {19, 20, 21, 29, 488})
    rows = []
    for k in range(30):
        child, born = f"k{k}", date(2024, 12, 30) - timedelta(200 * k + 30)
        rows += [(child, 20, str(born)), (child, 19, "12"[k % 2])]
        for month in (2, 5, 11):
            day = date(2024, month, 1 + k % 20)
            if day >= born:
                rows += seen(child, str(day))
                rows += [(child, n, (codes.get(n) or ["1", "2", "01"])[k % 2], str(day)) for n in numbers]
                rows += [(child, 235, 700 + k * 30, str(day)), (child, 245, 8000 + k * 1500, str(day))]
    result = counted(make_store(rows), tmp_path / "r.result", [i.id for i in persons])
    frame = result.counts().filter(level="land", sex=TOTAL).collect()
    assert frame["indicator"].n_unique() > 80
    many = frame.filter(pl.col("n") + pl.col("missing") > 30)
    assert not len(many), many


@pytest.mark.parametrize("indicator", ["OW-3", "BRUSH"])
def test_the_last_inside_the_window_counts(make_store, tmp_path, indicator):
    """Measured inside the window and again after it in the same year: the first of the two counts."""
    rows = [("a", 19, "1")]
    if (
        indicator == "OW-3"
    ):  # from 36 to 48 months: born 2020-06-01, seen at 3y9m (BMI 20: overweight) and 4y3m (15)
        rows += [("a", 20, "2020-06-01")]
        for day, height, weight in (("2024-03-01", 1000, 20000), ("2024-09-01", 1000, 15000)):
            rows += [*seen("a", day), ("a", 235, height, day), ("a", 245, weight, day)]
    else:  # from 24 to 144 months: born 2012-06-01, seen at 11y9m (04) and 12y3m (02)
        rows += [("a", 20, "2012-06-01")]
        for day, code in (("2024-03-01", "04"), ("2024-09-01", "02")):
            rows += [*seen("a", day), ("a", 188, code, day)]
    assert whole(counted(make_store(rows), tmp_path / "r.result", [indicator]), indicator) == (1, 1, 0)


def population(seed, children):
    """Children with everything that makes order matter: several values a day, contacts a day, organisations."""
    chance = random.Random(seed)
    views = needed([i.view for i in choose([])])
    numbers = sorted({n for v in views for n in v.elements} | {188, 190, 510, 1665, 818, 1687})
    words = ["1", "2", "3", "01", "02", "04", "true", "M", "1000", "15000", "6030", "2", "0363", "2020-03-01"]
    rows = []
    for child in range(children):
        name, born = f"k{child:03}", date(2014, 1, 1) + timedelta(chance.randint(0, 3900))
        rows.append((name, 20, str(born)))
        days = [born + timedelta(chance.randint(0, 3000)) for _ in range(3)]
        for _ in range(chance.randint(30, 120)):
            day = chance.choice([*days, None])
            contact = f"{name}-{day}-{chance.choice('abc')}" if day else None
            rows.append(
                (name, chance.choice(numbers), chance.choice(words), day, contact, chance.randint(1, 3))
            )
        for day in days:
            for _ in range(2):
                height = 500 + (day - born).days // 4
                rows += [(name, 235, height + chance.randint(-6, 6), day), (name, 245, height * 18, day)]
                rows += [(name, n, chance.choice("123"), day) for n in (902, 903, 936, 986, 1660)]
    return rows


WHOLE = 10_000_000


@pytest.mark.parametrize(
    ("children", "sizes"),
    [
        (30, [(WHOLE, 1), (1200, 3)]),
        pytest.param(80, [(WHOLE, 1), (300, 3), (1500, 2), (WHOLE, 4)], marks=pytest.mark.slow),
    ],
)
def test_order_threads_and_pieces_do_not_matter(make_store, tmp_path, monkeypatch, children, sizes):
    """All indicators, byte for byte: rows shuffled, one or more threads, one piece or many."""
    rows = population(3, children)
    settings = Settings(2016, 2024, date(2024, 12, 31))
    found = set()
    for turn, (size, threads) in enumerate(sizes):
        given = rows[:]
        random.Random(turn).shuffle(given)
        store = make_store(given, f"s{turn}", organisatie="x")
        table = pq.read_table(store / "registraties.parquet")
        pq.write_table(table, store / "registraties.parquet", row_group_size=200 + turn)
        monkeypatch.setattr("os.cpu_count", lambda threads=threads: threads * 2)
        result = counted(store, tmp_path / f"{turn}.result", [], settings, rows=size)
        found.add((result.path / "counts.parquet").read_bytes())
    assert len(found) == 1


def test_every_definition_with_a_last_value_has_a_window_or_a_year():
    """`laatste_…` is asked of views that know it."""
    for path in files():
        for data in load_file(path):
            if "laatste" in str(data.get("populatie", "")):
                assert data["view"] in {"groei", "sdq", "ontwikkeling"}, data["id"]
