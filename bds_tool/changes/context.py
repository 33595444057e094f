"""A package between its two definitions: what every check of it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from bds_tool.changes.package import Pakket
from bds_tool.changes.plan import users
from bds_tool.schema.diff.changes import Change
from bds_tool.schema.model import Definition


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
        """Whether the package is still being made: what is published is judged by `bds spec check` and its sources."""
        return self.pakket.status != "gepubliceerd"

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

    def side(self, forward: bool) -> tuple[Definition, Definition]:
        """(source, target) of a direction."""
        return (self.oud, self.nieuw) if forward else (self.nieuw, self.oud)
