"""Runs that go wrong half-way: full or forbidden disks, an interrupt, two at once, stores that are not right."""

from __future__ import annotations

import json
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from importlib.util import find_spec

import pytest

from bds_tool.base.pools import threads

from .conftest import SAMPLES, digest

TABLE = SAMPLES / "schoon" / "tabel-4.1.3" / "lang.csv"


@pytest.fixture
def store(tmp_path, bds):
    made = bds("generate", "--children", "20", "--bds", "4.1.3", "--output", tmp_path / "s.bds", "--quiet")
    assert made.code == 0
    return tmp_path / "s.bds"


def small_files() -> None:
    """Writing more than 16 kB to one file fails, as on a full disk (EFBIG in place of ENOSPC)."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (16_000, 16_000))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


@pytest.mark.parametrize(
    "command",
    [
        ("generate", "--children", "400", "--output", "OUT/x.bds"),
        ("generate", "--children", "40", "--to", "csv", "--output", "OUT/x.csv"),
        ("convert", TABLE, "OUT/x.ndjson", "--to", "ndjson"),
        ("convert", TABLE, "OUT/x.csv", "--to", "csv"),
        ("validate", SAMPLES / "fouten", "--format", "json", "--output", "OUT/x.json"),
        ("zib", "export-map", "OUT/x.xlsx"),
        ("change", "table", "4.1.3-4.2.0", "--out", "OUT/x.xlsx"),
        ("spec", "export", "xlsx", "--output", "OUT/x.xlsx"),
    ],
)
def test_a_full_disk_leaves_nothing_under_the_final_name(command, tmp_path, process):
    out = tmp_path / "out"
    out.mkdir()
    arguments = [str(a).replace("OUT", str(out)) for a in command]
    kept = tmp_path / "kept"
    kept.mkdir()
    # Python's own files of compiled modules would be cut short too, and stay so.
    environment = {"TMPDIR": str(kept), "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}
    run = process(*arguments, preexec_fn=small_files, env=environment)
    assert run.code in {2, 3}, run.said[-600:]
    assert "Traceback" not in run.said
    assert list(out.iterdir()) == []
    assert list(kept.iterdir()) == []


@pytest.mark.parametrize("place", ["/proc/x.bds", "/dev/null/x.bds", "{file}/x.bds"])
def test_a_place_that_cannot_be_written(place, tmp_path, bds):
    (tmp_path / "file").write_text("a")
    told = bds("generate", "--children", "2", "--output", place.format(file=tmp_path / "file"))
    assert told.code == 2, told.err
    assert "Traceback" not in told.err
    told = bds("convert", TABLE, place.format(file=tmp_path / "file"), "--to", "store")
    assert told.code == 2, told.err
    told = bds("indicator", "compute", TABLE, "-o", place.format(file=tmp_path / "file"), "-i", "OW")
    assert told.code == 2, told.err


def not_in_the_background() -> None:
    """What a shell starts in the background ignores Ctrl-C, and hands that on to its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("told", [(signal.SIGINT,), (signal.SIGTERM,), (signal.SIGINT, signal.SIGINT)])
