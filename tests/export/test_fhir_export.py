"""Store → FHIR R4: what goes where, what stays away, and that every row is accounted for."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date

import fhirkit
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bds_tool.base.errors import UsageError
from bds_tool.export.fhir import observation_text as snel
from bds_tool.export.fhir.identity import load_key
from bds_tool.export.fhir.loss import BDS_GECODEERD, SLEUTEL, WEGGELATEN
from bds_tool.export.fhir.writer import Opdracht, export
from bds_tool.formats import read
from bds_tool.store import Store, StoreWriter
from bds_tool.store.columns import REGISTRATIES

KEY = b"a key of at least sixteen characters"
NLCORE = "http://nictiz.nl/fhir/StructureDefinition/"
BDS = "urn:oid:2.16.840.1.113883.2.4.4.40.267"


def row(n, waarde, act=None, datum=None, dossier="kind-1", **more):
    base = dict.fromkeys(REGISTRATIES)
    return (
        base
        | {
            "dossier_id": dossier,
            "activiteit_id": act,
            "datum": datum,
            "bdsnummer": n,
            "waarde": waarde,
            "bron": 1,
            "regel": 1,
        }
        | more
    )


def make(path, rows, formaat="james-3.0", organisatie="1234", bronnen=1):
    with StoreWriter(path, replace=True) as writer:
        for b in range(1, bronnen + 1):
            writer.add_bron(
                bron=b,
                pad=f"f{b}",
                formaat=formaat,
                sha256=f"{b:064x}",
                bytes=1,
                organisatie=organisatie,
                rijen=len(rows),
            )
        writer.add_rows([tuple(r[c] for c in REGISTRATIES) for r in rows])
    return Store.open(path)


@pytest.fixture
def run(tmp_path):
    def call(rows, formaat="james-3.0", organisatie="1234", bronnen=1, **options):
        store = make(tmp_path / "s.bds", rows, formaat, organisatie, bronnen)
        loss = export(store, tmp_path / "out", Opdracht(KEY, controle="basis", **options), replace=True)
        found = {
            f.stem: [json.loads(line) for line in f.read_text(encoding="utf-8").splitlines()]
            for f in (tmp_path / "out").glob("*.ndjson")
        }
        assert sum(loss.rijen.values()) == len(rows), "every row is counted once"
        assert not loss.fouten
        return found, loss

    return call


DAY = date(2018, 12, 11)
CHILD = [row(20, "2018-10-11"), row(19, "2")]


def observation(found, n):
    return [
        o
        for o in found["Observation"]
        if any(c.get("code") == str(n) and c["system"] == BDS for c in o["code"]["coding"])
    ]


# ---- growth --------------------------------------------------------------------------------------------------


def test_height_in_cm_with_its_profile_position_and_both_codes(run):
    found, _ = run([*CHILD, row(235, "1535", "c1", DAY, eenheid="mm"), row(236, "2", "c1", DAY)])
    (height,) = observation(found, 235)
    assert height["meta"]["profile"] == [NLCORE + "nl-core-BodyHeight"]
    # 1535 mm is 153.5 cm; mm is not a unit the profile allows.
    assert height["valueQuantity"] == {
        "value": 153.5,
        "unit": "cm",
        "system": "http://unitsofmeasure.org",
        "code": "cm",
    }
    assert height["code"]["coding"][0] == {"system": "http://loinc.org", "code": "8302-2"}
    assert height["effectiveDateTime"] == "2018-12-11"
    (position,) = height["component"]
    assert position["valueCodeableConcept"]["coding"][0]["code"] == "10904000"  # standing
    assert position["valueCodeableConcept"]["coding"][1]["code"] == "2"  # as registered


def test_birth_weight_has_both_loinc_codes_and_the_birth_date(run):
    found, _ = run([*CHILD, row(110, "990")])
    (weight,) = observation(found, 110)
    assert {c["code"] for c in weight["code"]["coding"]} == {"29463-7", "8339-4", "110"}
    assert weight["effectiveDateTime"] == "2018-10-11"


def test_a_measure_without_any_date_does_not_claim_a_profile_that_wants_one(run):
    found, loss = run([row(19, "2"), row(110, "990")])
    assert "profile" not in observation(found, 110)[0]["meta"]
    assert sum(loss.zonder_profiel.values()) == 1


def test_a_value_that_is_no_number_is_kept_as_text_without_profile(run):
    found, loss = run([*CHILD, row(235, "onbekend", "c1", DAY)])
    (height,) = observation(found, 235)
    assert height["valueString"] == "onbekend"
    assert "profile" not in height["meta"]
    assert loss.rijen[(235, BDS_GECODEERD, "paste niet in de vorm")] == 1


def test_apgar_outside_its_range_is_not_an_apgar_score(run):
    found, _ = run([*CHILD, row(129, "12"), row(130, "9")])
    assert "profile" not in observation(found, 129)[0]["meta"]
    assert observation(found, 130)[0]["meta"]["profile"] == [NLCORE + "nl-core-ApgarScore-5Minute"]


def test_blood_pressure_needs_both_values(run):
    found, _ = run(
        [*CHILD, row(1486, "125", "c1", DAY), row(1487, "75", "c1", DAY), row(1486, "120", "c2", DAY)]
    )
    whole, half = found["Observation"]
    assert [c["valueQuantity"]["code"] for c in whole["component"]] == ["mm[Hg]", "mm[Hg]"]
    assert half["valueQuantity"]["value"] == 120


def test_mixed_feeding_becomes_two_components(run):
    found, _ = run([*CHILD, row(496, "02", "c1", DAY)])
    (feeding,) = found["Observation"]
    codes = [c["valueCodeableConcept"]["coding"][0]["code"] for c in feeding["component"]]
    assert codes == ["226789007", "386127005"]


# ---- development ---------------------------------------------------------------------------------------------


def test_a_milestone_reached_is_a_zib_observation_and_a_missed_one_is_not(run):
    found, _ = run([*CHILD, row(933, "1", "c1", DAY), row(933, "2", "c2", DAY)])
    yes, no = observation(found, 933)
    assert yes["valueCodeableConcept"]["coding"][0]["code"] == "258116008"
    assert yes["meta"]["profile"] == [NLCORE + "nl-core-DevelopmentChild.DevelopmentLinguistics"]
    assert [c["code"] for c in no["valueCodeableConcept"]["coding"]] == ["2"]
    assert "profile" not in no["meta"]


# ---- missing values ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flavor", "reason"),
    [("UNK", "unknown"), ("ASKU", "asked-unknown"), ("NASK", "not-asked"), ("MSK", "masked")],
)
def test_nullflavor_becomes_a_reason_and_stays_beside_it(run, flavor, reason):
    found, _ = run(
        [row(20, "2018-10-11"), row(879, None, "c1", DAY, nullflavor=flavor)], formaat="dob-REPC_IN902120NL03"
    )
    codings = found["Observation"][0]["dataAbsentReason"]["coding"]
    assert [c["code"] for c in codings] == [reason, flavor]


def test_other_namely_keeps_its_text(run):
    found, _ = run(
        [row(232, None, "c1", DAY, nullflavor="OTH", tekst="Anders dan genoemd")],
        formaat="dob-REPC_IN902120NL03",
    )
    value = found["Observation"][0]["valueCodeableConcept"]
    assert value == {
        "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-NullFlavor", "code": "OTH"}],
        "text": "Anders dan genoemd",
    }


# ---- codings -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formaat", "waarde", "codesysteem"),
    [("james-3.0", "2", None), ("dob-REPC_IN902120NL03", "F", "2.16.840.1.113883.5.1")],
)
def test_both_codings_of_sex_are_understood(run, formaat, waarde, codesysteem):
    found, _ = run([row(19, waarde, codesysteem=codesysteem)], formaat=formaat)
    (patient,) = found["Patient"]
    assert patient["gender"] == "female"
    codes = patient["_gender"]["extension"][0]["valueCodeableConcept"]["coding"]
    assert (
        codes[0]
        == {
            "system": "http://terminology.hl7.org/CodeSystem/v3-AdministrativeGender",
            "code": "F",
            **({"display": "Female"} if formaat.startswith("dob") else {}),
        }
        or codes[0]["code"] == "F"
    )


@pytest.mark.parametrize(("formaat", "waarde"), [("james-3.0", "01"), ("dob-REPC_IN902120NL03", "NFTH")])
def test_both_codings_of_a_parent_are_understood(run, formaat, waarde):
    found, _ = run([row(62, waarde, groep="G014", volgnr=1)], formaat=formaat)
    (parent,) = found["RelatedPerson"]
    assert parent["relationship"][0]["coding"][0]["code"] == "FTH"


@pytest.mark.parametrize(("sex", "role"), [("1", "BRO"), ("2", "SIS")])
def test_sex_chooses_between_brother_and_sister(run, sex, role):
    found, _ = run([row(74, "01", groep="G018", volgnr=1), row(75, sex, groep="G018", volgnr=1)])
    assert found["RelatedPerson"][0]["relationship"][0]["coding"][0]["code"] == role


# ---- what stays away -----------------------------------------------------------------------------------------

SENSITIVE = [
    (7, "bsn"),
    (655, "bsn"),
    (481, "kindermishandeling"),
    (1326, "kindermishandeling"),
    (1195, "verwijsindex"),
    (739, "vgv"),
    (770, "seksualiteit"),
    (493, "werkaantekening"),
    (606, "persoonsnummer"),
]


@pytest.mark.parametrize(("n", "kind"), SENSITIVE)
def test_sensitive_elements_leave_only_when_asked(run, n, kind):
    rows = [
        *CHILD,
        row(
            n,
            "GEHEIM123",
            "c1" if n not in {7, 655, 606} else None,
            DAY if n not in {7, 655, 606} else None,
            groep="G014" if n == 655 else None,
            volgnr=1 if n == 655 else None,
        ),
    ]
    found, loss = run(rows)
    assert "GEHEIM123" not in json.dumps(found)
    assert loss.rijen[(n, WEGGELATEN, f"gevoelig: {kind}")] == 1
    found, _ = run(rows, gevoelig=frozenset({kind}))
    assert "GEHEIM123" in json.dumps(found)


def test_a_bsn_outside_its_element_stays_away_too(run):
    rows = [
        *CHILD,
        row(None, "999902003", codesysteem="2.16.840.1.113883.2.4.6.3", pad="x"),
        row(879, "999902003", "c1", DAY, codesysteem="2.16.840.1.113883.2.4.6.3"),
    ]
    found, loss = run(rows, formaat="dob-REPC_IN902120NL03")
    assert "999902003" not in json.dumps(found)
    assert loss.redenen() == {"gevoelig: bsn": 2}


def test_a_secret_address_stays_away(run):
    rows = [
        *CHILD,
        row(11, "Geheimstraat", groep="G001", volgnr=1),
        row(697, "true", groep="G001", volgnr=1),
        row(11, "Openstraat", groep="G001", volgnr=2),
    ]
    found, _ = run(rows)
    text = json.dumps(found)
    assert "Geheimstraat" not in text
    assert "Openstraat" in text
    assert "Geheimstraat" in json.dumps(run(rows, gevoelig=frozenset({"geheim-adres"}))[0])


def test_the_message_envelope_is_never_exported(run):
    rows = [
        *CHILD,
        row(None, "999902003", pad="bericht/attentionLine/value"),
        row(None, "P", pad="bericht/processingCode"),
    ]
    found, loss = run(rows, formaat="dob-REPC_IN902120NL03")
    assert "999902003" not in json.dumps(found)
    assert loss.redenen() == {"bericht: envelop": 2}


def test_dossier_and_contact_numbers_become_pseudonyms(run):
    rows = [
        row(695, "DOSSIER-77"),
        row(1377, "CONTACT-88", "CONTACT-88", DAY),
        row(879, "1", "CONTACT-88", DAY, dossier="kind-1"),
    ]
    found, loss = run(rows)
    assert not re.search("DOSSIER-77|CONTACT-88|kind-1", json.dumps(found))
    assert loss.per_uitkomst()[SLEUTEL] == 2


# ---- rows without counterpart --------------------------------------------------------------------------------


def test_unmapped_keep_drop_report(run, tmp_path):
    rows = [*CHILD, row(235, "700", "c1", DAY), row(321, "true", "c1", DAY, regel=7)]
    assert observation(run(rows)[0], 321)[0]["valueBoolean"] is True
    found, loss = run(rows, ongemapt="drop")
    assert not observation(found, 321)
    assert loss.redenen() == {"geen tegenhanger": 1}
    run(rows, ongemapt="report")
    assert (tmp_path / "out/niet-gemapt.csv").read_text(encoding="utf-8").splitlines() == [
        "bdsnummer,bron,regel,reden",
        "321,1,7,geen tegenhanger",
    ]


def test_an_own_question_is_kept_with_its_label(run):
    found, _ = run([*CHILD, row(None, "1", "c1", DAY, tekst="gs1sec027")])
    (own,) = found["Observation"]
    assert own["code"] == {"text": "gs1sec027"}
    assert own["valueString"] == "1"


# ---- ids, references, provenance -----------------------------------------------------------------------------

MANY = [
    r
    for k in range(7)
    for r in (
        row(20, "2018-10-11", dossier=f"k{k}"),
        row(19, "1", dossier=f"k{k}"),
        row(62, "02", dossier=f"k{k}", groep="G014", volgnr=1),
        row(63, "1990-01-02", dossier=f"k{k}", groep="G014", volgnr=1),
        row(235, f"7{k}0", "a", DAY, dossier=f"k{k}"),
        row(245, "8000", "a", DAY, dossier=f"k{k}"),
        row(879, "1", "a", DAY, dossier=f"k{k}"),
        row(933, "1", "a", DAY, dossier=f"k{k}"),
        row(323, 'tekst met "aanhaling" \\ en é%s', "a", DAY, dossier=f"k{k}"),
        row(461, "01", "a", DAY, dossier=f"k{k}", groep="G076", volgnr=1),
        row(1409, "2018-12-11", "a", DAY, dossier=f"k{k}", groep="G076", volgnr=1),
        row(1078, "2", "a", DAY, dossier=f"k{k}"),
        row(494, "38", "a", DAY, dossier=f"k{k}"),
        row(1577, "03", "a", DAY, dossier=f"k{k}"),
        row(1501, "J. Jansen", "a", DAY, dossier=f"k{k}"),
        row(1507, "GGD Voorbeeld", dossier=f"k{k}", groep="G091", volgnr=1),
        row(323, "zonder contact", None, DAY, dossier=f"k{k}"),
    )
]


def lines(folder):
    return Counter(
        line for f in folder.glob("*.ndjson") for line in f.read_text(encoding="utf-8").splitlines()
    )


def test_every_reference_resolves_and_every_id_is_unique(run):
    found, _ = run(MANY)
    ids = [f"{r['resourceType']}/{r['id']}" for rr in found.values() for r in rr]
    assert len(ids) == len(set(ids))
    references = set(re.findall(r'"reference": "([^"]+)"', json.dumps(found)))
    assert references
    assert references <= set(ids)


def test_shared_organisations_and_professionals_are_written_once(run):
    found, _ = run(MANY)
    assert (len(found["Organization"]), len(found["Practitioner"])) == (1, 1)


def test_ids_repeat_with_the_same_key_and_differ_with_another(tmp_path):
    store = make(tmp_path / "s.bds", MANY)
    for name, key in (("a", KEY), ("b", KEY), ("c", b"another key of sixteen or more")):
        export(store, tmp_path / name, Opdracht(key))
    assert lines(tmp_path / "a") == lines(tmp_path / "b")
    ids = [{json.loads(x)["id"] for x in lines(tmp_path / n)} for n in ("a", "c")]
    assert not ids[0] & ids[1]


def test_the_order_of_dossiers_in_the_store_does_not_matter(tmp_path):
    scattered = sorted(MANY, key=lambda r: (r["bdsnummer"] or 0, r["dossier_id"]))
    export(make(tmp_path / "a.bds", MANY), tmp_path / "a", Opdracht(KEY))
    export(make(tmp_path / "b.bds", scattered), tmp_path / "b", Opdracht(KEY))
    assert lines(tmp_path / "a") == lines(tmp_path / "b")


@pytest.mark.parametrize("parts", [2, 3])
def test_parts_never_split_a_dossier(tmp_path, parts, monkeypatch):
    from bds_tool.export.fhir import rows as rows_module

    monkeypatch.setattr(rows_module, "CHUNK", 20)
    store = make(tmp_path / "a.bds", MANY)
    sources = rows_module.bronnen(store)
    seen = Counter()
    for part in rows_module.verdeel(store, sources, parts):
        for _, dossier, values in rows_module.dossiers(store, sources, part, Counter()):
            seen[dossier] += 1
            assert len(values) == 17
    assert seen == dict.fromkeys([f"k{k}" for k in range(7)], 1)


def test_two_processes_give_the_same_export(tmp_path):
    store = make(tmp_path / "s.bds", MANY)
    one = export(store, tmp_path / "a", Opdracht(KEY, werkers=1))
    two = export(store, tmp_path / "b", Opdracht(KEY, werkers=2))
    assert lines(tmp_path / "a") == lines(tmp_path / "b")
    assert one.as_dict() == two.as_dict()


def test_the_fast_lane_says_exactly_what_the_slow_way_says(tmp_path, monkeypatch):
    store = make(tmp_path / "s.bds", MANY)
    fast = export(store, tmp_path / "a", Opdracht(KEY))
    monkeypatch.setattr(snel.Snelbaan, "recept", lambda *_: snel.TRAAG)
    slow = export(store, tmp_path / "b", Opdracht(KEY))
    assert lines(tmp_path / "a") == lines(tmp_path / "b")
    assert fast.as_dict() == slow.as_dict()


def test_dossier_numbers_of_two_files_without_organisation_never_mix(tmp_path):
    rows = [row(19, "1", bron=1), row(19, "2", bron=2)]
    export(make(tmp_path / "s.bds", rows, organisatie=None, bronnen=2), tmp_path / "o", Opdracht(KEY))
    assert len((tmp_path / "o/Patient.ndjson").read_text().splitlines()) == 2


def test_the_same_dossier_in_two_exports_of_one_organisation_is_one_child(run):
    rows = [
        row(235, "700", "c", DAY, bron=1),
        row(235, "700", "c", DAY, bron=2),
        row(245, "8000", "c", DAY, bron=2),
    ]
    found, loss = run(rows, bronnen=2)
    assert len(found["Patient"]) == 1
    assert len(observation(found, 235)) == 1
    assert loss.redenen() == {"dubbel: staat al in een andere bron": 1}


def test_provenance_points_at_file_and_line(run):
    found, _ = run([*CHILD, row(235, "700", "c", DAY, regel=812)])
    assert observation(found, 235)[0]["meta"]["source"] == "urn:sha256:0000000000000000#regel=812"


def test_a_bundle_holds_one_child_and_all_it_refers_to(tmp_path):
    export(make(tmp_path / "s.bds", MANY), tmp_path / "o", Opdracht(KEY, vorm="bundle", controle="basis"))
    bundles = [json.loads(x) for x in (tmp_path / "o/Bundle.ndjson").read_text(encoding="utf-8").splitlines()]
    assert len(bundles) == 7
    for bundle in bundles:
        assert not fhirkit.validate(json.dumps(bundle))
        ids = {e["fullUrl"].removeprefix("http://localhost/fhir/") for e in bundle["entry"]}
        assert set(re.findall(r'"reference": "([^"]+)"', json.dumps(bundle))) <= ids


# ---- the way back --------------------------------------------------------------------------------------------


def test_round_trip_of_a_whole_dossier(tmp_path):
    rows = [r for r in MANY if r["dossier_id"] == "k0"]
    export(make(tmp_path / "s.bds", rows), tmp_path / "o", Opdracht(KEY))
    with read(sorted((tmp_path / "o").glob("*.ndjson"))) as back:
        found = back.registraties().collect()
        assert found["dossier_id"].n_unique() == 1
        pairs = Counter(found.filter(pl.col("bdsnummer").is_not_null()).select("bdsnummer", "waarde").rows())
        assert pairs == Counter((r["bdsnummer"], r["waarde"]) for r in rows) + Counter(
            {(724, "2018-12-11"): 1}
        )
        inside = found.filter(pl.col("bdsnummer") == 235).row(0, named=True)
        assert (inside["datum"], inside["eenheid"], inside["rubriek"]) == (DAY, "mm", "R027")
        assert inside["activiteit_id"] is not None
        parent = found.filter(pl.col("bdsnummer") == 63).row(0, named=True)
        assert (parent["groep"], parent["volgnr"]) == ("G014", 1)


NAMES = st.sampled_from(
    [
        235,
        245,
        252,
        496,
        879,
        933,
        129,
        110,
        321,
        323,
        461,
        494,
        1577,
        62,
        63,
        19,
        20,
        24,
        11,
        609,
        302,
        66,
        80,
        81,
        139,
        368,
        374,
        312,
        1078,
        1591,
        692,
        82,
        70,
        696,
        1506,
    ]
)
VALUES = st.one_of(
    st.none(),
    st.sampled_from(
        [
            "1",
            "01",
            "2",
            "98",
            "true",
            "false",
            "1530",
            "2018-10-11",
            "2018-13-45",
            "F",
            "NFTH",
            "-",
            "0.5",
            "1e5",
            "%s",
            "\ue000id\ue000",
            '"',
            "a\tb",
            "99999999999999999999",
        ]
    ),
    st.text(min_size=1, max_size=12).map(str.strip).filter(bool),
)
ROWS = st.lists(
    st.tuples(
        NAMES,
        VALUES,
        st.sampled_from([None, "c1", "c2"]),
        st.sampled_from([None, 1, 2]),
        st.sampled_from([None, "mm", "g", "stuks per dag"]),
        st.sampled_from([None, "UNK", "OTH"]),
        st.sampled_from([None, "2.16.840.1.113883.5.111", "geen oid"]),
    ),
    min_size=1,
    max_size=15,
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(ROWS, st.sampled_from(["james-3.0", "dob-REPC_IN902120NL03"]), st.sampled_from(["keep", "drop"]))
def test_whatever_is_registered_gives_valid_fhir_and_adds_up(tmp_path_factory, rows, formaat, policy):
    folder = tmp_path_factory.mktemp("h")
    rows = [
        row(
            n,
            w,
            act,
            DAY if act else None,
            volgnr=v,
            eenheid=e,
            nullflavor=nf if w is None else None,
            tekst="toelichting" if nf == "OTH" and w is None else None,
            codesysteem=cs,
            regel=i,
        )
        for i, (n, w, act, v, e, nf, cs) in enumerate(rows)
    ]
    loss = export(
        make(folder / "s.bds", rows, formaat), folder / "o", Opdracht(KEY, ongemapt=policy, controle="basis")
    )
    assert not loss.fouten
    assert sum(loss.rijen.values()) == len(rows)
    ids = [json.loads(x)["id"] for x in lines(folder / "o").elements()]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", i) for i in ids)


# ---- key, options, command -----------------------------------------------------------------------------------


def test_the_key_comes_from_a_file_or_the_environment(tmp_path, monkeypatch):
    monkeypatch.delenv("BDS_KEY", raising=False)
    key, random = load_key(None)
    assert random
    assert key != load_key(None)[0]
    monkeypatch.setenv("BDS_KEY", "from the environment, long enough")
    assert load_key(None) == (b"from the environment, long enough", False)
    (tmp_path / "k").write_text("from a file, long enough\n")
    assert load_key(tmp_path / "k") == (b"from a file, long enough", False)
    (tmp_path / "short").write_text("kort")
    for bad in ("short", "absent"):
        with pytest.raises(UsageError):
            load_key(tmp_path / bad)


def test_export_command(bds, tmp_path, monkeypatch):
    monkeypatch.setenv("BDS_KEY", KEY.decode())
    make(tmp_path / "s.bds", MANY)
    result = bds("zib", "export", tmp_path / "s.bds", tmp_path / "o")
    assert result.code == 0
    assert "niet de HL7-validator" in result.err
    report = json.loads((tmp_path / "o/verlies.json").read_text(encoding="utf-8"))
    assert report["rijen"] == len(MANY) == sum(report["uitkomsten"].values())
    assert bds("zib", "export", tmp_path / "s.bds", tmp_path / "o").code == 2  # exists already
    assert bds("zib", "conform", tmp_path / "o", "--base").code == 0


@pytest.mark.parametrize(
    "option",
    [
        ("--zib", "2017"),
        ("--unmapped", "alles"),
        ("--as", "xml"),
        ("--include", "alles"),
        ("--to", "openehr"),
        ("--profile", "us-core"),
        ("--check", "hl7"),
    ],
)
def test_wrong_options_are_refused(bds, tmp_path, option):
    make(tmp_path / "s.bds", CHILD)
    result = bds("zib", "export", tmp_path / "s.bds", tmp_path / "o", *option)
    assert result.code == 2
    assert not (tmp_path / "o").exists()


def test_conform_finds_a_wrong_unit_a_wrong_code_and_a_missing_value(bds, tmp_path):
    export(make(tmp_path / "s.bds", [*CHILD, row(235, "700", "c", DAY)]), tmp_path / "o", Opdracht(KEY))
    good = json.loads((tmp_path / "o/Observation.ndjson").read_text())
    changes = (
        {"valueQuantity": {"value": 700, "system": "http://unitsofmeasure.org", "code": "mm"}},
        {"code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]}},
        {"valueQuantity": None},
        {"category": [{"coding": [{"system": "x", "code": "exam"}]}]},
        {"note": [{"text": "a"}, {"text": "b"}]},
    )
    bad = [json.dumps({k: v for k, v in (good | change).items() if v is not None}) for change in changes]
    (tmp_path / "bad.ndjson").write_text("\n".join(bad) + "\n")
    result = bds("zib", "conform", tmp_path / "bad.ndjson", "--format", "json")
    assert result.code == 1
    assert {r["fout"].split(":")[0] for r in json.loads(result.out)} == {
        "Observation.value[x]",
        "Observation.code",
        "Observation",
        "Observation.category",
        "Observation.note",
    }


@pytest.mark.parametrize("name", ["m.tsv", "m.xlsx", "maps"])
def test_export_map(bds, tmp_path, name):
    result = bds("zib", "export-map", tmp_path / name)
    assert result.code == 0
    if name == "maps":
        files = sorted((tmp_path / name).glob("*.json"))
        assert len(files) > 20
        for file in files:
            assert not fhirkit.validate(file.read_text(encoding="utf-8")), file.name
        whole = json.loads(
            (tmp_path / name / "ConceptMap-bds-elementen-zib-2020.json").read_text(encoding="utf-8")
        )
        targets = [t for e in whole["group"][0]["element"] for t in e["target"]]
        # No counterpart must never read as a mapping.
        assert all(("code" in t) == (t["equivalence"] != "unmatched") for t in targets)
    elif name == "m.xlsx":
        frame = pl.read_excel(tmp_path / name, sheet_name="koppelingen")
        assert frame.height > 2_000
    else:
        assert (tmp_path / name).read_text(encoding="utf-8").startswith("#mapping_set_id")


def test_an_empty_store_gives_an_empty_export(run):
    found, loss = run([])
    assert (found, loss.dossiers) == ({}, 0)
