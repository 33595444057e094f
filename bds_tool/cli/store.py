"""`bds store`: a data folder that grows delivery by delivery; each is read once and judged once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bds_tool.base.text import number, plural, t
from bds_tool.cli.project import project
from bds_tool.cli.render import TABLE_FORMATS, progress, table, talk

if TYPE_CHECKING:
    from bds_tool.store.parts import Part

app = typer.Typer(no_args_is_help=True, help="Een gegevensmap die per levering groeit.")

_Folder = Annotated[Path, typer.Argument(metavar="NAAM.bds", help="Gegevensmap van leveringen.")]
_Paths = Annotated[list[str], typer.Argument(metavar="LEVERING…", help="Bestanden, mappen of archieven.")]
_Delivery = Annotated[str, typer.Option("--delivery", help="Naam van de levering, bijvoorbeeld 2026-01.")]
_Organisation = Annotated[
    str, typer.Option("--organisation", help="Organisatie van bronnen die er geen noemen.")
]
_Bds = Annotated[str, typer.Option("--bds", help="BDS-versie; anders die in het bestand.")]
_From = Annotated[str, typer.Option("--from", help="Formaat van de invoer; anders herkend.")]
_Profile = Annotated[
    str, typer.Option("--profile", help="Profiel voor tabellen uit bds.toml; anders het best passende.")
]
_Format = Annotated[str, typer.Option("--format", "-f", help=f"Vorm: {', '.join(TABLE_FORMATS)}.")]
_Output = Annotated[Path | None, typer.Option("--output", "-o", help="Bestand voor de uitvoer.")]
_Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Geen uitleg op het scherm.")]


def register(main: typer.Typer) -> None:
    main.add_typer(app, name="store")


@app.command()
def add(
    folder: _Folder,
    paths: _Paths,
    delivery: _Delivery,
    organisation: _Organisation = "",
    bds: _Bds = "",
    from_: _From = "",
    profile: _Profile = "",
    quiet: _Quiet = False,
) -> None:
    """Voeg een levering toe; alleen die wordt gelezen. De map wordt gemaakt als hij er nog niet is.

    Voorbeeld: bds store add jgz.bds levering/ --delivery 2026-01 --organisation "JGZ Voorbeeld"
    """
    part = _read(folder, paths, delivery, organisation, bds, from_, profile, quiet=quiet, instead=False)
    _told(part, t("toegevoegd", "added"), quiet=quiet)


@app.command("replace")
def replace_(
    folder: _Folder,
    paths: _Paths,
    delivery: _Delivery,
    organisation: _Organisation = "",
    bds: _Bds = "",
    from_: _From = "",
    profile: _Profile = "",
    quiet: _Quiet = False,
) -> None:
    """Lees een levering opnieuw, in de plaats van wat er onder die naam stond."""
    part = _read(folder, paths, delivery, organisation, bds, from_, profile, quiet=quiet, instead=True)
    _told(part, t("vervangen", "replaced"), quiet=quiet)


@app.command()
def drop(
    folder: _Folder,
    delivery: _Delivery,
    organisation: Annotated[
        str, typer.Option("--organisation", help="Organisatie, als meer er een levering van die naam hebben.")
    ] = "",
    quiet: _Quiet = False,
) -> None:
    """Haal een levering uit de gegevensmap. De andere blijven zoals ze zijn."""
    from bds_tool.formats.deliveries import drop as take_out

    _told(take_out(folder, delivery, organisation), t("weggehaald", "taken out"), quiet=quiet)


@app.command("list")
def list_(folder: _Folder, format_: _Format = "text", output: _Output = None) -> None:
    """Toon de leveringen in een gegevensmap, in de volgorde waarin ze zijn toegevoegd."""
    from bds_tool.store.parts import Index

    rows = [
        [p.organisation, p.delivery, p.added, len(p.sources), p.dossiers, p.rows]
        for p in Index.read(folder).parts
    ]
    columns = ("organisatie", "levering", "toegevoegd", "bestanden", "dossiers", "registraties")
    table(rows, columns, format_, output)


@app.command()
def verify(folder: _Folder, format_: _Format = "text", output: _Output = None) -> None:
    """Kijk na of van elke levering alles er nog is zoals het is gelezen (SHA-256). Exitcode 1 als dat niet zo is."""
    from bds_tool.store.parts import verify as look

    found = look(folder)
    rows = [[p.organisation, p.delivery, ", ".join(wrong), "nee" if wrong else "ja"] for p, wrong in found]
    table(rows, ("organisatie", "levering", "veranderd_of_weg", "heel"), format_, output)
    bad = sum(bool(wrong) for _, wrong in found)
    if bad:
        talk(
            t(
                f"{plural(bad, 'levering is', 'leveringen zijn')} niet meer zoals gelezen: lees opnieuw met bds store replace.",
                f"{plural(bad, 'delivery is', 'deliveries are')} not as read any more: read again with bds store replace.",
            )
        )
        raise typer.Exit(1)


def _read(
    folder: Path,
    paths: list[str],
    delivery: str,
    organisation: str,
    bds: str,
    from_: str,
    profile: str,
    *,
    quiet: bool,
    instead: bool,
) -> Part:
    from bds_tool.formats.deliveries import add as read_in
    from bds_tool.validate.run import INSPECTOR, known_version

    known_version(bds)
    settings: Any = project()
    return read_in(
        folder,
        paths,
        delivery,
        organisation=organisation,
        instead=instead,
        inspect=(INSPECTOR,),
        bds=bds,
        from_format=from_ or None,
        tables=replace(settings.tables, profile=profile),
        progress=progress(quiet=quiet),
    )


def _told(part: Part, done: str, *, quiet: bool) -> None:
    if quiet:
        return
    rows = plural(part.rows, t("registratie", "registration"), t("registraties", "registrations"))
    talk(f"{part.name}: {done}, {number(part.dossiers)} dossiers, {rows}.")
