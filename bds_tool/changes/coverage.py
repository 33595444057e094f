"""Which example a change needs: one for every direction in which something happens to a value."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from bds_tool.changes.fragment import sample_row
from bds_tool.changes.package import Omrekening, Pakket, Voorbeeld, Wijziging
from bds_tool.changes.plan import derivations, recodings, users

if TYPE_CHECKING:
    from bds_tool.changes.package import Rij
    from bds_tool.schema.model import Code, Definition

#: Actions that undo another one: the way back of the other example runs them.
INVERSE = frozenset({"behoud", "herstel", "uit-tekst"})


def directions(w: Wijziging) -> tuple[str, ...]:
    """The directions in which a change needs an example."""
    if w.tabel not in {"element", "code"}:
        return ()
    doing = {"heen": w.heen.doe if w.heen else "behoud", "terug": w.terug.doe if w.terug else "behoud"}
    if doing["heen"] == doing["terug"] == "weergavenaam":
        return ("heen",)
    return tuple(d for d, doe in doing.items() if doe not in INVERSE)


def covers(example: Voorbeeld, w: Wijziging, elements: Collection[int]) -> bool:
    """Whether the fragment before holds what the change is about."""
    systems = {"", w.sleutel.split("/")[2]} if w.tabel == "code" else set()
    for row in example.voor:
        number = int(row.get("bdsnummer") or 0)
        if w.nummer is not None:
            if number == w.nummer or number in _sources(w):
                return True
        elif (
            number in elements and row.get("waarde") == w.code and str(row.get("codesysteem", "")) in systems
        ):
            return True
    return False


def _sources(w: Wijziging) -> set[int]:
    """The elements that a derived value is computed from."""
    if w.heen is None or w.heen.doe != "afleiden":
        return set()
    return {n for parts, _ in derivations(w.heen) for n, _ in parts}


def table_codes(w: Wijziging, *, forward: bool) -> list[tuple[int, str]]:
    """The (element, code) pairs of a table: each line of it needs a row in an example.

    Of codes that differ between the codings either will do, so only those for both are asked.
    """
    o = w.heen if forward else w.terug
    if o is None or w.nummer is None or not o.tabel:
        return []
    if o.doe == "afleiden":
        return [pair for parts, _ in derivations(o) for pair in parts if pair[1] != "*"]
    return [(w.nummer, code) for _, code, _ in recodings(o)]


def examples_for(w: Wijziging, old: Definition, new: Definition) -> dict[str, list[Rij]]:
    """Made-up rows for a change, by direction."""
    found: dict[str, list[Rij]] = {}
    for direction in directions(w):
        d = old if direction == "heen" else new
        rows = _rows(w, d, old, new, direction)
        if rows:
            found[direction] = rows
    return found


def _rows(w: Wijziging, d: Definition, old: Definition, new: Definition, direction: str) -> list[Rij]:
    if w.nummer is not None:
        conversion = w.heen if direction == "heen" else w.terug
        if conversion is not None and conversion.doe == "afleiden":
            return _source_rows(conversion, d)
        if conversion is not None and conversion.tabel:
            return _table_rows(w, d, forward=direction == "heen")
        return [sample_row(d, w.nummer)] if w.nummer in d.elementen else []
    using = [n for n in users(old, new).get(w.lijst[0] if w.lijst else "", ()) if n in d.elementen]
    # An element that both versions know shows the code itself, and not the sheltering of the element.
    both = [n for n in using if n in old.elementen and n in new.elementen and _live(old, n) and _live(new, n)]
    code = _listed(d, w)
    chosen = both or [n for n in using if _live(d, n)]
    return [sample_row(d, chosen[0], code)] if code is not None and chosen else []


def _table_rows(w: Wijziging, d: Definition, *, forward: bool) -> list[Rij]:
    """A row for every line of a table, each in an activity of its own."""
    rows: list[Rij] = []
    for number, code in dict.fromkeys(table_codes(w, forward=forward)):
        found = _code(d, number, code)
        row = sample_row(d, number, found)
        if found is None:
            row |= {"waarde": code}
        rows.append({**row, "activiteit_id": str(len(rows) + 1)} if "activiteit_id" in row else row)
    return rows


def _source_rows(o: Omrekening, d: Definition) -> list[Rij]:
    """Every line of a derivation in an activity of its own, with all of its sources."""
    rows: list[Rij] = []
    for place, (parts, _) in enumerate(derivations(o), start=1):
        for number, code in parts:
            if number not in d.elementen:
                continue
            found = None if code == "*" else _code(d, number, code)
            row = sample_row(d, number, found)
            if code != "*" and found is None:
                row |= {"waarde": code}
            rows.append({**row, "activiteit_id": str(place)} if "activiteit_id" in row else row)
    return rows


def _live(d: Definition, number: int) -> bool:
    return d.elementen[number].in_bericht


def _listed(d: Definition, w: Wijziging) -> Code | None:
    lijst = d.waardenlijsten.get(w.lijst) if w.lijst else None
    system = w.sleutel.split("/")[2]
    if lijst is None:
        return None
    return next((c for c in lijst.codes if c.code == w.code and c.codesysteem == system), None)


def _code(d: Definition, number: int, code: str) -> Code | None:
    lists = (d.waardenlijst(number, soort) for soort in ("HL7", "BDS"))
    return next((found for lijst in lists if lijst and (found := lijst.find(code))), None)


def sample_examples(pakket: Pakket, old: Definition, new: Definition) -> dict[str, list[Voorbeeld]]:
    """Examples without outcome for every request: a fragment per direction with a row for each of its changes."""
    found: dict[str, list[Voorbeeld]] = {}
    done: set[tuple[str, str, str]] = set()
    for jgz in pakket.verzoeken:
        rows: dict[tuple[str, bool], list[Rij]] = {}
        for w in pakket.of(jgz):
            for direction, made in examples_for(w, old, new).items():
                if (direction, *w.id) in done:
                    continue
                done.add((direction, *w.id))
                for row in made:
                    mine = rows.setdefault((direction, _bds(row)), [])
                    mine += [row] if row not in mine else []
        found[jgz] = [Voorbeeld(d, tuple(_apart(r)), ()) for (d, _), r in sorted(rows.items()) if r]
    return found


def _bds(row: Rij) -> bool:
    """Whether the code is one of the BDS lists; an example is in one coding."""
    return str(row.get("codesysteem", "")).startswith("2.16.840.1.113883.2.4.3.11.60.100.12.")


def _apart(rows: list[Rij]) -> list[Rij]:
    """Values of the same element in one activity are instances of their own."""
    seen: dict[object, int] = {}
    result = []
    for row in rows:
        key = (row.get("activiteit_id"), row["bdsnummer"], row.get("groep"))
        seen[key] = seen.get(key, 0) + 1
        again = seen[key] > 1
        result.append({**row, "volgnr": seen[key]} if again or "volgnr" in row else row)
    return result
