"""`bds validate`: judge exports by all rules of the BDS."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bds_tool.base import clock
from bds_tool.base.errors import ExitCode, UsageError
from bds_tool.base.text import t
from bds_tool.cli.project import project
from bds_tool.cli.render import progress, show, talk, write

if TYPE_CHECKING:
    from bds_tool.base.settings import Settings
    from bds_tool.findings.result import Result

_REPORTS = "Rapport"
_CHOICE = "Keuze van regels"
_INPUT = "Invoer"


def register(app: typer.Typer) -> None:
    app.command("validate", no_args_is_help=True)(validate)


def validate(
    paths: Annotated[
        list[str],
        typer.Argument(help="Bestanden, mappen, patronen, archieven, een .bds-map, of - voor stdin."),
    ],
    format_: Annotated[
        str, typer.Option("--format", "-f", help="text, json, ndjson, csv, junit, sarif, github, html.")
    ] = "text",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Bestand voor het rapport; anders stdout.")
    ] = None,
    report: Annotated[
        list[str] | None,
        typer.Option(help="Nog een rapport: FORMAAT=BESTAND; mag vaker.", rich_help_panel=_REPORTS),
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option(help="Bewaar het resultaat als map, voor `bds findings`.", rich_help_panel=_REPORTS),
    ] = None,
    max_examples: Annotated[
        int | None,
        typer.Option(
            help="Voorbeelden per regel en element; 0 is alle. Aantallen blijven exact.",
            min=0,
            rich_help_panel=_REPORTS,
        ),
    ] = None,
    show_values: Annotated[
        bool,
        typer.Option(
            "--show-values", help="Toon waarden en sleutels van dossiers.", rich_help_panel=_REPORTS
        ),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Alleen het oordeel.", rich_help_panel=_REPORTS)
    ] = False,
    exit_zero: Annotated[
        bool,
        typer.Option("--exit-zero", help="Eindig met 0, wat er ook gevonden is.", rich_help_panel=_REPORTS),
    ] = False,
    bds: Annotated[
        str, typer.Option("--bds", help="BDS-versie; anders die in het bestand.", rich_help_panel=_INPUT)
    ] = "",
    from_format: Annotated[
        str | None,
        typer.Option("--from", help="Formaat van de invoer; anders herkend.", rich_help_panel=_INPUT),
    ] = None,
    reference_date: Annotated[
        str, typer.Option(help="De dag die als vandaag geldt (jjjj-mm-dd).", rich_help_panel=_INPUT)
    ] = "",
    profile: Annotated[
        str,
        typer.Option(
            help="Profiel voor tabellen uit bds.toml; anders het best passende.", rich_help_panel=_INPUT
        ),
    ] = "",
    xsd: Annotated[
        Path | None,
        typer.Option(
            help="Map met XML-schema's: controleer berichten daar ook tegen.", rich_help_panel=_INPUT
        ),
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option(help="Bewaar wat gelezen is als gegevensmap NAAM.bds.", rich_help_panel=_INPUT),
    ] = None,
    select: Annotated[
        list[str] | None,
        typer.Option(
            help="Alleen deze regels: BDS203, naam of familie 2xx; mag vaker.", rich_help_panel=_CHOICE
        ),
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option(help="Deze regels niet; mag vaker.", rich_help_panel=_CHOICE)
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            help="JSON-rapport van eerder: alleen wat daar niet in staat, bepaalt de exitcode.",
            rich_help_panel=_CHOICE,
        ),
    ] = None,
    since: Annotated[
        str,
        typer.Option(
            help="Alleen bestanden die in Git sinds deze commit zijn gewijzigd.", rich_help_panel=_INPUT
        ),
    ] = "",
    fail_on: Annotated[
        str | None,
        typer.Option(
            help="Vanaf welke ernst de exitcode 1 is: error, warning, info, never.", rich_help_panel=_CHOICE
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="Instellingen; anders de dichtstbijzijnde bds.toml.", rich_help_panel=_CHOICE),
    ] = None,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Vervang bestaande mappen bij --save en --store.", rich_help_panel=_REPORTS
        ),
    ] = False,
) -> None:
    """Beoordeel exports op alle regels van de BDS en zeg wat er mis is, waar, en wat eraan te doen.

    Voorbeeld: bds validate levering/ --report html=rapport.html
    """
    from bds_tool.base.changed import changed_since
    from bds_tool.findings.baseline import read_baseline, without
    from bds_tool.findings.report import formats
    from bds_tool.validate.run import Request, judge

    found = project(config)
    chosen = found.validate
    threshold = fail_level(fail_on or chosen.fail_on)
    formats.check(format_)
    reports = [formats.parse(r) for r in report or ()]
    if output is None:
        formats.on_screen(format_)
    if since:
        paths = changed_since(since, paths)
        if not paths:
            talk(
                t(
                    f"Sinds {since} is hier niets gewijzigd: er is niets beoordeeld.",
                    f"Nothing changed here since {since}: nothing was judged.",
                )
            )
            raise typer.Exit(0)
    known = None if baseline is None else read_baseline(baseline)
    most = chosen.max_findings_per_rule if max_examples is None else max_examples
    result = judge(
        Request(
            paths,
            bds=bds or chosen.bds,
            from_format=from_format,
            tables=replace(found.tables, profile=profile),
            today=today(reference_date, found),
            max_examples=most if known is None else 0,
            select=select or chosen.select,
            ignore=ignore or chosen.ignore,
            rules=found.rules,
            accept=found.accept,
            xsd=xsd,
            store=store,
            replace=force,
            progress=progress(quiet=quiet),
        )
    )
    if save is not None:
        result.save(save, replace=force, show_values=show_values)
    if known is not None:
        result, n = without(result, known, most)
        if n:
            talk(
                t(
                    f"{n} bevindingen staan al in {baseline}; ze tellen niet mee.",
                    f"{n} findings are in {baseline} already; they do not count.",
                )
            )
    code = publish(
        result,
        format_,
        output,
        reports,
        threshold,
        show_values=show_values,
        quiet=quiet,
    )
    raise typer.Exit(0 if exit_zero else code)


def publish(
    result: Result,
    format_: str,
    output: Path | None,
    reports: list[tuple[str, Path]],
    threshold: str,
    *,
    show_values: bool,
    quiet: bool,
) -> int:
    """Write all reports; gives the exit code."""
    from bds_tool.findings.report import formats
    from bds_tool.findings.report.envelope import build
    from bds_tool.findings.report.text import verdict

    if show_values:
        talk(
            t(
                "Let op: het rapport bevat persoonsgegevens (--show-values).",
                "Note: the report holds personal data (--show-values).",
            )
        )
    report = build(result, show_values=show_values)
    for kind, path in reports:
        formats.write_report(report, kind, path)
    if output is not None and str(output) != "-":
        formats.write_report(report, format_, output)
        talk(verdict(report))
    else:
        (show if format_ == "text" else write)(formats.render(report, format_, quiet=quiet))
    return int(exit_code(result, threshold))


def exit_code(result: Result, threshold: str) -> ExitCode:
    """3 when an input could not be read, else 1 when findings reach the threshold, else 0."""
    if result.unreadable():
        return ExitCode.UNREADABLE
    return ExitCode.FINDINGS if result.at_or_above(threshold) else ExitCode.OK


def fail_level(word: str) -> str:
    """The severity behind a word of --fail-on; empty for never."""
    from bds_tool.findings.catalogue import FAIL_ON

    if word not in FAIL_ON:
        raise UsageError(
            t(f"--fail-on {word} bestaat niet.", f"--fail-on {word} does not exist."),
            t(f"Kies uit: {', '.join(FAIL_ON)}.", f"Choose one of: {', '.join(FAIL_ON)}."),
        )
    return FAIL_ON[word]


def today(text: str, settings: Settings) -> date:
    """The day that counts as today: of the option, of the settings, else of the clock of the person who asks."""
    if not text:
        return settings.validate.reference_date or clock.today()
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            t(f"{text} is geen datum.", f"{text} is no date."),
            t("Schrijf jjjj-mm-dd.", "Write yyyy-mm-dd."),
        ) from error
