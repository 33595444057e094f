"""Every rule of the catalogue three times: broken, kept, and where it has nothing to say (`niet beoordeeld`, with why).

The first two are rows (`cases.py`), files (`files.py`) or messages (`test_bericht.py`); the third follows from what
the catalogue says of the rule: its formats, its versions, the elements it needs.
"""

from __future__ import annotations

import importlib.util
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path
from unittest.mock import patch

import polars as pl
import pytest
from lxml import etree

from bds_tool.base.settings import Acceptance
from bds_tool.base.specs import set_specs, specs_dir
from bds_tool.base.table_settings import table_settings
from bds_tool.findings.acceptances import accept
from bds_tool.findings.catalogue import load_rules
from bds_tool.formats import read
from bds_tool.schema import versions
from bds_tool.validate.run import Request
from bds_tool.validate.run import judge as judge_files


def _beside(name):
    spec = importlib.util.spec_from_file_location(f"beside_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


cases, files, messages = _beside("cases"), _beside("files"), _beside("test_bericht")
RULES = load_rules().rules
TODAY = date(2026, 6, 30)
UNKNOWN = "niet beoordeeld"
ROWS = {code: (settings, bad, good) for code, settings, bad, good in cases.CASES}
ROWS["BDS230"] = ({}, [(188, "01", cases.A)], [(188, "02", cases.A)])
_PLACE = {"activiteit_id": "a", "datum": "2020-01-01"}
#: A child with nothing but a remark, or nothing but a height: rules on other elements have nothing to judge.
REMARK, HEIGHT = [(748, "x", _PLACE)], [(235, "1020", _PLACE | {"eenheid": "mm"})]
#: An XML schema of two lines: the root may hold nothing but text.
XSD = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:hl7-org:v3">
<xs:element name="REPC_IN902120NL03" type="{}"/></xs:schema>"""


def verdict(result, code):
    rows = result.verdicts.filter(pl.col("code") == code).select("status", "reason").rows()
    assert rows, f"no verdict on {code}"
    return rows


def of_file(folder, name, content, **options):
    if content == "store":
        (folder / "t.csv").write_bytes(files.TABLE)
        read([folder / "t.csv"], folder / name).close()
        paths = [folder / name, folder / "t.csv"]
    elif content == "changing":
        (folder / name).write_bytes(files.TABLE)
        # Every look at the file finds it written to anew.
        with patch("bds_tool.formats.reading._stamp", side_effect=range(9)):
            return judge_files(Request([folder / name], today=TODAY, **options))
    else:
        if content is not None:
            (folder / name).write_bytes(content)
        paths = [folder / name]
    return judge_files(Request(paths, today=TODAY, **options))


def of_message(folder, root, **options):
    content = etree.tostring(root) if not isinstance(root, bytes) else root
    return of_file(folder, "m.xml", content, **{"bds": "4.1.3", **options})


def schema_dir(folder, kind):
    place = folder / f"xsd-{kind}"
    place.mkdir()
    (place / "REPC_IN902120NL03.xsd").write_text(XSD.format(f"xs:{kind}"))
    return place


@pytest.fixture(autouse=True)
def _draft(request, tmp_path):
    """For BDS230 a draft of the definitions in which code 01 of list W0228 (element 188) only groups others.

    No list that is shipped binds an element to such a code; a draft may.
    """
    if (
        getattr(request.node, "callspec", None) is None
        or request.node.callspec.params.get("code") != "BDS230"
    ):
        yield
        return
    copy = tmp_path / "specs"
    shutil.copytree(specs_dir(), copy)
    lists = copy / "bds" / "4.1.3" / "waardenlijsten.csv"
    text = lists.read_text(encoding="utf-8")
    drafted = text.replace(",01,Nooit,0,L,", ",01,Nooit,0,A,", 1)
    assert drafted != text
    lists.write_text(drafted, encoding="utf-8")
    set_specs(str(copy))
    yield
    set_specs("")


@pytest.fixture
def situation(judge, tmp_path):
    """`situation(code, "bad" | "good")` → Result in which the rule is broken or kept."""

    def run(code, which):
        stage = RULES[code].stage
        if stage == "judge":
            result = of_file(
                tmp_path, "a.csv", files.TABLE.replace(b"1020", b"ja").replace(b";235", b";BDS235")
            )
            row = Acceptance("BDS201", "bekend")
            bad = {"BDS901": replace(row, until=date(2020, 1, 1)), "BDS902": replace(row, rule="BDS203")}[
                code
            ]
            return accept(result, [bad if which == "bad" else row], TODAY)
        if stage == "reader":
            name, bad, good = files.FILES[code]
            if which == "good":
                return of_file(tmp_path, name, good)
            profile, *tables = files.SETTINGS.get(code, ("",))
            said = replace(table_settings({"tabel": tables}), profile=profile)
            return of_file(tmp_path, name, bad, tables=said)
        if code == "BDS890":
            kind = "string" if which == "bad" else "anyType"
            return of_message(tmp_path, files.SOUND_DOB, xsd=schema_dir(tmp_path, kind))
        if stage == "message":
            version = messages.version_of(code)
            sound = messages.SOUND.get(code, messages.message(version=version))
            return of_message(tmp_path, messages.BROKEN[code] if which == "bad" else sound, bds=version)
        settings, bad, good = ROWS[code]
        return judge(bad if which == "bad" else good, **settings)

    return run


@pytest.mark.parametrize("code", RULES)
def test_broken(code, situation):
    result = situation(code, "bad")
    assert result.totals.filter(pl.col("code") == code)["n"].sum() > 0
    assert ("bevinding", None) in verdict(result, code)


@pytest.mark.parametrize("code", RULES)
def test_kept(code, situation):
    result = situation(code, "good")
    assert result.totals.filter(pl.col("code") == code).is_empty()
    assert set(verdict(result, code)) == {("goed", None)}


def elsewhere(judge, folder, code):
    """(result, reason): a situation that the catalogue declares to be outside the rule."""
    rule = RULES[code]
    if rule.stage == "judge":
        return of_file(folder, "a.csv", files.TABLE), "er zijn geen afspraken"
    if rule.formats:
        other = next(f for f in ("james", "tabel", "dob") if f not in rule.formats)
        return judge(REMARK, format_=other), "geldt niet voor dit formaat"
    if rule.stage == "reader":
        # A file that is not there, or for the rule on that: one without content.
        content = b"" if code == "BDS001" else None
        return of_file(folder, "a.json", content), "bestand niet gelezen"
    settings, bad, _ = ROWS[code]
    if not rule.versions.open:
        other = next(v for v in versions() if not rule.versions.holds(v))
        return judge(bad, **settings | {"version": other}), f"geldt niet voor BDS {other}"
    for rows in (REMARK, HEIGHT):
        result = judge(rows, **settings)
        needed = result.needs[next(iter(result.groups.values()))].get(code, [])
        if any(rows[0][0] not in elements for elements in needed):
            return result, "element niet aangeleverd"
    # The rule looks at every row whatever it holds; it is silent only where it was not asked.
    return judge(bad, **settings | {"codes": frozenset(RULES) - {code}}), "niet gevraagd"


@pytest.mark.parametrize("code", RULES)
def test_not_applicable(code, judge, tmp_path):
    result, reason = elsewhere(judge, tmp_path, code)
    assert set(verdict(result, code)) == {(UNKNOWN, reason)}
    assert result.totals.filter(pl.col("code") == code).is_empty()


@pytest.mark.parametrize("code", [c for c, r in RULES.items() if not r.versions.open])
def test_rules_of_some_versions_are_silent_on_the_others(code, tmp_path):
    other = next(v for v in versions() if not RULES[code].versions.holds(v))
    # the rules over rows of a message have no message of their own
    root = messages.BROKEN.get(code, messages.message())
    result = of_file(tmp_path, "m.xml", etree.tostring(root), bds=other)
    assert verdict(result, code) == [(UNKNOWN, RULES[code].not_for(other))]
    assert other in RULES[code].not_for(other)
    assert result.totals.filter(pl.col("code") == code).is_empty()


def test_a_message_that_was_not_walked_leaves_its_rules_unjudged(judge):
    for version in ("4.1.3", "4.2.0"):
        result = judge([(20, "2018-10-11")], format_="dob", version=version)
        for code in messages.BROKEN:
            if RULES[code].holds_for(version, "dob"):
                assert verdict(result, code) == [(UNKNOWN, "het bericht zelf is niet doorlopen")]
    assert verdict(result, "BDS890") == [(UNKNOWN, "niet gevraagd (--xsd)")]


def test_agreements_are_judged_once_per_run(judge):
    result = judge([(235, "ja", cases.A)], sources=2)
    assert result.verdicts.filter(pl.col("code") == "BDS901").height == 1
    accepted = accept(replace(result), [Acceptance("BDS203", "x")], TODAY)
    assert verdict(accepted, "BDS902") == [("bevinding", None)]
    assert verdict(accepted, "BDS901") == [("goed", None)]
