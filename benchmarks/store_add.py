"""The thirteenth monthly delivery of an organisation, against reading and judging that delivery alone.

Issue: at most 1.5 times. Alone: `bds convert` to a new store and `bds validate` of it. Thirteenth: `bds store add` to a
store of twelve that were judged before, and `bds validate` of the whole store. `python store_add.py [children]`.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from datetime import date
from pathlib import Path

from _measure import Case, compare, save

CHILDREN = "BDS_BENCH_CHILDREN"
DELIVERIES, MOST_TIMES, TODAY = 13, 1.5, date(2027, 1, 31)


def deliveries() -> list[Path]:
    """Twelve and one files with the same children under other keys: made once."""
    from bds_tool.formats.writing import write
    from bds_tool.store.store import Store, StoreWriter
    from bds_tool.synthetic.generate import Generator, Request

    children = int(os.environ.get(CHILDREN, "1000"))
    folder = Path(tempfile.gettempdir()) / f"bds-bench-deliveries-{children}"
    files = [folder / f"{n:02}.csv" for n in range(1, DELIVERIES + 1)]
    if not files[-1].exists():
        folder.mkdir(exist_ok=True)
        generator = Generator(Request(children, 7, "4.1.3"))
        with StoreWriter(folder / "basis.bds", replace=True) as writer:
            for table in generator.tables():
                writer.add_table(table)
            writer.add_bron(**generator.facts(), rijen=writer.count)
        write(Store.open(folder / "basis.bds"), "csv", folder / "basis.csv")
        lines = (folder / "basis.csv").read_text(encoding="utf-8").split("\n")
        for n, file in enumerate(files, 1):
            body = (f"m{n}-{line}" if line else line for line in lines[1:])
            file.write_text("\n".join([lines[0], *body]), encoding="utf-8")
    return files


def year() -> Path:
    """A store of twelve deliveries, each judged; made once."""
    from bds_tool.formats.deliveries import add

    files = deliveries()
    store = files[0].parent / "jaar.bds"
    for n, file in enumerate(files[:-1], 1):
        if not (store / "_store.json").exists() or f'"m{n}"' not in (store / "_store.json").read_text():
            add(store, [file], f"m{n}", organisation="A")
            judge(store)
    judge(store)
    return store


def judge(store: Path) -> int:
    from bds_tool.store.store import Store
    from bds_tool.validate.engine import Options, validate

    return int(validate(Store.open(store), Options(today=TODAY)).meta["rows"])


def alone() -> int:
    from bds_tool.formats.reading import read

    with tempfile.TemporaryDirectory() as folder:
        read([deliveries()[-1]], Path(folder) / "een.bds", organisation="A")
        return judge(Path(folder) / "een.bds")


def thirteenth() -> int:
    from bds_tool.formats.deliveries import add

    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "jaar.bds"
        shutil.copytree(year(), store, copy_function=os.link)
        part = add(store, [deliveries()[-1]], "m13", organisation="A")
        judge(store)
        return part.rows


def main():
    if len(sys.argv) > 1:
        os.environ[CHILDREN] = sys.argv[1]
    year()
    return save(
        compare(
            "store_add",
            "Dertiende maandlevering toevoegen en de hele gegevensmap beoordelen",
            Case("Alleen die levering lezen en beoordelen", alone),
            Case("bds store add en bds validate van alle dertien", thirteenth),
            unit="registraties",
            target=1 / MOST_TIMES,
        )
    )


if __name__ == "__main__":
    main()
