"""Planted faults: whatever is changed in a protected result, nothing that publishes takes it."""

import json
import shutil

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from families import region

from bds_tool.base.errors import WithheldError
from bds_tool.export.report.book import open_book
from bds_tool.indicators.result import BREAKDOWNS, COLUMNS, UNPROVEN, Result, read_result, write_result
from bds_tool.protect.policy import load_policy
from bds_tool.protect.releases import run_result
from bds_tool.protect.seal import SEAL_FILE, TOLD, broken, public_meta, seal_facts, sealer

COUNTS, META = "counts.parquet", "_result.json"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("zegel")
    region(folder / "geteld.result", 1)
    run_result(folder / "geteld.result", load_policy("ncj-strict"), folder / "veilig.result")
    run_result(folder / "geteld.result", load_policy("cbs-output"), folder / "anders.result")
    run_result(folder / "geteld.result", load_policy("opensafely-mid6"), folder / "afgerond.result")
    return folder


def rows(change):
    """A fault in the rows of a protected result."""

    def plant(path, made):
        del made
        frame = change(pl.read_parquet(path / COUNTS))
        pq.write_table(frame.to_arrow(), path / COUNTS, compression="zstd")

    return plant


def text(change):
    """A fault in the metadata."""

    def plant(path, made):
        del made
        meta = json.loads((path / META).read_text())
        change(meta)
        (path / META).write_text(json.dumps(meta, ensure_ascii=False, indent=2))

    return plant


def first(which, /, **values):
    """Other values in the first row with a status."""

    def change(frame):
        at = frame["status"].to_list().index(which)
        return (
            frame.with_row_index("_i")
            .with_columns(
                pl.when(pl.col("_i") == at).then(pl.lit(v)).otherwise(pl.col(c)).alias(c)
                for c, v in values.items()
            )
            .drop("_i")
        )

    return rows(change)


def put(name, content=b"x"):
    return lambda path, _: (path / name).write_bytes(content)


def instead(name, source):
    """A file of another result in its place."""
    return lambda path, made: shutil.copy(made / source / name, path / name)


def link(name):
    def plant(path, made):
        (path / name).unlink()
        (path / name).symlink_to(made / "geteld.result" / name)

    return plant


def sealed(key, value):
    def plant(path, made):
        del made
        seal = json.loads((path / SEAL_FILE).read_text())
        at = seal
        for k in key[:-1]:
            at = at[k]
        at[key[-1]] = value
        (path / SEAL_FILE).write_text(json.dumps(seal))

    return plant


FIGURES = {
    "n": 7,
    "x": 3,
    "missing": 2,
    "value": 12.5,
    "lower": 1.0,
    "upper": 90.0,
    "sum": 4.0,
    "sum2": 9.0,
    "new": 3,
}
WORDS = {"method": "Wilson 95%", "reference_test": "hoger", "trend": "stijgend", "reliability": "beperkt"}
FAULTS = {
    **{
        f"hidden {c}": first("verborgen", **{c: v}) for c, v in (FIGURES | WORDS | {"reference": 3.5}).items()
    },
    **{f"hidden {c}": first("verborgen", **{c: 4}) for c in ("left_out", "not_delivered", "resident")},
    **{f"hidden {c}": first("verborgen", **{c: 4.0}) for c in ("x_with", "value_with")},
    **{f"shown {c}": first("ok", **{c: v}) for c, v in (FIGURES | WORDS).items()},
    **{f"shown {c}": first("ok", **{c: 4}) for c in ("left_out", "resident")},
    "hidden called ok": first("verborgen", status="ok"),
    "shown called hidden": first("ok", status="verborgen"),
    "primary apart from secondary": first("verborgen", status="primair"),
    "unprotected word": first("ok", status="onbeschermd"),
    "another area": first("ok", area="WK999999"),
    "another name": first("ok", area_name="Elders"),
    "another parent": first("ok", parent="GM9999"),
    "another period": first("ok", period="1999"),
    "another indicator": first("ok", indicator="NIEUW"),
    "a breakdown": first("ok", education="laag"),
    "a row less": rows(lambda f: f.head(f.height - 1)),
    "a row twice": rows(lambda f: pl.concat([f, f.head(1)])),
    "another order": rows(lambda f: f.reverse()),
    "a new column": rows(lambda f: f.with_columns(true_x=pl.lit(3))),
    "a column less": rows(lambda f: f.drop("sum2")),
    "columns in another order": rows(lambda f: f.select(reversed(f.columns))),
    "another type": rows(lambda f: f.with_columns(pl.col("n").cast(pl.Float64))),
    "no rows": rows(lambda f: f.clear()),
    "packed anew": rows(lambda f: f),
    "the counts of before": instead(COUNTS, "geteld.result"),
    "the counts of another policy": instead(COUNTS, "anders.result"),
    "rounded counts": instead(COUNTS, "afgerond.result"),
    "the metadata of another": instead(META, "anders.result"),
    "the seal of another": instead(SEAL_FILE, "anders.result"),
    "no seal": lambda path, _: (path / SEAL_FILE).unlink(),
    "an empty seal": put(SEAL_FILE, b"{}"),
    "no json": put(SEAL_FILE, b"zegel"),
    "a broken file": put(COUNTS, b"PAR1"),
    "a file more": put("counts.csv"),
    "more on the list of files": put(".bds-output", b"counts.parquet\nintern: 12\n"),
    "a hidden file": put(".aantallen"),
    "a folder more": lambda path, _: (path / "intern").mkdir(),
    "linked counts": link(COUNTS),
    "linked metadata": link(META),
    "another policy": text(lambda m: m["policy"]["thresholds"].update(denominator=1)),
    "another title": text(lambda m: m["definitions"]["BF"].update(title="Iets anders")),
    "other relations": text(lambda m: m.update(relations=[])),
    "sources": text(lambda m: m.update(sources=[{"path": "kinderen.csv"}])),
    "an own key": text(lambda m: m.update(intern={"primair": 12})),
    "another day": text(lambda m: m.update(created="2020-01-01")),
    "sealed: other file": sealed(["files", COUNTS], "0" * 64),
    "sealed: other rows": sealed(["rows"], "0" * 64),
    "sealed: not audited": sealed(["facts", "audit", "safe"], False),  # a value of the file
    "sealed: other ledger": sealed(["facts", "ledger"], "ander"),
    "sealed: other value": sealed(["seal", "value"], "0" * 64),
    "sealed: more allowed": sealed(["facts", "shown_before"], 10_000),
}


