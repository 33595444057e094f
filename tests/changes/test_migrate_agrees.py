"""What `bds migrate` writes, `bds validate` accepts: no error that was not there before, in every direction.

The data are every element with every code that its version knows, so no package is trusted on examples alone.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import permutations

import polars as pl
import pytest

from bds_tool.changes.fragment import sample_row
from bds_tool.changes.migrate.running import migrate
from bds_tool.schema import load, versions
from bds_tool.schema.bindings import OPEN, binding
from bds_tool.store.columns import REGISTRATIES
from bds_tool.store.store import Store, StoreWriter
from bds_tool.validate.engine import Options, validate

TODAY = date(2026, 11, 29)
BDS_CODED = "2.16.840.1.113883.2.4.3.11.60.100.12."
WAYS = list(permutations(versions(), 2))


def errors(store):
    """Errors by rule and element, and some places to look at."""
    result = validate(store, Options(today=TODAY, max_examples=3))
    totals = result.totals.filter(pl.col("severity") == "fout")
    counted = totals.group_by("code", "bdsnummer").agg(pl.col("n").sum())
    return {(code, number): n for code, number, n in counted.iter_rows()}


def everything(version, coding):
    """A row for every element of the message and every code of its list that may be recorded."""
    definition = load(version)
    for number, element in definition.in_bericht.items():
        if number in {1332, 1333, 1334, 1335} or "nullFlavor='OTH'" in element.pad:
            continue
        bound = binding(definition, element, coding)
        codes = [c for c in bound.lijst.codes if c.rij == "concept" and c.status == "L"] if bound else [None]
        if bound and bound.state == OPEN:
            codes = codes[:3]
        for code in codes:
            row = sample_row(definition, number, code)
            if coding == "HL7" and not bound and str(row.get("codesysteem", "")).startswith(BDS_CODED):
                row.pop("codesysteem")  # a code that stands as text in the message
            yield row


def write(path, version, coding):
    kind = f"dob-{load(version).interactie}" if coding == "HL7" else "tabel-lang"
    with StoreWriter(path) as writer:
        writer.add_bron(bron=1, pad="alles", formaat=kind, bds_herkend=version, bds_zekerheid="zeker",
                        gelezen=datetime(2026, 11, 29, tzinfo=UTC))  # fmt: skip
        rows = []
        for n, row in enumerate(everything(version, coding), start=1):
            own = dict(row)
            if own.get("activiteit_id"):
                own["activiteit_id"] = f"a{n}"
            rows.append({**own, "dossier_id": f"d{n}", "bron": 1, "regel": n})
        types = {"bdsnummer": pl.Int32, "volgnr": pl.Int32, "bron": pl.Int32, "regel": pl.Int64}
        data = {c: [r.get(c) for r in rows] for c in REGISTRATIES}
        frame = pl.DataFrame(data, schema={c: types.get(c, pl.String) for c in REGISTRATIES}, strict=False)
        writer.add_table(frame.with_columns(pl.col("datum").str.to_date("%Y-%m-%d", strict=False)))
    return Store.open(path)


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """Per version and coding a store with everything, and its errors; made once."""
    folder, made = tmp_path_factory.mktemp("alles"), {}

    def of(version, coding):
        if (version, coding) not in made:
            store = write(folder / f"{version}-{coding}.bds", version, coding)
            made[version, coding] = (store, errors(store))
        return made[version, coding]

    return of


@pytest.mark.parametrize("coding", ["HL7", "BDS"])
@pytest.mark.parametrize(("source", "target"), WAYS, ids=lambda v: v)
def test_every_code_of_every_element_migrates_without_a_new_error(stores, tmp_path, source, target, coding):
    store, before = stores(source, coding)
    assert store.registraties().select(pl.len()).collect().item() > 2_000
    report = migrate(store, target, tmp_path / "na.bds")
    assert sum(step.total("niet") for step in report.stappen) == 0
    after = errors(Store.open(tmp_path / "na.bds"))
    assert {k: (before.get(k, 0), n) for k, n in after.items() if n > before.get(k, 0)} == {}
