"""What comes from somebody else in a round: files of known shape, and counts that can be and are what was asked for."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

from bds_tool.base.checked_yaml import faults
from bds_tool.base.errors import UserError
from bds_tool.base.small import small_text
from bds_tool.base.text import t
from bds_tool.indicators.output import metadata
from bds_tool.indicators.result import BREAKDOWNS, TOTAL, UNPROTECTED, Result, read_result
from bds_tool.indicators.rounds.messages import Answer, Joined, RepairWanted, Request, TouchedTold
from bds_tool.indicators.told import ResultTold, period_label

if TYPE_CHECKING:
    from bds_tool.indicators.rounds.request import RoundRequest

#: The schema of a request.
REQUEST: Literal["ronde"] = "ronde"
#: Parts of the metadata that are those of the request.
ASKED = ("period", "levels", "by", "settings")


@overload
def told_in(path: Path, kind: Literal["aanmelding"]) -> Joined: ...
@overload
def told_in(path: Path, kind: Literal["antwoord"]) -> Answer: ...
@overload
def told_in(path: Path, kind: Literal["herstel"]) -> RepairWanted: ...
@overload
def told_in(path: Path, kind: Literal["geraakt"]) -> TouchedTold: ...
@overload
def told_in(path: Path, kind: Literal["ronde"]) -> Request: ...
def told_in(path: Path, kind: str) -> object:
    """A JSON file of a round: REQUEST, or a kind of rondebestand.schema.json. Raises OSError, and ValueError for anything else."""
    try:
        told = json.loads(small_text(path), parse_constant=_no_number, parse_float=_finite)
    except RecursionError as error:
        raise ValueError from error
    # Text that cannot be written again has no hash either.
    json.dumps(told, ensure_ascii=False).encode()
    if faults(told, REQUEST, 1) if kind == REQUEST else faults({kind: told}, "rondebestand", 1):
        raise ValueError
    return dict(told)


def _no_number(word: str) -> float:
    raise ValueError(word)


def _finite(text: str) -> float:
    if not math.isfinite(found := float(text)):
        raise ValueError(text)
    return found


def unlike(request: RoundRequest, path: Path) -> str:
    """Why the counts of an open answer cannot be those of the request; empty when they can."""
    try:
        result = read_result(path)
        if result.status != UNPROTECTED:
            return t("is geen onbeveiligde telling", "are no unprotected counts")
        asked = json.loads(json.dumps(own_words(request), default=str))
        told: Mapping[str, object] = result.meta
        alike = all(told[part] == asked[part] for part in ASKED) and _hashes(result.meta) == _hashes(asked)
        # A round leaves out who objects, and values in doubt.
        judged = (result.meta.get("doubt") or {}).get("judged") is not False
        if not alike or not judged or result.meta.get("objections_kept"):
            return t(
                "telde iets anders dan het verzoek vraagt", "counted something else than the request asks"
            )
        if _impossible(result, asked):
            return t("heeft aantallen die niet kunnen", "has counts that cannot be")
    except UserError as error:
        return error.message
    return ""


def own_words(request: RoundRequest) -> ResultTold:
    """What a result of the request says of itself, from the definitions here and not from who answered."""
    return metadata(request.plan(), [], {}, reference=str(request.settings["reference"]))


def _hashes(meta: ResultTold) -> dict[str, str]:
    return {name: str(d.get("hash")) for name, d in meta["definitions"].items()}


def _impossible(result: Result, asked: ResultTold) -> bool:
    """Whether a cell is there twice, belongs to nothing that was asked, or holds a count that no children can make."""
    import polars as pl

    counts = result.counts()
    key = ["indicator", "level", "area", "period", *BREAKDOWNS]
    whole = ["n", "x", "missing", "new", "not_delivered"]
    shares = [name for name, d in asked["definitions"].items() if d["kind"] == "aandeel"]
    wrong = [
        *(pl.col(c).is_null() for c in (*key, "area_name", "n")),
        ~pl.col("indicator").is_in(list(asked["definitions"])),
        ~pl.col("level").is_in(asked["levels"]),
        (pl.col("level") == "land") != (pl.col("area") == TOTAL),
        *(pl.col(c) != TOTAL for c in BREAKDOWNS if c not in asked["by"]),
        *((pl.col(c) < 0) | (pl.col(c) > _MOST) for c in whole),
        *(~pl.col(c).is_finite() | (pl.col(c).abs() > _MOST**2) for c in ("sum", "sum2", "x_with")),
        pl.col("left_out").abs() > _MOST,
        pl.col("sum2") < 0,
        pl.col("indicator").is_in(shares) & (pl.col("x") > pl.col("n")),
        ~pl.col("period").is_in(_periods(asked)),
        pl.col("status") != UNPROTECTED,
    ]
    found = counts.select(
        pl.any_horizontal(*(w.fill_null(value=False) for w in wrong)).any().alias("wrong"),
        pl.struct(key).is_duplicated().any().alias("double"),
    ).collect()
    return bool(found["wrong"].any() or found["double"].any())


#: More than all children of the country, many times over.
_MOST = 10**9


def _periods(asked: ResultTold) -> list[str]:
    from bds_tool.indicators.cube import Space

    period = asked["period"]
    years = list(range(period["from"], period["to"] + 1))
    space = Space([], {}, [], years, period["yearly"], period_label(asked), period.get("rolling", 0))
    return [period_label(asked), *space.periods]
