"""A store that grows by delivery is the store that is built at once: findings, counts, dossiers and every reader."""

from __future__ import annotations

import contextlib
import hashlib
import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bds_tool.base.errors import UnreadableError, UsageError
from bds_tool.base.leftovers import sweep
from bds_tool.formats.deliveries import add, drop
from bds_tool.formats.reading import read
from bds_tool.store.parts import Index, clear, verify
from bds_tool.store.store import Store
from bds_tool.validate import part as judging
from bds_tool.validate.engine import Options, validate
from bds_tool.validate.run import INSPECTOR
from tests.safety.writing import FAULTS, digest

TODAY = date(2026, 6, 1)
SAMPLES = Path(__file__).resolve().parents[2] / "sample_data"
#: Deliveries in several formats, with known mistakes, some of the same children.
DELIVERIES = [
    SAMPLES / "schoon" / "tabel-4.1.3" / "lang.csv",
    SAMPLES / "fouten" / "lang.csv",
    SAMPLES / "fouten" / "james-3.0.json",
    SAMPLES / "fouten" / "dob-4.1.3",
    SAMPLES / "schoon" / "dob-4.2.0",
    SAMPLES / "kapot" / "afgekapt.xml",
]


@pytest.fixture
def deliveries() -> list[Path]:
    return DELIVERIES


def told(store: Path, today: date = TODAY, **options) -> str:
    """A hash of all findings, exact numbers, verdicts and what was filled; sources by their content, not their number."""
    result = validate(Store.open(store), Options(today=today, max_examples=0, **options))
    who = {b["bron"]: f"{b['sha256']} {b['formaat']}" for b in result.bronnen.iter_rows(named=True)}

    def plain(frame: pl.DataFrame) -> list[str]:
        named = frame.with_columns(pl.col("bron").replace_strict(who, default=None, return_dtype=pl.String))
        return sorted(json.dumps(row, default=str) for row in named.rows())

    parts = [plain(f) for f in (result.findings, result.totals, result.filled, result.verdicts)]
    parts.append(sorted(json.dumps(b, default=str) for b in result.meta["silent"].items()))
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def counted(store: Path, target: Path) -> str:
    from bds_tool.indicators.catalogue import choose
    from bds_tool.indicators.compute import Plan
    from bds_tool.indicators.features import Settings
    from bds_tool.indicators.run import compute

    plan = Plan(choose([], [])[::12], Settings(2025, 2026, TODAY), levels=("gemeente",), by=("sex",))
    result = compute(Store.open(store), plan, target, replace=True)
    frame = result.counts().collect()
    return hashlib.sha256("\n".join(sorted(map(str, frame.rows()))).encode()).hexdigest()


def at_once(paths, target: Path) -> Path:
    read(paths, target, inspect=(INSPECTOR,), organisation="A", replace=True)
    return target


