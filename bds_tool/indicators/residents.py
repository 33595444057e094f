"""How many children live where figures are counted: the outside population laid beside a result.

Per indicator the residents are those of the ages that its children had on the first of January of the year: those of the
age window, or those that reach the age at which the definition looks in that year. A window shorter than a year is
widened to a year around its middle, for in a year one year of births passes through it. Within an age class residents
are spread evenly over the months. What the population does not tell (an area, an age, education) is null.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bds_tool.base.errors import UsageError
from bds_tool.base.text import number, t
from bds_tool.indicators import reclassified
from bds_tool.indicators.cube import Space
from bds_tool.indicators.growth import rows
from bds_tool.indicators.population import Population, read
from bds_tool.indicators.result import TOTAL

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from bds_tool.indicators.definitions import Indicator
    from bds_tool.indicators.output import Sums

    Floats = npt.NDArray[np.float64]

#: Ages of youth health care, in months; and the least width of a window.
CHILD, YEAR = 216, 12
#: View → age in months that its children reach in the year, where that is one and the same.
REACHED = {"kind": 0, "voeding": 0, "vaccinatie_vol": 24}
#: Views with a child per row and no window of their own: children of every age.
EVERYBODY = frozenset({"kindjaar", "verwijzing"})
#: Views of which a row is no child, or a child chosen by what was found.
NO_CHILDREN = frozenset({"activiteit", "overgewicht_vervolg"})
#: Share of the areas that must be in the population before it is taken for another division.
ENOUGH = 0.5


def window(i: Indicator) -> tuple[int, int] | None:
    """Ages in months [from, to) on 1 January of those that an indicator is about; None when its rows are no children."""
    if i.view in NO_CHILDREN:
        return None
    if "leeftijd" in i.data:
        low, high = int(i.data["leeftijd"]["van_mnd"]), int(i.data["leeftijd"]["tot_mnd"])
        if high - low < YEAR:
            low = (low + high - YEAR) // 2
            high = low + YEAR
    elif i.view in EVERYBODY:
        low, high = 0, CHILD
    else:
        reached = _reached(i)
        if reached is None:
            return None
        low, high = reached - YEAR, reached
    return (low, high) if low >= 0 else (0, high - low)


def _reached(i: Indicator) -> int | None:
    if i.view in REACHED:
        return REACHED[i.view]
    named = re.search(r"\b(?:fase|serie) = '(\w+)'", str(i.data.get("populatie", "")))
    if named is None:
        return None
    found = [int(r["tot_mnd"]) for r in rows("fase.csv") if r["fase"] == named[1]]
    found += [int(r["grens_mnd"]) for r in rows("vaccinatieserie.csv") if r["serie"] == named[1]]
    return max(found) if found and len(set(found)) == 1 else None


class Residents:
    """Residents per place, sex, year and age class of a result. Raises UsageError where the two do not fit.

    `served` are the gemeenten of the own work area, which make up the whole and the regio's; without, all in the table.
    """

    def __init__(self, paths: Sequence[Path], space: Space, served: Sequence[str] = ()) -> None:
        self.space = space
        self.people = read(paths)
        self._check_years()
        self.classes = _classes(self.people)
        self.known: set[str] = set()
        #: Gemeenten with children in the figures and no residents in the table.
        self.without: set[str] = set()
        self.table = self._table(served)

    def _check_years(self) -> None:
        lacking = sorted(set(self.space.years) - self.people.years)
        if lacking:
            have = ", ".join(map(str, sorted(self.people.years))) or t("geen enkel jaar", "no year")
            raise UsageError(
                t(
                    f"De inwoners van {', '.join(map(str, lacking))} ontbreken; de tabel heeft {have}.",
                    f"The residents of {', '.join(map(str, lacking))} are missing; the table has {have}.",
                ),
                t(
                    "Geef --population met 1 januari van elk jaar van --period.",
                    "Give --population with 1 January of each year of --period.",
                ),
            )

    def _table(self, served: Sequence[str]) -> Any:  # noqa: ANN401
        """Place × sex (totaal, M, V) × year × class; NaN where it is not known."""
        import numpy as np

        space, merged = self.space, reclassified.changes()
        place = {p[1]: n for n, p in enumerate(space.places) if p[0] != "land"}
        named = {p[3].lower(): p[1] for p in space.places if p[0] == "gemeente" and "/" not in p[1]}
        shape = (3, len(space.years), len(self.classes))
        listed: dict[tuple[int, str], set[tuple[int, int]]] = {}
        for (_, year, sex), ages in self.people.counts.items():
            listed.setdefault((year, sex), set()).update(ages)
        own: dict[str, Floats] = {}
        told_of: set[tuple[str, int, int]] = set()
        for (area, year, sex), ages in self.people.counts.items():
            # A count from the BRP has no row where nobody lives; CBS writes a dot where it does not tell.
            told = [ages.get(a, 0.0 if a in listed[year, sex] else None) for a in self.classes]
            if year not in space.years:
                continue
            if all(n is None for n in told) and not area.startswith(("WK", "BU")):
                continue  # a gemeente that is no more stays in the tables of CBS, without figures
            code = named.get(area, area)
            code = code if code in place else reclassified.followed(code, merged)
            cells = own.setdefault(code, np.full(shape, np.nan))
            at = ("totaal", "M", "V").index(sex), space.years.index(year)
            told_of.add((code, *at))
            counts = np.array([np.nan if n is None else n for n in told])
            cells[at] = counts if np.isnan(cells[at]).all() else cells[at] + counts
        nobody = self._nobody(listed, shape)
        self._empty_parts(own, told_of, nobody)
        for cells in own.values():  # a table by sex need not have the total
            cells[0] = np.where(np.isnan(cells[0]), cells[1] + cells[2], cells[0])
        self._sum_parts(own, {(code, year) for code, _, year in told_of}, nobody)
        found = self.known = {code for code in own if code in place}
        self._check_areas(found, own)
        table = np.full((len(space.places), *shape), np.nan)
        for code in found:
            table[place[code]] = own[code]
        self._above(table, served, found, place)
        return table

    def _nobody(self, listed: dict[tuple[int, str], set[tuple[int, int]]], shape: tuple[int, ...]) -> Floats:
        """Sex × year × class: 0 where the table has rows of other areas, NaN where it has none."""
        import numpy as np

        out = np.full(shape, np.nan)
        for at, sex in enumerate(("totaal", "M", "V")):
            for n, year in enumerate(self.space.years):
                for k, ages in enumerate(self.classes):
                    if ages in listed.get((year, sex), ()):
                        out[at, n, k] = 0
        both = out[1] + out[2]
        out[0] = np.where(np.isnan(out[0]), both, out[0])
        return out

    def _empty_parts(
        self, own: dict[str, Floats], told_of: set[tuple[str, int, int]], nobody: Floats
    ) -> None:
        """A wijk or buurt with rows of a year, and none of a sex: nobody of that sex lives there."""
        there = {(code, year) for code, _, year in told_of}
        for code, cells in own.items():
            for year in range(len(self.space.years)):
                for sex in (1, 2):
                    absent = (code, sex, year) not in told_of
                    if code.startswith(("WK", "BU")) and (code, year) in there and absent:
                        cells[sex, year] = nobody[sex, year]

    def _sum_parts(self, own: dict[str, Floats], there: set[tuple[str, int]], nobody: Floats) -> None:
        """Wijken and gemeenten that are not in the table themselves, from their buurten or wijken.

        A part without any row of a year (`there` has those with one) adds nobody to that year.
        """
        for prefix, width, above in (("BU", 6, "WK"), ("WK", 4, "GM")):
            parts: dict[str, list[Floats]] = {}
            for code, cells in own.items():
                if not code.startswith(prefix):
                    continue
                adding = cells.copy()
                for year in range(len(self.space.years)):
                    if (code, year) not in there:
                        adding[:, year] = nobody[:, year]
                parts.setdefault(above + code[2 : 2 + width], []).append(adding)
            for code, found in parts.items():
                if code not in own:
                    own[code] = sum(found[1:], found[0])
                    there |= {(code, year) for year in range(len(self.space.years))}

    def _check_areas(self, found: set[str], own: dict[str, Floats]) -> None:
        for level in ("gemeente", "wijk", "buurt"):
            codes = {p[1] for p in self.space.places if p[0] == level and "/" not in p[1]}
            if not codes or (level == "gemeente" and codes & found):
                continue  # the list of gemeenten is that of the country
            mine = codes & found
            # only of gemeenten that the table knows: it need not be the whole country
            asked = {c for c in codes if level == "gemeente" or f"GM{c[2:6]}" in found}
            if len(mine) >= ENOUGH * len(asked) and asked:
                continue
            shown = min(own, default="?")
            raise UsageError(
                t(
                    f"De tabel met inwoners past niet bij de gebieden: van {number(len(asked))} gebieden van soort {level} "
                    f"staan er {number(len(mine))} in (de tabel heeft bijvoorbeeld {shown}).",
                    f"The table of residents does not fit the areas: of {number(len(asked))} areas of kind {level} it has "
                    f"{number(len(mine))} (the table has {shown}, for example).",
                ),
                t(
                    f"Geef inwoners per {level} in de gebiedsindeling van --area-year, of kies met --area een hoger niveau.",
                    f"Give residents per {level} in the division of --area-year, or choose a higher level with --area.",
                ),
            )

    def _above(self, table: Any, served: Sequence[str], found: set[str], place: dict[str, int]) -> None:  # noqa: ANN401
        """The whole and the regio's are the gemeenten served."""
        import numpy as np

        wanted = [
            reclassified.followed("GM" + re.sub(r"\D", "", s).zfill(4), reclassified.changes())
            for s in served
        ]
        unknown = sorted(set(wanted) - found)
        if unknown:
            raise UsageError(
                t(
                    f"Van {', '.join(unknown[:5])} staan geen inwoners in de tabel.",
                    f"The table has no residents of {', '.join(unknown[:5])}.",
                ),
                t("Controleer de codes bij --served.", "Check the codes at --served."),
            )
        gemeenten = sorted(wanted or [c for c in found if c.startswith("GM")])
        self.gemeenten = gemeenten
        if not gemeenten or not any(p[0] == "gemeente" for p in self.space.places):
            return
        whole = [place[g] for g in gemeenten]
        table[0] = table[whole].sum(axis=0)
        for n, (level, code, _, _) in enumerate(self.space.places):
            if level == "regio":
                inside = [w for w in whole if self.space.places[w][2] == code]
                table[n] = table[inside].sum(axis=0) if inside else np.nan

    def weights(self, low: int, high: int) -> Any:  # noqa: ANN401
        """Share of each class that falls in an age window in months; None where no class covers all of it."""
        import numpy as np

        inside = [max(0, min(high, 12 * b) - max(low, 12 * a)) / (12 * (b - a)) for a, b in self.classes]
        covered = sum(w * 12 * (b - a) for w, (a, b) in zip(inside, self.classes, strict=True))
        return np.array(inside) if abs(covered - (high - low)) < 1e-6 else None

    def beside(self, indicators: Iterator[Sums], chosen: dict[str, Indicator]) -> Iterator[Sums]:
        """The sums with `resident`, while they pass by."""
        import numpy as np

        unknown = np.array(
            [p[0] == "gemeente" and "/" not in p[1] and p[1] not in self.known for p in self.space.places]
        )
        for sums in indicators:
            sums.resident = self._of(sums.keys, window(chosen[sums.id]))
            place = self.space.place(sums.keys[sums.n > 0])
            self.without |= {self.space.places[n][1] for n in np.unique(place[unknown[place]]).tolist()}
            yield sums

    def _of(self, keys: Any, ages: tuple[int, int] | None) -> Any:  # noqa: ANN401
        import numpy as np

        space = self.space
        out = np.full(len(keys), np.nan)
        if ages is None or (weight := self.weights(*ages)) is None:
            return out
        plain = np.ones(len(keys), dtype=bool)
        sex = np.zeros(len(keys), dtype=np.int64)
        weighted = [(plain, weight)]
        for at, name in enumerate(space.by):
            part = space.part(keys, at)
            words = space.values[name]
            if name == "sex":
                codes = np.array([{TOTAL: 0, "M": 1, "V": 2}.get(w, -1) for w in words])
                sex = codes[part]
                plain &= sex >= 0
            elif name == "age":
                weighted = [(part == 0, weight)] + [
                    (part == n, own)
                    for n, w in enumerate(words)
                    if w.isdecimal()
                    and ages[0] <= 12 * int(w)
                    and 12 * int(w) + 12 <= ages[1]
                    and (own := self.weights(12 * int(w), 12 * int(w) + 12)) is not None
                ]
            else:
                plain &= part == 0
        year = space.part(keys, len(space.by))
        for rows_, own in weighted:
            take = np.flatnonzero(plain & rows_)
            per_year = self.table[..., own > 0] @ own[own > 0]
            several = [per_year.sum(axis=2, keepdims=True), per_year]
            for first, last in space.windows:
                inside = per_year[..., first - space.years[0] : last - space.years[0] + 1]
                several.append(inside.sum(axis=2, keepdims=True))
            every = np.concatenate(several, axis=2)
            out[take] = every[space.place(keys[take]), sex[take], year[take]]
        return np.round(out)

    def notes(self) -> list[str]:
        """What was laid beside the figures."""
        wide = sorted({b - a for a, b in self.classes if b - a > 1 and a < CHILD // 12})
        lines = [
            t(
                f"inwoners: {number(len(self.gemeenten))} gemeenten, op 1 januari van elk jaar, van de leeftijd van de indicator",
                f"residents: {number(len(self.gemeenten))} gemeenten, on 1 January of each year, of the age of the indicator",
            )
        ]
        if self.without:
            shown = ", ".join(sorted(self.without)[:5])
            lines.append(
                t(
                    f"inwoners: van {number(len(self.without))} gemeenten met kinderen staan geen inwoners in de tabel ({shown}); in het "
                    "geheel tellen hun kinderen wel mee en hun inwoners niet",
                    f"residents: the table has none of {number(len(self.without))} gemeenten with children ({shown}); in the whole "
                    "their children count and their residents do not",
                )
            )
        for year in self.space.years:
            mine = {a for (_, y, _), ages in self.people.counts.items() if y == year for a in ages}
            lacking = [a for a in range(CHILD // 12) if not any(low <= a < high for low, high in mine)]
            if lacking:
                lines.append(
                    t(
                        f"inwoners: van {year} ontbreken de leeftijden {lacking[0]} tot en met {lacking[-1]}; cijfers daarover hebben geen inwoners",
                        f"residents: of {year} the ages {lacking[0]} up to {lacking[-1]} are missing; figures about them have no residents",
                    )
                )
        if wide:
            lines.append(
                t(
                    f"inwoners zijn geschat waar de tabel leeftijdsklassen heeft ({wide[0]} jaar breed): gelijk verdeeld binnen de klasse",
                    f"residents are estimates where the table has age classes ({wide[0]} years wide): spread evenly within the class",
                )
            )
        return lines


def _classes(people: Population) -> list[tuple[int, int]]:
    """The age classes to add up: the narrowest that do not overlap."""
    found = sorted({a for ages in people.counts.values() for a in ages}, key=lambda a: (a[1] - a[0], a))
    out: list[tuple[int, int]] = []
    for low, high in found:
        if all(high <= a or low >= b for a, b in out):
            out.append((low, high))
    return sorted(out)
