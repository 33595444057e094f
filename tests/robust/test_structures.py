"""Fuzzing that knows the structure of what it breaks: the outcome is a code and a message, in bounded time and memory.

Seeds are numbers, so that a failure can be tried again. A minute of them is in every run; `make slow` takes fifteen.
"""

from __future__ import annotations

import json
import random
import resource
import shutil
import time
from functools import partial
from pathlib import Path

import polars as pl
import pytest
import yaml

from bds_tool.base.errors import UnreadableError
from bds_tool.base.specs import specs_dir
from bds_tool.indicators.result import read_result

from . import structures
from .conftest import SAMPLES

TABLES = SAMPLES / "schoon" / "tabel-4.1.3"
#: Seconds of processor time and MB that one small input may take.
SECONDS, MEGABYTES = 20, 700
QUICK = 8
LONG = 110


@pytest.fixture(scope="session")
def seeds(tmp_path_factory) -> dict[str, Path]:
    from bds_tool.cli.main import run

    folder = tmp_path_factory.mktemp("zaden")
    made = {n: folder / n for n in ("store", "result", "findings")}
    assert run(["convert", str(TABLES / "lang.csv"), str(made["store"]), "--to", "store", "-q"]) == 0
    assert run(["validate", str(made["store"]), "--save", str(made["findings"]), "-q"]) in {0, 1}
    assert (
        run(["indicator", "compute", str(made["store"]), "-o", str(made["result"]), "-i", "BF-BIRTH", "-q"])
        == 0
    )
    made["handed"] = folder / "handed"
    hand_over(made["handed"], made["store"])
    return made


def workbook(seeds, folder, dice):
    (folder / "a.xlsx").write_bytes(structures.archive((TABLES / "lang.xlsx").read_bytes(), dice))
    return ["validate", folder / "a.xlsx", "-q"]


def parquet(seeds, folder, dice):
    (folder / "a.parquet").write_bytes(structures.parquet((TABLES / "lang.parquet").read_bytes(), dice))
    return ["convert", folder / "a.parquet", folder / "uit.csv", "--to", "csv", "-q"]


def archive(seeds, folder, dice):
    import io
    import zipfile

    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a.json", (TABLES / "james-3.0.json").read_bytes().splitlines()[0])
        made.writestr("b.csv", b"\n".join((TABLES / "lang.csv").read_bytes().splitlines()[:20]))
    (folder / "a.zip").write_bytes(structures.archive(held.getvalue(), dice))
    return ["validate", folder / "a.zip", "-q"]


def store(seeds, folder, dice):
    structures.directory(seeds["store"], folder / "s.bds", dice)
    commands = (["validate", "S", "-q"], ["profile", "S"], ["convert", "S", folder / "uit", "--to", dice.choice(["csv", "james", "dob", "xlsx"]), "--organisation", "1"],
                ["migrate", "S", "--to", "4.2.0", "--out", folder / "m.bds"], ["zib", "coverage", "S"])  # fmt: skip
    return [folder / "s.bds" if w == "S" else w for w in dice.choice(commands)]


def findings(seeds, folder, dice):
    structures.directory(seeds["findings"], folder / "f", dice)
    return dice.choice(
        [
            ["findings", "report", folder / "f", "--format", dice.choice(["text", "json", "html"])],
            ["findings", "compare", folder / "f", seeds["findings"]],
        ]
    )


def result(seeds, folder, dice):
    structures.directory(seeds["result"], folder / "r.result", dice)
    given = folder / "r.result"
    return dice.choice(
        [
            ["protect", "run", given, "--to", folder / "p.result"],
            ["protect", "audit", given],
            ["report", "table", given, "-o", folder / "t.csv"],
            ["indicator", "merge", given, seeds["result"], "-o", folder / "m"],
        ]
    )


def definition(seeds, folder, dice):
    kind, command = dice.choice(
        [
            ("indicatoren", ["indicator", "check", "--indicators"]),
            ("beleid", ["protect", "policy", "check"]),
            ("wijzigingen", ["change", "check"]),
            ("protocollen", ["protocol", "check"]),
        ]
    )
    files = sorted((specs_dir() / kind).rglob("*.yaml"), key=lambda p: (p.stat().st_size, p.name))[:4]
    text = dice.choice(files).read_text(encoding="utf-8")
    place = folder / "d"
    place.mkdir()
    (place / "a.yaml").write_text(
        yaml.safe_dump(structures.mapping(text, dice), allow_unicode=True), encoding="utf-8"
    )
    return [*command, place if kind == "indicatoren" else place / "a.yaml"]


