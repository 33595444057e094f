"""`bds report`: tables, charts, a site and a factsheet from protected results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bds_tool.base.errors import UsageError
from bds_tool.base.text import number, plural, t
from bds_tool.cli.project import project
from bds_tool.cli.protect import STRICT
from bds_tool.cli.render import one_of, talk

ResultPath = Annotated[Path, typer.Argument(metavar="RESULT", help="Beveiligd resultaat (NAAM.result).")]
Out = Annotated[Path, typer.Option("--output", "--out", "-o", help="Bestand of map die wordt gemaakt.")]
Force = Annotated[bool, typer.Option("--force", help="Vervang wat er al staat.")]
Source = Annotated[
    Path,
    typer.Argument(
        metavar="BRON",
        help="Beveiligd resultaat (NAAM.result), of een gegevensmap (NAAM.bds): die wordt dan eerst geteld en beveiligd.",
    ),
]
Areas = Annotated[
    list[Path] | None, typer.Option("--areas", help="Postcode- en gebiedstabellen, bij een gegevensmap.")
]
Policy = Annotated[
    str, typer.Option("--policy", help="Onthullingsbeleid, bij een gegevensmap; anders ncj-strict.")
]
Geometry = Annotated[Path | None, typer.Option(help="Gebiedsgrenzen voor de kaart (GeoJSON of GeoPackage).")]
Settings = Annotated[
    Path | None, typer.Option(help="Naam, logo, kleuren en teksten van de uitgave (YAML; schema: site).")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Geen samenvatting.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        help="Tabellen, grafieken, een site en een factsheet uit beveiligde resultaten.", no_args_is_help=True
    )
    group.command("table")(table)
    group.command("chart")(chart)
    group.command("site")(site)
    group.command("pdf")(pdf)
    group.command("melkvoeding")(melkvoeding)
    app.add_typer(group, name="report")


def table(
    result: ResultPath,
    output: Out,
    format_: Annotated[
        str,
        typer.Option(
            "--format", help="xlsx, csv, csv-nl, parquet, markdown of html; zonder: naar de extensie."
        ),
    ] = "",
    indicator: Annotated[
        list[str] | None, typer.Option("--indicator", "-i", help="Indicator; mag vaker.")
    ] = None,
    area: Annotated[
        list[str] | None, typer.Option("--area", help="Gebied (code of naam); mag vaker.")
    ] = None,
    sets: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="Alleen deze set: lpk, kansrijke-start, igj, jib of een eigen YAML; mag vaker."
        ),
    ] = None,
    level: Annotated[str, typer.Option(help="Soort gebied: land, regio, gemeente, wijk, buurt.")] = "",
    period: Annotated[str, typer.Option(help="Periode, bijvoorbeeld 2024.")] = "",
    breakdowns: Annotated[
        bool, typer.Option("--breakdowns/--totals", help="Met of zonder uitsplitsingen.")
    ] = True,
    standardise: Annotated[
        str,
        typer.Option(
            help="Gestandaardiseerd naar deze uitsplitsingen van het resultaat (age,sex), waar alle delen getoond zijn."
        ),
    ] = "",
    method: Annotated[
        str,
        typer.Option(
            help="Bij --standardise: direct, of indirect (SIR met exacte grenzen, ook voor kleine gebieden)."
        ),
    ] = "direct",
    book: Annotated[
        bool, typer.Option("--book", help="Tabellenboek: een werkboek per gemeente, alle thema's.")
    ] = False,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Tabel met waarde, interval, referentie en status; met --book een heel tabellenboek."""
    from bds_tool.export.report.book import open_book
    from bds_tool.export.report.tables import write_book, write_table
    from bds_tool.indicators.sets import members

    opened = open_book(result)
    if names := members(sets or []):
        opened = opened.only(names)
    if not book:
        format_ = _format(format_, output)
    if standardise:
        kind = one_of(method, ("direct", "indirect"), "--method")
        opened = opened.standardised([word.strip() for word in standardise.split(",") if word.strip()], kind)
    if book:
        count = write_book(opened, output, level=level or "gemeente", replace=force)
        if not quiet:
            made = t(plural(count, "werkboek", "werkboeken"), plural(count, "workbook", "workbooks"))
            talk(f"{output}: {made}.")
        return
    rows = opened.rows(
        indicator=[opened.indicator(i).id for i in indicator] if indicator else None,
        area=[opened.area(a).code for a in area] if area else None,
        level=opened.level(level) if level else None,
        period=opened.period(period) if period else None,
        totals_only=not breakdowns,
    )
    write_table(opened, rows, format_, output)
    if not quiet:
        told = t(plural(rows.height, "rij", "rijen"), plural(rows.height, "row", "rows"))
        talk(f"{output}: {told}.")


#: Ending of a file → the formats that it may hold, the first without --format.
ENDINGS = {
    ".xlsx": ("xlsx",),
    ".csv": ("csv", "csv-nl"),
    ".parquet": ("parquet",),
    ".md": ("markdown",),
    ".html": ("html",),
}


