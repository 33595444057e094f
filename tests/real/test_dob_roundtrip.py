"""DOB → store → DOB → store gives the same store for every public message, and schema-valid XML."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from lxml import etree

from bds_tool.formats import read
from bds_tool.formats.dob.tree import Left
from bds_tool.formats.dob.write import write_dob

HERE = Path(__file__).resolve().parents[2].parent / "shared" / "real"
FILES = sorted((HERE / "dob").glob("*/*.xml")) if HERE.is_dir() else []


_EVENT = "ControlActProcess/subject/CareProvisionRequest/sequelTo/careProvisionEvent"
_CLUSTER = f"{_EVENT}/component7/encounter/pertinentInformation/rubricCluster"
_SHOT = f"{_EVENT}/component7/encounter/component3/substanceAdministration"
_GIVER = f"{_EVENT}/authorization/consentEvent/author/patient1/patientPerson/name"
_OLD = "3.2.7/DOB-3.0.0-qual-versturen-XXX_Kallasingh-hl7-template-bds327.xml"
#: The only texts (of elements, and names of codes) that differ after reading and writing: an example, and why.
ALTERED = {
    ("name", f"{_EVENT}/code"): (_OLD, "the fixed code of the act has no name in the tables of the standard"),
    ("name", f"{_SHOT}/code"): ("4.0.2/DOB-3.0.0-CR_test_JGZ-rubriek_R041_hl7.xml", "the same"),
    ("name", f"{_SHOT}/authorization/consentEvent/code"): (
        "4.0.2/DOB-3.0.0-CR_test_JGZ-rubriek_R041_hl7.xml",
        "the same",
    ),
    ("name", f"{_EVENT}/authorization/consentEvent/subjectOf/annotation/code"): (_OLD, "the same"),
    ("name", f"{_CLUSTER}/code"): (
        "4.0.2/DOB-3.0.0-CR_test_JGZ-rubriek_R054_hl7.xml",
        "a rubriek is named as the definition of the version does",
    ),
    ("name", f"{_CLUSTER}/component/observation/code"): (
        "4.0.2/DOB-3.0.0-CR_test_JGZ-rubriek_R021_hl7.xml",
        "an element is named as the definition of the version does",
    ),
    ("name", f"{_EVENT}/subject/patient/addr/country"): (_OLD, "the country is named; the message held its code alone"),
    ("text", f"{_GIVER}/given"): (_OLD, "the name of who gives consent is one element of the BDS: one text"),
    ("text", f"{_GIVER}/family"): (_OLD, "the same"),
}  # fmt: skip


def texts(root):
    """Every text of an element and every name of a code, with its place by names."""
    found = Counter()
    for e in root.iter("*"):
        steps = [n.tag.rpartition("}")[2] for n in (*reversed([*e.iterancestors()]), e)]
        place = "/".join(steps[1:])
        own = [e.text, *(c.tail for c in e)]
        found.update(("text", place, t.strip()) for t in own if t and t.strip())
        if e.get("displayName") is not None:
            found["name", place, e.get("displayName")] += 1
    return found


def altered(before, after):
    a, b = texts(before), texts(after)
    return {key[:2] for key in [*(a - b), *(b - a)]}


@pytest.fixture(scope="module")
def schemas(shared):
    folder = shared / "real" / "xsd" / "hl7v3_schemas"
    return {
        n: etree.XMLSchema(etree.parse(folder / f"{n}.xsd")) for n in ("REPC_IN902120NL", "REPC_IN902120NL03")
    }


def content(store):
    """All columns but the place in the file, in any order."""
    frame = (
        store.registraties()
        .drop("bron", "regel")
        .collect()
        .with_columns(pl.col(pl.Categorical).cast(pl.String))
    )
    return Counter(frame.rows())


def test_there_are_messages(shared):
    assert len(FILES) == 119


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_round_trip(path, schemas, tmp_path):
    first = read([path])
    version = first.bronnen()["bds_herkend"][0]
    result = write_dob(first, tmp_path / "terug.xml", version)
    assert (result.messages, result.left) == (1, Left())
    assert content(read([tmp_path / "terug.xml"])) == content(first)
    root = etree.parse(path).getroot()
    assert altered(root, etree.parse(tmp_path / "terug.xml").getroot()) <= set(ALTERED)
    schema = schemas.get(etree.QName(root).localname)  # there is no public schema of NL04
    if schema is not None and schema.validate(root):
        assert schema.validate(etree.parse(tmp_path / "terug.xml")), schema.error_log.last_error


@pytest.mark.parametrize("example", sorted({e for e, _ in ALTERED.values()}))
def test_what_is_listed_does_differ(example, shared, tmp_path):
    path = shared / "real" / "dob" / example
    first = read([path])
    write_dob(first, tmp_path / "terug.xml", first.bronnen()["bds_herkend"][0])
    found = altered(etree.parse(path).getroot(), etree.parse(tmp_path / "terug.xml").getroot())
    assert {key for key, (of, _) in ALTERED.items() if of == example} <= found


def test_the_page_lists_what_differs():
    page = (Path(__file__).resolve().parents[2] / "docs/uitleg/berichten-beoordelen.md").read_text("utf-8")
    words = {"name": "naam van de code", "text": "tekst"}
    rows = re.findall(r"^\| (naam van de code|tekst) \| `([^`]+)` \|", page, re.MULTILINE)
    left = [(kind, place) for kind, place in ALTERED if not _listed(words[kind], place, rows)]
    assert left == []
    assert len(rows) == len(ALTERED)


def _listed(kind, place, rows):
    """A row names the end of the path: one row for one place."""
    inside = place.removeprefix(_EVENT + "/")
    return any(
        k == kind and (inside == end or ("/" in end and inside.endswith("/" + end))) for k, end in rows
    )
