"""The canonical table: one row for every value that was registered, whatever the file it came from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Required, TypedDict

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

#: Columns of `registraties`, in order; a reader hands over tuples in this order.
REGISTRATIES = (
    "dossier_id",  # str: key of the dossier inside its source; never a BSN
    "activiteit_id",  # str?: the contact or activity; null for dossier-bound elements
    "datum",  # date?: date at which the value holds (activity date, else own date)
    "bdsnummer",  # int32?: element; null when the source used an unknown name or carries non-BDS data
    "rubriek",  # cat?: R027, as delivered or by the place in the message
    "groep",  # cat?: innermost group, G076
    "volgnr",  # int32?: instance of a repeating group; a nested instance is outer * 1000 + inner
    "waarde",  # str?: as registered, trimmed: code, number, ISO date, text
    "eenheid",  # cat?: unit as delivered
    "codesysteem",  # cat?: OID of the code system as delivered
    "nullflavor",  # cat?: HL7 nullFlavor when there is no value
    "tekst",  # str?: original text or display name as delivered
    "bron",  # int32: row of `bronnen`
    "regel",  # int64: line or record number in the source: what a person can look up
    "pad",  # cat?: place in the source: short path in the message, JSON pointer, column name
)


class Registratie(TypedDict):
    """One row of `registraties` by name, words as text."""

    dossier_id: str
    activiteit_id: str | None
    datum: date | None
    bdsnummer: int | None
    rubriek: str | None
    groep: str | None
    volgnr: int | None
    waarde: str | None
    eenheid: str | None
    codesysteem: str | None
    nullflavor: str | None
    tekst: str | None
    bron: int
    regel: int
    pad: str | None


class BronFacts(TypedDict, total=False):
    """What is known of an input file, by the columns of BRONNEN."""

    bron: int
    pad: str
    formaat: str
    sha256: str | None
    bytes: int | None
    organisatie: str | None
    bds_opgegeven: str | None
    bds_herkend: str | None
    bds_zekerheid: str | None
    bericht_id: str | None
    gelezen: datetime
    rijen: int | None
    dossiers: int | None


class Melding(TypedDict, total=False):
    """A remark, by the columns of MELDINGEN."""

    code: Required[str]
    dossier_id: str | None
    activiteit_id: str | None
    bdsnummer: int | None
    waarde: str | None
    bron: Required[int]
    regel: int | None
    pad: str | None
    parameters: str | None


#: Highest number that an element may have. A longer one in its place is the number of a person, and is told nowhere.
HIGHEST = 999_999
#: Column → lowest and highest value in a store; a day as its distance from 1970: the years 1 to 9999.
BOUNDS = {"datum": (-719_162, 2_932_896), "bdsnummer": (0, HIGHEST)}

#: Columns of `bronnen`: one row per input file.
BRONNEN = (
    "bron",
    "pad",
    "formaat",
    "sha256",
    "bytes",
    "organisatie",
    "bds_opgegeven",
    "bds_herkend",
    "bds_zekerheid",
    "bericht_id",
    "gelezen",
    "rijen",
    "dossiers",
)

#: Columns of `meldingen`: what readers noticed; the rule catalogue gives severity and text.
MELDINGEN = (
    "code",
    "dossier_id",
    "activiteit_id",
    "bdsnummer",
    "waarde",
    "bron",
    "regel",
    "pad",
    "parameters",
)


#: Column → its kind; text where none is named. A word is text that comes back often.
_KINDS = {
    "datum": "date",
    "bdsnummer": "int32",
    "rubriek": "word",
    "groep": "word",
    "volgnr": "int32",
    "eenheid": "word",
    "codesysteem": "word",
    "nullflavor": "word",
    "bron": "int32",
    "regel": "int64",
    "pad": "word",
}
_KINDS_BRONNEN = {
    "bron": "int32",
    "bytes": "int64",
    "gelezen": "moment",
    "rijen": "int64",
    "dossiers": "int64",
}
_KINDS_MELDINGEN = {"bdsnummer": "int32", "bron": "int32", "regel": "int64"}


def registraties_schema() -> pa.Schema:
    """Arrow schema of `registraties`; repeated words are dictionary-encoded."""
    return _arrow(REGISTRATIES, _KINDS)


def bronnen_schema() -> pa.Schema:
    """Arrow schema of `bronnen`; `gelezen` is UTC, `bds_zekerheid` is zeker, waarschijnlijk, onzeker or onbekend."""
    return _arrow(BRONNEN, _KINDS_BRONNEN)


def meldingen_schema() -> pa.Schema:
    """Arrow schema of `meldingen`; `parameters` is a JSON object of message parameters."""
    return _arrow(MELDINGEN, _KINDS_MELDINGEN)


def registraties_types() -> dict[str, pl.DataType]:
    """The same for Polars; words are Categorical."""
    return _polars(REGISTRATIES, _KINDS)


def bronnen_types() -> dict[str, pl.DataType]:
    """The same for Polars."""
    return _polars(BRONNEN, _KINDS_BRONNEN)


def meldingen_types() -> dict[str, pl.DataType]:
    """The same for Polars."""
    return _polars(MELDINGEN, _KINDS_MELDINGEN)


def _arrow(names: Sequence[str], kinds: dict[str, str]) -> pa.Schema:
    import pyarrow as pa

    types = {
        "text": pa.string(),
        "word": pa.dictionary(pa.int32(), pa.string()),
        "date": pa.date32(),
        "moment": pa.timestamp("s"),
        "int32": pa.int32(),
        "int64": pa.int64(),
    }
    return pa.schema([(name, types[kinds.get(name, "text")]) for name in names])


def _polars(names: Sequence[str], kinds: dict[str, str]) -> dict[str, pl.DataType]:
    import polars as pl

    types: dict[str, pl.DataType] = {
        "text": pl.String(),
        "word": pl.Categorical(),
        "date": pl.Date(),
        "moment": pl.Datetime("ms"),
        "int32": pl.Int32(),
        "int64": pl.Int64(),
    }
    return {name: types[kinds.get(name, "text")] for name in names}
