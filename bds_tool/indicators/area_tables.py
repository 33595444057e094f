"""The tables of areas that a user supplies, recognised by their columns (CSV or Parquet, any order, any case).

postcode + huisnummer + buurt (the yearly file of CBS), postcode + buurt, postcode4 + gemeente, gemeente + regio, oud +
nieuw (gemeente codes), code + naam. A table may carry its year in a column name (`Buurt2024`) or in its file name. Names
of areas come from every table that has a code with its name (buurtcode and buurtnaam, wijk and wijknaam, gemeente and
gemeentenaam), and from the key figures of CBS (gwb_code_10 and regio).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from bds_tool.base.errors import UnreadableError, UsageError
from bds_tool.base.text import t
from bds_tool.store import database

if TYPE_CHECKING:
    import duckdb

#: Names of columns that mean the same, without year suffix and in lower case.
ALIASES = {
    "postcode": "postcode",
    "pc6": "postcode",
    "postcode6": "postcode",
    "huisnummer": "huisnummer",
    "hnr": "huisnummer",
    "buurt": "buurt",
    "buurtcode": "buurt",
    "wijk": "wijk",
    "wijkcode": "wijk",
    "gemeente": "gemeente",
    "gemeentecode": "gemeente",
    "gem": "gemeente",
    "postcode4": "postcode4",
    "pc4": "postcode4",
    "regio": "regio",
    "regiocode": "regio",
    "ggd": "regio",
    "oud": "oud",
    "nieuw": "nieuw",
    "code": "code",
    "gwb_code": "code",
    "gwb_code_10": "code",
    "naam": "naam",
    "regionaam": "naam",
    "buurtnaam": "buurtnaam",
    "buurt_naam": "buurtnaam",
    "wijknaam": "wijknaam",
    "wijk_naam": "wijknaam",
    "gemcode": "gemeente",
    "gm_code": "gemeente",
    "gemeentenaam": "gemeentenaam",
    "gemeente_naam": "gemeentenaam",
    "gm_naam": "gemeentenaam",
}
KINDS = {
    "pc6hnr": {"postcode", "huisnummer", "buurt"},
    "pc6": {"postcode", "buurt"},
    "pc4": {"postcode4", "gemeente"},
    "wijziging": {"oud", "nieuw"},
    "regio": {"gemeente", "regio"},
    "namen": {"code", "naam"},
    "kerncijfers": {"code", "regio"},
    "buurtnamen": {"buurt", "buurtnaam"},
    "wijknamen": {"wijk", "wijknaam"},
    "gemeentenamen": {"gemeente", "gemeentenaam"},
}


class AreaTable(TypedDict):
    """One table: `columns`, what a column holds → its name in SQL; `source`: the table in SQL."""

    kind: str
    path: Path
    source: str
    columns: dict[str, str]
    year: int | None


@dataclass
class AreaTables:
    """What was recognised: per kind the files with their year (None when not stated) and column names."""

    found: list[AreaTable] = field(default_factory=list)

    def of(self, kind: str) -> list[AreaTable]:
        """Files of one kind, newest year first."""
        return sorted((f for f in self.found if f["kind"] == kind), key=lambda f: -(f["year"] or 0))


def recognise(connection: duckdb.DuckDBPyConnection, paths: Sequence[Path]) -> AreaTables:
    """Look at every CSV and Parquet file in `paths` (files or folders). Raises UnreadableError for an unusable file."""
    import duckdb as engine

    tables = AreaTables()
    for path in files(paths):
        source = database.parquet(path) if path.suffix.lower() == ".parquet" else database.csv(path)
        try:
            columns = connection.sql(database.fill("select * from {source}", source=source)).columns
        except engine.Error as error:
            raise UnreadableError(
                t(f"{path} is geen leesbare gebiedstabel.", f"{path} is no readable area table."),
                t("Geef CSV of Parquet met een kopregel.", "Give CSV or Parquet with a header line."),
            ) from error
        plain = {
            ALIASES[key]: database.name(c)
            for c in columns
            if (key := re.sub(r"[_ ]?\d{4}$", "", c.strip().lower())) in ALIASES
        }
        kind = next((k for k, wanted in KINDS.items() if wanted <= set(plain)), None)
        if kind is None:
            raise UsageError(
                t(f"{path.name} is geen bekende gebiedstabel.", f"{path.name} is no known area table."),
                t(
                    "Verwacht: postcode, huisnummer en buurt; postcode en buurt; postcode4 en gemeente; gemeente en regio; "
                    "oud en nieuw; of code en naam (ook buurt en buurtnaam, wijk en wijknaam, gemeente en gemeentenaam).",
                    "Expected: postcode, huisnummer and buurt; postcode and buurt; postcode4 and gemeente; gemeente and "
                    "regio; oud and nieuw; or code and naam (also buurt and buurtnaam, wijk and wijknaam, …).",
                ),
            )
        years = re.findall(r"(?<!\d)(20\d\d)", " ".join([*columns, path.name]))
        tables.found.append(
            {
                "kind": kind,
                "path": path,
                "source": source,
                "columns": plain,
                "year": int(years[0]) if years else None,
            }
        )
    return tables


def files(paths: Sequence[Path]) -> list[Path]:
    """The tables in `paths`, which are files or folders. Raises UnreadableError for one that is not there."""
    out: list[Path] = []
    for path in paths:
        if path.is_dir():
            out += sorted(p for p in path.iterdir() if p.suffix.lower() in {".csv", ".parquet"})
        elif path.is_file():
            out.append(path)
        else:
            raise UnreadableError(
                t(f"{path} bestaat niet.", f"{path} does not exist."),
                t("Controleer naam en map bij --areas.", "Check name and folder at --areas."),
            )
    return out
