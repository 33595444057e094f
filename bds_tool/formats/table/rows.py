"""From a table with understood columns to canonical rows, as Polars expressions: long lazily, wide per batch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from bds_tool.formats.table.columns import Column, dates, dossier_bound, numeric
from bds_tool.formats.table.plan import ORDERS, Plan, element_numbers
from bds_tool.formats.table.scan import ROW, Table
from bds_tool.store.columns import REGISTRATIES

if TYPE_CHECKING:
    import polars as pl

_WORDS = ("rubriek", "groep", "eenheid", "codesysteem", "nullflavor", "pad")


def long_rows(table: Table, made: Plan, bron: int) -> pl.LazyFrame:
    """Canonical rows of a long table, lazily: memory does not grow with the file."""
    import polars as pl

    columns: dict[str, pl.Expr] = {}
    for rol in REGISTRATIES:
        column = made.named(rol)
        if column is None or rol in {"bron", "regel"}:
            continue
        kind = made.typed.get(column.naam)
        if rol == "bdsnummer":
            columns[rol] = element_numbers(pl.col(column.naam), kind)
        elif rol == "volgnr":
            columns[rol] = pl.col(column.naam).cast(pl.Int32, strict=False)
        elif rol == "datum":
            columns[rol] = _day(pl.col(column.naam), kind, made.datum)
        else:
            # Keys follow the sample; a value is always trimmed.
            known = rol != "waarde" and column.naam in made.clean
            columns[rol] = (
                pl.col(column.naam).cast(pl.String)
                if known
                else _plain_text(pl.col(column.naam), kind, trim=rol != "tekst")
            )
    value = _value_of_long(columns["waarde"], pl.col("__n"), made)
    number = made.named("bdsnummer")
    assert number is not None  # noqa: S101
    texts = [columns["tekst"]] if "tekst" in columns else []
    if made.typed.get(number.naam) != "int":
        raw = pl.col(number.naam).cast(pl.String)
        texts.append(pl.when(pl.col("__n").is_null() & _filled(raw, number, made)).then(raw))
    when = made.named("datum")
    if when and made.typed.get(when.naam) != "date":
        raw = pl.col(when.naam).cast(pl.String)
        texts.append(pl.when(pl.col("__d").is_null() & _filled(raw, when, made)).then(raw))
    columns |= {"waarde": value}
    if texts:
        columns["tekst"] = pl.coalesce(texts)
    if "dossier_id" not in columns:
        columns["dossier_id"] = pl.col(ROW).cast(pl.String)
    # Number and day are worked out once; other columns refer to them.
    staged = table.frame.with_columns(
        __n=columns["bdsnummer"], __d=columns.get("datum", pl.lit(None, dtype=pl.Date))
    )
    columns |= {"bdsnummer": pl.col("__n")} | ({"datum": pl.col("__d")} if "datum" in columns else {})
    main = staged.select(*_complete(columns, table, bron))
    if not made.own:
        return main
    extra = [
        staged.filter(pl.col(c.naam).is_not_null()).select(
            *_complete(
                {k: columns[k] for k in ("dossier_id", "activiteit_id", "datum") if k in columns}
                | {
                    "tekst": pl.lit(c.naam),
                    "waarde": _plain_text(pl.col(c.naam), made.typed.get(c.naam)),
                    "pad": pl.lit(c.naam),
                },
                table,
                bron,
            )
        )
        for c in made.own
    ]
    return pl.concat([main, *extra])


class WideRows:
    """Canonical rows of a wide table, batch by batch: one row for every cell that is filled."""

    def __init__(self, table: Table, made: Plan, bron: int) -> None:
        self._table, self._plan, self._bron = table, made, bron
        self._bound = dossier_bound()
        self._seen: set[int] = set()
        self.repeated = 0
        self._places = {
            c.naam: (c.bdsnummer or None, c.bds_eenheid if c.factor != 1 else c.eenheid, c.rubriek)
            for c in (*made.element_columns, *made.own)
        }

    def frame(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Rows of one batch. A dossier-bound value that is repeated on every contact of a child is kept once."""
        import polars as pl

        made = self._plan
        keys: dict[str, pl.Expr] = {}
        for rol in REGISTRATIES:
            column = made.named(rol)
            if column is None or rol in {"bron", "regel", "bdsnummer", "waarde", "eenheid", "pad"}:
                continue
            kind = made.typed.get(column.naam)
            expression = pl.col(column.naam)
            if rol == "datum":
                keys[rol] = _day(expression, kind, made.datum)
            elif rol == "volgnr":
                keys[rol] = expression.cast(pl.Int32, strict=False)
            else:
                keys[rol] = _plain_text(expression, kind, trim=rol != "tekst")
        cells = [self._cell(c).alias(f"c:{c.naam}") for c in (*made.element_columns, *made.own)]
        wide = batch.select(ROW, *(e.alias(k) for k, e in keys.items()), *cells)
        index = [ROW, *keys]
        long = wide.unpivot(index=index, variable_name="kolom", value_name="waarde").filter(
            pl.col("waarde").is_not_null()
        )
        long = long.with_columns(pl.col("kolom").str.slice(2)).join(
            self._facts(), on="kolom", how="left", maintain_order="left"
        )
        long = long.sort(ROW, maintain_order=True)
        columns: dict[str, pl.Expr] = {k: pl.col(k) for k in keys}
        bound = pl.col("bdsnummer").is_in(list(self._bound))
        columns |= {
            "bdsnummer": pl.col("bdsnummer"),
            "waarde": pl.col("waarde"),
            "eenheid": pl.col("eenheid"),
            "pad": pl.col("kolom"),
            "rubriek": pl.coalesce(pl.col("rubriek_k"), keys_or_null(keys, "rubriek")),
            "tekst": pl.coalesce(
                pl.when(pl.col("bdsnummer").is_null()).then(pl.col("kolom")), keys_or_null(keys, "tekst")
            ),
        }
        if "dossier_id" not in keys:
            columns["dossier_id"] = pl.col(ROW).cast(pl.String)
        # A table per rubriek says itself to what each row belongs; other tables repeat the dossier on each contact.
        contact = (made.named("activiteit_id") or made.named("datum")) and not made.named("rubriek")
        if contact:
            # Without a number of its own a contact is known by its date, as in JAMES.
            known = {name: pl.col(name) for name in ("activiteit_id", "datum") if name in keys}
            known.setdefault(
                "activiteit_id", pl.col("datum").cast(pl.String) if "datum" in keys else pl.lit(None)
            )
            for name, expression in known.items():
                columns[name] = pl.when(~bound.fill_null(value=False)).then(expression)
        table = self._table
        rows = long.lazy().select(*_complete(columns, table, self._bron)).collect()
        return self._once(rows) if contact else rows

    def _cell(self, column: Column) -> pl.Expr:
        import polars as pl

        kind = self._plan.typed.get(column.naam)
        if column.bdsnummer in dates():
            if kind == "date":
                return pl.col(column.naam).cast(pl.Date).cast(pl.String)
            return _iso_text(
                _plain_text(pl.col(column.naam), kind), ORDERS.get(column.datum, self._plan.waarde_datum)
            )
        text = _plain_text(pl.col(column.naam), kind)
        if column.bdsnummer in numeric():
            text = _point(text) if self._plan.comma else text
            if column.factor != 1:
                text = _times(text, float(column.factor))
        return text

    def _facts(self) -> pl.DataFrame:
        import polars as pl

        return pl.DataFrame(
            [
                (n, number, unit or None, rubriek or None)
                for n, (number, unit, rubriek) in self._places.items()
            ],
            schema={"kolom": pl.String, "bdsnummer": pl.Int32, "eenheid": pl.String, "rubriek_k": pl.String},
            orient="row",
        )

    def _once(self, rows: pl.DataFrame) -> pl.DataFrame:
        import polars as pl

        bound = rows["bdsnummer"].is_in(list(self._bound)).fill_null(value=False)
        if not bound.any():
            return rows
        hashes = rows.select("dossier_id", "bdsnummer", "volgnr", "waarde").hash_rows(seed=7)
        keep = []
        for hashed, is_bound in zip(hashes.to_list(), bound.to_list(), strict=True):
            if is_bound and hashed in self._seen:
                keep.append(False)
                continue
            if is_bound:
                self._seen.add(hashed)
            keep.append(True)
        self.repeated += keep.count(False)
        return rows.filter(pl.Series(keep))


