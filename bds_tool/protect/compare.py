"""Policies side by side on one counted result: what each shows, what an intruder is left with, and what readers lose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bds_tool.base.errors import WithheldError
from bds_tool.base.files import scratch
from bds_tool.base.text import number, t
from bds_tool.indicators.result import BREAKDOWNS, LEVELS, read_result
from bds_tool.protect.coding import CODED
from bds_tool.protect.policy import Policy, load_policy, policy_files

if TYPE_CHECKING:
    import polars as pl

KEY = ("indicator", "area", "period", *BREAKDOWNS)
#: A count known to within one is left with three values at most.
CLOSE = 2


@dataclass(frozen=True)
class Line:
    """One policy at one level. `error` is the mean distance (% points) between what a reader takes and the true percentage."""

    policy: str
    level: str
    cells: int
    shown: int
    coded: int
    hidden: int
    not_here: int
    protected: int
    exact: int
    close: int
    error: float | None

    @property
    def speaking(self) -> float:
        """Share of the cells of this level that say something."""
        return (self.shown + self.coded) / max(1, self.cells - self.not_here)


@dataclass(frozen=True)
class Comparison:
    """The lines, the policies that were refused with the reason, and the policy to choose (empty: none is safe)."""

    lines: list[Line]
    refused: dict[str, str]
    advice: str


def compare(source: Path, names: Sequence[str] = ()) -> Comparison:
    """Protect a counted result by every policy (or by `names`), with the audit of each. Nothing is kept.

    A policy that works on children and not on results (cell key) is left out.
    """
    lines: list[Line] = []
    refused: dict[str, str] = {}
    for name in names or policy_files():
        policy = load_policy(name)
        if policy.method == "cellkey":
            continue
        try:
            lines += _lines(source, policy)
        except WithheldError as error:
            refused[policy.id] = error.message
    return Comparison(lines, refused, _advice(lines))


def _lines(source: Path, policy: Policy) -> Iterator[Line]:
    import polars as pl

    from bds_tool.protect.releases import run_result

    with scratch() as folder:
        _, inside = run_result(source, policy, folder / "veilig.result")
        frame = read_result(folder / "veilig.result").counts().collect()
    true = read_result(source).counts().select(*KEY, true="value").collect()
    joined = frame.join(true, on=list(KEY), how="left", nulls_equal=True)
    facts = None if inside is None else _certified(inside())
    for level in (v for v in LEVELS if v in set(frame["level"])):
        part = joined.filter(pl.col("level") == level)
        mine = None if facts is None else facts.filter(pl.col("level") == level)
        words = part["status"].value_counts()
        count = dict(zip(words["status"].to_list(), words["count"].to_list(), strict=True))
        told = (
            pl.when(pl.col("status") == CODED)
            .then((pl.col("lower") + pl.col("upper")) / 2)
            .otherwise("value")
        )
        away = part.filter(pl.col("n") > 0).select((told - pl.col("true")).abs().mean()).item()
        yield Line(
            policy.id,
            level,
            part.height,
            sum(count.get(s, 0) for s in ("ok", "afgerond", "geen_gegevens")),
            count.get(CODED, 0),
            count.get("verborgen", 0),
            count.get("niet_op_dit_niveau", 0),
            0 if mine is None else mine.height,
            0 if mine is None else int((mine["breedte"] < 1).sum()),
            0 if mine is None else int((mine["breedte"] <= CLOSE).sum()),
            away,
        )


def _certified(facts: pl.DataFrame) -> pl.DataFrame:
    """Per protected count the values that are proven to stay possible, less one."""
    import polars as pl

    counts = facts.filter(pl.col("telling").is_in(["teller", "complement"]))
    key = ["indicator", "level", "area", "period", *BREAKDOWNS, "telling"]
    return counts.group_by(key).agg((pl.col("hoog").max() - pl.col("laag").min()).alias("breedte"))


def _advice(lines: Sequence[Line]) -> str:
    """Of the policies that leave no count exact: the one of which most cells say something, of all levels alike."""
    share: dict[str, list[float]] = {}
    for line in lines:
        share.setdefault(line.policy, []).append(-1.0 if line.exact else line.speaking)
    good = {p: sum(v) / len(v) for p, v in share.items() if min(v) >= 0}
    return max(sorted(good), key=lambda p: good[p], default="")


HEAD = (
    ("beleid", "policy"),
    ("niveau", "level"),
    ("cellen", "cells"),
    ("getoond", "shown"),
    ("klasse", "class"),
    ("verborgen", "hidden"),
    ("niet hier", "not here"),
    ("beschermd", "protected"),
    ("exact", "exact"),
    ("bewezen tot ±1", "proven to ±1"),
    ("fout lezer", "reader's error"),
)


def rows(found: Comparison, *, plain: bool) -> list[list[Any]]:
    """The lines as rows of a table; `plain` for machines."""
    made = []
    for line in found.lines:
        values = list(asdict(line).values())
        if not plain:
            values = [
                v
                if isinstance(v, str)
                else ""
                if v is None
                else number(v, 1)
                if isinstance(v, float)
                else number(v)
                for v in values
            ]
        made.append(values)
    return made


def words(found: Comparison) -> list[str]:
    """What to say under the table."""
    told = [
        t(f"{policy}: geweigerd. {reason}", f"{policy}: refused. {reason}")
        for policy, reason in found.refused.items()
    ]
    told.append(
        t(
            "Exact: aantallen die een aanvaller met alles wat is gepubliceerd vindt (de controle laat er geen door). Bewezen tot ±1: "
            "aantallen waarvan niet meer dan drie mogelijke waarden zijn bewezen; de aanvaller heeft er ten minste twee. Bij afronden "
            "houdt elk klein aantal ten minste vier waarden. Fout lezer: procentpunten, van een klasse het midden.",
            "Exact: counts that an intruder finds with all that is published (the audit lets none through). Proven to ±1: counts of "
            "which no more than three possible values are proven; the intruder has two at least. With rounding every small count "
            "keeps four values at least. Reader's error: percentage points, of a class its middle.",
        )
    )
    if found.advice:
        told.append(
            t(
                f"Voorstel: {found.advice}; daarmee zeggen de meeste cellen iets.",
                f"Proposal: {found.advice}; with it most cells say something.",
            )
        )
    return told
