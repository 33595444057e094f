"""`bds qualify`: an example meets the scenario made of it, in any form; what is taken out or altered is told, nothing else."""

from __future__ import annotations

import json
import random
import re
from datetime import date, timedelta

import polars as pl
import pytest
import yaml
from lxml import html

from bds_tool.export.comparing.meaning import with_meaning
from bds_tool.export.qualifying.deriving import derive
from bds_tool.export.qualifying.judging import MET, judge
from bds_tool.export.qualifying.scenario import Period, scenarios


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    from bds_tool.cli.main import run

    path = tmp_path_factory.mktemp("qualify") / "a.bds"
    made = ["generate", "--children", "1", "--seed", "4", "--bds", "4.1.3", "-o", str(path), "--quiet"]
    assert run(made) == 0
    return path


@pytest.fixture(scope="module")
def rows(store):
    return with_meaning(pl.read_parquet(store / "registraties.parquet"), "4.1.3")


def test_an_age_gives_the_day_again():
    draw = random.Random(1)
    for _ in range(3000):
        birth = date(2000, 1, 1) + timedelta(days=draw.randint(0, 3000))
        day = birth + timedelta(days=draw.randint(-40, 7000))
        age = Period.between(birth, day)
        assert age.after(birth) == day
        assert Period.read(str(age)) == age
    # By hand: 29 February 2008 and a year later; the last day of a short month.
    assert str(Period.between(date(2008, 2, 29), date(2009, 2, 28))) == "P1Y"
    assert Period.read("P1M").after(date(2023, 1, 31)) == date(2023, 2, 28)


@pytest.mark.parametrize("to", ["store", "csv", "ndjson"])
def test_an_example_meets_its_own_scenario(bds, store, tmp_path, to):
    own = tmp_path / "eigen.yaml"
    assert bds("qualify", "new", store, "-o", own, "--exact").code == 0
    other = store if to == "store" else tmp_path / f"kopie.{to}"
    if to != "store":
        assert bds("convert", store, other, "--to", to).code == 0
    told = bds("qualify", own, other, "--format", "json", "--bds", "4.1.3")
    facts = json.loads(told.out)
    asked = yaml.safe_load(own.read_text("utf-8"))["items"]
    assert facts["summary"]["required"] == sum(i.get("aantal", 1) for i in asked)
    assert facts["summary"]["percent"] == 100.0
    assert (told.code == 0) == (facts["summary"]["errors"] == 0) == facts["passed"]


def taken_out(rows, step):
    """Every registratie of the example in turn taken out: one item less, of its element and contact, and no other."""
    asked, _ = derive(rows, "4.1.3", exact=True)
    assert judge(asked, rows).percent == 100
    for at in range(0, rows.height, step):
        gone = rows.row(at, named=True)
        if gone["bdsnummer"] is None:
            continue
        found = judge(asked, rows.with_row_index("at").filter(pl.col("at") != at))
        open_ = [v for v in found.verdicts if v.status != MET]
        assert [(v.status, v.item.element) for v in open_] == [("ontbreekt", gone["bdsnummer"])], gone
        assert bool(open_[0].item.moment) == (gone["activiteit_id"] is not None)


def altered(rows, step):
    """Every code of the example in turn another one: that item differs, and no other."""
    asked, _ = derive(rows, "4.1.3")
    exact = {i.element for i in asked.items if i.value is not None}
    for at in [i for i, n in enumerate(rows["bdsnummer"]) if n in exact][::step]:
        other = (
            pl.when(pl.int_range(pl.len()) == at).then(pl.lit("andere")).otherwise("meaning").alias("meaning")
        )
        found = judge(asked, rows.with_columns(other))
        open_ = [(v.status, v.item.element) for v in found.verdicts if v.status != MET]
        assert open_ == [("verschilt", rows["bdsnummer"][at])]


def test_a_value_taken_out_is_told_alone(rows):
    taken_out(rows, 23)


def test_a_code_that_is_another_is_told_alone(rows):
    altered(rows, 23)


@pytest.mark.slow
def test_each_value_taken_out_or_altered_is_told_alone(rows):
    taken_out(rows, 1)
    altered(rows, 1)


