"""`bds profile`: a first look at an unknown export."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bds_tool.base.errors import ExitCode
from bds_tool.base.text import number, plural, t
from bds_tool.cli.project import project
from bds_tool.cli.render import TABLE_FORMATS, Output, one_of, table, talk, to_json, write

if TYPE_CHECKING:
    from bds_tool.validate.profile import ElementProfile, Profile

#: From none through little to all of the dossiers; and where a code page lacks these signs.
MARKS, PLAIN_MARKS = "·▁▂▃▄▅▆▇█", ".12345678"
#: So many years stand on a line.
YEARS = 12
#: So many values are told of one element: on a screen, in a file for a program.
VALUES_OF_PEOPLE, VALUES_OF_MACHINES = 6, 12


def register(app: typer.Typer) -> None:
    app.command("profile", no_args_is_help=True)(profile)


def profile(
    paths: Annotated[list[str], typer.Argument(help="Bestanden, mappen, een .bds-map, of - voor stdin.")],
    format_: Annotated[
        str, typer.Option("--format", "-f", help="text, json, ndjson, csv, markdown.")
    ] = "text",
    output: Output = None,
    small: Annotated[
        int, typer.Option(help="Toon alleen waarden die in ten minste zoveel dossiers voorkomen.", min=3)
    ] = 10,
    share: Annotated[
        Path | None,
        typer.Option(
            "--share",
            help="Profiel dat de deur uit mag, voor bds generate --like: alleen cellen van --small dossiers of meer.",
        ),
    ] = None,
    from_format: Annotated[
        str | None, typer.Option("--from", help="Formaat van de invoer; anders herkend.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="Instellingen; anders de dichtstbijzijnde bds.toml.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Niets op stderr.")] = False,
) -> None:
    """Wat zit er in deze export: welke elementen, hoe vaak gevuld, in welke jaren, met welke codes. Een waarde die in weinig dossiers staat, blijft verborgen; aantallen niet.

    Voorbeeld: bds profile export.csv
    """
    from bds_tool.formats import read, unreadable
    from bds_tool.validate.profile import profile as look

    one_of(format_, TABLE_FORMATS, "--format")
    with read(paths, from_format=from_format, tables=project(config).tables) as store:
        found = look(store, small=small)
        if share is not None:
            from bds_tool.synthetic.likeness import likeness

            write(to_json(likeness(store, small)), share)
        broken = unreadable(store)
    if format_ == "json":
        write(to_json(found), output)
    elif format_ == "text":
        write("\n".join(_page(found, encoding="utf-8" if output else sys.stdout.encoding)), output)
    else:
        years = [y["year"] for y in found["years"]]
        table([_row(e, years) for e in found["elements"]], _columns(years), format_, output)
    if not quiet:
        talk(
            t(
                f"{plural(found['rows'], 'registratie', 'registraties')}, {plural(found['dossiers'], 'dossier', 'dossiers')}, {plural(found['activities'], 'activiteit', 'activiteiten')}, "
                f"{plural(len(found['elements']), 'element', 'elementen')}; {plural(found['without_element'], 'rij', 'rijen')} zonder elementnummer.",
                f"{plural(found['rows'], 'registration', 'registrations')}, {plural(found['dossiers'], 'dossier', 'dossiers')}, {plural(found['activities'], 'activity', 'activities')}, "
                f"{plural(len(found['elements']), 'element', 'elements')}; {plural(found['without_element'], 'row', 'rows')} without element number.",
            )
        )
        if found["dossiers"] < small and any(e["values"] for e in found["elements"]):
            talk(
                t(
                    f"Met {plural(found['dossiers'], 'dossier', 'dossiers')} haalt geen waarde de grens van {small}: --small 3 toont wat in drie dossiers of meer staat.",
                    f"With {plural(found['dossiers'], 'dossier', 'dossiers')} no value reaches the bound of {small}: --small 3 shows what stands in three dossiers or more.",
                )
            )
        for name in broken:
            talk(t(f"niet gelezen: {name}", f"not read: {name}"))
    raise typer.Exit(ExitCode.UNREADABLE if broken else ExitCode.OK)


def _columns(years: Sequence[int]) -> tuple[str, ...]:
    return (
        t("element", "element"),
        t("rubriek", "rubriek"),
        t("naam", "name"),
        t("soort", "kind"),
        t("gevuld", "filled"),
        t("dossiers", "dossiers"),
        t("aandeel", "share"),
        t("verschillend", "distinct"),
        t("eenheid", "unit"),
        t("lijkt", "looks_like"),
        t("eerste_jaar", "first_year"),
        t("laatste_jaar", "last_year"),
        "p1",
        t("mediaan", "median"),
        "p99",
        t("waarden", "values"),
        *(t(f"aandeel_{y}", f"share_{y}") for y in years),
    )


def _row(e: ElementProfile, years: Sequence[int]) -> tuple[Any, ...]:
    """What another program reads: numbers as numbers, shares between 0 and 1."""
    shares = {y["year"]: y["share"] for y in e["by_year"]}
    return (
        e["element"],
        e["rubriek"],
        e["element_name"],
        e["kind"],
        e["filled"],
        e["in_dossiers"],
        e["share"],
        e["distinct"],
        ", ".join(e["units"]) or e["expected_unit"],
        e.get("looks_like"),
        e["from_year"],
        e["until_year"],
        e.get("p1"),
        e.get("median"),
        e.get("p99"),
        _values(e, VALUES_OF_MACHINES, cut=False),
        *(shares.get(y) for y in years),
    )


def _page(found: Profile, encoding: str) -> Iterator[str]:
    """What a person reads: the elements by rubriek, a line each that fits on a screen."""
    years = [y["year"] for y in found["years"]][-YEARS:]
    marks = MARKS if _can(encoding, MARKS) else PLAIN_MARKS
    over = f"{years[0]}–{years[-1]}" if len(years) > 1 else "".join(map(str, years))
    # The last column is what is left of a screen; a file gets it whole.
    room = max(20, shutil.get_terminal_size().columns - 52 - len(years)) if sys.stdout.isatty() else None
    rubriek: str | None = ""
    for e in sorted(found["elements"], key=lambda e: (e["rubriek"] or "~", e["element"])):
        if e["rubriek"] != rubriek:
            yield from [""] if rubriek else []
            rubriek = e["rubriek"]
            head = rubriek or t("Geen rubriek van de BDS", "No rubriek of the BDS")
            yield f"{head[:40]:<40}  {t('dossiers', 'dossiers'):>8}  {over}".rstrip()
        shares = {y["year"]: y["share"] for y in e["by_year"]}
        line = "".join(_mark(shares.get(y), marks) for y in years) if shares else " " * len(years)
        told = _values(e, VALUES_OF_PEOPLE)
        if room and len(told) > room:
            told = told[: room - 1] + "…"
        name = (e["element_name"] or "?")[:32]
        yield f"{e['element']:>6}  {name:<32}  {number(100 * e['share'], 1):>6} %  {line}  {told}".rstrip()


def _can(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except (LookupError, UnicodeEncodeError):
        return False
    return True


def _mark(share: float | None, marks: str) -> str:
    """One sign for the share of dossiers of a year; the first one for none."""
    if not share:
        return marks[0]
    return marks[1 + min(len(marks) - 2, int(share * (len(marks) - 1)))]


def _values(e: ElementProfile, most: int, *, cut: bool = True) -> str:
    """Percentiles of measurements, codes with their names, else how many different values there are."""
    unit = ", ".join(e["units"]) or e["expected_unit"] or ""
    guess = e.get("looks_like")
    other = guess and unit and guess not in e["units"] and guess != e["expected_unit"]
    looks = t(f" (lijkt {guess})", f" (looks like {guess})") if other else ""
    p1, p99 = e.get("p1"), e.get("p99")
    if p1 is not None and p99 is not None:
        decimals = 1 if max(abs(p1), abs(p99)) < 100 else 0
        low, mid, high = (number(v, decimals) for v in (p1, e["median"] or 0, p99))
        return f"{low} – {mid} – {high} {unit}".rstrip() + looks
    shown = [
        f"{v['value']}{_named(v['name'], cut=cut)}: {number(v['n'] or 0)}"
        for v in e["values"][:most]
        if v["value"] is not None
    ]
    rest = [v for i, v in enumerate(e["values"]) if i >= most or v["value"] is None]
    if rest:
        kinds = sum(v.get("distinct", 1) for v in rest)
        few = any(v["n"] is None for v in rest)
        n = t("weinig", "few") if few else number(sum(v["n"] or 0 for v in rest))
        word = (
            plural(kinds, t("waarde", "value"), t("waarden", "values"))
            if not shown
            else plural(kinds, t("andere", "other"), t("andere", "others"))
        )
        shown.append(f"{word}: {n}")
    if not shown and e["distinct"]:
        shown.append(
            plural(e["distinct"], t("waarde", "value"), t("verschillende waarden", "different values"))
        )
    return ", ".join(shown) + looks


def _named(name: str | None, *, cut: bool) -> str:
    if not name:
        return ""
    return f" {name[:23].rstrip()}…" if cut and len(name) > 24 else f" {name}"
