"""Results of indicators: one problem of areas, periods and breakdowns; releases; what is published and what is not."""

import json

import numpy as np
import polars as pl
import pytest

from bds_tool.base.errors import WithheldError
from bds_tool.indicators.result import FIGURES, read_result, write_result
from bds_tool.protect.audit.result_file import ResultClaims, audit_results
from bds_tool.protect.bundles import protect_group
from bds_tool.protect.certificate import check
from bds_tool.protect.collapse import result_proposals
from bds_tool.protect.policy import load_policy
from bds_tool.protect.result_model import groups
from bds_tool.protect.result_run import protect_frame, protect_result

BREAKDOWNS = ["sex", "education", "age", "origin", "mother_age"]
ROW_KEY = ["area", "period", *BREAKDOWNS]


def counted(
    path, *, years=("2023", "2024"), wijken=4, seed=7, sensitivity="normaal", change=0, indicators=("A", "B")
):
    """A result with gemeente > wijk, sex and education apart, years and their window, from children drawn one by one."""
    r = np.random.default_rng(seed)
    rows = []
    for gem in ("GM0001", "GM0002"):
        for w in range(wijken):
            for year in years:
                rows += [
                    (
                        gem,
                        f"WK{gem[2:]}{w:02d}",
                        year,
                        "MV"[r.integers(2)],
                        "lmh"[r.integers(3)],
                        r.random() < 0.15,
                        r.random() < 0.9,
                    )
                    for _ in range(int(r.integers(15, 130)))
                ]
    rows += [("GM0001", "WK000100", years[0], "M", "l", True, True)] * change
    children = pl.DataFrame(
        rows, schema=["gem", "wijk", "period", "sex", "education", "yes", "known"], orient="row"
    )
    window = children.with_columns(period=pl.lit(f"{years[0]}-{years[-1]}"))
    children = pl.concat([children, window])
    parts = []
    for level, area, parent in (("land", None, None), ("gemeente", "gem", "totaal"), ("wijk", "wijk", "gem")):
        for by in ([], ["sex"], ["education"]):
            keys = ["period", *by, *([area] if area else []), *(["gem"] if area == "wijk" else [])]
            table = children.group_by(keys).agg(
                n=pl.col("known").sum().cast(pl.Int64),
                x=(pl.col("known") & pl.col("yes")).sum().cast(pl.Int64),
                missing=(~pl.col("known")).sum().cast(pl.Int64),
            )
            parts.append(
                table.select(
                    level=pl.lit(level),
                    area=pl.col(area) if area else pl.lit("totaal"),
                    parent=pl.col("gem") if parent == "gem" else pl.lit(parent, dtype=pl.String),
                    period="period",
                    sex=pl.col("sex") if "sex" in by else pl.lit("totaal"),
                    education=pl.col("education") if "education" in by else pl.lit("totaal"),
                    n="n",
                    x="x",
                    missing="missing",
                )
            )
    one = pl.concat(parts)
    frame = pl.concat([one.with_columns(indicator=pl.lit(i)) for i in indicators])
    share = pl.col("x") / pl.col("n") * 100
    frame = frame.with_columns(
        area_name=pl.col("area"),
        age=pl.lit("totaal"),
        origin=pl.lit("totaal"),
        mother_age=pl.lit("totaal"),
        value=share,
        lower=share - 1,
        upper=share + 1,
        method=pl.lit("Wilson"),
        status=pl.lit("onbeschermd"),
    ).sort("indicator", "level", "area", "period", "sex", "education")
    from bds_tool.indicators.result import COLUMNS, OPTIONAL

    kinds = {"string": pl.String, "int64": pl.Int64, "double": pl.Float64}
    lacking = {c: k for c, k in COLUMNS.items() if c not in frame.columns and c not in OPTIONAL}
    frame = frame.with_columns(pl.lit(None, dtype=kinds[k]).alias(c) for c, k in lacking.items())
    definitions = {
        i: {"hash": f"h{i}", "theme": "groei", "sensitivity": sensitivity, "additive": True}
        for i in indicators
    }
    return write_result(path, frame, {"status": "onbeschermd", "definitions": definitions}, replace=True)


