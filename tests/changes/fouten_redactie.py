"""Mistakes that an editorial board makes together: each half reads well, and what does not fit lies between the halves.

Written down before anybody looked at what the check says of them. Names that say another unit than the column, a list that
is another one under the same codes, a way back that takes what it did not bring, parts that contradict the request, and a
state that would switch the check off.
"""

from __future__ import annotations

from dataclasses import replace

from bds_tool.changes.package import Deel, Pakket, Regel
from bds_tool.schema.diff.changes import Veld

from .fouten import (
    HEAD,
    LIST,
    MEDIA,
    OLD,
    SCREEN,
    SLEEP,
    TEXT,
    WEIGHT,
    Edit,
    conversion,
    dropped,
    extra,
    head,
    note,
    request,
)  # fmt: skip
from .fouten_meer import both, columns, fresh
from .werkpakket import BDS, CARRIED, HL7, SETS

#: kind → (edit, the codes of which one must be said).
BOARD: dict[str, tuple[Edit, set[str]]] = {}


def mistake(name: str, edit: Edit, *codes: str) -> None:
    assert name not in BOARD
    BOARD[name] = (edit, set(codes))


def carry(jgz: str, *parts: Deel) -> Edit:
    return lambda p: request(jgz, mee=(*p.verzoeken[jgz].mee, *parts))(p)


def protocol(**inhoud: object) -> Edit:
    """The protocol that JGZ-1005 carries, with other content."""
    zib, help_, rule = CARRIED["JGZ-1005"]
    return request("JGZ-1005", mee=(zib, help_, replace(rule, inhoud={**rule.inhoud, **inhoud})))


def helptext(nummer: str = "2004", **inhoud: str) -> Edit:
    zib, help_, rule = CARRIED["JGZ-1005"]
    return request("JGZ-1005", mee=(zib, replace(help_, id=nummer, inhoud={**help_.inhoud, **inhoud}), rule))


def zib(**inhoud: str) -> Edit:
    row, *others = CARRIED["JGZ-1005"]
    return request("JGZ-1005", mee=(replace(row, inhoud={**row.inhoud, **inhoud}), *others))


def recode(back: tuple[tuple[str, str], ...]) -> Edit:
    ident = ("code-vervallen", f"W0114/HL7/{HL7}.8/23")
    return both(
        conversion(ident, "heen", doe="hercodeer", tabel=(("23", "17"),), verlies=""),
        conversion(ident, "terug", doe="hercodeer", tabel=back, verlies=""),
    )


def expired(code: str) -> Edit:
    """W0242 loses a code in the coding of the message, in the way JGZ-1007 does it for another list."""

    def apply(p: Pakket) -> Pakket:
        like = p.by_id["code-vervallen", f"W0114/HL7/{HL7}.8/23"]
        gone = next(x for x in OLD.waardenlijsten["W0242", "HL7"].codes if x.code == code)
        was = {"code": code, "codesysteem": gone.codesysteem, "weergavenaam": gone.weergavenaam}
        velden = tuple(Veld(v.veld, was.get(v.veld, v.van), v.naar) for v in like.velden)
        sleutel = f"W0242/HL7/{gone.codesysteem}/{code}"
        return replace(
            p,
            wijzigingen=(
                *p.wijzigingen,
                replace(like, sleutel=sleutel, naam=gone.weergavenaam, velden=velden),
            ),
        )

    return apply


def list_of(number: str, new: str) -> Edit:
    old = OLD.elementen[int(number)].waardenlijst
    return extra("element-waardenlijst", number, waardenlijst=(old, new))


# -- the name says another thing than the columns ----------------------------------------------------------------
mistake(
    "name says grams, unit says kilograms",
    extra(
        "element-hernoemd", "245", "behoud", "behoud", naam=(OLD.elementen[245].naam, "Gewicht kind in gram")
    ),
)
mistake("new element says hours, unit says minutes", fresh(columns(SLEEP, naam="Slaapduur in uren")))
mistake("name of a boolean asks for a date", fresh(columns(MEDIA, naam="Datum bespreking mediaopvoeding")))
mistake("name with a word twice", fresh(columns(TEXT, naam="Bijzonderheden groei en en motoriek")))
mistake("name with an open bracket", fresh(columns(TEXT, naam="Bijzonderheden groei (en motoriek")))
mistake(
    "abbreviation of the working group in a name",
    fresh(columns(TEXT, naam="NIEUW: Bijzonderheden groei en motoriek")),
)
mistake("number of the request in a name", fresh(columns(TEXT, naam="Bijzonderheden groei JGZ-1002")))

