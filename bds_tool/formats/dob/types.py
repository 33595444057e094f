"""Writing one canonical row as an HL7v3 data type."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from lxml import etree

from bds_tool.formats.codes import YES_NO, yes_or_no
from bds_tool.formats.dob.layout import HL7, XSI_TYPE, layout
from bds_tool.formats.dob.values import TIME_TAGS, ts
from bds_tool.schema import Definition, Element
from bds_tool.store.columns import Registratie

if TYPE_CHECKING:
    from lxml.etree import _Element

_TYPED = {"CV", "CO", "CE", "CD", "ST", "BL", "INT", "PQ", "TS", "ED", "II", "REAL"}
#: Code of W0141 for unknown; a message says that nobody told.
_UNKNOWN = "99"
_ATTRIBUTE_TAGS = {HL7 + tag for tag in ("telecom", "reference", "deceasedInd", "sequenceNumber")}
_CODED_ADDRESS = {HL7 + "country", HL7 + "county"}
_POSTCODE = re.compile(r"^(\d{4})([A-Za-z]{2})$")
_ISO_DATE = re.compile(r"^\d{4}(-\d{2}(-\d{2}(T[\d:.]+([+-]\d{2}:\d{2})?)?)?)?$")


def put(element: _Element, row: Registratie, defined: Element | None, definition: Definition) -> None:
    """Fill `element` with the value of `row`, in the data type that its tag and definition ask."""
    tag = element.tag
    if tag == HL7 + "value":
        _typed(element, row, defined, definition)
    elif tag in TIME_TAGS:
        _null_or(element, row, lambda value: element.set("value", ts(value)))
    elif tag == HL7 + "id" or str(tag).endswith("Id"):
        identifier(element, row)
    elif tag in _ATTRIBUTE_TAGS:
        _null_or(element, row, lambda value: element.set("value", value))
    elif tag in _CODED_ADDRESS:
        _address_code(element, row, defined, definition)
    elif tag == HL7 + "statusCode":
        _null_or(
            element, row, lambda value: element.set("code", hl7_code(definition, row["bdsnummer"], value))
        )
    elif tag == HL7 + "keyWordText":
        _null_or(element, row, lambda _: _code(element, row | {"tekst": None}, defined, definition))
        _text(element, row["tekst"])
    elif tag == HL7 + "code" or (str(tag).endswith(("Code", "keyWordText")) and tag != HL7 + "postalCode"):
        _code(element, row, defined, definition)
    elif tag == HL7 + "postalCode":
        # the standard counts characters: four digits, a space and two letters
        _null_or(element, row, lambda value: _text(element, _POSTCODE.sub(r"\1 \2", value)))
    else:
        _null_or(element, row, lambda value: _text(element, value))


def _typed(element: _Element, row: Registratie, defined: Element | None, definition: Definition) -> None:
    kind = _kind(row, defined)
    element.set(XSI_TYPE, kind)
    if kind in {"CV", "CO", "CE", "CD"}:
        _code(element, row, defined, definition)
    elif row["nullflavor"] is not None:
        _null(element, row)
    elif row["waarde"] is None:
        element.set("nullFlavor", "NI")
    elif kind == "TS":
        element.set("value", ts(row["waarde"]))
    elif kind == "BL" and row["waarde"] == _UNKNOWN:
        element.set("nullFlavor", "ASKU")
    elif kind in {"BL", "INT", "PQ", "REAL"}:
        element.set("value", row["waarde"])
        unit = row["eenheid"] or (defined.eenheid if defined and kind == "PQ" else None)
        if unit:
            element.set("unit", unit)
    elif kind == "II":
        identifier(element, row)
    else:
        _text(element, row["waarde"])


def _kind(row: Registratie, defined: Element | None) -> str:
    """The data type: what the row shows goes before what the definition says."""
    if row["eenheid"]:
        return "PQ"
    if row["waarde"] is None and row["tekst"] is not None:
        return "CV"  # the only type that says in words what has no code
    if row["codesysteem"] and row["nullflavor"] is None:
        return (
            "II"
            if row["tekst"] is None and defined is not None and defined.hl7_datatype.startswith("II")
            else "CV"
        )
    if defined is not None and defined.hl7_datatype in _TYPED:
        return defined.hl7_datatype
    if row["nullflavor"] is not None:
        return "CV"
    value = row["waarde"] or ""
    if value in {"true", "false"}:
        return "BL"
    return "TS" if _ISO_DATE.match(value) and len(value) > 4 else "ST"


def _code(element: _Element, row: Registratie, defined: Element | None, definition: Definition) -> None:
    if row["nullflavor"] is not None and row["waarde"] is None:
        _null(element, row)
        return
    if row["waarde"] is None:
        if row["tekst"]:
            element.set("nullFlavor", "OTH")
            _text(etree.SubElement(element, HL7 + "originalText"), row["tekst"])
        return
    code, system, name = row["waarde"], row["codesysteem"], row["tekst"]
    if system is None and defined is not None and defined.waardenlijst:
        code, system, name, null = _hl7(definition, defined.waardenlijst, code, name)
        if null:
            element.set("nullFlavor", code)
            if name and code == "OTH":
                _text(etree.SubElement(element, HL7 + "originalText"), name)
            return
    element.set("code", code)
    if system:
        element.set("codeSystem", system)
    if not name and system and defined is not None and defined.waardenlijst:
        name = _names(definition.version, defined.waardenlijst).get((code, system))
    if name:
        element.set("displayName", name)


def _hl7(
    definition: Definition, lijst: str, code: str, name: str | None
) -> tuple[str, str | None, str | None, bool]:
    """(code, code system, name, is a nullFlavor) for a BDS code of a list; unknown codes stay as they are."""
    found = _to_hl7(definition.version, lijst).get(code)
    if found is None:
        return code, None, name, False
    return found[0], found[1], name or found[2], found[3]


def hl7_code(definition: Definition, number: int | None, code: str) -> str:
    """The HL7 code of a coded value that stands in an attribute alone; a code that is no BDS code stays as it is."""
    word = layout().words.get(number or 0, {}).get(code)
    if word is not None:
        return word
    element = definition.elementen.get(number or 0)
    lijst = element.waardenlijst if element is not None else None
    return _hl7(definition, lijst, code, None)[0] if lijst else code


@lru_cache(maxsize=512)
def _to_hl7(version: str, lijst: str) -> dict[str, tuple[str, str, str, bool]]:
    from bds_tool.schema import load
    from bds_tool.schema.coding import code_pairs

    pairs = [(pair, pair.hl7) for pair in code_pairs(load(version), lijst) if pair.hl7]
    told = {hl7.code: (hl7.code, hl7.codesysteem, pair.naam, hl7.nullflavor) for pair, hl7 in pairs}
    # A store may hold the code of the message itself; where both lists know a code, it is the BDS code.
    return told | {pair.bds.code: told[hl7.code] for pair, hl7 in pairs if pair.bds}


@lru_cache(maxsize=512)
def _names(version: str, lijst: str) -> dict[tuple[str, str], str]:
    """(code, code system) → name, as the list of the version has it."""
    from bds_tool.schema import load

    found = (load(version).waardenlijsten.get((lijst, kind)) for kind in ("HL7", "extern"))
    return {
        (c.code, c.codesysteem): c.weergavenaam for w in found if w for c in w.codes if c.rij == "concept"
    }


@lru_cache(maxsize=64)
def _listed(version: str, lijst: str) -> dict[str, tuple[str, str]]:
    """Code → (code system, name) in a list of the version; the message's own list before that of the data set."""
    from bds_tool.schema import load

    found = [load(version).waardenlijsten.get((lijst, kind)) for kind in ("BDS", "extern", "HL7")]
    return {
        c.code: (c.codesysteem, c.weergavenaam) for w in found if w for c in w.codes if c.rij == "concept"
    }


