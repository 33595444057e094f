"""What holds for every input: findings do not depend on how a store is cut, and contracts and engine agree."""

from __future__ import annotations

from datetime import date
from time import sleep

import pandera.errors
import polars as pl
import pytest

from bds_tool.base.text import set_language, t
from bds_tool.findings.catalogue import load_rules
from bds_tool.findings.result import load
from bds_tool.store import Store, StoreWriter, pieces
from bds_tool.synthetic.generate import Request, generate
from bds_tool.validate import part
from bds_tool.validate.contracts import Bronnen, Findings, Meldingen, Registraties, Totals, check, contract
from bds_tool.validate.engine import Options, validate

TODAY = date(2026, 6, 30)
KEY = ["code", "bron", "bdsnummer", "dossier_id", "activiteit_id", "regel"]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("gen") / "g.bds"
    generate(Request(60, 5, "4.1.3", defects="standaard", defect_rate=20.0), path)
    return Store.open(path)


@pytest.fixture(scope="module")
def whole(store):
    return validate(store, Options(today=TODAY, max_examples=0))


def test_planted_defects_give_many_kinds(whole):
    assert whole.totals["code"].n_unique() > 30


@pytest.mark.parametrize(
    ("rows", "workers"), [(2_003, 1), pytest.param(500, 4, marks=pytest.mark.slow), (7_001, 2)]
)
def test_findings_do_not_depend_on_the_size_of_pieces(store, whole, monkeypatch, rows, workers):
    # Also those of protocols, which leave alone what the delivery does not hold anywhere.
    assert {"BDS601", "BDS605"} <= set(whole.totals["code"])
    monkeypatch.setattr(pieces, "WORKERS", workers)
    monkeypatch.setattr(part, "pieces", lambda s: pieces.pieces(s, rows))
    cut = validate(store, Options(today=TODAY, max_examples=0))
    assert cut.totals.sort(pl.all()).equals(whole.totals.sort(pl.all()))
    assert cut.findings.equals(whole.findings)


def test_examples_are_the_first_ones_however_the_store_is_cut(store, monkeypatch):
    every = validate(store, Options(today=TODAY, max_examples=0))
    first = every.findings.filter(pl.int_range(pl.len()).over("code", "bdsnummer") < 3)
    few = validate(store, Options(today=TODAY, max_examples=3))
    assert few.findings.equals(first)
    assert few.totals.equals(every.totals)
    monkeypatch.setattr(part, "pieces", lambda s: pieces.pieces(s, 2_000))
    again = validate(store, Options(today=TODAY, max_examples=3))
    assert again.findings.equals(few.findings)


