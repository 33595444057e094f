"""The compiled definitions say what the texts say, and are not needed; frames from files equal those from objects."""

from __future__ import annotations

import csv
import dataclasses
import pickle
import re
import runpy
import shutil
from functools import partial
from pathlib import Path

import pytest
import yaml

from bds_tool.base import compiled, vocabulary
from bds_tool.base.specs import parse_yaml, set_specs, shipped_specs, specs_dir
from bds_tool.formats.dob import layout
from bds_tool.formats.dob import version as message_version
from bds_tool.formats.dob.model import families, lists, observed
from bds_tool.schema import load, loading, state, versions
from bds_tool.schema.frames import codes_frame
from bds_tool.schema.loading import _waardenlijsten, element_texts
from bds_tool.validate import message_tables, tables

ROOT = Path(__file__).parents[2]
TEXTS = sorted(specs_dir().rglob("*.yaml"))


@pytest.fixture
def built(tmp_path, monkeypatch):
    """The file as the build step makes it, of some definitions."""
    texts = [path.read_bytes() for path in TEXTS[:10]]
    target = tmp_path / "compiled.bin"
    compiled.write(texts, [yaml.safe_load(t) for t in texts], target)
    monkeypatch.setattr(compiled, "FILE", target)
    compiled._index.cache_clear()
    yield target
    compiled._index.cache_clear()


def test_what_is_compiled_is_what_the_text_says(built):
    assert built.is_file()
    for path in TEXTS[:10]:
        text = path.read_bytes()
        assert compiled.known(text) == [yaml.safe_load(text)]
        assert compiled.known(text + b"\n# changed") == []


def test_every_call_gives_a_fresh_value(built):
    assert built.is_file()
    text = TEXTS[0].read_text(encoding="utf-8")
    first = parse_yaml(text)
    first.clear()
    assert parse_yaml(text)