def settings(seeds, folder, dice):
    (folder / "bds.toml").write_text(structures.settings(dice), encoding="utf-8")
    return dice.choice(
        [
            ["validate", TABLES / "lang.csv", "--config", folder / "bds.toml", "-q"],
            ["profile", TABLES / "lang.csv", "--config", folder / "bds.toml"],
            ["--config", folder / "bds.toml", "rule", "BDS203"],
        ]
    )


def handed(seeds, folder, dice):
    """What one organisation hands another beside deliveries: a request, an account, a shared profile, a report, a study."""
    given = seeds["handed"]
    name = dice.choice(sorted(p.name for p in given.iterdir() if p.suffix in {".json", ".yaml"}))
    made = folder / name
    commands = {
        "request.json": dice.choice([
            ["round", "answer", made, seeds["store"], "--as", "A", "-o", folder / "uit"],
            ["round", "join", made, seeds["store"], "--as", "A", "--own", folder / "eigen", "-o", folder / "uit"],
            ["round", "merge", made, given / "antwoord", "-o", folder / "uit"],
        ]),
        "record.json": ["rerun", made, "--page", folder / "uit.html"],
        "like.json": ["generate", "--like", made, "--children", "2", "-o", folder / "uit.bds", "-q"],
        "report.json": ["validate", TABLES / "lang.csv", "--baseline", made, "-q"],
        "study.yaml": ["cohort", made, seeds["store"], "--to", folder / "uit"],
        "scenario.yaml": ["qualify", "check", made, TABLES / "lang.csv", "--nr", "1"],
    }  # fmt: skip
    told = structures.mapping((given / name).read_text(encoding="utf-8"), dice)
    dump = (
        partial(json.dumps, default=str)
        if name.endswith(".json")
        else partial(yaml.safe_dump, allow_unicode=True)
    )
    made.write_text(dump(told), encoding="utf-8")
    return commands[name]


def statistics(seeds, folder, dice):
    """A file of SPSS or Stata of which some bytes are others."""
    name = dice.choice(["t.sav", "t.dta"])
    (folder / name).write_bytes(structures.flipped((seeds["handed"] / name).read_bytes(), dice))
    return ["convert", folder / name, "-o", folder / "uit.bds", "-q"]


def shape(seeds, folder, dice):
    """JSON as pandas writes a table, in each of its shapes, with a part that is another."""
    frame = pl.read_csv(TABLES / "lang.csv", separator=";", infer_schema=False).head(20)
    rows, names = frame.to_dicts(), frame.columns
    shapes = [
        {n: {str(i): r[n] for i, r in enumerate(rows)} for n in names},
        {n: [r[n] for r in rows] for n in names},
        {"columns": names, "data": [list(r.values()) for r in rows], "index": list(range(20))},
        {f"K{i}": r for i, r in enumerate(rows)},
        {"schema": {"fields": [{"name": n} for n in names]}, "data": rows},
        [names, *(list(r.values()) for r in rows)],
    ]
    told = structures.mapping(json.dumps({"x": dice.choice(shapes)}), dice)
    (folder / "a.json").write_text(json.dumps(told.get("x", told) if isinstance(told, dict) else told))
    return ["convert", folder / "a.json", "-o", folder / "uit.bds", "-q"]


KINDS = {f.__name__: f for f in (workbook, parquet, archive, store, findings, result, definition, settings, handed, statistics, shape)}  # fmt: skip


