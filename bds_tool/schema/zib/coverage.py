"""How much of a BDS version, or of a set of elements, has a place in the zibs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from bds_tool.schema.zib.model import Zibkaart

if TYPE_CHECKING:
    from bds_tool.schema.model import Definition

#: From good to none. `volledig`: same meaning and every code translated; `deels`: wider, narrower, or codes
#: without counterpart; `met verlies`: only related; then no counterpart, out of scope, and no row at all.
KLASSEN = ("volledig", "deels", "met verlies", "geen tegenhanger", "buiten bereik", "onbekend")


def klasse(kaart: Zibkaart, bdsnummer: int, release: str) -> str:
    """One of KLASSEN for an element in a zib release."""
    row = kaart.van(bdsnummer, release)
    if row is None:
        return "onbekend"
    if row.status == "buiten-bereik":
        return "buiten bereik"
    if row.status == "geen-tegenhanger":
        return "geen tegenhanger"
    if row.predicaat == "relatedMatch":
        return "met verlies"
    codes = [c for c in kaart.lijst(row.waardenlijst, release) if past(c.voorwaarde, bdsnummer)]
    complete = all(c.gemapt and c.relatie in {"equal", "equivalent"} for c in codes)
    return "volledig" if row.predicaat == "exactMatch" and complete else "deels"


def past(voorwaarde: str, bdsnummer: int) -> bool:
    """Whether a row of a code map can apply to this element."""
    return not voorwaarde.startswith("element=") or voorwaarde == f"element={bdsnummer}"


def dekking(kaart: Zibkaart, elementen: Iterable[int], release: str) -> Counter[str]:
    """Number of elements per class; the sum is the number of elements given."""
    return Counter(klasse(kaart, n, release) for n in elementen)


def per_rubriek(
    kaart: Zibkaart, definition: Definition, release: str, elementen: Iterable[int] | None = None
) -> list[tuple[str, str, Counter[str]]]:
    """(rubriek, name, counts) for every rubriek with elements; elements without rubriek come last as `-`."""
    found: dict[str, Counter[str]] = {}
    chosen = set(elementen) if elementen is not None else set(definition.elementen)
    for n in sorted(chosen):
        element = definition.elementen.get(n)
        place = (element.rubriek if element else "") or "-"
        found.setdefault(place, Counter())[klasse(kaart, n, release)] += 1
    names = {r: definition.rubrieken[r].naam for r in found if r in definition.rubrieken}
    return [(r, names.get(r, "zonder rubriek"), found[r]) for r in sorted(found, key=lambda r: (r == "-", r))]


def per_zib(
    kaart: Zibkaart, elementen: Iterable[int], release: str
) -> list[tuple[str, str, int, int, Counter[str]]]:
    """(zib, name, concepts known, concepts with an element, element counts) of every zib that is mapped to."""
    concepts: Counter[str] = Counter()
    for (r, _), known in kaart.concepten.items():
        if r == release:
            concepts[known.zib] += 1
    hit: dict[str, set[str]] = {}
    counts: dict[str, Counter[str]] = {}
    for n in elementen:
        row = kaart.van(n, release)
        concept = kaart.concepten.get((release, row.concept)) if row and row.concept else None
        if concept is None:
            continue
        hit.setdefault(concept.zib, set()).add(concept.concept)
        counts.setdefault(concept.zib, Counter())[klasse(kaart, n, release)] += 1
    names = {z.zib: z.naam for z in kaart.zibs if z.release == release}
    order = sorted(counts, key=lambda z: [int(p) for p in z.removeprefix("NL-CM:").split(".")])
    return [(z, names.get(z, ""), concepts[z], len(hit[z]), counts[z]) for z in order]
