"""The commands of `bds change` that make or alter a package: new, add, merge and table."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from bds_tool.base.errors import ExitCode, UsageError
from bds_tool.base.text import number, t
from bds_tool.cli.render import Format, table, talk

Package = Annotated[
    str, typer.Argument(help="Pakket: een bestand of map, of een naam zoals 4.1.3-4.2.0.", metavar="PAKKET")
]


def add_to(app: typer.Typer) -> None:
    for name, command in (("new", new), ("add", add), ("merge", merge), ("table", table_)):
        app.command(name)(command)


def new(
    van: Annotated[str, typer.Argument(help="BDS-versie waar het pakket begint.", metavar="VAN")],
    naar: Annotated[str, typer.Argument(help="BDS-versie die ontstaat.", metavar="NAAR")],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="Map van het pakket (een bestand per verzoek), of een .yaml-bestand."
        ),
    ],
    title: Annotated[str, typer.Option("--title", help="Titel van het werkpakket.")] = "",
) -> None:
    """Begin een pakket: uit twee definities, of leeg als NAAR nog niet bestaat."""
    from bds_tool.changes import save_package, start_package
    from bds_tool.changes.edit import empty_package
    from bds_tool.schema import load, versions

    if not re.fullmatch(r"\d+(\.\d+)+(-\w+)?", naar):
        raise UsageError(
            t(f"{naar} is geen BDS-versie.", f"{naar} is no BDS version."),
            t("Schrijf cijfers met punten, zoals 4.3.0.", "Write digits with dots, such as 4.3.0."),
        )
    old = load(van)
    pakket = start_package(old, load(naar), title) if naar in versions() else empty_package(old, naar, title)
    save_package(pakket, output)
    talk(t(f"{output}: {number(len(pakket.wijzigingen))} wijzigingen. Vul verzoeken, voorbeelden en omrekeningen aan; "
           f"`bds change check {output}` zegt wat er mist.",
           f"{output}: {number(len(pakket.wijzigingen))} changes. Complete requests, examples and conversions; "
           f"`bds change check {output}` says what is missing."))  # fmt: skip


def add(
    package: Annotated[Path, typer.Argument(help="Bestand of map van het pakket.", metavar="PAKKET")],
    kind: Annotated[
        str, typer.Argument(help="Soort wijziging, bijvoorbeeld element-hernoemd.", metavar="SOORT")
    ],
    key: Annotated[
        str,
        typer.Argument(
            help="Wat er verandert: 510, G087, R012, W0114/HL7 of W0114/HL7/<oid>/24.", metavar="SLEUTEL"
        ),
    ],
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="kolom=waarde in de nieuwe versie; mag vaker.")
    ] = None,
    jgz: Annotated[str, typer.Option("--jgz", help="Wijzigingsverzoek, bijvoorbeeld JGZ-900.")] = "",
    title: Annotated[str, typer.Option("--title", help="Titel van een nieuw verzoek.")] = "",
    cause: Annotated[
        str, typer.Option("--cause", help="Aanleiding van een nieuw verzoek: wet, richtlijn of besluit.")
    ] = "",
    factor: Annotated[
        str, typer.Option("--factor", help="Factor bij een andere eenheid; zonder: die van UCUM.")
    ] = "",
    example: Annotated[
        bool, typer.Option("--example/--no-example", help="Maak een voorbeeld voor de nieuwe wijzigingen.")
    ] = True,
    parts: Annotated[
        bool, typer.Option("--parts", help="Zet onder mee klaar wat moet volgen, om in te vullen.")
    ] = False,
) -> None:
    """Voeg een wijziging toe, met klasse, omrekeningen, afschaffingsnotitie en voorbeeld."""
    from bds_tool.changes import load_package, save_package
    from bds_tool.changes.check_parts import left_behind, with_open_parts
    from bds_tool.changes.edit import add_change
    from bds_tool.changes.migrate.check import with_examples
    from bds_tool.schema import load

    pakket = load_package(package)
    values = dict(_pair(text) for text in set_ or ())
    result, came = add_change(pakket, load(pakket.van), kind, key, values, jgz, title, cause, factor)
    if example:
        result = with_examples(result, came)
    asked = [x for x in left_behind(result) if x[0] == jgz or any(x[0] in w.jgz for w in came)]
    for request in dict.fromkeys(x[0] for x in asked) if parts else ():
        result = with_open_parts(result, request)
    save_package(result, package)
    for w in came:
        talk(f"+ {w.soort} {w.sleutel} {w.naam} · {w.klasse_heen}/{w.klasse_terug}".rstrip())
    for request, what, name, why in asked:
        talk(
            t(
                f"moet volgen bij {request}: {what} {name} ({why})",
                f"must follow with {request}: {what} {name} ({why})",
            )
        )
    if asked:
        talk(t("Vul het in onder mee: met inhoud, of met de reden waarom het zo kan blijven.",
               "Complete it below mee: with content, or with the reason why it may stay as it is.") if parts
             else t("Zet het onder mee van het verzoek; --parts doet dat, om in te vullen.",
                    "Put it below mee of the request; --parts does so, to be completed."))  # fmt: skip


def merge(
    left: Annotated[Path, typer.Argument(help="Pakket waar het andere bij komt.", metavar="A")],
    right: Annotated[Path, typer.Argument(help="Pakket dat erbij komt.", metavar="B")],
    base: Annotated[
        Path | None,
        typer.Option("--base", help="Pakket waar beide mee begonnen; dan is een weglating een keuze."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", "--out", "-O", help="Waar het samengevoegde pakket komt; zonder: in A."
        ),
    ] = None,
    format_: Format = "text",
) -> None:
    """Voeg twee pakketten samen; waar zij elkaar tegenspreken, staat per verzoek, en dan wordt niets geschreven."""
    from bds_tool.changes import load_package, save_package
    from bds_tool.changes.merging import merge as join

    pakket, conflicts = join(load_package(left), load_package(right), load_package(base) if base else None)
    if conflicts:
        rows = [
            [c.verzoek or "—", c.plaats, c.links, c.rechts]
            for c in sorted(conflicts, key=lambda c: c.verzoek)
        ]
        table(rows, ("verzoek", "plaats", str(left), str(right)), format_)
        talk(t(f"{number(len(rows))} tegenspraak/tegenspraken; er is niets geschreven.",
               f"{number(len(rows))} conflict(s); nothing was written."))  # fmt: skip
        raise typer.Exit(ExitCode.FINDINGS)
    for path in save_package(pakket, out or left):
        talk(str(path))


def table_(
    package: Package,
    out: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            "--out",
            "-O",
            help="Werkmap (.xlsx), of met --read het nieuwe pakket (map of .yaml).",
        ),
    ],
    read: Annotated[
        Path | None, typer.Option("--read", help="Lees deze bewerkte werkmap en meld wat er veranderde.")
    ] = None,
    format_: Format = "text",
) -> None:
    """Maak een werkmap (XLSX) voor de redactieraad, of lees de bewerkte terug."""
    from bds_tool.changes import dump_package, load_package, parse_package, save_package
    from bds_tool.changes.edit import package_changes
    from bds_tool.changes.table import write_table
    from bds_tool.changes.table_read import read_workbook

    pakket = load_package(package)
    if read is None:
        write_table(pakket, out)
        talk(t(f"{out}: {number(len(pakket.wijzigingen))} wijzigingen op het blad Wijzigingen.",
               f"{out}: {number(len(pakket.wijzigingen))} changes on the sheet Wijzigingen."))  # fmt: skip
        return
    edited, extra = read_workbook(read)
    # The schema judges the workbook as it judges a file, before anything is written.
    parse_package(dump_package(edited), str(read))
    changes = package_changes(pakket, edited)
    table(changes, ("plaats", "was", "wordt"), format_)
    save_package(edited, out)
    for column in extra:
        talk(t(f"Kolom {column} hoort niet bij een pakket en is niet overgenomen.",
               f"Column {column} is no part of a package and was left out."))  # fmt: skip
    talk(t(f"{out}: {number(len(changes))} verschil(len) met {pakket.naam}.",
           f"{out}: {number(len(changes))} difference(s) with {pakket.naam}."))  # fmt: skip


# -- helpers -----------------------------------------------------------------------------------------------------


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(
            t(f"--set {text} is niet te lezen.", f"--set {text} cannot be read."),
            t("Schrijf --set kolom=waarde.", "Write --set column=value."),
        )
    return name.strip(), value