def said(row: Registratie, definition: Definition) -> Registratie:
    """The row itself, or a copy with yes or no as a message says it, for the 1 or 2 of the data set."""
    answer = YES_NO.get(row["waarde"] or "")
    if answer is None or row["bdsnummer"] is None:
        return row
    element = definition.elementen.get(row["bdsnummer"])
    return row | {"waarde": answer} if element is not None and yes_or_no(element) else row


def identifier(element: _Element, row: Registratie) -> None:
    """An II: extension and root, or a nullFlavor."""
    if row["nullflavor"] is not None:
        element.set("nullFlavor", row["nullflavor"])
    numbered(element, row["waarde"], row["codesysteem"])


def numbered(element: _Element, number: str | None, system: str | None) -> None:
    """Extension and root of an II; a number whose system nobody tells is one of its own kind."""
    if number is not None:
        element.set("extension", number)
    if system:
        element.set("root", system)
    elif number is not None and element.get("root") is None:
        element.set("root", "2.25")


def _address_code(
    element: _Element, row: Registratie, defined: Element | None, definition: Definition
) -> None:
    if row["waarde"] is not None:
        element.set("code", row["waarde"])
        system = row["codesysteem"] or (defined.codesysteem if defined else None)
        name = row["tekst"]
        if defined is not None and not (system and name):
            listed = _listed(definition.version, defined.waardenlijst).get(row["waarde"], ("", ""))
            system, name = system or listed[0], name or listed[1]
        if system:
            element.set("codeSystem", system)
        if name:
            element.set("displayName", name)
        _text(element, name)
        return
    if row["nullflavor"] is not None:
        element.set("nullFlavor", row["nullflavor"])
    _text(element, row["tekst"])


def _null_or(element: _Element, row: Registratie, write: Callable[[str], None]) -> None:
    if row["waarde"] is not None:
        write(row["waarde"])
    elif row["nullflavor"] is not None:
        _null(element, row)


def _null(element: _Element, row: Registratie) -> None:
    element.set("nullFlavor", row["nullflavor"])
    if row["codesysteem"]:
        element.set("codeSystem", row["codesysteem"])
    if row["tekst"]:
        _text(etree.SubElement(element, HL7 + "originalText"), row["tekst"])


def _text(element: _Element, text: str | None) -> None:
    if text is not None:
        element.text = text
