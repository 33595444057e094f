"""Findings about a table and its rows: what was decided, and each row that is not what it should be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bds_tool.base.text import t
from bds_tool.base.vocabulary import tellable
from bds_tool.formats.table.cells import plain_text
from bds_tool.formats.table.columns import Column
from bds_tool.formats.table.names import position
from bds_tool.formats.table.notation import marks
from bds_tool.formats.table.plan import Plan
from bds_tool.formats.table.rows import children, complete, date_parts, is_blank, is_footer, keys
from bds_tool.formats.table.scan import ROW, Table
from bds_tool.formats.table.values import _DAMAGED
from bds_tool.store.sources import Sink

if TYPE_CHECKING:
    import polars as pl


def about_columns(table: Table, made: Plan, sink: Sink) -> None:
    """What holds for the table or for whole columns."""
    for remark in (*table.remarks, *made.remarks):
        parameters = dict(remark.parameters)
        if "kolom" in parameters:
            place = shown(table, str(parameters["kolom"]))
            parameters["kolom"] = place.removeprefix("kolom ")
        else:
            place = str(parameters.get("blad") or table.blad)
        sink.melding(remark.code, regel=remark.regel, pad=place or None, **parameters)  # type: ignore[arg-type]
    if table.header and table.header.titles:
        sink.melding(
            "BDS076", regel=max(table.header.lines), pad=table.blad or None, aantal=table.header.titles
        )
    for column in made.own:
        # A column without a name and without a value is no news.
        seen = made.seen.get(column.naam)
        if seen is not None and not seen.filled and column.naam.startswith("kolom "):
            continue
        code = "BDS077" if column.dubbel else "BDS013"
        unknown(
            table,
            column.naam,
            sink,
            "BDS089" if seen is not None and seen.bsn else code,
            number=column.ontkend,
        )
    if made.named("dossier_id") is None:
        sink.melding("BDS041", pad=table.blad or None)
    key = made.named("dossier_id")
    if made.bsn_key and key:
        sink.melding("BDS042", pad=shown(table, key.naam), kolom=shown(table, key.naam))
    for column in made.element_columns:
        if column.factor != 1:
            sink.melding(
                "BDS044",
                pad=shown(table, column.naam),
                bdsnummer=column.bdsnummer,
                kolom=shown(table, column.naam),
                van=column.eenheid,
                naar=column.bds_eenheid,
            )


def unknown(table: Table, name: str, sink: Sink, code: str = "BDS013", *, number: int = 0) -> None:
    """A column that is not understood, by its name or, where that may be a child's, by its place.

    `number`: the element that its header names and its values deny.
    """
    place = shown(table, name)
    told: dict[str, object] = {"kolom": place.removeprefix("kolom ")}
    if code == "BDS013":
        told["reden"] = (
            t(f": de waarden passen niet bij element {number}", f": its values do not fit element {number}")
            if number
            else ""
        )
    sink.melding(code, pad=place, **told)  # type: ignore[arg-type]


def shown(table: Table, name: str) -> str:
    """The name of a column, or its place where the name may be a child's."""
    if tellable(name) or name not in table.names:
        return name
    return position(table.names.index(name) + 1)


def about_rows(table: Table, made: Plan, sink: Sink) -> None:
    """One finding for each row with a key, date, element or number in line that cannot be used."""
    import polars as pl

    wanted = list(_problems(table, made))
    if not wanted:
        return
    flags = [e.fill_null(value=False).alias(f"p{i}") for i, (_, _, e) in enumerate(wanted)]
    frame = table.frame.filter(pl.col(ROW) < made.until) if made.until else table.frame
    found = (
        frame.with_columns(flags)
        .filter(pl.any_horizontal([f"p{i}" for i in range(len(wanted))]))
        .select(ROW, *(f"p{i}" for i in range(len(wanted))))
    )
    for batch in found.collect_batches(chunk_size=50_000, maintain_order=True):
        for row, *flagged in batch.iter_rows():
            for (code, column, _), marked in zip(wanted, flagged, strict=True):
                if marked:
                    place = shown(table, column)
                    sink.melding(
                        code, regel=int(row) + table.offset, pad=place, kolom=place.removeprefix("kolom ")
                    )


