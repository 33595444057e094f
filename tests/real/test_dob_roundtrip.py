"""DOB → store → DOB → store gives the same store for every public message, and schema-valid XML."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from lxml import etree

from bds_tool.formats import read
from bds_tool.formats.dob.write import write_dob

HERE = Path(__file__).resolve().parents[2].parent / "shared" / "real"
FILES = sorted((HERE / "dob").glob("*/*.xml")) if HERE.is_dir() else []


@pytest.fixture(scope="module")
def schemas(shared):
    folder = shared / "real" / "xsd" / "hl7v3_schemas"
    return {
        n: etree.XMLSchema(etree.parse(folder / f"{n}.xsd")) for n in ("REPC_IN902120NL", "REPC_IN902120NL03")
    }


def content(store):
    """All columns but the place in the file, in any order."""
    frame = (
        store.registraties()
        .drop("bron", "regel")
        .collect()
        .with_columns(pl.col(pl.Categorical).cast(pl.String))
    )
    return Counter(frame.rows())


def test_there_are_messages(shared):
    assert len(FILES) == 119


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_round_trip(path, schemas, tmp_path):
    first = read([path])
    version = first.bronnen()["bds_herkend"][0]
    result = write_dob(first, tmp_path / "terug.xml", version)
    assert (result.messages, result.left_out) == (1, {})
    assert content(read([tmp_path / "terug.xml"])) == content(first)
    root = etree.parse(path).getroot()
    schema = schemas.get(etree.QName(root).localname)  # there is no public schema of NL04
    if schema is not None and schema.validate(root):
        assert schema.validate(etree.parse(tmp_path / "terug.xml")), schema.error_log.last_error
