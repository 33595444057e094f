"""Adding up results of organisations: as if all data had been in one place."""

import polars as pl
import pytest

from bds_tool.indicators.result import notes_of, read_result


def children(prefix, n, breast, postcode):
    rows = []
    for k in range(n):
        child = f"{prefix}{k:04}"
        day = f"{2022 + k % 3}-05-{1 + k % 28:02}"
        rows += [
            (child, 20, day),
            (child, 16, postcode),
            (child, 12, "1"),
            (child, 747, "01" if k % 10 < breast else "03"),
            (child, 110, str(2300 + 10 * (k % 200))),
        ]
    return rows


def compute(bds, store, out, areas, *more):
    result = bds(
        "indicator",
        "compute",
        store,
        "-o",
        out,
        "--areas",
        areas,
        "--area",
        "gemeente,wijk",
        "--by",
        "sex,year",
        "--period",
        "2022..2024",
        "-i",
        "BF-BIRTH",
        "-i",
        "BW-LOW",
        "-q",
        *more,
    )
    assert result.code == 0, result.err
    return out


def test_merging_equals_computing_together(make_store, areas, tmp_path, bds):
    one, two = (
        children("a", 300, 6, "1011AA"),
        children("b", 200, 3, "2011AA") + children("c", 60, 5, "1011AA"),
    )
    first = compute(bds, make_store(one, "een"), tmp_path / "een.result", areas)
    second = compute(bds, make_store(two, "twee"), tmp_path / "twee.result", areas)
    together = compute(bds, make_store(one + two, "samen"), tmp_path / "samen.result", areas)
    result = bds("indicator", "merge", first, second, "-o", tmp_path / "som.result")
    assert result.code == 0
    assert "onbeschermd" in result.err
    key = ["indicator", "level", "area", "period", "sex"]
    summed, whole = (read_result(p).counts().collect().sort(key) for p in (tmp_path / "som.result", together))
    assert summed.select(key).equals(whole.select(key))
    for column in (
        "n",
        "x",
        "missing",
        "parent",
        "area_name",
        "method",
        "reference_test",
        "trend",
        "reliability",
    ):
        assert summed[column].to_list() == whole[column].to_list(), column
    for column in ("value", "lower", "upper", "reference"):
        assert summed[column].to_list() == pytest.approx(whole[column].to_list(), nan_ok=True), column
    meta = read_result(tmp_path / "som.result").meta
    assert len(meta["sources"]) == 2
    assert any("dubbel" in n for n in notes_of(meta))
    one = read_result(together).meta
    assert meta["flow"] == one["flow"]
    # 560 dossiers once, and not 300 and 260 as the two runs said of themselves
    assert [n for n in meta["inside"] if "560" in n] == meta["inside"] == one["inside"]
    assert meta["doubt"] == one["doubt"]
    assert sorted(meta["indicator_flow"], key=str) == sorted(one["indicator_flow"], key=str)


def test_unlike_results_are_refused(make_store, areas, tmp_path, bds):
    store = make_store(children("a", 30, 6, "1011AA"), "een")
    first = compute(bds, store, tmp_path / "een.result", areas)
    same_source = compute(bds, store, tmp_path / "zelfde.result", areas)
    result = bds("indicator", "merge", first, same_source, "-o", tmp_path / "som.result")
    assert result.code == 2
    assert "bronbestand" in result.err
    other = compute(
        bds,
        make_store(children("b", 30, 6, "1011AA"), "twee"),
        tmp_path / "twee.result",
        areas,
        "--education",
        "hoogste",
    )
    result = bds("indicator", "merge", first, other, "-o", tmp_path / "som.result")
    assert result.code == 2
    assert "instellingen" in result.err
    everything = compute(bds, tmp_path / "twee.bds", tmp_path / "alles.result", areas, "--all-values")
    result = bds("indicator", "merge", first, everything, "-o", tmp_path / "som.result")
    assert result.code == 2
    assert "ongeloofwaardige" in result.err
    objecting = compute(
        bds, tmp_path / "twee.bds", tmp_path / "bezwaar.result", areas, "--objections", "keep"
    )
    result = bds("indicator", "merge", first, objecting, "-o", tmp_path / "som.result")
    assert result.code == 2
    assert "kinderen met een bezwaar" in result.err
    assert not (tmp_path / "som.result").exists()


def test_a_protected_result_cannot_be_added(make_store, areas, tmp_path, bds):
    import json

    first = compute(bds, make_store(children("a", 30, 6, "1011AA"), "een"), tmp_path / "een.result", areas)
    second = compute(bds, make_store(children("b", 30, 6, "1011AA"), "twee"), tmp_path / "twee.result", areas)
    meta = json.loads((second / "_result.json").read_text())
    (second / "_result.json").write_text(json.dumps(meta | {"status": "beschermd"}))
    result = bds("indicator", "merge", first, second, "-o", tmp_path / "som.result")
    assert result.code == 4
    assert "beschermd" in result.err


def test_export_refuses_unprotected(make_store, areas, tmp_path, bds):
    from bds_tool.base.errors import WithheldError

    first = compute(bds, make_store(children("a", 30, 6, "1011AA"), "een"), tmp_path / "een.result", areas)
    with pytest.raises(WithheldError):
        read_result(first).require_protected()
    assert read_result(first).counts().select(pl.col("status").unique()).collect()["status"].to_list() == [
        "onbeschermd"
    ]
