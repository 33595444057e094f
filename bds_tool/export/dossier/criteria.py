"""Limits from guidelines that a measurement crosses (referenties/verwijzing.csv): told with their source, never as advice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from bds_tool.export.dossier.derived import ChildRow, GrowthRow, column_of, z_of
from bds_tool.indicators.growth import rows


@dataclass(frozen=True)
class Criterion:
    """`last`: it still holds at the last measurement of its kind."""

    text: str
    source: str
    days: tuple[date, ...]
    last: bool


def met(child: ChildRow, growth: Sequence[GrowthRow]) -> list[Criterion]:
    """The criteria that a measurement that counts has met, the newest first. Of two for one class only the sharper."""
    out = []
    taken: set[tuple[str, str, date]] = set()
    for rule in rows("verwijzing.csv"):
        if not _for_child(rule, child):
            continue
        what, sign = rule["maat"], rule["teken"]
        judged = [(row, _value(row, what)) for row in growth]
        known = [(row["datum"], value) for row, value in judged if value is not None and _of_age(rule, row)]
        days = tuple(
            day
            for day, value in known
            if (value < float(rule["grens"]) if sign == "<" else value > float(rule["grens"]))
            and (what, sign, day) not in taken
        )
        taken |= {(what, sign, day) for day in days}
        if days:
            latest = max(row["datum"] for row, value in judged if value is not None)
            out.append(Criterion(rule["regel"], rule["bron"], days, latest in days))
    return sorted(out, key=lambda c: c.days[-1], reverse=True)


def _for_child(rule: dict[str, str], child: ChildRow) -> bool:
    """Conditions on birth; what the dossier does not tell does not meet them."""
    wanted = ((rule["gewicht_min"], child["gewicht"]), (rule["duur_min"], child["zwangerschap"]))
    return all(not limit or (told or 0) >= int(limit) for limit, told in wanted)


def _of_age(rule: dict[str, str], row: GrowthRow) -> bool:
    return int(rule["van_mnd"]) <= row["leeftijd_mnd"] < int(rule["tot_mnd"])


def _value(row: GrowthRow, what: str) -> float | None:
    if what == "z_gewicht":
        return z_of(row, 245)
    return column_of(row, what)
