"""`bds quality`: deliveries beside each other in time and per unit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bds_tool.base import guard
from bds_tool.base.errors import ExitCode, UsageError
from bds_tool.base.json_types import JsonObject
from bds_tool.base.text import number, plural, t
from bds_tool.cli.opening import open_readable
from bds_tool.cli.project import project
from bds_tool.cli.render import Output, one_of, table, talk, to_json, write
from bds_tool.cli.validate import today

if TYPE_CHECKING:
    from datetime import date

    from bds_tool.export.quality.measuring import Measured
    from bds_tool.export.quality.rates import Quality, Series

_KINDS = {"gevuld": "filled", "onbekend": "unknown", "code": "code"}
_FORMATS = ("text", "json", "csv", "ndjson", "markdown", "html", "xlsx")


def register(main: typer.Typer) -> None:
    main.command("quality", no_args_is_help=True)(quality)


def quality(
    paths: Annotated[
        list[str],
        typer.Argument(
            help="Leveringen in volgorde van tijd: bestand, map, .bds-map of bewaarde bevindingen; NAAM=PAD geeft er een naam aan."
        ),
    ],
    by: Annotated[
        str,
        typer.Option(
            "--by",
            help="Ook per eenheid: organisatie, versie, formaat, discipline, locatie, professional, school.",
        ),
    ] = "",
    format_: Annotated[
        str, typer.Option("--format", "-f", help="text, json, csv, ndjson, markdown, html, xlsx.")
    ] = "text",
    output: Output = None,
    small: Annotated[int, typer.Option(help="Eenheden met minder dossiers dan dit gaan samen.", min=3)] = 10,
    uniformity: Annotated[
        bool,
        typer.Option(
            "--uniformity",
            help="Ook: wat doet een eenheid anders dan de andere bij dezelfde leeftijd (zonder --by: een levering).",
        ),
    ] = False,
    work_lists: Annotated[
        Path | None,
        typer.Option(
            "--work-lists",
            help="Map voor werklijsten per eenheid, met sleutels van dossiers: alleen voor eigen gebruik.",
        ),
    ] = None,
    reference_date: Annotated[str, typer.Option(help="De dag die als vandaag geldt (jjjj-mm-dd).")] = "",
    config: Annotated[
        Path | None, typer.Option(help="Instellingen; anders de dichtstbijzijnde bds.toml.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Vervang een bestaande uitvoer.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Niets op stderr.")] = False,
) -> None:
    """Hoe goed zijn leveringen, wat is beter of slechter geworden, en bij wie: per regel en element het aandeel fout met onzekerheid, en een score.

    Exitcode 1 als de laatste levering een doel uit bds.toml ([[quality.target]]) niet haalt.

    Voorbeeld: bds quality januari.bds februari.bds maart.bds --by discipline --format html -o kwaliteit.html
    """  # fmt: skip
    from bds_tool.export.quality.rates import quality as compare
    from bds_tool.export.quality.targets import NOT
    from bds_tool.export.quality.units import kinds

    one_of(format_, _FORMATS, "--format")
    if by:
        one_of(by, tuple(kinds()), "--by")
    if format_ == "xlsx" and output is None:
        raise UsageError(
            t("Een werkmap past niet op het scherm.", "A workbook does not fit on the screen."),
            t("Geef --output BESTAND.xlsx.", "Give --output FILE.xlsx."),
        )
    settings = project(config)
    day = today(reference_date, settings)
    named = [_named(p) for p in paths]
    for _, path in named:
        guard.reading(Path(path))
    if len({label for label, _ in named}) < len(named):
        raise UsageError(
            t("Twee leveringen hebben dezelfde naam.", "Two deliveries have the same name."),
            t("Geef ze een naam: NAAM=PAD.", "Name them: NAME=PATH."),
        )
    measured = [_measure(label, path, by, day, config, work_lists, alike=uniformity) for label, path in named]
    if work_lists is not None:
        from bds_tool.export.quality.worklists import write_lists

        write_lists(measured, work_lists, kind=by, replace=force)
    catalogue = _catalogue(config)
    targets = [replace(x, rule=catalogue.find(x.rule).code) if x.rule else x for x in settings.targets]
    found = compare(measured, catalogue, kind=by, small=small, targets=targets, today=day)
    _show(found, format_, output)
    if not quiet:
        _tell(found)
    missed = any(o.status == NOT for o in found.targets)
    raise typer.Exit(ExitCode.FINDINGS if missed else ExitCode.OK)


def _named(given: str) -> tuple[str, str]:
    """NAME=PATH, unless that is the name of a file itself; else the path with the name of its file."""
    label, sign, path = given.partition("=")
    if sign and label and path and not Path(given).exists():
        return label, path
    from bds_tool.base.vocabulary import file_name

    return file_name(Path(given).name.split(".")[0] or given), given


def _catalogue(config: Path | None) -> Any:  # noqa: ANN401
    from bds_tool.findings.catalogue import load_rules

    return load_rules(project(config).rules)


def _measure(
    label: str, path: str, by: str, day: date, config: Path | None, work_lists: Path | None, *, alike: bool
) -> Measured:
    from bds_tool.export.quality.measuring import of_result, of_store
    from bds_tool.findings.acceptances import accept
    from bds_tool.findings.result import is_result, load
    from bds_tool.validate.engine import Options, validate
    from bds_tool.validate.run import chosen

    settings = project(config)
    if is_result(path):
        if by or work_lists or alike:
            raise UsageError(
                t(
                    f"{label} is een bewaard oordeel: daarin staat niet bij welke eenheid een dossier hoort.",
                    f"{label} is a saved verdict: it does not say to which unit a dossier belongs.",
                ),
                t("Geef de levering zelf, of laat --by, --work-lists en --uniformity weg.",
                  "Give the delivery itself, or leave out --by, --work-lists and --uniformity."),
            )  # fmt: skip
        return of_result(label, accept(load(path, settings.rules), settings.accept, day))
    with open_readable([path], inspect=("bds_tool.validate.message:inspect",)) as store:
        codes = chosen(settings.validate.select, settings.validate.ignore)
        result = validate(store, Options(today=day, max_examples=0, codes=codes, rules=settings.rules))
        judged = accept(result, settings.accept, day)
        measured = of_store(label, store, judged, by, keep=work_lists is not None)
        if alike:
            from bds_tool.export.quality.uniformity import of_store as habits

            measured.alike = habits(store, by, label)
        return measured


def _show(found: Quality, format_: str, output: Path | None) -> None:
    if format_ == "json":
        write(to_json(_facts(found)), output)
    elif format_ == "html":
        from bds_tool.export.quality.page import page

        write(page(found), output)
    elif format_ == "xlsx":
        from bds_tool.export.quality.workbook import write_workbook

        write_workbook(found, output or Path("-"))
    elif format_ == "text":
        write("\n".join(_lines(found)), output)
    else:
        heads = ("levering", t("eenheid", "unit"), "code", "element", t("ernst", "severity"), "n",
                 t("van", "of"), t("basis", "basis"), t("aandeel", "share"), t("onder", "low"), t("boven", "high"),
                 t("stand", "state"), "p", t("sinds", "since"))  # fmt: skip
        table([r for s in found.series for r in _rows(found, s)], heads, format_, output)


def _rows(found: Quality, s: Series) -> list[tuple[Any, ...]]:
    since = None if s.since is None else found.labels[s.since]
    return [
        (label, s.unit, s.code, s.element, s.severity, s.n[i], s.of[i], s.basis, s.rate(i), s.low[i], s.high[i], s.state, s.p, since)
        for i, label in enumerate(found.labels)
    ]  # fmt: skip


def _facts(found: Quality) -> JsonObject:
    return {
        "schema_version": 1,
        "deliveries": found.labels,
        "by": found.kind or None,
        "pooled_units": found.pooled,
        "units": [
            {
                "unit": unit or None,
                "dossiers": found.dossiers[unit],
                "score": [None if v is None else round(v, 4) for v in found.scores[unit]],
                "elements": [
                    {"element": n, "score": [round(100 * d[n].score, 4) if n in d else None for d in found.items[unit]]}
                    for n in sorted({n for d in found.items[unit] for n in d})
                ],
            }
            for unit in found.scores
        ],
        "burden": None
        if found.burden is None
        else {"versions": found.burden.versions, "never_filled": found.burden.never,
              "filled_and_never_named": [{"element": n, "values": k} for n, k in found.burden.unnamed.items()]},
        "uniformity": None
        if found.uniformity is None
        else {
            "units": found.uniformity.units, "compared": found.uniformity.compared,
            "habits": [{**vars(h), "kind": _KINDS[h.kind], "code": h.code or None, "element_name": found.names.get(h.element)} for h in found.uniformity.habits],
        },
        "targets": [
            {
                "rule": o.target.rule or None, "element": o.target.element, "kind": "share" if o.target.score is None else "score",
                "unit": o.unit or None, "value": o.value, "limit": o.limit,
                "status": {"gehaald": "reached", "niet gehaald": "not_reached"}.get(o.status, "unknown"),
                "accepted_because": o.reason or None, "acceptance_expired": o.expired,
            }
            for o in found.targets
        ],
        "series": [
            {
                "unit": s.unit or None, "code": s.code, "element": s.element, "element_name": found.names.get(s.element or 0),
                "severity": s.severity, "basis": s.basis, "n": s.n, "of": s.of,
                "share": [s.rate(i) for i in range(len(found.labels))], "low": s.low, "high": s.high,
                "state": s.state, "p": s.p, "since": None if s.since is None else found.labels[s.since],
            }
            for s in found.series
        ],
    }  # fmt: skip


def _lines(found: Quality) -> list[str]:
    """What a person reads: the score, what changed, and what is wrong most."""
    from bds_tool.export.quality import telling

    return list(telling.lines(found))


def _tell(found: Quality) -> None:
    units = len(found.scores) - 1
    talk(
        t(
            f"{plural(len(found.labels), 'levering', 'leveringen')}, {plural(len(found.of_unit('')), 'soort bevinding', 'soorten bevindingen')}"
            + (f", {plural(units, 'eenheid', 'eenheden')}" if found.kind else "")
            + (f"; {number(found.pooled)} kleine eenheden samengenomen" if found.pooled else "")
            + ".",
            f"{plural(len(found.labels), 'delivery', 'deliveries')}, {plural(len(found.of_unit('')), 'kind of finding', 'kinds of findings')}"
            + (f", {plural(units, 'unit', 'units')}" if found.kind else "")
            + (f"; {number(found.pooled)} small units taken together" if found.pooled else "")
            + ".",
        )
    )
