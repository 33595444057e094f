"""Packages as files: reading, writing, applying, editing, and the workbook."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from bds_tool.base.errors import SpecError, UnreadableError, UsageError
from bds_tool.base.specs import set_specs, specs_dir
from bds_tool.base.text import set_language
from bds_tool.changes import (
    ApplyProblem,
    apply_package,
    dump_package,
    load_package,
    packages,
    parse_package,
    start_package,
    write_definition,
)
from bds_tool.changes.edit import add_change, empty_package, package_changes
from bds_tool.changes.notes import release_notes
from bds_tool.changes.table import write_table
from bds_tool.changes.table_read import read_table
from bds_tool.schema import load, versions

PAIRS = list(pairwise(versions()))
NAMES = [f"{a}-{b}" for a, b in PAIRS]


def test_there_is_a_package_between_every_two_versions():
    assert packages() == PAIRS


@pytest.mark.parametrize("name", NAMES)
def test_writing_and_reading_gives_the_same_package(name):
    package = load_package(name)
    assert parse_package(dump_package(package)) == package


@pytest.mark.parametrize(("van", "naar"), PAIRS)
def test_apply_reproduces_the_target_exactly(van, naar):
    made = apply_package(load_package(f"{van}-{naar}"), load(van))
    target = load(naar)
    assert made == target
    assert list(made.elementen) == list(target.elementen)
    assert list(made.groepen) == list(target.groepen)
    assert list(made.rubrieken) == list(target.rubrieken)


@pytest.mark.parametrize(("van", "naar"), [*PAIRS, *((b, a) for a, b in PAIRS)])
def test_a_package_from_two_definitions_leads_from_one_to_the_other(van, naar):
    assert apply_package(start_package(load(van), load(naar)), load(van)) == load(naar)


@pytest.mark.parametrize(("van", "naar"), PAIRS[-1:])
def test_the_written_folder_reads_back_as_the_target(van, naar, tmp_path):
    target = load(naar)
    folder = tmp_path / "bds" / naar
    write_definition(
        apply_package(load_package(f"{van}-{naar}"), load(van)), folder, specs_dir() / "bds" / van
    )
    for name in ("elementen.csv", "groepen.csv", "rubrieken.csv"):
        assert (folder / name).read_bytes() == (specs_dir() / "bds" / naar / name).read_bytes()
    set_specs(str(tmp_path))
    try:
        assert load(naar) == target
    finally:
        set_specs("")


def test_a_change_that_does_not_fit_is_named():
    package = load_package("4.1.3-4.2.0")
    with pytest.raises(ApplyProblem) as caught:
        apply_package(package, load("3.2.7"))
    assert caught.value.change in package.wijzigingen


def test_an_unknown_package_says_which_there_are():
    with pytest.raises(UsageError) as caught:
        load_package("4.2.0-9.9.9")
    assert "4.1.3-4.2.0" in caught.value.remedy


@pytest.mark.parametrize("text", ["van: [", "van: 1", "van: '1.0'\nnaar: '1.1'\n", "[]"])
def test_a_broken_file_is_a_spec_error(text):
    with pytest.raises(SpecError):
        parse_package(text, "p.yaml")


# -- editing -----------------------------------------------------------------------------------------------------


def test_adding_an_element_brings_its_group_class_and_conversions():
    package = empty_package(load("4.2.0"), "4.3.0")
    values = {"naam": "Proef", "datatype": "BL", "hl7_datatype": "BL", "rubriek": "R025", "groep": "G119"}
    package, came = add_change(package, load("4.2.0"), "element-toegevoegd", "1700", values, "JGZ-900")
    # The members of a group follow from where elements stand; nobody writes them down.
    assert {w.id for w in came} == {("element-toegevoegd", "1700")}
    new = package.by_id["element-toegevoegd", "1700"]
    assert (new.heen.doe, new.terug.doe, str(new.klasse_heen), str(new.klasse_terug)) == (
        "herstel",
        "beschut",
        "minor",
        "major",
    )
    made = apply_package(package, load("4.2.0"))
    assert made.elementen[1700].naam == "Proef"
    assert 1700 in made.groepen["G119"].elementen
    assert str(package.klasse_terug) == "major"


def test_what_was_said_about_a_change_stays_when_another_is_added():
    old = load("4.2.0")
    package, _ = add_change(
        empty_package(old, "4.3.0"), old, "element-hernoemd", "276", {"naam": "Bewegen"}, "JGZ-1"
    )
    told = tuple(replace(w, toelichting="besproken") for w in package.wijzigingen)
    package, came = add_change(
        replace(package, wijzigingen=told), old, "element-vervallen", "1665", {}, "JGZ-2"
    )
    assert [w.id for w in came] == [("element-vervallen", "1665")]
    assert package.by_id["element-hernoemd", "276"].toelichting == "besproken"


@pytest.mark.parametrize(
    ("kind", "key", "values"),
    [
        ("element-toegevoegd", "235", {}),  # exists
        ("element-hernoemd", "99999", {"naam": "x"}),  # does not
        ("element-hernoemd", "235", {"naaam": "x"}),  # no such column
        ("element-verzonnen", "235", {}),  # no such kind
    ],
)
def test_an_edit_that_cannot_be_is_refused(kind, key, values):
    old = load("4.2.0")
    with pytest.raises(UsageError):
        add_change(empty_package(old, "4.3.0"), old, kind, key, values, "JGZ-1")


# -- workbook ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_workbook_out_and_in_gives_the_same_package(name, tmp_path):
    package = load_package(name)
    write_table(package, tmp_path / "p.xlsx")
    assert read_table(tmp_path / "p.xlsx") == package


def _edit_cell(path, sheet, column, test, value):
    """Change one cell with another library than the one that wrote the file."""
    import openpyxl

    book = openpyxl.load_workbook(path)
    page = book[sheet]
    head = [c.value for c in page[1]]
    for row in page.iter_rows(min_row=2):
        if test({k: c.value for k, c in zip(head, row, strict=True)}):
            row[head.index(column)].value = value
            book.save(path)
            return
    raise AssertionError("no such row")


def test_one_edited_cell_gives_a_package_with_that_edit_only(tmp_path):
    package = load_package("4.1.3-4.2.0")
    path = tmp_path / "p.xlsx"
    write_table(package, path)
    _edit_cell(path, "Wijzigingen", "toelichting", lambda r: (r["soort"], r["sleutel"]) == ("element-vervallen", "510"),
               "Besproken in de redactieraad")  # fmt: skip
    edited = read_table(path)
    assert [(place, after) for place, _, after in package_changes(package, edited)] == [
        ("element-vervallen 510.toelichting", "Besproken in de redactieraad")
    ]
    changed = replace(package.by_id["element-vervallen", "510"], toelichting="Besproken in de redactieraad")
    expected = tuple(changed if w.id == changed.id else w for w in package.wijzigingen)
    again = parse_package(dump_package(edited))
    assert again == replace(package, wijzigingen=expected)


def test_a_wrong_cell_is_named(tmp_path):
    path = tmp_path / "p.xlsx"
    write_table(load_package("4.1.3-4.2.0"), path)
    _edit_cell(path, "Wijzigingen", "klasse_heen", lambda r: r["sleutel"] == "510", "groot")
    with pytest.raises(UsageError) as caught:
        read_table(path)
    assert "Wijzigingen" in caught.value.message


def test_no_workbook_is_unreadable(tmp_path):
    path = tmp_path / "p.xlsx"
    path.write_text("geen werkmap", encoding="utf-8")
    with pytest.raises(UnreadableError):
        read_table(path)


# -- notes -------------------------------------------------------------------------------------------------------


def test_notes_tell_each_reader_what_changes():
    text = release_notes(load_package("4.1.3-4.2.0"), load("4.1.3"), load("4.2.0"))
    assert "## Voor de professional" in text
    assert "1665 In de omgeving van de jeugdige wordt wel eens of dagelijks gerookt (JGZ-328)" in text
    assert "`REPC_IN902120NL03` naar `REPC_IN902120NL04`" in text
    assert "935: 36. Zwaait" in text


def test_notes_in_english_keep_dutch_names():
    set_language("en")
    try:
        text = release_notes(load_package("4.1.3-4.2.0"), load("4.1.3"), load("4.2.0"), ["professional"])
    finally:
        set_language("")
    assert "## For the professional" in text
    assert "Passief roken in huis" in text
    assert "Voor de" not in text
