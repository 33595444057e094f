"""`bds compare` of a message and the same message with one fault: exactly what the fault changed, counted here once more."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from bds_tool import formats
from bds_tool.base.errors import UserError
from bds_tool.export.comparing.pairing import DIFFERS, LEFT, RIGHT, SAME
from bds_tool.export.comparing.running import run

_NUMBER = re.compile(r"[+-]?\d*\.?\d+")


def said(store) -> tuple[Counter, int]:
    """What a message says, row by row: contact (by its order), number, value, unit, nullFlavor, system, text without value."""
    rows = store.registraties().collect()
    acts: dict[str | None, int] = {None: 0}
    found: Counter = Counter()
    columns = ("activiteit_id", "bdsnummer", "waarde", "eenheid", "nullflavor", "codesysteem", "tekst")
    for act, number, value, unit, null, system, text in rows.select(columns).iter_rows():
        nr = acts.setdefault(act, len(acts))
        number_said = value is not None and unit is not None and _NUMBER.fullmatch(value)
        plain = str(Decimal(value).normalize()) if number_said else value
        alone = value is None
        found[nr, number, plain, unit, null if alone else None, system, text if alone else None] += 1
    return found, rows.height


def recounted(left: Counter, right: Counter) -> Counter:
    """(element, class) → how many, from what is on one side only: within a contact an element that is on both differs."""
    mine, theirs = ({}, {})
    for side, other, into in ((left, right, mine), (right, left, theirs)):
        for key, n in (side - other).items():
            into[key[:2]] = into.get(key[:2], 0) + n
    found: Counter = Counter()
    for place in mine.keys() | theirs.keys():
        a, b = mine.get(place, 0), theirs.get(place, 0)
        found[place[1], DIFFERS] += min(a, b)
        found[place[1], LEFT] += a - min(a, b)
        found[place[1], RIGHT] += b - min(a, b)
    return +found


def told(base: Path, mutant: Path) -> tuple[Counter, Counter] | None:
    """What compare tells and what is counted here; None where the mutant cannot be read."""
    try:
        with formats.read([base]) as a, formats.read([mutant]) as b:
            left, _ = said(a)
            right, n = said(b)
            if not n:
                return None
            rows = run(a, b).rows
    except UserError:
        return None
    pairs = rows.filter(rows["class"] != SAME).select("element", "class").iter_rows()
    return Counter(pairs), recounted(left, right)


def wrong(pairs) -> dict[str, object]:
    found = {}
    for base, mutant in pairs:
        if (both := told(base, mutant)) is not None and both[0] != both[1]:
            found[f"{mutant.parent.name}/{mutant.name}"] = both
    return found


def test_a_fault_is_told_and_nothing_else(shared):
    """One message with one fault each, named after the fault; the names say what must be told."""
    folder = shared / "real" / "oracle" / "mutanten"
    base = folder / "r019__unchanged.xml"
    mutants = sorted(folder.glob("*.xml"))
    assert len(mutants) >= 25
    assert wrong((base, m) for m in mutants) == {}
    # By hand, from the names and the lines of the base.
    for name, wanted in {
        "unchanged": {}, "cvdisplay": {}, "notemplate": {}, "birth": {(20, DIFFERS): 1}, "bl": {(753, DIFFERS): 1},
        "bsn_11": {(7, DIFFERS): 1}, "gender": {(19, DIFFERS): 1}, "postal": {(16, DIFFERS): 1}, "dup": {(1605, RIGHT): 1},
        "cvcode": {(1605, DIFFERS): 1}, "cvsystem": {(1605, DIFFERS): 1}, "pqval": {(149, DIFFERS): 1},
        "obscode": {(1605, LEFT): 1, (1, RIGHT): 1}, "noaddr": {(n, LEFT): 1 for n in (8, 10, 11, 12, 16, 630)},
    }.items():  # fmt: skip
        found = told(base, folder / f"r019__{name}.xml")
        assert found is not None
        assert found[0] == Counter(wanted), name


@pytest.mark.slow
def test_every_mutant_differs_by_its_fault(shared, tmp_path):
    """All mutants of the message standard."""
    script = shared / "dob_model" / "mutants" / "make.py"
    subprocess.run([sys.executable, script, tmp_path], check=True, capture_output=True)
    import csv

    with (shared / "dob_model" / "mutants" / "verdicts.csv").open(encoding="utf-8", newline="") as stream:
        rows = [r for r in csv.DictReader(stream) if r["kind"] != "base"]
    pairs = [
        (
            tmp_path / r["version"] / "base" / f"{r['base']}.xml",
            tmp_path / r["version"] / f"{r['mutant']}.xml",
        )
        for r in rows
    ]
    assert len(pairs) > 800
    assert wrong(pairs) == {}
