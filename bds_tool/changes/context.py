"""A package between its two definitions: what every check of it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from bds_tool.changes.package import Pakket, Wijziging
from bds_tool.changes.plan import users
from bds_tool.schema.diff.changes import Change
from bds_tool.schema.loading import versions
from bds_tool.schema.model import Definition
from bds_tool.schema.units import factor


@dataclass(frozen=True)
class Context:
    """A package between its two definitions; `eerder` are the versions up to and with the old one."""

    pakket: Pakket
    oud: Definition
    nieuw: Definition
    verschillen: Mapping[tuple[str, str], Change]
    eerder: tuple[Definition, ...]

    @cached_property
    def concept(self) -> bool:
        """Whether the package is still being made: what is published is judged by `bds spec check` and its sources.

        A package that calls itself published is believed when its version is there.
        """
        return self.pakket.status != "gepubliceerd" or self.pakket.naar not in versions()

    @cached_property
    def using(self) -> dict[str, tuple[int, ...]]:
        """The elements that use a list, by list."""
        return users(self.oud, self.nieuw)

    @cached_property
    def gone(self) -> dict[bool, frozenset[int]]:
        """Elements that leave as a whole, by direction (true is forward)."""
        leaving: dict[bool, set[int]] = {True: set(), False: set()}
        for w in self.pakket.wijzigingen:
            if w.nummer is not None:
                for forward, numbers in leaving.items():
                    o = w.richting(forward)
                    if o is not None and o.doe in {"beschut", "vervalt", "verplaats"}:
                        numbers.add(w.nummer)
        return {k: frozenset(v) for k, v in leaving.items()}

    def rescaled(self, w: Wijziging) -> bool:
        """Whether a range changes only because the unit does: the same limits, in other numbers."""
        before, after = self.oud.elementen.get(w.nummer or 0), self.nieuw.elementen.get(w.nummer or 0)
        if w.aspect != "bereik" or before is None or after is None:
            return False
        by = factor(before.eenheid, after.eenheid)
        pairs = ((before.minimum, after.minimum), (before.maximum, after.maximum))
        return (
            by not in {None, 1}
            and before.max_lengte == after.max_lengte
            and all(
                (a is None) == (b is None) and (a is None or Fraction(a) * (by or 1) == Fraction(b or 0))
                for a, b in pairs
            )
        )

    def side(self, forward: bool) -> tuple[Definition, Definition]:
        """(source, target) of a direction."""
        return (self.oud, self.nieuw) if forward else (self.nieuw, self.oud)
