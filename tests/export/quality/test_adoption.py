"""`bds adoption` against public messages whose names say which request they use, and against counts by hand."""

from __future__ import annotations

import json
import re

import pytest

from bds_tool.changes.loading import load_package

NEW = "4.1.3-4.2.0"


def look(bds, *arguments):
    done = bds("adoption", *arguments, "--package", NEW, "--format", "json", "--small", 1, "-q")
    assert done.code == 0, done.err
    return json.loads(done.out)["uses"]


@pytest.mark.parametrize("folder", ["4.1.3-deprecated", "4.2.0-warning"])
def test_messages_use_what_their_names_say(bds, shared, folder):
    """Each of these messages has the expired elements of the requests in its name, as observations in the text itself."""
    requests = load_package(NEW).verzoeken
    files = sorted((shared / "real/dob" / folder).glob("*.xml"))
    assert len(files) >= 3
    for path in files:
        text = path.read_text("utf-8")
        uses = {u["key"]: u for u in look(bds, path) if u["change"] == "vervallen" and u["key"].isdecimal()}
        named = {f"JGZ-{n}" for n in re.findall(r"JGZ-(\d+)", path.name)} & set(requests)
        told = {u["request"] for u in look(bds, path) if u["state"] == "nog gevuld"}
        assert named <= told, path.name
        # And no other: an expired element is told when, and only when, the message has an act with its code.
        there = {k for k in uses if re.search(rf'<code [^>]*code="{k}"', text)}
        assert {k for k, u in uses.items() if u["state"] == "nog gevuld"} == there, path.name


def test_messages_that_no_longer_have_them_use_none(bds, shared):
    uses = look(bds, shared / "real/dob/4.2.0-removed")
    assert {u["state"] for u in uses if u["change"] == "vervallen"} == {"niet meer gevuld"}


def delivery(tmp_path, name, organisation, rows):
    path = tmp_path / f"{name}.csv"
    head = "organisatie,dossier_id,activiteit_id,datum,bdsnummer,waarde"
    path.write_text("\n".join([head, *(f"{organisation},{r}" for r in rows)]) + "\n", "utf-8")
    return path


def test_counts_days_and_small_numbers(bds, tmp_path):
    """Fifteen children have the new 1671 from March on, one has the expired 218 in May (request JGZ-162)."""
    rows = [f"K{i},A{i},2026-{3 + i % 3:02}-05,1671,12" for i in range(15)]
    path = delivery(tmp_path, "a", "JGZ Noord", [*rows, "K20,A20,2026-05-09,218,12"])
    of = {u["key"]: u for u in look(bds, path) if u["request"] == "JGZ-162"}
    assert (of["1671"]["dossiers"], of["1671"]["first"], of["1671"]["state"]) == (
        15,
        "2026-03-05",
        "in gebruik",
    )
    assert (of["218"]["dossiers"], of["218"]["last"], of["218"]["state"]) == (1, "2026-05-09", "nog gevuld")
    assert of["801"]["state"] == "niet meer gevuld"
    hidden = bds("adoption", path, "--package", NEW, "--format", "json", "-q")
    of = {u["key"]: u for u in json.loads(hidden.out)["uses"] if u["request"] == "JGZ-162"}
    # Fifteen children have it; the first day is of five of them, and could be of one.
    assert (of["1671"]["dossiers"], of["1671"]["first"], of["1671"]["last"]) == (15, "2026-03", "2026-05")
    assert (of["218"]["dossiers"], of["218"]["rows"], of["218"]["last"], of["218"]["state"]) == (
        None,
        None,
        None,
        "nog gevuld",
    )


def test_a_code_counts_in_the_coding_of_its_source(bds, shared, tmp_path):
    """W0114 gets code 16 of the message; element 80 has that list. In a table the codes are those of the data set."""
    added = [
        u
        for u in look(bds, delivery(tmp_path, "t", "X", ["K1,A1,2026-03-05,80,16"]))
        if u["key"].startswith("W0114/HL7")
    ]
    assert added
    assert {u["dossiers"] for u in added} == {0}


def test_files_of_organisations_go_together(bds, tmp_path):
    north = delivery(tmp_path, "n", "JGZ Noord", [f"K{i},A{i},2026-03-05,1671,12" for i in range(12)])
    south = delivery(tmp_path, "z", "JGZ Zuid", [f"K{i},A{i},2026-04-05,1671,12" for i in range(30)])
    for path in (north, south):
        assert (
            bds("adoption", path, "--package", NEW, "-f", "json", "-o", path.with_suffix(".json"), "-q").code
            == 0
        )
    both = bds("adoption", north.with_suffix(".json"), south.with_suffix(".json"), "-f", "json", "-q")
    of = {u["organisation"]: u["dossiers"] for u in json.loads(both.out)["uses"] if u["key"] == "1671"}
    assert of == {"JGZ Noord": 12, "JGZ Zuid": 30}
    part = json.loads(south.with_suffix(".json").read_text("utf-8"))
    wrong = tmp_path / "fout.json"
    lacks = [{k: v for k, v in u.items() if k != "organisation"} for u in part["uses"]]
    for faulty in (
        {**part, "uses": lacks},
        {k: v for k, v in part.items() if k != "package"},
        {**part, "uses": None},
    ):
        wrong.write_text(json.dumps(faulty), "utf-8")
        refused = bds("adoption", north.with_suffix(".json"), wrong, "-q")
        assert (refused.code, "fout.json" in refused.err) == (3, True), refused.err
    twice = bds("adoption", north.with_suffix(".json"), north.with_suffix(".json"), "-q")
    assert twice.code == 2
    assert "JGZ Noord" in twice.err
