"""The store as JAMES JSON 3.0 or 3.1: one document, or NDJSON when there are more dossiers.

Values keep the JSON type that the format prescribes; HL7 codes of a message become BDS codes. What JAMES
has no place for (groups other than parents, own questions in 3.0, nullFlavors) is counted, not dropped unseen.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Required, TypeAlias, TypedDict, cast

import orjson

from bds_tool.base.errors import UsageError
from bds_tool.base.files import atomic_file
from bds_tool.base.text import t
from bds_tool.formats.codes import bds_code
from bds_tool.formats.james.elements import RELATION
from bds_tool.formats.james.formats import Format, date_elements, formats
from bds_tool.formats.registry import coding_of
from bds_tool.formats.table.elements import numeric
from bds_tool.formats.writing import WriteOptions, Written, version_of
from bds_tool.schema import Definition, load

if TYPE_CHECKING:
    import polars as pl

    from bds_tool.store.columns import Registratie
    from bds_tool.store.store import Store

COLUMNS = (
    "bron",
    "dossier_id",
    "activiteit_id",
    "datum",
    "bdsnummer",
    "groep",
    "volgnr",
    "waarde",
    "eenheid",
    "nullflavor",
    "tekst",
    "pad",
)
PARENT = "G014"
#: Places where an own question (varName) of 3.1 was read.
_OWN = {"clientDetails", "clientMeasurements/values"}
_REFERENCE = {"Referentie", "reference"}
_ORGANISATION = {"OrganisatieCode", "organisationCode"}
#: Index of a value in its list, which a place carries.
_INDEX = re.compile(r"\[\d+\]")


class _Item(TypedDict, total=False):
    """An element, or an own question of 3.1, with its value."""

    bdsNumber: int
    varName: str
    value: str | int | float


class _Dated(TypedDict, total=False):
    date: str
    value: str | int | float


class _Series(TypedDict, total=False):
    """An element with its dated values."""

    bdsNumber: int
    varName: str
    values: Required[list[_Dated]]


class _Group(TypedDict, total=False):
    """A parent."""

    nestingBdsNumber: int
    nestingCode: str
    clientDetails: list[_Item]
    clientMeasurements: list[_Series]


#: Series by the number or name of their element.
_ByElement: TypeAlias = dict[int | str | None, _Series]


def write_james(store: Store, out: Path, options: WriteOptions) -> Written:
    """One JSON document for one dossier; NDJSON, a dossier on each line, for more. `-` is stdout."""
    chosen = formats()["3.1" if options.formaat.endswith("3.1") else "3.0"]
    done = Written(1, 0, 0)
    with _target(out) as stream:
        waiting: bytes | None = None
        for record in records(store, chosen, options, done):
            if waiting is not None:
                stream.write(waiting)
            waiting = orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
            if done.dossiers == 0:
                first = record
            done.dossiers = (done.dossiers or 0) + 1
        if waiting is not None:
            alone = done.dossiers == 1
            stream.write(
                orjson.dumps(first, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
                if alone
                else waiting
            )
    return done


def records(
    store: Store, chosen: Format, options: WriteOptions, done: Written
) -> Iterator[dict[str, object]]:
    """A JAMES record for each dossier, in the order of the store."""
    given = _whole(str(options.organisation))
    if options.organisation != "" and given is None:
        raise UsageError(
            t(
                "In JAMES-berichten is de organisatie een code: een geheel getal.",
                "In JAMES messages the organisation is a code: a whole number.",
            ),
            t("Bijvoorbeeld --organisation 1234.", "For example --organisation 1234."),
        )
    version = options.bds or version_of(store)
    facts = {
        b: (f or "", o) for b, f, o in store.bronnen().select("bron", "formaat", "organisatie").iter_rows()
    }
    maker = _Maker(chosen, load(version), done)
    for rows in dossiers(store, COLUMNS):
        formaat, organisatie = facts.get(rows[0]["bron"], ("", None))
        done.rows += len(rows)
        code = _whole(organisatie) if given is None else given
        yield maker.record(rows, code, hl7=coding_of(formaat) == "HL7")


class _Maker:
    """Makes records of one format; `done` counts what has no place."""

    def __init__(self, chosen: Format, definition: Definition, done: Written) -> None:
        self._format, self._definition, self._done = chosen, definition, done
        self._dates, self._numeric = date_elements(), numeric()

    def record(self, rows: list[Registratie], organisation: int | None, *, hl7: bool) -> dict[str, object]:
        record: dict[str, object] = {"Format": self._format.formaat}
        if organisation is not None:
            record["organisationCode"] = organisation
        record["reference"] = rows[0]["dossier_id"]
        details: list[_Item] = []
        series: _ByElement = {}
        groups: dict[int, _Group] = {}
        group_series: dict[int, _ByElement] = {}
        for row in rows:
            item = self._item(row, record, hl7=hl7)
            if item is None:
                continue
            if row["groep"] == PARENT and row["volgnr"] is not None:
                group = groups.setdefault(row["volgnr"], {"nestingBdsNumber": RELATION})
                if row["bdsnummer"] == RELATION and "nestingCode" not in group:
                    if "value" in item:
                        group["nestingCode"] = str(item["value"])
                    continue
                if row["datum"] is None:
                    group.setdefault("clientDetails", []).append(item)
                else:
                    _measured(group_series.setdefault(row["volgnr"], {}), item, row)
            elif row["groep"] is not None:
                self._done.leave(t(f"groep {row['groep']}", f"group {row['groep']}"))
            elif row["activiteit_id"] is not None or _dated_place(row["pad"]):
                _measured(series, item, row)
            else:
                details.append(item)
        for number, found in group_series.items():
            groups[number]["clientMeasurements"] = list(found.values())
        record["clientDetails"] = details
        if series:
            record["clientMeasurements"] = list(series.values())
        if groups:
            record["nestedDetails"] = [_ordered(g) for _, g in sorted(groups.items())]
        return record

    def _item(self, row: Registratie, record: dict[str, object], *, hl7: bool) -> _Item | None:
        """The element with its value, or None when the row has no place in the record."""
        number, pad = row["bdsnummer"], _INDEX.sub("", row["pad"] or "")
        if number is None:
            return self._own(row, record, pad)
        item: _Item = {"bdsNumber": number}
        if row["waarde"] is None:
            if row["nullflavor"] is not None:
                self._done.leave("nullFlavor")
            elif row["tekst"] is not None:
                self._done.leave(t("tekst zonder waarde", "text without a value"))
            return item
        text = self._bds_code(number, row["waarde"]) if hl7 else row["waarde"]
        if text is None:
            self._done.leave(
                t(f"element {number}: code zonder BDS-code", f"element {number}: code without a BDS code")
            )
            return None
        element = self._definition.elementen.get(number)
        if row["eenheid"] and element and element.eenheid and row["eenheid"] != element.eenheid:
            # JAMES has no units: what was said to be 612 kg is there as 612 mm.
            self._done.leave(t("eenheid die niet die van het element is", "unit that is not the element's"))
        item["value"] = self._value(number, text)
        return item

    def _own(self, row: Registratie, record: dict[str, object], pad: str) -> _Item | None:
        """What has no element: reference and sender of the record, own questions, fields of the sender's own."""
        if pad in _REFERENCE and row["waarde"] is not None:
            record["reference"] = row["waarde"]
        elif pad in _ORGANISATION and (code := _whole(row["waarde"])) is not None:
            record["organisationCode"] = code
        elif pad in _OWN and row["tekst"] and self._format.formaat == "3.1":
            own: _Item = {"varName": row["tekst"]}
            return own if row["waarde"] is None else own | {"value": row["waarde"]}
        elif pad and pad == row["tekst"] and pad not in record and row["waarde"] is not None:
            record[pad] = row["waarde"]
        else:
            self._done.leave(t("gegeven zonder element", "fact without an element"))
        return None

    def _value(self, number: int, text: str) -> str | int | float:
        if number in self._dates:
            digits = text.replace("-", "")
            return digits if len(text) == 10 and digits.isdecimal() else text
        wanted = self._format.wants.get(number, int if number in self._numeric else str)
        if wanted is not int:
            return text
        try:
            plain = text.lstrip("-")
            if (
                plain.isascii()
                and plain.isdecimal()
                and (plain == "0" or not plain.startswith("0"))
                and len(plain) < 16
            ):
                return int(text)
            value = float(text)
        except ValueError:
            return text
        return value if math.isfinite(value) and repr(value) == text else text

    def _bds_code(self, number: int, code: str) -> str | None:
        element = self._definition.elementen.get(number)
        if element is None or not element.waardenlijst:
            return (
                {"true": "1", "false": "2"}.get(code, code) if element and element.datatype == "BL" else code
            )
        return bds_code(self._definition, number, code)


