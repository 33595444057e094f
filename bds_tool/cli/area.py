"""`bds area`: are the addresses of a store placed in the areas of the tables given?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bds_tool.base.files import scratch
from bds_tool.base.text import language, t
from bds_tool.cli.opening import open_readable
from bds_tool.cli.render import TABLE_FORMATS, table, talk

app = typer.Typer(no_args_is_help=True, help="Adressen in buurt, wijk en gemeente plaatsen.")


def register(main: typer.Typer) -> None:
    main.add_typer(app, name="area")


@app.command()
def check(
    store: Annotated[Path, typer.Argument(help="Gegevensmap (NAAM.bds) of export.")],
    areas: Annotated[
        list[Path] | None, typer.Option("--areas", help="Map of bestand met postcode- en gebiedstabellen.")
    ] = None,
    area_year: Annotated[int | None, typer.Option("--area-year", help="Jaar van de gebiedsindeling.")] = None,
    format_: Annotated[
        str, typer.Option("--format", "-f", help=f"Vorm: {', '.join(TABLE_FORMATS)}.")
    ] = "text",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Bestand voor de uitvoer.")] = None,
) -> None:
    """Laat zien hoeveel adressen met huisnummer, postcode of alleen gemeente zijn geplaatst, en welke niet."""
    from bds_tool.indicators.area import PLACED
    from bds_tool.indicators.places import check_areas

    with (
        open_readable([store]) as opened,
        scratch() as spill,
    ):
        facts, placed, lost = check_areas(opened, areas or [], area_year, spill)
    total = sum(placed.values())
    texts = {word: (nl if language() == "nl" else en) for word, _, nl, en in PLACED}
    rows = [
        [word, texts[word], count, round(100 * count / total, 1) if total else None]
        for word, count in placed.items()
    ]
    table(rows, ("plaatsing", "hoe", "adressen", "percentage"), format_, output)
    division = facts["division"] or t("geen jaar bekend", "no year known")
    count = len(facts["files"])
    talk(
        t(
            f"Indeling: {division}; {count} {'tabel' if count == 1 else 'tabellen'}.",
            f"Division: {division}; {count} {'table' if count == 1 else 'tables'}.",
        )
    )
    if lost:
        shown = ", ".join(sorted(lost)[:10])
        talk(
            t(
                f"{len(lost)} gemeenten in element 9 bestaan niet (meer): {shown}.",
                f"{len(lost)} gemeenten in element 9 do not exist (any more): {shown}.",
            )
        )
        talk(
            t(
                "Geef een tabel met de kolommen oud en nieuw om ze om te zetten.",
                "Give a table with the columns oud and nieuw to map them.",
            )
        )