@pytest.mark.parametrize("policy", ["ncj-strict", "cbs-output", "rivm-wijk"])
def test_every_hidden_primary_is_proven_and_the_audit_passes(tmp_path, policy):
    source = counted(tmp_path / "a.result")
    made = protect_result(source.path, load_policy(policy), tmp_path / "b.result")
    assert made.verdict.safe
    assert made.facts.height > 20
    counts, definitions = source.counts().collect(), source.meta["definitions"]
    for group in groups(counts, definitions, load_policy(policy)):
        for outcome in protect_group(group, load_policy(policy), quality=False)[1]:
            assert check(outcome.problem, outcome.hidden, outcome.certificates) == []
    assert (made.facts["laag"] < made.facts["hoog"]).all()
    assert ((made.facts["laag"] <= made.facts["waar"]) & (made.facts["waar"] <= made.facts["hoog"])).all()


def test_quality_mode_publishes_more_of_a_result_and_no_less_of_its_top(tmp_path):
    more = 0
    for seed in (1, 3):
        source, policy = counted(tmp_path / "a.result", seed=seed), load_policy("cbs-output")
        plain, better = (protect_frame(source, policy, tmp_path, quality=q).frame for q in (False, True))
        shown = [(f["status"] == "ok").sum() for f in (plain, better)]
        assert shown[1] >= shown[0]
        more += shown[1] - shown[0]
        top = [(f.filter(level="land")["status"] == "ok").sum() for f in (plain, better)]
        assert top[1] >= top[0]
    assert more > 0


def test_a_hidden_row_holds_nothing_and_is_no_zero(tmp_path):
    counted(tmp_path / "a.result")
    protect_result(tmp_path / "a.result", load_policy("ncj-strict"), tmp_path / "b.result")
    out = read_result(tmp_path / "b.result")
    frame = out.counts().collect()
    hidden = frame.filter(status="verborgen")
    assert 0 < hidden.height < frame.height
    for column in (*FIGURES, "reliability"):
        assert hidden[column].null_count() == hidden.height, column
    assert set(frame["status"]) <= {"ok", "verborgen", "geen_gegevens", "niet_op_dit_niveau"}
    assert out.protected
    truth = read_result(tmp_path / "a.result").counts().collect()
    shown = frame.join(truth, on=["indicator", "area", "period", *BREAKDOWNS], suffix="_true").filter(
        status="ok"
    )
    assert (shown["x"] == shown["x_true"]).all()
    assert ((shown["n"] >= 30) & (shown["x"] >= 10) & (shown["n"] - shown["x"] >= 10)).all()


def with_columns(source, path, **columns):
    """The result once more with other counts."""
    frame = source.counts().collect().with_columns(**columns)
    return write_result(path, frame, source.meta, replace=True)


def test_an_indicator_nobody_has_data_for_hides_no_other(tmp_path):
    source = counted(tmp_path / "a.result")
    alone = protect_frame(source, load_policy("ncj-strict"), tmp_path).frame
    nobody = pl.col("indicator") == "B"
    empty = with_columns(
        source,
        tmp_path / "b.result",
        missing=pl.when(nobody).then(pl.col("n") + pl.col("missing")).otherwise("missing"),
        n=pl.when(nobody).then(0).otherwise("n"),
        x=pl.when(nobody).then(0).otherwise("x"),
    )
    made = protect_result(empty.path, load_policy("ncj-strict"), tmp_path / "c.result")
    a = made.frame.filter(indicator="A")
    assert (a["status"] == "verborgen").sum() <= (
        alone.filter(indicator="A")["status"] == "verborgen"
    ).sum() + 2
    b = made.frame.filter(indicator="B")
    assert set(b["status"]) == {"geen_gegevens", "verborgen"}
    assert set(b.filter(level="land")["status"]) == {"geen_gegevens"}
    assert audit_results(tmp_path / "c.result").safe


def test_a_mean_of_all_children_is_as_safe_as_their_number(tmp_path):
    """Nobody is missing, so the denominator is the population: where that is protected, so is the mean."""
    source = counted(tmp_path / "a.result", indicators=("A",))
    mean = with_columns(
        source, tmp_path / "m.result", x=pl.lit(None, dtype=pl.Int64), missing=pl.lit(0, dtype=pl.Int64)
    )
    made = protect_result(mean.path, load_policy("ncj-strict"), tmp_path / "b.result")
    assert set(made.frame.filter(level="land")["status"]) == {"ok"}
    told = made.internal().filter(telling="teller")
    assert told.height
    assert (told["laag"] < told["hoog"]).all()
    assert made.internal().filter(telling="populatie").height >= told.height


