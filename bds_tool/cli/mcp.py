"""`bds mcp`: the definitions for an assistant."""

from __future__ import annotations

import typer

from bds_tool.base.errors import UsageError
from bds_tool.base.text import t


def register(app: typer.Typer) -> None:
    app.command("mcp")(mcp)


def mcp() -> None:
    """Laat een assistent de definities opzoeken (Model Context Protocol, over stdin en stdout). Nooit gegevens.

    Voorbeeld: bds mcp
    """
    try:
        from bds_tool.export.assistant import server
    except ImportError as error:
        raise UsageError(
            t("Hiervoor is het pakket mcp nodig.", "This needs the package mcp."),
            t("Installeer met: pip install 'bds-tool[mcp]'.", "Install with: pip install 'bds-tool[mcp]'."),
        ) from error

    server().run("stdio")
