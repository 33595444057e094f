"""A large table is planned from its start and looked at while it is written: what comes late counts as much."""

import pytest

from bds_tool.formats.table import passes
from tests.dossier.test_deliveries import CASES, made, rows_of

HEAD = "clientnr;datum;lengte cm;gewicht kg\n"
EARLY = "A{0};2024-03-0{0};6{0};5.1\n"

#: What only shows after the start → the row of the store that says it was seen.
LATE = {
    "komma": ("A9;2024-03-09;69;5,25\n", ("A9", "2024-03-09", 245, "5250.0")),
    "dag-eerst": ("A9;25-03-2024;69;5.1\n", ("A9", "2024-03-25", 235, "690.0")),
    "eenheid": ("A9;2024-03-09;690 mm;5.1\n", ("A9", "2024-03-09", 235, "690.0")),
    "apostrof": ("'09;2024-03-09;69;5.1\n", ("09", "2024-03-09", 235, "690.0")),
    "spatie": (" A9;2024-03-09;69;5.1\n", ("A9", "2024-03-09", 235, "690.0")),
    "zonder-sleutel": (";2024-03-09;69;5.1\n", ("rij 5", "2024-03-09", 235, "690.0")),
}


def _from_two_rows(monkeypatch):
    monkeypatch.setattr(passes, "START", 1)
    monkeypatch.setattr(passes, "LEAST", 2)


def _told(told):
    return sorted(told.select("code", "regel", "pad", "parameters").rows(), key=str)


@pytest.mark.parametrize("late", LATE)
def test_the_end_of_a_table_settles_its_plan(late, tmp_path, monkeypatch):
    _from_two_rows(monkeypatch)
    line, expected = LATE[late]
    path = tmp_path / "breed.csv"
    path.write_text(HEAD + "".join(EARLY.format(n) for n in range(1, 5)) + line, encoding="utf-8")
    rows, _ = rows_of(path, None)
    assert expected in rows
    assert ("A1", "2024-03-01", 245, "5100.0") in rows
    assert len(rows) == 10


def test_a_start_that_holds_is_not_read_again(tmp_path, monkeypatch):
    _from_two_rows(monkeypatch)
    path = tmp_path / "breed.csv"
    path.write_text(HEAD + "".join(EARLY.format(n) for n in range(1, 5)), encoding="utf-8")
    passed = []
    written = passes._written
    monkeypatch.setattr(passes, "_written", lambda *a, **k: passed.append(1) or written(*a, **k))
    assert len(rows_of(path, None)[0]) == 8
    assert len(passed) == 1


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(c, id=c["naam"], marks=() if n % 10 == 0 else pytest.mark.slow)
        for n, c in enumerate(CASES)
    ],
)
def test_every_delivery_reads_alike_from_its_first_rows(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path, tables = made(case, tmp_path)
    rows, told = rows_of(path, tables)
    _from_two_rows(monkeypatch)
    assert (rows, _told(told)) == ((again := rows_of(path, tables))[0], _told(again[1]))
