"""`bds migrate`: move registrations to another BDS version, along the change packages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from bds_tool.base.errors import ExitCode, UsageError
from bds_tool.base.json_types import JsonObject
from bds_tool.base.text import number, t
from bds_tool.cli.opening import open_readable
from bds_tool.cli.render import TABLE_FORMATS, table, talk, to_json, write


def register(app: typer.Typer) -> None:
    app.command("migrate")(migrate)


def migrate(
    source: Annotated[
        list[Path], typer.Argument(help="Gegevensmap (.bds) of exportbestanden.", metavar="IN …")
    ],
    to: Annotated[
        str, typer.Option("--to", help="BDS-versie waar de gegevens naartoe gaan, bijvoorbeeld 4.2.0.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "--out",
            "-o",
            help="Gegevensmap die ontstaat; zonder: de naam van IN met de versie, hier.",
        ),
    ] = None,
    from_: Annotated[
        str, typer.Option("--from", help="BDS-versie van de invoer; zonder: wat in de bestanden herkend is.")
    ] = "",
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Weiger als een waarde beschut wordt, tekst wordt of niet mee kan."),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Vervang een bestaande gegevensmap.")] = False,
    all_elements: Annotated[
        bool, typer.Option("--all", help="Noem ook elementen waarvan alles ongewijzigd bleef.")
    ] = False,
    format_: Annotated[
        str, typer.Option("--format", "-f", help=f"Vorm van het verslag: {', '.join(TABLE_FORMATS)}.")
    ] = "text",
    report_file: Annotated[
        Path | None, typer.Option("--report", help="Bestand voor het verslag; zonder: het scherm.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Alleen het verslag, geen uitleg.")] = False,
) -> None:
    """Zet gegevens om naar een andere BDS-versie, zonder stil verlies.

    Wat de nieuwe versie niet kent, blijft bewaard als niet-BDS-gegeven (R051/G083) of als tekst. Het verslag zegt per
    element wat er met elke waarde gebeurde.
    """
    from bds_tool.changes.migrate.running import migrate as run

    target = out or _target(source, to)
    with open_readable(source, quiet=quiet, bds=from_) as store:
        report = run(store, to, target, from_version=from_ or None, strict=strict, replace=force)
    rows = _rows(report, all_elements=all_elements)
    if format_ == "json":
        write(to_json(_json(report, rows, target)), report_file)
    else:
        table(rows, COLUMNS, format_, report_file)
    if not quiet:
        talk(_verdict(report, target))
    if report.geweigerd:
        raise typer.Exit(ExitCode.FINDINGS)


COLUMNS = (
    "stap", "element", "naam", "waarden", "ongewijzigd", "hercodeerd", "tekst", "beschut", "hersteld", "afgeleid",
    "niet",
)  # fmt: skip


def _target(source: list[Path], to: str) -> Path:
    if len(source) != 1 or str(source[0]) == "-":
        raise UsageError(
            t("Bij meer bestanden of stdin is niet te raden hoe de uitkomst moet heten.",
              "With several files or stdin the name of the result cannot be guessed."),
            t("Geef een naam met --output NAAM.bds.", "Give a name with --output NAME.bds."),
        )  # fmt: skip
    name = source[0].name.removesuffix(".gz")
    # In the working directory: the folder of the source is not ours to write in.
    return Path(f"{name.rpartition('.')[0] or name}-{to}.bds")


def _rows(report: Any, *, all_elements: bool) -> list[list[Any]]:  # noqa: ANN401
    from bds_tool.changes.migrate.running import OUTCOMES
    from bds_tool.schema import load

    rows = []
    for step in report.stappen:
        names = {**load(step.naar).elementen, **load(step.van).elementen}
        for bdsnummer, counts in step.by_element().items():
            total = sum(counts.values())
            if not all_elements and counts["ongewijzigd"] == total:
                continue
            name = names[bdsnummer].naam if bdsnummer in names else t("(zonder element)", "(no element)")
            rows.append([f"{step.van}→{step.naar}", bdsnummer, name, total, *(counts[o] for o in OUTCOMES)])
    return rows


def _json(report: Any, rows: list[list[Any]], target: Path) -> JsonObject:  # noqa: ANN401
    from bds_tool.changes.migrate.running import OUTCOMES

    return {
        "schema_version": 1,
        "naar": report.naar,
        "uitvoer": None if report.geweigerd else str(target),
        "geweigerd": report.geweigerd,
        "rijen_in": report.rijen_in,
        "rijen_uit": report.rijen_uit,
        "stappen": [
            {
                "van": s.van,
                "naar": s.naar,
                "rijen": s.total(),
                "toegevoegd": s.toegevoegd,
                **{o: s.total(o) for o in OUTCOMES},
            }
            for s in report.stappen
        ],
        "elementen": [dict(zip(COLUMNS, r, strict=True)) for r in rows],
    }


def _verdict(report: Any, target: Path) -> str:  # noqa: ANN401
    if not report.stappen:
        return t(f"De gegevens zijn al BDS {report.naar}; {number(report.rijen_in)} rijen overgenomen in {target}.",
                 f"The data are BDS {report.naar} already; {number(report.rijen_in)} rows copied to {target}.")  # fmt: skip
    lines = [_step(s) for s in report.stappen]
    if report.geweigerd:
        lines.append(
            t(f"Geweigerd (--strict): {number(report.concerning)} waarden kunnen niet onveranderd mee. "
              "Er is niets geschreven.",
              f"Refused (--strict): {number(report.concerning)} values cannot go unchanged. Nothing was written.")
        )  # fmt: skip
    else:
        lines.append(t(f"Geschreven: {target} ({number(report.rijen_uit or 0)} rijen).",
                       f"Written: {target} ({number(report.rijen_uit or 0)} rows)."))  # fmt: skip
    return "\n".join(lines)


def _step(s: Any) -> str:  # noqa: ANN401
    n = {o: number(s.total(o)) for o in ("ongewijzigd", "hercodeerd", "tekst", "beschut", "hersteld", "niet")}
    return t(
        f"{s.van} → {s.naar}: {number(s.total())} rijen; {n['ongewijzigd']} ongewijzigd, {n['hercodeerd']} hercodeerd, "
        f"{n['tekst']} tekst geworden, {n['beschut']} beschut, {n['hersteld']} hersteld, {n['niet']} niet over te dragen.",
        f"{s.van} → {s.naar}: {number(s.total())} rows; {n['ongewijzigd']} unchanged, {n['hercodeerd']} recoded, "
        f"{n['tekst']} became text, {n['beschut']} sheltered, {n['hersteld']} restored, {n['niet']} could not be carried.",
    )
