"""`bds adoption`: has a change of the BDS arrived in the dossiers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from bds_tool.base.errors import MALFORMED, ExitCode, UnreadableError
from bds_tool.base.small import small_text
from bds_tool.base.text import number, plural, t
from bds_tool.cli.opening import open_readable
from bds_tool.cli.render import TABLE_FORMATS, Output, one_of, table, talk, to_json, write

if TYPE_CHECKING:
    from bds_tool.export.adoption import AdoptionFile, Use


def register(main: typer.Typer) -> None:
    main.command("adoption", no_args_is_help=True)(adoption)


def adoption(
    paths: Annotated[
        list[str],
        typer.Argument(
            help="Leveringen of .bds-mappen; of alleen JSON van deze opdracht, om samen te voegen."
        ),
    ],
    package: Annotated[
        str, typer.Option("--package", help="Wijzigingspakket VAN-NAAR; anders het nieuwste.")
    ] = "",
    format_: Annotated[
        str, typer.Option("--format", "-f", help="text, json, ndjson, csv, markdown.")
    ] = "text",
    output: Output = None,
    small: Annotated[
        int, typer.Option(help="Van minder dossiers dan dit wordt geen aantal genoemd.", min=1)
    ] = 10,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Niets op stderr.")] = False,
) -> None:
    """Is een wijziging van de BDS aangekomen: welke nieuwe elementen en codes worden gebruikt, sinds wanneer en door wie, en wat vervallen is en toch nog gevuld.

    Voorbeeld: bds adoption levering.bds --package 4.1.3-4.2.0
    """  # fmt: skip
    from bds_tool.changes.loading import load_package, packages
    from bds_tool.export import adoption as work

    one_of(format_, TABLE_FORMATS, "--format")
    parts = [_part(p) for p in paths]
    if all(p is not None for p in parts):
        name, uses = work.merged([p for p in parts if p is not None])
    else:
        pakket = load_package(package or "-".join(packages()[-1]))
        name = pakket.naam
        with open_readable(paths, quiet=quiet) as store:
            uses = work.adoption(store, pakket, small=small)
    if format_ == "json":
        write(to_json(work.facts(name, uses, small=small)), output)
    elif format_ == "text":
        write("\n".join(_lines(uses)), output)
    else:
        heads = (t("verzoek", "request"), t("wijziging", "change"), t("sleutel", "key"), t("naam", "name"), t("organisatie", "organisation"),
                 t("stand", "state"), t("registraties", "registrations"), "dossiers", t("eerste", "first"), t("laatste", "last"))  # fmt: skip
        table([_row(u) for u in uses], heads, format_, output)
    if not quiet:
        _tell(name, uses)
    raise typer.Exit(ExitCode.OK)


def _part(path: str) -> AdoptionFile | None:
    """What a run of this command wrote as JSON, here or elsewhere; None for anything else.

    Raises UnreadableError for a file that says it is one and does not have the form.
    """
    from bds_tool.base.checked_yaml import faults
    from bds_tool.export.adoption import KIND

    place = Path(path)
    if place.suffix.lower() != ".json" or not place.is_file():
        return None
    try:
        found = json.loads(small_text(place, "utf-8-sig"))
    except MALFORMED:
        return None
    if not isinstance(found, dict) or found.get("kind") != KIND:
        return None
    if wrong := faults(found, "adoptie"):
        raise UnreadableError(
            t(f"{path} is niet wat bds adoption schrijft. {wrong[0]}", f"{path} is not what bds adoption writes. {wrong[0]}"),
            t("Vraag het bestand opnieuw aan wie het maakte, met dezelfde versie van bds.",
              "Ask who made the file for it again, by the same version of bds."),
        )  # fmt: skip
    return cast("AdoptionFile", found)


def _row(u: Use) -> tuple[Any, ...]:
    return (u.request, u.change, u.key, u.name, u.organisation, u.state, u.rows, u.dossiers, u.first, u.last)


def _lines(uses: list[Use]) -> Iterator[str]:
    """Per request what is seen; what nobody has is one line at the end."""
    from bds_tool.export.adoption import GONE

    quiet_requests = 0
    for (request, title), group in groupby(uses, key=lambda u: (u.request, u.title)):
        seen = [u for u in group if u.dossiers != 0]
        if not seen:
            quiet_requests += 1
            continue
        yield f"{request}  {title[:100]}"
        for u in seen:
            n = t("minder dan de grens", "fewer than the bound") if u.dossiers is None else plural(u.dossiers, "dossier", "dossiers")  # fmt: skip
            when = u.last if u.change == GONE else u.first
            word = t("tot", "until") if u.change == GONE else t("sinds", "since")
            days = f", {word} {when}" if when else ""
            # A code is told by its list: `W0704 01`; the other formats have the whole key.
            key = " ".join(u.key.split("/")[:: max(1, u.key.count("/"))])
            yield f"  {u.state:<11} {key:<10} {u.name[:40]} · {u.organisation}: {n}{days}"
    if quiet_requests:
        yield t(f"Van {plural(quiet_requests, 'verzoek is', 'verzoeken is')} in deze gegevens niets te zien.",
                f"Of {plural(quiet_requests, 'request', 'requests')} nothing is seen in these data.")  # fmt: skip


def _tell(name: str, uses: list[Use]) -> None:
    from bds_tool.export.adoption import GOES_ON, GONE, NEW, USED

    def of(change: str) -> tuple[int, int]:
        keys = {u.key for u in uses if u.change == change}
        seen = {u.key for u in uses if u.change == change and u.state in {USED, GOES_ON}}
        return len(seen), len(keys)

    (used, new), (going, gone) = of(NEW), of(GONE)
    talk(
        t(
            f"Pakket {name}: {number(used)} van {number(new)} nieuwe elementen en codes in gebruik; {number(going)} van {number(gone)} vervallen nog gevuld.",
            f"Package {name}: {number(used)} of {number(new)} new elements and codes in use; {number(going)} of {number(gone)} expired still filled.",
        )
    )
