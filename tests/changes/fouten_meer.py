"""More mistakes in a package, written down before anybody looked at what the check says of them.

The kinds are those of people at work: what Excel does to a code, what is copied from a neighbour, what one half of a change
forgets of the other, words that stand in for a decision, and a conversion that contradicts itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bds_tool.changes import Pakket
from bds_tool.changes.migrate.check import with_examples
from bds_tool.changes.package import Geraakt

from .fouten import (
    CONSENT,
    FOOT,
    FOOT_BDS,
    GONE,
    HEAD,
    LIST,
    OLD,
    SCREEN,
    SLEEP,
    TEXT,
    WEIGHT,
    Edit,
    change,
    conversion,
    example,
    extra,
    head,
    note,
    renamed,
    request,
)
from .fouten import columns as cells
from .werkpakket import HL7

MORE: dict[str, tuple[Edit, set[str]]] = {}


def mistake(name: str, edit: Edit, *codes: str) -> None:
    assert name not in MORE
    MORE[name] = (edit, set(codes))


def both(*edits: Callable[[Pakket], Pakket]) -> Edit:
    def apply(p: Pakket) -> Pakket:
        for edit in edits:
            p = edit(p)
        return p

    return apply


def columns(ident: tuple[str, str], **values: str) -> Edit:
    """New values of columns by somebody who also fills in the name beside them."""
    name = values.get("weergavenaam", values.get("naam"))
    return both(cells(ident, **values), *([change(ident, lambda w: replace(w, naam=name))] if name else []))


def fresh(*edits: Callable[[Pakket], Pakket]) -> Edit:
    """Edits by somebody who lets the examples of all requests be made anew, so that no old example gives them away."""

    def apply(p: Pakket) -> Pakket:
        p = both(*edits)(p)
        bare = replace(p, verzoeken={j: replace(v, voorbeelden=()) for j, v in p.verzoeken.items()})
        return with_examples(bare, list(bare.wijzigingen))

    return apply


def code(old: tuple[str, str], new: str) -> Edit:
    """The code of an added code becomes another one."""
    place = old[1].rpartition("/")[0]
    return both(renamed(old, f"{place}/{new}"), columns((old[0], f"{place}/{new}"), code=new))


def after(jgz: str, **values: object) -> Edit:
    """The first row after of the first example gets these values."""

    def apply(p: Pakket) -> Pakket:
        first, *others = p.verzoeken[jgz].voorbeelden
        na = ({**first.na[0], **values}, *first.na[1:])
        return request(jgz, voorbeelden=(replace(first, na=na), *others))(p)

    return apply


def renumbered(p: Pakket, old: str, new: str) -> Pakket:
    """Request `old` is called `new`."""
    v = replace(p.verzoeken[old], jgz=new)
    verzoeken = {(new if k == old else k): (v if k == old else x) for k, x in p.verzoeken.items()}
    changes = tuple(replace(w, jgz=tuple(new if j == old else j for j in w.jgz)) for w in p.wijzigingen)
    return replace(p, verzoeken=verzoeken, wijzigingen=changes)


GROUP, RUBRIEK = ("groep-toegevoegd", "G201"), ("rubriek-toegevoegd", "R060")
HEIGHT_RANGE = ("element-bereik", "238")
RENAMED, RANGE, EXPIRED = ("element-hernoemd", "1656"), ("element-bereik", "97"), ("element-vervallen", "161")
SPLIT = ("element-toegevoegd", "2001")
LIST_BDS = ("lijst-toegevoegd", "W0901/BDS")

# -- what a spreadsheet does to a value --------------------------------------------------------------------------
mistake("code lost its leading zero", fresh(code(FOOT, "5"), code(FOOT_BDS, "5")))
mistake("code with a letter O for a zero", fresh(code(FOOT, "O5"), code(FOOT_BDS, "O5")))
mistake("code became a decimal number", fresh(code(FOOT, "5.0"), code(FOOT_BDS, "5.0")))
mistake("code became a date", fresh(code(FOOT, "5-mei"), code(FOOT_BDS, "5-mei")))
mistake("decimal comma in a limit", columns(RANGE, minimum="0,5"))
mistake("limit in words", columns(RANGE, minimum="nul"))
mistake("length that is negative", columns(TEXT, max_lengte="-1"))
mistake("length of zero", columns(TEXT, max_lengte="0"))
mistake("length with a unit", columns(TEXT, max_lengte="4000 tekens"))
mistake("OID as a scientific number", columns(LIST, valueset="2.16E+20"))
mistake("soft hyphen in a name", columns(TEXT, naam="Bijzonder\u00adheden groei"))
mistake("Cyrillic letter in a name", columns(TEXT, naam="Bijzonderheden grоei en motoriek"))
mistake(
    "name that only differs by an accent", columns(TEXT, naam=OLD.elementen[748].naam.replace("e", "é", 1))
)
mistake("name of twelve hundred signs", columns(TEXT, naam="Bijzonderheden " * 80 + "groei"))

# -- copied from a neighbour -------------------------------------------------------------------------------------
mistake("template of another element", columns(TEXT, template_id=OLD.elementen[748].template_id))
mistake("name of a list that another list has", both(*(columns(i, naam=OLD.waardenlijsten["W0242", "HL7"].naam) for i in (LIST, LIST_BDS))))  # fmt: skip
mistake("list with the code system of another list", lambda p: _system(p, f"{HL7}.23"))
mistake(
    "path of another consent",
    columns(CONSENT, pad="CPE/authorization/consentEvent[code='1163']/@negationInd"),
)
mistake("group within itself", columns(GROUP, bovenliggende_groep="G201"))
mistake("group within a group that is not there", columns(GROUP, bovenliggende_groep="G998"))
mistake("group that does not list its elements", columns(GROUP, elementen="2005"))
mistake("group that lists the element of another", columns(GROUP, elementen="2005 2006 748"))
mistake("number of a request of an older package", lambda p: renumbered(p, "JGZ-1006", "JGZ-328"))
mistake("number of a request written otherwise", lambda p: renumbered(p, "JGZ-1006", "jgz 1006"))

# -- one half forgets the other ----------------------------------------------------------------------------------
mistake("twins with other names", columns(FOOT_BDS, weergavenaam="Afwijkende tenen"))
mistake("limits ten times too large after the unit", columns(HEIGHT_RANGE, maximum="9999"))
mistake("unit changes and nothing is computed", both(*(conversion(WEIGHT, w, doe="behoud", factor="") for w in ("heen", "terug"))))  # fmt: skip
mistake("computed there and not back", conversion(WEIGHT, "terug", doe="behoud", factor=""))
mistake("computed where no unit changes", conversion(RANGE, "heen", doe="reken", factor="60"))
mistake("factor of zero", conversion(WEIGHT, "heen", factor="0"))
mistake("factor rounded", conversion(WEIGHT, "heen", factor="0.00100001"))
mistake("expires and gets another name", extra("element-hernoemd", "755", naam=(OLD.elementen[755].naam, "Life-events van vroeger")))  # fmt: skip
mistake("code that expires and gets another name", extra("code-hernoemd", f"W0114/HL7/{HL7}.8/23", "weergavenaam", "weergavenaam", weergavenaam=("x", "y")))  # fmt: skip
mistake("renamed from a name it does not have", lambda p: _van(p, RENAMED, "naam", "Oude naam"))
mistake("new element in a group that the message no longer has", columns(SLEEP, groep=next(g.groep for g in OLD.groepen.values() if not g.in_bericht)))  # fmt: skip
mistake("new element that has expired", columns(SCREEN, status="vervallen in 4.2.0"))
mistake("new element on the list that leaves", extra("lijst-vervallen", "W0242/HL7", naam=(OLD.waardenlijsten["W0242", "HL7"].naam, "")))  # fmt: skip
mistake("obligatory new element without a choice", columns(SCREEN, card_min="1"))
mistake("message narrower than the dataset", columns(SCREEN, card_max="*", card_bericht_max="0"))
mistake("minimum of the message above its maximum", columns(SCREEN, card_bericht_min="2"))
mistake("nullFlavor that does not exist", columns(("element-nullflavor", "1656"), nullflavor="XYZ"))
mistake("nullFlavor in small letters", columns(("element-nullflavor", "1656"), nullflavor="unk"))
mistake("level of a code without its parent", columns(FOOT, niveau="3"))
mistake("status of a code that nobody knows", columns(FOOT, status="Z"))
mistake("consent that is a text", columns(CONSENT, datatype="AN", hl7_datatype="ST", max_lengte="200"))
mistake("new rubriek that a child has once and repeats", columns(RUBRIEK, card_min="2", card_max="1"))

# -- words in place of a decision --------------------------------------------------------------------------------
for word in ("TODO", "n.v.t.", "-", "?", "nog uitzoeken", "volgt", "xxx", "zie mail"):
    mistake(f"cause is {word}", request("JGZ-1003", aanleiding=word))
mistake("title is TODO", request("JGZ-1003", titel="TODO"))
mistake("note is TODO", note(GONE, overgang="TODO"))
mistake("note is a question mark", note(GONE, overgang="?"))
mistake("choice about a tighter range is TODO", change(RANGE, lambda w: replace(w, toelichting="todo")))
mistake("declared loss is n.v.t.", conversion(EXPIRED, "heen", doe="vervalt", verlies="n.v.t."))
mistake("decided after the package was settled", both(lambda p: _decided(p, "2026-09-01"), request("JGZ-1003", besluitdatum="2026-11-20"), head(status="vastgesteld", datum="2026-11-01")))  # fmt: skip
mistake("package from before the version it starts at", head(datum="2012-01-01"))
mistake("next version is lower", head(naar="4.1.9"))
mistake("sources of the package not named", head(bron=()))
mistake("English title without an English cause", request("JGZ-1003", titel_en="Weight in kilograms"))
mistake(
    "touches an indicator that does not exist",
    request("JGZ-1003", geraakt=Geraakt(indicatoren=("OVERGEWICHT-99",))),
)
mistake("touches a protocol that does not exist", request("JGZ-1019", geraakt=Geraakt(protocollen=("vaccinatie-contra-indicatie", "groie"))))  # fmt: skip

# -- conversions that contradict themselves ----------------------------------------------------------------------
mistake("one source with two outcomes", conversion(HEAD, "heen", tabel=(("167=true", "01"), ("167=true", "02"), ("167=false", "02"))))  # fmt: skip
mistake("derived of itself", conversion(TEXT, "heen", tabel=(("2003=*", "+"),)))
mistake("derived of another new element", conversion(TEXT, "heen", tabel=(("2001=*", "="),)))
mistake("a code derived of a text", both(conversion(SCREEN, "heen", doe="afleiden", tabel=(("748=*", "="),))))
mistake("a number derived of a text", conversion(SLEEP, "heen", doe="afleiden", tabel=(("748=*", "="),)))
mistake(
    "a number derived in another unit", conversion(SLEEP, "heen", doe="afleiden", tabel=(("245=*", "="),))
)
mistake("codes joined into a code", conversion(HEAD, "heen", tabel=(("167=*", "+"), ("161=*", "+"))))
mistake("recoded to a code that leaves in this package", lambda p: _recoded(p, "23"))
mistake("recoded to a code that is not there", lambda p: _recoded(p, "99"))
mistake("recoded from a code that is not there", lambda p: _recoded(p, "01", "98"))
mistake("moved to an element of another kind", lambda p: _moved(p, 245))
mistake("moved to an element that is not there", lambda p: _moved(p, 2999))
mistake("successor that gets nothing", both(note(EXPIRED, opvolger=(2008,))))

# -- examples ----------------------------------------------------------------------------------------------------
mistake("outcome of an example typed wrongly", after("JGZ-1003", waarde="35.30"))
mistake("unit of the outcome left out", after("JGZ-1003", eenheid=None))
mistake("example in the wrong direction", lambda p: request("JGZ-1012", voorbeelden=tuple(replace(x, richting="terug") for x in p.verzoeken["JGZ-1012"].voorbeelden))(p))  # fmt: skip
mistake("example with nothing before", lambda p: request("JGZ-1012", voorbeelden=tuple(replace(x, voor=()) for x in p.verzoeken["JGZ-1012"].voorbeelden))(p))  # fmt: skip
mistake("example with a code outside its list", example("JGZ-1018", waarde="misschien"))
mistake("example with a number out of range", example("JGZ-1003", waarde="9999999"))
mistake("example with a decimal comma", example("JGZ-1003", waarde="3530,5"))
mistake("example with a BSN in the activity", example("JGZ-1001", activiteit_id="111222333"))
mistake("BSN in the owner", request("JGZ-1003", eigenaar="111222333"))
mistake("mail address as the owner", request("JGZ-1003", eigenaar="jan.jansen@example.nl"))
mistake(
    "BSN in the words of a change",
    change(WEIGHT, lambda w: replace(w, toelichting="Kind 111222333 woog 3530 g")),
)
mistake("BSN in the explanation of an example", lambda p: request("JGZ-1003", voorbeelden=tuple(replace(x, toelichting="BSN 111222333") for x in p.verzoeken["JGZ-1003"].voorbeelden))(p))  # fmt: skip
mistake("request of nobody that waits for ever", lambda p: replace(p, verzoeken={**p.verzoeken, "JGZ-1003": replace(p.verzoeken["JGZ-1003"], besluit="onbekend")}, status="ter besluit"))  # fmt: skip


def _system(p: Pakket, oid: str) -> Pakket:
    """The codes of the new list W0901/HL7 stand in another code system."""
    made = []
    for w in p.wijzigingen:
        if w.tabel == "code" and w.sleutel.startswith("W0901/HL7/"):
            velden = tuple(replace(v, naar=oid) if v.veld == "codesysteem" else v for v in w.velden)
            made.append(replace(w, sleutel=f"W0901/HL7/{oid}/{w.code}", velden=velden))
        else:
            made.append(w)
    return replace(p, wijzigingen=tuple(made))


def _van(p: Pakket, ident: tuple[str, str], veld: str, was: str) -> Pakket:
    return change(ident, lambda w: replace(w, velden=tuple(replace(v, van=was) if v.veld == veld else v for v in w.velden)))(p)  # fmt: skip


def _decided(p: Pakket, day: str) -> Pakket:
    settled = {j: replace(v, besluit="geaccordeerd", besluitdatum=day) for j, v in p.verzoeken.items()}
    return replace(p, verzoeken=settled)


def _recoded(p: Pakket, to: str, source: str = "23") -> Pakket:
    """The code that leaves W0114 is recoded to another one."""
    ident = ("code-vervallen", f"W0114/HL7/{HL7}.8/23")
    return conversion(ident, "heen", doe="hercodeer", tabel=((source, to),))(p)


def _moved(p: Pakket, to: int) -> Pakket:
    return conversion(("element-vervallen", "1644"), "heen", doe="verplaats", element=to)(p)


#: What must be said of a mistake, where any finding would not do: the code that names it.
_NAMED = {
    "WIJZ910": ["new element that has expired"],
    "WIJZ911": [
        "number of a request of an older package",
        "number of a request written otherwise",
        "English title without an English cause",
        "request of nobody that waits for ever",
    ],
    "WIJZ928": ["factor of zero"],
    "WIJZ945": ["group within itself", "new rubriek that a child has once and repeats"],
    "WIJZ947": ["name that only differs by an accent", "name of a list that another list has"],
    "WIJZ950": ["package from before the version it starts at"],
    "WIJZ953": ["next version is lower"],
    "WIJZ954": ["decided after the package was settled"],
    "WIJZ955": ["soft hyphen in a name", "Cyrillic letter in a name", "name of twelve hundred signs"],
    "WIJZ959": [
        "BSN in the owner",
        "mail address as the owner",
        "BSN in the words of a change",
        "BSN in the explanation of an example",
    ],
    "WIJZ974": ["obligatory new element without a choice"],
    "WIJZ977": [
        "nullFlavor that does not exist",
        "nullFlavor in small letters",
        "level of a code without its parent",
    ],
    "WIJZ978": [
        "template of another element",
        "consent that is a text",
        "a code derived of a text",
        "a number derived of a text",
        "a number derived in another unit",
        "codes joined into a code",
    ],
    "WIJZ979": [
        *(name for name in MORE if name.startswith("cause is ")),
        "title is TODO",
        "note is TODO",
        "note is a question mark",
        "choice about a tighter range is TODO",
        "sources of the package not named",
    ],
    "WIJZ980": ["touches an indicator that does not exist", "touches a protocol that does not exist"],
    "WIJZ981": ["successor that gets nothing"],
    "WIJZ982": [
        "code lost its leading zero",
        "code with a letter O for a zero",
        "code became a decimal number",
        "code became a date",
    ],
}
for _code, _names in _NAMED.items():
    for _name in _names:
        MORE[_name] = (MORE[_name][0], {_code})


# -- what a person's own machine leaves behind -------------------------------------------------------------------
ERRORS = ("#VERW!", "#N/B", "#REF!", "#NAAM?", "#DEEL/0!")
for text in ERRORS:
    mistake(f"cause is {text}", request("JGZ-1006", aanleiding=text), "WIJZ985")
mistake("broken reference in a name", fresh(columns(TEXT, naam="Bijzonderheden #VERW!")), "WIJZ955")
mistake("formula as a name", fresh(columns(TEXT, naam="=A1")), "WIJZ955")
mistake("name in quotation marks", fresh(columns(TEXT, naam='"Bijzonderheden groei"')), "WIJZ955")
mistake("picture in a name", fresh(columns(TEXT, naam="Bijzonderheden groei \U0001f4cf")), "WIJZ955")
mistake("mark that turns a name", fresh(columns(TEXT, naam="Bijzonderheden \u202egroei")), "WIJZ955")
mistake(
    "name of a code is the code", fresh(*(columns(i, weergavenaam="05") for i in (FOOT, FOOT_BDS))), "WIJZ955"
)
for name, text in {
    "file on a disk": "C:\\Users\\x\\Documenten\\verzoek.docx", "folder of a department": "\\\\server\\jgz\\verzoeken", "file as a link": "file:///home/x/v.pdf",
    "link that runs": "javascript:alert(1)", "picture as a link": "data:text/html;base64,AAAA", "folder of one's own": "zie ~/verzoeken/900.odt",
}.items():  # fmt: skip
    mistake(f"cause is a {name}", request("JGZ-1006", aanleiding=text), "WIJZ985")
mistake("prefix of a unit in the wrong case", columns(WEIGHT, eenheid="Kg"), "WIJZ946")
mistake("full-width digits in a limit", columns(RANGE, maximum="\uff11\uff12\uff10"), "WIJZ903")
mistake("nullFlavor named twice", columns(TEXT, nullflavors="OTH OTH"), "WIJZ903")
mistake("place of a code before the first", change(FOOT, lambda w: replace(w, positie=-1)), "WIJZ903")
mistake("place of a code long after the last", change(FOOT, lambda w: replace(w, positie=999)), "WIJZ903")
mistake("factor that is no number", conversion(WEIGHT, "heen", factor="NaN"), "WIJZ925")
mistake("factor without an end", conversion(WEIGHT, "heen", factor="1e400"), "WIJZ925")
mistake("version that goes to itself", head(naar="4.2.0"), "WIJZ953", "WIJZ952")