@settings(max_examples=2, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_it_is_what_is_built_at_once(data, tmp_path_factory):
    """Whatever was added, replaced and dropped on the way, and judged in between."""
    folder, deliveries = tmp_path_factory.mktemp("groei"), DELIVERIES
    chosen = data.draw(st.lists(st.sampled_from(range(5)), min_size=2, max_size=4, unique=True))
    grown = folder / "groei.bds"
    here: list[int] = []
    for number in chosen:
        add(grown, [deliveries[number]], f"m{number}", organisation="A", inspect=(INSPECTOR,))
        here.append(number)
        if data.draw(st.booleans()):
            told(grown)
    if data.draw(st.booleans()):
        gone = data.draw(st.sampled_from(here))
        if data.draw(st.booleans()):
            add(grown, [deliveries[gone]], f"m{gone}", organisation="A", instead=True, inspect=(INSPECTOR,))
        elif len(here) > 1:
            drop(grown, f"m{gone}")
            here.remove(gone)
    once = at_once([deliveries[n] for n in here], folder / "eens.bds")
    assert told(grown) == told(once)
    assert told(grown) == told(once), "kept judgements say the same"
    assert counted(grown, folder / "a.result") == counted(once, folder / "b.result")


HEAD = "client_id;contact_id;datum;bdsnummer;waarde\n"
CHILD = "k{n};;2024-01-01;20;2024-01-01\nk{n};;2024-01-01;19;1\n"
CONTACT = "k{n};c{n};2024-06-01;494;2024-06-01\nk{n};c{n};2024-06-01;235;7{n}0\n"


def table(file: Path, children: range, more: str = "") -> Path:
    file.write_text(HEAD + "".join((CHILD + CONTACT + more).format(n=n) for n in children))
    return file


def test_a_delivery_is_judged_once(tmp_path, monkeypatch):
    place = tmp_path / "s.bds"
    judged: list[str] = []
    real = judging._judge

    def watched(part, *rest):
        judged.append(part.path.name)
        return real(part, *rest)

    monkeypatch.setattr(judging, "_judge", watched)
    for number in (0, 1):
        add(
            place,
            [table(tmp_path / f"{number}.csv", range(9 * number, 9 * number + 9))],
            f"m{number}",
            organisation="A",
        )
        told(place)
    assert judged == ["000001", "000002"]
    told(place, codes=frozenset({"BDS203"}))
    assert judged == ["000001", "000002"] * 2, "other rules are another judgement"
    told(place)
    assert len(judged) == 4


def test_the_reference_date_only_matters_to_what_lies_after_it(deliveries, tmp_path, monkeypatch):
    """What was kept on one day is used on a later one, and gives what judging on that day gives."""
    place = tmp_path / "s.bds"
    add(place, [deliveries[0]], "m0", organisation="A")
    late = date(2031, 1, 1)
    for today in (date(2015, 1, 1), TODAY, late, TODAY, date(2015, 1, 1)):
        once = at_once([deliveries[0]], tmp_path / "eens.bds")
        assert told(place, today) == told(once, today), today
    assert told(place, date(2015, 1, 1)) != told(place, late)


def test_no_rule_but_those_named_looks_at_the_reference_date(deliveries, tmp_path):
    once = at_once(deliveries[:2], tmp_path / "eens.bds")
    days = [
        validate(Store.open(once), Options(today=d, max_examples=0)).totals.filter(
            ~pl.col("code").is_in(judging.OF_TODAY)
        )
        for d in (date(2012, 1, 1), date(2030, 1, 1))
    ]
    assert days[0].equals(days[1])


def test_an_element_that_comes_later_is_asked_of_the_earlier(tmp_path):
    """What a protocol expects is only missed once some delivery has it: then the first delivery is judged anew."""
    one = table(tmp_path / "a.csv", range(5))
    two = table(tmp_path / "b.csv", range(5, 9), "k{n};c{n};2024-06-01;245;7000\n")
    place = tmp_path / "s.bds"
    add(place, [one], "1", organisation="A")
    told(place)
    add(place, [two], "2", organisation="A")
    assert told(place) == told(at_once([one, two], tmp_path / "eens.bds"))


@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_fault_anywhere_leaves_the_old_state(every, deliveries, tmp_path):
    """A change in the folder is refused, each in turn: the store holds the first delivery, or both, and says so."""
    first = tmp_path / "s.bds"
    add(first, [deliveries[0]], "m0", organisation="A")
    alone, both = told(first), ""
    with FAULTS.on(first, 0):
        add(first, [deliveries[1]], "m1", organisation="A")
        steps = FAULTS.seen
    both = told(first)
    drop(first, "m1")
    assert told(first) == alone
    assert steps > 5
    chosen = range(1, steps + 1) if every else [2, steps // 2, steps - 4, steps - 1]
    for at in chosen:
        with FAULTS.on(first, at), contextlib.suppress(UsageError, OSError):
            add(first, [deliveries[1]], "m1", organisation="A")
        now = told(first)
        assert now in (alone, both), at
        assert not any(wrong for _, wrong in verify(first)), at
        if now == both:
            drop(first, "m1")


@pytest.mark.parametrize(
    "at", [pytest.param(n, marks=() if n in (8, 17) else pytest.mark.slow) for n in range(1, 24)]
)
def test_a_killed_run_leaves_the_old_state(at, deliveries, tmp_path):
    """The process is gone at the n-th change: no handler runs. The next run works and clears what was left."""
    place = tmp_path / "s.bds"
    add(place, [deliveries[0]], "m0", organisation="A")
    alone = told(place)
    code = f"""
import os, sys
sys.path.insert(0, {str(SAMPLES.parent)!r})
from tests.safety.writing import FAULTS
def step(event, seen=[0]):
    seen[0] += 1
    if seen[0] == {at}: os._exit(9)
FAULTS.step = step
from bds_tool.base.leftovers import sweep
from bds_tool.formats.deliveries import add
FAULTS.folder = {str(place)!r}
add({str(place)!r} and __import__('pathlib').Path({str(place)!r}), [{str(deliveries[1])!r}], 'm1', organisation='A')
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode in (0, 9), done.stderr
    names = [p.delivery for p in Index.read(place).parts]
    if names == ["m0"]:
        assert told(place) == alone
        add(place, [deliveries[1]], "m1", organisation="A")
    both = at_once(deliveries[:2], tmp_path / "eens.bds")
    assert told(place) == told(both)
    sweep.__globals__["_swept"].clear()  # another process would look again
    clear(place, Index.read(place))
    parts = {p.name for p in (place / "delen").iterdir()}
    assert parts == {f"{p.number:06}" for p in Index.read(place).parts}


def test_twice_the_same_is_refused(deliveries, tmp_path):
    place = tmp_path / "s.bds"
    add(place, [deliveries[0]], "m0", organisation="A")
    before = digest(place)
    with pytest.raises(UsageError, match="m0"):
        add(place, [deliveries[1]], "m0", organisation="A")
    with pytest.raises(UsageError, match="m0"):
        add(place, [deliveries[0]], "anders", organisation="A")
    with pytest.raises(UsageError, match="m9"):
        add(place, [deliveries[1]], "m9", organisation="A", instead=True)
    with pytest.raises(UnreadableError):
        add(place, [tmp_path / "nergens.csv"], "m2", organisation="A")
    with pytest.raises(UsageError, match="enige"):
        drop(place, "m0")
    assert digest(place) == before


def test_deliveries_of_one_child_number_in_two_organisations_are_two_children(tmp_path):
    rows = "1;;2024-01-01;20;2024-01-0{n}\n1;;2024-01-01;19;{n}\n"
    place = tmp_path / "s.bds"
    for n, name in enumerate(("A", "B"), 1):
        file = tmp_path / f"{name}.csv"
        file.write_text(HEAD + rows.format(n=n))
        add(place, [file], "2026-01", organisation=name)
    assert Store.open(place).bronnen()["organisatie"].to_list() == ["A", "B"]
    with pytest.raises(UsageError, match="meer organisaties"):
        drop(place, "2026-01")
    drop(place, "2026-01", "B")
    assert Store.open(place).bronnen()["organisatie"].to_list() == ["A"]


def test_another_run_that_changes_the_store_is_refused(deliveries, tmp_path):
    from bds_tool.store.parts import alone

    place = tmp_path / "s.bds"
    add(place, [deliveries[0]], "m0", organisation="A")
    with alone(place), pytest.raises(UsageError, match="andere opdracht"):
        add(place, [deliveries[1]], "m1", organisation="A")


def test_every_command_reads_it(deliveries, bds, tmp_path):
    place, once = tmp_path / "s.bds", tmp_path / "eens.bds"
    for n in (0, 1):
        done = bds("store", "add", place, deliveries[n], "--delivery", f"m{n}", "--organisation", "A")
        assert done.code == 0, done.err
    assert bds("convert", *deliveries[:2], once, "--to", "store", "--organisation", "A").code == 0
    for words in (
        ["validate", "S", "--format", "csv", "--reference-date", "2026-06-01"],
        ["profile", "S", "--format", "csv"],
        ["dossier", "list", "S", "--format", "csv"],
        ["zib", "coverage", "S", "--format", "json"],
        ["area", "check", "S", "--format", "csv"],
    ):
        grown, whole = (bds(*(p if w == "S" else w for w in words)) for p in (place, once))
        assert grown.code == whole.code < 2, (words, grown.err)
        assert grown.out.replace("s.bds", "eens.bds") == whole.out, words
    assert bds("compare", place, once).code == 0
    for words in (
        ["migrate", "S", "--from", "4.1.3", "--to", "4.2.0", "--out", "OUT"],
        ["convert", "S", "OUT", "--to", "csv"],
    ):
        for p, out in ((place, "a"), (once, "b")):
            done = bds(
                *(
                    p if w == "S" else tmp_path / f"{out}-{words[0]}-{words[-1]}" if w == "OUT" else w
                    for w in words
                )
            )
            assert done.code == 0, done.err
    assert (tmp_path / "a-convert-csv").read_bytes() == (tmp_path / "b-convert-csv").read_bytes()
    assert bds("compare", tmp_path / "a-migrate-OUT", tmp_path / "b-migrate-OUT").code == 0


def test_what_was_altered_is_told(deliveries, bds, tmp_path):
    place = tmp_path / "s.bds"
    add(place, [deliveries[0]], "m0", organisation="A")
    assert bds("store", "verify", place).code == 0
    file = place / "delen" / "000001" / "registraties.parquet"
    frame = pl.read_parquet(file)
    frame.head(frame.height - 1).write_parquet(file)
    done = bds("store", "verify", place)
    assert done.code == 1
    assert "registraties.parquet" in done.out
    (place / "_store.json").write_text('{"layout": 2, "parts": [{}]}')
    assert bds("validate", place).code == 3
    (place / "_store.json").unlink()
    assert bds("store", "list", place).code == 3


def test_dossiers_of_a_table_are_counted(tmp_path):
    """By hand: two children in four rows. A table does not say how many it has, and 0 would be wrong."""
    file = tmp_path / "l.csv"
    file.write_text(
        "dossier_id;bdsnummer;waarde;datum\nk1;20;2020-01-01;2020-01-01\nk1;19;1;2020-01-01\n"
        "k2;20;2020-02-01;2020-02-01\nk2;19;2;2020-02-01\n"
    )
    assert add(tmp_path / "j.bds", [file], "2026-01", organisation="A").dossiers == 2
