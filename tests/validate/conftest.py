"""A small store from a few rows, judged: what every test of a rule needs."""

from __future__ import annotations

from datetime import date

import pytest

from bds_tool.store import StoreWriter
from bds_tool.store.columns import REGISTRATIES

TODAY = date(2026, 6, 30)
#: The message as a reader of DOB would name it; other words mean tables and JSON.
FORMATS = {"dob": "dob-REPC_IN902120NL03", "james": "james-3.0", "tabel": "csv"}


def row(bdsnummer, waarde=None, **more):
    """A row of `registraties`; dossier `D1` unless told otherwise."""
    given = {"dossier_id": "D1", "bdsnummer": bdsnummer, "waarde": waarde, "bron": 1, "regel": 1, **more}
    if isinstance(given.get("datum"), str):
        given["datum"] = date.fromisoformat(given["datum"])
    return tuple(given.get(c) for c in REGISTRATIES)


@pytest.fixture
def judge(tmp_path):
    """`judge([rows], format_="tabel", version="4.1.3")` → Result; rows are (bdsnummer, waarde, {columns})."""
    from bds_tool.store import Store
    from bds_tool.validate.engine import Options, validate

    count = [0]

    def run(rows, format_="tabel", version="4.1.3", meldingen=(), sources=1, **options):
        count[0] += 1
        path = tmp_path / f"{count[0]}.bds"
        with StoreWriter(path) as writer:
            for number in range(1, sources + 1):
                writer.add_bron(
                    bron=number,
                    pad=f"export{number}",
                    formaat=FORMATS.get(format_, format_),
                    bds_herkend=version,
                    rijen=len(rows),
                )
            writer.add_rows([row(r[0], r[1], **(r[2] if len(r) > 2 else {})) for r in rows])
            for code, place in meldingen:
                writer.add_melding(code, bron=1, **place)
        return validate(Store.open(path), Options(**{"today": TODAY, "max_examples": 0, **options}))

    return run
