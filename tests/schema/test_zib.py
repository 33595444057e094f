"""The zib mapping: complete, consistent, and its defects are found."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter

import pytest

from bds_tool.base.errors import SpecError
from bds_tool.base.specs import set_specs, specs_dir
from bds_tool.schema import load
from bds_tool.schema.zib import KLASSEN, check, dekking, klasse, load_zib, per_rubriek, per_zib
from bds_tool.schema.zib.units import verschuif

MASTER = "zib/bds-zib.sssom.tsv"


@pytest.fixture
def specs(tmp_path):
    """A copy of the definitions that a test may damage."""
    target = tmp_path / "specs"
    shutil.copytree(
        specs_dir(), target, ignore=shutil.ignore_patterns("indicatoren", "referenties", "protocollen")
    )
    yield target
    set_specs("")


def damaged(specs, file, old, new):
    path = specs / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    set_specs(str(specs))
    return Counter(f.code for f in check())


def test_the_shipped_mapping_has_no_defects():
    assert check() == []


@pytest.mark.parametrize("version", ["4.1.3", "4.2.0"])
@pytest.mark.parametrize("release", ["2017", "2020"])
def test_every_element_is_accounted_for(version, release):
    elements = load(version).elementen
    counts = dekking(load_zib(), elements, release)
    assert sum(counts.values()) == len(elements)
    assert counts["onbekend"] == 0


def test_coverage_parts_add_up_to_the_whole():
    kaart, definition = load_zib(), load("4.2.0")
    total = dekking(kaart, definition.elementen, "2020")
    parts = Counter()
    for _, _, counts in per_rubriek(kaart, definition, "2020"):
        parts += counts
    assert parts == total
    mapped = sum(total[k] for k in KLASSEN[:3])
    assert sum(sum(c.values()) for *_, c in per_zib(kaart, definition.elementen, "2020")) == mapped


@pytest.mark.parametrize(
    ("bdsnummer", "expected"),
    [
        (235, "volledig"),  # height: same concept
        (62, "deels"),  # biological parent becomes parent
        (58, "met verlies"),  # present school is not the highest education
        (1078, "geen tegenhanger"),  # no zib for the SDQ
        (161, "buiten bereik"),  # a flag that skin was examined
        (99999, "onbekend"),
    ],
)
def test_class_of_an_element(bdsnummer, expected):
    assert klasse(load_zib(), bdsnummer, "2020") == expected


def test_out_of_scope_and_not_found_are_told_apart():
    statuses = {r.status for r in load_zib().koppelingen if not r.concept}
    assert statuses == {"geen-tegenhanger", "buiten-bereik"}


def test_sensitive_elements_are_marked():
    kaart = load_zib()
    for number in (7, 655, 481, 1325, 1326, 1194, 1195, 739, 770, 1572):
        assert kaart.van(number, "2020").gevoelig, number


def test_no_atc_code_is_shipped():
    """ATC codes could not be verified, so none may be in the map."""
    assert not [c for c in load_zib().lijsten["W0422"] if c.systeem not in {"sct", "v3-NullFlavor", ""}]


def test_check_finds_an_absent_concept(specs):
    assert damaged(specs, MASTER, "nlcm:12.2.2", "nlcm:12.2.99")["ZIB05"] == 1


def test_check_finds_an_illegal_unit(specs):
    path = specs / MASTER
    rows = path.read_text(encoding="utf-8").split("\n")
    at = next(i for i, r in enumerate(rows) if r.startswith("bds:235\t") and "\t2020\t" in r)
    rows[at] = rows[at].replace("\tmm\tcm\t", "\tmm\tmm\t")
    path.write_text("\n".join(rows), encoding="utf-8")
    set_specs(str(specs))
    assert [f.code for f in check()] == ["ZIB08"]


def test_check_finds_a_wrong_direction(specs):
    path = specs / MASTER
    rows = path.read_text(encoding="utf-8").split("\n")
    at = next(i for i, r in enumerate(rows) if r.startswith("bds:62\t") and "\t2020\t" in r)
    rows[at] = rows[at].replace("skos:broadMatch", "skos:exactMatch").replace("\tdeels\t", "\tgemapt\t")
    path.write_text("\n".join(rows), encoding="utf-8")
    set_specs(str(specs))
    assert [f.code for f in check()] == ["ZIB09"]


def test_check_finds_a_code_without_row(specs):
    path = specs / "zib/waardenlijsten/W0253.tsv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:-1]), encoding="utf-8")
    set_specs(str(specs))
    assert [f.code for f in check()] == ["ZIB11"]


def test_check_finds_an_element_without_row(specs):
    path = specs / MASTER
    rows = path.read_text(encoding="utf-8").split("\n")
    path.write_text(
        "\n".join(r for r in rows if not (r.startswith("bds:879\t") and "\t2020\t" in r)), encoding="utf-8"
    )
    set_specs(str(specs))
    assert [(f.code, f.subject) for f in check()] == [("ZIB02", "element 879")]


def test_check_finds_a_form_that_does_not_exist(specs):
    path = specs / MASTER
    path.write_text(
        path.read_text(encoding="utf-8").replace("\tlengte\tpositie\t", "\tlengte\thouding\t"),
        encoding="utf-8",
    )
    set_specs(str(specs))
    assert [f.code for f in check()] == ["ZIB14"]


def test_check_finds_a_wrong_field_in_the_forms(specs):
    path = specs / "zib/fhir/vormen.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("moment: geen", "moment: nooit"), encoding="utf-8"
    )
    set_specs(str(specs))
    assert [f.code for f in check()] == ["ZIB01"]


def test_a_broken_row_names_file_and_line(specs):
    path = specs / MASTER
    path.write_text(path.read_text(encoding="utf-8").replace("bds:1\t", "bds:een\t", 1), encoding="utf-8")
    set_specs(str(specs))
    with pytest.raises(SpecError) as error:
        load_zib()
    assert "bds-zib.sssom.tsv" in error.value.message


def test_concept_facts_equal_the_published_ones(shared):
    """Id, name, unit and code of every concept we hold, against the zib facts."""
    with (shared / "zib/zibs.csv").open(encoding="utf-8", newline="") as file:
        facts = {(r["release"], r["concept_id"]): r for r in csv.DictReader(file) if r["concept_id"]}
    for key, concept in load_zib().concepten.items():
        fact = facts[key]
        assert (concept.naam, concept.eenheid, concept.code) == (
            fact["concept_name_nl"],
            fact["unit"],
            fact["code"],
        )


def test_target_codes_occur_in_a_published_value_set(shared):
    """SNOMED and zib codes in the code maps must be in a zib value set, unless the row names another source."""
    with (shared / "zib/zib_valuesets.csv").open(encoding="utf-8", newline="") as file:
        published = {r["code"] for r in csv.DictReader(file)}
    for name, codes in load_zib().lijsten.items():
        for c in codes:
            if c.systeem == "sct" and c.bewijs.startswith("zib-waardenlijst"):
                assert set(c.code.split("+")) <= published, (name, c.bds)


@pytest.mark.parametrize(
    ("number", "power", "expected"),
    [
        ("1530", -1, "153"),
        ("1535", -1, "153.5"),
        ("5", -1, "0.5"),
        ("0", -1, "0"),
        ("-12", -1, "-1.2"),
        ("38.5", 1, "385"),
        ("3.45", 3, "3450"),
        ("0.05", 1, "0.5"),
    ],
)
def test_units_shift_exactly(number, power, expected):
    assert verschuif(number, power) == expected


# ---- command line --------------------------------------------------------------------------------------------


def test_show_an_element(bds):
    result = bds("zib", "show", "236")
    assert result.code == 0
    assert "Lichaamslengte.Positie (NL-CM:12.2.5)" in result.out
    assert "102538003" in result.out


def test_show_a_zib_and_its_elements(bds):
    result = bds("zib", "show", "Lichaamslengte")
    assert result.code == 0
    assert "235 Lengte" in result.out


def test_show_what_is_not_there(bds):
    assert bds("zib", "show", "Onzin").code == 2
    assert bds("zib", "show", "9999").code == 2


def test_search(bds):
    result = bds("zib", "search", "hoofdomtrek", "--format", "json")
    assert 252 in {r["bdsnummer"] for r in json.loads(result.out)}


@pytest.mark.parametrize("by", ["rubriek", "zib", "totaal"])
def test_coverage_command(bds, by):
    result = bds("zib", "coverage", "--bds", "4.2.0", "--by", by, "--format", "json")
    assert result.code == 0
    rows = json.loads(result.out)
    if by != "zib":
        assert rows[-1]["elementen"] == len(load("4.2.0").elementen)


def test_check_command(bds):
    result = bds("zib", "check")
    assert result.code == 0
    assert "0 fouten, 0 waarschuwingen" in result.out


def test_unknown_release_is_refused(bds):
    assert bds("zib", "show", "235", "--zib", "2019").code == 2


def test_coverage_of_a_store_counts_elements_and_values(bds, tmp_path):
    from bds_tool.store import StoreWriter
    from bds_tool.store.columns import REGISTRATIES

    base = dict.fromkeys(REGISTRATIES) | {"dossier_id": "k", "bron": 1, "regel": 1}
    rows = [base | {"bdsnummer": n, "waarde": "1"} for n in (235, 235, 235, 1078, 161)]
    with StoreWriter(tmp_path / "s.bds") as writer:
        writer.add_bron(bron=1, pad="x", formaat="james-3.0", sha256="0" * 64, bytes=1, rijen=5)
        writer.add_rows([tuple(r[c] for c in REGISTRATIES) for r in rows])
    result = bds("zib", "coverage", tmp_path / "s.bds", "--by", "totaal", "--format", "json")
    elements, values = json.loads(result.out)
    assert (
        elements["elementen"],
        elements["volledig"],
        elements["geen tegenhanger"],
        elements["buiten bereik"],
    ) == (3, 1, 1, 1)
    assert (values["elementen"], values["volledig"]) == (5, 3)
