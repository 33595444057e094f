"""Hostile text in every free text of definitions, settings and data: no page, sheet, screen or file runs or obeys it."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import polars as pl
import pytest

from bds_tool.base.specs import specs_dir
from bds_tool.store.store import StoreWriter
from bds_tool.synthetic.generate import Generator, Request
from tests.privacy.test_canary import ON_STORE, Place
from tests.robust.spec_entries import copied

from .hostile_text import faults, hostile, spoiled

#: Commands on definitions; each in every format.
ON_DEFINITIONS = {
    ("spec", "versions"), ("spec", "list", "elementen"), ("spec", "list", "lijsten"), ("spec", "list", "groepen"), ("spec", "list", "rubrieken"), ("spec", "show", "235"),
    ("spec", "show", "510"), ("spec", "search", "lengte"), ("spec", "values", "496"), ("spec", "path", "235"), ("spec", "check"),
    ("spec", "diff", "4.1.3", "4.2.0"), ("protocol", "list"), ("protocol", "show", "visus"), ("protocol", "check"), ("protocol", "test"),
    ("change", "list"), ("change", "check", "4.1.3-4.2.0"), ("change", "show", "4.1.3-4.2.0"), ("change", "requests", "4.1.3-4.2.0"),
    ("zib", "show", "235"), ("zib", "search", "lengte"), ("zib", "check"), ("indicator", "list"),
    ("indicator", "show", "OW"), ("indicator", "test", "OW"), ("protect", "policy", "list"), ("protect", "policy", "show", "ncj-strict"),
    ("rule", "BDS203"), ("rule",), ("doctor",),
}  # fmt: skip
FORMATS = ("text", "json", "ndjson", "csv", "markdown", "html", "xlsx", "parquet", "junit", "sarif", "github")
ENDING = {"junit": "xml", "sarif": "json", "text": "txt", "github": "txt", "markdown": "md"}
#: Of those, what the tests of every day run; `make slow` runs all.
QUICK = {
    ("spec", "show", "510"),
    ("protocol", "list"),
    ("change", "requests", "4.1.3-4.2.0"),
    ("zib", "show", "235"),
    ("rule", "BDS203"),
}
QUICK_ON_STORE = {"dossier list", "profile"}
#: Formats that carry data as they are, to be read again: their tests hold that they do.
DATA = (
    "store",
    "csv",
    "parquet",
    "arrow",
    "ndjson",
    "james",
    "james-3.0",
    "james-3.1",
    "dob",
    "vaccinaties",
    "geanonimiseerd",
)


@pytest.fixture(scope="module")
def specs(tmp_path_factory):
    """Definitions with hostile text in every free text."""
    folder = copied(specs_dir(), tmp_path_factory.mktemp("vijandig") / "specs")
    fields, refused = spoiled(specs_dir(), folder)
    assert len(fields) > 1400
    # Names that the program goes by: definitions that changed them are refused, and what is said of that is clean.
    assert len(refused) <= 5
    return folder


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store with hostile text in every column of text, of rows and of sources."""
    folder = tmp_path_factory.mktemp("vijandig")
    generator = Generator(
        Request(3, 5, "4.1.3", themes=("groei", "vaccinatie", "vragen", "conclusie"), first=40)
    )
    with StoreWriter(folder / "bds.bds") as writer:
        for table in generator.tables():
            frame = pl.DataFrame(table)
            texts = [c for c, kind in frame.schema.items() if kind in {pl.String, pl.Categorical}]
            spoilt = [
                pl.when(pl.int_range(pl.len()) % 23 == number)
                .then(pl.lit(hostile("woord")))
                .otherwise(pl.col(name).cast(pl.String))
                .alias(name)
                for number, name in enumerate(texts)
            ]
            writer.add_table(frame.with_columns(spoilt).cast(frame.schema))
        facts = generator.facts()
        keep = {"formaat", "bds_opgegeven", "bds_herkend", "sha256"}
        named = {k: hostile(v) if isinstance(v, str) and k not in keep else v for k, v in facts.items()}
        writer.add_bron(**named, rijen=writer.count)
    shutil.copytree(folder / "bds.bds", folder / "hl7.bds")
    return folder / "bds.bds"


def wrong(out: str, err: str, folder: Path) -> list[str]:
    found = [f"{n}: {f}" for n, text in (("stdout", out), ("stderr", err)) for f in faults(n, text.encode())]
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder)
        if not any(part in {f"c-{d}" for d in DATA} or part.endswith(".bds") for part in name.parts):
            kind = ".xlsx" if path.name == "c-xlsx" else ""
            found += [f"{name}: {f}" for f in faults(path.name + kind, path.read_bytes())]
    return found


@pytest.mark.parametrize(
    "command",
    [pytest.param(c, marks=() if c in QUICK else pytest.mark.slow) for c in sorted(ON_DEFINITIONS)],
    ids=" ".join,
)
def test_hostile_definitions_are_shown_as_text(command, specs, tmp_path, bds, monkeypatch):
    monkeypatch.chdir(tmp_path)
    seen = 0
    for format_ in FORMATS:
        out = tmp_path / f"uit.{ENDING.get(format_, format_)}"
        for arguments in ((), ("-o", out)):
            told = bds("--specs", specs, *command, "--format", format_, *arguments)
            assert told.code in {0, 1, 2}, told.err[-300:]
            assert not wrong(told.out, told.err, tmp_path), format_
            seen += "kwaad" in told.out
        out.unlink(missing_ok=True)
    # Not vacuous: what was planted is there to be read.
    assert seen or command in {
        ("spec", "versions"),
        ("spec", "path", "235"),
        ("doctor",),
        ("zib", "check"),
        ("protocol", "check"),
    }


@pytest.mark.parametrize("command", sorted(QUICK_ON_STORE))
def test_hostile_data_are_shown_as_text(command, store, tmp_path, bds, monkeypatch):
    shown_as_text(ON_STORE[command], store, Place(tmp_path, bds), monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("command", sorted(ON_STORE))
def test_hostile_data_and_definitions_are_shown_as_text(command, specs, store, tmp_path, bds, monkeypatch):
    place = Place(tmp_path, lambda *arguments: bds("--specs", specs, *arguments))
    shown_as_text(ON_STORE[command], store, place, monkeypatch)


def shown_as_text(runs, store, place, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(place.temporary))
    monkeypatch.chdir(place.root)
    for arguments in runs:
        told = place.run(arguments, store)
        assert told.code in {0, 1, 2, 3, 4}, (arguments, told.err[-300:])
        assert not wrong(told.out, told.err, place.root), arguments


@pytest.mark.parametrize("name", ["a page", "a cell", "a screen", "a workbook"])
def test_the_reader_of_outputs_sees_what_is_planted(name):
    """The tests above can fail."""
    import io

    import openpyxl

    text = hostile("woord")
    if name == "a workbook":
        book, target = openpyxl.Workbook(), io.BytesIO()
        book.active["A1"] = "=cmd|' /C calc'!A0"
        book.save(target)
        assert faults("x.xlsx", target.getvalue())
    elif name == "a page":
        assert len(faults("x.html", f"<!doctype html><p title='{text}'>{text}</p>".encode())) >= 2
    else:
        assert faults("x.csv" if name == "a cell" else "x.txt", text.encode())