def test_the_highest_level_is_hidden_for_itself_only(tmp_path):
    source = counted(tmp_path / "a.result", wijken=6)
    made = protect_frame(source, load_policy("ncj-strict"), tmp_path)
    own = made.internal().filter(level="land").select("indicator", *ROW_KEY).unique()
    hidden = made.frame.filter(level="land", status="verborgen").select("indicator", *ROW_KEY)
    assert hidden.join(own, on=["indicator", *ROW_KEY], how="anti", nulls_equal=True).height == 0


def test_when_much_is_hidden_coarser_publications_are_proposed(tmp_path):
    source = counted(tmp_path / "a.result", wijken=6)
    frame = protect_frame(source, load_policy("ncj-strict"), tmp_path).frame
    share = (frame["status"] == "verborgen").mean()
    assert share > 0.3
    told = result_proposals(frame)
    kept = frame.filter(pl.col("level") != "wijk")
    hidden = 100 * (kept["status"] == "verborgen").mean()
    expected = f"zonder wijk: hoogstens {hidden:.1f} % van {kept.height} cellen".replace(".", ",")
    assert any(expected in line for line in told), told
    assert any("alleen 2023-2024" in line for line in told)
    assert result_proposals(frame.with_columns(status=pl.lit("ok"))) == []


def test_hiding_small_rows_only_is_rejected_by_the_audit(tmp_path):
    source = counted(tmp_path / "a.result")
    frame = source.counts().collect()
    small = (pl.col("n") < 50) | (pl.col("x") < 10)
    frame = frame.with_columns(
        *(pl.when(small).then(None).otherwise(pl.col(c)).alias(c) for c in FIGURES if c in frame.columns),
        status=pl.when(small).then(pl.lit("verborgen")).otherwise(pl.lit("ok")),
    )
    write_result(tmp_path / "naive.result", frame, {**source.meta, "status": "beschermd"})
    verdict = audit_results(tmp_path / "naive.result")
    assert not verdict.safe
    assert verdict.by_reason()["aftrekken"] > 0


def test_what_is_never_below_gemeente_is_not_shown_there(tmp_path):
    source = counted(tmp_path / "a.result", sensitivity="niet_onder_gemeente")
    made = protect_frame(source, load_policy("cbs-output"), tmp_path)
    assert set(made.frame.filter(level="wijk")["status"]) == {"niet_op_dit_niveau"}
    assert "ok" in set(made.frame.filter(level="gemeente")["status"])


def test_a_second_release_of_the_same_data_keeps_its_pattern(tmp_path):
    counted(tmp_path / "a.result")
    policy = load_policy("ncj-strict")
    first = protect_result(tmp_path / "a.result", policy, tmp_path / "1.result", ledger=tmp_path / "boek")
    second = protect_result(tmp_path / "a.result", policy, tmp_path / "2.result", ledger=tmp_path / "boek")
    assert second.frame["status"].to_list() == first.frame["status"].to_list()
    entries = json.loads((tmp_path / "boek" / "_ledger.json").read_text())["releases"]
    assert [e["number"] for e in entries] == [1, 2]


def older_layout(path, layout=1):
    """Rewrite a result as bds wrote it before the age of the mother was a breakdown."""
    meta = json.loads((path / "_result.json").read_text())
    (path / "_result.json").write_text(json.dumps({**meta, "layout": layout}))
    frame = pl.read_parquet(path / "counts.parquet").drop("mother_age")
    frame.write_parquet(path / "counts.parquet")
    (path / "_zegel.json").unlink()  # there was none then
    return path


def test_a_release_in_an_older_layout_counts_as_any_other(tmp_path, bds):
    counted(tmp_path / "a.result")
    policy, book = load_policy("ncj-strict"), tmp_path / "boek"
    first = protect_result(tmp_path / "a.result", policy, tmp_path / "1.result")
    old = older_layout(tmp_path / "1.result")
    assert bds("protect", "ledger", book, "--add", old).code == 0
    second = protect_result(tmp_path / "a.result", policy, tmp_path / "2.result", ledger=book)
    assert second.frame["status"].to_list() == first.frame["status"].to_list()
    assert audit_results(old).safe
    assert audit_results(tmp_path / "2.result", [old]).safe
    # A number shown then that is another now is refused.
    counted(tmp_path / "c.result", change=2)
    with pytest.raises(WithheldError):
        protect_result(tmp_path / "c.result", policy, tmp_path / "3.result", ledger=book)


