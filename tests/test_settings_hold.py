"""Every key that `bds.toml` may hold is read, no other one is, and each does what it says on the command line."""

from __future__ import annotations

import ast
import dataclasses
import json
import tomllib
from pathlib import Path

import openpyxl
import pytest

from bds_tool.base import settings as config
from bds_tool.base.table_settings import ColumnSetting, ElementSetting, TableProfile
from bds_tool.store import Store

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = json.loads((ROOT / "specs" / "_schemas" / "config.schema.json").read_text(encoding="utf-8"))

TARGET = "[[quality.target]]\n"
CHILD = {
    "Format": "3.0",
    "organisationCode": 1,
    "reference": "r1",
    "clientDetails": [{"bdsNumber": 19, "value": "1"}, {"bdsNumber": 20, "value": "20181011"}],
    "clientMeasurements": [{"bdsNumber": 235, "values": [{"date": "20191011", "value": 760}]}],
}
TABLE = "nr;datum;mmlen\nk;05-04-2020;900\n"


def leaves(schema: dict, place: str = "") -> set[str]:
    """The keys of a schema that hold a value: `validate.bds`, `accept.rule`, `kolommen.element`, `rules`."""
    schema = schema.get("items", schema)
    inner = schema.get("properties") or (
        schema["additionalProperties"].get("properties")
        if isinstance(schema.get("additionalProperties"), dict)
        else None
    )
    if not inner:
        return {place}
    return {leaf for k, v in inner.items() for leaf in leaves(v, f"{place}.{k}" if place else k)}


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BDS_CONFIG", raising=False)
    monkeypatch.delenv("BDS_LANG", raising=False)
    (tmp_path / ".git").mkdir()
    (tmp_path / "good.json").write_text(json.dumps(CHILD), encoding="utf-8")
    (tmp_path / "x.csv").write_text(TABLE, encoding="utf-8")
    (tmp_path / "cp.csv").write_bytes("nr;datum;235;1333\nk;2020-04-05;900;caf\xe9\n".encode("cp850"))
    (tmp_path / "vendor.csv").write_bytes(VENDOR.encode("windows-1252"))
    (tmp_path / "long.csv").write_text(LONG, encoding="utf-8")
    (tmp_path / "twice.csv").write_text(
        "dossier;datum_1;datum_2;mmlen\nk;2020-04-05;2020-05-06;900\n", encoding="utf-8"
    )
    book = openpyxl.Workbook()
    for name in ("Een", "Twee"):
        sheet = book.active if name == "Een" else book.create_sheet(name)
        sheet.title = name
        sheet.append(["nr", "datum", "mmlen"])
        sheet.append(["k", "2020-04-05", 900 if name == "Een" else 910])
    book.save(tmp_path / "book.xlsx")
    return tmp_path


def registered(bds, place, name="x.csv"):
    """What `bds convert` made of a table, as CSV text."""
    (place / "out.csv").unlink(missing_ok=True)
    done = bds("convert", name, "out.csv")
    assert done.code == 0, done.err
    return (place / "out.csv").read_text(encoding="utf-8-sig")


def verdict(*words):
    return lambda bds, place: bds(*words).out


def output(name="x.csv"):
    return lambda bds, place: registered(bds, place, name)


def written(bds, place):
    """What `bds convert` says that a message lacks, and the name that it wrote."""
    told = bds("convert", "good.json", "out.xml", "--bds", "4.1.3", "--force").err
    return told, "JGZ Proef" in (place / "out.xml").read_text(encoding="utf-8")


VALIDATE = verdict("validate", "good.json")
COLUMNS = '[kolommen]\nnr = "dossier_id"\nmmlen = '
VENDOR = (
    "uitleg\nnr;datum;mmlen;wanneer;lokaal;sekse\n"
    'k;03-04-2020;6.210;05-04-2020;"x";j\nm;03-04-2020;9999;05-04-2020;caf\u00e9;m\n'
)
LONG = "nr;datum;element;waarde\nk;2020-04-05;GEW;6,2\nk;2020-04-05;SEX;j\n"
CODES = "GEW = {element = 245, eenheid = 'kg'}\nSEX = {element = 19"


