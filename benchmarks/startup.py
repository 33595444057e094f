"""Whole processes of `bds` beside a bare interpreter (`python -c pass`): help, look-ups, and one small file of each kind.

CPU seconds, the smallest of several in turn: what else runs on the machine counts least in those. Only some of them:
`python benchmarks/startup.py json csv xml`.
"""

import sys
import tempfile
from pathlib import Path

from _measure import Case, compare, save

BDS = str(Path(sys.executable).with_name("bds"))
SAMPLES = Path(__file__).resolve().parents[1] / "sample_data"
MESSAGE = SAMPLES / "schoon" / "dob-4.1.3" / "dossier-000001.xml"
#: Lines of the sample table, with the head: a file as a vendor tries one.
LINES = 40
ROUNDS = 10


def main():
    folder = Path(tempfile.mkdtemp(prefix="bds-bench-"))
    table = folder / "klein.csv"
    lines = (SAMPLES / "schoon" / "tabel-4.1.3" / "lang.csv").read_text(encoding="utf-8").splitlines()
    table.write_text("\n".join(lines[:LINES]) + "\n", encoding="utf-8")
    record = folder / "klein.json"
    first = (
        (SAMPLES / "schoon" / "tabel-4.1.3" / "james-3.0.json").read_text(encoding="utf-8").splitlines()[0]
    )
    record.write_text(first, encoding="utf-8")
    bare = Case("python -c pass", argv=[sys.executable, "-c", "pass"])
    #: What nothing of `bds` can take away: the parser of the command line, and the library of the tables.
    loaded = "import typer, polars"
    libraries = Case(f'python -c "{loaded}"', argv=[sys.executable, "-c", loaded])
    made = []
    for name, title, seconds, starts, arguments in (
        ("help", "bds --help", None, 8, ["--help"]),
        ("rule", "bds rule BDS203", 0.25, None, ["rule", "BDS203"]),
        ("show", "bds spec show 510", 0.25, None, ["spec", "show", "510"]),
        ("json", "bds validate, een klein JSON-bestand", 0.45, None, ["validate", str(record)]),
        ("csv", "bds validate, een klein CSV-bestand", 0.45, None, ["validate", str(table)]),
        ("xml", "bds validate, één bericht", 0.45, None, ["validate", str(MESSAGE)]),
    ):
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        found = compare(
            f"startup_{name}",
            f"Start: {title}",
            bare,
            Case(
                " ".join(["bds", *(Path(a).name if "/" in a else a for a in arguments)]),
                argv=[BDS, *arguments],
            ),
            rounds=ROUNDS,
            by="cpu",
            beside=[libraries] if name in {"json", "csv", "xml"} else [],
            max_seconds=seconds,
            target=1 / starts if starts else None,
            max_mb=150 if seconds == 0.45 else None,
            note=f"CPU-seconden, het kleinste van {ROUNDS} om en om; 1 gedeeld door de verhouding is het aantal kale starts van Python.",
        )
        made.append(save(found))
    for file in (table, record):
        file.unlink()
    folder.rmdir()
    return made


if __name__ == "__main__":
    main()
