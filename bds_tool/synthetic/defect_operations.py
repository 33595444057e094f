"""What planting a defect does to the rows: other values, other days, other places, more or fewer rows.

An operation gets the planter, the frame with `_i` (order), `_taken` (carries a defect) and `_held` (another defect
stands on it), the rows picked and the kind; it writes every defect down and gives the new frame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, TypeAlias, cast

from bds_tool.store.columns import Registratie
from bds_tool.synthetic.defect_ground import ANCHORS, Cells, DefectKind

if TYPE_CHECKING:
    import polars as pl

    from bds_tool.synthetic.defects import Planter

Operation = Callable[["Planter", "pl.DataFrame", "pl.DataFrame", DefectKind], "pl.DataFrame"]
#: Columns of a row that get another value; per row by its order.
Edits: TypeAlias = dict[int, Cells]
_Change = Callable[[Registratie, DefectKind, "Planter"], str | None]


class _Picked(Registratie):
    """A row and its order in the frame."""

    _i: int


class _Later(_Picked):
    """A row with what the activity before it says: value, day, whether that carries a defect, and its order."""

    _before: str | None
    _day: date | None
    _before_taken: bool | None
    _before_i: int


def _rows(frame: pl.DataFrame) -> Iterator[_Picked]:
    return cast("Iterator[_Picked]", frame.iter_rows(named=True))


def _values(change: _Change) -> Operation:
    """An operation that gives each picked row another `waarde` (None: leave this row alone)."""

    def apply(planter: Planter, frame: pl.DataFrame, picked: pl.DataFrame, kind: DefectKind) -> pl.DataFrame:
        edits: Edits = {}
        for row in _rows(picked):
            after = change(row, kind, planter)
            if after is not None and after != row["waarde"]:
                edits[row["_i"]] = {"waarde": after} | (
                    {"eenheid": kind["eenheid"]} if "eenheid" in kind else {}
                )
                planter.note(kind, row, after)
        return _edit(frame, edits)

    return apply


def hold(frame: pl.DataFrame, rows: Iterable[int]) -> pl.DataFrame:
    """Rows by their index are what a defect is measured against: no other defect may touch them."""
    import polars as pl

    return frame.with_columns((pl.col("_held") | pl.col("_i").is_in(list(rows))).alias("_held"))


def _edit(frame: pl.DataFrame, edits: Edits) -> pl.DataFrame:
    """Rows by their index get other values; they are taken from then on."""
    import polars as pl

    if not edits:
        return frame
    for column in sorted({c for e in edits.values() for c in e}):
        chosen = [(i, e[column]) for i, e in edits.items() if column in e]
        dtype = frame.schema[column]
        plain = pl.String() if dtype == pl.Categorical else dtype
        new = pl.DataFrame(
            {
                "_i": pl.Series([i for i, _ in chosen], dtype=pl.UInt32),
                "_new": pl.Series([v for _, v in chosen], dtype=plain),
            }
        ).with_columns(pl.lit(value=True).alias("_hit"))
        frame = frame.join(new, on="_i", how="left", maintain_order="left")
        frame = frame.with_columns(
            pl.when(pl.col("_hit"))
            .then(pl.col("_new"))
            .otherwise(pl.col(column).cast(plain))
            .cast(dtype)
            .alias(column)
        ).drop("_new", "_hit")
    return frame.with_columns((pl.col("_taken") | pl.col("_i").is_in(list(edits))).alias("_taken"))


def _insert(frame: pl.DataFrame, new: Sequence[Registratie]) -> pl.DataFrame:
    """Extra rows right after the row whose index they carry; they are taken."""
    import polars as pl

    if not new:
        return frame
    extra = pl.DataFrame(
        [{**r, "_taken": True, "_held": False} for r in new],
        schema={c: (pl.String() if d == pl.Categorical else d) for c, d in frame.schema.items()},
    )
    return pl.concat([frame, extra.cast(frame.schema)]).sort("_i", maintain_order=True)


# ---- values ----------------------------------------------------------------------------------------------------


def _set(_row: Registratie, kind: DefectKind, _planter: Planter) -> str:
    return str(kind["waarde"])


def _times(row: Registratie, kind: DefectKind, _planter: Planter) -> str | None:
    return _multiplied(row["waarde"], kind["factor"])


def _multiplied(text: str | None, factor: float) -> str | None:
    try:
        value = float(text or "") * factor
    except ValueError:
        return None
    # Large results stay whole numbers: a decimal there would be a second defect.
    return f"{value:.0f}" if value >= 100 else f"{value:.3f}".rstrip("0").rstrip(".")


def _append(row: Registratie, kind: DefectKind, _planter: Planter) -> str:
    return f"{row['waarde']}{kind['waarde']}"


def _long(_row: Registratie, kind: DefectKind, _planter: Planter) -> str:
    return "x" * int(kind["lengte"])


def _mojibake(_row: Registratie, kind: DefectKind, _planter: Planter) -> str:
    return str(kind["waarde"]).encode("utf-8").decode("cp1252", errors="replace")


def _bsn(row: Registratie, _kind: DefectKind, _planter: Planter) -> str:
    """Another last digit, so that the 11-proof fails."""
    value = row["waarde"] or ""
    return f"{value[:-1]}{(int(value[-1]) + 1) % 10}"


def _date_format(row: Registratie, _kind: DefectKind, _planter: Planter) -> str | None:
    year, _, rest = (row["waarde"] or "").partition("-")
    month, _, day = rest.partition("-")
    return f"{day}-{month}-{year}" if day else None


# ---- dates -----------------------------------------------------------------------------------------------------


def _anchors(frame: pl.DataFrame, planter: Planter, name: str) -> dict[str, date]:
    """Per dossier the day a date is moved relative to: birth, end of care, death, or the reference day."""
    import polars as pl

    if name == "peildatum":
        return dict.fromkeys(frame["dossier_id"].unique().to_list(), planter.reference)
    rows = frame.filter((pl.col("bdsnummer") == ANCHORS[name]) & ~pl.col("_taken")).select(
        "dossier_id", "waarde"
    )
    return {d: date.fromisoformat(w) for d, w in rows.iter_rows() if w and len(w) == 10}


def _move_value(
    planter: Planter, frame: pl.DataFrame, picked: pl.DataFrame, kind: DefectKind
) -> pl.DataFrame:
    """A date element gets a day relative to an anchor of its dossier."""
    anchors = _anchors(frame, planter, kind["anker"])
    edits: Edits = {}
    for row in _rows(picked):
        if row["dossier_id"] in anchors:
            after = (anchors[row["dossier_id"]] + timedelta(days=int(kind["dagen"]))).isoformat()
            edits[row["_i"]] = {"waarde": after}
            planter.note(kind, row, after)
    return _edit(frame, edits)


def _move_activity(
    planter: Planter, frame: pl.DataFrame, picked: pl.DataFrame, kind: DefectKind
) -> pl.DataFrame:
    """A whole activity moves to a day relative to an anchor: element 724 and the date of all its rows."""
    import polars as pl

    anchors = _anchors(frame, planter, kind["anker"])
    edits: Edits = {}
    for row in _rows(picked):
        if row["dossier_id"] not in anchors:
            continue
        day = anchors[row["dossier_id"]] + timedelta(days=int(kind["dagen"]))
        same = frame.filter(
            (pl.col("dossier_id") == row["dossier_id"]) & (pl.col("activiteit_id") == row["activiteit_id"])
        )
        if (same["_taken"] | same["_held"]).any():
            continue
        # Dates of the same day inside the activity move with it, else one defect would be three.
        for index, value in same.select("_i", "waarde").iter_rows():
            moved: Cells = {"datum": day, "waarde": day.isoformat()}
            edits[index] = moved if value == row["waarde"] else {"datum": day}
        planter.note(kind, row, day.isoformat())
    return _edit(frame, edits)


# ---- earlier measurements --------------------------------------------------------------------------------------


def _from_previous(
    planter: Planter, frame: pl.DataFrame, picked: pl.DataFrame, kind: DefectKind
) -> pl.DataFrame:
    """The value becomes that of the activity before it, times `factor`, plus `verschil`; only where that is another day."""
    import polars as pl

    history = frame.filter(pl.col("bdsnummer").is_in(kind["elementen"])).sort("datum", maintain_order=True)
    over = ["dossier_id", "bdsnummer"]
    history = history.with_columns(
        pl.col("waarde").shift(1).over(over).alias("_before"),
        pl.col("datum").shift(1).over(over).alias("_day"),
        pl.col("_taken").shift(1).over(over).alias("_before_taken"),
        pl.col("_i").shift(1).over(over).alias("_before_i"),
    ).filter(pl.col("_i").is_in(picked["_i"].to_list()))
    edits: Edits = {}
    before_rows: list[int] = []
    for row in cast("Iterator[_Later]", history.iter_rows(named=True)):
        apart = (row["datum"] - row["_day"]).days if row["datum"] and row["_day"] else 0
        before = row["_before"]
        near = int(kind.get("minstens_dagen", 1)) <= apart <= int(kind.get("hoogstens_dagen", 100_000))
        if not near or row["_before_taken"] or before is None or not before.isdecimal():
            continue
        if row["_before_i"] in edits:
            # The value before it has just got another one.
            continue
        after = str(int(int(before) * float(kind.get("factor", 1))) + int(kind.get("verschil", 0)))
        if after != row["waarde"] and int(after) > 0:
            edits[row["_i"]] = {"waarde": after}
            before_rows.append(row["_before_i"])
            planter.note(kind, row, after)
    return hold(_edit(frame, edits), before_rows)


# ---- place and number ------------------------------------------------------------------------------------------


def _columns(planter: Planter, frame: pl.DataFrame, picked: pl.DataFrame, kind: DefectKind) -> pl.DataFrame:
    """Other words in other columns: rubriek, groep, eenheid, bdsnummer, or no activity and date."""
    edits: Edits = {}
    for row in _rows(picked):
        edits[row["_i"]] = kind["kolommen"]
        place = {k: v for k, v in kind["kolommen"].items() if k in {"bdsnummer", "activiteit_id"}}
        planter.note(kind, cast("Registratie", {**row, **place}), row["waarde"])
    return _edit(frame, edits)


def _double(planter: Planter, frame: pl.DataFrame, picked: pl.DataFrame, kind: DefectKind) -> pl.DataFrame:
    """The element a second time in the same place, with another value."""
    new: list[Registratie] = []
    edits: Edits = {}
    for row in _rows(picked):
        if kind.get("zelfde"):
            second: str | None = row["waarde"]
        else:
            second = (
                str(kind["waarde"])
                if "waarde" in kind
                else _multiplied(row["waarde"], kind.get("factor", 1.04))
            )
        if second is None or (second == row["waarde"] and not kind.get("zelfde")):
            continue
        second = second.split(".")[0]
        new.append(row | {"waarde": second})
        edits[row["_i"]] = {"waarde": row["waarde"]}
        planter.note(kind, row, second)
    return _insert(_edit(frame, edits), new)


def _extra(planter: Planter, frame: pl.DataFrame, picked: pl.DataFrame, kind: DefectKind) -> pl.DataFrame:
    """A row of another element beside the picked one (for example one that the version has dropped)."""
    new: list[Registratie] = []
    for row in _rows(picked):
        fresh = row | {
            "bdsnummer": kind["nieuw"],
            "waarde": kind["waarde"],
            "volgnr": None,
            "eenheid": None,
            "rubriek": kind.get("rubriek"),
            "groep": kind.get("groep"),
        }
        new.append(fresh)
        planter.note(kind, fresh | {"waarde": None}, fresh["waarde"])
    return _insert(frame, new)


def _drop(planter: Planter, frame: pl.DataFrame, picked: pl.DataFrame, kind: DefectKind) -> pl.DataFrame:
    """The row is not there; the manifest keeps its place."""
    import polars as pl

    for row in _rows(picked):
        planter.note(kind, row, None)
    return frame.filter(~pl.col("_i").is_in(picked["_i"].to_list()))


def _undated(planter: Planter, frame: pl.DataFrame, picked: pl.DataFrame, kind: DefectKind) -> pl.DataFrame:
    """An activity without a day: element 724 is not there and its rows carry no date."""
    import polars as pl

    edits: Edits = {}
    gone = []
    for row in _rows(picked):
        same = frame.filter(
            (pl.col("dossier_id") == row["dossier_id"]) & (pl.col("activiteit_id") == row["activiteit_id"])
        )
        if (same["_taken"] | same["_held"]).any():
            continue
        edits |= {i: {"datum": None} for i in same["_i"].to_list()}
        gone.append(row["_i"])
        planter.note(kind, row, None)
    return _edit(frame, edits).filter(~pl.col("_i").is_in(gone))


def _own_name(planter: Planter, frame: pl.DataFrame, picked: pl.DataFrame, kind: DefectKind) -> pl.DataFrame:
    """Free text that names the child."""
    import polars as pl

    named = {
        n: dict(frame.filter(pl.col("bdsnummer") == n).select("dossier_id", "waarde").iter_rows())
        for n in (5, 2)
    }
    edits: Edits = {}
    for row in _rows(picked):
        own = [named[n].get(row["dossier_id"]) for n in (5, 2)]
        if all(own):
            after = f"Met {own[0]} {own[1]} gaat het goed."
            edits[row["_i"]] = {"waarde": after}
            planter.note(kind, row, after)
    return _edit(frame, edits)


def _swap_bsn(planter: Planter, frame: pl.DataFrame, picked: pl.DataFrame, kind: DefectKind) -> pl.DataFrame:
    """The number of the dossier before it in this part: two dossiers, one person."""
    import polars as pl

    numbers = frame.filter((pl.col("bdsnummer") == 7) & ~pl.col("_taken")).sort("_i")
    places, values = numbers["_i"].to_list(), numbers["waarde"].to_list()
    earlier = dict(zip(places[1:], zip(places, values, strict=False), strict=False))
    edits: Edits = {}
    lenders = []
    for row in _rows(picked):
        lender, value = earlier.get(row["_i"], (None, None))
        # A number that is itself borrowed would give three dossiers one number, and two defects one place.
        if lender is not None and lender not in edits:
            edits[row["_i"]] = {"waarde": value}
            lenders.append(lender)
            planter.note(kind, row, value)
    return hold(_edit(frame, edits), lenders)


OPERATIONS: dict[str, Operation] = {
    "zet": _values(_set),
    "maal": _values(_times),
    "plak": _values(_append),
    "lang": _values(_long),
    "mojibake": _values(_mojibake),
    "bsn": _values(_bsn),
    "datumvorm": _values(_date_format),
    "verzet_datum": _move_value,
    "verzet_activiteit": _move_activity,
    "vorige": _from_previous,
    "kolommen": _columns,
    "dubbel": _double,
    "extra": _extra,
    "bsn_van_ander": _swap_bsn,
    "weg": _drop,
    "zonder_datum": _undated,
    "eigen_naam": _own_name,
}
