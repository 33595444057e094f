"""`bds profile --share` and `bds generate --like`: what leaves the house tells no small cell, and the twin is alike."""

from __future__ import annotations

import csv
import json
import random
from collections import defaultdict
from datetime import date

import pytest

from bds_tool.synthetic.likeness import AGES, twin

CHILDREN, K = 200, 10
#: What may be in no profile: a name in the place of a code, a text, a unit, a reason and a number.
CANARY = "Jansen"


def rows(seed: int = 3) -> list[list[object]]:
    """dossier, activiteit, datum, bdsnummer, waarde, eenheid, nullflavor. Every third answer on 496 is no code."""
    draw, made = random.Random(seed), []
    for i in range(CHILDREN):
        key = f"K{i:03}"
        born = date(2022, 1 + i % 12, 1)
        made += [[key, "", "", 20, born, "", ""], [key, "", "", 7, 100000000 + i, "", ""]]
        for n, years in enumerate((0, 3)):
            act, day = f"{key}-{n}", date(born.year + years, born.month, 20)
            made.append([key, act, day, 235, draw.choice((512, 518, 530, 900)), "mm", ""])
            answer = CANARY + str(i) if i % 3 == 0 else draw.choice(("01", "02"))
            made.append([key, act, day, 496, answer, "", ""])
            made.append(
                [key, act, day, 245, "", "", "UNK"] if i % 4 == 0 else [key, act, day, 245, 5100, "g", ""]
            )
            made.append([key, act, day, 476, f"verslag van {CANARY}", "", ""])
    return made


#: Rows in fewer than K dossiers: codes, a height, a year, a reason, a unit, a text.
SMALL = [
    *[[f"K{i:03}", f"K{i:03}-0", "", 496, "03", "", ""] for i in range(K - 1)],
    *[[f"K{i:03}", f"K{i:03}-1", "", 235, 1230, "mm", ""] for i in range(20, 20 + K - 1)],
    *[[f"K{i:03}", f"K{i:03}-0", "", 245, "", "", "ASKU"] for i in range(50, 53)],
    ["K060", "K060-0", "", 252, 350, "mm", ""], ["K061", "K061-1", "", 252, 350, CANARY, ""],
    ["K062", "K062-0", "", 245, "", "", CANARY], ["K063", "", "", 19, "1", "", ""], ["K064", "", "", 16, CANARY, "", ""],
]  # fmt: skip


def write(path, made) -> None:
    days = {r[1]: r[2] for r in made if r[1] and r[2]}
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(
            ["dossier_id", "activiteit_id", "datum", "bdsnummer", "waarde", "eenheid", "nullflavor"]
        )
        writer.writerows([*r[:2], r[2] or days.get(r[1], ""), *r[3:]] for r in made)


@pytest.fixture
def shared(bds, tmp_path):
    """The profile of some rows, as the command writes it."""

    def make(made, name="a", k=K) -> dict:
        write(tmp_path / f"{name}.csv", made)
        done = bds(
            "profile", tmp_path / f"{name}.csv", "--share", tmp_path / f"{name}.json", "--small", k, "-q"
        )
        assert done.code == 0, done.err
        text = (tmp_path / f"{name}.json").read_text(encoding="utf-8")
        assert CANARY not in text
        return json.loads(text)

    return make


