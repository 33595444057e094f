"""An edited workbook back as a package: as people type, with all that cannot be read told at once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from bds_tool.base.errors import UnreadableError, UsageError
from bds_tool.base.text import t
from bds_tool.changes.package import (
    ACTIONS,
    Afschaffing,
    Deel,
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
from bds_tool.changes.table import CHANGES, EXAMPLES, PARTS, REQUESTS, SHEETS, Row
from bds_tool.changes.table_parts import CARRIED, read_parts
from bds_tool.formats.table import plain
from bds_tool.schema.diff.changes import ChangeClass, Veld

_DATES = frozenset({"datum", "besluitdatum"})
#: So many wrong cells are told; who has more begins with these.
_TOLD = 20
#: Before and after.
_ENDS = 2


class _Faults(list[tuple[str, int, str]]):
    """Cells that cannot be read: (sheet, row, column)."""

    def told(self) -> UsageError:
        """All of them at once."""
        listed = list(dict.fromkeys(self))
        places = "; ".join(
            t(f"blad {s}, rij {r}, kolom {c}", f"sheet {s}, row {r}, column {c}")
            for s, r, c in listed[:_TOLD]
        )
        more = (
            t(f" en {len(listed) - _TOLD} meer", f" and {len(listed) - _TOLD} more")
            if len(listed) > _TOLD
            else ""
        )
        return UsageError(
            t(f"Niet te lezen: {places}{more}.", f"Cannot be read: {places}{more}."),
            t(
                "Vergelijk de cellen met de andere rijen van die kolom.",
                "Compare the cells with the other rows of that column.",
            ),
        )


def read_table(path: Path) -> Pakket:
    """The package in a workbook. Raises UnreadableError for what is no such workbook, UsageError naming all wrong cells."""
    return read_workbook(path)[0]


def read_workbook(path: Path) -> tuple[Pakket, list[str]]:
    """The package, and the columns (`Verzoeken: besproken`) that are no part of one and were left out."""
    remedy = t("Maak haar opnieuw met `bds change table`.", "Make it anew with `bds change table`.")
    with plain.readable(path, remedy):
        found = {_plain(name): rows for name, rows in plain.sheets(path).items()}
    sheets = {name: _rows(found[_plain(name)]) for name in SHEETS if _plain(name) in found}
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
    faults = _Faults()
    extra = [f"{name}: {column}" for name, rows in sheets.items() for column in _unknown(name, rows)]
    lacking = [
        (name, c)
        for name, columns in _COLUMNS.items()
        if sheets.get(name)
        for c in columns[:1]
        if c not in sheets[name][0]
    ]
    faults += [(name, 1, column) for name, column in lacking]
    if faults:
        raise faults.told()
    pakket = _package(sheets, faults)
    if faults:
        raise faults.told()
    return pakket, extra


def _plain(header: str) -> str:
    """A header or name of a sheet as people may type it: capitals, spaces and hyphens do not count."""
    return re.sub(r"[\s_-]+", "_", header.strip().casefold())


_COLUMNS: dict[str, tuple[str, ...]] = {
    "Pakket": ("veld", "waarde"), "Verzoeken": REQUESTS, "Wijzigingen": CHANGES, "Voorbeelden": EXAMPLES,
    "Regels": tuple(Regel.__dataclass_fields__), "Verschillen": tuple(Verschil.__dataclass_fields__),
    "Mee": CARRIED,
}  # fmt: skip


def _unknown(name: str, rows: list[Row]) -> list[str]:
    return [c for c in (rows[0] if rows else ()) if c and c not in _COLUMNS[name]]


def _rows(table: list[list[str]]) -> list[Row]:
    """The rows below the first, by its columns; those at the end that hold nothing left out."""
    columns = [_plain(c) for c in table[0]] if table else []
    rows = [{c: _text(c, row[n] if n < len(row) else "") for n, c in enumerate(columns)} for row in table[1:]]
    while rows and not any(rows[-1].values()):
        rows.pop()
    return rows


def _text(column: str, value: str) -> str:
    """A cell as text; what a spreadsheet made a date of, or people wrote as one, is a date again."""
    value = value.replace("\r\n", "\n").strip()
    midnight = re.fullmatch(r"(\d{4}-\d{2}-\d{2})[ T]00:00(:00(\.0+)?)?", value)
    if midnight:
        return midnight[1]
    written = re.fullmatch(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})", value)
    if written and column in _DATES:
        return f"{written[3]}-{int(written[2]):02d}-{int(written[1]):02d}"
    return value


def _package(sheets: dict[str, list[Row]], faults: _Faults) -> Pakket:
    head = {_plain(r["veld"]): _text(_plain(r["veld"]), r.get("waarde", "")) for r in sheets["Pakket"]}
    examples = _examples(sheets.get("Voorbeelden", []), faults)
    carried = read_parts(sheets.get("Mee", []))
    requests = {}
    for n, r in enumerate(sheets["Verzoeken"], start=2):
        if any(r.values()):
            requests[r["jgz"]] = _request(r, examples.get(r["jgz"], ()), n, faults, carried.get(r["jgz"], ()))
    return Pakket(
        van=head.get("van", ""), naar=head.get("naar", ""), titel=head.get("titel", ""), status=head.get("status", ""),
        datum=head.get("datum", ""), bron=tuple(x for x in head.get("bron", "").split("\n") if x),
        klasse_heen=_class(head.get("klasse_heen", ""), "Pakket", 0, faults) or ChangeClass.GEEN,
        klasse_terug=_class(head.get("klasse_terug", ""), "Pakket", 0, faults) or ChangeClass.GEEN,
        verzoeken=requests,
        wijzigingen=tuple(_change(r, n, faults) for n, r in enumerate(sheets["Wijzigingen"], start=2) if any(r.values())),
        regels=tuple(_record(Regel, r) for r in sheets.get("Regels", []) if any(r.values())),
        verschillen=tuple(_record(Verschil, r) for r in sheets.get("Verschillen", []) if any(r.values())),
        toelichting=head.get("toelichting", ""), modus_heen=head.get("modus_heen", ""),
        modus_terug=head.get("modus_terug", ""),
    )  # fmt: skip


def _class(text: str, sheet: str, row: int, faults: _Faults) -> ChangeClass | None:
    if not text:
        return None
    try:
        return ChangeClass[text.strip().upper()]
    except KeyError:
        faults.append((sheet, row, "klasse"))
        return None


def _parts(text: str) -> tuple[str, ...]:
    return tuple(x.strip() for x in text.split(",") if x.strip())


def _request(
    r: Row, examples: Iterable[Voorbeeld], row: int, faults: _Faults, mee: tuple[Deel, ...]
) -> Verzoek:
    if not r["jgz"]:
        faults.append(("Verzoeken", row, "jgz"))
    g = {k: r.get(k, "") for k in REQUESTS}
    return Verzoek(
        g["jgz"], g["titel"], g["aanleiding"], g["besluit"] or "onbekend", g["zekerheid"] or "C", g["bron"],
        g["besluitdatum"], Geraakt(*(_parts(g[k]) for k in ("protocollen", "zib", "indicatoren", "james"))),
        tuple(examples), g["eigenaar"], g["prioriteit"], g["titel_en"], g["aanleiding_en"], mee,
    )  # fmt: skip


def _change(given: Row, row: int, faults: _Faults) -> Wijziging:
    r = {k: given.get(k, "") for k in CHANGES}

    def wrong(column: str) -> None:
        faults.append(("Wijzigingen", row, column))

    note = None
    if r["afschaffing_vanaf"] or r["afschaffing_overgang"]:
        heirs = _parts(r["afschaffing_opvolger"])
        if not all(x.isdecimal() for x in heirs):
            wrong("afschaffing_opvolger")
        note = Afschaffing(r["afschaffing_vanaf"], r["afschaffing_overgang"], r["afschaffing_toelichting"],
                           tuple(int(x) for x in heirs if x.isdecimal()))  # fmt: skip
    if r["positie"] and not r["positie"].isdecimal():
        wrong("positie")
    if not re.fullmatch(r"[a-z]+-[a-z-]+", r["soort"]):
        wrong("soort")
    if not r["sleutel"]:
        wrong("sleutel")
    try:
        velden = tuple(_velden(r["velden"]))
    except ValueError:
        velden = ()
        wrong("velden")
    return Wijziging(
        r["soort"], r["sleutel"], r["naam"], velden, int(r["positie"]) if r["positie"].isdecimal() else None,
        _class(r["klasse_heen"], "Wijzigingen", row, faults), _class(r["klasse_terug"], "Wijzigingen", row, faults),
        _parts(r["jgz"]), _conversion(r, "heen", wrong), _conversion(r, "terug", wrong), note, r["zekerheid"],
        r["toelichting"],
    )  # fmt: skip


def _velden(text: str) -> Iterator[Veld]:
    """Lines `column: before → after`. Raises ValueError."""
    for line in text.split("\n"):
        if line.strip():
            name, colon, rest = line.partition(":")
            old, new = _pair(rest)
            if not colon or not name.strip():
                raise ValueError(line)
            yield Veld(name.strip(), old, new)


def _pair(text: str) -> tuple[str, str]:
    """`before → after`; people also write `->`. Raises ValueError."""
    parts = re.split(r"\s(?:→|->|=>)(?:\s|$)", f" {text.strip()} ")
    if len(parts) != _ENDS:
        raise ValueError(text)
    return _unshown(parts[0]), _unshown(parts[1])


def _conversion(r: Row, name: str, wrong: Callable[[str], None]) -> Omrekening | None:
    doe = r[name].strip().casefold()
    if not doe:
        return None
    if doe not in ACTIONS:
        wrong(name)
    part = {x: r[f"{name}_{x}"] for x in PARTS}
    if part["element"] and not part["element"].isdecimal():
        wrong(f"{name}_element")
    try:
        tabel = tuple(_pair(line) for line in part["tabel"].split("\n") if line.strip())
    except ValueError:
        tabel = ()
        wrong(f"{name}_tabel")
    return Omrekening(
        doe, int(part["element"]) if part["element"].isdecimal() else None, tabel, part["anders"], part["factor"],
        part["verlies"], part["voorwaarde"], part["toelichting"],
    )  # fmt: skip


def _examples(rows: list[Row], faults: _Faults) -> dict[str, list[Voorbeeld]]:
    groups: dict[tuple[str, str], dict[str, Any]] = {}
    for n, r in enumerate(rows, start=2):
        if not any(r.values()):
            continue
        g = {k: r.get(k, "") for k in EXAMPLES}
        x = groups.setdefault(
            (g["jgz"], g["voorbeeld"]), {"richting": g["richting"], "toelichting": g["toelichting"]}
        )
        part, _, empty = g["deel"].partition(" ")
        if part not in {"voor", "na", "weerom"}:
            faults.append(("Voorbeelden", n, "deel"))
            continue
        x.setdefault(part, [])
        if not empty:
            x[part].append(_example_row(g, n, faults))
    found: dict[str, list[Voorbeeld]] = {}
    for (jgz, _), x in groups.items():
        back = tuple(x["weerom"]) if "weerom" in x else None
        found.setdefault(jgz, []).append(
            Voorbeeld(x["richting"], tuple(x.get("voor", ())), tuple(x.get("na", ())), back, x["toelichting"])
        )
    return found


def _example_row(r: Row, row: int, faults: _Faults) -> Rij:
    result: Rij = {}
    for column in EXAMPLES[5:]:
        text = r[column]
        if not text:
            continue
        if column not in {"bdsnummer", "volgnr"}:
            result[column] = text
        elif text.isdecimal():
            result[column] = int(text)
        else:
            faults.append(("Voorbeelden", row, column))
    return result


def _record(kind: type[Any], r: Row) -> Any:  # noqa: ANN401
    facts: dict[str, object] = {}
    for name, f in kind.__dataclass_fields__.items():
        text = r.get(name, "")
        kind_text = str(f.type)
        if kind_text.startswith("tuple[int"):
            facts[name] = tuple(int(x) for x in _parts(text) if x.isdecimal())
        elif kind_text.startswith("tuple"):
            facts[name] = _parts(text)
        elif kind_text == "bool":
            facts[name] = text != "nee"
        else:
            facts[name] = text
    return kind(**facts)


def _unshown(text: str) -> str:
    """The value that `_shown` wrote, also when a spreadsheet made its quotes curly. Raises ValueError."""
    text = text.strip()
    if text in {"—", "-", "–"}:
        return ""
    if text[:1] in {'"', "“", "”", "„"}:
        return str(json.loads(f'"{text[1:-1]}"'))
    return text