def hand_over(folder: Path, store: Path) -> None:
    """Seeds of what is handed over."""
    import pyreadstat

    from bds_tool.cli.main import run

    folder.mkdir()
    words = ("-i", "BF-BIRTH", "--participants", "A,B", "--title", "T", "--organiser", "O", "--deadline", "2099-01-01")  # fmt: skip
    for arguments in (
        ["round", "new", "-o", folder / "request.json", *words],
        ["round", "answer", folder / "request.json", store, "--as", "A", "-o", folder / "antwoord"],
        ["--record", folder / "record.json", "profile", TABLES / "lang.csv", "-q"],
        ["profile", TABLES / "lang.csv", "--share", folder / "like.json", "--small", "3", "-q"],
        ["validate", store, "-f", "json", "--max-examples", "0", "-o", folder / "report.json", "-q", "--exit-zero"],
    ):  # fmt: skip
        assert run([str(a) for a in arguments]) == 0, arguments
    like = json.loads((folder / "like.json").read_text(encoding="utf-8"))
    # The children are few, so nothing may be told of their contacts: here is what more would have given.
    like["contacts"], length = [{"age": 3, "n": 10}], {"age": 3, "element": 235, "unit": "mm", "n": 10}
    like["cells"] += [
        length | {"kind": "number", "value": "700"},
        {"age": None, "element": 20, "kind": "year", "value": "2020", "unit": None, "n": 10},
    ]
    (folder / "like.json").write_text(json.dumps(like | {"dossiers": 20}), encoding="utf-8")
    shutil.copy(specs_dir() / "studie" / "voorbeelden" / "groei-2-jaar.yaml", folder / "study.yaml")
    scenario = min(
        (specs_dir() / "kwalificatie").rglob("*.yaml"), key=lambda p: p.stat().st_size, default=None
    )
    if scenario:
        shutil.copy(scenario, folder / "scenario.yaml")
    frame = {"client": ["k1", "k2"], "datum": ["2020-01-02"] * 2, "bds_235": [900.0, 12.5]}
    for kind in ("sav", "dta"):
        getattr(pyreadstat, f"write_{kind}")(pl.DataFrame(frame), str(folder / f"t.{kind}"))


def once(kind: str, seed: int, seeds, folder: Path, bds) -> int:
    folder.mkdir()
    command = KINDS[kind](seeds, folder, random.Random(f"{kind} {seed}"))
    begun, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    told = bds(*command)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    said = told.out + told.err
    where = (kind, seed, [str(c) for c in command], told.code, said[-300:])
    assert told.code in {0, 1, 2, 3, 4}, where
    assert "Traceback" not in said, where
    assert "panicked" not in said, where
    assert time.process_time() - begun < SECONDS, where
    assert grown < MEGABYTES, where
    return told.code


#: One by one, what no dice may come by: as JSON, in the place of a part.
SPOILT = {
    "request.json": [("settings/first_year", "2024.0"), ("settings/rolling", "1e400"), ("levels", '["straat"]'), ("settings/last_year", "99999"), ("settings/reference_date", '"2024-13-45"'), ("deadline", '"2024-02-31"'), ("definitions", "{}"), ("participants", '["../a"]')],
    "like.json": [("ages", "[2, 1]"), ("ages", "[NaN]"), ("ages", "[1e400]"), ("ages", "[0.5]"), ("contacts", '[{"age": 1.0, "n": 5}]'), ("dossiers", "1" + "0" * 400), ("cells", '[{"age": null, "element": 20, "kind": "year", "value": "0000", "unit": null, "n": 5}]')],
    "record.json": [("outputs", '[{"argument": 1.0, "path": "x", "edited": false, "sha256": null, "bytes": 1, "files": 1}]'), ("moment", '"2024-99-01T00:00:00+00:00"'), ("exit_code", "0.5")],
    "report.json": [("rules", '[{"count": 1e400}]'), ("findings", '[{"fingerprint": 1}, 2]'), ("rules", '[{"count": NaN}]')],
}  # fmt: skip
DEEP = "[" * 100_000 + "]" * 100_000