def _measured(series: _ByElement, item: _Item, row: Registratie) -> None:
    key = item["bdsNumber"] if "bdsNumber" in item else item.get("varName")
    if key not in series:
        series[key] = cast("_Series", {k: v for k, v in item.items() if k != "value"} | {"values": []})
    value: _Dated = {"date": row["datum"].strftime("%Y%m%d")} if row["datum"] is not None else {}
    if "value" in item:
        value["value"] = item["value"]
    series[key]["values"].append(value)


def _ordered(group: _Group) -> dict[str, object]:
    return {k: v for k in _Group.__annotations__ if (v := group.get(k)) is not None}


def _dated_place(pad: str | None) -> bool:
    return (pad or "").startswith(("clientMeasurements", "Contactmomenten", "ContactMomenten"))


def _whole(text: str | None) -> int | None:
    digits = (text or "").strip()
    # JSON holds whole numbers of 64 bits
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) <= 18 else None


def dossiers(store: Store, columns: Iterable[str]) -> Iterator[list[Registratie]]:
    """The rows of each dossier, of these columns alone. Rows of one dossier need not stand together in the store."""
    import polars as pl

    frame = (
        store.registraties()
        .select(columns)
        .with_columns(pl.col("groep", "nullflavor", "pad").cast(pl.String))
    )
    key = pl.struct("bron", "dossier_id")
    runs, distinct = (
        store.registraties()
        .select(
            (key != key.shift()).fill_null(value=True).sum().alias("runs"), key.n_unique().alias("distinct")
        )
        .collect()
        .row(0)
    )
    if runs != distinct:
        frame = frame.sort("bron", "dossier_id", maintain_order=True)
    held: list[Registratie] = []
    for batch in frame.collect_batches(chunk_size=100_000, maintain_order=True):
        yield from _split(batch, held)
    if held:
        yield held


def _split(batch: pl.DataFrame, held: list[Registratie]) -> Iterator[list[Registratie]]:
    """Full dossiers; the last one of a batch waits in `held` for the next batch."""
    for row in cast("Iterator[Registratie]", batch.iter_rows(named=True)):
        if held and (row["bron"], row["dossier_id"]) != (held[0]["bron"], held[0]["dossier_id"]):
            yield list(held)
            held.clear()
        held.append(row)


@contextmanager
def _target(out: Path) -> Iterator[BinaryIO]:
    if str(out) == "-":
        yield sys.stdout.buffer
        sys.stdout.flush()
        return
    with atomic_file(out, private=True) as temporary, temporary.open("wb") as stream:
        yield stream
