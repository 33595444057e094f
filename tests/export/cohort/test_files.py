"""The files of a study: labels and missings survive, syntax runs where it should, the codebook follows DDI and hides few."""

from __future__ import annotations

import csv
import itertools
import json
import re
import subprocess
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bds_tool.export.cohort.codebook import LEAST, _hidden, shown_flow
from bds_tool.export.cohort.missing import HIGHEST, KINDS, LOWEST, SUFFIX
from bds_tool.export.cohort.selecting import Step

from .conftest import definition_of, store_of, study_of
from .test_by_hand import MOMENTS, POPULATION, TWELVE, VARIABLES

#: A title, a label and a code that would break a file that does not write them as text.
NASTY = "Proef 'x' \"y\" <b>&*. `$PATH' %"
EXTRA = [
    {"name": "begin", "element": 1409, "identifying": True},
    {"name": "gemeente", "derived": "gemeente"},
    {"name": "prik", "element": 1409, "label": NASTY},
]


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> tuple:
    """The study of twelve children with a date, a text and an awkward label, and the folder of its files."""
    from bds_tool.export.cohort.writing import write_study

    rows = [*TWELVE, ("anna", 9, "0363", None, 1), ("dirk", 9, "nergens", None, 1)]
    folder = tmp_path_factory.mktemp("bestanden")
    definition = definition_of(
        folder, [*VARIABLES, *EXTRA], moments=MOMENTS, population=POPULATION, title=NASTY
    )
    made = study_of(definition, store_of(folder, rows))
    assert write_study(made, folder / "uit") == []
    return made, folder / "uit"


def expected(made, name):
    """What SPSS must have: the value, or the code of why there is none."""
    codes = {k.key: float(k.code) for k in KINDS}
    pairs = zip(made.frame[name], made.frame[name + SUFFIX], strict=True)
    return [codes[why] if value is None else value for value, why in pairs]


def test_labels_and_missings_survive_spss_and_stata(written):
    import pyreadstat

    made, folder = written
    sav, about = pyreadstat.read_sav(folder / "studie.sav", user_missing=True, output_format="polars")
    dta, stata = pyreadstat.read_dta(
        folder / "studie.dta", user_missing=True, output_format="polars", disable_datetime_conversion=True
    )
    plain, _ = pyreadstat.read_sav(folder / "studie.sav", output_format="polars")
    assert "".join(about.notes).startswith("Dit zijn persoonsgegevens")
    for c in made.columns:
        assert about.column_names_to_labels[c.name] == c.label
        assert stata.column_names_to_labels[c.name] == c.label[:80]
        if c.kind == "text":
            assert sav[c.name].to_list() == [v or "" for v in made.frame[c.name]]
            continue
        if c.kind != "date":  # of a date the reader tells the bounds in days
            assert about.missing_ranges[c.name] == [{"lo": LOWEST, "hi": HIGHEST}]
        assert about.variable_measure[c.name] == c.measure
        for v in c.values:
            assert about.variable_value_labels[c.name][float(v.number)] == v.label
            assert stata.variable_value_labels[c.name][v.number] == v.label
        for m in KINDS:
            assert about.variable_value_labels[c.name][float(m.code)] == m.label
            assert stata.variable_value_labels[c.name][m.letter] == m.label[:80]
        if c.kind == "date":
            known = made.frame[c.name].drop_nulls().to_list()
            assert plain[c.name].drop_nulls().to_list() == known
            continue
        assert sav[c.name].to_list() == pytest.approx(expected(made, c.name))
        # read as people read it, the missings are gone and nothing else is
        assert plain[c.name].drop_nulls().to_list() == pytest.approx(
            made.frame[c.name].drop_nulls().to_list()
        )
        letters = {m.key: m.letter for m in KINDS}
        for got, value, why in zip(dta[c.name], made.frame[c.name], made.frame[c.name + SUFFIX], strict=True):
            assert (got == letters[why]) if value is None else (float(got) == pytest.approx(value))


