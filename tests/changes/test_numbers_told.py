"""What `migrate`, `convert` and `validate` tell of one store is one number: its registraties."""

import json
import re
from pathlib import Path

import polars as pl

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data" / "schoon" / "dob-3.2.7"


def test_every_command_tells_the_rows_that_are_there(bds, tmp_path):
    """On the way from 3.2.7 to 4.2.0 values are kept outside the BDS and added, so source and store differ in rows."""
    source, target = tmp_path / "bron.bds", tmp_path / "nieuw.bds"
    told = []
    for words in (("convert", SAMPLE, source), ("migrate", source, "--to", "4.2.0", "-o", target)):
        done = bds(*words)
        assert done.code == 0, done.err
        # The last line of both: "PATH: 652 registraties." and "Geschreven: PATH (713 rijen)."
        told.append(int(re.findall(r"(\d+) (?:registraties|rijen)", done.out + done.err)[-1]))
    assert told[0] != told[1]
    for path, rows in zip((source, target), told, strict=True):
        assert pl.read_parquet(path / "registraties.parquet").height == rows
        own = pl.read_parquet(path / "registraties.parquet")["bron"].value_counts().sort("bron")["count"]
        assert pl.read_parquet(path / "bronnen.parquet").sort("bron")["rijen"].to_list() == own.to_list()
        report = json.loads(bds("validate", path, "--format", "json").out)
        assert report["summary"]["rows"] == rows == sum(f["rows"] for f in report["input"])
