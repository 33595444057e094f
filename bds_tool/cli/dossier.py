"""`bds dossier`: which dossiers there are, one of them on a page, and the copy a parent may ask for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bds_tool.base.errors import UsageError
from bds_tool.base.identifiers import is_bsn
from bds_tool.base.text import number as said
from bds_tool.base.text import t
from bds_tool.cli.opening import open_readable
from bds_tool.cli.project import project
from bds_tool.cli.render import TABLE_FORMATS, Output, one_of, table, talk, to_json, write
from bds_tool.cli.validate import today

Paths = Annotated[list[str], typer.Argument(help="Bestanden, mappen, archieven of een .bds-map.")]
Key = Annotated[str, typer.Option("--id", help="Sleutel van het dossier; niet nodig als er maar één is.")]
Number = Annotated[
    int | None, typer.Option("--nr", min=1, help="Nummer uit `bds dossier list`, in plaats van --id.")
]
Organisation = Annotated[
    str, typer.Option("--organisation", help="Organisatie, als een sleutel bij meer organisaties voorkomt.")
]
Bds = Annotated[str, typer.Option("--bds", help="BDS-versie, als de bron die niet noemt.")]
FromFormat = Annotated[str | None, typer.Option("--from", help="Formaat van de invoer; anders herkend.")]
Day = Annotated[
    str,
    typer.Option(
        "--reference-date", help="Dag waarop leeftijd en schema gelden (jjjj-mm-dd); anders vandaag."
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Zeg niets als het lukt.")]

AUDIENCES = ("professional", "ouder")


def register(main: typer.Typer) -> None:
    app = typer.Typer(no_args_is_help=True, help="Eén dossier lezen: lijst, pagina, afschrift.")
    app.command("list")(list_)
    app.command("show", no_args_is_help=True)(show)
    app.command("copy", no_args_is_help=True)(copy)
    app.command("consents", no_args_is_help=True)(consents)
    main.add_typer(app, name="dossier")


def list_(
    paths: Paths,
    format_: Annotated[
        str, typer.Option("--format", "-f", help="text, json, ndjson, csv, markdown.")
    ] = "text",
    output: Output = None,
    bds: Bds = "",
    from_format: FromFormat = None,
) -> None:
    """Welke dossiers er zijn, met hun sleutel, geboortejaar en omvang. Nooit een naam of BSN.

    Voorbeeld: bds dossier list export/
    """
    from bds_tool.export.dossier.opening import listing

    one_of(format_, TABLE_FORMATS, "--format")
    with open_readable(paths, bds=bds, from_format=from_format) as store:
        found = [
            row | {"dossier_id": t("(BSN)", "(BSN)") if is_bsn(row["dossier_id"]) else row["dossier_id"]}
            for row in listing(store).drop("bronnen").iter_rows(named=True)
        ]
    if format_ == "json":
        write(to_json({"schema_version": 1, "dossiers": found}), output)
        return
    names = (
        "nr", t("dossier", "dossier"), t("organisatie", "organisation"), t("geboortejaar", "year of birth"),
        t("registraties", "registrations"), t("contacten", "contacts"), t("eerste dag", "first day"),
        t("laatste dag", "last day"),
    )  # fmt: skip
    columns = ("nr", "dossier_id", "organisatie", "geboren", "rows", "contacts", "first", "last")
    table([tuple("" if row[c] is None else row[c] for c in columns) for row in found], names, format_, output)


def show(
    paths: Paths,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="HTML-bestand; anders dossier.html.")
    ] = None,
    key: Key = "",
    number: Number = None,
    organisation: Organisation = "",
    audience: Annotated[
        str, typer.Option("--for", help="Woorden waarmee de pagina opent: professional of ouder.")
    ] = "professional",
    show_values: Annotated[
        bool, typer.Option("--show-values", help="Ook namen, adressen en vrije tekst; nooit een BSN.")
    ] = False,
    reference_date: Day = "",
    bds: Bds = "",
    from_format: FromFormat = None,
    quiet: Quiet = False,
) -> None:
    """Eén dossier als pagina: groei, vaccinaties, ontwikkeling, verloop, en elke registratie precies één keer.

    De pagina werkt zonder netwerk en is te printen. Namen, adressen en vrije tekst zijn afgeschermd.

    Voorbeeld: bds dossier show bericht.xml -o dossier.html
    """
    from bds_tool.export.dossier.opening import chosen, opened
    from bds_tool.export.dossier.page import Wishes, page

    one_of(audience, AUDIENCES, "--for")
    day = today(reference_date, project())
    place = _free(output or Path("dossier.html"), given=output is not None)
    with (
        open_readable(paths, quiet=quiet, bds=bds, from_format=from_format, inspect=_inspect()) as store,
        opened(store, chosen(store, key, number, organisation), day, bds) as dossier,
    ):
        made = page(dossier, day, Wishes(show=show_values, parent=audience == "ouder"))
    write(made.html, place)
    if not quiet:
        n = len(made.lines.lines)
        talk(t(f"{place}: {said(n)} registraties. De pagina gaat over één kind; bewaar haar veilig.",
               f"{place}: {said(n)} registrations. The page is about one child; keep it safe."))  # fmt: skip


def copy(
    paths: Paths,
    to: Annotated[Path, typer.Option("--output", "-o", "--to", help="Map voor het afschrift.")],
    key: Key = "",
    number: Number = None,
    organisation: Organisation = "",
    reference_date: Day = "",
    bds: Bds = "",
    from_format: FromFormat = None,
    force: Annotated[bool, typer.Option("--force", help="Vervang een bestaande uitvoer.")] = False,
    quiet: Quiet = False,
) -> None:
    """Het afschrift waar een ouder om mag vragen: een pagina, en dezelfde gegevens als JSON en FHIR.

    Gegevens van anderen en werkaantekeningen gaan niet mee; het afschrift zegt hoeveel en waarom.

    Voorbeeld: bds dossier copy bericht.xml --output afschrift
    """
    from bds_tool.export.dossier.copying import write_copy
    from bds_tool.export.dossier.opening import chosen, opened

    day = today(reference_date, project())
    with (
        open_readable(paths, quiet=quiet, bds=bds, from_format=from_format, inspect=_inspect()) as store,
        opened(store, chosen(store, key, number, organisation), day, bds) as dossier,
    ):
        made = write_copy(dossier, day, to, replace=force)
    if not quiet:
        talk(t(f"{to}: {said(made.lines)} registraties, {said(made.left_out)} weggelaten.",
               f"{to}: {said(made.lines)} registrations, {said(made.left_out)} left out."))  # fmt: skip


def consents(
    paths: Paths,
    format_: Annotated[
        str, typer.Option("--format", "-f", help="text, json, ndjson, csv, markdown.")
    ] = "text",
    output: Output = None,
    each: Annotated[bool, typer.Option("--each", help="Ook per dossier wat er is gevonden.")] = False,
    reference_date: Day = "",
    bds: Bds = "",
    from_format: FromFormat = None,
) -> None:
    """Toestemmingen en bezwaren nakijken: tegenstrijdig, ingetrokken, verlopen, zonder dag, na 18 jaar, bij vaccinaties.

    Voorbeeld: bds dossier consents NAAM.bds
    """
    from bds_tool.export.dossier.consents import check, titles

    one_of(format_, TABLE_FORMATS, "--format")
    with open_readable(paths, bds=bds, from_format=from_format) as store:
        dossiers, found = check(store, today(reference_date, project()))
    counts = [
        {
            "check": name,
            "title": title,
            "why": why,
            "dossiers": len({who for who, n, _ in found if n == name}),
        }
        for name, (title, why) in titles().items()
    ]
    rows = [
        {
            "organisatie": o,
            "dossier_id": t("(BSN)", "(BSN)") if is_bsn(k) else k,
            "check": name,
            "element": element,
        }
        for (o, k), name, element in found
    ]
    if format_ == "json":
        told = {"schema_version": 1, "dossiers": len(dossiers), "checks": counts}
        write(to_json(told | ({"each": rows} if each else {})), output)
        return
    if each:
        heads = (
            t("organisatie", "organisation"),
            t("dossier", "dossier"),
            t("toets", "check"),
            t("element", "element"),
        )
        table([tuple(row.values()) for row in rows], heads, format_, output)
        return
    names = (t("toets", "check"), t("dossiers", "dossiers"), t("waarom", "why"))
    table([(c["title"], c["dossiers"], c["why"]) for c in counts], names, format_, output)


def _inspect() -> tuple[str, ...]:
    """A message is walked when it is read, so that what its standard says of it stands at the value."""
    from bds_tool.validate.run import INSPECTOR

    return (INSPECTOR,)


def _free(place: Path, *, given: bool) -> Path:
    """The name that nobody gave is never one that exists."""
    if not given and place.exists():
        raise UsageError(
            t(f"{place} bestaat al.", f"{place} exists already."),
            t("Geef een naam met -o.", "Give a name with -o."),
        )
    return place
