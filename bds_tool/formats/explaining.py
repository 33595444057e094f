"""What a table seems to mean, for `bds convert --explain`: decisions, reasons, and a proposal for bds.toml."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bds_tool.base.errors import UnreadableError
from bds_tool.base.table_settings import TableSettings
from bds_tool.base.text import t
from bds_tool.formats.reading import Options, sources
from bds_tool.formats.sniff import sniff
from bds_tool.formats.table.columns import suggestions
from bds_tool.formats.table.plan import Plan, describe
from bds_tool.formats.table.read import explain
from bds_tool.formats.table.scan import Table
from bds_tool.store.sources import Source, Unreadable


def explain_tables(paths: Sequence[Path | str], tables: TableSettings | None = None) -> list[dict[str, Any]]:
    """One report per table: bestand, vorm, keuzes, kolommen and voorstel (lines of TOML).

    Raises UnreadableError when there is no table among the paths.
    """
    reports = []
    for source in sources(paths, Options(tables=tables or TableSettings())):
        if sniff(source.head(), source.pad) != "tabel":
            continue
        try:
            reports += [_report(source, table, made) for table, made in explain(source)]
        except Unreadable:
            continue
    if not reports:
        raise UnreadableError(
            t("Er is geen tabel om uit te leggen.", "There is no table to explain."),
            t(
                "Geef een CSV-, Parquet-, Arrow-, XLSX- of NDJSON-bestand.",
                "Give a CSV, Parquet, Arrow, XLSX or NDJSON file.",
            ),
        )
    return reports


def _report(source: Source, table: Table, made: Plan) -> dict[str, Any]:
    return {
        "bestand": source.pad + (f" · {table.blad}" if table.blad else ""),
        "vorm": t("lang: een waarde per rij", "long: a value per row")
        if made.long
        else t("breed: een kolom per element", "wide: a column per element"),
        "keuzes": _choices(table, made),
        "kolommen": [
            {
                "kolom": c.naam,
                "betekenis": describe(c),
                "bdsnummer": c.bdsnummer or None,
                "rol": c.rol or None,
                "eenheid": f"{c.eenheid} → {c.bds_eenheid}" if c.factor != 1 else c.eenheid,
                "reden": c.reden,
            }
            for c in made.columns
        ],
        "voorstel": _proposal(made),
    }


def _choices(table: Table, made: Plan) -> list[str]:
    names = {";": t("puntkomma", "semicolon"), ",": t("komma", "comma"), "\t": "tab", "|": "|"}
    found = []
    if table.delimiter:
        found.append(t(f"scheidingsteken: {names[table.delimiter]}", f"separator: {names[table.delimiter]}"))
        found.append(t(f"tekencodering: {table.encoding}", f"encoding: {table.encoding}"))
    found.append(
        t("decimaalteken: komma", "decimal mark: comma")
        if made.comma
        else t("decimaalteken: punt", "decimal mark: point")
    )
    ways = sorted({*made.datum, *made.waarde_datum})
    if ways:
        found.append(t(f"datums: {', '.join(ways)}", f"dates: {', '.join(ways)}"))
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
    return found


def _proposal(made: Plan) -> list[str]:
    """Lines for `[kolommen]`: each column that was not understood, with the elements its name resembles."""
    if not made.own:
        return []
    lines = ["[kolommen]"]
    for column in made.own:
        near = suggestions(column.naam)
        name = '"' + column.naam.replace("\\", "\\\\").replace('"', '\\"') + '"'
        others = ", ".join(f"{e.bdsnummer} {e.naam}" for e in near[1:])
        also = t(f"; of {others}", f"; or {others}") if others else ""
        if near:
            lines.append(f"{name} = {near[0].bdsnummer}  # {near[0].naam}?{also}")
        else:
            lines.append(
                f'{name} = "niet-bds"  # '
                + t("of een elementnummer, of een rol", "or an element number, or a role")
            )
    return lines
