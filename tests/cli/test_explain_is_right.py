"""No active line of a proposal of --explain is wrong: over the cases, and over headers that resemble an element."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest

from bds_tool.formats.explaining import explain_tables

CASES = Path(__file__).resolve().parents[2].parent / "shared" / "cases" / "in"
#: What each header of the cases is, written by a person who looked: element, role, or "" for what is neither.
TRUTH = {
    "dossier": "dossier_id", "clientnr": "dossier_id", "kindnr": "dossier_id", "datum": "datum", "contactdatum": "datum",
    "element": "bdsnummer", "bdsnummer": "bdsnummer", "omschrijving": "tekst", "waarde": "waarde", "naam": "",
    "geslacht": 19, "melkvoeding op dit moment": 496, "vitamine d": 1338, "geboorteland": 71, "opleiding ouder/verzorger": 66,
    "zwangerschapsduur (weken)": 82,
}  # fmt: skip


def truth(header: str) -> object:
    """The number in the header, else what TRUTH says; length and weight in any spelling are 235 and 245."""
    text = " ".join(header.replace("\u00a0", " ").lower().split())
    if text in TRUTH:
        return TRUTH[text]
    if text.startswith(("lengte", "gewicht")):
        return 235 if text.startswith("lengte") else 245
    digits = text.removeprefix("bds").strip("_ ").replace("_", ".").split(".")[0]
    return int(digits) if digits.isdigit() else ""


def active(report):
    rows = tomllib.loads("\n".join(report["voorstel"])).get("tabel", [{}])[0].get("kolommen", {})
    return {n: v["element"] if isinstance(v, dict) else v for n, v in rows.items()}


@pytest.mark.skipif(not CASES.is_dir() and "CI" not in os.environ, reason="the cases are beside the project")
def test_no_active_line_is_wrong_over_the_cases():
    seen = 0
    for path in sorted(p for p in CASES.rglob("*") if p.suffix.lower() in {".csv", ".xlsx", ".parquet"}):
        for report in explain_tables([path]):
            for header, meaning in active(report).items():
                seen += 1
                assert meaning == truth(header), (path.name, header, meaning)
    assert seen > 100


@pytest.mark.parametrize(
    "header",
    [
        "Lengte moeder",
        "BDS235 sds",
        "Lengte opmerking",
        "Gewicht vorige keer",
        "lengte_p50",
        "datum gewicht",
        "mmlen",
    ],
)
def test_what_resembles_an_element_is_a_comment(tmp_path, header):
    (tmp_path / "x.csv").write_text(f"dossier;{header};BDS245\nA1;612;6210\nA2;598;5890\n")
    (report,) = explain_tables([tmp_path / "x.csv"])
    assert active(report) == {"dossier": "dossier_id", "BDS245": 245}
