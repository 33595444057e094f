"""Which files are read, and that a broken one is one finding while the others go on."""

from __future__ import annotations

import gzip
import io
import json
import os
import sys
import zipfile

import polars as pl
import pytest

from bds_tool.base.errors import UnreadableError, UsageError
from bds_tool.formats import read, unreadable
from bds_tool.store import Store

DOCUMENT = {
    "Format": "3.0",
    "organisationCode": 7,
    "reference": "a",
    "clientDetails": [{"bdsNumber": 19, "value": "2"}, {"bdsNumber": 20, "value": "20181011"}],
}
TEXT = json.dumps(DOCUMENT)


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def numbered(store):
    return sorted(store.registraties().select("bron", "bdsnummer").collect().rows())


def codes(store):
    return sorted(set(store.meldingen().collect()["code"].to_list()) - {"BDS031", "BDS032"})


def test_folders_globs_and_files(tmp_path):
    (tmp_path / "map" / "in").mkdir(parents=True)
    for name in ("a.json", "map/b.json", "map/in/c.json"):
        (tmp_path / name).write_text(TEXT)
    (tmp_path / "map" / "leesmij.txt").write_text("Dit is een toelichting.\n")
    (tmp_path / "map" / "plaatje.png").write_bytes(b"\x89PNG")
    for paths, count in (
        (["."], 3),
        (["map"], 2),
        (["*.json"], 1),
        (["map/**/*.json"], 2),
        (["a.json", "map/b.json"], 2),
    ):
        with read(paths) as store:
            read_ = store.bronnen().filter(pl.col("formaat") != "overgeslagen")
            assert read_.height == count, paths
            # What is no export is named, never passed over in silence.
            notes = store.bronnen().filter(pl.col("formaat") == "overgeslagen")["pad"].to_list()
            assert [n.rpartition("/")[2] for n in notes] == (
                ["leesmij.txt", "plaatje.png"] if paths in (["."], ["map"]) else []
            )
            assert set(codes(store)) <= {"BDS075"}


def test_broken_ones_are_findings_and_the_rest_is_read(tmp_path):
    (tmp_path / "good.json").write_text(TEXT)
    (tmp_path / "empty.json").write_bytes(b"")
    (tmp_path / "half.json").write_text(TEXT[:60])
    (tmp_path / "noise.csv").write_bytes(os.urandom(5_000_000))
    with read(["good.json", "empty.json", "half.json", "noise.csv", "nergens.xml", "nergens*.json"]) as store:
        assert {"BDS001", "BDS002", "BDS005"} <= set(codes(store))
        assert len(unreadable(store)) == 5
        assert numbered(store) == [(1, 19), (1, 20)]
        assert [b for b, rows in store.bronnen().select("bron", "rijen").rows() if rows] == [1]


def test_nothing_to_read(tmp_path):
    (tmp_path / "leeg").mkdir()
    with pytest.raises(UnreadableError):
        read(["leeg"])
    (tmp_path / "a.json").write_text(TEXT)
    with pytest.raises(UsageError):
        read(["a.json"], from_format="pdf")


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    from bds_tool.store import inputs

    def refuse(path, opener=None):
        raise PermissionError(13, "Permission denied")

    (tmp_path / "a.json").write_text(TEXT)
    monkeypatch.setattr(inputs, "kind_of_file", refuse)
    with read(["a.json"]) as store:
        assert codes(store) == ["BDS011"]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_stdin(monkeypatch, pack):
    stream = io.TextIOWrapper(io.BytesIO(pack(TEXT.encode())))
    monkeypatch.setattr(sys, "stdin", stream)
    with read(["-"]) as store:
        assert numbered(store) == [(1, 19), (1, 20)]
        assert store.bronnen()["pad"].to_list() == ["-"]


def test_archives_number_their_members(tmp_path):
    for name in ("x.zip", "y.zip"):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for inner in ("1.json", "sub/2.json", "3.json"):
                archive.writestr(inner, TEXT)
    with read(["x.zip", "y.zip"]) as store:
        assert store.bronnen()["bron"].n_unique() == 6
        assert len(numbered(store)) == 12
        assert store.bronnen()["pad"].to_list()[1] == "x.zip!/sub/2.json"


