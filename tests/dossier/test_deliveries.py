"""Deliveries as dossier systems, Excel, SPSS, R, SQL and APIs give them, with what must come of each, in leveringen/*.yaml.

A delivery: `naam`; the file as `inhoud` (with `codering`, `voor` and `na` as bytes around it) or `bladen` of a workbook,
under the name `bestand`; `toml`, the bds.toml beside it. What must come of it: `rijen` (all registrations, as
dossier|date|element|value), `heeft` and `mist` (some that must and must not be there), `zegt` (code: lines) and `zwijgt`,
`tekst` (what the findings say), `verbergt` (what no output may show) and `rc` (exit code). The expected rows were written
by hand, from what a person reads in the file.
"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import openpyxl
import polars as pl
import pytest
import yaml

from bds_tool.base.errors import UnreadableError
from bds_tool.base.settings import load
from bds_tool.findings.catalogue import load_rules
from bds_tool.formats import read
from bds_tool.formats.explaining import explain_tables

CASES = [
    case
    for path in sorted((Path(__file__).parent / "leveringen").glob("*.yaml"))
    for case in yaml.safe_load(path.read_text(encoding="utf-8"))
]


def made(case, folder):
    path = folder / case.get("bestand", "x.csv")
    if "bladen" in case:
        book = openpyxl.Workbook()
        book.remove(book.active)
        for name, rows in case["bladen"].items():
            sheet = book.create_sheet(name)
            for r, row in enumerate(rows, 1):
                for c, value in enumerate(row, 1):
                    if value is not None:
                        sheet.cell(r, c, value)
            if name in case.get("verborgen", ()):
                sheet.sheet_state = "hidden"
        for cells in case.get("samen", ()):
            book.worksheets[0].merge_cells(cells)
        book.save(path)
    else:
        around = [case.get(k, "").encode("latin-1") for k in ("voor", "na")]
        path.write_bytes(around[0] + case["inhoud"].encode(case.get("codering", "utf-8")) + around[1])
    settings = folder / "bds.toml"
    settings.write_text(case.get("toml", ""), encoding="utf-8")
    return path, load(settings).tables


def number(value):
    try:
        return repr(float(value))
    except ValueError:
        return value


def rows_of(path, tables):
    with read([path], tables=tables) as store:
        frame = store.registraties().filter(pl.col("bdsnummer").is_not_null()).collect()
        told = store.meldingen().collect()
    rows = [
        (r["dossier_id"], str(r["datum"] or ""), r["bdsnummer"], number(r["waarde"] or ""))
        for r in frame.iter_rows(named=True)
    ]
    return sorted(rows), told


def row(text):
    dossier, day, element, value = text.split("|")
    return dossier, day, int(element), number(value)


def said(told):
    rules = load_rules()
    return "\n".join(
        f"{code} {rules[code].title} {rules[code].say(json.loads(facts) if facts else {})} {rules[code].remedy}"
        for code, facts in told.select("code", "parameters").iter_rows()
    )


@pytest.mark.parametrize("case", CASES, ids=[c["naam"] for c in CASES])
def test_delivery(case, tmp_path, monkeypatch, bds):
    monkeypatch.chdir(tmp_path)
    path, tables = made(case, tmp_path)
    found, told = rows_of(path, tables)
    if "rijen" in case:
        assert found == sorted(row(r) for r in case["rijen"])
    assert {row(r) for r in case.get("heeft", ())} <= set(found)
    assert not {row(r) for r in case.get("mist", ())} & set(found)
    lines = {}
    for code, line in told.select("code", "regel").iter_rows():
        lines.setdefault(code, set()).add(line)
    for code, wanted in case.get("zegt", {}).items():
        assert code in lines
        assert set(wanted) <= lines[code]
    assert not set(case.get("zwijgt", ())) & set(lines)
    if "rc" in case:
        wanted = case["rc"] if isinstance(case["rc"], list) else [case["rc"]]
        assert bds("validate", path).code in wanted
    if "tekst" in case and not re.search(case["tekst"], said(told), re.IGNORECASE | re.DOTALL):
        shown = bds("validate", path)
        assert re.search(case["tekst"], shown.out + shown.err, re.IGNORECASE | re.DOTALL)
    for hidden in [case["verbergt"]] if isinstance(case.get("verbergt"), str) else case.get("verbergt", ()):
        for command in (["validate"], ["validate", "-f", "json"], ["convert", "--explain"]):
            shown = bds(command[0], path, *command[1:])
            assert not re.search(hidden, (shown.out + shown.err).replace(str(tmp_path), ""))


def _proposed(case, folder):
    path, tables = made(case, folder)
    try:
        lines = "\n".join(line for report in explain_tables([path], tables) for line in report["voorstel"])
    except UnreadableError:
        return
    if not lines or "toml" in case:
        return
    tomllib.loads(lines)
    (folder / "voorstel.toml").write_text(lines, encoding="utf-8")
    assert rows_of(path, load(folder / "voorstel.toml").tables)[0] == rows_of(path, tables)[0]


@pytest.mark.parametrize("case", CASES[::12], ids=[c["naam"] for c in CASES[::12]])
def test_proposal_of_some_reads_the_same(case, tmp_path):
    _proposed(case, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=[c["naam"] for c in CASES])
def test_proposal_reads_the_same(case, tmp_path):
    """What `--explain` proposes, pasted into bds.toml as it stands, changes no registration."""
    _proposed(case, tmp_path)


def test_there_are_many_kinds():
    assert len(CASES) >= 150
    assert len({c["naam"] for c in CASES}) == len(CASES)
