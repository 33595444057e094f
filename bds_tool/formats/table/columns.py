"""What the columns of a table mean: a role, an element with a unit, or data of the vendor's own."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from bds_tool.base.errors import UsageError
from bds_tool.base.specs import specs_dir
from bds_tool.base.table_settings import ColumnSetting
from bds_tool.base.text import t
from bds_tool.schema import Element, load, newest, versions
from bds_tool.store.columns import REGISTRATIES

ROLES = (*REGISTRATIES, "overslaan", "niet-bds")

_NUMBER = re.compile(r"(?:bds|element)?[ _.\-]*(\d{1,4})")
_BRACKETED = re.compile(r"[(\[](?:bds|element)?[ _.\-]*(?:nr\.?)?[ _.\-]*(\d{1,4})[)\]]")
_BEFORE = re.compile(r"(?:bds)?[ _.\-]*(\d{1,4})[ _.\-:]+(\D.*)")
_AFTER = re.compile(r"(\D.*?)[ _.\-]+(bds)?[ _.\-]*(\d{1,4})")
_UNIT = re.compile(r"(.+?)[ _\-]*[(\[ _\-]([a-z]+)[)\]]?")


@dataclass(frozen=True)
class Column:
    """One column. Either `rol` or `bdsnummer` is set; `reden` says why, in words for --explain.

    `factor`: what a value is multiplied with to reach the unit of the BDS, when the header names another.
    """

    naam: str
    rol: str = ""
    bdsnummer: int = 0
    eenheid: str = ""
    factor: Decimal = Decimal(1)
    bds_eenheid: str = ""
    datum: str = ""
    rubriek: str = ""
    reden: str = ""


def understand(
    names: Sequence[str], mapping: Mapping[str, ColumnSetting] | None = None, *, paths: bool = False
) -> list[Column]:
    """The meaning of each column, in order. `mapping` is `[kolommen]` of bds.toml and goes first.

    With `paths` the names are places in JSON (`metingen[].lengteMm`), of which the last part says what it is.

    A role is given to the first column that asks for it; a second one stays the vendor's own.
    """
    wanted = {_plain(name): value for name, value in (mapping or {}).items()}
    columns = []
    taken: set[str] = set()
    for name in names:
        given = wanted.get(_plain(name))
        column = _given(name, given) if given is not None else _at(name) if paths else recognise(name)
        if column.rol in REGISTRATIES:
            if column.rol in taken:
                column = Column(name, "niet-bds", reden=t("rol is al vergeven", "role is taken already"))
            taken.add(column.rol)
        columns.append(column)
    return columns


def recognise(name: str) -> Column:
    """What a header says by itself."""
    text = name.strip().lower()
    roles, listed = _headers(str(specs_dir()))
    # Most columns of a long table are roles: the definitions are not needed to know them.
    if _plain(text) in roles:
        return Column(
            name, rol=roles[_plain(text)], reden=t("kop is een bekend gegeven", "header is a known fact")
        )
    aliases = _names(str(specs_dir())) | listed
    unit = _UNIT.fullmatch(text)
    spelled = _units(str(specs_dir()))
    if unit and unit[2] in spelled and (found := _element(unit[1], aliases)):
        eenheid, bds_eenheid, factor = spelled[unit[2]]
        reason = f"{found[1]}, {t('eenheid', 'unit')} {eenheid}"
        if elements()[found[0]].eenheid == bds_eenheid:
            return Column(name, "", found[0], eenheid, factor, bds_eenheid, reden=reason)
        return Column(name, "", found[0], eenheid, reden=reason)
    if found := _element(text, aliases):
        return Column(name, bdsnummer=found[0], reden=found[1])
    return Column(name, "niet-bds", reden=t("kop niet herkend", "header not recognised"))


def _at(path: str) -> Column:
    """What a place in JSON says by itself. In a list below a record a bare name such as `geboortedatum` can be about
    another person, so there an element of the dossier counts only by its number.
    """
    from dataclasses import replace

    column = recognise(_last(path))
    if "[]." in path and column.bdsnummer in dossier_bound() and str(column.bdsnummer) not in path:
        return Column(path, "niet-bds", reden=t("in een lijst: van wie?", "in a list: whose?"))
    return replace(column, naam=path)


def _last(path: str) -> str:
    """The last part of a place in JSON, with its words apart: `metingen[].lengteMm` → `lengte Mm`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", re.split(r"(?:\[\])?\.(?!\d)", path)[-1])


