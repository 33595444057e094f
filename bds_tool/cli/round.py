"""`bds round`: one question to several organisations, answered where the data are, added up and protected once."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bds_tool.base import clock
from bds_tool.base.errors import ExitCode, UsageError
from bds_tool.base.text import number, t
from bds_tool.cli.indicator import (
    BY,
    ORIGINS,
    Area,
    Classes,
    Origin,
    Rolling,
    Sets,
    as_words,
    last_day,
    years_of,
)
from bds_tool.cli.opening import open_readable
from bds_tool.cli.project import project
from bds_tool.cli.render import next_step, one_of, table, talk

if TYPE_CHECKING:
    from bds_tool.indicators.rounds.adding import Received
    from bds_tool.indicators.rounds.messages import Answer
    from bds_tool.indicators.rounds.request import RoundRequest

app = typer.Typer(
    no_args_is_help=True, help="Tellen bij meer organisaties, zonder dat gegevens de deur uit gaan."
)

_Request = Annotated[
    Path, typer.Argument(metavar="VERZOEK", help="Verzoek van bds round new of start (JSON).")
]
_As = Annotated[str, typer.Option("--as", help="Naam van deze deelnemer, zoals het verzoek die noemt.")]
_Areas = Annotated[
    list[Path] | None, typer.Option("--areas", help="Map of bestand met postcode- en gebiedstabellen.")
]
_Year = Annotated[int | None, typer.Option("--area-year", help="Jaar van de gebiedsindeling.")]


def register(main: typer.Typer) -> None:
    main.add_typer(app, name="round")


#: What a round about a package also says; the other options are about indicators.
_OF_PACKAGE = frozenset({"--package", "--output", "--participants", "--title", "--organiser", "--deadline"})


@app.command()
def new(
    context: typer.Context,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Het verzoek (JSON); ernaast komt het leesbaar als .md.")
    ],
    participants: Annotated[
        str, typer.Option("--participants", help="Namen van de deelnemers, met komma's ertussen.")
    ],
    title: Annotated[str, typer.Option("--title", help="Waar de ronde over gaat.")],
    organiser: Annotated[str, typer.Option("--organiser", help="Wie vraagt en optelt.")],
    deadline: Annotated[str, typer.Option("--deadline", help="Laatste dag om te antwoorden (JJJJ-MM-DD).")],
    names: Annotated[
        list[str] | None, typer.Option("--indicator", "-i", help="Indicator of thema; mag vaker.")
    ] = None,
    sets: Sets = None,
    area: Area = "gemeente",
    by: Annotated[str, typer.Option("--by", help=f"Uitsplitsingen: {','.join(BY)}.")] = "year",
    period: Annotated[str, typer.Option("--period", help="Jaar of jaren: 2024 of 2021..2025.")] = "",
    rolling: Rolling = 0,
    classes: Classes = "jib",
    origin: Origin = "herkomstland",
    policy: Annotated[
        str,
        typer.Option(
            "--policy", help="Voorinstelling (bds protect policy list) of YAML-bestand; anders ncj-strict."
        ),
    ] = "",
    package: Annotated[
        Path | None,
        typer.Option(
            "--package",
            help="In plaats van indicatoren: een wijzigingspakket; terug komt hoeveel waarden het raakt.",
        ),
    ] = None,
    sealed: Annotated[
        bool,
        typer.Option(
            "--sealed", help="Verzegeld: het antwoord van één organisatie is ruis, alleen de som is te lezen."
        ),
    ] = False,
) -> None:
    """Maak een verzoek: welke indicatoren, over welke gebieden en jaren, aan wie, en wanneer uiterlijk."""
    from bds_tool.indicators.catalogue import choose
    from bds_tool.indicators.compute import Plan
    from bds_tool.indicators.features import Settings
    from bds_tool.indicators.result import LEVELS
    from bds_tool.indicators.rounds.request import new as make
    from bds_tool.indicators.schools import place_of
    from bds_tool.indicators.sets import clothes, members
    from bds_tool.protect.policy import load_policy

    if package is not None:
        if other := _given(context) - _OF_PACKAGE:
            told = ", ".join(sorted(other))
            raise UsageError(
                t(f"Een ronde over een pakket telt geen indicatoren en is niet verzegeld: {told} kan niet.",
                  f"A round about a package counts no indicators and is not sealed: {told} cannot be given."),
                t("Geef alleen --package, of laat dat weg.", "Give only --package, or leave that out."),
            )  # fmt: skip
        from bds_tool.indicators.rounds.packages import ask as ask_package

        asked = ask_package(
            package, title=title, organiser=organiser, participants=participants.split(","), deadline=_day(deadline),
        )  # fmt: skip
        _asked(asked, output)
        return
    first, last = years_of(period)
    breakdowns = as_words(by, BY, "--by")
    levels = as_words(area, LEVELS[1:], "--area")
    plan = Plan(
        choose([*(names or []), *members(sets or [])], []),
        Settings(
            first,
            last,
            last_day("", last),
            clothes=clothes(sets or []),
            place=place_of(levels),
            education_classes=one_of(classes, ("jib", "cbs"), "--education-classes"),
            origin=one_of(origin, ORIGINS, "--origin"),
        ),
        levels=levels,
        by=[b for b in BY if b in breakdowns and b != "year"],
        yearly="year" in breakdowns,
        rolling=rolling,
    )
    chosen = policy or project().protect.policy or "ncj-strict"
    load_policy(chosen)
    request = make(
        plan, title=title, organiser=organiser, participants=participants.split(","), deadline=_day(deadline),
        policy=chosen, sealed=sealed,
    )  # fmt: skip
    _asked(request, output)


def _given(context: typer.Context) -> set[str]:
    """The options that were given, by their long names."""
    return {
        max(option.opts, key=len)
        for option in context.command.params
        if (source := context.get_parameter_source(str(option.name))) and source.name != "DEFAULT"
    }


def _asked(request: RoundRequest, output: Path) -> None:
    if output.suffix == ".md":
        raise UsageError(
            t(f"{output.name} is de naam van de bladzijde die naast het verzoek komt.",
              f"{output.name} is the name of the page that comes beside the request."),
            t("Kies een naam op .json.", "Choose a name ending in .json."),
        )  # fmt: skip
    request.write(output)
    talk(t(f"{output} en {output.with_suffix('.md')}: voor {len(request.participants)} deelnemers, tot en met {request.deadline}.",
           f"{output} and {output.with_suffix('.md')}: for {len(request.participants)} participants, until {request.deadline}."))  # fmt: skip


@app.command()
def join(
    request: _Request,
    store: Annotated[Path, typer.Argument(help="Gegevensmap (NAAM.bds) of export.")],
    name: _As,
    own: Annotated[
        Path, typer.Option("--own", help="Map die hier blijft: geheime sleutels en eigen tellingen.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Aanmelding voor wie vraagt (JSON).")],
    areas: _Areas = None,
    area_year: _Year = None,
    force: Annotated[bool, typer.Option("--force", help="Vervang een bestaande uitvoer.")] = False,
) -> None:
    """Meld u aan voor een verzegelde ronde: openbare sleutels en de gebieden van uw gebiedstabellen, niets over kinderen."""
    from bds_tool.indicators.rounds.answer import join as take_part
    from bds_tool.indicators.rounds.request import read
    from bds_tool.indicators.schools import LEVEL

    asked = read(request)
    with open_readable([store]) as opened:
        take_part(asked, name, opened, own, output, areas or [], area_year, replace=force)
    talk(
        t(
            f"Stuur {output}. {own} blijft hier en is geheim.",
            f"Send {output}. {own} stays here and is secret.",
        )
    )
    if LEVEL in asked.levels:
        talk(
            t(
                f"{output} noemt de scholen die in uw gegevens voorkomen.",
                f"{output} names the schools that are in your data.",
            )
        )


@app.command()
def start(
    request: _Request,
    joins: Annotated[
        list[Path], typer.Argument(metavar="AANMELDING…", help="Aanmeldingen van alle deelnemers.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Het verzoek met alle sleutels (JSON).")],
) -> None:
    """Begin een verzegelde ronde als iedereen zich heeft aangemeld."""
    from bds_tool.indicators.rounds.adding import start as begin
    from bds_tool.indicators.rounds.request import read

    begun = begin(read(request), joins)
    begun.write(output)
    talk(t(f"{output}: controlegetal {begun.fingerprint}. Laat elke deelnemer dit bij een ander navragen.",
           f"{output}: check number {begun.fingerprint}. Have each participant ask another for it."))  # fmt: skip


@app.command()
def answer(
    request: _Request,
    store: Annotated[
        Path,
        typer.Argument(
            metavar="BRON",
            help="Gegevensmap of export; in een verzegelde ronde de map van bds round join --own.",
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Map met het antwoord: alles wat de deur uit gaat.")
    ],
    name: Annotated[
        str, typer.Option("--as", help="Naam van deze deelnemer; in een verzegelde ronde niet nodig.")
    ] = "",
    areas: _Areas = None,
    area_year: _Year = None,
    force: Annotated[bool, typer.Option("--force", help="Vervang een bestaande uitvoer.")] = False,
) -> None:
    """Antwoord op een verzoek. De map noemt per bestand wat erin staat."""
    from bds_tool.indicators.rounds import answer as answering
    from bds_tool.indicators.rounds.request import SEALED, read

    asked, today = read(request), clock.today()
    if asked.mode == SEALED:
        told = answering.answer_sealed(asked, store, output, today, replace=force)
        talk(t(f"Controlegetal van het verzoek: {asked.fingerprint}. Vraag een andere deelnemer of die hetzelfde heeft.",
               f"Check number of the request: {asked.fingerprint}. Ask another participant whether theirs is the same."))  # fmt: skip
    else:
        with open_readable([store]) as opened:
            told = answering.answer(asked, name, opened, output, areas or [], area_year, today, replace=force)
    _leaves(told, output)


@app.command()
def repair(
    request: _Request,
    wanted: Annotated[
        Path, typer.Argument(metavar="HERSTEL", help="Verzoek tot herstel van bds round merge.")
    ],
    own: Annotated[Path, typer.Option("--own", help="Map van bds round join.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Map met het herstel: alles wat de deur uit gaat.")
    ],
    force: Annotated[bool, typer.Option("--force", help="Vervang een bestaande uitvoer.")] = False,
) -> None:
    """Help na de uiterste dag optellen zonder wie niet antwoordde: geef de som van de maskers met hen."""
    from bds_tool.indicators.rounds.answer import repair as help_out
    from bds_tool.indicators.rounds.request import read

    told = help_out(read(request), wanted, own, output, clock.today(), replace=force)
    _leaves(told, output)


@app.command()
def merge(
    request: _Request,
    answers: Annotated[list[Path], typer.Argument(metavar="ANTWOORD…", help="Mappen met antwoorden.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="Wat gepubliceerd mag worden (NAAM.result); van een pakket een tabel (.csv, .json, .md).",
        ),
    ],
    total: Annotated[
        Path | None,
        typer.Option("--internal", help="Bewaar ook de onbeveiligde som, als NAAM.result. Niet publiceren."),
    ] = None,
    repairs: Annotated[
        list[Path] | None, typer.Option("--repair", help="Map met herstel van een deelnemer; mag vaker.")
    ] = None,
    ask: Annotated[
        Path | None,
        typer.Option("--ask-repair", help="Schrijf een verzoek tot herstel als er antwoorden ontbreken."),
    ] = None,
    without: Annotated[
        bool, typer.Option("--without-missing", help="Open ronde: tel op zonder wie niet antwoordde.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Vervang een bestaande uitvoer.")] = False,
) -> None:
    """Tel de antwoorden op en beveilig de som. Ontbrekende, late, dubbele en veranderde antwoorden tellen niet mee."""
    from bds_tool.base.files import scratch
    from bds_tool.indicators.rounds.adding import add, ask_repair
    from bds_tool.indicators.rounds.request import read
    from bds_tool.protect.policy import load_policy
    from bds_tool.protect.releases import run_result

    asked = read(request)
    if asked.package:
        _merge_package(asked, answers, output, without=without, force=force)
        return
    with scratch() as folder:
        made, found = add(
            asked,
            answers,
            repairs or [],
            total or folder / "som.result",
            allow_missing=without,
            replace_=force,
        )
        _looked(found, len(asked.participants))
        if made is None:
            if ask is not None:
                ask_repair(asked, found, ask)
                next_step("bds", "round", "repair", request, ask, "--own", "DEELNAME", "--output", "HERSTEL")
            raise typer.Exit(ExitCode.FINDINGS)
        run_result(made.path, load_policy(asked.policy), output, replace=force)
    talk(t(f"{output}: som van {len(found.good)} organisaties, beveiligd met {asked.policy}.",
           f"{output}: sum of {len(found.good)} organisations, protected by {asked.policy}."))  # fmt: skip


def _merge_package(
    asked: RoundRequest, answers: list[Path], output: Path, *, without: bool, force: bool
) -> None:
    from bds_tool.base.files import replaceable
    from bds_tool.indicators.rounds import packages
    from bds_tool.indicators.rounds.adding import received

    found = received(asked, answers)
    _looked(found, len(asked.participants))
    if not found.good or (found.missing and not without):
        raise typer.Exit(ExitCode.FINDINGS)
    rows = packages.add(asked, list(found.good.values()))
    replaceable(output, replace=force)
    columns = ("verzoeken", "element", "naam", "uitkomst", "organisaties", "minstens", "hoogstens")
    told = [
        [" ".join(r.requests), r.bdsnummer, r.name, r.outcome, r.organisations, r.low, r.high] for r in rows
    ]
    form = {".json": "json", ".md": "markdown", ".ndjson": "ndjson"}.get(output.suffix, "csv")
    table(told, columns, form, output)
    talk(t(f"{output}: {number(len(rows))} regels uit {len(found.good)} antwoorden.",
           f"{output}: {number(len(rows))} rows from {len(found.good)} answers."))  # fmt: skip


def _looked(found: Received, every: int) -> None:
    talk(
        t(
            f"{len(found.good)} van {every} antwoorden bruikbaar.",
            f"{len(found.good)} of {every} answers usable.",
        )
    )
    for name, why in found.refused:
        talk(f"  {name}: {t('geweigerd', 'refused')}, {why}")
    if found.missing:
        talk(t(f"  ontbreekt: {', '.join(found.missing)}", f"  missing: {', '.join(found.missing)}"))


def _leaves(told: Answer, output: Path) -> None:
    talk(t(f"{output}: dit gaat de deur uit:", f"{output}: this leaves the house:"))
    for file in told["files"]:
        talk(f"  {file['file']} ({number(file['bytes'])} bytes): {file['what']}")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(
            t(f"--deadline {text} is geen datum.", f"--deadline {text} is no date."),
            t("Schrijf JJJJ-MM-DD.", "Write YYYY-MM-DD."),
        ) from None
