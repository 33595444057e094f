"""One delivery in the six layouts of docs/howto/bds-toml.md: the same registrations, whatever wrote them."""

from __future__ import annotations

import json
import os
import random
import re
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from bds_tool.base.settings import load
from bds_tool.formats import read

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "bds-toml.md"
#: `BDS_CHILDREN=10000` writes the size that the page speaks of.
CHILDREN = int(os.environ.get("BDS_CHILDREN", "200"))
NL = "%d-%m-%Y"


@pytest.fixture(scope="module")
def children():
    """(dossier, birth, sex as code, visits of (day, mm, g)); two visits each."""
    chance = random.Random(19)
    found = []
    for n in range(CHILDREN):
        birth = date(2015, 1, 1) + timedelta(days=chance.randrange(2500))
        days = [birth + timedelta(days=d) for d in (chance.randrange(20, 200), chance.randrange(250, 900))]
        visits = [(day, chance.randrange(45, 110) * 10, chance.randrange(250, 2000) * 10) for day in days]
        found.append((f"K{n:05}", birth, chance.choice("12"), visits))
    return found


def expected(children):
    found = []
    for key, birth, sex, visits in children:
        found += [(key, None, 20, birth.isoformat()), (key, None, 19, sex)]
        for day, mm, gram in visits:
            found += [(key, day, 235, str(mm)), (key, day, 245, str(gram))]
    return sorted(found, key=str)


def letter(sex):
    return {"1": "m", "2": "v"}[sex]


def comma(number, by):
    return f"{number / by:.3f}".rstrip("0").rstrip(".").replace(".", ",")


def wide_nl(children, folder):
    lines = ["kind;bezoek;cm;kilo;geb;mv"]
    for key, birth, sex, visits in children:
        for day, mm, gram in visits:
            cells = (key, day.strftime(NL), comma(mm, 10), comma(gram, 1000), birth.strftime(NL), letter(sex))
            lines.append(";".join(cells))
    return "breed-nl.csv", "\r\n".join(lines).encode("windows-1252")


def wide_spss(children, folder):
    us = "%m/%d/%Y"
    lines = ["id,birth,sex,visit1,len1,wt1,visit2,len2,wt2"]
    for key, birth, sex, visits in children:
        cells = [f"{day.strftime(us)},{mm},{gram}" for day, mm, gram in visits]
        lines.append(",".join([key, birth.strftime(us), sex, *cells]))
    return "breed-spss.csv", "\n".join(lines).encode()


def long_numbers(children, folder):
    rows = [(k, "" if d is None else d.isoformat(), n, v) for k, d, n, v in expected(children)]
    lines = ["pat|dag|nr|uitkomst", *("|".join(map(str, r)) for r in rows)]
    return "lang-nummers.csv", "\n".join(lines).encode("utf-8-sig")


def long_codes(children, folder):
    lines = ["pat;dag;code;uitkomst"]
    for key, birth, sex, visits in children:
        lines += [f"{key};;GEB;{birth.strftime(NL)}", f"{key};;SEX;{letter(sex)}"]
        for day, mm, gram in visits:
            when = day.strftime(NL)
            lines += [f"{key};{when};LEN;{comma(mm, 10)}", f"{key};{when};GEW;{comma(gram, 1000)}"]
    return "lang-codes.csv", "\r\n".join(lines).encode("utf-16")


def sheets(children, folder):
    book = xlsxwriter.Workbook(folder / "bladen.xlsx")
    day_format = book.add_format({"num_format": "dd-mm-yyyy"})
    parts = {
        "kinderen": (["kind", "geboren", "mv"], [(k, b, letter(s)) for k, b, s, _ in children]),
        "lengtes": (
            ["kind", "bezoek", "lengte_cm"],
            [(k, d, m / 10) for k, _, _, v in children for d, m, _ in v],
        ),
        "gewichten": (
            ["kind", "bezoek", "gewicht_g"],
            [(k, d, g) for k, _, _, v in children for d, _, g in v],
        ),
    }
    for name, (head, rows) in parts.items():
        sheet = book.add_worksheet(name)
        sheet.write_row(0, 0, head)
        for r, row in enumerate(rows, start=1):
            for c, value in enumerate(row):
                if isinstance(value, date):
                    sheet.write_datetime(r, c, value, day_format)
                else:
                    sheet.write(r, c, value)
    book.close()
    return "bladen.xlsx", None


def as_json(children, folder):
    records = [
        {
            "kind": key,
            "geboren": birth.isoformat(),
            "mv": sex,
            "bezoeken": [{"dag": d.isoformat(), "mm": mm, "gram": g} for d, mm, g in visits],
        }
        for key, birth, sex, visits in children
    ]
    return "kinderen.json", json.dumps(records).encode()


@pytest.mark.parametrize("layout", [wide_nl, wide_spss, long_numbers, long_codes, sheets, as_json])
def test_the_same_registrations(tmp_path, children, layout):
    (tmp_path / "bds.toml").write_text(
        re.search(r"```toml zes\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[1], encoding="utf-8"
    )
    name, content = layout(children, tmp_path)
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with read([tmp_path / name], tables=load(tmp_path / "bds.toml").tables) as store:
        rows = store.registraties().filter(pl.col("bdsnummer").is_not_null())
        found = sorted(rows.select("dossier_id", "datum", "bdsnummer", "waarde").collect().rows(), key=str)
    assert found == expected(children)
