"""Our verdict on faults that nobody listed, beside that of the independent second reading (`official`)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from lxml import etree

from bds_tool.base.specs import specs_dir
from bds_tool.formats.dob.model import load_model
from bds_tool.formats.dob.model.judge import Judge as Compiled
from bds_tool.formats.dob.model.judge import judge as ours

from .fresh import KINDS, mutant
from .fresh_attack import ATTACK, observation, prefixed, systems, twice, who
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


@pytest.mark.parametrize(("version", "start"), [("3.2.7", 0), ("4.0.2", 15), ("4.1.3", 30), ("4.2.0", 45)])
def test_an_attack_has_the_verdict_of_the_second_reading(version, start, shared):
    judged, wrong = compare(version, range(40_000 + start, 40_015 + start), ATTACK)
    assert judged > 12
    assert wrong == []


@pytest.mark.slow
@pytest.mark.parametrize("version", FOLDERS)
def test_hundreds_of_attacks(version, shared):
    judged, wrong = compare(version, range(41_000, 41_300), ATTACK)
    assert judged > 250
    assert wrong == []


def verdict(judge, root):
    return sorted((Judge._path(f.element), f.role, f.kind, f.rule, f.subject) for f in judge.faults(root))


def test_what_was_judged_before_does_not_change_a_verdict(shared):
    """A judge that has seen the base and other faults remembers right parts; one that saw nothing does not."""
    model = load_model(specs_dir() / "dob" / "model", "4.1.3")
    warm, differences, faults = Compiled(model), [], 0
    for path in bases("4.1.3"):
        for _ in range(2):
            warm.faults(etree.parse(path).getroot())
    for seed in range(42_000, 42_030):
        made = mutant(seed, bases("4.1.3"), (*ATTACK, who, who, who))
        if made is None:
            continue
        root = etree.fromstring(made[2])
        seen, unseen = verdict(warm, root), verdict(Compiled(model), root)
        faults += bool(unseen)
        if seen != unseen:
            differences.append((seed, made[1], made[0].name, seen, unseen))
    assert differences == []
    assert faults > 15


def test_a_fault_that_shows_from_outside_is_found_in_a_part_seen_before(shared):
    """The patient stays the same to the letter; the number that the attention line names becomes another's."""
    model = load_model(specs_dir() / "dob" / "model", "4.1.3")
    judge = Compiled(model)
    roots = [etree.parse(p).getroot() for p in bases("4.1.3") if b"attentionLine" in p.read_bytes()]
    for root in [r for r in roots if not any(f.role == "error" for f in judge.faults(r))]:
        judge.faults(root)
        value = root.find("{*}attentionLine/{*}value")
        value.set("extension", "999990019" if value.get("extension") != "999990019" else "999900183")
        assert "H045" in {f.rule for f in judge.faults(root)}


@pytest.mark.parametrize("version", FOLDERS)
def test_a_prefix_at_every_name_changes_no_verdict(version, shared):
    model = load_model(specs_dir() / "dob" / "model", version)
    for seed, path in enumerate(bases(version)[:4]):
        contents = [path.read_bytes()]
        made = mutant(43_000 + seed, [path], (twice, systems, observation))
        contents += [] if made is None else [made[2]]
        for content in contents:
            root = etree.fromstring(content)
            mine = [verdict(Compiled(model), etree.fromstring(c)) for c in (content, prefixed(content))]
            assert mine[0] == mine[1], path.name
            assert ("error" in {x[1] for x in mine[0]}) == any(
                v.role == "error" for v in official(version).judge(root)
            )
