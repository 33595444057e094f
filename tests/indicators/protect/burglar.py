"""A strict intruder: everything published, in every form, and all that definitions and policy say in public.

Unlike `intruder` it takes sums for complete wherever what is shown lets it, reads rounded and coded counts as the ranges
that the policy says they are, and solves by linear programming (SciPy) over everything that hangs together.
"""

from __future__ import annotations

import csv
import json
import re
import subprocess
from pathlib import Path

import numpy as np
import openpyxl
import polars as pl
from attack_script import KEY, equations
from intruder import HUGE, Knowledge
from scipy.optimize import linprog
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

COUNTS = "nxmyN"
FIGURES = (
    *("n", "x", "missing", "coverage", "value", "lower", "upper", "reference", "method", "sum", "sum2"),
    *("resident", "reference_test", "trend", "status"),
)


class Solver(Knowledge):
    """Ranges of many unknowns at once: every solution shows what is possible for all of them."""

    def ranges(self, wanted: list[int], width: float, spreads: int = 30) -> dict[int, tuple[float, float]]:
        """Exact bounds of the unknowns whose range is narrower than `width`; the others are left out."""
        found: dict[int, tuple[float, float]] = {}
        open_ = self._high > self._low
        found = {c: (self._low[c], self._high[c]) for c in wanted if not open_[c]}
        # Known unknowns bind nothing: parts are those of the open ones.
        keep = open_[self._cells]
        graph = csr_matrix(
            (np.ones(keep.sum()), (self._rows[keep], self._cells[keep] + self._size)),
            (self._size + len(self.low),) * 2,
        )
        label = connected_components(graph, directed=False)[1]
        parts: dict[int, list[int]] = {}
        for c in wanted:
            if open_[c]:
                parts.setdefault(int(label[self._size + c]), []).append(c)
        for part, cells in parts.items():
            found |= self._part(np.flatnonzero(label == part), cells, width, spreads)
        return found

    def _part(self, places, wanted: list[int], width: float, spreads: int) -> dict[int, tuple[float, float]]:
        rows, cells = places[places < self._size], places[places >= self._size] - self._size
        cells = cells[self._high[cells] > self._low[cells]]
        known = np.where(self._high > self._low, 0.0, self._low)
        right = -(self._matrix[rows] @ known)
        system = self._matrix[rows][:, cells]
        bounds = np.column_stack([self._low[cells], self._high[cells]])
        at = {c: i for i, c in enumerate(cells.tolist())}
        mine = np.array([at[c] for c in wanted])
        seen = np.full(len(cells), np.inf), np.full(len(cells), -np.inf)
        r = np.random.default_rng(len(cells))

        def solve(cost):
            done = linprog(cost, A_eq=system, b_eq=right, bounds=bounds, method="highs")
            assert done.status in {0, 3}, done.message
            if done.status == 0:
                np.minimum(seen[0], done.x, out=seen[0])
                np.maximum(seen[1], done.x, out=seen[1])
            return done.fun if done.status == 0 else -HUGE

        for _ in range(spreads):
            narrow = mine[(seen[1] - seen[0])[mine] < width]
            if not len(narrow):
                return {}
            cost = np.zeros(len(cells))
            cost[narrow] = r.choice([-1.0, 1.0], len(narrow)) * (1 + r.random(len(narrow)))
            solve(cost)
        found = {}
        for i in mine[(seen[1] - seen[0])[mine] < width].tolist():
            if seen[1][i] - seen[0][i] >= width:
                continue
            cost = np.zeros(len(cells))
            cost[i] = 1.0
            low, high = solve(cost), -solve(-cost)
            low, high = np.ceil(low - 1e-6), np.floor(high + 1e-6)
            if high - low < width:
                found[int(cells[i])] = (float(low), float(high))
        return found


