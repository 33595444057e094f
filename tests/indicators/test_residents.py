"""Residents from outside beside the figures: layouts as published, counts by hand, and refusals that help."""

from datetime import date

import polars as pl
import pytest

from bds_tool.base.errors import UsageError
from bds_tool.indicators import population, residents, run
from bds_tool.indicators.catalogue import choose
from bds_tool.indicators.compute import Plan
from bds_tool.indicators.features import Settings
from bds_tool.indicators.result import TOTAL, notes_of
from bds_tool.store.store import Store

#: Amsterdam and Haarlem, as StatLine 03759ned gives them: with keys (UTF-8) and with labels (Latin-1, title and source).
KEYS = """"ID";"Geslacht";"Leeftijd";"BurgerlijkeStaat";"RegioS";"Perioden";"BevolkingOp1Januari_1"
1;"3000   ";"10200";"T001019";"GM0363";"2024JJ00";"30"
2;"4000   ";"10200";"T001019";"GM0363";"2024JJ00";"20"
3;"3000   ";"10200";"1010";"GM0363";"2024JJ00";"29"
4;"T001038";"10200";"T001019";"GM0363";"2024JJ00";"50"
5;"3000   ";"10300";"T001019";"GM0363";"2024JJ00";"10"
6;"4000   ";"10300";"T001019";"GM0363";"2024JJ00";"6"
7;"3000   ";"10200";"T001019";"GM0392";"2024JJ00";"4"
8;"4000   ";"10200";"T001019";"GM0392";"2024JJ00";"3"
9;"3000   ";"10300";"T001019";"GM0392";"2024JJ00";"."
10;"4000   ";"10300";"T001019";"GM0392";"2024JJ00";"2"
11;"T001038";"10000";"T001019";"NL01  ";"2024JJ00";"17942942"
"""
LABELS = """"Bevolking op 1 januari en gemiddeld; geslacht, leeftijd en regio"
"Geslacht";"Leeftijd";"Burgerlijke staat";"Regio's";"Perioden";"Bevolking op 1 januari (aantal)"
"Mannen";"2 jaar";"Totaal burgerlijke staat";"Súdwest-Fryslân";"2024";"1 204"
"Vrouwen";"2 jaar";"Totaal burgerlijke staat";"Súdwest-Fryslân";"2024";"1203"
"Mannen";"2 jaar";"Ongehuwd";"Súdwest-Fryslân";"2024";"1199"
"Totaal mannen en vrouwen";"0 tot 5 jaar";"Totaal burgerlijke staat";"Súdwest-Fryslân";"2024";"6.020"
"Bron: CBS"
"""


def test_statline_with_keys(tmp_path):
    path = tmp_path / "Bevolking.csv"
    path.write_text("﻿" + KEYS, encoding="utf-8")
    found = population.read([path]).counts
    assert found["GM0363", 2024, "M"] == {(2, 3): 30, (3, 4): 10}
    assert found["GM0363", 2024, "totaal"] == {(2, 3): 50}
    assert found["GM0392", 2024, "M"] == {(2, 3): 4, (3, 4): None}
    assert set(found) == {(g, 2024, s) for g in ("GM0363", "GM0392") for s in "MV"} | {
        ("GM0363", 2024, "totaal")
    }


def test_statline_with_labels_in_latin_1(tmp_path):
    path = tmp_path / "Bevolking.csv"
    path.write_bytes(LABELS.encode("latin-1"))
    assert population.read([path]).counts == {
        ("súdwest-fryslân", 2024, "M"): {(2, 3): 1204},
        ("súdwest-fryslân", 2024, "V"): {(2, 3): 1203},
        ("súdwest-fryslân", 2024, "totaal"): {(0, 5): 6020},
    }


