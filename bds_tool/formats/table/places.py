"""What a place in JSON means: `metingen[].lengteMm`, `waarden.235.waarde`, `client.id`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from bds_tool.base.table_settings import ColumnSetting
from bds_tool.base.text import t
from bds_tool.formats.table.columns import Column, _tokens, recognise
from bds_tool.formats.table.elements import dossier_bound, plain
from bds_tool.store.columns import REGISTRATIES

_NUMBER_LAST = re.compile(r"\.(\d{1,4})$")
#: `235.waarde` and `235.datum` in JSON: what an object under the number of an element holds.
_VALUE_OF = re.compile(
    r"(?:^|\.)(?P<number>\d{2,4})(?P<list>\[\])?\.(?:waarde|value|(?P<date>datum|date))$", re.IGNORECASE
)
#: Persons beside the child that records hold facts of: `stiefvader`, `moedergegevens` and `contactPersonen` are such words.
_OTHERS = re.compile(
    r"(?:moeder|vader|broer(?:tje)?|partner|verzorg(?:er|ende)|opvoeder|voogd|verwekker|gezin|gezinslid|gezinsleden|familie"
    r"|familielid|familieleden|huisgenoot|huisgenoten|contactperso(?:on|nen)|betrokkene|mother|father|parent|caregiver"
    r"|guardian|sibling|brother|sister|spouse|family|families|grandparent"
    r"|(?:^|groot|pleeg|stief|half|tweeling|bonus|adoptie)(?:ouder|zus|zusje|zuster|oma|opa|donor|relatie|relative)"
    r"|(?:^|co)(?:twin|triplet)|(?:twee|drie|vier|meer)ling(?:kind|helft)?|^brus(?:je)?)(?:s|n|en)?"
    r"(?:gegevens|data|info)?$"
)
#: The same persons as HL7 codes them.
_CODES = frozenset(
    {"mth", "fth", "prn", "sib", "bro", "sis", "grprn", "gprn", "twin", "twinbro", "twinsis", "nmth", "nfth"}
)
#: Who cares for the child, and its school: their day of birth or postcode is not the child's, what they saw is.
_AROUND = re.compile(
    r"(?:arts|verpleegkundige|medewerker|behandelaar|zorgverlener|verwijzer|verloskundige|school|practitioner|performer"
    r"|physician|doctor|nurse|employee)(?:s|n|en)?(?:gegevens|data|info)?$"
)


def at(path: str) -> Column:
    """What a place in JSON says by itself. In a list below a record a bare name such as `geboortedatum` can be about
    another person, so there an element of the dossier counts only by its number.
    """
    another = t("van een ander dan het kind", "of another than the child")
    if _of_another(path):
        return Column(path, "niet-bds", reden=another)
    if numbered := _VALUE_OF.search(path):
        found = recognise(numbered["number"])
        if found.bdsnummer and numbered["date"] and not numbered["list"]:
            return Column(
                path, "datum", van=found.bdsnummer, reden=t("datum van een element", "date of one element")
            )
        if found.bdsnummer and not numbered["date"]:
            return replace(found, naam=path)
    column = _place(path)
    if column.rol == "niet-bds" and (number := _NUMBER_LAST.search(path)):
        # `observaties.235`: a bare number, that the values must bear out.
        column = recognise(number[1])
    if column.bdsnummer in dossier_bound() and _of_another(path, _AROUND):
        return Column(path, "niet-bds", reden=another)
    if "[]." in path and column.bdsnummer in dossier_bound() and str(column.bdsnummer) not in path:
        return Column(path, "niet-bds", reden=t("in een lijst: van wie?", "in a list: whose?"))
    return replace(column, naam=path)


#: Fields that say who a record or a row is about, and the longest text there that is looked at.
_RELATION = re.compile(
    r"(?i)((soort|type)[ _-]?)?(rol(len)?|role|relatie|relation(ship)?|betrekking|persoon|person)"
    r"([ _-]?(soort|type|rol|role|code|naam|name|omschrijving|display))?|wie|who|hoedanigheid"
)
_LONGEST = 40


def says_whose(name: str) -> bool:
    """Whether a field says who its record, or its row, is about."""
    return bool(_RELATION.fullmatch(name))


def other_in(text: str) -> str:
    """Another person than the child that the value of a field names: the word that is known, no more of the text."""
    if len(text) > _LONGEST:
        return ""
    if plain(text) in _CODES:
        return plain(text)
    words = (_OTHERS.search(w) for w in (*_tokens(text), plain(text)))
    return next((found[0] for found in words if found), "")


def _of_another(path: str, who: re.Pattern[str] = _OTHERS) -> bool:
    """Whether a place in JSON is below another person: `moeder.lengte` is no length of the child."""
    above = re.split(r"\.|(?=\[)", path)[:-1]
    # `contactPersoon` and `MoederVan` are words in two ways.
    return any(who.search(word) for part in above for word in (*_tokens(part), "".join(_tokens(part))))


def _place(path: str) -> Column:
    """What the last part of a place says; `client.id` is what `clientid` is."""
    column = recognise(_last(path))
    parts = re.split(r"(?:\[\])?\.(?!\d)", path)
    if (
        column.rol == "niet-bds"
        and len(parts) > 1
        and (two := recognise("".join(parts[-2:]))).rol in REGISTRATIES
    ):
        return two
    return column


def _last(path: str) -> str:
    """The last part of a place in JSON: `metingen[].lengteMm` → `lengteMm`."""
    return re.split(r"(?:\[\])?\.(?!\d)", path)[-1]


def role_of(path: str, mapping: Mapping[str, ColumnSetting]) -> str:
    """The role of a place in JSON, given or recognised; empty for elements and data of the sender's own."""
    from bds_tool.formats.table.profile import given

    said = {plain(name): value for name, value in mapping.items()}.get(plain(path))
    column = given(path, said) if said is not None else at(path) if _of_another(path) else _place(path)
    return column.rol if column.rol in REGISTRATIES else ""


def element_at(path: str, mapping: Mapping[str, ColumnSetting]) -> bool:
    """Whether a place in JSON is surely that of an element; a place below it that bds.toml names goes before."""
    said = {plain(name): value for name, value in mapping.items()}
    if plain(path) in said:
        return bool(said[plain(path)].element)
    below = (plain(f"{path}.{name}") for name in ("waarde", "value", "eenheid", "unit"))
    return bool(at(path).bdsnummer) and not any(name in said for name in below)