def seen(name="vendor.csv"):
    """What is registered, in a store, with what is known of the source; or why not."""

    def look(bds, place):
        if bds("convert", name, "out.bds", "--force", "--quiet").code:
            return bds("validate", name, "--format", "json").out
        with Store.open(place / "out.bds") as store:
            facts = store.bronnen().select("organisatie", "bds_herkend", "formaat").rows()
            told = sorted(store.meldingen().select("code", "parameters").collect().rows(), key=str)
            return facts, told, sorted(store.registraties().collect().rows(), key=str)

    return look


def tabel(line, columns="mmlen = 245", rest=""):
    return f"[[tabel]]\nnaam = 'a'\n{line}\n[tabel.kolommen]\nnr = 'dossier_id'\n{columns}\n{rest}"


def column(facts):
    return tabel("", f"mmlen = {{element = 245{facts}}}")


def long(rest):
    return tabel("", "waarde = 'waarde'", "[tabel.elementen]\n" + rest)


#: key of the schema → how its effect is seen, a bds.toml without it, and one with it
CASES = {
    "lang": (VALIDATE, "", "lang = 'en'"),
    "validate.bds": (
        verdict("validate", "good.json", "--format", "json"),
        "",
        "[validate]\nbds = '3.2.7'",
    ),
    "validate.fail-on": (
        lambda bds, place: bds("validate", "good.json").code,
        "",
        "[validate]\nfail-on = 'warning'",
    ),
    "validate.reference-date": (VALIDATE, "", "[validate]\nreference-date = 2019-01-01"),
    "validate.max-findings-per-rule": (
        verdict("validate", "good.json", "--format", "json"),
        "",
        "[validate]\nmax-findings-per-rule = 7",
    ),
    "validate.select": (VALIDATE, "", "[validate]\nselect = ['5xx']"),
    "validate.ignore": (VALIDATE, "", "[validate]\nignore = ['BDS032']"),
    "rules": (VALIDATE, "", "[rules.BDS032]\nseverity = 'error'"),
    "accept.rule": (
        VALIDATE,
        "[[accept]]\nrule = 'BDS031'\nreason = 'x'",
        "[[accept]]\nrule = 'BDS032'\nreason = 'x'",
    ),
    "accept.reason": (
        verdict("validate", "good.json", "--format", "json"),
        "[[accept]]\nrule = 'BDS032'\nreason = 'x'",
        "[[accept]]\nrule = 'BDS032'\nreason = 'omdat'",
    ),
    "accept.element": (
        VALIDATE,
        "[[accept]]\nrule = 'BDS032'\nreason = 'x'",
        "[[accept]]\nrule = 'BDS032'\nreason = 'x'\nelement = 82",
    ),
    "accept.file": (
        VALIDATE,
        "[[accept]]\nrule = 'BDS032'\nreason = 'x'",
        "[[accept]]\nrule = 'BDS032'\nreason = 'x'\nfile = 'other.json'",
    ),
    "accept.until": (
        VALIDATE,
        "[[accept]]\nrule = 'BDS032'\nreason = 'x'",
        "[[accept]]\nrule = 'BDS032'\nreason = 'x'\nuntil = 2020-01-01",
    ),
    "kolommen.element": (output(), COLUMNS + "235", COLUMNS + "{element = 252}"),
    "kolommen.rol": (output(), COLUMNS + "235", COLUMNS + "235\ndatum = {rol = 'overslaan'}"),
    "kolommen.eenheid": (output(), COLUMNS + "235", COLUMNS + "{element = 235, eenheid = 'cm'}"),
    "kolommen.rubriek": (output(), COLUMNS + "235", COLUMNS + "{element = 235, rubriek = 'R027'}"),
    "kolommen.datum": (
        output(),
        COLUMNS + "235",
        COLUMNS + "235\ndatum = {rol = 'datum', datum = 'mdj'}",
    ),
    "kolommen.datumkolom": (
        seen(),
        COLUMNS + "245",
        COLUMNS + "{element = 245, datumkolom = 'wanneer'}\nwanneer = {rol = 'datum', herhaling = 2}",
    ),
    "kolommen.herhaling": (
        seen("twice.csv"),
        "[kolommen]\nmmlen = {element = 245}",
        "[kolommen]\nmmlen = {element = 245, herhaling = 2}",
    ),
    "kolommen.waarden": (
        seen(),
        COLUMNS + "245\nsekse = 19",
        COLUMNS + "245\nsekse = {element = 19, waarden = {j = '1'}}",
    ),
    "kolommen.ontbrekend": (seen(), COLUMNS + "245", COLUMNS + "{element = 245, ontbrekend = ['9999']}"),
    "tabel.naam": (seen(), tabel(""), tabel("").replace("'a'", "'b'")),
    "tabel.bestanden": (seen(), tabel(""), tabel("bestanden = 'ander*.csv'")),
    "tabel.scheidingsteken": (seen(), tabel(""), tabel("scheidingsteken = ','")),
    "tabel.aanhalingsteken": (seen(), tabel(""), tabel("aanhalingsteken = ''")),
    "tabel.codering": (seen(), tabel(""), tabel("codering = 'latin-1'").replace("latin-1", "cp850")),
    "tabel.kop": (seen(), tabel(""), tabel("kop = 0")),
    "tabel.overslaan": (seen(), tabel(""), tabel("overslaan = 2")),
    "tabel.blad": (seen("book.xlsx"), tabel(""), tabel("blad = 'Twee'")),
    "tabel.decimaal": (seen(), tabel(""), tabel("decimaal = '.'")),
    "tabel.duizendtal": (seen(), tabel(""), tabel("duizendtal = '.'")),
    "tabel.datum": (seen(), tabel(""), tabel("datum = 'mdj'")),
    "tabel.ontbrekend": (seen(), tabel(""), tabel("ontbrekend = ['9999']")),
    "tabel.organisatie": (seen(), tabel(""), tabel("organisatie = 'JGZ Voorbeeld'")),
    "tabel.versie": (seen(), tabel(""), tabel("versie = '4.0.2'")),
    "tabel.leverdatum": (
        seen(),
        tabel("", "mmlen = 245\ndatum = 'overslaan'"),
        tabel("leverdatum = 2020-06-01", "mmlen = 245\ndatum = 'overslaan'"),
    ),
    "tabel.kolommen.element": (seen(), tabel(""), column("").replace("245", "252")),
    "tabel.kolommen.rol": (seen(), tabel(""), tabel("", "mmlen = 245\ndatum = {rol = 'overslaan'}")),
    "tabel.kolommen.eenheid": (seen(), column(""), column(", eenheid = 'kg'")),
    "tabel.kolommen.rubriek": (seen(), column(""), column(", rubriek = 'R027'")),
    "tabel.kolommen.datum": (
        seen(),
        tabel("", "mmlen = 245"),
        tabel("", "mmlen = 245\ndatum = {rol = 'datum', datum = 'mdj'}"),
    ),
    "tabel.kolommen.datumkolom": (
        seen(),
        column(""),
        column(", datumkolom = 'wanneer'") + "wanneer = {rol = 'datum', herhaling = 2}",
    ),
    "tabel.kolommen.herhaling": (
        seen("twice.csv"),
        column("").replace("nr = 'dossier_id'\n", ""),
        column(", herhaling = 2").replace("nr = 'dossier_id'\n", ""),
    ),
    "tabel.kolommen.waarden": (
        seen(),
        tabel("", "sekse = {element = 19}"),
        tabel("", "sekse = {element = 19, waarden = {j = '1'}}"),
    ),
    "tabel.kolommen.ontbrekend": (seen(), column(""), column(", ontbrekend = ['9999']")),
    "tabel.elementen.element": (seen("long.csv"), long(CODES + "}"), long(CODES.replace("19", "91") + "}")),
    "tabel.elementen.eenheid": (
        seen("long.csv"),
        long(CODES.replace(", eenheid = 'kg'", "") + "}"),
        long(CODES + "}"),
    ),
    "tabel.elementen.waarden": (seen("long.csv"), long(CODES + "}"), long(CODES + ", waarden = {j = '1'}}")),
    "convert.dialect": (output(), COLUMNS + "235", COLUMNS + "235\n[convert]\ndialect = 'excel-nl'"),
    "convert.decimal": (
        lambda bds, place: bds("convert", "x.csv", "--explain").err,
        COLUMNS + "235",
        COLUMNS + "235\n[convert]\ndecimal = ','",
    ),
    "convert.encoding": (output("cp.csv"), "", "[convert]\nencoding = 'windows-1252'"),
    "convert.organisation": (
        lambda bds, place: (
            bds("convert", "x.csv", "--to", "james", "--force", "o.json"),
            (place / "o.json").read_text(),
        )[1],
        COLUMNS + "235",
        COLUMNS + "235\n[convert]\norganisation = 77",
    ),
    **{
        f"quality.target.{key}": (
            lambda bds, place: (
                (
                    done := bds(
                        "quality",
                        "good.json",
                        "--by",
                        "versie",
                        "--small",
                        "3",
                        "-q",
                        "--reference-date",
                        "2026-01-01",
                    )
                ).out
                + done.err
            ),
            without,
            given,
        )
        for key, without, given in (
            ("score", "", TARGET + "score = 1"),
            (
                "rule",
                TARGET + "element = 235\nshare = 0.5",
                TARGET + "element = 235\nrule = 'BDS231'\nshare = 0.5",
            ),
            (
                "element",
                TARGET + "rule = 'BDS231'\nshare = 0.5",
                TARGET + "element = 235\nrule = 'BDS231'\nshare = 0.5",
            ),
            ("share", TARGET + "element = 235\nshare = 0.5", TARGET + "element = 235\nshare = 0.4"),
            (
                "unit",
                TARGET + "score = 1\nunit = 'a'\nreason = 'r'",
                TARGET + "score = 1\nunit = 'b'\nreason = 'r'",
            ),
            (
                "reason",
                TARGET + "score = 1\nunit = 'a'\nreason = 'r'",
                TARGET + "score = 1\nunit = 'a'\nreason = 's'",
            ),
            (
                "until",
                TARGET + "score = 1\nunit = 'a'\nreason = 'r'",
                TARGET + "score = 1\nunit = 'a'\nreason = 'r'\nuntil = 2020-01-01",
            ),
        )
    },
    "protect.policy": (
        lambda bds, place: bds("protect", "x.csv", "--to", "y.csv").err,
        "",
        "[protect]\npolicy = 'bestaat-niet'",
    ),
    "anonymise.policy": (
        lambda bds, place: bds("anonymise", "x.csv", "--to", "y").err,
        "[anonymise]\nkey-file = 'key.txt'",
        "[anonymise]\nkey-file = 'key.txt'\npolicy = 'bestaat-niet.yaml'",
    ),
    "sender.application": (written, "", "[sender]\napplication = '1234'"),
    "sender.receiver": (written, "", "[sender]\nreceiver = '1234'"),
    "sender.uzi-system": (written, "", "[sender]\nuzi-system = '900000001'"),
    "sender.ura": (written, "", "[sender]\nura = '90000001'"),
    "sender.name": (written, "", "[sender]\nname = 'JGZ Proef'"),
    "sender.end-of-care": (written, "", "[sender]\nend-of-care = '01'"),
    "anonymise.key-file": (
        lambda bds, place: bds("anonymise", "x.csv", "--to", "y").err,
        "",
        "[anonymise]\nkey-file = 'nergens.txt'",
    ),
}


