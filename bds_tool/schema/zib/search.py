"""Finding a mapping by number, zib, concept, profile, code or words."""

from __future__ import annotations

import re

from bds_tool.base.errors import UsageError
from bds_tool.base.text import t
from bds_tool.schema.zib.checking import covered
from bds_tool.schema.zib.model import Concept, Koppeling, Zibkaart


def element_rows(kaart: Zibkaart, bdsnummer: int) -> list[Koppeling]:
    """The rows of an element in all releases. Raises UsageError for a number without a row."""
    found = [r for r in kaart.koppelingen if r.bdsnummer == bdsnummer]
    if not found:
        shown = ", ".join(covered(kaart))
        raise UsageError(
            t(
                f"Element {bdsnummer} heeft geen regel in de zib-mapping.",
                f"Element {bdsnummer} has no row in the zib mapping.",
            ),
            t(
                f"De mapping dekt BDS {shown}; zoek met `bds zib search WOORD`.",
                f"The mapping covers BDS {shown}; search with `bds zib search WORD`.",
            ),
        )
    return found


def concepts(kaart: Zibkaart, text: str, release: str) -> list[Concept]:
    """Concepts by id (`NL-CM:12.2.2`, `12.2`), by zib name or `Zib.Concept`."""
    wanted = text.removeprefix("NL-CM:").removeprefix("nlcm:").lower()
    names = {(z.release, z.zib): z.naam.lower() for z in kaart.zibs}
    found = []
    for concept in kaart.concepten.values():
        if release and concept.release != release:
            continue
        number = concept.concept.removeprefix("NL-CM:")
        zib = names.get((concept.release, concept.zib), "")
        full = f"{zib}.{concept.naam.lower()}"
        if number == wanted or number.startswith(f"{wanted}.") or wanted in (zib, full, concept.naam.lower()):
            found.append(concept)
    return found


def search(kaart: Zibkaart, words: str, release: str) -> list[Koppeling]:
    """Rows of which label, concept, profile, code, form or remark hold every word; whole-word hits first."""
    parts = [w.lower() for w in words.split()]
    hits = []
    for row in kaart.koppelingen:
        if release and row.release != release:
            continue
        hay = f"{row.bdsnummer} {row.naam} {row.object_naam} {row.concept} {row.profiel} {row.code} {row.vorm}".lower()
        if all(p in hay for p in parts):
            exact = sum(bool(re.search(rf"\b{re.escape(p)}\b", hay)) for p in parts)
            hits.append((-exact, row.status == "buiten-bereik", row.bdsnummer, row.release, row))
    return [h[-1] for h in sorted(hits, key=lambda h: h[:4])]
