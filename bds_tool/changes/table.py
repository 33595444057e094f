"""A package as a workbook for the redactieraad, and an edited workbook back as a package.

Every cell is text, so codes keep their zeros and nothing is taken for a formula.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bds_tool.base.errors import UnreadableError, UsageError
from bds_tool.base.files import atomic_file
from bds_tool.base.text import t
from bds_tool.changes.package import (
    Afschaffing,
    Geraakt,
    Omrekening,
    Pakket,
    Regel,
    Rij,
    Verschil,
    Verzoek,
    Voorbeeld,
    Wijziging,
)
from bds_tool.schema.diff.changes import ChangeClass, Veld

CHANGES = (
    "soort", "sleutel", "naam", "jgz", "klasse_heen", "klasse_terug", "velden", "positie", "heen", "heen_meer",
    "terug", "terug_meer", "afschaffing_vanaf", "afschaffing_overgang", "afschaffing_toelichting", "zekerheid",
    "toelichting",
)  # fmt: skip
REQUESTS = (
    "jgz", "titel", "aanleiding", "besluit", "besluitdatum", "zekerheid", "bron", "protocollen", "zib",
    "indicatoren", "james",
)  # fmt: skip
EXAMPLES = (
    "jgz", "voorbeeld", "richting", "toelichting", "deel", "activiteit_id", "datum", "bdsnummer", "rubriek", "groep",
    "volgnr", "waarde", "eenheid", "codesysteem", "nullflavor", "tekst", "pad",
)  # fmt: skip
SHEETS = ("Pakket", "Verzoeken", "Wijzigingen", "Voorbeelden", "Regels", "Verschillen")
_WIDTHS = {"titel": 50, "naam": 40, "velden": 60, "sleutel": 28, "soort": 22, "tekst": 30, "waarde": 24}
Row = dict[str, str]


def write_table(pakket: Pakket, path: Path) -> None:
    """The package as XLSX. Needs the extra `xlsx`."""
    try:
        import xlsxwriter
    except ImportError as error:
        raise _extra() from error
    with atomic_file(path) as temporary:
        options = {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
        content = io.BytesIO()  # what xlsxwriter leaves open when a disk is full, is in memory
        book = xlsxwriter.Workbook(content, options)
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
            if count:
                sheet.autofilter(0, 0, count, len(columns) - 1)
        book.close()
        temporary.write_bytes(content.getbuffer())


def _extra() -> UsageError:
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
        for k in ("jgz", "titel", "aanleiding", "besluit", "besluitdatum", "zekerheid", "bron")
    }
    return row | {k: ", ".join(getattr(v.geraakt, k)) for k in ("protocollen", "zib", "indicatoren", "james")}


def _change_row(w: Wijziging) -> Row:
    row = {
        "soort": w.soort, "sleutel": w.sleutel, "naam": w.naam, "jgz": ", ".join(w.jgz),
        "klasse_heen": "" if w.klasse_heen is None else str(w.klasse_heen),
        "klasse_terug": "" if w.klasse_terug is None else str(w.klasse_terug),
        "velden": "\n".join(f"{v.veld}: {_quote(v.van)} → {_quote(v.naar)}" for v in w.velden),
        "positie": "" if w.positie is None else str(w.positie), "zekerheid": w.zekerheid, "toelichting": w.toelichting,
    }  # fmt: skip
    for name, o in (("heen", w.heen), ("terug", w.terug)):
        if o is not None:
            row[name] = o.doe
            more = {k: v for k, v in asdict(o).items() if k != "doe" and v not in (None, "", ())}
            row[f"{name}_meer"] = json.dumps(more, ensure_ascii=False) if more else ""
    if w.afschaffing is not None:
        row |= {f"afschaffing_{k}": v for k, v in asdict(w.afschaffing).items()}
    return row


def _quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


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


# -- back --------------------------------------------------------------------------------------------------------


def read_table(path: Path) -> Pakket:
    """The package in a workbook. Raises UnreadableError for what is no such workbook, UsageError naming the cell."""
    try:
        import fastexcel
    except ImportError as error:
        raise _extra() from error
    try:
        book = fastexcel.read_excel(str(path))
        sheets = {name: _rows(book, name) for name in SHEETS if name in book.sheet_names}
    # The library raises its own kinds, and their texts may quote cells.
    except Exception as error:
        raise UnreadableError(
            t(f"{path} is geen leesbare werkmap (XLSX).", f"{path} is not a readable workbook (XLSX)."),
            t("Maak haar opnieuw met `bds change table`.", "Make it anew with `bds change table`."),
        ) from error
    missing = [name for name in SHEETS[:3] if name not in sheets]
    if missing:
        raise UnreadableError(
            t(
                f"In {path} ontbreekt het blad {', '.join(missing)}.",
                f"{path} lacks the sheet {', '.join(missing)}.",
            ),
            t(
                "Maak de werkmap opnieuw met `bds change table`.",
                "Make the workbook anew with `bds change table`.",
            ),
        )
    return _package(sheets)


def _rows(book: Any, name: str) -> list[Row]:  # noqa: ANN401
    sheet = book.load_sheet(name, dtypes="string")
    columns = (
        [c.name for c in sheet.available_columns()]
        if callable(sheet.available_columns)
        else list(sheet.available_columns)
    )
    table = sheet.to_polars()
    rows = []
    for values in table.rows():
        row = {
            c: "" if v is None else str(v).replace("\r\n", "\n") for c, v in zip(columns, values, strict=True)
        }
        if any(row.values()):
            rows.append(row)
    return rows


def _package(sheets: dict[str, list[Row]]) -> Pakket:
    head = {r["veld"]: r["waarde"] for r in sheets["Pakket"]}
    examples = _examples(sheets.get("Voorbeelden", []))
    requests = {}
    for n, r in enumerate(sheets["Verzoeken"], start=2):
        requests[r["jgz"]] = _request(r, examples.get(r["jgz"], ()), n)
    return Pakket(
        van=head.get("van", ""), naar=head.get("naar", ""), titel=head.get("titel", ""), status=head.get("status", ""),
        datum=head.get("datum", ""), bron=tuple(x for x in head.get("bron", "").split("\n") if x),
        klasse_heen=_class(head.get("klasse_heen", ""), "Pakket", 0) or ChangeClass.GEEN,
        klasse_terug=_class(head.get("klasse_terug", ""), "Pakket", 0) or ChangeClass.GEEN,
        verzoeken=requests,
        wijzigingen=tuple(_change(r, n) for n, r in enumerate(sheets["Wijzigingen"], start=2)),
        regels=tuple(_record(Regel, r) for r in sheets.get("Regels", [])),
        verschillen=tuple(_record(Verschil, r) for r in sheets.get("Verschillen", [])),
        toelichting=head.get("toelichting", ""), modus_heen=head.get("modus_heen", ""),
        modus_terug=head.get("modus_terug", ""),
    )  # fmt: skip


def _wrong(sheet: str, row: int, column: str) -> UsageError:
    return UsageError(
        t(f"Blad {sheet}, rij {row}, kolom {column} is niet te lezen.", f"Sheet {sheet}, row {row}, column {column} cannot be read."),
        t("Vergelijk de cel met de andere rijen van die kolom.", "Compare the cell with the other rows of that column."),
    )  # fmt: skip


def _class(text: str, sheet: str, row: int) -> ChangeClass | None:
    if not text:
        return None
    try:
        return ChangeClass[text.strip().upper()]
    except KeyError as error:
        raise _wrong(sheet, row, "klasse") from error


def _parts(text: str) -> tuple[str, ...]:
    return tuple(x.strip() for x in text.split(",") if x.strip())


def _request(r: Row, examples: Iterable[Voorbeeld], row: int) -> Verzoek:
    if not r["jgz"]:
        raise _wrong("Verzoeken", row, "jgz")
    return Verzoek(
        r["jgz"], r["titel"], r["aanleiding"], r["besluit"] or "onbekend", r["zekerheid"] or "C", r["bron"],
        r["besluitdatum"], Geraakt(*(_parts(r[k]) for k in ("protocollen", "zib", "indicatoren", "james"))),
        tuple(examples),
    )  # fmt: skip


def _change(r: Row, row: int) -> Wijziging:
    note = None
    if r["afschaffing_vanaf"] or r["afschaffing_overgang"]:
        note = Afschaffing(r["afschaffing_vanaf"], r["afschaffing_overgang"], r["afschaffing_toelichting"])
    if r["positie"] and not r["positie"].isdigit():
        raise _wrong("Wijzigingen", row, "positie")
    return Wijziging(
        r["soort"], r["sleutel"], r["naam"], _velden(r["velden"], row), int(r["positie"]) if r["positie"] else None,
        _class(r["klasse_heen"], "Wijzigingen", row), _class(r["klasse_terug"], "Wijzigingen", row), _parts(r["jgz"]),
        _conversion(r["heen"], r["heen_meer"], row), _conversion(r["terug"], r["terug_meer"], row), note,
        r["zekerheid"], r["toelichting"],
    )  # fmt: skip


def _velden(text: str, row: int) -> tuple[Veld, ...]:
    found = []
    decoder = json.JSONDecoder()
    for line in text.split("\n"):
        if not line.strip():
            continue
        name, _, rest = line.partition(": ")
        try:
            old, end = decoder.raw_decode(rest)
            new, _ = decoder.raw_decode(rest[end:].lstrip(" →"))
        except ValueError as error:
            raise _wrong("Wijzigingen", row, "velden") from error
        found.append(Veld(name.strip(), str(old), str(new)))
    return tuple(found)


def _conversion(doe: str, more: str, row: int) -> Omrekening | None:
    if not doe:
        return None
    try:
        facts = json.loads(more) if more else {}
        facts["tabel"] = tuple((str(a), str(b)) for a, b in facts.get("tabel", ()))
        return Omrekening(doe, **facts)
    except (ValueError, TypeError) as error:
        raise _wrong("Wijzigingen", row, "heen_meer/terug_meer") from error


def _examples(rows: list[Row]) -> dict[str, list[Voorbeeld]]:
    groups: dict[tuple[str, str], dict[str, Any]] = {}
    for n, r in enumerate(rows, start=2):
        x = groups.setdefault(
            (r["jgz"], r["voorbeeld"]), {"richting": r["richting"], "toelichting": r["toelichting"]}
        )
        part, _, empty = r["deel"].partition(" ")
        if part not in {"voor", "na", "weerom"}:
            raise _wrong("Voorbeelden", n, "deel")
        x.setdefault(part, [])
        if not empty:
            x[part].append(_example_row(r, n))
    found: dict[str, list[Voorbeeld]] = {}
    for (jgz, _), x in groups.items():
        back = tuple(x["weerom"]) if "weerom" in x else None
        found.setdefault(jgz, []).append(
            Voorbeeld(x["richting"], tuple(x.get("voor", ())), tuple(x.get("na", ())), back, x["toelichting"])
        )
    return found


def _example_row(r: Row, row: int) -> Rij:
    result: Rij = {}
    for column in EXAMPLES[5:]:
        text = r.get(column, "")
        if not text:
            continue
        if column in {"bdsnummer", "volgnr"}:
            if not text.isdigit():
                raise _wrong("Voorbeelden", row, column)
            result[column] = int(text)
        else:
            result[column] = text
    return result


def _record(kind: type[Any], r: Row) -> Any:  # noqa: ANN401
    facts: dict[str, Any] = {}
    for name, f in kind.__dataclass_fields__.items():
        text = r.get(name, "")
        kind_text = str(f.type)
        if kind_text.startswith("tuple[int"):
            facts[name] = tuple(int(x) for x in _parts(text) if x.isdigit())
        elif kind_text.startswith("tuple"):
            facts[name] = _parts(text)
        elif kind_text == "bool":
            facts[name] = text != "nee"
        else:
            facts[name] = text
    return kind(**facts)