def test_a_result_of_an_unknown_layout_is_not_read(tmp_path, bds):
    counted(tmp_path / "a.result")
    protect_result(tmp_path / "a.result", load_policy("ncj-strict"), tmp_path / "1.result")
    later = older_layout(tmp_path / "1.result", layout=9)
    for command in (("audit", later), ("ledger", tmp_path / "boek", "--add", later)):
        done = bds("protect", *command)
        assert done.code == 4  # nothing can be said of it, so nothing is published of it
        assert "andere versie" in done.err


def test_a_corrected_number_is_refused(tmp_path):
    counted(tmp_path / "a.result")
    counted(tmp_path / "c.result", change=2)
    policy = load_policy("ncj-strict")
    protect_result(tmp_path / "a.result", policy, tmp_path / "1.result", ledger=tmp_path / "boek")
    with pytest.raises(WithheldError) as refused:
        protect_result(tmp_path / "c.result", policy, tmp_path / "2.result", ledger=tmp_path / "boek")
    assert "eerder zijn gepubliceerd" in refused.value.message
    assert not (tmp_path / "2.result").exists()


def test_changed_areas_are_refused(tmp_path):
    counted(tmp_path / "a.result", wijken=4)
    counted(tmp_path / "c.result", wijken=5)
    policy = load_policy("ncj-strict")
    protect_result(tmp_path / "a.result", policy, tmp_path / "1.result", ledger=tmp_path / "boek")
    with pytest.raises(WithheldError) as refused:
        protect_result(tmp_path / "c.result", policy, tmp_path / "2.result", ledger=tmp_path / "boek")
    assert "anders ingedeeld" in refused.value.message


def test_an_earlier_release_that_shows_a_hidden_row_is_a_leak(tmp_path):
    source = counted(tmp_path / "a.result")
    made = protect_result(source.path, load_policy("ncj-strict"), tmp_path / "1.result")
    open_ = source.counts().collect().with_columns(status=pl.lit("ok"))
    write_result(tmp_path / "0.result", open_, {**made.meta, "status": "beschermd"})
    verdict = audit_results(tmp_path / "1.result", [tmp_path / "0.result"])
    assert not verdict.safe
    assert "eerdere uitgave" in verdict.by_reason()


def handmade(path, rows, kind="aandeel"):
    """A published result of one indicator: gemeente GM0001 with wijken; rows are (area, n, x), n None when hidden."""
    source = counted(path.parent / "shape.result", indicators=("A",))
    shape = source.counts().collect().head(1)
    frame = pl.concat(
        [
            shape.with_columns(
                level=pl.lit("gemeente" if area == "GM0001" else "wijk"),
                area=pl.lit(area),
                parent=pl.lit("totaal" if area == "GM0001" else "GM0001"),
                period=pl.lit("2024"),
                sex=pl.lit("totaal"),
                education=pl.lit("totaal"),
                n=pl.lit(n, dtype=pl.Int64),
                x=pl.lit(x, dtype=pl.Int64),
                missing=pl.lit(None if n is None else 0, dtype=pl.Int64),
                status=pl.lit("verborgen" if n is None else "ok"),
            )
            for area, n, x in rows
        ]
    )
    definitions = {"A": {"hash": "h", "theme": "groei", "kind": kind, "additive": True}}
    return write_result(path, frame, {"status": "beschermd", "definitions": definitions}, replace=True).path


def test_a_hidden_whole_may_be_far_larger_than_anything_shown(tmp_path):
    # Three shown wijken count 60 each, so the hidden gemeente holds 180 at least: three times the largest shown.
    shown = [(f"WK00010{i}", 60, 20) for i in range(3)]
    path = handmade(tmp_path / "a.result", [("GM0001", None, None), ("WK000109", None, None), *shown])
    verdict = audit_results(path)
    assert verdict.judged == 4
    assert verdict.safe, verdict.by_reason()


