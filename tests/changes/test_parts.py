"""What a request carries along: put in its place by `apply`, judged by `check`, and named when it is left behind."""

from __future__ import annotations

import csv
from dataclasses import replace
from difflib import ndiff

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bds_tool.base.specs import parse_yaml, set_specs, shipped_specs
from bds_tool.changes import load_package, save_package
from bds_tool.changes.dumping import dump_package
from bds_tool.changes.loading import parse_package
from bds_tool.changes.migrate.check import check
from bds_tool.changes.package import Deel
from bds_tool.changes.parts import placed
from bds_tool.changes.table_parts import part_rows, read_parts
from bds_tool.schema.checking.running import check_specs
from bds_tool.schema.protocols import rules_for

from .werkpakket import CARRIED, NEW, package


@pytest.fixture(scope="module")
def good():
    return package()


@pytest.fixture
def plain():
    yield
    set_specs("")


def changed(before, after):
    return [x for x in ndiff(before.splitlines(), after.splitlines()) if x[0] in "+-"]


def carrying(pakket, jgz, *parts):
    return replace(pakket, verzoeken={**pakket.verzoeken, jgz: replace(pakket.verzoeken[jgz], mee=parts)})


def told(pakket, code):
    return {b.onderwerp[1]: b.severity for b in check(pakket).bevindingen if b.code == code}


# -- apply -------------------------------------------------------------------------------------------------------


def test_a_row_changes_only_its_own_lines(good):
    for jgz, parts in CARRIED.items():
        alone = replace(good, verzoeken={jgz: good.verzoeken[jgz]})
        for name, text in placed(alone).items():
            if name.endswith((".tsv", ".csv")):
                lines = changed((shipped_specs() / name).read_text(encoding="utf-8"), text)
                # A new element has a row in two releases; a row that gets an end is one line out and one in.
                most = 4 * sum(d.soort in {"zib", "helptekst"} for d in parts)
                assert 0 < len(lines) <= most, (name, lines)


def test_a_definition_takes_the_place_of_its_namesake_and_comments_stay(good):
    text = placed(good)["protocollen/vaccinatie.yaml"]
    before = (shipped_specs() / "protocollen" / "vaccinatie.yaml").read_text(encoding="utf-8")
    (rule,) = [r for r in parse_yaml(text)["rules"] if r["id"] == "vaccinatie-contra-indicatie"]
    assert rule["until"] == NEW
    others = [r for r in parse_yaml(text)["rules"] if r != rule]
    assert others == [r for r in parse_yaml(before)["rules"] if r["id"] != "vaccinatie-contra-indicatie"]


def test_apply_writes_what_goes_along_and_the_whole_is_sound(tmp_path, bds, plain):
    """Package → apply → the definitions of the new version, judged as any others: nothing of 4.3.0 is left to follow."""
    folder = save_package(package(), tmp_path / "p") and tmp_path / "p"
    done = bds("change", "apply", folder, "-O", tmp_path / "specs" / "bds" / NEW)
    assert done.code == 0
    assert "protocollen vaccinatie-contra-indicatie" not in done.err
    assert not [x for x in done.err.splitlines() if x.startswith("  zib 200")]
    set_specs(str(tmp_path / "specs"))
    left = [(f.code, f.file, f.message) for f in check_specs("protocollen").findings if f.severity == "fout"]
    assert left == []
    assert "scherm-besproken" in {r.id for r in rules_for(NEW)}
    assert "scherm-besproken" not in {r.id for r in rules_for("4.2.0")}
    assert "vaccinatie-contra-indicatie" not in {r.id for r in rules_for(NEW)}
    shown = bds("--specs", tmp_path / "specs", "spec", "show", "2004", "--bds", NEW).out
    assert "Hoe lang het kind op een dag naar een scherm kijkt." in shown
    assert "geen-tegenhanger" in bds("--specs", tmp_path / "specs", "zib", "show", "2004").out
    assert bds("--specs", tmp_path / "specs", "zib", "check").code == 0


def test_the_same_row_may_be_carried_once_more_without_a_double(good):
    twice = carrying(good, "JGZ-1005", *(CARRIED["JGZ-1005"][:1] * 2))
    rows = list(csv.reader(placed(twice)["zib/bds-zib.sssom.tsv"].splitlines(), delimiter="\t"))
    assert sum(r[0] == "bds:2004" for r in rows) == 2


# -- check -------------------------------------------------------------------------------------------------------


def test_what_stays_behind_is_told_by_the_state_of_the_package(good):
    bare = replace(good, verzoeken={j: replace(v, mee=()) for j, v in good.verzoeken.items()})
    for status, severity in (("concept", "info"), ("ter besluit", "waarschuwing"), ("vastgesteld", "fout")):
        found = told(replace(bare, status=status), "WIJZ983")
        # Every request with a new element or with something that leans on one that leaves; no other.
        assert found == dict.fromkeys(CARRIED, severity)
    assert told(good, "WIJZ983") == told(replace(good, status="ter besluit"), "WIJZ983") == {}