def test_csv_and_its_description_agree(written):
    made, folder = written
    about = json.loads((folder / "studie.csv-metadata.json").read_text(encoding="utf-8"))
    with (folder / "studie.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = {c["name"]: c for c in about["tableSchema"]["columns"]}
    assert list(columns) == list(rows[0]) == made.frame.columns
    assert "persoonsgegevens" in about["dc:rights"]
    shape = {"integer": r"-?\d+", "number": r"-?\d+(\.\d+)?([eE][+-]?\d+)?", "date": r"\d{4}-\d\d-\d\d"}
    for row in rows:
        for name, text in row.items():
            kind = columns[name]["datatype"]
            if isinstance(kind, dict):
                assert text == "" or text in kind["format"].split("|")
            elif kind in shape and text:
                assert re.fullmatch(shape[kind], text), (name, text)
        for c in made.columns:  # a value or a reason, never both or neither
            assert (row[c.name] == "") != (row[c.name + SUFFIX] == ""), c.name
    parquet = pl.read_parquet(folder / "studie.parquet")
    assert parquet.equals(made.frame)
    assert "persoonsgegevens" in pl.read_parquet_metadata(folder / "studie.parquet")["status"]


def test_the_syntax_runs_in_pspp(written, program):
    """What PSPP makes of the CSV is what the .sav has."""
    import pyreadstat

    pspp = program("pspp", package="apt-get install pspp")
    made, folder = written
    done = subprocess.run([pspp, "-b", "studie.sps"], cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, "error" in (done.stdout + done.stderr).lower()) == (0, False), (
        done.stdout + done.stderr
    )
    got, about = pyreadstat.read_sav(
        folder / "studie_uit_syntax.sav", user_missing=True, output_format="polars"
    )
    own, ours = pyreadstat.read_sav(folder / "studie.sav", user_missing=True, output_format="polars")
    for c in made.columns:
        if c.kind == "text":
            assert [v.strip() for v in got[c.name]] == own[c.name].to_list()
            continue
        assert about.column_names_to_labels[c.name] == ours.column_names_to_labels[c.name]
        assert about.variable_value_labels[c.name] == ours.variable_value_labels[c.name]
        assert about.missing_ranges[c.name] == ours.missing_ranges[c.name]
        assert about.variable_measure[c.name] == c.measure
        if c.kind != "date":
            assert got[c.name].to_list() == pytest.approx(own[c.name].to_list(), abs=1e-9)


def test_the_script_runs_in_r(written, program):
    rscript = program("Rscript", package="apt-get install r-base-core")
    made, folder = written
    ask = 'source("studie.R"); for (n in names(studie)) cat(n, class(studie[[n]])[1], paste(as.character(studie[[n]]), collapse="|"), attr(studie[[n]], "label"), sep="\\t", fill=FALSE, "\\n")'
    done = subprocess.run([rscript, "--vanilla", "-e", ask], cwd=folder, capture_output=True, text=True, check=False, env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"})  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = {line.split("\t")[0]: line.split("\t")[1:] for line in done.stdout.splitlines() if "\t" in line}
    why = {m.key: m.label for m in KINDS}
    for c in made.columns:
        kind, values, label, *_ = said[c.name]
        assert label == " ".join(c.label.split())
        assert (
            kind
            == {
                "code": "factor",
                "number": "numeric",
                "integer": "integer",
                "date": "Date",
                "text": "character",
            }[c.kind]
        )
        labels = {v.number: v.label for v in c.values}
        shown = ["NA" if v is None else labels[v] if c.kind == "code" else v for v in made.frame[c.name]]
        if c.kind in {"number", "integer"}:
            assert [None if v == "NA" else float(v) for v in values.split("|")] == pytest.approx(
                [None if v == "NA" else v for v in shown]
            )
        else:
            assert values.split("|") == [str(v) for v in shown]
        reasons = ["NA" if v is None else why[v] for v in made.frame[c.name + SUFFIX]]
        assert said[c.name + SUFFIX][1].split("|") == reasons


# ---- CODEBOOK ---- #


def structure() -> dict[str, dict[str, str]]:
    """What DDI-Codebook 2.5 (ddialliance.org, codebook.xsd of 2012-01-17) demands of the elements that are written.

    certainty V: read in the schema, element by element. The schema itself is not here: it is published under the LGPL with
    schemas of XHTML and Dublin Core that it needs. `test_ddi_schema.py` (slow) holds file and table against it.
    """
    with (Path(__file__).parent / "ddi_structuur.csv").open(encoding="utf-8", newline="") as file:
        return {r["element"]: r for r in csv.DictReader(file)}


GLOBAL = {
    "ID",
    "{http://www.w3.org/XML/1998/namespace}lang",
    "source",
    "elementVersion",
    "elementVersionDate",
}


def faults(element) -> list[str]:
    """Where an element and what is in it depart from the structure."""
    from lxml import etree

    known = structure()
    name = etree.QName(element).localname
    if name not in known or etree.QName(element).namespace != "ddi:codebook:2_5":
        return [f"unknown {element.tag}"]
    rule, found = known[name], []
    children = [etree.QName(c).localname for c in element]
    order = [re.sub(r"[*+?]$", "", c) for c in rule["children"].split()]
    if rule["kind"] != "text" and (element.text or "").strip():
        found.append(f"text in {name}")
    if unknown := [c for c in children if c not in order]:
        found.append(f"{name} may not hold {unknown}")
    elif rule["kind"] == "choice":
        found += [] if set(children) & set(rule["required"].split("|")) else [f"{name} is empty"]
    else:
        places = [order.index(c) for c in children]
        found += [] if places == sorted(places) else [f"order of {children} in {name}"]
        once = {c for c in rule["children"].split() if c[-1] not in "*+"}
        found += [f"{c} more than once in {name}" for c in once if children.count(c.rstrip("?")) > 1]
        found += [f"{name} lacks {c}" for c in rule["required"].split() if c not in children]
    allowed = {}
    for text in rule["attributes"].split():
        word, _, values = text.partition("=")
        allowed[word.rstrip("!")] = values.split("|") if values else None
        if word.endswith("!") and word[:-1] not in element.attrib:
            found.append(f"{name} lacks attribute {word[:-1]}")
    for key, value in element.attrib.items():
        if key not in allowed and key not in GLOBAL:
            found.append(f"{name} may not have {key}")
        elif allowed.get(key) and value not in allowed[key]:
            found.append(f"{key}={value} in {name}")
    return found + [f for c in element for f in faults(c)]


def test_the_codebook_follows_ddi(written):
    from lxml import etree

    made, folder = written
    root = etree.parse(folder / "codeboek.xml").getroot()
    assert faults(root) == []
    ids = root.xpath("//@ID")
    # ID is xs:ID, `source` one of two words, a date of a version a date: of all elements (attribute group GLOBALS).
    assert all(re.fullmatch(r"[A-Za-z_][\w.-]*", i) for i in ids)
    assert set(root.xpath("//@source")) <= {"archive", "producer"}
    assert all(re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", d) for d in root.xpath("//@elementVersionDate"))
    assert {r["certainty"] for r in structure().values()} == {"V"}
    assert len(ids) == len(set(ids))
    assert set(root.xpath("//@xml:lang")) <= {"nl", "en"}
    assert set(root.xpath("//@files")) <= set(ids)
    assert root.xpath("//*[local-name()='var']/@name") == [c.name for c in made.columns]
    # the judge itself: what is wrong is seen
    for spoil in ("sumStat", "labl", "titlStmt"):
        broken = etree.parse(folder / "codeboek.xml").getroot()
        where = broken.xpath(f"//*[local-name()='{spoil}']")
        if where:
            where[0].getparent().append(where[0]) if spoil != "titlStmt" else where[0].getparent().remove(
                where[0]
            )
            assert faults(broken)


def test_a_codebook_of_few_children_shows_no_number_of_them(written):
    """Twelve children, seven in it: nothing may be counted, in any form of the codebook."""
    from lxml import etree

    made, folder = written
    from bds_tool.export.cohort.codebook import entries

    assert made.frame.height < LEAST
    for e in entries(made):
        assert not e.statistics
        assert [c for c in e.cells if c.n] == []
    root = etree.parse(folder / "codeboek.xml").getroot()
    assert {x.text for x in root.xpath("//*[local-name()='catStat']")} <= {"0"}


@given(st.lists(st.integers(1, 60), max_size=8))
def test_what_is_hidden_cannot_be_taken_apart(numbers):
    """With the total and all that is shown, the rest is of nobody, or of at least LEAST children in two cells or more."""
    counts = {str(k): (n, n) for k, n in enumerate(numbers)}
    hidden = _hidden(counts)
    assert all(counts[k][1] >= LEAST for k in counts if k not in hidden)
    left = sum(counts[k][1] for k in hidden)
    whole = hidden == set(counts)
    assert not hidden or whole or (len(hidden) > 1 and left >= LEAST)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=12))
def test_the_flow_that_is_shown_adds_up_without_small_steps(gone):
    steps, left = [Step("gelezen", 0, 300)], 300
    for n, out in enumerate(gone):
        left -= out
        steps.append(Step(f"s{n}", out, left))
    shown = shown_flow(steps)
    if left < LEAST:
        assert shown == []
        return
    assert shown[-1].remaining == left
    for before, after in itertools.pairwise(shown):
        assert before.remaining - after.left_out == after.remaining
    assert [s for s in shown if 0 < s.left_out < LEAST] == []
    assert shown[0].remaining == 300 or 0 < sum(gone) < LEAST


def test_the_command_writes_only_for_its_owner_and_never_over(bds, make_store, defined, tmp_path):
    store, definition = make_store(TWELVE), defined(VARIABLES, moments=MOMENTS)
    arguments = ("cohort", definition, store, "-o", tmp_path / "uit", "--reference-date", "2026-12-31")
    done = bds(*arguments)
    assert done.code == 0, done.err
    assert "persoonsgegevens" in done.err
    assert (tmp_path / "uit").stat().st_mode & 0o077 == 0
    assert bds(*arguments).code == 2
    assert bds(*arguments, "--force", "--quiet").code == 0


@pytest.mark.parametrize("width", [390, pytest.param(1280, marks=pytest.mark.slow)])
def test_the_codebook_in_a_browser(browser, written, width):
    """Nothing sticks out, no serious fault of accessibility, no error, and it prints."""
    from axe_playwright_python.sync_playwright import Axe

    _, folder = written
    wrong = []
    context = browser.new_context(viewport={"width": width, "height": 900}, bypass_csp=True)
    page = context.new_page()
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    page.goto((folder / "codeboek.html").as_uri())
    found = Axe().run(page, options={"preload": False}).response["violations"]
    serious = [v for v in found if v["impact"] in {"serious", "critical"}]
    assert [(v["id"], v["nodes"][0]["html"]) for v in serious] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.pdf().startswith(b"%PDF")
    context.close()
    assert wrong == []
