"""Schools of invented children: from the fourth birthday, near home, and nothing else changes."""

from __future__ import annotations

import re
from datetime import date

import polars as pl

from bds_tool.synthetic.generate import THEMES

from .conftest import drawn

SCHOOL = [58, 605, 719, 1473, 1474]


def test_who_is_of_school_age_has_a_school_and_nothing_else_changes():
    frame, _ = drawn(children=400, seed=6, bds="4.1.3")
    without, _ = drawn(children=400, seed=6, bds="4.1.3", themes=tuple(t for t in THEMES if t != "school"))
    assert frame.filter(~pl.col("bdsnummer").is_in(SCHOOL)).equals(without)
    told = frame.filter(pl.col("bdsnummer").is_in([20, 9, 605, 1473, 1474]))
    of: dict[str, dict[int, list[str]]] = {}
    for child, number, value in told.select("dossier_id", "bdsnummer", "waarde").iter_rows():
        of.setdefault(child, {}).setdefault(number, []).append(value)
    pupils = {c: v for c, v in of.items() if 605 in v}
    for facts in pupils.values():
        assert all(re.fullmatch("[5-9][0-9][A-Z]{2}", brin) for brin in facts[605])
        # By hand: no school before the fourth birthday; at most a primary and a secondary one.
        born, first = date.fromisoformat(facts[20][0]), date.fromisoformat(facts[1473][0])
        assert (first.year, first.month, first.day) >= (born.year + 4, born.month, born.day)
        assert len(facts[605]) == len(facts[1473]) <= 2
    # 14 of the 18 years of birth are of school age; 95 % of the schools are known, a few children left before.
    assert 0.62 < len(pupils) / 400 < 0.8
    gemeenten = {(brin, v[9][0]) for v in pupils.values() for brin in v[605]}
    assert len(gemeenten) == len({brin for brin, _ in gemeenten}) > 10  # no school in two gemeenten


def test_primary_school_ends_where_secondary_begins():
    frame, _ = drawn(children=400, seed=6, bds="4.1.3")
    wide = frame.filter(pl.col("bdsnummer").is_in([20, 605, 1473, 1474])).select(
        "dossier_id", "volgnr", "bdsnummer", "waarde"
    )
    born = dict(wide.filter(bdsnummer=20).select("dossier_id", "waarde").iter_rows())
    starts = wide.filter(bdsnummer=1473, volgnr=2).select("dossier_id", "waarde").rows()
    ends = dict(wide.filter(bdsnummer=1474, volgnr=1).select("dossier_id", "waarde").iter_rows())
    assert len(starts) > 60
    for child, start in starts:
        year = int(born[child][:4]) + 12 + (born[child][5:7] >= "10")
        assert start >= f"{year}-08-01"
        assert ends.get(child, f"{year}-07-31") == f"{year}-07-31"
