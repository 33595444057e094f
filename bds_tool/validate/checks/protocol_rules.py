"""Registration protocols of `specs/protocollen` as whole-table expressions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import polars as pl

from bds_tool.base.ranges import not_covered
from bds_tool.base.text import t
from bds_tool.findings.collecting import parameters
from bds_tool.schema.protocols import expect_text, hl7_codes, rules_for
from bds_tool.validate.checks.base import dossier_check
from bds_tool.validate.checks.time import days

if TYPE_CHECKING:
    from bds_tool.schema.protocols import Condition, Expectation, ProtocolRule
    from bds_tool.validate.view import View

#: A protocol rule of severity `info` reports under a code of its own, so that it can be chosen and left out.
CODES = {"waarschuwing": "BDS601", "info": "BDS605"}
_ACT = ["d", "a"]
_KEYS = {"activiteit": _ACT, "dossier": ["d"], "groep": [*_ACT, "groep", "volgnr"]}


def silent(version: str) -> dict[str, str]:
    """Rule → why it says nothing about a BDS version: no protocol of its severity covers it."""
    spoken = {CODES[r.severity] for r in rules_for(version)}
    return {code: not_covered(version) for code in CODES.values() if code not in spoken}


def depends(version: str, delivered: frozenset[int]) -> list[bool]:
    """All that the judgement of a dossier by protocols takes from what the other dossiers delivered."""
    rules = rules_for(version)
    asked = [c.elements for r in rules for c in r.when.trigger or ()] + [
        e.elements for r in rules for e in r.expect
    ]
    return [not delivered.isdisjoint(elements) for elements in (*asked, (494, 724))]


def undelivered(version: str, delivered: frozenset[int]) -> Iterator[tuple[str, str, str]]:
    """(code, protocol rule, why) where what it looks at was delivered and what it expects nowhere: that is no verdict."""
    for r in rules_for(version):
        if not r.when.trigger or any(delivered.isdisjoint(c.elements) for c in r.when.trigger):
            continue
        missing = next((e.elements[0] for e in r.expect if delivered.isdisjoint(e.elements)), None)
        if missing is not None:
            yield CODES[r.severity], r.id, t(f"element {missing} is in deze levering nergens vastgelegd",
                          f"element {missing} is recorded nowhere in this delivery")  # fmt: skip


@dossier_check("BDS601", "BDS605")
def protocols(view: View) -> Iterator[tuple[str, pl.DataFrame]]:
    """What the protocols of this version expect and what is not there."""
    if view.setting.format == "james":
        # JAMES files carry growth and development alone; a protocol would miss the rest by design.
        return
    acts = view.acts.with_columns(born=view.person("born"))
    acts = acts.with_columns(age=days(pl.col("datum"), pl.col("born")))
    rules = rules_for(view.tables.version)
    part = _Recorded(view, {n for r in rules for n in r.elements} | {1577})
    for rule in rules:
        yield from _rule(part, acts, rule)


class _Recorded:
    """The rows of the elements that protocols look at, each element apart: every rule reads a few of them."""

    def __init__(self, view: View, numbers: set[int]) -> None:
        self.version, self.coding = view.tables.version, view.tables.coding
        self.delivered = view.setting.delivered
        some = view.rows.filter(pl.col("bdsnummer").is_in(list(numbers))).with_columns(
            pl.col("nullflavor", "groep").cast(pl.String)
        )
        self.empty = some.clear()
        self.rows = {int(str(k[0])): f for k, f in some.partition_by("bdsnummer", as_dict=True).items()}

    def of(self, elements: Iterable[int], codes: list[str]) -> pl.DataFrame:
        """Rows of these elements; without codes any value, text or reason counts as recorded."""
        frames = [self.rows[n] for n in elements if n in self.rows]
        rows = pl.concat(frames) if frames else self.empty
        return (
            rows.filter(pl.col("waarde").is_in(codes) | pl.col("nullflavor").is_in(codes)) if codes else rows
        )

    def holds(self, part: Condition) -> bool:
        """Whether there is a row of any of its elements."""
        return not self.rows.keys().isdisjoint(part.elements)

    def with_(self, part: Condition | Expectation) -> pl.DataFrame:
        return self.of(part.elements, self.codes(part.elements, part.codes))

    def codes(self, elements: Iterable[int], codes: Iterable[str]) -> list[str]:
        if self.coding == "HL7":
            return list(hl7_codes(self.version, elements, codes))
        return list(codes)


def _rule(part: _Recorded, acts: pl.DataFrame, rule: ProtocolRule) -> Iterator[tuple[str, pl.DataFrame]]:
    # Most rules look at something that these dossiers do not hold: that is known before any row is read.
    if not all(part.holds(condition) for condition in rule.when.trigger):
        return
    due = _due(part, acts, rule)
    if due.is_empty():
        return
    for expectation in rule.expect:
        # What nobody's dossier holds was left out of the export; that says nothing of the registration.
        if part.delivered.isdisjoint(expectation.elements):
            continue
        key = _KEYS[expectation.where]
        places = due if expectation.where != "groep" else _instances(part, due, rule)
        have = part.with_(expectation)
        missing = places.join(have.select(key).unique(), on=key, how="anti", nulls_equal=True)
        if expectation.where == "dossier":
            missing = missing.unique("d", keep="first", maintain_order=True)
        if missing.height:
            facts = {"protocol": pl.lit(rule.id), "verwacht": pl.lit(expect_text(expectation))}
            yield (
                CODES[rule.severity],
                missing.with_columns(
                    bdsnummer=pl.lit(expectation.elements[0], pl.Int32),
                    waarde=pl.lit(None, pl.String),
                    parameters=parameters(facts),
                ),
            )


def _due(part: _Recorded, acts: pl.DataFrame, rule: ProtocolRule) -> pl.DataFrame:
    """The activities to which a rule applies."""
    when = rule.when
    keep = [pl.lit(value=True)]
    if when.age is not None:
        low, high = when.age.days
        keep += [pl.col("age") >= low] if low is not None else [pl.col("age") >= 0]
        keep += [pl.col("age") < high] if high is not None else []
    if when.born_from is not None:
        keep.append(pl.col("born") >= when.born_from)
    if when.activity_from is not None:
        keep.append(pl.col("datum") >= when.activity_from)
    if when.activity:
        keep.append(pl.col("kind").is_in(part.codes((494,), when.activity)))
    if when.realised is not None:
        done = pl.col("status").is_in(["01"]) | pl.col("old_status").is_in(["01", "completed"])
        keep.append(done.fill_null(value=False) == when.realised)
    due = acts.filter(pl.all_horizontal(keep))
    if when.form and due.height:
        forms = part.of((1577,), part.codes((1577,), when.form))
        due = due.join(forms.select(_ACT).unique(), on=_ACT, how="semi")
    for condition in when.trigger:
        if due.is_empty():
            break
        found = part.with_(condition)
        # What the dossier says as a whole counts for all of its activities.
        inside, whole = (
            found.filter(pl.col("activiteit_id").is_not_null()),
            found.filter(pl.col("activiteit_id").is_null()),
        )
        here = due.join(inside.select(_ACT).unique(), on=_ACT, how="semi")
        there = due.join(whole.select("d").unique(), on="d", how="semi")
        due = pl.concat([here, there]).unique(_ACT, keep="first", maintain_order=True)
    return due


def _instances(part: _Recorded, due: pl.DataFrame, rule: ProtocolRule) -> pl.DataFrame:
    """The group instances that hold what triggered the rule."""
    triggers = [part.with_(c) for c in rule.when.trigger]
    rows = pl.concat(triggers) if triggers else due.clear()
    return rows.join(due.select(_ACT), on=_ACT, how="semi").unique(
        _KEYS["groep"], keep="first", maintain_order=True
    )
