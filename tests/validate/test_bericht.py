"""The walk over a message: each rule of stage `message` broken once in a small message written here."""

from __future__ import annotations

import pytest
from lxml import etree

from bds_tool.findings.catalogue import load_rules
from bds_tool.schema import load
from bds_tool.store.sources import Sink
from bds_tool.validate.message import MARKER, inspect

P = "2.16.840.1.113883.2.4.6.10.100."
CS = "2.16.840.1.113883.2.4.4.40."


def observation(number, value, template=None, code=None, attributes=""):
    template = f'<templateId root="{P}4{number:04d}"/>' if template is None else template
    return (
        f'<component><observation classCode="OBS" moodCode="EVN" {attributes}>{template}'
        f'<code code="{code or number}" codeSystem="{CS}267" displayName="x"/>{value}</observation></component>'
    )


STATUS = observation(
    1605, f'<value xsi:type="CV" code="01" codeSystem="{CS}434" displayName="Gerealiseerd"/>'
)
R018 = f'<templateId root="{P}11018"/><code code="R018" codeSystem="{CS}391" displayName="Activiteit"/>'


def cluster(content, name="R018"):
    head = R018 if name == "R018" else f'<code code="{name}" codeSystem="{CS}391" displayName="x"/>'
    return f"<pertinentInformation><rubricCluster>{head}{content}</rubricCluster></pertinentInformation>"


def message(
    clusters=None,
    status="completed",
    mood="EVN",
    encounter_status="completed",
    high="<high value='20240101'/>",
    address="<postalCode>1234 AB</postalCode>",
    extra="",
    document="01",
    wrapper="<creationTime value='20240101120000'/>",
    birth="<birthTime value='20181011'/>",
):
    clusters = cluster(STATUS) if clusters is None else clusters
    document = f"<appendage><document><code code='{document}' codeSystem='{CS}1' displayName='x'/></document></appendage>"
    return etree.fromstring(f"""
<REPC_IN902120NL03 xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<id root="2.16.528.1" extension="1"/>{wrapper}<versionCode code="NICTIZEd2005-Okt"/><interactionId extension="REPC_IN902120NL03"/>
<profileId extension="810"/><processingCode code="P"/><processingModeCode code="T"/><acceptAckCode code="AL"/><receiver/><sender/>
<ControlActProcess><subject><CareProvisionRequest><templateId root="{P}10000"/><code code="CPHC"/><statusCode code="active"/>
<author><time value="2024"/><assignedEntity/></author><sequelTo><careProvisionEvent><id extension="D1"/><code code="CPHC"/>
<statusCode code="{status}"/><effectiveTime>{high}</effectiveTime><subject><patient><id extension="999900183"/><addr>{address}</addr>
<statusCode code="active"/><patientPerson>{birth}</patientPerson></patient></subject><author/>{document}
<component7><encounter moodCode="{mood}"><code code="39" codeSystem="{CS}308" displayName="Contact 1 tot 4 jaar"/>
<statusCode code="{encounter_status}"/><effectiveTime value="20200101"/>{clusters}{extra}</encounter></component7><subjectOf/>
</careProvisionEvent></sequelTo></CareProvisionRequest></subject></ControlActProcess></REPC_IN902120NL03>""")


def codes(root, version="4.1.3"):
    sink = Sink(1)
    inspect(root, sink, load(version))
    return [m["code"] for m in sink.meldingen if m["code"] != MARKER], sink.meldingen


VALUE = f'<value xsi:type="CV" code="01" codeSystem="{CS}434" displayName="Gerealiseerd"/>'
VACCINATION = (
    '<component3><substanceAdministration moodCode="EVN" negationInd="{0}"><consumable><medication><administrableMedicine>'
    "<lotNumberText>{1}</lotNumberText></administrableMedicine></medication></consumable></substanceAdministration></component3>"
)
BROKEN = {
    "BDS812": message(cluster(STATUS + observation(1577, "<value xsi:type='ST'>x</value>", template=""))),
    "BDS813": message(cluster(observation(1605, VALUE, code="1"))),
    "BDS814": message(
        cluster(observation(1577, f'<value xsi:type="CV" code="03" codeSystem="{CS}424" displayName="x"/>'))
    ),
    "BDS815": message(cluster(STATUS + STATUS)),
    "BDS816": message(cluster(observation(1605, "<value xsi:type='ST'>01</value>"))),
    "BDS817": message(cluster(observation(1605, ""))),
    "BDS819": message(cluster(observation(1605, f'<value xsi:type="CV" code="01" codeSystem="{CS}434"/>'))),
    "BDS820": message(
        cluster(
            observation(1605, f'<value xsi:type="CV" code="01" codeSystem="{CS}434" displayName="fout"/>')
        )
    ),
    "BDS821": message(extra=VACCINATION.format("true", "P1")),
    "BDS822": message(extra=VACCINATION.format("false", "")),
    "BDS823": message(document="02"),
    "BDS824": message(status="active"),
    "BDS825": message(
        extra=f"<reasonCode nullFlavor='OTH'><originalText>{'x' * 81}</originalText></reasonCode>"
    ),
    "BDS826": message(high=""),
    "BDS827": message(cluster(observation(1605, VALUE, attributes='negationInd="true"'))),
    "BDS829": message(birth=""),
    "BDS831": message(cluster(STATUS) * 2),
    "BDS832": message(cluster(STATUS) + cluster("", "R019")),
    "BDS833": message(cluster(observation(748, "<value xsi:type='ST'>x</value>"), "R019")),
    "BDS834": message(cluster(STATUS) + cluster(observation(4, "<value xsi:type='ST'>x</value>"), "R003")),
    "BDS835": message(encounter_status="active"),
    "BDS836": message(address="<postalCode>12 AB</postalCode>"),
}


def test_a_sound_message_has_no_remarks():
    assert codes(message()) == ([], codes(message())[1])
    assert [m["code"] for m in codes(message())[1]] == [MARKER]


@pytest.mark.parametrize("code", BROKEN)
def test_rule(code):
    found, remarks = codes(BROKEN[code])
    assert code in found
    remark = next(m for m in remarks if m["code"] == code)
    assert remark["regel"]
    assert remark["waarde"] is None


def test_every_message_rule_has_a_case():
    rules = {r.code for r in load_rules().rules.values() if r.stage == "message"}
    assert rules - {"BDS890"} == set(BROKEN)


@pytest.mark.parametrize("code", ["BDS812", "BDS831", "BDS833", "BDS835"])
def test_rules_of_later_messages_do_not_hold_for_327(code):
    assert code not in codes(BROKEN[code], "3.2.7")[0]


def test_planned_activity_may_be_active():
    assert "BDS835" not in codes(message(mood="INT", encounter_status="active"))[0]


def test_foreign_postcode_is_not_judged():
    assert "BDS836" not in codes(message(address="<postalCode>12345</postalCode><country code='6029'/>"))[0]


def test_remarks_say_where_with_numbers():
    _, remarks = codes(BROKEN["BDS831"])
    assert next(m for m in remarks if m["code"] == "BDS831")["pad"].endswith(
        "pertinentInformation[2]/rubricCluster[1]"
    )


def test_no_remark_quotes_the_message():
    for root in BROKEN.values():
        for remark in codes(root)[1]:
            assert "999900183" not in str(remark)
            assert "xxxx" not in str(remark)
