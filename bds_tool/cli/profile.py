"""`bds profile`: a first look at an unknown export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from bds_tool.base.errors import ExitCode
from bds_tool.base.text import number, plural, t
from bds_tool.cli.project import project
from bds_tool.cli.render import TABLE_FORMATS, one_of, table, talk, to_json, write


def register(app: typer.Typer) -> None:
    app.command("profile", no_args_is_help=True)(profile)


def profile(
    paths: Annotated[list[str], typer.Argument(help="Bestanden, mappen, een .bds-map, of - voor stdin.")],
    format_: Annotated[
        str, typer.Option("--format", "-f", help="text, json, ndjson, csv, markdown.")
    ] = "text",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Bestand; anders stdout.")] = None,
    small: Annotated[
        int, typer.Option(help="Toon alleen waarden die in ten minste zoveel dossiers voorkomen.", min=3)
    ] = 10,
    from_format: Annotated[
        str | None, typer.Option("--from", help="Formaat van de invoer; anders herkend.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="Instellingen; anders de dichtstbijzijnde bds.toml.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Niets op stderr.")] = False,
) -> None:
    """Wat zit er in deze export: welke elementen, hoe vaak gevuld, welke codes, welke jaren. Kleine aantallen blijven verborgen.

    Voorbeeld: bds profile export.csv
    """
    from bds_tool.formats import read, unreadable
    from bds_tool.validate.profile import profile as look

    one_of(format_, TABLE_FORMATS, "--format")
    with read(paths, from_format=from_format, tables=project(config).tables) as store:
        found = look(store, small=small)
        broken = unreadable(store)
    if format_ == "json":
        write(to_json(found), output)
    else:
        names = (
            t("element", "element"),
            t("naam", "name"),
            t("soort", "kind"),
            t("gevuld", "filled"),
            t("% dossiers", "% dossiers"),
            t("verschillend", "distinct"),
            t("eenheid", "unit"),
            t("jaren", "years"),
            t("waarden", "values"),
        )
        table([_row(e) for e in found["elements"]], names, format_, output)
    if not quiet:
        talk(
            t(
                f"{plural(found['rows'], 'registratie', 'registraties')}, {plural(found['dossiers'], 'dossier', 'dossiers')}, {plural(found['activities'], 'activiteit', 'activiteiten')}, "
                f"{plural(len(found['elements']), 'element', 'elementen')}; {plural(found['without_element'], 'rij', 'rijen')} zonder elementnummer.",
                f"{plural(found['rows'], 'registration', 'registrations')}, {plural(found['dossiers'], 'dossier', 'dossiers')}, {plural(found['activities'], 'activity', 'activities')}, "
                f"{plural(len(found['elements']), 'element', 'elements')}; {plural(found['without_element'], 'row', 'rows')} without element number.",
            )
        )
        for name in broken:
            talk(t(f"niet gelezen: {name}", f"not read: {name}"))
    raise typer.Exit(ExitCode.UNREADABLE if broken else ExitCode.OK)


def _row(e: dict[str, Any]) -> tuple[Any, ...]:
    units = ", ".join(e["units"]) or (f"{e['looks_like']}?" if e.get("looks_like") else "")
    years = "" if e["from_year"] is None else f"{e['from_year']}-{e['until_year']}"
    return (
        e["element"],
        (e["element_name"] or "?")[:40],
        e["kind"],
        e["filled"],
        number(100 * e["share"], 1),
        e["distinct"],
        units,
        years,
        _values(e),
    )


def _values(e: dict[str, Any]) -> str:
    if e.get("p1") is not None:
        return f"{number(e['p1'])} – {number(e['median'])} – {number(e['p99'])}"
    shown = [f"{v['value']}: {number(v['n'])}" for v in e["values"][:6] if v["value"] is not None]
    rest = [v["n"] for i, v in enumerate(e["values"]) if i >= 6 or v["value"] is None]
    if rest:
        total = t("weinig", "few") if None in rest else number(sum(rest))
        shown.append(t(f"overig: {total}", f"other: {total}"))
    return ", ".join(shown)
