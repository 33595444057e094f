"""Outputs: the old one or the new one, whole, whatever is refused; and never an input or what somebody else made."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bds_tool.base import files, guard, leftovers
from bds_tool.base.errors import Interrupted, UsageError
from bds_tool.base.files import MARK, atomic_dir, atomic_file, atomic_files, scratch
from bds_tool.base.interrupts import held, postponed

from .writing import ROUND

SAMPLES = Path(__file__).resolve().parents[2] / "sample_data"

TABLE = SAMPLES / "schoon" / "tabel-4.1.3" / "lang.csv"


def content(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): p.read_text() for p in sorted(folder.rglob("*")) if p.is_file()}


class Faults:
    """The n-th call of what changes a folder is refused by the system, and the later ones work."""

    CALLS = (
        (Path, "rename"),
        (Path, "replace"),
        (os, "fsync"),
        (Path, "chmod"),
        (Path, "write_text"),
        (Path, "mkdir"),
    )

    def __init__(self, monkeypatch, at: int) -> None:
        self.count, self.at = 0, at
        for owner, name in self.CALLS:
            real = getattr(owner, name)
            monkeypatch.setattr(owner, name, self._refusing(real))

    def _refusing(self, real):
        def call(*args, **kwargs):
            self.count += 1
            if self.count == self.at:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return real(*args, **kwargs)

        return call


def write_folder(target: Path, word: str, *, replace: bool) -> None:
    with atomic_dir(target, replace=replace) as folder:
        (folder / "diep").mkdir()
        (folder / "a.csv").write_text(word)
        (folder / "diep" / "b.csv").write_text(word)


@pytest.mark.parametrize("exchange", [True, False])
@pytest.mark.parametrize("at", range(1, 14))
def test_a_folder_is_the_old_or_the_new_one(at, exchange, tmp_path, monkeypatch):
    target = tmp_path / "uit"
    write_folder(target, "oud", replace=False)
    old = content(target)
    if not exchange:
        monkeypatch.setattr(files, "_exchanged", lambda *_: False)
    with monkeypatch.context() as patch:
        faults = Faults(patch, at)
        try:
            write_folder(target, "nieuw", replace=True)
        except (UsageError, OSError):
            assert content(target) == old
        else:
            assert content(target) == old | {"a.csv": "nieuw", "diep/b.csv": "nieuw"}
            assert faults.count < at
    assert [p.name for p in tmp_path.iterdir()] == ["uit"]


@pytest.mark.parametrize("at", range(1, 6))
def test_a_file_is_the_old_or_the_new_one(at, tmp_path, monkeypatch):
    target = tmp_path / "uit.csv"
    target.write_text("oud")
    with monkeypatch.context() as patch:
        faults = Faults(patch, at)
        try:
            with atomic_file(target) as temporary:
                temporary.write_text("nieuw")
        except (UsageError, OSError):
            assert target.read_text() == "oud"
        else:
            assert target.read_text() == "nieuw"
            assert faults.count < at
    assert [p.name for p in tmp_path.iterdir()] == ["uit.csv"]


def test_an_interrupt_waits_until_the_new_one_stands(tmp_path, monkeypatch):
    target = tmp_path / "uit"
    write_folder(target, "oud", replace=False)
    real = files._swap

    def swap(*paths):
        assert postponed()
        real(*paths)
        assert postponed(), "until the block ends"

    monkeypatch.setattr(files, "_swap", swap)
    with pytest.raises(Interrupted):
        write_folder(target, "nieuw", replace=True)
    assert content(target)["a.csv"] == "nieuw"
    assert [p.name for p in tmp_path.iterdir()] == ["uit"]
    with held():
        pass  # nothing waits any more
    assert not postponed()


def test_a_folder_of_somebody_else_is_never_replaced(tmp_path):
    target = tmp_path / "uit"
    write_folder(target, "oud", replace=False)
    (target / "diep" / "notitie.txt").write_text("van mij")
    with pytest.raises(UsageError, match=r"diep/notitie\.txt"):
        write_folder(target, "nieuw", replace=True)
    assert content(target)["a.csv"] == "oud"
    (target / "diep" / "notitie.txt").unlink()
    write_folder(target, "nieuw", replace=True)
    assert content(target)["a.csv"] == "nieuw"
    other = tmp_path / "ander"
    other.mkdir()
    (other / "x").write_text("x")
    with pytest.raises(UsageError, match="geen map die bds maakte"):
        write_folder(other, "nieuw", replace=True)
    assert content(other) == {"x": "x"}


def test_a_link_in_a_folder_is_not_followed(tmp_path):
    target, kept = tmp_path / "uit", tmp_path / "bewaren"
    kept.mkdir()
    (kept / "x").write_text("x")
    write_folder(target, "oud", replace=False)
    (target / "koppeling").symlink_to(kept)
    with pytest.raises(UsageError, match="koppeling"):
        write_folder(target, "nieuw", replace=True)
    assert content(kept) == {"x": "x"}


@pytest.mark.parametrize(
    "command",
    [
        ("validate", "IN/x.csv", "-o", "IN/x.csv"),
        ("validate", "IN/x.csv", "--report", "html=IN/x.csv"),
        ("validate", "IN/x.csv", "--save", "IN/x.csv"),
        ("validate", "IN", "-o", "IN/rapport.json"),
        ("validate", "IN/x.csv", "--store", "IN"),
        ("profile", "IN/x.csv", "-o", "IN/x.csv"),
        ("profile", "IN/x.csv", "-o", "IN/koppeling.csv"),
        ("convert", "IN/x.csv", "IN/x.csv"),
        ("convert", "IN/x.csv", "IN", "--to", "csv-wide"),
        ("convert", "IN/x.csv", ".", "--to", "csv-wide"),
        ("convert", "IN", "IN/uit.bds"),
        ("--log-file", "IN/x.csv", "rule", "BDS203"),
        ("area", "check", "IN/x.csv", "-o", "IN/x.csv"),
        ("zib", "coverage", "IN/x.csv", "-o", "IN/x.csv"),
        ("indicator", "compute", "IN/x.csv", "-o", "IN"),
        ("migrate", "IN/x.csv", "--to", "4.2.0", "-o", "IN/x.csv"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("force", [True, False])
def test_no_output_is_or_holds_or_lies_in_an_input(command, force, tmp_path, bds, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "IN").mkdir()
    shutil.copy(TABLE, tmp_path / "IN" / "x.csv")
    (tmp_path / "IN" / "koppeling.csv").symlink_to(tmp_path / "IN" / "x.csv")
    before = TABLE.read_bytes()
    told = bds(*command, *(["--force"] if force and command[0] != "--log-file" else []))
    assert told.code == 2, (told.out, told.err)
    assert (tmp_path / "IN" / "x.csv").read_bytes() == before
    assert sorted(p.name for p in (tmp_path / "IN").iterdir()) == ["koppeling.csv", "x.csv"]
    assert [p.name for p in tmp_path.iterdir()] == ["IN"]


@pytest.mark.parametrize(
    "command",
    [
        ("validate", TABLE, "--fail-on", "never", "-o"),
        ("profile", TABLE, "-o"),
        ("rule", "BDS203", "-o"),
        ("spec", "list", "-o"),
        ("indicator", "list", "-o"),
    ],
    ids=lambda c: c[0],
)
def test_an_existing_report_needs_force(command, tmp_path, bds):
    target = tmp_path / "uit.txt"
    target.write_text("oud")
    told = bds(*command, target)
    assert (told.code, target.read_text()) == (2, "oud")
    assert "--force" in told.err
    assert bds(*command, target, "--force").code == 0
    assert target.read_text() != "oud"


@pytest.mark.parametrize(
    ("words", "second"),
    [
        (("report", "table", "SAFE", "-o", "uit.csv"), "uit.csv-metadata.json"),
        (("round", "new", "-o", "uit.json", *ROUND), "uit.md"),
        (("protect", "run", "RESULT", "--to", "uit", "--internal", "intern.csv"), "intern.csv"),
        (("validate", "STORE", "--save", "uit", "-o", "rapport.txt"), "rapport.txt"),
        (("round", "merge", "ASK", "ANSWER-A", "ANSWER-B", "-o", "uit", "--internal", "som"), "som"),
    ],
    ids=lambda w: " ".join(w[:2]) if isinstance(w, tuple) else w,
)
def test_of_two_outputs_neither_is_written_when_one_is_there(words, second, tmp_path, bds, made, monkeypatch):
    words = [made[w] if w in made else w for w in words]  # noqa: SIM401  # made when asked for
    monkeypatch.chdir(tmp_path)
    (tmp_path / second).write_text("oud")
    told = bds(*words)
    assert (told.code, "--force" in told.err) == (2, True), told.err
    assert content(tmp_path) == {second: "oud"}


@pytest.mark.parametrize(
    "words",
    [
        ("validate", TABLE, "-o", "uit", "--report", "html=uit"),
        ("validate", TABLE, "--report", "json=./uit", "--report", "html=uit"),
        ("profile", TABLE, "-o", "uit/rapport.txt", "--share", "uit"),
        ("generate", "--children", "1", "-o", "uit", "--manifest", "uit/lijst.json"),
        ("round", "new", "-o", "uit.md", *ROUND),
        ("protect", "run", TABLE, "--table", TABLE, "--to", "uit.csv", "--internal", "intern.txt"),
    ],
    ids=lambda w: " ".join(map(str, w[-4:])),
)
def test_two_outputs_are_never_one(words, tmp_path, bds, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = bds(*words, "--force")
    assert told.code == 2, told.err
    assert content(tmp_path) == {}


def test_several_files_take_no_place_of_a_folder(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "x").write_text("x")
    (tmp_path / "c").symlink_to(tmp_path / "d")
    with pytest.raises(UsageError, match="map"), atomic_files((tmp_path / "a", tmp_path / "b"), own=False):
        pytest.fail("it was looked at too late")
    assert content(tmp_path) == {"b/x": "x"}
    with atomic_files((tmp_path / "a", tmp_path / "c"), own=False) as aside:
        aside[tmp_path / "c"].write_text("c")
    assert (tmp_path / "c").is_symlink()
    assert content(tmp_path) == {"a": "", "b/x": "x", "c": "c", "d": "c"}


def test_records_are_for_their_owner_only(tmp_path, bds):
    for name, to in (
        ("a.bds", "store"),
        ("a.csv", "csv"),
        ("wijd", "csv-wide"),
        ("a.json", "james"),
        ("a.parquet", "parquet"),
    ):
        assert bds("convert", TABLE, tmp_path / name, "--to", to, "-q").code == 0
        bits = stat.S_IMODE((tmp_path / name).stat().st_mode)
        assert bits == (0o700 if (tmp_path / name).is_dir() else 0o600), name
    bds(
        "validate",
        tmp_path / "a.bds",
        "--save",
        tmp_path / "b",
        "-o",
        tmp_path / "r.json",
        "--format",
        "json",
    )
    assert stat.S_IMODE((tmp_path / "b").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "r.json").stat().st_mode) == 0o600
    with scratch() as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


KILLED = """
import sys, time
from pathlib import Path
from bds_tool.base.files import atomic_dir, atomic_file, work_dir, scratch
place = Path(sys.argv[1])
with atomic_dir(place / "a") as a, atomic_file(place / "b") as b, work_dir(place / "c") as c, scratch() as d:
    (a / "records").write_text("kind")
    print("klaar", flush=True)
    time.sleep(60)
