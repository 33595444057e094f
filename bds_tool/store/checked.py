"""Whether the files of a store are as its layout says."""

from __future__ import annotations

from pathlib import Path

from bds_tool.base.errors import UnreadableError
from bds_tool.base.parquet import fault
from bds_tool.base.text import t
from bds_tool.store.columns import BOUNDS, bronnen_schema, meldingen_schema, registraties_schema


def check_files(path: Path) -> None:
    """The three files are there, whole, and have the columns of the layout in their types. Raises UnreadableError."""
    schemas = {
        "registraties": registraties_schema(),
        "bronnen": bronnen_schema(),
        "meldingen": meldingen_schema(),
    }
    for name, wanted in schemas.items():
        file = path / f"{name}.parquet"
        if wrong := fault(file, wanted, BOUNDS, filled=("bron",)):
            raise UnreadableError(
                f"{file} {wrong}.",
                t(
                    "Maak de gegevensmap opnieuw met `bds convert`.",
                    "Make the store again with `bds convert`.",
                ),
            )
