"""Twin worlds: other children of whom every published figure is the same, found by whole-number programming (SciPy).

A world is the number of children per wijk, year, sex and type (how they are fed, their contacts, their referrals). Whoever lives
where is public, so it stays; what the published rows say stays; one sensitive count becomes another.
"""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import polars as pl
from burglar import bounds_of, rounded, sides
from families import RELATIONS, children, region
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix, hstack, identity, vstack

from bds_tool.indicators.result import write_result

CELL = ["wijk", "period", "sex"]
BOTH = (False, True)
#: What a wish that is not met costs, in children of another type; how much more once a world failed that did not meet it.
WISH, DEARER, DEAREST = 50, 3, 1_000
#: Nodes of the search for one world; and the status of SciPy that says that there is none.
NODES, NONE = 2_000, 2
#: Per family: columns of a child, the types, what each share counts (None: a mean), and who is in the denominator.
FAMILIES = {
    "feeding": (
        ["feeding", "only"],
        [("BF", True), ("BF", False), ("MIX", False), ("FF", False), (None, False)],
        {
            "BF": lambda c: c[0] == "BF",
            "MIX": lambda c: c[0] == "MIX",
            "FF": lambda c: c[0] == "FF",
            "EXCL": lambda c: c[0] == "BF" and c[1],
        },
        lambda c: c[0] is not None,
    ),
    "contacts": (
        ["contacts"],
        [(n,) for n in range(4)],
        {"REACH": lambda c: c[0] >= 1, "CONTACTS": None},
        lambda _: True,
    ),
    "referred": (
        ["gp", "speech", "other"],
        list(itertools.product(BOTH, BOTH, BOTH)),
        {"REF": any, "GP": lambda c: c[0], "SPEECH": lambda c: c[1]},
        lambda _: True,
    ),
}


def told(path, seed, family, change=None, **options):
    """The unprotected result of one family of a region."""
    whole = region(path, seed, change=change, residents=True, **options)
    names = set(FAMILIES[family][2])
    meta = {
        **whole.meta,
        "definitions": {i: d for i, d in whole.meta["definitions"].items() if i in names},
        "relations": [r for r in RELATIONS if names & {*r.get("of", ()), *r.get("parts", ()), r.get("mean")}],
    }
    rows = whole.counts().collect().filter(pl.col("indicator").is_in(list(names)))
    return write_result(path, rows, meta, replace=True)


