"""`diff` covers what the official conversion stylesheets do (`changes_*.csv`), row by row."""

import csv
import re

import pytest

from bds_tool.schema.diff.report import difference, rows

#: Rows that tell how a message is rewritten, not how the definition differs; by (transition, kind of row).
CONVERSION_ONLY = {
    "weergavenamen": "display names are looked up again in the register; the names themselves are rows of their own",
    "rubriek vervalt indien leeg": "an empty rubricCluster is dropped from the message; the rubriek stays",
    "rubriek overgeslagen indien leeg": "an empty rubricCluster is dropped from the message; the rubriek stays",
    "cardinaliteit": "G019 with several 80 is split per message; both versions have 80 as 1..1 in G019",
    "structuur": "the same element is written in another way; the definition is the place of 4.x for both or the wrapper",
    "statusCode": "values of act status are derived from 1605; no element or list changes",
    "waarde vertaald": "an old value is translated to a value that the definition already has",
    "waarde vertaald (uitgeschakeld)": "commented out in the stylesheet; the codes stay as they are",
    "waarde naar vrije tekst": "a value the target cannot hold becomes text while converting",
    "toegevoegd": "a minimal author is added to each careStatus of an old message",
    "vaste waarde": "statusCode of inFulfillmentOf is always completed",
    "identificatie": "one of several ids of a person is kept",
    "samenvoegen (niet doorgevoerd)": "commented out in the stylesheet",
    "cardinaliteit (niet doorgevoerd)": "commented out: the elements stay optional in the message",
    "groep vervalt": "an error in the stylesheet drops all vaccinations; G076 stays in the definition",
}
#: Single rows with their own reason: (transition, kind, number or name).
OTHER_REASONS = {
    (
        "327",
        "verplaatst",
        "",
    ): "authors of careStatus become authors of the dossier: where R005 is written, not what it is",
    ("327", "vervalt", ""): "a time on inFulfillmentOf is dropped: no element is concerned",
    ("413", "waarde toegevoegd in 4.2.0 -> vrije tekst", "1647/03"): "code exists in W0214 of 4.1.3 already",
    ("413", "waarde toegevoegd in 4.2.0 -> vrije tekst", "1647/04"): "code exists in W0214 of 4.1.3 already",
    ("413", "waarde toegevoegd in 4.2.0 -> vrije tekst", "1647/05"): "code exists in W0214 of 4.1.3 already",
    ("413", "waarde toegevoegd in 4.2.0 -> vrije tekst", "1647/06"): "code exists in W0214 of 4.1.3 already",
}


@pytest.fixture(scope="module")
def changed():
    """Per transition: the changes by kind and key, codes by (element's list, code)."""
    found = {}
    for name, old, new in (("327", "3.2.7", "4.0.2"), ("413", "4.1.3", "4.2.0")):
        found[name] = difference(old, new)
    return found


def keys(found, soort):
    return {c.sleutel for c in found.changes if c.soort == soort}


def codes(found, soort):
    """(list, code) pairs of the HL7 or BDS coding."""
    return {
        (c.sleutel.split("/")[0], c.sleutel.rpartition("/")[2].lstrip("!"))
        for c in found.changes
        if c.soort == soort
    }


def numbers(text):
    return re.findall(r"[GR]\d{3}|\d{2,4}", text)


def covered(found, row) -> bool:
    """Whether the difference has the change that a row of the conversion rests on."""
    kind, old, new = row["soort"], row["oud_id"], row["nieuw_id"]
    if kind == "bericht":
        return any(c.soort == "definitie-interactie" for c in found.changes)
    if kind in {"element vervallen", "element vervallen (impliciet)", "element naar nonBDSData"}:
        return old in keys(found, "element-vervallen")
    if kind == "element toegevoegd" and row["richting"] == "400>327":
        # Put back for 3.2.7, so it went when 4.0 came.
        return new in keys(found, "element-vervallen")
    if kind.startswith("element toegevoegd"):
        return (new or old) in keys(found, "element-toegevoegd")
    if kind == "groep vervallen":
        return old in keys(found, "groep-vervallen")
    if kind.startswith(("groep toegevoegd", "groep/element toegevoegd")):
        number = new or old
        return number in keys(found, "groep-toegevoegd" if number.startswith("G") else "element-toegevoegd")
    if kind == "waarde hernoemd":
        return (row["waardendomein"], row["oud_code"]) in codes(found, "code-hernoemd")
    if kind.startswith("waarde toegevoegd"):
        return (row["waardendomein"], row["oud_code"]) in codes(found, "code-toegevoegd")
    if kind == "element hernoemd":
        return any(
            c.soort == "element-hernoemd" and c.sleutel == old and c.velden[0].naar == row["nieuwe_naam"]
            for c in found.changes
        )
    if kind == "status gewijzigd":
        return old in keys(found, "element-status") | keys(found, "element-vervallen")
    if kind == "element uit register verwijderd":
        return any(c.tabel == "element" and c.sleutel == old for c in found.changes)
    if kind == "element in register toegevoegd":
        return new in keys(found, "element-toegevoegd")
    touched = {c.sleutel for c in found.changes if c.tabel in {"element", "groep"}}
    return bool(set(numbers(f"{old} {new}")) & touched)


def rows_of(shared, name):
    file = {"327": "changes_327_400.csv", "413": "changes_413_420.csv"}[name]
    with (shared / "bds" / file).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


@pytest.mark.parametrize("name", ["327", "413"])
def test_every_row_of_the_conversion_is_covered_or_has_a_reason(shared, changed, name):
    missing = []
    for row in rows_of(shared, name):
        if row["soort"] in CONVERSION_ONLY or covered(changed[name], row):
            continue
        key = row["oud_id"] or row["nieuw_id"]
        key += f"/{row['oud_code']}" if row["soort"].startswith("waarde") else ""
        if (name, row["soort"], key) not in OTHER_REASONS:
            missing.append((row["richting"], row["soort"], key, row["gedrag"][:60]))
    assert missing == []


def test_change_requests_of_413_to_420_are_named(shared, changed):
    expired = {c.sleutel: c.jgz for c in changed["413"].changes if c.soort == "element-vervallen"}
    for row in rows_of(shared, "413"):
        if row["soort"] == "element vervallen" and row["jgz"]:
            assert set(row["jgz"].split()) <= set(expired[row["oud_id"]]), row["oud_id"]


def test_same_version_has_no_difference():
    assert difference("4.1.3", "4.1.3", at_least="geen").equal


def test_direction_matters():
    forward = difference("4.1.3", "4.2.0")
    back = difference("4.2.0", "4.1.3")
    assert len(forward.changes) == len(back.changes)
    assert keys(forward, "element-vervallen") == keys(back, "element-toegevoegd")


def test_rows_have_one_line_per_changed_column():
    found = difference("4.1.3", "4.2.0", ("element",))
    renamed = [r for r in rows(found.changes) if r[1] == "276"]
    assert renamed == [
        [
            "element",
            "276",
            "Bijzonderheden motorisch functioneren",
            "hernoemd",
            "Bijzonderheden motorische ontwikkeling",
            "Bijzonderheden motorisch functioneren",
            "patch",
            "patch",
            "JGZ-196",
        ]
    ]