def test_a_reason_is_an_answer_and_nothing_is_not(good):
    seen = Deel(
        "protocol",
        "vaccinatie-contra-indicatie",
        reden="Vervalt met het element; de redactie haalt de regel weg.",
    )
    ready = replace(carrying(good, "JGZ-1019", seen), status="ter besluit")
    assert told(ready, "WIJZ983") == told(ready, "WIJZ984") == {}
    assert "JGZ-1019" in told(carrying(good, "JGZ-1019", replace(seen, reden="")), "WIJZ984")
    assert "JGZ-1019" in told(carrying(good, "JGZ-1019", replace(seen, reden="TODO")), "WIJZ979")


RULE = CARRIED["JGZ-1005"][2]
ZIB = CARRIED["JGZ-1005"][0]


@pytest.mark.parametrize(
    "part",
    [
        replace(
            RULE, inhoud={**RULE.inhoud, "when": {"trigger": [{"element": 1644}]}}
        ),  # leaves in this package
        replace(
            RULE, inhoud={**RULE.inhoud, "expect": [{"element": 9999, "where": "dossier"}]}
        ),  # exists nowhere
        replace(RULE, inhoud={**RULE.inhoud, "severity": "heel erg"}),
        replace(RULE, inhoud={k: v for k, v in RULE.inhoud.items() if k != "title"}),
        replace(RULE, inhoud={**RULE.inhoud, "id": "scherm"}),  # another name than the part
        replace(RULE, bij="bestaat-niet"),
        replace(ZIB, id="2999"),
        replace(ZIB, inhoud={"stand": "geen-tegenhanger"}),  # no such column
        Deel("indicator", "SCREEN", {"id": "SCREEN", "titel": "Schermgebruik"}),
        Deel("codekoppeling", "W0999", {"bds_code": "1", "hl7_code": "01"}),
        Deel("helptekst", "99999", {"definitie": "x", "stand": "voorstel", "bron": "x"}),
    ],
    ids=lambda d: f"{d.soort}-{d.id}",
)
def test_a_part_that_is_not_right_is_told_at_its_request(good, part):
    assert told(carrying(good, "JGZ-1005", part), "WIJZ984") == {"JGZ-1005": "fout"}


# -- there and back ----------------------------------------------------------------------------------------------

_LEAF = st.one_of(
    st.text("ab 1.:-#'\"[]{}\n~", max_size=8),
    st.integers(-99, 99),
    st.booleans(),
    st.sampled_from(["true", "null", "08", "[]"]),
)
_NODE = st.recursive(
    _LEAF,
    lambda x: st.lists(x, max_size=3) | st.dictionaries(st.sampled_from("abcd"), x, max_size=3),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from("abcd"), _NODE, min_size=1, max_size=3))
def test_a_sheet_gives_back_what_was_written(content):
    pakket = replace(package(), verzoeken={})
    one = replace(package().verzoeken["JGZ-1005"], mee=(Deel("protocol", "x", content, "omdat", "giz"),))
    assert read_parts(part_rows(replace(pakket, verzoeken={"JGZ-1005": one}))) == {"JGZ-1005": one.mee}


def test_files_and_text_keep_the_parts(tmp_path, good):
    save_package(good, tmp_path / "p")
    assert load_package(tmp_path / "p") == parse_package(dump_package(good)) == good


def test_the_page_and_the_notes_name_what_goes_along(tmp_path, bds, good):
    save_package(good, tmp_path / "p")
    assert bds("change", "requests", tmp_path / "p", "--page", tmp_path / "p.html").code == 0
    page = (tmp_path / "p.html").read_text(encoding="utf-8")
    assert "gaat mee · protocol scherm-besproken" in page
    for lang, title in (("nl", "Gaat mee met het pakket"), ("en", "Carried along by the package")):
        notes = bds("--lang", lang, "change", "notes", tmp_path / "p").out
        assert title in notes
        assert notes.count("- protocol scherm-besproken (JGZ-1005)") == 1


# -- add ---------------------------------------------------------------------------------------------------------


def test_add_says_what_must_follow_and_prepares_it(tmp_path, bds):
    """235 (length) is named by protocols, indicators and rules."""
    folder = tmp_path / "concept"
    assert bds("change", "new", "4.2.0", "4.3.0", "-o", folder).code == 0
    given = ("change", "add", folder, "element-vervallen", "235", "--jgz", "JGZ-901", "--cause", "x")
    asked = bds(*given)
    assert asked.code == 0
    assert "moet volgen bij JGZ-901" in asked.err
    assert load_package(folder).verzoeken["JGZ-901"].mee == ()
    again = bds(*given[:-4], "--jgz", "JGZ-901", "--parts")
    parts = load_package(folder).verzoeken["JGZ-901"].mee
    names = {f"{d.soort} {d.id}" for d in parts}
    assert {"protocol groei-hoofdomtrek", "indicator OW", "regel BDS501", "zib 235"} <= names, again.err
    # Empty ones are asked for by check, one by one, and one with a reason is not.
    assert told(load_package(folder), "WIJZ984") == {"JGZ-901": "fout"}
    filled = carrying(
        load_package(folder), "JGZ-901", *(replace(d, reden="Bekeken: blijft zo.") for d in parts)
    )
    assert told(filled, "WIJZ984") == {}
    left = [b.parameters["deel"] for b in check(filled).bevindingen if b.code == "WIJZ983"]
    assert all(x.startswith("james ") for x in left), "what the formats name follows with the format"
