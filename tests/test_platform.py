"""Supported platforms: versions of Python and libraries, and what Windows does differently, without a Windows."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path, PureWindowsPath

import pytest

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "sample_data"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def bounds(name: str) -> tuple[str, str]:
    """Lowest and (exclusive) highest version that the project states for a dependency."""
    line = next(d for d in PROJECT["dependencies"] if re.match(rf"{name}\b", d))
    low, high = re.search(r">=([\d.]+)", line), re.search(r"<([\d.]+)", line)
    return (low.group(1) if low else "", high.group(1) if high else "")


def parts(text: str) -> tuple[int, ...]:
    return tuple(int(p) for p in re.findall(r"\d+", text)[:3])


@pytest.mark.parametrize("name", ["polars", "duckdb", "pandera", "pyarrow", "lxml", "typer"])
def test_what_runs_here_lies_within_the_stated_bounds(name):
    low, high = bounds(name)
    assert low, f"{name} has no lowest version"
    assert parts(low) <= parts(version(name))
    if high:
        assert parts(version(name)) < parts(high)


def test_every_module_compiles_for_the_oldest_python():
    """Syntax newer than the lowest stated Python is found without having it: the grammar version is asked for."""
    import ast

    least = parts(PROJECT["requires-python"])[:2]
    for file in sorted((ROOT / "bds_tool").rglob("*.py")):
        ast.parse(file.read_text(encoding="utf-8"), str(file), feature_version=least)


def test_output_survives_a_windows_code_page(tmp_path):
    """cp1252 and cp850 lack characters that Dutch texts use; what goes to another program is UTF-8, and whole."""
    for page in ("cp1252", "cp850", "ascii"):
        done = subprocess.run(
            [sys.executable, "-m", "bds_tool", "rule", "BDS203"], capture_output=True, check=False, cwd=ROOT,
            env={"PYTHONIOENCODING": page, "PATH": "/usr/bin:/bin", "PYTHONUTF8": "0"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-300:]
        assert "BDS203" in done.stdout.decode("utf-8")


def test_files_do_not_depend_on_the_locale(tmp_path):
    """Without UTF-8 mode and in the C locale the same bytes are read and written."""
    out = []
    for number, settings in enumerate(
        ({"LC_ALL": "C", "PYTHONUTF8": "0"}, {"LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"})
    ):
        target = tmp_path / f"{number}.csv"
        done = subprocess.run(
            [sys.executable, "-m", "bds_tool", "convert", str(SAMPLES / "schoon" / "tabel-4.1.3" / "lang.csv"), str(target), "--to", "csv"],
            capture_output=True, check=False, cwd=ROOT, env={"PATH": "/usr/bin:/bin", **settings},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-300:]
        out.append(target.read_bytes())
    assert out[0] == out[1]


def test_no_default_encoding_is_trusted():
    """Every text file is opened with its encoding stated: on Windows the default is a code page."""
    import ast

    wrong = []
    for file in sorted((ROOT / "bds_tool").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            keywords = {k.arg for k in node.keywords}
            builtin = isinstance(node.func, ast.Name) and name == "open"
            binary = any(
                isinstance(a, ast.Constant) and isinstance(a.value, str) and "b" in a.value
                for a in node.args[1:]
            )
            stated = "encoding" in keywords or len(node.args) > (1 if name == "write_text" else 0)
            texts = name in {"read_text", "write_text"}
            if (texts and not stated) or (builtin and not binary and "encoding" not in keywords):
                wrong.append(f"{file.name}:{node.lineno}")
    assert not wrong


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_byte_order_marks_make_no_difference(ending, bom, tmp_path, bds):
    lines = (SAMPLES / "schoon" / "tabel-4.1.3" / "lang.csv").read_bytes().splitlines()[:60]
    plain, other = tmp_path / "plain.csv", tmp_path / "other.csv"
    plain.write_bytes(b"\n".join(lines) + b"\n")
    other.write_bytes(bom + ending.join(lines) + ending)
    assert rows(plain) == rows(other)


@pytest.mark.parametrize("page", ["cp1252", "utf-8", "utf-16"])
def test_tables_in_windows_encodings_are_read_alike(page, tmp_path):
    text = (
        "dossier_id;activiteit_id;datum;bdsnummer;waarde\nD1;A1;2020-01-06;482;Geïnformeerd over één prik\n"
    )
    (tmp_path / "a.csv").write_bytes(text.encode(page))
    (value,) = [r[4] for r in rows(tmp_path / "a.csv") if r[3] == 482]
    assert value == "Geïnformeerd over één prik"


def test_json_and_xml_with_windows_line_ends(tmp_path):
    for name in ("schoon/tabel-4.1.3/james-3.0.json", "schoon/dob-4.1.3/dossier-000001.xml"):
        source = SAMPLES / name
        other = tmp_path / source.name
        other.write_bytes(source.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
        assert rows(source) == rows(other)


def rows(path: Path) -> list[tuple]:
    """What a file holds, as (dossier, activity, date, element, value)."""
    import polars as pl

    from bds_tool.formats import read

    with read([path]) as store:
        found = (
            store.registraties()
            .select("dossier_id", "activiteit_id", "datum", "bdsnummer", "waarde", "pad")
            .collect()
        )
    places = found.filter(~pl.col("pad").cast(pl.String).fill_null("").str.starts_with("bericht/"))
    return places.drop("pad").rows()


def test_windows_paths_are_shown_as_they_are():
    """Names in archives made on Windows carry backslashes; they are names, never folders to write to."""
    from bds_tool.formats.sniff import sniff

    assert sniff(b"dossier_id;235\n", str(PureWindowsPath("C:\\export\\a.csv"))) == "tabel"


def test_pipes_without_newline_translation(tmp_path, bds, monkeypatch):
    """stdin is read as bytes, so Windows line ends and Ctrl-Z in the data arrive unchanged."""
    data = (SAMPLES / "schoon" / "tabel-4.1.3" / "lang.csv").read_bytes().replace(b"\n", b"\r\n")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding="cp1252"))
    told = bds("validate", "-", "--fail-on", "never")
    assert told.code == 0, told.err


def test_no_command_needs_a_module_that_windows_lacks():
    for file in sorted((ROOT / "bds_tool").rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        for name in ("fcntl", "resource", "pwd", "grp", "termios", "posix"):
            assert not re.search(rf"^(?:import {name}|from {name} import)\b", text, re.MULTILINE), (
                file.name,
                name,
            )


def test_reserved_names_of_windows_are_not_in_the_project():
    reserved = {"con", "prn", "aux", "nul", *(f"com{i}" for i in range(10)), *(f"lpt{i}" for i in range(10))}
    names = subprocess.run(
        ["git", "ls-files"], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout.splitlines()
    assert len(names) > 100
    for name in names:
        for part in Path(name).parts:
            assert part.split(".")[0].lower() not in reserved, name
            assert not re.search(r'[<>:"|?*\\]', part), name
            assert not part.endswith((" ", ".")), name
    assert len({n.lower() for n in names}) == len(names)
    assert max(len(n) for n in names) < 180


#: What Windows raises (errno, winerror, its own words), and what a user must hear of it.
REFUSED = [
    (13, 32, "De procedure heeft geen toegang tot het bestand", "sluit het daar (bijvoorbeeld in Excel)"),
    (13, 33, "Een gedeelte van het bestand is vergrendeld", "sluit het daar (bijvoorbeeld in Excel)"),
    (2, 206, "De bestandsnaam of extensie is te lang", "te lang voor Windows"),
    (13, 5, "Toegang geweigerd", "geen toegang"),
]


def _refusal(number, code, words):
    error = OSError(number, words)
    error.winerror = code
    return error


@pytest.mark.parametrize(("number", "code", "words", "told"), REFUSED)
def test_a_file_that_another_program_holds_is_told_as_such(
    number, code, words, told, bds, tmp_path, monkeypatch
):
    """A double of what Windows does when Excel has the export open: reading it fails, the other file is judged."""
    monkeypatch.chdir(tmp_path)
    for name in ("open.csv", "vrij.csv"):
        Path(name).write_text("dossier_id;activiteit_id;datum;bdsnummer;waarde\na;c;2024-03-01;19;1\n")
    reads, opens = Path.read_bytes, Path.open

    def held(self, *arguments, **options):
        if self.name == "open.csv":
            raise _refusal(number, code, words)
        return (reads if not arguments and not options else opens)(self, *arguments, **options)

    monkeypatch.setattr(Path, "read_bytes", held)
    done = bds("validate", "open.csv", "vrij.csv")
    assert done.code == 3
    assert "BDS011" in done.out
    assert told in " ".join(done.out.split())
    assert "2 bestanden" in done.out


@pytest.mark.parametrize(("number", "code", "words", "told"), REFUSED)
def test_output_that_another_program_holds_is_told_as_such(
    number, code, words, told, bds, tmp_path, monkeypatch
):
    """The report of yesterday is open in Excel: the new one cannot take its place, and the old one stays."""
    monkeypatch.chdir(tmp_path)
    Path("k.csv").write_text("dossier_id;activiteit_id;datum;bdsnummer;waarde\na;c;2024-03-01;19;1\n")
    Path("r.csv").write_text("oud")
    moves = Path.replace

    def held(self, target):
        if Path(target).name == "r.csv":
            raise _refusal(number, code, words)
        return moves(self, target)

    monkeypatch.setattr(Path, "replace", held)
    done = bds("validate", "k.csv", "--format", "csv", "--output", "r.csv", "--force")
    assert done.code == 2
    assert told in done.err
    assert Path("r.csv").read_text() == "oud"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["k.csv", "r.csv"]
