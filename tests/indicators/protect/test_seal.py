"""Planted faults: whatever is changed in a protected result, nothing that publishes takes it."""

import json
import shutil

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from families import region
from faults import COUNTS, FAULTS

from bds_tool.base.errors import UsageError, WithheldError
from bds_tool.export.report.book import open_book
from bds_tool.indicators.result import BREAKDOWNS, COLUMNS, UNPROVEN, Result, read_result, write_result
from bds_tool.protect.fit import TOLD
from bds_tool.protect.policy import load_policy
from bds_tool.protect.releases import run_result
from bds_tool.protect.seal import broken, public_meta, seal_facts, sealer


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("zegel")
    region(folder / "geteld.result", 1)
    run_result(folder / "geteld.result", load_policy("ncj-strict"), folder / "veilig.result")
    run_result(folder / "geteld.result", load_policy("cbs-output"), folder / "anders.result")
    run_result(folder / "geteld.result", load_policy("opensafely-mid6"), folder / "afgerond.result")
    return folder


def test_what_was_not_changed_is_published(made, bds, tmp_path):
    for name in ("veilig", "anders", "afgerond"):
        assert list(broken(read_result(made / f"{name}.result"))) == []
        shutil.copytree(made / f"{name}.result", tmp_path / f"nieuwe naam {name}.result")
        assert open_book(tmp_path / f"nieuwe naam {name}.result").frame.height > 100
    done = bds("report", "table", made / "veilig.result", "-o", tmp_path / "t.csv")
    assert done.code == 0, done.err


def test_there_are_enough_faults():
    assert len(FAULTS) >= 120


@pytest.mark.parametrize("fault", list(FAULTS))
def test_a_planted_fault_is_refused(made, tmp_path, fault):
    path = tmp_path / "veilig.result"
    shutil.copytree(made / "veilig.result", path)
    FAULTS[fault](path, made)
    with pytest.raises(WithheldError) as refused:
        open_book(path)
    assert refused.value.code == 4


def publishers(path, made, out):
    """Every command that publishes, or that says of a published result that it is all right."""
    yield "report", "table", path, "-o", out
    yield "report", "table", path, "-o", out, "--standardise", "sex"
    yield "report", "table", path, "-o", out, "--book"
    yield "report", "site", path, "-o", out
    yield "report", "chart", path, "-i", "BF", "-o", out.with_suffix(".svg")
    yield "report", "pdf", path, "--area", "GM0001", "-o", out.with_suffix(".pdf")
    yield "report", "melkvoeding", path, "-o", out
    if not path.is_symlink():  # linked to counts it is these, which may be added up
        yield "indicator", "merge", path, made / "geteld.result", "-o", out
    yield "protect", "audit", path
    yield "protect", "ledger", out, "--add", path


def refused_by_all(made, tmp_path, fault, bds):
    path, out = tmp_path / "veilig.result", tmp_path / "uit"
    shutil.copytree(made / "veilig.result", path)
    FAULTS[fault](path, made)
    for command in publishers(path, made, out):
        done = bds(*command)
        assert done.code == 4, (command, done.code, done.err)
        assert not list(tmp_path.glob("uit*")), command


@pytest.mark.parametrize("fault", ["the counts of before", "hidden called ok", "no seal", "shown new"])
def test_every_command_that_publishes_refuses_and_writes_nothing(made, tmp_path, fault, bds):
    refused_by_all(made, tmp_path, fault, bds)


@pytest.mark.slow
@pytest.mark.parametrize("fault", list(FAULTS))
def test_every_command_refuses_every_fault(made, tmp_path, fault, bds):
    refused_by_all(made, tmp_path, fault, bds)


def forged(made, path, change, **meta):
    """Changed rows under a seal made anew, as somebody can who reads this program."""
    source = read_result(made / "veilig.result")
    told = {**source.meta, **meta}
    return write_result(
        path, change(source.counts().collect()), told, finish=sealer(seal_facts(told, safe=True))
    )


FORGED = {
    "nothing": (lambda f: f, None),
    "filled": (lambda f: f.with_columns(n=pl.col("n").fill_null(7)), "verborgen rijen tonen n"),
    "told by method": (lambda f: f.with_columns(method=pl.lit("t 95%")), "verborgen rijen tonen method"),
    "small shown": (
        lambda f: f.with_columns(x=pl.when(pl.col("x") > 9).then(3).otherwise(pl.col("x"))),
        "rijen tonen wat het beleid verbergt",
    ),
    "unproven": (lambda f: f.with_columns(new=pl.lit(4), resident=pl.lit(4)), None),
    "twice": (lambda f: pl.concat([f, f.head(1)]), "dubbel"),
    "a word": (lambda f: f.with_columns(status=pl.lit("primair")), "onbekende woorden"),
    "value": (lambda f: f.with_columns(value=pl.col("value") + 3, upper=pl.lit(100.0)), "kloppen waarde"),
}


