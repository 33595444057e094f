"""`bds open`: a page on this machine for who has no terminal."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from bds_tool.base.errors import UsageError
from bds_tool.base.escaping import markup
from bds_tool.base.files import scratch
from bds_tool.base.settings import find
from bds_tool.base.text import language, t
from bds_tool.cli.render import talk


def register(app: typer.Typer) -> None:
    app.command("open")(open_)


def open_(
    folder: Annotated[Path, typer.Argument(help="Map waar bewaarde resultaten komen.")] = Path(),
    browser: Annotated[
        bool,
        typer.Option("--browser/--no-browser", help="Open de pagina; anders staat het adres op het scherm."),
    ] = True,
    max_mb: Annotated[int, typer.Option(help="Zoveel MB aan bestanden samen, hooguit.", min=1)] = 2_000,
) -> None:
    """Open een pagina op deze computer: sleep bestanden erin, zie rapport en inhoud, vergelijk leveringen, bewaar.

    De pagina is alleen op deze computer te bereiken. Bestanden worden gewist als het venster sluit, of bij Ctrl-C.

    Voorbeeld: bds open resultaten
    """
    from bds_tool.export.desk.server import Desk
    from bds_tool.export.desk.work import Work

    if not folder.is_dir():
        raise UsageError(
            t(f"{folder} is geen map.", f"{folder} is no folder."),
            t("Noem een map waar resultaten mogen komen.", "Name a folder where results may go."),
        )
    with scratch() as private:
        work = Work(private, folder.resolve(), max_mb * 1_000_000, find(folder.resolve()))
        with Desk(work, language()) as desk:
            try:
                _show(desk.url, private, browser=browser)
                desk.serve_forever()
            finally:
                work.close()


def _show(url: str, private: Path, *, browser: bool) -> None:
    """Open the page by way of a file that only this user can read: a command line is seen by every user of a machine."""
    if browser:
        door = private / "bds.html"
        door.write_text(
            f'<!doctype html><meta charset="utf-8"><title>bds</title>'
            f'<meta http-equiv="refresh" content="0; url={markup(url)}">',
            encoding="utf-8",
        )
        if webbrowser.open(door.as_uri()):
            talk(t("De pagina is geopend. Sluit haar om te stoppen, of druk op Ctrl-C.",
                   "The page was opened. Close it to stop, or press Ctrl-C."))  # fmt: skip
            return
    talk(t(f"Open {url} in een browser op deze computer. Ctrl-C stopt.",
           f"Open {url} in a browser on this computer. Ctrl-C stops."))  # fmt: skip