def role_of(path: str, mapping: Mapping[str, ColumnSetting]) -> str:
    """The role of a place in JSON, given or recognised; empty for elements and data of the sender's own."""
    given = {_plain(name): value for name, value in mapping.items()}.get(_plain(path))
    column = _given(path, given) if given is not None else recognise(_last(path))
    return column.rol if column.rol in REGISTRATIES else ""


def suggestions(name: str, count: int = 3) -> list[Element]:
    """Elements whose name resembles a header that was not recognised, best first."""
    import difflib

    by_name = {e.naam.lower(): e for e in elements().values() if e.status == "actief"}
    words = [w for w in re.split(r"[^a-z]+", name.lower()) if len(w) > 3]
    near = difflib.get_close_matches(name.lower(), by_name, n=count, cutoff=0.6)
    near += [n for n in sorted(by_name, key=len) if any(w in n for w in words) and n not in near]
    return [by_name[n] for n in near[:count]]


@lru_cache(maxsize=2)
def _elements(_root: str) -> dict[int, Element]:
    found: dict[int, Element] = {}
    for version in versions():
        found |= load(version).elementen
    return found


def elements() -> dict[int, Element]:
    """Every element of any version, as the newest version that has it describes it."""
    return _elements(str(specs_dir()))


def dossier_bound() -> set[int]:
    """Elements of rubrieken that belong to the dossier and not to a contact."""
    latest = load(newest())
    bound = {r for r, rubriek in latest.rubrieken.items() if rubriek.binding == "dossiergebonden"}
    return {n for n, e in elements().items() if e.rubriek in bound}


def numeric() -> set[int]:
    """Elements whose value is a number."""
    return {n for n, e in elements().items() if e.datatype in {"PQ", "INT"}}


def dates() -> set[int]:
    """Elements whose value is a point in time."""
    return {n for n, e in elements().items() if e.datatype == "TS"}


def units() -> set[str]:
    """Units that a header can name."""
    return {unit for unit, _, _ in _units(str(specs_dir())).values()}


def _element(text: str, aliases: dict[str, int]) -> tuple[int, str] | None:
    known = elements()
    text = text.strip()
    match = _NUMBER.fullmatch(text) or _BRACKETED.search(text)
    if match and int(match[1]) in known:
        return int(match[1]), t("nummer in de kop", "number in the header")
    for pattern, number_at, name_at in ((_BEFORE, 1, 2), (_AFTER, 3, 1)):
        match = pattern.fullmatch(text)
        if match and int(match[number_at]) in known:
            number = int(match[number_at])
            marked = text.startswith("bds") or "bds" in match.group(0).split(match[name_at])[-1]
            if marked or _plain(match[name_at]) == _plain(known[number].naam):
                return number, t("nummer in de kop", "number in the header")
    plain = _plain(text)
    if plain in aliases:
        return aliases[plain], t("naam van het element", "name of the element")
    return None


