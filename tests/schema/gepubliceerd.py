"""The packages as the official conversions carry them out, defects and all.

They start from the project's packages, which share the definitions, and replace the conversions by what the published
stylesheets do (`shared/bds/changes_*.csv`). The numbers are the points of `shared/bds/inconsistencies.md`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bds_tool.changes import Omrekening, Pakket, Regel, Verzoek, Voorbeeld, Wijziging, load_package

DROP = Omrekening("vervalt")


def _edit(p: Pakket, test: Callable[[Wijziging], bool], edit: Callable[[Wijziging], Wijziging]) -> Pakket:
    return replace(p, wijzigingen=tuple(edit(w) if test(w) else w for w in p.wijzigingen))


def _dropped(w: Wijziging, aspect: str) -> bool:
    return w.soort == f"element-{aspect}"


def published_420() -> Pakket:
    """4.1.3 → 4.2.0 as dob-bds413-to-bds420.xsl and dob-bds420-to-bds413.xsl do it."""
    p = load_package("4.1.3-4.2.0")
    # 1: values of expired elements become an XML comment; 7: 957 is one of them.
    p = _edit(
        p,
        lambda w: _dropped(w, "vervallen"),
        lambda w: replace(w, heen=DROP, terug=Omrekening("behoud"), toelichting=""),
    )
    p = _edit(
        p,
        lambda w: _dropped(w, "toegevoegd"),
        lambda w: replace(w, terug=DROP, heen=Omrekening("behoud"), toelichting=""),
    )
    # 5: codes 03-07 of W0214 become text, though 1647 is dropped as a whole, and 03-06 exist in 4.1.3 already.
    p = _edit(
        p, lambda w: w.sleutel.startswith("W0214/"),
        lambda w: replace(w, heen=Omrekening("uit-tekst"), terug=Omrekening("naar-tekst")),
    )  # fmt: skip
    code = next(w for w in p.wijzigingen if w.sleutel.startswith("W0214/"))
    again = tuple(replace(code, sleutel=code.sleutel[:-2] + c) for c in ("03", "04", "05", "06"))
    # 8: W0706 is there and nothing uses it.
    w0706 = Wijziging(
        "lijst-toegevoegd", "W0706/HL7", "W0706", (), None, code.klasse_heen, code.klasse_heen, ("JGZ-183",),
        Omrekening("behoud"), Omrekening("behoud"),
    )  # fmt: skip
    # 8: no message for 1685, 1687-1689; the message for JGZ-107 shows something else than its rubriek.
    requests = dict(p.verzoeken)
    requests["zonder-nummer-R042"] = replace(requests["zonder-nummer-R042"], voorbeelden=())
    requests["JGZ-107"] = Verzoek("JGZ-107", "Rubriek 12", "onbekend", "geaccordeerd", "B", voorbeelden=(
        Voorbeeld("heen", ({"bdsnummer": 4, "rubriek": "R003", "waarde": "Jansen"},),
                  ({"bdsnummer": 4, "rubriek": "R003", "waarde": "Jansen"},)),))  # fmt: skip
    # 7 and 10: the qualification messages use 957 and hold unfilled variables.
    kwal = (
        Voorbeeld(
            "terug", ({"activiteit_id": "1", "bdsnummer": 957, "rubriek": "R042", "waarde": "Voorbeeld"},), ()
        ),
        Voorbeeld(
            "terug", ({"activiteit_id": "1", "bdsnummer": 235, "rubriek": "R027", "waarde": "{$lengte}"},), ()
        ),
    )
    own = requests["JGZ-354"]
    requests["JGZ-354"] = replace(own, voorbeelden=(*own.voorbeelden, *kwal))
    rules = (
        *p.regels,
        # 2
        Regel("W0114-namen", "heen", "weergavenaam", "nieuwe namen van 08, 12 en 14", ("JGZ-106",), (80,), modus="dob420"),
        # 3
        Regel("R026-leeg", "heen", "leeg-weg", "rubriek 26 vervalt als alleen dit erin staat", waarnemingen=(225, 314, 316, 318, 826)),
        # 4
        Regel("commentaar-38", "heen", "vervalt", "Rubriek 38", elementen=(855,), rubriek="R038", verlies="zie 855"),
        Regel("422-1392", "terug", "naar-tekst", "Rubriek 25", elementen=(422, 1392), rubriek="R025"),
        Regel("R042-leeg", "terug", "leeg-weg", "Rubriek 42", elementen=(1682, 1683), rubriek="R042"),
    )  # fmt: skip
    return replace(
        p, wijzigingen=(*p.wijzigingen, *again, w0706), verzoeken=requests, regels=rules, modus_heen="dob413",
        modus_terug="dob420",
    )  # fmt: skip


def published_400() -> Pakket:
    """3.2.7 → 4.0.2 as dob-327-to-400.xsl and dob-400-to-327.xsl do it."""
    p = load_package("3.2.7-4.0.2")
    p = _edit(p, lambda w: _dropped(w, "toegevoegd") and w.sleutel not in {"1605", "1606"},
              lambda w: replace(w, heen=Omrekening("behoud"), terug=DROP))  # fmt: skip
    # 13: every status but 1605 = 01 goes back as cancelled, also of planned activities.
    status = (("725=completed", "01"), ("725=cancelled", "08"))
    p = _edit(p, lambda w: w.id == ("element-toegevoegd", "1605"),
              lambda w: replace(w, heen=Omrekening("afleiden", tabel=status, toelichting="JGZ-97")))  # fmt: skip
    back = (("1605=01", "completed"), ("1605=02", "cancelled"), ("1605=03", "cancelled"), ("1605=04", "cancelled"),
            ("1605=05", "cancelled"), ("1605=06", "cancelled"), ("1605=07", "cancelled"), ("1605=08", "cancelled"))  # fmt: skip
    p = _edit(p, lambda w: w.id == ("element-vervallen", "725"), lambda w: replace(
        w, heen=Omrekening("afleiden", element=1605, tabel=(("725=completed", "01"), ("725=active", "01"))),
        terug=Omrekening("afleiden", tabel=back), toelichting=""))  # fmt: skip
    codes = (
        *(f"{n:02}" for n in range(1, 24)), "22", *(f"{n:02}" for n in range(25, 33)),
    )  # fmt: skip
    contacts = tuple(f"{n:02}" for n in range(2, 36))
    rules = (
        *p.regels,
        # 11
        Regel("vaccinaties", "terug", "vervalt", "vaccinaties zonder uitvoerende", ("JGZ-96",), (461, 472, 608, 683),
              groep="G076", pad="component3[component3/substanceAdministration/performer]"),
        # 12
        Regel("W0619-toegestaan", "terug", "naar-tekst", "codes buiten deze lijst worden tekst", (), (1424,), lijst="W0619", codes=codes),
        # 14
        Regel("asielzoekerkind", "terug", "afleiden", "28 = true wordt CAS met nationaliteit Nederland", (), (28,), schrijft=(24,)),
        Regel("G117-terug", "terug", "afleiden", "visus naar kaartuitslagen", (), (1590, 1591, 1592), groep="G117", actief=False),
        Regel("naam-plat", "terug", "hercodeer", "naam wordt platte tekst", (), (5,), pad="name/given[@qualifie='CL']"),
        # 15
        Regel("toestemmingswijze", "heen", "hercodeer", "code|tekst|naam wordt 1541 en 1537", (), (1541, 1537), sleutel="1537-1541"),
        # 16
        Regel("W0188-contactmomenten", "heen", "hercodeer", "oude contactmomenten naar nieuwe", (), (494,), lijst="W0188",
              codes=contacts, actief=False),
    )  # fmt: skip
    # 17: 4.0 content in results of the way back.
    request = p.verzoeken["zonder-nummer-R018"]
    left = {
        "activiteit_id": "1",
        "bdsnummer": 1599,
        "rubriek": "R018",
        "waarde": "01",
        "codesysteem": "2.16.840.1.113883.2.4.4.40.431",
    }
    stays = Voorbeeld("terug", (left,), (left,))
    requests = {**p.verzoeken, request.jgz: replace(request, voorbeelden=(*request.voorbeelden, stays))}
    return replace(p, verzoeken=requests, regels=rules)
