"""Headers, units, paths and names of the data are told word by word, and only words that definitions know."""

from __future__ import annotations

import json

import pytest

from bds_tool.base.vocabulary import safe_parameters, tellable, told

WITHOUT_HEADER = (
    "999990019;Kanariaan;Piet;Kanarieplantsoen 17;9876 ZX;2015-04-03;06-98765432;vogel@kanarie.example\n"
    "999990020;Kwinkelier;Jan;Vogelweg 1;9876 ZY;2016-04-03;06-98765433;kees@kanarie.example\n"
)
MARKED = (
    "dossier_id,datum,bdsnummer,waarde,eenheid,codesysteem,nullflavor,{header},rubriek\n"
    "k1,2024-01-02,235,540,kanarie-eenheid,1.2.3.kanarie,KANARIE,x,Kanariaan\n"
    "k1,2024-01-02,kanarie-nummer,540,cm,,,x,R001\n"
    "k2,2024-01-02,9,Kanarieplantsoen 17,Kwinkelier,,,x,\n"
)
CANARIES = ("kanari", "kwinkel", "9999900", "9876 z", "2015-04-03", "vogel")


@pytest.mark.parametrize(
    "text",
    [
        "Kanariaan",
        "999990019",
        "9876 ZX",
        "9876zx",
        "2015-04-03",
        "06-98765432",
        "a@b.nl",
        "3-4-2015",
        "Kanarieplantsoen 17",
    ],
)
def test_what_may_be_of_a_child_is_not_told(text):
    assert not tellable(text)
    assert not any(part in told(text) for part in text.replace("17", "").split())


@pytest.mark.parametrize(
    "text",
    [
        "dossier_id",
        "lengte (cm)",
        "bds_235_mm",
        "R027",
        "4.1.3",
        "2.16.840.1.113883.2.4.3.11.60.40.4",
        "/Groepen/3/Elementen/12",
    ],
)
def test_words_of_definitions_are_told(text):
    assert told(text) == text


def test_numbers_of_a_message_stay_numbers():
    assert safe_parameters({"hoogst": 250.5, "aantal": 3, "kolom": "Kanariaan"}) == {
        "hoogst": 250.5,
        "aantal": 3,
        "kolom": "…",
    }


@pytest.mark.parametrize(
    "content",
    [WITHOUT_HEADER, MARKED.format(header="Kanariaan 999990019"), MARKED.format(header="Kwinkelier")],
)
@pytest.mark.parametrize("form", ["text", "json", "csv", "html", "sarif", "junit", "github"])
def test_no_report_tells_a_header_or_a_unit(content, form, tmp_path, bds):
    (tmp_path / "in.csv").write_text(content)
    told_ = bds("validate", tmp_path / "in.csv", "--format", form, "--save", tmp_path / "b")
    said = (told_.out + told_.err).lower()
    assert "in.csv" in said
    assert [c for c in CANARIES if c in said] == []


@pytest.mark.parametrize("content", [WITHOUT_HEADER, MARKED.format(header="Kanariaan 999990019")])
@pytest.mark.parametrize(
    "command",
    [
        ("profile",),
        ("profile", "-f", "json"),
        ("convert", "--explain"),
        ("area", "check"),
        ("dossier", "show"),
    ],
)
def test_no_other_command_tells_them(content, command, tmp_path, bds, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.csv").write_text(content)
    told_ = bds(*command, tmp_path / "in.csv", *(["x.csv"] if command[0] == "convert" else []))
    page = tmp_path / "dossier.html"
    said = (told_.out + told_.err + (page.read_text(encoding="utf-8") if page.exists() else "")).lower()
    assert [c for c in CANARIES if c in said] == []


def test_a_column_that_is_not_told_has_its_number(tmp_path, bds):
    (tmp_path / "in.csv").write_text(MARKED.format(header="Kanariaan"))
    found = json.loads(bds("validate", tmp_path / "in.csv", "--format", "json").out)["findings"]
    assert ("kolom 8", "8") in {
        (f["path"], f["parameters"].get("kolom")) for f in found if f["code"] == "BDS013"
    }
