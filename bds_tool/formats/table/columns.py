"""What the columns of a table mean: a role, an element with a unit, or data of the vendor's own."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import lru_cache

from bds_tool.base.specs import specs_dir
from bds_tool.base.table_settings import ColumnSetting
from bds_tool.base.text import t
from bds_tool.formats.table.elements import by_name, elements, plain
from bds_tool.formats.table.names import LONG, clean, position
from bds_tool.schema import Element
from bds_tool.store.columns import REGISTRATIES

#: Roles beside the columns of the store: the organisation, a time of day, parts of a date, and what is left out.
EXTRA = ("organisatie", "tijd", "jaar", "maand", "dag", "overslaan", "niet-bds")
ROLES = (*REGISTRATIES, *EXTRA)
_ONE = frozenset({*REGISTRATIES, "organisatie", "tijd", "jaar", "maand", "dag"})
_MARKS = frozenset({"bds", "element", "bdsnr", "bdselement", "bdsnummer"})
_TOKEN = re.compile(r"[^\W\d_]+|\d+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True)
class Column:
    """One column. Either `rol` or `bdsnummer` is set; `reden` says why, in words for --explain.

    `factor`: what a value is multiplied with to reach the unit of the BDS, when the header names another.
    `herhaling`: which time this element, role or date is in the row. `van`: a date that belongs to one element.
    `zwak`: the header is a bare number, so the values must bear it out. `datumkolom`: where its date stands.
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
    herhaling: int = 0
    van: int = 0
    zwak: bool = False
    datumkolom: str = ""
    waarden: Mapping[str, str] = field(default_factory=dict)
    ontbrekend: tuple[str, ...] = ()
    dubbel: bool = False  # asks for a role that another column has
    ontkend: int = 0  # the element that the header names and the values deny
    naast: bool = False  # of another table, that stands beside this one


def understand(
    names: Sequence[str], mapping: Mapping[str, ColumnSetting] | None = None, *, paths: bool = False
) -> list[Column]:
    """The meaning of each column, in order. `mapping` is `[kolommen]` of bds.toml and goes first.

    A role is given to the first column that asks for it; a second one stays the vendor's own. A date with a
    repeat, or of an element, dates the columns of that repeat or element. With `paths` the names are places in JSON
    (`metingen[].lengteMm`), of which the last part says what it is. A column may be called by its place (`kolom 7`).
    """
    from bds_tool.formats.table.families import (
        date_parts,
        lettered,
        no_lone_repeats,
        no_orphans,
        no_positions,
    )
    from bds_tool.formats.table.places import at
    from bds_tool.formats.table.profile import given

    wanted = {plain(name): value for name, value in (mapping or {}).items()}
    columns = []
    for place, name in enumerate(names, 1):
        value = wanted.get(plain(name), wanted.get(plain(position(place))))
        own = at if paths else recognise
        columns.append(given(name, value) if value is not None else own(name))
    return _dated(_once(no_positions(no_lone_repeats(no_orphans(lettered(date_parts(columns)))))))


def _once(columns: list[Column]) -> list[Column]:
    def one(c: Column) -> bool:
        return c.rol in _ONE and not c.van and not (c.rol == "datum" and c.herhaling > 1)

    # `waarde` goes before `waarde_2`, wherever it stands.
    taken = {c.rol: c for c in sorted(columns, key=lambda c: -c.herhaling) if one(c) and c.herhaling > 1}
    taken |= {c.rol: c for c in reversed(columns) if one(c) and c.herhaling <= 1}
    found = []
    for column in columns:
        if one(column) and column is not taken[column.rol]:
            reason = t("rol is al vergeven", "role is taken already")
            found.append(Column(column.naam, "niet-bds", reden=reason, dubbel=True))
            continue
        again = column.rol == "datum" or not one(column)
        found.append(column if again else replace(column, herhaling=0))
    return found


def _dated(columns: list[Column]) -> list[Column]:
    """Each element column with the date column of its own, where the table has one."""
    of_element = {(c.van, c.herhaling): c.naam for c in columns if c.rol == "datum" and c.van}
    repeated = {c.herhaling: c.naam for c in columns if c.rol == "datum" and not c.van and c.herhaling}

    def date_of(c: Column) -> str:
        if not c.bdsnummer or c.datumkolom:
            return c.datumkolom
        several = c.herhaling and len(repeated) > 1
        return of_element.get((c.bdsnummer, c.herhaling)) or (
            repeated.get(c.herhaling, "") if several else ""
        )

    found = [replace(c, datumkolom=date_of(c)) for c in columns]
    used = {c.datumkolom for c in found}
    reason = t("datum zonder kolom erbij", "date without a column to it")
    general = next((c.naam for c in found if c.rol == "datum" and not c.van and c.herhaling <= 1), "")
    return [
        Column(c.naam, "niet-bds", reden=reason)
        if c.rol == "datum" and (c.van or c.herhaling > 1) and c.naam not in used and c.naam != general
        else c
        for c in found
    ]


