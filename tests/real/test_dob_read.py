"""Every public DOB message is read, and nothing in it gets lost.

Two checks that share no code with the reader: a count of elements by XPath, and a walk over all data leaves.
"""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl
import pytest
from lxml import etree

from bds_tool.formats import read
from bds_tool.formats.dob.read import read_dob
from bds_tool.store.sources import Sink, Source

HERE = Path(__file__).resolve().parents[2].parent / "shared" / "real" / "dob"
FILES = sorted(HERE.glob("*/*.xml")) if HERE.is_dir() else []
NS = {"h": "urn:hl7-org:v3", "x": "http://www.w3.org/2001/XMLSchema-instance"}
BDS = "2.16.840.1.113883.2.4.4.40.267"
CPE = "//h:careProvisionEvent"
PP = f"{CPE}/h:subject/h:patient/h:patientPerson"
ACT = f"{CPE}/h:component7/h:encounter"
VAC = f"{ACT}/h:component3/h:substanceAdministration"
CONSENT = f"{CPE}/h:authorization/h:consentEvent"

#: One XPath per kind of place; every hit is one registratie with a number. Written from the message
#: specification and the messages, without looking at `specs/dob/indeling.yaml`.
COUNTED = [
    f"{CPE}/h:id",
    f"{CPE}/h:statusCode",
    # observations whose number is in `code`; 1195 and 1196 keep their date in effectiveTime
    f"//h:observation[h:code/@codeSystem='{BDS}']/h:value[not(../h:effectiveTime and (../h:code/@code='1195' or ../h:code/@code='1196'))]",
    "//h:observation[h:code/@code='1195' or h:code/@code='1196']/h:effectiveTime",
    "//h:observation[h:code/@codeSystem='2.16.840.1.113883.6.96']/h:value",
    "//h:observation/h:methodCode",
    "//h:observation/h:targetSiteCode",
    "//h:observation/h:subject/h:personalRelationship/h:code",
    "//h:observation[h:code/@code='1345']/h:effectiveTime",
    "//h:observation/h:performer/h:assignedEntity/h:code",
    "//h:observation/h:location/h:serviceDeliveryLocation/h:code",
    f"{CPE}/h:pertinentInformation/h:annotationObsEvent/h:value",
    # activities
    f"{ACT}/h:id",
    f"{ACT}/h:code",
    f"/h:REPC_IN902120NL{ACT}/h:statusCode",  # element 725 ended with 3.2.7
    f"{ACT}/h:effectiveTime",
    f"{ACT}/h:reasonCode",
    f"{ACT}/h:performer/h:assignedEntity/h:id[not(@nullFlavor)]",
    f"{ACT}/h:performer/h:assignedEntity/h:assignedPerson/h:name",
    f"{ACT}/h:consultant/h:assignedEntity/h:code",
    f"{ACT}/h:escort/h:responsibleParty/h:code",
    f"{ACT}/h:inFulfillmentOf/h:encounter/h:author/*/h:code",
    f"{ACT}/h:inFulfillmentOf/h:encounter/h:author/h:patient",
    f"{ACT}/h:subjectOf/h:abortedEvent/h:reasonCode",
    f"{ACT}/h:subjectOf1/h:conclusion/h:text",
    # vaccinations
    f"{VAC}/h:effectiveTime",
    f"{VAC}//h:administrableMedicine/h:code",
    f"{VAC}//h:lotNumberText",
    f"{VAC}/h:performer//h:name",
    f"{VAC}//h:vaccinationObservation/h:value",
    f"{VAC}//h:vaccinationReason/h:value",
    f"{VAC}//h:observationEvent/h:value",
    f"{VAC}//h:adverseReaction/h:value",
    f"{VAC}//h:adverseReaction/h:effectiveTime/*",
    f"{VAC}//h:informationControlActEvent/h:effectiveTime",
    f"{VAC}//h:informationControlActEvent//h:id",
    # the person
    f"{CPE}/h:subject/h:patient/h:id",
    f"{PP}/h:name/*[not(../@use='L' and self::h:given and not(@qualifier='CL'))]",
    f"{PP}/h:administrativeGenderCode",
    f"{PP}/h:birthTime",
    *(
        f"{CPE}/h:subject/h:patient/h:addr/h:{part}"
        for part in ("city", "country", "houseNumber", "postalCode", "streetName", "county")
    ),
    f"{CPE}/h:subject/h:patient/h:addr/@use",
    f"{CPE}/h:subject/h:patient/h:telecom",
    f"{CPE}/h:subject/h:patient/h:telecom[starts-with(@value,'tel:')]/@use",
    # organisations, documents, consents, care status
    f"{CPE}/h:author/h:assignedEntity/h:id",
    f"{CPE}/h:author/h:assignedEntity/h:assignedOrganization/h:name",
    f"{CPE}/h:appendage/h:document/h:code",
    f"{CPE}/h:appendage/h:document/h:effectiveTime",
    f"{CPE}/h:appendage/h:document/h:text[normalize-space(text())]",
    f"{CPE}/h:appendage/h:document/h:text/@mediaType",
    f"{CPE}/h:appendage/h:document/h:text/h:reference",
    CONSENT,
    f"{CONSENT}/h:author/h:time",
    f"{CONSENT}/h:author/h:responsibleParty/h:code",
    f"{CONSENT}/h:author/h:responsibleParty/h:agentPerson/h:name",
    f"{CONSENT}/h:author//h:representedOrganization/*",
    f"{CONSENT}/h:author/h:patient1",
    f"{CONSENT}/h:author/h:patient1//h:name",
    f"{CONSENT}/h:author/h:patient1//h:providerOrganization/h:id",
    f"{CONSENT}/h:consultant//h:name",
    f"{CONSENT}/h:consultant//h:id",
    f"{CONSENT}/h:subjectOf/h:annotation/h:value",
    f"{CPE}/h:subjectOf/h:careStatus/h:reasonCode",
    f"{CPE}/h:subjectOf/h:careStatus/h:effectiveTime",
]