@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_key_figures_of_wijken(tmp_path, form):
    frame = pl.DataFrame(
        {
            "gwb_code_10": ["GM0363", "WK036300", "BU03630001"],
            "gwb_code_8": ["0363", "036300", "03630001"],
            "regio": ["Amsterdam", "Centrum", "Kop"],
            "recs": ["Gemeente", "Wijk", "Buurt"],
            "a_inw": [900, 400, 100],
            "a_00_14": [150, 60, 15],
            "a_15_24": [100, 40, 10],
        }
    )
    path = tmp_path / f"kwb-2024.{form}"
    if form == "xlsx":
        frame.write_excel(path)
    else:
        frame.write_csv(path, separator=";")
    found = population.read([path]).counts
    assert found["WK036300", 2024, "totaal"] == {(0, 15): 60, (15, 25): 40}
    assert len(found) == 3


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("kleur,smaak\nrood,zoet\n", "03759ned"),
        ("regio,leeftijd,geslacht,aantal\nGM0363,2,M,5\n", "jaar"),
        ("regio,jaar,leeftijd,aantal\nGM0363,2024,2,5\nGM0363,2024,2,6\n", "totaal"),
        ("regio,jaar,leeftijd,aantal\nGM0363,2024,peuter,5\n", "0 tot 5 jaar"),
    ],
)
def test_what_is_not_understood_is_refused_with_the_way_out(tmp_path, text, told):
    path = tmp_path / "x.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as error:
        population.read([path])
    assert told in f"{error.value.message} {error.value.remedy}"


def toddler(name, sex, gemeente, answer="04"):
    """Seen at 2½, in May 2024."""
    rows = [(name, 20, "2021-11-15"), (name, 19, sex), (name, 9, gemeente)]
    rows += [(name, 724, "2024-05-20", "2024-05-20"), (name, 1605, "01", "2024-05-20")]
    return [*rows, *([(name, 188, answer, "2024-05-20")] if answer else [])]


def counted(
    tmp_path, store, people, *, served=(), years=(2024, 2024), by=("sex",), levels=("gemeente",), areas=()
):
    path = tmp_path / "inwoners.csv"
    path.write_text(people, encoding="utf-8")
    plan = Plan(
        choose(["BRUSH", "OW-3", "FORM-HOME"]), Settings(*years, date(years[1], 12, 31)), levels=levels, by=by
    )
    with Store.open(store) as opened:
        return run.compute(
            opened,
            plan,
            tmp_path / "r.result",
            replace=True,
            population=[path],
            served=served,
            area_paths=areas,
        )


def in_view(result, indicator, **where):
    keep = {"indicator": indicator, "period": "2024", "sex": TOTAL} | where
    return result.counts().filter(**keep).select("area", "n", "missing", "resident").collect().rows()


ALL_AGES = "regio;jaar;leeftijd;geslacht;aantal\n" + "".join(
    f"{g};2024;{age};{sex};{count}\n"
    for g, count in (("GM0363", 10), ("GM0392", 4))
    for age in range(18)
    for sex in "MV"
)


def test_residents_by_hand(make_store, tmp_path):
    """BRUSH is about 2 to 12 years: ten years of age, 10 boys and 10 girls each in Amsterdam and 4 in Haarlem."""
    rows = [r for n in range(6) for r in toddler(f"a{n}", str(1 + n % 2), "0363", "04" if n < 4 else None)]
    rows += toddler("h", "1", "0392") + toddler("elders", "2", "0518")
    result = counted(tmp_path, make_store(rows), ALL_AGES)
    assert in_view(result, "BRUSH", level="gemeente") == [
        ("GM0363", 4, 2, 200),
        ("GM0392", 1, 0, 80),
        ("GM0518", 1, 0, None),  # not in the table: unknown, not zero
    ]
    assert in_view(result, "BRUSH", level="land") == [(TOTAL, 6, 2, 280)]
    assert in_view(result, "BRUSH", level="gemeente", sex="M", area="GM0363")[0][3] == 100
    # contacts are no children: nothing to lay them beside
    assert {r[3] for r in in_view(result, "FORM-HOME")} <= {None}
    assert counted(tmp_path, make_store(rows, "b"), ALL_AGES, served=["392"]).counts().filter(
        indicator="BRUSH", level="land", sex=TOTAL
    ).collect()["resident"].to_list() == [80]


def test_few_seen_is_a_flag_on_the_figure(make_store, tmp_path):
    """40 of 40 seen have the answer, and 200 live there: less than half is known."""
    rows = [r for n in range(120) for r in toddler(f"a{n}", "1", "0363")]
    many = ALL_AGES.replace("GM0363;2024;2;M;10", "GM0363;2024;2;M;500")
    for people, word in ((ALL_AGES, "voldoende"), (many, "beperkt")):
        result = counted(tmp_path, make_store(rows, word), people)
        found = result.counts().filter(indicator="BRUSH", level="gemeente", sex=TOTAL).collect()
        assert found["reliability"].to_list() == [word]


