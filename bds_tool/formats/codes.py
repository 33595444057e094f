"""The codes of a message as those of the data set: one coding in every table, and the way back.

A message and the data set have other codes for the same meaning (sex `F` and `2`, a statement `true` and `1`). A table
has the codes of the data set, so what was read from a message is turned when it is written as a table. A code that the
data set lacks stays as it is, with the code system that says whose it is.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from bds_tool.formats.registry import coding_of
from bds_tool.schema import load, newest, versions
from bds_tool.schema.bindings import WHOLE, binding
from bds_tool.schema.coding import code_pairs

if TYPE_CHECKING:
    import polars as pl

    from bds_tool.schema.model import Definition, Element
    from bds_tool.store.store import Store

#: Yes and no in the data set (W0004, W0141), and in a message.
YES_NO = {"1": "true", "2": "false"}


def yes_or_no(element: Element) -> bool:
    """Whether a message says yes or no for this element, as `true` or `false`, or by there being a node for it."""
    return element.hl7_datatype in {"BL", "presence"} or element.datatype == "BL"


def bds_code(definition: Definition, number: int, code: str, system: str | None = None) -> str | None:
    """The code of the data set for a code of a message; None when the data set has none.

    `system`: the code system beside the code. One of another system than that of the list means something else, and is
    left alone. A value that no list binds is its own code.
    """
    turned, known = _back(definition.version, number)
    found, of = turned.get(code, ("", ""))
    if found and (not system or not of or system == of):
        return found
    return code if not known or code in known else None


@lru_cache(maxsize=8192)
def _back(version: str, number: int) -> tuple[dict[str, tuple[str, str]], frozenset[str]]:
    """Code of the message → (code of the data set, its system in the message); and every code of the data set."""
    from bds_tool.formats.dob.layout import layout

    definition = load(version)
    element = definition.elementen.get(number)
    if element is None or not element.waardenlijst:
        return {}, frozenset()
    listed = definition.waardenlijsten.get((element.waardenlijst, "BDS"))
    known = frozenset(c.code for c in listed.codes if c.code) if listed else frozenset()
    if (words := layout().words.get(number)) is not None:
        return {word: (code, "") for code, word in words.items()}, known
    if yes_or_no(element):
        return {word: (code, "") for code, word in YES_NO.items() if code in known}, known
    pairs = code_pairs(definition, element.waardenlijst)
    both = [(p.bds, p.hl7) for p in pairs if p.bds and p.hl7 and not p.hl7.nullflavor]
    return {hl7.code: (bds.code, hl7.codesysteem) for bds, hl7 in both}, known


def in_data_set(store: Store, bds: str = "") -> pl.LazyFrame:
    """`registraties` with the codes of messages as those of the data set, in the same order.

    A code that is turned loses the code system of the message: that of the list is known. `bds` is the version of the
    data, where it is not that which the sources say.
    """
    return turned(store.registraties(), other_codes(store, bds))


def other_codes(store: Store, bds: str = "") -> pl.DataFrame:
    """What in a store has another code in the data set: bron, bdsnummer, waarde, systeem, and the code, `bds`.

    `bds` is null where the data set has no code for it and only its code system tells whose it is. No rows for a store
    without messages.
    """
    import polars as pl

    facts = store.bronnen().select("bron", "formaat", "bds_opgegeven", "bds_herkend").iter_rows()
    versions_of = {b: (bds, *said) for b, formaat, *said in facts if coding_of(formaat) == "HL7"}
    known = versions()
    of = {b: load(next((v for v in said if v in known), newest())) for b, said in versions_of.items()}
    coded = {n for version in {d.version for d in of.values()} for n in _listed(version)}
    found: list[tuple[int, int, str, str | None, str | None]] = []
    if coded:
        told = pl.col("bron").is_in(list(of)) & pl.col("bdsnummer").is_in(sorted(coded))
        seen = (
            store.registraties()
            .filter(told & pl.col("waarde").is_not_null())
            .select("bron", "bdsnummer", "waarde", pl.col("codesysteem").cast(pl.String))
            .unique()
            .collect(engine="streaming")
        )
        for bron, number, code, system in seen.iter_rows():
            new = bds_code(of[bron], number, code, system)
            if new != code and (new is not None or _strange(of[bron], number, system)):
                found.append((bron, number, code, system, new))
    schema = dict.fromkeys(("waarde", "systeem", "bds"), pl.String)
    return pl.DataFrame(found, {"bron": pl.Int32, "bdsnummer": pl.Int32, **schema}, orient="row")


def turned(rows: pl.LazyFrame, codes: pl.DataFrame) -> pl.LazyFrame:
    """Rows with the codes of `other_codes` turned; they hold at least the columns that those are known by."""
    import polars as pl

    if codes.is_empty():
        return rows
    keys = ["bron", "bdsnummer", "waarde", "systeem"]
    named = rows.with_columns(systeem=pl.col("codesysteem").cast(pl.String))
    new = codes.lazy().rename({"bds": "_bds"}).filter(pl.col("_bds").is_not_null())
    both = named.join(new, on=keys, how="left", nulls_equal=True, maintain_order="left")
    return both.with_columns(
        waarde=pl.coalesce("_bds", "waarde"),
        codesysteem=pl.when(pl.col("_bds").is_null()).then(pl.col("codesysteem")),
    ).drop("systeem", "_bds")


def foreign(codes: pl.DataFrame) -> pl.Expr:
    """Whether a value is a code that the data set does not have; asked of rows as they are in the store."""
    import polars as pl

    odd = codes.filter(pl.col("bds").is_null()).select("bron", "bdsnummer", "waarde")
    if odd.is_empty():
        return pl.lit(value=False)
    return pl.struct("bron", "bdsnummer", "waarde").is_in(odd.to_struct().implode())


@lru_cache(maxsize=64)
def _listed(version: str) -> frozenset[int]:
    return frozenset(n for n, e in load(version).elementen.items() if e.waardenlijst)


def _strange(definition: Definition, number: int, system: str | None) -> bool:
    """Whether only its code system tells whose code this is: in a list of the data set that is known whole it stands not."""
    bound = binding(definition, definition.elementen[number], "BDS")
    return bool(system) and bound is not None and bound.state == WHOLE
