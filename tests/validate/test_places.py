"""The place decides which codes of a list hold: in a table it is known where rows of a dossier belong to activities."""

from __future__ import annotations

import csv

import pytest

#: dossier, activity, code → wrong. Constant data (DOB 7.1.3, W0639.1) are R002 and others, of a contact any rubriek there is.
ROWS = [
    ("a", "c1", "R019", False), ("a", "c1", "R999", True), ("a", "", "R019", True), ("a", "", "R002", False),
    # Nothing of this dossier belongs to an activity: where its value stands is not known.
    ("b", "", "R019", False), ("b", "", "R002", False),
]  # fmt: skip


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize("version", ["4.1.3", "4.2.0"])
def test_a_table_is_judged_where_its_place_is_known(form, version, tmp_path, bds):
    with (tmp_path / "in.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(
            ["dossier_id", "activiteit_id", "datum", "bdsnummer", "waarde", "rubriek", "groep", "volgnr"]
        )
        for number, (dossier, activity, code, _) in enumerate(ROWS):
            writer.writerow(
                [dossier, activity, "2024-01-01" if activity else "", 1335, code, "R051", "G083", number]
            )
    file = tmp_path / f"in.{form}"
    if form == "parquet":
        assert bds("convert", tmp_path / "in.csv", file, "-q").code == 0
    told = bds("validate", file, "--bds", version, "--format", "csv", "--max-examples", "0", "--show-values")
    wrong = [row for row in csv.DictReader(told.out.splitlines()) if row["code"] == "BDS203"]
    assert len(wrong) == sum(bad for *_, bad in ROWS)
    first = 2 if form == "csv" else 1
    assert sorted(int(row["line"]) for row in wrong) == [n + first for n, (*_, bad) in enumerate(ROWS) if bad]
