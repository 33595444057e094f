"""Windows of years that end in each year: by hand, added up over organisations, beside residents, and on the site."""

from datetime import date

import pytest

from bds_tool.base.errors import UsageError
from bds_tool.indicators import run
from bds_tool.indicators.catalogue import choose
from bds_tool.indicators.compute import Plan
from bds_tool.indicators.features import Settings
from bds_tool.indicators.merge import merge
from bds_tool.indicators.result import TOTAL, read_result
from bds_tool.store.store import Store

#: Births (n) and breast-fed of them (x) per year.
BORN = {2021: (1, 1), 2022: (2, 0), 2023: (3, 2), 2024: (4, 4), 2025: (5, 1)}
#: Windows of three years by hand: 1 + 2 + 3 = 6 births of whom 1 + 0 + 2 = 3, and so on.
WINDOWS = {"2021-2023": (6, 3), "2022-2024": (9, 6), "2023-2025": (12, 7), "2021-2025": (15, 8)}


def births(name):
    rows = []
    for year, (n, x) in BORN.items():
        for k in range(n):
            child = f"{name}{year}{k}"
            rows += [(child, 20, f"{year}-03-0{k + 1}"), (child, 19, "1")]
            rows += [(child, 747, "01" if k < x else "03"), (child, 16, "1011AA"), (child, 9, "363")]
    return rows


def counted(make_store, target, name, rolling=3, **more):
    settings = Settings(2021, 2025, date(2025, 12, 31))
    plan = Plan(
        choose(["BF-BIRTH"]), settings, levels=("gemeente",), by=("sex",), yearly=False, rolling=rolling
    )
    with Store.open(make_store(births(name), name)) as opened:
        return run.compute(opened, plan, target, **more)


def figures(result):
    rows = result.counts().filter(area=TOTAL, sex=TOTAL).collect().iter_rows(named=True)
    return {r["period"]: (r["n"], r["x"]) for r in rows}


def test_each_window_is_the_sum_of_its_years(make_store, tmp_path):
    result = counted(make_store, tmp_path / "r.result", "a")
    assert figures(result) == {str(y): v for y, v in BORN.items()} | WINDOWS
    frame = result.counts().collect()
    for keep in ({"area": TOTAL, "sex": "M"}, {"level": "gemeente", "sex": TOTAL}):
        rows = frame.filter(**keep).iter_rows(named=True)
        assert {r["period"]: (r["n"], r["x"]) for r in rows if "-" in r["period"]} == WINDOWS
    # A trend is that of the years; it stands beside the whole period alone.
    assert frame.filter(frame["trend"].is_not_null())["period"].unique().to_list() == ["2021-2025"]


def test_results_with_windows_add_up(make_store, tmp_path):
    for name in "ab":
        counted(make_store, tmp_path / f"{name}.result", name)
    both = merge([tmp_path / "a.result", tmp_path / "b.result"], tmp_path / "c.result")
    twice = {str(y): v for y, v in BORN.items()} | WINDOWS
    assert figures(both) == {p: (2 * n, 2 * x) for p, (n, x) in twice.items()}
    counted(make_store, tmp_path / "d.result", "d", rolling=2)
    with pytest.raises(UsageError):
        merge([tmp_path / "a.result", tmp_path / "d.result"], tmp_path / "e.result")


def test_residents_of_a_window_are_those_of_its_years(make_store, tmp_path):
    table = tmp_path / "inwoners.csv"
    lines = [f"GM0363,{y},totaal,0,{10 * (y - 2020)}" for y in BORN]
    table.write_text("gebied,jaar,geslacht,leeftijd,aantal\n" + "\n".join(lines) + "\n", encoding="utf-8")
    result = counted(make_store, tmp_path / "r.result", "a", population=[table])
    rows = result.counts().filter(area=TOTAL, sex=TOTAL).collect().iter_rows(named=True)
    found = {r["period"]: r["resident"] for r in rows}
    assert (found["2023"], found["2021-2023"], found["2022-2024"], found["2021-2025"]) == (30, 60, 90, 150)


@pytest.mark.parametrize("rolling", [1, 5, 9, -2])
def test_a_window_that_does_not_fit_is_refused(rolling):
    with pytest.raises(UsageError, match="venster"):
        Plan([], Settings(2021, 2025, date(2025, 12, 31)), rolling=rolling)


def test_from_the_command_line_to_a_table_that_may_be_published(bds, make_store, tmp_path):
    rows = []
    for k in range(300):
        year = 2021 + k % 5
        rows += [
            (f"k{k}", 20, f"{year}-05-01"),
            (f"k{k}", 19, "12"[k % 2]),
            (f"k{k}", 747, "01" if k % 3 else "03"),
        ]
    out, safe, table = tmp_path / "r.result", tmp_path / "s.result", tmp_path / "t.csv"
    done = bds(
        "indicator",
        "compute",
        make_store(rows),
        "-o",
        out,
        "-i",
        "BF-BIRTH",
        "--period",
        "2021..2025",
        "--rolling",
        3,
    )
    assert done.code == 0, done.err
    assert read_result(out).meta["period"]["rolling"] == 3
    done = bds("protect", out, "-o", safe)
    assert done.code == 0, done.err
    done = bds("report", "table", safe, "-o", table)
    assert done.code == 0, done.err
    text = table.read_text(encoding="utf-8")
    assert all(p in text for p in WINDOWS)
    assert bds("report", "site", safe, "-o", tmp_path / "site").code == 0
    assert "2021–2025" in (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
