"""`bds mcp` asked by a client: a hundred questions of which the facts beside the project know the answer, and no data."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import random
import sys
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from bds_tool.findings.catalogue import load_catalogue

VERSIONS = ("3.2.7", "4.0.2", "4.1.3", "4.2.0")
#: Told by the server: every file that it opens once it serves.
WATCH = """
import os, sys
def told(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes)):
        with os.fdopen(os.open(os.environ["SEEN"], os.O_APPEND | os.O_WRONLY), "a") as file:
            file.write(os.fsdecode(arguments[0]) + "\\n")
busy = []
def once(event, arguments):
    if not busy:
        busy.append(1)
        try: told(event, arguments)
        finally: busy.pop()
sys.addaudithook(once)
"""


@pytest.fixture(scope="module")
def ask(absent, tmp_path_factory):
    """`ask(questions, folder, seen)`: a server in a folder, asked all; gives (whether it is an error, the text) of each."""
    try:
        from mcp import Client, StdioServerParameters
    except ImportError:
        absent("the package mcp is not installed")
    watch = tmp_path_factory.mktemp("watch")
    (watch / "sitecustomize.py").write_text(WATCH, encoding="utf-8")

    def run(questions, folder, seen):
        seen.touch()

        async def talk():
            server = StdioServerParameters(
                command=sys.executable,
                args=["-m", "bds_tool", "--lang", "nl", "mcp"],
                env=os.environ | {"PYTHONPATH": str(watch), "SEEN": str(seen)},
                cwd=str(folder),
            )
            async with Client(server) as client:
                tools = (await client.list_tools()).tools
                answers = [await client.call_tool(name, given) for name, given in questions]
            return tools, [(a.is_error, a.content[0].text) for a in answers]

        # in a thread of its own: a test with a browser before this one leaves an event loop running in the main one
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, talk()).result()

    return run


def rows(shared, version, name):
    with (shared / "bds" / version / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def questions(shared):
    """A hundred, drawn with a fixed seed: (tool, arguments, what the answer must say, read from the facts)."""
    chance = random.Random(25)
    found = []
    for version in VERSIONS:
        elements = {r["bdsnummer"]: r for r in rows(shared, version, "elementen")}
        for number in chance.sample(sorted(elements), 14):
            fact = elements[number]
            wanted = {"version": version, "naam": fact["naam"], "eenheid": fact["eenheid"], "rubriek": fact["rubriek"],
                      "in_bericht": fact["in_dob"] == "ja", "minimum": fact["min"], "maximum": fact["max"]}  # fmt: skip
            found.append(("look_up", {"key": number, "version": version}, wanted))
        chapters = chance.sample(rows(shared, version, "rubrieken"), 4)
        found += [
            ("look_up", {"key": r["rubriek"], "version": version}, {"version": version, "naam": r["naam"]})
            for r in chapters
        ]
        lists = {}
        for row in rows(shared, version, "waardenlijsten"):
            if row["waardendomein"] and row["set_soort"] == "BDS" and row["soort"] == "concept":
                lists.setdefault(row["waardendomein"], set()).add(row["code"])
        chosen = chance.sample(sorted(lists), 7)
        found += [
            ("look_up", {"key": k, "version": version}, {"version": version, "codes": lists[k]})
            for k in chosen
        ]
    return found


def same(told, wanted):
    card = json.loads(told)
    for key, value in wanted.items():
        if key == "codes":
            assert value <= {v["bds_code"] for v in card["values"]}
        elif key == "rubriek":
            assert card["rubriek"]["nummer"] == value
        elif key in {"minimum", "maximum"}:
            assert card[key] is None if value == "" else Decimal(str(card[key])) == Decimal(value)
        else:
            assert card[key] == value, key


def test_a_hundred_questions_get_the_answer_of_the_facts(ask, shared, tmp_path):
    asked = questions(shared)
    assert len(asked) == 100
    secret = tmp_path / "levering.csv"
    secret.write_text("client,bdsnummer,waarde\nk1,19,KANARIE\n", encoding="utf-8")
    tries = [
        (name, {key: value})
        for value in ("levering.csv", str(secret), "../levering.csv", "file://levering.csv", "--specs=.", "-")
        for name, key in (
            ("look_up", "key"),
            ("rule", "code"),
            ("protocol", "name"),
            ("search", "words"),
            ("rules", "words"),
        )
    ]
    tries += [("look_up", {"key": "235", "version": ".."}), ("changes", {"old": "4.1.3", "new": "../4.2.0"})]
    seen = tmp_path / "seen.txt"
    tools, answers = ask([(name, given) for name, given, _ in asked] + tries, tmp_path, seen)
    for (name, given, wanted), (wrong, told) in zip(asked, answers, strict=False):
        assert not wrong, (name, given, told)
        same(told, wanted)
    # No tool takes a path, and whatever it is given, no file of the folder is opened.
    assert {p for t in tools for p in t.input_schema["properties"]} == {
        "key", "version", "everything", "words", "limit", "old", "new", "request", "code", "name",
    }  # fmt: skip
    assert all(t.annotations.read_only_hint for t in tools)
    assert not any("KANARIE" in told for _, told in answers)
    opened = seen.read_text(encoding="utf-8").splitlines()
    assert any("elementen.csv" in line for line in opened)
    assert [line for line in opened if "levering" in line] == []


def test_rules_changes_and_protocols_are_those_of_the_program(ask, shared, tmp_path):
    asked = [("rule", {"code": "BDS203"}), ("changes", {"old": "4.1.3", "new": "4.2.0", "key": "510"}),
             ("change_requests", {"key": "510"}), ("protocols", {}), ("protocol", {"name": "algemeen"}), ("versions", {}),
             ("rules", {}), ("look_up", {"key": "0"}), ("search", {"words": "lengte"})]  # fmt: skip
    _, answers = ask(asked, tmp_path, tmp_path / "seen.txt")
    told = [text if wrong else json.loads(text) for wrong, text in answers]
    assert told[0]["name"] == "waarde-niet-in-lijst"
    # Element 510 left the message with JGZ-328 (the published conversion and datasets of 4.1.3 and 4.2.0).
    before, after = (
        {r["bdsnummer"]: r["in_dob"] for r in rows(shared, v, "elementen")}["510"] for v in ("4.1.3", "4.2.0")
    )
    assert (before, after) == ("ja", "nee")
    assert told[1]["total"] > 0
    assert {r["verzoek"] for r in told[2]["requests"]} >= {"JGZ-328"}
    assert "algemeen" in {p["id"] for p in told[3]["protocols"]}
    assert told[4]["rules"]
    assert [v["version"] for v in told[5]["versions"]] == list(VERSIONS)
    assert told[6]["total"] == len(load_catalogue().rules)
    assert "komt in geen versie" in told[7]
    assert {"235"} <= {h["number"] for h in told[8]["hits"]}
