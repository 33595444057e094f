"""Exports hold what the definition holds, in a form that their own readers accept."""

import json
from collections import Counter

import pytest

from bds_tool.base.errors import UsageError
from bds_tool.schema import load, versions
from bds_tool.schema.exports.fhir import fhir_bundle
from bds_tool.schema.exports.james import james_schema
from bds_tool.schema.exports.pandera import pandera_code
from bds_tool.schema.exports.xlsx import write_workbook
from bds_tool.schema.lookup.reference import version_pages

# ---- JAMES ---- #


@pytest.mark.parametrize("formaat", ["1.0", "1.1", "2.0", "3.0", "3.1"])
def test_james_schema_is_a_schema(formaat):
    from jsonschema import Draft7Validator

    for version in versions():
        Draft7Validator.check_schema(james_schema(version, formaat))


def errors(document, formaat="3.0", version="4.1.3"):
    from jsonschema import Draft7Validator

    found = Draft7Validator(james_schema(version, formaat)).iter_errors(document)
    return [("/".join(map(str, e.absolute_path)), e.validator) for e in found]


CHILD = {
    "Format": "3.0",
    "clientDetails": [{"bdsNumber": 19, "value": "2"}, {"bdsNumber": 20, "value": "20181011"}],
    "clientMeasurements": [{"bdsNumber": 235, "values": [{"date": "20181111", "value": 380}]}],
    "nestedDetails": [
        {"nestingBdsNumber": 62, "nestingCode": "01", "clientDetails": [{"bdsNumber": 66, "value": "08"}]}
    ],
}


def changed(**parts):
    return {**CHILD, **parts}


@pytest.mark.parametrize(
    ("document", "place", "rule"),
    [
        (changed(clientDetails=CHILD["clientDetails"][:1]), "clientDetails", "contains"),
        (changed(clientDetails=[*CHILD["clientDetails"], {"bdsNumber": 82, "value": 9999}]), "clientDetails/2/value", "maximum"),
        (changed(clientDetails=[*CHILD["clientDetails"], {"bdsNumber": 747, "value": "77"}]), "clientDetails/2/value", "enum"),
        (changed(clientDetails=[*CHILD["clientDetails"], {"bdsNumber": 747, "value": 1}]), "clientDetails/2/value", "enum"),
        (changed(clientMeasurements=[{"bdsNumber": 235, "values": [{"date": "2018-11-11", "value": 380}]}]),
         "clientMeasurements/0/values/0/date", "pattern"),
        (changed(clientMeasurements=[{"bdsNumber": 235, "values": [{"date": "20181111", "value": "380"}]}]),
         "clientMeasurements/0/values/0/value", "type"),
        (changed(nestedDetails=[{"clientDetails": []}]), "nestedDetails/0", "required"),
        ({k: v for k, v in CHILD.items() if k != "Format"}, "", "required"),
    ],
)  # fmt: skip
def test_james_schema_finds_a_fault_at_its_place(document, place, rule):
    assert (place, rule) in errors(document)


def test_james_schema_accepts_what_is_right_and_what_is_unknown():
    assert errors(CHILD) == []
    # 747 has a list in the BDS only; json_format.md: unknown elements are always accepted.
    extra = [*CHILD["clientDetails"], {"bdsNumber": 747, "value": "01"}, {"bdsNumber": 99123, "value": {}}]
    assert errors(changed(clientDetails=extra)) == []


def test_james_31_wants_exactly_one_of_number_and_name():
    def with_measurement(**m):
        return changed(Format="3.1", clientMeasurements=[{**m, "values": []}])

    assert errors(with_measurement(varName="hgt"), "3.1") == []
    assert errors(with_measurement(bdsNumber=235), "3.1") == []
    assert errors(with_measurement(varName="hgt", bdsNumber=235), "3.1") != []
    assert errors(with_measurement(), "3.1") != []


@pytest.mark.parametrize("formaat", ["1.0", "1.1", "2.0", "3.0"])
def test_published_examples_of_children_fit(shared, formaat):
    """Of the research children only five deviate: they have code 3 where the format allows 1 and 2 (986, see facts)."""
    from jsonschema import Draft7Validator

    validator = Draft7Validator(james_schema("4.1.3", formaat))
    wrong = Counter()
    for path in sorted((shared / "real" / "james" / f"bds_v{formaat}" / "smocc").glob("*.json")):
        for error in validator.iter_errors(json.loads(path.read_text(encoding="utf-8"))):
            wrong[path.stem] += 1
            assert (error.validator, error.instance) == ("enum", "3")
    assert set(wrong) == {"Anne_S", "Iris_S", "Kevin_S", "Rick_S", "Thomas_S"}


