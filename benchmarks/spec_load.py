"""Loading one BDS version, beside reading the same CSV files with the csv module and doing nothing with them."""

import csv
from pathlib import Path

from _measure import Case, compare, save

FOLDER = Path(__file__).resolve().parents[1] / "specs" / "bds" / "4.2.0"


def read_only():
    rows = 0
    for path in FOLDER.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            rows += sum(1 for _ in csv.reader(file))
    return rows


def load_version():
    from bds_tool.schema import loading

    loading._load.cache_clear()  # noqa: SLF001  # a warm cache would measure nothing
    definition = loading.load("4.2.0")
    return len(definition.elementen)


def main():
    return save(
        compare(
            "spec_load",
            "Laden van BDS 4.2.0 (belofte: < 0,15 s)",
            Case("csv-module, alleen lezen", read_only, in_process=True),
            Case("bds_tool.schema.load", load_version, in_process=True),
            unit="elementen",
            rounds=7,
            target=0.1,
        )
    )


if __name__ == "__main__":
    main()
