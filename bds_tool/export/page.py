"""What the pages of one file share (quality, qualify, compare, a dossier, a codebook): how they are made and begin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bds_tool import __version__
from bds_tool.base.errors import UsageError
from bds_tool.base.text import language, number, t

_SHARED = Path(__file__).parent / "templates"


def rendered(template: Path, style: Path = _SHARED / "pagina.css", **values: object) -> str:
    """The template with these values, every one escaped. It extends `pagina.html`; raises UsageError without the extra `report`."""
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ImportError as error:
        raise UsageError(
            t("Voor deze pagina is het pakket jinja2 nodig.", "This page needs the package jinja2."),
            'pip install "bds-tool[report]"',
        ) from error
    made = Environment(
        loader=FileSystemLoader([template.parent, _SHARED]), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=StrictUndefined,
    )  # fmt: skip
    return made.get_template(template.name).render(
        t=t, lang=language(), number=number, version=__version__, style=ours(style.read_text(encoding="utf-8")), **values
    )  # fmt: skip


def ours(markup: str) -> Any:  # noqa: ANN401  # markupsafe is there when jinja2 is
    """Our own style sheet or picture, escaped where it is made."""
    from markupsafe import Markup

    return Markup(markup)  # noqa: S704
