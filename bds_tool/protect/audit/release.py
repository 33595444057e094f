"""A published result as the audit reads it, and which counts its policy shows anyhow."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np

from bds_tool.base.errors import UnreadableError
from bds_tool.base.small import own_text
from bds_tool.base.text import t
from bds_tool.protect.audit.attack import Finding
from bds_tool.protect.audit.linked import Member, Relation
from bds_tool.protect.audit.result_grid import BREAKDOWNS, KEY, Definition

if TYPE_CHECKING:
    import polars as pl

#: Layouts of a result this reads, and the counts of a row.
LAYOUTS, FIGURES = (1, 2, 3), ("n", "x", "missing")
#: Reasons of a finding that prove the range of a count.
PROVEN = ("getoond", "eerdere uitgave", "aftrekken", "lineair", "geheeltallig")


class Meta(TypedDict, total=False):
    """What the audit reads of a publication, of whatever layout."""

    layout: int
    status: str
    method: str
    policy: Mapping[str, Any] | None
    relations: list[Relation] | None
    definitions: dict[str, Definition] | None
    populations: dict[str, object] | None
    unplaced: bool


@dataclass
class Release:
    """One published result: its rows and what its metadata says of populations and sums."""

    frame: pl.DataFrame
    meta: Meta

    @classmethod
    def read(cls, path: Path) -> Release:
        import polars as pl

        try:
            meta = json.loads(own_text(path / "_result.json"))
            frame = pl.read_parquet(path / "counts.parquet")
        except (OSError, ValueError, pl.exceptions.PolarsError) as error:
            raise UnreadableError(
                t(f"{path} is geen gepubliceerd resultaat.", f"{path} is no published result."),
                t("Geef een map NAAM.result.", "Give a directory NAME.result."),
            ) from error
        lacking = sorted({"indicator", "parent", "status", *KEY, *FIGURES} - set(frame.columns))
        absent = set(lacking) & set(BREAKDOWNS)
        if meta.get("layout", 1) not in LAYOUTS or set(lacking) - absent:
            raise UnreadableError(
                t(
                    f"{path} is onvolledig of door een andere versie van bds gemaakt.",
                    f"{path} is incomplete or was made by another version of bds.",
                ),
                t(
                    "Controleer het met de versie van bds die het heeft gemaakt.",
                    "Audit it with the version of bds that made it.",
                ),
            )
        # An older layout has fewer breakdowns: every row is a total in those it lacks.
        return cls(frame.with_columns(pl.lit("totaal").alias(b) for b in absent), meta)


def large_enough(release: Release, name: str, low: float, row: Sequence[str]) -> bool:
    """Whether what was found is the denominator of a mean, and one that the policy shows: the mean is the secret."""
    import polars as pl

    thresholds = (release.meta.get("policy") or {}).get("thresholds") or {}
    kind = ((release.meta.get("definitions") or {}).get(name) or {}).get("kind")
    if kind != "gemiddelde" or "denominator" not in thresholds:
        return False
    levels = release.frame.filter(pl.col("indicator") == name, pl.col("area") == row[0])["level"]
    level = levels[0] if len(levels) else ""
    return low >= float((thresholds.get("by_level") or {}).get(level, thresholds["denominator"]))


def open_zeros(release: Release, members: Sequence[Member], findings: Sequence[Finding]) -> set[int]:
    """The cells of which was found that nobody is meant, under a policy that shows such zeros: then it is no secret.

    A row that counts nobody at all is one, whichever of its sides are shown elsewhere. An outcome that holds for
    nobody, or for everybody, is none where the policy hides outcomes that hold for nearly a whole group.
    """
    policy = release.meta.get("policy") or {}
    zeros, group = policy.get("zeros") or {}, policy.get("group_disclosure")
    if not zeros.get("shown"):
        return set()
    follows = bool((policy.get("sides") or {}).get("follow"))
    none = not policy.get("tails") and not (group and follows)
    full = bool(zeros.get("full_shown")) and not policy.get("tails") and not group
    zero = {f.cell for f in findings if f.reason in PROVEN and f.low == 0 == f.high}
    found: set[int] = set()
    for m in members:
        size = int(np.prod(m.grid.shape))
        having = zero & set(range(m.first, m.first + size))
        lacking = zero & set(range(m.first + size, m.first + 2 * size))
        found |= {c for c in having if none or c + size in lacking}
        found |= {c for c in lacking if full or c - size in having}
    return found
