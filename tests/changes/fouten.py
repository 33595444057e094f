"""Mistakes that people make in a package that is being written: (what it is, the edit, the code that must say so).

An edit works on the good package of `werkpakket.py`. The second half of the table was thought up by somebody who tries to
get something past the check.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bds_tool.changes import Afschaffing, Omrekening, Pakket, Verzoek, Wijziging
from bds_tool.schema import load
from bds_tool.schema.diff.changes import ChangeClass, Veld

from .werkpakket import BDS, HL7

Edit = Callable[[Pakket], Pakket]
#: kind → (edit, codes of which at least one must be among the findings that are new).
MISTAKES: dict[str, tuple[Edit, set[str]]] = {}


def change(ident: tuple[str, str], edit: Callable[[Wijziging], Wijziging]) -> Edit:
    def apply(p: Pakket) -> Pakket:
        assert ident in p.by_id, ident
        return replace(p, wijzigingen=tuple(edit(w) if w.id == ident else w for w in p.wijzigingen))

    return apply


def columns(ident: tuple[str, str], **values: str) -> Edit:
    """The new value of columns; a column that is not there yet comes in."""

    def edit(w: Wijziging) -> Wijziging:
        known = {v.veld: v for v in w.velden}
        new = {k: replace(known[k], naar=v) if k in known else Veld(k, "", v) for k, v in values.items()}
        listed = tuple(v for k, v in {**known, **new}.items() if v.van or v.naar)
        return replace(w, velden=listed)

    return change(ident, edit)


def extra(
    soort: str, sleutel: str, heen: str = "behoud", terug: str = "behoud", **values: str | tuple[str, str]
) -> Edit:
    """One more change, as people paste it in."""

    def apply(p: Pakket) -> Pakket:
        velden = tuple(Veld(k, *v) if isinstance(v, tuple) else Veld(k, "", v) for k, v in values.items())
        w = Wijziging(
            soort, sleutel, "", velden, jgz=("JGZ-1005",), heen=Omrekening(heen), terug=Omrekening(terug)
        )
        return replace(p, wijzigingen=(*p.wijzigingen, w))

    return apply


def request(jgz: str, **values: object) -> Edit:
    return lambda p: replace(p, verzoeken={**p.verzoeken, jgz: replace(p.verzoeken[jgz], **values)})


def head(**values: object) -> Edit:
    return lambda p: replace(p, **values)


def conversion(ident: tuple[str, str], way: str, **values: object) -> Edit:
    def edit(w: Wijziging) -> Wijziging:
        return replace(w, **{way: replace(getattr(w, way) or Omrekening("behoud"), **values)})

    return change(ident, edit)


def example(jgz: str, **values: object) -> Edit:
    """The first row before and after of the first example gets these values."""

    def apply(p: Pakket) -> Pakket:
        v = p.verzoeken[jgz]
        first, *others = v.voorbeelden
        voor = ({**first.voor[0], **values}, *first.voor[1:])
        return request(jgz, voorbeelden=(replace(first, voor=voor), *others))(p)

    return apply


def renamed(ident: tuple[str, str], key: str) -> Edit:
    return change(ident, lambda w: replace(w, sleutel=key))


def dropped(ident: tuple[str, str]) -> Edit:
    def apply(p: Pakket) -> Pakket:
        assert ident in p.by_id, ident
        return replace(p, wijzigingen=tuple(w for w in p.wijzigingen if w.id != ident))

    return apply


def note(ident: tuple[str, str], **values: object) -> Edit:
    return change(
        ident, lambda w: replace(w, afschaffing=replace(w.afschaffing or Afschaffing("4.3.0", "x"), **values))
    )


def mistake(name: str, edit: Edit, *codes: str) -> None:
    assert name not in MISTAKES
    MISTAKES[name] = (edit, set(codes))


SCREEN, SLEEP, CONSENT = (("element-toegevoegd", n) for n in ("2004", "2005", "2007"))
TEXT, MEDIA, HEAD = (("element-toegevoegd", n) for n in ("2003", "2008", "2009"))
WEIGHT = ("element-eenheid", "245")
FOOT, FOOT_BDS = ("code-toegevoegd", f"W0242/HL7/{HL7}.23/05"), ("code-toegevoegd", f"W0242/BDS/{BDS}.242/05")
LIST = ("lijst-toegevoegd", "W0901/HL7")
AUTISM = ("code-hernoemd", f"W0114/HL7/{HL7}.8/17")
GONE = ("element-vervallen", "755")
OLD = load("4.2.0")


def name_of(number: int) -> str:
    return OLD.elementen[number].naam


# -- the kinds of issue 23 ---------------------------------------------------------------------------------------

mistake("factor in the wrong direction", conversion(WEIGHT, "heen", factor="1000"), "WIJZ928", "WIJZ925")
mistake("factor ten times too large", conversion(WEIGHT, "heen", factor="0.01"), "WIJZ928", "WIJZ925")
mistake(
    "both factors turned",
    lambda p: conversion(WEIGHT, "terug", factor="0.001")(conversion(WEIGHT, "heen", factor="1000")(p)),
    "WIJZ928",
)
mistake("unknown unit", columns(SLEEP, eenheid="minuten"), "WIJZ946")
mistake("unit changed to an unknown one", columns(WEIGHT, eenheid="kilo"), "WIJZ946", "WIJZ928")
mistake("unit of another quantity", columns(WEIGHT, eenheid="cm"), "WIJZ928")
mistake("limits left in the old unit", dropped(("element-bereik", "238")), "WIJZ978")
mistake("two codes with one name", columns(FOOT, weergavenaam="X-benen"), "WIJZ947")
mistake(
    "two codes with one name but for capitals", columns(FOOT, weergavenaam="x-Benen "), "WIJZ947", "WIJZ955"
)
mistake(
    "one code in two systems",
    lambda p: columns(("code-toegevoegd", f"W0242/HL7/{HL7}.24/04"), codesysteem=f"{HL7}.24", code="04")(
        renamed(FOOT, f"W0242/HL7/{HL7}.24/04")(p)
    ),
    "WIJZ948",
)
mistake(
    "OID that is not the list's",
    lambda p: columns(("code-toegevoegd", f"W0242/HL7/{HL7}.32/05"), codesysteem=f"{HL7}.32")(
        renamed(FOOT, f"W0242/HL7/{HL7}.32/05")(p)
    ),
    "WIJZ948",
)
mistake(
    "OID with a letter O",
    lambda p: columns(("code-toegevoegd", "W0242/HL7/2.16.84O.1/05"), codesysteem="2.16.84O.1")(
        renamed(FOOT, "W0242/HL7/2.16.84O.1/05")(p)
    ),
    "WIJZ948",
)
mistake(
    "value set of another list",
    columns(LIST, valueset="2.16.840.1.113883.2.4.3.11.60.100.11.2.242"),
    "WIJZ948",
)
mistake("HL7 code without BDS twin", dropped(FOOT_BDS), "WIJZ949")
mistake("BDS code without HL7 twin", dropped(FOOT), "WIJZ949")
mistake("date of the package that does not exist", head(datum="2026-02-30"), "WIJZ950")
mistake(
    "date of a decision that does not exist",
    request("JGZ-1003", besluit="geaccordeerd", besluitdatum="2026-13-01"),
    "WIJZ950",
)
mistake(
    "date of a decision in the future",
    request("JGZ-1003", besluit="geaccordeerd", besluitdatum="2031-01-01"),
    "WIJZ950",
)
mistake("date in words", request("JGZ-1003", besluit="geaccordeerd", besluitdatum="12 mei"), "WIJZ950")
mistake("list that begins in another century", columns(LIST, ingang="1926-09-01"), "WIJZ950")
mistake("list that begins on the 31st of June", columns(LIST, ingang="2026-06-31"), "WIJZ950")
mistake("decided without a date", request("JGZ-1003", besluit="geaccordeerd"), "WIJZ954")
mistake("date of a decision without a decision", request("JGZ-1003", besluitdatum="2026-05-01"), "WIJZ954")
mistake("settled without a date", head(status="vastgesteld", datum=""), "WIJZ954", "WIJZ911")
mistake("name that another element has", columns(TEXT, naam=name_of(748)), "WIJZ947")
mistake(
    "name that another group has",
    columns(("groep-toegevoegd", "G201"), naam=OLD.groepen["G119"].naam),
    "WIJZ947",
)
mistake(
    "name that another rubriek has",
    columns(("rubriek-toegevoegd", "R060"), naam=OLD.rubrieken["R019"].naam),
    "WIJZ947",
)
mistake("name with markup", columns(TEXT, naam="Bijzonderheden <b>groei</b>"), "WIJZ955")
mistake("name with a hard space code", columns(TEXT, naam="Bijzonderheden&nbsp;groei"), "WIJZ955")
mistake("name with a line break", columns(TEXT, naam="Bijzonderheden\ngroei"), "WIJZ955")
mistake("name with spaces round it", columns(TEXT, naam=" Bijzonderheden groei"), "WIJZ955")
mistake("name of a code with markup", columns(FOOT, weergavenaam="Standsafwijking <i>voet</i>"), "WIJZ955")
mistake("name with a template", columns(TEXT, naam="{{ naam }}"), "WIJZ955")
mistake("observation in a rubriek of the dossier", columns(SCREEN, rubriek="R003"), "WIJZ978")
mistake("consent in a rubriek of an activity", columns(CONSENT, rubriek="R019"), "WIJZ978", "WIJZ945")
mistake(
    "opposite renames",
    lambda p: extra("element-hernoemd", "152", naam=(name_of(152), name_of(748)))(
        extra("element-hernoemd", "748", naam=(name_of(748), name_of(152)))(p)
    ),
    "WIJZ957",
    "WIJZ922",
)
mistake(
    "opposite renames of codes",
    lambda p: extra(
        "code-hernoemd",
        f"W0242/HL7/{HL7}.23/01",
        "weergavenaam",
        "weergavenaam",
        weergavenaam=("O-benen", "X-benen"),
    )(
        extra(
            "code-hernoemd",
            f"W0242/HL7/{HL7}.23/02",
            "weergavenaam",
            "weergavenaam",
            weergavenaam=("X-benen", "O-benen"),
        )(p)
    ),
    "WIJZ957",
)
mistake(
    "number used twice",
    lambda p: replace(p, wijzigingen=(*p.wijzigingen, replace(p.by_id[SCREEN], jgz=("JGZ-1001",)))),
    "WIJZ904",
)
mistake(
    "number used twice for two things",
    lambda p: replace(p, wijzigingen=(*p.wijzigingen, replace(p.by_id[SLEEP], sleutel="2004"))),
    "WIJZ904",
)
mistake("number that exists", renamed(SCREEN, "152"), "WIJZ921", "WIJZ966", "WIJZ902")
mistake("number that an older version had", renamed(SCREEN, "510"), "WIJZ921", "WIJZ902", "WIJZ910")
mistake("number with a leading zero", renamed(SCREEN, "0245"), "WIJZ976")
mistake(
    "swapped recoding", conversion(HEAD, "heen", tabel=(("167=true", "02"), ("167=false", "01"))), "WIJZ958"
)
mistake("BSN in an example", example("JGZ-1001", waarde="BSN 111222333 van moeder"), "WIJZ959")
mistake("BSN with points in an example", example("JGZ-1001", waarde="123.456.782"), "WIJZ959")
mistake(
    "name of a person in an example", example("JGZ-1001", waarde="Gesproken met Fatima el Amrani"), "WIJZ959"
)
mistake("telephone number in an example", example("JGZ-1001", waarde="bel 06-12345678"), "WIJZ959")
mistake("mail address in an example", example("JGZ-1001", waarde="ouder@example.nl"), "WIJZ959")
mistake("address in an example", example("JGZ-1001", waarde="Kerkstraat, 1234 AB 5"), "WIJZ959")
mistake("BSN in the title of a request", request("JGZ-1003", titel="Kind 111222333 had 3,5 kg"), "WIJZ959")
mistake("unknown data type", columns(TEXT, datatype="STRING"), "WIJZ977")
mistake("unknown data type in the message", columns(TEXT, hl7_datatype="TXT"), "WIJZ977")
mistake("unknown binding", columns(("rubriek-toegevoegd", "R060"), binding="kindgebonden"), "WIJZ977")
mistake("unknown place", columns(SCREEN, locatie_soort="observatie"), "WIJZ977")
mistake("unknown group", columns(SLEEP, groep="G999"), "WIJZ945")
mistake("unknown rubriek", columns(SCREEN, rubriek="R999"), "WIJZ945", "WIJZ978")
mistake("unknown list", columns(SCREEN, waardenlijst="W0999"), "WIJZ945", "WIJZ936")
mistake("no list at a code", columns(SCREEN, waardenlijst=""), "WIJZ945", "WIJZ936")
mistake(
    "group that leaves with its elements in it",
    extra("groep-vervallen", "G119", in_bericht=("ja", "nee")),
    "WIJZ960",
)
mistake(
    "rubriek that leaves with its elements in it",
    extra("rubriek-vervallen", "R034", naam=(OLD.rubrieken["R034"].naam, "")),
    "WIJZ960",
    "WIJZ966",
)
mistake("list that leaves while it is used", extra("lijst-vervallen", "W0209/HL7", naam=("x", "")), "WIJZ960")
mistake(
    "element that leaves while a protocol leans on it",
    request("JGZ-1019", geraakt=replace(Verzoek("", "", "", "", "C").geraakt)),
    "WIJZ971",
)
mistake("successor that does not exist", note(GONE, opvolger=(2999,)), "WIJZ973")
mistake("successor that has expired too", note(GONE, opvolger=(234,)), "WIJZ973")
mistake("successor in words that does not exist", note(GONE, overgang="Opgevolgd door 2999."), "WIJZ973")
mistake("successor is the element itself", note(GONE, opvolger=(755,)), "WIJZ973")
mistake(
    "tighter cardinality without a choice",
    extra("element-kardinaliteit", "324", card_max=("*", "1")),
    "WIJZ974",
)
mistake(
    "minimum raised without a choice", extra("element-kardinaliteit", "152", card_min=("0", "1")), "WIJZ974"
)
mistake(
    "tighter range without a choice",
    change(("element-bereik", "97"), lambda w: replace(w, toelichting="")),
    "WIJZ974",
    "WIJZ928",
)
mistake(
    "shorter text without a choice",
    extra("element-bereik", "748", max_lengte=("4000", "200")),
    "WIJZ974",
    "WIJZ928",
)
mistake(
    "nullFlavor taken away without a choice",
    extra("element-nullflavor", "324", nullflavor=("OTH", "")),
    "WIJZ974",
    "WIJZ928",
)

# -- thought up to get past the check ----------------------------------------------------------------------------

mistake(
    "text where a number was",
    extra("element-datatype", "97", datatype=("PQ", "AN"), hl7_datatype=("PQ", "ST")),
    "WIJZ928",
)
mistake(
    "code becomes free text",
    extra("element-datatype", "324", datatype=("KL_AN", "AN")),
    "WIJZ928",
    "WIJZ978",
    "WIJZ977",
)
mistake("data types that do not go together", columns(MEDIA, hl7_datatype="PQ"), "WIJZ978", "WIJZ945")
mistake("a number without a unit", columns(SLEEP, eenheid=""), "WIJZ945")
mistake("a unit with a text", columns(TEXT, eenheid="min"), "WIJZ978")
mistake("group of another rubriek", columns(SLEEP, rubriek="R025"), "WIJZ978")
mistake("element without a name", columns(SCREEN, naam=""), "WIJZ955")
mistake("code without a name", columns(FOOT, weergavenaam=""), "WIJZ945", "WIJZ955")
mistake("name that is a number", columns(TEXT, naam="2003"), "WIJZ955")
mistake("element without a path", columns(SCREEN, pad=""), "WIJZ978")
mistake("path of another element", columns(TEXT, pad=OLD.elementen[748].pad), "WIJZ945")
mistake("certainty of a fact for a proposal", columns(SCREEN, zekerheid="D"), "WIJZ977")
mistake("cardinality upside down", columns(SCREEN, card_min="2", card_max="1"), "WIJZ945")
mistake("cardinality in words", columns(SCREEN, card_max="veel"), "WIJZ977", "WIJZ966")
mistake("minimum above maximum", columns(SLEEP, minimum="100", maximum="10"), "WIJZ945")
mistake(
    "list in which nothing stands",
    lambda p: replace(
        p,
        wijzigingen=tuple(
            w for w in p.wijzigingen if not (w.tabel == "code" and w.sleutel.startswith("W0901/HL7"))
        ),
    ),
    "WIJZ945",
    "WIJZ936",
)
mistake("list that no element uses", dropped(SCREEN), "WIJZ939")
mistake(
    "code with a space in it",
    lambda p: columns(("code-toegevoegd", f"W0242/HL7/{HL7}.23/0 5"), code="0 5")(
        renamed(FOOT, f"W0242/HL7/{HL7}.23/0 5")(p)
    ),
    "WIJZ976",
)
mistake("group with two digits", renamed(("groep-toegevoegd", "G201"), "G21"), "WIJZ976")
mistake(
    "derived of an element that does not exist", conversion(TEXT, "heen", tabel=(("9999=*", "="),)), "WIJZ933"
)
mistake(
    "derived of a code outside the list",
    conversion(HEAD, "heen", tabel=(("167=true", "01"), ("167=false", "07"))),
    "WIJZ924",
)
mistake(
    "half of the answers not derived",
    conversion(HEAD, "heen", tabel=(("167=true", "01"),)),
    "WIJZ963",
    "WIJZ968",
    "WIJZ923",
    "WIJZ909",
)
mistake(
    "split without reading the source",
    change(("element-toegevoegd", "2001"), lambda w: replace(w, heen=Omrekening("herstel"))),
    "WIJZ963",
    "WIJZ909",
)
mistake("expires without shelter", conversion(("element-vervallen", "161"), "heen", doe="behoud"), "WIJZ927")
mistake(
    "expires and is lost",
    conversion(("element-vervallen", "161"), "heen", doe="vervalt"),
    "WIJZ926",
    "WIJZ928",
)
mistake("note without a word", note(GONE, overgang=" "), "WIJZ908")
mistake("note of another version", note(GONE, vanaf="4.4.0"), "WIJZ908")
mistake("request without a cause", request("JGZ-1003", aanleiding="onbekend"), "WIJZ911")
mistake(
    "request that was rejected",
    request("JGZ-1003", besluit="afgewezen", besluitdatum="2026-05-01"),
    "WIJZ911",
)
mistake(
    "request without changes",
    lambda p: replace(
        p, verzoeken={**p.verzoeken, "JGZ-1": Verzoek("JGZ-1", "Leeg", "Wet", "ingediend", "C")}
    ),
    "WIJZ912",
)
mistake("change without a request", change(SCREEN, lambda w: replace(w, jgz=())), "WIJZ905")
mistake(
    "change of a request that is not there",
    change(SCREEN, lambda w: replace(w, jgz=("JGZ-1055",))),
    "WIJZ905",
    "WIJZ912",
)
mistake("class too low", head(klasse_heen=ChangeClass.MINOR), "WIJZ952")
mistake("breaking change in a patch", head(naar="4.2.1"), "WIJZ953", "WIJZ966", "WIJZ902")
mistake("example of a date that does not exist", example("JGZ-1001", datum="2024-02-31"), "WIJZ961")
mistake("example in a rubriek of another element", example("JGZ-1001", rubriek="R040"), "WIJZ961")
mistake(
    "example without the element it is about",
    example("JGZ-1012", bdsnummer=152),
    "WIJZ909",
    "WIJZ963",
    "WIJZ961",
)
mistake("example with a unit of the new version", example("JGZ-1003", eenheid="kg"), "WIJZ961")
mistake("renamed to what another code is called", columns(AUTISM, weergavenaam="ADHD"), "WIJZ947")
mistake("renamed to another meaning", columns(AUTISM, weergavenaam="Zwemles"), "WIJZ922")
mistake("renamed code of which data keep the old name", conversion(AUTISM, "heen", doe="behoud"), "WIJZ928")
mistake(
    "same code put in twice", lambda p: replace(p, wijzigingen=(*p.wijzigingen, p.by_id[FOOT])), "WIJZ904"
)
mistake("element that moves and leaves its path", dropped(("element-bericht", "348")), "WIJZ978")