def test_pieces_beside_each_other_come_out_in_order():
    """The slowest comes first and must not be overtaken; an error in a thread reaches the caller."""

    def slow(n):
        sleep((5 - n) / 100)
        return n * n

    assert list(pieces.beside(slow, range(6), workers=3)) == [0, 1, 4, 9, 16, 25]
    with pytest.raises(ZeroDivisionError):
        list(pieces.beside(lambda n: 1 // n, [2, 1, 0, 3], workers=2))


def test_the_language_of_a_run_holds_in_threads():
    set_language("en")
    try:
        assert list(pieces.beside(lambda n: t("nee", "no"), [1, 2], workers=2)) == ["no", "no"]
    finally:
        set_language("")


def test_findings_do_not_depend_on_the_order_of_rows(store, whole, tmp_path):
    """A table sorted by element scatters every dossier over the whole file."""
    rows = pl.read_parquet(store.path / "registraties.parquet").sort(
        "bdsnummer", "dossier_id", maintain_order=True
    )
    with StoreWriter(tmp_path / "s.bds") as writer:
        writer.add_bron(**{k: v for k, v in store.bronnen().row(0, named=True).items() if k != "gelezen"})
        writer.add_table(rows)
    scattered = validate(Store.open(tmp_path / "s.bds"), Options(today=TODAY, max_examples=0))
    # Which row of an activity stands for the whole depends on the order; how many there are does not.
    same = whole.totals.group_by("code").agg(pl.col("n").sum()).sort("code")
    assert scattered.totals.group_by("code").agg(pl.col("n").sum()).sort("code").equals(same)


def test_scattered_stores_are_read_in_shares(store, tmp_path):
    rows = pl.read_parquet(store.path / "registraties.parquet").sort("bdsnummer", maintain_order=True)
    with StoreWriter(tmp_path / "s.bds") as writer:
        writer.add_bron(bron=1, pad="x")
        writer.add_table(rows)
    parts = list(pieces.pieces(Store.open(tmp_path / "s.bds"), 2_000))
    assert len(parts) > 3
    assert sum(p.height for p in parts) == rows.height
    seen = [set(p["dossier_id"].unique().to_list()) for p in parts]
    assert sum(len(s) for s in seen) == len(set().union(*seen)), "a dossier is in two pieces"


def test_a_dossier_larger_than_a_piece_stays_whole(store):
    parts = list(pieces.pieces(store, 50))
    assert sum(p["dossier_id"].n_unique() for p in parts) == 60
    assert all(p["d"].to_list() == sorted(p["d"].to_list()) for p in parts)


def test_capped_examples_keep_exact_totals(store, whole):
    capped = validate(store, Options(today=TODAY, max_examples=2))
    assert capped.totals.sort(pl.all()).equals(whole.totals.sort(pl.all()))
    most = capped.findings.group_by("code", "bdsnummer").len()["len"].max()
    assert most == 2


def test_tables_keep_their_contracts(store, whole):
    check(pl.read_parquet(store.path / "registraties.parquet"), Registraties)
    check(store.bronnen(), Bronnen)
    check(store.meldingen(), Meldingen)
    check(whole.findings, Findings)
    check(whole.totals.select("code", "bron", "bdsnummer", "n", "severity", "accepted"), Totals)


def test_contract_and_engine_agree_on_every_value_rule(store, whole):
    """The Pandera contract of all rubrieken fails exactly the rules on values and places that the engine reports."""
    frame = pl.read_parquet(store.path / "registraties.parquet")
    schema = contract(version="4.1.3")
    with pytest.raises(pandera.errors.SchemaErrors) as caught:
        check(frame, schema)
    failed = {
        c["check"].name if hasattr(c["check"], "name") else str(c["check"])
        for c in caught.value.failure_cases.iter_rows(named=True)
    }
    failed = {name.split(" ")[0] for name in failed}
    names = {c.name for c in schema.checks}
    ours = set(whole.totals["code"].to_list()) & names
    # Of one mistake the engine tells the cause alone.
    rules = load_rules().rules
    assert ours <= failed
    assert all(rules[code].follows for code in failed - ours)


def test_contract_of_one_rubriek():
    schema = contract("R027", "4.1.3")
    good = pl.DataFrame({"bdsnummer": [235, 245], "waarde": ["1020", "15000"], "activiteit_id": ["a", "a"]})
    assert check(good, schema).height == 2
    with pytest.raises(pandera.errors.SchemaErrors, match="BDS201"):
        check(good.with_columns(waarde=pl.lit("zwaar")), schema)
    with pytest.raises(pandera.errors.SchemaErrors):
        check(good.with_columns(bdsnummer=pl.lit(4, pl.Int32)), schema)


def test_saved_and_loaded_results_are_equal(whole, tmp_path):
    whole.save(tmp_path / "r.findings", show_values=True)
    again = load(tmp_path / "r.findings")
    assert again.totals.equals(whole.totals)
    assert again.findings.equals(whole.findings)
    assert again.verdicts.equals(whole.verdicts)
    assert again.meta["reference_date"] == "2026-06-30"
    whole.save(tmp_path / "zonder.findings")
    assert load(tmp_path / "zonder.findings").findings["waarde"].null_count() == whole.findings.height


def test_clean_population_carries_no_error(tmp_path):
    for version, coding in (("4.1.3", "bds"), ("4.2.0", "bds"), ("3.2.7", "hl7"), ("4.0.2", "hl7")):
        path = tmp_path / f"{version}-{coding}.bds"
        generate(Request(40, 8, version, coding=coding), path)
        result = validate(Store.open(path), Options(today=TODAY))
        errors = result.totals.filter(pl.col("severity") == "fout").select("code", "bdsnummer", "n").rows()
        assert errors == [], (version, coding)
