"""`bds findings`: judge a stored result again, report it, compare two deliveries."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bds_tool.base.errors import ExitCode
from bds_tool.base.text import t
from bds_tool.cli.project import project
from bds_tool.cli.render import Output, table, talk, to_json, write
from bds_tool.cli.validate import fail_level, publish, today

_WORDS = {
    "new": ("nieuw", "new"),
    "gone": ("weg", "gone"),
    "more": ("meer", "more"),
    "fewer": ("minder", "fewer"),
    "other": ("andere", "others"),
    "even": ("evenveel", "as many"),
    "same": ("gelijk", "same"),
}


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        no_args_is_help=True, help="Bewaarde resultaten: opnieuw oordelen, rapporteren, vergelijken."
    )
    group.command("report", no_args_is_help=True)(report)
    group.command("compare", no_args_is_help=True)(compare)
    app.add_typer(group, name="findings")


def report(
    result: Annotated[Path, typer.Argument(help="Map die `bds validate --save` maakte.")],
    format_: Annotated[
        str,
        typer.Option(
            "--format", "-f", help="text, json, ndjson, csv, parquet, xlsx, junit, sarif, github, html."
        ),
    ] = "text",
    output: Output = None,
    extra: Annotated[
        list[str] | None, typer.Option("--report", help="Nog een rapport: FORMAAT=BESTAND; mag vaker.")
    ] = None,
    fail_on: Annotated[str | None, typer.Option(help="error, warning, info, never.")] = None,
    reference_date: Annotated[
        str, typer.Option(help="De dag die als vandaag geldt voor acceptaties (jjjj-mm-dd).")
    ] = "",
    config: Annotated[
        Path | None, typer.Option(help="Instellingen; anders de dichtstbijzijnde bds.toml.")
    ] = None,
    show_values: Annotated[
        bool, typer.Option("--show-values", help="Toon waarden en sleutels van dossiers.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Alleen het oordeel.")] = False,
) -> None:
    """Oordeel opnieuw over een bewaard resultaat, met de drempels en acceptaties van nu; er wordt niets gelezen."""
    from bds_tool.findings.acceptances import accept
    from bds_tool.findings.report import formats
    from bds_tool.findings.result import load

    found = project(config)
    formats.check(format_)
    threshold = fail_level(fail_on or found.validate.fail_on)
    reports = [formats.parse(r) for r in extra or ()]
    stored = load(result, found.rules)
    judged = accept(stored, found.accept, today(reference_date, found))
    raise typer.Exit(
        publish(judged, format_, output, reports, threshold, show_values=show_values, quiet=quiet)
    )


def compare(
    before: Annotated[Path, typer.Argument(help="Resultaat van de vorige levering.")],
    after: Annotated[Path, typer.Argument(help="Resultaat van de nieuwe levering.")],
    format_: Annotated[
        str, typer.Option("--format", "-f", help="text, json, ndjson, csv, markdown.")
    ] = "text",
    output: Output = None,
    exit_zero: Annotated[bool, typer.Option("--exit-zero", help="Altijd exitcode 0.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Toon ook wat gelijk bleef.")] = False,
) -> None:
    """Vergelijk twee leveringen: wat is nieuw, wat is weg, wat bleef. Exitcode 0: gelijk; 1: verschillend."""
    from bds_tool.findings.compare import compare as differ
    from bds_tool.findings.result import load

    found = differ(load(before), load(after))
    if format_ == "json":
        write(to_json(found), output)
    else:
        rows = [
            (
                t(*_WORDS[r["change"]]),
                r["code"],
                r["name"],
                r["severity"],
                f"{r['element']} {r['element_name'] or ''}".strip() if r["element"] is not None else "",
                r["before"],
                r["after"],
                r["came"],
                r["went"],
            )
            for r in found["changes"]
            if everything or r["change"] != "same"
        ]
        names = (
            t("verschil", "change"),
            t("regel", "rule"),
            t("naam", "name"),
            t("ernst", "severity"),
            t("element", "element"),
            t("vorige", "before"),
            t("nieuwe", "after"),
            t("erbij", "came"),
            t("opgelost", "went"),
        )
        table(rows, names, format_, output)
    s = found["summary"]
    talk(", ".join(f"{t(*_WORDS[k])}: {n}" for k, n in s.items()))
    if any(r["came"] is None for r in found["changes"]):
        talk(
            t(
                "Er zijn niet van elke regel alle bevindingen bewaard: waar erbij en opgelost leeg zijn, is onbekend of het "
                "dezelfde zijn. Bewaar met bds validate --max-examples 0 --save.",
                "Not all findings of every rule were kept: where came and went are empty, it is unknown whether they are "
                "the same. Keep them with bds validate --max-examples 0 --save.",
            )
        )
    different = any(n for k, n in s.items() if k not in {"same", "even"})
    raise typer.Exit(ExitCode.OK if exit_zero or not different else ExitCode.FINDINGS)
