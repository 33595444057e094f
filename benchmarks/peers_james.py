"""Claim: judging JAMES NDJSON by all rules takes less time than checking its JSON Schema with jsonschema.

Peers beside it, on the same records and the same schema (from `bds spec export james`): jsonschema-rs, which
compiles the schema and only says whether a record fits it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from _measure import Case, _run, _timing, compare, save

CHILDREN = 40
HERE = Path(tempfile.gettempdir()) / "bds-bench-james"
FILE, SCHEMA = HERE / "james.json", HERE / "schema.json"


def records() -> list:
    return [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]


def with_jsonschema() -> int:
    """Every error of every record."""
    import jsonschema

    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    validator = jsonschema.validators.validator_for(schema)(schema)
    found = records()
    for record in found:
        list(validator.iter_errors(record))
    return len(found)


def with_jsonschema_rs() -> int:
    """Every error of every record, by the compiled peer."""
    import jsonschema_rs

    validator = jsonschema_rs.validator_for(json.loads(SCHEMA.read_text(encoding="utf-8")))
    found = records()
    for record in found:
        list(validator.iter_errors(record))
    return len(found)


def with_bds() -> int:
    """Read the file into a store and judge it by all rules."""
    from bds_tool.formats import read
    from bds_tool.validate.engine import validate

    with read([FILE]) as store:
        result = validate(store)
        return int(result.bronnen["dossiers"].sum())


def main():
    HERE.mkdir(exist_ok=True)
    bds = [sys.executable, "-m", "bds_tool"]
    try:
        made = [
            "generate",
            "-n",
            str(CHILDREN),
            "--bds",
            "4.1.3",
            "--to",
            "james-3.0",
            "--output",
            str(FILE),
            "--force",
            "-q",
        ]
        subprocess.run([*bds, *made], check=True)
        subprocess.run(
            [*bds, "spec", "export", "james", "--james", "3.0", "--output", str(SCHEMA)], check=True
        )
        peer = _timing("jsonschema-rs", [_run(Case("jsonschema-rs", with_jsonschema_rs)) for _ in range(3)])
        return save(
            compare(
                "peers_james", "JAMES-JSON: alle regels naast controle van het JSON Schema",
                Case("jsonschema, alleen het schema", with_jsonschema), Case("bds: lezen en alle regels", with_bds),
                unit="kinderen", rounds=2,
                note="jsonschema en jsonschema-rs kijken alleen naar het schema; bds leest ook in en oordeelt op alle regels.",
                extra={"jsonschema-rs, alleen het schema (s)": round(peer.wall_median, 3), "kinderen": CHILDREN},
            )
        )  # fmt: skip
    finally:
        shutil.rmtree(HERE, ignore_errors=True)


if __name__ == "__main__":
    main()
