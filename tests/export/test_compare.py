"""`bds compare`: a delivery equals itself in whatever form, and what was changed in it is found, no more and no less."""

from __future__ import annotations

import json
import random
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from bds_tool.store.columns import REGISTRATIES
from bds_tool.store.store import StoreWriter

ROOT = Path(__file__).resolve().parents[2]
DOB = ROOT.parent / "shared" / "real" / "dob"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    from bds_tool.cli.main import run

    path = tmp_path_factory.mktemp("compare") / "a.bds"
    assert (
        run(["generate", "--children", "6", "--seed", "9", "--bds", "4.1.3", "-o", str(path), "--quiet"]) == 0
    )
    return path


def compared(bds, left, right, *more):
    done = bds("compare", left, right, "--format", "json", *more)
    assert done.code in {0, 1}, done.err
    facts = json.loads(done.out)
    assert (done.code == 0) == facts["equal"]
    return facts


@pytest.mark.parametrize("to", ["csv", "csv-wide", "parquet", "ndjson", "xlsx"])
def test_other_formats_of_one_delivery_are_equal(bds, store, tmp_path, to):
    out = tmp_path / ("uit.csv" if to == "csv" else "uit" if to == "csv-wide" else f"uit.{to}")
    assert bds("convert", store, out, "--to", to).code == 0
    facts = compared(bds, store, out)
    rows = pl.read_parquet(store / "registraties.parquet").height
    assert facts["summary"]["gelijk"] == rows
    assert facts["equal"]


def edited(store, tmp_path, change):
    """A copy of the store with its table changed."""
    import shutil

    shutil.copytree(store, tmp_path / "b.bds")
    rows = pl.read_parquet(store / "registraties.parquet")
    change(rows).write_parquet(tmp_path / "b.bds" / "registraties.parquet")
    return tmp_path / "b.bds"


@pytest.mark.parametrize("seed", range(4))
def test_what_was_planted_is_found(bds, store, tmp_path, seed):
    """Values of 5 measurements raised by one, 4 rows taken out: 5 differ, 4 stand left only, in their elements."""
    rows = pl.read_parquet(store / "registraties.parquet").with_row_index("i")
    chance = random.Random(seed)
    measured = rows.filter(pl.col("bdsnummer").is_in([235, 245]))["i"].to_list()
    raised = chance.sample(measured, 5)
    gone = chance.sample([i for i in rows["i"] if i not in measured], 4)

    def change(table):
        table = table.with_row_index("i")
        more = (pl.col("waarde").cast(pl.Int64, strict=False) + 1).cast(pl.String)
        changed = pl.when(pl.col("i").is_in(raised)).then(more).otherwise(pl.col("waarde")).alias("waarde")
        return table.with_columns(changed).filter(~pl.col("i").is_in(gone)).drop("i")

    facts = compared(bds, store, edited(store, tmp_path, change))
    assert {k: v for k, v in facts["summary"].items() if k != "gelijk" and v} == {
        "verschilt": 5,
        "alleen links": 4,
    }
    found = {e["element"]: (e["verschilt"], e["alleen links"]) for e in facts["elements"]}
    wanted = {}
    for indices, place in ((raised, 0), (gone, 1)):
        for number in rows.filter(pl.col("i").is_in(indices))["bdsnummer"]:
            wanted.setdefault(number, [0, 0])[place] += 1
    assert found == {n: tuple(c) for n, c in wanted.items()}


def test_ids_and_order_do_not_matter(bds, store, tmp_path):
    def change(table):
        other = pl.format("andere-{}", pl.col("activiteit_id")).alias("activiteit_id")
        return table.with_columns(other).sample(fraction=1, shuffle=True, seed=3)

    other = edited(store, tmp_path, change)
    assert compared(bds, store, other)["equal"]
    assert not compared(bds, store, other, "--ids", "keep")["equal"]


def test_a_unit_is_no_difference(bds, tmp_path):
    """82.5 cm, 825 mm and 825.0 mm are one height; 826 mm is another."""
    for name, value, unit in (
        ("a", "825", "mm"),
        ("b", "82.5", "cm"),
        ("c", "825.0", "mm"),
        ("d", "826", "mm"),
    ):
        text = f"dossier_id,bdsnummer,waarde,eenheid,datum\nK1,235,{value},{unit},2024-01-02\n"
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    assert compared(bds, tmp_path / "a.csv", tmp_path / "b.csv")["equal"]
    assert compared(bds, tmp_path / "a.csv", tmp_path / "c.csv")["equal"]
    assert compared(bds, tmp_path / "a.csv", tmp_path / "d.csv")["summary"]["verschilt"] == 1