def rounded(value: float, rule: dict, *, hides: bool) -> tuple[float, float]:
    """All counts that a rounded one can stand for; `hides`: small ones hide their row."""
    base = rule["base"]
    if rule["rule"] == "midpoint":
        return (0, 0) if value == 0 else (value - base // 2 + 1, value + base // 2)
    if rule["rule"] == "random":
        return max(0, value - base + 1), value + base - 1
    hidden = rule.get("hide_to", 0) if hides else 0
    low = max(0, value - base // 2, hidden + 1 if value else 0)
    return low, 0 if value == 0 and hidden >= base // 2 else value + (base - 1) // 2


def bounds_of(row: dict, policy: dict) -> dict[str, tuple[float, float]]:
    """What a row says of each of its counts."""
    rule = policy.get("rounding")
    told: dict[str, tuple[float, float]] = {}
    for count, column in (("n", "n"), ("x", "x"), ("m", "missing")):
        value = row[column]
        if value is not None:
            told[count] = rounded(value, rule, hides=count != "m") if rule else (value, value)
    if row["status"] == "klasse":
        # The lowest class holds 0 %, the highest 100 %; in between one begins above where the other ends.
        n, low, high = row["n"], row["lower"], row["upper"]
        inside = [x for x in range(n + 1) if _in_class(x, n, low, high)]
        told["x"] = (inside[0], inside[-1])
    return told


def _in_class(x: int, n: int, low: float, high: float) -> bool:
    if 2 * x > n:
        return low >= 50 and _in_class(n - x, n, 100 - high, 100 - low)
    return high <= 50 and x * 100 <= high * n and (low == 0 or x * 100 > low * n)


def learn(
    frame: pl.DataFrame, relations: list[dict], policy: dict, residents: dict | None = None
) -> tuple[Solver, dict]:
    """All that rows, relations, policy and residents tell; the unknowns by (indicator, count, KEY)."""
    k = Solver()
    at: dict[tuple, int] = {}
    exact = "rounding" not in policy
    keys_of: dict[str, set] = {}
    for row in frame.iter_rows(named=True):
        key = tuple(row[c] for c in KEY)
        keys_of.setdefault(row["indicator"], set()).add(key)
        told = bounds_of(row, policy)
        for count in COUNTS:
            live = (residents or {}).get((row["indicator"], key), HUGE)
            low, high = told.get(count, (0.0, HUGE))
            at[row["indicator"], count, key] = k.new(low, max(low, min(high, live)))
        place = {c: at[row["indicator"], c, key] for c in COUNTS}
        k.equal(place["n"], [place["x"], place["y"]])
        k.equal(place["N"], [place["n"], place["m"]])
    mean = {
        str(name): bool(part["x"].null_count() == part.height and part["sum"].count())
        for (name,), part in frame.group_by("indicator")
    }
    for (name,), part in frame.group_by("indicator", maintain_order=True):
        if mean[str(name)]:  # a mean has no numerator
            for key in keys_of[str(name)]:
                k.equal(at[name, "x", key], [])
        keys = [tuple(r) for r in part.select(*KEY).iter_rows()]
        values = part.select("n", "missing").to_numpy().astype(float)
        loose = set()
        for (kind, total), parts in equations(part).items():
            rest = values[total] - values[parts].sum(axis=0)
            if (exact and (rest > 0).any()) or kind == "area":
                loose.add(kind)
        # With rounded counts nobody sees whether a break-down is complete; by sex it is known to be.
        for (kind, total), parts in equations(part).items():
            for count in COUNTS:
                cells = [at[name, count, keys[p]] for p in parts]
                k.equal(at[name, count, keys[total]], [*cells, *([k.new()] if kind in loose else [])])
    for r in relations:
        if r["kind"] == "noemer":
            first, *rest = [i for i in r["of"] if i in keys_of] or [""]
            for other in rest:
                for key in keys_of[first] & keys_of[other]:
                    for count in "nmN":
                        k.equal(at[first, count, key], [at[other, count, key]])
        if r["kind"] == "som" and set(r["parts"]) <= set(keys_of):
            for key in set.intersection(*(keys_of[p] for p in r["parts"])):
                whole = at[r["whole"], "x", key] if r["whole"] else at[r["parts"][0], "n", key]
                rest = [] if r["complete"] else [k.new()]
                k.equal(whole, [*(at[p, "x", key] for p in r["parts"]), *rest])
    return k, at


def sides(definition: dict, policy: dict) -> str:
    """The counts (x, y) of which a small one harms, as the policy says."""
    if not policy.get("sides", {}).get("follow"):
        return "xy"
    return {"lager_is_gunstig": "x", "hoger_is_gunstig": "y"}.get(definition.get("polarity"), "xy")


def found_out(path: Path, relations: list[dict], truth: pl.DataFrame, *, width: int = 3):
    """`left_over` of one published result."""
    meta = json.loads((path / "_result.json").read_text())
    return left_over(pl.read_parquet(path / "counts.parquet"), meta, relations, truth, width=width)


def left_over(frame: pl.DataFrame, meta: dict, relations: list[dict], truth: pl.DataFrame, *, width: int = 3):
    """Sensitive counts with the values left to the intruder, where these are fewer than `width` + 1.

    Sensitive is every numerator and complement that the policy calls too small, in a row that does not show it. Gives
    (indicator, count, key, low, high, truth) of those found, and how many were attacked.
    """
    policy = meta["policy"]
    # More are counted than live there now and then: an intruder who takes residents for a ceiling is wrong there.
    residents = {
        (r["indicator"], tuple(r[c] for c in KEY)): r["resident"]
        for r in truth.iter_rows(named=True)
        if r.get("resident") is not None and r["resident"] >= r["n"] + (r["missing"] or 0)
    }
    k, at = learn(frame, relations, policy, residents)
    k.tighten()
    least = {"x": policy["thresholds"]["numerator"], "y": policy["thresholds"]["complement"]}
    shown = {
        (r["indicator"], tuple(r[c] for c in KEY))
        for r in frame.filter(pl.col("x").is_not_null()).iter_rows(named=True)
    }
    wanted: dict[int, tuple] = {}
    for row in truth.iter_rows(named=True):
        key = tuple(row[c] for c in KEY)
        if row["x"] is None or (row["indicator"], "x", key) not in at:
            continue
        for count, value in (("x", row["x"]), ("y", row["n"] - row["x"])):
            zero = (
                value == 0 and row["n"] > 0 and not policy["zeros"]["shown" if count == "x" else "full_shown"]
            )
            small = 0 < value < least[count]
            if (
                (small or zero)
                and (row["n"] < 30 or count in sides(meta["definitions"][row["indicator"]], policy))
                and ("rounding" in policy or (row["indicator"], key) not in shown)
            ):
                wanted[at[row["indicator"], count, key]] = (row["indicator"], count, key, value)
    got = k.ranges(list(wanted), width)
    found = []
    for cell, (low, high) in sorted(got.items()):
        name, count, key, value = wanted[cell]
        assert low <= value <= high, (wanted[cell], low, high)
        found.append((name, count, key, low, high, value))
    return found, len(wanted)


# ---- every form that leaves the house ---------------------------------------------------------------------------


def figures_in(folder: Path, titles: dict[str, str]):
    """All figures in CSV, XLSX and JSON below a folder: (file, indicator, area, period, break-downs or None, column, value)."""
    by = KEY[2:]
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".csv":
            rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
            for row in rows:
                yield from _row(path, row, by)
        elif path.suffix == ".json":
            data = json.loads(path.read_text(encoding="utf-8"))
            for values in data.get("rijen", []):
                row = dict(zip(data["kolommen"], values, strict=True))
                yield from _row(path, dict.fromkeys(by, "totaal") | row, by)
        elif path.suffix == ".xlsx":
            book = openpyxl.load_workbook(path)
            for sheet in book:
                assert sheet.sheet_state == "visible", path
                assert not any(d.hidden for d in sheet.column_dimensions.values()), path
                assert not any(d.hidden for d in sheet.row_dimensions.values()), path
                assert not any(c.comment for line in sheet.iter_rows() for c in line), path
                head = [titles.get(str(c.value)) for c in sheet[1]]
                if "indicator" in head:
                    for line in sheet.iter_rows(min_row=2, values_only=True):
                        yield from _row(path, dict(zip(head, line, strict=True)), by)
            assert not book.defined_names, path
        elif path.parent.name == "vergelijk":
            index = (path.parents[2] / "static" / "zoek.js").read_text(encoding="utf-8")
            names = json.loads(re.search(r"=(\{.*\});", index, re.DOTALL)[1])["indicatoren"]
            area, periods = re.search(
                r"^bdsGebied\(\"(.*?)\",(\{.*\})\);$", path.read_text(), re.DOTALL
            ).groups()
            for period, found in json.loads(periods).items():
                for place, told, *rest in found:
                    key = (path.name, names[place][0], area, period, None)
                    if not rest:
                        yield *key, "absent", told
                        continue
                    _, value, low, high = rest
                    yield *key, "value", told if value is None else value
                    yield from (
                        (*key, c, v)
                        for c, v in (("lower", low), ("upper", high))
                        if value is not None and v is not None
                    )


def _row(path, row, by):
    if row.get("indicator"):
        for column in FIGURES:
            value = row.get(column)
            if value not in {None, "", "*", "–", "/"}:
                key = tuple(row.get(b) or "totaal" for b in by)
                yield path.name, row["indicator"], row["area"], str(row["period"]), key, column, value


def pdf_lines(path: Path, pdftotext: str) -> list[str]:
    done = subprocess.run([pdftotext, "-layout", path, "-"], check=True, capture_output=True, text=True)
    return [line.strip() for line in done.stdout.splitlines() if line.strip()]