# -- columns that contradict each other --------------------------------------------------------------------------
mistake("list with a unit", columns(SCREEN, eenheid="h"))
mistake("text with a lower limit", columns(TEXT, minimum="0"))
mistake("duration below zero allowed", columns(SLEEP, minimum="-100", maximum="1440"))
mistake(
    "whole number with half limits",
    columns(SLEEP, datatype="N", hl7_datatype="INT", eenheid="", minimum="0.5"),
)
mistake("change that changes nothing", extra("element-bereik", "748", max_lengte=("4000", "4000")))
mistake(
    "moved to the rubriek where it is",
    extra("element-verplaatst", "748", rubriek=(OLD.elementen[748].rubriek, OLD.elementen[748].rubriek)),
)
mistake("new rubriek without an element", both(dropped(MEDIA), request("JGZ-1017", mee=(), voorbeelden=())))
mistake(
    "new group without an element",
    both(
        dropped(SLEEP), dropped(("element-toegevoegd", "2006")), request("JGZ-1010", mee=(), voorbeelden=())
    ),
)

# -- lists -------------------------------------------------------------------------------------------------------
mistake("another list with the same codes and other meanings", list_of("324", "W0242"))
mistake(
    "twins swapped in a new list",
    both(
        columns(("code-toegevoegd", f"W0902/BDS/{BDS}.902/01"), weergavenaam="Nee"),
        columns(("code-toegevoegd", f"W0902/BDS/{BDS}.902/02"), weergavenaam="Ja"),
    ),
)
mistake("list that begins after the package is long in use", columns(LIST, ingang="2036-09-01"))
mistake("the two codings begin on different days", columns(LIST, ingang="2025-01-01"))

mistake("code expires in one coding only", expired("01"))

# -- conversions -------------------------------------------------------------------------------------------------
mistake("the way back takes codes that never came from there", fresh(recode((("17", "23"),))))
mistake(
    "an element that stays is overwritten by what is derived",
    conversion(("element-bereik", "152"), "heen", doe="afleiden", tabel=(("755=*", "="),)),
)
mistake("joined texts do not fit", fresh(columns(TEXT, max_lengte="50")))
mistake(
    "moved into an element with other limits",
    conversion(("element-vervallen", "1644"), "heen", doe="verplaats", element=2007),
)
mistake(
    "table that maps a code to itself only",
    fresh(conversion(HEAD, "heen", tabel=(("167=true", "02"), ("167=false", "02")))),
)
mistake(
    "condition in words that nobody can carry out",
    conversion(WEIGHT, "heen", voorwaarde="Als het gewicht betrouwbaar is."),
)

# -- parts that do not fit the request ---------------------------------------------------------------------------
mistake(
    "protocol asks for a code that is not on the list",
    protocol(when={"trigger": [{"element": 2004, "codes": ["09"]}]}),
)
mistake("protocol that has ended before it begins", protocol(since="4.3.0", until="4.2.0"))
mistake("protocol that holds for versions without the element", protocol(since="4.1.3"))
mistake("protocol without a source", protocol(source=""))
mistake(
    "protocol without an English title",
    protocol(title={"nl": "Bij schermgebruik is mediaopvoeding besproken"}),
)
mistake("protocol that expects what triggers it", protocol(expect=[{"element": 2004, "where": "activiteit"}]))
mistake("help text that says nothing", helptext(definitie=""))
mistake("help text that is TODO", helptext(definitie="TODO"))
mistake("help text with a BSN", helptext(definitie="Zie dossier 111222333."))
mistake(
    "help text with markup", helptext(definitie="Hoe <b>lang</b> het kind kijkt<script>alert(1)</script>")
)
mistake("help text with an unknown state", helptext(stand="klaar"))
mistake("zib row with an unknown status", zib(status="misschien"))
mistake("zib row with a confidence above one", zib(confidence="1.7"))
mistake(
    "zib row with an unknown relation",
    zib(status="", predicate_id="skos:sortOf", object_id="nlcm:NL-CM:12.4.1"),
)
mistake(
    "zib row to a concept that does not exist",
    zib(status="", predicate_id="skos:exactMatch", object_id="nlcm:NL-CM:99.9.9"),
)
mistake(
    "two requests carry one rule with other words",
    carry(
        "JGZ-1017",
        replace(CARRIED["JGZ-1005"][2], inhoud={**CARRIED["JGZ-1005"][2].inhoud, "severity": "waarschuwing"}),
    ),
)
mistake(
    "link of codes that are not on the lists",
    carry("JGZ-1005", Deel("codekoppeling", "W0901", {"bds_code": "77", "hl7_code": "88"})),
)

