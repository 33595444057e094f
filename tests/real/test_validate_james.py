"""The JAMES test files: the defect that `test_info.txt` names is named by a finding, in each format where it applies."""

from __future__ import annotations

import json
from datetime import date

import polars as pl
import pytest

from bds_tool.formats import read
from bds_tool.validate.engine import Options, validate

ALL = ("1.0", "1.1", "2.0", "3.0")
#: test → what the finding must name: (code, element, field) for each of the formats where the defect is one.
EXPECTED = {
    "test2": [("BDS031", None, "Referentie|reference", ALL)],
    # In the later formats the file carries organisation 0, which says as much.
    "test3": [
        ("BDS020", None, "OrganisatieCode", ("1.0",)),
        ("BDS034", None, "OrganisatieCode|organisationCode", ("1.1", "2.0", "3.0")),
    ],
    "test4": [("BDS024", None, "OrganisatieCode", ("1.0",))],
    "test5": [("BDS020", None, "ClientGegevens", ("1.0",))],
    # The later formats carry the contacts; there the defect got lost in conversion.
    "test6": [("BDS031", None, "Contactmomenten", ("1.0",))],
    "test7": [("BDS031", None, "Referentie|reference", ALL), ("BDS020", None, "OrganisatieCode", ("1.0",))],
    "test8": [("BDS005", None, "OrganisatieCode|organisationCode", ALL)],
    "test9": [("BDS022", 19, None, ("1.0",)), ("BDS033", 19, None, ("1.1", "2.0", "3.0"))],
    "test10": [("BDS022", 20, None, ("1.0",))],
    "test11": [("BDS032", 82, None, ALL)],
    "test12": [("BDS032", 91, None, ("1.0",)), ("BDS033", 91, None, ("1.1", "2.0", "3.0"))],
    "test13": [("BDS032", 110, None, ALL)],
    "test14": [("BDS002", None, None, ALL)],
    "test15": [("BDS023", 19, None, ("1.0",)), ("BDS023", 62, None, ("1.0",))],
    "test16": [("BDS023", 20, None, ("1.0",))],
    "test17": [("BDS023", 82, None, ("1.0",))],
    "test18": [("BDS023", 91, None, ("1.0",))],
    "test19": [("BDS023", 110, None, ("1.0",))],
    "test22": [("BDS231", 82, None, ("1.0", "2.0", "3.0"))],
    "test23": [("BDS023", 19, None, ("1.0",)), ("BDS231", 82, None, ("1.0",)), ("BDS231", 252, None, ALL)],
}
#: Files without a defect by themselves: copies of a healthy client, optional parts left out, or extra answers.
HEALTHY = ("test1", "test20", "test24")


@pytest.fixture(scope="module")
def found(shared):
    """(test, format) → findings with their parameters."""
    result = {}
    for version in ALL:
        folder = shared / "real/james" / f"bds_v{version}" / "test"
        with read(sorted(folder.glob("*.json"))) as store:
            judged = validate(store, Options(today=date(2026, 11, 21), max_examples=0))
        for bron, pad in judged.bronnen.select("bron", "pad").iter_rows():
            rows = judged.findings.filter(pl.col("bron") == bron).iter_rows(named=True)
            result[pad.rsplit("/", 1)[-1].removesuffix(".json"), version] = [
                (r["code"], r["severity"], r["bdsnummer"], json.loads(r["parameters"] or "{}").get("veld"))
                for r in rows
            ]
    return result


CASES = [(t, *e[:3], v) for t, es in EXPECTED.items() for e in es for v in e[3]]


@pytest.mark.parametrize(("test", "code", "element", "field", "version"), CASES)
def test_the_intended_defect_is_named(found, test, code, element, field, version):
    names = field.split("|") if field else [None]
    seen = [(c, e, f) for c, _, e, f in found[test, version] if c == code]
    assert any(e == element and (f in names or field is None) for _, e, f in seen), found[test, version]


@pytest.mark.parametrize("test", HEALTHY)
@pytest.mark.parametrize("version", ALL)
def test_healthy_files_carry_no_error(found, test, version):
    assert [f for f in found[test, version] if f[1] == "fout"] == []


def test_children_of_the_smocc_cohort_carry_no_error_but_milestones_with_m(shared):
    """Code 3 (M) with items that know + and − alone is a true defect, which the JSON schemas refuse as well."""
    paths = sorted(p for v in ALL for p in (shared / "real/james" / f"bds_v{v}" / "smocc").glob("*.json"))
    with read(paths) as store:
        judged = validate(store, Options(today=date(2026, 11, 21), max_examples=0))
    errors = judged.totals.filter(pl.col("severity") == "fout")
    assert set(errors.select("code", "bdsnummer").iter_rows()) <= {
        ("BDS203", n) for n in (906, 907, 964, 986)
    }
    assert judged.findings.filter(pl.col("severity") == "fout")["waarde"].unique().to_list() == ["3"]
