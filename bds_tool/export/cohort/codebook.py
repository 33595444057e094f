"""The facts of a codebook: what each variable is, and how its values are spread, with no cell that is about a few."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bds_tool import __version__
from bds_tool.base.text import t
from bds_tool.export.cohort.missing import KINDS, SUFFIX
from bds_tool.export.cohort.selecting import Step

if TYPE_CHECKING:
    from bds_tool.export.cohort.running import Study
    from bds_tool.export.cohort.variables import Column

#: No cell of a codebook is about fewer children than this.
LEAST = 10
#: Quartiles are values of single children: only where at least this many times LEAST children have one.
QUARTILES = 4


@dataclass(frozen=True)
class Cell:
    """One value or kind of missing. `n` is None where it is hidden; those together are in `Entry.together`."""

    value: int | str
    label: str
    missing: bool
    n: int | None


@dataclass
class Entry:
    """A variable with its cells (for a code: its values; always: the kinds of missing) and statistics of numbers.

    `together`: how many rows the hidden cells have, None where nothing is shown at all.
    """

    column: Column
    cells: list[Cell]
    valid: int | None
    together: int | None
    statistics: dict[str, float] = field(default_factory=dict)


def entries(study: Study) -> list[Entry]:
    """One entry per column."""
    return [_entry(study, c) for c in study.columns]


def _entry(study: Study, column: Column) -> Entry:
    import polars as pl

    frame = study.frame
    value, reason = pl.col(column.name), pl.col(column.name + SUFFIX)
    keyed = value.cast(pl.String) if column.kind == "code" else pl.lit("waarde")
    counts = {
        k: (n, children)
        for k, n, children in frame.group_by(
            pl.when(value.is_not_null()).then(keyed).otherwise(reason).alias("k")
        )
        .agg(pl.len(), pl.col("kind").n_unique().alias("kinderen"))
        .iter_rows()
    }
    rows: list[tuple[int | str, str, bool, str]] = (
        [(v.number, v.label, False, str(v.number)) for v in column.values]
        if column.kind == "code"
        else [("", t("met een waarde", "with a value"), False, "waarde")]
    )
    rows += [(m.code, m.label, True, m.key) for m in KINDS]
    hidden = _hidden({k: c for *_, k in rows if (c := counts.get(k))})
    shown = [
        Cell(v, label, gone, None if k in hidden else counts.get(k, (0, 0))[0]) for v, label, gone, k in rows
    ]
    together = sum(counts[k][0] for k in hidden)
    enough = sum(counts[k][1] for k in hidden) >= LEAST or not hidden
    valid_hidden = any(k in hidden for *_, gone, k in rows if not gone)
    valid = None if valid_hidden else sum(c.n or 0 for c in shown if not c.missing)
    if not enough:
        shown = [Cell(c.value, c.label, c.missing, None) for c in shown]
    return Entry(
        column,
        shown,
        valid if enough else None,
        together if enough else None,
        _statistics(study, column) if enough and valid else {},
    )


def _hidden(counts: dict[str, tuple[int, int]]) -> set[str]:
    """The cells that may not be shown: those of fewer than LEAST children, and then more until nobody can take them apart.

    Whoever knows the total can take away what is shown, so that what is left is of at least LEAST children and two cells.
    """
    rising = sorted(counts, key=lambda k: (counts[k][1], k))
    hidden = {k for k in rising if counts[k][1] < LEAST}
    for k in rising:
        if not hidden or (len(hidden) > 1 and sum(counts[h][1] for h in hidden) >= LEAST):
            break
        hidden.add(k)
    return hidden


def _statistics(study: Study, column: Column) -> dict[str, float]:
    import polars as pl

    if column.kind not in {"number", "integer"}:
        return {}
    known = study.frame.filter(pl.col(column.name).is_not_null())
    children = known["kind"].n_unique()
    if children < LEAST:
        return {}
    values = known[column.name].cast(pl.Float64)
    found: dict[str, Any] = {"mean": values.mean(), "stdev": values.std()}
    if children >= QUARTILES * LEAST:
        found |= {"p25": values.quantile(0.25), "medn": values.median(), "p75": values.quantile(0.75)}
    digits = max(column.decimals, 1)
    return {k: round(float(v), digits) for k, v in found.items() if v is not None}


def shown_flow(steps: list[Step]) -> list[Step]:
    """The flow without steps of a few: what leaves there is told together with the next or the last, and it still adds up.

    Where fewer than LEAST leave in all, only who stays is told; where fewer than that stay, nothing is.
    """
    if steps[-1].remaining < LEAST:
        return []
    out = [steps[0]]
    names: list[str] = []
    gone = 0
    for step in steps[1:]:
        names.append(step.name)
        gone += step.left_out
        if gone == 0 or gone >= LEAST:
            out.append(Step("; ".join(names), gone, step.remaining, step.unit))
            names, gone = [], 0
    while gone and len(out) > 1 and gone < LEAST:
        last = out.pop()
        names = [last.name, *names]
        gone += last.left_out
    if names:
        out.append(Step("; ".join(names), gone, steps[-1].remaining, steps[-1].unit))
    if 0 < gone < LEAST:
        return [Step(t("in de studie", "in the study"), 0, steps[-1].remaining, steps[-1].unit)]
    return out


def law(study: Study) -> list[str]:
    """What the files are in law, for the file itself, the codebook and the readme."""
    lines = [
        t("Dit zijn persoonsgegevens over gezondheid van kinderen (AVG art. 4 en 9), onder een andere naam dan hun eigen: "
          "gepseudonimiseerd, niet anoniem. Wie de bron of de sleutel heeft kan elk kind aanwijzen, en een zeldzame "
          "combinatie van waarden kan dat ook.",
          "These are personal data about the health of children (GDPR art. 4 and 9) under another name than their own: "
          "pseudonymised, not anonymous. Who has the source or the key can point out each child, and a rare combination "
          "of values can too."),
        t("Zij mogen alleen worden gebruikt voor het doel dat hier staat, door wie hier staat, tot de dag die hier staat.",
          "They may only be used for the purpose stated here, by whom is stated here, until the day stated here."),
    ]  # fmt: skip
    if study.wishes.objections:
        lines.append(
            t("Kinderen met een bezwaar tegen onderzoek (element 1404) zijn erbij, omdat daarom is gevraagd.",
              "Children with an objection to research (element 1404) are in it, because that was asked for.")
        )  # fmt: skip
    if identifying := [c.name for c in study.columns if c.identifying]:
        lines.append(
            t(f"Uitdrukkelijk gevraagde gegevens die een kind herkenbaar maken: {', '.join(identifying)}.",
              f"Data that make a child recognisable, explicitly asked for: {', '.join(identifying)}.")
        )  # fmt: skip
    return lines


def program() -> str:
    """Who made it."""
    return f"bds {__version__}"
