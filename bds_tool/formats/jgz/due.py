"""Which vaccinations are due to be sent to the RIVM, and in which of the two messages: with the child, or anonymised."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from bds_tool.store.columns import Registratie

#: What a vaccination is: kind, batch number, day, where it was given, and the reason of a refusal.
KIND, LOT, DAY, GIVER, PLACE, REFUSAL = 461, 472, 1409, 1336, 1452, 683
#: Which schedule a newborn follows; it is of the child, and is registered at an activity too.
SCHEDULE = 1584
_OF_VACCINATION = frozenset({KIND, LOT, DAY, GIVER, PLACE, REFUSAL})
#: Consent to share data with the register of the vaccination programme: whether, since when, until when.
CONSENT, SINCE, UNTIL = 1533, 1536, 1607
_YES = frozenset({"true", "1"})


@dataclass
class Vaccination:
    """The rows of one vaccination by element."""

    rows: dict[int, Registratie] = field(default_factory=dict)
    negated: bool = False
    #: several that nothing tells apart
    mixed: bool = False

    @property
    def refused(self) -> bool:
        return self.negated or REFUSAL in self.rows

    def value(self, number: int) -> str | None:
        row = self.rows.get(number)
        return None if row is None else row["waarde"]


@dataclass
class Activity:
    """An activity with the vaccinations that were given or refused in it."""

    key: str | None
    rows: dict[int, Registratie] = field(default_factory=dict)
    vaccinations: list[Vaccination] = field(default_factory=list)

    @property
    def day(self) -> str | None:
        """The day of the activity (724), else the one that its rows carry."""
        own = self.rows.get(724)
        if own is not None and own["waarde"]:
            return str(own["waarde"])
        moment = next((r["datum"] for v in self.vaccinations for r in v.rows.values() if r["datum"]), None)
        return None if moment is None else moment.isoformat()


def activities(rows: list[Registratie]) -> list[Activity]:
    """The activities of a dossier in which something was given or refused, in the order of the dossier."""
    found: dict[str | None, Activity] = {}
    given: dict[tuple[str | None, int | None], Vaccination] = {}
    for row in rows:
        if row["bdsnummer"] in _OF_VACCINATION and _told(row):
            key = row["activiteit_id"], row["volgnr"]
            if key not in given:
                given[key] = Vaccination()
                found.setdefault(key[0], Activity(key[0])).vaccinations.append(given[key])
            given[key].mixed |= row["bdsnummer"] in given[key].rows
            given[key].rows.setdefault(row["bdsnummer"], row)
    for row in rows:
        activity = found.get(row["activiteit_id"])
        if activity is None:
            continue
        if row["bdsnummer"] in {494, 724, 1377}:
            activity.rows.setdefault(row["bdsnummer"], row)
        elif row["bdsnummer"] is None and (row["pad"] or "").endswith("@negationInd"):
            vaccination = given.get((row["activiteit_id"], row["volgnr"]))
            if vaccination is not None and row["waarde"] == "true" and row["groep"] == "G076":
                vaccination.negated = True
    return list(found.values())


def _told(row: Registratie) -> bool:
    return row["waarde"] is not None or row["nullflavor"] is not None or row["tekst"] is not None


def consents(rows: list[Registratie], today: date) -> bool:
    """Whether consent 1533 is given and holds: of several the newest decides; without a day any refusal does."""
    found: dict[int | None, dict[int, Registratie]] = {}
    for row in rows:
        if row["bdsnummer"] in {CONSENT, SINCE, UNTIL}:
            found.setdefault(row["volgnr"], {}).setdefault(row["bdsnummer"], row)
    said = [i for i in found.values() if CONSENT in i and i[CONSENT]["waarde"] is not None]
    if not said:
        return False
    newest = max(_day(i, SINCE) for i in said)
    last = [i for i in said if _day(i, SINCE) == newest]
    ended = any(UNTIL in i and _day(i, UNTIL) <= today.isoformat() for i in last)
    return not ended and all(i[CONSENT]["waarde"] in _YES for i in last)


def _day(instance: dict[int, Registratie], number: int) -> str:
    row = instance.get(number)
    return str(row["waarde"] or "")[:10] if row else ""


def elements(rows: list[Registratie]) -> dict[int, Registratie]:
    """Of every element that belongs to no activity the first row that says something; of the schedule the last one."""
    found: dict[int, Registratie] = {}
    for row in rows:
        if row["bdsnummer"] == SCHEDULE and _told(row):
            found[SCHEDULE] = row
        elif row["bdsnummer"] is not None and row["activiteit_id"] is None and _told(row):
            found.setdefault(row["bdsnummer"], row)
    return found


def instance(
    rows: list[Registratie], wanted: frozenset[int], must: frozenset[int], ended: int
) -> dict[int, Registratie]:
    """Of a group that stands more than once the instance that holds now: the last one without an end.

    `wanted`: its elements; `must`: of these one is needed; `ended`: the element that ends an instance.
    """
    found: dict[int | None, dict[int, Registratie]] = {}
    for row in rows:
        if row["bdsnummer"] in wanted | {ended} and row["activiteit_id"] is None and _told(row):
            found.setdefault(row["volgnr"], {}).setdefault(row["bdsnummer"], row)
    useful = [i for i in found.values() if not must.isdisjoint(i)]
    still = [i for i in useful if ended not in i or not i[ended]["waarde"]]
    chosen = (still or useful)[-1:] or [{}]
    return {n: r for n, r in chosen[0].items() if n != ended}
