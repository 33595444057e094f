"""What a table seems to mean, for `bds convert --explain`: decisions, the evidence for each, and a start for bds.toml."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

from bds_tool.base.errors import UnreadableError
from bds_tool.base.table_settings import TableSettings
from bds_tool.base.text import number, t
from bds_tool.base.vocabulary import HIDDEN, file_name, safe_parameters, tellable, told
from bds_tool.findings.catalogue import load_rules
from bds_tool.formats.reading import Options, sources
from bds_tool.formats.sniff import sniff
from bds_tool.formats.table.columns import Column, known_header, suggestions, units_by_name
from bds_tool.formats.table.elements import elements, numeric
from bds_tool.formats.table.names import position
from bds_tool.formats.table.plan import Plan, describe, fit
from bds_tool.formats.table.read import explain
from bds_tool.formats.table.scan import Table
from bds_tool.formats.table.statistics import as_csv
from bds_tool.store.sources import Source, Unreadable

#: A name that a program gave: `mm_len`, `lenMm`, with the place of a list in JSON before it.
_IDENTIFIER = re.compile(
    r"(?:[a-z]\w{0,39}(?:\[\])?\.)*(?:[a-z]+[A-Z][a-zA-Z]*\d{0,2}|(?:[A-Za-z0-9]+_)+[A-Za-z]+\d{0,3})"
)
_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
#: Part of the values that must fit before a line of the proposal is active, and how many must be there.
SURE, LEAST = 0.95, 1


class ColumnReport(TypedDict):
    """What a column is taken for, and why."""

    kolom: str
    betekenis: str
    bdsnummer: int | None
    rol: str | None
    eenheid: str
    reden: str
    bewijs: str


class TableReport(TypedDict):
    """A table: its form, the choices made, its columns, and lines of TOML to start from."""

    bestand: str
    vorm: str
    keuzes: list[str]
    kolommen: list[ColumnReport]
    voorstel: list[str]


def explain_tables(paths: Sequence[Path | str], tables: TableSettings | None = None) -> list[TableReport]:
    """One report per table: bestand, vorm, keuzes, kolommen and voorstel (lines of TOML); `niet_gelezen` says why not.

    Raises UnreadableError when there is no table among the paths.
    """
    reports: list[TableReport] = []
    for source in sources(paths, Options(tables=tables or TableSettings())):
        head = source.head()
        kind = sniff(head, source.pad) if head else ""
        if kind not in {"tabel", "statistiek"}:
            continue
        try:
            source = as_csv(source) if kind == "statistiek" else source  # noqa: PLW2901  # the same source, readable
            reports += [_report(source, table, made) for table, made in explain(source)]
        except Unreadable as error:
            reports.append(_unread(source, error.finding))
    if not reports:
        raise UnreadableError(
            t("Er is geen tabel om uit te leggen.", "There is no table to explain."),
            t(
                "Geef een CSV-, Parquet-, Arrow-, XLSX- of NDJSON-bestand.",
                "Give a CSV, Parquet, Arrow, XLSX or NDJSON file.",
            ),
        )
    return reports


def _unread(source: Source, code: str) -> TableReport:
    rule = load_rules().rules[code]
    why = f"{code}: {rule.title} {rule.remedy}"
    return {
        "bestand": file_name(source.pad), "vorm": t("niet gelezen", "not read"), "keuzes": [why], "kolommen": [], "voorstel": [],
    }  # fmt: skip


def _report(source: Source, table: Table, made: Plan) -> TableReport:
    if table.header is not None and not table.header.found:
        return _unread(source, "BDS058")
    understood = made.long or bool(made.element_columns)
    form = (
        t("lang: een waarde per rij", "long: a value per row")
        if made.long
        else t("breed: een kolom per element", "wide: a column per element")
    )
    return {
        "bestand": file_name(source.pad) + (f" · {told(table.blad)}" if table.blad else ""),
        "vorm": form if understood else t("geen element herkend", "no element recognised"),
        "keuzes": _choices(table, made),
        "kolommen": [
            {
                "kolom": c.naam if _told(c, made) else t(f"kolom {place}", f"column {place}"),
                "betekenis": describe(c),
                "bdsnummer": c.bdsnummer or None,
                "rol": c.rol or None,
                "eenheid": f"{c.eenheid} → {c.bds_eenheid}" if c.factor != 1 else c.eenheid,
                "reden": c.reden,
                "bewijs": evidence(c, made),
            }
            for place, c in enumerate(made.columns, 1)
        ],
        "voorstel": proposal(source, table, made),
    }


def evidence(column: Column, made: Plan) -> str:
    """How many of the distinct values fit, in words; of free text only that there is any."""
    seen = made.seen.get(column.naam)
    kind = made.typed.get(column.naam)
    if kind:
        words = {"date": t("datums", "dates"), "bool": t("ja/nee", "yes/no")}
        return words.get(kind, t("getallen", "numbers"))
    if seen is None:
        return ""
    if not seen.filled:
        return t("geen waarden", "no values")
    if not _judged(column):
        return t(f"{number(seen.filled)} gevuld", f"{number(seen.filled)} filled")
    total, good = fit(column, made)
    return t(
        f"{number(good)} van {number(total)} verschillende waarden passen",
        f"{number(good)} of {number(total)} distinct values fit",
    )


def _judged(column: Column) -> bool:
    e = elements().get(column.bdsnummer)
    return column.rol == "datum" or (e is not None and (e.coded or e.datatype in {"PQ", "INT", "TS", "BL"}))


#: A shorter beginning may be anything.
_CUT = 6


def _told(column: Column, made: Plan) -> bool:
    """Whether the header may be told: words that are known, or a name as programs give it with a unit or a known fact in
    it, beside columns that were understood. A name of one word can be that of a child: it goes by its place.
    """
    name = column.naam
    above, _, last = name.rpartition(".")
    if above and not tellable(above):
        return False  # in JSON a key may be whose values lie below it
    if tellable(name) or (column.bdsnummer and not column.zwak) or _cut(name.lower()):
        return True
    if len(made.own) == len(made.columns) or not _IDENTIFIER.fullmatch(name):
        return False
    return any(p.lower() in units_by_name() or known_header(p) for p in _PART.findall(last))


def _cut(name: str) -> bool:
    """Whether a word is the beginning of one in the name of an element (`hoofdomtr`), as systems cut their headers."""
    words = (w for e in elements().values() for w in e.naam.lower().split())
    return len(name) >= _CUT and name.isalpha() and any(w.startswith(name) for w in words)


def _choices(table: Table, made: Plan) -> list[str]:
    names = {";": t("puntkomma", "semicolon"), ",": t("komma", "comma"), "\t": "tab", "|": "|"}
    found = []
    if table.delimiter:
        shown = names.get(table.delimiter, table.delimiter)
        found.append(t(f"scheidingsteken: {shown}", f"separator: {shown}"))
        found.append(t(f"tekencodering: {table.encoding}", f"encoding: {table.encoding}"))
    if table.header and table.header.lines:
        lines = ", ".join(str(n) for n in table.header.lines)
        found.append(t(f"kop op regel {lines}", f"header on line {lines}"))
    comma = any(w.comma for w in made.numbers.values()) or made.settings.decimaal == ","
    found.append(
        t("decimaalteken: komma", "decimal mark: comma")
        if comma
        else t("decimaalteken: punt", "decimal mark: point")
    )
    ways = sorted({w for d in made.dates.values() for w in d.words})
    if ways:
        found.append(t(f"datums: {', '.join(ways)}", f"dates: {', '.join(ways)}"))
    if made.settings.naam:
        found.append(t(f"profiel: {made.settings.naam}", f"profile: {made.settings.naam}"))
    if made.bsn_key:
        found.append(
            t(
                "de sleutel is een BSN en wordt vervangen door een volgnummer",
                "the key is a BSN and is replaced by a sequence number",
            )
        )
    if made.named("dossier_id") is None:
        found.append(
            t(
                "er is geen sleutel: elke rij geldt als een dossier",
                "there is no key: each row counts as a dossier",
            )
        )
    rules = load_rules().rules
    told = [(r.code, r.parameters) for r in (*table.remarks, *made.remarks) if r.regel is None]
    found += [f"{code}: {rules[code].say(safe_parameters(facts))}" for code, facts in told if code in rules]
    return found


def proposal(source: Source, table: Table, made: Plan) -> list[str]:
    """A profile for bds.toml. Only what the header says and the values bear out is an active line."""
    # A pattern in place of what may not be told.
    name = file_name(Path(source.pad.rpartition("!/")[2]).name).replace(HIDDEN, "*")
    lines = ["[[tabel]]", f"naam = {_quoted(Path(name).stem or 'tabel')}", f"bestanden = [{_quoted(name)}]"]
    if table.delimiter:
        lines.append(f"scheidingsteken = {_quoted(table.delimiter)}")
        sure = table.encoding in {"utf-8", "utf-16", "utf-16-le", "utf-16-be"}
        lines.append(("" if sure else "# ") + f"codering = {_quoted(table.encoding)}")
    if table.header and table.header.lines:
        lines.append(f"kop = {list(table.header.lines)}")
    lines += _notations(made)
    lines.append("")
    lines.append("[tabel.kolommen]")
    for place, column in enumerate(made.columns, 1):
        # Where the name of a column is not shown, bds.toml may call it by its place.
        lines += _line(column, made, column.naam if _told(column, made) else position(place))
    return lines


def _notations(made: Plan) -> list[str]:
    lines = []
    orders = {d.order for d in made.dates.values() if {"dm", "dm2"} & set(d.ways)}
    if len(orders) == 1:
        unsure = any(d.unsure or d.both for d in made.dates.values())
        note = t(
            "  # niets toont of de dag of de maand vooraan staat",
            "  # nothing shows whether day or month is first",
        )
        lines.append(
            f"# datum = {_quoted(orders.pop())}{note}" if unsure else f"datum = {_quoted(orders.pop())}"
        )
    signs = {w.thousands for w in made.numbers.values() if w.thousands}
    if any(w.comma for w in made.numbers.values()):
        lines.append('decimaal = ","')
    if len(signs) == 1:
        lines.append(f"duizendtal = {_quoted(signs.pop())}")
    if any(w.unsure for w in made.numbers.values()):
        lines.append('# duizendtal = "."  # ' + t('of decimaal = "."', 'or decimaal = "."'))
    marks = sorted({m for found in made.missing.values() for m in found})
    suspects = sorted({m for found in made.suspects.values() for m in found})
    if suspects:
        note = t("komt vaak voor en kan geen waarde zijn", "occurs often and can be no value")
        every = ", ".join(_quoted(m) for m in [*marks, *suspects])
        lines.append(f"# ontbrekend = [{every}]  # {note}")
    if marks:
        lines.append(f"ontbrekend = [{', '.join(_quoted(m) for m in marks)}]")
    return lines


def _line(column: Column, made: Plan, shown: str) -> list[str]:
    """The line for one column: active where it is certain, else a comment with what it may be."""
    name = _quoted(shown)
    why = evidence(column, made)
    if column.bdsnummer:
        value = _value(column)
        certain = _certain(column, made)
        return [f"{'' if certain else '# '}{name} = {value}  # {elements()[column.bdsnummer].naam}; {why}"]
    if column.rol == "datum" and column.van:
        return [
            f"# {name}  # {t('datum van', 'date of')} {column.van}, {t('wordt vanzelf gebruikt', 'is used by itself')}"
        ]
    if column.rol not in {"", "niet-bds"}:
        certain = column.rol != "datum" or _certain(column, made)
        role = _quoted(column.rol)
        value = f"{{rol = {role}, herhaling = {column.herhaling}}}" if column.herhaling else role
        return [f"{'' if certain else '# '}{name} = {value}" + (f"  # {why}" if why else "")]
    near = suggestions(column.naam) if shown == column.naam else []
    options = ", ".join(f"{e.bdsnummer} {e.naam}" for e in near)
    hint = (
        t(f"misschien {options}", f"perhaps {options}")
        if near
        else t(
            'een elementnummer, een rol, "niet-bds" of "overslaan"',
            'an element number, a role, "niet-bds" or "overslaan"',
        )
    )
    return [f"# {name} = {near[0].bdsnummer if near else '?'}  # {hint}; {why}"]


def _value(column: Column) -> str:
    facts = [f"element = {column.bdsnummer}"]
    if column.eenheid:
        facts.append(f"eenheid = {_quoted(column.eenheid)}")
    if column.datumkolom:
        facts.append(f"datumkolom = {_quoted(column.datumkolom)}")
    if column.herhaling:
        facts.append(f"herhaling = {column.herhaling}")
    return str(column.bdsnummer) if len(facts) == 1 else "{" + ", ".join(facts) + "}"


def _certain(column: Column, made: Plan) -> bool:
    """The header says it and enough values bear it out."""
    due = elements()[column.bdsnummer].eenheid if column.bdsnummer else ""
    if column.eenheid and due not in {column.eenheid, column.bds_eenheid}:
        return False
    if made.typed.get(column.naam):
        return not column.zwak
    total, good = fit(column, made)
    seen = made.seen.get(column.naam)
    if not _judged(column):
        return not column.zwak and bool(seen and seen.filled)
    ways = made.numbers.get(column.naam)
    if column.bdsnummer in numeric() and ways is not None and ways.unsure:
        return False
    return total >= LEAST and good >= SURE * total


def _quoted(text: str) -> str:
    """A TOML string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
