"""`bds qualify` on the public qualification messages: templates filled in are met whole, each omission is told alone."""

from __future__ import annotations

import csv
import json
import re
from datetime import date, timedelta

import polars as pl
import pytest
from lxml import etree

from bds_tool import formats
from bds_tool.export.comparing.meaning import with_meaning
from bds_tool.export.qualifying.deriving import derive
from bds_tool.export.qualifying.judging import MET, judge
from bds_tool.export.qualifying.scenario import Period, scenario

#: Scenario → the public message it was made of, and the age until which.
SOURCES = {
    "ontvangen-minimaal": ("4.1.3-qual/DOB-4.0.0-KWAL_ontvangen_DOBv3_mini_hl7.xml", None),
    "ontvangen-0-13": ("4.2.0-qual/DOB-4.0.0-KWAL_ontvangen_hl7.xml", None),
    "ontvangen-0-3": ("4.2.0-qual/DOB-4.0.0-KWAL_ontvangen_hl7.xml", 3),
    "ontvangen-0-13-bds413": ("4.1.3/DOB-v3.1.0-test-ontvangen-XXX_Hollander_hl7.xml", None),
    "versturen-0-13": ("4.1.3/DOB-v3.1.0-test-versturen-XXX_Paridon_hl7.xml", None),
    "versturen-0-3": ("4.1.3/DOB-v3.1.0-test-versturen-XXX_Paridon_hl7.xml", 3),
    "versturen-1-15-bds327": ("3.2.7/DOB-3.0.0-qual-versturen-XXX_Kallasingh-hl7-template-bds327.xml", None),
}
#: Templates, and the same message as its publisher filled it in.
FILLED = {
    "ontvangen-minimaal": "4.1.3/DOB-4.0.0-KWAL_ontvangen_DOBv3_mini_hl7.xml",
    "ontvangen-0-13": "4.2.0/DOB-4.0.0-KWAL_ontvangen_hl7.xml",
    "ontvangen-0-3": "4.2.0/DOB-4.0.0-KWAL_ontvangen_hl7.xml",
}


@pytest.fixture(scope="module")
def read(shared, tmp_path_factory):
    """Message → its registraties with their meaning; each is read once."""
    from bds_tool.cli.main import run

    folder, known = tmp_path_factory.mktemp("berichten"), {}

    def rows(path: str, version: str) -> pl.DataFrame:
        if path not in known:
            target = folder / f"{len(known)}.bds"
            assert (
                run(["convert", str(shared / "real" / "dob" / path), str(target), "--to", "store", "-q"]) == 0
            )
            known[path] = pl.read_parquet(target / "registraties.parquet")
        return with_meaning(known[path], version)

    return rows


@pytest.mark.parametrize("name", SOURCES)
def test_a_scenario_is_what_its_source_holds(read, name):
    shipped = scenario(name)
    path, until = SOURCES[name]
    made, left = derive(read(path, shipped.version), shipped.version)
    if until is not None:
        made = made.until(Period(12 * until, 0))
    assert left == 0
    assert (made.items, made.moments, made.version) == (shipped.items, shipped.moments, shipped.version)
    assert path.rpartition("/")[2] in shipped.source


