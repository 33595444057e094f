"""How indicators hang together: parts of one whole, subsets, equal denominators, a mean and a share of one column.

Who knows all published figures and the definitions knows these sums as well, so they are published with a result
(`meta["relations"]`) and protecting and auditing take them as part of the table. Most follow from the expressions
(`derive`); the rest is declared (`relaties` in a definition); `undeclared` compares both with counted data.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import combinations
from typing import TYPE_CHECKING, Any

from bds_tool.base.text import t
from bds_tool.indicators.result import BREAKDOWNS
from bds_tool.indicators.told import Relation, SumRelation
from bds_tool.store import database

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import numpy.typing as npt
    import polars as pl

    from bds_tool.indicators.definitions import Indicator

    Bools = npt.NDArray[np.bool_]

KEY = ("area", "period", *BREAKDOWNS)
#: Words of an expression that are no columns.
WORDS = frozenset(
    [
        "in",
        "is",
        "not",
        "null",
        "and",
        "or",
        "true",
        "false",
        "between",
        "like",
        "case",
        "when",
        "then",
        "else",
        "end",
        "cast",
        "as",
        "double",
        "varchar",
    ]
)
#: Combinations of values tried for one group of expressions.
MOST_CASES = 200_000
#: Children a sum must hold for before it is more than chance: the smallest count that a policy shows.
LEAST_SEEN = 10
#: Indicators with one denominator up to which three of them are looked for that add up.
MOST_TRIPLES = 16


def derive(indicators: Sequence[Indicator]) -> list[Relation]:
    """The relations that follow from the expressions of these indicators, and those they declare."""
    alike: dict[tuple[str, ...], list[Indicator]] = {}
    for i in indicators:
        key = (i.view, i.population_view, i.day, i.population, i.denominator)
        alike.setdefault(tuple(re.sub(r"\s+", " ", k) for k in key), []).append(i)
    found: list[Relation] = []
    for group in alike.values():
        if len(group) < 2:
            continue
        found.append({"kind": "noemer", "of": [i.id for i in group]})
        shares = [i for i in group if i.kind == "aandeel"]
        held = _truth(group[0].denominator, [i.numerator for i in shares])
        if held is not None:
            found += sums([i.id for i in shares], held[0], held[1:])
        for mean in (i for i in group if i.kind == "gemiddelde"):
            mine = columns_of(mean.value)
            found += [
                {"kind": "gemiddelde", "mean": mean.id, "share": i.id}
                for i in shares
                if mine & columns_of(i.numerator)
            ]
    return found + declared(indicators)


def declared(indicators: Sequence[Indicator]) -> list[Relation]:
    """What the definitions themselves say (`relaties`), as far as the indicators are in the set."""
    ids = {i.id for i in indicators}
    found: list[Relation] = []
    for i in indicators:
        for r in i.data.get("relaties", ()):
            if r["soort"] == "deel_van" and r["van"] in ids:
                found.append({"kind": "som", "whole": r["van"], "parts": [i.id], "complete": False})
            elif r["soort"] == "delen" and set(r["met"]) <= ids:
                whole = r.get("van")
                if whole is None or whole in ids:
                    parts = sorted({i.id, *r["met"]})
                    found.append(
                        {"kind": "som", "whole": whole, "parts": parts, "complete": bool(r.get("volledig"))}
                    )
            elif r["soort"] == "zelfde_noemer" and r["van"] in ids:
                found.append({"kind": "noemer", "of": [r["van"], i.id]})
            elif r["soort"] == "gemiddelde_van" and r["van"] in ids:
                found.append({"kind": "gemiddelde", "mean": i.id, "share": r["van"]})
    return found


def sums(names: Sequence[str], whole: Bools, sets: Sequence[Bools]) -> list[Relation]:
    """The sums of sets inside a whole: per set (and for the whole) the largest sets in it, if they exclude each other."""
    inside = {n: s & whole for n, s in zip(names, sets, strict=True)}
    order = sorted(inside, key=lambda n: (int(inside[n].sum()), n))
    found: list[Relation] = []
    for at, outer in enumerate([*order, None]):
        held = whole if outer is None else inside[outer]
        smaller = order if outer is None else order[:at]
        below = [n for n in smaller if not (inside[n] & ~held).any() and inside[n].any()]
        largest = [
            n
            for k, n in enumerate(below)
            if not any(not (inside[n] & ~inside[m]).any() for m in below[k + 1 :])
        ]
        apart = not any((inside[a] & inside[b]).any() for a, b in combinations(largest, 2))
        blocks = [largest] if apart else [[n] for n in largest]
        for block in blocks:
            if not block:
                continue
            rest = held.copy()
            for n in block:
                rest &= ~inside[n]
            if outer is None and len(block) == 1 and rest.any():
                continue  # every share is part of its denominator
            found.append({"kind": "som", "whole": outer, "parts": block, "complete": not rest.any()})
    return found


def columns_of(expression: str) -> set[str]:
    """Names in an expression that can only be columns."""
    bare = re.sub(r"'[^']*'", " ", expression.lower())
    return {w for w in re.findall(r"\b[a-z_][a-z0-9_]*\b(?!\s*\()", bare) if w not in WORDS}


@lru_cache(maxsize=1)
def _prover() -> duckdb.DuckDBPyConnection:
    """A database without data; opening one takes longer than what is asked of it."""
    return database.connect(threads=1)


def _truth(whole: str, parts: Sequence[str]) -> list[Bools] | None:
    """Where the whole and each of the parts hold, over all values that the expressions tell apart; None: cannot say."""
    import duckdb
    import numpy as np

    text = " ; ".join([whole, *parts])
    domains = {c: _domain(c, text) for c in sorted(columns_of(text))}
    cases = 1
    for _, values in domains.values():
        cases *= len(values)
    if not domains or cases > MOST_CASES:
        return None
    if any(
        database.expression(e) for e in (whole, *parts)
    ):  # those of a result may have been written by anyone
        return None
    connection = _prover().cursor()  # with temporary tables of its own
    try:
        tables = []
        for column, (kind, values) in domains.items():
            table = database.name(f"_{column}")
            connection.execute(
                database.fill(
                    "create temp table {table} as select unnest(cast(? as {kind}[])) as {column}",
                    table=table,
                    column=database.name(column),
                    kind=kind,
                ),
                [values],
            )
            tables.append(table)
        told = ", ".join(
            f"coalesce(cast(({e}) as boolean), false) as w{n}" for n, e in enumerate((whole, *parts))
        )
        answers = connection.execute(
            database.fill("select {told} from {tables}", told=told, tables=", ".join(tables))
        ).fetchnumpy()
    except duckdb.Error:
        return None
    finally:
        connection.close()
    return [np.asarray(column, dtype=bool) for column in answers.values()]


def _domain(column: str, text: str) -> tuple[str, list[Any]]:
    """Type of a column by its use, and values of it between which every comparison tells apart; null is one."""
    name = rf"\b{re.escape(column)}\b"
    if re.search(
        rf"{name}\s*(?:=|<>|!=|(?:not\s+)?in\s*\()\s*'|coalesce\(\s*{name}\s*,\s*'", text, re.IGNORECASE
    ):
        return "varchar", [None, "", *sorted(set(re.findall(r"'([^']*)'", text)))]
    compared = rf"{name}\s*[-+*/<>=]|[-+*/<>=]\s*{name}|\w\(\s*{name}"
    if not re.search(compared, text, re.IGNORECASE) and not re.search(
        rf"{name}\s+(not\s+)?in\b", text, re.IGNORECASE
    ):
        if re.search(rf"{name}\s+is\b", text, re.IGNORECASE):
            return "double", [None, 0.0]
        return "boolean", [None, False, True]
    numbers = {float(n) for n in re.findall(r"(?<![\w'.])\d+(?:\.\d+)?", re.sub(r"'[^']*'", " ", text))}
    points = {s * n + d for n in numbers | {0.0} for s in (1, -1) for d in (-0.25, 0.0, 0.25)}
    return "double", [None, *sorted(points)]


def of_result(frame: pl.DataFrame, meta: Mapping[str, Any]) -> list[Relation]:
    """The relations among the indicators of a result: those it tells, and the sums that hold in every row of it."""
    present = set(frame["indicator"].unique().to_list())
    told = [r for r in meta.get("relations") or [] if set(members(r)) <= present]
    found: list[Relation] = []
    for relation in observed(frame):
        if not any(_same(relation, r) or _only_a_zero(relation, r) for r in [*told, *found]):
            found.append(relation)
    return told + found


def members(relation: Relation) -> list[str]:
    """The indicators in a relation."""
    if relation["kind"] == "som":
        return [*([relation["whole"]] if relation["whole"] else []), *relation["parts"]]
    return list(relation["of"]) if relation["kind"] == "noemer" else [relation["mean"], relation["share"]]


def _same(new: Relation, old: Relation) -> bool:
    if new["kind"] != old["kind"]:
        return False
    if new["kind"] == "noemer" and old["kind"] == "noemer":
        return set(new["of"]) <= set(old["of"])
    if new["kind"] == "som" and old["kind"] == "som":
        return sorted(members(new)) == sorted(members(old)) and (not new["complete"] or bool(old["complete"]))
    return new == old


def _only_a_zero(new: Relation, old: Relation) -> bool:
    """Whether a sum that was seen says no more than that the other parts of a sum that is told counted nobody here.

    That is no definition but a count, and one that may have to stay secret.
    """
    return (
        new["kind"] == "som" == old["kind"]
        and bool(old["complete"])
        and new["whole"] == old["whole"]
        and set(new["parts"]) < set(old["parts"])
    )


def observed(frame: pl.DataFrame) -> list[Relation]:
    """Equal denominators, equal numerators, and two or three shares that add up, in every row of counted data.

    What holds for fewer than `LEAST_SEEN` children holds by chance: nobody can know it, for so few are shown nowhere.
    """
    import numpy as np

    found: list[Relation] = []
    for ids, n, x in _alike(frame):
        if len(ids) < 2:
            continue
        found.append({"kind": "noemer", "of": ids})
        shares = [(i, v) for i, v in zip(ids, x, strict=True) if not np.isnan(v).any() and v.any()]
        for (a, u), (b, v) in combinations(shares, 2):
            if (u == v).all() and u.max() >= LEAST_SEEN:
                found.append({"kind": "som", "whole": a, "parts": [b], "complete": True})
        sizes = (2, 3) if len(shares) <= MOST_TRIPLES else (2,)
        for size in sizes:
            for chosen in combinations(shares, size):
                total = np.sum([v for _, v in chosen], axis=0)
                if (total > n).any():
                    continue
                for name, whole in ((None, n), *shares):
                    # Of a denominator a part is shown only when the rest is as large.
                    known = whole.max() >= (LEAST_SEEN if name else 2 * LEAST_SEEN)
                    if known and name not in {c for c, _ in chosen} and (total == whole).all():
                        found.append(
                            {"kind": "som", "whole": name, "parts": [c for c, _ in chosen], "complete": True}
                        )
    return found


def _alike(frame: pl.DataFrame) -> list[tuple[list[str], Any, list[Any]]]:
    """Indicators with the same n and missing in the same rows: ids, n, and x of each (nan for a mean)."""
    import polars as pl

    groups: dict[bytes, tuple[list[str], Any, list[Any]]] = {}
    rows = frame.select("indicator", *KEY, "n", "x", pl.col("missing").fill_null(0)).sort("indicator", *KEY)
    for (name,), part in rows.group_by("indicator", maintain_order=True):
        if part["n"].null_count() or not (part["n"] > 0).any():
            continue
        hashed = part.select(*KEY, "n", "missing").hash_rows(seed=0).to_numpy().tobytes()
        ids, _, x = groups.setdefault(hashed, ([], part["n"].to_numpy(), []))
        ids.append(str(name))
        x.append(part["x"].cast(pl.Float64).to_numpy())
    return list(groups.values())


def undeclared(frame: pl.DataFrame, relations: Sequence[Relation]) -> list[str]:
    """In words, what holds in every row of counted data and follows from no relation: sums, and subsets."""
    import numpy as np

    out = [
        _words(r) for r in observed(frame) if r["kind"] == "som" and not any(_same(r, o) for o in relations)
    ]
    for ids, n, x in _alike(frame):
        shares = [(i, v) for i, v in zip(ids, x, strict=True) if not np.isnan(v).any() and v.any()]
        for (a, u), (b, v) in combinations(shares, 2):
            for low, high, inner, outer in ((u, v, a, b), (v, u, b, a)):
                # Where the outer set leaves little room, chance would break what no rule keeps.
                near = (high > 0) & (high < n) & (low * 2 >= high)
                if (low <= high).all() and (low < high).any() and near.sum() >= 20:
                    relation: SumRelation = {
                        "kind": "som",
                        "whole": outer,
                        "parts": [inner],
                        "complete": False,
                    }
                    if not _implied(inner, outer, relations):
                        out.append(_words(relation))
    return out


def _implied(inner: str, outer: str, relations: Sequence[Relation]) -> bool:
    seen, stack = set(), [inner]
    while stack:
        at = stack.pop()
        if at == outer:
            return True
        if at not in seen:
            seen.add(at)
            stack += [r["whole"] for r in relations if r["kind"] == "som" and at in r["parts"] and r["whole"]]
    return False


def _words(relation: SumRelation) -> str:
    parts = " + ".join(relation["parts"])
    whole = relation["whole"] or t("de noemer", "the denominator")
    sign = "=" if relation["complete"] else "≤"
    return t(
        f"{parts} {sign} {whole} geldt in elke rij en staat nergens: zet het in relaties van de definitie",
        f"{parts} {sign} {whole} holds in every row and is declared nowhere: put it in relaties of the definition",
    )
