"""A small protected result, made by hand: two gemeenten with two wijken each, three indicators, two years."""

from __future__ import annotations

import polars as pl
import pytest

from bds_tool.indicators.result import write_result
from bds_tool.protect.policy import load_policy
from bds_tool.protect.seal import seal_facts, sealer

#: (area, name, level, parent)
AREAS = [
    ("totaal", "Hele regio", "land", None),
    ("GM0001", "Noorddorp", "gemeente", "totaal"),
    ("GM0002", "Zuidstad", "gemeente", "totaal"),
    ("WK000101", "Centrum", "wijk", "GM0001"),
    ("WK000102", "Buiten & Zo", "wijk", "GM0001"),
    ("WK000201", "Haven", "wijk", "GM0002"),
    ("WK000202", "Park", "wijk", "GM0002"),
]
DEFINITIONS = {
    "OW": {
        "title": "Overgewicht",
        "title_en": "Overweight",
        "theme": "groei",
        "unit": "%",
        "source": "BDS 235, 245",
        "certainty": "V",
        "caveats": ["Gemeten, niet gevraagd."],
        "hash": "a1",
    },
    "BF-BIRTH": {
        "title": "Borstvoeding bij de geboorte",
        "theme": "voeding",
        "unit": "%",
        "source": "BDS 747",
    },
    "BMI": {"title": "Gemiddelde BMI", "theme": "groei", "unit": "kg/m²", "source": "BDS 235, 245"},
}
#: These cells were hidden; none of their figures may turn up anywhere.
HIDDEN = {("OW", "WK000102", "2024"): (41, 7.31707), ("BF-BIRTH", "GM0002", "2023"): (913, 68.23658)}


def rows():
    found = []
    for number, (area, name, level, parent) in enumerate(AREAS):
        for step, period in enumerate(("2023", "2024")):
            for place, indicator in enumerate(DEFINITIONS):
                secret = (indicator, area, period) in HIDDEN
                value = None if secret else 10.0 + number + step + 20 * place + 0.25
                found.append(
                    {
                        "indicator": indicator,
                        "level": level,
                        "area": area,
                        "area_name": name,
                        "parent": parent,
                        "period": period,
                        "sex": "totaal",
                        "education": "totaal",
                        "age": "totaal",
                        "origin": "totaal",
                        "mother_age": "totaal",
                        "n": None if secret else 1000 + 37 * number + step,
                        "x": None,
                        "missing": None if secret else 5,
                        "value": value,
                        "lower": None if secret else value - 2,
                        "upper": None if secret else value + 2,
                        "method": None if secret else "Wilson 95%",
                        "status": "verborgen" if secret else "ok",
                    }
                )
    return found


@pytest.fixture(scope="session")
def result(tmp_path_factory):
    meta = {
        "status": "beschermd",
        "created": "2025-01-01T00:00:00+00:00",
        "program": "bds 0.1.0",
        "definitions": DEFINITIONS,
        "bds_versions": ["4.1.3"],
        "notes": [],
        "policy": dict(load_policy("ncj-strict").data),
    }
    path = tmp_path_factory.mktemp("result") / "veilig.result"
    seal = sealer(seal_facts(meta, safe=True))
    return write_result(path, pl.DataFrame(rows()), meta, finish=seal).path


@pytest.fixture(scope="session")
def unprotected(tmp_path_factory):
    meta = {"status": "onbeschermd", "definitions": DEFINITIONS}
    frame = pl.DataFrame(rows()).with_columns(pl.lit("onbeschermd").alias("status"))
    return write_result(tmp_path_factory.mktemp("open") / "open.result", frame, meta).path
