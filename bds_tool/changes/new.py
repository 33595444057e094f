"""Starting a package: from two definitions, or from one definition with changes added one by one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from bds_tool.base.text import t
from bds_tool.changes.package import Afschaffing, Omrekening, Pakket, Verzoek, Wijziging
from bds_tool.schema.diff.changes import Change
from bds_tool.schema.diff.classes import overall
from bds_tool.schema.diff.comparing import diff
from bds_tool.schema.units import factor as unit_factor
from bds_tool.schema.units import written

if TYPE_CHECKING:
    from bds_tool.schema.model import Definition

#: The request that holds what has no request yet; `bds change check` keeps asking for the real one.
UNNUMBERED = "zonder-nummer"

KEEP = Omrekening("behoud")
EXCEPTION = Omrekening(
    "behoud", toelichting="Een uitzondering is een nullFlavor en geen code: de waarde blijft staan."
)


def default_conversions(
    change: Change | Wijziging, whole_lists: frozenset[str]
) -> tuple[Omrekening, Omrekening]:
    """What happens to data, there and back, unless somebody decides otherwise: nothing recorded is lost.

    `whole_lists` are the lists that come, go or become a whole code system, whose codes need no conversion.
    """
    tabel, _, aspect = change.soort.partition("-")
    if tabel == "element" and aspect == "toegevoegd":
        return Omrekening("herstel"), Omrekening("beschut")
    if tabel == "element" and aspect == "vervallen":
        return Omrekening("beschut"), Omrekening("herstel")
    if tabel == "code" and aspect in {"toegevoegd", "vervallen"}:
        # A repeat of a code (`#2`, another name for the same code) is still that code on both sides.
        if "#" in change.sleutel or "/".join(change.sleutel.split("/")[:2]) in whole_lists:
            return KEEP, KEEP
        if "/!" in change.sleutel:
            return EXCEPTION, EXCEPTION
        pair = (Omrekening("uit-tekst"), Omrekening("naar-tekst"))
        return pair if aspect == "toegevoegd" else (pair[1], pair[0])
    if tabel == "element" and aspect == "eenheid" and (unit := change.veld("eenheid")) is not None:
        there = unit_factor(unit.van, unit.naar)
        if there is not None:
            return Omrekening("reken", factor=written(there)), Omrekening("reken", factor=written(1 / there))
    if tabel == "code" and aspect == "hernoemd":
        return Omrekening("weergavenaam"), Omrekening("weergavenaam")
    return KEEP, KEEP


def whole_lists(changes: Iterable[Change]) -> frozenset[str]:
    """The lists (`W0050/BDS`) whose codes come or go as a whole: such codes have equal classes both ways."""
    codes: dict[str, bool] = {}
    for c in changes:
        if c.soort in {"code-toegevoegd", "code-vervallen"}:
            key = "/".join(c.sleutel.split("/")[:2])
            codes[key] = codes.get(key, True) and c.forward == c.backward
    return frozenset(k for k, whole in codes.items() if whole)


def needs_note(soort: str, naar: str = "") -> bool:
    """Whether a change takes something out of use and so needs a deprecation note."""
    tabel, _, aspect = soort.partition("-")
    if tabel in {"element", "groep", "rubriek"} and aspect == "vervallen":
        return True
    return aspect == "status" and naar in {"D", "deprecated"}


def as_wijziging(change: Change, whole: frozenset[str], naar: str, jgz: tuple[str, ...] = ()) -> Wijziging:
    """A change of the diff as a change of a package, with default conversions and deprecation note."""
    heen, terug = default_conversions(change, whole)
    status = change.veld("status") or change.veld("register_type")
    note = needs_note(change.soort, status.naar if status else "")
    if change.soort == "code-vervallen" and heen.doe != "behoud":
        note = True
    return Wijziging(
        soort=change.soort,
        sleutel=change.sleutel,
        naam=change.naam,
        velden=change.velden,
        positie=change.positie,
        klasse_heen=change.forward,
        klasse_terug=change.backward,
        jgz=jgz or change.jgz,
        heen=heen,
        terug=terug,
        afschaffing=Afschaffing(naar, _transition(change.soort)) if note else None,
    )


def _transition(soort: str) -> str:
    if soort.endswith("status"):
        return "Oude waarden mogen nog worden overgedragen; nieuwe registratie gebruikt dit niet meer."
    if soort == "code-vervallen":
        return "Oude waarden blijven leesbaar als tekst bij het element."
    if soort == "groep-vervallen":
        return "De elementen van de groep hebben elk hun eigen regel."
    return "Oude waarden reizen mee als niet-BDS-gegevens (R051/G083) en komen bij teruggaan terug."


def start_package(old: Definition, new: Definition, titel: str = "", *, tidy: bool = True) -> Pakket:
    """A package that explains every difference between two definitions, under one request without a number.

    With `tidy` the changes that touch no data (where a fact comes from, places in the message) lose their names, so
    that they stand together in the file.
    """
    changes = diff(old, new, {})
    whole = whole_lists(changes)
    listed = [as_wijziging(c, whole, new.version, (UNNUMBERED,)) for c in changes]
    if tidy:
        listed = sort_changes(listed)
    forward, backward = overall(changes)
    title = titel or t(f"BDS {old.version} naar {new.version}", f"BDS {old.version} to {new.version}")
    request = Verzoek(UNNUMBERED, title, "onbekend", "onbekend", "C", "afgeleid uit beide definities")
    return Pakket(
        van=old.version,
        naar=new.version,
        titel=title,
        status="concept",
        datum=new.datum[:10],
        bron=(f"specs/bds/{old.version}", f"specs/bds/{new.version}"),
        klasse_heen=forward,
        klasse_terug=backward,
        verzoeken={UNNUMBERED: request} if listed else {},
        wijzigingen=tuple(listed),
    )


#: Aspects that say nothing to a reader one by one; they stand together in the file.
BULK = frozenset(
    {"herkomst", "bericht", "kardinaliteit-bericht", "kardinaliteit", "codesysteem", "niveau", "volgorde"}
)
_TABLES = ("definitie", "rubriek", "groep", "element", "lijst", "code")


def sort_changes(changes: Iterable[Wijziging]) -> list[Wijziging]:
    """People's changes first, by table and key; then those without effect on data, grouped by what they change."""
    listed = list(changes)
    plain = [w for w in listed if w.aspect not in BULK]
    bulk = [replace(w, naam="") for w in listed if w.aspect in BULK]
    bulk.sort(
        key=lambda w: (w.jgz, _TABLES.index(w.tabel), w.aspect, [(v.veld, v.van, v.naar) for v in w.velden])
    )
    return plain + bulk