class World:
    """The children of a region (`seed`), and what the published rows of one family say of them."""

    def __init__(self, seed, family, frame, policy, definitions, **options):
        self.columns, self.types, self.shares, counted = FAMILIES[family]
        kids = children(seed, **options)
        self.kids = kids.with_columns(
            only=pl.col("only") & (pl.col("feeding") == "BF").fill_null(value=False)
        )
        self.cells = self.kids.select(CELL).unique().sort(CELL).rows()
        self.at = {(c, k): i for i, (c, k) in enumerate(itertools.product(self.cells, self.types))}
        number = Counter((r[:3], r[3:]) for r in self.kids.select(*CELL, *self.columns).iter_rows())
        self.now = np.array([number[place] for place in self.at])
        self.says: list[tuple[dict, tuple[float, float]]] = []
        self.wishes: list[tuple[dict, tuple[float, float]]] = []
        self.secret: dict[tuple, tuple[dict, int]] = {}
        self.unmet = np.zeros(0, dtype=bool)
        self.changed = np.zeros(len(self.now), dtype=bool)
        self.prices = np.ones(len(self.now))
        self.frame, self.within = frame, []
        for cell in self.cells:  # how many live there
            mine = {self.at[cell, k]: 1 for k in self.types}
            self.says.append((mine, (self.count(mine),) * 2))
        gem = dict(kids.select("wijk", "gem").unique().iter_rows())
        for row in frame.iter_rows(named=True):
            inside = [
                c
                for c in self.cells
                if row["area"] in {"totaal", c[0], gem[c[0]]}
                and (row["period"] == c[1] or "-" in row["period"])
                and row["sex"] in {"totaal", c[2]}
            ]
            self.within.append(np.array([self.at[c, k] for c in inside for k in self.types], dtype=np.int64))
            share, known = self.shares[row["indicator"]], bounds_of(row, policy.data)
            n = {self.at[c, k]: 1 for c in inside for k in self.types if counted(k)}
            self.say(n, known.get("n"))
            if share is None:
                for power, column in ((1, "sum"), (2, "sum2")):
                    if row[column] is not None:
                        total = {self.at[c, k]: k[0] ** power for c in inside for k in self.types}
                        self.say(total, (row[column],) * 2)
                continue
            x = {p: 1 for p in n if share(self.types[p % len(self.types)])}
            self.say(x, known.get("x"))
            if row["x"] is not None:
                continue
            harms = sides(definitions[row["indicator"]], policy.data)
            self.wish_rounded_alike(n, x, policy)
            for side, mine in (("x", x), ("y", {p: 1 for p in n if p not in x})):
                value, least = self.count(mine), policy.numerator if side == "x" else policy.complement
                if not mine or not self.count(n):
                    continue
                shown = policy.zeros_shown if side == "x" else policy.full_shown
                # Near worlds first: what is small stays small, what is not does not. Nobody is told so, hence no more than a wish.
                floor = 1 if shown and value else 0
                if policy.method == "suppress":
                    self.wishes.append((mine, (floor, least - 1) if value < least else (least, np.inf)))
                if (value or not shown) and value < least and side in harms:
                    self.secret[row["indicator"], row["area"], row["period"], row["sex"], side] = mine, value

        self.costs = np.full(len(self.wishes), float(WISH))

    def failed(self, published: pl.DataFrame | None = None):
        """The last world was published otherwise: what it did not meet may be why, so other worlds are looked at first.

        And so may be where it moved children in the rows that are told otherwise (`published`; None: no row is told at all).
        """
        self.costs[self.unmet] *= DEARER
        there = np.ones(len(self.now), dtype=bool)
        if published is not None and published.height == self.frame.height:
            there[:] = False
            pairs = zip(self.frame.iter_rows(), published.iter_rows(), self.within, strict=True)
            for mine, theirs, places in pairs:
                there[places] |= mine != theirs
        self.prices[self.changed & there] *= DEARER
        np.minimum(self.prices, DEAREST, out=self.prices)

    def count(self, mine):
        return int(sum(self.now[i] * v for i, v in mine.items()))

    def wish_rounded_alike(self, n, x, policy):
        """Of a row hidden for what it tells with others: rounded as it was; of one hidden for being small: small again."""
        rule, y = policy.part("rounding"), {p: 1 for p in n if p not in x}
        if not rule:
            return
        hides = int(rule.get("hide_to", 0))
        small = self.count(n) < policy.denominator or any(0 < self.count(c) <= hides for c in (n, x, y))
        for mine in (n, x, y):
            value = self.count(mine)
            if small or mine is y:
                ends = (0, 0) if not value else (1, hides) if value <= hides else (hides + 1, np.inf)
            else:
                ends = rounded(_rounds_to(value, rule), rule, hides=True)
            self.wishes.append((mine, ends))

    def say(self, mine, ends):
        if ends is not None:
            self.says.append((mine, ends))

    def twin(self, key, value, chance):
        """The children of a near world in which the secret count `key` is `value`; None where no world fits what is told.

        The search is bounded by a number of nodes, not by time; AssertionError where it ends without an answer.
        """
        told = [*self.says, (self.secret[key][0], (value, value)), *self.wishes]
        size, wished = len(self.now), len(self.wishes)
        places = [(r, i, v) for r, (mine, _) in enumerate(told) for i, v in mine.items()]
        rows, columns, values = (np.array(c) for c in zip(*places, strict=True))
        matrix = csr_matrix((values, (rows, columns)), (len(told), size))
        here = matrix @ self.now
        low, high = (np.array([e[k] for _, e in told]) - here for k in (0, 1))
        wish = vstack([csr_matrix((len(told) - wished, wished)), identity(wished)])
        done = milp(
            np.concatenate(
                [
                    np.tile(self.prices, 2) * (1 + 3 * chance.random(2 * size)),
                    np.tile(self.costs * (0.5 + chance.random(wished)), 2),
                ]
            ),
            constraints=LinearConstraint(hstack([matrix, -matrix, wish, -wish]), low, high),
            integrality=np.concatenate([np.ones(2 * size), np.zeros(2 * wished)]),
            bounds=Bounds(
                np.zeros(2 * (size + wished)),
                np.concatenate([np.full(size, 50), self.now, np.full(2 * wished, np.inf)]),
            ),
            options={"node_limit": NODES, "mip_rel_gap": 0.2},
        )
        assert done.x is not None or done.status == NONE, done.message
        if done.x is None:
            return None
        self.unmet = done.x[2 * size :].reshape(2, wished).sum(axis=0) > 0.5
        moved = np.round(done.x[:size] - done.x[size : 2 * size])
        self.changed = moved != 0
        return self._children(self.now + moved)

    def _children(self, number):
        """The same children in the same places, of whom as few as can be are of another type."""
        parts, made = self.kids.partition_by(CELL, as_dict=True), []
        for cell in self.cells:
            own = parts[cell]
            left = Counter({k: int(number[self.at[cell, k]]) for k in self.types})
            types = own.select(self.columns).rows()
            kept = [bool(left[k] and not left.subtract([k])) for k in types]
            rest = left.elements()
            types = [k if keep else next(rest) for k, keep in zip(types, kept, strict=True)]
            assert next(rest, None) is None
            made.append(
                own.with_columns(
                    pl.Series(c, [k[i] for k in types], dtype=own[c].dtype)
                    for i, c in enumerate(self.columns)
                )
            )
        return pl.concat(made)


def _rounds_to(value, rule):
    base = rule["base"]
    if rule["rule"] == "midpoint":
        return -(-value // base) * base - base // 2 if value else 0
    return (value + base // 2) // base * base
