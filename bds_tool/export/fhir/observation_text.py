"""The fast lane: rows that make an observation of their own, without looking at other rows.

Most rows are of this kind. What to do with such a row depends on a handful of its columns; that is worked out once
(a `Recept`) by the same builders as everything else, and then the text is filled in. A row for which the recipe
cannot tell (its value does not fit, it belongs to a person, it has companions) goes the slow way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from bds_tool.export.fhir import loss
from bds_tool.export.fhir.datatypes import NUMBER, moment
from bds_tool.export.fhir.loss import Verlies
from bds_tool.export.fhir.observations import Stempel, json_tekst
from bds_tool.export.fhir.plan import BSN_OID, Plan, Regel
from bds_tool.export.fhir.rows import Waarden
from bds_tool.export.fhir.values import Cel, maak_cel
from bds_tool.schema.zib.shapes import Vorm
from bds_tool.schema.zib.units import SHIFT, verschuif

#: Everything a blank of such a text can be.
VELDEN = ("id", "patient", "bron", "contact", "moment", "w0")
#: Remembered conversions of one recipe, and recipes in all; beyond that they start over.
ONTHOUDEN = 4_096
RECEPTEN = 50_000
#: Groups of persons: their values point at the person.
PERSONEN = ("G014", "G018", "G078", "G004")


@dataclass(slots=True)
class Recept:
    """What to do with rows of one kind; `soort` says how a free value is turned into text."""

    tekst: str = ""
    #: picks the blanks of the text, in its order, from a tuple of VELDEN
    kies: Callable[[tuple[str, ...]], Any] = tuple
    soort: str = ""  # "" (fixed) | getal | geheel | datum | tekst
    macht: int = 0
    nummer: int = 0
    profiel: str = ""
    reden: str = ""
    vorm: str = ""
    uitkomst: tuple[int, str, str] = (0, "", "")
    aantal: int = 0
    onthouden: dict[str, str] = field(default_factory=dict)


TRAAG = Recept()


class Snelbaan:
    """Recipes by what determines them. `tel` hands the counts over."""

    def __init__(self, plan: Plan, stempel: Stempel, behouden: bool, gevoelig: frozenset[str]) -> None:
        self._plan, self._stempel, self._behouden, self._gevoelig = plan, stempel, behouden, gevoelig
        self._recepten: dict[tuple[Any, ...], Recept] = {}
        self._klaar: list[Recept] = []
        #: elements whose value is part of the recipe
        self._vast = frozenset(n for n, r in plan.regels.items() if r.soort in {"code", "ja"})
        #: element → the elements that can join it in its form
        self._gezellen: dict[int, frozenset[int]] = {
            n: frozenset(m for m, o in plan.regels.items() if o.vorm is r.vorm and o.plaats != r.plaats)
            for n, r in plan.regels.items()
            if r.vorm is not None and len(r.vorm.plaatsen) > 1
        }

    def recept(self, row: Waarden, hl7: bool, aanwezig: set[int | None]) -> Recept:
        """The recipe of a row; TRAAG when it must go the slow way."""
        _, act, datum, n, rub, groep, vol, w, e, cs, nf, _, _, _, _ = row
        if n is None or w is None or nf is not None:
            return TRAAG
        gezellen = self._gezellen.get(n)
        if gezellen is not None and not gezellen.isdisjoint(aanwezig):
            return TRAAG
        fixed = w if cs is not None or n in self._vast else None
        key = (n, fixed, e, cs, rub, groep, vol is None, act is None, datum is None, hl7)
        found = self._recepten.get(key)
        if found is None:
            if len(self._recepten) >= RECEPTEN:
                self._recepten.clear()
            found = self._maak(row, self._plan.regels.get(n), hl7)
            if found is None:
                # It is this value that does not fit; the next one may, so nothing is remembered.
                return TRAAG
            self._recepten[key] = found
            if found is not TRAAG:
                self._klaar.append(found)
        return found

    def waarde(self, recept: Recept, w: str) -> str | None:
        """The text of a free value; None when it does not fit and the row must go the slow way."""
        found = recept.onthouden.get(w)
        if found is not None:
            return found
        if recept.soort == "getal":
            found = (
                verschuif(w, recept.macht)
                if NUMBER.match(w) and len(w) < 18 and recept.macht
                else w
                if NUMBER.match(w) and len(w) < 18
                else None
            )
        elif recept.soort == "geheel":
            found = w if NUMBER.match(w) and "." not in w and len(w) < 10 else None
        elif recept.soort == "datum":
            found = moment(w) or None
        else:
            return json_tekst(w)
        if found is not None:
            if len(recept.onthouden) >= ONTHOUDEN:
                recept.onthouden.clear()
            recept.onthouden[w] = found
        return found

    def tel(self, verlies: Verlies) -> None:
        """Add what the recipes made to the account."""
        for r in self._klaar:
            verlies.tel(*r.uitkomst, r.aantal) if r.aantal else None
            verlies.resources["Observation"] += r.aantal
            if r.profiel:
                verlies.profielen[r.profiel] += r.aantal
            elif r.vorm and r.aantal:
                verlies.zonder_profiel[(r.vorm, r.reden)] += r.aantal
            r.aantal = 0

    def _maak(self, row: Waarden, regel: Regel | None, hl7: bool) -> Recept | None:
        _, act, datum, n, rub, groep, _, w, e, cs, _, _, _, _, _ = row
        if regel is None or cs == BSN_OID or (regel.gevoelig and regel.gevoelig not in self._gevoelig):
            return TRAAG
        if (
            (groep or "")[:4] in PERSONEN
            or rub == "R014"
            or regel.rubriek == "R014"
            or n in {695, 1377}
            or (act is not None and datum is None)
        ):
            return TRAAG
        vorm = regel.vorm
        cel = maak_cel(regel, w, e, cs, None, None, hl7, rub, groep)
        if cel.klasse not in {"code", "ja", regel.soort if regel.soort != "hoeveelheid" else "getal"}:
            return None
        if vorm is not None:
            place = regel.plek
            if (
                vorm.soort != "observatie"
                or place is None
                or place.leeftijd
                or place.notitie
                or place.grenzen
                or vorm.moment == "geboorte"
            ):
                return TRAAG
            if len([p for p in vorm.plaatsen.values() if p.nodig]) > 1 or not place.nodig:
                return TRAAG
            if not past(cel, place, vorm):
                # A milestone not reached has no place in its form, whatever its neighbours: BDS-coded at once.
                if not (place.vertaald and cel.klasse == "code" and self._behouden):
                    return TRAAG
                return self._recept(row, regel, cel, None, hl7, "paste niet in de vorm")
        elif not self._behouden:
            return TRAAG
        return self._recept(row, regel, cel, vorm, hl7)

    def _recept(
        self, row: Waarden, regel: Regel, cel: Cel, vorm: Vorm | None, hl7: bool, reden: str = ""
    ) -> Recept:
        _, act, datum, n, _, _, _, w, e, _, _, _, _, _, _ = row
        form = vorm if vorm is not None and (vorm.naam != "observatie" or regel.codes) else None
        values = {"id": "x", "patient": "x", "bron": "x"}
        if act is not None:
            values["contact"] = "x"
        if datum is not None and (vorm is None or vorm.moment == "activiteit"):
            values["moment"] = datum
        if cel.tekst:
            values["w0"] = cel.tekst
        shape = self._stempel.vormpje(form, [(regel.plaats, cel)], values)
        power = SHIFT.get((e or regel.eenheid, cel.eenheid), 0) if cel.klasse == "getal" else 0
        soort = "" if cel.klasse in {"code", "ja"} else cel.klasse
        outcome = (n, loss.BDS_GECODEERD, reden) if vorm is None else (n, *uitkomst(regel, w, hl7))
        kies = itemgetter(*(VELDEN.index(name) for name in shape.namen))
        return Recept(
            shape.tekst,
            kies,
            soort,
            power,
            n,
            shape.profiel,
            shape.reden,
            form.profiel if form else "",
            outcome,
        )


def uitkomst(regel: Regel, waarde: str | None, hl7: bool) -> tuple[str, str]:
    """(outcome, status) of a value that stands in its place: exact, or through a relation that loses something."""
    exact = regel.predicaat in {"", "exactMatch"}
    if exact and waarde is not None and regel.vertaal:
        exact = all(d.relatie in {"equal", "equivalent"} for d in regel.doelen(waarde, hl7))
    return loss.OVERGENOMEN if exact else loss.BENADERD, regel.status


def past(cel: Cel, place: Any, vorm: Vorm) -> bool:  # noqa: ANN401  # a Plaats
    """Whether a value may stand in this place of the form."""
    if place.notitie:
        return cel.klasse == "tekst"
    if cel.klasse == "leeg":
        return not place.component and not place.getal
    if place.vertaald:
        return cel.klasse == "code" and any(d.gemapt for d in cel.regel.doelen(cel.waarde, cel.hl7))
    if place.grenzen:
        return cel.klasse == "geheel" and place.grenzen[0] <= int(cel.tekst) <= place.grenzen[1]
    if cel.regel.soort == "hoeveelheid" and vorm.profiel:
        return cel.klasse == "getal" and (not cel.regel.eenheid_fhir or cel.eenheid == cel.regel.eenheid_fhir)
    return cel.klasse != "tekst" or cel.regel.soort == "tekst"
