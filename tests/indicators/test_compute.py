"""From a store to a result, against figures counted by hand or by a plain loop."""

import random
from datetime import date, timedelta

import polars as pl
import pytest

from bds_tool.indicators.result import TOTAL, notes_of, read_result


def rows_of(result, indicator, **cell):
    frame = read_result(result).counts().collect().filter(pl.col("indicator") == indicator)
    for name, value in cell.items():
        frame = frame.filter(pl.col(name) == value)
    return frame


def one(result, indicator, **cell):
    frame = rows_of(
        result,
        indicator,
        **({"sex": TOTAL, "education": TOTAL, "age": TOTAL, "origin": TOTAL, "mother_age": TOTAL} | cell),
    )
    assert len(frame) == 1, frame
    return frame.row(0, named=True)


def births(n, **by_number):
    """n children born on successive days of 2024 with elements from lists, one value per child (None: absent)."""
    rows = []
    for k in range(n):
        child = f"k{k:05}"
        rows.append((child, 20, str(date(2024, 1, 1) + timedelta(k % 366))))
        for number, values in by_number.items():
            if values[k] is not None:
                rows.append((child, int(number[1:]), values[k]))
    return rows


@pytest.fixture
def compute(make_store, tmp_path, bds):
    """`compute(rows, "--period 2024 -i BF-BIRTH")` counts the rows and gives the folder of the result."""

    def call(rows, options):
        out = tmp_path / "r.result"
        told = bds("indicator", "compute", make_store(rows), "-o", out, *options.split())
        assert told.code == 0, told.err
        assert "onbeschermd" in told.err
        return out

    return call


def test_by_hand(compute, areas):
    """Five births: two wijken, one other gemeente, one secret address, one without an address."""
    rows = births(
        5,
        e747=["01", "03", "01", "02", None],
        e19=["1", "2", "M", "1", "2"],
        e16=["1011 AA", "1011aa", "2011AA", "1011AA", None],
        e12=["1", "2", "1", "1", None],
    )
    rows.append(("k00003", 697, "true"))
    options = f"--areas {areas} --area gemeente,wijk,buurt --by sex --period 2024 -i BF-BIRTH"
    out = compute(rows, options)
    whole = one(out, "BF-BIRTH", level="land")
    assert (whole["n"], whole["x"], whole["missing"]) == (4, 2, 1)
    assert whole["value"] == pytest.approx(50)
    assert whole["method"] == "Wilson 95%"
    assert whole["status"] == "onbeschermd"
    assert one(out, "BF-BIRTH", level="land", sex="M")["n"] == 3
    centre = one(out, "BF-BIRTH", area="WK036300")
    assert (centre["n"], centre["x"], centre["parent"], centre["area_name"]) == (1, 1, "GM0363", "Centrum")
    assert one(out, "BF-BIRTH", area="WK036301")["x"] == 0
    assert one(out, "BF-BIRTH", area="BU03630001")["parent"] == "WK036300"
    assert one(out, "BF-BIRTH", area="GM0363")["n"] == 2
    assert one(out, "BF-BIRTH", area="GM/geheim")["n"] == 1
    lost = one(out, "BF-BIRTH", area="WK/onbekend")
    assert (lost["n"], lost["missing"], lost["area_name"]) == (0, 1, "onbekend")
    meta = read_result(out).meta
    assert meta["status"] == "onbeschermd"
    assert meta["definitions"]["BF-BIRTH"]["hash"]
    assert any("40,00 %" in note for note in meta["inside"])
    # Nobody lives there, so it has no row; of other gemeenten nothing is expected.
    assert meta["empty_areas"] == [["buurt", "BU03630002", "BU03630002", "WK036300"]]