def test_what_was_not_changed_is_published(made, bds, tmp_path):
    for name in ("veilig", "anders", "afgerond"):
        assert list(broken(read_result(made / f"{name}.result"))) == []
        shutil.copytree(made / f"{name}.result", tmp_path / f"nieuwe naam {name}.result")
        assert open_book(tmp_path / f"nieuwe naam {name}.result").frame.height > 100
    done = bds("report", "table", made / "veilig.result", "-o", tmp_path / "t.csv")
    assert done.code == 0, done.err


def test_there_are_enough_faults():
    assert len(FAULTS) >= 60


@pytest.mark.parametrize("fault", list(FAULTS))
def test_a_planted_fault_is_refused(made, tmp_path, fault):
    path = tmp_path / "veilig.result"
    shutil.copytree(made / "veilig.result", path)
    FAULTS[fault](path, made)
    with pytest.raises(WithheldError) as refused:
        open_book(path)
    assert refused.value.code == 4


@pytest.mark.parametrize(
    "fault", ["the counts of before", "hidden called ok", "no seal", "a file more", "shown new"]
)
def test_every_command_that_publishes_refuses_and_writes_nothing(made, tmp_path, fault, bds):
    path, out = tmp_path / "veilig.result", tmp_path / "uit"
    shutil.copytree(made / "veilig.result", path)
    FAULTS[fault](path, made)
    for command in (
        ("report", "table", path, "-o", out),
        ("report", "table", path, "-o", out, "--book"),
        ("report", "site", path, "-o", out),
        ("report", "chart", path, "-i", "BF", "-o", out.with_suffix(".svg")),
        ("report", "pdf", path, "--area", "GM0001", "-o", out.with_suffix(".pdf")),
        ("report", "melkvoeding", path, "-o", out),
        ("indicator", "merge", path, made / "geteld.result", "-o", out),
        ("protect", "audit", path),
        ("protect", "ledger", out, "--add", path),
    ):
        done = bds(*command)
        assert done.code == 4, (command, done.err)
        assert not list(tmp_path.glob("uit*"))


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


def test_with_a_key_only_its_own_seals_are_taken(made, tmp_path, monkeypatch):
    monkeypatch.setenv("BDS_KEY", "geheim")
    with pytest.raises(WithheldError):
        open_book(made / "veilig.result")
    keyed = forged(made, tmp_path / "k.result", lambda f: f).path
    assert open_book(keyed).frame.height > 100
    monkeypatch.setenv("BDS_KEY", "ander geheim")
    with pytest.raises(WithheldError):
        open_book(keyed)
    # Who has no key can still see that nothing was changed since.
    monkeypatch.delenv("BDS_KEY")
    assert open_book(keyed).frame.height > 100


def test_a_published_result_says_no_more_than_its_rows(made):
    result = read_result(made / "veilig.result")
    assert "sources" not in result.meta
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
