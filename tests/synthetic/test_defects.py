"""Planted defects stand where the manifest says, and nowhere else."""

from __future__ import annotations

import polars as pl
import pytest

from bds_tool.base.errors import SpecError
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


def test_what_a_defect_stands_on_is_left_alone(planted):
    """Where a height falls the one before it is that of the clean population; where an age is wrong, so is no birth date."""
    clean, _, manifest = planted
    values = clean.select(*KEY, "datum", clean="waarde")
    falls = manifest.filter(pl.col("soort").is_in(["lengte-daalt", "hoofd-daalt", "overgenomen"]))
    assert falls.height > 10
    heights = values.filter(pl.col("bdsnummer").is_in(falls["bdsnummer"])).sort("datum", maintain_order=True)
    before = heights.with_columns(
        before=pl.col("clean").shift().over("dossier_id", "bdsnummer"),
        place=pl.col("activiteit_id").shift().over("dossier_id", "bdsnummer"),
    ).join(falls, on=KEY, nulls_equal=True)
    step = {"lengte-daalt": -40, "hoofd-daalt": -25, "overgenomen": 0}
    for kind, was, now in before.select("soort", "before", "waarde_na").iter_rows():
        assert int(now) - int(was) == step[kind]
    touched = manifest.join(
        before.select("dossier_id", "bdsnummer", activiteit_id="place"),
        on=["dossier_id", "activiteit_id", "bdsnummer"],
        how="semi",
    )
    assert touched.is_empty(), touched
    births = manifest.filter(pl.col("bdsnummer") == 20)["dossier_id"]
    aged = manifest.filter(pl.col("soort").is_in(["leeftijd-bij-contact", "activiteit-voor-geboorte"]))
    assert aged.height > 10
    assert not aged["dossier_id"].is_in(births.implode()).any()


def test_absent_children_had_content_and_jumps_have_neighbours(planted):
    clean, _, manifest = planted
    measured = clean.filter(pl.col("bdsnummer").is_in([235, 245])).select("dossier_id", "activiteit_id")
    absent = manifest.filter(pl.col("soort") == "afwezig-met-inhoud")
    assert absent.height > 0
    assert absent.join(measured, on=["dossier_id", "activiteit_id"], how="anti").is_empty()
    jumps = manifest.filter(pl.col("soort") == "sprong")
    assert jumps.height > 0
    weights = clean.filter(pl.col("bdsnummer") == 245).group_by("dossier_id").len()
    assert jumps.join(weights.filter(pl.col("len") >= 3), on="dossier_id", how="anti").is_empty()
