"""The formats there are: one record each, with its reader and writers. A new format is a folder here and an entry below."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Format:
    """One format. `read` and the values of `write` are "module:function"; imported when used.

    `read` takes a Source and fills a Sink. A function of `write` takes a store, a path and WriteOptions and gives Written;
    its key is what `--to` says. `starts`: first bytes by which its files are known, where those say it all. `rules`: the
    name under which rules speak of it. `coding`: whose codes its values have, HL7 or BDS.
    """

    name: str
    read: str
    write: Mapping[str, str] = field(default_factory=dict)
    starts: tuple[bytes, ...] = ()
    rules: str = ""
    coding: str = "BDS"

    @property
    def of_rules(self) -> str:
        return self.rules or self.name


_TABLES, _JAMES = "bds_tool.formats.table", "bds_tool.formats.james"
FORMATS = {
    f.name: f
    for f in (
        Format(
            "tabel",
            f"{_TABLES}.read:read_table",
            {
                "csv": f"{_TABLES}.write:write_csv",
                "csv-wide": f"{_TABLES}.wide:write_wide",
                "parquet": f"{_TABLES}.write:write_parquet",
                "arrow": f"{_TABLES}.write:write_arrow",
                "ndjson": f"{_TABLES}.write:write_ndjson",
                "xlsx": f"{_TABLES}.xlsx:write_xlsx",
            },
            starts=(b"PAR1", b"ARROW1", b"PK\x03\x04"),
        ),
        Format(
            "james",
            f"{_JAMES}.read:read_james",
            dict.fromkeys(("james", "james-3.0", "james-3.1"), f"{_JAMES}.write:write_james"),
        ),
        Format(
            "dob",
            "bds_tool.formats.dob.read:read_dob",
            {"dob": "bds_tool.formats.writing:_write_dob"},
            coding="HL7",
        ),
        Format(
            "jgz",
            "bds_tool.formats.dob.read:read_dob",
            dict.fromkeys(("vaccinaties", "geanonimiseerd"), "bds_tool.formats.jgz.write:write_vaccinations"),
            coding="HL7",
        ),
        Format("fhir", "bds_tool.formats.fhir.read:read_fhir"),
        Format("statistiek", f"{_TABLES}.statistics:read_statistics", rules="tabel"),
    )
}
#: name after `--to` → its writer
WRITERS = {to: function for f in FORMATS.values() for to, function in f.write.items()}


def format_of_source(formaat: str | None) -> Format:
    """The format of a value of `bronnen.formaat` (`dob-REPC_IN902120NL03`); what is no format of its own is a table."""
    return FORMATS.get((formaat or "").split("-")[0].lower(), FORMATS["tabel"])


def format_class(formaat: str | None) -> str:
    """The name under which rules speak of a value of `bronnen.formaat`: dob, jgz, james, fhir or tabel."""
    return format_of_source(formaat).of_rules


def coding_of(name: str) -> str:
    """HL7 or BDS: whose codes the values of a format have; `name` as rules or `bronnen.formaat` give it."""
    return format_of_source(name).coding