def _problems(table: Table, made: Plan) -> Iterator[tuple[str, str, pl.Expr]]:
    """Code, column and a condition for each kind of row that is told."""
    import polars as pl

    footers = pl.lit(value=False)
    key = made.named("dossier_id")
    if made.footers and made.footer_column is not None:
        footers = is_footer(made, made.footer_column).fill_null(value=False)
        yield "BDS072", made.footer_column.naam, footers
    for name, texts in made.others.items():
        yield "BDS072", name, pl.col(name).cast(pl.String).is_in(texts)
    if key is not None:
        raw = pl.col(key.naam).cast(pl.String)
        if made.keys_empty:
            bare = raw.str.strip_chars().str.to_lowercase()
            without = raw.is_null() | bare.is_in(["", *marks()])
            yield "BDS069", key.naam, without & ~is_blank(table)
        if made.keys_damaged:
            yield "BDS065", key.naam, raw.str.strip_chars().str.contains(_DAMAGED)
    contact = made.named("activiteit_id")
    if contact is not None and (seen := made.seen.get(contact.naam)) and seen.damaged:
        yield (
            "BDS065",
            contact.naam,
            pl.col(contact.naam).cast(pl.String).str.strip_chars().str.contains(_DAMAGED),
        )
    for column in made.date_columns:
        if made.bad.get(column.naam):
            yield "BDS202", column.naam, plain_text(column, made).is_in(made.bad[column.naam]) & ~footers
    if (parts := date_parts(made)) is not None:
        day, written = parts
        yield "BDS202", made.named("dag").naam, day.is_null() & written & ~footers  # type: ignore[union-attr]  # it has parts
    number = made.named("bdsnummer")
    if made.long and number is not None and made.bad.get(number.naam):
        raw = pl.col(number.naam).cast(pl.String)
        unknown = raw.is_null() | raw.str.strip_chars().is_in(made.bad[number.naam])
        yield "BDS071", number.naam, unknown & ~footers
    if made.long and number is not None and made.strays:
        yield "BDS079", number.naam, pl.col(number.naam).is_in(made.strays)
    order = made.named("volgnr")
    if order is not None and made.typed.get(order.naam) not in {"int", "float"}:
        raw = pl.col(order.naam).cast(pl.String).str.strip_chars()
        yield "BDS201", order.naam, (raw != "") & raw.cast(pl.Float64, strict=False).is_null()


def kept_texts(table: Table, made: Plan, bron: int) -> Iterator[pl.LazyFrame]:
    """Rows for the texts of dates that were not understood in a wide table, so that nothing recorded is lost."""
    import polars as pl

    if made.long:
        return
    found = keys(made, table)
    kept = {k: v for k, v in found.items() if k in {"dossier_id", "volgnr"}}
    for column in _not_understood(made):
        facts = kept | {
            "tekst": pl.lit(column.naam),
            "waarde": pl.col(column.naam),
            "pad": pl.lit(column.naam),
        }
        bad = plain_text(column, made).is_in(made.bad[column.naam])
        yield children(table, made).filter(bad).select(*complete(facts, table, bron))


def _not_understood(made: Plan) -> list[Column]:
    return [c for c in made.date_columns if made.bad.get(c.naam)]


def odd_rows(table: Table, bron: int, first: str) -> Iterator[list[tuple[object, ...]]]:
    """Rows of records that did not fit the header: every field as text of its place, under no element.

    `first` is the role of the first column: only a key there is still in its place.
    """
    from bds_tool.formats.table import names
    from bds_tool.store.columns import REGISTRATIES

    if table.odd is None:
        return
    rows: list[tuple[object, ...]] = []
    with table.odd.open(encoding="utf-8") as stream:
        for line in stream:
            number, fields = json.loads(line)
            keyed = first == "dossier_id" and fields[0].strip()
            dossier = fields[0].strip() if keyed else f"rij {number}"
            for position, field in enumerate(fields, start=1):
                if not field.strip() or (keyed and position == 1):
                    continue
                place = names.position(position)
                facts = {
                    "dossier_id": dossier, "waarde": field.strip(), "tekst": place, "bron": bron, "regel": number, "pad": place,
                }  # fmt: skip
                rows.append(tuple(facts.get(name) for name in REGISTRATIES))
            if len(rows) > 50_000:
                yield rows
                rows = []
    if rows:
        yield rows
