"""`bds convert`: an export in, an export of another format out; or an explanation of what a table seems to mean."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bds_tool.base.errors import ExitCode, UsageError
from bds_tool.base.text import number, plural, t
from bds_tool.base.vocabulary import file_name
from bds_tool.cli.project import project
from bds_tool.cli.render import one_of, table, talk, to_json, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bds_tool.base.table_settings import TableSettings
    from bds_tool.formats.explaining import TableReport
    from bds_tool.formats.writing import Written
    from bds_tool.store import Store


def register(app: typer.Typer) -> None:
    app.command("convert")(convert)


def convert(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="IN… [UIT]",
            help="Bestanden, mappen, archieven of - ; zonder -o is het laatste de uitvoer.",
        ),
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Uitvoer; anders het laatste argument.")
    ] = None,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            help="store, csv, csv-wide, parquet, arrow, ndjson, xlsx, james (3.0), james-3.1, dob, vaccinaties of geanonimiseerd (berichten aan het RIVM); anders naar de naam van UIT.",
        ),
    ] = "",
    explain: Annotated[
        bool,
        typer.Option(
            "--explain", help="Toon wat er over de kolommen is besloten, met een voorstel voor bds.toml."
        ),
    ] = False,
    from_: Annotated[
        str, typer.Option("--from", help="Formaat van de invoer; anders aan de inhoud herkend.")
    ] = "",
    bds: Annotated[
        str, typer.Option("--bds", help="BDS-versie van de invoer, en van een DOB-bericht dat ontstaat.")
    ] = "",
    dialect: Annotated[
        str, typer.Option("--dialect", help="CSV-vorm: iso, of excel-nl (puntkomma, decimale komma, BOM).")
    ] = "",
    organisation: Annotated[
        str,
        typer.Option(
            "--organisation",
            help="Organisatie (naam of code) van bronnen die er geen noemen; in JAMES-berichten een code.",
        ),
    ] = "",
    force: Annotated[bool, typer.Option("--force", help="Vervang een bestaande uitvoer.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Geef exitcode 1 als het formaat iets niet kan dragen.")
    ] = False,
    format_: Annotated[
        str, typer.Option("--format", "-f", help="Vorm van --explain: text of json.")
    ] = "text",
    config: Annotated[
        Path | None, typer.Option(help="Instellingen; anders de dichtstbijzijnde bds.toml.")
    ] = None,
    profile: Annotated[
        str, typer.Option("--profile", help="Profiel voor tabellen uit bds.toml; anders het best passende.")
    ] = "",
    write_: Annotated[
        Path | None,
        typer.Option("--write", help="Met --explain: zet het voorstel achteraan in dit bestand (bds.toml)."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Geen uitleg op het scherm.")] = False,
) -> None:
    """Zet een export om naar een ander formaat, of naar een gegevensmap (.bds) om sneller mee te werken.

    Wat het nieuwe formaat niet kan dragen, wordt geteld en genoemd, nooit stil weggelaten.
    """
    one_of(format_, ("text", "json"), "--format")
    if explain:
        _explain(paths, format_, replace(project(config).tables, profile=profile), write_)
        return
    if write_ is not None:
        raise UsageError(
            t("--write hoort bij --explain.", "--write belongs to --explain."),
            t(
                "Bijvoorbeeld: bds convert export.csv --explain --write bds.toml",
                "For example: bds convert export.csv --explain --write bds.toml",
            ),
        )
    from bds_tool.formats.writing import WriteOptions, format_of

    sources, out = (paths, output) if output else (paths[:-1], paths[-1])
    _require_writable(out)
    to = to or (format_of(out) if sources else "")
    if not to:
        raise UsageError(
            t(
                "Geef invoer en als laatste de uitvoer, en --to FORMAAT als de naam daarvan het formaat niet zegt.",
                "Give input and last the output, and --to FORMAT where its name does not tell the format.",
            ),
            t(
                "Bijvoorbeeld: bds convert export.json export.csv",
                "For example: bds convert export.json export.csv",
            ),
        )
    from bds_tool.store import Store

    if to == "store" and (already := next((p for p in sources if Store.is_store(p)), None)):
        raise UsageError(
            t(f"{already} is al een gegevensmap.", f"{already} is a store already."),
            t("Kopieer de map, of kies een ander formaat met --to.", "Copy the folder, or choose another format with --to."),
        )  # fmt: skip
    from bds_tool.cli.render import progress as counting
    from bds_tool.formats import read
    from bds_tool.formats.writing import write as write_export
    from bds_tool.schema import load

    if bds:
        load(bds)
    settings = project(config)
    organisation = organisation.strip() or settings.convert.organisation
    options = WriteOptions(
        bds=bds,
        dialect=_dialect(dialect or settings.convert.dialect),
        organisation=organisation,
        replace=force,
        sender=settings.sender,
        strict=strict,
    )
    if out.is_file() and not force:
        raise UsageError(
            t(f"{out} bestaat al.", f"{out} exists already."),
            t("Kies een andere naam of geef --force.", "Choose another name or give --force."),
        )
    target = out if to == "store" else None
    progress = counting(quiet=quiet)
    store = read(
        sources,
        target,
        from_format=from_ or None,
        bds=bds,
        replace=force,
        at_least_one=True,
        organisation=organisation,
        tables=replace(settings.tables, profile=profile),
        progress=progress,
    )
    with store:
        broken = _sources_told(store, quiet=quiet)
        if target is None:
            done = write_export(store, to, out, options)
            if not quiet:
                _told(done, out)
        elif not quiet:
            rows = int(store.bronnen()["rijen"].sum())
            told = t(
                plural(rows, "registratie", "registraties"), plural(rows, "registration", "registrations")
            )
            talk(f"{out}: {told}.")
    if broken or (strict and target is None and (done.left_out or done.unsent)):
        raise typer.Exit(ExitCode.FINDINGS)


def _require_writable(out: Path) -> None:
    """SPSS, Stata and R have formats of their own: what gets such a name holds that, or is not written."""
    from bds_tool.formats.sniff import STATISTICS

    if out.suffix.lower() in {*STATISTICS, ".rds", ".rdata", ".sas7bdat"}:
        raise UsageError(
            t(f"{out.suffix} wordt niet geschreven.", f"{out.suffix} is not written."),
            t(
                "Schrijf .csv of .parquet; SPSS, Stata, SAS en R lezen .csv.",
                "Write .csv or .parquet; SPSS, Stata, SAS and R read .csv.",
            ),
        )


def _dialect(name: str) -> str:
    if name not in {"iso", "excel-nl"}:
        raise UsageError(
            t(f"Dialect {name} bestaat niet.", f"Dialect {name} does not exist."),
            t("Kies iso of excel-nl.", "Choose iso or excel-nl."),
        )
    return name


def _sources_told(store: Store, *, quiet: bool) -> int:
    """Say what each source was taken for; gives the number that could not be read."""
    from collections import Counter

    bronnen = store.bronnen()
    formats = Counter(bronnen["formaat"].to_list())
    broken = formats.pop("onleesbaar", 0)
    skipped = bronnen.filter(bronnen["formaat"] == "overgeslagen")["pad"].to_list()
    formats.pop("overgeslagen", None)
    if skipped and not quiet:
        shown = ", ".join(map(file_name, skipped[:5])) + (", …" if len(skipped) > 5 else "")
        talk(
            t(
                f"overgeslagen: {number(len(skipped))} ({shown})",
                f"passed over: {number(len(skipped))} ({shown})",
            )
        )
    if not quiet:
        for name, count in sorted(formats.items(), key=str):
            talk(
                t(
                    f"gelezen als {name}: {number(count)} bestand(en)",
                    f"read as {name}: {number(count)} file(s)",
                )
            )
        if broken:
            names = bronnen.filter(bronnen["formaat"] == "onleesbaar")["pad"].to_list()
            shown = ", ".join(map(file_name, names[:3]))
            talk(
                t(
                    f"niet gelezen: {number(broken)} ({shown}); `bds validate` zegt waarom",
                    f"not read: {number(broken)} ({shown}); `bds validate` says why",
                )
            )
    return broken


def _told(done: Written, out: Path) -> None:
    what = t(f"{number(done.files)} bestand(en)", f"{number(done.files)} file(s)")
    count = done.dossiers if done.dossiers is not None else done.rows
    word = t("dossiers", "dossiers") if done.dossiers is not None else t("registraties", "registrations")
    talk(f"{out}: {what}, {number(count)} {word}.")
    for name, left in sorted(done.left_out.items(), key=lambda item: -item[1])[:20]:
        talk(t(f"  niet mee: {number(left)} × {name}", f"  not carried: {number(left)} × {name}"))
    for name, count in sorted(done.unsent.items(), key=lambda item: -item[1]):
        talk(t(f"  niet te versturen: {number(count)} vaccinatie(s): {name}",
               f"  not to be sent: {number(count)} vaccination(s): {name}"))  # fmt: skip
    for name, count in done.elsewhere.items():
        talk(t(f"  hoort in een ander bericht: {number(count)} vaccinatie(s), met --to {name}",
               f"  belongs in another message: {number(count)} vaccination(s), with --to {name}"))  # fmt: skip
    if not done.lacking:
        return
    talk(
        t(
            "De standaard eist wat hier ontbreekt; de ontvanger kan deze berichten weigeren (--strict schrijft ze niet):",
            "The standard demands what lacks here; a receiver can refuse these messages (--strict does not write them):",
        )
    )
    for name, count in sorted(done.lacking.items(), key=lambda item: -item[1])[:20]:
        talk(t(f"  {number(count)} bericht(en): {name}", f"  {number(count)} message(s): {name}"))


def _explain(paths: list[Path], format_: str, tables: TableSettings, target: Path | None) -> None:
    """For each table: what its columns mean and why, and a profile for bds.toml."""
    from bds_tool.formats.explaining import explain_tables

    reports = explain_tables(paths, tables)
    if target is not None:
        _start_profile(reports, target)
    for report in reports:
        if format_ == "json":
            write(to_json(report))
            continue
        talk(f"{report['bestand']}: {report['vorm']}")
        for note in report["keuzes"]:
            talk(f"  {note}")
        rows = [
            (c["kolom"], c["betekenis"], c["eenheid"], c["reden"], c["bewijs"]) for c in report["kolommen"]
        ]
        if rows:
            titles = (
                t("kolom", "column"), t("betekenis", "meaning"), t("eenheid", "unit"), t("reden", "reason"),
                t("bewijs", "evidence"),
            )  # fmt: skip
            table(rows, titles)
        if report["voorstel"] and target is None:
            write(
                "\n"
                + t(
                    "# Voorstel voor bds.toml: regels met # zijn niet zeker; vul aan of verbeter",
                    "# Proposal for bds.toml: lines with # are not certain; complete or mend",
                )
                + "\n"
                + "\n".join(report["voorstel"])
            )


def _start_profile(reports: Sequence[TableReport], target: Path) -> None:
    """Add the proposals behind what the file holds; a file that would no longer be read is left as it was."""
    import tomllib

    from bds_tool.base.files import atomic_file

    parts = ["\n".join(r["voorstel"]) for r in reports if r["voorstel"]]
    try:
        before = target.read_text(encoding="utf-8") if target.exists() else ""
        text = "\n\n".join(filter(None, [before.rstrip(), *parts])) + "\n"
        tomllib.loads(text)
    except (OSError, ValueError) as error:  # no text in UTF-8, or no TOML
        raise UsageError(
            t(
                f"{target} is geen TOML waar een profiel bij kan.",
                f"{target} is no TOML that can take a profile.",
            ),
            t("Kies een ander bestand.", "Choose another file."),
        ) from error
    with atomic_file(target, own=True) as temporary:
        temporary.write_text(text, encoding="utf-8")
    talk(t(f"{target}: {len(parts)} profiel(en) toegevoegd.", f"{target}: {len(parts)} profile(s) added."))
