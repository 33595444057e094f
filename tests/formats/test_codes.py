"""A message as a table has the codes of the data set, is judged as the message was, and goes back with its own codes."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from itertools import product
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from lxml import etree

from bds_tool.findings.catalogue import load_rules
from bds_tool.formats import read
from bds_tool.formats.codes import bds_code, yes_or_no
from bds_tool.formats.dob.layout import layout
from bds_tool.formats.dob.types import hl7_code, said
from bds_tool.formats.writing import WriteOptions, write
from bds_tool.schema import load, versions
from bds_tool.validate.checks import values
from bds_tool.validate.checks.base import Setting
from bds_tool.validate.engine import Options, validate
from bds_tool.validate.tables import tables

CLEAN = Path(__file__).parents[2] / "sample_data" / "schoon"
TABLES = {"csv": "x.csv", "csv-wide": "x", "parquet": "x.parquet", "ndjson": "x.ndjson", "xlsx": "x.xlsx"}
HEAD = "dossier_id,activiteit_id,datum,bdsnummer,rubriek,groep,volgnr,waarde,codesysteem,tekst\n"


def _legal(version: str) -> pl.DataFrame:
    """bdsnummer, waarde, systeem of every code that a message of this version may have."""
    known = tables(version, "HL7")
    definition = known.definition
    rows = []
    for number, element in definition.elementen.items():
        if yes_or_no(element):
            rows += [(number, word, None) for word in ("true", "false")]
        elif number in layout().words:
            rows += [(number, word, None) for word in layout().words[number].values()]
        elif number in set(known.elements.filter(pl.col("kind") == "code")["bdsnummer"]):
            listed = definition.waardenlijsten[element.waardenlijst, "HL7"]
            rows += [(number, c.code, c.codesysteem) for c in listed.codes if c.rij == "concept" and c.code]
    return pl.DataFrame(
        rows, {"bdsnummer": pl.Int32, "waarde": pl.String, "systeem": pl.String}, orient="row"
    )


def _faults(pairs: pl.DataFrame, version: str, coding: str) -> set[tuple[int, str]]:
    rules = load_rules()
    known = tables(version, coding)
    setting = Setting(known, rules, "dob" if coding == "HL7" else "tabel", dt.date.max)
    seen = values.enrich(pairs.select("bdsnummer", "waarde").unique().lazy(), known).collect()
    wrong = [
        c.fail.fill_null(value=False) for c in values.checks(setting) if rules[c.code].severity == "fout"
    ]
    return set(seen.filter(pl.any_horizontal(wrong)).select("bdsnummer", "waarde").iter_rows())


def _one_is_quick(cases: list[tuple[str, ...]], *quick: tuple[str, ...]) -> list[Any]:
    return [pytest.param(*c, marks=() if c in quick else pytest.mark.slow) for c in cases]


@pytest.mark.parametrize("version", _one_is_quick([(v,) for v in versions()], ("4.1.3",)))
def test_every_code_of_a_message_has_one_in_a_table_and_comes_back(version):
    definition, legal = load(version), _legal(version)
    assert legal.height > 1_500
    right = legal.join(
        pl.DataFrame(
            list(_faults(legal, version, "HL7")), {"bdsnummer": pl.Int32, "waarde": pl.String}, orient="row"
        ),
        on=["bdsnummer", "waarde"],
        how="anti",
    )
    turned = [(*row, bds_code(definition, *row)) for row in right.iter_rows()]
    for number, code, _, new in turned:
        if new is None or new == code:
            continue
        back = said({"bdsnummer": number, "waarde": new}, definition)
        assert hl7_code(definition, number, back["waarde"]) == code, (number, code, new)
    # What the data set has no code for keeps its code system, by which it is judged.
    told = pl.DataFrame(
        [(n, c if new is None else new, s if new is None else None) for n, c, s, new in turned],
        right.schema,
        orient="row",
    )
    wrong = _faults(told.filter(pl.col("systeem").is_null()), version, "BDS")
    assert wrong == set()
    lacking = {n for n, _, _, new in turned if new is None}
    assert lacking <= {362, 731, 1164, 1166, 1396, 1399, 1401, 1405, 1535} | {
        e.bdsnummer
        for e in definition.elementen.values()
        if e.waardenlijst and _partial(version, e.bdsnummer)
    }


def _partial(version: str, number: int) -> bool:
    state = tables(version, "BDS").elements.filter(pl.col("bdsnummer") == number)
    return not state["complete"].any()


def test_codes_that_are_known():
    """Sex and the kind of relation by the JAMES list, yes and no by W0141, address and status by their names."""
    definition = load("4.1.3")
    known = [(19, "F", "2"), (19, "UN", "3"), (62, "NMTH", "02"), (91, "false", "2"), (137, "true", "1")]
    known += [(8, "PHYS", "02"), (610, "MC", "03"), (696, "completed", "02"), (235, "1234", "1234")]
    for number, code, wanted in known:
        assert bds_code(definition, number, code) == wanted
    assert bds_code(definition, 362, "CHILD") is None
    assert bds_code(definition, 19, "F", "2.16.840.1.113883.5.1") == "2"
    assert bds_code(definition, 19, "F", "2.16.840.1.113883.9.9") is None  # F of another list says no sex


def _found(store, version: str) -> Counter[tuple[str, int | None]]:
    totals = validate(store, Options(bds=version)).totals.filter(pl.col("severity") == "fout")
    return Counter({(c, n): k for c, n, k in totals.select("code", "bdsnummer", "n").iter_rows()})


def _codes(path: Path) -> Counter[tuple[str, str | None, str | None]]:
    """Tag, code and code system of all that a message says in codes, and each yes and no."""
    files = [path] if path.is_file() else sorted(path.glob("*.xml"))
    found: Counter[tuple[str, str | None, str | None]] = Counter()
    for file in files:
        for e in etree.parse(file).getroot().iter():
            tag = etree.QName(e).localname
            kept = {k: e.get(k) for k in ("code", "codeSystem", "use", "negationInd", "value", "nullFlavor")}
            if tag != "creationTime" and any(kept.values()):
                found[tag, str(kept), None] += 1
    return found


@pytest.mark.parametrize(
    ("to", "version"),
    _one_is_quick(list(product(TABLES, versions())), ("csv", "3.2.7")),
)
def test_a_message_as_a_table_is_judged_as_the_message_was(tmp_path, version, to):
    messages = read([CLEAN / f"dob-{version}"], tmp_path / "a.bds")
    write(messages, to, tmp_path / TABLES[to], WriteOptions(bds=version))
    table = read([tmp_path / TABLES[to]], tmp_path / "b.bds")
    assert _found(table, version) - _found(messages, version) == Counter()
    rows = table.registraties().select("bdsnummer", "waarde").collect()
    assert set(rows.filter(pl.col("bdsnummer") == 19)["waarde"]) <= {"1", "2"}


@pytest.mark.parametrize("version", _one_is_quick([(v,) for v in versions()], ("4.1.3",)))
def test_and_goes_back_as_the_same_message(tmp_path, version):
    messages = read([CLEAN / f"dob-{version}"], tmp_path / "a.bds")
    write(messages, "dob", tmp_path / "a", WriteOptions(bds=version))
    write(messages, "csv", tmp_path / "x.csv", WriteOptions(bds=version))
    table = read([tmp_path / "x.csv"], tmp_path / "b.bds")
    write(table, "dob", tmp_path / "b", WriteOptions(bds=version))
    assert _codes(tmp_path / "b") == _codes(tmp_path / "a")


def test_a_code_that_says_whose_it_is_is_judged_by_that(tmp_path):
    role = "2.16.840.1.113883.5.111"
    (tmp_path / "x.csv").write_text(
        HEAD
        + f"k1,,,362,R035,G041,1,CHILD,{role},\n"  # of the message, which has it; the data set does not
        + "k2,,,362,R035,G041,1,CHILD,,\n"  # nobody says whose
        + "k3,,,362,R035,G041,1,CHILD,2.16.840.1.113883.5.1,\n"  # of the list of sexes
        + f"k4,,,362,R035,G041,1,KIND,{role},\n"  # that list has no such code
    )
    store = read([tmp_path / "x.csv"], tmp_path / "x.bds")
    found = validate(store, Options(bds="4.1.3")).findings
    told = found.filter(pl.col("code").is_in(["BDS203", "BDS213"])).select("dossier_id", "code")
    assert set(told.iter_rows()) == {("k2", "BDS213"), ("k3", "BDS213"), ("k4", "BDS203")}


def test_no_of_the_data_set_is_no_in_a_message(tmp_path):
    """137 and 629 are 2 (no), 138 is 1 (yes): two negated administrations of three. No incubator is said by its absence."""
    (tmp_path / "x.csv").write_text(
        HEAD
        + "k1,,,20,R003,,,2020-01-02,,\n"
        + "k1,,,137,R016,,,2,,\nk1,,,138,R016,,,1,,\nk1,,,629,R016,,,2,,\nk1,,,144,R016,,,2,,\nk1,,,91,R014,,,2,,\n"
    )
    store = read([tmp_path / "x.csv"], tmp_path / "x.bds")
    done = write(store, "dob", tmp_path / "x.xml", WriteOptions(bds="4.1.3"))
    root = etree.parse(tmp_path / "x.xml").getroot()
    given = root.iterfind(".//{*}substanceAdministrationEvent")
    told = {
        e.find(".//{*}administrableMaterialKind/{*}code").get("code"): e.get("negationInd") for e in given
    }
    assert told == {"137": "true", "138": None, "629": "true"}
    assert root.find(".//{*}incubatorAccommodation") is None
    assert sum(done.left_out.values()) == 1
    assert root.find(".//{*}code[@code='91']/../{*}value").get("value") == "false"
