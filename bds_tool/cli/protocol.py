"""`bds protocol`: the BDS-protocollen, what they ask and whether they are sound."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bds_tool.base.errors import UsageError
from bds_tool.base.text import t
from bds_tool.cli.checked import FORMATS_HELP, ready, tell
from bds_tool.cli.render import TABLE_FORMATS, table, to_json, write

if TYPE_CHECKING:
    from bds_tool.schema.protocols import Protocol, ProtocolRule

app = typer.Typer(
    no_args_is_help=True, help="BDS-protocollen: wat, met welke codes en wanneer te registreren."
)

Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="Bestand voor de uitvoer; zonder: het scherm.")
]


def register(main: typer.Typer) -> None:
    main.add_typer(app, name="protocol")


@app.command("list")
def list_(
    bds: Annotated[str, typer.Option("--bds", help="Alleen protocollen voor deze BDS-versie.")] = "",
    format_: Annotated[
        str, typer.Option("--format", "-f", help=f"Vorm van de uitvoer: {', '.join(TABLE_FORMATS)}.")
    ] = "text",
    output: Output = None,
) -> None:
    """Som de protocollen op met hun richtlijn, versies en aantal regels."""
    from bds_tool.schema import load
    from bds_tool.schema.protocols import in_language, protocols

    if bds:
        load(bds)
    rows = [
        [
            p.id,
            in_language(p.title),
            p.guideline["name"],
            p.guideline["version"],
            str(p.versions),
            len(p.rules),
            p.certainty,
        ]
        for p in protocols().values()
        if not bds or p.versions.holds(bds)
    ]
    table(
        rows, ("id", "title", "guideline", "guideline_version", "bds", "rules", "certainty"), format_, output
    )


@app.command()
def show(
    identification: Annotated[str, typer.Argument(metavar="PROTOCOL", help="Naam uit `bds protocol list`.")],
    bds: Annotated[str, typer.Option("--bds", help="Alleen regels voor deze BDS-versie.")] = "",
    format_: Annotated[str, typer.Option("--format", "-f", help="text of json.")] = "text",
    output: Output = None,
) -> None:
    """Toon de regels van een protocol: wanneer, wat, met welke codes, en de bron."""
    from bds_tool.schema.protocols import protocol

    found = protocol(identification)
    rules = [r for r in found.rules if not bds or r.versions.holds(bds)]
    if format_ == "json":
        write(to_json({**asdict(found), "rules": [asdict(r) for r in rules]}), output)
    elif format_ == "text":
        write(_text(found, rules), output)
    else:
        raise UsageError(
            t(f"Formaat {format_} bestaat hier niet.", f"Format {format_} does not exist here."),
            t("Kies uit: text, json.", "Choose one of: text, json."),
        )


@app.command()
def check(
    format_: Annotated[str, typer.Option("--format", "-f", help=FORMATS_HELP)] = "text",
    output: Output = None,
) -> None:
    """Controleer de protocollen: hun vorm en hun verwijzingen naar elementen, codes en versies.

    Dossiers langs de protocollen leggen doet `bds validate`.
    """
    from bds_tool.schema.checking.running import check_specs

    threshold = ready(format_, output)
    tell(check_specs("protocollen").checked("bds protocol check"), format_, output, threshold)


def _text(found: Protocol, rules: list[ProtocolRule]) -> str:
    from bds_tool.schema.protocols import expect_text, in_language, when_text

    head = [
        f"{found.id}  {in_language(found.title)}",
        f"{found.guideline['name']}, {found.guideline['version']}",
        found.guideline["source"],
        f"BDS {found.versions} · {found.certainty}",
    ]
    if found.note:
        head += ["", in_language(found.note)]
    lines: list[str] = []
    for rule in rules:
        own = "" if rule.versions == found.versions else f"  (BDS {rule.versions})"
        rows: list[tuple[str, Any]] = [
            (t("als", "when"), when_text(rule.when)),
            *((t("dan", "then"), expect_text(e)) for e in rule.expect),
            (t("bron", "source"), rule.source),
        ]
        lines += ["", f"{rule.id}  {rule.severity}{own}", f"  {in_language(rule.title)}"]
        lines += [f"  {label:<6}{value}" for label, value in rows]
        if rule.note:
            lines.append(f"  {t('nb', 'note'):<6}{in_language(rule.note)}")
    return "\n".join([*head, *lines])
