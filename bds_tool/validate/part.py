"""Judging one delivery of a store, or the whole of a store of one piece: its dossiers, its sources, its remarks."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl

from bds_tool.base import clock
from bds_tool.base.text import language
from bds_tool.findings.collecting import Collector
from bds_tool.findings.result import MARKER, XSD_MISSING
from bds_tool.store.pieces import beside, pieces
from bds_tool.validate import kept
from bds_tool.validate.checks import whole
from bds_tool.validate.checks.protocol_rules import depends
from bds_tool.validate.piece import Group, Judged, judge, sum_filled

if TYPE_CHECKING:
    from bds_tool.findings.catalogue import Catalogue
    from bds_tool.store import Store

#: Findings of the message standard about one value: not allowed there, of another form, type or code.
_REFUSED = ("BDS846", "BDS848", "BDS850", "BDS851", "BDS852")

#: Rules that look at the reference date, all in the same way: what lies after it is wrong.
OF_TODAY = ("BDS303", "BDS305", "BDS310")


@dataclass
class Options:
    """How to judge. `codes` limits the rules (None: all); `max_examples` 0 keeps every finding."""

    today: date = field(default_factory=clock.today)
    max_examples: int = 100
    codes: frozenset[str] | None = None
    rules: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    xsd: bool = False
    bds: str = ""
    progress: Callable[[int], None] | None = None


def asked_of(codes: Sequence[str], catalogue: Catalogue, options: Options) -> set[str]:
    """Those of the rules that were asked for. Raises UsageError for one that the definitions lack."""
    return {catalogue[c].code for c in codes if options.codes is None or c in options.codes}


def of_part(
    store: Store, part: Store, groups: list[Group], catalogue: Catalogue, options: Options
) -> kept.Frames:
    """What judging a part gives: findings, totals, filled, people, walked, missing and rows; kept, or worked out."""
    bronnen = part.bronnen().select("bron", "formaat", "organisatie")
    here = set(bronnen["bron"])
    about = {
        "what": "judged",
        "language": language(),
        "rules": [(r.code, r.severity, r.parameters) for r in catalogue.rules.values()],
        "codes": None if options.codes is None else sorted(options.codes),
        "most": options.max_examples,
        "groups": sorted(
            (g.tables.version, g.setting.format, depends(g.tables.version, g.setting.delivered), own)
            for g in groups
            if (own := [b for b in g.bronnen if b in here])
        ),
    }

    def usable(found: kept.Frames) -> bool:
        judged = found["rows"]["today"][0]
        ahead = found["totals"]["code"].is_in(OF_TODAY).any()
        return bool(judged == options.today or (judged < options.today and not ahead))

    return kept.recall(store, part, about, partial(_judge, part, groups, catalogue, options), usable)


def _judge(part: Store, groups: list[Group], catalogue: Catalogue, options: Options) -> kept.Frames:
    collector = Collector(options.max_examples)
    filled: list[pl.DataFrame] = []
    seen = 0
    told, undated = _told(part, options), _undated(part)

    def one(piece: pl.DataFrame) -> Judged:
        return judge(piece, groups, options.max_examples, told, undated)

    for judged in beside(one, pieces(part)):
        collector.take(judged.found)
        filled.append(judged.filled)
        if len(filled) > 64:
            filled = [sum_filled(filled)]
        seen += judged.rows
        if options.progress:
            options.progress(seen)
    own = _of_sources(part, groups, catalogue, collector, options)
    walked, missing = _remarks(part, catalogue, collector, options)
    return {
        "findings": collector.examples({}),
        "totals": collector.totals(),
        "filled": sum_filled(filled),
        "people": own,
        "walked": pl.DataFrame({"bron": sorted(walked)}, schema={"bron": pl.Int32}),
        "missing": pl.DataFrame(
            list(missing.items()), schema={"bron": pl.String, "what": pl.String}, orient="row"
        ),
        "rows": pl.DataFrame({"rows": [seen], "today": [options.today]}),
    }


def _of_sources(
    part: Store, groups: list[Group], catalogue: Catalogue, collector: Collector, options: Options
) -> pl.DataFrame:
    """Judge what each source shows as a whole; gives its `whole.people`."""
    asked = asked_of(whole.WITHIN, catalogue, options)
    comparing = asked_of(whole.BETWEEN, catalogue, options)
    rows = part.registraties()
    own = whole.people(rows if groups and (asked or comparing) else rows.clear())
    if asked and groups:
        here = set(part.bronnen()["bron"])
        tabular = [b for g in groups if g.setting.format in {"tabel", "fhir"} for b in g.bronnen if b in here]
        for code, failing in whole.within(rows, own, catalogue, tabular):
            if code in asked:
                collector.add(code, failing)
    return own


def _told(store: Store, options: Options) -> pl.DataFrame | None:
    """The registrations of which a finding on the message says already that their value is wrong; None without any.

    A line may hold a whole message: where it has the same value for several elements, only that of the act which the
    finding names is told.
    """
    codes = [c for c in _REFUSED if options.codes is None or c in options.codes]
    place = ["bron", "regel", "waarde"]
    told = (
        store.meldingen()
        .filter(pl.col("code").is_in(codes) & pl.col("waarde").is_not_null())
        .select(*place, pl.col("bdsnummer").alias("named"))
        .unique()
        .collect()
    )
    if told.is_empty():
        return None
    there = (
        store.registraties()
        .select(*place, "bdsnummer")
        .filter(pl.col("bdsnummer").is_not_null())
        .join(told.lazy(), on=place)
        .unique()
        .collect(engine="streaming")
    )
    act = ["bron", "regel", "waarde", "named"]
    own = pl.col("bdsnummer").eq_missing(pl.col("named"))
    certain = own | ((pl.len().over(act) == 1) & ~own.any().over(act))
    return there.filter(certain).select(*place, "bdsnummer").unique()


def _undated(store: Store) -> pl.DataFrame:
    """Bron and regel of rows of tables of which the reader told that their date is none."""
    dates = (pl.col("code") == "BDS202") & pl.col("bdsnummer").is_null() & pl.col("regel").is_not_null()
    return store.meldingen().filter(dates).select("bron", "regel").unique().collect()


def _remarks(
    store: Store, catalogue: Catalogue, collector: Collector, options: Options
) -> tuple[frozenset[int], dict[str, str]]:
    """Turns what readers left into findings.

    Gives the sources whose message was walked, and per source the schema that was not there to judge it by.
    """
    always = {r.code for r in catalogue.rules.values() if r.always}
    wanted = None if options.codes is None else list(options.codes | always)
    walked: set[int] = set()
    missing: dict[str, str] = {}
    for remarks in store.remarks():
        walked.update(remarks.filter(pl.col("code") == MARKER)["bron"].to_list())
        lacking = remarks.filter(pl.col("code") == XSD_MISSING).select("bron", "parameters").unique()
        missing |= {str(b): str(json.loads(p)["ontbreekt"]) for b, p in lacking.iter_rows()}
        known = remarks.filter(~pl.col("code").is_in([MARKER, XSD_MISSING]))
        for code in known["code"].unique():
            catalogue[code]  # a remark without a rule could not be told; this names the rule
        if wanted is not None:
            known = known.filter(pl.col("code").is_in(wanted))
        for (code,), part in known.group_by("code", maintain_order=True):
            collector.add(str(code), part)
    return frozenset(walked), missing