def _filled(raw: pl.Expr, column: Column, made: Plan) -> pl.Expr:
    return raw.is_not_null() if column.naam in made.clean else raw != ""


def keys_or_null(keys: dict[str, pl.Expr], name: str) -> pl.Expr:
    import polars as pl

    return pl.col(name) if name in keys else pl.lit(None, dtype=pl.String)


def _complete(columns: dict[str, pl.Expr], table: Table, bron: int) -> Iterable[pl.Expr]:
    import polars as pl

    own = columns | {
        "bron": pl.lit(bron, dtype=pl.Int32),
        "regel": (pl.col(ROW).cast(pl.Int64) + table.offset),
    }
    kinds = {"datum": pl.Date, "bdsnummer": pl.Int32, "volgnr": pl.Int32, "bron": pl.Int32, "regel": pl.Int64}
    for name in REGISTRATIES:
        kind = kinds.get(name, pl.Categorical if name in _WORDS else pl.String)
        yield own.get(name, pl.lit(None)).cast(kind).alias(name)


def _plain_text(expression: pl.Expr, kind: str | None, *, trim: bool = True) -> pl.Expr:
    import polars as pl

    text = expression.cast(pl.String)
    if kind == "float":
        return text.str.replace(r"\.0$", "")
    if kind in {"int", "date"}:
        return text
    text = text.str.strip_chars() if trim else text
    return pl.when(text != "").then(text)