def test_every_key_of_the_schema_has_a_case_and_no_other():
    assert set(CASES) == leaves(SCHEMA)


@pytest.mark.parametrize("key", CASES)
def test_a_key_has_effect(key, bds, place, monkeypatch):
    monkeypatch.delenv("BDS_KEY", raising=False)
    (place / "key.txt").write_text("0123456789abcdef0123456789abcdef")
    look, without, given = CASES[key]
    seen = []
    for text in (without, given):
        (place / "bds.toml").write_text(text, encoding="utf-8")
        seen.append(look(bds, place))
    assert seen[0] != seen[1]


def test_no_field_is_typed_that_the_schema_lacks():
    """The objects and the schema name the same keys; that a field exists where code reads it, mypy sees to."""
    parts = {
        "validate": config.ValidateSettings,
        "accept": config.Acceptance,
        "convert": config.ConvertSettings,
        "protect": config.ProtectSettings,
        "sender": config.SenderSettings,
        "anonymise": config.AnonymiseSettings,
        "quality.target": config.QualityTarget,
        "kolommen": ColumnSetting,
        "tabel.kolommen": ColumnSetting,
        "tabel.elementen": ElementSetting,
        "tabel": TableProfile,
    }
    typed = {f"{k}.{f.name.replace('_', '-')}" for k, c in parts.items() for f in dataclasses.fields(c)}
    typed -= {"tabel.kolommen", "tabel.elementen"}  # tables of their own
    assert typed | {"lang", "rules", "convert.decimal", "convert.encoding"} == leaves(SCHEMA)


