"""Fuzz every reader for a while with `sample_data/` as the corpus, and say how many executions there were.

python tests/robust/fuzz_all.py --seconds 60
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SAMPLES = HERE.parents[1] / "sample_data"
#: Inputs longer than the fuzzer takes are of no use as seeds; parts of them are.
SEED_MAX = 4000


def seeds(folder: Path) -> None:
    """One folder per reader with small seeds made of the sample data."""
    for reader in ("dob", "james", "tabel", "fhir", "sniff"):
        (folder / reader).mkdir(parents=True)
    from lxml import etree

    for number, file in enumerate(sorted(SAMPLES.rglob("*.xml"))):
        if "kapot" not in file.parts:
            (folder / "dob" / f"{number}.xml").write_bytes(smaller(etree.parse(str(file)).getroot()))
    for number, file in enumerate(sorted(SAMPLES.rglob("*.json"))):
        if "kapot" not in file.parts:
            for part, line in enumerate(file.read_text(encoding="utf-8").splitlines()):
                text = json.dumps(cut(json.loads(line)))
                (folder / "james" / f"{number}-{part}.json").write_text(text, encoding="utf-8")
    for number, file in enumerate(sorted(SAMPLES.rglob("*.csv"))):
        lines = file.read_bytes().splitlines(keepends=True)
        (folder / "tabel" / f"{number}.csv").write_bytes(b"".join(lines[:12])[:SEED_MAX])
    (folder / "fhir" / "a.ndjson").write_text(
        '{"resourceType": "Observation", "id": "1", "status": "final"}\n'
    )
    for part in ("dob", "james", "tabel"):
        for file in sorted((folder / part).iterdir())[:2]:
            shutil.copy(file, folder / "sniff" / f"{part}-{file.name}")


def smaller(root) -> bytes:
    """A message cut down to the first activity and the first observations."""
    from lxml import etree

    kept: dict[str, int] = {}
    for node in list(root.iter()):
        if isinstance(node.tag, str) and node.getparent() is not None:
            name = etree.QName(node).localname
            kept[name] = kept.get(name, 0) + 1
            most = 1 if name in {"component7", "personalRelationship", "document"} else 3
            if kept[name] > most and name.startswith(
                ("component", "personal", "pertinent", "subjectOf", "observation")
            ):
                node.getparent().remove(node)
    for node in root.iter():
        node.tail = None
        node.text = (node.text or "").strip() or None
    return etree.tostring(root)


def cut(record):
    """A record with its lists cut to three places."""
    if isinstance(record, list):
        return [cut(r) for r in record[:3]]
    if isinstance(record, dict):
        return {k: cut(v) for k, v in record.items()}
    return record


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    crashed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seeds(folder)
        for reader in ("dob", "james", "tabel", "fhir", "sniff"):
            log = folder / f"{reader}.log"
            command = [
                sys.executable, str(HERE / "fuzz_readers.py"), reader, "--seconds", str(options.seconds),
                "--corpus", str(folder / reader), "--log", str(log),
            ]  # fmt: skip
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            told = [json.loads(p.read_text()) for p in folder.glob(f"{reader}.log.*")]
            executions = sum(t["executions"] for t in told)
            places = sorted({p for t in told for p in t["places"]})
            crashed += len(places) + (done.returncode != 0)
            sys.stdout.write(
                f"{reader}: {executions:,} executions in {options.seconds} s, {len(places)} crashes {places}\n"
            )
    return 1 if crashed else 0


if __name__ == "__main__":
    sys.exit(main())