def _day(expression: pl.Expr, kind: str | None, formats: list[str]) -> pl.Expr:
    import polars as pl

    if kind == "date":
        return expression.cast(pl.Date)
    text = expression.cast(pl.String)
    ways = [_parsed(text.str.strip_chars(), f) for f in formats]
    if formats != ["jjjj-mm-dd"]:
        return pl.coalesce(ways) if ways else pl.lit(None, dtype=pl.Date)

    def parsed(values: pl.Series) -> pl.Series:
        """Plain ISO dates at once; a stretch with something else (spaces, a time) the long way."""
        found = values.str.to_date("%Y-%m-%d", strict=False)
        if found.null_count() == values.null_count():
            return found
        return pl.select(_parsed(pl.lit(values).str.strip_chars(), "jjjj-mm-dd")).to_series()

    return text.map_batches(parsed, return_dtype=pl.Date, is_elementwise=True)


def _parsed(text: pl.Expr, way: str) -> pl.Expr:
    if way == "jjjj-mm-dd":
        return text.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False, exact=True)
    if way in {"dd-mm-jjjj", "mm-dd-jjjj"}:
        return (
            text.str.extract(r"^(\d{1,2}[-/.]\d{1,2}[-/.]\d{4})", 1)
            .str.replace_all(r"[/.]", "-")
            .str.to_date("%d-%m-%Y" if way == "dd-mm-jjjj" else "%m-%d-%Y", strict=False)
        )
    return text.str.extract(r"^(\d{8})$", 1).str.to_date("%Y%m%d", strict=False)


def _iso_text(text: pl.Expr, formats: list[str]) -> pl.Expr:
    """Dates as ISO text; what is no whole date stays as it came."""
    import polars as pl

    iso = text.str.replace(r"^(\d{4}-\d{2}-\d{2})[ T]00:00(:00)?(\.0+)?$", "$1").str.replace(
        r"^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2})", "${1}T$2"
    )
    ways = [_parsed(text, f).dt.to_string("%Y-%m-%d") for f in formats if f != "jjjj-mm-dd"]
    return pl.coalesce([*ways, iso]) if ways else iso


def _point(text: pl.Expr) -> pl.Expr:
    return text.str.replace(r"^(-?\d+),(\d+)$", "$1.$2")


def _times(text: pl.Expr, factor: float) -> pl.Expr:
    """A number times a power of ten or seven, without the noise of binary fractions; other text stays."""
    import polars as pl

    number = text.cast(pl.Float64, strict=False) * factor
    whole = number.round(6)
    return pl.coalesce(
        pl.when(whole == whole.round(0)).then(whole.cast(pl.Int64, strict=False).cast(pl.String)),
        whole.cast(pl.String),
        text,
    )


def _value_of_long(value: pl.Expr, number: pl.Expr, made: Plan) -> pl.Expr:
    import polars as pl

    if made.comma:
        value = pl.when(number.is_in(list(numeric()))).then(_point(value)).otherwise(value)
    if [f for f in made.waarde_datum if f != "jjjj-mm-dd"]:
        value = (
            pl.when(number.is_in(list(dates()))).then(_iso_text(value, made.waarde_datum)).otherwise(value)
        )
    return value