#: Leaves that say how the message is built. All others must be in the store.
STRUCTURE_ATTRIBUTES = {
    "classCode",
    "moodCode",
    "typeCode",
    "determinerCode",
    "contextConductionInd",
    "contextControlCode",
    "codeSystemName",
    "codeSystemVersion",
    "qualifier",
    "representation",
    "{http://www.w3.org/2001/XMLSchema-instance}type",
}
STRUCTURE_NODES = {
    "templateId",  # which template the sender followed
    "relationshipHolder",  # obligatory empty part of a relation
    "rubricCluster/code",
    "groupCluster/code",  # in the columns rubriek and groep
    "careProvisionEvent/code",
    "patient/statusCode",  # the same in every message
    "substanceAdministration/code",
    "consentEvent/code",
    "abortedEvent/code",
    "conclusion/code",
    "careStatus/code",
    "document/code/@codeSystem",
}


@pytest.fixture(scope="module")
def stores(shared):
    return {path: read([path]) for path in FILES}


def test_all_files_are_read(stores):
    assert len(stores) == 119
    for path, store in stores.items():
        facts = store.bronnen().row(0, named=True)
        assert facts["formaat"].startswith("dob-REPC_IN902120NL"), path
        assert facts["rijen"] > 0


def test_number_of_registraties_equals_independent_count(stores):
    for path, store in stores.items():
        root = etree.parse(path).getroot()
        # "02||Josefien" carries two elements: 1541 and 1537; "02|text|" one.
        pseudo = [
            e.text.split("|")
            for e in root.iterfind(".//h:annotation[h:code]/h:text", NS)
            if e.getprevious().get("code") == "1537-1541"
        ]
        counted = sum(len(root.xpath(p, namespaces=NS)) for p in COUNTED) + sum(
            1 + bool(f[2]) for f in pseudo
        )
        rows = (
            store.registraties().filter(pl.col("bdsnummer").is_not_null()).select(pl.len()).collect().item()
        )
        assert rows == counted, path


def test_every_data_leaf_is_in_the_store(stores):
    """Line by line: each attribute and text below CareProvisionRequest stands in a row of that line."""
    columns = ("waarde", "eenheid", "codesysteem", "nullflavor", "tekst")
    for path, store in stores.items():
        frame = store.registraties().collect()
        words: dict[int, set[str]] = {}
        for row in frame.select("regel", "bdsnummer", *(pl.col(c).cast(pl.String) for c in columns)).rows():
            line = words.setdefault(row[0], set())
            given = {w for w in row[2:] if w is not None}
            line |= (
                given | {w.replace("-", "").replace("T", "").replace(":", "") for w in given} | {str(row[1])}
            )
            line |= {part for w in given for part in w.split()}  # a name in parts is one value
        request = etree.parse(path).getroot().find(".//h:CareProvisionRequest", NS)
        for line, holder, place, value in _leaves(request):
            parts = value.split("|") if place == "annotation/text" else [value]
            # originalText and the parts of a name are told with the node that holds them
            found = words.get(line, set()) | (words.get(holder, set()) if holder else set())
            assert all(not p or p in found for p in parts), (path.name, line, place)