@pytest.mark.parametrize(("kind", "judged"), [("aandeel", 4), ("gemiddelde", 2)])
def test_where_every_row_is_hidden_nothing_is_known(tmp_path, kind, judged):
    path = handmade(tmp_path / "a.result", [("GM0001", None, None), ("WK000100", None, None)], kind)
    # A mean has no complement: for it only the denominator can be a secret.
    telling = [(a, q) for a in ("GM0001", "WK000100") for q in ("teller", "complement")[: judged // 2]]
    rows = pl.DataFrame(telling, schema=["area", "telling"], orient="row").with_columns(
        indicator=pl.lit("A"), period=pl.lit("2024"), **{b: pl.lit("totaal") for b in BREAKDOWNS}
    )
    verdict = audit_results(path, judged=lambda _: rows)
    assert verdict.judged == judged
    assert verdict.safe, verdict.by_reason()


def test_a_secret_that_is_simply_shown_is_called_shown(tmp_path):
    path = handmade(tmp_path / "a.result", [("GM0001", 60, 4), ("WK000100", None, None)])
    rows = pl.DataFrame({"indicator": "A", "area": "GM0001", "period": "2024", "telling": "teller"})
    verdict = audit_results(
        path, judged=lambda _: rows.with_columns(pl.lit("totaal").alias(b) for b in BREAKDOWNS)
    )
    assert verdict.by_reason() == {"getoond": 1}


def test_a_wrong_table_to_start_from_hides_no_leak(tmp_path):
    # wijk 9 = 300 - 3 x 60: anyone can subtract it, whatever table the search starts from.
    shown = [(f"WK00010{i}", 60, 20) for i in range(3)]
    rows = [("GM0001", 300, 100), ("WK000108", None, None), ("WK000109", None, None), *shown]
    path = handmade(tmp_path / "a.result", rows)
    frame = pl.read_parquet(path / "counts.parquet").with_columns(n=pl.lit(7), x=pl.lit(3), missing=pl.lit(2))
    # Said of it: the two wijken can exchange a child between numerator and complement.
    row = {a: i for i, a in enumerate(frame["area"].to_list())}
    line = np.repeat([row["WK000108"], row["WK000109"]], 2)
    told = np.zeros(4, dtype=np.int64), line, np.array([0, 1, 0, 1]), np.array([1, -1, -1, 1])
    claims = {"A": ResultClaims(frame, *told)}
    assert audit_results(path, claims=claims.get).by_reason() == audit_results(path).by_reason() == {}
    rows = [("GM0001", 300, 60), ("WK000108", None, None), ("WK000109", None, None), *shown]
    path = handmade(tmp_path / "b.result", rows)  # no one of the two can have a numerator: 60 = 3 x 20
    claims = {"A": ResultClaims(frame.with_columns(x=pl.lit(5)), *told)}
    assert (
        audit_results(path, claims=claims.get).by_reason()
        == audit_results(path).by_reason()
        == {"lineair": 2}
    )


def test_another_hash_makes_no_other_children(tmp_path):
    """A definition that got another hash (a table was typed anew) still counts the same children."""
    source = counted(tmp_path / "a.result")
    policy, book = load_policy("ncj-strict"), tmp_path / "boek"
    first = protect_result(tmp_path / "a.result", policy, tmp_path / "1.result", ledger=book)
    named = {k: {**d, "hash": "ander"} for k, d in source.meta["definitions"].items()}
    again = counted(tmp_path / "b.result")
    write_result(again.path, again.counts().collect(), {**again.meta, "definitions": named}, replace=True)
    second = protect_result(tmp_path / "b.result", policy, tmp_path / "2.result", ledger=book)
    assert second.frame["status"].to_list() == first.frame["status"].to_list()
    changed = counted(tmp_path / "c.result", change=2)
    write_result(
        changed.path, changed.counts().collect(), {**changed.meta, "definitions": named}, replace=True
    )
    with pytest.raises(WithheldError):
        protect_result(tmp_path / "c.result", policy, tmp_path / "3.result", ledger=book)


def test_a_blank_line_in_a_reference_table_changes_no_definition(tmp_path):
    from bds_tool.indicators.definitions import _content

    one, other, third = tmp_path / "a.csv", tmp_path / "b.csv", tmp_path / "c.csv"
    one.write_bytes(b"code,naam\n1,a\n2,b\n")
    other.write_bytes(b'\xef\xbb\xbfcode,naam\r\n\r\n1,"a"\r\n2,b\r\n\r\n')
    third.write_bytes(b"code,naam\n1,a\n2,c\n")
    assert _content(one) == _content(other) != _content(third)
