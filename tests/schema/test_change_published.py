"""The defects of the published conversions, each by its own named finding (shared/bds/inconsistencies.md, 1-17)."""

from __future__ import annotations

import pytest

from bds_tool.changes import dump_package, parse_package
from bds_tool.changes.migrate.check import check

from .gepubliceerd import published_400, published_420


@pytest.fixture(scope="module")
def found() -> set[tuple[str, str, tuple[str, str]]]:
    """(package, name of the finding, subject) of both published packages, written and read as files."""
    result = set()
    for name, package in (("420", published_420()), ("400", published_400())):
        again = parse_package(dump_package(package))
        assert again == package
        for b in check(again).bevindingen:
            result |= {(name, b.rule.name, subject) for subject in (b.onderwerp, *b.betreft)}
    return result


W0214 = "W0214/HL7/2.16.840.1.113883.2.4.4.40.313/"


@pytest.mark.parametrize(
    ("point", "package", "finding", "subject"),
    [
        (1, "420", "verlies-niet-verklaard", ("element-vervallen", "510")),
        (1, "420", "verlies-niet-verklaard", ("element-toegevoegd", "1665")),
        (2, "420", "regel-onbereikbaar", ("regel", "W0114-namen")),
        (3, "420", "kwalificatie-als-waarneming", ("regel", "R026-leeg")),
        (4, "420", "rubriek-anders", ("regel", "commentaar-38")),
        (4, "420", "rubriek-anders", ("regel", "422-1392")),
        (4, "420", "rubriek-anders", ("regel", "R042-leeg")),
        (5, "420", "regel-onbereikbaar", ("code-toegevoegd", W0214 + "07")),
        (5, "420", "wijziging-zonder-verschil", ("code-toegevoegd", W0214 + "03")),
        (6, "420", "register-mist-nummer", ("element-toegevoegd", "1691")),
        (6, "420", "levensloop-strijdig", ("element-vervallen", "510")),
        (7, "420", "voorbeeld-spreekt-tegen", ("element-vervallen", "957")),
        (8, "420", "voorbeeld-ontbreekt", ("element-toegevoegd", "1685")),
        (8, "420", "element-onvolledig", ("element-toegevoegd", "1687")),
        (8, "420", "verzoek-leeg", ("verzoek", "JGZ-107")),
        (8, "420", "lijst-ongebruikt", ("lijst-toegevoegd", "W0706/HL7")),
        (8, "420", "naam-mogelijk-tikfout", ("element-toegevoegd", "1656")),
        (10, "420", "voorbeeld-niet-ingevuld", ("verzoek", "JGZ-354")),
        (11, "400", "pad-dubbel", ("regel", "vaccinaties")),
        (11, "400", "verlies-niet-verklaard", ("regel", "vaccinaties")),
        (12, "400", "dubbele-code", ("regel", "W0619-toegestaan")),
        (12, "400", "code-ontbreekt-in-lijst", ("regel", "W0619-toegestaan")),
        (13, "400", "terug-herstelt-niet", ("element-vervallen", "725")),
        (14, "400", "raakt-vreemd-element", ("regel", "asielzoekerkind")),
        (14, "400", "regel-uitgeschakeld", ("regel", "G117-terug")),
        (14, "400", "verlies-niet-verklaard", ("element-toegevoegd", "1590")),
        (14, "400", "pad-onbekend-kenmerk", ("regel", "naam-plat")),
        (15, "400", "nummer-onbekend", ("regel", "toestemmingswijze")),
        (16, "400", "regel-uitgeschakeld", ("regel", "W0188-contactmomenten")),
        (17, "400", "voorbeeld-achteraf-ongeldig", ("verzoek", "zonder-nummer-R018")),
    ],
)
def test_defect_is_found_by_name(found, point, package, finding, subject):
    assert (package, finding, subject) in found


def test_every_lost_element_is_named(found):
    """Point 1 says 89 elements; 801, a qualifier of 218, goes with them."""
    lost = {
        s[1]
        for p, name, s in found
        if (p, name) == ("420", "verlies-niet-verklaard") and s[0] == "element-vervallen"
    }
    assert len(lost) == 90
