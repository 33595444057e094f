"""Every mistake in the table is told, at the package it is in, by a code that says what is wrong; the good one is silent."""

from __future__ import annotations

import pytest

from bds_tool.changes.migrate.check import check

from .fouten import MISTAKES
from .fouten_meer import MORE
from .fouten_redactie import BOARD
from .werkpakket import FOLDER, build, package


def told(pakket):
    """The findings that count, as code and subject."""
    return {(b.code, b.onderwerp) for b in check(pakket).bevindingen if b.severity != "info"}


EVERY = {**MISTAKES, **MORE, **BOARD}


def missed(names):
    """The mistakes that are not told; those of the second table by any finding that the good package has not."""
    good = package()
    left = {}
    for name in names:
        edit, codes = EVERY[name]
        found = told(edit(good))
        if not (codes & {code for code, _ in found} if codes else found):
            left[name] = sorted({code for code, _ in found})
    return left


def test_the_good_package_has_twenty_requests_and_no_finding():
    assert len(package().verzoeken) == 20
    assert told(package()) == set()


def test_there_are_enough_kinds():
    assert len(MISTAKES) >= 100
    assert len(EVERY) == len(MISTAKES) + len(MORE) + len(BOARD) >= 230
    assert all(codes for _, codes in BOARD.values())


@pytest.mark.slow
def test_ninety_nine_of_a_hundred_mistakes_are_told():
    left = missed(EVERY)
    assert len(left) <= len(EVERY) // 100, left


def test_a_sample_of_mistakes_is_told():
    """One in eight, for everyday; `make slow` tries all."""
    assert missed(list(MISTAKES)[3::8]) == {}
    assert missed([*list(MORE)[14::18], "factor of zero", *list(BOARD)[1::6]]) == {}


@pytest.mark.slow
def test_the_folder_is_what_add_makes_of_the_requests():
    assert build() == package(), f"save_package(build(), {FOLDER.name})"
