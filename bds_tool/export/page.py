"""What the pages of `quality`, `qualify` and `compare` share: how they are made, and how they look."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bds_tool.base.errors import UsageError
from bds_tool.base.text import t

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup


def environment(folder: Path) -> tuple[Environment, Markup]:
    """Templates of a folder, every value escaped, and the style sheet. Raises UsageError without the extra `report`."""
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
        from markupsafe import Markup
    except ImportError as error:
        raise UsageError(
            t("Voor deze pagina is het pakket jinja2 nodig.", "This page needs the package jinja2."),
            'pip install "bds-tool[report]"',
        ) from error
    made = Environment(
        loader=FileSystemLoader(folder), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=StrictUndefined,
    )  # fmt: skip
    style = (Path(__file__).parent / "templates" / "pagina.css").read_text(encoding="utf-8")
    return made, Markup(style)  # noqa: S704  # our own style sheet
