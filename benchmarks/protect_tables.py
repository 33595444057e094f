"""Secondary suppression beside tau-ARGUS (pytauargus MOD) on tables S2k and S: hidden cells and time, in one run.

The tables come from `../shared/sdc/gen.py` (seed-fixed). Requirement on both sides: every count of 1 to 4 keeps
room of at least one up and one down (tau-ARGUS: FREQ(5,20), MOD). Run with `--small` for S2k only, and with
`--large` for tables L and XL instead: protected and audited, against protecting alone.
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
DIMENSIONS = (["gem", "wijk"], ["age"], ["sex"], ["out"])


def leaves(name: str):
    """The inner cells of one of the tables, as gen.py makes them."""
    spec = importlib.util.spec_from_file_location("gen", SHARED / "sdc" / "gen.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.gen(**SIZES[name])


def count_table(frame, dimensions=DIMENSIONS):
    import polars as pl

    from bds_tool.indicators.protect import generic
    from bds_tool.indicators.protect.description import TableDescription

    described = {"dimensions": [{"name": d[-1], "columns": d} for d in dimensions]}
    return generic.build(frame.with_columns(pl.all().cast(pl.String)), TableDescription.build(described))


def policy(*, lower: int = 0, both_sides: bool = False):
    from bds_tool.indicators.protect.policy import build

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
    from bds_tool.indicators.protect.table_run import suppress, table_problem

    frame = leaves(name)
    start = time.process_time()
    table = count_table(frame)
    outcome = suppress(table_problem(table, policy(lower=lower, both_sides=both_sides)), quality=quality)
    spent = time.process_time() - start
    assert outcome.proven
    return int(outcome.hidden[table.tree.label_node].sum()), int(table.published.sum()), spent


def protected_and_audited(name: str, *, lower: int = 0) -> tuple[int, int, float]:
    """Hidden and published cells and CPU seconds from counts to a publication the audit has attacked in vain."""
    from bds_tool.indicators.protect.audit import AuditOptions, audit_tables, from_frame
    from bds_tool.indicators.protect.table_run import publication, suppress, table_problem, whole

    frame = leaves(name)
    start = time.process_time()
    table, rules = count_table(frame), policy(lower=lower)
    outcome = suppress(table_problem(table, rules))
    assert outcome.proven
    made = publication(table, outcome)
    dimensions = [{"name": d[-1], "columns": d, "total": "totaal"} for d in DIMENSIONS]
    terms = {"count": table.count, "dimensions": dimensions, "lower": lower}
    told = from_frame(made.frame, terms)
    options = AuditOptions(width=rules.least_width)
    verdict = audit_tables([told], options, made.primary, from_frame(whole(table), terms))
    assert verdict.safe, verdict.by_reason()
    spent = time.process_time() - start
    return int((made.frame["status"] == "verborgen").sum()), made.frame.height, spent


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


def ours_s_quality():
    return bds_on("S", quality=True)[1]


def large_audited():
    return protected_and_audited("L", lower=1)[1]


def huge_audited():
    return protected_and_audited("XL")[1]


def large_alone():
    return bds_on("L", lower=1, both_sides=False)[1]


def huge_alone():
    return bds_on("XL", both_sides=False)[1]


def peer_s2k():
    return tauargus_on("S2k")[1]


def peer_s():
    return tauargus_on("S")[1]


def large() -> None:
    """L in 15 s with zeros shown (lower bound 1); XL in 4 GB."""
    save(
        compare(
            "protect_l",
            "Tabel L, nullen getoond: beveiligd en gecontroleerd in 15 s",
            Case("onderdrukken zonder controle", large_alone),
            Case("onderdrukken en controleren", large_audited),
            unit="cellen",
            rounds=1,
            min_rate=188_040 / 15,
        )
    )
    save(
        compare(
            "protect_xl",
            "Tabel XL: beveiligd en gecontroleerd binnen 4 GB",
            Case("onderdrukken zonder controle", huge_alone),
            Case("onderdrukken en controleren", huge_audited),
            unit="cellen",
            rounds=1,
            max_mb=4096,
        )
    )


def main() -> None:
    if "--large" in sys.argv:
        large()
        return
    names = ["S2k"] if "--small" in sys.argv else ["S2k", "S"]
    for name in names:
        peer_hidden, _ = tauargus_on(name)
        plain, cells, cpu = bds_on(name)
        quality, _, quality_cpu = bds_on(name, quality=True)
        save(
            compare(
                f"protect_{name.lower()}",
                f"Tabel {name}: secundaire onderdrukking, ±1",
                Case("pytauargus MOD(1,5), FREQ(5,20)", peer_s2k if name == "S2k" else peer_s),
                Case("bds protect", ours_s2k if name == "S2k" else ours_s),
                unit="cellen",
                rounds=1,
                target=20.0,
                extra={
                    "cellen": cells,
                    "verborgen pytauargus": peer_hidden,
                    "verborgen bds": plain,
                    "cpu bds": round(cpu, 2),
                    "verborgen bds --quality": quality,
                    "cpu bds --quality": round(quality_cpu, 1),
                },
            )
        )
    if "S" in names:
        for quality in (False, True):
            for lower, both in ((0, False), (0, True), (1, False)):
                hidden, cells, cpu = bds_on("S", quality=quality, lower=lower, both_sides=both)
                print(
                    f"S  ondergrens {lower} {'±1' if both else 'breedte 1'} quality={quality}: {hidden}/{cells} in {cpu:.2f} s cpu"
                )


if __name__ == "__main__":
    main()
