"""`bds zib`: the mapping of BDS elements to zibs, and the way to FHIR R4."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from bds_tool.base.errors import ExitCode, UsageError
from bds_tool.base.text import t
from bds_tool.cli.checked import FORMATS_HELP, ready, tell
from bds_tool.cli.render import Format, Output, one_of, table, talk, write
from bds_tool.cli.zib_text import COLUMNS, element_text, fields, summary

app = typer.Typer(
    no_args_is_help=True, help="Elementen van de BDS naar zibs en FHIR R4: opzoeken, dekking, uitvoeren."
)

Release = Annotated[str, typer.Option("--zib", help="Zib-release: 2017, 2020 of 2024.")]


def register(main: typer.Typer) -> None:
    main.add_typer(app, name="zib")


def _release(release: str, *, empty: bool = False) -> str:
    from bds_tool.schema.zib import RELEASES

    if release in RELEASES or (empty and not release):
        return release
    raise UsageError(
        t(f"Zib-release {release} is niet bekend.", f"Zib release {release} is not known."),
        t(f"Kies uit: {', '.join(RELEASES)}.", f"Choose one of: {', '.join(RELEASES)}."),
    )


@app.command()
def show(
    what: Annotated[
        str, typer.Argument(help="Elementnummer (235), concept (NL-CM:12.2.2) of zib (Lichaamslengte).")
    ],
    release: Release = "2020",
    format_: Format = "text",
    output: Output = None,
) -> None:
    """Toon de koppeling van een element, of de elementen bij een zib of concept."""
    from bds_tool.schema.zib import load_zib
    from bds_tool.schema.zib.search import concepts, element_rows

    kaart = load_zib()
    _release(release)
    if what.isdecimal():
        rows = element_rows(kaart, int(what))
        if format_ == "text":
            own = [r for r in rows if r.release == release]
            if rows and not own:
                write(
                    t(f"{what} {rows[0].naam} · zib {release} · onbekend: bds heeft voor deze release niet naar een concept gezocht\n",
                      f"{what} {rows[0].naam} · zib {release} · unknown: bds has not looked for a concept in this release\n")
                    + element_text(kaart, rows),
                    output,
                )  # fmt: skip
            else:
                write(element_text(kaart, own), output)
        else:
            table([fields(r) for r in rows], COLUMNS, format_, output)
        return
    found = concepts(kaart, what, release)
    if not found:
        raise UsageError(
            t(
                f"{what} is geen element, concept of zib in release {release}.",
                f"{what} is no element, concept or zib in release {release}.",
            ),
            t("Zoek met `bds zib search WOORD`.", "Search with `bds zib search WORD`."),
        )
    mapped: dict[str, list[Any]] = {}
    for row in kaart.koppelingen:
        if row.release == release and row.concept:
            mapped.setdefault(row.concept, []).append(row)
    lines = [
        [
            c.concept,
            c.naam,
            c.datatype,
            c.eenheid,
            ", ".join(f"{r.bdsnummer} {r.naam} ({r.predicaat})" for r in mapped.get(c.concept, [])),
        ]
        for c in found
    ]
    table(lines, ("concept", "naam", "datatype", "eenheid", "elementen"), format_, output)


@app.command()
def search(
    words: Annotated[str, typer.Argument(help="Woorden uit naam, zib, profiel of code.")],
    release: Release = "2020",
    format_: Format = "text",
    output: Output = None,
) -> None:
    """Zoek koppelingen op woorden, zib, profiel of code."""
    from bds_tool.schema.zib import load_zib
    from bds_tool.schema.zib.search import search as find

    rows = find(load_zib(), words, _release(release))
    table(
        [
            [r.bdsnummer, r.naam, r.status, r.predicaat if r.concept else "", r.object_naam, r.profiel]
            for r in rows
        ],
        ("bdsnummer", "naam", "status", "relatie", "zib", "profiel"),
        format_,
        output,
    )
    if not rows:
        talk(t("Niets gevonden.", "Nothing found."))


@app.command()
def coverage(
    store: Annotated[
        Path | None, typer.Argument(help="Gegevensmap (NAAM.bds) in plaats van een hele BDS-versie.")
    ] = None,
    bds: Annotated[str, typer.Option("--bds", help="BDS-versie; zonder: de nieuwste.")] = "",
    release: Release = "2020",
    by: Annotated[str, typer.Option("--by", help="rubriek, zib of totaal.")] = "rubriek",
    format_: Format = "text",
    output: Output = None,
) -> None:
    """Tel per rubriek of zib hoeveel elementen een plaats hebben: volledig, deels, met verlies of niet."""
    from bds_tool.schema import load, newest
    from bds_tool.schema.zib import KLASSEN, dekking, load_zib, per_rubriek, per_zib

    kaart, definition = load_zib(), load(bds or newest())
    _release(release)
    elements, weights = set(definition.elementen), None
    if store is not None:
        from bds_tool.export.fhir.rows import counts_per_element

        weights = counts_per_element(store)
        elements = set(weights)
    if by == "zib":
        zib_rows = [
            [z, n, k, h, sum(c.values()), *(c[x] for x in KLASSEN[:3])]
            for z, n, k, h, c in per_zib(kaart, elements, release)
        ]
        table(zib_rows, ("zib", "naam", "concepten", "geraakt", "elementen", *KLASSEN[:3]), format_, output)
        return
    if by not in {"rubriek", "totaal"}:
        raise UsageError(
            t(f"--by {by} bestaat niet.", f"--by {by} does not exist."),
            t("Kies rubriek, zib of totaal.", "Choose rubriek, zib or totaal."),
        )
    rows: list[list[Any]] = []
    if by == "rubriek":
        rows = [
            [r, n, sum(c.values()), *(c[k] for k in KLASSEN)]
            for r, n, c in per_rubriek(kaart, definition, release, elements)
        ]
    total = dekking(kaart, elements, release)
    rows.append(
        ["totaal", t("alle elementen", "all elements"), sum(total.values()), *(total[k] for k in KLASSEN)]
    )
    if weights is not None:
        from collections import Counter

        from bds_tool.schema.zib import klasse

        values: Counter[str] = Counter()
        for n, count in weights.items():
            values[klasse(kaart, n, release)] += count
        rows.append(
            [
                "waarden",
                t("geregistreerde waarden", "registered values"),
                sum(values.values()),
                *(values[k] for k in KLASSEN),
            ]
        )
    table(rows, ("rubriek", "naam", "elementen", *KLASSEN), format_, output)


@app.command()
def check(
    format_: Annotated[str, typer.Option("--format", "-f", help=FORMATS_HELP)] = "text", output: Output = None
) -> None:
    """Controleer de mapping: ontbrekende elementen en concepten, codes, eenheden en richtingen."""
    from bds_tool.schema.zib import check as check_map
    from bds_tool.schema.zib import checked

    threshold = ready(format_, output)
    tell(checked(check_map()), format_, output, threshold)


@app.command(name="export-map")
def export_map(
    output: Annotated[Path, typer.Argument(help="Bestand (.tsv, .xlsx) of map (conceptmap).")],
    to: Annotated[
        str, typer.Option("--to", help="sssom, conceptmap of xlsx; zonder: naar de extensie.")
    ] = "",
    release: Release = "2020",
    force: Annotated[bool, typer.Option("--force", help="Een bestaande map vervangen.")] = False,
) -> None:
    """Voer de mapping uit als SSSOM-tabel, als FHIR ConceptMaps (een per lijst) of als werkboek."""
    from bds_tool.export.fhir import conceptmap

    kind = to or {".tsv": "sssom", ".xlsx": "xlsx"}.get(output.suffix.lower(), "conceptmap")
    if kind == "sssom":
        n = conceptmap.export_sssom(output)
        talk(t(f"{n} koppelingen in {output}.", f"{n} mappings in {output}."))
    elif kind == "xlsx":
        n = conceptmap.export_xlsx(output)
        talk(t(f"{n} koppelingen in {output}.", f"{n} mappings in {output}."))
    elif kind == "conceptmap":
        names = conceptmap.export_conceptmaps(output, _release(release), replace=force)
        talk(t(f"{len(names)} ConceptMaps in {output}.", f"{len(names)} ConceptMaps in {output}."))
    else:
        raise UsageError(
            t(f"--to {kind} bestaat niet.", f"--to {kind} does not exist."),
            t("Kies sssom, conceptmap of xlsx.", "Choose sssom, conceptmap or xlsx."),
        )


@app.command()
def profiles(
    folder: Annotated[
        Path, typer.Argument(help="Map met profiles/**/*.xml en terminology/*.xml van Nictiz.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Map voor profielen.csv en bindingen.csv.")],
) -> None:
    """Maak de profieltabel opnieuw uit StructureDefinitions (voor wie een nieuwe nl-core-versie invoert)."""
    from bds_tool.export.fhir.profile_build import compile_profiles
    from bds_tool.schema.zib.shapes import load_vormen

    names = sorted({v.profiel for v in load_vormen().vormen.values() if v.profiel})
    n, missing = compile_profiles(folder, names, output / "profielen.csv", output / "bindingen.csv")
    talk(
        t(
            f"{n} regels voor {len(names) - len(missing)} profielen.",
            f"{n} rows for {len(names) - len(missing)} profiles.",
        )
    )
    if missing:
        talk(t(f"Niet gevonden: {', '.join(missing)}.", f"Not found: {', '.join(missing)}."))
        raise typer.Exit(ExitCode.FINDINGS)


@app.command()
def conform(
    paths: Annotated[list[Path], typer.Argument(help="FHIR R4: NDJSON-bestanden, of een map ermee.")],
    base: Annotated[
        bool, typer.Option("--base/--no-base", help="Ook basis-FHIR met fhirkit (extra fhir).")
    ] = False,
    format_: Format = "text",
    output: Output = None,
) -> None:
    """Controleer FHIR-bestanden tegen de profielen die ze claimen. Dit is niet het oordeel van de HL7-validator."""
    from bds_tool.export.fhir.conform import check_files

    count, claimed, found = check_files(paths, base=base)
    if found or format_ != "text":
        table(
            [[f, p, k, n] for (f, p, k), n in sorted(found.items())],
            ("bestand", "profiel", "fout", "resources"),
            format_,
            output,
        )
    talk(
        t(
            f"{count} resources, waarvan {claimed} met een profiel uit de tabel: {sum(found.values())} fouten.",
            f"{count} resources, {claimed} of them with a profile in the table: {sum(found.values())} errors.",
        )
    )
    if found:
        raise typer.Exit(ExitCode.FINDINGS)


@app.command()
def export(
    store: Annotated[Path, typer.Argument(help="Gegevensmap (NAAM.bds), gemaakt met bds convert.")],
    out: Annotated[Path, typer.Argument(help="Map voor de uitvoer.")],
    to: Annotated[str, typer.Option("--to", help="Doel: fhir.")] = "fhir",
    release: Release = "2020",
    profile: Annotated[
        str, typer.Option("--profile", help="nl-core: profielen claimen waar ze kloppen; geen: niet.")
    ] = "nl-core",
    as_: Annotated[
        str, typer.Option("--as", help="ndjson (een bestand per soort) of bundle (een Bundle per kind).")
    ] = "ndjson",
    unmapped: Annotated[
        str,
        typer.Option("--unmapped", help="Wat geen tegenhanger heeft: keep (BDS-gecodeerd), drop of report."),
    ] = "keep",
    include: Annotated[
        str, typer.Option("--include", help="Gevoelige soorten die toch mee mogen, met komma's.")
    ] = "",
    check_: Annotated[
        str, typer.Option("--check", help="profiel, basis (ook basis-FHIR, vraagt de extra fhir) of geen.")
    ] = "profiel",
    key_file: Annotated[
        Path | None,
        typer.Option("--key-file", help="Sleutel voor pseudoniemen; anders de variabele BDS_KEY."),
    ] = None,
    base_url: Annotated[
        str, typer.Option("--base-url", help="Voorvoegsel van fullUrl in Bundles.")
    ] = "http://localhost/fhir",
    workers: Annotated[int, typer.Option("--workers", help="Aantal processen; 0 kiest zelf.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Een bestaande map vervangen.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Geen voortgang en samenvatting.")] = False,
) -> None:
    """Voer een gegevensmap uit als FHIR R4 (zib 2020), met een verantwoording van elke waarde."""
    from bds_tool.cli.project import project
    from bds_tool.cli.validate import today
    from bds_tool.export.fhir.identity import load_key
    from bds_tool.export.fhir.writer import Opdracht, gecontroleerd
    from bds_tool.export.fhir.writer import export as write_fhir
    from bds_tool.store import Store

    for value, allowed, option in ((to, ("fhir",), "--to"), (profile, ("nl-core", "geen"), "--profile")):
        one_of(value, allowed, option)
    key, random = load_key(key_file)
    wanted = frozenset(p.strip() for p in include.split(",") if p.strip())
    task = Opdracht(
        key,
        release,
        unmapped,
        wanted,
        profile == "nl-core",
        as_,
        base_url.rstrip("/"),
        check_,
        workers,
        today("", project()),
    )
    result = write_fhir(Store.open(store), out, task, replace=force)
    if not quiet:
        summary(result, out, random, gecontroleerd(check_))
    if result.fouten:
        raise typer.Exit(ExitCode.FINDINGS)
