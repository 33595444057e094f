"""`bds quality` against planted rates, the published score, scipy, and data on which nothing happens."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path

import polars as pl
import pytest

from bds_tool.cli.main import run
from bds_tool.export.quality import rates
from bds_tool.export.quality.measuring import Measured
from bds_tool.export.quality.rates import Series, _pooled, fisher
from bds_tool.export.quality.score import Item, score

LABELS = [f"m{m:02}" for m in range(1, 13)]
#: Discipline → share of wrong answers per month; the second goes from 2 to 20 % in month 7.
PLANTED = {"01": [0.05] * 12, "02": [0.02] * 6 + [0.20] * 6}
CHILDREN = 300


def test_the_published_example_is_47_2() -> None:
    """NHS England, DQMI methodology, appendix 1: records, valid and complete, defaults, threshold, coverage."""
    third, two = 1 / 3, 2 / 3
    items = [
        Item(2500, 2400, 100, 0.02, 1), Item(2500, 2500, 100, 1, 1), Item(2500, 2000, 100, 0, 1),
        Item(1000, 900, 900, 0, third), Item(1000, 800, 800, 1, third), Item(1000, 900, 450, 0, third),
        Item(1000, 1000, 100, 0.035, third), Item(10000, 10000, coverage=third), Item(10000, 10000, coverage=third),
        Item(50000, 50000, 100, 0.02, two), Item(50000, 49000, 5000, 1, two), Item(50000, 45000, 5000, 0.035, two),
    ]  # fmt: skip
    published = [94.0, 100.0, 76.0, 0.0, 80.0, 45.0, 93.5, 100.0, 100.0, 100.0, 98.0, 83.5]
    assert [round(100 * i.score, 1) for i in items] == published
    assert round(score(items) or 0, 1) == 47.2


def test_fisher_is_that_of_scipy() -> None:
    from scipy.stats import fisher_exact

    draw = random.Random(3)
    for _ in range(300):
        n1, n2 = draw.randint(1, 400), draw.randint(1, 400)
        x1, x2 = draw.randint(0, n1), draw.randint(0, n2)
        assert fisher(x1, n1, x2, n2) == pytest.approx(
            fisher_exact([[x1, n1 - x1], [x2, n2 - x2]])[1], rel=1e-6
        )


def test_nothing_is_told_where_nothing_happens() -> None:
    """200 sets of 20 series of 12 deliveries at one level: at most the stated 5 % of the sets tell a change."""
    draw, told, sets = random.Random(11), 0, 200
    for _ in range(sets):
        series = []
        for _ in range(20):
            level = draw.choice((0.01, 0.05, 0.3))
            pairs = [(sum(draw.random() < level for _ in range(60)), 60) for _ in range(12)]
            series.append(
                Series("", "BDS203", 496, "fout", "waarden", [x for x, _ in pairs], [60] * 12, list(pairs))
            )
        rates._changes(series, 0.05)
        told += any(s.since is not None for s in series)
    # 5 % of 200 is 10; three standard deviations above it is 19.
    assert told <= 19


@pytest.fixture(scope="module")
def year(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, dict[tuple[str, str], int], dict[tuple[str, str], int]]:
    """Twelve deliveries; gives their folder, and per (month, discipline) the wrong answers planted and all answers."""
    folder = tmp_path_factory.mktemp("jaar")
    draw = random.Random(5)
    wrong: dict[tuple[str, str], int] = {}
    of: dict[tuple[str, str], int] = {}
    for m, label in enumerate(LABELS):
        with (folder / f"{label}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["dossier_id", "activiteit_id", "datum", "bdsnummer", "waarde"])
            for child in range(CHILDREN):
                who = "01" if child % 2 else "02"
                bad = draw.random() < PLANTED[who][m]
                place = (f"K{child}", f"A{child}", f"2025-{m + 1:02}-10")
                # 496 has the answers 01 to 06; 88 is none of them (BDS203).
                writer.writerows(
                    [[*place, "1599", who], [*place, "496", "88" if bad else "01"], [*place, "494", "38"]]
                )
                wrong[label, who] = wrong.get((label, who), 0) + bad
                of[label, who] = of.get((label, who), 0) + 1
    return folder, wrong, of


def look(year: Path, capsys: pytest.CaptureFixture[str], *extra: str) -> dict[str, object]:
    files = [f"{label}={year / f'{label}.csv'}" for label in LABELS]
    assert run(["quality", *files, "--format", "json", "-q", *extra]) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def test_planted_rates_and_the_month_of_change_are_found(year, capsys) -> None:  # type: ignore[no-untyped-def]
    folder, wrong, of = year
    found = look(folder, capsys, "--by", "discipline")
    series = {(s["unit"], s["code"], s["element"]): s for s in found["series"]}
    units = {u: next(k[0] for k in series if str(k[0]).startswith(u)) for u in PLANTED}
    for who, unit in units.items():
        s = series[unit, "BDS203", 496]
        assert s["n"] == [wrong[label, who] for label in LABELS]
        assert s["of"] == [of[label, who] for label in LABELS]
        inside = [low <= p <= high for p, low, high in zip(PLANTED[who], s["low"], s["high"], strict=True)]
        assert sum(inside) >= 10  # of twelve intervals of 95 %; fewer than ten happens once in fifty times
    assert series[units["02"], "BDS203", 496]["since"] == "m07"
    assert series[units["01"], "BDS203", 496]["since"] is None
    whole = series[None, "BDS203", 496]
    assert whole["n"] == [wrong[label, "01"] + wrong[label, "02"] for label in LABELS]
    assert whole["since"] == "m07"


def test_saved_verdicts_give_the_same_whole(year, tmp_path, capsys) -> None:  # type: ignore[no-untyped-def]
    folder, _, _ = year
    saved = []
    for label in LABELS[:4]:
        run(["validate", str(folder / f"{label}.csv"), "--save", str(tmp_path / f"{label}.findings"), "-q"])
        saved.append(f"{label}={tmp_path / f'{label}.findings'}")
    capsys.readouterr()
    assert run(["quality", *saved, "--format", "json", "-q"]) == 0
    from_saved = json.loads(capsys.readouterr().out)
    assert (
        run(
            [
                "quality",
                *(f"{label}={folder / f'{label}.csv'}" for label in LABELS[:4]),
                "--format",
                "json",
                "-q",
            ]
        )
        == 0
    )
    from_files = json.loads(capsys.readouterr().out)

    def values(found: dict[str, object]) -> dict[object, object]:
        return {
            (s["code"], s["element"]): (s["n"], s["of"]) for s in found["series"] if s["basis"] == "waarden"
        }

    assert values(from_saved) == values(from_files)
    assert from_saved["units"][0]["score"] == [None] * 4


def test_small_units_go_together(year, capsys) -> None:  # type: ignore[no-untyped-def]
    found = look(year[0], capsys, "--by", "discipline", "--small", "200")
    # Each discipline has 150 of the 300 children, fewer than 200: one group is left beside the whole.
    assert found["pooled_units"] == 2
    assert [u["unit"] for u in found["units"]] == [None, "overige eenheden (2)"]


@pytest.mark.parametrize(
    "sizes", [(3, 40, 60), (9, 9, 50), (1, 2, 3, 80), (4, 400), (30, 40, 2, 50), (12, 15)]
)
def test_no_small_unit_is_alone_in_its_group(sizes) -> None:  # type: ignore[no-untyped-def]
    """One unit under another name is that unit still, and so is the whole less the others."""
    units = [f"E{i}" for i in range(len(sizes))]
    dossiers = pl.DataFrame({"unit": ["", *units], "n": [sum(sizes), *sizes]})
    filled = pl.DataFrame({"unit": units, "bdsnummer": 19, "n": sizes, "dossiers": sizes})
    found = pl.DataFrame(
        {"unit": units, "code": "BDS203", "bdsnummer": 19, "severity": "fout", "n": 1, "hits": 1}
    )
    (pooled,), number = _pooled([Measured("jan", found, filled, dossiers, None, {})], 10)
    told = dict(pooled.dossiers.iter_rows())
    assert told.pop("") == sum(told.values()) == sum(sizes)
    gone = [n for u, n in zip(units, sizes, strict=True) if u not in told]
    assert number == len(gone)
    assert min(told.values()) >= 10
    assert len(gone) != 1
    # No more than needed: without the largest of them there would be one, or too few.
    if gone and max(gone) >= 10:
        rest = sorted(gone)[:-1]
        assert len(rest) < 2 or sum(rest) < 10


def test_work_lists_have_the_keys_and_shared_outputs_do_not(year, tmp_path, capsys) -> None:  # type: ignore[no-untyped-def]
    folder, wrong, _ = year
    files = [f"{label}={folder / f'{label}.csv'}" for label in LABELS[:2]]
    for form in ("text", "json", "csv", "html", "markdown"):
        target = tmp_path / f"uit.{form}"
        assert run(["quality", *files, "--by", "discipline", "-f", form, "-o", str(target), "-q"]) == 0
        text = target.read_text("utf-8")
        assert not [f"K{c}" for c in range(CHILDREN) if f"K{c}" in text]
    lists = tmp_path / "lijsten"
    assert run(["quality", *files, "--by", "discipline", "--work-lists", str(lists), "-q"]) == 0
    assert lists.stat().st_mode & 0o777 == 0o700
    nurse = list(
        csv.DictReader(
            (lists / "02-jeugdverpleegkundige.csv").read_text("utf-8-sig").splitlines(), delimiter=";"
        )
    )
    mine = [r for r in nurse if r["code"] == "BDS203"]
    assert len(mine) == wrong["m02", "02"]
    with (folder / "m02.csv").open(encoding="utf-8") as stream:
        bad = {r["dossier_id"] for r in csv.DictReader(stream) if r["waarde"] == "88"}
    assert {r["dossier"] for r in mine} == {d for d in bad if int(d[1:]) % 2 == 0}


def test_a_professional_is_never_named(tmp_path, capsys) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "x.csv"
    rows = ["dossier_id,activiteit_id,datum,bdsnummer,waarde,tekst"]
    for i in range(30):
        rows += [f"K{i},A{i},2025-01-10,1501,,Zuster Clivia", f"K{i},A{i},2025-01-10,496,88,"]
    path.write_text("\n".join(rows), "utf-8")
    for form in ("text", "json", "html", "csv"):
        assert run(["quality", str(path), "--by", "professional", "-f", form, "-q"]) == 0
        out = capsys.readouterr().out
        assert "Clivia" not in out
        assert "professional 1" in out


def test_the_workbook_has_the_same_figures(year, tmp_path, capsys) -> None:  # type: ignore[no-untyped-def]
    openpyxl = pytest.importorskip("openpyxl")
    files = [f"{label}={year[0] / f'{label}.csv'}" for label in LABELS[:3]]
    target = tmp_path / "kwaliteit.xlsx"
    assert run(["quality", *files, "-f", "xlsx", "-o", str(target), "-q"]) == 0
    sheet = openpyxl.load_workbook(target)["Alle cijfers"]
    rows = [[c.value for c in r] for r in sheet.iter_rows(min_row=2)]
    mine = [r for r in rows if r[1] == "BDS203"]
    assert [r[4] for r in mine] == [year[1][label, "01"] + year[1][label, "02"] for label in LABELS[:3]]
    assert sheet.auto_filter.ref is not None


@pytest.mark.parametrize(
    ("width", "scheme"), [(390, "dark"), pytest.param(1280, "light", marks=pytest.mark.slow)]
)
def test_the_page_in_a_browser(browser, year, tmp_path, capsys, width, scheme) -> None:  # type: ignore[no-untyped-def]
    from axe_playwright_python.sync_playwright import Axe

    files = [f"{label}={year[0] / f'{label}.csv'}" for label in LABELS]
    assert (
        run(["quality", *files, "--by", "discipline", "-f", "html", "-o", str(tmp_path / "k.html"), "-q"])
        == 0
    )
    wrong: list[str] = []
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True
    )
    page = context.new_page()
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    page.goto((tmp_path / "k.html").as_uri())
    # The style sheet holds: it is no text that was escaped.
    assert page.evaluate("getComputedStyle(document.querySelector('main')).maxWidth") == "1080px"
    assert "sinds m07" in page.inner_text("main")
    found = Axe().run(page, options={"preload": False}).response["violations"]
    serious = [v for v in found if v["impact"] in {"serious", "critical"}]
    assert [(v["id"], v["nodes"][0]["html"]) for v in serious] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()
    assert wrong == []


@pytest.mark.parametrize("given", ["{}", "jan={}"])
def test_a_delivery_is_never_overwritten(tmp_path, capsys, given) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "x.csv"
    path.write_text("dossier_id,activiteit_id,datum,bdsnummer,waarde\nK1,A1,2025-01-10,496,01\n", "utf-8")
    before = path.read_bytes()
    assert run(["quality", given.format(path), "-o", str(path), "--force", "-q"]) == 2
    assert path.read_bytes() == before
