"""Changing the unit of an element loses nothing: exact numbers, there and back, through the migration itself."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bds_tool.base.errors import UsageError
from bds_tool.changes import apply_package, compile_plan
from bds_tool.changes.check import check_definition_side
from bds_tool.changes.edit import add_change, empty_package
from bds_tool.changes.migrate.examples import apply_plan, frame
from bds_tool.schema import load
from bds_tool.schema.units import convert, factor, read_factor, written

PAIRS = [
    ("g", "kg"),
    ("kg", "g"),
    ("mm", "cm"),
    ("cm", "mm"),
    ("d", "wk"),
    ("wk", "d"),
    ("mo", "d"),
    ("min", "h"),
]
#: Worked by hand: UCUM says 1 wk = 7 d, 1 in = 2.54 cm, 1 kg = 1000 g.
KNOWN = [
    ("3530", "g", "kg", "3.53"),
    ("4687", "g", "kg", "4.687"),
    ("3.53", "kg", "g", "3530"),
    ("1023", "mm", "cm", "102.3"),
    ("280", "d", "wk", "40"),
    ("10", "d", "wk", "1.428571428571"),
    ("1.428571428571", "wk", "d", "10"),
    ("0", "g", "kg", "0"),
    ("-5", "mm", "cm", "-0.5"),
    ("10", "[in_i]", "cm", "25.4"),
]


@pytest.mark.parametrize(("number", "source", "target", "expected"), KNOWN)
def test_known_conversions(number, source, target, expected):
    assert convert(number, factor(source, target)) == expected


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_there_and_back_over_ten_thousand_values(source, target):
    by = factor(source, target)
    values = [str(n) for n in range(5_000)] + [f"{n // 10}.{n % 10}" for n in range(1, 50_000, 10)]
    assert len(values) == 10_000
    wrong = [v for v in values if Decimal(convert(convert(v, by), 1 / by)) != Decimal(v)]
    assert wrong == []


@given(st.decimals(0, 10**9, places=3), st.sampled_from(PAIRS))
def test_there_and_back_for_any_number(number, pair):
    text, by = f"{number:f}", factor(*pair)
    there = convert(text, by)
    assert there is not None
    assert Decimal(convert(there, 1 / by)) == number


@pytest.mark.parametrize("text", ["3,5", "1e3", "NaN", "inf", "", " 4", "zes", "1.", "0x1", "٣", "9" * 31])
def test_what_is_no_plain_number_is_not_computed(text):
    assert convert(text, Fraction(1, 1000)) is None


def test_a_number_that_could_not_come_back_is_not_computed():
    assert convert("1.23456789012345", Fraction(7)) is None


def test_a_factor_is_written_so_that_it_reads_back():
    for by in (Fraction(1, 1000), Fraction(1, 7), Fraction(7), Fraction(1000), Fraction(127, 50)):
        assert read_factor(written(by)) == by


def package(unit, factor_=""):
    old = load("4.2.0")
    return add_change(
        empty_package(old, "4.3.0"),
        old,
        "element-eenheid",
        "245",
        {"eenheid": unit},
        "JGZ-900",
        factor=factor_,
    )[0]


def test_the_migration_itself_is_exact():
    old = load("4.2.0")
    pakket = package("kg")
    new = apply_package(pakket, old)
    values = [str(n) for n in range(500, 10_500)]
    row = {"bdsnummer": 245, "rubriek": "R027", "activiteit_id": "1", "datum": "2024-03-01", "eenheid": "g"}
    start = frame([[{**row, "waarde": v} for v in values]])
    there = apply_plan(start, compile_plan(pakket, old, new, forward=True))
    assert there["eenheid"].unique().to_list() == ["kg"]
    # g → kg moves the point three places: by hand with text, not with numbers.
    moved = [f"{int(v) // 1000}.{int(v) % 1000:03d}".rstrip("0").rstrip(".") for v in values]
    assert there.sort("regel")["waarde"].to_list() == moved
    back = apply_plan(there, compile_plan(pakket, old, new, forward=False))
    assert back.sort("regel").select("waarde", "eenheid").rows() == [(v, "g") for v in values]


def test_a_row_that_names_another_unit_is_left_alone():
    old = load("4.2.0")
    pakket = package("kg")
    plan = compile_plan(pakket, old, apply_package(pakket, old), forward=True)
    row = {"bdsnummer": 245, "rubriek": "R027", "activiteit_id": "1", "datum": "2024-03-01"}
    start = frame(
        [[{**row, "waarde": "3.5", "eenheid": "kg"}, {**row, "waarde": "3500"}, {**row, "waarde": "3,5"}]]
    )
    after = apply_plan(start, plan).sort("regel")
    assert after.filter(after["bdsnummer"] == 245).select("waarde", "eenheid").rows() == [
        ("3.5", "kg"),
        ("3.5", "kg"),
    ]
    # A comma cannot be computed with: it is sheltered under its number and not lost.
    assert "3,5" in after.filter(after["bdsnummer"] == 1333)["waarde"].to_list()


def test_add_fills_in_what_ucum_says_and_the_check_holds_it():
    pakket = package("kg")
    (w,) = pakket.wijzigingen
    assert (w.heen.factor, w.terug.factor) == ("0.001", "1000")
    assert not [b for b in check_definition_side(pakket) if b.code == "WIJZ928"]
    turned = replace(pakket, wijzigingen=(replace(w, heen=w.terug, terug=w.heen),))
    assert [b.code for b in check_definition_side(turned) if b.code == "WIJZ928"] == ["WIJZ928", "WIJZ928"]


@pytest.mark.parametrize(("unit", "stated"), [("kg", "1000"), ("kg", "zes"), ("cm", ""), ("pond", "")])
def test_add_refuses_what_ucum_contradicts_or_does_not_know(unit, stated):
    with pytest.raises(UsageError):
        package(unit, stated)