def test_every_margin_is_the_sum_of_its_parts_and_pieces_do_not_matter(make_store, areas, tmp_path):
    """A random population against a plain loop; read in one piece, in many, and with dossiers scattered."""
    from bds_tool.indicators import run
    from bds_tool.indicators.catalogue import choose
    from bds_tool.indicators.compute import Plan
    from bds_tool.indicators.features import Settings
    from bds_tool.store.store import Store

    chance = random.Random(5)
    n = 400
    sexes = [chance.choice(["1", "2", None]) for _ in range(n)]
    fed = [chance.choice(["01", "02", "03", None]) for _ in range(n)]
    place = [
        chance.choice(
            [
                ("1011AA", "1", "WK036300"),
                ("1011AA", "2", "WK036301"),
                ("2011AA", "1", "WK039200"),
                ("9999XX", "1", "WK/onbekend"),
            ]
        )
        for _ in range(n)
    ]
    born = [date(2022 + k % 3, 1 + k % 12, 1 + k % 28) for k in range(n)]
    rows = []
    for k in range(n):
        child = f"k{k:05}"
        rows += [(child, 20, str(born[k])), (child, 16, place[k][0]), (child, 12, place[k][1])]
        rows += [(child, 19, sexes[k])] if sexes[k] else []
        rows += [(child, 747, fed[k])] if fed[k] else []
    scattered = rows[:]
    chance.shuffle(scattered)
    plan = Plan(
        choose(["BF-BIRTH", "FF-BIRTH"]),
        Settings(2022, 2024, date(2024, 12, 31)),
        levels=("gemeente", "wijk"),
        by=("sex",),
    )
    frames = []
    for name, given, size in (("een", rows, 10_000), ("stukken", rows, 100), ("los", scattered, 100)):
        store = make_store(given, name)
        with Store.open(store) as opened:
            import pyarrow.parquet as pq

            table = pq.read_table(store / "registraties.parquet")
            pq.write_table(table, store / "registraties.parquet", row_group_size=60)  # many row groups
            frames.append(
                run.compute(opened, plan, tmp_path / f"{name}.result", area_paths=[areas], rows=size)
                .counts()
                .collect()
            )
    key = ["indicator", "level", "area", "period", "sex"]
    assert frames[0].sort(key).equals(frames[1].sort(key))
    assert frames[0].sort(key).equals(frames[2].sort(key))
    seen = {tuple(r[c] for c in key): (r["n"], r["x"], r["missing"]) for r in frames[0].iter_rows(named=True)}
    expected: dict[tuple[str, ...], list[int]] = {}
    for k in range(n):
        sex = {"1": "M", "2": "V", None: "onbekend"}[sexes[k]]
        wijk = place[k][2]
        gemeente = "GM/onbekend" if "/" in wijk else "GM" + wijk[2:6]
        for indicator, code in (("BF-BIRTH", "01"), ("FF-BIRTH", "03")):
            for level, area in (("land", TOTAL), ("gemeente", gemeente), ("wijk", wijk)):
                for period in (str(born[k].year), "2022-2024"):
                    for s in (sex, TOTAL):
                        cell = expected.setdefault((indicator, level, area, period, s), [0, 0, 0])
                        cell[0] += fed[k] is not None
                        cell[1] += fed[k] == code
                        cell[2] += fed[k] is None
    assert seen == {k: tuple(v) for k, v in expected.items()}


def test_the_address_on_the_day_decides(compute, areas):
    """A child that moved counts in the old wijk before and in the new one after the move."""
    rows = [
        ("k", 20, "2015-01-01"),
        ("k", 16, "1011AA", None, None, 1),
        ("k", 12, "1", None, None, 1),
        ("k", 8, "01", None, None, 1),
        ("k", 16, "2011AA", None, None, 2),
        ("k", 12, "1", None, None, 2),
        ("k", 1453, "2024-07-01", None, None, 2),
        ("k", 8, "01", None, None, 2),
        ("k", 724, "2023-05-01", "2023-05-01"),
        ("k", 188, "04", "2023-05-01"),
        ("k", 724, "2024-08-01", "2024-08-01"),
        ("k", 188, "03", "2024-08-01"),
    ]
    out = compute(rows, f"--areas {areas} --area wijk --by year --period 2023..2024 -i BRUSH")
    assert rows_of(out, "BRUSH", level="wijk", period="2023")["area"].to_list() == ["WK036300"]
    after = rows_of(out, "BRUSH", level="wijk", period="2024").row(0, named=True)
    assert after["area"] == "WK039200"
    assert after["x"] == 0


