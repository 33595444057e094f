"""`bds rerun`: do again what a record says, and tell what is another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bds_tool.base.errors import ExitCode
from bds_tool.base.text import t
from bds_tool.cli.render import one_of, to_json, write


def register(app: typer.Typer) -> None:
    app.command("rerun", no_args_is_help=True)(rerun)


def rerun(
    record: Annotated[Path, typer.Argument(help="Verslag dat `bds --record` maakte.")],
    key: Annotated[
        str, typer.Option("--id", help="Sleutel van het dossier waar de opdracht over ging.")
    ] = "",
    page: Annotated[
        Path | None,
        typer.Option("--page", help="Maak van het verslag een HTML-pagina; er wordt niets uitgevoerd."),
    ] = None,
    format_: Annotated[str, typer.Option("--format", "-f", help="text, json.")] = "text",
) -> None:
    """Voer opnieuw uit wat in een verslag staat en vergelijk wat eruit komt; wat er nu staat blijft zoals het is.

    Exitcode 0: alles gelijk. 1: er komt iets anders uit; wat is veranderd staat erbij.

    Voorbeeld: bds --record verslag.json validate levering.bds --format json -o oordeel.json
    """
    from bds_tool.export.recording.again import again, read_record

    one_of(format_, ("text", "json"), "--format")
    found = read_record(record)
    if page is not None:
        from bds_tool.export.recording.page import page as shown

        write(shown(found), page)
        raise typer.Exit
    changed = again(found, key)
    other = [d for d in changed if d.kind == "outcome"]
    causes = [d for d in changed if d.kind == "cause"]
    if format_ == "json":
        write(to_json({"same": not other, "differences": [vars(d) for d in changed]}))
    else:
        lines = [t("Er komt hetzelfde uit.", "The same comes out.")] if not other else [t("Er komt iets anders uit:", "Something else comes out:")]  # fmt: skip
        lines += [f"  {d.what}: {d.before} → {d.now}" for d in other]
        if causes:
            lines += [t("Dit is veranderd:", "This has changed:")]
            lines += [f"  {d.what}: {d.before} → {d.now}" for d in causes]
        elif other:
            lines += [
                t("Aan bestanden, instellingen, definities en programma is niets veranderd: de opdracht maakt elke keer iets nieuws"
                  " (een nummer van een bericht, een volgorde) of mag maar één keer" + (", of de geheime sleutel is een andere." if found["key_used"] else "."),
                  "Files, settings, definitions and program are the same: the command makes something new each time"
                  " (the number of a message, an order) or may be done only once" + (", or the secret key is another one." if found["key_used"] else ".")),
            ]  # fmt: skip
        write("\n".join(lines))
    raise typer.Exit(ExitCode.FINDINGS if other else ExitCode.OK)
