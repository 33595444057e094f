"""A draft package goes out and counts come back: they are those of the data, and nothing else leaves the house."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from bds_tool.base.errors import UnreadableError, UsageError
from bds_tool.changes.loading import load_package
from bds_tool.changes.migrate.running import migrate, rehearse
from bds_tool.indicators.rounds import adding, answer, packages
from bds_tool.indicators.rounds.request import read
from bds_tool.store.columns import REGISTRATIES
from bds_tool.store.store import Store, StoreWriter
from bds_tool.synthetic.generate import Request, generate

#: The made-up 4.3.0: JGZ-1001 ends 755, JGZ-1002 ends 234 and 276; all their values are kept as non-BDS data.
DRAFT = Path(__file__).parents[1] / "changes" / "4.2.0-4.3.0"
TODAY, DEADLINE = date(2026, 10, 1), date(2026, 12, 1)


def store(path: Path, values: list[tuple[str, int, str]], version: str = "4.2.0") -> Store:
    rubriek = {755: "R019", 234: "R027", 276: "R031", 20: "R003"}
    none = dict.fromkeys(REGISTRATIES)
    rows = [
        none
        | {"dossier_id": child, "activiteit_id": "1", "datum": date(2024, 3, 1), "bdsnummer": number}
        | {"rubriek": rubriek[number], "waarde": value, "bron": 1, "regel": line}
        for line, (child, number, value) in enumerate(values, 1)
    ]
    with StoreWriter(path) as writer:
        writer.add_rows([tuple(row[c] for c in REGISTRATIES) for row in rows])
        facts = {"formaat": "csv", "organisatie": "A", "bds_herkend": version, "bds_zekerheid": "zeker"}
        writer.add_bron(bron=1, pad="x.csv", rijen=len(values), **facts)
    return Store.open(path)


def many(number: int, count: int, word: str) -> list[tuple[str, int, str]]:
    return [(f"KIND{n}", number, f"{word} {n}") for n in range(count)]


@pytest.fixture
def asked():
    return packages.ask(
        DRAFT, title="Concept", organiser="NCJ", participants=["A", "B", "C"], deadline=DEADLINE
    )


def answered(asked, folder: Path, stores: dict[str, Store]) -> list[Path]:
    for name, one in stores.items():
        answer.answer(asked, name, one, folder / f"{name}.antwoord", [], None, TODAY)
    return [folder / f"{name}.antwoord" for name in stores]


def test_the_counts_are_those_of_the_data(asked, tmp_path):
    """By hand: 755 has 7 values at A and 3 at B, 234 has 12 at A, 276 has 4 at B and 1 at C; a birth date is not touched."""
    born = [("KIND0", 20, "2020-01-01")]
    stores = {
        "A": store(tmp_path / "a.bds", born + many(755, 7, "GEHEIM") + many(234, 12, "GEHEIM")),
        "B": store(tmp_path / "b.bds", born + many(755, 3, "GEHEIM") + many(276, 4, "GEHEIM")),
        "C": store(tmp_path / "c.bds", born + many(276, 1, "GEHEIM")),
    }
    before = {name: (one.path / "registraties.parquet").read_bytes() for name, one in stores.items()}
    answers = answered(asked, tmp_path, stores)
    found = adding.received(asked, answers)
    assert not found.missing
    rows = {(r.bdsnummer, r.outcome): r for r in packages.add(asked, list(found.good.values()))}
    told = {key: (r.requests, r.organisations, r.low, r.high) for key, r in rows.items()}
    assert told == {
        (755, "beschut"): (("JGZ-1001",), 2, 7 + 1, 7 + 4),
        (234, "beschut"): (("JGZ-1002",), 1, 12, 12),
        (276, "beschut"): (("JGZ-1002",), 2, 1 + 1, 4 + 4),
    }
    for folder in answers:
        for file in folder.rglob("*"):
            if file.is_file():
                text = file.read_text(encoding="utf-8")
                assert "GEHEIM" not in text
                assert "KIND" not in text
                assert "2024-03-01" not in text
    assert before == {name: (one.path / "registraties.parquet").read_bytes() for name, one in stores.items()}


def test_a_rehearsal_is_what_migrate_reports(tmp_path):
    """A generated region of 4.1.3 and the package that came out: the same outcomes, and no value of the store missing."""
    generate(Request(40, seed=5, bds="4.1.3"), tmp_path / "r.bds")
    source = Store.open(tmp_path / "r.bds")
    told = rehearse(source, load_package("4.1.3-4.2.0")).uitkomsten
    [step] = migrate(source, "4.2.0", tmp_path / "uit.bds").stappen
    assert told == step.uitkomsten
    counted = Counter(source.registraties().collect()["bdsnummer"].to_list())
    per_element: Counter[int | None] = Counter()
    for (number, _), n in told.items():
        per_element[number] += n
    assert per_element == counted


def test_what_was_altered_or_is_no_count_is_refused(asked, tmp_path):
    stores = {n: store(tmp_path / f"{n}.bds", many(755, 6, "x")) for n in "ABC"}
    answers = answered(asked, tmp_path, stores)
    shutil.copytree(answers[0], tmp_path / "vals")
    file = tmp_path / "vals" / packages.COUNTS
    file.write_text(file.read_text().replace("6", "7"))
    found = adding.received(asked, [tmp_path / "vals", *answers[1:]])
    assert [name for name, _ in found.refused] == ["A"]
    assert found.missing == ["A"]
    for wrong in ('{"touched": [{"bdsnummer": 755, "outcome": "beschut", "values": [0, 9]}]}', "{}", "[]",
                  '{"touched": [{"bdsnummer": 755, "outcome": "weg", "values": [9, 9]}]}'):  # fmt: skip
        file.write_text(wrong)
        with pytest.raises(UnreadableError):
            packages.add(asked, [tmp_path / "vals"])
    with pytest.raises(UsageError, match=r"2026-12-01"):
        answer.answer(asked, "A", stores["A"], tmp_path / "laat", [], None, date(2026, 12, 2))


def test_a_store_of_another_version_is_told(asked, tmp_path):
    other = store(tmp_path / "oud.bds", many(755, 6, "x"), "4.1.3")
    with pytest.raises(UsageError, match=r"4\.2\.0.*4\.1\.3"):
        packages.count(asked, other)


def test_all_commands(bds, tmp_path):
    stores = {n: store(tmp_path / f"{n}.bds", many(755, 6, "x")) for n in "AB"}
    request = tmp_path / "vraag.json"
    words = ["--title", "Concept", "--organiser", "NCJ", "--participants", "A,B", "--deadline", "2099-12-31"]
    done = bds("round", "new", "--package", DRAFT, *words, "-o", request)
    assert done.code == 0, done.err
    page = request.with_suffix(".md").read_text()
    assert "JGZ-1001: Splitsen" in page
    assert read(request).package
    for name, one in stores.items():
        done = bds("round", "answer", request, one.path, "--as", name, "-o", tmp_path / name)
        assert done.code == 0, done.err
        assert "geraakt.json" in done.err
    assert bds("round", "merge", request, tmp_path / "A", "-o", tmp_path / "deel.csv").code == 1
    assert not (tmp_path / "deel.csv").exists()
    out = tmp_path / "uit.json"
    done = bds("round", "merge", request, tmp_path / "A", tmp_path / "B", "-o", out)
    assert done.code == 0, done.err
    [row] = json.loads(out.read_text())
    assert (row["element"], row["uitkomst"], row["organisaties"], row["minstens"]) == (755, "beschut", 2, 12)
    assert bds("round", "merge", request, tmp_path / "A", tmp_path / "B", "-o", out).code == 2, (
        "it is there already"
    )


def test_no_option_about_indicators_is_passed_over(bds, tmp_path):
    """Every option of the command but those that a package needs, also where the value is what it is anyway."""
    from typer.main import get_command

    from bds_tool.cli.round import app

    words = ["--title", "Concept", "--organiser", "NCJ", "--participants", "A,B", "--deadline", "2099-12-31"]
    values = {"period": "2024", "rolling": "2", "area": "gemeente", "by": "year", "classes": "jib"}
    command = get_command(app).commands["new"]
    own = {"package", "output", "participants", "title", "organiser", "deadline", "help"}
    others = [p for p in command.params if p.name not in own]
    assert {p.name for p in others} >= {*values, "names", "sets", "policy", "sealed"}
    for option in others:
        given = [option.opts[0]] if option.is_flag else [option.opts[0], values.get(option.name, "x")]
        done = bds("round", "new", "--package", DRAFT, *given, *words, "-o", tmp_path / "x.json")
        assert done.code == 2, given
        assert max(option.opts, key=len) in done.err
