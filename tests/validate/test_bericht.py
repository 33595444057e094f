"""The walk over a message: each rule of stage `message` broken once in a small message written here (`dob_message`)."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from bds_tool.findings.catalogue import load_rules
from bds_tool.schema import load
from bds_tool.store.sources import Sink
from bds_tool.validate.message import MARKER, inspect

_SPEC = importlib.util.spec_from_file_location("dob_message", Path(__file__).with_name("dob_message.py"))
dob_message = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(dob_message)
CS, P, BSN = dob_message.CS, dob_message.P, dob_message.BSN
STATUS, VALUE = dob_message.STATUS, dob_message.VALUE
cluster, message, observation = dob_message.cluster, dob_message.message, dob_message.observation


def codes(root, version="4.1.3"):
    sink = Sink(1)
    inspect(root, sink, load(version))
    return [m["code"] for m in sink.meldingen if m["code"] != MARKER], sink.meldingen


def version_of(code):
    """A version for which the rule holds."""
    return next(v for v in ("4.1.3", "4.2.0") if load_rules().rules[code].versions.holds(v))


VACCINATION = (
    '<component3><substanceAdministration moodCode="EVN" negationInd="{0}"><consumable><medication><administrableMedicine>'
    "<lotNumberText>{1}</lotNumberText></administrableMedicine></medication></consumable></substanceAdministration></component3>"
)


def later(*arguments, **options):
    """The message as one of 4.2.0, of which the templates are not public."""
    return message(*arguments, version="4.2.0", **options)


R018 = dob_message.R018
BROKEN = {
    "BDS812": message(cluster(STATUS + observation(1577, "<value xsi:type='ST'>x</value>", template=""))),
    "BDS813": later(cluster(observation(1605, VALUE, code="1"))),
    "BDS814": later(
        cluster(observation(1577, f'<value xsi:type="CV" code="03" codeSystem="{CS}424" displayName="x"/>'))
    ),
    "BDS816": later(cluster(observation(1605, "<value xsi:type='ST'>01</value>"))),
    "BDS817": later(cluster(observation(1605, ""))),
    "BDS819": message(cluster(observation(1605, f'<value xsi:type="CV" code="01" codeSystem="{CS}434"/>'))),
    "BDS820": message(
        cluster(
            observation(1605, f'<value xsi:type="CV" code="01" codeSystem="{CS}434" displayName="fout"/>')
        )
    ),
    "BDS821": later(extra=VACCINATION.format("true", "P1")),
    "BDS822": later(extra=VACCINATION.format("false", "")),
    "BDS823": later(document="02"),
    "BDS824": later(status_code="active"),
    "BDS825": later(
        extra=f"<reasonCode nullFlavor='OTH'><originalText>{'x' * 81}</originalText></reasonCode>"
    ),
    "BDS826": later(high=""),
    "BDS827": later(cluster(observation(1605, VALUE, attributes='negationInd="true"'))),
    "BDS829": later(birth=""),
    "BDS831": later(cluster(STATUS) * 2),
    "BDS833": later(cluster(observation(748, "<value xsi:type='ST'>x</value>"), "R019")),
    "BDS834": later(cluster(STATUS) + cluster(observation(4, "<value xsi:type='ST'>x</value>"), "R003")),
    "BDS835": later(encounter_status="active"),
    "BDS836": later(address="<postalCode>12 AB</postalCode>"),
    "BDS840": message(extra="<onbekend/>"),
    "BDS841": message(
        cluster(STATUS).replace(R018, R018[R018.index("<code") :] + R018[: R018.index("<code")])
    ),
    "BDS842": message(cluster(observation(1605, VALUE * 2))),
    "BDS843": message(birth=""),
    "BDS844": message(cluster(observation(1605, VALUE, attributes='negationInd="false" unit="x"'))),
    "BDS845": message(cluster(observation(1605, VALUE, attributes=""))),
    "BDS846": message(
        cluster(
            STATUS
            + observation(
                235, '<value xsi:type="PQ" value="900" unit="mm"/>', attributes='negationInd="true"'
            )
        )
    ),
    "BDS847": message(cluster("tekst" + STATUS)),
    "BDS848": message(wrapper="<creationTime value='2024-01-01'/>"),
    "BDS849": message(cluster(observation(1605, VALUE.replace('"CV"', '"XX"')))),
    "BDS850": message(cluster(STATUS).replace('"R018"', '"R019"')),
    "BDS851": message(cluster(STATUS + observation(235, '<value xsi:type="PQ" value="900" unit="m"/>'))),
    "BDS852": message(
        cluster(STATUS + observation(235, '<value xsi:type="PQ" value="900" unit="mm" nullFlavor="NI"/>'))
    ),
    "BDS853": message(address="<postalCode>12 AB</postalCode>"),
    "BDS854": message(document="02"),
    "BDS855": message(attention="999990020"),
    "BDS856": dob_message.acknowledgement(kind="ONBEKEND"),
}
#: The sound message of rules that are not about the dossieroverdrachtbericht.
SOUND = {"BDS856": dob_message.acknowledgement()}


def test_a_sound_message_has_no_remarks():
    assert codes(message()) == ([], codes(message())[1])
    assert [m["code"] for m in codes(message())[1]] == [MARKER]


@pytest.mark.parametrize("code", BROKEN)
def test_rule(code):
    found, remarks = codes(BROKEN[code], version_of(code))
    assert code in found
    remark = next(m for m in remarks if m["code"] == code)
    assert remark["regel"]


def test_every_message_rule_has_a_case():
    rules = {r.code for r in load_rules().rules.values() if r.stage == "message"}
    assert rules - {"BDS890"} == set(BROKEN)


def test_the_sound_message_is_sound_in_the_schema_of_nictiz(shared):
    from lxml import etree

    path = next((shared / "real" / "xsd").rglob("REPC_IN902120NL03.xsd"))
    assert etree.XMLSchema(etree.parse(path)).validate(message())


def test_planned_activity_may_be_active():
    assert "BDS835" not in codes(later(mood="INT", encounter_status="active"), "4.2.0")[0]


def test_foreign_postcode_is_not_judged():
    assert (
        "BDS836"
        not in codes(later(address="<postalCode>12345</postalCode><country code='6029'/>"), "4.2.0")[0]
    )


def test_remarks_say_where_with_numbers():
    _, remarks = codes(BROKEN["BDS831"], "4.2.0")
    assert next(m for m in remarks if m["code"] == "BDS831")["pad"].endswith(
        "pertinentInformation[2]/rubricCluster[1]"
    )


def test_no_remark_quotes_the_message():
    for code, root in BROKEN.items():
        for remark in codes(root, version_of(code))[1]:
            shown = {k: v for k, v in remark.items() if k != "waarde"}
            assert BSN not in str(shown)
            assert "999990018" not in str(shown)
            assert "xxxx" not in str(remark)