def test_change_of_element_is_a_marked_break_with_right_figures(compute):
    """510 until 2023 (30 of 100 yes), 1665 from 2024 (20 of 100 yes): figures right on both sides, trend says break."""
    rows = []
    for k in range(100):
        child = f"k{k:03}"
        rows += [(child, 20, "2018-01-01"), (child, 9, "0363")]
        for year in (2021, 2022, 2023, 2024, 2025):
            day = f"{year}-03-01"
            rows.append((child, 724, day, day))
            if year < 2024:
                rows.append((child, 510, "04" if k < 30 else "01", day))
            else:
                rows.append((child, 1665, "02" if k < 20 else "01", day))
    out = compute(rows, "--area gemeente --by year --period 2021..2025 -i SMOKE-HOME")
    for area in (TOTAL, "GM0363"):
        for year, x, new in ((2021, 30, 0), (2023, 30, 0), (2024, 20, 100), (2025, 20, 100)):
            row = one(out, "SMOKE-HOME", area=area, period=str(year))
            assert (row["n"], row["x"], row["new"]) == (100, x, new)
        assert one(out, "SMOKE-HOME", area=area, period="2021-2025")["trend"] == "trendbreuk 2024"


def test_old_and_new_contact_types(compute):
    """Old types of 3.2.7 and those since 4.0 both give contacts on indication, with a marked break."""
    rows = []
    for k in range(40):
        child = f"k{k:03}"
        rows.append((child, 20, "2018-01-01"))
        for year, code in (
            (2021, "21" if k < 10 else "13"),
            (2022, "23" if k < 10 else "14"),
            (2023, "22" if k < 10 else "39"),
            (2024, "22" if k < 10 else "39"),
        ):
            day = f"{year}-03-01"
            rows += [
                (child, 724, day, day),
                (child, 494, code, day),
                (child, 725 if year < 2023 else 1605, "01", day),
            ]
    out = compute(rows, "--by year --period 2021..2024 -i INDIC")
    for year in (2021, 2022, 2023, 2024):
        row = one(out, "INDIC", level="land", period=str(year))
        assert (row["n"], row["x"]) == (40, 10)
    assert one(out, "INDIC", level="land", period="2021-2024")["trend"] == "trendbreuk 2023"


def test_comparison_and_trend(compute, areas):
    """One gemeente at 20%, the other at 60%: both differ from the rest; the first falls over the years."""
    rows = []
    for year, low in ((2022, 40), (2023, 20), (2024, 5)):
        for k in range(200):
            child = f"{year}-{k:03}"
            here = k < 100
            rows += [
                (child, 20, f"{year}-05-01"),
                (child, 16, "1011AA" if here else "2011AA"),
                (child, 12, "1"),
                (child, 747, "01" if (k % 100) < (low if here else 60) else "03"),
            ]
    out = compute(rows, f"--areas {areas} --area gemeente --period 2022..2024 -i BF-BIRTH")
    here, there = (one(out, "BF-BIRTH", area=a, period="2022-2024") for a in ("GM0363", "GM0392"))
    assert here["reference_test"] == "lager (z-toets, BH)"
    assert there["reference_test"] == "hoger (z-toets, BH)"
    assert here["trend"] == "dalend"
    assert there["trend"] == "stabiel"
    assert here["reference"] == pytest.approx(100 * (40 + 20 + 5 + 180) / 600)
    assert here["reliability"] == "voldoende"


