"""`bds change`: check, show and make change packages between BDS versions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bds_tool.base.errors import UsageError
from bds_tool.base.names import child
from bds_tool.base.text import number, t
from bds_tool.cli.change_edit import Package, add_to
from bds_tool.cli.checked import FORMATS_HELP, ready, tell
from bds_tool.cli.opening import open_readable
from bds_tool.cli.render import Format, Output, one_of, table, talk, write

app = typer.Typer(no_args_is_help=True, help="Wijzigingspakketten van de BDS controleren, lezen en maken.")


Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Alleen het resultaat.")]


def register(main: typer.Typer) -> None:
    add_to(app)
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
