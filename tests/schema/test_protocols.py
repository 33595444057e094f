"""The protocols: sound, with a source, never heavier than a warning, and readable as typed values."""

import shutil
from itertools import pairwise

import pytest

from bds_tool.base.errors import SpecError, UsageError
from bds_tool.base.specs import set_specs, specs_dir
from bds_tool.schema import load, versions
from bds_tool.schema.checking.running import check_specs
from bds_tool.schema.protocols import AgeWindow, hl7_codes, protocol, protocols, rules_for, when_text


def rules():
    return [r for p in protocols().values() for r in p.rules]


def test_the_protocols_that_the_facts_support_are_there():
    asked = {
        "vaccinatie", "maternale-vaccinatie", "groei", "van-wiechen", "voeding", "visus", "gehoorscreening",
        "activiteit", "huid", "oogafwijkingen",
    }  # fmt: skip
    assert asked <= protocols().keys()


def test_protocols_are_sound():
    assert [f.message for f in check_specs("protocollen").findings] == []


@pytest.mark.parametrize("rule", rules(), ids=lambda r: r.id)
def test_every_rule_has_a_source_and_stays_below_an_error(rule):
    assert rule.id.startswith(rule.protocol)
    assert rule.severity in {"info", "waarschuwing"}
    assert len(rule.source) > 5
    own = rule.versions.among(versions())
    assert own
    assert set(own) <= set(protocols()[rule.protocol].versions.among(versions()))
    assert rule.title.keys() == {"nl", "en"}
    assert when_text(rule.when)


@pytest.mark.parametrize("rule", rules(), ids=lambda r: r.id)
def test_every_rule_can_be_met_in_every_version_it_claims(rule):
    for version in rule.versions.among(versions()):
        living = load(version).in_bericht
        for part in (*rule.when.trigger, *rule.expect):
            assert all(n in living for n in part.elements), (version, part.elements)


def test_id_is_the_name_of_the_file():
    for p in protocols().values():
        assert p.file == f"{p.id}.yaml"


def test_huid_asks_what_the_protocol_of_2016_asks():
    # BDS-protocol Huid v1.1: 163 with 04, 05, 07, 23, 24, explained in 164.
    (rule,) = (r for r in protocol("huid").rules if r.id == "huid-toelichting")
    assert rule.when.trigger[0].elements == (163,)
    assert rule.when.trigger[0].codes == ("04", "05", "07", "23", "24")
    assert rule.expect[0].elements == (164,)


def test_rules_of_a_version_leave_out_those_of_others():
    assert "vaccinatie-contra-indicatie" in {r.id for r in rules_for("4.2.0")}
    assert "vaccinatie-contra-indicatie" not in {r.id for r in rules_for("4.1.3")}
    assert {r.protocol for r in rules_for("3.2.7")} == {
        *("gehoorscreening", "groei", "huid", "voeding", "rvp-toestemming")
    }


def test_codes_of_a_message_differ_from_those_of_the_data_set():
    assert hl7_codes("4.1.3", (163,), ("04", "98")) == ("04", "OTH")
    assert hl7_codes("4.1.3", (1582,), ("true",)) == ("true",)


def test_age_in_days_uses_the_mean_length_of_the_unit():
    assert AgeWindow(2, None, "weken").days == (14.0, None)
    assert AgeWindow(None, 2, "jaren").days == (None, 730.5)


def test_columns_of_the_van_wiechen_examination_leave_no_age_uncovered():
    windows = sorted(
        (r.when.age.start, r.when.age.end)
        for r in protocol("van-wiechen").rules
        if "leeftijd" in r.id and r.when.age
    )
    assert windows[0][0] == 0
    assert all(before[1] == after[0] for before, after in pairwise(windows))
    named = {c for r in protocol("van-wiechen").rules if "leeftijd" in r.id for c in r.expect[0].codes}
    column = load("4.2.0").waardenlijst(1531)
    assert column is not None
    assert named == {c.code for c in column.codes}


def test_unknown_protocol_gets_a_near_name():
    with pytest.raises(UsageError) as caught:
        protocol("groie")
    assert "groei" in caught.value.remedy


def test_protocol_that_cannot_be_understood_is_a_spec_error(tmp_path):
    shutil.copytree(specs_dir() / "bds" / "4.1.3", tmp_path / "bds" / "4.1.3")
    (tmp_path / "protocollen").mkdir()
    (tmp_path / "protocollen" / "x.yaml").write_text("id: x\ntitle: {nl: a}\n", encoding="utf-8")
    set_specs(str(tmp_path))
    try:
        with pytest.raises(SpecError):
            protocols()
    finally:
        set_specs("")


def test_versions_claimed_exist():
    assert all(p.versions.among(versions()) for p in protocols().values())
