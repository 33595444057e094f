"""Origin as CBS 2022, both attributes, by hand from its words: herkomstland and geboren in Nederland."""

from datetime import date

import polars as pl
import pytest

from bds_tool.indicators import run
from bds_tool.indicators.catalogue import choose
from bds_tool.indicators.compute import Plan
from bds_tool.indicators.features import Settings
from bds_tool.indicators.result import TOTAL
from bds_tool.store.store import Store

NL, TURKEY, MOROCCO, POLAND, CURACAO, INDIES, SOVIET_UNION, UNKNOWN = (
    "6030", "6043", "5022", "7028", "5107", "9030", "9049", "0000",
)  # fmt: skip
EUROPE, OTHER = "Europa (exclusief Nederland)", "overig Buiten-Europa"
BOTH_HERE, ONE_ABROAD, BOTH_ABROAD = (
    "in Nederland, beide ouders ook", "in Nederland, een ouder in het buitenland", "in Nederland, beide ouders in het buitenland",
)  # fmt: skip
ABROAD, NOT_KNOWN = "in het buitenland", "onbekend"
#: Country of birth of child, mother and father (BRP table 34; None: not recorded) → herkomstland, geboren in Nederland.
CHILDREN = [
    ((NL, NL, NL), "Nederland", BOTH_HERE),
    ((POLAND, NL, NL), EUROPE, ABROAD),  # born abroad: the own country, whatever the parents'
    ((NL, TURKEY, NL), "Turkije", ONE_ABROAD),
    ((NL, NL, TURKEY), "Turkije", ONE_ABROAD),  # mother born here: the father's
    ((NL, MOROCCO, TURKEY), "Marokko", BOTH_ABROAD),  # the mother's goes first
    ((NL, None, CURACAO), "Nederlandse Cariben", NOT_KNOWN),  # mother not known: the father's
    ((NL, UNKNOWN, NL), "Nederland", NOT_KNOWN),
    ((NL, "5007", None), "Suriname", NOT_KNOWN),  # the mother's decides the first, not how many parents
    ((NL, NL, None), NOT_KNOWN, NOT_KNOWN),  # the father's is asked for and not known
    ((NL, None, None), NOT_KNOWN, NOT_KNOWN),
    ((None, TURKEY, TURKEY), NOT_KNOWN, NOT_KNOWN),  # born here or abroad: not known
    ((UNKNOWN, NL, NL), NOT_KNOWN, NOT_KNOWN),
    (("9003", None, None), OTHER, ABROAD),  # Eritrea
    (("5106", NL, NL), "Nederlandse Cariben", ABROAD),  # Bonaire is a country of its own here
    ((NL, INDIES, "6024"), "Indonesië", BOTH_ABROAD),
    (
        (NL, "5003", NL),
        EUROPE,
        ONE_ABROAD,
    ),  # Switzerland, which the list of countries that was read does not have
    ((NL, SOVIET_UNION, NL), NOT_KNOWN, ONE_ABROAD),  # partly Europe, partly Asia: abroad all the same
    ((TURKEY, NL, SOVIET_UNION), "Turkije", ABROAD),
]

GEMEENTEN = (
    "0014", "0034", "0050", "0059", "0060", "0072", "0074", "0080", "0085", "0086", "0088", "0090", "0093", "0096", "0098",
    "0106", "0109", "0114",
)  # fmt: skip


def rows():
    """Every child in a gemeente of its own, so that the result tells of each."""
    out = []
    for k, ((own, *parents), *_) in enumerate(CHILDREN):
        out += [(f"k{k}", 20, "2024-03-01"), (f"k{k}", 747, "01"), (f"k{k}", 9, GEMEENTEN[k], None, None, 1)]
        out += [(f"k{k}", 23, own)] if own else []
        for number, (kin, land) in enumerate(zip(("02", "01"), parents, strict=True), 1):
            out += [(f"k{k}", 62, kin, None, None, number)]
            out += [(f"k{k}", 71, land, None, None, number)] if land else []
    return out


@pytest.mark.parametrize(("attribute", "place"), [("herkomstland", 1), ("geboren", 2)])
def test_origin_as_cbs(make_store, tmp_path, attribute, place):
    settings = Settings(2024, 2024, date(2024, 12, 31), origin=attribute)
    plan = Plan(choose(["BF-BIRTH"]), settings, levels=("gemeente",), by=("origin",))
    with Store.open(make_store(rows())) as opened:
        result = run.compute(opened, plan, tmp_path / "r.result")
    counts = result.counts().filter((pl.col("level") == "gemeente") & (pl.col("origin") != TOTAL)).collect()
    found = {r["area"]: r["origin"] for r in counts.iter_rows(named=True) if r["n"]}
    assert found == {f"GM{GEMEENTEN[k]}": child[place] for k, child in enumerate(CHILDREN)}
    assert result.meta["settings"]["origin"] == attribute
