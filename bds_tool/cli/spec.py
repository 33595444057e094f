"""`bds spec`: look things up in the BDS, compare versions, check and export the definitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from bds_tool.base.errors import UsageError
from bds_tool.base.text import t
from bds_tool.cli.checked import FORMATS_HELP, ready, tell
from bds_tool.cli.render import Format, Output, one_of, table, talk, to_json, write

app = typer.Typer(
    no_args_is_help=True, help="De Basisdataset JGZ opzoeken, vergelijken, controleren en uitvoeren."
)

Bds = Annotated[
    str, typer.Option("--bds", help="BDS-versie, bijvoorbeeld 4.1.3; zonder deze optie de nieuwste.")
]


def register(main: typer.Typer) -> None:
    main.add_typer(app, name="spec")


@app.command()
def versions(format_: Format = "text", output: Output = None) -> None:
    """Toon de BDS-versies met hun aantallen, berichtsoort en datum."""
    from bds_tool import schema

    rows = []
    for version in schema.versions():
        d = schema.load(version)
        codes = sum(len(w.codes) for w in d.waardenlijsten.values())
        rows.append(
            [
                version,
                d.datum,
                d.interactie,
                len(d.rubrieken),
                len(d.groepen),
                len(d.elementen),
                len(d.in_bericht),
                len(d.waardenlijsten),
                codes,
            ]
        )
    columns = (
        "version",
        "datum",
        "interactie",
        "rubrieken",
        "groepen",
        "elementen",
        "in_bericht",
        "waardenlijsten",
        "codes",
    )
    table(rows, columns, format_, output)


@app.command("list")
def list_(
    kind: Annotated[str, typer.Argument(help="Wat: elementen, rubrieken, groepen of lijsten.")] = "elementen",
    bds: Bds = "",
    rubriek: Annotated[str, typer.Option(help="Alleen deze rubriek, bijvoorbeeld R027.")] = "",
    groep: Annotated[str, typer.Option(help="Alleen deze groep, bijvoorbeeld G076.")] = "",
    datatype: Annotated[str, typer.Option(help="Alleen dit datatype, bijvoorbeeld PQ of KL_AN.")] = "",
    in_message: Annotated[
        bool, typer.Option("--in-message", help="Alleen wat in het bericht (DOB) staat.")
    ] = False,
    format_: Format = "text",
    output: Output = None,
) -> None:
    """Som de elementen, rubrieken, groepen of waardenlijsten van een versie op."""
    from bds_tool.schema import load, newest
    from bds_tool.schema.lookup.listing import KINDS, listing

    if kind not in KINDS:
        raise UsageError(
            t(f"Onbekende soort: {kind}.", f"Unknown kind: {kind}."),
            t(f"Kies uit: {', '.join(KINDS)}.", f"Choose one of: {', '.join(KINDS)}."),
        )
    rows, columns = listing(
        load(bds or newest()), kind, rubriek.upper(), groep.upper(), datatype.upper(), in_message=in_message
    )
    if not rows:
        talk(t("Niets gevonden met deze keuze.", "Nothing found with this selection."))
    table(rows, columns, format_, output)


@app.command()
def show(
    keys: Annotated[
        list[str], typer.Argument(metavar="NUMMER…", help="Nummer of naam: 235, R027, G076, W0177, Lengte.")
    ],
    bds: Bds = "",
    format_: Annotated[str, typer.Option("--format", "-f", help="text of json.")] = "text",
    output: Output = None,
) -> None:
    """Toon alles over een element, rubriek, groep of waardenlijst."""
    from bds_tool.schema.lookup.card import card
    from bds_tool.schema.lookup.show import to_text

    cards = [card(key, bds) for key in keys]
    if format_ == "json":
        write(to_json(cards[0] if len(cards) == 1 else cards), output)
    elif format_ == "text":
        write("\n\n".join(map(to_text, cards)), output)
    else:
        raise _no_format(format_, ("text", "json"))


@app.command()
def search(
    words: Annotated[list[str], typer.Argument(metavar="WOORDEN…", help="Woorden uit een naam of waarde.")],
    bds: Bds = "",
    kind: Annotated[
        list[str] | None, typer.Option(help="Alleen: element, rubriek, groep, lijst of waarde; mag vaker.")
    ] = None,
    limit: Annotated[int, typer.Option(help="Hoogstens zoveel regels; 0 is alles.", min=0)] = 30,
    format_: Format = "text",
    output: Output = None,
) -> None:
    """Zoek op woorden in namen en waarden. Hoofdletters en accenten tellen niet."""
    from bds_tool.schema import load, newest
    from bds_tool.schema.lookup.search import search as find
    from bds_tool.schema.lookup.search import suggestions

    definition = load(bds or newest())
    text = " ".join(words)
    for word in kind or ():
        one_of(word, ("element", "rubriek", "groep", "lijst", "waarde"), "--kind")
    hits = find(definition, text, tuple(kind or ()))
    shown = hits[:limit] if limit else hits
    columns = ("kind", "number", "naam", "context")
    table([[h.kind, h.number, h.naam, h.context] for h in shown], columns, format_, output)
    if not hits:
        near = suggestions(definition, text)
        hint = t(f" Bedoelt u: {', '.join(near)}?", f" Did you mean: {', '.join(near)}?") if near else ""
        talk(
            t(
                f"Niets gevonden voor '{text}' in BDS {definition.version}.{hint}",
                f"Nothing found for '{text}' in BDS {definition.version}.{hint}",
            )
        )
    elif len(shown) < len(hits):
        talk(
            t(
                f"{len(shown)} van {len(hits)} getoond; --limit 0 toont alles.",
                f"{len(shown)} of {len(hits)} shown; --limit 0 shows all.",
            )
        )


@app.command()
def values(
    key: Annotated[str, typer.Argument(metavar="NUMMER", help="Waardenlijst of element: W0177 of 496.")],
    bds: Bds = "",
    format_: Format = "text",
    output: Output = None,
) -> None:
    """Toon de waarden van een lijst of element: BDS-code, HL7-code, naam en status."""
    from bds_tool.schema.lookup.card import card

    found = card(key, bds)
    listed: Sequence[Mapping[str, object]] = []
    if found["kind"] == "element" or found["kind"] == "lijst":  # this way mypy follows
        listed = found["values"]
    if not listed:
        name = found["bdsnummer"] if found["kind"] == "element" else found["nummer"]
        raise UsageError(
            t(
                f"{name} {found['naam']} heeft in BDS {found['version']} geen waardenlijst met waarden.",
                f"{name} {found['naam']} has no value list with values in BDS {found['version']}.",
            ),
            t(
                f"`bds spec show {name}` toont wat er wel van bekend is.",
                f"`bds spec show {name}` shows what is known about it.",
            ),
        )
    columns = ("bds_code", "hl7_code", "naam", "status", "nullflavor", "codesysteem")
    rows: list[list[Any]] = [
        [v[c] if c != "nullflavor" else ("ja" if v[c] else "") for c in columns] for v in listed
    ]
    table(rows, columns, format_, output)


@app.command()
def path(
    key: Annotated[str, typer.Argument(metavar="NUMMER", help="Nummer of naam van een element.")],
    bds: Bds = "",
    format_: Format = "text",
    output: Output = None,
) -> None:
    """Toon de plaats van een element in het bericht (DOB) en in JAMES."""
    from bds_tool.schema.lookup.message_places import element_places

    rows, columns = element_places(key, bds)
    table(rows, columns, format_, output)


@app.command()
def check(
    fail_on: Annotated[
        str,
        typer.Option("--fail-on", help="Vanaf welke ernst de exitcode 1 is: error, warning, info of never."),
    ] = "error",
    codes: Annotated[bool, typer.Option("--codes", help="Toon welke controles er zijn en stop.")] = False,
    format_: Annotated[str, typer.Option("--format", "-f", help=FORMATS_HELP)] = "text",
    output: Output = None,
) -> None:
    """Controleer alle definities: hun vorm, hun samenhang en hun verwijzingen."""
    from bds_tool.findings.catalogue import load_catalogue
    from bds_tool.schema.checking.running import check_specs

    if codes:
        listed = [r for r in load_catalogue().rules.values() if r.family == "SPEC"]
        rows = [(r.code, r.name, r.severity, str(r.why)) for r in listed]
        table(rows, ("code", "name", "severity", "why"), format_, output)
        return
    threshold = ready(format_, output, fail_on)
    tell(check_specs().checked("bds spec check"), format_, output, threshold)


@app.command()
def eject(
    folder: Annotated[
        Path, typer.Argument(metavar="MAP", help="Map voor de kopieën; geef haar daarna met --specs.")
    ],
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAAM…", help="Map of bestand, zoals protocollen/groei.yaml; zonder: wat er is."
        ),
    ] = None,
) -> None:
    """Kopieer meegeleverde definities om ze aan te passen; alleen wat verschilt hoeft in de map te blijven."""
    from bds_tool.schema.eject import eject as copy
    from bds_tool.schema.eject import ejectable

    if not names:
        write("\n".join(ejectable()))
        return
    for path in copy(names, folder):
        write(str(path))


@app.command()
def diff(
    old: Annotated[str, typer.Argument(metavar="OUD", help="Oude versie, bijvoorbeeld 4.1.3.")],
    new: Annotated[str, typer.Argument(metavar="NIEUW", help="Nieuwe versie, bijvoorbeeld 4.2.0.")],
    kind: Annotated[
        list[str] | None,
        typer.Option(help="Alleen: rubriek, groep, element, lijst, code of definitie; mag vaker."),
    ] = None,
    at_least: Annotated[
        str, typer.Option("--at-least", help="Kleinste klasse: geen, patch, minor of major.")
    ] = "patch",
    format_: Annotated[
        str, typer.Option("--format", "-f", help="text, markdown, html, json, ndjson of csv.")
    ] = "text",
    output: Output = None,
) -> None:
    """Vergelijk twee versies. Exitcode 0: gelijk; 1: verschillend."""
    from bds_tool.base.errors import ExitCode
    from bds_tool.changes.loading import known_requests
    from bds_tool.schema.diff.report import COLUMNS, DIFF_FORMATS, TABLES, difference, envelope, render, rows

    for value, choices, option in (
        (format_, DIFF_FORMATS, "--format"),
        (at_least, ("geen", "patch", "minor", "major"), "--at-least"),
        *((k, TABLES, "--kind") for k in kind or ()),
    ):
        one_of(value, choices, option)
    found = difference(old, new, tuple(kind or ()), at_least, known_requests)
    if format_ == "json":
        write(to_json(envelope(found)), output)
    elif format_ in {"ndjson", "csv"}:
        table(rows(found.changes), COLUMNS, format_, output)
    else:
        write(render(found, format_), output)
    if not found.equal:
        raise typer.Exit(ExitCode.FINDINGS)


EXPORTS = ("xlsx", "james", "pandera", "fhir", "markdown")


@app.command()
def export(
    what: Annotated[str, typer.Argument(metavar="VORM", help="xlsx, james, pandera, fhir of markdown.")],
    bds: Bds = "",
    james: Annotated[str, typer.Option(help="JAMES-formaat bij `james`: 1.0, 1.1, 2.0, 3.0 of 3.1.")] = "3.0",
    coding: Annotated[str, typer.Option(help="Codes bij `pandera`: BDS (dataset) of HL7 (bericht).")] = "BDS",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Bestand, of bij `markdown` een map.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Vervang een map die al bestaat.")] = False,
) -> None:
    """Geef een versie uit: werkmap, JSON Schema voor JAMES, Pandera-code, FHIR-terminologie of Markdown."""
    from bds_tool.base.files import atomic_dir, atomic_file
    from bds_tool.schema import load, newest

    if what not in EXPORTS:
        raise _no_format(what, EXPORTS)
    one_of(coding, ("BDS", "HL7"), "--coding")
    version = load(bds or newest()).version
    if what in {"xlsx", "markdown"} and (output is None or str(output) == "-"):
        name = f"bds-{version}.xlsx" if what == "xlsx" else f"bds-{version}"
        raise UsageError(
            t(f"{what} past niet op het scherm.", f"{what} does not fit on the screen."),
            t(f"Geef een naam, bijvoorbeeld -o {name}.", f"Give a name, for example -o {name}."),
        )
    if what == "james":
        from bds_tool.schema.exports.james import james_schema

        write(to_json(james_schema(version, james)), output)
    elif what == "fhir":
        from bds_tool.schema.exports.fhir import fhir_bundle

        write(to_json(fhir_bundle(version)), output)
    elif what == "pandera":
        from bds_tool.schema.exports.pandera import pandera_code

        write(pandera_code(version, coding), output)
    elif what == "xlsx" and output is not None:
        from bds_tool.changes.loading import known_requests
        from bds_tool.schema.exports.xlsx import write_workbook

        with atomic_file(output) as temporary:
            write_workbook(version, temporary, known_requests)
    elif output is not None:
        from bds_tool.schema.lookup.reference import write_version

        with atomic_dir(output, replace=force) as folder:
            write_version(version, folder)
    if output is not None and str(output) != "-":
        talk(t(f"{output} geschreven (BDS {version}).", f"{output} written (BDS {version})."))


def _no_format(format_: str, choices: tuple[str, ...]) -> UsageError:
    return UsageError(
        t(f"Formaat {format_} bestaat hier niet.", f"Format {format_} does not exist here."),
        t(f"Kies uit: {', '.join(choices)}.", f"Choose one of: {', '.join(choices)}."),
    )