@pytest.mark.parametrize(
    ("name", "ages"),
    [
        ("BRUSH", (24, 144)),
        ("REACH-P0", (0, 12)),  # reached at eight days
        ("REACH-P3", (36, 48)),  # ends at four years
        ("REACH-IN-CARE", (0, 216)),
        ("HIEL", (0, 12)),
        ("BF-6M", (0, 12)),
        ("VAC-INF-FULL", (12, 24)),
        ("VAC-MEN14", (180, 192)),  # before the sixteenth birthday
        ("VWO-WORDS", (7, 19)),  # 11 to 16 months, widened to a year of births
        ("FORM-HOME", None),
        ("OW-FOLLOW", None),
    ],
)
def test_ages_on_the_first_of_january(name, ages):
    assert residents.window(choose([name])[0]) == ages


def test_every_indicator_of_children_has_an_age():
    without = {i.id for i in choose([]) if residents.window(i) is None}
    contacts = {"NOSHOW", "FORM-HOME", "FORM-REMOTE", "FORM-GROUP", "INDIC"}
    # children chosen by their weight; and series with another age limit per birth cohort
    assert without == contacts | {"OW-FOLLOW", "VAC-DKTP5", "VAC-SCH10-DTP"}


def test_age_classes_are_spread_evenly_and_years_of_merging_add_up(make_store, tmp_path):
    """Brielle and Hellevoetsluis (2022) are Voorne aan Zee in 2023; 0 to 15 years in one class of 15 a year of age."""
    text = "gwb_code_10;jaar;a_00_14\nGM0501;2022;150\nGM0530;2022;300\nGM0614;2022;150\nGM1992;2023;750\nGM0501;2023;.\n"
    rows = toddler("a", "1", "1992")
    result = counted(tmp_path, make_store(rows), text, years=(2022, 2024 - 1), by=())
    found = result.counts().filter(indicator="BRUSH", area="GM1992").collect()
    assert found.height == 0  # seen in 2024
    rows = [r if r[1] != 724 else (*r[:2], "2023-05-20", "2023-05-20") for r in rows]
    rows = [
        (*r[:3], "2023-05-20") if len(r) > 3 else (*r[:2], "2020-11-15") if r[1] == 20 else r for r in rows
    ]
    result = counted(tmp_path, make_store(rows, "b"), text, years=(2022, 2023), by=())
    found = result.counts().filter(indicator="BRUSH", area="GM1992").collect()
    # 2 to 12 years is 10 of 15 years: 400 of 600 in 2022, 500 of 750 in 2023
    assert dict(found.select("period", "resident").iter_rows()) == {"2023": 500, "2022-2023": 900}
    assert any("geschat" in note for note in notes_of(result.meta))


def test_years_and_areas_that_do_not_match_are_refused(make_store, areas, tmp_path):
    store = make_store([*toddler("a", "1", "0363"), ("a", 16, "1011AA"), ("a", 12, "1")])
    with pytest.raises(UsageError, match="2023 ontbreken; de tabel heeft 2024") as error:
        counted(tmp_path, store, ALL_AGES, years=(2023, 2024))
    assert "--population" in error.value.remedy
    with pytest.raises(UsageError, match="past niet bij de gebieden") as error:
        counted(tmp_path, store, ALL_AGES, levels=("gemeente", "wijk"), areas=[areas])
    assert "--area" in error.value.remedy
    with pytest.raises(UsageError, match="past niet bij de gebieden"):
        counted(tmp_path, store, ALL_AGES.replace("GM0363", "GM9998").replace("GM0392", "GM9999"))
    with pytest.raises(UsageError, match="GM0518"):
        counted(tmp_path, store, ALL_AGES, served=["0518"])


def test_no_row_is_nobody_and_a_dot_is_unknown(make_store, tmp_path):
    """A count from the BRP leaves out ages that nobody has; 0363 has no boys of 3, and of 0392 one age is not told."""
    rows = toddler("a", "1", "0363") + toddler("h", "1", "0392")
    text = ALL_AGES.replace("GM0363;2024;3;M;10\n", "").replace("GM0392;2024;3;M;4", "GM0392;2024;3;M;.")
    result = counted(tmp_path, make_store(rows), text)
    assert in_view(result, "BRUSH", level="gemeente") == [("GM0363", 1, 0, 190), ("GM0392", 1, 0, None)]