def test_only_cli_loads_settings():
    """Below cli nothing looks for a file of settings or asks the environment for one."""
    for path in (ROOT / "bds_tool").rglob("*.py"):
        room = path.relative_to(ROOT / "bds_tool").parts[0]
        source = path.read_text(encoding="utf-8")
        assert "BDS_CONFIG" not in source or room == "cli", path
        if room in {"cli", "api.py"} or path.name == "settings.py":
            continue  # the interface for Python loads the file that its caller names, and looks for none
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom) and node.module == "bds_tool.base.settings":
                assert not {"load", "find"} & {a.name for a in node.names}, path
            if isinstance(node, ast.ImportFrom) and node.module == "bds_tool.base":
                assert "settings" not in {a.name for a in node.names}, path


def test_the_option_counts_for_every_section(bds, place):
    """`--config` names the file for columns as well as for rules, whatever the nearest bds.toml says."""
    (place / "bds.toml").write_text('[kolommen]\nnr = "dossier_id"\nmmlen = 252\n', encoding="utf-8")
    other = place / "other.toml"
    other.write_text('[kolommen]\nnr = "dossier_id"\nmmlen = 235\n', encoding="utf-8")
    for arguments in (
        ["convert", "x.csv", "o.csv", "--force", "--config", other],
        ["--config", other, "convert", "x.csv", "o.csv", "--force"],
    ):
        assert bds(*arguments).code == 0
        assert "235" in (place / "o.csv").read_text()
        assert "252" not in (place / "o.csv").read_text()
    found = json.loads(bds("profile", "x.csv", "--config", other, "--format", "json").out)
    assert [e["element"] for e in found["elements"] if e["element"]] == [235]