@pytest.mark.parametrize("damage", ["gone", "empty", "cut", "other"])
def test_a_damaged_file_is_as_if_it_were_not_there(built, damage):
    content = built.read_bytes()
    built.unlink()
    if damage != "gone":
        built.write_bytes(
            {"empty": b"", "cut": content[: len(content) // 3], "other": b"bds1" + b"\xff" * 50}[damage]
        )
    for path in TEXTS[:10]:
        assert parse_yaml(path.read_text(encoding="utf-8")) == yaml.safe_load(path.read_bytes())


def test_the_build_step_compiles_every_definition(monkeypatch, tmp_path):
    """Run as the installer runs it; the file goes elsewhere here."""
    pytest.importorskip("hatchling")
    monkeypatch.setattr(compiled, "FILE", tmp_path / "compiled.bin")
    hook = runpy.run_path(str(ROOT / "hatch_build.py"))["Compile"]
    data = {"artifacts": [], "shared_data": {}}
    hook(str(ROOT), {}, None, None, str(tmp_path), "wheel").initialize("standard", data)
    assert data["artifacts"] == ["bds_tool/compiled.bin"]
    compiled._index.cache_clear()
    assert [p.name for p in TEXTS if not compiled.known(p.read_bytes())] == []
    sources = vocabulary.sources(shipped_specs())
    assert frozenset(compiled.known(b"".join(sources))[0]) == vocabulary.words(sources)
    root = str(shipped_specs())
    assert [v for v in versions() if not compiled.known(tables._made_of(v, "BDS", root))] == []
    assert [v for v in versions() if not compiled.known(message_tables._made_of(v, root))] == []
    assert compiled.known(layout._made_of(root))
    compiled._index.cache_clear()


@pytest.mark.parametrize("version", versions())
def test_codes_from_files_are_those_of_the_definition(version):
    definition = load(version)
    objects = dataclasses.replace(definition, waardenlijsten=dict(definition.waardenlijsten))
    assert codes_frame(definition).equals(codes_frame(objects))


#: What is edited changes what is due, in each kind of file that the tables are made of.
EDITS = (
    ("4.1.3/elementen.csv", "elements"),
    ("4.1.3/waardenlijsten.csv", "codes"),
    ("4.2.0/waardenlijsten.csv", "elsewhere"),
    ("lijststand.csv", None),
    ("plaatslijsten.csv", None),
)


@pytest.fixture(scope="module")
def of_tables(tmp_path_factory):
    """The tables as the build step packs them, and what they are found by."""
    with pytest.MonkeyPatch.context() as patch:
        target = tmp_path_factory.mktemp("tables") / "compiled.bin"
        keys, made = tables.packed()
        compiled.write(keys, made, target)
        patch.setattr(compiled, "FILE", target)
        compiled._index.cache_clear()
        yield keys
    compiled._index.cache_clear()


def _same(left, right):
    same = (left.elements, left.codes, left.elsewhere, left.other, left.names)
    other = (right.elements, right.codes, right.elsewhere, right.other, right.names)
    return [a.equals(b) and a.schema == b.schema if hasattr(a, "equals") else a == b for a, b in zip(same, other, strict=True)]  # fmt: skip


def test_packed_tables_are_those_that_are_made(of_tables):
    for version in versions():
        for coding in ("HL7", "BDS"):
            found = compiled.known(tables._made_of(version, coding, str(specs_dir())))
            assert found
            assert all(_same(tables._unpacked(version, coding, found[0]), tables._made(version, coding)))


@pytest.mark.parametrize(("file", "frame"), EDITS)
def test_an_edited_definition_is_never_served_from_what_was_packed(of_tables, file, frame, tmp_path):
    specs = tmp_path / "specs"
    shutil.copytree(specs_dir(), specs)
    assert tables._made_of("4.1.3", "BDS", str(specs)) in of_tables  # another place, the same content
    edited = specs / "bds" / file
    text = edited.read_text(encoding="utf-8")
    if frame == "elements":
        text = re.sub(r"^235,", "99235,", text, count=1, flags=re.MULTILINE)
    elif frame:
        text = "".join(text.splitlines(keepends=True)[:-300])
    else:
        text += "\n"
    edited.write_text(text, encoding="utf-8")
    _forget()
    assert tables._made_of("4.1.3", "BDS", str(specs)) not in of_tables
    if frame:
        before = tables.tables("4.1.3", "BDS")
        set_specs(str(specs))
        try:
            after = tables.tables("4.1.3", "BDS")
        finally:
            set_specs("")
        assert not getattr(after, frame).equals(getattr(before, frame))


def _forget():
    state.state.cache_clear()
    state._below.cache_clear()
    state.state_of.cache_clear()


def test_another_program_takes_no_tables_of_this_one(of_tables, tmp_path, monkeypatch):
    package = tmp_path / "bds_tool"
    (package / "validate").mkdir(parents=True)
    for name in tables._MAKERS:
        (package / name).parent.mkdir(exist_ok=True)
        shutil.copy(Path(tables.__file__).parents[1] / name, package / name)
    monkeypatch.setattr(state, "__file__", str(package / "schema" / "state.py"))
    _forget()
    assert tables._made_of("4.1.3", "BDS", str(specs_dir())) in of_tables
    maker = package / "schema" / "bindings.py"
    maker.write_text(maker.read_text(encoding="utf-8").replace('"volledig"', '"geheel"'), encoding="utf-8")
    _forget()
    assert tables._made_of("4.1.3", "BDS", str(specs_dir())) not in of_tables
    _forget()


def test_what_tells_versions_apart_is_packed_as_it_is_made(tmp_path):
    keys, packed = message_version.packed()
    assert keys
    for key, marks in zip(keys, packed, strict=True):
        candidates = tuple(key.decode().split()[1:-1])
        assert marks == message_version._made(candidates)
        # By the files themselves: an element that only some have is in the rows of those alone.
        for number, having in marks.items():
            rows = {v: _numbers_in(v) for v in candidates}
            if not isinstance(having, dict):
                assert having == tuple(v for v in candidates if number in rows[v])
    specs = tmp_path / "specs"
    shutil.copytree(specs_dir(), specs)
    assert message_version._marks_of(candidates, str(specs)) == key
    edited = specs / "bds" / candidates[0] / "waardenlijsten.csv"
    edited.write_text(edited.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    _forget()
    assert message_version._marks_of(candidates, str(specs)) != key


def _numbers_in(version):
    with (specs_dir() / "bds" / version / "elementen.csv").open(encoding="utf-8", newline="") as file:
        return {int(r["bdsnummer"]) for r in csv.DictReader(file) if r["in_bericht"] == "ja"}


def test_value_lists_of_some_numbers_are_those_of_all(tmp_path):
    folder = specs_dir() / "bds" / "4.2.0"
    every = _waardenlijsten(folder)
    for number in ("W0023", "W0646", "W0002"):
        some = _waardenlijsten(folder, {number})
        assert some == {key: found for key, found in every.items() if key[0] == number}
    # A name over two lines, as a spreadsheet writes it: no line of it stands alone.
    copied = tmp_path / "bds"
    shutil.copytree(folder, copied)
    text = (copied / "waardenlijsten.csv").read_text(encoding="utf-8")
    first = next(line for line in text.splitlines() if ",W0023," in line)
    cells = next(csv.reader([first]))
    two = ",".join(f'"{c[:2]}\n{c[2:]}"' if n == 6 else c for n, c in enumerate(cells))
    (copied / "waardenlijsten.csv").write_text(text.replace(first, two), encoding="utf-8")
    broken = _waardenlijsten(copied, {"W0023"})
    assert broken == {k: v for k, v in _waardenlijsten(copied).items() if k[0] == "W0023"}
    assert any("\n" in code.weergavenaam for found in broken.values() for code in found.codes)


@pytest.mark.parametrize("version", versions())
def test_an_element_that_is_made_when_asked_for_is_the_row_of_the_file(version):
    elements = load(version).elementen
    with (specs_dir() / "bds" / version / "elementen.csv").open(encoding="utf-8", newline="") as file:
        rows = {int(row["bdsnummer"]): row for row in csv.DictReader(file)}
    assert list(elements) == list(rows)
    assert len(elements) == len(rows)
    for name in ("naam", "status", "eenheid", "datatype"):
        assert {n: getattr(e, name) for n, e in elements.items()} == {n: r[name] for n, r in rows.items()}
        assert element_texts(version, name) == {n: r[name] for n, r in rows.items()}
    assert 999_998 not in elements
    assert elements.get(999_998) is None


def _plain(value, seen=None):
    """Nodes and tests as plain data, so that two of them can be compared; what stands in many places is written out once."""
    seen = {} if seen is None else seen
    parts = isinstance(value, dict | list | tuple | partial) or dataclasses.is_dataclass(value)
    if not parts:
        return value
    if id(value) in seen:
        return ("the same as", seen[id(value)])
    seen[id(value)] = len(seen)
    if isinstance(value, partial):
        return (value.func.__name__, _plain(value.args, seen))
    if isinstance(value, dict):
        return {k: _plain(v, seen) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v, seen) for v in value]
    facts = {f.name: _plain(getattr(value, f.name), seen) for f in dataclasses.fields(value)}
    return (type(value).__name__, facts)


def _kept(part, folder):
    """What the build step keeps of a part, as a run reads it: (key, value)."""
    keys, made = part.packed()
    target = folder / "compiled.bin"
    compiled.write(keys, made, target)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled, "FILE", target)
        compiled._index.cache_clear()
        found = [(key, compiled.known(key)[0]) for key in keys]
    compiled._index.cache_clear()
    return found


def test_the_layout_is_packed_as_it_is_made(tmp_path):
    root = str(specs_dir())
    [(key, kept)] = _kept(layout, tmp_path)
    assert key == layout._made_of(root)
    made = _plain(layout._made(root))
    assert _plain(kept) == made
    assert len(str(made)) > 100_000
    specs = tmp_path / "specs"
    shutil.copytree(specs_dir(), specs)
    assert layout._made_of(str(specs)) == key
    for name in ("dob/indeling.yaml", "bds/4.2.0/waardenlijsten.csv"):
        edited = specs / name
        before = edited.read_bytes()
        edited.write_bytes(before + b"\n")
        _forget()
        assert layout._made_of(str(specs)) != key
        edited.write_bytes(before)
    _forget()


def test_what_versions_ask_of_a_message_is_packed_as_it_is_made(tmp_path):
    for (key, kept), version in zip(_kept(message_tables, tmp_path), versions(), strict=True):
        assert key == message_tables._made_of(version, str(specs_dir()))
        assert kept == message_tables._made(version)
    specs = tmp_path / "specs"
    shutil.copytree(specs_dir(), specs)
    edited = specs / "bds" / version / "elementen.csv"
    edited.write_text(edited.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    _forget()
    assert message_tables._made_of(version, str(specs)) != key
    _forget()


def test_what_templates_ask_is_packed_as_it_is_made(tmp_path, monkeypatch):
    kept = dict(_kept(observed, tmp_path))
    model = families.load_model(specs_dir() / families.DOSSIER, "4.1.3")
    monkeypatch.setattr(compiled, "known", lambda _: [])
    made = observed.Observed(model)
    trees = {number: made.take(number) for number in made.numbers()}
    assert len(trees) > 100
    packed = kept[observed._made_of("observed", model)]
    assert {number: pickle.loads(content) for number, content in packed.items()} == trees  # noqa: S301  # our own
    assert kept[observed._made_of("places", model)] == observed.places(model)
    assert made.take(next(iter(trees))) == []  # once


def test_an_edited_table_of_a_message_is_never_served_from_what_was_packed(tmp_path):
    specs = tmp_path / "specs"
    shutil.copytree(specs_dir() / "dob", specs / "dob")
    (specs / "bds").mkdir()

    def made_of():
        _forget()
        families.load_model.cache_clear()
        return observed._made_of("places", families.load_model(specs_dir() / families.DOSSIER, "4.1.3"))

    before = made_of()
    set_specs(str(specs))
    try:
        assert made_of() == before
        with (specs / families.DOSSIER / "eisen.csv").open("a", encoding="utf-8") as file:
            file.write("\n")
        assert made_of() != before
    finally:
        set_specs("")
        _forget()


def test_value_lists_of_messages_are_packed_as_they_are_made(tmp_path):
    for (key, kept), version in zip(_kept(lists, tmp_path), versions(), strict=True):
        assert key == lists._made_of(version)
        assert {oid: pickle.loads(content) for oid, content in kept.items()} == lists._made(version)  # noqa: S301  # our own


def test_columns_of_elements_are_packed_as_they_stand_in_the_file(tmp_path):
    kept = dict(_kept(loading, tmp_path))
    elements = load("4.1.3").elementen
    for name in ("datatype", "eenheid", "status"):
        assert kept[elements.column(name)] == {n: getattr(e, name) for n, e in elements.items()}


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_an_element_over_two_lines_is_one_record(tmp_path, ends):
    text = (specs_dir() / "bds" / "4.2.0" / "elementen.csv").read_text(encoding="utf-8")
    head, first, second, *_ = text.splitlines()
    cells = next(csv.reader([first]))
    two = ",".join(f'"{c[:2]}\n{c[2:]}"' if n == 1 else c for n, c in enumerate(cells))
    (tmp_path / "elementen.csv").write_bytes(ends.join([head, two, second, "", ""]).encode())
    elements = loading.Elements("4.2.0", tmp_path)
    name = elements[int(cells[0])].naam
    assert (len(elements), name) == (2, f"{cells[1][:2]}\n{cells[1][2:]}")
    assert next(iter(elements.texts("naam").values())) == name
