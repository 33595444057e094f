"""One element that becomes several, and several that become one: read before sheltering, and back as it was."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bds_tool.changes import Omrekening, Voorbeeld, apply_package, compile_plan
from bds_tool.changes.edit import add_change, empty_package
from bds_tool.changes.migrate.check import check
from bds_tool.changes.migrate.examples import apply_plan, frame, same
from bds_tool.schema import load

OLD = load("4.2.0")
PLACE = {"activiteit_id": "1", "datum": "2024-03-01"}


def changed(*steps):
    """A package of steps (kind, key, values), all of one request."""
    pakket = empty_package(OLD, "4.3.0")
    for kind, key, values in steps:
        pakket, _ = add_change(pakket, OLD, kind, str(key), values, "JGZ-900", "Titel", "Besluit")
    return pakket


def with_table(pakket, number, table, *, forward=True):
    """The package in which the new element is derived."""
    conversion = Omrekening("afleiden", tabel=tuple(table))

    def one(w):
        if w.nummer != number or w.aspect != ("toegevoegd" if forward else "vervallen"):
            return w
        return replace(w, heen=conversion) if forward else replace(w, terug=conversion)

    return replace(pakket, wijzigingen=tuple(map(one, pakket.wijzigingen)))


def run(pakket, rows):
    new = apply_package(pakket, OLD)
    there, back = (compile_plan(pakket, OLD, new, forward=f) for f in (True, False))
    after = apply_plan(frame([rows]), there)
    return after, apply_plan(after, back)


def values(frame_, *numbers):
    chosen = frame_.filter(frame_["bdsnummer"].is_in(numbers))
    return sorted(chosen.select("bdsnummer", "waarde", "groep", "volgnr").rows())


def rows_of(frame_):
    keep = ["activiteit_id", "datum", "bdsnummer", "rubriek", "groep", "volgnr", "waarde", "eenheid", "codesysteem",
            "nullflavor", "tekst"]  # fmt: skip
    return [{k: str(v) if k == "datum" else v for k, v in r.items() if v is not None}
            for r in frame_.select(keep).iter_rows(named=True)]  # fmt: skip


def new_element(rubriek, **more):
    return {"naam": "Nieuw", "rubriek": rubriek, "datatype": "AN", "hl7_datatype": "ST", **more}


# 748 and 753 are remarks of an activity in R019.
SPLIT = changed(
    ("element-vervallen", 748, {}),
    ("element-toegevoegd", 2001, new_element("R019")),
    ("element-toegevoegd", 2002, new_element("R019")),
)


def test_one_element_feeds_two_and_expires():
    pakket = with_table(
        with_table(SPLIT, 2001, [("748=*", "=")]), 2002, [("748=a", "x"), ("748=*", "anders")]
    )
    row = {**PLACE, "bdsnummer": 748, "rubriek": "R019", "waarde": "a"}
    after, back = run(pakket, [row])
    assert values(after, 2001, 2002) == [(2001, "a", None, None), (2002, "x", None, None)]
    assert values(after, 748) == []
    assert same(rows_of(back), [row])


def merged(table):
    pakket = changed(
        ("element-vervallen", 748, {}),
        ("element-vervallen", 753, {}),
        ("element-toegevoegd", 2003, new_element("R019")),
    )
    return with_table(pakket, 2003, table)


def remarks(first, second):
    found = []
    for number, value in ((748, first), (753, second)):
        if value is not None:
            found.append(
                {**PLACE, "bdsnummer": number, "rubriek": OLD.elementen[number].rubriek, "waarde": value}
            )
    return found


@pytest.mark.parametrize(
    ("table", "first", "second", "expected"),
    [
        ([("748=*", "="), ("753=*", "=")], "a", "b", "a"),  # the first line wins
        ([("753=*", "="), ("748=*", "=")], "a", "b", "b"),
        ([("748=*", "="), ("753=*", "=")], None, "b", "b"),
        ([("748=a&753=b", "beide"), ("748=a", "een")], "a", "b", "beide"),
        ([("748=a&753=b", "beide"), ("748=a", "een")], "a", "c", "een"),
        ([("748=a&753=b", "beide")], "a", None, None),
        ([("748=*", "+"), ("753=*", "+")], "a", "b", "a; b"),
        ([("748=*", "+"), ("753=*", "+")], None, "b", "b"),
    ],
)
def test_several_elements_become_one_in_order(table, first, second, expected):
    rows = remarks(first, second)
    after, back = run(merged(table), rows)
    assert [v for _, v, _, _ in values(after, 2003)] == ([] if expected is None else [expected])
    assert same(rows_of(back), rows)


def test_a_value_of_the_dossier_itself_is_read_as_well():
    bound = {r.rubriek for r in OLD.rubrieken.values() if r.binding == "dossiergebonden"}
    number, home = next(
        (n, e.rubriek) for n, e in OLD.in_bericht.items() if e.rubriek in bound and not e.groep
    )
    pakket = changed(("element-vervallen", number, {}), ("element-toegevoegd", 2004, new_element(home)))
    row = {"bdsnummer": number, "rubriek": home, "waarde": "a"}
    after, back = run(with_table(pakket, 2004, [(f"{number}=*", "=")]), [row])
    assert values(after, 2004) == [(2004, "a", None, None)]
    assert same(rows_of(back), [row])


def test_every_instance_of_a_group_keeps_its_own():
    inside = [n for n in OLD.groepen["G019"].elementen if n in OLD.in_bericht]
    number = inside[0]
    group = {"rubriek": OLD.elementen[number].rubriek, "groep": "G019"}
    pakket = changed(
        ("element-vervallen", number, {}),
        ("element-toegevoegd", 2005, new_element(group["rubriek"], groep=OLD.elementen[number].groep)),
    )
    rows = [
        {**PLACE, **group, "bdsnummer": number, "volgnr": n, "waarde": v} for n, v in ((1, "a"), (2, "b"))
    ]
    after, back = run(with_table(pakket, 2005, [(f"{number}=*", "=")]), rows)
    assert values(after, 2005) == [(2005, "a", "G019", 1), (2005, "b", "G019", 2)]
    assert same(rows_of(back), rows)


def test_a_value_that_is_there_already_stays():
    rows = [*remarks("a", None), {**PLACE, "bdsnummer": 2003, "rubriek": "R019", "waarde": "zelf"}]
    after, _ = run(merged([("748=*", "=")]), rows)
    assert [v for _, v, _, _ in values(after, 2003)] == ["zelf"]


def checked(pakket, example):
    request = replace(pakket.verzoeken["JGZ-900"], voorbeelden=(example,))
    return check(replace(pakket, verzoeken={"JGZ-900": request})).bevindingen


def test_a_rule_that_never_fires_on_its_own_examples_is_found():
    rows = tuple(remarks("a", None))
    na, _ = run(merged([("748=q", "x")]), list(rows))
    found = checked(merged([("748=q", "x")]), Voorbeeld("heen", rows, tuple(rows_of(na))))
    assert [b.onderwerp for b in found if b.code == "WIJZ968"] == [("element-toegevoegd", "2003")]
    na, _ = run(merged([("748=*", "=")]), list(rows))
    good = checked(merged([("748=*", "=")]), Voorbeeld("heen", rows, tuple(rows_of(na))))
    assert not [b for b in good if b.code in {"WIJZ968", "WIJZ963", "WIJZ964"}]


def test_the_difference_between_expected_and_got_is_shown():
    rows = tuple(remarks("a", None))
    na, _ = run(merged([("748=*", "=")]), list(rows))
    wrong = tuple({**r, "waarde": "fout"} if r["bdsnummer"] == 2003 else r for r in rows_of(na))
    (finding,) = (
        b for b in checked(merged([("748=*", "=")]), Voorbeeld("heen", rows, wrong)) if b.code == "WIJZ963"
    )
    assert "waarde: fout" in finding.message
    assert "waarde: a" in finding.message
