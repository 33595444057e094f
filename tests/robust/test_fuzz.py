"""Hypothesis: mutated exports through every reader, odd options through every command, broken definitions."""

from __future__ import annotations

import io
import shutil
import string
from functools import lru_cache, partial
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bds_tool.base.specs import specs_dir

from .conftest import SAMPLES
from .fuzz_core import READERS, mutate_json, mutate_xml, places, run_one

QUICK = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
SLOW = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


@lru_cache(maxsize=8)
def seeds(reader: str) -> tuple[bytes, ...]:
    """Small parts of the sample data for a reader."""
    from .fuzz_all import cut, smaller

    if reader == "dob":
        from lxml import etree

        files = sorted((SAMPLES / "schoon").glob("dob-*/*.xml"))[::2]
        return tuple(smaller(etree.parse(str(f)).getroot()) for f in files)
    if reader == "james":
        import json

        lines = [f.read_text(encoding="utf-8").splitlines()[0] for f in sorted(SAMPLES.rglob("james*.json"))]
        return tuple(json.dumps(cut(json.loads(line))).encode() for line in lines)
    if reader == "tabel":
        return tuple(
            b"".join(f.read_bytes().splitlines(keepends=True)[:8]) for f in sorted(SAMPLES.rglob("lang.csv"))
        )
    if reader == "statistiek":
        import tempfile

        import polars as pl
        import pyreadstat

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "seed.sav"
            frame = pl.DataFrame(
                {"client": ["k", "m"], "datum": ["2020-01-02"] * 2, "bds_235": [900.0, 910.0]}
            )
            pyreadstat.write_sav(frame, str(path))
            return (path.read_bytes(),)
    return (
        b'{"resourceType": "Observation", "id": "1", "status": "final", "code": {"coding": [{"code": "235"}]}}\n',
    )


@st.composite
def mutated(draw, reader: str) -> bytes:
    """A seed with a few places changed, by structure and by bytes."""
    data = draw(st.sampled_from(seeds(reader)))
    structural = {"dob": mutate_xml, "james": mutate_json, "fhir": mutate_json}.get(reader)
    for _ in range(draw(st.integers(0, 3))):
        changed = structural(data, draw(st.randoms(use_true_random=False))) if structural else None
        data = changed or data
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, max(len(data) - 1, 0)))
        piece = draw(
            st.one_of(
                st.binary(max_size=6),
                st.sampled_from([b'"', b";", b"<", b"&", b"\x00", b"9" * 30, b"\xff\xfe", b"\n"]),
            )
        )
        data = data[:place] + piece + data[place + draw(st.integers(0, 8)) :]
    return data


@pytest.mark.parametrize("reader", ["dob", "james", "fhir", "statistiek"])
@QUICK
@given(data=st.data())
def test_a_reader_takes_anything(reader, data):
    run_one(reader, data.draw(mutated(reader)))


@SLOW
@given(data=mutated("tabel"))
def test_the_table_reader_takes_anything(data):
    run_one("tabel", data)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(data=st.binary(max_size=400))
def test_any_bytes_have_a_format_or_none(data):
    run_one("sniff", data)


def test_the_readers_here_are_those_of_the_program():
    from bds_tool.formats.registry import FORMATS

    assert set(FORMATS) <= set(READERS)


WORDS = st.text(alphabet=string.ascii_letters + string.digits + "-=,./:*?[]{}\\ \t\n€é\x00", max_size=12)
OPTIONS = {
    "generate": ["--children", "--seed", "--bds", "--region", "--to", "--coding", "--themes", "--defects", "--defect-rate",
                 "--population", "--reference-date", "--manifest"],
    "validate": ["--format", "--bds", "--from", "--reference-date", "--select", "--ignore", "--fail-on", "--config", "--report",
                 "--max-examples"],
    "profile": ["--format", "--small", "--from", "--config"],
    "convert": ["--to", "--from", "--bds", "--dialect", "--organisation", "--format"],
    "spec show": ["--bds", "--format"],
    "rule": ["--format", "--for"],
}  # fmt: skip


