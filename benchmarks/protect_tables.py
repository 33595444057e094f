"""Secondary suppression beside tau-ARGUS (pytauargus MOD) on tables S2k and S: hidden cells and time, in one run.

The tables come from `../shared/sdc/gen.py` (seed-fixed). Requirement on both sides: every count of 1 to 4 keeps
room of at least one up and one down (tau-ARGUS: FREQ(5,20), MOD). Run with `--small` for S2k only. For S the
figures with zeros published (lower bound 1, width 1) are told as well. `protect_large.py` has tables L and XL.
"""

from __future__ import annotations

import contextlib
import importlib.util
import math
import sys
import tempfile
import time
from pathlib import Path

from _measure import Case, compare, save

SHARED = Path(__file__).resolve().parents[2] / "shared"
SIZES = {
    "S2k": {"G": 4, "total": 3_300_000 * 4 / 342, "seed": 3},
    "S": {"G": 17, "total": 3_300_000 * 17 / 342, "seed": 2},
    "L": {},
    "XL": {"mean_buurt": 4.5},
}
AREAS = ("gem", "wijk", "buurt")
#: Where the timed run of the peer, a process of its own, tells how many cells it hid: a run takes minutes.
HIDDEN = Path(tempfile.gettempdir()) / "bds-protect-tauargus-hidden.txt"


def leaves(name: str):
    """The inner cells of one of the tables, as gen.py makes them."""
    spec = importlib.util.spec_from_file_location("gen", SHARED / "sdc" / "gen.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.gen(**SIZES[name])


def dimensions(frame) -> list[list[str]]:
    """Areas as deep as the table has them, and the three breakdowns."""
    return [[c for c in AREAS if c in frame.columns], ["age"], ["sex"], ["out"]]


def count_table(frame):
    import polars as pl

    from bds_tool.protect import generic
    from bds_tool.protect.description import TableDescription

    described = {"dimensions": [{"name": d[-1], "columns": d} for d in dimensions(frame)]}
    return generic.build(frame.with_columns(pl.all().cast(pl.String)), TableDescription.build(described))


def policy(*, lower: int = 0, both_sides: bool = False):
    from bds_tool.protect.policy import build

    return build(
        {
            "id": "meting",
            "method": "suppress",
            "thresholds": {"denominator": 5, "numerator": 5, "complement": 5, "cell": 5},
            "zeros": {"shown": True, "full_shown": True},
            "attacker": {"lower": lower},
            "required": {"both_sides": both_sides},
        }
    )


def bds_on(
    name: str, *, quality: bool = False, lower: int = 0, both_sides: bool = True
) -> tuple[int, int, float]:
    """Hidden cells (all labels), published cells and CPU seconds from counts to certified pattern."""
    from bds_tool.protect.table_run import suppress, table_problem

    frame = leaves(name)
    start = time.process_time()
    table = count_table(frame)
    outcome = suppress(table_problem(table, policy(lower=lower, both_sides=both_sides)), quality=quality)
    spent = time.process_time() - start
    assert outcome.proven
    return int(outcome.hidden[table.tree.label_node].sum()), int(table.published.sum()), spent


def tauargus_on(name: str) -> tuple[int, int]:
    """Hidden and published cells of pytauargus MOD on the same table."""
    import numpy as np
    import pytauargus

    frame = leaves(name)
    repeat = np.repeat(np.arange(frame.height), frame["n"].to_numpy())
    micro = {c: frame[c].to_numpy()[repeat].tolist() for c in ("wijk", "age", "sex", "out")}
    micro["een"] = [1.0] * len(repeat)
    # The engine leaves its logs in the working directory.
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        tree = Path(folder) / "wijk.hrc"
        lines = []
        for gem in frame["gem"].unique(maintain_order=True):
            lines.append(gem)
            lines += [f"@{w}" for w in frame.filter(gem=gem)["wijk"].unique(maintain_order=True)]
        tree.write_text("\n".join(lines) + "\n")
        result = pytauargus.protect(
            micro,
            ["wijk", "age", "sex", "out"],
            response="een",
            safety_rules="FREQ(5,20)",
            suppress="MOD(1,5)",
            hrc={"wijk": str(tree)},
            hierleadstring="@",
            workdir=folder,
        )
        safe = result.tables[0].safe(None)
    return sum(1 for v in safe if v is None or math.isnan(float(v))), len(safe)


def ours_s2k():
    return bds_on("S2k")[1]


def ours_s():
    return bds_on("S")[1]


def peer(name: str) -> int:
    hidden, cells = tauargus_on(name)
    HIDDEN.write_text(str(hidden))
    return cells


def peer_s2k():
    return peer("S2k")


def peer_s():
    return peer("S")


def zeros_shown(name: str) -> dict[str, float]:
    """Hidden cells and CPU seconds when the attacker knows that a hidden cell is no zero, plain and `--quality`."""
    told = {}
    for words, quality in (("", False), (" --quality", True)):
        hidden, _, cpu = bds_on(name, quality=quality, lower=1, both_sides=False)
        told |= {
            f"verborgen bds{words}, nullen getoond": hidden,
            f"cpu bds{words}, nullen getoond": round(cpu, 1),
        }
    return told


def main() -> None:
    names = ["S2k"] if "--small" in sys.argv else ["S2k", "S"]
    for name in names:
        plain, cells, cpu = bds_on(name)
        quality, _, quality_cpu = bds_on(name, quality=True)
        result = compare(
            f"protect_{name.lower()}",
            f"Tabel {name}: secundaire onderdrukking, ±1",
            Case("pytauargus MOD(1,5), FREQ(5,20)", peer_s2k if name == "S2k" else peer_s),
            Case("bds protect", ours_s2k if name == "S2k" else ours_s),
            unit="cellen",
            rounds=1,
            target=20.0 if name == "S" else None,
            extra={
                "cellen": cells,
                "verborgen bds": plain,
                "cpu bds": round(cpu, 2),
                "verborgen bds --quality": quality,
                "cpu bds --quality": round(quality_cpu, 1),
                **(zeros_shown(name) if name == "S" else {}),
            },
        )
        # The run that was timed left the count.
        result.extra = {"verborgen pytauargus": int(HIDDEN.read_text()), **result.extra}
        HIDDEN.unlink()
        save(result)


if __name__ == "__main__":
    main()
