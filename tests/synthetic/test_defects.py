"""Planted defects stand where the manifest says, and nowhere else."""

from __future__ import annotations

import polars as pl
import pytest

from bds_tool.errors import SpecError
from bds_tool.synthetic.defects import OPERATIONS, defect_kinds

from .conftest import drawn

KEY = ["dossier_id", "activiteit_id", "bdsnummer", "volgnr"]


@pytest.fixture(scope="module")
def planted():
    settings = {"children": 400, "seed": 3, "bds": "4.1.3"}
    clean, _ = drawn(**settings)
    dirty, generator = drawn(**settings, defects="standaard", defect_rate=4)
    return clean, dirty, generator.planter.manifest()


def test_rate_zero_is_the_clean_population(small):
    dirty, _ = drawn(children=400, seed=3, bds="4.1.3", defects="standaard", defect_rate=0)
    assert dirty.equals(small[0])


def test_every_kind_is_planted(planted):
    _, _, manifest = planted
    kinds = {k["soort"] for k in defect_kinds("standaard") if k.get("codering", "bds") == "bds"}
    rare = {
        "activiteit-na-overlijden",
        "activiteit-na-einde",
        "overleden-voor-geboorte",
    }  # few children die or leave
    assert kinds - set(manifest["soort"]) <= rare
    assert {k["op"] for k in defect_kinds("standaard")} == set(OPERATIONS)


def test_the_manifest_tells_what_stands_there_now(planted):
    _, dirty, manifest = planted
    present = dirty.select(*KEY, "waarde")
    missing = manifest.join(
        present, left_on=[*KEY, "waarde_na"], right_on=[*KEY, "waarde"], how="anti", nulls_equal=True
    )
    # A doubled value is written down with its decimals; the row holds the whole number.
    missing = missing.filter((pl.col("soort") != "te-vaak") & pl.col("waarde_na").is_not_null())
    assert missing.is_empty(), missing
    # What was taken away is not there any more.
    gone = manifest.filter(pl.col("waarde_na").is_null())
    assert gone.height > 0
    assert gone.join(dirty, on=KEY, how="semi", nulls_equal=True).is_empty()


def test_rows_that_are_not_in_the_manifest_did_not_change(planted):
    clean, dirty, manifest = planted
    touched = manifest.select("dossier_id").unique()
    left = clean.join(touched, on="dossier_id", how="anti")
    right = dirty.join(touched, on="dossier_id", how="anti")
    assert left.height > 0
    assert left.equals(right)
    # Within a touched dossier only the manifest's values differ, and the days of moved activities.
    changed = dirty.join(clean, on=[*KEY, "waarde", "rubriek", "eenheid"], how="anti", nulls_equal=True)
    moved = manifest.filter(pl.col("soort").str.starts_with("activiteit-")).select(
        "dossier_id", "activiteit_id"
    )
    changed = changed.join(moved, on=["dossier_id", "activiteit_id"], how="anti", nulls_equal=True)
    told = changed.join(manifest, on=["dossier_id", "bdsnummer"], how="anti", nulls_equal=True)
    assert told.is_empty(), told


def test_no_value_carries_two_defects(planted):
    manifest = planted[2].filter(
        ~pl.col("soort").is_in(["te-vaak", "vervallen-element", "zonder-activiteit"])
    )
    assert manifest.select(KEY).is_duplicated().sum() == 0


def test_a_broken_spec_is_told(tmp_path):
    spec = tmp_path / "d.yaml"
    spec.write_text("id: x\ntitel: x\ndefecten: [{soort: a, op: weg}]\n", encoding="utf-8")
    with pytest.raises(SpecError):
        defect_kinds(str(spec))
    spec.write_text("a: [", encoding="utf-8")
    with pytest.raises(SpecError):
        defect_kinds(str(spec))
