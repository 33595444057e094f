"""Cards, search, values and places: what a person at the help desk asks."""

import pytest

from bds_tool.base.errors import UsageError
from bds_tool.schema import load
from bds_tool.schema.coding import code_pairs
from bds_tool.schema.lookup.card import card, kind_of
from bds_tool.schema.lookup.history import james_fields, requests, successions
from bds_tool.schema.lookup.message_places import element_places
from bds_tool.schema.lookup.search import search, suggestions
from bds_tool.schema.lookup.show import to_text


def test_element_card_has_what_the_definition_says():
    c = card("235")
    assert (c["version"], c["naam"], c["rubriek"]) == ("4.2.0", "Lengte", {"nummer": "R027", "naam": "Groei"})
    assert (c["datatype"], c["eenheid"]) == ("PQ", "mm")
    assert c["cardinality"]["data_set"] == "0..1"
    assert c["message"]["volledig_pad"].startswith("/REPC_IN902120NL04/ControlActProcess/")
    assert c["message"]["volledig_pad"].endswith("observation[code='235']/value")
    # json_format.md: 1.1 allows 100-3000, 2.0 200-2500, 3.x 100-300000.
    limits = {f["formaat"]: (f["minimum"], f["maximum"]) for f in c["james"]}
    assert limits["1.1"] == ("100", "3000")
    assert limits["2.0"] == ("200", "2500")
    assert limits["3.1"] == ("100", "300000")


def test_history_names_the_version_in_which_something_changed():
    steps = {h["version"]: h for h in card("510")["history"]}
    assert steps["4.1.3"]["in_bericht"]
    assert not steps["4.2.0"]["in_bericht"]
    assert [c["soort"] for c in steps["4.2.0"]["changes"]] == ["element-vervallen"]
    assert [h["exists"] for h in card("1665")["history"]] == [False, False, False, True]


def test_successor_and_predecessor_mirror_each_other():
    assert [s["bdsnummer"] for s in card("510")["successors"]] == [1665]
    assert [s["bdsnummer"] for s in card("1665")["predecessors"]] == [510]
    assert [s["bdsnummer"] for s in card("986")["successors"]] == [1660, 1662, 1664]


def test_successions_lead_from_elements_that_went_to_elements_that_are_there():
    for s in successions():
        assert s.nieuw in load(s.sinds).in_bericht, s
        assert s.oud in load("3.2.7").elementen or s.oud in load("4.1.3").elementen, s


def test_requests_are_those_of_the_facts(shared):
    import csv

    with (shared / "bds" / "changes_413_420.csv").open(encoding="utf-8", newline="") as file:
        theirs = {j for row in csv.DictReader(file) for j in row["jgz"].split()}
    assert {r.verzoek for r in requests() if r.naar == "4.2.0"} == theirs


def test_without_a_version_the_newest_that_has_it_is_shown():
    # 143 left the register after 3.2.7.
    assert card("143")["version"] == "3.2.7"


def test_a_version_that_lacks_it_says_where_it_is():
    with pytest.raises(UsageError) as caught:
        card("1665", "4.1.3")
    assert "4.2.0" in caught.value.message
    assert "--bds 4.2.0" in caught.value.remedy


@pytest.mark.parametrize(
    ("asked", "kind", "number"),
    [("235", "element", "235"), ("0235", "element", "235"), ("r27", "rubriek", "R027"), ("g76", "groep", "G076"),
     ("W177", "lijst", "W0177"), ("lengte", "element", "235")],
)  # fmt: skip
def test_numbers_are_understood_as_people_write_them(asked, kind, number):
    assert kind_of(asked) == (kind, number)


@pytest.mark.parametrize(
    ("asked", "near"), [("2355", "235"), ("W0178x", "spec search"), ("Gewigt", "245 Gewicht"), ("R099", "R0")]
)
def test_did_you_mean(asked, near):
    with pytest.raises(UsageError) as caught:
        card(asked)
    assert near in caught.value.remedy


