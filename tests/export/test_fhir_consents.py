"""Consents as FHIR Consent: every one in exactly one resource, with what it permits and whether it still holds."""

from __future__ import annotations

import json
import warnings
from collections import Counter
from datetime import date

import fhirkit
import polars as pl
import pytest

from bds_tool.export.fhir.writer import Opdracht, export
from bds_tool.formats import read
from bds_tool.schema import load
from bds_tool.store import Store, StoreWriter
from bds_tool.store.columns import REGISTRATIES
from bds_tool.synthetic.generate import Request, generate

KEY = b"a key of at least sixteen characters"
BDS = "urn:oid:2.16.840.1.113883.2.4.4.40.267"
#: Constraints of Consent, word for word from https://hl7.org/fhir/R4/consent.html, as FHIRPath.
INVARIANTS = {
    "ppc-1": "policy.exists() or policyRule.exists()",
    "ppc-2": "patient.exists() or scope.coding.where(code='patient-privacy').exists().not()",
    "ppc-3": "patient.exists() or scope.coding.where(code='research').exists().not()",
    "ppc-5": "patient.exists() or scope.coding.where(code='treatment').exists().not()",
}
#: What a yes to each question allows, by the words of the question: a consent permits, an objection denies.
QUESTIONS = {
    1163: "permit",
    1165: "permit",
    1395: "deny",
    1398: "permit",
    1404: "deny",
    1533: "permit",
    469: "permit",
}


def made(folder, rows):
    with StoreWriter(folder / "s.bds", replace=True) as writer:
        writer.add_bron(
            bron=1,
            pad="f",
            formaat="james-3.0",
            sha256="0" * 64,
            bytes=1,
            organisatie="1234",
            rijen=len(rows),
        )
        base = dict.fromkeys(REGISTRATIES) | {"dossier_id": "kind-1", "bron": 1, "regel": 1}
        writer.add_rows([tuple((base | r)[c] for c in REGISTRATIES) for r in rows])
    return Store.open(folder / "s.bds")


def exported(folder, store, **options):
    loss = export(store, folder / "out", Opdracht(KEY, controle="basis", werkers=1, **options), replace=True)
    assert not loss.fouten
    path = folder / "out" / "Consent.ndjson"
    return [json.loads(x) for x in path.read_text(encoding="utf-8").splitlines()] if path.is_file() else []


def element(consent):
    (number,) = [int(c["code"]) for k in consent["category"] for c in k["coding"] if c["system"] == BDS]
    return number


def judged(consent):
    """Base R4 by another library, and the constraints of the page."""
    assert not fhirkit.validate(json.dumps(consent))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import fhirpathpy
        from fhirpathpy.models import models
    for name, rule in INVARIANTS.items():
        assert fhirpathpy.evaluate(consent, rule, model=models["r4"]) == [True], name


def test_the_questions_are_all_consents_of_the_message():
    placed = {e.bdsnummer for e in load("4.2.0").in_bericht.values() if e.pad.endswith("@negationInd")}
    assert placed == QUESTIONS.keys()


@pytest.mark.parametrize("number", QUESTIONS)
@pytest.mark.parametrize(("said", "as_bds"), [("true", "1"), ("false", "2")])
def test_what_may_happen_follows_from_the_question(tmp_path, number, said, as_bds):
    e = load("4.2.0").elementen[number]
    yes = QUESTIONS[number]
    expected = yes if said == "true" else {"permit": "deny", "deny": "permit"}[yes]
    for waarde in (said, as_bds):
        row = {
            "bdsnummer": number,
            "rubriek": e.rubriek,
            "groep": e.groepen[-1] if e.groepen else None,
            "volgnr": 1,
            "waarde": waarde,
        }
        (consent,) = exported(tmp_path, made(tmp_path, [row]))
        assert (consent["provision"]["type"], consent["status"]) == (expected, "active")
        assert element(consent) == number
        judged(consent)


def test_an_unknown_answer_is_no_decision(tmp_path):
    assert (
        exported(
            tmp_path, made(tmp_path, [{"bdsnummer": 1163, "groep": "G011", "volgnr": 1, "nullflavor": "UNK"}])
        )
        == []
    )