def recognise(name: str) -> Column:
    """What a header says by itself."""
    return _recognise(name, str(specs_dir()))


@lru_cache(maxsize=4096)
def _recognise(name: str, root: str) -> Column:
    tokens = _tokens(name)
    roles, _, _ = _headers(root)
    whole = "".join(tokens)
    if not tokens or len(tokens) > 20 or "%" in name:
        return _unknown(name)
    # Most columns of a long table are roles: the definitions are not needed to know them.
    if whole in roles:
        return Column(name, roles[whole], reden=t("kop is een bekend gegeven", "header is a known fact"))
    repeated = repeated_role(name) if "#" in name else ("", 0)
    if not repeated[0] and (found := _element(tokens)):
        return found(name, "", 0)
    rest, unit, repeat = _number_last(tokens), "", 0
    for _ in range(2):
        if len(rest) > 1 and rest[-1].isdecimal() and len(rest[-1]) <= 2 and not repeat:
            repeat = int(rest.pop())
        elif len(rest) > 1 and rest[-1] in units_by_name() and not unit:
            unit = rest.pop()
            while len(rest) > 1 and rest[-1] in {"in", "per"}:
                rest.pop()
        if repeat and "".join(rest) in roles:
            return Column(
                name,
                roles["".join(rest)],
                herhaling=repeat,
                reden=t("bekend gegeven, herhaald", "known fact, repeated"),
            )
        if unit and "".join(rest) in roles:
            # `waarde (cm)`: a known fact, in a unit that is told beside it or not at all.
            return _unknown(name)
        if (repeat or unit) and (found := _element(rest)):
            return found(name, unit, repeat)
    column = _date_of(name, tokens) or _unknown(name)
    if column.rol == "niet-bds" and tokens != (plainly := _tokens(name.lower())):
        # `bDs235`: the capitals start no words.
        return replace(_recognise(" ".join(plainly), root), naam=name)
    return column


def _number_last(tokens: Sequence[str]) -> list[str]:
    """The tokens with a number of an element that stands last put first: what is left then ends in its unit."""
    last = len(tokens) - 1
    if last < 1 or not tokens[last].isdecimal() or len(tokens[last]) not in {3, 4}:
        return list(tokens)
    if int(tokens[last]) not in elements():
        return list(tokens)
    while last and tokens[last - 1] in {*_MARKS, "nr", "nummer"}:
        last -= 1
    return [*tokens[last:], *tokens[:last]]


def _unknown(name: str) -> Column:
    return Column(name, "niet-bds", reden=t("kop niet herkend", "header not recognised"))


def _tokens(name: str) -> list[str]:
    """Words and numbers of a header, in small letters; capitals inside a word start a new one (`LengteCm`)."""
    text = clean(name)[: LONG + 1]
    if len(text) > LONG:
        return []
    text = _CAMEL.sub(" ", text)
    return [plain(token) for token in _TOKEN.findall(text.replace("kg/m2", "kgm2"))]


class _Found:
    """An element and how it was found; called with unit and repeat it becomes a column."""

    def __init__(self, number: int, reason: str, *, weak: bool = False) -> None:
        self.number, self._reason, self._weak = number, reason, weak

    def __call__(self, name: str, unit: str, repeat: int) -> Column:
        made = Column(name, "", self.number, reden=self._reason, herhaling=repeat, zwak=self._weak)
        if repeat:
            made = replace(made, reden=f"{made.reden}, {t('keer', 'time')} {repeat}")
        return with_unit(made, unit) if unit else made


def with_unit(column: Column, unit: str) -> Column:
    """The column measured in a unit; without a known factor the unit stays as it is named."""
    eenheid, bds_eenheid, factor = units_by_name().get(unit.lower(), (unit, "", Decimal(1)))
    reason = f"{column.reden}, {t('eenheid', 'unit')} {eenheid}"
    if column.bdsnummer and elements()[column.bdsnummer].eenheid == bds_eenheid:
        return replace(column, eenheid=eenheid, factor=factor, bds_eenheid=bds_eenheid, reden=reason)
    return replace(column, eenheid=eenheid, reden=reason)


def _element(tokens: Sequence[str]) -> _Found | None:
    known = elements()
    _, aliases, _ = _headers(str(specs_dir()))
    numbered = t("nummer in de kop", "number in the header")
    whole = "".join(tokens)
    if whole in aliases or whole in by_name():
        return _Found(
            aliases.get(whole) or by_name()[whole], t("naam van het element", "name of the element")
        )
    if len(tokens) == 1 and tokens[0].isdecimal() and len(tokens[0]) <= 4:
        number = int(tokens[0])
        return _Found(number, t("alleen een nummer", "a bare number"), weak=True) if number in known else None
    for at, token in enumerate(tokens):
        if not token.isdecimal() or len(token) > 4 or int(token) not in known:
            continue
        number = int(token)
        before, after = list(tokens[:at]), list(tokens[at + 1 :])
        marked = False
        while before and before[-1] in {*_MARKS, "nr", "nummer"}:
            marked |= before.pop() in _MARKS
        words = "".join(before + after)
        if any(w.isdecimal() for w in before + after):
            continue
        if not words and marked:
            return _Found(number, numbered)
        if words and (
            words == plain(known[number].naam)
            or aliases.get(words) == number
            or by_name().get(words) == number
        ):
            return _Found(number, numbered)
        # A word that is a unit says how it was measured; that is told apart by the caller.
        others = [*_bywords(), *units_by_name()]
        if marked and not (before and after) and not any(w in others for w in before + after):
            return _Found(number, numbered, weak=True)
    return None


