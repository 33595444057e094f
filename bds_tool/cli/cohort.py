"""`bds cohort`: a study by its definition: rows, codebook, and what belongs to delivering it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bds_tool.base.text import number, t
from bds_tool.cli.opening import open_readable
from bds_tool.cli.project import project
from bds_tool.cli.render import table, talk
from bds_tool.cli.validate import today


def register(main: typer.Typer) -> None:
    main.command("cohort", no_args_is_help=True)(cohort)


def cohort(
    definition: Annotated[
        Path, typer.Argument(metavar="DEFINITION", help="YAML: wie, wanneer, welke variabelen.")
    ],
    store: Annotated[Path, typer.Argument(metavar="STORE", help="Gegevensmap (NAAM.bds) of export.")],
    to: Annotated[Path, typer.Option("--output", "-o", "--to", help="Map voor de studie.")],
    areas: Annotated[
        list[Path] | None, typer.Option("--areas", help="Tabellen van gebieden: map of bestand; mag vaker.")
    ] = None,
    key_file: Annotated[
        Path | None, typer.Option("--key-file", help="Bestand met de geheime sleutel; anders BDS_KEY.")
    ] = None,
    findings: Annotated[
        Path | None,
        typer.Option(
            "--findings", help="Bewaard oordeel (bds validate --save) in plaats van opnieuw oordelen."
        ),
    ] = None,
    all_values: Annotated[
        bool, typer.Option("--all-values", help="Ook waarden die bds validate ongeloofwaardig vindt.")
    ] = False,
    objections: Annotated[
        bool, typer.Option("--objections", help="Ook kinderen met een bezwaar tegen onderzoek (1404).")
    ] = False,
    reference_date: Annotated[
        str, typer.Option("--reference-date", help="Laatste dag die telt (jjjj-mm-dd); anders vandaag.")
    ] = "",
    force: Annotated[bool, typer.Option("--force", help="Vervang een bestaande uitvoer.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Zeg niets als het lukt.")] = False,
) -> None:
    """Maak een studie: één rij per kind, contact of meting, met codeboek, voor SPSS, Stata, R en Python.

    De bestanden zijn persoonsgegevens (AVG); het LEESMIJ zegt wat daarbij hoort.

    Voorbeeld: bds cohort studie.yaml NAAM.bds -o studie
    """
    from bds_tool.base.files import replaceable
    from bds_tool.base.keys import secret_key
    from bds_tool.export.cohort.definition import load
    from bds_tool.export.cohort.running import Wishes, study
    from bds_tool.export.cohort.writing import write_study

    asked = load(definition)
    replaceable(to, replace=force)
    wishes = Wishes(
        today(reference_date, project()),
        tuple(areas or ()),
        findings,
        judge=not all_values,
        objections=objections,
        secret=secret_key(key_file or project().anonymise.key_file) or None,
    )
    with open_readable([store], quiet=quiet) as source:
        made = study(source, asked, wishes)
    lacking = write_study(made, to, replace=force)
    if quiet:
        return
    table(
        [[s.name, number(s.left_out), f"{number(s.remaining)} {s.unit}"] for s in made.flow],
        [t("stap", "step"), t("valt weg", "left out"), t("blijft", "remains")],
    )
    for line in lacking:
        talk(line)
    talk(
        t(f"{to}: {number(made.frame.height)} rijen, {len(made.columns)} variabelen. Dit zijn persoonsgegevens; lees LEESMIJ.md.",
          f"{to}: {number(made.frame.height)} rows, {len(made.columns)} variables. These are personal data; read LEESMIJ.md.")
    )  # fmt: skip
