"""Public messages after `bds migrate`, in every direction: no error that the message itself did not have."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from bds_tool.changes.migrate.running import migrate
from bds_tool.formats import read
from bds_tool.schema import versions
from bds_tool.store.store import Store
from bds_tool.validate.engine import Options, validate

REAL = Path(__file__).parents[3] / "shared" / "real" / "dob"
#: The version in the name of a folder, or for the converted messages the one they were converted to.
FOLDERS = {
    d.name: d.name[:5] if d.name[0].isdigit() else ".".join(d.name[-3:])
    for d in (sorted(REAL.iterdir()) if REAL.is_dir() else ())
}

pytestmark = pytest.mark.skipif(
    not FOLDERS and not os.environ.get("CI"), reason="../shared/real with public messages is not here"
)


def errors(store):
    result = validate(store, Options(today=date(2026, 11, 29), max_examples=1))
    totals = result.totals.filter(pl.col("severity") == "fout")
    counted = totals.group_by("code", "bdsnummer").agg(pl.col("n").sum())
    return {(code, number): n for code, number, n in counted.iter_rows()}


def test_the_public_messages_are_here():
    assert len(FOLDERS) >= 11


@pytest.mark.parametrize("name", FOLDERS)
def test_a_migrated_message_has_no_new_error(name, tmp_path):
    version = FOLDERS[name]
    with read([REAL / name], tmp_path / "voor.bds", bds=version) as store:
        before = errors(store)
        for target in versions():
            if target == version:
                continue
            migrate(store, target, tmp_path / f"{target}.bds", from_version=version)
            after = errors(Store.open(tmp_path / f"{target}.bds"))
            assert {k: (before.get(k, 0), n) for k, n in after.items() if n > before.get(k, 0)} == {}, target
