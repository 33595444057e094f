"""`bds anonymise`: a microdata extract for research, refused when children stay recognisable."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bds_tool.base.text import number, t
from bds_tool.cli.opening import open_readable
from bds_tool.cli.project import project
from bds_tool.cli.render import table, talk


def register(main: typer.Typer) -> None:
    main.command()(anonymise)


def anonymise(
    store: Annotated[Path, typer.Argument(metavar="STORE", help="Gegevensmap (NAAM.bds) of export.")],
    to: Annotated[Path, typer.Option("--to", help="Map voor het extract.")],
    key_file: Annotated[
        Path | None,
        typer.Option("--key-file", help="Bestand met de geheime sleutel; anders BDS_KEY."),
    ] = None,
    policy: Annotated[
        str,
        typer.Option(
            "--policy", help="Beleid uit specs/beleid/extract, of een YAML-bestand; anders onderzoek."
        ),
    ] = "",
    area: Annotated[
        str, typer.Option("--area", help="Gebied dat meegaat: none, gemeente of wijk (met --areas).")
    ] = "gemeente",
    areas: Annotated[
        Path | None, typer.Option("--areas", help="Tabel met kolommen postcode en wijk.")
    ] = None,
    birth: Annotated[str, typer.Option("--birth", help="Geboorte als month, year, 2year of 4year.")] = "year",
    without: Annotated[
        list[str] | None, typer.Option("--without", help="Kenmerk dat niet meegaat; mag vaker.")
    ] = None,
    k: Annotated[
        int | None, typer.Option("--k", min=2, help="Kleinste groep met dezelfde kenmerken.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Vervang een bestaande uitvoer.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Zeg niets als het lukt.")] = False,
) -> None:
    """Maak een extract voor onderzoek zonder herkenbare kinderen (lukt dat niet: exitcode 4)."""
    from bds_tool.export.anonymise.extract import anonymise as make
    from bds_tool.export.anonymise.extract import load_extract_policy, read_key

    settings = project().anonymise
    secret = read_key(key_file or settings.key_file)
    rules = load_extract_policy(policy or settings.policy or "onderzoek")
    with open_readable([store], quiet=quiet) as source:
        extract = make(
            source,
            to,
            secret=secret,
            policy=rules,
            area=area,
            areas=areas,
            k=k,
            birth=birth,
            without=without or (),
            replace=force,
        )
    if quiet:
        return
    facts = extract.facts
    rows = [
        [r["trait"], r["values"], r["at_risk_alone"], r["at_risk"], r["at_risk_without"]]
        for r in facts["by_trait"]
    ]
    table(
        rows,
        [
            t("kenmerk", "trait"),
            t("waarden", "values"),
            t("risico alleen", "at risk alone"),
            t("risico samen", "at risk together"),
            t("risico zonder", "at risk without"),
        ],
    )
    talk(
        t(
            f"{to}: {number(facts['children'])} kinderen, {number(facts['values'])} waarden; {number(facts['objected'])} niet om bezwaar, "
            f"{number(facts['dropped_rare'])} niet omdat hun kenmerken te zeldzaam zijn (k={facts['k']}, l={facts['l']}).",
            f"{to}: {number(facts['children'])} children, {number(facts['values'])} values; {number(facts['objected'])} left out by "
            f"objection, {number(facts['dropped_rare'])} because their traits are too rare (k={facts['k']}, l={facts['l']}).",
        )
    )
