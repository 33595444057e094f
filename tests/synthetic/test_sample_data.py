"""`sample_data/` is what its script makes, clean where it says so, and with every planted kind in sight."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import yaml

SAMPLES = Path(__file__).resolve().parents[2] / "sample_data"


def test_the_script_makes_the_same_bytes():
    done = subprocess.run(
        [sys.executable, str(SAMPLES / "make.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_clean_samples_carry_no_error(bds):
    told = bds("validate", SAMPLES / "schoon", "--reference-date", "2025-12-31", "--format", "json")
    assert told.code == 0, told.err
    summary = json.loads(told.out)["summary"]
    assert summary["fout"] == 0
    assert summary["rows"] > 10_000


def test_planted_samples_are_found_by_the_rules_of_the_manifest(bds):
    for file in ("lang.csv", "dob-4.1.3"):
        told = bds(
            "validate", SAMPLES / "fouten" / file, "--reference-date", "2025-12-31", "--format", "json"
        )
        assert told.code == 1
        codes = {f["code"] for f in json.loads(told.out)["findings"]}
        planted = yaml.safe_load((SAMPLES / "fouten" / f"{file}.geplant.yaml").read_text(encoding="utf-8"))
        wanted = [set(r["regels"].split(",")) for r in planted if r["regels"]]
        found = [bool(rules & codes) for rules in wanted]
        # Writing to a format can mend or hide a defect (a message has no wrong rubriek), so not every kind survives.
        assert sum(found) / len(found) > 0.8, sorted(
            str(r) for r, f in zip(wanted, found, strict=True) if not f
        )


def test_broken_samples_are_told_and_the_rest_goes_on(bds):
    told = bds("validate", SAMPLES / "kapot", "--format", "json")
    assert told.code == 3
    codes = {f["code"] for f in json.loads(told.out)["findings"]}
    assert {"BDS002", "BDS004", "BDS005", "BDS007"} <= codes
    assert "Traceback" not in told.err
