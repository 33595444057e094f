"""Ten ways to break the definitions, each found with the right code at the right place; and the shipped ones are sound."""

import shutil
from pathlib import Path

import pytest
import yaml

from bds_tool.base.specs import set_specs, specs_dir
from bds_tool.schema import loading
from bds_tool.schema.checking.running import check_specs


@pytest.fixture
def specs(tmp_path):
    """A copy of the definitions that a test may break; the caches of the loader do not outlive it."""
    copy = tmp_path / "specs"
    copy.mkdir()
    for part in ("bds", "_schemas", "regels", "james", "protocollen"):
        if (specs_dir() / part).is_dir():
            shutil.copytree(specs_dir() / part, copy / part)
    set_specs(str(copy))
    yield copy
    set_specs("")
    loading._load.cache_clear()
    loading._load_element.cache_clear()


def replace(path: Path, old: str, new: str) -> int:
    """Replace the one line that starts with `old`'s text; returns its number."""
    lines = path.read_text(encoding="utf-8").split("\n")
    hits = [n for n, line in enumerate(lines) if line.startswith(old)]
    assert len(hits) == 1, f"{len(hits)} lines start with {old}"
    lines[hits[0]] = new
    path.write_text("\n".join(lines), encoding="utf-8")
    return hits[0] + 1


def cells(path: Path, start: str, **changes: str) -> int:
    """Change cells of the one row that starts with `start`."""
    import csv
    import io

    lines = path.read_text(encoding="utf-8").split("\n")
    header = next(csv.reader([lines[0]]))
    (place,) = (n for n, line in enumerate(lines) if line.startswith(start))
    row = dict(zip(header, next(csv.reader([lines[place]])), strict=True)) | changes
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow(row.values())
    lines[place] = buffer.getvalue()
    path.write_text("\n".join(lines), encoding="utf-8")
    return place + 1


def reaches(report, severity):
    return report.checked("bds spec check").at_or_above(severity)


def found(code: str) -> list:
    return [f for f in check_specs().findings if f.code == code]


def only(code: str):
    (finding,) = found(code)
    return finding


def test_shipped_definitions_have_no_error():
    report = check_specs()
    assert [(f.code, f.file, f.message) for f in report.findings if f.severity == "fout"] == []
    assert report.not_judged == ()
    assert not reaches(report, "fout")


def test_01_unreadable_yaml(specs):
    (specs / "protocollen").mkdir(exist_ok=True)
    (specs / "protocollen" / "kapot.yaml").write_text("id: x\nregels:\n  - a: [1, 2\n", encoding="utf-8")
    finding = only("SPEC001")
    assert finding.file == "protocollen/kapot.yaml"
    assert finding.line >= 3


def test_02_unknown_key(specs):
    path = specs / "regels" / "definities.yaml"
    text = path.read_text(encoding="utf-8").replace("    severity: fout\n", "    severiti: fout\n", 1)
    path.write_text(text, encoding="utf-8")
    messages = [f.message for f in found("SPEC003")]
    assert any("onbekende sleutel severiti" in m and "'severity'" in m for m in messages)
    assert any("sleutel 'severity' ontbreekt" in m for m in messages)


def test_03_missing_column(specs):
    path = specs / "bds" / "4.1.3" / "rubrieken.csv"
    path.write_text(
        path.read_text(encoding="utf-8").replace("rubriek,naam", "rubriek,name", 1), encoding="utf-8"
    )
    finding = only("SPEC004")
    assert (finding.file, finding.line) == ("bds/4.1.3/rubrieken.csv", 1)
    assert "ontbreekt: naam" in finding.message
    report = check_specs()
    assert report.not_judged == ("4.1.3",), "a version that cannot be loaded is not judged, never good"
    assert reaches(report, "fout")


def test_04_wrong_cell(specs):
    line = cells(specs / "bds" / "4.1.3" / "elementen.csv", "235,", card_min="nul")
    finding = next(f for f in found("SPEC005"))
    assert (finding.file, finding.line) == ("bds/4.1.3/elementen.csv", line)
    assert "card_min" in finding.message
    assert "'nul' is geen getal" in finding.message


def test_05_number_twice(specs):
    path = specs / "bds" / "4.1.3" / "elementen.csv"
    lines = path.read_text(encoding="utf-8").rstrip("\n").split("\n")
    row = next(line for line in lines if line.startswith("245,"))
    path.write_text("\n".join([*lines, row, ""]), encoding="utf-8")
    finding = only("SPEC006")
    assert finding.line == len(lines) + 1
    assert finding.parameters["sleutel"] == "245"


def test_06_rubriek_that_does_not_exist(specs):
    line = cells(specs / "bds" / "4.1.3" / "elementen.csv", "235,", rubriek="R099")
    finding = only("SPEC008")
    assert (finding.line, finding.parameters["waarde"]) == (line, "R099")


def test_07_coded_element_without_list(specs):
    line = cells(specs / "bds" / "4.1.3" / "elementen.csv", "496,", waardenlijst="")
    finding = only("SPEC104")
    assert finding.line == line
    assert "496 Melkvoeding op dit moment" in finding.message


