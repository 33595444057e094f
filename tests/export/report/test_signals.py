"""What a page calls a signal: a planted effect is one, and without an effect hardly anything is.

Counts of children are drawn here; comparison, correction and page are the program's own.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from scipy.stats import binom

from bds_tool.export.report.book import Book
from bds_tool.export.report.profile import Profiles
from bds_tool.indicators.cube import Space, roll_up
from bds_tool.indicators.output import Sums, columns

GEMEENTEN, WIJKEN, YEARS = 4, 6, [2023, 2024, 2025]
INDICATORS = ("OW", "VAC", "BF")
#: Share of children that the indicator is true for, everywhere.
SHARE = {"OW": 0.13, "VAC": 0.9, "BF": 0.4}
STATED = 0.05
SETTINGS = {
    "alpha": STATED,
    "multiplicity": "Benjamini-Hochberg per indicator, niveau, periode en uitsplitsing",
}


def space():
    places = [("land", "totaal", None, "Alle gegevens")]
    places += [("gemeente", f"GM{g:04d}", "totaal", f"Dorp {g}") for g in range(GEMEENTEN)]
    places += [
        ("wijk", f"WK{g:04d}{w:02d}", f"GM{g:04d}", f"Wijk {g}-{w}")
        for g in range(GEMEENTEN)
        for w in range(WIJKEN)
    ]
    many = GEMEENTEN * WIJKEN
    leaf = {
        "land": np.zeros(many, dtype=np.int64),
        "gemeente": 1 + np.arange(many) // WIJKEN,
        "wijk": 1 + GEMEENTEN + np.arange(many),
    }
    return Space(places, leaf, [], YEARS, True, "2023-2025")


def book(seed, planted=None):
    """A result in which wijk 0 of gemeente 0 has `planted` (a share) for OW, and all others the same share."""
    rng = np.random.default_rng(seed)
    here = space()
    many = GEMEENTEN * WIJKEN
    gebied, jaar = (v.ravel() for v in np.meshgrid(np.arange(many), YEARS, indexing="ij"))
    frames = []
    for indicator in INDICATORS:
        n = rng.integers(80, 500, len(gebied)).astype(float)
        share = np.full(len(gebied), SHARE[indicator])
        if planted and indicator == "OW":
            share[gebied == 0] = planted
        x = rng.binomial(n.astype(int), share).astype(float)
        keys, sums = roll_up(here, {"gebied": gebied, "jaar": jaar, "n": n, "x": x}, ["n", "x"])
        made = columns(here, Sums(indicator, "aandeel", 100.0, keys, sums[:, 0], *sums.T), "land")
        plain = {k: v.cast(pa.string()) if pa.types.is_dictionary(v.type) else v for k, v in made.items()}
        frames.append(pl.from_arrow(pa.table(plain)).with_columns(status=pl.lit("ok")))
    meta = {
        "definitions": {
            k: {"title": k, "theme": "groei", "unit": "%", "kind": "aandeel"} for k in INDICATORS
        },
        "settings": SETTINGS,
    }
    return Book(SimpleNamespace(meta=meta), pl.concat(frames))


def signals(made, level):
    """(area, indicator, side) of every difference that the profiles of a level call a signal."""
    profiles = Profiles(made)
    found, compared = set(), 0
    by_area = {}
    for row in made.frame.filter(pl.col("level") == level).iter_rows(named=True):
        by_area.setdefault(row["area"], {})[row["indicator"], row["period"]] = row
    for area in made.of_level(level):
        profile = profiles.of(area, "2023-2025", by_area[area.code], {})
        compared += profile.compared
        found |= {(area.code, s.line.indicator.id, s.side) for s in profile.signals if s.side in {"hi", "lo"}}
    return found, compared


def test_a_planted_effect_is_a_signal_on_its_page():
    """13 % everywhere and 26 % in one wijk of about 870 children: ten standard errors apart, so found every time."""
    for seed in range(5):
        made = book(seed, planted=0.26)
        found, _ = signals(made, "wijk")
        assert ("WK000000", "OW", "hi") in found
        profiles = Profiles(made)
        area = made.areas["WK000000"]
        rows = {(r["indicator"], r["period"]): r for r in made.rows(area=area.code).iter_rows(named=True)}
        profile = profiles.of(area, "2023-2025", rows, {})
        assert profile.signals[0].line.indicator.id == "OW"  # the largest stands first
        assert profile.signals[0].title.startswith("OW: hoger dan de regio")
        assert "van de 3 vergelijkingen" in profiles.basis(profile)


@pytest.mark.parametrize("level", ["gemeente", "wijk"])
def test_without_an_effect_false_signals_stay_below_the_stated_level(level):
    """200 seeds: the share of comparisons, and how often a figure gives a signal anywhere (what the page promises)."""
    families = false = compared = hits = 0
    for seed in range(200):
        found, count = signals(book(1000 + seed), level)
        families += len(INDICATORS)
        false += len({indicator for _, indicator, _ in found})
        hits += len(found)
        compared += count
    assert compared == 200 * len(INDICATORS) * (GEMEENTEN if level == "gemeente" else GEMEENTEN * WIJKEN)
    assert hits / compared <= STATED
    # "About 5 %" of the figures: at most what chance makes of 5 % in so many draws, once in a hundred (measured over
    # 1,500 seeds: 4.1 % for gemeenten and 5.4 % for wijken, each plus or minus 0.3).
    assert false <= binom.ppf(0.99, families, STATED)