def _given(name: str, given: ColumnSetting) -> Column:
    """A column as bds.toml describes it: element number, role, or a table with both and more."""
    number, rol = given.element, given.rol
    if number and number not in elements():
        raise UsageError(
            t(
                f"bds.toml, kolom {name}: element {number} bestaat in geen BDS-versie.",
                f"bds.toml, column {name}: element {number} exists in no BDS version.",
            ),
            t("Zoek het nummer op met `bds spec search`.", "Look the number up with `bds spec search`."),
        )
    if not number and rol not in ROLES:
        raise UsageError(
            t(
                f"bds.toml, kolom {name}: {rol or '?'} is geen rol.",
                f"bds.toml, column {name}: {rol or '?'} is no role.",
            ),
            t(
                f"Kies een elementnummer of uit: {', '.join(ROLES)}.",
                f"Choose an element number or one of: {', '.join(ROLES)}.",
            ),
        )
    if given.rubriek and given.rubriek not in rubrieken():
        raise UsageError(
            t(
                f"bds.toml, kolom {name}: rubriek {given.rubriek} bestaat in geen BDS-versie.",
                f"bds.toml, column {name}: rubriek {given.rubriek} exists in no BDS version.",
            ),
            t("`bds spec list rubrieken` toont ze alle.", "`bds spec list rubrieken` shows them all."),
        )
    eenheid, bds_eenheid, factor = _unit(name, given) if given.eenheid else ("", "", Decimal(1))
    return Column(
        name,
        "" if number else rol,
        number,
        eenheid,
        factor,
        bds_eenheid,
        given.datum,
        given.rubriek,
        "bds.toml",
    )


def _unit(name: str, given: ColumnSetting) -> tuple[str, str, Decimal]:
    """Unit, unit of the BDS and factor. Raises UsageError for a unit that the element cannot have."""
    due = elements()[given.element].eenheid if given.element else ""
    spelled = _units(str(specs_dir()))
    chosen = spelled.get(given.eenheid.lower(), (given.eenheid, given.eenheid, Decimal(1)))
    if due and chosen[1] == due:
        return chosen
    able = sorted({unit for unit, bds, _ in spelled.values() if bds == due} | ({due} if due else set()))
    raise UsageError(
        t(
            f"bds.toml, kolom {name}: {given.eenheid} is geen eenheid voor "
            f"{f'element {given.element}' if given.element else given.rol}.",
            f"bds.toml, column {name}: {given.eenheid} is no unit for "
            f"{f'element {given.element}' if given.element else given.rol}.",
        ),
        t(f"Kies uit: {', '.join(able)}.", f"Choose one of: {', '.join(able)}.")
        if able
        else t("Laat eenheid hier weg.", "Leave eenheid out here."),
    )


@lru_cache(maxsize=2)
def _rubrieken(_root: str) -> frozenset[str]:
    return frozenset(r for version in versions() for r in load(version).rubrieken)


def rubrieken() -> frozenset[str]:
    """Numbers of the rubrieken of any version."""
    return _rubrieken(str(specs_dir()))


@lru_cache(maxsize=2)
def _names(root: str) -> dict[str, int]:
    """Names that only one element has."""
    names = Counter(_plain(e.naam) for e in _elements(root).values())
    return {p: n for n, e in _elements(root).items() if names[p := _plain(e.naam)] == 1}


@lru_cache(maxsize=2)
def _headers(_root: str) -> tuple[dict[str, str], dict[str, int]]:
    """Header → role, and header → element, from specs/tabel."""
    roles, aliases = {}, {}
    with (specs_dir() / "tabel" / "koppen.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if row["rol"]:
                roles[row["kop"]] = row["rol"]
            else:
                aliases[row["kop"]] = int(row["bdsnummer"])
    return roles, aliases


@lru_cache(maxsize=2)
def _units(_root: str) -> dict[str, tuple[str, str, Decimal]]:
    with (specs_dir() / "tabel" / "eenheden.csv").open(encoding="utf-8", newline="") as stream:
        return {
            r["schrijfwijze"]: (r["eenheid"], r["bds_eenheid"], Decimal(r["factor"]))
            for r in csv.DictReader(stream)
        }


def _plain(text: str) -> str:
    """Letters and digits only, lower case, without accents."""
    decomposed = unicodedata.normalize("NFKD", text.lower())
    return "".join(c for c in decomposed if c.isalnum() and not unicodedata.combining(c))