def added(day: date, sign: int, text: str) -> date:
    """A day plus an xs:duration, reckoned here and not by the program."""
    years, months, days = (
        int(n or 0) for n in re.fullmatch(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?", text).groups()
    )
    month = day.year * 12 + day.month - 1 + sign * (12 * years + months)
    return date(month // 12, month % 12 + 1, day.day) + timedelta(days=sign * days)


def filled(text: str, now: date) -> str:
    """A template with its variables filled in, as a simulator does on that day."""

    def formula(found: re.Match[str]) -> str:
        day = now
        for sign, amount in re.findall(r"([+-]) xs:\w+Duration\('(P\w+)'\)", found[0]):
            day = added(day, 1 if sign == "+" else -1, amount)
        return day.strftime("%Y%m%d")

    text = re.sub(r"\{format-dateTime\(.*?\[D01\]'\)\}", formula, text)
    text = text.replace("{current-dateTime()}", now.strftime("%Y%m%d120000"))
    names = {"messageIdRoot": "2.16.528.1.1007.3.3.12345678.1", "organizationId": "00001111"}
    return re.sub(r"\{\$(\w+)\}", lambda m: names.get(m[1], "1234567"), text)


@pytest.mark.parametrize("name", FILLED)
@pytest.mark.parametrize("now", [date(2026, 3, 14), date(2024, 12, 28), None], ids=str)
def test_a_template_filled_in_is_met_whole(bds, shared, tmp_path, name, now):
    """None: as the publisher filled it in."""
    dob = shared / "real" / "dob"
    message = dob / FILLED[name]
    if now is not None:
        message = tmp_path / "gevuld.xml"
        message.write_text(filled((dob / SOURCES[name][0]).read_text("utf-8"), now), encoding="utf-8")
        assert "{" not in message.read_text("utf-8")
    # The template of 0-13 has a child of 11 with a contact at 13: it can be without errors only two years later.
    told = bds("qualify", name, message, "--format", "json", "--reference-date", "2029-01-01")
    facts = json.loads(told.out)
    assert facts["summary"]["percent"] == 100.0
    assert facts["summary"]["errors"] == 0
    assert told.code == 0


def test_a_template_that_was_not_filled_in_does_not_pass(bds, shared):
    told = bds("qualify", "ontvangen-minimaal", shared / "real" / "dob" / SOURCES["ontvangen-minimaal"][0])
    assert told.code == 1
    assert "fouten" in told.err


def test_another_version_does_not_pass(bds, shared):
    told = bds(
        "qualify", "versturen-0-13", shared / "real" / "dob" / FILLED["ontvangen-0-13"], "--format", "json"
    )
    assert told.code == 1
    assert json.loads(told.out)["bds"] == "4.2.0"
    assert "is voor BDS 4.1.3" in told.err


def omissions(read, name: str, step: int) -> list[object]:
    """For each registratie of the source taken out: what is told when that is not exactly its item."""
    asked = scenario(name)
    rows = read(FILLED.get(name, SOURCES[name][0]), asked.version).with_row_index("at")
    assert judge(asked, rows).percent == 100
    wrong: list[object] = []
    moments = _placed(asked, rows)
    for at, number, act in rows.select("at", "bdsnummer", "activiteit_id").iter_rows():
        if number is None or at % step or (act is not None and act not in moments):
            continue
        found = judge(asked, rows.filter(pl.col("at") != at))
        open_ = [(v.status, v.item.element, v.item.moment) for v in found.verdicts if v.status != MET]
        if open_ != [("ontbreekt", number, moments.get(act, ""))]:
            wrong.append((number, act, open_))
    return wrong


def _placed(asked, rows) -> dict[str, str]:
    """Contact of the source → name of its moment: both are in order of age, and one item of each has its own day."""
    days = rows.filter(pl.col("bdsnummer") == 724).sort("waarde")
    return {a: m.id for a, m in zip(days["activiteit_id"], asked.moments, strict=False)}


@pytest.mark.parametrize("name", SOURCES)
def test_an_omission_is_told_alone(read, name):
    assert omissions(read, name, 17) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", SOURCES)
def test_every_omission_is_told_alone(read, name):
    assert omissions(read, name, 1) == []


def without(message: bytes, nr: int) -> tuple[bytes, set[int]] | None:
    """The message without its nth observation, and the element numbers that stood in it; None past the last."""
    tree = etree.fromstring(message)
    space = {"h": "urn:hl7-org:v3"}
    own = "h:code[@codeSystem='2.16.840.1.113883.2.4.4.40.267']"
    found = tree.xpath(f"//h:component[h:observation/{own}]", namespaces=space)
    if nr >= len(found):
        return None
    numbers = {int(c.get("code")) for c in found[nr].xpath(f".//{own}", namespaces=space)}
    found[nr].getparent().remove(found[nr])
    return etree.tostring(tree), numbers


def hung_on(shared, numbers: set[int]) -> set[int]:
    """Elements that have no observation of their own but hang on one of these, by the public facts."""
    with (shared / "bds" / "4.2.0" / "elementen.csv").open(encoding="utf-8", newline="") as stream:
        paths = {int(r["bdsnummer"]): r["xpath"] for r in csv.DictReader(stream)}
    return {n for n, path in paths.items() if any(re.search(rf"\b{number}\b", path) for number in numbers)}


def taken_out(shared, tmp_path, step: int) -> list[object]:
    """Observations of the message itself taken out one by one: the elements told are those, and what hung on them."""
    asked = scenario("ontvangen-0-13")
    message = (shared / "real" / "dob" / FILLED["ontvangen-0-13"]).read_bytes()
    wrong: list[object] = []
    nr = tried = 0
    while (made := without(message, nr)) is not None:
        path = tmp_path / "zonder.xml"
        path.write_bytes(made[0])
        with formats.read([path]) as store:
            found = judge(asked, with_meaning(store.registraties().collect(), asked.version))
        open_ = [v for v in found.verdicts if v.status != MET]
        elements = {v.item.element for v in open_}
        if not made[1] <= elements <= made[1] | hung_on(shared, made[1]) or {v.status for v in open_} != {
            "ontbreekt"
        }:
            wrong.append((made[1], open_))
        nr, tried = nr + step, tried + 1
    assert tried
    return wrong


def test_an_observation_taken_out_of_the_message_is_told(shared, tmp_path):
    assert taken_out(shared, tmp_path, 14) == []


@pytest.mark.slow
def test_every_observation_taken_out_of_the_message_is_told(shared, tmp_path):
    assert taken_out(shared, tmp_path, 1) == []