"""


def test_what_a_killed_run_left_is_cleared_by_the_next(tmp_path, monkeypatch):
    kept = tmp_path / "tmp"
    kept.mkdir()
    place = tmp_path / "uit"
    place.mkdir()
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(place)],
        stdout=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(kept)},
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"klaar\n"
    assert len(list(place.iterdir())) == 3
    monkeypatch.setattr("tempfile.tempdir", str(kept))
    leftovers._swept.clear()
    for each in (place, kept):
        leftovers.sweep(each)
    assert len(list(place.iterdir())) == 3, "its owner still runs"
    assert len(list(kept.iterdir())) == 1
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    leftovers._swept.clear()
    with atomic_file(place / "nieuw") as temporary, scratch():
        temporary.write_text("x")
    assert [p.name for p in place.iterdir()] == ["nieuw"]
    assert list(kept.iterdir()) == []


def test_an_old_output_that_lost_its_name_gets_it_back(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    name = leftovers.fresh(tmp_path, "uit", "old").name.replace(f".{os.getpid()}-", f".{dead.pid}-")
    (tmp_path / name).mkdir()
    (tmp_path / name / "a").write_text("oud")
    leftovers.sweep(tmp_path)
    assert content(tmp_path) == {"uit/a": "oud"}


def test_a_device_is_written_to_and_stays(tmp_path):
    with atomic_file(Path("/dev/null")) as temporary:
        temporary.write_text("x")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_log_that_cannot_be_written_says_no_value(tmp_path, bds, monkeypatch):
    def broken(*_args, **_kwargs):
        raise ValueError(f"KIND-{4000 + 711}")

    monkeypatch.setattr("bds_tool.findings.catalogue.load_rules", broken)
    told = bds("--log-file", tmp_path / "geen" / "map" / "log.txt", "rule", "BDS203")
    assert told.code == 70
    assert "kan niet worden geschreven" in told.err
    assert "KIND-4711" not in told.err
    assert "Traceback" not in told.err
    log = tmp_path / "log.txt"
    assert bds("--log-file", log, "rule", "BDS203").code == 70
    assert bds("--log-file", log, "rule", "BDS203").code == 70
    assert log.read_text().count("\nValueError\n") == 2, "a log of ours is added to"
    assert "KIND-4711" not in log.read_text()


def test_a_cut_file_of_ours_is_no_interrupt(bds, monkeypatch):
    """The parser takes an EOFError for somebody who wants to stop; here a library met the end of a file too soon."""

    def broken(*_args, **_kwargs):
        raise EOFError("marshal data too short")

    monkeypatch.setattr("bds_tool.findings.catalogue.load_rules", broken)
    told = bds("rule", "BDS203")
    assert told.code == 70
    assert "EOFError" in told.err
    assert "Afgebroken" not in told.err


def test_guard_forgets_after_a_run(tmp_path, bds):
    bds("profile", TABLE, "-q")
    guard.check(TABLE)


def test_time_of_sweeping_is_small(tmp_path):
    for n in range(2000):
        (tmp_path / f"{n}.csv").touch()
    start = time.monotonic()
    leftovers.sweep(tmp_path)
    assert time.monotonic() - start < 2
    assert MARK not in {p.name for p in tmp_path.iterdir()}
