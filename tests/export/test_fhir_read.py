"""Reading FHIR: broken files are remarks, never crashes, and nothing of a record is in a remark."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bds_tool.formats import read, unreadable

PATIENT = {"resourceType": "Patient", "id": "p1", "birthDate": "2018-10-11"}
HEIGHT = {
    "resourceType": "Observation", "id": "o1", "status": "final", "subject": {"reference": "Patient/p1"}, "encounter": {"reference": "Encounter/e1"},
    "effectiveDateTime": "2019-01-02T10:00:00+01:00", "code": {"coding": [{"system": "http://loinc.org", "code": "8302-2"}]},
    "valueQuantity": {"value": 70.5, "unit": "cm", "system": "http://unitsofmeasure.org", "code": "cm"},
}  # fmt: skip


def rows(path):
    with read([path]) as store:
        return (
            store.registraties().collect().to_dicts(),
            store.meldingen().collect().to_dicts(),
            unreadable(store),
        )


def test_ndjson(tmp_path):
    (tmp_path / "x.ndjson").write_text(f"{json.dumps(PATIENT)}\n\n{json.dumps(HEIGHT)}\n")
    found, remarks, _ = rows(tmp_path / "x.ndjson")
    assert [(r["dossier_id"], r["activiteit_id"], str(r["datum"]), r["bdsnummer"], r["waarde"], r["eenheid"], r["regel"]) for r in found] == [
        ("p1", None, "None", 20, "2018-10-11", None, 1), ("p1", "e1", "2019-01-02", 235, "705", "mm", 3),
    ]  # fmt: skip
    assert not remarks


@pytest.mark.parametrize("wrap", ["bundle", "pretty", "list"])
def test_bundle_and_single_documents(tmp_path, wrap):
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": PATIENT}, {"resource": HEIGHT}],
    }
    text = {
        "bundle": json.dumps(bundle),
        "pretty": json.dumps(bundle, indent=2),
        "list": json.dumps([PATIENT, HEIGHT]),
    }[wrap]
    (tmp_path / "x.json").write_text(text)
    found, _, _ = rows(tmp_path / "x.json")
    assert [r["bdsnummer"] for r in found] == [20, 235]


def test_a_broken_line_is_a_remark_and_the_rest_goes_on(tmp_path):
    (tmp_path / "x.ndjson").write_text(
        f'{json.dumps(PATIENT)}\n{{"resourceType": "Observation", "id"\n{json.dumps(HEIGHT)}\n'
    )
    found, remarks, _ = rows(tmp_path / "x.ndjson")
    assert [r["bdsnummer"] for r in found] == [20, 235]
    assert [(m["code"], m["regel"]) for m in remarks] == [("BDS036", 2)]


def test_a_resource_built_wrongly_is_a_remark(tmp_path):
    bad = HEIGHT | {"code": "8302-2", "note": "geheim"}
    (tmp_path / "x.ndjson").write_text(f"{json.dumps(bad)}\n{json.dumps(HEIGHT)}\n")
    found, remarks, _ = rows(tmp_path / "x.ndjson")
    assert [r["bdsnummer"] for r in found] == [235]
    assert [(m["code"], m["regel"]) for m in remarks] == [("BDS050", 1)]
    assert "geheim" not in json.dumps(remarks, default=str)


def test_what_has_no_element_is_kept_with_its_text(tmp_path):
    other = HEIGHT | {
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4", "display": "Heart rate"}]},
        "valueQuantity": {"value": 120, "unit": "/min"},
    }
    (tmp_path / "x.ndjson").write_text(
        json.dumps(other)
        + "\n"
        + json.dumps({"resourceType": "Goal", "id": "g", "subject": {"reference": "Patient/p1"}})
    )
    found, _, _ = rows(tmp_path / "x.ndjson")
    assert [(r["bdsnummer"], r["waarde"], r["tekst"]) for r in found] == [
        (None, "120", "Heart rate"),
        (None, None, "Goal"),
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["x", "http://loinc.org", "8302-2", "final", "Patient/p1", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["coding", "code", "system", "extension", "reference", "value", "url", "use"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
KEYS = st.sampled_from([
    "id", "meta", "code", "subject", "patient", "encounter", "valueQuantity", "valueCodeableConcept", "component", "category", "name", "_family", "telecom",
    "address", "extension", "relationship", "type", "reasonCode", "period", "item", "condition", "vaccineCode", "note", "identifier", "bodySite", "_gender", "entry",
])  # fmt: skip
TYPES = st.sampled_from(
    [
        "Observation",
        "Patient",
        "RelatedPerson",
        "Encounter",
        "Immunization",
        "QuestionnaireResponse",
        "Condition",
        "Procedure",
        "FamilyMemberHistory",
        "EpisodeOfCare",
        "Organization",
        "Bundle",
    ]
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(st.tuples(TYPES, st.dictionaries(KEYS, JSON, max_size=6)), min_size=1, max_size=4))
def test_no_json_makes_the_reader_fall(tmp_path_factory, resources):
    path = tmp_path_factory.mktemp("f") / "x.ndjson"
    path.write_text("\n".join(json.dumps({"resourceType": kind, **body}) for kind, body in resources) + "\n")
    rows(path)