@pytest.mark.parametrize("name", SPOILT)
def test_what_somebody_hands_over_with_an_impossible_part_is_told(name, seeds, tmp_path, bds, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = (seeds["handed"] / name).read_text(encoding="utf-8")
    command = {
        "request.json": ["round", "answer", "a.json", seeds["store"], "--as", "A", "-o", "uit"],
        "like.json": ["generate", "--like", "a.json", "--children", "2", "-o", "uit.bds"],
        "record.json": ["rerun", "a.json"],
        "report.json": ["validate", TABLES / "lang.csv", "--baseline", "a.json", "-q"],
    }[name]
    for place, value in [*SPOILT[name], (next(iter(json.loads(text))), DEEP), ("", DEEP), ("", "NaN"), ("", "\ufeff{}"), ("", "{")]:  # fmt: skip
        told = json.loads(text)
        *above, last = place.split("/")
        node = told
        for step in above:
            node = node[step]
        node[last] = "HIER"
        made = json.dumps(told).replace('"HIER"', value) if place else value
        Path("a.json").write_text(made, encoding="utf-8")
        assert bds(*command).code in {2, 3}, (place, value[:60])
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_structure_is_told(kind, seeds, tmp_path, bds, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for seed in range(QUICK):
        once(kind, seed, seeds, tmp_path / str(seed), bds)


@pytest.mark.parametrize("part", [
    {"needs": [["4.1.3", "tabel", {"BDS203": 5}]]}, {"needs": [["4.1.3", "tabel", {"BDS203": [[None]]}]]}, {"needs": [["4.1.3", "tabel", {"BDS203": [[1 << 40]]}]]}, {"silent": {"4.1.3": [1]}}, {"silent": 1},
    {"uncovered": [1]}, {"codes": 5}, {"xsd_missing": [1]}, {"inspected": [1e400]}, {"names": {"x": 1}}, {"groups": [[1, 2]]}, {"accepted": [1]},
])  # fmt: skip
def test_what_a_saved_result_says_beside_its_tables_is_read_with_its_types(part, seeds, tmp_path, bds):
    shutil.copytree(seeds["findings"], tmp_path / "f")
    file = tmp_path / "f" / "_findings.json"
    file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")) | part), encoding="utf-8")
    assert bds("findings", "report", tmp_path / "f", "--format", "json").code == 3


def test_parameters_of_a_finding_are_json(seeds, tmp_path, bds):
    shutil.copytree(seeds["findings"], tmp_path / "f")
    file = tmp_path / "f" / "findings.parquet"
    frame = pl.read_parquet(file)
    frame.with_columns(parameters=pl.lit("{damaged").cast(frame.schema["parameters"])).write_parquet(file)
    assert bds("findings", "report", tmp_path / "f").code == 3


@pytest.mark.parametrize("part", [
    {"sources": [1]}, {"definitions": None}, {"definitions": {"OW": {"hash": 1}}}, {"settings": ...}, {"period": {"from": "x"}},
])  # fmt: skip
def test_what_a_result_says_of_itself_is_read_with_its_types(part, seeds, tmp_path):
    shutil.copytree(seeds["result"], tmp_path / "r.result")
    file = tmp_path / "r.result" / "_result.json"
    told = json.loads(file.read_text(encoding="utf-8")) | part
    file.write_text(json.dumps({k: v for k, v in told.items() if v is not ...}), encoding="utf-8")
    with pytest.raises(UnreadableError):
        read_result(tmp_path / "r.result").meta["settings"]


def test_a_store_whose_statistics_are_no_text_is_told(seeds, tmp_path, bds):
    """Rows can be read, and choosing among them cannot: what a column says of itself was damaged."""
    shutil.copytree(seeds["store"], tmp_path / "s.bds")
    code = "BDS203"
    schema = pl.read_parquet_schema(tmp_path / "s.bds" / "meldingen.parquet")
    one = pl.DataFrame([{"code": code, "bron": 1, "parameters": "{}"}], schema=schema)
    one.write_parquet(tmp_path / "s.bds" / "meldingen.parquet", statistics=True)
    data = (tmp_path / "s.bds" / "meldingen.parquet").read_bytes()
    place = data.rindex(code.encode())
    (tmp_path / "s.bds" / "meldingen.parquet").write_bytes(
        data[:place] + b"\xff" * len(code) + data[place + len(code) :]
    )
    assert bds("validate", tmp_path / "s.bds", "-q").code == 3


@pytest.mark.slow
def test_a_few_children_are_protected_or_withheld(tmp_path, bds):
    """A cell with nothing beside it that could be hidden with it ended with 70."""
    made = tmp_path / "s.bds"
    assert bds("generate", "--children", "80", "--bds", "4.1.3", "-o", made, "-q").code == 0
    assert bds("indicator", "compute", made, "-o", tmp_path / "r.result", "--area", "gemeente", "-i", "groei", "-q").code == 0  # fmt: skip
    assert bds("protect", "run", tmp_path / "r.result", "--to", tmp_path / "p.result").code in {0, 4}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_many_damaged_structures_are_told(kind, seeds, tmp_path, bds, monkeypatch):
    monkeypatch.chdir(tmp_path)
    end, seed, codes = time.monotonic() + LONG, 1000, set()
    while time.monotonic() < end:
        codes.add(once(kind, seed, seeds, tmp_path / str(seed), bds))
        seed += 1
    assert len(codes) > 1, "some are taken, some are refused"