# -- states ------------------------------------------------------------------------------------------------------
mistake("called published, and it is nowhere", head(status="gepubliceerd"))
mistake(
    "published with a mistake in it", both(columns(SLEEP, eenheid="minuten"), head(status="gepubliceerd"))
)
mistake(
    "decision before the BDS existed", request("JGZ-1003", besluit="geaccordeerd", besluitdatum="1926-05-01")
)
mistake("two requests with one title", request("JGZ-1003", titel="Eenheid mm naar cm"))
mistake(
    "English title is the Dutch one",
    request("JGZ-1003", titel_en="Eenheid g naar kg", aanleiding_en="JGZ-richtlijn (verzonnen)"),
)
mistake(
    "example twice",
    lambda p: request(
        "JGZ-1003", voorbeelden=(*p.verzoeken["JGZ-1003"].voorbeelden, p.verzoeken["JGZ-1003"].voorbeelden[0])
    )(p),
)
mistake(
    "example from the future",
    lambda p: request(
        "JGZ-1003",
        voorbeelden=tuple(
            replace(
                x,
                voor=tuple({**r, "datum": "2044-03-01"} for r in x.voor),
                na=tuple({**r, "datum": "2044-03-01"} for r in x.na),
            )
            for x in p.verzoeken["JGZ-1003"].voorbeelden
        ),
    )(p),
)


# -- a second list, after the first was mended -------------------------------------------------------------------
mistake(
    "value sets of the codings swapped",
    both(
        columns(LIST, valueset=f"{SETS}.1.901"),
        columns(("lijst-toegevoegd", "W0901/BDS"), valueset=f"{SETS}.2.901"),
    ),
)
mistake("help text since a later version", helptext(since="4.9.0"))
mistake("help text since a day", helptext(since="morgen"))
mistake("cause on a machine of one's own", request("JGZ-1003", aanleiding="http://localhost:8080/verzoek/12"))
mistake("cause on an intranet", request("JGZ-1003", aanleiding="Zie https://intranet/jgz/verzoeken"))
mistake("note with a link of a page", note(("element-vervallen", "755"), overgang="Zie <a href='x'>hier</a>"))
mistake(
    "English words of a protocol are the Dutch ones",
    protocol(title=dict.fromkeys(("nl", "en"), "Bij schermgebruik is mediaopvoeding besproken")),
)
mistake(
    "rule of a request that is not there",
    lambda p: replace(p, regels=(Regel("R1", "heen", "afleiden", "x", ("JGZ-9",), elementen=(755,)),)),
)
mistake("package without a title", head(titel=" "))

#: What must be said of each: the code that names it, not just any.
_NAMED = {
    "WIJZ978": [
        "name says grams, unit says kilograms",
        "new element says hours, unit says minutes",
        "name of a boolean asks for a date",
        "list with a unit",
        "text with a lower limit",
        "duration below zero allowed",
    ],
    "WIJZ955": [
        "name with a word twice",
        "name with an open bracket",
        "abbreviation of the working group in a name",
        "number of the request in a name",
    ],
    "WIJZ977": ["whole number with half limits"],
    "WIJZ902": ["change that changes nothing", "moved to the rubriek where it is"],
    "WIJZ984": [
        "new rubriek without an element",
        "protocol asks for a code that is not on the list",
        "protocol that has ended before it begins",
        "protocol that holds for versions without the element",
        "protocol without a source",
        "protocol without an English title",
        "protocol that expects what triggers it",
        "help text that says nothing",
        "help text with markup",
        "help text with an unknown state",
        "zib row with an unknown status",
        "zib row with a confidence above one",
        "zib row with an unknown relation",
        "zib row to a concept that does not exist",
        "two requests carry one rule with other words",
        "link of codes that are not on the lists",
    ],
    "WIJZ945": ["new group without an element"],
    "WIJZ901": ["another list with the same codes and other meanings"],
    "WIJZ958": ["twins swapped in a new list", "table that maps a code to itself only"],
    "WIJZ950": [
        "list that begins after the package is long in use",
        "the two codings begin on different days",
        "decision before the BDS existed",
    ],
    "WIJZ923": ["the way back takes codes that never came from there"],
    "WIJZ928": [
        "an element that stays is overwritten by what is derived",
        "condition in words that nobody can carry out",
    ],
    "WIJZ974": ["joined texts do not fit"],
    "WIJZ925": ["moved into an element with other limits"],
    "WIJZ979": ["help text that is TODO"],
    "WIJZ959": ["help text with a BSN"],
    "WIJZ954": ["called published, and it is nowhere"],
    "WIJZ946": ["published with a mistake in it"],
    "WIJZ911": ["two requests with one title", "English title is the Dutch one", "example twice"],
    "WIJZ961": ["example from the future"],
}
_NAMED["WIJZ949"] = ["code expires in one coding only"]
for _code, _names in {
    "WIJZ948": ["value sets of the codings swapped"],
    "WIJZ984": [
        "help text since a later version",
        "help text since a day",
        "English words of a protocol are the Dutch ones",
    ],
    "WIJZ985": ["cause on a machine of one's own", "cause on an intranet", "note with a link of a page"],
    "WIJZ905": ["rule of a request that is not there"],
    "WIJZ979": ["package without a title"],
}.items():
    _NAMED[_code] = [*_NAMED.get(_code, []), *_names]
for _code, _names in _NAMED.items():
    for _name in _names:
        BOARD[_name] = (BOARD[_name][0], {_code})
