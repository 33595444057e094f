"""A protected result opened for reporting: its indicators, areas and periods, and rows by choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from bds_tool.base.errors import UsageError
from bds_tool.base.text import language, t
from bds_tool.indicators.catalogue import note
from bds_tool.indicators.result import BREAKDOWNS, LEVELS, TOTAL, Result, notes_of
from bds_tool.indicators.told import period_label
from bds_tool.protect.seal import open_sealed

if TYPE_CHECKING:
    import polars as pl

#: Titles of themes; a theme that is not here is shown under its own name.
THEMES = {
    "bereik": ("Bereik en zorg", "Reach and care"),
    "gezin": ("Gezin", "Family"),
    "groei": ("Groei en gewicht", "Growth and weight"),
    "leefstijl": ("Leefstijl", "Lifestyle"),
    "ontwikkeling": ("Ontwikkeling", "Development"),
    "psychosociaal": ("Psychosociaal", "Psychosocial"),
    "school": ("School en opvang", "School and childcare"),
    "screening": ("Screening", "Screening"),
    "taal": ("Taal", "Language"),
    "vaccinatie": ("Vaccinaties", "Vaccinations"),
    "veiligheid": ("Veiligheid", "Safety"),
    "voeding": ("Voeding", "Feeding"),
    "zintuigen": ("Zien en horen", "Sight and hearing"),
    "zwangerschap": ("Zwangerschap en geboorte", "Pregnancy and birth"),
}


class Provenance(TypedDict):
    """Who counted what with which definitions."""

    program: str
    created: str
    bds_versions: list[str]
    notes: list[str]


@dataclass(frozen=True)
class Indicator:
    """What a report says of an indicator; `unit` is "%" for proportions."""

    id: str
    title: str
    theme: str
    unit: str
    source: str
    certainty: str
    caveats: tuple[str, ...]
    hash: str
    #: What a unit of the denominator is, by the view it is counted in.
    view: str = ""


@dataclass(frozen=True)
class Area:
    """A place in the hierarchy; `code` is GM…, WK…, BU… or `totaal` for all areas together."""

    code: str
    name: str
    level: str
    parent: str | None


@dataclass
class Book:
    """A protected result. Everything a report shows comes through here, so nothing else can reach a page."""

    result: Result
    frame: pl.DataFrame = field(repr=False)

    @cached_property
    def indicators(self) -> dict[str, Indicator]:
        """Definitions that have rows, by id, in the order of their themes."""
        there = set(self.frame["indicator"].unique().to_list())
        found = [
            Indicator(
                key,
                (d.get("title_en") if language() == "en" else "") or d["title"],
                d["theme"],
                d["unit"],
                d.get("source") or "",
                d.get("certainty", ""),
                tuple(map(note, d.get("caveats") or ())),
                d.get("hash", ""),
                d.get("view", ""),
            )
            for key, d in self.result.meta["definitions"].items()
            if key in there
        ]
        return {i.id: i for i in sorted(found, key=lambda i: theme_title(i.theme))}

    @cached_property
    def themes(self) -> dict[str, list[Indicator]]:
        grouped: dict[str, list[Indicator]] = {}
        for indicator in self.indicators.values():
            grouped.setdefault(indicator.theme, []).append(indicator)
        return grouped

    @cached_property
    def areas(self) -> dict[str, Area]:
        """All areas by code, larger levels first, then by name."""
        rows = (
            self.frame.select("area", "area_name", "level", "parent")
            .unique(subset="area", keep="first")
            .rows()
        )
        # Names that counting gave to what has none of its own.
        ours = {
            "Alle gegevens": t("Alle gegevens", "All data"),
            "onbekend": t("onbekend", "unknown"),
            "geheim adres": t("geheim adres", "secret address"),
        }
        found = [
            Area(code, ours.get(name, name) or code, level, parent) for code, name, level, parent in rows
        ]
        rank = {level: place for place, level in enumerate(LEVELS)}
        return {a.code: a for a in sorted(found, key=lambda a: (rank.get(a.level, 9), a.name))}

    @cached_property
    def periods(self) -> list[str]:
        """Single years first, oldest first; periods of several years after them."""
        found = self.frame["period"].unique().to_list()
        return sorted(found, key=lambda p: ("-" in p, p))

    @property
    def wide(self) -> str:
        """All years together, or the last year where the result has no such period."""
        label = period_label(self.result.meta)
        if label in self.periods:
            return label
        return self.periods[-1] if "-" in self.periods[-1] else self.latest

    @property
    def latest(self) -> str:
        single = [p for p in self.periods if "-" not in p]
        return (single or self.periods)[-1]

    def children(self, code: str) -> list[Area]:
        return [a for a in self.areas.values() if a.parent == code]

    def of_level(self, level: str) -> list[Area]:
        return [a for a in self.areas.values() if a.level == level]

    @cached_property
    def top(self) -> Area | None:
        """The area that holds all others: the country or region of this result."""
        return next((a for a in self.areas.values() if a.level in {"land", "regio"}), None)

    def rows(
        self,
        *,
        indicator: str | Sequence[str] | None = None,
        area: str | Sequence[str] | None = None,
        level: str | None = None,
        period: str | None = None,
        totals_only: bool = True,
    ) -> pl.DataFrame:
        """Rows by choice; `totals_only` leaves out all breakdowns."""
        import polars as pl

        chosen = self.frame
        for column, wanted in (
            ("indicator", indicator),
            ("area", area),
            ("level", level),
            ("period", period),
        ):
            if wanted is not None:
                chosen = chosen.filter(
                    pl.col(column).is_in([wanted] if isinstance(wanted, str) else list(wanted))
                )
        if totals_only:
            chosen = chosen.filter(*(pl.col(c) == TOTAL for c in BREAKDOWNS))
        return chosen

    def only(self, names: Sequence[str]) -> Book:
        """The indicators and themes named, as a book of its own. Raises UsageError when none of them is in it."""
        import polars as pl

        kept = [i.id for i in self.indicators.values() if i.id in names or i.theme in names]
        if not kept:
            raise UsageError(
                t(
                    "Geen van de indicatoren van de set staat in dit resultaat.",
                    "None of the indicators of the set is in this result.",
                ),
                t(
                    "Tel met bds indicator compute --set en beveilig opnieuw.",
                    "Count with bds indicator compute --set and protect again.",
                ),
            )
        return Book(self.result, self.frame.filter(pl.col("indicator").is_in(kept)))

    def standardised(self, by: Sequence[str], kind: str = "direct") -> Book:
        """The directly or indirectly standardised rates that follow from what this result shows, as a book of its own.

        Raises UsageError when `by` are no breakdowns of this result.
        """
        from bds_tool.indicators.definitions import CONTACTS
        from bds_tool.indicators.standardise import published

        there = self.result.meta.get("by") or []
        if not by or set(by) - set(there):
            raise UsageError(
                t(
                    f"Dit resultaat is niet uitgesplitst naar {', '.join(by) or '(niets)'}.",
                    f"This result is not broken down by {', '.join(by) or '(nothing)'}.",
                ),
                t(
                    f"Kies uit: {', '.join(there)}." if there else "Tel opnieuw met --by age,sex.",
                    f"Choose from: {', '.join(there)}." if there else "Count again with --by age,sex.",
                ),
            )
        scales = {
            key: float(d.get("scale", 1))
            for key, d in self.result.meta["definitions"].items()
            if d["kind"] != "gemiddelde" and d.get("view") not in CONTACTS
        }
        period = period_label(self.result.meta)
        return Book(self.result, published(self.frame, by, scales, period, kind))

    def indicator(self, key: str) -> Indicator:
        """Raises UsageError with the nearest names when there is no such indicator in this result."""
        if key not in self.indicators:
            from difflib import get_close_matches

            near = get_close_matches(key.upper(), self.indicators, n=3, cutoff=0.4)
            raise UsageError(
                t(f"Indicator {key} staat niet in dit resultaat.", f"Indicator {key} is not in this result."),
                t(f"Bedoelt u {', '.join(near)}?", f"Did you mean {', '.join(near)}?")
                if near
                else t("`bds indicator list` toont ze.", "`bds indicator list` shows them."),
            )
        return self.indicators[key]

    def area(self, key: str) -> Area:
        """By code or by name. Raises UsageError when it is not in this result."""
        found = self.areas.get(key) or next(
            (a for a in self.areas.values() if a.name.lower() == key.lower()), None
        )
        if found is None:
            from difflib import get_close_matches

            near = get_close_matches(
                key, [*self.areas, *(a.name for a in self.areas.values())], n=3, cutoff=0.5
            )
            raise UsageError(
                t(f"Gebied {key} staat niet in dit resultaat.", f"Area {key} is not in this result."),
                t(f"Bedoelt u {', '.join(near)}?", f"Did you mean {', '.join(near)}?")
                if near
                else t("Geef een code zoals GM0363, of een naam.", "Give a code such as GM0363, or a name."),
            )
        return found

    def period(self, key: str) -> str:
        """Raises UsageError, with the periods there are, when it is not in this result."""
        return _known(key, self.periods, t("Periode", "Period"))

    def level(self, key: str) -> str:
        """A kind of area. Raises UsageError when this result has none of that kind."""
        return _known(key, sorted({a.level for a in self.areas.values()}), t("Soort gebied", "Kind of area"))

    def statement(self) -> list[str]:
        """How this result was protected, for people, as paragraphs."""
        from bds_tool.protect.policy import build
        from bds_tool.protect.statement import Totals, statement

        cells = self.frame.height
        hidden = int((self.frame["status"] == "verborgen").sum())
        facts: Totals = {
            "cells": cells,
            "hidden": hidden,
            "share_hidden": hidden / max(1, cells),
            "withheld_level": int((self.frame["status"] == "niet_op_dit_niveau").sum()),
            "whole": self.result.meta.get("whole", []),
        }
        lines = [line for line in statement(build(self.result.meta["policy"]), facts).splitlines() if line]
        rules = [line.removeprefix("- ") for line in lines if line.startswith("- ")]
        told = [line for line in lines if not line.startswith(("#", "- "))]
        # Policy and explanation, then the rules as one sentence, then method and totals.
        return [*told[:2], t("Regels: ", "Rules: ") + "; ".join(rules) + ".", *told[2:]]

    def provenance(self) -> Provenance:
        """Who counted what with which definitions, for the legend of a table."""
        meta = self.result.meta
        return {
            "program": meta.get("program", ""),
            "created": meta.get("created", ""),
            "bds_versions": meta.get("bds_versions", []),
            "notes": notes_of(meta),
        }


def open_book(path: Path | str) -> Book:
    """Open a protected result. Raises WithheldError (exit 4) when it is not exactly what `bds protect` wrote, and
    UsageError when there is not one row in it.
    """
    result = open_sealed(path)
    frame = result.counts().collect()
    if frame.is_empty():
        raise UsageError(
            t(
                f"{Path(path).name} bevat geen cijfers: er is niets te tonen.",
                f"{Path(path).name} holds no figures: there is nothing to show.",
            ),
            t(
                "Bereken en beveilig eerst een resultaat met kinderen erin.",
                "First compute and protect a result with children in it.",
            ),
        )
    return Book(result, frame)


def theme_title(theme: str) -> str:
    known = THEMES.get(theme)
    return t(*known) if known else theme.capitalize()


def _known(key: str, known: Sequence[str], what: str) -> str:
    if key not in known:
        raise UsageError(
            t(f"{what} {key} staat niet in dit resultaat.", f"{what} {key} is not in this result."),
            t(f"Kies uit: {', '.join(known)}.", f"Choose one of: {', '.join(known)}."),
        )
    return key
