"""Faults planted in the three packages must be found, and the message must point at the right place."""

from __future__ import annotations

import os
from collections import defaultdict
from itertools import pairwise

import pytest

from bds_tool.changes import load_package
from bds_tool.changes.migrate.check import check
from bds_tool.schema import versions

from .pakket_mutaties import KINDS

PACKAGES = [f"{a}-{b}" for a, b in pairwise(versions())]
#: Mutants per kind and package: a few in everyday runs, many with BDS_MUTANTS=40 (the figure in the docs).
SAMPLE = int(os.environ.get("BDS_MUTANTS", "1"))


def spread(items, count):
    """`count` items spread evenly over all of them."""
    items = list(items)
    if len(items) <= count:
        return items
    step = len(items) / count
    return [items[int((i + 0.5) * step)] for i in range(count)]


def caught(mutant, subjects) -> bool:
    """A finding that counts (no remark) on one of the places that were touched."""
    return any(
        b.severity != "info" and (b.onderwerp in subjects or not subjects.isdisjoint(b.betreft))
        for b in check(mutant).bevindingen
    )


def test_there_are_enough_kinds():
    assert len(KINDS) >= 25


#: One package every day, all of them in `make slow`.
@pytest.mark.parametrize(
    "name", [p if p == "4.0.2-4.1.3" else pytest.param(p, marks=pytest.mark.slow) for p in PACKAGES]
)
def test_faults_are_found_and_pointed_at(name):
    package = load_package(name)
    missed: dict[str, int] = defaultdict(int)
    total = 0
    for kind, mutate in KINDS.items():
        for mutant, subjects in spread(mutate(package), SAMPLE):
            total += 1
            if not caught(mutant, subjects):
                missed[kind] += 1
    share = 1 - sum(missed.values()) / total
    assert share >= 0.99, dict(missed)


@pytest.mark.parametrize("name", PACKAGES)
def test_the_packages_themselves_are_clean(name):
    serious = [(b.code, b.onderwerp) for b in check(load_package(name)).bevindingen if b.severity != "info"]
    assert serious == []
