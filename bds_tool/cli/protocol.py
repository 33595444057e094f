"""`bds protocol`: the BDS-protocollen, what they ask and whether they are sound."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bds_tool.base.errors import ExitCode, UsageError
from bds_tool.base.names import child
from bds_tool.base.text import t
from bds_tool.cli.checked import FORMATS_HELP, ready, tell
from bds_tool.cli.render import Format, Output, table, talk, to_json, write

if TYPE_CHECKING:
    from bds_tool.schema.protocols import Protocol, ProtocolRule

app = typer.Typer(
    no_args_is_help=True, help="BDS-protocollen: wat, met welke codes en wanneer te registreren."
)


def register(main: typer.Typer) -> None:
    main.add_typer(app, name="protocol")


@app.command("list")
def list_(
    bds: Annotated[str, typer.Option("--bds", help="Alleen protocollen voor deze BDS-versie.")] = "",
    format_: Format = "text",
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


@app.command()
def new(
    identification: Annotated[str, typer.Argument(metavar="NAAM", help="Naam: kleine letters en streepjes.")],
    folder: Annotated[
        Path,
        typer.Option(
            "--output", "-o", "--out", "-O", help="Map met eigen definities; het komt in MAP/protocollen/."
        ),
    ] = Path(),
    bds: Annotated[str, typer.Option("--bds", help="Eerste BDS-versie waarvoor het geldt.")] = "",
) -> None:
    """Begin een protocol: een voorbeeld dat werkt, met een uitgewerkt geval."""
    from bds_tool.base.files import atomic_files
    from bds_tool.schema import load, newest
    from bds_tool.schema.editor import with_schema
    from bds_tool.schema.protocol_template import template
    from bds_tool.schema.protocols import protocols

    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", identification):
        raise UsageError(
            t(
                f"{identification} is geen naam voor een protocol.",
                f"{identification} is no name for a protocol.",
            ),
            t("Gebruik kleine letters, cijfers en streepjes.", "Use small letters, digits and hyphens."),
        )
    path = child(folder / "protocollen", identification, ".yaml")
    if path.exists() or identification in protocols():
        raise UsageError(
            t(f"Protocol {identification} is er al.", f"Protocol {identification} is there already."),
            t(
                "Kies een andere naam, of kopieer het met `bds spec eject`.",
                "Choose another name, or copy it with `bds spec eject`.",
            ),
        )
    if bds:
        load(bds)
    texts = with_schema(template(identification, bds or newest()), path, "protocol", folder)
    with atomic_files(texts) as made:
        for file, text in texts.items():
            made[file].write_text(text, encoding="utf-8", newline="\n")
    talk(t(f"{path}: toets het met `bds --specs {folder} protocol test {identification}`.",
           f"{path}: test it with `bds --specs {folder} protocol test {identification}`."))  # fmt: skip


@app.command("test")
def try_(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="PROTOCOL…", help="Namen uit `bds protocol list`; zonder: alle."),
    ] = None,
    format_: Format = "text",
    output: Output = None,
) -> None:
    """Voer de uitgewerkte gevallen bij de protocollen uit; exitcode 1 als een geval anders uitkomt."""
    from bds_tool.validate.protocol_cases import run_cases

    outcomes, untried = run_cases(names or ())
    rows = [
        [
            o.protocol,
            o.name,
            o.child,
            " ".join(sorted(o.expected)),
            " ".join(sorted(o.got)),
            t("goed", "ok") if o.ok else t("anders", "differs"),
        ]
        for o in outcomes
    ]
    table(rows, ("protocol", "case", "child", "expected", "got", "outcome"), format_, output)
    if untried:
        talk(
            t(
                f"Zonder geval dat haar breekt: {', '.join(untried)}.",
                f"Without a case that breaks it: {', '.join(untried)}.",
            )
        )
    if not all(o.ok for o in outcomes):
        raise typer.Exit(ExitCode.FINDINGS)


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
