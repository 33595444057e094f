"""Checking a package on the day it is written: is it complete, and is it sound?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from bds_tool.base.errors import UsageError
from bds_tool.base.specs import specs_dir
from bds_tool.base.text import t
from bds_tool.changes.apply import ApplyProblem, apply_package, follows
from bds_tool.changes.context import Context
from bds_tool.changes.coverage import covers, directions, table_codes
from bds_tool.changes.findings import Bevinding, bevinding
from bds_tool.changes.new import UNNUMBERED, needs_note
from bds_tool.changes.package import Pakket, Verzoek, Wijziging
from bds_tool.schema.diff.changes import Change, ChangeClass
from bds_tool.schema.diff.comparing import diff
from bds_tool.schema.loading import load, versions


@lru_cache(maxsize=8)
def _differences(van: str, naar: str, _specs: str) -> dict[tuple[str, str], Change]:
    return {c.id: c for c in diff(load(van), load(naar), {})}


def context(pakket: Pakket) -> tuple[Context, list[Bevinding]]:
    """The definitions of a package; a version that is not in `specs/` yet is made by applying the package."""
    known = versions()
    if pakket.van not in known:
        raise UsageError(
            t(f"Het pakket begint bij BDS {pakket.van}, en die versie is hier niet bekend.",
              f"The package starts at BDS {pakket.van}, a version not known here."),
            t(f"Bekend zijn: {', '.join(known)}.", f"Known are: {', '.join(known)}."),
        )  # fmt: skip
    old = load(pakket.van)
    earlier = tuple(load(v) for v in known[: known.index(pakket.van) + 1])
    if pakket.naar in known:
        found = _differences(pakket.van, pakket.naar, str(specs_dir()))
        return Context(pakket, old, load(pakket.naar), found, earlier), []
    try:
        new = apply_package(pakket, old)
    except (ApplyProblem, ValueError, KeyError, ArithmeticError) as error:
        change = error.change.id if isinstance(error, ApplyProblem) else ("pakket", pakket.naam)
        why = (
            error.why
            if isinstance(error, ApplyProblem)
            else t("een waarde is niet te lezen", "a value cannot be read")
        )
        problem = bevinding("WIJZ966", change, {"versie": pakket.van, "waarom": why})
        # Without a target every other finding would be a guess: the old version stands in, and this one is reported.
        return Context(pakket, old, old, {c.id: _as_change(c) for c in pakket.wijzigingen}, earlier), [
            problem
        ]
    return Context(pakket, old, new, {c.id: c for c in diff(old, new, {})}, earlier), []


def _as_change(w: Wijziging) -> Change:
    low = ChangeClass.GEEN
    return Change(
        w.soort,
        w.tabel,
        w.sleutel,
        w.naam,
        w.velden,
        w.klasse_heen or low,
        w.klasse_terug or low,
        w.jgz,
        w.positie,
    )


def check_definition_side(pakket: Pakket) -> list[Bevinding]:
    """Everything that can be judged without data: completeness, soundness and class. Examples are not run here."""
    c, found = context(pakket)
    return [*found, *definition_side(c)]


def definition_side(c: Context) -> Iterator[Bevinding]:
    """`check_definition_side` for whoever has the definitions of the package at hand."""
    from bds_tool.changes.check_sound import soundness

    yield from completeness(c)
    yield from classes(c)
    yield from soundness(c)


# -- completeness ------------------------------------------------------------------------------------------------


def completeness(c: Context) -> Iterator[Bevinding]:
    """Does the package explain every difference, and does every change carry what it needs?"""
    counts = Counter(w.id for w in c.pakket.wijzigingen)
    for ident in c.verschillen.keys() - counts.keys():
        if not follows(c.verschillen[ident], c.pakket.wijzigingen):
            yield bevinding("WIJZ901", ident)
    for ident, n in counts.items():
        if n > 1:
            yield bevinding("WIJZ904", ident, {"aantal": n})
    for w in c.pakket.wijzigingen:
        change = c.verschillen.get(w.id)
        if change is None:
            yield bevinding("WIJZ902", w.id)
        else:
            yield from _columns(w, change)
        yield from _carries(c, w)
        yield from _example(c, w)
    yield from _requests(c)
    yield from _life(c)


def _columns(w: Wijziging, change: Change) -> Iterator[Bevinding]:
    said = {v.veld: (v.van, v.naar) for v in w.velden}
    real = {v.veld: (v.van, v.naar) for v in change.velden}
    for veld in sorted(said.keys() | real.keys()):
        if said.get(veld) != real.get(veld):
            yield bevinding("WIJZ903", w.id, {"veld": veld})
    if w.positie is not None and w.positie != change.positie:
        yield bevinding("WIJZ903", w.id, {"veld": "positie"})
    if w.naam and w.naam != change.naam:
        yield bevinding("WIJZ913", w.id)


def _carries(c: Context, w: Wijziging) -> Iterator[Bevinding]:
    unknown = [j for j in w.jgz if j not in c.pakket.verzoeken]
    if unknown or not w.jgz:
        yield bevinding("WIJZ905", w.id, {"jgz": ", ".join(unknown) or "—"})
    for forward, conversion in ((True, w.heen), (False, w.terug)):
        if conversion is None:
            yield bevinding("WIJZ907", w.id, {"richting": _way(forward)})
    status = w.veld("status") or w.veld("register_type")
    if needs_note(w.soort, status.naar if status else "") or _code_goes(w):
        if w.afschaffing is None or not w.afschaffing.overgang.strip():
            yield bevinding("WIJZ908", w.id, {"waarom": ""})
        elif w.afschaffing.vanaf != c.pakket.naar:
            why = t(f" (zij noemt {w.afschaffing.vanaf})", f" (it says {w.afschaffing.vanaf})")
            yield bevinding("WIJZ908", w.id, {"waarom": why})


def _code_goes(w: Wijziging) -> bool:
    """A code that leaves a list that stays: its values need a word on where they go."""
    return w.soort == "code-vervallen" and w.heen is not None and w.heen.doe != "behoud"


def _way(forward: bool) -> str:
    return t("heen", "forward") if forward else t("terug", "back")


def _example(c: Context, w: Wijziging) -> Iterator[Bevinding]:
    elements = c.using.get(w.lijst[0], ()) if w.lijst else ()
    for direction in directions(w):
        examples = [
            x
            for j in w.jgz
            if j in c.pakket.verzoeken
            for x in c.pakket.verzoeken[j].voorbeelden
            if x.richting == direction
        ]
        way = _way(direction == "heen")
        if not any(covers(x, w, elements) for x in examples):
            yield bevinding("WIJZ909", w.id, {"richting": way})
            continue
        shown = {(r.get("bdsnummer"), r.get("waarde")) for x in examples for r in x.voor}
        missing = [
            f"{n}={code}" for n, code in table_codes(w, forward=direction == "heen") if (n, code) not in shown
        ]
        if missing:
            yield bevinding("WIJZ909", w.id, {"richting": f"{way} ({', '.join(missing)})"})


def _requests(c: Context) -> Iterator[Bevinding]:
    numbers = Counter(j for w in c.pakket.wijzigingen for j in set(w.jgz))
    numbers.update(j for r in c.pakket.regels for j in r.jgz)
    for r in c.pakket.regels:
        unknown = [j for j in r.jgz if j not in c.pakket.verzoeken]
        if unknown:
            yield bevinding("WIJZ905", ("regel", r.id), {"jgz": ", ".join(unknown)})
    for name in c.pakket.dubbele_verzoeken:
        yield bevinding("WIJZ914", ("verzoek", name))
    for name, request in c.pakket.verzoeken.items():
        if not numbers[name]:
            yield bevinding("WIJZ912", ("verzoek", name))
        elif name.startswith(UNNUMBERED):
            yield bevinding("WIJZ906", ("verzoek", name), {"aantal": numbers[name]})
        yield from _request(c, request)


def _request(c: Context, v: Verzoek) -> Iterator[Bevinding]:
    def why(nl: str, en: str) -> Bevinding:
        return bevinding("WIJZ911", ("verzoek", v.jgz), {"waarom": t(nl, en)})

    if not v.titel.strip():
        yield why("er is geen titel", "there is no title")
    if not v.aanleiding.strip():
        yield why("de aanleiding ontbreekt", "the cause is missing")
    elif v.aanleiding == "onbekend" and c.pakket.status in {"concept", "ter besluit"}:
        yield why(
            "de aanleiding (wet, richtlijn, besluit) is nog onbekend",
            "the cause (law, guideline) is still unknown",
        )
    if v.besluit == "afgewezen":
        yield why(
            "het is afgewezen en staat toch in het pakket",
            "it was rejected and is in the package all the same",
        )
    settled = c.pakket.status in {"vastgesteld", "gepubliceerd"}
    if settled and v.besluit in {"ingediend", "geadviseerd"}:
        yield why(
            "het pakket is vastgesteld, dit verzoek nog niet", "the package is settled, this request is not"
        )


def _life(c: Context) -> Iterator[Bevinding]:
    """New, deprecated and removed must follow each other; what was explained in `toelichting` is not repeated."""
    for w in c.pakket.wijzigingen:
        if w.toelichting or w.nummer is None:
            continue
        after = c.nieuw.elementen.get(w.nummer)
        why = ""
        if w.aspect == "toegevoegd" and after is not None and after.status == "deprecated":
            why = t("het is nieuw en meteen afgeschaft", "it is new and deprecated at once")
        elif w.aspect == "toegevoegd" and _returned(c, w.nummer):
            why = t("het was eerder al vervallen en komt terug", "it had expired before and comes back")
        elif w.aspect == "vervallen" and after is not None and _still_live(after.status):
            why = t(
                "het vervalt, en het register noemt het nog actief",
                "it expires, and the register still calls it live",
            )
        if why:
            yield bevinding("WIJZ910", w.id, {"waarom": why})


def _still_live(status: str) -> bool:
    return status in {"actief", "L"} or "register: L" in status


def _returned(c: Context, number: int) -> bool:
    """Whether an earlier version than the old one had it in the message, and the old one had not."""
    if number in c.oud.elementen and c.oud.elementen[number].in_bericht:
        return False
    return any(number in d.elementen and d.elementen[number].in_bericht for d in c.eerder[:-1])


# -- class -------------------------------------------------------------------------------------------------------


def classes(c: Context) -> Iterator[Bevinding]:
    """Is every class, and that of the package, what the changes make it?"""
    for w in c.pakket.wijzigingen:
        change = c.verschillen.get(w.id)
        if change is None:
            continue
        for forward, said, real in (
            (True, w.klasse_heen, change.forward),
            (False, w.klasse_terug, change.backward),
        ):
            if said is None or said != real:
                known = {
                    "richting": _way(forward),
                    "is_nu": str(said) if said is not None else "—",
                    "moet": str(real),
                }
                yield bevinding("WIJZ951", w.id, known)
    subject = ("pakket", c.pakket.naam)
    for forward, said in ((True, c.pakket.klasse_heen), (False, c.pakket.klasse_terug)):
        real_classes = [ch.forward if forward else ch.backward for ch in c.verschillen.values()]
        real = max(real_classes, default=ChangeClass.GEEN)
        if said != real:
            many = sum(r == real for r in real_classes)
            count = {"richting": _way(forward), "is_nu": str(said), "moet": str(real), "aantal": many}
            yield bevinding("WIJZ952", subject, count)
    highest = max((ch.klasse for ch in c.verschillen.values()), default=ChangeClass.GEEN)
    if c.pakket.van.split(".")[:2] == c.pakket.naar.split(".")[:2] and highest > ChangeClass.PATCH:
        yield bevinding("WIJZ953", subject, {"moet": str(highest)})
