"""What is filled and named nowhere, and what nobody fills: held beside the files of the definitions themselves."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import openpyxl
from lxml import html

SPECS = Path(__file__).resolve().parents[3] / "specs"


def written() -> set[int]:
    """Every number that stands anywhere in a rule, a protocol or an indicator, whatever it means there."""
    texts = [
        p.read_text("utf-8")
        for kind in ("regels", "protocollen", "indicatoren")
        for p in (SPECS / kind).glob("*.yaml")
    ]
    return {int(n) for text in texts for n in re.findall(r"\b\d{1,4}\b", text)}


def elements(version: str) -> dict[int, dict[str, str]]:
    with (SPECS / "bds" / version / "elementen.csv").open(encoding="utf-8", newline="") as stream:
        return {int(r["bdsnummer"]): r for r in csv.DictReader(stream)}


def test_the_list_is_that_of_the_definitions(bds, tmp_path):
    known = elements("4.1.3")
    nowhere = sorted(set(known) - written())[:3]
    assert len(nowhere) == 3
    # 20, 245 and 496 are what indicators of age, weight and feeding are made of.
    filled = [20, 245, 496, *nowhere]
    for name, numbers in (("mei", filled), ("juni", filled[:4])):
        rows = "".join(f"K{i},{n},1\n" for i in range(4) for n in numbers)
        (tmp_path / f"{name}.csv").write_text("dossier_id,bdsnummer,waarde\n" + rows, encoding="utf-8")
    asked = ("quality", tmp_path / "mei.csv", tmp_path / "juni.csv")
    told = json.loads(bds(*asked, "--format", "json").out)["burden"]
    assert {r["element"]: r["values"] for r in told["filled_and_never_named"]} == {
        nowhere[0]: 8,
        nowhere[1]: 4,
        nowhere[2]: 4,
    }
    travels = {
        n
        for v in told["versions"]
        for n, r in elements(v).items()
        if r["in_bericht"] == "ja" and r["status"] == "actief"
    }
    assert set(told["never_filled"]) == travels - set(filled)
    assert "3 gevulde elementen worden" in bds(*asked).out
    assert bds(*asked, "--format", "html", "-o", tmp_path / "k.html").code == 0
    section = html.parse(str(tmp_path / "k.html")).xpath("//section[@aria-labelledby='h-last']")[0]
    assert [len(u.xpath("li")) for u in section.xpath(".//ul")] == [3, len(told["never_filled"])]
    assert bds(*asked, "--format", "xlsx", "-o", tmp_path / "k.xlsx").code == 0
    sheet = list(openpyxl.load_workbook(tmp_path / "k.xlsx")["Registratielast"].iter_rows(values_only=True))
    assert len(sheet) == 1 + 3 + len(told["never_filled"])
    assert sheet[1][0] == nowhere[0]
