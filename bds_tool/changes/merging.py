"""Two versions of one package as one; what both say differently is told per request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from bds_tool.base.errors import UsageError
from bds_tool.base.text import t
from bds_tool.changes.edit import short
from bds_tool.changes.package import Pakket, Wijziging


@dataclass(frozen=True, slots=True)
class Conflict:
    """`verzoek` is the request (empty: the package itself), `plaats` what both say something else about."""

    verzoek: str
    plaats: str
    links: str
    rechts: str


def merge(left: Pakket, right: Pakket, base: Pakket | None = None) -> tuple[Pakket, list[Conflict]]:
    """Everything of both packages, and where they contradict each other; then `left` stands in the result.

    With `base`, the package both began with, what only one of them changed or removed is no conflict.
    Raises UsageError for packages between other versions.
    """
    if (left.van, left.naar) != (right.van, right.naar):
        raise UsageError(
            t(f"{left.naam} en {right.naam} gaan tussen andere versies.",
              f"{left.naam} and {right.naam} go between other versions."),
            t("Voeg alleen pakketten samen die bij dezelfde versie beginnen en eindigen.",
              "Merge only packages that begin and end at the same version."),
        )  # fmt: skip
    conflicts: list[Conflict] = []
    requests = _merged(
        left.verzoeken, right.verzoeken, base.verzoeken if base else {}, conflicts, lambda k: k, "verzoek"
    )
    changes = _merged(
        left.by_id, right.by_id, base.by_id if base else {}, conflicts,
        lambda k: ", ".join((left.by_id.get(k) or right.by_id[k]).jgz), "",
    )  # fmt: skip
    conflicts += _taken_twice(left, right, base)
    rules = _merged(
        {r.id: r for r in left.regels}, {r.id: r for r in right.regels},
        {r.id: r for r in base.regels} if base else {}, conflicts, lambda _: "", "regel",
    )  # fmt: skip
    for name in ("titel", "status", "datum", "toelichting"):
        ours, theirs = getattr(left, name), getattr(right, name)
        if ours != theirs and (base is None or getattr(base, name) not in {ours, theirs}):
            conflicts.append(Conflict("", name, str(ours), str(theirs)))
    merged = replace(
        left,
        bron=tuple(dict.fromkeys([*left.bron, *right.bron])),
        verzoeken=requests,
        wijzigingen=tuple(changes.values()),
        regels=tuple(rules.values()),
        **{
            n: getattr(right if base is not None and getattr(base, n) == getattr(left, n) else left, n)
            for n in ("titel", "status", "datum", "toelichting")
        },
    )
    return _classed(merged), conflicts


def _classed(p: Pakket) -> Pakket:
    forward = max((w.klasse_heen for w in p.wijzigingen if w.klasse_heen is not None), default=p.klasse_heen)
    back = max((w.klasse_terug for w in p.wijzigingen if w.klasse_terug is not None), default=p.klasse_terug)
    return replace(p, klasse_heen=forward, klasse_terug=back)


def _merged(
    left: Mapping[Any, Any],
    right: Mapping[Any, Any],
    base: Mapping[Any, Any],
    conflicts: list[Conflict],
    request: Any,  # noqa: ANN401
    word: str,
) -> dict[Any, Any]:
    result: dict[Any, Any] = {}
    for key in dict.fromkeys([*left, *right]):
        ours, theirs, was = left.get(key), right.get(key), base.get(key)
        if theirs in (ours, was):
            chosen = ours
        elif ours == was:
            chosen = theirs
        else:
            chosen = ours if ours is not None else theirs
            place = f"{word} {key if isinstance(key, str) else ' '.join(key)}".strip()
            conflicts += (Conflict(request(key), p, a, b) for p, a, b in _differences(place, ours, theirs))
        if chosen is not None:
            result[key] = chosen
    return result


def _differences(place: str, ours: Any, theirs: Any) -> Iterator[tuple[str, str, str]]:  # noqa: ANN401
    if ours is None or theirs is None:
        yield place, t("aanwezig", "present") if ours else "—", t("aanwezig", "present") if theirs else "—"
        return
    for f in fields(ours):
        a, b = getattr(ours, f.name), getattr(theirs, f.name)
        if a != b:
            yield f"{place}.{f.name}", short(a), short(b)


def _taken_twice(left: Pakket, right: Pakket, base: Pakket | None) -> Iterator[Conflict]:
    """The same new number or code, claimed by two requests with the same words: equal changes, other requests."""
    before = base.by_id if base else {}
    for key, ours in left.by_id.items():
        theirs = right.by_id.get(key)
        if (
            theirs is not None
            and key not in before
            and _alone(ours) == _alone(theirs)
            and ours.jgz != theirs.jgz
        ):
            yield Conflict(", ".join(ours.jgz), " ".join(key), ", ".join(ours.jgz), ", ".join(theirs.jgz))


def _alone(w: Wijziging) -> Wijziging:
    return replace(w, jgz=())
