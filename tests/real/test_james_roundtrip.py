"""JAMES → store → JAMES → store over every public file: the same values for every record."""

from __future__ import annotations

from pathlib import Path

import pytest

from bds_tool.formats import read, unreadable
from bds_tool.formats.writing import write

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
FILES = sorted((SHARED / "real" / "james").rglob("*.json")) if SHARED.is_dir() else []
VALUES = ("dossier_id", "datum", "bdsnummer", "groep", "volgnr", "waarde")


def values(store):
    import polars as pl

    return sorted(
        store.registraties().select(VALUES).with_columns(pl.col("groep").cast(pl.String)).collect().rows(),
        key=str,
    )


def words_alone(store):
    """Registrations with words and no value ("NA" in a field of a number): JAMES has no place for them; that is told."""
    import polars as pl

    bare = pl.col("waarde").is_null() & pl.col("nullflavor").is_null()
    found = store.registraties().filter(
        bare & pl.col("tekst").is_not_null() & pl.col("bdsnummer").is_not_null()
    )
    return found.select(pl.len()).collect().item()


def test_there_are_files(shared):
    assert len(list((shared / "real" / "james").rglob("*.json"))) == 162


@pytest.mark.parametrize("path", FILES, ids=lambda p: "/".join(p.parts[-3:]))
def test_same_values(path, tmp_path):
    with read([path]) as store:
        if unreadable(store):
            assert path.name in {"test8.json", "test14.json"}
            return
        done = write(store, "james-3.1", tmp_path / "out.json")
        expected = values(store)
        untold = words_alone(store)
    if path.name == "antwoordbericht.json":
        # An answer of JAMES, no dossier: what a record has no place for is told.
        assert sum(done.left_out.values()) == 4
        return
    with read([tmp_path / "out.json"]) as back:
        assert values(back) == expected
    assert done.left_out == ({"tekst zonder waarde": untold} if untold else {})