@pytest.mark.parametrize("command", OPTIONS)
def test_odd_options_are_wrong_use_and_no_bug(command, tmp_path, bds, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "a.csv"
    file.write_text("dossier_id;bdsnummer;waarde\nD1;235;700\n")
    arguments = {
        "generate": ["--output", "x.bds", "--children", "2", "--force", "--quiet"], "validate": [str(file)], "profile": [str(file)],
        "convert": [str(file), str(tmp_path / "o.csv"), "--to", "csv", "--force"], "spec show": ["235"], "rule": ["BDS203"],
    }[command]  # fmt: skip
    seen = set()

    @SLOW
    @given(option=st.sampled_from(OPTIONS[command]), value=WORDS)
    def odd(option: str, value: str) -> None:
        if "\x00" in value and option in {"--population", "--defects", "--config", "--manifest", "--report"}:
            value = value.replace("\x00", "")  # no shell passes NUL
        told = bds(*command.split(), *arguments, option, value)
        assert told.code in {0, 1, 2, 3}, (option, value, told.code, told.err[-300:])
        assert "Traceback" not in told.err
        seen.add(told.code)

    odd()
    assert 2 in seen


def damage(text: str, draw) -> str:
    """A YAML text with one place changed."""
    loaded = yaml.safe_load(text)
    found = places(loaded)
    node, key = found[draw(st.integers(0, len(found) - 1))]
    if draw(st.booleans()):
        del node[key]  # type: ignore[attr-defined]
    else:
        node[key] = draw(
            st.sampled_from(
                [None, "", "x", -1, 0, 10**30, [], {}, [[]], True, 1.5, "2020-02-31", float("inf")]
            )
        )  # type: ignore[index]
    return yaml.safe_dump(loaded, allow_unicode=True)


@pytest.mark.parametrize("which", ["populatie/nederland", "populatie/defecten/standaard"])
def test_damaged_populations_are_told(which, tmp_path, bds):
    text = (specs_dir() / f"{which}.yaml").read_text(encoding="utf-8")
    option = "--defects" if "defecten" in which else "--population"
    file = tmp_path / "p.yaml"
    seen = set()

    @SLOW
    @given(data=st.data())
    def damaged(data) -> None:
        file.write_text(damage(text, data.draw), encoding="utf-8")
        told = bds(
            "generate", "--children", "3", "--output", tmp_path / "x.bds", "--force", "-q", option, file
        )
        assert told.code in {0, 2}, told.err[-400:]
        seen.add(told.code)

    damaged()
    assert seen == {0, 2}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["beleid", "indicatoren", "wijzigingen", "regels"])
def test_damaged_definitions_are_findings_of_spec_check(kind, tmp_path, bds):
    copy = tmp_path / "specs"
    shutil.copytree(specs_dir(), copy)
    files = sorted(p for p in (copy / kind).rglob("*.yaml"))
    assert files, f"specs/{kind} holds no YAML"
    file = min(files, key=lambda p: p.stat().st_size)
    text = file.read_text(encoding="utf-8")

    @settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(data=st.data())
    def damaged(data) -> None:
        file.write_text(damage(text, data.draw), encoding="utf-8")
        told = bds("--specs", copy, "spec", "check")
        assert told.code in {0, 1, 2}, told.err[-400:]

    damaged()


def test_mutations_reach_beyond_the_first_error():
    """The fuzzing is worth something: a good share of the mutated messages is read to rows."""
    import random

    from bds_tool.base.errors import UserError
    from bds_tool.formats.dob.read import read_dob
    from bds_tool.store.sources import Sink, Source

    read = 0
    for number in range(60):
        data = mutate_xml(seeds("dob")[number % len(seeds("dob"))], random.Random(number)) or b""
        sink = Sink(1)
        try:
            read_dob(Source("a.xml", len(data), partial(io.BytesIO, data), 1), sink)
        except UserError:
            continue
        read += bool(sink.rows)
    assert read > 30


def test_the_corpus_is_made_of_sample_data(tmp_path):
    from .fuzz_all import seeds as corpus

    corpus(tmp_path)
    assert all(any((tmp_path / r).iterdir()) for r in ("dob", "james", "tabel", "fhir", "sniff"))
    sizes = [p.stat().st_size for p in Path(tmp_path / "dob").iterdir()]
    assert min(sizes) > 500
