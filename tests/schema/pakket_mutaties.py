"""Faults that people make in change packages, planted one at a time.

Every kind is a function of a package that yields (mutant, subjects): the check must have a finding on one of the
subjects. A kind yields a mutant for every place where it applies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from bds_tool.changes import Afschaffing, Omrekening, Pakket, Regel, Verzoek, Voorbeeld, Wijziging
from bds_tool.schema import load
from bds_tool.schema.diff.changes import ChangeClass, Veld

Subject = tuple[str, str]
Mutants = Iterator[tuple[Pakket, set[Subject]]]
KINDS: dict[str, Callable[[Pakket], Mutants]] = {}


def kind(function: Callable[[Pakket], Mutants]) -> Callable[[Pakket], Mutants]:
    KINDS[function.__name__] = function
    return function


def _with(p: Pakket, index: int, *new: Wijziging) -> Pakket:
    return replace(p, wijzigingen=(*p.wijzigingen[:index], *new, *p.wijzigingen[index + 1 :]))


def _each(p: Pakket, test: Callable[[Wijziging], bool], edit: Callable[[Wijziging], Wijziging]) -> Mutants:
    for i, w in enumerate(p.wijzigingen):
        if test(w):
            changed = edit(w)
            assert changed != w
            yield _with(p, i, changed), {w.id, changed.id}


def _request(p: Pakket, old: Verzoek, new: Verzoek | None) -> Pakket:
    return replace(
        p, verzoeken={k: new if v is old else v for k, v in p.verzoeken.items() if v is not old or new}
    )


def _doing(o: Omrekening | None) -> str:
    return o.doe if o else ""


# -- the change itself -------------------------------------------------------------------------------------------


@kind
def change_dropped(p: Pakket) -> Mutants:
    for i, w in enumerate(p.wijzigingen):
        yield _with(p, i), {w.id}


@kind
def change_twice(p: Pakket) -> Mutants:
    for i, w in enumerate(p.wijzigingen):
        yield _with(p, i, w, w), {w.id}


@kind
def change_without_difference(p: Pakket) -> Mutants:
    for number, e in load(p.van).elementen.items():
        extra = Wijziging("element-hernoemd", str(number), e.naam, (Veld("naam", e.naam, e.naam + " (nieuw)"),),
                          klasse_heen=ChangeClass.PATCH, klasse_terug=ChangeClass.PATCH, jgz=(next(iter(p.verzoeken)),),
                          heen=Omrekening("behoud"), terug=Omrekening("behoud"))  # fmt: skip
        if extra.id not in p.by_id:
            yield replace(p, wijzigingen=(*p.wijzigingen, extra)), {extra.id}


@kind
def new_value_of_a_column_wrong(p: Pakket) -> Mutants:
    yield from _each(
        p, lambda w: bool(w.velden),
        lambda w: replace(w, velden=(replace(w.velden[0], naar=w.velden[0].naar + "x"), *w.velden[1:])),
    )  # fmt: skip


@kind
def old_value_of_a_column_wrong(p: Pakket) -> Mutants:
    yield from _each(
        p, lambda w: bool(w.velden),
        lambda w: replace(w, velden=(*w.velden[:-1], replace(w.velden[-1], van=w.velden[-1].van + "x"))),
    )  # fmt: skip


@kind
def column_dropped(p: Pakket) -> Mutants:
    yield from _each(p, lambda w: bool(w.velden), lambda w: replace(w, velden=w.velden[:-1]))


@kind
def column_invented(p: Pakket) -> Mutants:
    yield from _each(p, lambda w: True, lambda w: replace(w, velden=(*w.velden, Veld("eenheid", "", "cm"))))


@kind
def name_wrong(p: Pakket) -> Mutants:
    yield from _each(p, lambda w: bool(w.naam), lambda w: replace(w, naam=w.naam[::-1] + "?"))


@kind
def place_of_a_code_wrong(p: Pakket) -> Mutants:
    yield from _each(p, lambda w: w.positie is not None, lambda w: replace(w, positie=(w.positie or 0) + 1))


@kind
def wrong_kind(p: Pakket) -> Mutants:
    other = {"vervallen": "toegevoegd", "toegevoegd": "vervallen"}
    yield from _each(
        p, lambda w: w.aspect in other, lambda w: replace(w, soort=f"{w.tabel}-{other[w.aspect]}")
    )  # fmt: skip


# -- numbers, codes and lists ------------------------------------------------------------------------------------


@kind
def number_reused(p: Pakket) -> Mutants:
    """A new element under a number that the old version uses for something else."""
    taken = [
        n
        for n, e in load(p.van).elementen.items()
        if e.in_bericht and ("element-toegevoegd", str(n)) not in p.by_id
    ]
    for i, w in enumerate(p.wijzigingen):
        if w.soort == "element-toegevoegd":
            changed = replace(w, sleutel=str(taken[i % len(taken)]))
            yield _with(p, i, changed), {changed.id}


@kind
def code_reused(p: Pakket) -> Mutants:
    """A new code under a code that its list gave another meaning."""
    for i, w in enumerate(p.wijzigingen):
        if w.soort != "code-toegevoegd" or "!" in w.sleutel or w.lijst not in load(p.van).waardenlijsten:
            continue
        system = w.sleutel.split("/")[2]
        taken = [
            c.code
            for c in load(p.van).waardenlijsten[w.lijst].codes
            if c.codesysteem == system and c.rij == "concept"
        ]
        if taken:
            changed = replace(w, sleutel=f"{'/'.join(w.sleutel.split('/')[:3])}/{taken[0]}")
            if changed.id not in p.by_id:
                yield _with(p, i, changed), {changed.id}


@kind
def group_reused(p: Pakket) -> Mutants:
    taken = [g for g, x in load(p.van).groepen.items() if x.in_bericht]
    for i, w in enumerate(p.wijzigingen):
        if w.soort == "groep-toegevoegd":
            changed = replace(w, sleutel=taken[i % len(taken)])
            yield _with(p, i, changed), {changed.id}


@kind
def wrong_list(p: Pakket) -> Mutants:
    """A code put into another list, or an element tied to another list."""
    for i, w in enumerate(p.wijzigingen):
        if w.tabel == "code":
            parts = w.sleutel.split("/")
            changed = replace(w, sleutel="/".join(["W0175" if parts[0] != "W0175" else "W0177", *parts[1:]]))
            yield _with(p, i, changed), {changed.id}
        elif w.veld("waardenlijst") is not None:
            velden = tuple(replace(v, naar="W0999") if v.veld == "waardenlijst" else v for v in w.velden)
            yield _with(p, i, replace(w, velden=velden)), {w.id}


# -- conversions -------------------------------------------------------------------------------------------------


@kind
def conversion_forward_dropped(p: Pakket) -> Mutants:
    yield from _each(p, lambda w: True, lambda w: replace(w, heen=None))


@kind
def conversion_back_dropped(p: Pakket) -> Mutants:
    yield from _each(p, lambda w: True, lambda w: replace(w, terug=None))


@kind
def direction_swapped(p: Pakket) -> Mutants:
    yield from _each(p, lambda w: w.heen != w.terug, lambda w: replace(w, heen=w.terug, terug=w.heen))


@kind
def undeclared_loss_forward(p: Pakket) -> Mutants:
    yield from _each(p, lambda w: True, lambda w: replace(w, heen=Omrekening("vervalt")))


@kind
def undeclared_loss_back(p: Pakket) -> Mutants:
    yield from _each(p, lambda w: True, lambda w: replace(w, terug=Omrekening("vervalt")))


@kind
def no_shelter_forward(p: Pakket) -> Mutants:
    """The value stays where the new version has no place for it."""
    yield from _each(
        p, lambda w: _doing(w.heen) in {"beschut", "naar-tekst"}, lambda w: replace(w, heen=Omrekening("behoud"))
    )  # fmt: skip


@kind
def no_shelter_back(p: Pakket) -> Mutants:
    yield from _each(
        p, lambda w: _doing(w.terug) in {"beschut", "naar-tekst"}, lambda w: replace(w, terug=Omrekening("behoud"))
    )  # fmt: skip


@kind
def never_restored(p: Pakket) -> Mutants:
    """What was sheltered or made text stays so on the way back."""

    def edit(w: Wijziging) -> Wijziging:
        if _doing(w.heen) in {"herstel", "uit-tekst"}:
            return replace(w, heen=Omrekening("behoud"))
        return replace(w, terug=Omrekening("behoud"))

    inverse = {"herstel", "uit-tekst"}
    yield from _each(p, lambda w: _doing(w.heen) in inverse or _doing(w.terug) in inverse, edit)


@kind
def shelter_where_nothing_leaves(p: Pakket) -> Mutants:
    """An action on values at a change that has none, such as a name or a place in the message."""
    yield from _each(
        p,
        lambda w: (
            w.aspect in {"hernoemd", "herkomst", "bericht", "samenstelling", "volgorde"} and w.tabel != "code"
        ),
        lambda w: replace(w, heen=Omrekening("beschut"), terug=Omrekening("herstel")),
    )


@kind
def old_name_stays(p: Pakket) -> Mutants:
    """A renamed code whose name in the data is not renamed (explained renames may keep it)."""
    yield from _each(
        p, lambda w: w.soort == "code-hernoemd" and not w.toelichting, lambda w: replace(w, heen=Omrekening("behoud"))
    )  # fmt: skip


def _tabled(p: Pakket) -> Iterator[tuple[int, Wijziging, bool, Omrekening]]:
    for i, w in enumerate(p.wijzigingen):
        for forward in (True, False):
            o = w.richting(forward)
            if o is not None and o.tabel:
                yield i, w, forward, o


def _set(w: Wijziging, forward: bool, o: Omrekening) -> Wijziging:
    return replace(w, heen=o) if forward else replace(w, terug=o)


@kind
def code_dropped_from_recoding(p: Pakket) -> Mutants:
    for i, w, forward, o in _tabled(p):
        for n in range(len(o.tabel)):
            yield _with(p, i, _set(w, forward, replace(o, tabel=(*o.tabel[:n], *o.tabel[n + 1 :])))), {w.id}


@kind
def recoded_outside_the_list(p: Pakket) -> Mutants:
    for i, w, forward, o in _tabled(p):
        for n, (code, _) in enumerate(o.tabel):
            table = (*o.tabel[:n], (code, "97"), *o.tabel[n + 1 :])
            yield _with(p, i, _set(w, forward, replace(o, tabel=table))), {w.id}


@kind
def recoded_to_the_next_code(p: Pakket) -> Mutants:
    """A slip of one line in a recoding table."""
    for i, w, forward, o in _tabled(p):
        targets = list(dict.fromkeys(b for _, b in o.tabel))
        for n, (code, target) in enumerate(o.tabel):
            other = targets[(targets.index(target) + 1) % len(targets)]
            if other != target:
                table = (*o.tabel[:n], (code, other), *o.tabel[n + 1 :])
                yield _with(p, i, _set(w, forward, replace(o, tabel=table))), {w.id}


@kind
def moved_to_an_unknown_element(p: Pakket) -> Mutants:
    for i, w in enumerate(p.wijzigingen):
        for forward in (True, False):
            o = w.richting(forward)
            if o is not None and o.doe == "verplaats":
                yield _with(p, i, _set(w, forward, replace(o, element=999_999))), {w.id}


@kind
def two_conversions_for_one_element(p: Pakket) -> Mutants:
    """Another change of the same element says something else about its values."""
    for i, w in enumerate(p.wijzigingen):
        if _doing(w.heen) == "beschut":
            second = replace(
                w,
                soort="element-datatype",
                heen=Omrekening("verplaats", element=235),
                terug=Omrekening("behoud"),
            )
            yield _with(p, i, w, second), {second.id}


# -- what a change carries ---------------------------------------------------------------------------------------


@kind
def class_too_low(p: Pakket) -> Mutants:
    def edit(w: Wijziging) -> Wijziging:
        return replace(w, klasse_heen=ChangeClass((w.klasse_heen or 0) - 1))

    yield from _each(p, lambda w: bool(w.klasse_heen), edit)


@kind
def class_too_low_back(p: Pakket) -> Mutants:
    def edit(w: Wijziging) -> Wijziging:
        return replace(w, klasse_terug=ChangeClass((w.klasse_terug or 0) - 1))

    yield from _each(p, lambda w: bool(w.klasse_terug), edit)


@kind
def class_missing(p: Pakket) -> Mutants:
    yield from _each(p, lambda w: True, lambda w: replace(w, klasse_heen=None, klasse_terug=None))


@kind
def breaking_patch(p: Pakket) -> Mutants:
    yield replace(p, klasse_heen=ChangeClass.PATCH), {("pakket", p.naam)}
    yield replace(p, klasse_terug=ChangeClass.MINOR), {("pakket", p.naam)}


@kind
def request_missing(p: Pakket) -> Mutants:
    yield from _each(p, lambda w: bool(w.jgz), lambda w: replace(w, jgz=()))


@kind
def request_unknown(p: Pakket) -> Mutants:
    yield from _each(p, lambda w: True, lambda w: replace(w, jgz=(*w.jgz, "JGZ-99999")))


@kind
def note_dropped(p: Pakket) -> Mutants:
    yield from _each(p, lambda w: w.afschaffing is not None, lambda w: replace(w, afschaffing=None))


@kind
def note_of_another_version(p: Pakket) -> Mutants:
    yield from _each(
        p, lambda w: w.afschaffing is not None,
        lambda w: replace(w, afschaffing=replace(w.afschaffing or Afschaffing("", ""), vanaf="1.0.0")),
    )  # fmt: skip


@kind
def note_says_nothing(p: Pakket) -> Mutants:
    yield from _each(
        p, lambda w: w.afschaffing is not None,
        lambda w: replace(w, afschaffing=replace(w.afschaffing or Afschaffing("", ""), overgang=" ")),
    )  # fmt: skip


# -- requests ----------------------------------------------------------------------------------------------------


def _examples(p: Pakket) -> Iterator[tuple[Verzoek, int, Voorbeeld]]:
    for v in p.verzoeken.values():
        for n, x in enumerate(v.voorbeelden):
            yield v, n, x


def _changes(p: Pakket, v: Verzoek) -> set[Subject]:
    return {("verzoek", v.jgz), *(w.id for w in p.of(v.jgz))}


def _example(p: Pakket, v: Verzoek, n: int, *new: Voorbeeld) -> Pakket:
    return _request(p, v, replace(v, voorbeelden=(*v.voorbeelden[:n], *new, *v.voorbeelden[n + 1 :])))


@kind
def example_missing(p: Pakket) -> Mutants:
    for v, n, _ in _examples(p):
        others = {j for w in p.of(v.jgz) for j in w.jgz} - {v.jgz}
        if not any(p.verzoeken[j].voorbeelden for j in others):
            yield _example(p, v, n), _changes(p, v)


@kind
def example_row_missing(p: Pakket) -> Mutants:
    for v, n, x in _examples(p):
        for row in range(len(x.voor)):
            yield _example(p, v, n, replace(x, voor=(*x.voor[:row], *x.voor[row + 1 :]))), _changes(p, v)


@kind
def example_result_wrong(p: Pakket) -> Mutants:
    for v, n, x in _examples(p):
        for row in range(len(x.na)):
            broken = {**x.na[row], "waarde": "fout"}
            yield (
                _example(p, v, n, replace(x, na=(*x.na[:row], broken, *x.na[row + 1 :]))),
                {("verzoek", v.jgz)},
            )


@kind
def example_result_row_lost(p: Pakket) -> Mutants:
    for v, n, x in _examples(p):
        yield _example(p, v, n, replace(x, na=x.na[1:])), {("verzoek", v.jgz)}


@kind
def example_in_the_wrong_direction(p: Pakket) -> Mutants:
    turned = {"heen": "terug", "terug": "heen"}
    for v, n, x in _examples(p):
        yield _example(p, v, n, replace(x, richting=turned[x.richting])), _changes(p, v)


@kind
def example_with_an_unknown_element(p: Pakket) -> Mutants:
    for v, n, x in _examples(p):
        extra = {"bdsnummer": 99_999, "waarde": "1"}
        yield _example(p, v, n, replace(x, voor=(*x.voor, extra), na=(*x.na, extra))), {("verzoek", v.jgz)}


@kind
def example_with_a_code_outside_the_list(p: Pakket) -> Mutants:
    for v, n, x in _examples(p):
        extra = {"activiteit_id": "1", "bdsnummer": 19, "rubriek": "R003", "waarde": "Q"}
        yield _example(p, v, n, replace(x, voor=(*x.voor, extra), na=(*x.na, extra))), {("verzoek", v.jgz)}


@kind
def example_in_the_wrong_rubriek(p: Pakket) -> Mutants:
    for v, n, x in _examples(p):
        extra = {"activiteit_id": "1", "bdsnummer": 235, "rubriek": "R040", "waarde": "1000", "eenheid": "mm"}
        yield _example(p, v, n, replace(x, voor=(*x.voor, extra), na=(*x.na, extra))), {("verzoek", v.jgz)}


@kind
def example_is_a_template(p: Pakket) -> Mutants:
    for v, n, x in _examples(p):
        voor = ({**x.voor[0], "waarde": "{$waarde}"}, *x.voor[1:])
        yield _example(p, v, n, replace(x, voor=voor)), {("verzoek", v.jgz)}


@kind
def rejected_request_included(p: Pakket) -> Mutants:
    for v in p.verzoeken.values():
        yield _request(p, v, replace(v, besluit="afgewezen")), {("verzoek", v.jgz)}


@kind
def undecided_request_in_a_settled_package(p: Pakket) -> Mutants:
    for v in p.verzoeken.values():
        yield _request(p, v, replace(v, besluit="ingediend")), {("verzoek", v.jgz)}


@kind
def request_removed(p: Pakket) -> Mutants:
    for v in p.verzoeken.values():
        yield _request(p, v, None), {w.id for w in p.of(v.jgz)} | {("regel", r.id) for r in p.regels}


@kind
def empty_request(p: Pakket) -> Mutants:
    extra = Verzoek("JGZ-99999", "Leeg", "onbekend", "onbekend", "C")
    yield replace(p, verzoeken={**p.verzoeken, extra.jgz: extra}), {("verzoek", extra.jgz)}


@kind
def request_without_cause(p: Pakket) -> Mutants:
    for v in p.verzoeken.values():
        yield _request(p, v, replace(v, aanleiding="")), {("verzoek", v.jgz)}


# -- rules -------------------------------------------------------------------------------------------------------


def _rule(p: Pakket, r: Regel) -> tuple[Pakket, set[Subject]]:
    return replace(p, regels=(*p.regels, r), modus_heen="m1", modus_terug="m2"), {("regel", r.id)}


@kind
def rule_switched_off(p: Pakket) -> Mutants:
    yield _rule(p, Regel("R", "heen", "hercodeer", "x", elementen=(235,), actief=False))


@kind
def rule_in_another_mode(p: Pakket) -> Mutants:
    yield _rule(p, Regel("R", "heen", "weergavenaam", "x", elementen=(80,), modus="m2"))


@kind
def rule_on_an_unknown_number(p: Pakket) -> Mutants:
    yield _rule(p, Regel("R", "terug", "hercodeer", "x", elementen=(98_765,)))
    yield _rule(p, Regel("R", "terug", "hercodeer", "x", sleutel="1537-1541"))


@kind
def rule_drops_values(p: Pakket) -> Mutants:
    yield _rule(p, Regel("R", "terug", "vervalt", "x", elementen=(461,)))


@kind
def rule_counts_a_code_twice(p: Pakket) -> Mutants:
    codes = [c.code for c in load(p.van).waardenlijsten["W0619", "HL7"].codes if c.rij == "concept"]
    for i in range(len(codes)):
        yield _rule(p, Regel("R", "terug", "naar-tekst", "x", lijst="W0619", codes=(*codes, codes[i])))


@kind
def rule_misses_a_code(p: Pakket) -> Mutants:
    codes = [c.code for c in load(p.van).waardenlijsten["W0619", "HL7"].codes if c.rij == "concept"]
    for i in range(len(codes)):
        yield _rule(
            p, Regel("R", "terug", "naar-tekst", "x", lijst="W0619", codes=tuple(codes[:i] + codes[i + 1 :]))
        )


@kind
def rule_writes_another_element(p: Pakket) -> Mutants:
    yield _rule(p, Regel("R", "terug", "afleiden", "x", elementen=(28,), schrijft=(24,)))


@kind
def rule_on_a_qualifier(p: Pakket) -> Mutants:
    for n in (239, 241, 793, 799):
        yield _rule(p, Regel("R", "heen", "leeg-weg", "x", waarnemingen=(n,)))