def test_published_reference(compute):
    rows = [(c, n, v) for c, n, v in births(100, e747=["01"] * 20 + ["03"] * 80)]
    rows = [(c, n, v.replace("2024", "2018") if n == 20 else v) for c, n, v in rows]
    out = compute(rows, "--period 2018 --reference nl -i BF-BIRTH")
    row = one(out, "BF-BIRTH", level="land")
    assert row["reference"] == 69
    assert row["reference_test"].startswith("lager dan gepubliceerd")


def test_existing_result_is_kept(make_store, tmp_path, bds):
    out = tmp_path / "r.result"
    out.mkdir()
    assert (
        bds(
            "indicator", "compute", make_store(births(3, e747=["01"] * 3)), "-o", out, "--period", "2024"
        ).code
        == 2
    )


@pytest.mark.parametrize(
    "wrong",
    [
        ("--area", "wijk"),
        ("--area", "straat"),
        ("--by", "haarkleur"),
        ("--period", "24"),
        ("--reference", "europa"),
        ("--memory", "veel"),
    ],
)
def test_wrong_use_is_told(make_store, tmp_path, bds, wrong):
    result = bds(
        "indicator", "compute", make_store(births(3, e747=["01"] * 3)), "-o", tmp_path / "r.result", *wrong
    )
    assert result.code == 2
    assert result.err.startswith("fout:")
    assert "Traceback" not in result.err


def test_all_breakdowns(compute):
    """Education of the mother and origin as columns, with their totals; not age, which this definition does not have."""
    rows = [
        ("a", 20, "2024-02-01"),
        ("a", 747, "01"),
        ("a", 62, "NMTH", None, None, 1),
        ("a", 66, "09", None, None, 1),
        ("a", 71, "6043", None, None, 1),
        ("a", 23, "6030"),
        ("b", 20, "2024-02-01"),
        ("b", 747, "03"),
    ]
    out = compute(rows, "--by sex,education,age,origin,year --period 2024 -i BF-BIRTH")
    high = rows_of(
        out, "BF-BIRTH", level="land", education="hoog", origin="Turkije", age=TOTAL, sex="onbekend"
    ).row(0, named=True)
    assert (high["n"], high["x"]) == (1, 1)
    assert one(out, "BF-BIRTH", level="land", education="onbekend")["n"] == 1
    assert one(out, "BF-BIRTH", level="land")["n"] == 2
    assert set(read_result(out).counts().collect()["age"]) == {TOTAL}
    assert any(note.startswith("age: 1 van de 1 indicatoren") for note in notes_of(read_result(out).meta))


def test_age_of_the_mother_at_birth(compute):
    """Completed years on the day of birth: born on the 25th birthday counts as 25, a day before it as 24."""
    rows = []
    for child, mother in (("a", "1999-02-01"), ("b", "1999-02-02"), ("c", "1989-01-31"), ("d", None)):
        rows += [(child, 20, "2024-02-01"), (child, 747, "01")]
        if mother:
            rows += [(child, 62, "NMTH", None, None, 1), (child, 63, mother, None, None, 1)]
    out = compute(rows, "--by mother_age --period 2024 -i BF-BIRTH")
    counted = {
        row["mother_age"]: row["n"] for row in rows_of(out, "BF-BIRTH", level="land").iter_rows(named=True)
    }
    assert counted == {"25 tot 30": 1, "jonger dan 25": 1, "35 en ouder": 1, "onbekend": 1, "totaal": 4}


def test_preterm_chart_follows_gestation(make_store):
    """A label with a decimal point once made every preterm child lose its reference; the ages too must be whole."""
    from bds_tool.indicators import cases, features

    given = [("p", None, None, 20, 1, "2023-01-01", 0), ("p", None, None, 82, 1, "241", 1)]
    connection = cases._connection(given)
    features.install_lookups(connection, ["kind"], features.Settings(2023, 2023, date(2023, 12, 31)))
    features.make(connection, ["kind"])
    assert connection.execute("select kaart from kind").fetchall() == [("p34",)]