def test_every_cell_is_counted_by_hand_and_none_is_small(shared):
    made = [*rows(), *SMALL]
    profile = shared(made)
    born = {r[0]: r[4] for r in made if r[3] == 20}
    days = {r[1]: r[2] for r in made if r[1] and r[2]}
    who = defaultdict(set)
    for dossier, act, _, element, value, unit, reason in made:
        days_old = (days[act] - born[dossier]).days if act else 0
        age = sum(days_old >= round(limit * 365.25) for limit in AGES) if act else None
        if element == 496:
            cell = ("strange", None, None) if CANARY in str(value) else ("code", value, None)
        elif element == 235:  # two figures
            cell = ("number", f"{int(str(value)[:2]) * 10 ** (len(str(value)) - 2)}.0", unit)
        elif element == 245:
            cell = ("unknown", reason, None) if reason else ("number", "5100.0", unit)
        else:
            continue
        who[(age, element, *cell)].add(dossier)
    wanted = {c: max(len(d) // 10 * 10, 5) for c, d in who.items() if len(d) >= K and CANARY not in str(c)}
    got = {(c["age"], c["element"], c["kind"], c["value"], c["unit"]): c["n"] for c in profile["cells"]}
    assert {c: n for c, n in got.items() if c[1] in {235, 245, 496}} == wanted
    assert 7 not in {c[1] for c in got}
    assert profile["dossiers"] == 200


def test_worlds_that_differ_in_small_cells_give_one_profile_and_one_twin(shared):
    """The attack: whoever knows all but the small cells cannot tell in which world the profile was made."""
    plain = shared(rows(), "a")
    draw = random.Random(1)
    for n in range(4):
        some = [r for r in SMALL if draw.random() < 0.5]
        assert shared([*rows(), *(SMALL if n == 0 else some)], f"w{n}") == plain
    assert list(twin(plain, 50, 1)) == list(twin(json.loads(json.dumps(plain)), 50, 1))
    # The judge itself: one dossier more makes the cell large enough, and that is seen.
    more = [*rows(), *SMALL, [f"K{K + 90:03}", f"K{K + 90:03}-0", "", 496, "03", "", ""]]
    assert shared(more, "meer") != plain
    # k is never below 5, whatever is asked.
    assert min(c["n"] for c in shared(rows(), "laag", 3)["cells"]) >= 5


def test_the_twin_has_the_shares_and_the_faults_of_the_source(bds, shared, tmp_path):
    profile = shared(rows())
    target = tmp_path / "t.csv"
    assert bds("generate", "--like", tmp_path / "a.json", "--children", 400, "--to", "csv", "-o", target, "-q").code == 0  # fmt: skip
    with target.open(encoding="utf-8-sig", newline="") as stream:
        got = list(csv.DictReader(stream))
    at_first = [r for r in got if (r["activiteit_id"] or "").endswith("-0")]
    contacts = len({r["activiteit_id"] for r in at_first})
    for cell in [c for c in profile["cells"] if c["age"] == 0 and c["element"] in {496, 245} and c["kind"] in {"code", "strange", "unknown"}]:  # fmt: skip
        mine = [r for r in at_first if int(r["bdsnummer"]) == cell["element"]]
        word = {"code": cell["value"], "strange": "geen-waarde"}.get(cell["kind"])
        n = sum(r["waarde"] == word if word else r["nullflavor"] == cell["value"] for r in mine)
        share = cell["n"] / next(c["n"] for c in profile["contacts"] if c["age"] == 0)
        # Four standard deviations of a draw of 400; counts of the profile are rounded down.
        assert abs(n / contacts - share) < 4 * (share * (1 - share) / contacts) ** 0.5, cell

    # The fault that was planted at every third answer is told of the twin as of the source.
    def wrong(path):
        done = json.loads(bds("validate", path, "--format", "json", "--fail-on", "never", "-q").out)
        return {f["code"]: f for f in done["rules"]} if "rules" in done else done

    assert "BDS203" in json.dumps(wrong(tmp_path / "a.csv"))
    assert "BDS203" in json.dumps(wrong(target))
    assert CANARY not in target.read_text(encoding="utf-8")


def test_what_is_no_profile_is_refused(bds, shared, tmp_path):
    profile = shared(rows())
    for n, wrong in enumerate(("", "[]", "{}", json.dumps(profile | {"cells": [{"age": 0}]}), json.dumps(profile | {"dossiers": 0}))):  # fmt: skip
        path = tmp_path / f"k{n}.json"
        path.write_text(wrong, encoding="utf-8")
        assert bds("generate", "--like", path, "-o", tmp_path / "uit.bds").code == 3
    assert bds("generate", "--like", tmp_path / "geen.json", "-o", tmp_path / "uit.bds").code == 3
