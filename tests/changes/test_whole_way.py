"""A made-up 4.3.0 with twenty requests, all the way: package, check, apply, migrate there and back, validate, indicators.

Nothing is lost in silence: every row that came in has an outcome, everything that differs is accounted for by a change of
the package, and what no request touches gives the same findings and the same figures.
"""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import date

import polars as pl
import pytest

from bds_tool.base.specs import set_specs, specs_dir
from bds_tool.changes import apply_package, write_definition
from bds_tool.changes.fragment import sample_row
from bds_tool.changes.migrate.check import check
from bds_tool.changes.migrate.running import migrate
from bds_tool.changes.parts import write_parts
from bds_tool.indicators.catalogue import choose, load_all
from bds_tool.indicators.compute import Plan
from bds_tool.indicators.features import Settings
from bds_tool.indicators.run import compute
from bds_tool.schema import load
from bds_tool.schema.lookup.usage import usage_index
from bds_tool.store.store import Store, StoreWriter
from bds_tool.synthetic.generate import Request, generate
from bds_tool.validate.engine import Options, validate

from .werkpakket import FOLDER, NEW, package

TODAY = date(2026, 11, 29)
SAID = ["bron", "dossier_id", "activiteit_id", "datum", "bdsnummer", "rubriek", "groep", "volgnr", "waarde", "eenheid",
        "nullflavor", "codesysteem", "tekst"]  # fmt: skip


@pytest.fixture(scope="module")
def specs(tmp_path_factory):
    """The draft and its package over the shipped definitions: a folder with what differs."""
    folder = tmp_path_factory.mktemp("concept") / "specs"
    shutil.copytree(FOLDER, folder / "wijzigingen" / FOLDER.name)
    made = apply_package(package(), load("4.2.0"))
    write_definition(made, folder / "bds" / NEW, specs_dir() / "bds" / "4.2.0", draft=True)
    write_parts(package(), folder)
    set_specs(str(folder))
    yield folder
    set_specs("")


def rows(store):
    return store.registraties().select(SAID).collect()


def bag(frame):
    return Counter(frame.iter_rows())


def errors(store):
    """Errors by rule and element."""
    totals = validate(store, Options(today=TODAY)).totals.filter(pl.col("severity") == "fout")
    return Counter(
        {(c, n): k for c, n, k in totals.group_by("code", "bdsnummer").agg(pl.col("n").sum()).iter_rows()}
    )


def touched():
    """Elements that a request changes: themselves, or by a code of their list."""
    found = set()
    for w in package().wijzigingen:
        if w.nummer is not None:
            found.add(w.nummer)
        elif w.lijst is not None:
            found |= {e.bdsnummer for e in load("4.2.0").elementen.values() if e.waardenlijst == w.lijst[0]}
    return found


def completed(store, path, coding):
    """The store in which every child also has a value of each element that a request touches and nobody generates."""
    definition = load("4.2.0")
    made = []
    for number in sorted(touched() & definition.in_bericht.keys()):
        lijst = (
            definition.waardenlijst(number, coding.upper()) if definition.elementen[number].coded else None
        )
        codes = [c for c in lijst.codes if c.rij == "concept"] if lijst else [None]
        made += [sample_row(definition, number, c) for c in codes]
    frame = store.registraties().collect()
    visits = (
        frame.filter(pl.col("activiteit_id").is_not_null())
        .group_by("bron", "dossier_id")
        .first()
        .sort("dossier_id")
    )
    present = set(frame.select("dossier_id", "bdsnummer").iter_rows())
    extra = []
    for place, visit in enumerate(visits.iter_rows(named=True)):
        for row in (
            made[n] for n in range(len(made)) if n % 7 == place % 7 or made[n].get("codesysteem") is None
        ):
            if (visit["dossier_id"], row["bdsnummer"]) in present:
                continue
            own = {k: visit[k] for k in ("bron", "dossier_id", "regel")}
            if row.get("activiteit_id"):
                own |= {k: visit[k] for k in ("activiteit_id", "datum")}
            extra.append({**{k: v for k, v in row.items() if k not in {"activiteit_id", "datum"}}, **own})
    added = pl.DataFrame(
        [{c: r.get(c) for c in frame.columns} for r in extra], schema=frame.schema, strict=False
    )
    with StoreWriter(path) as writer:
        for source in store.bronnen().iter_rows(named=True):
            writer.add_bron(**source)
        writer.add_table(pl.concat([frame, added]))
    return Store.open(path)


