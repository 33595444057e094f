"""A small dossieroverdrachtbericht written here: officially clean in 4.1.3, and with another root in 4.2.0."""

from __future__ import annotations

from lxml import etree

P = "2.16.840.1.113883.2.4.6.10.100."
CS = "2.16.840.1.113883.2.4.4.40."
ACT = "2.16.840.1.113883.5.4"
ROOTS = {"3.2.7": "REPC_IN902120NL", "4.0.2": "REPC_IN902120NL03", "4.1.3": "REPC_IN902120NL03"}
BSN = "999990019"
DOCUMENT = "Integraal dossier JGZ"


def observation(number, value, template=None, code=None, attributes='negationInd="false"'):
    template = f'<templateId root="{P}4{number:04d}"/>' if template is None else template
    return (
        f'<component typeCode="COMP"><observation classCode="OBS" moodCode="EVN" {attributes}>{template}'
        f'<code code="{code or number}" codeSystem="{CS}267" displayName="x"/>{value}</observation></component>'
    )


VALUE = f'<value xsi:type="CV" code="01" codeSystem="{CS}434" displayName="Gerealiseerd"/>'
STATUS = observation(1605, VALUE)
R018 = f'<templateId root="{P}11018"/><code code="R018" codeSystem="{CS}391" displayName="Activiteit"/>'
ASSIGNED = f'<templateId root="{P}122"/><id root="2.16.528.1.1007.3.3" extension="12345678"/>'


def cluster(content, name="R018"):
    head = R018 if name == "R018" else f'<code code="{name}" codeSystem="{CS}391" displayName="x"/>'
    return (
        '<pertinentInformation typeCode="PERT">'
        f'<rubricCluster classCode="CLUSTER" moodCode="EVN">{head}{content}</rubricCluster></pertinentInformation>'
    )


def status(number, about, code, system, name):
    return (
        f'<subjectOf><careStatus><code code="{number}" codeSystem="{CS}267" displayName="{about}"/><effectiveTime value="20240101"/>'
        f'<reasonCode code="{code}" codeSystem="{CS}{system}" displayName="{name}"/></careStatus></subjectOf>'
    )


def message(
    clusters=None,
    status_code="completed",
    mood="EVN",
    encounter_status="completed",
    high="<high value='20240101'/>",
    address="<postalCode>1234 AB</postalCode>",
    extra="",
    document="01",
    wrapper="<creationTime value='20240101120000'/>",
    birth="<birthTime value='20181011'/>",
    beside="",
    version="4.1.3",
    interaction=None,
    patient=BSN,
    attention=BSN,
):
    """`extra` stands at the end of the encounter, `beside` at the end of the dossier."""
    root = ROOTS.get(version, "REPC_IN902120NL04")
    clusters = cluster(STATUS) if clusters is None else clusters
    return etree.fromstring(
        f"""
<{root} xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<id root="2.16.528.1.1007.3.3.1" extension="1"/>{wrapper}<versionCode code="NICTIZEd2005-Okt"/>
<interactionId root="2.16.840.1.113883.1.6" extension="{interaction or root}"/>
<profileId root="2.16.840.1.113883.2.4.3.11.1" extension="810"/><processingCode code="P"/><processingModeCode code="T"/>
<acceptAckCode code="AL"/>
<attentionLine><keyWordText code="PATID" codeSystem="2.16.840.1.113883.2.4.15.1">BSN</keyWordText>
<value xsi:type="II" root="2.16.840.1.113883.2.4.6.3" extension="{attention}"/></attentionLine>
<receiver><device><id root="2.16.840.1.113883.2.4.6.6" extension="2"/></device></receiver>
<sender><device><id root="2.16.840.1.113883.2.4.6.6" extension="3"/></device></sender>
<ControlActProcess moodCode="EVN"><authorOrPerformer typeCode="AUT"><participant><AssignedDevice>
<id root="2.16.528.1.1007.3.2" extension="123456789"/>
<Organization><id root="2.16.528.1.1007.3.3" extension="12345678"/><name>JGZ</name></Organization>
</AssignedDevice></participant></authorOrPerformer>
<subject><CareProvisionRequest><templateId root="{P}10000"/><code code="CPHC" codeSystem="{ACT}" displayName="care provision"/>
<statusCode code="active"/><author><time value="20240101"/><assignedEntity classCode="ASSIGNED">{ASSIGNED}</assignedEntity></author>
<sequelTo><careProvisionEvent moodCode="EVN"><id root="2.16.528.1.1007.3.3.12345678.1" extension="D1"/>
<code code="CPHC" codeSystem="{ACT}" displayName="care provision"/><statusCode code="{status_code}"/><effectiveTime>{high}</effectiveTime>
<subject><patient classCode="PAT"><templateId root="{P}131"/>
<id root="2.16.840.1.113883.2.4.6.3" extension="{patient}"/><addr use="HP">{address}</addr><statusCode code="active"/>
<patientPerson><name use="L"><given qualifier="CL">Noor</given></name>{birth}</patientPerson></patient></subject>
<author><time value="20240101"/><assignedEntity classCode="ASSIGNED">{ASSIGNED}</assignedEntity></author>
<appendage><document><code code="{document}" codeSystem="{CS}303" displayName="{DOCUMENT if document == "01" else "x"}"/>
<text mediaType="application/pdf"><reference value="file:///d.pdf"/></text><effectiveTime value="20240101"/></document></appendage>
<component7><encounter classCode="ENC" moodCode="{mood}"><id root="2.16.528.1.1007.3.3.12345678.2" extension="A1"/>
<code code="39" codeSystem="{CS}308" displayName="Contact 1 tot 4 jaar"/><statusCode code="{encounter_status}"/>
<effectiveTime value="20200101"/>{clusters}{extra}</encounter></component7>
{status("1197", "Status in zorg", "01", "376", "Regulier")}{status("487", "Zorgbeëindiging", "01", "82", "Overdracht naar een andere JGZ-organisatie")}{beside}
</careProvisionEvent></sequelTo></CareProvisionRequest></subject></ControlActProcess></{root}>""".strip()
    )


def acknowledgement(kind="PATID"):
    """An acknowledgement, officially clean; `kind`: the word of its attention line."""
    return etree.fromstring(
        f"""
<MCCI_IN000002 xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<id root="2.16.528.1.1007.3.3.1" extension="1"/><creationTime value="20240101120000"/>
<versionCode code="NICTIZEd2005-Okt"/><interactionId root="2.16.840.1.113883.1.6" extension="MCCI_IN000002"/>
<profileId root="2.16.840.1.113883.2.4.3.11.1" extension="810"/><processingCode code="P"/><processingModeCode code="T"/>
<acceptAckCode code="NE"/><acknowledgement typeCode="CA"><targetMessage><id root="2.16.528.1.1007.3.3.1" extension="2"/>
</targetMessage></acknowledgement>
<attentionLine><keyWordText code="{kind}" codeSystem="2.16.840.1.113883.2.4.15.1">Patient.id</keyWordText>
<value xsi:type="II" root="2.16.840.1.113883.2.4.6.3" extension="{BSN}"/></attentionLine>
<receiver typeCode="RCV"><device classCode="DEV" determinerCode="INSTANCE"><id root="2.16.840.1.113883.2.4.6.6"
extension="2"/></device></receiver>
<sender typeCode="SND"><device classCode="DEV" determinerCode="INSTANCE"><id root="2.16.840.1.113883.2.4.6.6" extension="3"/>
</device></sender></MCCI_IN000002>""".strip()
    )
