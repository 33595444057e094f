"""`bds compare`: two dossiers or deliveries beside each other, in any two formats."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bds_tool.base.errors import ExitCode, UsageError
from bds_tool.base.json_types import JsonObject
from bds_tool.base.text import number as said
from bds_tool.base.text import t
from bds_tool.cli.opening import open_readable
from bds_tool.cli.render import Output, one_of, table, talk, to_json, write

if TYPE_CHECKING:
    from bds_tool.export.comparing.running import Compared

_FORMATS = ("text", "json", "csv", "ndjson", "markdown", "html")


def register(main: typer.Typer) -> None:
    main.command("compare", no_args_is_help=True)(compare)


def compare(
    left: Annotated[str, typer.Argument(help="Het ene bestand, map, archief of .bds-map.")],
    right: Annotated[str, typer.Argument(help="Het andere.")],
    format_: Annotated[
        str, typer.Option("--format", "-f", help="text, json, ndjson, csv, markdown, html.")
    ] = "text",
    output: Output = None,
    ids: Annotated[
        str,
        typer.Option("--ids", help="Contacten op hun id (keep) of op hun dag (ignore); auto kiest wat past."),
    ] = "auto",
    each: Annotated[
        bool, typer.Option("--each", help="Elk verschil apart, met de plaats links en rechts.")
    ] = False,
    all_: Annotated[bool, typer.Option("--all", help="Ook elementen die geheel gelijk zijn.")] = False,
    bds_left: Annotated[str, typer.Option("--bds-left", help="BDS-versie links; anders herkend.")] = "",
    bds_right: Annotated[str, typer.Option("--bds-right", help="BDS-versie rechts; anders herkend.")] = "",
    show_values: Annotated[
        bool, typer.Option("--show-values", help="Toon waarden en sleutels van dossiers (met --each).")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Alleen het oordeel.")] = False,
) -> None:
    """Vergelijk twee dossiers of leveringen: wat is gelijk, wat verschilt, wat staat maar aan één kant.

    Formaat en codering maken niet uit; een andere BDS-versie links wordt eerst omgezet naar die van rechts. Exitcode 1 als er
    verschil is.

    Voorbeeld: bds compare origineel.xml teruggelezen.json
    """
    from bds_tool.export.comparing.running import run

    one_of(format_, _FORMATS, "--format")
    one_of(ids, ("auto", "keep", "ignore"), "--ids")
    for given in (bds_left, bds_right):
        _known(given)
    by_id = None if ids == "auto" else ids == "keep"
    with open_readable([left], bds=bds_left) as a, open_readable([right], bds=bds_right) as b:
        found = run(a, b, bds=(bds_left, bds_right), ids=by_id)
    _show(found, format_, output, each=each, all_=all_, values=show_values)
    if not quiet:
        _tell(found)
    raise typer.Exit(ExitCode.OK if found.equal else ExitCode.FINDINGS)


def _known(version: str) -> None:
    from bds_tool.schema import versions

    if version and version not in versions():
        raise UsageError(
            t(f"BDS-versie {version} is hier niet bekend.", f"BDS version {version} is not known here."),
            t(f"Kies uit: {', '.join(versions())}.", f"Choose one of: {', '.join(versions())}."),
        )


def _show(
    found: Compared, format_: str, output: Path | None, *, each: bool, all_: bool, values: bool
) -> None:
    elements = found.by_element(all_=all_)
    otherwise = {name: sum(n.values()) for name, n in found.same_otherwise().items()}
    if format_ == "html":
        from bds_tool.export.comparing.page import page

        write(page(found, elements, _each(found, values=values) if each else [], values=values), output)
        return
    if format_ == "json":
        facts: JsonObject = {
            "schema_version": 1,
            "versions": {"left": found.versions[0], "right": found.versions[1]},
            "equal": found.equal,
            "summary": found.counts() | {"verklaard door versie": found.by_version} | otherwise,
            "elements": elements,
        }
        if each:
            facts["differences"] = _each(found, values=values)
        write(to_json(facts), output)
    elif each:
        rows = _each(found, values=values)
        names = list(rows[0]) if rows else ["element"]
        table([tuple(r.values()) for r in rows], names, format_, output)
    else:
        heads = ("element", t("naam", "name"), t("gelijk", "same"), t("verschilt", "differs"),
                 t("alleen links", "left only"), t("alleen rechts", "right only"),
                 t("bewaard buiten de BDS", "kept outside the BDS"), t("niet over te zetten", "cannot be moved"),
                 t("in een andere eenheid", "in another unit"), t("anders geschreven", "written otherwise"))  # fmt: skip
        body = [("-" if e["element"] is None else e["element"], *list(e.values())[1:]) for e in elements]
        if body or output or format_ != "text":
            table(body, heads, format_, output)


def _each(found: Compared, *, values: bool) -> list[JsonObject]:
    """The differences one by one: where they are left and right, and what they say only when that was asked for."""
    import polars as pl

    from bds_tool.export.comparing.pairing import SAME
    from bds_tool.export.comparing.running import VERSION

    rows = found.rows.filter(~pl.col("class").is_in([SAME, VERSION]))
    columns = ["element", "class", "datum", "datum_right", "regel", "regel_right"]
    if values:
        columns = ["dossier", *columns, "waarde", "waarde_right", "nullflavor", "nullflavor_right"]
    return rows.select(columns).to_dicts()


def _tell(found: Compared) -> None:
    from bds_tool.export.comparing.running import UNIT

    counts = found.counts()
    talk(
        t(
            f"{said(counts['gelijk'])} gelijk, {said(counts['verschilt'])} verschillend, "
            f"{said(counts['alleen links'])} alleen links, {said(counts['alleen rechts'])} alleen rechts.",
            f"{said(counts['gelijk'])} the same, {said(counts['verschilt'])} different, "
            f"{said(counts['alleen links'])} left only, {said(counts['alleen rechts'])} right only.",
        )
    )
    otherwise = found.same_otherwise()
    if unlike := sum(sum(n.values()) for n in otherwise.values()):
        units = sum(otherwise[UNIT].values())
        talk(t(f"Van wat gelijk is, staat {said(unlike)} er anders: {said(units)} in een andere eenheid, de rest in andere codes of tekens.",
               f"Of what is the same, {said(unlike)} stands there otherwise: {said(units)} in another unit, the rest in other codes or signs."))  # fmt: skip
    own, other = found.versions
    lost = sum(found.lost.values())
    if own != other:
        talk(
            t(
                f"Links is omgezet van BDS {own} naar {other}. Dat maakt {_many(found.by_version)} gelijk; voor "
                f"{said(lost)} {'waarde' if lost == 1 else 'waarden'} heeft {other} geen plaats.",
                f"Left was moved from BDS {own} to {other}. That makes {_many(found.by_version)} equal; for "
                f"{said(lost)} {'value' if lost == 1 else 'values'} {other} has no place.",
            )
        )


def _many(n: int) -> str:
    return t(f"{said(n)} {'registratie' if n == 1 else 'registraties'}",
             f"{said(n)} {'registration' if n == 1 else 'registrations'}")  # fmt: skip
