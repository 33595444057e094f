"""Rules on message nodes that carry no element, and on care numbers by their OID: families 2xx, 4xx and 8xx."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl

from bds_tool.validate.checks.base import Check, Setting, dossier_check
from bds_tool.validate.checks.values import eleven, valid_date

if TYPE_CHECKING:
    from bds_tool.validate.view import View

#: OID of a care number → the length of the number, the code of the rule on its form.
ROOTS = {
    "2.16.840.1.113883.2.4.6.3": (9, "BDS221"),
    "2.16.840.1.113883.2.4.6.1": (8, "BDS223"),
    "2.16.528.1.1007.5.1": (11, "BDS224"),
    "2.16.528.1.1007.3.1": (9, "BDS225"),
    "2.16.528.1.1007.3.3": (8, "BDS226"),
}
BSN = "2.16.840.1.113883.2.4.6.3"
_TIMES = ("time", "low", "high", "effectiveTime", "birthTime", "creationTime", "deceasedTime", "center")
KEYS = ("codesysteem", "waarde", "pad", "loose")


def distinct(rows: pl.LazyFrame) -> pl.LazyFrame:
    """The distinct (codesysteem, waarde, pad) of nodes that the checks below judge; `loose`: without element."""
    path = pl.col("pad").cast(pl.String)
    tag = path.str.extract(r"([A-Za-z0-9]+)$", 1)
    number = pl.col("codesysteem").cast(pl.String).is_in(list(ROOTS))
    loose = pl.col("bdsnummer").is_null()
    wrapper = loose & (tag.is_in([*_TIMES, "id"]) | path.str.starts_with("bericht/"))
    return (
        rows.with_columns(loose=loose)
        .filter(number | wrapper | ((tag == "id") & pl.col("codesysteem").is_not_null()))
        .select(KEYS)
        .unique()
    )


def enrich(rows: pl.LazyFrame) -> pl.LazyFrame:
    path = pl.col("pad").cast(pl.String)
    return rows.with_columns(
        system=pl.col("codesysteem").cast(pl.String), path=path, tag=path.str.extract(r"([A-Za-z0-9]+)$", 1)
    )


def checks(s: Setting) -> list[Check]:
    """The checks that hold for messages."""
    value, system, tag, loose = pl.col("waarde"), pl.col("system"), pl.col("tag"), pl.col("loose")
    found = [
        Check(code, (system == root) & ~value.str.contains(rf"^\d{{{length}}}$"))
        for root, (length, code) in ROOTS.items()
    ]
    moment = loose & tag.is_in(_TIMES)
    found += [
        Check("BDS401", (system == BSN) & value.str.contains(r"^\d{9}$") & ~eleven(value)),
        Check("BDS202", moment & value.is_not_null() & ~valid_date()),
        Check(
            "BDS804", (pl.col("path") == "bericht/creationTime") & valid_date() & (value.str.len_chars() < 19)
        ),
    ]
    fixed = s.limit("BDS828", "fixed")
    wrong = pl.lit(value=False)
    for path, allowed in fixed.items():
        wrong = wrong | ((pl.col("path") == path) & ~value.is_in(allowed))
    found.append(Check("BDS828", wrong))
    return [c for c in found if s.active(c.code)]


@dossier_check("BDS402", needs=({7},))
def attention(view: View) -> Iterator[tuple[str, pl.DataFrame]]:
    """The patient of the envelope is the patient of the dossier."""
    if view.setting.format != "dob":
        return
    path = pl.col("pad").cast(pl.String)
    outer = view.rows.filter(pl.col("bdsnummer").is_null() & (path == "bericht/attentionLine/value"))
    inner = view.of(7).select("d", patient="waarde")
    yield (
        "BDS402",
        outer.join(inner, on="d", maintain_order="left").filter(pl.col("waarde") != pl.col("patient")),
    )


@dossier_check("BDS802")
def interaction(view: View) -> Iterator[tuple[str, pl.DataFrame]]:
    """The interaction that the message names is its root element."""
    if view.setting.format != "dob":
        return
    path = pl.col("pad").cast(pl.String)
    named = view.rows.filter(pl.col("bdsnummer").is_null() & (path == "bericht/interactionId"))
    formats = view.setting.sources
    root = (
        pl.col("bron").replace_strict(formats, default=None, return_dtype=pl.String).str.strip_prefix("dob-")
    )
    yield "BDS802", named.filter(pl.col("waarde") != root)