def there_and_back(folder, children, coding):
    generate(Request(children=children, bds="4.2.0", seed=430, coding=coding), folder / "ruw.bds")
    old = completed(Store.open(folder / "ruw.bds"), folder / "oud.bds", coding)
    there = migrate(old, NEW, folder / "nieuw.bds")
    new = Store.open(folder / "nieuw.bds")
    back = migrate(new, "4.2.0", folder / "terug.bds")
    return old, there, new, back, Store.open(folder / "terug.bds")


def whole_way(folder, children, coding):
    old, there, new, back, again = there_and_back(folder, children, coding)
    # Every row that came in has an outcome, and none is lost.
    (step,) = there.stappen
    assert step.total() == there.rijen_in == rows(old).height
    assert step.total("niet") == back.stappen[0].total("niet") == 0
    # There: what is not literally there any more belongs to an element that the package changes.
    gone = bag(rows(old)) - bag(rows(new))
    assert {r[SAID.index("bdsnummer")] for r in gone} >= {755, 234, 276, 245, 238, 348, 161, 167, 1644} | (
        {80} if coding == "hl7" else set()
    )
    changed = touched()
    assert {r[SAID.index("bdsnummer")] for r in gone} <= changed
    moved = Counter(r[SAID.index("bdsnummer")] for r in gone.elements())
    counted = Counter({n: sum(v for k, v in outcomes.items() if k != "ongewijzigd")
                       for n, outcomes in step.by_element().items()})  # fmt: skip
    assert moved == +counted
    # And back: row by row what there was.
    assert bag(rows(again)) == bag(rows(old))
    # Validate says nothing new, in either direction.
    before = errors(old)
    assert errors(new) - before == Counter()
    assert errors(again) == before
    return old, new


def figures(folder, store, names):
    plan = Plan(choose(names), Settings(2024, 2024, date(2024, 12, 31)), levels=(), by=())
    result = compute(store, plan, folder)
    counts = result.counts().select("indicator", "n", "x").unique().collect()
    return {r[0]: r[1:] for r in counts.sort("indicator").iter_rows()}


def unchanged_indicators():
    """The indicators none of whose elements the package changes."""
    changed = touched()
    used = {}
    for number, kinds in usage_index().items():
        for use in kinds.get("indicatoren", ()):
            used.setdefault(use.id, set()).add(number)
    return sorted(i for i, numbers in used.items() if not numbers & changed)


def test_the_package_is_checked_and_applied_without_a_finding():
    assert [b.code for b in check(package()).bevindingen if b.severity != "info"] == []
    made = apply_package(package(), load("4.2.0"))
    assert {2001, 2002, 2003, 2004, 2005, 2006, 2007, 2008, 2009} <= made.in_bericht.keys()
    assert made.elementen[245].eenheid == "kg"


@pytest.mark.parametrize("coding", ["bds", "hl7"])
def test_a_few_children_go_there_and_back(specs, tmp_path, coding):
    whole_way(tmp_path, 15, coding)


@pytest.mark.slow
@pytest.mark.parametrize("coding", ["bds", "hl7"])
def test_two_thousand_children_go_there_and_back(specs, tmp_path, coding):
    old, new = whole_way(tmp_path, 1000, coding)
    same = unchanged_indicators()
    assert figures(tmp_path / "a", old, same) == figures(tmp_path / "b", new, same)


@pytest.mark.parametrize("children", [80, pytest.param(300, marks=pytest.mark.slow)])
def test_indicators_whose_elements_did_not_change_give_the_same_figures(specs, tmp_path, children):
    """Generated children in 4.2.0 and moved to 4.3.0; and weight, which only got another unit, counts the same too."""
    generate(Request(children=children, bds="4.2.0", seed=431), tmp_path / "oud.bds")
    old = Store.open(tmp_path / "oud.bds")
    migrate(old, NEW, tmp_path / "nieuw.bds")
    new = Store.open(tmp_path / "nieuw.bds")
    same = unchanged_indicators()
    assert len(same) >= 0.8 * len(load_all())
    names = [*same, "OW", "OB", "UW"]
    before, after = (figures(tmp_path / n, s, names) for n, s in (("a", old), ("b", new)))
    assert sum(x for _, x in before.values() if x) > 0
    assert before == after