@pytest.mark.parametrize("seed", range(3))
def test_ids_order_and_other_registraties_do_not_matter(rows, seed):
    asked, _ = derive(rows, "4.1.3", exact=True)
    other = pl.format("x{}", pl.col("activiteit_id").hash(seed)).alias("activiteit_id")
    own = pl.when(pl.col("activiteit_id").is_null()).then(None).otherwise(other).alias("activiteit_id")
    mixed = rows.with_columns(own).sample(fraction=1, shuffle=True, seed=seed)
    assert judge(asked, mixed).percent == 100
    # Another contact, years later, of a kind that is asked: nothing of it stands in for what is missing.
    act = rows.filter(pl.col("bdsnummer") == 724)["activiteit_id"][-1]
    later = pl.col("waarde").str.replace(r"^\d{4}", "2060")
    own = rows.filter(pl.col("activiteit_id") == act)
    late = own.with_columns(
        pl.lit("extra").alias("activiteit_id"),
        pl.when(pl.col("bdsnummer") == 724).then(later).otherwise("waarde").alias("waarde"),
        pl.when(pl.col("bdsnummer") == 724).then(later).otherwise("meaning").alias("meaning"),
    )
    moved = judge(
        asked,
        pl.concat(
            [
                rows.filter(pl.col("activiteit_id") != act),
                rows.filter(pl.col("activiteit_id").is_null()),
                late,
            ]
        ),
    )
    open_ = [v for v in moved.verdicts if v.status != MET]
    assert {v.status for v in open_} == {"ontbreekt"}
    assert len(open_) == own["bdsnummer"].drop_nulls().len()


def test_a_contact_on_another_day_is_told(rows):
    """Ten days late where seven may be: its day differs, and the rest of it is still found."""
    asked, _ = derive(rows, "4.1.3")
    acts = rows.filter(pl.col("bdsnummer") == 724)
    act, day = acts["activiteit_id"][-1], date.fromisoformat(acts["waarde"][-1][:10])
    for days, wanted in ((7, []), (10, [("verschilt", 724)])):
        other = str(day + timedelta(days=days))
        mine = (pl.col("bdsnummer") == 724) & (pl.col("activiteit_id") == act)
        late = rows.with_columns(
            pl.when(mine).then(pl.lit(other)).otherwise(c).alias(c) for c in ("waarde", "meaning")
        )
        found = judge(asked, late)
        assert [(v.status, v.item.element) for v in found.verdicts if v.status != MET] == wanted


def test_values_of_any_kind_must_be_values(bds, tmp_path):
    """A weight that is `unknown` (a nullFlavor) does not meet an item that asks for a weight."""
    scenario = tmp_path / "s.yaml"
    head = 'id: s\ntitel: {nl: s, en: s}\nrichting: eigen\nbds: "4.1.3"\nbron: s\nzekerheid: D\nmarge_dagen: 7\nmomenten: []\n'
    scenario.write_text(head + "items:\n  - {element: 110}\n  - {element: 82, aantal: 2}\n", encoding="utf-8")
    data = tmp_path / "d.csv"
    data.write_text("dossier_id,bdsnummer,waarde,nullflavor\nA,110,,UNK\nA,82,280,\n", encoding="utf-8")
    told = bds("qualify", scenario, data, "--format", "json", "--bds", "4.1.3")
    assert told.code == 1
    items = [(i["element"], i["status"]) for i in json.loads(told.out)["items"]]
    assert items == [(110, "different"), (82, "met"), (82, "missing")]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ("element: 1000000", "bestaat niet"), ('element: 19, waarde: "77"', "geen BDS-code"),
        ("element: 19, moment: m9", "een moment dat er niet is"), ("element: 19, kleur: rood", "onbekend"),
    ],
)  # fmt: skip
def test_a_scenario_that_is_wrong_says_where(bds, tmp_path, store, change, word):
    scenario = tmp_path / "s.yaml"
    head = 'id: s\ntitel: {nl: s, en: s}\nrichting: eigen\nbds: "4.1.3"\nbron: s\nzekerheid: D\nmarge_dagen: 7\nmomenten: []\n'
    scenario.write_text(f"{head}items:\n  - {{{change}}}\n", encoding="utf-8")
    told = bds("qualify", scenario, store)
    assert told.code == 2
    assert word in told.err


