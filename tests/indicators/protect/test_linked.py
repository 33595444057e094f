"""Indicators that hang together are one table: an intruder with all of them finds no small count."""

import polars as pl
import pytest
from families import RELATIONS, region
from intruder import exact

from bds_tool.indicators.result import read_result, write_result
from bds_tool.protect import result_run
from bds_tool.protect.audit.result_file import audit_results
from bds_tool.protect.linked import ShareAxis, Shares
from bds_tool.protect.policy import load_policy
from bds_tool.protect.result_run import protect_frame, protect_result

POLICIES = ["ncj-strict", "cbs-output", "rivm-wijk", "ggd-monitor"]


@pytest.mark.parametrize(("seed", "policy"), list(enumerate(POLICIES)))
def test_an_intruder_with_all_indicators_finds_no_small_count(tmp_path, seed, policy):
    source = region(tmp_path / "a.result", seed)
    made = protect_result(source.path, load_policy(policy), tmp_path / "b.result")
    found, attacked = exact(tmp_path / "b.result", RELATIONS, source.counts().collect(), sample=4)
    assert attacked > 100
    assert found == []
    assert (made.frame["status"] == "ok").sum() > 100
    verdict = audit_results(tmp_path / "b.result", width=load_policy(policy).least_width)
    # Where zeros are shown, a zero that hides in a small row is no secret.
    assert not [f for f in verdict.findings if f.high > 0 or not load_policy(policy).zeros_shown]
    assert not verdict.remarks
    assert not verdict.contradictions


def apart(source, policy, path, monkeypatch):
    """The same indicators protected one by one, as if nothing bound them."""
    with monkeypatch.context() as patch:
        patch.setattr(result_run, "of_result", lambda *_: [])
        made = protect_frame(source, load_policy(policy), path.parent)
    return write_result(path, made.frame, made.meta, replace=True)


def test_protected_one_by_one_the_same_intruder_finds_many_and_the_audit_refuses(tmp_path, monkeypatch):
    source = region(tmp_path / "a.result", 1)
    alone = apart(source, "cbs-output", tmp_path / "b.result", monkeypatch)
    found, _ = exact(alone.path, RELATIONS, source.counts().collect())
    assert len(found) > 10
    verdict = audit_results(alone.path)
    assert not verdict.safe
    assert verdict.by_reason()["aftrekken"] > 10
    assert any("CONTACTS" in r for r in verdict.remarks)


def test_the_pattern_depends_on_the_content_and_not_on_the_order_of_rows(tmp_path):
    source = region(tmp_path / "a.result", 3)
    shuffled = source.counts().collect().sample(fraction=1.0, shuffle=True, seed=4)
    other = write_result(tmp_path / "c.result", shuffled, source.meta)
    frames = [protect_frame(s, load_policy("ncj-strict"), tmp_path).frame for s in (source, other)]
    assert frames[0].equals(frames[1])
    assert (frames[0]["status"] == "verborgen").sum() > 100


def test_a_mean_is_hidden_wherever_its_share_is(tmp_path):
    source = region(tmp_path / "a.result", 2)
    frame = protect_frame(source, load_policy("cbs-output"), tmp_path).frame
    key = ["area", "period", "sex"]
    share, mean = (frame.filter(indicator=i).sort(key)["n"].is_null() for i in ("REACH", "CONTACTS"))
    assert share.sum() > 20
    assert (mean | ~share).all()


def test_equal_shares_are_hidden_in_the_same_rows(tmp_path):
    """Nobody declared it, but in every row A and B are equal: whoever sees one sees the other."""
    source = region(tmp_path / "a.result", 5)
    frame = source.counts().collect()
    twin = frame.filter(indicator="SPEECH").with_columns(indicator=pl.lit("TWIN"))
    meta = {
        **source.meta,
        "definitions": source.meta["definitions"] | {"TWIN": source.meta["definitions"]["GP"]},
    }
    both = write_result(tmp_path / "b.result", pl.concat([frame, twin]), meta)
    made = protect_result(both.path, load_policy("ncj-strict"), tmp_path / "p.result")
    one, other = (made.frame.filter(indicator=i)["status"].to_list() for i in ("SPEECH", "TWIN"))
    assert one == other
    assert "TWIN" not in str(read_result(tmp_path / "p.result").meta["relations"])


def test_the_ways_to_be_counted_meet_every_sum():
    shares = Shares.of(["BF", "MIX", "FF", "EXCL"], RELATIONS)
    axis = ShareAxis.build(shares.tables()[0], shares)
    # A child is breastfed only, breastfed not only, mixed or formula fed: four ways.
    assert len(axis.ways) == 4
    for way in axis.ways:
        for total, parts in axis.sums:
            assert way[total] == sum(way[p] for p in parts)
    loose = Shares.of(["REF", "GP", "SPEECH"], RELATIONS)
    # Not referred; referred with or without each of the two: five ways.
    assert len(ShareAxis.build(loose.tables()[0], loose).ways) == 5
