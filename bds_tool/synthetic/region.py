"""Invented wijken and buurten of differing size and risk, and the postcode table that goes with them.

Gemeente codes come from the value list of element 9, because the element needs one; everything below
(wijken, buurten, postcodes, names) is made up and no place in the Netherlands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bds_tool.base.errors import UsageError
from bds_tool.base.text import t
from bds_tool.schema import Definition
from bds_tool.synthetic.chance import Chance, Floats, Ints
from bds_tool.synthetic.figures import Surroundings

if TYPE_CHECKING:
    import pyarrow as pa

_LETTERS = "ABCDEGHJKLMNPRSTVWXZ"
BUURTEN_MAX = 18_000
_MAX = {"gemeenten": 340, "wijken": 99, "buurten": 99}


@dataclass
class Region:
    """Columns per buurt; `postcode_of` gives the index of a postcode inside the whole table."""

    gemeente: list[str]  # GM0363, per buurt
    wijk: list[str]
    buurt: list[str]
    gemeente_naam: list[str]
    wijk_naam: list[str]
    buurt_naam: list[str]
    gemeente_code: list[str]  # element 9
    weight: Floats
    risk: Floats
    postcodes: list[str]
    first: Ints  # first postcode of each buurt
    count: Ints  # number of postcodes of each buurt

    def table(self, year: int) -> pa.Table:
        """postcode, huisnummer_van, huisnummer_tot, buurt, wijk, gemeente, their names, jaar."""
        import pyarrow as pa

        index = np.repeat(np.arange(len(self.buurt)), self.count)
        columns: dict[str, Any] = {
            "postcode": self.postcodes,
            "huisnummer_van": pa.array([1] * len(index), pa.int32()),
            "huisnummer_tot": pa.array([999] * len(index), pa.int32()),
        }
        for name in ("buurt", "wijk", "gemeente", "buurt_naam", "wijk_naam", "gemeente_naam"):
            values = getattr(self, name)
            columns[name] = [values[i] for i in index]
        columns["jaar"] = pa.array([year] * len(index), pa.int32())
        return pa.table(columns)


def parse(spec: str, presets: dict[str, dict[str, int]]) -> dict[str, int]:
    """`klein`, or `gemeenten=3,wijken=10,buurten=4`. Raises UsageError."""
    if spec in presets:
        return dict(presets[spec])
    sizes = dict(presets["klein"])
    for part in spec.split(","):
        key, _, value = part.partition("=")
        if key.strip() not in _MAX or not value.strip().isascii() or not value.strip().isdecimal():
            raise UsageError(
                t(f"Gebied {spec[:80]!r} is niet te lezen.", f"Region {spec[:80]!r} cannot be read."),
                t(
                    f"Geef {', '.join(presets)} of gemeenten=3,wijken=10,buurten=4.",
                    f"Give {', '.join(presets)} or gemeenten=3,wijken=10,buurten=4.",
                ),
            )
        number = int(value) if len(value.strip()) < 9 else 0
        if not 1 <= number <= _MAX[key.strip()]:
            raise UsageError(
                t(
                    f"Het aantal {key.strip()} moet tussen 1 en {_MAX[key.strip()]} liggen.",
                    f"The number of {key.strip()} must be between 1 and {_MAX[key.strip()]}.",
                ),
                t("Kies een ander aantal.", "Choose another number."),
            )
        sizes[key.strip()] = number
    if sizes["gemeenten"] * sizes["wijken"] * sizes["buurten"] > BUURTEN_MAX:
        raise UsageError(
            t(
                f"Meer dan {BUURTEN_MAX} buurten kan niet.",
                f"More than {BUURTEN_MAX} buurten is not possible.",
            ),
            t("Vraag minder gemeenten, wijken of buurten.", "Ask for fewer gemeenten, wijken or buurten."),
        )
    return sizes


def build(
    definition: Definition, spec: Surroundings, sizes: dict[str, int], children: int, chance: Chance
) -> Region:
    """The region of a seed: sizes lognormal over wijk and buurt, risk normal per wijk."""
    gemeenten = _gemeenten(definition, sizes["gemeenten"])
    per = sizes["wijken"] * sizes["buurten"]
    total = len(gemeenten) * per
    ids = np.arange(total, dtype=np.int64)
    gm, rest = ids // per, ids % per
    wijk, buurt = rest // sizes["buurten"] + 1, rest % sizes["buurten"] + 1
    wijk_id = gm * 100 + wijk
    spread = float(spec["spreiding_omvang"]["waarde"])
    weight = np.exp(
        spread * (chance.normal("gm", gm) + chance.normal("wijk", wijk_id) + chance.normal("buurt", ids))
    )
    weight /= weight.sum()
    risk = float(spec["spreiding_risico"]["waarde"]) * chance.normal("risico", wijk_id)
    per_code = float(spec["kinderen_per_postcode"]["waarde"])
    most = 380 if total <= 9000 else 190
    count = np.clip(np.ceil(weight * children / per_code), 1, most).astype(np.int64)
    first = np.concatenate([[0], np.cumsum(count)[:-1]]).astype(np.int64)
    codes = [gemeenten[i][0] for i in gm]
    postcodes = [
        f"{1000 + i % 9000}{_pair(n if i < 9000 else 399 - n)}"
        for i, c in enumerate(count)
        for n in range(int(c))
    ]
    return Region(
        gemeente=[f"GM{c}" for c in codes],
        wijk=[f"WK{c}{w:02d}" for c, w in zip(codes, wijk, strict=True)],
        buurt=[f"BU{c}{w:02d}{b:02d}" for c, w, b in zip(codes, wijk, buurt, strict=True)],
        gemeente_naam=[gemeenten[i][1] for i in gm],
        wijk_naam=[f"Verzonnen wijk {w:02d}" for w in wijk],
        buurt_naam=[f"Verzonnen buurt {w:02d}-{b:02d}" for w, b in zip(wijk, buurt, strict=True)],
        gemeente_code=codes,
        weight=weight,
        risk=risk,
        postcodes=postcodes,
        first=first,
        count=count,
    )


def _pair(number: int) -> str:
    return _LETTERS[number // len(_LETTERS) % len(_LETTERS)] + _LETTERS[number % len(_LETTERS)]


def _gemeenten(definition: Definition, number: int) -> list[tuple[str, str]]:
    listed = definition.waardenlijst(9, "BDS") or definition.waardenlijst(9, "HL7")
    codes = [
        (c.code, c.weergavenaam) for c in (listed.codes if listed else ()) if c.status in {"L", ""} and c.code
    ]
    usable = [c for c in codes if len(c[0]) == 4 and c[0].isdecimal() and 0 < int(c[0]) < 1999]
    if not usable:
        usable = [(f"{i:04d}", f"Verzonnen gemeente {i:04d}") for i in range(1, number + 1)]
    step = max(1, len(usable) // number)
    return usable[::step][:number]
