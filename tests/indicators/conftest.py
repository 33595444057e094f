"""Small stores and area tables written out by hand."""

from __future__ import annotations

from datetime import date

import pytest


@pytest.fixture
def make_store(tmp_path):
    """`make_store(rows, name, **bron)` → path; rows are (dossier, bdsnummer, waarde, datum, activiteit, volgnr)."""
    from bds_tool.store.columns import REGISTRATIES
    from bds_tool.store.store import StoreWriter

    def make(rows, name="a", **facts):
        path = tmp_path / f"{name}.bds"
        with StoreWriter(path) as writer:
            bron = writer.add_bron(
                **({"pad": f"{name}.csv", "formaat": "csv", "sha256": name, "organisatie": name} | facts)
            )
            out = []
            for line, row in enumerate(rows):
                dossier, number, value, day, activity, repeat = [*row, None, None, None][:6]
                day = date.fromisoformat(day) if isinstance(day, str) else day
                activity = activity or (f"{dossier}|{day}" if day else None)
                facts = dict.fromkeys(REGISTRATIES) | {
                    "dossier_id": dossier,
                    "activiteit_id": activity,
                    "datum": day,
                    "bdsnummer": number,
                    "volgnr": repeat,
                    "waarde": str(value),
                    "bron": bron,
                    "regel": line,
                }
                out.append(tuple(facts[c] for c in REGISTRATIES))
            writer.add_rows(out)
        return path

    return make


@pytest.fixture
def areas(tmp_path):
    """A folder with a table of postcodes: two wijken in one gemeente, one in another."""
    folder = tmp_path / "gebieden"
    folder.mkdir()
    (folder / "pc6hnr2024.csv").write_text(
        "PC6;Huisnummer;Buurt2024\n1011AA;1;3630001\n1011AA;2;3630100\n1011AB;1;3630002\n2011AA;1;3920001\n",
        encoding="utf-8",
    )
    (folder / "namen.csv").write_text("code,naam\nWK036300,Centrum\nBU03630001,Kop\n", encoding="utf-8")
    (folder / "regio.csv").write_text("gemeente,regio\n363,GG3406\n392,GG3412\n", encoding="utf-8")
    return folder