@pytest.mark.parametrize("version", ["3.2.7", "4.0.2", "4.1.3", "4.2.0"])
def test_every_card_of_every_version_renders(version):
    d = load(version)
    for key in [*list(d.elementen)[::31], *d.rubrieken, *list(d.groepen)[::5]]:
        found = card(str(key), version)
        text = to_text(found)
        assert found["version"] == version
        assert str(found.get("bdsnummer") or found["nummer"]) in text


# ---- CODES IN BOTH CODINGS ---- #


def pairs(version, lijst):
    return {
        (p.bds.code if p.bds else None, p.hl7.code if p.hl7 else None)
        for p in code_pairs(load(version), lijst)
    }


def test_codes_that_differ_are_paired():
    # json_format.md: 19 is 0/1/2/3 in JSON and UN/M/F/UNK in the message.
    assert pairs("4.1.3", "W0023") == {("1", "M"), ("2", "F"), ("3", "UN"), ("0", "UNK")}
    assert ("02", "NMTH") in pairs("4.1.3", "W0096")
    # The HL7 list has another order than the BDS list.
    assert {("1", "NEG"), ("2", "IND"), ("3", "A")} <= pairs("4.1.3", "W0321")


def test_exceptions_are_paired_with_their_nullflavor():
    assert ("98", "OTH") in pairs("4.1.3", "W0177")
    assert {("98", "OTH"), ("99", "ASKU")} <= pairs("4.1.3", "W0081")
    assert ("00", "NASK") in pairs("4.1.3", "W0313")


@pytest.mark.parametrize("version", ["3.2.7", "4.0.2", "4.1.3", "4.2.0"])
def test_no_code_gets_lost_in_pairing(version):
    d = load(version)
    for number in {n for n, _ in d.waardenlijsten}:
        shown = code_pairs(d, number)
        for soort, side in (("BDS", "bds"), ("HL7", "hl7")):
            w = d.waardenlijsten.get((number, soort))
            codes = {c.code for c in w.codes if c.code} if w else set()
            paired = {c.code for p in shown if (c := getattr(p, side)) is not None}
            assert codes <= paired, (number, soort)


# ---- SEARCH AND PLACES ---- #


def test_search_needs_every_word_and_ignores_accents_and_case():
    d = load("4.2.0")
    assert search(d, "MELKVOEDING dag")[0].number in {"747", "1340"}
    assert search(d, "cliënt huisarts") == search(d, "CLIENT Huisarts")
    assert all("roken" in h.naam.casefold() for h in search(d, "roken", ("element",)))


def test_search_finds_values_with_the_elements_that_use_them():
    hit = next(h for h in search(load("4.1.3"), "borstvoeding", ("waarde",)) if h.number == "W0177 01")
    assert "496" in hit.context


def test_nothing_found_gives_near_words():
    d = load("4.2.0")
    assert search(d, "gewigt") == []
    assert "gewicht" in suggestions(d, "gewigt")


def test_places_in_message_and_james():
    rows, _ = element_places("66")
    dob = {r[1]: r[3] for r in rows if r[0] == "DOB"}
    assert dob["4.1.3"].startswith("/REPC_IN902120NL03/")
    assert "relationshipHolder1" in dob["4.1.3"]
    james = {r[1]: r[3] for r in rows if r[0] == "JAMES"}
    # json_format.md: in 3.x parents are in nestedDetails, in 1.x in ClientGegevens.Groepen.
    assert james["3.0"].startswith("nestedDetails")
    assert james["1.1"].startswith("ClientGegevens.Groepen")


def test_james_facts_are_complete(shared):
    import csv

    with (shared / "bds" / "json_elements.csv").open(encoding="utf-8", newline="") as file:
        theirs = {(r["format"], r["bdsnummer"], r["enum"], r["min"], r["max"]) for r in csv.DictReader(file)}
    ours = {(f.formaat, str(f.bdsnummer), " ".join(f.codes), f.minimum, f.maximum) for f in james_fields()}
    assert ours == theirs