def test_an_interrupted_run_leaves_nothing(told, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    command = [
        sys.executable,
        "-m",
        "bds_tool",
        "generate",
        "--children",
        "400000",
        "--output",
        str(out / "x.bds"),
    ]
    child = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=not_in_the_background,  # noqa: PLW1509  # the tests run in one thread
    )
    deadline = time.monotonic() + 30
    while not any(out.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    for each in told:
        child.send_signal(each)
        time.sleep(0.02)
    _, err = child.communicate(timeout=30)
    assert child.returncode == 130, err[-400:]
    assert err == "Afgebroken.\n"
    assert list(out.iterdir()) == []


def test_threads_run_before_they_have_work():
    before = threading.active_count()
    with threads(3):
        assert threading.active_count() == before + 3
    assert threading.active_count() == before


def test_the_program_does_not_load_pandas():
    assert find_spec("pandas")  # the tests install it
    code = "import sys; from bds_tool.cli.main import main; sys.argv[1:] = {!r}\ntry:\n    main()\nfinally:\n    print(sorted({{'pandas', 'pyarrow'}} & set(sys.modules)))"
    given = ["validate", str(TABLE), "--quiet", "--fail-on", "never"]
    done = subprocess.run(
        [sys.executable, "-c", code.format(given)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_nothing_stays_in_the_temporary_folder(tmp_path, process):
    """Copies of a delivery (here: made UTF-8 because of one byte far beyond the head) go when the run ends."""
    lines = ["dossier;datum;bdsnummer;waarde", *(f"k{n};2024-01-02;235;{500 + n % 300}" for n in range(9000))]
    export, kept = tmp_path / "e.csv", tmp_path / "kept"
    export.write_bytes("\n".join([*lines, "k1;2024-01-02;7;Zoë", ""]).encode("windows-1252"))
    kept.mkdir()
    environment = {"TMPDIR": str(kept), "PATH": "/usr/bin:/bin"}
    run = process("convert", export, tmp_path / "x.ndjson", "--to", "ndjson", env=environment)
    assert run.code in {0, 1}, run.said[-600:]
    assert "Zoë" in (tmp_path / "x.ndjson").read_text(encoding="utf-8")
    assert list(kept.iterdir()) == []


def test_two_runs_at_once_on_one_store(tmp_path, bds):
    target = tmp_path / "x.bds"
    command = [
        sys.executable,
        "-m",
        "bds_tool",
        "generate",
        "--children",
        "200",
        "--bds",
        "4.1.3",
        "--output",
        str(target),
        "--force",
    ]
    runs = [subprocess.Popen([*command, "--seed", str(s)], stderr=subprocess.PIPE, text=True) for s in (1, 2)]
    results = [(r.communicate(timeout=90)[1], r.returncode) for r in runs]
    assert {code for _, code in results} <= {0, 2}, results
    assert 0 in {code for _, code in results}
    assert all("Traceback" not in err for err, _ in results)
    assert bds("validate", target, "--fail-on", "never").code == 0
    assert [p.name for p in tmp_path.iterdir()] == ["x.bds"]


def test_an_existing_output_is_not_overwritten(tmp_path, bds, store):
    before = digest(store)
    assert bds("generate", "--children", "2", "--output", store).code == 2
    (tmp_path / "file.bds").write_text("mine")
    assert bds("generate", "--children", "2", "--output", tmp_path / "file.bds", "--force").code == 2
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "thesis.txt").write_text("mine")
    assert bds("generate", "--children", "2", "--output", tmp_path / "folder", "--force").code == 2
    assert (tmp_path / "file.bds").read_text() == "mine"
    assert (tmp_path / "folder" / "thesis.txt").read_text() == "mine"
    assert digest(store) == before


#: Damage that is now told as a bug in bds (exit 70) and should be exit 3.
def change(store, name: str) -> None:
    meta = store / "_store.json"
    if name == "newer-layout":
        meta.write_text(json.dumps({"layout": 99}))
    elif name == "no-json":
        meta.write_text("{")
    elif name == "list":
        meta.write_text("[]")
    elif name == "no-rows":
        (store / "registraties.parquet").unlink()
    elif name == "cut":
        data = (store / "registraties.parquet").read_bytes()
        (store / "registraties.parquet").write_bytes(data[: len(data) // 2])
    elif name == "other-columns":
        import polars as pl

        pl.DataFrame({"a": [1]}).write_parquet(store / "registraties.parquet")
    elif name == "no-sources":
        (store / "bronnen.parquet").write_bytes(b"")


@pytest.mark.parametrize(
    "name", ["newer-layout", "no-json", "list", "no-rows", "cut", "other-columns", "no-sources"]
)
@pytest.mark.parametrize("command", ["validate", "profile", "convert"])
def test_a_store_that_is_not_right(name, command, store, tmp_path, bds):
    broken = tmp_path / "broken.bds"
    shutil.copytree(store, broken)
    change(broken, name)
    before = digest(broken)
    arguments = [command, broken, *([tmp_path / "out.csv", "--to", "csv"] if command == "convert" else [])]
    told = bds(*arguments)
    assert told.code in {2, 3}, (told.code, told.err[-400:], told.out[-200:])
    assert "Traceback" not in told.err
    assert told.err.strip() or told.out.strip()
    assert not (tmp_path / "out.csv").exists()
    assert digest(broken) == before
