"""A definition as the rows of its CSV files, and back to a folder: the inverse of `bds_tool.schema.loading`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bds_tool.schema.model import Cardinality, Code, Element, Groep, Rubriek, Waardenlijst

Row = dict[str, str]


def _text(value: Any) -> str:  # noqa: ANN401
    return "" if value is None else str(value)


def _yes(value: bool) -> str:
    return "ja" if value else "nee"


def _card(name: str, card: Cardinality) -> Row:
    return {f"{name}_min": _text(card.minimum), f"{name}_max": "*" if card.unbounded else _text(card.maximum)}


def rubriek_row(r: Rubriek) -> Row:
    """The row of `rubrieken.csv`, every value as text, empty where the sources do not say."""
    return {
        "rubriek": r.rubriek,
        "naam": r.naam,
        "register_type": r.register_type,
        "binding": r.binding,
        **_card("card", r.card),
        **_card("card_per_activiteit", r.card_per_activiteit),
        "card_bron": r.card_bron,
        "pad": r.pad,
        "template_id": r.template_id,
    }


def groep_row(g: Groep) -> Row:
    """The row of `groepen.csv`; `elementen` is a list of numbers with a space between them."""
    return {
        "groep": g.groep,
        "naam": g.naam,
        "register_type": g.register_type,
        "in_bericht": _yes(g.in_bericht),
        "rubriek": g.rubriek,
        "bovenliggende_groep": g.bovenliggende_groep,
        **_card("card", g.card),
        **_card("card_bericht", g.card_bericht),
        "groepcluster": _yes(g.groepcluster),
        "elementen": " ".join(map(str, g.elementen)),
    }


def element_row(e: Element) -> Row:
    """The row of `elementen.csv`."""
    return {
        "bdsnummer": str(e.bdsnummer),
        "naam": e.naam,
        "status": e.status,
        "in_bericht": _yes(e.in_bericht),
        "rubriek": e.rubriek,
        "groep": e.groep,
        "datatype": e.datatype,
        "datatype_bron": e.datatype_bron,
        "hl7_datatype": e.hl7_datatype,
        "eenheid": e.eenheid,
        "minimum": _text(e.minimum),
        "maximum": _text(e.maximum),
        "max_lengte": _text(e.max_lengte),
        "waardenlijst": e.waardenlijst,
        "waardenlijst_bron": e.waardenlijst_bron,
        "codesysteem": e.codesysteem,
        "nullflavor": "|".join(e.nullflavor),
        **_card("card", e.card),
        "conformance": e.conformance,
        "card_bron": e.card_bron,
        **_card("card_bericht", e.card_bericht),
        "conformance_bericht": e.conformance_bericht,
        "locatie_soort": e.locatie_soort,
        "pad": e.pad,
        "template_id": e.template_id,
        "template_versie": e.template_versie,
        "zekerheid": e.zekerheid,
        "bron": e.bron,
    }


def lijst_row(w: Waardenlijst) -> Row:
    """The head of a value list; `valueset` holds all value sets of the list with a space between them."""
    return {
        "waardenlijst": w.waardenlijst,
        "soort": w.soort,
        "valueset": " ".join(w.valuesets),
        "naam": w.naam,
        "ingang": w.ingang,
        "versielabel": w.versielabel,
        "status": w.status,
        "in_bericht": _yes(w.in_bericht),
        "bron": w.bron,
    }


def code_row(c: Code) -> Row:
    """One code of a list."""
    return {
        "codesysteem": c.codesysteem,
        "rij": c.rij,
        "code": c.code,
        "weergavenaam": c.weergavenaam,
        "niveau": _text(c.niveau),
        "status": c.status,
        "nullflavor": "ja" if c.nullflavor else "",
    }
