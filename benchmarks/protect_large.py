"""Tables L (188,040 cells, zeros shown, lower bound 1) and XL (978,000 cells with buurten): protected and audited.

The tables come from `../shared/sdc/gen.py` (seed-fixed). The baseline is hiding cells without the audit, from the
same counts. L has to be done within 15 seconds, XL within 4 GB. `make bench NAMES=protect_large`, or one of the
two with `python benchmarks/protect_large.py L`.
"""

from __future__ import annotations

import sys

from _measure import Case, compare, save
from protect_tables import bds_on, count_table, dimensions, leaves, policy


def protected_and_audited(name: str, *, lower: int = 0) -> tuple[int, int]:
    """Hidden and published cells (every label) of a publication that the audit has attacked in vain."""
    from bds_tool.protect.audit import AuditOptions, audit_tables, from_frame
    from bds_tool.protect.files import claims
    from bds_tool.protect.table_run import publication, suppress, table_problem

    frame = leaves(name)
    table, rules = count_table(frame), policy(lower=lower)
    outcome = suppress(table_problem(table, rules))
    assert outcome.proven
    made = publication(table, outcome)
    axes = [{"name": d[-1], "columns": d, "total": "totaal"} for d in dimensions(frame)]
    terms = {"count": table.count, "dimensions": axes, "lower": lower}
    told = claims(table, outcome, terms)
    verdict = audit_tables(
        [from_frame(made.frame, terms)], AuditOptions(width=rules.least_width), made.primary, told
    )
    assert verdict.safe, verdict.by_reason()
    return int((made.frame["status"] == "verborgen").sum()), made.frame.height


def l_audited():
    return protected_and_audited("L", lower=1)[1]


def xl_audited():
    return protected_and_audited("XL")[1]


def l_alone():
    return bds_on("L", lower=1, both_sides=False)[1]


def xl_alone():
    return bds_on("XL", both_sides=False)[1]


def main() -> None:
    alone, both = "onderdrukken zonder controle", "onderdrukken en controleren"
    if "XL" not in sys.argv:
        save(
            compare(
                "protect_l",
                "Tabel L, nullen getoond: beveiligd en gecontroleerd in 15 s",
                Case(alone, l_alone),
                Case(both, l_audited),
                unit="cellen",
                rounds=3,
                min_rate=188_040 / 15,
                extra={"verborgen": protected_and_audited("L", lower=1)[0]},
            )
        )
    if "L" not in sys.argv:
        save(
            compare(
                "protect_xl",
                "Tabel XL: beveiligd en gecontroleerd binnen 4 GB",
                Case(alone, xl_alone),
                Case(both, xl_audited),
                unit="cellen",
                rounds=1,
                max_mb=4096,
            )
        )


if __name__ == "__main__":
    main()
