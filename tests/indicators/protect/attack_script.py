"""An attacker with nothing but the published files: subtraction, linear algebra, and linear programming by SciPy.

Written on its own, against `counts.parquet` alone; it uses neither the suppressor nor the audit.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

BREAKDOWNS = ("sex", "education", "age", "origin", "mother_age")
KEY = ("area", "period", *BREAKDOWNS)


def equations(part: pl.DataFrame):
    """Sums between rows: (total, parts) as row numbers. Only sums that hold wherever everything is shown."""
    rows = part.with_row_index("r")
    at = {k: r for *k_, r in rows.select(*KEY, "r").iter_rows() if (k := tuple(k_))}
    found = []
    for area, *rest, parent, r in rows.select("area", "period", *BREAKDOWNS, "parent", "r").iter_rows():
        del area
        total = at.get((parent, *rest))
        if total is not None:
            found.append(("area", total, r))
    years = [p for p in part["period"].unique() if p.isdigit()]
    for area, period, *by, r in rows.select(*KEY, "r").iter_rows():
        if period in years:
            for window in (p for p in part["period"].unique() if not p.isdigit()):
                first, last = window.split("-")
                total = at.get((area, window, *by))
                if int(first) <= int(period) <= int(last) and total is not None:
                    found.append(("period " + window, total, r))
        for i, value in enumerate(by):
            if value != "totaal":
                total = at.get((area, period, *by[:i], "totaal", *by[i + 1 :]))
                if total is not None:
                    found.append((f"by {i}", total, r))
    grouped: dict[tuple[str, int], list[int]] = {}
    for kind, total, r in found:
        grouped.setdefault((kind, total), []).append(r)
    return grouped


def recovered(path: Path, *, sample: int = 60) -> dict[str, list[tuple[int, str, float]]]:
    """Per indicator the hidden counts that an attack determines: (row, count, value)."""
    from scipy.optimize import linprog
    from scipy.sparse.linalg import lsmr

    frame = pl.read_parquet(path / "counts.parquet")
    result = {}
    for (name,), part in frame.group_by("indicator", maintain_order=True):
        grouped = equations(part)
        n = part.height
        counts = {
            "x": part["x"].cast(pl.Float64).to_numpy(),
            "n": part["n"].cast(pl.Float64).to_numpy(),
            "missing": part["missing"].cast(pl.Float64).to_numpy(),
        }
        values = np.concatenate([counts["x"], counts["n"] - counts["x"], counts["missing"]])
        hidden = np.isnan(values)
        bad_kinds = {
            kind
            for (kind, total), parts in grouped.items()
            for q in range(3)
            if not np.isnan(values[[total + q * n, *(p + q * n for p in parts)]]).any()
            and values[total + q * n] != sum(values[p + q * n] for p in parts)
        }
        lines = [
            (total + q * n, [p + q * n for p in parts])
            for (kind, total), parts in grouped.items()
            if kind not in bad_kinds
            for q in range(3)
        ]
        found = {}
        known = values.copy()
        moved = True
        while moved:  # subtraction
            moved = False
            for total, parts in lines:
                cells = [total, *parts]
                open_ = [c for c in cells if np.isnan(known[c])]
                if len(open_) == 1:
                    c = open_[0]
                    known[c] = (
                        sum(known[p] for p in parts)
                        if c == total
                        else known[total] - sum(known[p] for p in parts if p != c)
                    )
                    found[c] = known[c]
                    moved = True
        for group, system, right in components(lines, known):  # linear algebra and programming, part by part
            r = np.random.default_rng(len(group))
            fixed = determined(system, r)
            if fixed.any():
                solution = lsmr(system, right, atol=1e-13, btol=1e-13, maxiter=50 * len(group))[0]
                found |= {group[i]: float(solution[i]) for i in np.flatnonzero(fixed)}
            for i in r.choice(len(group), min(len(group), sample), replace=False):
                cost = np.zeros(len(group))
                cost[i] = 1
                low = linprog(cost, A_eq=system, b_eq=right, bounds=(0, None), method="highs")
                high = linprog(-cost, A_eq=system, b_eq=right, bounds=(0, 1e7), method="highs")
                if low.status == 0 and high.status == 0 and -high.fun - low.fun < 1 - 1e-6:
                    found[group[i]] = low.fun
        names = ("x", "complement", "missing")
        result[str(name)] = [(c % n, names[c // n], v) for c, v in sorted(found.items()) if hidden[c]]
    return result


def determined(system, generator) -> np.ndarray:
    """Cells that the equations alone determine: where every solution of the homogeneous system is zero.

    What is left of a random vector after taking off its part in the row space is a random such solution.
    """
    from scipy.sparse.linalg import lsmr

    free = np.zeros(system.shape[1])
    for _ in range(2):
        start = generator.normal(size=system.shape[1])
        weights = lsmr(system.T, start, atol=1e-13, btol=1e-13, maxiter=50 * len(free))[0]
        free = np.maximum(free, np.abs(start - system.T @ weights))
    return free < 1e-7


def components(lines, known):
    """Unknown cells that hang together, with their equations as a sparse matrix."""
    from scipy.sparse import coo_array

    parent: dict[int, int] = {}

    def root(c):
        while parent.setdefault(c, c) != c:
            parent[c] = parent[parent[c]]
            c = parent[c]
        return c

    open_lines = []
    for total, parts in lines:
        cells = [c for c in (total, *parts) if np.isnan(known[c])]
        if cells:
            open_lines.append((total, parts, cells))
            for c in cells[1:]:
                parent[root(c)] = root(cells[0])
    by_root: dict[int, list] = {}
    for line in open_lines:
        by_root.setdefault(root(line[2][0]), []).append(line)
    for group_lines in by_root.values():
        group = sorted({c for _, _, cells in group_lines for c in cells})
        place = {c: i for i, c in enumerate(group)}
        right, entries = np.zeros(len(group_lines)), []
        for k, (total, parts, _) in enumerate(group_lines):
            for c, sign in [(total, -1.0), *((p, 1.0) for p in parts)]:
                if c in place:
                    entries.append((k, place[c], sign))
                else:
                    right[k] -= sign * known[c]
        row, column, value = (np.array(v) for v in zip(*entries, strict=True))
        yield group, coo_array((value, (row, column)), shape=(len(group_lines), len(group))).tocsr(), right