@pytest.mark.parametrize("name", list(FORGED))
def test_a_new_seal_does_not_help(made, tmp_path, name):
    change, fault = FORGED[name]
    found = list(broken(forged(made, tmp_path / "f.result", change)))
    if name == "nothing":
        assert found == []
    else:
        assert found
        assert fault is None or any(fault in f for f in found), found


def test_a_new_seal_does_not_help_with_own_metadata_or_statistics(made, tmp_path):
    assert any(
        "onbekende gegevens" in f for f in broken(forged(made, tmp_path / "a.result", lambda f: f, intern=1))
    )
    source = read_result(made / "veilig.result")
    path = tmp_path / "b.result"

    def seal(folder):
        table = pq.read_table(folder / COUNTS)
        pq.write_table(table.replace_schema_metadata({"n": "12"}), folder / COUNTS)
        sealer(seal_facts(source.meta, safe=True))(folder)

    write_result(path, source.counts().collect(), source.meta, finish=seal)
    assert any("meer in het bestand" in f for f in broken(read_result(path)))


def test_raw_counts_under_a_new_seal_are_refused(made, tmp_path):
    counted = read_result(made / "geteld.result")
    frame = counted.counts().collect().with_columns(status=pl.lit("ok"))
    meta = {
        **public_meta(counted.meta),
        "status": "beschermd",
        "policy": dict(load_policy("ncj-strict").data),
    }
    write_result(tmp_path / "r.result", frame, meta, finish=sealer(seal_facts(meta, safe=True)))
    with pytest.raises(WithheldError):
        open_book(tmp_path / "r.result")


def test_a_seal_made_by_hand_passes_without_a_key_but_not_the_audit(made, bds, tmp_path, monkeypatch):
    """What docs/uitleg/dreigingen.md says: a row that only shields others shows its true counts, under a seal that fits."""
    key = ["indicator", "level", "area", "period", "sex"]
    figures = ["n", "x", "missing", "value", "lower", "upper", "method", "reliability"]
    raw = read_result(made / "geteld.result").counts().collect().select(*key, *figures)
    large = (pl.col("n") >= 60) & (pl.col("x") >= 10) & (pl.col("n") - pl.col("x") >= 10)

    def change(frame):
        row = frame.filter(status="verborgen").select(key).join(raw.filter(large), on=key).head(1)
        row = row.with_columns(lower=0.0, upper=100.0, method=pl.lit("Wilson 95%"), status=pl.lit("ok"))
        return frame.update(row.cast({"method": pl.String}), on=key)

    path = forged(made, tmp_path / "f.result", change).path
    assert list(broken(read_result(path))) == []
    assert bds("protect", "audit", path).code == 4
    monkeypatch.setenv("BDS_KEY", "een geheim van onze organisatie")
    with pytest.raises(WithheldError):
        open_book(path)


def test_with_a_key_only_its_own_seals_are_taken(made, tmp_path, monkeypatch):
    monkeypatch.setenv("BDS_KEY", "een geheim van onze organisatie")
    with pytest.raises(WithheldError):
        open_book(made / "veilig.result")
    keyed = forged(made, tmp_path / "k.result", lambda f: f).path
    assert open_book(keyed).frame.height > 100
    monkeypatch.setenv("BDS_KEY", "een ander geheim van iemand")
    with pytest.raises(WithheldError):
        open_book(keyed)
    # A key that can be guessed is no key.
    monkeypatch.setenv("BDS_KEY", "geheim")
    with pytest.raises(UsageError, match="korter"):
        open_book(keyed)
    # Who has no key can still see that nothing was changed since.
    monkeypatch.delenv("BDS_KEY")
    assert open_book(keyed).frame.height > 100


def test_a_published_result_says_no_more_than_its_rows(made):
    result = read_result(made / "veilig.result")
    assert "sources" not in result.meta
    # A result that was added up of others does not tell what theirs were called.
    merged = public_meta({"merged": [{"result": "praktijk-jansen.result", "sources": 2}]})["merged"]
    assert merged == [{"sources": 2}]
    assert "judged" not in json.dumps(result.meta["audit"])
    file = pq.ParquetFile(made / "veilig.result" / COUNTS)
    assert not any(
        file.metadata.row_group(g).column(c).is_stats_set
        for g in range(file.metadata.num_row_groups)
        for c in range(file.metadata.num_columns)
    )
    assert file.schema_arrow.metadata is None
    frame = result.counts().collect()
    hidden = frame.filter(status="verborgen")
    kept = {"indicator", "level", "area", "area_name", "parent", "period", *BREAKDOWNS, "status"}
    for column in set(COLUMNS) - kept:
        assert hidden[column].null_count() == hidden.height, column
    assert set(UNPROVEN) | {"new"} <= {c for c in frame.columns if frame[c].null_count() == frame.height}
    assert set(TOLD) | kept == set(COLUMNS)
    assert isinstance(frame.to_arrow(), pa.Table)
    assert isinstance(result, Result)
