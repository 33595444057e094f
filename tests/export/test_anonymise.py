"""`bds anonymise`: what stays behind, what is coarsened, and when nothing is written."""

import datetime as dt
import json

import polars as pl
import pytest

from bds_tool.export.anonymise.risk import measure, proposals
from bds_tool.store import StoreWriter

NAMES = ("Jansen", "jan@voorbeeld.nl", "123456782", "Dorpsstraat", "vrije tekst over moeder")


def row(dossier, number, value, *, contact=None, date=None, rubriek=None, unit=None):
    return (dossier, contact, date, number, rubriek, None, None, value, unit, None, None, None, 1, 1, None)


@pytest.fixture
def store(tmp_path):
    """60 children in 2 gemeenten; every fifth objects; names, numbers and text everywhere they can be."""
    path = tmp_path / "klein.bds"
    with StoreWriter(path) as w:
        w.add_bron(pad="proef.csv", formaat="csv")
        rows = []
        for i in range(60):
            d = f"D{i:03d}"
            rows += [
                row(d, 2, NAMES[0]),
                row(d, 7, NAMES[2]),
                row(d, 698, NAMES[1]),
                row(d, 11, NAMES[3]),
                row(d, 19, str(1 + i % 2)),
                row(d, 20, "2020-05-17"),
                row(d, 9, ("0363", "0599")[i % 2]),
                row(d, 66, "05"),
                row(d, 1197, f"0{1 + i % 3}"),
                row(d, None, NAMES[4]),
                row(d, 235, "755", contact=f"{d}-a", date=dt.date(2021, 5, 17), unit="mm"),
                row(d, 494, "06", contact=f"{d}-a", date=dt.date(2021, 5, 17)),
                # A coded field in which someone typed a name, and a number field with a BSN.
                row(d, 494, NAMES[0], contact=f"{d}-b", date=dt.date(2022, 5, 17)),
                row(d, 245, NAMES[2], contact=f"{d}-b", date=dt.date(2022, 5, 17)),
            ]
            if i % 5 == 0:
                rows.append(row(d, 1404, "true"))
        w.add_rows(rows)
    (tmp_path / "key").write_text("0123456789abcdef0123456789abcdef")
    return path


def made(folder):
    return pl.read_parquet(folder / "kinderen.parquet"), pl.read_parquet(folder / "waarden.parquet")


def test_nothing_that_identifies_goes_along(bds, store, tmp_path):
    done = bds("anonymise", store, "--to", tmp_path / "uit", "--key-file", tmp_path / "key")
    assert done.code == 0, done.err
    people, values = made(tmp_path / "uit")
    everything = people.write_csv() + values.write_csv() + (tmp_path / "uit" / "_extract.json").read_text()
    for name in (*NAMES, "D001", "2020-05-17", "2021-05-17"):
        assert name not in everything, name
    assert set(values["bdsnummer"]) == {235, 494}
    assert values.filter(bdsnummer=235)["leeftijd_maanden"].unique().to_list() == [
        11
    ]  # 365 days / 30.4375 = 11.99
    assert values.filter(bdsnummer=494)["waarde"].unique().to_list() == ["06"]


def test_who_objects_is_left_out(bds, store, tmp_path):
    assert bds("anonymise", store, "--to", tmp_path / "uit", "--key-file", tmp_path / "key").code == 0
    facts = json.loads((tmp_path / "uit" / "_extract.json").read_text())
    assert facts["children_in_store"] == 60
    assert facts["objected"] == 12
    assert facts["children"] == 48
    assert made(tmp_path / "uit")[0].height == 48


def test_pseudonyms_hang_on_the_key(bds, store, tmp_path):
    (tmp_path / "other").write_text("another-key-of-enough-length")
    kinds = []
    for name, key in (("a", "key"), ("b", "key"), ("c", "other")):
        assert bds("anonymise", store, "--to", tmp_path / name, "--key-file", tmp_path / key).code == 0
        kinds.append(set(made(tmp_path / name)[0]["kind"]))
    assert kinds[0] == kinds[1]
    assert not kinds[0] & kinds[2]


def test_without_a_key_nothing_is_made(bds, store, tmp_path, monkeypatch):
    monkeypatch.delenv("BDS_KEY", raising=False)
    assert bds("anonymise", store, "--to", tmp_path / "uit").code == 2
    assert not (tmp_path / "uit").exists()


def test_recognisable_children_are_refused_with_a_way_out(bds, store, tmp_path):
    # 24 children per gemeente and sex: k = 30 is met only when traits are left out.
    done = bds("anonymise", store, "--to", tmp_path / "uit", "--key-file", tmp_path / "key", "--k", "30")
    assert done.code == 4
    assert not (tmp_path / "uit").exists()
    assert "geslacht" in done.err
    for way in (["--without", "geslacht", "--area", "none"],):
        again = bds(
            "anonymise", store, "--to", tmp_path / "uit", "--key-file", tmp_path / "key", "--k", "30", *way
        )
        assert again.code == 0, again.err
        assert "geslacht" not in made(tmp_path / "uit")[0].columns


def test_risk_is_counted_by_hand():
    # Classes: (m, 1) has 3, (v, 1) has 1, (v, 2) has 2 with one outcome for both.
    people = pl.DataFrame({"a": list("mmmvvv"), "b": list("111122"), "s": list("xyxxzz")})
    risk = measure(people, ["a", "b"], ["s"], 2, 2)
    assert (risk.classes, risk.smallest, risk.unique, risk.small, risk.uniform) == (3, 1, 1, 1, 2)
    assert measure(people, ["a"], ["s"], 3, 2).small == 0
    found = proposals(people, ["a", "b"], ["s"], 2, 2, 0.0)
    assert {f["change"] for f in found} == {"b: weg", "a: weg"} - {"a: weg"}  # by b alone: class 2 has only z
