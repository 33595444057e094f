"""The class of a change between two definitions, forward and backward.

The classes follow what happens to recorded data when it moves: `geen` nothing (where a fact comes from),
`patch` wording only, `minor` something was added or is handled more widely, `major` values that were right
on one side are not expressible or not right on the other side.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING

from bds_tool.schema.diff.changes import Change, ChangeClass, Classes, Veld

if TYPE_CHECKING:
    from bds_tool.schema.diff.rows import Row

G, P, N, J = ChangeClass.GEEN, ChangeClass.PATCH, ChangeClass.MINOR, ChangeClass.MAJOR

#: Classes (forward, backward) of the aspects that do not depend on the values.
FIXED: dict[str, Classes] = {
    "toegevoegd": (N, J),
    "vervallen": (J, N),
    "hernoemd": (P, P),
    "binding": (J, J),
    "verplaatst": (J, J),
    "eenheid": (J, J),
    "samenstelling": (P, P),
    "bericht": (N, N),
    "herkomst": (G, G),
    "niveau": (P, P),
    "volgorde": (P, P),
    "interactie": (J, J),
    "codesysteem": (P, P),
}
#: A list that comes or goes, or all its codes at once: it holds no data itself, only its use by an element does.
NO_DATA: Classes = (N, N)


def overall(changes: Iterable[Change]) -> Classes:
    """The class of a set of changes, forward and backward."""
    listed = list(changes)
    return (
        max((c.forward for c in listed), default=G),
        max((c.backward for c in listed), default=G),
    )


def classes_of(tabel: str, aspect: str, velden: Iterable[Veld], before: Row, after: Row) -> Classes:
    """The class forward and backward of a change of one aspect."""
    by_name = {v.veld: v for v in velden}
    if aspect in FIXED:
        return FIXED[aspect]
    if aspect == "status":
        return _status(tabel, next(iter(by_name.values())))
    if aspect == "datatype":
        v = by_name["datatype"]
        return (P, P) if not v.van or not v.naar else (J, J)
    if aspect == "lijst":
        v = by_name["waardenlijst"]
        if "KL_AN" not in {before["datatype"], after["datatype"]}:
            return (P, P)  # a domain of texts: its length is the aspect `bereik`
        return (J, P) if not v.van else (P, J) if not v.naar else (J, J)
    if aspect == "bereik":
        return _narrower(before, after, "minimum", "maximum", "max_lengte")
    if aspect == "nullflavor":
        return _nullflavors(by_name["nullflavor"])
    if aspect == "kardinaliteit":
        lowers = [by_name[k] for k in by_name if k.endswith("_min")]
        limits = [by_name[k] for k in by_name if k.endswith("_max")]
        # Emptiness is never an error in the BDS, so a raised minimum asks for more but breaks no data.
        return _join(
            [*(_bound(v, upper=False, worst=N) for v in lowers), *(_bound(v, upper=True) for v in limits)]
        )
    if aspect == "kardinaliteit-bericht":
        low = [_bound(v, upper=False) for k, v in by_name.items() if k.endswith("_min")]
        high = [_bound(v, upper=True) for k, v in by_name.items() if k.endswith("_max")]
        return _join([*low, *high])
    raise AssertionError(aspect)


def _join(parts: Iterable[Classes]) -> Classes:
    listed = list(parts)
    return max((f for f, _ in listed), default=P), max((b for _, b in listed), default=P)


def _status(tabel: str, v: Veld) -> Classes:
    leaving = {"deprecated", "D"}
    if tabel in {"element", "code", "groep", "rubriek"} and (v.naar in leaving) != (v.van in leaving):
        return (N, N)
    return (P, P)


def _bound(v: Veld, *, upper: bool, worst: ChangeClass = J) -> Classes:
    """Cardinality: a tighter bound is `worst` forward, a wider one `worst` backward; unknown says nothing."""
    if not v.van or not v.naar:
        return (P, P)
    low, high = (Decimal("Infinity") if x == "*" else Decimal(x) for x in (v.van, v.naar))
    tighter = high < low if upper else high > low
    return (worst, N) if tighter else (N, worst)


def _narrower(before: Row, after: Row, *columns: str) -> Classes:
    parts: list[Classes] = []
    for column in columns:
        van, naar = before[column], after[column]
        if van == naar:
            continue
        if not van or not naar:
            parts.append((J, N) if naar else (N, J))
            continue
        tighter = Decimal(naar) > Decimal(van) if column == "minimum" else Decimal(naar) < Decimal(van)
        parts.append((J, N) if tighter else (N, J))
    return _join(parts)


def _nullflavors(v: Veld) -> Classes:
    old, new = set(v.van.split("|")) - {""}, set(v.naar.split("|")) - {""}
    lost = "any" not in new and bool(old - new)
    gained = "any" not in old and bool(new - old)
    return (J if lost else N, J if gained else N)
