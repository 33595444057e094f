"""JAMES NDJSON into the store against `orjson` parsing of the same bytes alone (goal: at most 4 times as long)."""

from __future__ import annotations

import json
import os
import random
import shutil
import tempfile
from pathlib import Path

from _measure import Case, compare, save

CHILDREN = int(os.environ.get("BENCH_CHILDREN", "400000"))
MEMORY_MB = 600
FILE = Path(tempfile.gettempdir()) / f"bds-bench-james-{CHILDREN}.ndjson"


def make() -> None:
    """Children with 34 values each on average, as in format 3.0: about 130 MB for 100,000."""
    if FILE.exists():
        return
    rng = random.Random(7)
    with FILE.open("w", encoding="utf-8") as out:
        for child in range(CHILDREN):
            year = rng.randint(2005, 2022)
            dates = sorted(
                f"{year + k // 2}{rng.randint(1, 12):02}{rng.randint(1, 28):02}"
                for k in range(rng.randint(4, 10))
            )
            series = [
                {"bdsNumber": n, "values": [{"date": d, "value": rng.randint(low, high)} for d in dates]}
                for n, low, high in ((235, 480, 1200), (245, 2500, 20000), (252, 330, 520))
            ]
            series.append(
                {"bdsNumber": 879, "values": [{"date": d, "value": rng.choice("12")} for d in dates[:2]]}
            )
            record = {
                "Format": "3.0",
                "organisationCode": 12,
                "reference": f"ref-{child:08}",
                "clientDetails": [
                    {"bdsNumber": 19, "value": rng.choice("12")},
                    {"bdsNumber": 20, "value": f"{year}{rng.randint(1, 12):02}{rng.randint(1, 28):02}"},
                    {"bdsNumber": 82, "value": rng.randint(180, 300)},
                    {"bdsNumber": 91, "value": rng.choice("12")},
                    {"bdsNumber": 110, "value": rng.randint(900, 5000)},
                    {"bdsNumber": 238, "value": 1700},
                    {"bdsNumber": 240, "value": 1830},
                ],
                "clientMeasurements": series,
                "nestedDetails": [
                    {
                        "nestingBdsNumber": 62,
                        "nestingCode": c,
                        "clientDetails": [{"bdsNumber": 63, "value": "19900101"}],
                    }
                    for c in ("01", "02")
                ],
            }
            out.write(json.dumps(record) + "\n")


def parse() -> int:
    import orjson

    values = 0
    with FILE.open("rb") as stream:
        for line in stream:
            values += len(orjson.loads(line)["clientDetails"])
    return CHILDREN


def into_store() -> int:
    from bds_tool.formats import read

    target = Path(tempfile.mkdtemp()) / "x.bds"
    store = read([FILE], target)
    dossiers = int(store.bronnen()["dossiers"][0])
    shutil.rmtree(target.parent)
    return dossiers


def main():
    make()
    return save(
        compare(
            "read_james",
            "JAMES NDJSON naar de opslag",
            Case("orjson, alleen ontleden", parse),
            Case("bds, tot en met de Parquet-opslag", into_store),
            unit="kinderen",
            target=0.25,
            max_mb=MEMORY_MB,
            rounds=3,
            note="Geheugen is begrensd door blokken van 4 MB, waarvan er hoogstens vijf tegelijk in bewerking zijn.",
            extra={"MB": round(FILE.stat().st_size / 1e6)},
        )
    )


if __name__ == "__main__":
    main()
