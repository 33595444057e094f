"""`--xsd`: the official XML schema gives the verdict that the oracle holds, without quoting a value."""

from __future__ import annotations

import csv

from bds_tool.validate.run import Request, judge


def test_verdict_of_the_schema_is_the_official_one(shared):
    with (shared / "real/oracle/verdicts.csv").open(encoding="utf-8") as file:
        verdicts = {r["message"]: r["xsd_valid"] == "True" for r in csv.DictReader(file)}
    names = [m for m in verdicts if not m.startswith("dob/converted")][:50]
    result = judge(
        Request(
            [shared / "real" / m for m in names], xsd=shared / "real/xsd", max_examples=0, select=["BDS890"]
        )
    )
    broken = set(result.totals.filter(code="BDS890")["bron"].to_list())
    found = {
        p[len(str(shared / "real")) + 1 :]: b not in broken
        for b, p in result.bronnen.select("bron", "pad").iter_rows()
    }
    assert found == {m: verdicts[m] for m in names}
    assert sum(not v for v in found.values()) >= 4
    for row in result.findings.iter_rows(named=True):
        assert "19861301" not in str(row)
        assert row["regel"]


def test_without_xsd_the_rule_is_not_judged(shared):
    result = judge(Request([shared / "real/oracle/mutanten/r019__unchanged.xml"]))
    verdict = {c: (s, r) for c, s, r in result.verdicts.select("code", "status", "reason").iter_rows()}
    assert verdict["BDS890"] == ("niet beoordeeld", "niet gevraagd (--xsd)")
    assert verdict["BDS840"][0] == "goed"


def test_a_folder_without_the_schema_of_a_message_is_named(shared):
    file = min((shared / "real/dob/4.2.0").glob("*.xml"))
    result = judge(Request([file], bds="4.2.0", xsd=shared / "real/xsd"))
    verdict = {c: (s, r) for c, s, r in result.verdicts.select("code", "status", "reason").iter_rows()}
    assert verdict["BDS890"][0] == "niet beoordeeld"
    assert "REPC_IN902120NL04.xsd" in verdict["BDS890"][1]