def test_what_is_the_same_and_looks_otherwise_is_counted(bds, tmp_path):
    """825 mm and 82.5 cm: the same in another unit. A code of the message and of the data set: the same, written otherwise."""
    (tmp_path / "a.csv").write_text(
        "dossier_id,bdsnummer,waarde,eenheid,datum\nK1,235,825,mm,2024-01-02\nK1,747,FTH,,2024-01-02\nK1,19,1,,\n",
        encoding="utf-8",
    )
    # A table is read in the unit of the BDS; a message keeps the unit that it gives.
    rows = [(235, "82.5", "cm", date(2024, 1, 2)), (747, "02", None, date(2024, 1, 2)), (19, "1", None, None)]
    with StoreWriter(tmp_path / "b.bds") as writer:
        given = {"dossier_id": "K1", "bron": writer.add_bron(pad="b.xml", formaat="dob")}
        names = ("bdsnummer", "waarde", "eenheid", "datum")
        writer.add_rows(
            [tuple((given | dict(zip(names, row, strict=True))).get(c) for c in REGISTRATIES) for row in rows]
        )
    facts = compared(bds, tmp_path / "a.csv", tmp_path / "b.bds", "--all")
    assert facts["summary"]["in een andere eenheid"] == 1
    told = {e["element"]: (e["in een andere eenheid"], e["anders geschreven"]) for e in facts["elements"]}
    assert told == {19: (0, 0), 235: (1, 0), 747: (0, facts["summary"]["anders geschreven"])}


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        ("496,98,,,Zelfgemaakt", "496,98,,,Geitenmelk", False), ("496,98,,,Anders", "496,98,,,", True),
        ("7,999990019,,2.16.840.1.113883.2.4.6.3,", "7,999990019,,1.2.3,", False),
        ("496,01,,1.2.3,", "496,01,,,", False), ("496,FTH,,2.16.840.1.113883.2.4.4.40.307,", "496,FTH,,,", True),
    ],
)  # fmt: skip
def test_the_same_to_the_eye_may_mean_something_else(bds, tmp_path, left, right, equal):
    """The text beside "other", the root of a number and the system of a code are part of what is said."""
    head = "dossier_id,bdsnummer,waarde,eenheid,codesysteem,tekst\n"
    for name, row in (("a", left), ("b", right)):
        (tmp_path / f"{name}.csv").write_text(f"{head}K1,{row}\n", encoding="utf-8")
    assert compared(bds, tmp_path / "a.csv", tmp_path / "b.csv")["equal"] == equal


def test_the_page_can_be_read_by_anybody(bds, tmp_path):
    from lxml import html

    for name, value in (("a", "KANARIE"), ("b", "VOGEL")):
        (tmp_path / f"{name}.csv").write_text(
            f"dossier_id,bdsnummer,waarde\nGEHEIM,2,{value}\nGEHEIM,19,1\n", encoding="utf-8"
        )
    page = tmp_path / "v.html"
    asked = ("compare", tmp_path / "a.csv", tmp_path / "b.csv", "--format", "html", "--each", "-o", page)
    assert bds(*asked).code == 1
    tree = html.parse(str(page)).getroot()
    assert [len(b.xpath("tr")) for b in tree.xpath("//table/tbody")] == [1, 1]
    assert not tree.xpath("//script|//link|//img|//@href[not(starts-with(., '#'))]|//@src")
    assert [w for w in ("KANARIE", "VOGEL", "GEHEIM") if w in page.read_text("utf-8")] == []
    assert bds(*asked, "--show-values", "--force").code == 1
    assert "KANARIE" in page.read_text("utf-8")


def test_no_value_is_told_unasked(bds, tmp_path):
    for name, value in (("a", "KANARIE"), ("b", "VOGEL")):
        (tmp_path / f"{name}.csv").write_text(
            f"dossier_id,bdsnummer,waarde\nGEHEIM,2,{value}\n", encoding="utf-8"
        )
    closed = bds("compare", tmp_path / "a.csv", tmp_path / "b.csv", "--each")
    assert closed.code == 1
    assert [w for w in ("KANARIE", "VOGEL", "GEHEIM") if w in closed.out + closed.err] == []
    shown = bds("compare", tmp_path / "a.csv", tmp_path / "b.csv", "--each", "--show-values")
    assert "KANARIE" in shown.out
    assert "VOGEL" in shown.out


def official():
    """(original, converted by the official stylesheet) for each public pair."""
    for folder in ("converted-413-to-420", "converted-420-to-413"):
        for path in sorted((DOB / folder).glob("*.xml")):
            for place in (
                ("4.1.3", "4.1.3-qual") if folder == "converted-413-to-420" else ("4.2.0", "4.2.0-qual")
            ):
                original = DOB / place / path.name
                if original.is_file():
                    yield pytest.param(original, path, id=f"{folder}/{path.name}")
                    break


def official_pair(bds, original, converted):
    """What the official conversion drops is what our conversion keeps outside the BDS: nothing else differs."""
    facts = compared(bds, original, converted)
    return {
        k: v for k, v in facts["summary"].items() if v and k in {"verschilt", "alleen links", "alleen rechts"}
    }


@pytest.mark.parametrize(("original", "converted"), [*official()][::10])
def test_an_official_conversion_is_explained(bds, original, converted, shared):
    assert official_pair(bds, original, converted) == {}


@pytest.mark.slow
def test_every_official_conversion_is_explained(bds, shared):
    pairs = [case.values for case in official()]
    assert len(pairs) >= 20
    wrong = {pair[1].name: found for pair in pairs if (found := official_pair(bds, *pair))}
    assert wrong == {}