def test_unknown_james_format_is_refused():
    with pytest.raises(UsageError):
        james_schema("4.1.3", "9.9")


# ---- FHIR ---- #


@pytest.mark.parametrize("version", versions())
def test_fhir_bundle_holds_every_code_once_per_system(version):
    bundle = fhir_bundle(version)
    d = load(version)
    resources = [e["resource"] for e in bundle["entry"]]
    assert len({(r["resourceType"], r["id"]) for r in resources}) == len(resources)
    systems = {
        r["url"]: {c["code"] for c in r["concept"]} for r in resources if r["resourceType"] == "CodeSystem"
    }
    for r in resources:
        if r["resourceType"] == "CodeSystem":
            assert r["count"] == len(r["concept"]) == len({c["code"] for c in r["concept"]})
    for (number, soort), w in d.waardenlijsten.items():
        if not number.startswith("W"):
            continue
        (value_set,) = (r for r in resources if r["id"] == f"{number}-{soort}")
        included = {c["code"] for i in value_set["compose"]["include"] for c in i.get("concept", [])}
        assert included == {c.code for c in w.codes if c.code and c.rij != "complete-codesystem"}
        for include in value_set["compose"]["include"]:
            if include["system"] in systems:
                assert {c["code"] for c in include.get("concept", [])} <= systems[include["system"]]


def test_fhir_bundle_is_valid_fhir(program, tmp_path):
    import subprocess

    target = tmp_path / "bundle.json"
    target.write_text(json.dumps(fhir_bundle("4.1.3")), encoding="utf-8")
    fhirkit = program("fhirkit", package="pip install fhirkit-rs")
    done = subprocess.run([fhirkit, "validate", target], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]


def test_deprecated_codes_say_so():
    (system,) = (
        r["resource"]
        for r in fhir_bundle("4.1.3")["entry"]
        if r["resource"].get("url") == "urn:oid:2.16.840.1.113883.2.4.4.40.308"
    )
    status = {c["code"]: c["property"][0]["valueCode"] for c in system["concept"] if "property" in c}
    # DOMAIN 5.2: 37 is live, 02 Huisbezoek 2 weken is deprecated.
    assert (status["37"], status["02"]) == ("active", "deprecated")


# ---- PANDERA ---- #


@pytest.fixture(scope="module")
def contracts():
    spaces = {}
    for coding in ("BDS", "HL7"):
        space = {}
        exec(compile(pandera_code("4.1.3", coding), "contracts", "exec"), space)  # noqa: S102
        spaces[coding] = space
    return spaces


def test_contracts_cover_every_element_in_the_message(contracts):
    columns = [c for schema in contracts["BDS"]["SCHEMAS"].values() for c in schema.columns]
    assert sorted(columns) == sorted(f"bds_{n}" for n in load("4.1.3").in_bericht)


def test_contract_accepts_right_values_and_refuses_wrong_ones(contracts):
    import pandera.errors
    import polars as pl

    feeding = contracts["BDS"]["R019"]
    right = pl.DataFrame({"bds_496": ["01", "98", None], "other": [1, 2, 3]})
    assert feeding.validate(right).shape == (3, 2)
    with pytest.raises((pandera.errors.SchemaError, pandera.errors.SchemaErrors)):
        feeding.validate(pl.DataFrame({"bds_496": ["77"]}))
    # 98 of the data set is OTH in the message.
    assert contracts["HL7"]["R019"].validate(pl.DataFrame({"bds_496": ["OTH"]})).height == 1
    dates = contracts["BDS"]["R003"]
    assert dates.validate(pl.DataFrame({"bds_20": ["2018-10-11", "2018"]})).height == 2
    with pytest.raises((pandera.errors.SchemaError, pandera.errors.SchemaErrors)):
        dates.validate(pl.DataFrame({"bds_20": ["11-10-2018"]}))