def test_a_gemeente_called_like_a_code_is_a_name_and_one_without_residents_is_told(make_store, tmp_path):
    """Bunnik (0312) was read as buurt NNIK, and the whole had its child and not its residents."""
    path = tmp_path / "x.csv"
    path.write_text(
        "gemeente;jaar;leeftijd;aantal\nBunnik;2024;2;7\nBuren;2024;2;8\nBU03120001;2024;2;9\n", "utf-8"
    )
    assert {a for a, _, _ in population.read([path]).counts} == {"bunnik", "buren", "BU03120001"}
    result = counted(tmp_path, make_store(toddler("a", "1", "0363") + toddler("b", "1", "0312")), ALL_AGES)
    assert in_view(result, "BRUSH", level="land") == [(TOTAL, 2, 0, 280)]
    [told] = [n for n in notes_of(result.meta) if "geen inwoners" in n]
    assert "1 gemeenten met kinderen staan geen inwoners in de tabel (GM0312)" in told


def test_a_buurt_without_boys_does_not_make_its_gemeente_unknown(make_store, areas, tmp_path):
    """Ten girls of each age in one buurt, four boys in the other: 14 × 10 ages, and no row of nobody is needed."""
    store = make_store([*toddler("a", "1", "0363"), ("a", 16, "1011AA"), ("a", 12, "1")])
    text = "buurtcode,jaar,leeftijd,geslacht,aantal\n" + "".join(
        f"BU03630001,2024,{age},V,10\nBU03630002,2024,{age},M,4\n" for age in range(18)
    )
    result = counted(tmp_path, store, text, levels=("gemeente", "wijk"), areas=[areas])
    assert in_view(result, "BRUSH", level="gemeente") == [("GM0363", 1, 0, 140)]
    assert in_view(result, "BRUSH", level="gemeente", sex="M") == [("GM0363", 1, 0, 40)]


def test_wijken_are_the_sum_of_their_buurten(make_store, areas, tmp_path):
    store = make_store([*toddler("a", "1", "0363"), ("a", 16, "1011AA"), ("a", 12, "1")])
    text = "buurtcode,jaar,a_00_14\nBU03630001,2024,30\nBU03630002,2024,15\nBU03630100,2024,.\nBU03920001,2024,45\n"
    result = counted(tmp_path, store, text, levels=("gemeente", "wijk"), areas=[areas], by=())
    # BRUSH is ten of fifteen years; a buurt that is not published makes its gemeente unknown
    assert in_view(result, "BRUSH", level="wijk") == [("WK036300", 1, 0, 30)]
    assert in_view(result, "BRUSH", level="gemeente") == [("GM0363", 1, 0, None)]


def test_after_protecting_only_rows_that_tell_their_denominator_have_residents(make_store, tmp_path, bds):
    """Amsterdam 40 children, Haarlem 4 (hidden, so another is too); the generated region below goes the same way."""
    rows = [r for n in range(60) for r in toddler(f"a{n}", "1", "0363", "04" if n < 30 else "01")]
    rows += [r for n in range(60) for r in toddler(f"b{n}", "1", "0518", "04" if n < 30 else "01")]
    rows += [r for n in range(4) for r in toddler(f"h{n}", "2", "0392")]
    people = ALL_AGES + ALL_AGES.split("\n", 1)[1].replace("GM0363", "GM0518").replace("GM0392", "GM0344")
    counted(tmp_path, make_store(rows), people, by=())
    done = bds(
        "protect", "run", tmp_path / "r.result", "--to", tmp_path / "v.result", "--policy", "ncj-strict"
    )
    assert done.code == 0, done.err
    frame = pl.read_parquet(tmp_path / "v.result" / "counts.parquet").filter(pl.col("indicator") == "BRUSH")
    told = {r["area"]: (r["n"], r["resident"]) for r in frame.iter_rows(named=True)}
    assert told["GM0392"] == (None, None)
    assert any(resident for _, resident in told.values())
    assert all((n is None) == (resident is None) for n, resident in told.values())
    assert bds("report", "table", tmp_path / "v.result", "-i", "BRUSH", "-o", tmp_path / "t.csv").code == 0
    table = pl.read_csv(tmp_path / "t.csv")
    for row in table.filter(pl.col("n").is_not_null()).iter_rows(named=True):
        assert row["in_view"] == pytest.approx(100 * (row["n"] + row["missing"]) / row["resident"], abs=0.051)
        assert row["x"] is None or row["reached"] == pytest.approx(
            100 * row["x"] / row["resident"], abs=0.051
        )
