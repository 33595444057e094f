"""What became of every row: each is counted exactly once, so that the counts add up to the store."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from bds_tool.base.json_types import JsonObject

#: A value stands in the place its zib or FHIR element has for it, with the same meaning.
OVERGENOMEN = "overgenomen"
#: It stands in a zib place that is wider, narrower or only related; the registered code goes along.
BENADERD = "benaderd"
#: No place in the zibs: kept as a resource coded with the BDS number.
BDS_GECODEERD = "bds-gecodeerd"
#: A key of the source, replaced by the pseudonymous id.
SLEUTEL = "sleutel"
WEGGELATEN = "weggelaten"
UITKOMSTEN = (OVERGENOMEN, BENADERD, BDS_GECODEERD, SLEUTEL, WEGGELATEN)


@dataclass
class Verlies:
    """Counts per (element, outcome, reason) and what the checks said; workers' counts are added together."""

    rijen: Counter[tuple[int, str, str]] = field(default_factory=Counter)
    resources: Counter[str] = field(default_factory=Counter)
    profielen: Counter[str] = field(default_factory=Counter)
    #: (profile, what was wrong) → resources that go without the profile claim
    zonder_profiel: Counter[tuple[str, str]] = field(default_factory=Counter)
    #: Errors that stand in the output; must be empty.
    fouten: Counter[str] = field(default_factory=Counter)
    #: (element, bron, regel) of rows left out, with `--unmapped report`
    plaatsen: list[tuple[int, int, int, str]] = field(default_factory=list)
    dossiers: int = 0

    def tel(self, bdsnummer: int | None, uitkomst: str, reden: str = "", aantal: int = 1) -> None:
        self.rijen[(bdsnummer or 0, uitkomst, reden)] += aantal

    def add(self, other: Verlies) -> None:
        self.rijen.update(other.rijen)
        self.resources.update(other.resources)
        self.profielen.update(other.profielen)
        self.zonder_profiel.update(other.zonder_profiel)
        self.fouten.update(other.fouten)
        self.plaatsen.extend(other.plaatsen)
        self.dossiers += other.dossiers

    def per_uitkomst(self) -> dict[str, int]:
        found: Counter[str] = Counter()
        for (_, uitkomst, _), n in self.rijen.items():
            found[uitkomst] += n
        return {u: found[u] for u in UITKOMSTEN}

    def redenen(self) -> dict[str, int]:
        """Rows left out, per reason."""
        found: Counter[str] = Counter()
        for (_, uitkomst, reden), n in self.rijen.items():
            if uitkomst == WEGGELATEN:
                found[reden] += n
        return dict(sorted(found.items(), key=lambda x: (-x[1], x[0])))

    def per_element(self) -> list[tuple[int, str, str, int]]:
        return [(n, u, r, c) for (n, u, r), c in sorted(self.rijen.items())]

    def as_dict(self) -> JsonObject:
        return {
            "dossiers": self.dossiers,
            "rijen": sum(self.rijen.values()),
            "uitkomsten": self.per_uitkomst(),
            "weggelaten": self.redenen(),
            "resources": dict(sorted(self.resources.items())),
            "profielen": dict(sorted(self.profielen.items())),
            "zonder_profiel": [
                {"profiel": p, "waarom": w, "resources": n}
                for (p, w), n in sorted(self.zonder_profiel.items())
            ],
            "fouten": dict(sorted(self.fouten.items())),
            "elementen": [
                {"bdsnummer": n or None, "uitkomst": u, "reden": r, "rijen": c}
                for n, u, r, c in self.per_element()
            ],
        }
