"""Protecting a file: suppress, audit what would be published, and only then give it its name."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from bds_tool.base.errors import UsageError, WithheldError
from bds_tool.base.files import atomic_file, scratch
from bds_tool.base.text import number, t
from bds_tool.formats.table import plain
from bds_tool.protect import generic
from bds_tool.protect.collapse import table_proposals
from bds_tool.protect.description import TableDescription
from bds_tool.protect.table_run import (
    Outcome,
    Publication,
    changes,
    codes_of,
    publication,
    suppress,
    table_problem,
    whole,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from bds_tool.protect import audit
    from bds_tool.protect.audit import Verdict
    from bds_tool.protect.audit.published import Description
    from bds_tool.protect.policy import Policy
    from bds_tool.protect.statement import Totals


#: Small counts attacked to measure what rounding leaks.
LEAK_SAMPLE = 200


@dataclass(frozen=True)
class ProtectedTable:
    """A table that passed: what is published, what is kept inside, and the verdict of the audit."""

    publication: Publication
    outcome: Outcome
    verdict: Verdict
    proposals: list[str]


def protect_table(
    source: Path,
    description_path: Path,
    policy: Policy,
    target: Path,
    *,
    quality: bool = False,
    earlier: Sequence[Path] = (),
) -> ProtectedTable:
    """Protect a count table and write it to `target` (CSV, Parquet or XLSX).

    Raises WithheldError (exit 4) when a cell cannot be certified or the audit fails; nothing is written then.
    """
    from bds_tool.protect import audit

    description = TableDescription.read(description_path)
    table = generic.build(plain.frame(source), description)
    outcome = suppress(table_problem(table, policy), quality=quality)
    require_proof(outcome)
    made = publication(table, outcome)
    terms: Description = {**audit.read_description(description_path), "lower": policy.lower}
    with scratch() as folder:
        draft = folder / f"tabel{target.suffix}"
        write_frame(made.frame, draft)
        tables = [audit.read_published(p, terms) for p in (draft, *earlier)]
        options = audit.AuditOptions(width=policy.least_width)
        verdict = audit.audit_tables(tables, options, made.primary, claims(table, outcome, terms))
        require_safe(verdict)
        with atomic_file(target) as temporary:
            shutil.copyfile(draft, temporary)
    secret = outcome.hidden[table.tree.label_node].reshape(table.values.shape)
    return ProtectedTable(made, outcome, verdict, table_proposals(table, policy, secret))


def claims(table: generic.CountTable, outcome: Outcome, terms: Description) -> audit.Claims:
    """What the audit is told of why the hidden cells are safe."""
    from bds_tool.protect import audit

    return audit.Claims(audit.from_frame(whole(table), terms), *changes(table, outcome))


def round_table(source: Path, description_path: Path, policy: Policy, target: Path) -> Totals:
    """Round a count table and write it. Labelled `afgerond`; how much an attack recovers is measured, not promised."""
    import numpy as np
    import polars as pl

    from bds_tool.protect.rounding import hidden_small, names_of, round_counts

    description = TableDescription.read(description_path)
    table = generic.build(plain.frame(source), description)
    rule = policy.part("rounding")
    counts = table.values[np.nonzero(table.published)]
    codes = codes_of(table)
    rounded, small = round_counts(counts, rule, names_of(codes)), hidden_small(counts, rule)
    frame = _labelled(codes, table.count, rounded, small)
    publish_frame(frame, target)
    leak = rounding_leak(frame, description_path, policy, pl.Series((counts > 0) & (counts < policy.cell)))
    return {
        "cells": frame.height,
        "hidden": int(small.sum()),
        "share_hidden": float(small.mean()),
        "attacked": leak["attacked"],
        "recovered": leak["recovered"],
    }


def _labelled(codes: pl.DataFrame, name: str, counts: Any, small: Any) -> pl.DataFrame:  # noqa: ANN401
    import polars as pl

    hidden = pl.Series(small)
    return codes.with_columns(
        pl.when(hidden).then(None).otherwise(pl.Series(counts)).alias(name),
        pl.when(hidden).then(pl.lit("verborgen")).otherwise(pl.lit("afgerond")).alias("status"),
    )


class Leak(TypedDict):
    """How many small counts were attacked, and how many of them were found."""

    attacked: int
    recovered: int


def rounding_leak(frame: pl.DataFrame, description_path: Path, policy: Policy, small: pl.Series) -> Leak:
    """How many small counts an attacker who knows the rule recovers exactly, of at most 200 that are tried."""
    from bds_tool.protect import audit
    from bds_tool.protect.audit.run import build_system

    rule = policy.part("rounding")
    terms: Description = {
        **audit.read_description(description_path),
        "lower": 1,
        "rounding": {
            "rule": rule["rule"],
            "base": rule["base"],
            "zeros_exact": not (rule["rule"] == "nearest" and not rule.get("hide_to")),
        },
    }
    table = audit.from_frame(frame, terms)
    system = build_system(table, audit.AuditOptions())
    system.high[table.symbol_cells()] = float(rule.get("hide_to", 0)) or system.high.max()
    tried = small.arg_true().head(LEAK_SAMPLE).to_numpy()
    system.wanted[:] = False
    system.wanted[table.rows[tried]] = True
    verdict = audit.attack(system)
    return {"attacked": len(tried), "recovered": len(verdict.findings)}


class UnprovenError(WithheldError):
    """No proof was found that what is hidden stays secret."""


def require_proof(outcome: Outcome) -> None:
    """Raises UnprovenError unless every primary is certified and every certificate holds."""
    if outcome.proven:
        return
    count = number(len(outcome.uncertified) + len(outcome.faults))
    raise UnprovenError(
        t(
            f"Voor {count} cellen is geen bewijs gevonden dat ze geheim blijven. Er is niets geschreven.",
            f"For {count} cells no proof was found that they stay secret. Nothing was written.",
        ),
        t(
            "Voeg leeftijden, jaren of gebieden samen, of kies een ander beleid.",
            "Merge ages, years or areas, or choose another policy.",
        ),
    )


def require_safe(verdict: Verdict) -> None:
    """Raises WithheldError when the audit found a cell that is not safe."""
    if verdict.safe:
        return
    parts = [f"{reason}: {number(count)}" for reason, count in verdict.by_reason().items()]
    if verdict.contradictions:
        parts.append(
            t(
                f"sommen die niet kloppen: {verdict.contradictions}",
                f"sums that fail: {verdict.contradictions}",
            )
        )
    if set(verdict.by_reason()) == {"tegenstrijdig"} and not verdict.remarks:
        count = number(len(verdict.findings))
        raise WithheldError(
            t(
                f"De controle kon {count} aantallen niet beoordelen: geen enkele tabel past bij wat getoond zou worden. "
                "Er is niets geschreven.",
                f"The audit could not judge {count} counts: no table agrees with what would be shown. Nothing was written.",
            ),
            t(
                "Controleer of totalen in het resultaat de som van hun delen zijn, en of een eerdere uitgave erbij past.",
                "Check that totals in the result are the sum of their parts, and that an earlier release fits it.",
            ),
        )
    raise WithheldError(
        t(
            f"De controle vond een lek ({'; '.join([*parts, *verdict.remarks])}). Er is niets geschreven.",
            f"The audit found a leak ({'; '.join([*parts, *verdict.remarks])}). Nothing was written.",
        ),
        t(
            "Voeg leeftijden, jaren of gebieden samen, of publiceer minder uitsplitsingen.",
            "Merge ages, years or areas, or publish fewer breakdowns.",
        ),
    )


def publish_frame(frame: pl.DataFrame, target: Path, *, private: bool = False) -> None:
    """`write_frame` under the final name, whole or not at all."""
    with atomic_file(target, private=private) as temporary:
        draft = temporary.with_name(temporary.name + target.suffix)
        try:
            draft.touch(mode=0o600)
            write_frame(frame, draft)
            draft.replace(temporary)
        finally:
            draft.unlink(missing_ok=True)


def table_name(path: Path) -> Path:
    """The path of a table that is still to be written. Raises UsageError for an ending that `write_frame` does not know."""
    if path.suffix in {".parquet", ".xlsx", ".csv"}:
        return path
    raise UsageError(
        t(f"Onbekend soort bestand: {path.name}.", f"Unknown kind of file: {path.name}."),
        t("Kies een naam op .csv, .parquet of .xlsx.", "Choose a name ending in .csv, .parquet or .xlsx."),
    )


def write_frame(frame: pl.DataFrame, path: Path) -> None:
    """Write by suffix: CSV, Parquet or XLSX. Hidden counts are empty, never a number."""
    if table_name(path).suffix == ".parquet":
        frame.write_parquet(path)
    elif path.suffix == ".xlsx":
        frame.write_excel(path)
    else:
        frame.write_csv(path)


def summary(made: ProtectedTable) -> Totals:
    """Totals that may be told to everyone."""
    frame = made.publication.frame
    hidden = int((frame["status"] == "verborgen").sum())
    return {
        "cells": frame.height,
        "hidden": hidden,
        "share_hidden": hidden / max(1, frame.height),
        "primary": int(made.publication.primary.sum()),
        "certified": len({c.primary for c in made.outcome.certificates}),
        "audit_solved": made.verdict.solved,
    }