def _date_of(name: str, tokens: Sequence[str]) -> Column | None:
    """`Lengte datum`: the date of one element, which is no date itself."""
    rest = list(tokens)
    repeat = int(rest.pop()) if len(rest) > 2 and rest[-1].isdecimal() and len(rest[-1]) <= 2 else 0
    left = [w for w in rest if _bywords().get(w) != "datum"]
    if len(left) == len(rest) or not left:
        return None
    if not repeat and len(left) > 1 and left[-1].isdecimal() and not _element(left):
        repeat = int(left.pop())
    found = _element(left)
    if found is None or elements()[found.number].datatype == "TS":
        return None
    return Column(
        name,
        "datum",
        van=found.number,
        herhaling=repeat,
        reden=t("datum van een element", "date of one element"),
    )


def repeated_role(name: str) -> tuple[str, int]:
    """The role of a header without the number behind it, and that number: `bdsnummer_2` → bdsnummer, 2; else ""."""
    tokens = _tokens(name)
    most = 4 if "#" in name else 2  # `#100` is of our own making
    last = tokens.pop() if len(tokens) > 1 and tokens[-1].isdecimal() and len(tokens[-1]) <= most else "0"
    return _headers(str(specs_dir()))[0].get("".join(tokens), ""), int(last)


def unit_of(name: str) -> str:
    """What a header names the unit of: `lengte_eenheid` → lengte; empty for other headers."""
    tokens = _tokens(name)
    words = [token for token in tokens if token not in {"eenheid", "unit", "units"}]
    return " ".join(words) if len(words) == len(tokens) - 1 else ""


def may_number(name: str) -> bool:
    """Whether a header says that its column holds codes of some kind."""
    return "".join(_tokens(name.rpartition(".")[2])) in _headers(str(specs_dir()))[2]


def suggestions(name: str, count: int = 3) -> list[Element]:
    """Elements whose name resembles a header that was not recognised, best first."""
    import difflib

    text = clean(name).lower()[:LONG]
    names = {e.naam.lower(): e for e in elements().values() if e.status == "actief"}
    words = [w for w in re.split(r"[^a-z]+", text) if len(w) > 3]
    near = difflib.get_close_matches(text, names, n=count, cutoff=0.6)
    near += [n for n in sorted(names, key=len) if any(w in n for w in words) and n not in near]
    return [names[n] for n in near[:count]]


def units() -> set[str]:
    """Units that a header can name."""
    return {unit for unit, _, _ in units_by_name().values()}


def units_by_name() -> dict[str, tuple[str, str, Decimal]]:
    """Spelling → unit, unit of the BDS and factor, from specs/tabel."""
    return _units(str(specs_dir()))


def _bywords() -> dict[str, str]:
    return _words(str(specs_dir()))


def known_header(text: str, wanted: frozenset[str] = frozenset()) -> bool:
    """Whether a cell is surely a header: a role or an element by its name, or one that bds.toml names."""
    if plain(text) in wanted:
        return True
    column = recognise(clean(text))
    return column.rol not in {"", "niet-bds"} or bool(column.bdsnummer and not column.zwak)


@lru_cache(maxsize=2)
def _headers(_root: str) -> tuple[dict[str, str], dict[str, int], frozenset[str]]:
    """Header → role, header → element, and headers of codes that may be element numbers, from specs/tabel."""
    roles, aliases, asked = {}, {}, set()
    with (specs_dir() / "tabel" / "koppen.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if row["rol"] == "bdsnummer?":
                asked.add(row["kop"])
            elif row["rol"]:
                roles[row["kop"]] = row["rol"]
            else:
                aliases[row["kop"]] = int(row["bdsnummer"])
    return roles, aliases, frozenset(asked)


@lru_cache(maxsize=2)
def _words(_root: str) -> dict[str, str]:
    with (specs_dir() / "tabel" / "bijwoorden.csv").open(encoding="utf-8", newline="") as stream:
        return {r["woord"]: r["soort"] for r in csv.DictReader(stream)}


@lru_cache(maxsize=2)
def _units(_root: str) -> dict[str, tuple[str, str, Decimal]]:
    with (specs_dir() / "tabel" / "eenheden.csv").open(encoding="utf-8", newline="") as stream:
        return {
            r["schrijfwijze"]: (r["eenheid"], r["bds_eenheid"], Decimal(r["factor"]))
            for r in csv.DictReader(stream)
        }
