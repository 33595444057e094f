"""Our verdict on faults that nobody listed, beside that of the independent second reading (`official`)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from lxml import etree

from bds_tool.base.specs import specs_dir
from bds_tool.formats.dob.model import load_model
from bds_tool.formats.dob.model.judge import judge as ours

from .fresh import KINDS, mutant
from .fresh_more import MORE
from .official import Judge

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
FOLDERS = {
    "3.2.7": ("3.2.7",),
    "4.0.2": ("4.0.2",),
    "4.1.3": ("4.1.3", "4.1.3-deprecated"),
    "4.2.0": ("4.2.0", "4.2.0-qual"),
}
#: Messages of a version that are a base, the smallest first: the second reading is thorough, not quick.
BASES = 12
ROLES = ("error", "warning", "info")


@cache
def official(version):
    return Judge.dob(SHARED, version)


def bases(version):
    files = [p for f in FOLDERS[version] for p in sorted((SHARED / "real" / "dob" / f).glob("*.xml"))]
    return sorted(files, key=lambda p: (p.stat().st_size, p.name))[:BASES]


def around(path):
    """The place itself, its parent, and a key under which its children find it."""
    return {path, path.rpartition("/")[0]}


def touch(one, other):
    """Whether two places are the same, or one is the parent of the other, or they are children of one parent."""
    return bool(around(one) & around(other))


def disagreement(version, content):
    """What the two judges see differently in a message: by role, and errors that the other sees nowhere near."""
    root = etree.fromstring(content)
    theirs = [(v.role, v.path, v.rule) for v in official(version).judge(root)]
    mine = [
        (f.role, Judge._path(f.element), f.rule or f.kind)
        for f in ours(root, load_model(specs_dir() / "dob" / "model", version))
    ]
    told = [r for r in ROLES if any(x[0] == r for x in theirs) != any(x[0] == r for x in mine)]
    return told, theirs, mine


def compare(version, seeds, kinds=KINDS):
    wrong, judged = [], 0
    for seed in seeds:
        made = mutant(seed, bases(version), kinds)
        if made is None:
            continue
        judged += 1
        base, kind, content = made
        told, theirs, mine = disagreement(version, content)
        if told:
            wrong.append((seed, kind, base.name, told, theirs, mine))
    return judged, wrong


@pytest.mark.parametrize(
    ("version", "start"), [("3.2.7", 0), ("4.0.2", 1000), ("4.1.3", 2000), ("4.2.0", 3000)]
)
def test_a_fresh_fault_has_the_verdict_of_the_second_reading(version, start, shared):
    judged, wrong = compare(version, range(start, start + 46))
    assert judged > 40
    assert wrong == []


@pytest.mark.slow
@pytest.mark.parametrize("version", FOLDERS)
@pytest.mark.parametrize("start", range(10_000, 14_000, 1_000))
def test_thousands_of_fresh_faults(version, start, shared):
    judged, wrong = compare(version, range(start, start + 1_000))
    assert judged > 900
    assert wrong == []


@pytest.mark.slow
@pytest.mark.parametrize("version", FOLDERS)
def test_faults_of_other_kinds_and_three_at_once(version, shared):
    judged, wrong = compare(version, range(20_000, 20_150), MORE)
    assert judged > 100
    assert wrong == []