def unknown_lists(version):
    """Lists of which not every code is known, by the text of the table itself: name → kinds ('' is both)."""
    import csv

    from bds_tool.base.specs import specs_dir

    def number(text):
        return [int(part) for part in text.split(".")]

    with (specs_dir() / "bds" / "lijststand.csv").open(encoding="utf-8", newline="") as stream:
        rows = [r for r in csv.DictReader(stream) if not r["since"] or number(r["since"]) <= number(version)]
    rows = [r for r in rows if not r["until"] or number(version) < number(r["until"])]
    return {
        (r["waardenlijst"], kind) for r in rows for kind in ([r["soort"]] if r["soort"] else ["BDS", "HL7"])
    }


@pytest.mark.parametrize("coding", ["BDS", "HL7"])
@pytest.mark.parametrize("version", ["4.1.3", "4.2.0"])
def test_no_contract_refuses_what_is_only_unknown(version, coding):
    """A code that nobody printed: in a list that is open or known in part it passes both contracts and is no fout."""
    import pandera.errors
    import polars as pl

    from bds_tool.validate.contracts import check, contract

    space = {}
    exec(compile(pandera_code(version, coding), "contracts", "exec"), space)  # noqa: S102
    long, unknown = (
        contract(None, version, format_="dob" if coding == "HL7" else "tabel"),
        unknown_lists(version),
    )
    codes = "XYZ9" if coding == "HL7" else "987654"
    open_, refused = [], []
    definition = load(version)
    for n, e in sorted(definition.in_bericht.items()):
        if not e.coded or (e.waardenlijst, coding) not in definition.waardenlijsten:
            continue
        if (e.waardenlijst, coding) in unknown:
            open_.append(n)
            space[e.rubriek].validate(pl.DataFrame({f"bds_{n}": [codes]}))
        elif not refused:
            with pytest.raises((pandera.errors.SchemaError, pandera.errors.SchemaErrors)):
                space[e.rubriek].validate(pl.DataFrame({f"bds_{n}": [codes]}))
            refused.append(n)
    told = {}
    for name, numbers in (("known", refused), ("unknown", open_)):
        try:
            check(pl.DataFrame({"bdsnummer": numbers, "waarde": [codes] * len(numbers)}), long)
        except pandera.errors.SchemaErrors as error:
            told[name] = str(error.failure_cases["check"].to_list())
    assert "BDS203" in told["known"]
    assert "BDS203" not in told.get("unknown", "")
    assert len(open_) >= 4, "gemeente, land, nationaliteit, vaccin"
    assert refused, "a list that is known whole still refuses"


def test_unknown_coding_is_refused():
    with pytest.raises(UsageError):
        pandera_code("4.1.3", "SNOMED")


# ---- XLSX AND MARKDOWN ---- #


def test_workbook_has_a_sheet_per_kind_with_all_rows(tmp_path):
    import fastexcel

    target = tmp_path / "bds.xlsx"
    write_workbook("4.2.0", target)
    book = fastexcel.read_excel(target)
    assert book.sheet_names == [
        "Leeswijzer",
        "Rubrieken",
        "Groepen",
        "Elementen",
        "Waardenlijsten",
        "Sinds 4.1.3",
    ]
    d = load("4.2.0")
    sizes = {name: book.load_sheet(name).height for name in book.sheet_names}
    assert (sizes["Rubrieken"], sizes["Groepen"], sizes["Elementen"]) == (45, 76, 1030)
    elements = book.load_sheet("Elementen").to_polars()
    assert elements["naam"].drop_nulls().to_list() == [e.naam for e in d.elementen.values() if e.naam]
    assert elements["bdsnummer"].to_list() == list(d.elementen), (
        "numbers are numbers, so that a spreadsheet sorts them"
    )


def test_workbook_has_frozen_headers_and_filters(tmp_path):
    import zipfile

    target = tmp_path / "bds.xlsx"
    write_workbook("4.1.3", target)
    with zipfile.ZipFile(target) as archive:
        for n in range(2, 7):
            sheet = archive.read(f"xl/worksheets/sheet{n}.xml").decode()
            assert 'state="frozen"' in sheet
            assert "<autoFilter" in sheet


def test_pages_name_every_element_and_every_list():
    pages = version_pages("4.1.3")
    d = load("4.1.3")
    for e in d.in_bericht.values():
        assert f"{{#element-{e.bdsnummer}}}" in pages[f"rubrieken/{e.rubriek}.md"]
    assert {f"rubrieken/{r}.md" for r in d.rubrieken} <= pages.keys()
