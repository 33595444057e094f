"""bds.toml: where it is found, and that no setting is silently ignored."""

from __future__ import annotations

import pytest

from bds_tool.base import settings as config
from bds_tool.base.errors import UsageError


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    monkeypatch.delenv("BDS_CONFIG", raising=False)
    monkeypatch.delenv("BDS_LANG", raising=False)


def write(folder, text):
    path = folder / "bds.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_nearest_file_upward_wins(tmp_path):
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    write(tmp_path, '[validate]\nbds = "4.1.3"\n')
    assert config.load(start=inner).get("validate", "bds") == "4.1.3"
    nearest = write(tmp_path / "a", '[validate]\nbds = "4.2.0"\n')
    assert config.load(start=inner) == config.Config(nearest, {"validate": {"bds": "4.2.0"}})


def test_search_stops_at_the_repository(tmp_path):
    write(tmp_path, "lang = 'en'\n")
    (tmp_path / "repo" / ".git").mkdir(parents=True)
    assert config.load(start=tmp_path / "repo").path is None


def test_environment_names_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("BDS_CONFIG", str(write(tmp_path, "lang = 'en'\n")))
    assert config.load(start=tmp_path / "elsewhere").values == {"lang": "en"}


def test_accept_rows_with_bare_date(tmp_path):
    path = write(
        tmp_path, '[[accept]]\nrule = "BDS503"\nelement = 235\nreason = "bekend"\nuntil = 2027-01-01\n'
    )
    assert config.load(path).rows("accept") == [
        {"rule": "BDS503", "element": 235, "reason": "bekend", "until": "2027-01-01"}
    ]


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
    assert config.load(path).section("kolommen") == {
        "mmlen": 235,
        "clientnr": "dossier_id",
        "kg": {"element": 245, "eenheid": "kg"},
    }
