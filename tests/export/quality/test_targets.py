"""Targets and accepted deviations of `bds quality`: held beside rates that were planted, and never reached unseen."""

from __future__ import annotations

import csv
import json

import openpyxl
import pytest
from lxml import html

HEADS = ["dossier_id", "activiteit_id", "datum", "bdsnummer", "waarde"]
#: Discipline → wrong answers to 496 of 40 children: by hand 5 % and 30 %, and 17.5 % of all.
WRONG = {"01": 2, "02": 12}


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    with (tmp_path / "mei.csv").open("w", encoding="utf-8", newline="") as stream:
        out = csv.writer(stream)
        out.writerow(HEADS)
        for who, wrong in WRONG.items():
            for child in range(40):
                key = f"K{who}{child}"
                out.writerow([key, "", "", 20, "2024-01-10"])
                out.writerow([key, key, "2024-03-01", 1599, who])
                out.writerow([key, key, "2024-03-01", 496, "77" if child < wrong else "01"])
    return tmp_path


def told(bds, place, toml, *more):
    (place / "bds.toml").write_text(toml, encoding="utf-8")
    done = bds(
        "quality",
        "mei.csv",
        "--by",
        "discipline",
        "--format",
        "json",
        "--reference-date",
        "2026-01-01",
        *more,
    )
    rows = json.loads(done.out)["targets"]
    return done, {(r["unit"] or "alles")[:5].strip(): r for r in rows}


def target(**facts):
    lines = [f"{k} = {json.dumps(v)}" if k != "until" else f"{k} = {v}" for k, v in facts.items()]
    return "[[quality.target]]\n" + "\n".join(lines) + "\n"


def test_a_target_is_held_beside_the_whole_and_each_unit(bds, place):
    done, found = told(bds, place, target(rule="BDS203", element=496, share=0.10))
    assert {u: (round(r["value"], 4), r["status"]) for u, r in found.items()} == {
        "alles": (0.175, "not_reached"), unit(found, "01"): (0.05, "reached"), unit(found, "02"): (0.3, "not_reached"),
    }  # fmt: skip
    assert done.code == 1
    assert told(bds, place, target(rule="waarde-niet-in-lijst", element=496, share=0.30))[0].code == 0
    # The edge itself is reached: 12 of 40 is 0.3, and 0.175 is 14 of 80.
    assert told(bds, place, target(element=496, share=0.175))[1]["alles"]["status"] == "reached"


def unit(found, code):
    return next(u for u in found if u.startswith(code))


def test_an_accepted_deviation_counts_in_its_unit_until_its_day(bds, place):
    name = next(r["unit"] for r in told(bds, place, target(rule="BDS203", element=496, share=0.2))[1].values() if (r["unit"] or "").startswith("02"))  # fmt: skip
    general = target(rule="BDS203", element=496, share=0.2)
    for until, status, expired, code in (
        ("2026-01-01", "reached", False, 0),
        ("2025-12-31", "not_reached", True, 1),
    ):
        own = target(rule="BDS203", element=496, share=0.35, unit=name, reason="nieuw formulier", until=until)
        done, found = told(bds, place, general + own)
        row = found[unit(found, "02")]
        assert (row["status"], row["acceptance_expired"], row["accepted_because"]) == (
            status,
            expired,
            "nieuw formulier",
        )
        assert row["limit"] == (0.2 if expired else 0.35)
        assert done.code == code


@pytest.mark.parametrize(
    "facts",
    [
        {"element": 235, "share": 0.5},  # delivered nowhere
        {"rule": "BDS801", "share": 0.5},  # a rule of messages, not judged on a table
        {"rule": "BDS203", "element": 496, "share": 0.5, "unit": "99 niemand", "reason": "r"},  # a unit that is not there
    ],
)  # fmt: skip
def test_what_was_not_seen_is_not_reached(bds, place, facts):
    done, found = told(bds, place, target(**facts))
    assert {(r["status"], r["value"]) for r in found.values()} == {("unknown", None)}
    assert done.code == 0


def test_a_small_unit_has_no_outcome_of_its_own(bds, place):
    """Units of 40 under `--small 50` go together, and so do their targets: nothing is told of fewer."""
    _, found = told(bds, place, target(rule="BDS203", element=496, share=0.10), "--small", "50")
    assert {u: round(r["value"], 4) for u, r in found.items()} == {"alles": 0.175, "overi": 0.175}


@pytest.mark.parametrize(
    "facts",
    [
        {"share": 0.1}, {"rule": "BDS203"}, {"rule": "BDS203", "share": 2}, {"score": 50, "element": 19}, {"score": 101},
        {"score": 1, "unit": "a"}, {"score": 1, "until": "2026-01-01"}, {"rule": "BDS999x", "share": 0.1},
        {"score": 1, "share": 0.1, "element": 3},
    ],
)  # fmt: skip
def test_a_target_that_says_nothing_is_wrong_use(bds, place, facts):
    (place / "bds.toml").write_text(target(**facts), encoding="utf-8")
    done = bds("quality", "mei.csv")
    assert done.code == 2
    assert done.out == ""


def test_targets_stand_in_every_output(bds, place):
    (place / "bds.toml").write_text(target(rule="BDS203", element=496, share=0.1), encoding="utf-8")
    text = bds("quality", "mei.csv")
    assert text.code == 1
    assert "niet gehaald" in text.out
    assert "17,5 %" in text.out
    assert bds("quality", "mei.csv", "--format", "html", "-o", "k.html").code == 1
    section = html.parse(str(place / "k.html")).xpath("//section[@aria-labelledby='h-doel']")[0]
    assert "niet gehaald" in section.text_content()
    assert bds("quality", "mei.csv", "--format", "xlsx", "-o", "k.xlsx").code == 1
    rows = list(openpyxl.load_workbook(place / "k.xlsx")["Doelen"].iter_rows(values_only=True))
    assert rows[1][:5] == ("alles", "BDS203 · 496, hoogstens", "10,0 %", "17,5 %", "niet gehaald")
