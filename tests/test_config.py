"""bds.toml: where it is found, and that no setting is silently ignored."""

from __future__ import annotations

from datetime import date

import pytest

from bds_tool.base import settings as config
from bds_tool.base.errors import UsageError
from bds_tool.base.table_settings import ColumnSetting
from bds_tool.cli import project


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    monkeypatch.delenv("BDS_CONFIG", raising=False)
    monkeypatch.delenv("BDS_LANG", raising=False)
    project.start(None, language_given=True)


def write(folder, text):
    path = folder / "bds.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_nearest_file_upward_wins(tmp_path):
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    outer = write(tmp_path, '[validate]\nbds = "4.1.3"\n')
    assert config.find(inner) == outer
    assert config.load(outer).validate.bds == "4.1.3"
    nearest = write(tmp_path / "a", '[validate]\nbds = "4.2.0"\n')
    assert config.find(inner) == nearest
    assert config.load(nearest) == config.Settings(nearest, validate=config.ValidateSettings(bds="4.2.0"))


def test_search_stops_at_the_repository(tmp_path):
    write(tmp_path, "lang = 'en'\n")
    (tmp_path / "repo" / ".git").mkdir(parents=True)
    assert config.find(tmp_path / "repo") is None


def test_option_goes_before_environment_before_nearest(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    write(tmp_path / "here", "[validate]\nbds = '3.2.7'\n")
    assert project.project().validate.bds == "3.2.7"
    monkeypatch.setenv("BDS_CONFIG", str(write(tmp_path, "[validate]\nbds = '4.0.2'\n")))
    assert project.project().validate.bds == "4.0.2"
    other = tmp_path / "other.toml"
    other.write_text("[validate]\nbds = '4.1.3'\n")
    assert project.project(other).validate.bds == "4.1.3"
    project.start(other, language_given=True)
    assert project.project().validate.bds == "4.1.3"


def test_accept_rows_with_bare_date(tmp_path):
    path = write(
        tmp_path, '[[accept]]\nrule = "BDS503"\nelement = 235\nreason = "bekend"\nuntil = 2027-01-01\n'
    )
    assert config.load(path).accept == (config.Acceptance("BDS503", "bekend", 235, until=date(2027, 1, 1)),)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[validate]\nfailon = "error"\n', "Bedoel je fail-on?"),
        ("[valdate]\n", "Bedoel je validate?"),
        ('[validate]\nfail-on = "fout"\n', "error, warning, info, never"),
        ("[validate]\nbds = 4\n", "validate.bds moet string zijn"),
        ('[[accept]]\nrule = "BDS503"\n', "accept[1].reason ontbreekt"),
        ("[kolommen]\nlengte = true\n", "kolommen.lengte moet"),
        ("[validate\n", "geen geldig TOML"),
        ('[[accept]]\nrule = "BDS503"\nreason = "  "\n', "accept[1].reason is leeg"),
        ('[[accept]]\nrule = "BDS503"\nreason = "x"\nuntil = "2027-13-01"\n', "accept[1].until"),
        ('[validate]\nreference-date = "morgen"\n', "validate.reference-date"),
        ("[validate]\nmax-findings-per-rule = -1\n", "max-findings-per-rule is te klein"),
        ("[validate]\nprotocol = 'x'\n", "validate.protocol is geen instelling"),
    ],
)
def test_mistakes_are_told(tmp_path, text, says):
    path = write(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        config.load(path)
    assert says in caught.value.message


def test_missing_file_is_told(tmp_path):
    with pytest.raises(UsageError):
        config.load(tmp_path / "nergens.toml")


def test_columns_take_three_forms(tmp_path):
    path = write(
        tmp_path, '[kolommen]\nmmlen = 235\nclientnr = "dossier_id"\nkg = {element = 245, eenheid = "kg"}\n'
    )
    assert config.load(path).tables.columns == {
        "mmlen": ColumnSetting(element=235),
        "clientnr": ColumnSetting(rol="dossier_id"),
        "kg": ColumnSetting(element=245, eenheid="kg"),
    }
