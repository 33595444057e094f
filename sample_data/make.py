"""Make `sample_data/` again: small extracts in every format, clean and with planted defects, always the same bytes.

python sample_data/make.py [--check]     --check compares with what is there and changes nothing
"""

from __future__ import annotations

import filecmp
import hashlib
import re
import shutil
import sys
import tempfile
import zipfile
from collections import Counter
from pathlib import Path

import polars as pl
import yaml

from bds_tool.base.files import MARK
from bds_tool.formats.dob.sender import INVENTED
from bds_tool.formats.writing import WriteOptions, write
from bds_tool.schema import versions
from bds_tool.store.store import Store
from bds_tool.synthetic.generate import THEMES, Generator, Request, generate
from bds_tool.synthetic.people import STAYS, draw

HERE = Path(__file__).resolve().parent
SEED = 2026
TABLES = {
    "csv": "lang.csv", "csv-wide": "breed", "parquet": "lang.parquet", "arrow": "lang.arrow", "ndjson": "lang.ndjson",
    "xlsx": "lang.xlsx", "james-3.0": "james-3.0.json", "james-3.1": "james-3.1.json",
}  # fmt: skip
#: Defects of the samples: each kind stands out when its chance is multiplied so that a few children show it.
RATE = 12.0
MOMENT = b"20251231120000"


def young(count: int) -> int:
    """The number of the first child of a run of `count` children younger than five, still in care."""
    import numpy as np

    generator = Generator(Request(1, SEED, "4.1.3"))
    who = draw(generator.spec, generator.region, generator.chance, np.arange(5000), generator.day)
    fits = (generator.day - who.born < 5 * 365) & (who.reason == STAYS) & (generator.day - who.born > 400)
    return next(i for i in range(5000) if fits[i : i + count].all())


def make(out: Path) -> None:
    """Everything but this script, into an empty folder."""
    told: list[str] = []
    first = young(2)
    with tempfile.TemporaryDirectory() as name:
        for version in versions():
            store = stored(Path(name), version, "hl7", 2, first)
            done(store, "dob", out / "schoon" / f"dob-{version}", version, told)
        for version in ("4.1.3", "4.2.0"):
            store = stored(Path(name), version, "bds", 4, first)
            for kind, file in TABLES.items():
                if version == "4.1.3" or kind == "csv":
                    done(store, kind, out / "schoon" / f"tabel-{version}" / file, version, told)
            if version == "4.1.3":
                done(
                    store,
                    "csv",
                    out / "schoon" / f"tabel-{version}" / "excel-nl.csv",
                    version,
                    told,
                    dialect="excel-nl",
                )
        for coding, kind, file in (
            ("hl7", "dob", "dob-4.1.3"),
            ("bds", "csv", "lang.csv"),
            ("bds", "james-3.0", "james-3.0.json"),
        ):
            store = stored(Path(name), "4.1.3", coding, 6 if coding == "bds" else 3, first, defects=True)
            done(store, kind, out / "fouten" / file, "4.1.3", told)
            planted(store, out / "fouten" / f"{file}.geplant.yaml")
    broken(out / "kapot", out / "schoon" / "dob-4.1.3")
    for file in sorted(out.rglob("*")):
        if file.is_file():
            steady(file)
            file.chmod(0o644)
    (out / "README.md").write_text(page(out, told), encoding="utf-8", newline="\n")


def stored(
    folder: Path, version: str, coding: str, children: int, first: int, *, defects: bool = False
) -> Store:
    """A generated store of a few children."""
    path = folder / "run.bds"
    request = Request(
        children,
        SEED,
        version,
        coding=coding,
        themes=tuple(t for t in THEMES if t != "aanvulling"),
        first=first,
        defects="standaard" if defects else "",
        defect_rate=RATE,
    )
    generate(request, path, replace=True)
    return Store.open(path)


def done(store: Store, kind: str, target: Path, version: str, told: list[str], dialect: str = "iso") -> None:
    """Write one extract and keep what its format could not carry."""
    target.parent.mkdir(parents=True, exist_ok=True)
    options = WriteOptions(bds=version, dialect=dialect, organisation=1234, replace=True, sender=INVENTED)
    written = write(store, kind, target, options)
    left = sum(written.left_out.values())
    told.append(
        f"| `{'/'.join(target.parts[-2:])}` | {kind} | {version} | {store.registraties().select(pl.len()).collect().item()} | {left} |"
    )


def planted(store: Store, target: Path) -> None:
    """The manifest of the planted defects as YAML, which is no extract and is not read as one."""
    rows = pl.read_parquet(store.path / "defecten.parquet").to_dicts()
    text = yaml.safe_dump(rows, allow_unicode=True, sort_keys=False, width=1000)
    target.write_text(
        "# Wat er is geplant, en welke regels het horen te melden.\n" + text, encoding="utf-8", newline="\n"
    )