def _leaves(request):
    for node in request.iter():
        if not isinstance(node.tag, str):
            continue
        name = etree.QName(node).localname
        parent = node.getparent()
        place = f"{etree.QName(parent).localname}/{name}"
        holder = parent.sourceline if name in {"originalText", "given", "family", "prefix"} else None
        if name in STRUCTURE_NODES or place in STRUCTURE_NODES:
            continue
        for attribute, value in node.attrib.items():
            if attribute in STRUCTURE_ATTRIBUTES or f"{place}/@{attribute}" in STRUCTURE_NODES:
                continue
            if attribute == "negationInd":
                continue  # test_negation looks at these
            if name == "code" and (node.get("codeSystem") == BDS or node.get("code") in _OTHER):
                continue  # the code of an act: the column bdsnummer; counted by the test above
            if name == "name" and attribute == "use":
                continue  # tells birth name from used name: elements 1, 2, 5 or 3, 4, 6
            if name == "code" and attribute == "displayName":
                act = node.get("codeSystem") in {BDS, "2.16.840.1.113883.6.96"}
                if act or place == "observation/code":
                    continue  # the element's name
            yield node.sourceline, holder, f"{place}/@{attribute}", value.strip()
        text = (node.text or "").strip()
        if text:
            yield node.sourceline, holder, place, text


_OTHER = {"271649006": 1486, "271650006": 1487}


def test_negation(stores):
    """negationInd says no: `true` on a consent is a registered `false`."""
    for path, store in stores.items():
        root = etree.parse(path).getroot()
        refused = root.xpath(f"count({CONSENT}[@negationInd='true'])", namespaces=NS)
        numbers = (469, 1163, 1165, 1395, 1398, 1404, 1533)
        rows = store.registraties().filter(pl.col("bdsnummer").is_in(numbers), pl.col("waarde") == "false")
        assert rows.select(pl.len()).collect().item() == refused, path


def test_nothing_is_unknown(stores):
    for path, store in stores.items():
        codes = store.meldingen().select("code").collect()["code"].to_list()
        assert "BDS801" not in codes, path


def test_version(stores):
    versions = {"3.2.7": "3.2.7", "4.2.0": "4.2.0", "4.2.0-qual": "4.2.0", "converted-413-to-420": "4.2.0"}
    for path, store in stores.items():
        facts = store.bronnen().row(0, named=True)
        expected = versions.get(path.parent.name)
        if expected:
            assert (facts["bds_herkend"], facts["bds_zekerheid"]) == (expected, "zeker")
        elif path.parent.name == "4.1.3":
            assert facts["bds_herkend"] == "4.1.3"


def test_reading_leaves_the_order_that_is_judged(shared):
    """A `code` behind its time, in an act whose code the reader uses itself: the model must see it where it stands."""
    path = shared / "real" / "dob" / "4.1.3" / "DOB-v3.1-R034_hl7.xml"
    event = next(etree.parse(path).getroot().iter("{urn:hl7-org:v3}careProvisionEvent"))
    told = etree.fromstring(
        '<component6 xmlns="urn:hl7-org:v3"><informationControlActEvent classCode="CACT" moodCode="EVN">'
        '<effectiveTime value="20180101"/><code code="476" codeSystem="2.16.840.1.113883.2.4.4.40.267"/>'
        "</informationControlActEvent></component6>"
    )
    event.insert(len(event) - 1, told)
    content = etree.tostring(event.getroottree())
    sink = Sink(1)
    options = {"inspect": ("bds_tool.validate.message:inspect",)}
    read_dob(Source("m.xml", len(content), lambda: io.BytesIO(content), options=options), sink)
    order = [m for m in sink.meldingen if m["code"] == "BDS841" and "informationControlActEvent" in m["pad"]]
    assert len(order) == 1
