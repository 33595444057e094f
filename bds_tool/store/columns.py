"""The canonical table: one row for every value that was registered, whatever the file it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
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


def registraties_schema() -> pa.Schema:
    """Arrow schema of `registraties`; repeated words are dictionary-encoded."""
    import pyarrow as pa

    word = pa.dictionary(pa.int32(), pa.string())
    types = {
        "datum": pa.date32(),
        "bdsnummer": pa.int32(),
        "rubriek": word,
        "groep": word,
        "volgnr": pa.int32(),
        "eenheid": word,
        "codesysteem": word,
        "nullflavor": word,
        "bron": pa.int32(),
        "regel": pa.int64(),
        "pad": word,
    }
    return pa.schema([(name, types.get(name, pa.string())) for name in REGISTRATIES])


def bronnen_schema() -> pa.Schema:
    """Arrow schema of `bronnen`; `gelezen` is UTC, `bds_zekerheid` is zeker, waarschijnlijk, onzeker or onbekend."""
    import pyarrow as pa

    types = {
        "bron": pa.int32(),
        "bytes": pa.int64(),
        "gelezen": pa.timestamp("s"),
        "rijen": pa.int64(),
        "dossiers": pa.int64(),
    }
    return pa.schema([(name, types.get(name, pa.string())) for name in BRONNEN])


def meldingen_schema() -> pa.Schema:
    """Arrow schema of `meldingen`; `parameters` is a JSON object of message parameters."""
    import pyarrow as pa

    types = {"bdsnummer": pa.int32(), "bron": pa.int32(), "regel": pa.int64()}
    return pa.schema([(name, types.get(name, pa.string())) for name in MELDINGEN])
