"""`bds --record` and `bds rerun`: the same goes in, the same comes out, and whatever became another is named."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil

import pytest
from jsonschema import Draft202012Validator

from bds_tool.base.recording import MASK, masked
from bds_tool.base.specs import specs_dir

from .writing import COMMANDS, MOMENTS, NAMES, SEEDS, TABLE, arguments, digest

#: Commands that make something new each time: the number of a message, random keys, numbers of children without a key; or
#: that may be done only once …
RANDOM = {"convert dob", "dossier copy", "cohort", "round join", "round join --own", "round repair"}
#: … and that write to a name of their own making too.
REFUSED = {"migrate --report", "round new", "report table", "change new (file)", "round start"}


def sha(path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read(path) -> dict:
    record = json.loads(path.read_text(encoding="utf-8"))
    schema = json.loads((specs_dir() / "_schemas" / "verslag.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(record)
    return record


def test_a_record_holds_the_hashes_of_what_went_in_and_came_out(bds, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(TABLE, "in.csv")
    (tmp_path / "bds.toml").write_text('lang = "en"\n')
    told = bds("--record", "r.json", "profile", "in.csv", "--format", "json", "-o", "uit.json")
    assert told.code == 0
    record = read(tmp_path / "r.json")
    assert [(i["path"], i["sha256"]) for i in record["inputs"]] == [("in.csv", sha(tmp_path / "in.csv"))]
    assert [(o["path"], o["sha256"]) for o in record["outputs"]] == [("uit.json", sha(tmp_path / "uit.json"))]
    assert record["settings"]["sha256"] == sha(tmp_path / "bds.toml")
    assert record["language"] == "en"
    assert record["stdout"]["sha256"] == hashlib.sha256(told.out.encode()).hexdigest()
    # Only the user may read it.
    assert (tmp_path / "r.json").stat().st_mode & 0o077 == 0


def test_what_comes_on_the_screen_is_hashed_as_it_comes(bds, tmp_path):
    told = bds("--record", tmp_path / "r.json", "validate", TABLE, "-q")
    record = read(tmp_path / "r.json")
    assert told.out
    assert record["stdout"] == {"sha256": hashlib.sha256(told.out.encode()).hexdigest(), "bytes": len(told.out.encode()), "files": 1}  # fmt: skip
    assert record["exit_code"] == told.code


def test_the_same_comes_out_and_what_changed_is_named(bds, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(TABLE, "in.csv")
    assert bds("--record", "r.json", "convert", "in.csv", "uit.bds", "-q").code == 0
    before = digest(tmp_path / "uit.bds")
    # A store holds the moment of reading: the moment of the record counts.
    told = bds("rerun", "r.json")
    assert (told.code, told.out) == (0, "Er komt hetzelfde uit.\n")
    assert digest(tmp_path / "uit.bds") == before
    with (tmp_path / "in.csv").open("a") as file:
        file.write((tmp_path / "in.csv").read_text().splitlines()[-1] + "\n")
    (tmp_path / "bds.toml").write_text('lang = "nl"\n')
    told = bds("rerun", "r.json", "--format", "json")
    assert told.code == 1
    changed = {(d["kind"], d["what"]) for d in json.loads(told.out)["differences"]}
    assert changed == {("outcome", "uitvoer uit.bds"), ("cause", "invoer in.csv"), ("cause", "instellingen")}
    (tmp_path / "in.csv").unlink()
    told = bds("rerun", "r.json")
    assert told.code == 2
    assert "in.csv is er niet" in told.err


def test_a_record_of_somebody_else_cannot_write_here(bds, tmp_path, monkeypatch):
    """The record says that nothing was written, and its command overwrites a file of the user."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(TABLE, "in.csv")
    (tmp_path / "mijn.txt").write_text("van mij")
    assert bds("--record", "r.json", "profile", "in.csv").code == 0
    record = read(tmp_path / "r.json")
    for command in (
        ["profile", "in.csv", "-o", str(tmp_path / "mijn.txt"), "--force"],
        ["validate", "in.csv", "--store", "mijn.txt", "--force"],
        ["store", "add", "mijn.bds", "in.csv", "--delivery", "1"],
        ["--log-file", "mijn.log", "profile", "geen.csv"],
        ["change", "new", "mijn-pakket", "--from", "4.1.3"],
    ):
        (tmp_path / "r.json").write_text(json.dumps(record | {"command": command}))
        told = bds("rerun", "r.json")
        assert told.code == 1, command
        assert "exitcode" in told.out
        assert (tmp_path / "mijn.txt").read_text() == "van mij"
        assert sorted(p.name for p in tmp_path.iterdir()) == ["in.csv", "mijn.txt", "r.json"], command


