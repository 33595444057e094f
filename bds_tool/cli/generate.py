"""`bds generate`: a population that looks like Dutch JGZ registration and is nobody's."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from bds_tool.base.errors import UsageError
from bds_tool.base.text import number, plural, t
from bds_tool.cli.render import talk


def register(main: typer.Typer) -> None:
    main.command("generate")(command)


def command(
    output: Annotated[
        Path | None,
        typer.Option("--output", "--out", "-o", help="Map (NAAM.bds) of bestand dat wordt gemaakt."),
    ] = None,
    children: Annotated[int, typer.Option("--children", "-n", help="Aantal kinderen.")] = 1000,
    seed: Annotated[
        int, typer.Option(help="Beginwaarde van het toeval; dezelfde geeft hetzelfde bestand.", min=0)
    ] = 1,
    bds: Annotated[str, typer.Option("--bds", help="BDS-versie; zonder deze optie de nieuwste.")] = "",
    region: Annotated[
        str, typer.Option(help="klein, midden, groot, nederland, of gemeenten=3,wijken=8,buurten=4.")
    ] = "klein",
    to: Annotated[
        str, typer.Option(help="Formaat: store, of een formaat van bds convert (dob, james, csv, …).")
    ] = "store",
    coding: Annotated[
        str, typer.Option(help="bds (zoals JSON en tabellen) of hl7 (zoals DOB-berichten).")
    ] = "",
    themes: Annotated[str, typer.Option(help="Alleen deze onderdelen, met komma's; zonder: alles.")] = "",
    defects: Annotated[
        str, typer.Option(help="Fouten planten: een naam in specs/populatie/defecten of een YAML-bestand.")
    ] = "",
    defect_rate: Annotated[
        float, typer.Option(help="Vermenigvuldigt de kans op elke fout.", min=0, max=1000)
    ] = 1.0,
    manifest: Annotated[
        Path | None, typer.Option(help="Bestand met wat waar is geplant (bij --defects).")
    ] = None,
    population: Annotated[
        str, typer.Option(help="Cijfers om mee te trekken: naam of YAML-bestand.")
    ] = "nederland",
    reference_date: Annotated[str, typer.Option(help="Dag tot wanneer is geregistreerd (JJJJ-MM-DD).")] = "",
    like: Annotated[
        Path | None,
        typer.Option(
            "--like",
            help="Maak een tweeling van een profiel (bds profile --share) in plaats van een bevolking.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Een bestaande uitvoer vervangen.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Niets vertellen.")] = False,
) -> None:
    """Maak verzonnen dossiers om mee te proberen, te testen en te meten.

    Voorbeeld: bds generate --children 10000 --bds 4.1.3 --region midden --output proef.bds
    """
    from bds_tool.synthetic.generate import THEMES, Request
    from bds_tool.synthetic.produce import produce

    if output is None:
        raise UsageError(
            t("Er is geen uitvoer gekozen.", "No output was chosen."),
            t("Geef --output NAAM.bds.", "Give --output NAME.bds."),
        )
    if like is not None:
        from bds_tool.synthetic.produce import twin_of

        done = twin_of(like, output, children, seed, to=to, replace=force)
        if not quiet:
            talk(t(f"{plural(done.rows, 'registratie', 'registraties')} van {plural(children, 'dossier van niemand', 'dossiers van niemand')} in {output}.",
                   f"{plural(done.rows, 'registration', 'registrations')} of {plural(children, 'dossier', 'dossiers')} of nobody in {output}."))  # fmt: skip
        return
    chosen = tuple(p.strip() for p in themes.split(",") if p.strip()) or tuple(THEMES)
    request = Request(
        children,
        seed,
        bds,
        region,
        coding or ("hl7" if to == "dob" else "bds"),
        chosen,
        population,
        _day(reference_date),
    )
    request.defects, request.defect_rate = defects, defect_rate
    start = time.perf_counter()
    done = produce(request, output, to=to, replace=force, manifest=manifest)
    if quiet:
        return
    seconds = number(time.perf_counter() - start, 1)
    talk(
        t(
            f"{plural(done.rows, 'registratie', 'registraties')} van {plural(children, 'verzonnen kind', 'verzonnen kinderen')} in {output} ({seconds} s).",
            f"{plural(done.rows, 'registration', 'registrations')} of {plural(children, 'invented child', 'invented children')} in {output} ({seconds} s).",
        )
    )
    if done.defects is not None:
        planted = t(plural(done.defects, "fout", "fouten"), plural(done.defects, "defect", "defects"))
        talk(t(f"{planted} geplant.", f"{planted} planted."))
    if done.left_out:
        rows = number(sum(done.left_out.values()))
        talk(
            t(
                f"{rows} waarden hebben in dit formaat geen plaats: {_words(done.left_out)}.",
                f"{rows} values have no place in this format: {_words(done.left_out)}.",
            )
        )


def _words(left_out: dict[str, int]) -> str:
    """The first few of what was left out, with their numbers."""
    told = [f"{word} ({number(count)})" for word, count in sorted(left_out.items(), key=lambda w: -w[1])[:5]]
    return ", ".join(told) + (", …" if len(left_out) > 5 else "")


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            t("De peildatum is geen datum.", "The reference date is no date."),
            t("Schrijf JJJJ-MM-DD, bijvoorbeeld 2025-12-31.", "Write YYYY-MM-DD, for example 2025-12-31."),
        ) from error