def test_what_is_no_scenario_is_told_without_its_content(bds, tmp_path, store):
    (tmp_path / "kind.yaml").write_text("naam: Kanariaan\nbsn: 999990019\n", encoding="utf-8")
    told = bds("qualify", tmp_path / "kind.yaml", store)
    assert told.code == 2
    assert "anariaan" not in told.err
    assert "999990019" not in told.err
    assert bds("qualify", "bestaat-niet", store).code == 2
    assert bds("qualify", "versturen-0-13", tmp_path / "weg.xml").code == 3


def test_the_report_that_is_handed_in(bds, store, tmp_path):
    own, page = tmp_path / "eigen.yaml", tmp_path / "r.html"
    assert bds("qualify", "new", store, "-o", own).code == 0
    text = own.read_text("utf-8").replace('waarde: "1"', 'waarde: "2"', 1)
    assert "waarde" in text
    own.write_text(text, encoding="utf-8")
    told = bds("qualify", own, store, "--format", "html", "-o", page)
    assert told.code == 1
    tree = html.parse(str(page)).getroot()
    required = sum(i.get("aantal", 1) for i in yaml.safe_load(text)["items"])
    bodies = tree.xpath("//table/tbody")
    assert [len(b.xpath("tr")) for b in bodies] == [1, required]
    assert "verschilt" in bodies[0].text_content()
    assert "99,9 %" not in page.read_text("utf-8") or required >= 1000
    assert not tree.xpath("//script|//link|//img|//@href[not(starts-with(., '#'))]|//@src")
    key = pl.read_parquet(store / "registraties.parquet")["dossier_id"][0]
    assert key not in page.read_text("utf-8")


def test_every_scenario_is_listed_with_its_source(bds):
    rows = json.loads(bds("qualify", "list", "--format", "json").out)
    assert {r["scenario"] for r in rows} >= {"versturen-0-13", "versturen-0-3", "ontvangen-0-13", "ontvangen-0-3", "ontvangen-minimaal"}  # fmt: skip
    assert all("HL7-mappings" in r["bron"] for r in rows)
    assert len(rows) == len(scenarios())


@pytest.mark.parametrize(
    ("birth", "day", "age"),
    [
        # By hand: filled in on 1 June 2001, born 1 June 1987; three years and five days before filling in is 27 May 1998.
        ("- P14Y", "- P3Y - P5D", "P10Y11M26D"), ("- P14Y", "- P14Y + P2M", "P2M"), ("- P2Y", "", "P2Y"),
        ("- P1Y", "- P1Y - P10D", "-P10D"), ("- P14Y", "- P14Y + P5D", "P5D"),
    ],
)  # fmt: skip
def test_ages_come_out_of_the_formulas_of_a_template(birth, day, age):
    def formula(steps):
        found = [
            f" {s[0]} xs:{'dayTime' if s.endswith('D') else 'yearMonth'}Duration('{s[2:]}')"
            for s in re.findall(r"[+-] P\w+", steps)
        ]
        return "{format-dateTime(current-dateTime()" + "".join(found) + ", '[Y0001][M01][D01]')}"

    rows = pl.DataFrame(
        [(20, None, formula(birth)), (494, "a", "37"), (724, "a", formula(day))],
        schema={"bdsnummer": pl.Int32, "activiteit_id": pl.String, "waarde": pl.String}, orient="row",
    ).with_columns(
        *(pl.lit(None, pl.String).alias(c) for c in ("groep", "tekst", "nullflavor", "eenheid", "codesysteem")),
        pl.lit(None, pl.Int32).alias("volgnr"),
    )  # fmt: skip
    made, _ = derive(with_meaning(rows, "4.1.3"), "4.1.3")
    assert [(m.kind, str(m.age)) for m in made.moments] == [("37", age)]
