"""What the README says is what the program does."""

from __future__ import annotations

import json
import re
from pathlib import Path

README = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")


def test_zib_figures_are_those_of_the_command(bds):
    done = bds("zib", "coverage", "--by", "totaal", "--format", "json")
    (row,) = json.loads(done.out)
    told = [
        int(n.replace(".", "")) for n in re.findall(r"[\d.]*\d", README.split("Van de ")[1].split("`bds")[0])
    ]
    # 1.030 elementen, 4.2.0, 70, 2020 (release), 85, 91, 610, 174
    assert [told[0], told[2], *told[4:]] == [
        row[c] for c in ("elementen", "volledig", "deels", "met verlies", "geen tegenhanger", "buiten bereik")
    ]


def test_first_look_finds_what_it_promises(bds, tmp_path):
    """The table in the README gives the findings the README shows, and exit code 1."""
    table = README.split("```\n")[3]
    (tmp_path / "kind.csv").write_text(table, encoding="utf-8")
    done = bds("validate", tmp_path / "kind.csv")
    assert done.code == 1
    for line in ("BDS203 waarde-niet-in-lijst  fout  1 keer", "BDS503 factor-1000  fout  1 keer"):
        assert line in README
        assert line in done.out


def test_every_command_named_exists(bds):
    for name in set(re.findall(r"`?bds ([a-z]+(?:-[a-z]+)*)", README)) - {"maakt"}:
        assert bds(name, "--help").code == 0, name
