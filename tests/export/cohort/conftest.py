"""Stores written out by hand, and a study made from one."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

#: What every definition must say of its delivery.
DELIVERY = {
    "purpose": "proef",
    "legal_basis": "geen",
    "responsible": "niemand",
    "recipient": "niemand",
    "retain_until": "2030-12-31",
}


def store_of(folder, rows, name="a", **facts) -> Path:
    """A store; rows are (dossier, bdsnummer, waarde, datum, volgnr, nullflavor)."""
    from bds_tool.store.columns import REGISTRATIES
    from bds_tool.store.store import StoreWriter

    path = folder / f"{name}.bds"
    with StoreWriter(path) as writer:
        bron = writer.add_bron(
            **({"pad": f"{name}.csv", "formaat": "csv", "sha256": name, "organisatie": name, "bds_opgegeven": "4.1.3"} | facts)
        )  # fmt: skip
        out = []
        for line, row in enumerate(rows):
            dossier, number, value, day, repeat, nullflavor = [*row, None, None, None][:6]
            day = date.fromisoformat(day) if isinstance(day, str) else day
            made = dict.fromkeys(REGISTRATIES) | {
                "dossier_id": dossier,
                "activiteit_id": f"{dossier}|{day}" if day else None,
                "datum": day,
                "bdsnummer": number,
                "volgnr": repeat,
                "waarde": None if value is None else str(value),
                "nullflavor": nullflavor,
                "bron": bron,
                "regel": line,
            }
            out.append(tuple(made[c] for c in REGISTRATIES))
        writer.add_rows(out)
    return path


def definition_of(folder, variables, name="studie", **more) -> Path:
    """A definition in a file."""
    path = folder / f"{name}.yaml"
    content = {
        "id": name,
        "title": f"Proef {name}",
        "row": "child",
        "delivery": DELIVERY,
        "variables": variables,
    }
    path.write_text(yaml.safe_dump(content | more, allow_unicode=True), encoding="utf-8")
    return path


def study_of(definition, store, **wishes):
    """The study, on 31 December 2026."""
    from bds_tool.export.cohort.definition import load
    from bds_tool.export.cohort.running import Wishes, study
    from bds_tool.store import Store

    return study(Store.open(store), load(definition), Wishes(date(2026, 12, 31), **wishes))


@pytest.fixture
def make_store(tmp_path):
    return lambda rows, name="a", **facts: store_of(tmp_path, rows, name, **facts)


@pytest.fixture
def defined(tmp_path):
    return lambda variables, name="studie", **more: definition_of(tmp_path, variables, name, **more)


@pytest.fixture
def studied():
    return study_of
