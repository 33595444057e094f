"""The werkpakket at a glance, and release notes that say why."""

from __future__ import annotations

import json
from dataclasses import replace

from lxml import html

from bds_tool.changes import load_package, save_package

from .werkpakket import package


def told(tmp_path):
    """The package with an owner, a priority and English words on one request."""
    pakket = package()
    v = replace(pakket.verzoeken["JGZ-1003"], eigenaar="Werkgroep <groei>", prioriteit="hoog",
                titel_en="Weight in kilograms", aanleiding_en="JGZ guideline (made up)")  # fmt: skip
    save_package(replace(pakket, verzoeken={**pakket.verzoeken, "JGZ-1003": v}), tmp_path / "p")
    return tmp_path / "p"


def test_a_row_per_request_with_state_owner_priority_and_reason(tmp_path, bds):
    path = told(tmp_path)
    assert load_package(path).verzoeken["JGZ-1003"].prioriteit == "hoog"
    rows = json.loads(bds("change", "requests", path, "--format", "json").out)
    assert [r["jgz"] for r in rows] == list(package().verzoeken)
    row = next(r for r in rows if r["jgz"] == "JGZ-1003")
    assert (row["eigenaar"], row["prioriteit"], row["heen"], row["terug"]) == (
        "Werkgroep <groei>",
        "hoog",
        "major",
        "major",
    )
    assert row["aanleiding"] == "JGZ-richtlijn (verzonnen)"


def test_the_page_names_every_request_and_escapes_what_people_wrote(tmp_path, bds):
    path = told(tmp_path)
    assert bds("change", "requests", path, "--page", tmp_path / "p.html").code == 0
    page = html.parse(str(tmp_path / "p.html"))
    assert [s.get("id") for s in page.iter("section")] == list(package().verzoeken)
    assert "Werkgroep <groei>" in [td.text for td in page.iter("td")]


def test_notes_give_title_and_reason_in_both_languages(tmp_path, bds):
    path = told(tmp_path)
    dutch, english = bds("change", "notes", path), bds("--lang", "en", "change", "notes", path)
    assert "**JGZ-1003 Eenheid g naar kg**: JGZ-richtlijn (verzonnen)" in dutch.out
    assert "**JGZ-1003 Weight in kilograms**: JGZ guideline (made up)" in english.out
    assert dutch.out.count("\n- **JGZ-") == english.out.count("\n- **JGZ-") == 20
