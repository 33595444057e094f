"""`bds spec show 235` as a whole process, beside a bare interpreter that imports polars (which the look-up avoids)."""

import sys
from pathlib import Path

from _measure import Case, compare, save

BDS = str(Path(sys.executable).with_name("bds"))


def main():
    return save(
        compare(
            "spec_show",
            "Opzoeken van een element, heel proces (belofte: < 0,4 s)",
            Case("python -c 'import polars'", argv=[sys.executable, "-c", "import polars"]),
            Case("bds spec show 235", argv=[BDS, "spec", "show", "235"]),
            unit="vragen",
            rounds=7,
        )
    )


if __name__ == "__main__":
    main()
