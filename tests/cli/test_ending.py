"""The process of `bds` ends at once, with everything that was made."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_what_was_written_is_there_when_the_process_ends_at_once(tmp_path):
    """The code, the output through a pipe, and no folder left behind."""
    (tmp_path / "a.csv").write_text(
        "dossier_id;activiteit_id;datum;bdsnummer;waarde\na;1;2024-03-01;235;1040\n", encoding="utf-8"
    )
    code = f"import sys, tempfile; sys.path.insert(0, {str(ROOT)!r}); tempfile.tempdir = {str(tmp_path / 't')!r}; from bds_tool.__main__ import main; sys.argv[1:] = {{}}; main(); print('not at once')"
    (tmp_path / "t").mkdir()
    for arguments, due in ((["validate", "a.csv", "-f", "json"], 0), (["validate", "weg.csv"], 3)):
        done = subprocess.run(
            [sys.executable, "-c", code.format(arguments)],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )
        assert done.returncode == due
        assert "not at once" not in done.stdout
        assert done.stdout.rstrip().endswith("}" if due == 0 else "1 niet gelezen.")
    assert list((tmp_path / "t").iterdir()) == []