def _format(wanted: str, output: Path) -> str:
    """The format of a table by its ending: never one format under the name of another."""
    held = ENDINGS.get(output.suffix.lower())
    if wanted and (wanted in (held or ()) or not output.suffix or wanted not in sum(ENDINGS.values(), ())):
        return wanted
    if held and not wanted:
        return held[0]
    raise UsageError(
        t(
            f"{output.name} heeft geen extensie die past bij een tabel{f' in {wanted}' if wanted else ''}.",
            f"{output.name} has no ending that fits a table{f' in {wanted}' if wanted else ''}.",
        ),
        t(
            "Kies .xlsx, .csv, .parquet, .md of .html. SPSS, Stata en R lezen .csv, R ook .parquet.",
            "Choose .xlsx, .csv, .parquet, .md or .html. SPSS, Stata and R read .csv, R also .parquet.",
        ),
    )


def chart(
    result: ResultPath,
    output: Out,
    indicator: Annotated[
        str, typer.Option("--indicator", "-i", help="Indicator; bij --kind feeding niet nodig.")
    ] = "",
    kind: Annotated[
        str,
        typer.Option(help="ranked, bars, trend, funnel, multiples, map of feeding (voeding naar leeftijd)."),
    ] = "ranked",
    area: Annotated[
        str, typer.Option(help="Gebied waarvan de delen worden getoond; zonder: alle gemeenten.")
    ] = "",
    period: Annotated[str, typer.Option(help="Periode; zonder: de laatste.")] = "",
    geometry: Geometry = None,
    width: Annotated[int, typer.Option(help="Breedte van een PNG in beeldpunten.")] = 1440,
    quiet: Quiet = False,
) -> None:
    """Een grafiek als SVG of PNG, leesbaar in grijs en met een tekst voor wie hem niet ziet."""
    from bds_tool.export.report.book import open_book
    from bds_tool.export.report.draw import draw, write_picture

    picture = draw(open_book(result), indicator, kind=kind, area=area, period=period, geometry=geometry)
    write_picture(picture, output, width)
    if not quiet:
        talk(t(f"{output} gemaakt.", f"{output} made."))


def site(
    source: Source,
    output: Out,
    title: Annotated[str, typer.Option(help="Naam van de site.")] = "",
    settings: Settings = None,
    geometry: Geometry = None,
    previous: Annotated[
        Path | None, typer.Option(help="Beveiligd resultaat van de vorige uitgave: wat is veranderd.")
    ] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Zet erbij dat de gegevens verzonnen zijn.")] = False,
    sets: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="Alleen deze set: lpk, kansrijke-start, igj, jib of een eigen YAML; mag vaker."
        ),
    ] = None,
    areas: Areas = None,
    policy: Policy = "",
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Een site die zonder server en zonder internet werkt."""
    from bds_tool.export.report.book import open_book
    from bds_tool.export.report.prepare import opened
    from bds_tool.export.report.site import build_site
    from bds_tool.export.report.style import load_style
    from bds_tool.indicators.sets import members

    style = load_style(settings)
    before = open_book(previous) if previous else None
    names = members(sets or [])
    with opened(
        source, areas=areas or [], policy=policy or project().protect.policy or STRICT, names=names
    ) as book:
        built = build_site(
            book.only(names) if names else book,
            output,
            style=style,
            title=title,
            geometry=geometry,
            previous=before,
            demo=demo,
            replace=force,
        )
    if not quiet:
        size = number(built.bytes / 1e6, 1)
        made = t(plural(built.pages, "pagina", "pagina's"), plural(built.pages, "page", "pages"))
        talk(f"{output / 'index.html'}: {made}, {size} MB.")


def pdf(
    result: ResultPath,
    output: Out,
    area: Annotated[
        str, typer.Option(help="Gebied (code of naam); zonder: alle gemeenten in één boek.")
    ] = "",
    settings: Settings = None,
    geometry: Geometry = None,
    quiet: Quiet = False,
) -> None:
    """Het profiel van een gemeente of wijk op papier, of een boek van alle gemeenten."""
    from bds_tool.export.report.book import open_book
    from bds_tool.export.report.pdf import write_pdf
    from bds_tool.export.report.style import load_style

    count = write_pdf(open_book(result), area, output, style=load_style(settings), geometry=geometry)
    if not quiet:
        told = t(plural(count, "gebied", "gebieden"), plural(count, "area", "areas"))
        talk(t(f"{output} gemaakt: {told}.", f"{output} made: {told}."))


def melkvoeding(
    source: Source,
    output: Out,
    area: Annotated[str, typer.Option(help="Gebied (code of naam); zonder: het geheel.")] = "",
    period: Annotated[str, typer.Option(help="Periode; zonder: de laatste.")] = "",
    areas: Areas = None,
    policy: Policy = "",
    quiet: Quiet = False,
) -> None:
    """Peiling Melkvoeding: momenten en soort, naar opleiding, naast de cijfers van 2018."""
    from bds_tool.export.report.milk import write_milk
    from bds_tool.export.report.prepare import opened

    with opened(
        source,
        areas=areas or [],
        policy=policy or project().protect.policy or STRICT,
        names=["voeding"],
        by=["education", "mother_age"],
    ) as book:
        write_milk(book, output, area=area, period=period)
    if not quiet:
        talk(t(f"{output} gemaakt.", f"{output} made."))