def test_bombs_and_broken_archives(tmp_path):
    with gzip.open(tmp_path / "bomb.json.gz", "wb") as out:
        out.write(b"{" + b" " * 60_000_000)
    data = (tmp_path / "bomb.json.gz").read_bytes()
    (tmp_path / "cut.json.gz").write_bytes(gzip.compress(os.urandom(100_000))[:50_000])
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.json", b"{" + b" " * 60_000_000)
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04" + os.urandom(1_000))
    assert len(data) * 1_000 < 60_000_000 * 1.2
    (tmp_path / "good.json").write_text(TEXT)
    with read(["bomb.json.gz", "cut.json.gz", "bomb.zip", "broken.zip", "good.json"]) as store:
        assert len(unreadable(store)) == 4
        assert numbered(store) == [(5, 19), (5, 20)]


def test_many_files_in_two_processes_give_what_one_gives(tmp_path):
    folder = tmp_path / "veel"
    folder.mkdir()
    for number in range(70):
        (folder / f"{number:03}.json").write_text(
            json.dumps(DOCUMENT | {"reference": f"r{number}"}) if number != 33 else "{"
        )
    with read([folder]) as store:
        assert store.bronnen().height == 70
        assert unreadable(store) == [str(folder / "033.json")]
        found = dict(store.registraties().filter(bdsnummer=19).select("bron", "dossier_id").collect().rows())
    assert found == {n + 1: f"r{n}" for n in range(70) if n != 33}


def test_deep_json_is_a_finding(tmp_path):
    (tmp_path / "deep.json").write_text('{"clientDetails": ' + "[" * 900 + "]" * 900 + "}")
    (tmp_path / "good.json").write_text(TEXT)
    with read(["deep.json", "good.json"]) as store:
        assert (2, 19) in numbered(store)


def test_a_store_alone_is_opened_and_among_files_refused(tmp_path):
    (tmp_path / "a.json").write_text(TEXT)
    read(["a.json"], "x.bds")
    assert read(["x.bds"]).path == Store.open("x.bds").path
    with read(["x.bds", "a.json"]) as store:
        assert codes(store) == ["BDS014"]


def test_what_bds_writes_beside_records_is_no_record(tmp_path):
    (tmp_path / "a.json").write_text(TEXT)
    (tmp_path / "verlies.json").write_text("{}")
    (tmp_path / "a.csv-metadata.json").write_text("{}")
    with read([tmp_path]) as store:
        told = dict(store.bronnen().select("pad", "formaat").rows())
        kept = {p.rsplit("/", 1)[-1]: f for p, f in told.items()}
        assert [n for n, f in kept.items() if f != "overgeslagen"] == ["a.json"]
        assert sorted(n for n, f in kept.items() if f == "overgeslagen") == [
            "a.csv-metadata.json",
            "verlies.json",
        ]


@pytest.mark.parametrize("kind", ["csv", "parquet", "ndjson", "json", "xml", "gz"])
def test_progress_within_one_large_file(tmp_path, monkeypatch, kind):
    """Bytes done never go back, stay below the whole until the end, and end there; whatever the format."""
    monkeypatch.setattr("bds_tool.formats.reading.LARGE", 1)
    monkeypatch.setattr("bds_tool.formats.james.read.BLOCK", 10_000)
    monkeypatch.setattr("bds_tool.formats.json_text.BLOCK", 10_000)
    monkeypatch.setattr("bds_tool.formats.james.read.WHOLE", 1)
    path = tmp_path / f"export.{kind}"
    frame = pl.DataFrame({"client_id": ["a"] * 5_000, "bdsnummer": [235] * 5_000, "waarde": ["50"] * 5_000})
    child = {"Format": "3.0", "organisationCode": 7, "clientDetails": [{"bdsNumber": 19, "value": "1"}]}
    children = [json.dumps(child | {"reference": f"r{i}"}) for i in range(500)]
    if kind == "csv":
        frame.write_csv(path)
    elif kind == "parquet":
        frame.write_parquet(path)
    elif kind == "json":
        path.write_text("[" + ",".join(children) + "]")
    elif kind == "xml":
        path.write_text("<export>" + "<kind/>" * 500 + "</export>")
    else:
        data = ("\n".join(children) + "\n").encode()
        path.write_bytes(gzip.compress(data) if kind == "gz" else data)
    told = []
    read([path], progress=lambda done, total: told.append((done, total))).close()
    size = path.stat().st_size
    assert {total for _, total in told} == {size}
    steps = [done for done, _ in told]
    assert steps[-1] == size
    assert all(0 < done < size for done in steps[:-1])
    if kind in {"ndjson", "json", "gz"}:
        assert len(set(steps)) > 4


def test_progress_over_files(tmp_path):
    for number in range(3):
        (tmp_path / f"{number}.csv").write_text("client_id;Lengte\na;50\n")
    told = []
    read([tmp_path], progress=lambda done, total: told.append((done, total))).close()
    assert told == [(22, 66), (44, 66), (66, 66)]


def test_a_large_file_is_not_sent_between_processes(tmp_path, monkeypatch):
    """Its rows would travel, and be held, in one piece; small files beside it are shared all the same."""
    from bds_tool.formats import reading

    for number in range(6):
        (tmp_path / f"{number}.json").write_text(TEXT)
    (tmp_path / "large.json").write_text(TEXT + " " * 5000)
    monkeypatch.setattr(reading, "SHARED_BYTES", 2 * len(TEXT))
    monkeypatch.setattr(reading, "PARALLEL_BYTES", 6 * len(TEXT))
    entries = list(reading.find_entries([tmp_path]))
    shared = reading._shared(entries)
    assert [e.path.name for e in shared] == [f"{n}.json" for n in range(6)]
    # Six files in chunks of at most a quarter of them, and of at most two files of weight.
    assert [len(c) for c in reading._chunks(shared)] == [1] * 6
    assert reading._shared(entries[:5]) == []
