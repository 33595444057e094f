"""`--specs DIR` with only what differs, and `bds spec eject` that begins such a folder."""

from __future__ import annotations

import csv
import json
import shutil

import pytest

from bds_tool.base.specs import set_specs, shipped_specs, specs_dir
from bds_tool.schema import is_draft, load, newest, versions
from bds_tool.schema.protocols import rules_for


@pytest.fixture
def overlay(tmp_path):
    """An empty folder that is used as soon as it holds something."""
    yield tmp_path / "eigen"
    set_specs("")


def draft(folder, **named):
    """Three files of a draft version: its head, its elements with other names, its groups."""
    place = folder / "bds" / "4.3.0"
    place.mkdir(parents=True)
    source = shipped_specs() / "bds" / "4.2.0"
    package = json.loads((source / "datapackage.json").read_text(encoding="utf-8"))
    package |= {"version": "4.3.0", "bds": {**package["bds"], "status": "concept"}}
    (place / "datapackage.json").write_text(json.dumps(package), encoding="utf-8")
    shutil.copyfile(source / "groepen.csv", place / "groepen.csv")
    with (source / "elementen.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["naam"] = named.get(f"n{row['bdsnummer']}", row["naam"])
    with (place / "elementen.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def test_a_draft_of_three_files_works_over_the_shipped_definitions(overlay, bds):
    draft(overlay, n235="Lichaamslengte")
    shown = bds("--specs", overlay, "spec", "show", "235", "--bds", "4.3.0")
    assert (shown.code, "Lichaamslengte" in shown.out) == (0, True)
    set_specs(str(overlay))
    assert versions() == ["3.2.7", "4.0.2", "4.1.3", "4.2.0", "4.3.0"]
    assert is_draft("4.3.0")
    assert newest() == "4.2.0"
    assert len(load("4.3.0").waardenlijsten) == len(load("4.2.0").waardenlijsten)
    assert rules_for("4.3.0")


def test_one_file_replaces_its_namesake_and_the_rest_stays(overlay, bds):
    made = bds("spec", "eject", overlay, "protocollen/groei.yaml")
    assert made.code == 0
    path = overlay / "protocollen" / "groei.yaml"
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=")
    schema = (path.parent / text.splitlines()[0].rpartition("=")[2]).resolve()
    assert schema == overlay.resolve() / ".schemas" / "protocol.schema.json"
    assert schema.read_bytes() == (shipped_specs() / "_schemas" / schema.name).read_bytes()
    path.write_text(text.replace("groei-gewicht-bij-lengte", "groei-eigen-regel"), encoding="utf-8")
    set_specs(str(overlay))
    own = {r.id for r in rules_for("4.2.0")}
    set_specs("")
    shipped = {r.id for r in rules_for("4.2.0")}
    assert own - shipped == {"groei-eigen-regel"}
    assert shipped - own == {"groei-gewicht-bij-lengte"}


def test_eject_replaces_nothing_and_knows_what_there_is(overlay, bds):
    assert "protocollen" in bds("spec", "eject", overlay).out.split()
    assert not overlay.exists()
    assert bds("spec", "eject", overlay, "beleid").code == 0
    assert bds("spec", "eject", overlay, "beleid").code == 2
    for wrong in ("verzonnen", "../pyproject.toml", "_schemas", "."):
        assert bds("spec", "eject", overlay, wrong).code == 2, wrong


def test_a_folder_without_definitions_is_refused(tmp_path, bds):
    (tmp_path / "foto").mkdir()
    assert bds("--specs", tmp_path, "spec", "versions").code == 2


def test_a_whole_copy_stands_alone(tmp_path):
    whole = tmp_path / "specs"
    shutil.copytree(shipped_specs(), whole)
    (whole / "protocollen" / "groei.yaml").unlink()
    set_specs(str(whole))
    try:
        assert specs_dir() == whole
        assert not [r for r in rules_for("4.2.0") if r.id.startswith("groei-gewicht")]
    finally:
        set_specs("")
