"""Search by words in the names of elements, groups, rubrieken, lists and values."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches

from bds_tool.schema.lookup.card import lijst_naam
from bds_tool.schema.model import Definition

#: How much a hit counts per kind: a name of an element says more than a value somewhere in a list.
_WEIGHT = {"element": 4, "rubriek": 3, "groep": 3, "lijst": 2, "waarde": 1}

#: Lists that repeat the names of rubrieken, groepen and elementen; searching them would show every hit twice.
_REGISTERS = frozenset({"W0639", "W0646", "W0647"})


@dataclass(frozen=True, slots=True)
class Hit:
    """One find: `kind` element, rubriek, groep, lijst or waarde; `context` says where it belongs."""

    kind: str
    number: str
    naam: str
    context: str
    score: float


def search(definition: Definition, words: str, kinds: tuple[str, ...] = (), limit: int = 0) -> list[Hit]:
    """Names that hold every word (accents and case do not matter), best first; 0 is no limit."""
    wanted = fold(words).split()
    if not wanted:
        return []
    hits = []
    for kind, number, naam, context, penalty in _candidates(definition, kinds):
        score = _score(wanted, fold(naam))
        if score:
            hits.append(Hit(kind, number, naam, context, round(score * _WEIGHT[kind] - penalty, 3)))
    hits.sort(key=lambda h: (-h.score, h.kind, h.number.zfill(8)))
    return hits[:limit] if limit else hits


def suggestions(definition: Definition, words: str) -> list[str]:
    """Words from the definition that look like the ones asked for, when a search found nothing."""
    vocabulary = {
        w
        for _, _, naam, _, _ in _candidates(definition, ("element", "rubriek", "groep", "lijst"))
        for w in fold(naam).split()
        if len(w) > 3
    }
    found = []
    for word in fold(words).split():
        found += get_close_matches(word, sorted(vocabulary), n=3, cutoff=0.75)
    return list(dict.fromkeys(found))


def fold(text: str) -> str:
    """Lower case, without accents and punctuation: `Geboortegewicht (g)` → `geboortegewicht g`."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))


def _score(wanted: list[str], name: str) -> float:
    """0 unless every word occurs; whole words and short names score higher than parts of long ones."""
    parts = name.split()
    total = 0.0
    for word in wanted:
        if word in parts:
            total += 1.0
        elif any(p.startswith(word) for p in parts):
            total += 0.7
        elif word in name:
            total += 0.4
        else:
            return 0.0
    return total / len(wanted) + len(wanted) / (len(parts) + 10)


def _candidates(definition: Definition, kinds: tuple[str, ...]) -> list[tuple[str, str, str, str, float]]:
    found: list[tuple[str, str, str, str, float]] = []
    chosen = set(kinds or _WEIGHT)
    if "element" in chosen:
        for e in definition.elementen.values():
            place = " ".join(x for x in (e.rubriek, e.groep, e.waardenlijst) if x)
            found.append(("element", str(e.bdsnummer), e.naam, place, 0.0 if e.in_bericht else 1.0))
    if "rubriek" in chosen:
        found += [("rubriek", r.rubriek, r.naam, r.binding, 0.0) for r in definition.rubrieken.values()]
    if "groep" in chosen:
        found += [
            ("groep", g.groep, g.naam, g.rubriek, 0.0 if g.in_bericht else 1.0)
            for g in definition.groepen.values()
        ]
    lists = {n: w for (n, _), w in definition.waardenlijsten.items() if n.startswith("W")}
    if "lijst" in chosen:
        found += [("lijst", n, lijst_naam(w.naam), "", 0.0) for n, w in lists.items()]
    if "waarde" in chosen:
        used: dict[str, list[str]] = {}
        for e in definition.elementen.values():
            if e.waardenlijst:
                used.setdefault(e.waardenlijst, []).append(str(e.bdsnummer))
        seen = set()
        for (n, soort), w in definition.waardenlijsten.items():
            if n in _REGISTERS:
                continue
            for c in w.codes:
                if (n, c.code, c.weergavenaam) not in seen and c.code:
                    seen.add((n, c.code, c.weergavenaam))
                    elements = used.get(n, [])
                    where = f"{lijst_naam(w.naam)} · " + (
                        ", ".join(elements[:6]) + (" …" if len(elements) > 6 else "") if elements else soort
                    )
                    found.append(
                        ("waarde", f"{n} {c.code}", c.weergavenaam, where, 0.5 if c.status == "D" else 0.0)
                    )
    return found
