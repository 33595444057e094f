"""What a rule is to the engine: an expression that is true where the rule is broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from bds_tool.base.errors import SpecError
from bds_tool.base.text import t
from bds_tool.formats.registry import coding_of

if TYPE_CHECKING:
    from bds_tool.findings.catalogue import Catalogue, Rule
    from bds_tool.validate.tables import Tables


@dataclass(frozen=True)
class Check:
    """`fail` is true where a row breaks the rule (null counts as kept).

    `scope` chooses, on `Tables.elements`, the elements the rule can judge; a source without any of them leaves
    the rule unjudged. `params` become the parameters of the finding: facts of the definition, never values.
    """

    code: str
    fail: pl.Expr
    scope: pl.Expr | None = None
    params: dict[str, pl.Expr] = field(default_factory=dict)


@dataclass(frozen=True)
class Setting:
    """What all checks of one run share. `delivered`: the elements that occur in the sources, anywhere."""

    tables: Tables
    catalogue: Catalogue
    format: str
    today: date
    sources: dict[int, str] = field(default_factory=dict)
    delivered: frozenset[int] = frozenset()

    @property
    def coding(self) -> str:
        """HL7 or BDS: whose codes the sources have."""
        return coding_of(self.format)

    def rule(self, code: str) -> Rule:
        return self.catalogue[code]

    def limit(self, code: str, name: str) -> Any:  # noqa: ANN401  # limits are numbers, texts or tables
        """A parameter of a rule, as the catalogue or `bds.toml` sets it."""
        parameters = self.catalogue[code].parameters
        if name not in parameters:
            raise SpecError(
                t(f"Regel {code} mist de grens {name} in de definities.",
                  f"Rule {code} lacks the limit {name} in the definitions."),
                t("`bds spec check` wijst de plaats aan.", "`bds spec check` points at the place."),
            )  # fmt: skip
        return parameters[name]

    def active(self, code: str) -> bool:
        """Whether the rule is meant for this version and format. Raises SpecError when the definitions lack it."""
        return self.catalogue[code].holds_for(self.tables.version, self.format)


#: A check over complete dossiers: gets a view, yields (code, failing rows).
DossierCheck = Callable[..., Iterator[tuple[str, pl.DataFrame]]]


@dataclass(frozen=True)
class Registered:
    """A dossier check with the codes it reports and, for each, the elements it needs (all of the groups)."""

    codes: tuple[str, ...]
    run: DossierCheck
    needs: dict[str, tuple[frozenset[int], ...]]


#: Every check over dossiers; a module of checks adds its own when it is imported.
REGISTER: list[Registered] = []


def dossier_check(
    *codes: str,
    needs: dict[str, tuple[set[int], ...]] | tuple[set[int], ...] = (),
) -> Callable[[DossierCheck], DossierCheck]:
    """Register a check over complete dossiers under its codes.

    `needs`: sets of elements; of each set at least one must be in the source, else the rule is not judged.
    """

    def keep(function: DossierCheck) -> DossierCheck:
        table = needs if isinstance(needs, dict) else dict.fromkeys(codes, needs)
        frozen = {c: tuple(frozenset(s) for s in table.get(c, ())) for c in codes}
        REGISTER.append(Registered(codes, function, frozen))
        return function

    return keep
