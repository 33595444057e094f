"""A package as a workbook for the redactieraad; `table_read` makes a package of an edited one.

Every cell is text, so codes keep their zeros and nothing is taken for a formula.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

from bds_tool.base import clock
from bds_tool.base.errors import UsageError
from bds_tool.base.files import atomic_file
from bds_tool.base.text import t
from bds_tool.changes.package import (
    ACTIONS,
    Pakket,
    Regel,
    Verschil,
    Verzoek,
    Wijziging,
)
from bds_tool.changes.table_parts import CARRIED, part_rows

#: What a conversion says besides what it does, a column each.
PARTS = ("element", "tabel", "anders", "factor", "verlies", "voorwaarde", "toelichting")
CHANGES = (
    "soort", "sleutel", "naam", "jgz", "klasse_heen", "klasse_terug", "velden", "positie", "heen",
    *(f"heen_{x}" for x in PARTS), "terug", *(f"terug_{x}" for x in PARTS), "afschaffing_vanaf",
    "afschaffing_overgang", "afschaffing_opvolger", "afschaffing_toelichting", "zekerheid", "toelichting",
)  # fmt: skip
REQUESTS = (
    "jgz", "titel", "aanleiding", "besluit", "besluitdatum", "zekerheid", "bron", "protocollen", "zib",
    "indicatoren", "james", "eigenaar", "prioriteit", "titel_en", "aanleiding_en",
)  # fmt: skip
EXAMPLES = (
    "jgz", "voorbeeld", "richting", "toelichting", "deel", "activiteit_id", "datum", "bdsnummer", "rubriek", "groep",
    "volgnr", "waarde", "eenheid", "codesysteem", "nullflavor", "tekst", "pad",
)  # fmt: skip
SHEETS = ("Pakket", "Verzoeken", "Wijzigingen", "Voorbeelden", "Regels", "Verschillen", "Mee")
_WIDTHS = {"titel": 50, "naam": 40, "velden": 60, "sleutel": 28, "soort": 22, "tekst": 30, "waarde": 24}
_CLASSES = ("geen", "patch", "minor", "major")
#: Columns that take one of few words: a cell of them offers those.
_CHOICES = {
    "klasse_heen": _CLASSES, "klasse_terug": _CLASSES, "heen": ACTIONS, "terug": ACTIONS,
    "heen_anders": ("behoud", "beschut", "naar-tekst", "vervalt", "geen"),
    "terug_anders": ("behoud", "beschut", "naar-tekst", "vervalt", "geen"),
    "prioriteit": ("hoog", "midden", "laag"), "besluit": ("ingediend", "geadviseerd", "geaccordeerd", "afgewezen", "onbekend"), "zekerheid": ("A", "B", "C"),
    "richting": ("heen", "terug"), "deel": ("voor", "voor (leeg)", "na", "na (leeg)", "weerom", "weerom (leeg)"),
}  # fmt: skip
Row = dict[str, str]


def write_table(pakket: Pakket, path: Path) -> None:
    """The package as XLSX. Needs the extra `xlsx`."""
    try:
        import xlsxwriter
    except ImportError as error:
        raise needs_extra() from error
    with atomic_file(path) as temporary:
        options = {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
        content = io.BytesIO()  # what xlsxwriter leaves open when a disk is full, is in memory
        book = xlsxwriter.Workbook(content, options)
        book.set_properties(clock.properties())
        head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        body = book.add_format({"text_wrap": True, "valign": "top"})
        for name, columns, rows in _sheets(pakket):
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 0)
            for i, column in enumerate(columns):
                sheet.write_string(0, i, column, head)
                sheet.set_column(i, i, _WIDTHS.get(column, 16))
            count = 0
            for row in rows:
                count += 1
                for i, column in enumerate(columns):
                    text = row.get(column, "")
                    if text:
                        sheet.write_string(count, i, text, body)
            for i, column in enumerate(columns):
                if column in _CHOICES:
                    # A person may add rows below.
                    sheet.data_validation(
                        1, i, count + 200, i, {"validate": "list", "source": list(_CHOICES[column])}
                    )
            if count:
                sheet.autofilter(0, 0, count, len(columns) - 1)
        book.close()
        temporary.write_bytes(content.getbuffer())


def needs_extra() -> UsageError:
    """What to say where the extra for workbooks is not installed."""
    return UsageError(
        t("Voor XLSX is een extra pakket nodig.", "XLSX needs an extra package."),
        t('Installeer met: pip install "bds-tool[xlsx]".', 'Install with: pip install "bds-tool[xlsx]".'),
    )


def _sheets(p: Pakket) -> Iterator[tuple[str, tuple[str, ...], Iterable[Row]]]:
    yield "Pakket", ("veld", "waarde"), _head(p)
    yield "Verzoeken", REQUESTS, map(_request_row, p.verzoeken.values())
    yield "Wijzigingen", CHANGES, map(_change_row, p.wijzigingen)
    yield "Voorbeelden", EXAMPLES, _example_rows(p)
    for name, records, kind in (("Regels", p.regels, Regel), ("Verschillen", p.verschillen, Verschil)):
        columns = tuple(kind.__dataclass_fields__)
        yield name, columns, [{k: _cell(v) for k, v in asdict(r).items()} for r in records]
    yield "Mee", CARRIED, part_rows(p)


def _cell(value: object) -> str:
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return "ja" if value else "nee"
    return "" if value is None else str(value)


def _head(p: Pakket) -> list[Row]:
    facts = {
        "van": p.van, "naar": p.naar, "titel": p.titel, "status": p.status, "datum": p.datum,
        "bron": "\n".join(p.bron), "klasse_heen": str(p.klasse_heen), "klasse_terug": str(p.klasse_terug),
        "toelichting": p.toelichting, "modus_heen": p.modus_heen, "modus_terug": p.modus_terug,
    }  # fmt: skip
    return [{"veld": k, "waarde": v} for k, v in facts.items()]


def _request_row(v: Verzoek) -> Row:
    row = {
        k: getattr(v, k)
        for k in (
            "jgz",
            "titel",
            "aanleiding",
            "besluit",
            "besluitdatum",
            "zekerheid",
            "bron",
            "eigenaar",
            "prioriteit",
            "titel_en",
            "aanleiding_en",
        )
    }
    return row | {k: ", ".join(getattr(v.geraakt, k)) for k in ("protocollen", "zib", "indicatoren", "james")}


def _change_row(w: Wijziging) -> Row:
    row = {
        "soort": w.soort, "sleutel": w.sleutel, "naam": w.naam, "jgz": ", ".join(w.jgz),
        "klasse_heen": "" if w.klasse_heen is None else str(w.klasse_heen),
        "klasse_terug": "" if w.klasse_terug is None else str(w.klasse_terug),
        "velden": "\n".join(f"{v.veld}: {_shown(v.van)} → {_shown(v.naar)}" for v in w.velden),
        "positie": "" if w.positie is None else str(w.positie), "zekerheid": w.zekerheid, "toelichting": w.toelichting,
    }  # fmt: skip
    for name, o in (("heen", w.heen), ("terug", w.terug)):
        if o is not None:
            row[name] = o.doe
            row |= {f"{name}_{x}": _cell(getattr(o, x)) for x in PARTS if x != "tabel"}
            row[f"{name}_tabel"] = "\n".join(f"{_shown(a)} → {_shown(b)}" for a, b in o.tabel)
    if w.afschaffing is not None:
        row |= {f"afschaffing_{k}": _cell(v) for k, v in asdict(w.afschaffing).items()}
    return row


def _shown(text: str) -> str:
    """A value in a cell with several: as it is, `—` for nothing, quoted where its signs would be read otherwise."""
    if not text:
        return "—"
    plain = text == text.strip() and not re.search(r"→|\n|^—$|^[\"“”„]", text)
    return text if plain else json.dumps(text, ensure_ascii=False)


def _example_rows(p: Pakket) -> Iterator[Row]:
    for v in p.verzoeken.values():
        for n, x in enumerate(v.voorbeelden, start=1):
            head = {"jgz": v.jgz, "voorbeeld": str(n), "richting": x.richting, "toelichting": x.toelichting}
            for part, rows in (("voor", x.voor), ("na", x.na), ("weerom", x.weerom)):
                if rows is None:
                    continue
                if not rows:
                    # An empty part is something else than no part.
                    yield head | {"deel": f"{part} (leeg)"}
                for row in rows:
                    yield head | {"deel": part} | {k: str(val) for k, val in row.items() if val is not None}
