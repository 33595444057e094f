"""`bds indicator`: look up, check, test, compute and merge indicators."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from bds_tool.base import clock
from bds_tool.base.errors import ExitCode, UsageError
from bds_tool.base.names import child
from bds_tool.base.text import t
from bds_tool.cli.elsewhere import chosen_engine, sql
from bds_tool.cli.indicator_text import flow, sheet, summary
from bds_tool.cli.opening import open_readable
from bds_tool.cli.render import Format, Output, one_of, table, talk, to_json, write

app = typer.Typer(no_args_is_help=True, help="Indicatoren opzoeken, controleren, toetsen en berekenen.")

Extra = Annotated[
    list[Path] | None, typer.Option("--indicators", help="Map met eigen definities (YAML); mag vaker.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Geen voortgang en samenvatting.")]
Names = Annotated[list[str] | None, typer.Argument(help="Indicatoren of thema's; zonder: alle.")]
BY = ("sex", "education", "age", "origin", "mother_age", "year")


Sets = Annotated[
    list[str] | None,
    typer.Option("--set", help="Set: lpk, kansrijke-start, igj, jib of een eigen YAML; mag vaker."),
]

Area = Annotated[str, typer.Option("--area", help="Gebieden: regio,gemeente,wijk,buurt, of school.")]
Rolling = Annotated[
    int, typer.Option("--rolling", help="Ook vensters van zoveel jaren, elk eindigend in een jaar.")
]
Classes = Annotated[
    str,
    typer.Option(
        "--education-classes",
        help="Opleiding in klassen: jib, of cbs (mbo staat dan apart: het niveau is niet vastgelegd).",
    ),
]

Origin = Annotated[
    str,
    typer.Option(
        "--origin",
        help="Herkomst (CBS 2022) bij --by origin: herkomstland, of geboren (in Nederland, en hoeveel ouders niet).",
    ),
]
#: Of herkomst, the two attributes of CBS: where somebody (or a parent) is from, and who was born in the Netherlands.
ORIGINS = ("herkomstland", "geboren")


def register(main: typer.Typer) -> None:
    main.add_typer(app, name="indicator")


@app.command("list")
def list_(
    names: Names = None,
    sets: Sets = None,
    extra: Extra = None,
    format_: Format = "text",
    output: Output = None,
) -> None:
    """Toon de indicatoren met thema, soort, BDS-versies en zekerheid."""
    from bds_tool.indicators.catalogue import choose
    from bds_tool.indicators.sets import members

    chosen = choose([*(names or []), *members(sets or [])], extra or [])
    rows = [
        [
            i.id,
            i.data["thema"],
            t(i.data["titel"], i.data["titel_en"]),
            i.kind,
            i.data["eenheid"],
            str(i.versions),
            i.data["zekerheid"],
        ]
        for i in chosen
    ]
    table(rows, ("indicator", "thema", "titel", "soort", "eenheid", "bds", "zekerheid"), format_, output)


@app.command()
def show(name: str, extra: Extra = None, format_: Format = "text", output: Output = None) -> None:
    """Toon één definitie: over wie, hoe geteld, uit welke elementen, met bron en kanttekeningen."""
    from bds_tool.indicators.catalogue import choose

    one_of(format_, ("text", "json"), "--format")
    chosen = choose([name], extra or [])
    if format_ == "json":
        write(to_json([{**i.data, "hash": i.hash, "elementen": i.bds_elements()} for i in chosen]), output)
        return
    write("\n\n".join(sheet(i) for i in chosen), output)


@app.command()
def check(
    results: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[RESULT]...", help="Geteld resultaat: welke sommen gelden daar overal en staan nergens?"
        ),
    ] = None,
    extra: Extra = None,
    quiet: Quiet = False,
) -> None:
    """Controleer alle definities: vorm, elementen per BDS-versie, uitdrukkingen op de views, en relaties op een resultaat."""
    from bds_tool.indicators.catalogue import check as check_all
    from bds_tool.indicators.catalogue import load_all

    problems = check_all(extra or [])
    if results and not problems:
        from bds_tool.indicators.relations import derive, undeclared
        from bds_tool.indicators.result import read_result

        known = derive(list(load_all(extra or []).values()))
        problems = [
            line for path in results for line in undeclared(read_result(path).counts().collect(), known)
        ]
    for problem in problems:
        write(problem)
    if problems:
        raise typer.Exit(ExitCode.FINDINGS)
    if not quiet:
        count = len(load_all(extra or []))
        talk(t(f"{count} definities in orde.", f"{count} definitions are fine."))


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Kenmerk van de indicator, bijvoorbeeld MIJN-INDICATOR.")],
    folder: Annotated[Path, typer.Option("--in", help="Map voor uw eigen definities.")] = Path("indicatoren"),
) -> None:
    """Maak een YAML met een werkend voorbeeld om aan te passen."""
    from bds_tool.base.files import atomic_file
    from bds_tool.indicators.template import TEMPLATE

    if not re.fullmatch(r"[A-Z][A-Z0-9-]{1,29}", name.upper()):
        raise UsageError(
            t(
                "Een kenmerk bestaat uit hoofdletters, cijfers en streepjes.",
                "A name has capitals, digits and hyphens.",
            )
        )
    target = child(folder, name.lower(), ".yaml")
    if target.exists():
        raise UsageError(t(f"{target} bestaat al.", f"{target} exists already."))
    with atomic_file(target) as temporary:
        temporary.write_text(TEMPLATE.replace("MIJN-INDICATOR", name.upper()), encoding="utf-8")
    talk(
        t(
            f"{target} gemaakt. Toets met: bds indicator test {name.upper()} --indicators {folder}",
            f"{target} made. Test with: bds indicator test {name.upper()} --indicators {folder}",
        )
    )


@app.command("test")
def run_cases(
    names: Names = None,
    extra: Extra = None,
    format_: Format = "text",
    output: Output = None,
    all_: Annotated[bool, typer.Option("--all", help="Toon ook de gevallen die kloppen.")] = False,
) -> None:
    """Reken de uitgewerkte gevallen na die in de definities staan, in elke BDS-versie."""
    from bds_tool.indicators.cases import run
    from bds_tool.indicators.catalogue import choose

    outcomes = run(choose(names or [], extra or []))
    failed = [o for o in outcomes if not o.passed]
    shown = outcomes if all_ or format_ != "text" or output else failed
    rows = [
        [
            o.indicator,
            o.version,
            o.case,
            t("goed", "ok") if o.passed else t("FOUT", "WRONG"),
            _figures(o.expected),
            _figures({k: o.got.get(k) for k in o.expected}),
        ]
        for o in shown
    ]
    if rows:
        table(rows, ("indicator", "bds", "geval", "uitkomst", "verwacht", "gevonden"), format_, output)
    talk(
        t(
            f"{len(outcomes) - len(failed)} van {len(outcomes)} gevallen kloppen.",
            f"{len(outcomes) - len(failed)} of {len(outcomes)} cases hold.",
        )
    )
    if failed:
        raise typer.Exit(ExitCode.FINDINGS)


def _figures(values: Mapping[str, object]) -> str:
    return " ".join(f"{k}={v:g}" if isinstance(v, int | float) else f"{k}=?" for k, v in values.items())


@app.command()
def compute(
    store: Annotated[Path, typer.Argument(help="Gegevensmap (NAAM.bds) of export.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Map voor het resultaat (NAAM.result).")],
    names: Annotated[
        list[str] | None, typer.Option("--indicator", "-i", help="Indicator of thema; mag vaker.")
    ] = None,
    sets: Sets = None,
    area: Area = "gemeente",
    areas: Annotated[
        list[Path] | None, typer.Option("--areas", help="Map of bestand met postcode- en gebiedstabellen.")
    ] = None,
    area_year: Annotated[int | None, typer.Option("--area-year", help="Jaar van de gebiedsindeling.")] = None,
    by: Annotated[str, typer.Option("--by", help=f"Uitsplitsingen: {','.join(BY)}.")] = "year",
    period: Annotated[str, typer.Option("--period", help="Jaar of jaren: 2024 of 2021..2025.")] = "",
    rolling: Rolling = 0,
    reference: Annotated[
        str, typer.Option("--reference", help="Vergelijk met land (rest van de gegevens), regio of nl.")
    ] = "land",
    reference_date: Annotated[
        str, typer.Option("--reference-date", help="Laatste dag die telt (JJJJ-MM-DD).")
    ] = "",
    education: Annotated[
        str, typer.Option("--education", help="Opleiding van de moeder of de hoogste van beide ouders.")
    ] = "moeder",
    classes: Classes = "jib",
    origin: Origin = "herkomstland",
    growth_chart: Annotated[
        str, typer.Option("--growth-chart", help="Groeidiagram van het dossier of nl voor alle kinderen.")
    ] = "dossier",
    cutoff: Annotated[
        str, typer.Option("--cutoff", help="BMI-grens: interpolate of nearest_half_year.")
    ] = "interpolate",
    weights: Annotated[
        str,
        typer.Option(
            "--clothes",
            help="Gewicht met kleren (246) zoals gewogen (keep) of met aftrek (deduct); zonder: wat de set voorschrijft.",
        ),
    ] = "",
    standardise: Annotated[
        str,
        typer.Option("--standardise", help="Ook directe standaardisatie, bijvoorbeeld naar age,sex."),
    ] = "",
    findings: Annotated[
        Path | None,
        typer.Option("--findings", help="Bevindingen van bds validate --save: die waarden tellen niet."),
    ] = None,
    doubt: Annotated[
        bool,
        typer.Option(
            "--doubt/--all-values", help="Ongeloofwaardige waarden niet meetellen, of alles tellen."
        ),
    ] = True,
    objections: Annotated[
        str,
        typer.Option(
            "--objections", help="Kinderen met bezwaar tegen onderzoek (element 1404): drop of keep."
        ),
    ] = "drop",
    population: Annotated[
        list[Path] | None,
        typer.Option(
            "--population",
            help="Inwoners per gebied, jaar, leeftijd en geslacht (CBS of BRP): CSV, XLSX of map.",
        ),
    ] = None,
    served: Annotated[
        str,
        typer.Option("--served", help="Gemeenten van het werkgebied (codes); zonder: alle van --population."),
    ] = "",
    engine: Annotated[
        str, typer.Option("--engine", help="Waar wordt geteld: duckdb, spark of postgres (met --all-values).")
    ] = "duckdb",
    dsn: Annotated[
        str, typer.Option("--dsn", help="Verbinding met PostgreSQL; het wachtwoord staat in PGPASSWORD.")
    ] = "",
    master: Annotated[
        str, typer.Option("--master", help="Spark: local[*] voor deze computer, of de URL van een cluster.")
    ] = "local[*]",
    memory: Annotated[
        str, typer.Option("--memory", help="Geheugen voor tellen; daarboven naar schijf.")
    ] = "2500MB",
    force: Annotated[bool, typer.Option("--force", help="Vervang een bestaand resultaat.")] = False,
    extra: Extra = None,
    quiet: Quiet = False,
) -> None:
    """Tel alle indicatoren per gebied, uitsplitsing en jaar. Het resultaat is nog niet beschermd."""
    from bds_tool.indicators.catalogue import choose
    from bds_tool.indicators.compute import Plan
    from bds_tool.indicators.features import Settings
    from bds_tool.indicators.result import LEVELS
    from bds_tool.indicators.run import compute as run
    from bds_tool.indicators.schools import place_of
    from bds_tool.indicators.sets import clothes, members

    first, last = years_of(period)
    breakdowns = as_words(by, BY, "--by")
    levels = as_words(area, LEVELS[1:], "--area")
    settings = Settings(
        first,
        last,
        last_day(reference_date, last),
        one_of(education, ("moeder", "hoogste"), "--education"),
        one_of(growth_chart, ("dossier", "nl"), "--growth-chart"),
        one_of(cutoff, ("interpolate", "nearest_half_year"), "--cutoff"),
        one_of(weights, ("keep", "deduct"), "--clothes") if weights else clothes(sets or []),
        place_of(levels),
        one_of(classes, ("jib", "cbs"), "--education-classes"),
        one_of(origin, ORIGINS, "--origin"),
    )
    plan = Plan(
        choose([*(names or []), *members(sets or [])], extra or []),
        settings,
        levels=levels,
        by=[b for b in BY if b in breakdowns and b != "year"],
        yearly="year" in breakdowns,
        standardise=as_words(standardise, tuple(b for b in BY if b != "year"), "--standardise"),
        rolling=rolling,
        progress=None if quiet else lambda step: talk(f"  {step}"),
    )
    elsewhere = chosen_engine(engine, dsn, master, judged=doubt)
    with open_readable([store], quiet=quiet) as opened:
        result = run(
            opened,
            plan,
            output,
            area_paths=areas or [],
            area_year=area_year,
            reference=one_of(reference, ("land", "regio", "nl"), "--reference"),
            replace=force,
            memory=memory,
            judge=doubt,
            findings=findings,
            objections=one_of(objections, ("drop", "keep"), "--objections") == "keep",
            population=population or [],
            served=[word for word in served.replace(",", " ").split() if word],
            engine=elsewhere,
        )
    if not quiet:
        summary(result)


def years_of(text: str) -> tuple[int, int]:
    if not text:
        year = clock.today().year - 1
        return year, year
    found = re.fullmatch(r"(\d{4})(?:(?:\.\.|-)(\d{4}))?", text)
    if not found or int(found[2] or found[1]) < int(found[1]):
        raise UsageError(
            t(f"--period {text} is geen jaar of reeks jaren.", f"--period {text} is no year or range."),
            t("Schrijf 2024 of 2021..2025.", "Write 2024 or 2021..2025."),
        )
    return int(found[1]), int(found[2] or found[1])


def last_day(text: str, last: int) -> date:
    if not text:
        return date(last, 12, 31)
    try:
        return min(date.fromisoformat(text), date(last, 12, 31))
    except ValueError:
        raise UsageError(
            t(f"--reference-date {text} is geen datum.", f"--reference-date {text} is no date."),
            t("Schrijf JJJJ-MM-DD.", "Write YYYY-MM-DD."),
        ) from None


def as_words(text: str, allowed: tuple[str, ...], option: str) -> list[str]:
    words = [w.strip() for w in text.split(",") if w.strip()]
    for word in words:
        one_of(word, allowed, option)
    return [w for w in allowed if w in words]


app.command("flow")(flow)
app.command("sql")(sql)


@app.command()
def merge(
    results: Annotated[
        list[Path], typer.Argument(help="Onbeschermde resultaten van verschillende organisaties.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Map voor het samengevoegde resultaat.")],
    force: Annotated[bool, typer.Option("--force", help="Vervang een bestaand resultaat.")] = False,
    quiet: Quiet = False,
) -> None:
    """Tel resultaten van organisaties op; bescherming gebeurt daarna één keer, op de som."""
    from bds_tool.indicators.merge import merge as add

    merged = add(results, output, replace=force)
    if not quiet:
        summary(merged)