@pytest.mark.parametrize("value", ['"zes"', "nan", "inf", "true", "-1", "[1, 2]", "1e300", "{a = 1}"])
def test_a_limit_of_another_kind_is_refused(value, bds, place):
    (place / "bds.toml").write_text(f"[rules.BDS507]\nz = {value}\n")
    result = bds("validate", "good.json")
    assert result.code == 2
    assert "[rules.BDS507] z" in result.err


def test_any_value_for_any_limit_ends_well(bds, place):
    """Each limit of each rule set to each kind of value: refused with 2, or judged; never a bug."""
    from bds_tool.findings.catalogue import load_rules

    values = ['"zes"', "0", "[0]", "[1, 2]", '["x"]', "{a = 1}", '{"235" = 1}', '{"235" = [1, 2]}', '"("']
    rules = [r for r in load_rules().rules.values() if r.parameters]
    for value in values:
        refused = 0
        for rule in rules:
            for name in rule.parameters:
                try:
                    load_rules({rule.code: {name: tomllib.loads(f"v = {value}")["v"]}})
                except config.UsageError as error:
                    refused += 1
                    assert f"[rules.{rule.code}] {name}" in error.message  # noqa: PT017
        assert refused, value


def test_a_broken_file_is_told_by_every_command_but_help_stays(bds, place):
    (place / "bds.toml").write_text("lnag = 'en'\n")
    assert bds("spec", "versions").code == 2
    assert bds("spec", "versions", "--help").code == 0
    assert bds("--version").code == 0
