"""Exact conversion between units that differ by a power of ten."""

from __future__ import annotations

#: Power of ten from one UCUM unit to another; conversion shifts the decimal point of the text, no floats involved.
SHIFT = {
    ("mm", "cm"): -1,
    ("cm", "mm"): 1,
    ("m", "cm"): 2,
    ("m", "mm"): 3,
    ("cm", "cm"): 0,
    ("mm", "mm"): 0,
    ("g", "g"): 0,
    ("kg", "kg"): 0,
    ("kg", "g"): 3,
    ("g", "kg"): -3,
}


def verschuif(number: str, power: int) -> str:
    """A decimal times ten to a power, exactly: `verschuif("1535", -1)` is `153.5`, `verschuif("1530", -1)` is `153`."""
    sign, digits = ("-", number[1:]) if number.startswith("-") else ("", number)
    whole, _, fraction = digits.partition(".")
    if power >= 0:
        fraction = fraction.ljust(power, "0")
        whole, fraction = whole + fraction[:power], fraction[power:]
    else:
        whole = whole.rjust(-power + 1, "0")
        whole, fraction = whole[:power], whole[power:] + fraction
    fraction = fraction.rstrip("0")
    whole = whole.lstrip("0") or "0"
    return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"
