"""The definitions hold what the facts hold: counts and contents per version, counted from the source files."""

import csv
import time

import pytest

from bds_tool.base.errors import SpecError, UsageError
from bds_tool.base.specs import set_specs, specs_dir
from bds_tool.schema import load, newest, versions
from bds_tool.schema.loading import load_element

#: From the README of the facts: rubrieken, groepen (in the message), elementen (in the message).
COUNTS = {
    "3.2.7": (45, 74, 65, 950, 901),
    "4.0.2": (45, 75, 66, 952, 902),
    "4.1.3": (45, 75, 65, 988, 922),
    "4.2.0": (45, 76, 65, 1030, 876),
}


def facts(shared, version, name):
    with (shared / "bds" / version / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_versions_are_in_order():
    assert versions() == list(COUNTS)
    assert newest() == "4.2.0"


@pytest.mark.parametrize("version", COUNTS)
def test_counts_are_those_of_the_readme(version):
    d = load(version)
    assert (
        len(d.rubrieken),
        len(d.groepen),
        sum(g.in_bericht for g in d.groepen.values()),
        len(d.elementen),
        len(d.in_bericht),
    ) == COUNTS[version]


@pytest.mark.parametrize("version", COUNTS)
def test_counts_are_those_of_the_source_files(shared, version):
    d = load(version)
    elements, codes = facts(shared, version, "elementen"), facts(shared, version, "waardenlijsten")
    assert len(d.rubrieken) == len(facts(shared, version, "rubrieken"))
    assert len(d.groepen) == len(facts(shared, version, "groepen"))
    assert len(d.elementen) == len(elements)
    assert len(d.in_bericht) == sum(e["in_dob"] == "ja" for e in elements)
    # A list is a number in one coding; lists of others have no number and go by their value set.
    lists = {(c["waardendomein"] or c["valueset_oid"], c["set_soort"]) for c in codes}
    assert set(d.waardenlijsten) == lists
    assert sum(len(w.codes) for w in d.waardenlijsten.values()) == len(codes)


@pytest.mark.parametrize("version", COUNTS)
def test_every_element_says_what_its_source_says(shared, version):
    d = load(version)
    pairs = {
        "naam": "naam", "status": "status", "rubriek": "rubriek", "groep": "groep", "datatype": "bds_datatype",
        "hl7_datatype": "hl7_datatype", "eenheid": "eenheid", "waardenlijst": "waardendomein",
        "codesysteem": "codesystem_oid", "conformance": "conformance", "locatie_soort": "locatie_soort",
        "template_id": "template_id", "zekerheid": "zekerheid",
    }  # fmt: skip
    # What came with 4.2.0 is known from test messages and the conversion alone, so we are less sure than the source.
    before = {int(row["bdsnummer"]) for row in facts(shared, "4.1.3", "elementen")}
    for row in facts(shared, version, "elementen"):
        element = d.elementen[int(row["bdsnummer"])]
        if version == "4.2.0" and element.bdsnummer not in before and row["zekerheid"] == "A":
            row["zekerheid"] = "B"
        for ours, theirs in pairs.items():
            assert getattr(element, ours) == row[theirs], (version, element.bdsnummer, ours)
        assert element.in_bericht == (row["in_dob"] == "ja")
        assert str(element.max_lengte or "") == row["max_lengte"]
        assert str(element.minimum if element.minimum is not None else "") == row["min"]
        assert str(element.maximum if element.maximum is not None else "") == row["max"]
        low, high = row["card_min"] or "?", row["card_max"] or "?"
        assert str(element.card) == ("?" if (low, high) == ("?", "?") else f"{low}..{high}")


@pytest.mark.parametrize("version", COUNTS)
def test_every_code_says_what_its_source_says(shared, version):
    d = load(version)
    theirs = sorted(
        (
            c["waardendomein"] or c["valueset_oid"],
            c["set_soort"],
            c["codesystem_oid"],
            c["code"],
            c["weergavenaam"],
            c["type"],
        )
        for c in facts(shared, version, "waardenlijsten")
    )
    ours = sorted(
        (number, soort, c.codesysteem, c.code, c.weergavenaam, c.status)
        for (number, soort), w in d.waardenlijsten.items()
        for c in w.codes
    )
    assert ours == theirs


def test_no_name_of_a_licensed_sdq_item_is_shipped():
    # Items 1-25 are elements 1078-1102 (DOMAIN 6.2); only their number may be named.
    for version in versions():
        for number in range(1078, 1103):
            assert load(version).elementen[number].naam.startswith("SDQ item"), (version, number)


def test_loading_one_version_stays_within_its_budget():
    from bds_tool.schema import loading

    best = 1.0
    for _ in range(3):
        loading._load.cache_clear()
        begin = time.perf_counter()
        load("4.2.0")
        best = min(best, time.perf_counter() - begin)
    # The promise is 0.15 s on an idle machine; a loaded one gets three times as long.
    assert best < 0.45


@pytest.mark.parametrize("number", [235, 496, 510, 1665, 80, 99999])
@pytest.mark.parametrize("version", ["3.2.7", "4.2.0"])
def test_partial_loading_equals_full_loading(version, number):
    full, part = load(version), load_element(version, number)
    assert part.elementen.get(number) == full.elementen.get(number)
    for key, w in part.waardenlijsten.items():
        assert full.waardenlijsten[key] == w
    if number in full.elementen:
        wanted = {k for k in full.waardenlijsten if k[0] and k[0] == full.elementen[number].waardenlijst}
        assert set(part.waardenlijsten) == wanted


def test_unknown_version_names_the_known_ones():
    with pytest.raises(UsageError) as caught:
        load("9.9.9")
    assert "4.1.3" in caught.value.remedy


def test_broken_version_is_a_spec_error(tmp_path):
    import shutil

    shutil.copytree(specs_dir() / "bds" / "4.1.3", tmp_path / "bds" / "4.1.3")
    path = tmp_path / "bds" / "4.1.3" / "elementen.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("\n235,", "\nx235,", 1), encoding="utf-8")
    set_specs(str(tmp_path))
    try:
        with pytest.raises(SpecError) as caught:
            load("4.1.3")
        assert "spec check" in caught.value.remedy
    finally:
        set_specs("")
