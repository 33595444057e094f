"""An account of a run as a page: one HTML file without network or script, for who keeps an eye on privacy."""

from __future__ import annotations

from pathlib import Path

from bds_tool.base.recording import Record
from bds_tool.base.vocabulary import file_name
from bds_tool.export.page import rendered


def page(record: Record) -> str:
    """The whole page. Names of files are told without a BSN that stands in them. Needs jinja2 (extra `report`)."""
    return rendered(
        Path(__file__).parent / "templates" / "verslag.html", record=record, name=file_name,
        command=" ".join(file_name(a) for a in ["bds", *record["command"]]),
    )  # fmt: skip
