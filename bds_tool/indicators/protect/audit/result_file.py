"""Auditing a published `.result`: rebuild from its rows what an attacker knows, and attack.

Per row there are three counts: x, y = n - x and missing; with n = x + y and N = n + missing. A shown row gives all
of them. N is shared by indicators with the same population, so a row shown for one tells N for the others.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bds_tool.errors import UnreadableError
from bds_tool.indicators.protect.audit.attack import Finding, Verdict, attack
from bds_tool.indicators.protect.audit.system import Bools, Floats, Ints, System, top
from bds_tool.text import t

if TYPE_CHECKING:
    import polars as pl

BREAKDOWNS = ("sex", "education", "age", "origin")
KEY = ("area", "period", *BREAKDOWNS)
HIDDEN = ("verborgen", "niet_op_dit_niveau")
#: Counts of a row in the order of the cells: numerator, complement, missing, denominator, population.
COUNTS = ("teller", "complement", "ontbrekend", "noemer", "populatie")


@dataclass
class Release:
    """One published result: its rows and what its metadata says of populations and sums."""

    frame: pl.DataFrame
    meta: dict[str, Any]

    @classmethod
    def read(cls, path: Path) -> Release:
        import polars as pl

        try:
            meta = json.loads((path / "_result.json").read_text(encoding="utf-8"))
            frame = pl.read_parquet(path / "counts.parquet")
        except (OSError, ValueError, pl.exceptions.PolarsError) as error:
            raise UnreadableError(
                t(f"{path} is geen gepubliceerd resultaat.", f"{path} is no published result."),
                t("Geef een map NAAM.result.", "Give a directory NAME.result."),
            ) from error
        return cls(frame, meta)


def audit_results(
    path: Path,
    earlier: Sequence[Path] = (),
    *,
    width: int = 1,
    judged: pl.DataFrame | None = None,
    floors: pl.DataFrame | None = None,
    near: pl.DataFrame | None = None,
    seconds_per_cell: float = 10.0,
) -> Verdict:
    """Attack a published result, knowing earlier ones. `judged` (indicator, KEY, telling) says which counts must hold.

    `floors` (indicator, KEY, low_x, low_y) is what the attacker takes for granted of a hidden row; default zero.
    `near` (indicator, KEY, n, x, missing) is a result that may agree with the publication: the search for other tables
    starts there. It only saves time: every table found is one that the publication allows.
    """
    import polars as pl

    now = Release.read(path)
    before = [Release.read(p) for p in earlier]
    empty = np.zeros(0)
    total = Verdict([], empty, empty, 0, 0, 0, 0)
    told = _population_shown([now, *before])
    for (name,), part in now.frame.group_by("indicator", maintain_order=True):
        definition = (now.meta.get("definitions") or {}).get(str(name)) or {}
        group = (now.meta.get("populations") or {}).get(str(name))
        others = [_same_definition(r, str(name), definition) for r in before]
        older = [o for o in others if o is not None]
        mine = None if judged is None else judged.filter(pl.col("indicator") == name)
        least = None if floors is None else floors.filter(pl.col("indicator") == name)
        verdict, changed = _audit_indicator(
            part,
            definition,
            told.filter(pl.col("group") == str(group)),
            older,
            width,
            least,
            mine,
            seconds_per_cell,
            None if near is None else near.filter(pl.col("indicator") == name),
        )
        offset = total.judged
        total.findings += [
            Finding(offset + f.cell, f.reason, f.low, f.high, f"{name} · {f.name}") for f in verdict.findings
        ]
        total.judged += verdict.judged
        total.unknown += verdict.unknown
        total.solved += verdict.solved
        total.contradictions += verdict.contradictions
        if changed:
            total.remarks.append(
                t(
                    f"{name}: {changed} getoonde aantallen zijn veranderd sinds een eerdere uitgave",
                    f"{name}: {changed} shown counts were changed since an earlier release",
                )
            )
    return total


def _same_definition(release: Release, name: str, definition: dict[str, Any]) -> pl.DataFrame | None:
    """Rows of an earlier release that count the same thing; another definition hash is another thing."""
    import polars as pl

    old = (release.meta.get("definitions") or {}).get(name) or {}
    if old.get("hash") != definition.get("hash"):
        return None
    rows = release.frame.filter(pl.col("indicator") == name)
    return rows if rows.height else None


def _population_shown(releases: Sequence[Release]) -> pl.DataFrame:
    """N of every row that some indicator shows, by population."""
    import polars as pl

    parts = []
    # Groups are numbered per release; those of the first one hold for all.
    groups = {str(k): str(v) for k, v in (releases[0].meta.get("populations") or {}).items()}
    for release in releases:
        shown = release.frame.filter(~pl.col("status").is_in(HIDDEN) & pl.col("n").is_not_null())
        parts.append(
            shown.select(
                pl.col("indicator")
                .replace_strict(groups, default=None, return_dtype=pl.String)
                .alias("group"),
                *KEY,
                (pl.col("n") + pl.col("missing").fill_null(0)).alias("N"),
            )
        )
    return pl.concat(parts).drop_nulls("group").unique(["group", *KEY])


def _audit_indicator(
    part: pl.DataFrame,
    definition: dict[str, Any],
    told: pl.DataFrame,
    older: list[pl.DataFrame],
    width: int,
    floors: pl.DataFrame | None,
    judged: pl.DataFrame | None,
    seconds: float,
    near: pl.DataFrame | None,
) -> tuple[Verdict, int]:
    import polars as pl

    now = part
    part, changed = _with_earlier(part, older)
    grid = Grid.build(part, definition)
    system = grid.system(part, told, width, floors)
    if near is not None:
        system.near = grid.counts_of(part, near)
    numbered = part.with_row_index("_r")
    if judged is None:
        mine = numbered.join(
            now.filter(pl.col("status") == "verborgen").select(KEY),
            on=list(KEY),
            how="semi",
            nulls_equal=True,
        )
        for q in grid.secrets:
            system.wanted[grid.cells(q, mine["_r"].to_numpy())] = True
    else:
        keys = numbered.select("_r", *KEY).join(judged, on=list(KEY), how="inner", nulls_equal=True)
        for q, name in enumerate(COUNTS):
            rows = keys.filter(pl.col("telling") == name)["_r"].to_numpy()
            system.wanted[grid.cells(q, rows)] = True
    if older:
        filled = now.select(*KEY, pl.col("n").is_null().alias("_new"))
        filled = numbered.join(filled, on=list(KEY), how="left", nulls_equal=True, maintain_order="left")
        rows = np.flatnonzero((filled["_new"].fill_null(True) & filled["n"].is_not_null()).to_numpy())
        for q in range(len(COUNTS)):
            system.earlier[grid.cells(q, rows)] = True
        _want_old_secrets(system, grid, numbered, older, told, definition)
    verdict = attack(system, seconds_per_cell=seconds)
    verdict.findings = [grid.named(f, part) for f in verdict.findings]
    return verdict, changed


def _want_old_secrets(
    system: System,
    grid: Grid,
    numbered: pl.DataFrame,
    older: list[pl.DataFrame],
    told: pl.DataFrame,
    definition: dict[str, Any],
) -> None:
    """What earlier releases kept secret must stay secret: judge what they hide and what was safe before this one."""
    import polars as pl

    old, _ = _with_earlier(older[0], older[1:])
    before = Grid.build(old, definition)
    alone = before.system(old, told, 1, None)
    hidden = old.with_row_index("_o").filter(pl.col("n").is_null())
    for q in before.secrets:
        alone.wanted[before.cells(q, hidden["_o"].to_numpy())] = True
    lost = {f.cell for f in attack(alone).findings}
    both = hidden.select("_o", *KEY).join(
        numbered.select("_r", *KEY), on=list(KEY), how="inner", nulls_equal=True
    )
    for q in before.secrets:
        cells = before.cells(q, both["_o"].to_numpy())
        safe = np.array([c not in lost for c in cells.tolist()], dtype=bool)
        system.wanted[grid.cells(q, both["_r"].to_numpy())[safe]] = True


def _with_earlier(part: pl.DataFrame, older: list[pl.DataFrame]) -> tuple[pl.DataFrame, int]:
    """Fill hidden rows that an earlier release showed; count shown numbers that differ."""
    import polars as pl

    changed = 0
    for old in older:
        shown = old.filter(pl.col("n").is_not_null()).select(
            *KEY, pl.col("n").alias("_n"), pl.col("x").alias("_x"), pl.col("missing").alias("_m")
        )
        part = part.join(shown, on=list(KEY), how="left", nulls_equal=True, maintain_order="left")
        both = pl.col("n").is_not_null() & pl.col("_n").is_not_null()
        differs = both & ((pl.col("n") != pl.col("_n")) | pl.col("x").ne_missing(pl.col("_x")))
        changed += int(part.select(differs.sum()).item())
        part = part.with_columns(
            pl.coalesce("n", "_n").alias("n"),
            pl.coalesce("x", "_x").alias("x"),
            pl.coalesce("missing", "_m").alias("missing"),
        ).drop("_n", "_x", "_m")
    for old in older:
        # Rows that only an earlier release has (other years) are part of what is known together.
        part = pl.concat([part, old.join(part, on=list(KEY), how="anti", nulls_equal=True)], how="diagonal")
    return part, changed


@dataclass
class Grid:
    """Cells of one indicator on area x period x breakdown, five counts each, and how they add up."""

    shape: tuple[int, int, int]
    place: Ints
    sums: list[tuple[int, int, list[int]]]  # axis, total, parts
    present: Bools
    mean: bool
    empty: bool

    @classmethod
    def build(cls, part: pl.DataFrame, definition: dict[str, Any]) -> Grid:
        """Areas add up to their parent, years to their window, values of a breakdown to its total."""
        areas, periods = part["area"].unique().sort().to_list(), part["period"].unique().sort().to_list()
        kinds = sorted({tuple(r) for r in part.select(BREAKDOWNS).iter_rows()})
        a = {v: i for i, v in enumerate(areas)}
        p = {v: i for i, v in enumerate(periods)}
        b = {v: i for i, v in enumerate(kinds)}
        shape = (len(a), len(p), len(b))
        place = np.ravel_multi_index(
            (
                np.array([a[v] for v in part["area"].to_list()]),
                np.array([p[v] for v in part["period"].to_list()]),
                np.array([b[tuple(r)] for r in part.select(BREAKDOWNS).iter_rows()]),
            ),
            shape,
        ).astype(np.int64)
        sums: list[tuple[int, int, list[int]]] = []
        below: dict[int, list[int]] = {}
        for area, parent in part.select("area", "parent").unique().iter_rows():
            if parent in a:
                below.setdefault(a[parent], []).append(a[area])
        sums += [(0, whole, sorted(parts)) for whole, parts in sorted(below.items())]
        if definition.get("additive", True):
            sums += _windows(periods)
        sums += _breakdown_sums(kinds, b)
        present = np.zeros(int(np.prod(shape)), dtype=bool)
        present[place] = True
        shown = part["n"].drop_nulls()
        empty = bool(len(shown) and shown.max() == 0)
        return cls(shape, place, sums, present, _is_mean(part, definition), empty)

    def cells(self, count: int, rows: Ints) -> Ints:
        """Cell numbers of one of COUNTS for rows of the frame."""
        return self.place[rows] + count * int(np.prod(self.shape))

    @property
    def secrets(self) -> tuple[int, ...]:
        """The counts of a hidden row that are judged: a mean has no complement, who counted nobody only N."""
        if self.empty:
            return (4,)
        return (0,) if self.mean else (0, 1)

    def counts_of(self, part: pl.DataFrame, near: pl.DataFrame) -> Floats:
        """The five counts of every cell by another result with the same rows; nan where it has no row."""
        import polars as pl

        other = part.select(*KEY).join(
            near.select(*KEY, "n", "x", "missing"),
            on=list(KEY),
            how="left",
            nulls_equal=True,
            maintain_order="left",
        )
        n = other["n"].cast(pl.Float64).to_numpy()
        x = n if self.mean else other["x"].cast(pl.Float64).to_numpy()
        m = np.where(np.isnan(n), np.nan, other["missing"].fill_null(0).cast(pl.Float64).to_numpy())
        counts = np.full((5, int(np.prod(self.shape))), np.nan)
        counts[:, self.place] = (x, n - x, m, n, n + m)
        return counts.ravel()

    def named(self, finding: Finding, part: pl.DataFrame) -> Finding:
        """The finding with the codes of its row."""
        size = int(np.prod(self.shape))
        row = part.row(int(np.flatnonzero(self.place == finding.cell % size)[0]), named=True)
        codes = [str(row[k]) for k in KEY if row[k] != "totaal" or k == "area"]
        return Finding(
            finding.cell,
            finding.reason,
            finding.low,
            finding.high,
            " · ".join([*codes, COUNTS[finding.cell // size]]),
        )

    def system(
        self, part: pl.DataFrame, told: pl.DataFrame, width: int, floors: pl.DataFrame | None
    ) -> System:
        """What is known: shown rows, zero where there is no row, N where any indicator shows it, and all sums."""
        import polars as pl

        size = int(np.prod(self.shape))
        low, high = np.zeros((5, size)), np.full((5, size), np.inf)
        low[:, ~self.present] = high[:, ~self.present] = 0.0
        mean = self.mean
        n = part["n"].cast(pl.Float64).to_numpy()
        x = n if mean else part["x"].cast(pl.Float64).to_numpy()
        m = part["missing"].fill_null(0).cast(pl.Float64).to_numpy()
        shown = ~np.isnan(n)
        hidden_places = self.place[~shown]
        if floors is not None:
            least = part.select(*KEY).join(
                floors, on=list(KEY), how="left", nulls_equal=True, maintain_order="left"
            )
            for count, name in enumerate(("low_x", "low_y")):
                low[count, hidden_places] = least[name].fill_null(0).cast(pl.Float64).to_numpy()[~shown]
        if mean:
            low[1], high[1] = 0.0, 0.0
        for count, numbers in enumerate((x, n - x, m, n, n + m)):
            low[count, self.place[shown]] = high[count, self.place[shown]] = numbers[shown]
        population = part.select(*KEY).join(
            told, on=list(KEY), how="left", nulls_equal=True, maintain_order="left"
        )["N"]
        known = population.is_not_null().to_numpy() & ~shown
        low[4, self.place[known]] = high[4, self.place[known]] = population.cast(pl.Float64).to_numpy()[known]
        high[np.isinf(high)] = top(high)
        system = System(
            low.ravel(),
            high.ravel(),
            np.zeros(5 * size, dtype=bool),
            np.full(5 * size, width, dtype=np.int64),
        )
        cells = np.arange(size)
        system.add_sums(cells + 3 * size, np.column_stack([cells, cells + size]))
        system.add_sums(cells + 4 * size, np.column_stack([cells + 3 * size, cells + 2 * size]))
        self._add_margins(system, low, high, size)
        return system

    def _add_margins(self, system: System, low: Floats, high: Floats, size: int) -> None:
        numbers = np.arange(size).reshape(self.shape)
        known = low == high
        for axis, whole, parts in self.sums:
            moved = np.moveaxis(numbers, axis, 0).reshape(self.shape[axis], -1)
            total, part = moved[whole], moved[parts].T
            if self._holds(total, part, low, known):
                for count in range(5):
                    system.add_sums(total + count * size, part + count * size)

    def _holds(self, total: Ints, part: Ints, low: Floats, known: Bools) -> bool:
        """A sum that fails where everything is shown is no sum: parts leave a rest (unknown sex, other years)."""
        for count in range(3):
            full = known[count, total] & known[count, part].all(axis=1)
            if (low[count, total[full]] != low[count, part[full]].sum(axis=1)).any():
                return False
        return True


def _is_mean(part: pl.DataFrame, definition: dict[str, Any]) -> bool:
    """A mean has no numerator. Where every row is hidden only the definition can tell it from a share."""
    if "kind" in definition:
        return bool(definition["kind"] == "gemiddelde")
    shown = part.filter(part["n"].is_not_null())
    return bool(shown.height and shown["x"].is_null().all())


def _windows(periods: list[str]) -> list[tuple[int, int, list[int]]]:
    index = {v: i for i, v in enumerate(periods)}
    found = []
    for name, at in index.items():
        first, _, last = name.partition("-")
        if first.isdigit() and last.isdigit():
            years = [index[str(y)] for y in range(int(first), int(last) + 1) if str(y) in index]
            if len(years) == int(last) - int(first) + 1:
                found.append((1, at, years))
    return found


def _breakdown_sums(
    kinds: list[tuple[str, ...]], index: dict[tuple[str, ...], int]
) -> list[tuple[int, int, list[int]]]:
    """For each combination with a total in some column: the combinations that fill in that column."""
    found = []
    for kind in kinds:
        for column, value in enumerate(kind):
            if value != "totaal":
                continue
            parts = [
                index[k]
                for k in kinds
                if k[column] != "totaal"
                and k[:column] == kind[:column]
                and k[column + 1 :] == kind[column + 1 :]
            ]
            if parts:
                found.append((2, index[kind], parts))
    return found
