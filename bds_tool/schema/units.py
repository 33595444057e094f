"""Units of UCUM and the exact factors between them: `specs/bds/eenheden.csv`. Fractions, never floats."""

from __future__ import annotations

import re
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache

from bds_tool.base.specs import specs_dir
from bds_tool.schema.loading import element_texts, read_rows, versions

#: A plain decimal number; everything else (an exponent, a comma, a word) is nothing to compute with.
_NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")
#: Decimals of a result that has no last one (10 days are 1.428571428571… weeks), and of the way back from it.
_ENDLESS, _BACK = 12, 10


def units() -> dict[str, tuple[str, Fraction]]:
    """Unit → (quantity, factor to the first unit of that quantity)."""
    return _units(str(specs_dir()))


@lru_cache(maxsize=4)
def _units(root: str) -> dict[str, tuple[str, Fraction]]:
    rows = read_rows(root, "bds/eenheden.csv")
    return {r["eenheid"]: (r["grootheid"], Fraction(r["factor"])) for r in rows}


def unit_names() -> dict[str, tuple[str, ...]]:
    """Word of a Dutch text, in small letters → the units that it names: `minuten` → `min`, `kg` → `kg`."""
    return _unit_names(str(specs_dir()))


@lru_cache(maxsize=4)
def _unit_names(root: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for row in read_rows(root, "bds/eenheden.csv"):
        name = row["naam"].casefold()
        # dag → dagen, minuut → minuten; a sign of one letter is no word (`g`, `m`, `h`).
        several = re.sub(r"([aeou])\1([^aeiou])$", r"\1\2", name) + "en"
        for word in {
            name,
            f"{name}en",
            f"{name}s",
            several,
            row["eenheid"] if row["eenheid"].isalpha() else "",
        }:
            if len(word) > 1:
                found.setdefault(word, []).append(row["eenheid"])
    return {word: tuple(units) for word, units in found.items()}


def factor(source: str, target: str) -> Fraction | None:
    """What a number in `source` is multiplied with to be in `target`; None when a unit is unknown or of another quantity."""
    known = units()
    if source not in known or target not in known or known[source][0] != known[target][0]:
        return None
    return known[source][1] / known[target][1]


def written(value: Fraction) -> str:
    """A factor as a package writes it: `0.001`, or `1/7` where no decimal number says it."""
    return _decimal(value) if _ends(value) else f"{value.numerator}/{value.denominator}"


def read_factor(text: str) -> Fraction:
    """The factor of a package; ValueError when it is no positive number."""
    try:
        value = Fraction(text)
    except ZeroDivisionError as error:
        raise ValueError(text) from error
    if value <= 0:
        raise ValueError(text)
    return value


def convert(number: str, by: Fraction) -> str | None:
    """A number as text times a factor, exactly; None when it is no plain number or could not be turned back.

    `convert("3530", Fraction(1, 1000))` is `3.53`. Where the result has no last decimal it is cut at twelve, which
    the way back undoes.
    """
    there = _times(number, by)
    if there is None:
        return None
    again = _times(there, 1 / by)
    return there if again is not None and Fraction(again) == Fraction(number) else None


def _times(number: str, by: Fraction) -> str | None:
    if not _NUMBER.fullmatch(number):
        return None
    value = Fraction(number) * by
    if _ends(by) and _ends(1 / by):
        return _decimal(value)
    return _decimal(value, _ENDLESS if not _ends(by) else _BACK)


def _ends(value: Fraction) -> bool:
    """Whether a fraction is a decimal number with a last digit."""
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1


def _decimal(value: Fraction, places: int | None = None) -> str:
    with localcontext(prec=200):
        quotient = Decimal(value.numerator) / Decimal(value.denominator)
        if places is not None:
            quotient = quotient.quantize(Decimal(1).scaleb(-places))
        text = f"{quotient:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def reference_factors(version: str) -> dict[int, Fraction]:
    """Element → factor from its unit in a version to the unit that rules and indicators are written in.

    That is the unit of the oldest version that states one. Only elements whose unit changed are in it; one whose units
    cannot be converted is in `unconvertible`.
    """
    found = {n: factor(there, first) for n, (first, there) in _changed(version).items()}
    return {n: by for n, by in found.items() if by is not None}


def unconvertible(version: str) -> dict[int, tuple[str, str]]:
    """Element → (unit the definitions are written in, unit of the version) where no factor is known."""
    return {n: ends for n, ends in _changed(version).items() if factor(ends[1], ends[0]) is None}


def _changed(version: str) -> dict[int, tuple[str, str]]:
    first = _first_units(str(specs_dir()), tuple(versions()))
    units = element_texts(version, "eenheid").items()
    return {n: (first[n], unit) for n, unit in units if unit and first.get(n, unit) != unit}


@lru_cache(maxsize=4)
def _first_units(root: str, known: tuple[str, ...]) -> dict[int, str]:
    del root
    found: dict[int, str] = {}
    for version in known:
        for number, unit in element_texts(version, "eenheid").items():
            if unit:
                found.setdefault(number, unit)
    return found
