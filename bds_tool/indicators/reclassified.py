"""Herindelingen that ship with the program: gemeenten that ceased since 2018, and where their areas went."""

from __future__ import annotations

from bds_tool.indicators.growth import rows

#: The whole gemeente went to one other. Of one that was split, only an address can tell which gemeente it is in now.
WHOLE = "geheel"


def changes(year: int | None = None) -> dict[str, str]:
    """Code of an old gemeente (`GM0370`) → the gemeente it went into; up to the first of January of `year`."""
    return {
        f"GM{r['oude_code']}": f"GM{r['nieuwe_code']}"
        for r in rows("gemeente_herindelingen.csv")
        if r["aard"] == WHOLE and (year is None or int(r["datum"][:4]) <= year)
    }


def followed(code: str, known: dict[str, str]) -> str:
    """The gemeente that a code leads to, over any number of mergers."""
    seen = {code}
    while code in known and known[code] not in seen:
        code = known[code]
        seen.add(code)
    return code


def names() -> dict[str, str]:
    """Code without prefix → name of the gemeenten that came into being."""
    return {r["nieuwe_code"]: r["nieuwe_naam"] for r in rows("gemeente_herindelingen.csv")}
