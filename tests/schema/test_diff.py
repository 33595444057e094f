"""Typed differences between definitions: kinds, classes and completeness."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from bds_tool.schema import load, versions
from bds_tool.schema.diff.changes import Change, ChangeClass
from bds_tool.schema.diff.classes import overall
from bds_tool.schema.diff.comparing import diff

MAJOR, MINOR, PATCH, GEEN = ChangeClass.MAJOR, ChangeClass.MINOR, ChangeClass.PATCH, ChangeClass.GEEN


@pytest.fixture(scope="module")
def changes() -> dict[tuple[str, str], Change]:
    return {c.id: c for c in diff(load("4.1.3"), load("4.2.0"))}


def test_a_definition_does_not_differ_from_itself():
    for version in versions():
        assert diff(load(version), load(version)) == ()


def test_ids_are_unique():
    for old, new in pairwise(versions()):
        found = diff(load(old), load(new))
        assert len({c.id for c in found}) == len(found)


def test_counts_agree_with_the_published_numbers():
    # shared/bds/README.md: elements per version, in brackets those of the message.
    published = {"3.2.7": (950, 901), "4.0.2": (952, 902), "4.1.3": (988, 922), "4.2.0": (1030, 876)}
    for old, new in pairwise(versions()):
        after = load(new).elementen
        before = load(old).elementen
        found = [c for c in diff(load(old), load(new)) if c.tabel == "element"]
        gained = {int(c.sleutel) for c in found if c.soort == "element-toegevoegd"}
        lost = {int(c.sleutel) for c in found if c.soort == "element-vervallen"}
        rows = len(gained - before.keys()) - len(lost - after.keys())
        assert rows == published[new][0] - published[old][0]
        message = sum(after[n].in_bericht for n in gained)
        message -= sum(before[n].in_bericht for n in lost)
        assert message == published[new][1] - published[old][1]


@pytest.mark.parametrize(
    ("ident", "classes"),
    [
        (("element-vervallen", "510"), (MAJOR, MINOR)),  # passive smoking at home: gone
        (("element-toegevoegd", "1665"), (MINOR, MAJOR)),  # its successor
        (("element-toegevoegd", "1644"), (MINOR, MAJOR)),  # was in the register, now in the message
        (("element-hernoemd", "276"), (PATCH, PATCH)),
        (("groep-vervallen", "G087"), (MAJOR, MINOR)),
        (("groep-toegevoegd", "G119"), (MINOR, MAJOR)),
        (("code-toegevoegd", "W0114/HL7/2.16.840.1.113883.2.4.4.40.8/16"), (MINOR, MAJOR)),
        (("code-hernoemd", "W0114/HL7/2.16.840.1.113883.2.4.4.40.8/08"), (PATCH, PATCH)),
        (("element-herkomst", "235"), (GEEN, GEEN)),
        (("definitie-interactie", "4.2.0"), (MAJOR, MAJOR)),
    ],
)
def test_kinds_and_classes(changes, ident, classes):
    change = changes[ident]
    assert (change.forward, change.backward) == classes


def test_a_change_is_its_own_reverse():
    """Going back, every addition is a removal and the classes change places."""
    there = {c.sleutel: c for c in diff(load("4.1.3"), load("4.2.0")) if c.soort == "element-toegevoegd"}
    back = {c.sleutel: c for c in diff(load("4.2.0"), load("4.1.3")) if c.soort == "element-vervallen"}
    assert there.keys() == back.keys()
    for key, change in there.items():
        assert (change.forward, change.backward) == (back[key].backward, back[key].forward)


def _with_element(definition, number, **changes):
    element = replace(definition.elementen[number], **changes)
    return replace(definition, elementen={**definition.elementen, number: element}, _frames={})


@pytest.mark.parametrize(
    ("edit", "soort", "classes"),
    [
        ({"max_lengte": 5}, "element-bereik", (MAJOR, MINOR)),  # 235 has no maximum length
        ({"eenheid": "cm"}, "element-eenheid", (MAJOR, MAJOR)),
        ({"rubriek": "R040"}, "element-verplaatst", (MAJOR, MAJOR)),
        ({"status": "deprecated"}, "element-status", (MINOR, MINOR)),
        ({"datatype": "AN"}, "element-datatype", (MAJOR, MAJOR)),
        ({"waardenlijst": "W0004", "datatype": "KL_AN"}, "element-lijst", (MAJOR, PATCH)),
        ({"bron": "elders"}, "element-herkomst", (GEEN, GEEN)),
    ],
)
def test_edits_of_one_element(edit, soort, classes):
    old = load("4.2.0")
    found = {c.soort: c for c in diff(old, _with_element(old, 235, **edit))}
    assert (found[soort].forward, found[soort].backward) == classes
    assert found[soort].sleutel == "235"


def test_overall_is_the_largest_class():
    old = load("4.2.0")
    assert overall(diff(old, _with_element(old, 235, bron="elders"))) == (GEEN, GEEN)
    assert overall(diff(old, _with_element(old, 235, naam="Lengte staand"))) == (PATCH, PATCH)
    assert overall([]) == (GEEN, GEEN)
