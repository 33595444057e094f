"""Reading DOB messages in bulk against a bare lxml parse of the same bytes (goal: at most 8 times, two cores)."""

import os
import shutil
import tempfile
from pathlib import Path

from _measure import HERE, Case, compare, save

PLACE = Path(tempfile.gettempdir()) / "bds-bench-dob"
FILES = 4000
# As the program `bds` does; the cases are functions in interpreters of their own.
os.environ["BDS_PROCESSES"] = "2"


def make() -> list[Path]:
    """FILES copies of the clean sample messages, made once."""
    source = sorted((HERE.parent / "sample_data" / "schoon").rglob("*.xml"))
    if not PLACE.exists() or len(list(PLACE.iterdir())) != FILES:
        shutil.rmtree(PLACE, ignore_errors=True)
        PLACE.mkdir()
        for number in range(FILES):
            shutil.copy(source[number % len(source)], PLACE / f"{number:05d}.xml")
    return sorted(PLACE.iterdir())


def parse():
    from lxml import etree

    files = make()
    for path in files:
        etree.fromstring(path.read_bytes())
    return len(files)


def read_all():
    from bds_tool.formats import read

    files = make()
    with read(files) as store:
        assert store.bronnen().height == len(files)
    return len(files)


def main():
    files = make()
    size = sum(p.stat().st_size for p in files) / 1e6
    return save(
        compare(
            "read_dob",
            "DOB-berichten in bulk naar de store",
            Case("lxml, alleen parsen, één proces", parse),
            Case("bds: lezen naar de store, twee processen", read_all),
            unit="berichten",
            rounds=3,
            target=1 / 8,
            extra={"MB": round(size, 1), "KB per bericht": round(size * 1000 / len(files), 1)},
            note="Eis: hoogstens 8 keer de tijd van het parsen.",
        )
    )


if __name__ == "__main__":
    main()
