"""How recognisable the children of an extract are: class sizes, diversity of outcomes, and what would help."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl


@dataclass(frozen=True)
class Risk:
    """`small` children are in a class of fewer than k; `uniform` in a large class where an outcome is the same for all."""

    children: int
    classes: int
    smallest: int
    unique: int
    small: int
    uniform: int

    def as_dict(self) -> dict[str, int]:
        return dict(self.__dict__)


def class_facts(people: pl.DataFrame, quasi: Sequence[str], sensitive: Sequence[str]) -> pl.DataFrame:
    """Per child the size of its class and the least number of different outcomes in it (null counts as one)."""
    import polars as pl

    size = pl.len().over(quasi) if quasi else pl.len()
    diverse = [
        pl.col(s).fill_null("?").n_unique().over(quasi) if quasi else pl.col(s).n_unique() for s in sensitive
    ]
    least = pl.min_horizontal(*diverse) if diverse else pl.lit(1 << 30)
    return people.select(size.alias("size"), least.alias("diverse"))


def measure(
    people: pl.DataFrame, quasi: Sequence[str], sensitive: Sequence[str], k: int, least_l: int
) -> Risk:
    """The risk of an extract with these quasi-identifiers. Outcomes nobody in the extract has are no outcomes."""
    if not people.height:
        return Risk(0, 0, 0, 0, 0, 0)
    facts = class_facts(people, quasi, sensitive)
    size, diverse = facts["size"], facts["diverse"]
    return Risk(
        people.height,
        people.select(quasi).n_unique() if quasi else 1,
        int(size.to_numpy().min()),
        int((size == 1).sum()),
        int((size < k).sum()),
        int(((size >= k) & (diverse < least_l)).sum()),
    )


class TraitRisk(TypedDict):
    """A quasi-identifier: children at risk now, on it alone, and without it."""

    trait: str
    values: int
    at_risk: int
    at_risk_alone: int
    at_risk_without: int


class Proposal(TypedDict):
    """A generalisation, the children it would drop, and the classes that are left."""

    change: str
    dropped: int
    classes: int


def by_trait(
    people: pl.DataFrame, quasi: Sequence[str], sensitive: Sequence[str], k: int, least_l: int
) -> list[TraitRisk]:
    """For each quasi-identifier: children at risk now, on this trait alone, and without it."""
    whole = measure(people, quasi, sensitive, k, least_l)
    rows: list[TraitRisk] = []
    for name in quasi:
        alone = measure(people, [name], sensitive, k, least_l)
        without = measure(people, [q for q in quasi if q != name], sensitive, k, least_l)
        rows.append(
            {
                "trait": name,
                "values": people[name].n_unique(),
                "at_risk": whole.small + whole.uniform,
                "at_risk_alone": alone.small + alone.uniform,
                "at_risk_without": without.small + without.uniform,
            }
        )
    return rows


#: Coarser forms of derived traits: name → what it is called and the expression over the column.
def coarser(people: pl.DataFrame, quasi: Sequence[str]) -> dict[str, dict[str, pl.Series]]:
    """For each trait its coarser forms: broader birth years, higher areas, or left out."""
    import polars as pl

    forms: dict[str, dict[str, pl.Series]] = {}
    for name in quasi:
        column = people[name]
        forms[name] = {"weg": pl.Series(name, ["-"] * people.height)}
        if name == "geboortejaar":
            year = column.cast(pl.Int64, strict=False)
            forms[name] |= {f"per {w} jaar": (year // w * w).cast(pl.String) for w in (2, 4)}
        if name == "gebied" and column.str.starts_with("WK").any():
            forms[name]["gemeente"] = "GM" + column.str.slice(2, 4)
    return forms


def proposals(
    people: pl.DataFrame, quasi: Sequence[str], sensitive: Sequence[str], k: int, least_l: int, most: float
) -> list[Proposal]:
    """Generalisations (of one or two traits) that meet the requirement, those that change least first."""
    forms = coarser(people, quasi)
    single = [(name, form, values) for name, each in forms.items() for form, values in each.items()]
    found: list[Proposal] = []
    for count in (1, 2):
        for chosen in combinations(single, count):
            if len({name for name, _, _ in chosen}) < count:
                continue
            changed = people.with_columns(values.alias(name) for name, _, values in chosen)
            risk = measure(changed, quasi, sensitive, k, least_l)
            if risk.small + risk.uniform <= most * max(1, people.height):
                found.append(
                    {
                        "change": " en ".join(f"{name}: {form}" for name, form, _ in chosen),
                        "dropped": risk.small + risk.uniform,
                        "classes": risk.classes,
                    }
                )
        if found:
            break
    return sorted(found, key=lambda f: -f["classes"])[:5]
