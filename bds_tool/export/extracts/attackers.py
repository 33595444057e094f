"""What somebody who knows something of a child can do with a linked extract: how many children stand alone.

An attacker is data of the policy: what he knows (elements and traits), of one contact, of two, or of the child as a
whole. A child is singled out when what he knows fits that child and no other in the extract.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bds_tool.base.json_types import JsonObject
from bds_tool.base.text import t

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import polars as pl


@dataclass(frozen=True)
class Attack:
    """`children`: how many the attacker knows anything of; `singled`: of how many that fits nobody else."""

    name: str
    title: str
    children: int
    singled: int

    @property
    def share(self) -> float:
        return self.singled / self.children if self.children else 0.0

    def as_dict(self) -> JsonObject:
        return {"name": self.name, "children": self.children, "singled": self.singled, "share": self.share}


def attack(
    people: pl.DataFrame, values: pl.DataFrame, attackers: Iterable[Mapping[str, Any]]
) -> list[Attack]:
    """Try each attacker of the policy on an extract (`kinderen` and `waarden`)."""
    return [_attack(people, values, one) for one in attackers]


def _attack(people: pl.DataFrame, values: pl.DataFrame, one: Mapping[str, Any]) -> Attack:
    import polars as pl

    known = _known(people, values, one)
    title = t(one["title"]["nl"], one["title"]["en"])
    if not known.height:
        return Attack(one["name"], title, 0, 0)
    # Whoever knows more has a longer key: what fits one child only, singles that child out.
    fits = known.unique().group_by("known").agg(pl.col("kind").first(), pl.len().alias("n"))
    singled = fits.filter(pl.col("n") == 1)["kind"].n_unique()
    return Attack(one["name"], title, known["kind"].n_unique(), singled)


def _known(people: pl.DataFrame, values: pl.DataFrame, one: Mapping[str, Any]) -> pl.DataFrame:
    """What can be known: kind, and a text of all of it."""
    import polars as pl

    told = values.filter(pl.col("bdsnummer").is_in(one["elements"]) & pl.col("waarde").is_not_null())
    fact = pl.format("{}={}", "bdsnummer", "waarde")
    traits = [c for c in one.get("traits", ()) if c in people.columns]
    if one["way"] == "child":
        facts = told.group_by("kind").agg(fact.sort().str.join(" ").alias("known"))
    else:
        # A visit is known by the age at it and what was measured.
        facts = (
            told.filter(pl.col("contact").is_not_null())
            .group_by("kind", "contact")
            .agg(
                pl.format(
                    "{} {}", pl.col("leeftijd_maanden").min().fill_null(-1), fact.sort().str.join(" ")
                ).alias("known")
            )
        )
    if one["way"] == "two":
        facts = (
            facts.sort("kind", "contact")
            .with_columns(pl.col("known").shift(-1).over("kind").alias("next"))
            .drop_nulls("next")
            .select("kind", pl.format("{} | {}", "known", "next").alias("known"))
        )
    if traits:
        beside = people.select("kind", pl.concat_str(traits, separator=" ").alias("beside"))
        facts = facts.join(beside, on="kind").with_columns(
            pl.format("{} {}", "known", "beside").alias("known")
        )
    return facts.select("kind", "known")
