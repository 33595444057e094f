"""A change between two definitions: what differs, and how far it reaches in both directions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class ChangeClass(IntEnum):
    """How far a change reaches; the largest of a set is the class of the set."""

    GEEN = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Veld:
    """One column that differs; empty text where the definition does not say."""

    veld: str
    van: str
    naar: str


@dataclass(frozen=True, slots=True)
class Change:
    """One typed change.

    `tabel` is definitie, rubriek, groep, element, lijst or code; `sleutel` its key: `R012`, `G087`, `510`,
    `W0114/HL7`, `W0114/HL7/<code system>/08` (a repeated code of a list gets `#2` at the end).
    `positie` is the place of an added code in the new list. `forward` is the class for data that goes from old
    to new, `backward` for data that goes back. `jgz` are the change requests that asked for it, where known.
    """

    soort: str
    tabel: str
    sleutel: str
    naam: str
    velden: tuple[Veld, ...]
    forward: ChangeClass
    backward: ChangeClass
    jgz: tuple[str, ...] = ()
    positie: int | None = None

    @property
    def id(self) -> tuple[str, str]:
        """Names the change inside a pair of definitions."""
        return self.soort, self.sleutel

    @property
    def klasse(self) -> ChangeClass:
        return max(self.forward, self.backward)

    def veld(self, naam: str) -> Veld | None:
        return next((v for v in self.velden if v.veld == naam), None)


Classes = tuple[ChangeClass, ChangeClass]
