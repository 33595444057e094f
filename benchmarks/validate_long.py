"""Families 1xx–3xx over a long Parquet store against a bare Polars scan of all its columns (at most 10 times as long).

`BENCH_ROWS` sets the number of registraties (20 million; 100000000 for the large one). The store is a generated
population, repeated with other dossier keys until it is large enough.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from _measure import Case, compare, save

ROWS = int(os.environ.get("BENCH_ROWS", "20000000"))
STORE = Path(tempfile.gettempdir()) / f"bds-bench-long-{ROWS}.bds"


def make() -> None:
    """A store of ROWS registraties of many dossiers, with the planted defects of the standard set."""
    if STORE.exists():
        return
    import polars as pl
    import pyarrow.parquet as pq

    from bds_tool.store.columns import registraties_schema
    from bds_tool.synthetic.generate import Request, generate

    with tempfile.TemporaryDirectory() as folder:
        seed = Path(folder) / "seed.bds"
        generate(Request(1500, 3, "4.1.3", defects="standaard"), seed)
        rows = pl.read_parquet(seed / "registraties.parquet")
        STORE.mkdir()
        for name in ("bronnen.parquet", "meldingen.parquet", "_store.json"):
            (STORE / name).write_bytes((seed / name).read_bytes())
    schema = registraties_schema()
    done = 0
    with pq.ParquetWriter(STORE / "registraties.parquet", schema, compression="zstd") as writer:
        copy = 0
        while done < ROWS:
            part = rows.head(ROWS - done).with_columns(
                dossier_id=pl.format("{}-{}", "dossier_id", pl.lit(copy))
            )
            table = part.to_arrow().select(schema.names)
            columns = [
                c if c.type.equals(f.type) else _cast(c, f.type)
                for c, f in zip(table.columns, schema, strict=True)
            ]
            import pyarrow as pa

            writer.write_table(pa.Table.from_arrays(columns, schema=schema), row_group_size=250_000)
            done += part.height
            copy += 1
    meta = json.loads((STORE / "_store.json").read_text())
    (STORE / "_store.json").write_text(json.dumps({**meta, "rijen": done}))


def _cast(column, wanted):
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(wanted):
        return pc.dictionary_encode(column.cast(pa.string())).cast(wanted)
    return column.cast(wanted)


def scan() -> int:
    """Read every column: the least that any judgement costs."""
    import polars as pl

    frame = pl.scan_parquet(STORE / "registraties.parquet")
    touched = frame.select(
        pl.len(),
        *(pl.col(c).null_count().alias(f"{c}_n") for c in frame.collect_schema().names()),
        *(pl.col(c).str.len_bytes().sum() for c in ("dossier_id", "activiteit_id", "waarde", "tekst")),
        *(pl.col(c).cast(pl.Int64).sum() for c in ("bdsnummer", "volgnr", "bron", "regel")),
        *(
            pl.col(c).to_physical().cast(pl.Int64).sum()
            for c in ("datum", "rubriek", "groep", "eenheid", "codesysteem", "nullflavor", "pad")
        ),
    ).collect(engine="streaming")
    return int(touched["len"][0])


def judge() -> int:
    from datetime import date

    from bds_tool.findings.catalogue import load_rules
    from bds_tool.store import Store
    from bds_tool.validate.engine import Options, validate

    codes = frozenset(r.code for r in load_rules().rules.values() if r.family in {1, 2, 3})
    result = validate(Store.open(STORE), Options(today=date(2026, 6, 30), codes=codes))
    assert result.count("fout") > 0
    return int(result.meta["rows"])


def main() -> None:
    make()
    rounds = int(os.environ.get("BENCH_ROUNDS", "3"))
    save(
        compare(
            f"validate_long_{ROWS // 1_000_000}m",
            f"Families 1xx-3xx over {ROWS // 1_000_000} miljoen registraties (Parquet)",
            Case("Polars: alle kolommen lezen", scan),
            Case("bds: 1xx, 2xx en 3xx", judge),
            unit="rijen",
            rounds=rounds,
            target=0.1,
            max_mb=1024,
            note="Doel: ten hoogste 10 keer de kale leestijd, ten hoogste 1 GB.",
        )
    )


if __name__ == "__main__":
    main()
