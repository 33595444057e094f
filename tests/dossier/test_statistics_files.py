"""SPSS and Stata files: labels say what a code means, missing stays missing, dates are dates."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from bds_tool.formats import read
from bds_tool.formats.explaining import explain_tables


@pytest.fixture(scope="module")
def pyreadstat():
    return pytest.importorskip("pyreadstat")


def frame(**columns):
    return pl.DataFrame(columns)


def outcome(path):
    with read([path]) as store:
        rows = store.registraties().collect()
        told = store.meldingen().collect()["code"].to_list()
        found = store.bronnen()["formaat"][0]
    known = rows.filter(pl.col("bdsnummer").is_not_null())
    return sorted(known.select("dossier_id", "datum", "bdsnummer", "waarde").rows(), key=str), told, found


CHILDREN = {
    "clientnr": ["A1", "A2", "A3"],
    "datum": [date(2024, 3, 1), date(2024, 3, 14), None],
    "BDS235": [612.0, 598.0, 640.0],
    "geslacht": [1.0, 2.0, 1.0],
}
EXPECTED = sorted(
    [
        ("A1", date(2024, 3, 1), 235, "612"),
        ("A2", date(2024, 3, 14), 235, "598"),
        ("A3", None, 235, "640"),
        ("A1", None, 19, "1"),
        ("A2", None, 19, "2"),
        ("A3", None, 19, "1"),
    ],
    key=str,
)


@pytest.mark.parametrize("ending", ["sav", "zsav", "dta"])
def test_labels_from_the_value_list_become_codes(tmp_path, pyreadstat, ending):
    """SPSS has the codes the other way round here; its labels say so."""
    path = tmp_path / f"x.{ending}"
    data = frame(**(CHILDREN | {"geslacht": [2.0, 1.0, 2.0]}))
    swapped = {
        "geslacht": {2.0 if ending != "dta" else 2: "Mannelijk", 1.0 if ending != "dta" else 1: "Vrouwelijk"}
    }
    if ending == "dta":
        pyreadstat.write_dta(data, str(path), variable_value_labels=swapped)
    else:
        pyreadstat.write_sav(data, str(path), variable_value_labels=swapped, compress=ending == "zsav")
    found, told, formaat = outcome(path)
    assert found == EXPECTED
    assert "BDS055" in told
    assert formaat.startswith(ending if ending != "zsav" else ("zsav", "sav"))


def test_a_label_that_is_no_name_in_the_list_is_no_code(tmp_path, pyreadstat):
    """1 is a girl in this file: the code may not be taken for the BDS code 1."""
    path = tmp_path / "x.sav"
    for girl, boy, kept in (("Dochter", "Zoon", "Dochter"), ("Meisje", "Jongen", "2")):
        labels = {"geslacht": {1.0: girl, 2.0: boy}}
        pyreadstat.write_sav(frame(**CHILDREN), str(path), variable_value_labels=labels)
        found, _, _ = outcome(path)
        assert ("A1", None, 19, kept) in found
        assert ("A1", None, 19, "1") not in found


def test_missing_values_of_the_program(tmp_path, pyreadstat):
    """A user-missing 9999, a system-missing and a labelled 9998 are no lengths."""
    path = tmp_path / "x.sav"
    data = frame(**(CHILDREN | {"BDS235": [9999.0, float("nan"), 9998.0]}))
    pyreadstat.write_sav(
        data,
        str(path),
        missing_ranges={"BDS235": [9999.0]},
        variable_value_labels={"BDS235": {9998.0: "onbekend"}},
    )
    found, told, _ = outcome(path)
    assert [r for r in found if r[2] == 235] == []
    assert "BDS056" in told


def test_the_label_of_a_variable_is_its_header(tmp_path, pyreadstat):
    path = tmp_path / "x.sav"
    data = frame(v1=["A1"], v2=[date(2024, 3, 1)], v3=[61.2])
    pyreadstat.write_sav(
        data, str(path), column_labels={"v1": "Clientnr", "v2": "Datum", "v3": "Lengte (cm)"}
    )
    assert outcome(path)[0] == [("A1", date(2024, 3, 1), 235, "612")]


def test_explained_as_any_table(tmp_path, pyreadstat):
    path = tmp_path / "x.sav"
    pyreadstat.write_sav(frame(**CHILDREN), str(path))
    lines = explain_tables([path])[0]["voorstel"]
    assert any(line.startswith('"BDS235" = 235') for line in lines)


def test_the_program_reads_it(tmp_path, pyreadstat, bds):
    """`bds` itself hides pandas from what it loads."""
    path = tmp_path / "x.sav"
    pyreadstat.write_sav(frame(**CHILDREN), str(path))
    assert bds("convert", path, tmp_path / "o.csv", "--to", "csv").code == 0
