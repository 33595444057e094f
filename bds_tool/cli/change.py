"""`bds change`: check, show and make change packages between BDS versions."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from bds_tool.base.errors import ExitCode, UsageError
from bds_tool.base.names import child
from bds_tool.base.text import number, t
from bds_tool.cli.checked import FORMATS_HELP, ready, tell
from bds_tool.cli.opening import open_readable
from bds_tool.cli.render import TABLE_FORMATS, one_of, table, talk, write

app = typer.Typer(no_args_is_help=True, help="Wijzigingspakketten van de BDS controleren, lezen en maken.")


Package = Annotated[
    str, typer.Argument(help="Pakket: een bestand of map, of een naam zoals 4.1.3-4.2.0.", metavar="PAKKET")
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="Bestand voor de uitvoer; zonder: het scherm.")
]
Format = Annotated[
    str, typer.Option("--format", "-f", help=f"Vorm van de uitvoer: {', '.join(TABLE_FORMATS)}.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Alleen het resultaat.")]


def register(main: typer.Typer) -> None:
    main.add_typer(app, name="change")


@app.command("list")
def list_(format_: Format = "text", output: Output = None) -> None:
    """Toon de pakketten die er zijn, met hun klasse en omvang."""
    from bds_tool.changes import find, load_package, packages

    rows = []
    for van, naar in packages():
        p = load_package(find(van, naar))
        rows.append(
            [
                p.naam,
                p.titel,
                p.status,
                p.datum,
                str(p.klasse_heen),
                str(p.klasse_terug),
                len(p.verzoeken),
                len(p.wijzigingen),
            ]
        )
    columns = ("pakket", "titel", "status", "datum", "heen", "terug", "verzoeken", "wijzigingen")
    table(rows, columns, format_, output)


@app.command()
def check(
    package: Package,
    data: Annotated[
        Path | None, typer.Option("--data", help="Gegevensmap of export: tel wat het pakket daarin raakt.")
    ] = None,
    impact: Annotated[
        bool,
        typer.Option(
            "--impact", help="Noem indicatoren, protocollen, zibs, regels en JAMES-velden die dit raakt."
        ),
    ] = False,
    format_: Annotated[str, typer.Option("--format", "-f", help=FORMATS_HELP)] = "text",
    output: Output = None,
    fail_on: Annotated[
        str,
        typer.Option("--fail-on", help="Vanaf welke ernst de exitcode 1 is: error, warning, info of never."),
    ] = "error",
    quiet: Quiet = False,
) -> None:
    """Controleer een pakket: compleet, deugdelijk, juiste klasse, en voorbeelden die werken."""
    from bds_tool.changes import find, load_package
    from bds_tool.changes.impact import impact as reach
    from bds_tool.changes.impact import undeclared
    from bds_tool.changes.migrate.check import check as run
    from bds_tool.changes.migrate.check import verdict
    from bds_tool.changes.migrate.check_report import checked, notes

    threshold = ready(format_, output, fail_on)
    pakket = load_package(package)
    if data is None:
        result = run(pakket)
    else:
        with open_readable([data], quiet=quiet) as store:
            result = run(pakket, store)
    touched = reach(pakket) if impact else ()
    result.bevindingen += [b for b in undeclared(pakket, touched) if b not in result.bevindingen]
    place = Path(package) if Path(package).exists() else find(pakket.van, pakket.naar)
    if not quiet:
        talk(verdict(result))
    told = checked(result, touched, place)
    tell(told, format_, output, threshold, quiet=True, notes=notes(result, touched))


@app.command()
def show(
    package: Package,
    jgz: Annotated[str, typer.Option("--jgz", help="Alleen dit verzoek, bijvoorbeeld JGZ-328.")] = "",
    kind: Annotated[
        str, typer.Option("--kind", help="Alleen deze soort, bijvoorbeeld element-vervallen.")
    ] = "",
    everything: Annotated[
        bool,
        typer.Option(
            "--all", help="Ook wijzigingen zonder gevolg voor gegevens (herkomst, plaats in het bericht)."
        ),
    ] = False,
    format_: Format = "text",
    output: Output = None,
) -> None:
    """Lees een pakket: per verzoek wat er verandert en wat er met de gegevens gebeurt."""
    from bds_tool.changes import load_package
    from bds_tool.changes.new import BULK

    pakket = load_package(package)
    if jgz and jgz not in pakket.verzoeken:
        raise UsageError(
            t(f"Verzoek {jgz} staat niet in {pakket.naam}.", f"Request {jgz} is not in {pakket.naam}."),
            t(f"Verzoeken: {', '.join(pakket.verzoeken)}.", f"Requests: {', '.join(pakket.verzoeken)}."),
        )
    if kind:
        one_of(kind, sorted({w.soort for w in pakket.wijzigingen}), "--kind")
    rows = []
    for name in [jgz] if jgz else pakket.verzoeken:
        for w in pakket.of(name):
            if (kind and w.soort != kind) or (not everything and not kind and w.aspect in BULK):
                continue
            changes = "; ".join(f"{v.veld}: {v.van or '—'} → {v.naar or '—'}" for v in w.velden)
            short = changes if format_ != "text" or len(changes) <= 70 else changes[:67] + "…"
            rows.append([name, w.soort, w.sleutel, w.naam, str(w.klasse_heen), str(w.klasse_terug),
                         w.heen.doe if w.heen else None, w.terug.doe if w.terug else None, short])  # fmt: skip
    columns = (
        "verzoek",
        "soort",
        "sleutel",
        "naam",
        "klasse_heen",
        "klasse_terug",
        "heen",
        "terug",
        "verandert",
    )
    table(rows, columns, format_, output)


@app.command()
def requests(
    package: Package,
    page: Annotated[
        Path | None, typer.Option("--page", help="Schrijf ook een pagina (HTML) om te printen of te delen.")
    ] = None,
    format_: Format = "text",
    output: Output = None,
) -> None:
    """Het werkpakket in een tabel: per verzoek stand, eigenaar, prioriteit, wet of richtlijn en gevolg."""
    from bds_tool.changes import load_package
    from bds_tool.changes.requests import COLUMNS, request_rows
    from bds_tool.changes.requests import page as html

    pakket = load_package(package)
    table(request_rows(pakket), COLUMNS, format_, output)
    if page is not None:
        write(html(pakket), page)


@app.command()
def notes(
    package: Package,
    reader: Annotated[
        list[str] | None, typer.Option("--for", help="Voor wie: professional, vendor of analyst; mag vaker.")
    ] = None,
    output: Output = None,
) -> None:
    """Schrijf de release notes (Markdown) voor professional, leverancier en analist; --lang en voor Engels."""
    from bds_tool.changes import apply_package, load_package
    from bds_tool.changes.notes import READERS, release_notes
    from bds_tool.schema import load, versions

    for name in reader or ():
        one_of(name, READERS, "--for")
    pakket = load_package(package)
    old = load(pakket.van)
    new = load(pakket.naar) if pakket.naar in versions() else apply_package(pakket, old)
    write(release_notes(pakket, old, new, reader or READERS), output)


@app.command()
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


@app.command()
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


@app.command()
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
    output: Output = None,
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
        table(rows, ("verzoek", "plaats", str(left), str(right)), format_, output)
        talk(t(f"{number(len(rows))} tegenspraak/tegenspraken; er is niets geschreven.",
               f"{number(len(rows))} conflict(s); nothing was written."))  # fmt: skip
        raise typer.Exit(ExitCode.FINDINGS)
    for path in save_package(pakket, out or left):
        talk(str(path))


@app.command()
def apply(
    package: Package,
    out: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            "--out",
            "-O",
            help="Map voor de nieuwe definitie, bijvoorbeeld specs/bds/4.3.0.",
        ),
    ],
    force: Annotated[bool, typer.Option("--force", help="Vervang een bestaande map.")] = False,
) -> None:
    """Pas het pakket toe op zijn beginversie: de map van de volgende versie."""
    from bds_tool.base.specs import specs_dir
    from bds_tool.changes import SETTLED, apply_package, load_package, write_definition
    from bds_tool.changes.check_parts import still_to_follow
    from bds_tool.changes.impact import must_follow
    from bds_tool.changes.parts import parts, write_parts
    from bds_tool.schema import load

    pakket = load_package(package)
    definition = apply_package(pakket, load(pakket.van))
    draft = pakket.status not in SETTLED
    write_definition(definition, out, child(specs_dir() / "bds", pakket.van), draft=draft, replace=force)
    talk(t(f"{out}: BDS {definition.version}, {number(len(definition.elementen))} elementen.",
           f"{out}: BDS {definition.version}, {number(len(definition.elementen))} elements."))  # fmt: skip
    if out.resolve().parent.name == "bds":
        for path in write_parts(pakket, out.resolve().parents[1]):
            talk(t(f"{path}: gaat mee met het pakket.", f"{path}: carried along by the package."))
    elif any(parts(pakket)):
        talk(t("Wat meegaat, is niet geschreven: geef een map zoals specs/bds/4.3.0.",
               "What is carried along was not written: give a folder such as specs/bds/4.3.0."))  # fmt: skip
    follow = still_to_follow(pakket, must_follow(pakket))
    if follow:
        talk(t("Wat nog mee moet (`bds spec check` en `bds zib check` letten erop):",
               "What must still follow (`bds spec check` and `bds zib check` watch it):"))  # fmt: skip
        for line in follow:
            talk(f"  {line}")


@app.command("table")
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