def broken(folder: Path, messages: Path) -> None:
    """Files that cannot be read: each is one finding, and the others are still judged."""
    folder.mkdir(parents=True)
    steady(min(messages.glob("*.xml")))
    whole = min(messages.glob("*.xml")).read_bytes()
    (folder / "afgekapt.xml").write_bytes(whole[: len(whole) // 8])
    (folder / "dtd.xml").write_bytes(b'<?xml version="1.0"?>\n<!DOCTYPE a [<!ENTITY b "c">]>\n<a>&b;</a>\n')
    (folder / "leeg.json").write_bytes(b"")
    (folder / "afgekapt.json").write_bytes(b'{"Format": "3.0", "clientDetails": [{"bdsNumber": 19, "value"')
    (folder / "codering.csv").write_bytes(b"dossier_id;bdsnummer;waarde\nD1;482;caf" + b"\xe9\x81\x8d\n")


def steady(file: Path) -> None:
    """Take out what differs from run to run: message id and time, times inside a workbook."""
    if file.suffix == ".xml" and b"creationTime" in file.read_bytes():
        data = file.read_bytes()
        made = re.search(rb'<creationTime value="(\d{14})"', data)
        if made:  # the moment of writing stands at the author too, and its day at the end of care
            data = data.replace(b'value="' + made[1] + b'"', b'value="' + MOMENT + b'"')
            data = data.replace(b'value="' + made[1][:8] + b'"', b'value="' + MOMENT[:8] + b'"')
        place = re.compile(rb'(<id root="2\.25" extension=")[0-9]{20,40}(")')
        mark = str(int(hashlib.sha256(place.sub(rb"\1\2", data)).hexdigest()[:30], 16)).encode()
        file.write_bytes(place.sub(rb"\g<1>" + mark + rb"\2", data))
    elif file.suffix == ".xlsx":
        with zipfile.ZipFile(file) as old:
            parts = [(n, old.read(n)) for n in old.namelist()]
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
            for name, data in parts:
                clean = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"2025-12-31T12:00:00Z", data)
                new.writestr(zipfile.ZipInfo(name, (2025, 12, 31, 12, 0, 0)), clean, zipfile.ZIP_DEFLATED)


def page(out: Path, told: list[str]) -> str:
    """What is in the folder."""
    counts: dict[str, Counter[str]] = {}
    for file in sorted((out / "fouten").glob("*.geplant.yaml")):
        counts[file.name] = Counter(r["soort"] for r in yaml.safe_load(file.read_text(encoding="utf-8")))
    lines = [
        "# Voorbeeldgegevens",
        "",
        "Verzonnen kinderen in elk formaat. Niemand hierin bestaat: namen zijn bedacht en burgerservicenummers komen uit",
        f"de testreeks 9999xxxxx. `make sample` (seed {SEED}) maakt de map opnieuw, byte voor byte gelijk.",
        "",
        "- `schoon/`: zonder fouten, in elke BDS-versie (DOB) en elk formaat.",
        "- `fouten/`: met geplante fouten; `*.geplant.yaml` zegt welke, waar, en welke regels ze horen te vinden.",
        "- `kapot/`: bestanden die niet te lezen zijn.",
        "",
        "Proef: `bds validate sample_data/schoon`, `bds validate sample_data/fouten`, `bds validate sample_data`.",
        "",
        "| bestand | formaat | BDS | registraties | zonder plaats in dit formaat |",
        "| --- | --- | --- | ---: | ---: |",
        *told,
        "",
        "## Geplante fouten",
        "",
        f"| soort | {' | '.join(f'`{n}`' for n in counts)} |",
        f"| --- |{' ---: |' * len(counts)}",
    ]
    kinds = sorted({k for c in counts.values() for k in c})
    lines += [f"| {kind} | {' | '.join(str(c[kind]) for c in counts.values())} |" for kind in kinds]
    return "\n".join(lines) + "\n"


def check(fresh: Path) -> list[str]:
    """Files that differ from those in this folder, or are only on one side."""
    names = {
        str(p.relative_to(d)) for d in (fresh, HERE) for p in d.rglob("*") if p.is_file() and p.name != MARK
    }
    names = {n for n in names if "__pycache__" not in n and n != "make.py"}
    return sorted(n for n in names if not _same(fresh / n, HERE / n))


def _same(one: Path, other: Path) -> bool:
    """Equal bytes; what another release of a library wrote in Parquet or Arrow may differ in bytes, not in content."""
    if not (one.is_file() and other.is_file()):
        return False
    if filecmp.cmp(one, other, shallow=False):
        return True
    if one.suffix == ".parquet" and _writer(one) != _writer(other):
        return pl.read_parquet(one).equals(pl.read_parquet(other))
    if one.suffix == ".arrow" and _writer(one.with_suffix(".parquet")) != _writer(
        other.with_suffix(".parquet")
    ):
        return pl.read_ipc(one).equals(pl.read_ipc(other))
    return False


def _writer(file: Path) -> str:
    import pyarrow.parquet as pq

    return str(pq.read_metadata(file).created_by)


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        fresh = Path(name) / "sample_data"
        fresh.mkdir()
        make(fresh)
        if "--check" in sys.argv:
            different = check(fresh)
            for file in different:
                sys.stderr.write(f"anders: {file}\n")
            return 1 if different else 0
        for old in HERE.iterdir():
            if old.is_dir():
                shutil.rmtree(old)
        shutil.copytree(fresh, HERE, dirs_exist_ok=True, ignore=shutil.ignore_patterns(MARK))
    return 0


if __name__ == "__main__":
    sys.exit(main())
