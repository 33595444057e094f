"""The workbook of a package as people treat it: other capitals, real dates, curly quotes, columns of their own."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import openpyxl
import pytest

from bds_tool.base.errors import UsageError
from bds_tool.changes.table import CHANGES, write_table
from bds_tool.changes.table_read import read_table, read_workbook

from .werkpakket import package


@pytest.fixture
def path(tmp_path):
    write_table(package(), tmp_path / "p.xlsx")
    return tmp_path / "p.xlsx"


def edit(path, change):
    book = openpyxl.load_workbook(path)
    change(book)
    book.save(path)


def cell(page, row, column):
    head = [c.value for c in page[1]]
    return page.cell(row, head.index(column) + 1)


def row_of(page, **wanted):
    head = [c.value for c in page[1]]
    for number in range(2, page.max_row + 1):
        row = {k: page.cell(number, i + 1).value for i, k in enumerate(head)}
        if all(row[k] == v for k, v in wanted.items()):
            return number
    raise AssertionError(wanted)


def test_out_and_in_gives_the_same_package(path):
    assert read_workbook(path) == (package(), [])


def test_no_cell_holds_json(path):
    for page in openpyxl.load_workbook(path):
        for row in page.iter_rows(values_only=True):
            assert not [v for v in row if isinstance(v, str) and v[:2] in {'{"', '["', "[["}]


def test_closed_columns_offer_their_words(path):
    page = openpyxl.load_workbook(path)["Wijzigingen"]
    offered = {
        str(v.sqref).split(":")[0].rstrip("0123456789"): v.formula1
        for v in page.data_validations.dataValidation
    }
    column = openpyxl.utils.get_column_letter(CHANGES.index("klasse_heen") + 1)
    assert offered[column] == '"geen,patch,minor,major"'
    assert len(offered) >= 6


def test_headers_and_sheets_in_any_case(path):
    def shout(book):
        for page in book:
            name, page.title = page.title, "even anders"  # the library takes another case for the same name
            page.title = name.upper()
            for c in page[1]:
                c.value = f" {c.value.replace('_', ' ').upper()} "

    edit(path, shout)
    assert read_table(path) == package()


def test_real_dates_and_dutch_dates_are_dates(path):
    def dates(book):
        page = book["Verzoeken"]
        cell(page, row_of(page, jgz="JGZ-1003"), "besluitdatum").value = date(2026, 5, 12)
        cell(page, row_of(page, jgz="JGZ-1004"), "besluitdatum").value = "1-6-2026"
        page = book["Pakket"]
        cell(page, row_of(page, veld="datum"), "waarde").value = date(2026, 10, 1)

    edit(path, dates)
    found = read_table(path)
    assert found.verzoeken["JGZ-1003"].besluitdatum == "2026-05-12"
    assert found.verzoeken["JGZ-1004"].besluitdatum == "2026-06-01"
    assert found.datum == "2026-10-01"


def test_curly_quotes_and_other_arrows_are_read(path):
    ident = ("element-hernoemd", "1656")
    old = package().by_id[ident].velden[0]

    def curl(book):
        page = book["Wijzigingen"]
        cell(
            page, row_of(page, soort=ident[0], sleutel=ident[1]), "velden"
        ).value = f"naam: “{old.van}” -> “{old.naar}”"

    edit(path, curl)
    assert read_table(path) == package()


def test_all_wrong_cells_are_told_at_once(path):
    def spoil(book):
        page = book["Wijzigingen"]
        cell(page, 2, "klasse_heen").value = "groot"
        cell(page, 3, "velden").value = "geen pijl"
        cell(page, 4, "heen").value = "verzonnen"
        cell(page, 5, "terug_element").value = "veel"
        cell(book["Voorbeelden"], 2, "bdsnummer").value = "zes"

    edit(path, spoil)
    with pytest.raises(UsageError) as caught:
        read_table(path)
    for place in ("rij 2, kolom klasse", "rij 3, kolom velden", "rij 4, kolom heen", "rij 5, kolom terug_element",
                  "blad Voorbeelden, rij 2, kolom bdsnummer"):  # fmt: skip
        assert place in caught.value.message


def test_a_column_of_ones_own_is_named(path):
    def more(book):
        page = book["Verzoeken"]
        page.cell(1, page.max_column + 1).value = "Besproken op"
        page.cell(2, page.max_column).value = "12 mei"

    edit(path, more)
    assert read_workbook(path) == (package(), ["Verzoeken: besproken_op"])


def test_an_edited_example_is_the_edit_and_no_more(path):
    def other(book):
        page = book["Voorbeelden"]
        cell(page, row_of(page, jgz="JGZ-1001", deel="voor"), "waarde").value = "Verhuizing, voorbeeld"

    edit(path, other)
    found, good = read_table(path), package()
    first = found.verzoeken["JGZ-1001"].voorbeelden[0]
    assert first.voor[0]["waarde"] == "Verhuizing, voorbeeld"
    assert replace(found, verzoeken={}) == replace(good, verzoeken={})