def test_a_later_decision_takes_the_place_of_an_earlier(tmp_path):
    def decision(volgnr, waarde, day):
        place = {"rubriek": "R010", "groep": "G011", "volgnr": volgnr}
        return [
            {**place, "bdsnummer": 1163, "waarde": waarde},
            *([{**place, "bdsnummer": 1349, "waarde": day}] if day else []),
        ]

    rows = [
        *decision(1, "true", "2019-03-01"),
        *decision(2, "false", "2022-05-01"),
        *decision(3, "true", "2021-01-01"),
    ]
    found = {
        c["dateTime"]: (c["status"], c["provision"]["type"]) for c in exported(tmp_path, made(tmp_path, rows))
    }
    assert found == {
        "2019-03-01": ("inactive", "permit"),
        "2021-01-01": ("inactive", "permit"),
        "2022-05-01": ("active", "deny"),
    }
    # Two decisions of one day: nobody recorded which came last.
    rows = [*decision(1, "true", "2022-05-01"), *decision(2, "false", "2022-05-01")]
    assert [c["status"] for c in exported(tmp_path, made(tmp_path, rows))] == ["active", "active"]


def test_an_end_date_ends_it_from_the_day_after(tmp_path):
    place = {"rubriek": "R010", "groep": "G115", "volgnr": 1}
    rows = [
        {**place, "bdsnummer": 1533, "waarde": "true"},
        {**place, "bdsnummer": 1607, "waarde": "2024-06-30"},
    ]
    store = made(tmp_path, rows)
    for today, status in ((date(2024, 6, 30), "active"), (date(2024, 7, 1), "inactive"), (None, "active")):
        (consent,) = exported(tmp_path, store, vandaag=today)
        assert (consent["status"], consent["provision"]["period"]) == (status, {"end": "2024-06-30"})


def test_who_decided_is_named_and_a_parent_is_not_the_child(tmp_path):
    place = {"rubriek": "R010", "groep": "G011", "volgnr": 1}
    for code, kind in (("01", "Patient"), ("02", "RelatedPerson")):
        rows = [{**place, "bdsnummer": 1163, "waarde": "true"}, {**place, "bdsnummer": 1164, "waarde": code}]
        (consent,) = exported(tmp_path, made(tmp_path, rows))
        assert [p["type"] for p in consent["performer"]] == [kind]


@pytest.mark.parametrize(("bds", "coding"), [("4.2.0", "hl7"), ("4.1.3", "bds")])
def test_every_consent_of_generated_dossiers_is_in_one_consent_and_comes_back(tmp_path, bds, coding):
    generate(Request(children=60, bds=bds, seed=12, coding=coding), tmp_path / "g.bds")
    store = Store.open(tmp_path / "g.bds")
    rows = store.registraties().filter(pl.col("bdsnummer").is_in(list(QUESTIONS))).collect()
    answered = rows.filter(pl.col("waarde").is_not_null())
    assert answered.height >= 10
    found = exported(tmp_path, store)
    for consent in found:
        judged(consent)

    def allowed(n, said):
        return QUESTIONS[n] if said in {"true", "1"} else {"permit": "deny", "deny": "permit"}[QUESTIONS[n]]

    expected = Counter(
        (n, allowed(n, said)) for n, said in answered.select("bdsnummer", "waarde").iter_rows()
    )
    assert Counter((element(c), c["provision"]["type"]) for c in found) == expected
    with read(sorted((tmp_path / "out").glob("*.ndjson"))) as again:
        back = (
            again.registraties()
            .filter(pl.col("bdsnummer").is_in([*QUESTIONS, 1349, 1350, 1397, 1400, 1406, 1536, 1607]))
            .collect()
        )
    here = (
        store.registraties()
        .filter(pl.col("bdsnummer").is_in([*QUESTIONS, 1349, 1350, 1397, 1400, 1406, 1536, 1607]))
        .collect()
    )

    def bag(frame):
        plain = {"1": "true", "2": "false"}
        return Counter(
            (n, plain.get(v, v) if n in QUESTIONS else (v or "")[:10].replace("-", ""))
            for n, v in frame.select("bdsnummer", "waarde").iter_rows()
        )

    assert bag(back) == bag(here)
