"""An account of a run as a page: one HTML file without network or script, for who keeps an eye on privacy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bds_tool import __version__
from bds_tool.base.text import language, number, t
from bds_tool.base.vocabulary import file_name
from bds_tool.export.page import environment


def page(record: dict[str, Any]) -> str:
    """The whole page. Names of files are told without a BSN that stands in them. Needs jinja2 (extra `report`)."""
    made, style = environment(Path(__file__).parent / "templates")
    return made.get_template("verslag.html").render(
        t=t, lang=language(), number=number, style=style, version=__version__, record=record, name=file_name,
        command=" ".join(file_name(a) for a in ["bds", *record["command"]]),
    )  # fmt: skip
