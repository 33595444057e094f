"""The gate from words to paths: no word leads out of the folder, and no two words to one file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bds_tool.base.names import child, distinct, file_name

HOSTILE = [
    "../../x", "/abs/x", "..", ".", "", "a/b", "a\\b", "C:\\x", "C:x", "\\\\server\\x", "CON", "nul.txt", "com1",
    "a\0b", "a\nb", "x" * 300, "a.", "a ", " a", "~root", "-rf", "é", "\ud800", "a:b", "%2e%2e%2f", "….//", "R001/../..",
]  # fmt: skip


@pytest.mark.parametrize("word", HOSTILE)
def test_no_hostile_word_is_a_path(word, tmp_path):
    made = child(tmp_path, word, ".csv")
    assert made.parent == tmp_path
    assert made.name.endswith(".csv")
    assert made.name.startswith("naam-"), "a word that is no plain name is hashed"
    made.write_text("x")
    assert made.resolve().parent == tmp_path.resolve()


@given(st.text(st.characters(codec=None), max_size=80))
def test_any_word_stays_in_the_folder(word):
    name = file_name(word, ".csv")
    assert "/" not in name
    assert "\\" not in name
    assert len(name.encode()) < 100
    assert Path("/map", name).parent == Path("/map")


@given(st.sets(st.text(max_size=8), max_size=20))
def test_different_words_have_different_files_on_every_disk(words):
    names = distinct(words, ".csv", taken={"overig"})
    assert len({n.lower() for n in names.values()}) == len(words)
    assert "overig.csv" not in names.values()


def test_plain_words_keep_their_name():
    assert file_name("R001", ".csv") == "R001.csv"
    assert file_name("GM0363", ".html") == "GM0363.html"
    assert file_name("overig", ".csv", taken={"overig"}) != "overig.csv"


ROW = "dossier_id,activiteit_id,datum,bdsnummer,rubriek,waarde\nk1,a1,2024-01-02,235,{},540\n"


@pytest.mark.parametrize("word", ["../../buiten", "{abs}/buiten", "..", "overig", "zonder-rubriek", "R027"])
def test_a_rubriek_from_the_data_is_no_path(word, tmp_path, bds):
    word = word.replace("{abs}", str(tmp_path))
    (tmp_path / "in.csv").write_text(ROW.format(word))
    before = {p.name for p in tmp_path.iterdir()}
    made = bds("convert", tmp_path / "in.csv", tmp_path / "diep" / "uit", "--to", "csv-wide", "--quiet")
    assert made.code == 0, made.err
    assert {p.name for p in tmp_path.iterdir()} - before == {"diep"}
    assert [p.name for p in (tmp_path / "diep").iterdir()] == ["uit"]
    texts = [p.read_text() for p in (tmp_path / "diep" / "uit").glob("*.csv")]
    assert sum("540" in text for text in texts) == 1, "the value is in one file of the folder"
