"""Store → FHIR NDJSON: 100,000 dossiers, against dumping equally large dicts with orjson.

The baseline parses a sample of the exported resources back into dicts and dumps them to files of the same number
of lines as the export wrote: no reading of the store, no mapping, no check. Both write to the same disk.

    python benchmarks/fhir_export.py            # 100,000 dossiers
    python benchmarks/fhir_export.py 5000       # smaller
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from _measure import Case, compare, save

DOSSIERS = (
    int(sys.argv[1])
    if len(sys.argv) > 1 and sys.argv[1].isdigit()
    else int(os.environ.get("BENCH_DOSSIERS", "100000"))
)
FOLDER = (
    Path(os.environ.get("BENCH_DIR", tempfile.gettempdir()))
    / f"bds-bench-fhir-{DOSSIERS}-{os.environ.get('BENCH_CONTACTS', '2')}"
)
STORE = FOLDER / "bench.bds"
KEY = b"benchmark key of 32 characters!!"
#: Van Wiechen items, remarks and codes of a contact; a contact of a young child holds about this much.
VWO = (879, 881, 883, 886, 887, 928, 930, 933, 935, 937, 940, 947, 951, 973, 978, 980, 982)
CONTACTS = int(os.environ.get("BENCH_CONTACTS", "2"))
# Each case runs in an interpreter of its own, which must measure the same store.
os.environ["BENCH_DOSSIERS"] = str(DOSSIERS)


def make_store() -> None:
    """A synthetic store of the size asked for: parents, birth, contacts with growth, feeding and development."""
    import polars as pl

    from bds_tool.store.store import StoreWriter

    if (STORE / "_store.json").is_file():
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    fixed = [
        (None, 19, None, "2", None),
        (None, 20, None, "@geb", None),
        (None, 4, None, "Voorbeeld", None),
        (None, 6, None, "Kind", None),
        (None, 82, None, "@280", "d"),
        (None, 110, None, "@3400", "g"),
        (None, 112, None, "@500", "mm"),
        (None, 129, None, "9", None),
        (None, 130, None, "10", None),
        (1, 62, "G014", "01", None),
        (1, 63, "G014", "1988-02-03", None),
        (2, 62, "G014", "02", None),
        (2, 63, "G014", "1990-05-06", None),
    ]
    rows = [(None, v, n, g, w, u) for v, n, g, w, u in fixed]
    for c in range(CONTACTS):
        rows += [
            (c, None, n, None, w, u)
            for n, w, u in (
                (494, "38", None),
                (1577, "03", None),
                (1605, "01", None),
                (235, "@700", "mm"),
                (236, "1", None),
                (245, "@8000", "g"),
                (252, "@440", "mm"),
                (496, "01", None),
                (321, "true", None),
                (323, "geen bijzonderheden", None),
            )
        ]
        rows += [(c, None, n, None, "@vwo", None) for n in VWO]
    template = pl.DataFrame(
        rows, schema=["c", "volgnr", "bdsnummer", "groep", "w", "eenheid"], orient="row", strict=False
    ).with_row_index("regel")
    with StoreWriter(STORE, replace=True) as writer:
        writer.add_bron(
            bron=1,
            pad="bench.json",
            formaat="james-2.0",
            sha256="ab" * 32,
            bytes=0,
            organisatie="1234",
            rijen=DOSSIERS * len(rows),
        )
        for start in range(0, DOSSIERS, 5_000):
            n = min(5_000, DOSSIERS - start)
            kids = pl.DataFrame({"k": range(start, start + n)})
            birth = pl.date(2015, 1, 1) + pl.duration(days=pl.col("k") % 3650)
            number = (
                pl.col("w").str.slice(1).cast(pl.Int64, strict=False)
                + (pl.col("k") * 7 + pl.col("regel")) % 60
            )
            frame = kids.join(template, how="cross").select(
                ("kind-" + pl.col("k").cast(pl.String)).alias("dossier_id"),
                pl.when(pl.col("c").is_not_null()).then(pl.format("c{}", pl.col("c"))).alias("activiteit_id"),
                pl.when(pl.col("c").is_not_null())
                .then(birth + pl.duration(days=pl.col("c") * 60 + 30))
                .alias("datum"),
                pl.col("bdsnummer").cast(pl.Int32),
                pl.lit(None, pl.String).alias("rubriek"),
                "groep",
                pl.col("volgnr").cast(pl.Int32),
                pl.when(pl.col("w") == "@geb")
                .then(birth.dt.to_string("%Y-%m-%d"))
                .when(pl.col("w") == "@vwo")
                .then(((pl.col("k") + pl.col("regel")) % 2 + 1).cast(pl.String))
                .when(pl.col("w").str.starts_with("@"))
                .then(number.cast(pl.String))
                .otherwise(pl.col("w"))
                .alias("waarde"),
                "eenheid",
                pl.lit(None, pl.String).alias("codesysteem"),
                pl.lit(None, pl.String).alias("nullflavor"),
                pl.lit(None, pl.String).alias("tekst"),
                pl.lit(1, pl.Int32).alias("bron"),
                (pl.col("k") * len(rows) + pl.col("regel")).cast(pl.Int64).alias("regel"),
                pl.lit("kind", pl.String).alias("pad"),
            )
            writer.add_table(frame)


def ours() -> int:
    from bds_tool.export.fhir.writer import Opdracht, export
    from bds_tool.store.store import Store

    result = export(Store.open(STORE), FOLDER / "ours.fhir", Opdracht(KEY), replace=True)
    return sum(result.resources.values())


def sample() -> int:
    """The number of lines the export writes, and a sample of them on disk for the baseline."""
    n = ours()
    lines: list[bytes] = []
    for file in sorted((FOLDER / "ours.fhir").glob("*.ndjson")):
        share = max(
            1,
            int(
                20_000
                * file.stat().st_size
                / sum(f.stat().st_size for f in (FOLDER / "ours.fhir").glob("*.ndjson"))
            ),
        )
        with file.open("rb") as stream:
            lines += [line for _, line in zip(range(share), stream, strict=False)]
    (FOLDER / "sample.ndjson").write_bytes(b"".join(lines))
    (FOLDER / "count.txt").write_text(str(n))
    return n


def dumps() -> int:
    """orjson.dumps of as many, equally large dicts, written line by line."""
    import orjson

    dicts = [orjson.loads(line) for line in (FOLDER / "sample.ndjson").read_bytes().splitlines()]
    wanted = int((FOLDER / "count.txt").read_text())
    done = 0
    with (FOLDER / "dumps.ndjson").open("wb", buffering=1 << 20) as out:
        while done < wanted:
            for d in dicts[: wanted - done]:
                out.write(orjson.dumps(d))
                out.write(b"\n")
            done += len(dicts)
    return wanted


def main() -> None:
    make_store()
    sample()
    result = compare(
        "fhir_export",
        f"{DOSSIERS:,} dossiers naar FHIR NDJSON",
        Case("orjson.dumps van even grote dicts", dumps),
        Case("bds zib export", ours),
        unit="resources",
        rounds=int(os.environ.get("BENCH_ROUNDS", "1" if DOSSIERS >= 50_000 else "3")),
        target=0.25,
        min_rate=20_000,
    )
    save(result)
    shutil.rmtree(FOLDER / "ours.fhir", ignore_errors=True)
    for name in ("dumps.ndjson", "sample.ndjson", "count.txt"):
        (FOLDER / name).unlink(missing_ok=True)


if __name__ == "__main__":
    main()