def test_08_impossible_cardinality(specs):
    line = cells(specs / "bds" / "4.2.0" / "elementen.csv", "245,", card_min="2", card_max="1")
    finding = only("SPEC105")
    assert (finding.file, finding.line) == ("bds/4.2.0/elementen.csv", line)
    assert "2..1" in finding.message


def test_09_two_elements_on_one_path(specs):
    path = specs / "bds" / "4.1.3" / "elementen.csv"
    pad = "ENC/pertinentInformation/rubricCluster[code='R027']/component/observation[code='235']/value"
    line = cells(path, "245,", pad=pad)
    finding = only("SPEC106")
    assert finding.line == line
    assert "235 Lengte" in finding.message


def test_10_number_with_another_meaning(specs):
    line = cells(specs / "bds" / "4.2.0" / "elementen.csv", "235,", naam="Zwemdiploma")
    finding = only("SPEC201")
    assert finding.line == line
    assert "'Lengte'" in finding.message
    assert "'Zwemdiploma'" in finding.message


def test_11_deprecated_value_without_name(specs):
    path = specs / "bds" / "4.1.3" / "waardenlijsten.csv"
    lines = path.read_text(encoding="utf-8").split("\n")
    place = next(n for n, line in enumerate(lines) if ",W0619,HL7," in line and line.endswith(",D,"))
    parts = lines[place].split(",")
    lines[place] = ",".join([*parts[:6], "", *parts[7:]])
    path.write_text("\n".join(lines), encoding="utf-8")
    finding = only("SPEC108")
    assert finding.line == place + 1


def test_12_number_that_disappears(specs):
    path = specs / "bds" / "4.2.0" / "elementen.csv"
    lines = [line for line in path.read_text(encoding="utf-8").split("\n") if not line.startswith("245,")]
    path.write_text("\n".join(lines), encoding="utf-8")
    assert only("SPEC202").parameters["nummer"] == "245"


def test_13_group_and_element_disagree(specs):
    line = cells(specs / "bds" / "4.2.0" / "elementen.csv", "1671,", groep="")
    finding = only("SPEC103")
    assert finding.parameters["groep"] == "G119"
    assert finding.file.endswith("groepen.csv")
    assert line > 0


def test_14_quantity_without_unit_and_range(specs):
    path = specs / "bds" / "4.1.3" / "elementen.csv"
    cells(path, "235,", eenheid="")
    cells(path, "245,", minimum="10", maximum="5")
    report = check_specs()
    # The copy holds the BDS alone: SPEC404 names what else is not there.
    codes = {f.code for f in report.findings if f.severity == "fout"}
    assert codes - {"SPEC404"} == {"SPEC110", "SPEC109"}


@pytest.fixture
def protocol(specs):
    """Writes a small definition that refers to the BDS; its schema is left out on purpose."""
    folder = specs / "verwijzers"
    folder.mkdir()

    def write(**content):
        (folder / "x.yaml").write_text(
            yaml.safe_dump({"id": "x", **content}, sort_keys=False), encoding="utf-8"
        )

    return write


def test_15_reference_to_unknown_element(protocol):
    protocol(since="4.1.3", until="4.2.0", regels=[{"element": 235}, {"element": 99998}])
    finding = only("SPEC301")
    assert (finding.parameters["nummer"], finding.parameters["plaats"]) == ("99998", "x")
    assert finding.line == 6


def test_16_reference_to_element_that_expired(protocol):
    protocol(since="4.2.0", element=510)
    assert only("SPEC302").severity == "waarschuwing"


def test_17_code_outside_the_list_of_the_claimed_version(protocol):
    protocol(since="4.1.3", until="4.2.0", regels=[{"element": 1341, "codes": ["01", "11"]}])
    finding = only("SPEC303")
    # 11 (Cosos) came with 4.2.0.
    assert (finding.parameters["waarde"], finding.parameters["versies"]) == ("11", "4.1.3")


def test_18_version_that_does_not_exist(protocol):
    protocol(since="4.9.9", element=235)
    assert only("SPEC304").parameters["waarde"] == "4.9.9"


def test_19_deprecated_code_asked_for(protocol):
    protocol(since="4.1.3", until="4.2.0", element=494, codes=["02"])
    assert only("SPEC306").parameters["waarde"] == "02"


def test_20_accepted_deviation_that_no_longer_occurs(specs):
    path = specs / "bds" / "afwijkingen.csv"
    with path.open("a", encoding="utf-8") as file:
        file.write("SPEC105,4.1.3,,245,Bestaat niet meer\n")
    (finding,) = (f for f in found("SPEC901") if "SPEC105" in f.message)
    assert finding.severity == "waarschuwing"
    assert finding.line == len(path.read_text(encoding="utf-8").strip().split("\n"))


def test_21_missing_file(specs):
    (specs / "james" / "formaten.csv").unlink()
    assert only("SPEC007").file == "james/datapackage.json"


def test_placeholders_of_messages_are_filled(specs):
    cells(specs / "bds" / "4.1.3" / "elementen.csv", "496,", waardenlijst="W9999", card_min="3", card_max="1")
    for finding in check_specs().findings:
        assert "{" not in finding.message, finding
        assert "{" not in finding.remedy, finding
