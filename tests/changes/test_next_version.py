"""The story of BDS 4.3.0: what holds without anybody looking, what must follow, and what says that it does not know."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest

from bds_tool.base.specs import set_specs, specs_dir
from bds_tool.changes import apply_package, write_definition
from bds_tool.changes.edit import add_change, empty_package
from bds_tool.changes.impact import must_follow
from bds_tool.findings.report.envelope import build
from bds_tool.findings.report.text import text
from bds_tool.schema import is_draft, load, newest, versions
from bds_tool.schema.checking.running import check_specs
from bds_tool.schema.protocols import rules_for, unjudged
from bds_tool.schema.zib.checking import check as check_zib
from bds_tool.store.columns import REGISTRATIES
from bds_tool.store.store import StoreWriter
from bds_tool.validate.engine import Options, validate

TODAY = date(2026, 11, 29)
NEW = "4.3.0"


@pytest.fixture
def specs(tmp_path):
    """A copy of the definitions to which versions can be added."""
    folder = tmp_path / "specs"
    shutil.copytree(specs_dir(), folder)
    set_specs(str(folder))
    yield folder
    set_specs("")


def applied(folder, *steps):
    old = load("4.2.0")
    pakket = empty_package(old, NEW)
    for kind, key, values in steps:
        pakket, _ = add_change(pakket, old, kind, key, values, "JGZ-900", "Titel", "Besluit")
    write_definition(apply_package(pakket, old), folder / "bds" / NEW, folder / "bds" / "4.2.0", draft=True)
    return pakket


def fails():
    """Whether `bds spec check` ends with findings that count."""
    return any(f.severity == "fout" for f in check_specs().findings)


ADDED = (
    "element-toegevoegd",
    "2001",
    {"naam": "Nieuw", "rubriek": "R019", "datatype": "AN", "hl7_datatype": "ST"},
)


def judged(folder, version, rows, *, asked=""):
    path = folder.parent / f"{len(list(folder.parent.iterdir()))}.bds"
    with StoreWriter(path) as writer:
        writer.add_bron(bron=1, pad="t.csv", formaat="tabel-lang", bds_herkend=version or newest(),
                        bds_zekerheid="zeker" if version else "onbekend",
                        gelezen=datetime(2026, 11, 29, tzinfo=UTC))  # fmt: skip
        types = {"bdsnummer": pl.Int32, "volgnr": pl.Int32, "bron": pl.Int32, "regel": pl.Int64}
        full = [{**r, "dossier_id": "d1", "bron": 1, "regel": n} for n, r in enumerate(rows, start=1)]
        data = {c: [r.get(c) for r in full] for c in REGISTRATIES}
        frame = pl.DataFrame(data, schema={c: types.get(c, pl.String) for c in REGISTRATIES}, strict=False)
        writer.add_table(frame.with_columns(pl.col("datum").str.to_date("%Y-%m-%d", strict=False)))
    from bds_tool.store.store import Store

    return validate(Store.open(path), Options(today=TODAY, bds=asked))


PLACE = {"activiteit_id": "a", "datum": "2024-03-01"}
HEIGHT_ALONE = [
    {"bdsnummer": 20, "waarde": "2018-10-11", "rubriek": "R003"},
    {**PLACE, "bdsnummer": 724, "waarde": "2024-03-01"},
    {**PLACE, "bdsnummer": 235, "waarde": "1150", "rubriek": "R027"},
]
#: What an export never has a protocol does not miss: here weights are delivered, at another contact.
LATER = {"activiteit_id": "b", "datum": "2025-03-01"}
WEIGHT_LATER = [
    {**LATER, "bdsnummer": 724, "waarde": "2025-03-01"},
    {**LATER, "bdsnummer": 245, "waarde": "20500", "eenheid": "g", "rubriek": "R027"},
]


def counted(result, code):
    return int(result.totals.filter(pl.col("code") == code)["n"].sum())


def test_protocols_hold_for_a_version_that_did_not_exist_when_they_were_written(specs):
    before = {r.id for r in rules_for("4.2.0")}
    applied(specs, ADDED)
    assert {r.id for r in rules_for(NEW)} == before
    rows = HEIGHT_ALONE + WEIGHT_LATER
    same = [counted(judged(specs, v, rows), "BDS601") for v in ("4.2.0", NEW)]
    # By hand: a height without a weight breaks groei-gewicht-bij-lengte.
    assert same[0] == same[1] > 0


def test_what_is_never_delivered_is_not_judged_and_never_good(specs):
    """A height alone: no protocol can say that a weight is missing where no weight is ever delivered."""
    result = judged(specs, "4.2.0", HEIGHT_ALONE)
    status = dict(result.verdicts.filter(pl.col("code") == "BDS601").select("code", "status").rows())
    assert status == {"BDS601": "niet beoordeeld"}
    named = {c["id"]: c["reason"] for c in build(result)["not_covered"]}
    assert "245" in named["groei-gewicht-bij-lengte"]
    both = judged(specs, "4.2.0", HEIGHT_ALONE + WEIGHT_LATER)
    assert "groei-gewicht-bij-lengte" not in {c["id"] for c in build(both)["not_covered"]}


def test_a_draft_is_never_chosen_by_itself(specs):
    assert newest() == "4.2.0"
    applied(specs, ADDED)
    assert versions()[-1] == NEW
    assert is_draft(NEW)
    assert newest() == "4.2.0"
    result = judged(specs, None, HEIGHT_ALONE)
    assert {v for v, _ in result.groups.values()} == {"4.2.0"}
    assert "beoordeeld als 4.2.0" in text(build(result))
    assert {v for v, _ in judged(specs, None, HEIGHT_ALONE[:2], asked=NEW).groups.values()} == {NEW}


def test_a_protocol_that_names_an_expired_element_is_not_judged_and_says_so(specs):
    pakket = applied(specs, ("element-vervallen", "245", {}))
    assert "groei" in dict(unjudged(NEW))
    report = build(judged(specs, NEW, HEIGHT_ALONE))
    named = {c["id"]: c["reason"] for c in report["not_covered"]}
    assert "245" in named["groei"]
    assert "BDS 4.3.0 kent element 245 niet (meer): groei" in text(report)
    assert any(line.startswith("protocollen groei") for line in must_follow(pakket))
    assert any(line.startswith("indicatoren ") for line in must_follow(pakket))


def test_spec_check_fails_until_the_definitions_follow_or_it_is_declared(specs):
    assert not fails()
    applied(specs, ("element-vervallen", "1644", {}))
    found = [f for f in check_specs().findings if f.code == "SPEC307"]
    assert {f.key for f in found} == {"1644"}
    assert fails()
    with (specs / "bds" / "afwijkingen.csv").open("a", encoding="utf-8") as file:
        file.write(
            f"SPEC307,{NEW},,1644,De regel over contra-indicaties vervalt mee in het volgende pakket.\n"
        )
    assert not [f for f in check_specs().findings if f.code == "SPEC307"]


def test_no_definition_covers_the_version_at_all(specs):
    applied(specs, ADDED)
    for path in (specs / "protocollen").glob("*.yaml"):
        lines = path.read_text(encoding="utf-8").split("\n")
        kept = [x for x in lines if not x.startswith("until:")]
        at = next(n for n, x in enumerate(kept) if x.startswith("since:"))
        path.write_text("\n".join([*kept[: at + 1], f'until: "{NEW}"', *kept[at + 1 :]]), encoding="utf-8")
    set_specs("")
    moved = specs.rename(specs.with_name("zonder"))
    set_specs(str(moved))
    assert rules_for(NEW) == ()
    result = judged(moved, NEW, HEIGHT_ALONE)
    verdict = result.verdicts.filter(pl.col("code") == "BDS601").select("status", "reason").rows()
    assert verdict == [("niet beoordeeld", f"geen definitie voor BDS {NEW}")]
    assert len(build(result)["not_covered"]) >= 10


def test_zib_check_lists_what_the_new_version_lacks(specs):
    assert check_zib() == []
    applied(specs, ADDED)
    assert {f.message.count("2001") for f in check_zib()} == {1}
    assert len(check_zib()) == 2  # a row for each of the releases 2017 and 2020


def test_rules_read_the_unit_of_the_version(specs):
    # By hand: 11.5 kg at the age of five is probable, and so is 11 500 g; 11.5 g is not.
    applied(specs, ("element-eenheid", "245", {"eenheid": "kg"}))
    rows = [*HEIGHT_ALONE, {**PLACE, "bdsnummer": 245, "waarde": "18.5", "eenheid": "kg", "rubriek": "R027"}]
    grams = [*HEIGHT_ALONE, {**PLACE, "bdsnummer": 245, "waarde": "18500", "eenheid": "g", "rubriek": "R027"}]

    def heavy(result):
        codes = result.totals.filter(pl.col("bdsnummer") == 245)["code"].unique().to_list()
        return {c for c in codes if c[3] in "245"}

    assert heavy(judged(specs, NEW, rows)) == heavy(judged(specs, "4.2.0", grams)) == set()
    # The same number in the old unit is a factor 1000 too small.
    old = [{**r, "eenheid": "g"} if r["bdsnummer"] == 245 else r for r in rows]
    assert heavy(judged(specs, "4.2.0", old)) != set()


def counted_in(folder, version, rows):
    """Overweight (OW) in 2024: n, x and the notes of the result."""
    from bds_tool.indicators.catalogue import choose
    from bds_tool.indicators.compute import Plan
    from bds_tool.indicators.features import Settings
    from bds_tool.indicators.result import notes_of
    from bds_tool.indicators.run import compute
    from bds_tool.store.store import Store

    path = folder / f"{version}-ow.bds"
    with StoreWriter(path) as writer:
        writer.add_bron(bron=1, pad="t.csv", formaat="tabel-lang", bds_herkend=version, bds_zekerheid="zeker",
                        gelezen=datetime(2026, 11, 29, tzinfo=UTC))  # fmt: skip
        types = {"bdsnummer": pl.Int32, "volgnr": pl.Int32, "bron": pl.Int32, "regel": pl.Int64}
        full = [{**r, "bron": 1, "regel": n} for n, r in enumerate(rows, start=1)]
        data = {c: [r.get(c) for r in full] for c in REGISTRATIES}
        frame = pl.DataFrame(data, schema={c: types.get(c, pl.String) for c in REGISTRATIES}, strict=False)
        writer.add_table(frame.with_columns(pl.col("datum").str.to_date("%Y-%m-%d", strict=False)))
    plan = Plan(choose(["OW"]), Settings(2024, 2024, date(2024, 12, 31)), levels=(), by=())
    result = compute(Store.open(path), plan, folder / f"{version}.result")
    (row,) = result.counts().select("n", "x").unique().collect().rows()
    return row, notes_of(result.meta)


def children(height, weight):
    """Two children of five, 1.10 m and 24.2 kg (obese) and 19.36 kg (not), written in these units."""
    rows = []
    for name, kilos in (("a", "24.2"), ("b", "19.36")):
        place = {"dossier_id": name, "activiteit_id": f"{name}1", "datum": "2024-01-15"}
        rows += [
            {"dossier_id": name, "bdsnummer": 20, "waarde": "2019-01-15"},
            {"dossier_id": name, "bdsnummer": 19, "waarde": "1"},
            {**place, "bdsnummer": 235, "waarde": {"mm": "1100", "cm": "110"}[height], "eenheid": height},
            {
                **place,
                "bdsnummer": 245,
                "waarde": kilos if weight == "kg" else f"{Decimal(kilos) * 1000:.0f}",
                "eenheid": weight,
            },
        ]
    return rows


def test_indicators_count_the_same_in_a_version_with_other_units(specs, tmp_path):
    applied(
        specs, ("element-eenheid", "245", {"eenheid": "kg"}), ("element-eenheid", "235", {"eenheid": "cm"})
    )
    old, _ = counted_in(tmp_path, "4.2.0", children("mm", "g"))
    new, notes = counted_in(tmp_path, NEW, children("cm", "kg"))
    # By hand (IOTF, boys of five): BMI 20 is above 19.30, obese; BMI 16 below 17.42.
    assert old == new == (2, 1)
    assert not [n for n in notes if n.startswith("OW:")]


def test_an_indicator_that_names_an_expired_element_says_so(specs, tmp_path):
    applied(specs, ("element-vervallen", "245", {}))
    _, notes = counted_in(tmp_path, NEW, children("mm", "g"))
    assert [n for n in notes if n.startswith("OW:")] == [f"OW: BDS {NEW} kent element 245 niet meer"]


def test_apply_prints_what_must_follow(specs, tmp_path, bds):
    package = tmp_path / "p.yaml"
    assert bds("change", "new", "4.2.0", NEW, "-o", str(package)).code == 0
    assert bds("change", "add", str(package), "element-vervallen", "245", "--no-example").code == 0
    done = bds("change", "apply", str(package), "-O", str(specs / "bds" / NEW))
    assert done.code == 0
    assert "protocollen groei" in done.err
    assert "indicatoren " in done.err


def test_an_indicator_that_loses_all_it_counts_says_so_and_the_others_go_on(specs, tmp_path):
    """Smoking is asked by 1665 since 4.2.0 and by 510 before: without 1665 there is nothing left to count."""
    from bds_tool.indicators.catalogue import choose
    from bds_tool.indicators.version_coverage import uncovered

    applied(specs, ("element-vervallen", "1665", {}))
    chosen = choose(["SMOKE-HOME", "OW"])
    assert [line.partition(":")[0] for line in uncovered(chosen, [NEW])] == ["SMOKE-HOME"]
    new, notes = counted_in(tmp_path, NEW, children("mm", "g"))
    assert new == (2, 1)
    assert not [n for n in notes if n.startswith("OW:")]
