"""Judging a store by all rules: distinct values first, complete dossiers next, remarks of readers last."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from bds_tool.base import clock
from bds_tool.base.text import t
from bds_tool.findings.catalogue import Catalogue, load_rules
from bds_tool.findings.collecting import Collector
from bds_tool.findings.result import Result, RunFacts
from bds_tool.formats.registry import coding_of, format_class
from bds_tool.schema import newest, versions
from bds_tool.schema.protocols import unjudged
from bds_tool.validate import kept
from bds_tool.validate.checks import consent, structure, values, whole, wire
from bds_tool.validate.checks.base import Setting
from bds_tool.validate.checks.dossier import CHECKS
from bds_tool.validate.checks.protocol_rules import silent, undelivered
from bds_tool.validate.part import Options, asked_of, of_part
from bds_tool.validate.piece import FREE, Group, sum_filled
from bds_tool.validate.tables import element_name, tables

if TYPE_CHECKING:
    from bds_tool.store import Store

__all__ = ["Options", "validate"]


def validate(store: Store, options: Options | None = None) -> Result:
    """Judge everything in a store; the store is not changed."""
    options = options or Options()
    catalogue = load_rules(options.rules)
    started = clock.seconds()
    bronnen = store.bronnen()
    parts = store.parts()
    groups = _groups(_delivered(store, parts), bronnen, catalogue, options)
    collector = Collector(options.max_examples)
    found = [of_part(store, part, groups, catalogue, options) for part in parts]
    for one in found:
        collector.take(Collector.of(options.max_examples, one["totals"], one["findings"]))
    seen = sum(int(one["rows"]["rows"].sum()) for one in found)
    own = pl.concat([one["people"] for one in found])
    unsaid = _whole(store, own, groups, catalogue, collector, options)
    inspected = frozenset(b for one in found for b in one["walked"]["bron"])
    missing = {str(b): str(n) for one in found for b, n in one["missing"].iter_rows()}
    totals = _with_severity(collector.totals(), catalogue)
    about = totals["bdsnummer"].drop_nulls().unique(maintain_order=True)
    return Result(
        findings=collector.examples({r.code: r.severity for r in catalogue.rules.values()}),
        totals=totals,
        filled=sum_filled([one["filled"] for one in found]),
        bronnen=bronnen,
        catalogue=catalogue,
        inspected=inspected,
        groups={b: (g.tables.version, g.setting.format) for g in groups for b in g.bronnen},
        needs=_needs(groups),
        names={n: name for n in about if (name := element_name(n))},
        meta={
            "reference_date": options.today.isoformat(),
            "codes": None if options.codes is None else sorted(options.codes),
            "xsd": options.xsd,
            "xsd_missing": missing,
            "max_examples": options.max_examples,
            "seconds": round(clock.seconds() - started, 3),
            "rows": seen,
            **_coverage(groups, unsaid),
        },
    )


def _delivered(store: Store, parts: list[Store]) -> pl.DataFrame:
    """Which elements each source holds: bron, bdsnummer."""

    def there(part: Store) -> kept.Frames:
        frame = part.registraties().select("bron", "bdsnummer").unique()
        return {"there": frame.collect(engine="streaming")}

    found = [kept.recall(store, p, {"what": "there"}, partial(there, p), lambda _: True) for p in parts]
    return pl.concat([one["there"] for one in found])


def _groups(
    there: pl.DataFrame, bronnen: pl.DataFrame, catalogue: Catalogue, options: Options
) -> list[Group]:
    known = versions()
    found: dict[tuple[str, str], list[int]] = {}
    for row in bronnen.iter_rows(named=True):
        if row["formaat"] in {"onleesbaar", "overgeslagen"}:
            continue
        version = options.bds or row["bds_opgegeven"] or row["bds_herkend"] or newest()
        found.setdefault(
            (version if version in known else newest(), format_class(row["formaat"])), []
        ).append(row["bron"])
    return [
        _group(
            version,
            kind,
            numbers,
            bronnen,
            frozenset(there.filter(pl.col("bron").is_in(numbers))["bdsnummer"].drop_nulls().to_list()),
            catalogue,
            options,
        )
        for (version, kind), numbers in found.items()
    ]


def _group(
    version: str,
    kind: str,
    numbers: list[int],
    bronnen: pl.DataFrame,
    delivered: frozenset[int],
    catalogue: Catalogue,
    options: Options,
) -> Group:
    formats = dict(bronnen.select("bron", pl.col("formaat").fill_null("")).iter_rows())
    setting = Setting(
        tables(version, coding_of(kind)),
        catalogue,
        kind,
        options.today,
        {b: str(formats[b]) for b in numbers},
        delivered,
    )

    def asked(code: str) -> bool:
        return setting.active(code) and (options.codes is None or code in options.codes)

    # Each one is asked for by name, so that a rule the definitions lack is told and not passed over.
    of_dossiers = {c for r in CHECKS for c in r.codes if asked(c)}
    return Group(
        setting,
        numbers,
        [c for c in structure.checks(setting) if asked(c.code)],
        [c for c in values.checks(setting) if asked(c.code)],
        [c for c in wire.checks(setting) if asked(c.code)] if coding_of(kind) == "HL7" else [],
        [r for r in CHECKS if of_dossiers & set(r.codes)],
        asked("BDS207"),
        options.codes,
    )


def _whole(
    store: Store,
    own: pl.DataFrame,
    groups: list[Group],
    catalogue: Catalogue,
    collector: Collector,
    options: Options,
) -> dict[str, str]:
    """Judge what only sources together show; gives the rules that had nothing to compare with, and why."""
    asked = asked_of(whole.BETWEEN + consent.CODES, catalogue, options)
    if not asked or not groups:
        return {}
    # The reference in a JAMES file is a number of the request, not of the dossier.
    keyed = [b for g in groups if g.setting.format != "james" for b in g.bronnen]
    for code, failing in whole.between(own, keyed):
        if code in asked:
            collector.add(code, failing)
    facts = store.bronnen().select("bron", "formaat", "organisatie")
    compared, found = consent.run(store.registraties(), {b: (f or "", o) for b, f, o in facts.iter_rows()})
    for code, failing in found:
        if code in asked:
            collector.add(code, failing)
    why = t(
        "er zijn geen dossiers met toestemming 1533 bij", "there are no dossiers with consent 1533 beside it"
    )
    return {} if compared else dict.fromkeys(consent.CODES, why)


def _with_severity(totals: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    severities = {r.code: r.severity for r in catalogue.rules.values()}
    return totals.with_columns(
        severity=pl.col("code").replace_strict(severities, default="waarschuwing", return_dtype=pl.String),
        accepted=pl.lit(value=False),
    )


def _coverage(groups: list[Group], unsaid: dict[str, str]) -> RunFacts:
    """`silent`: version → rule → why nothing can be said (`unsaid`: of every version); `uncovered`: the protocols or parts of them."""
    found = sorted({g.tables.version for g in groups})
    return {
        # A rule of which a part had nothing to judge by is not good as a whole.
        "silent": {
            v: silent(v) | unsaid | {code: why for code, _, why in _undelivered(groups, v)} for v in found
        },
        "uncovered": [
            {"version": v, "kind": "protocol", "id": name, "reason": why}
            for v in found
            for name, why in (*unjudged(v), *((name, why) for _, name, why in _undelivered(groups, v)))
        ],
    }


def _undelivered(groups: list[Group], version: str) -> list[tuple[str, str, str]]:
    """Rules of protocols whose expected element none of the sources of a version holds."""
    mine = [g for g in groups if g.tables.version == version and g.setting.format != "james"]
    here = frozenset[int]().union(*(g.setting.delivered for g in mine))
    return list(undelivered(version, here)) if mine else []


def _needs(groups: list[Group]) -> dict[tuple[str, str], dict[str, list[list[int]]]]:
    """For each version and format: rule → sets of elements, of each of which one must be there to judge it."""
    result: dict[tuple[str, str], dict[str, list[list[int]]]] = {}
    for group in groups:
        table: dict[str, list[list[int]]] = {}
        elements = group.tables.elements
        scopes = {c.code: c.scope for c in (*group.shapes, *group.pairs) if c.scope is not None}
        inside = elements.select(
            pl.col("bdsnummer").filter(scope).implode().alias(code) for code, scope in scopes.items()
        )
        table |= {code: [numbers] for code, numbers in inside.row(0, named=True).items()} if scopes else {}
        for entry in group.dossier:
            for code, sets in entry.needs.items():
                # A rule that also judges values apart needs what those need.
                table.setdefault(code, [sorted(s) for s in sets])
        limits = elements.filter((pl.col("kind") == FREE) & pl.col("due_length").is_not_null())
        table["BDS207"] = [limits["bdsnummer"].to_list()]
        result[group.tables.version, group.setting.format] = table
    return result
