"""The figures in the explanation are those of the command."""

from __future__ import annotations

import json
import re
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs/uitleg/zib.md"


def test_the_coverage_figures_are_those_of_the_command(bds):
    text = DOCS.read_text(encoding="utf-8")
    written = {k.strip(): int(n) for k, n in re.findall(r"^\| ([a-z ]+) \| (\d+) \|", text, re.MULTILINE)}
    result = bds("zib", "coverage", "--bds", "4.2.0", "--by", "totaal", "--format", "json")
    (row,) = json.loads(result.out)
    assert {k: row[k] for k in written} == written
    assert sum(written.values()) == row["elementen"]


def test_the_kinds_left_out_are_all_named():
    from bds_tool.export.fhir.writer import GEVOELIG

    text = DOCS.read_text(encoding="utf-8")
    assert all(f"`{kind}`" in text for kind in GEVOELIG)