def test_the_key_of_a_dossier_and_a_secret_key_are_in_no_record(bds, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(TABLE, "in.csv")
    with TABLE.open(encoding="utf-8-sig", newline="") as file:
        child = next(csv.DictReader(file))["dossier_id"]
    (tmp_path / "geheim.txt").write_text("k" * 40)
    assert bds("--record", "r.json", "dossier", "show", "in.csv", f"--id={child}", "-o", "p.html").code == 0
    assert f"--id={MASK}" in read(tmp_path / "r.json")["command"]
    assert child not in (tmp_path / "r.json").read_text()
    told = bds("rerun", "r.json")
    assert told.code == 2
    assert "--id" in told.err
    assert bds("rerun", "r.json", "--id", child).code == 0
    assert masked(["dossier", "show", "x", "--id", child]) == ["dossier", "show", "x", "--id", MASK]
    bds(
        "--record",
        "s.json",
        "pseudonymise",
        "in.csv",
        "--elements",
        "1",
        "--to",
        "uit",
        "--key-file",
        "geheim.txt",
    )
    record = read(tmp_path / "s.json")
    assert record["key_used"]
    assert [i["path"] for i in record["inputs"]] == ["in.csv"]
    assert sha(tmp_path / "geheim.txt") not in (tmp_path / "s.json").read_text()


def test_what_cannot_be_done_again_is_refused(bds, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(TABLE, "in.csv")
    assert bds("store", "add", "s.bds", "in.csv", "--delivery", "1", "--organisation", "A", "-q").code == 0
    assert bds("--record", "r.json", "store", "replace", "s.bds", "in.csv", "--delivery", "1", "--organisation", "A", "-q").code == 0  # fmt: skip
    assert read(tmp_path / "r.json")["outputs"][0]["edited"]
    told = bds("rerun", "r.json")
    assert told.code == 2
    assert "niet te herhalen" in told.err
    assert bds("--record", "r.json", "profile", "in.csv").code == 2  # never overwritten
    assert bds("--record", "x.json", "doctor").code == 2
    assert not (tmp_path / "x.json").exists()
    for text in ("", "{}", "[1]", '{"schema_version": 2}', "\x00"):
        (tmp_path / "kapot.json").write_text(text)
        assert bds("rerun", "kapot.json").code == 3
    assert bds("--record", "s.bds/r.json", "profile", "s.bds").code == 2


#: What somebody may write in a record: whatever it is, nothing is written beside the program's own folder and it is told.
HOSTILE = {
    "an output that is no argument": lambda r: r["outputs"][0].update(argument=99),
    "an output that is another argument": lambda r: r["outputs"][0].update(argument=0),
    "an output without a name": lambda r: (r["outputs"][0].update(path="/"), r["command"].__setitem__(-1, "/")),
    "an output above": lambda r: r["outputs"][0].update(path="../../" + r["outputs"][0]["path"]),
    "no such day": lambda r: r.update(moment="2026-99-99T99:99:99+99:99"),
    "a moment before all": lambda r: r.update(moment="0001-01-01T00:00:00+14:00"),
    "a zero byte": lambda r: r["command"].append("a\0b"),
    "half a character": lambda r: r["command"].append("\ud800"),
    "an input with a zero byte": lambda r: r["inputs"][0].update(path="a\0b"),
    "a log elsewhere": lambda r: r["command"].__setitem__(slice(0, 0), ["--log-file", "elders/log.txt"]),
    "a record elsewhere": lambda r: r["command"].__setitem__(slice(0, 0), ["--record", "elders/r.json"]),
    "another output beside": lambda r: r["command"].extend(["--share", "elders/deel.json"]),
    "a server": lambda r: r.update(command=["open", "elders"], outputs=[]),
    "itself": lambda r: r.update(command=["rerun", "r.json"], outputs=[]),
    "an edit": lambda r: r.update(command=["protocol", "new", "x", "-o", "elders"], outputs=[]),
    "many files": lambda r: r.update(command=["spec", "eject", "elders", "beleid"], outputs=[]),
    "another program": lambda r: r.update(
        command=["indicator", "compute", "in.csv", "-o", "elders/r", "--all-values", "--engine", "postgres", "--dsn", "host=127.0.0.1 port=PORT connect_timeout=2"],
        outputs=[],
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", HOSTILE)
def test_a_hostile_record_writes_nothing_and_connects_to_nothing(how, bds, tmp_path, monkeypatch):
    import socket

    monkeypatch.chdir(tmp_path)
    shutil.copy(TABLE, "in.csv")
    assert bds("--record", "r.json", "profile", "in.csv", "-o", "uit.txt").code == 0
    record = read(tmp_path / "r.json")
    HOSTILE[how](record)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        words = [a.replace("PORT", str(server.getsockname()[1])) for a in record["command"]]
        (tmp_path / "r.json").write_text(json.dumps(record | {"command": words}))
        (tmp_path / "elders").mkdir()
        before = digest(tmp_path)
        told = bds("rerun", "r.json")
        assert told.code in ({0, 1} if how == "a moment before all" else {1, 2, 3}), told.err
        assert digest(tmp_path) == before
        assert not list((tmp_path / "elders").iterdir())
        with pytest.raises(TimeoutError):
            server.accept()


def test_the_page_says_it_all_and_no_bsn(bds, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(TABLE, "kind 123456782.csv")
    bds("--record", "r.json", "profile", "kind 123456782.csv", "-o", "uit.txt")
    assert bds("rerun", "r.json", "--page", "p.html").code == 0
    page = (tmp_path / "p.html").read_text(encoding="utf-8")
    record = read(tmp_path / "r.json")
    assert "123456782" not in page
    for hashed in (record["inputs"][0], record["outputs"][0], record["stdout"]):
        assert page.count(hashed["sha256"]) == 1
    assert all(h in page for h in record["definitions"]["parts"].values())
    assert record["program"]["code"] in page
    assert not [w for w in ("<script", "http:", "https:", "src=") if w in page]


@pytest.mark.slow
@pytest.mark.parametrize("name", [c for c in COMMANDS if COMMANDS[c][0] != "rerun" and not SEEDS.get(c)])
def test_every_command_that_writes_can_be_done_again(name, bds, tmp_path, made, monkeypatch):
    target = tmp_path / NAMES.get(name, "uit")
    given = arguments(name, target, made)
    if name in MOMENTS:
        monkeypatch.setenv("SOURCE_DATE_EPOCH", MOMENTS[name])
    first = bds("--record", tmp_path / "r.json", *given)
    assert first.code in {0, 1}, first.err
    record = read(tmp_path / "r.json")
    data = {made[w] for w in ("STORE", "GROUP", "RESULT", "SAFE", "FOUND") if w in COMMANDS[name]}
    assert data <= {i["path"] for i in record["inputs"]}
    assert record["outputs"]
    assert str(target) in {o["path"] for o in record["outputs"]}
    told = bds("rerun", tmp_path / "r.json")
    if name in REFUSED:
        assert told.code == 2, told.out
        return
    assert told.code == (1 if name in RANDOM else 0), told.out + told.err
