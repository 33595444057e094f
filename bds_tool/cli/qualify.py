"""`bds qualify`: does a dossier hold what a qualification scenario asks; and a scenario from an example."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bds_tool.base.errors import ExitCode, UsageError
from bds_tool.base.json_types import objects_in
from bds_tool.base.text import number as said
from bds_tool.base.text import plural, t
from bds_tool.cli.dossier import Bds, Day, FromFormat, Key, Number, Organisation, Quiet
from bds_tool.cli.opening import open_readable
from bds_tool.cli.project import project
from bds_tool.cli.render import TABLE_FORMATS, Output, next_step, one_of, table, talk, to_json, write
from bds_tool.cli.validate import today
from bds_tool.cli.wording import WithDefault

if TYPE_CHECKING:
    from bds_tool.export.qualifying.running import Qualified

_FORMATS = (*TABLE_FORMATS, "html")
_INSPECT = ("bds_tool.validate.message:inspect",)


class _WithCheck(WithDefault):
    """`bds qualify SCENARIO BERICHT` is `bds qualify check SCENARIO BERICHT`."""

    default = "check"


def register(main: typer.Typer) -> None:
    app = typer.Typer(
        cls=_WithCheck,
        no_args_is_help=True,
        help="Kwalificatie: bevat een dossier wat een scenario vraagt. `bds qualify SCENARIO BERICHT`.",
    )
    app.command("check", no_args_is_help=True)(check)
    app.command("list")(list_)
    app.command("new", no_args_is_help=True)(new)
    main.add_typer(app, name="qualify")


def check(
    scenario: Annotated[
        str, typer.Argument(help="Scenario: een naam uit `bds qualify list`, of een eigen bestand .yaml.")
    ],
    paths: Annotated[
        list[str],
        typer.Argument(metavar="BERICHT", help="Bericht of export met het dossier, in welk formaat ook."),
    ],
    format_: Annotated[
        str, typer.Option("--format", "-f", help="text, json, ndjson, csv, markdown, html.")
    ] = "text",
    output: Output = None,
    all_: Annotated[bool, typer.Option("--all", help="Noem op het scherm ook wat voldaan is.")] = False,
    show_values: Annotated[
        bool, typer.Option("--show-values", help="Toon ook wat in het dossier staat waar dat verschilt.")
    ] = False,
    key: Key = "",
    number: Number = None,
    organisation: Organisation = "",
    reference_date: Day = "",
    bds: Bds = "",
    from_format: FromFormat = None,
    quiet: Quiet = False,
) -> None:
    """Toets een dossier aan een scenario: per onderdeel voldaan, ontbreekt of verschilt.

    Exitcode 0 als alles is voldaan, de BDS-versie klopt en `bds validate` geen fouten vindt; anders 1.

    Voorbeeld: bds qualify versturen-0-13 bericht.xml --format html -o kwalificatie.html
    """
    from bds_tool.export.dossier.opening import chosen, opened
    from bds_tool.export.qualifying.running import qualify
    from bds_tool.export.qualifying.scenario import scenario as scenario_of

    one_of(format_, _FORMATS, "--format")
    wanted = scenario_of(scenario)
    day = today(reference_date, project())
    with (
        open_readable(paths, quiet=quiet, bds=bds, from_format=from_format, inspect=_INSPECT) as store,
        opened(store, chosen(store, key, number, organisation), day, bds) as dossier,
    ):
        found = qualify(wanted, dossier)
    _show(found, format_, output, all_=all_, values=show_values)
    if not quiet:
        _tell(found)
    raise typer.Exit(ExitCode.OK if found.passed else ExitCode.FINDINGS)


def list_(
    format_: Annotated[
        str, typer.Option("--format", "-f", help="text, json, ndjson, csv, markdown.")
    ] = "text",
    output: Output = None,
) -> None:
    """De scenario's die er zijn, met hun bron en hoeveel zij vragen.

    Voorbeeld: bds qualify list
    """
    from bds_tool.export.qualifying.scenario import scenarios

    names = ("scenario", t("titel", "title"), "BDS", t("momenten", "moments"), t("onderdelen", "items"), t("zekerheid", "certainty"), t("bron", "source"))  # fmt: skip
    one_of(format_, TABLE_FORMATS, "--format")
    rows = [
        (s.id, s.name, s.version, len(s.moments), len(s.items), s.certainty, s.source) for s in scenarios()
    ]
    # On a screen the long text has no place; `--format json` has it.
    shown = [r[:-1] for r in rows] if format_ == "text" else rows
    table(shown, names[: len(shown[0])] if shown else names, format_, output)


def new(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="BERICHT", help="Voorbeeld: een bericht of export met één dossier, of een sjabloon."
        ),
    ],
    output: Output = None,
    name: Annotated[
        str, typer.Option("--name", help="Naam van het scenario: kleine letters, cijfers, punt, streepje.")
    ] = "eigen",
    title: Annotated[str, typer.Option("--title", help="Titel van het scenario.")] = "",
    source: Annotated[str, typer.Option("--source", help="Waar het voorbeeld vandaan komt.")] = "",
    direction: Annotated[str, typer.Option("--direction", help="versturen, ontvangen of eigen.")] = "eigen",
    until: Annotated[
        int | None,
        typer.Option(
            "--until-age", min=0, help="Alleen wat tot en met deze verjaardag is vastgelegd (jaren)."
        ),
    ] = None,
    exact: Annotated[bool, typer.Option("--exact", help="Ook getallen moeten gelijk zijn.")] = False,
    key: Key = "",
    number: Number = None,
    organisation: Organisation = "",
    bds: Bds = "",
    from_format: FromFormat = None,
    quiet: Quiet = False,
) -> None:
    """Maak een scenario van een voorbeeld: elementen, momenten, codes en aantallen; geen namen, teksten of datums.

    Het bestand is daarna met de hand aan te passen: een regel minder is een onderdeel minder.

    Voorbeeld: bds qualify new voorbeeld.xml -o scenario.yaml
    """
    from dataclasses import replace

    import polars as pl

    from bds_tool.export.comparing.meaning import with_meaning
    from bds_tool.export.comparing.running import version_of
    from bds_tool.export.dossier.opening import chosen
    from bds_tool.export.qualifying.deriving import derive
    from bds_tool.export.qualifying.scenario import Period, check_id, dumped
    from bds_tool.schema import newest

    one_of(direction, ("versturen", "ontvangen", "eigen"), "--direction")
    check_id(name)
    with open_readable(paths, quiet=quiet, bds=bds, from_format=from_format) as store:
        which = chosen(store, key, number, organisation)
        version = version_of(store, bds) or newest()
        rows = store.registraties().filter(pl.col("bron").is_in(which["bronnen"])).collect()
        made, left = derive(
            with_meaning(rows.filter(rows["dossier_id"] == which["dossier_id"]), version),
            version,
            exact=exact,
        )
    if until is not None:
        made = made.until(Period(12 * until, 0))
    if not made.items:
        raise UsageError(
            t("Hier staat niets in dat te vragen is.", "There is nothing in here that can be asked.")
        )
    made = replace(made, id=name, direction=direction, source=source or t("eigen voorbeeld", "own example"))
    if title:
        made = replace(made, title={"nl": title, "en": title})
    write(dumped(made), output)
    if not quiet:
        talk(t(f"{plural(len(made.items), 'onderdeel', 'onderdelen')} in {plural(len(made.moments), 'moment', 'momenten')}, BDS {version}.",
               f"{plural(len(made.items), 'item', 'items')} in {plural(len(made.moments), 'moment', 'moments')}, BDS {version}."))  # fmt: skip
        if left:
            talk(t(f"Niet te vragen, want geen element van BDS {version}: {said(left)}.",
                   f"Cannot be asked, for no element of BDS {version}: {said(left)}."))  # fmt: skip
        if output is not None:
            next_step("bds", "qualify", output, *paths)


def _show(found: Qualified, format_: str, output: Path | None, *, all_: bool, values: bool) -> None:
    from bds_tool.export.qualifying.running import facts

    if format_ == "json":
        write(to_json(facts(found, values=values)), output)
    elif format_ == "html":
        from bds_tool.export.qualifying.page import page

        write(page(found, values=values), output)
    elif format_ == "text":
        write("\n".join(_lines(found, all_=all_, values=values)), output)
    else:
        items = objects_in(facts(found, values=values), "items")
        table([tuple(i.values()) for i in items], list(items[0]), format_, output)


def _lines(found: Qualified, *, all_: bool, values: bool) -> Iterator[str]:
    from bds_tool.export.qualifying.judging import MET
    from bds_tool.export.qualifying.telling import expected, summary, where, word
    from bds_tool.validate.tables import element_name

    judged, scenario = found.judged, found.scenario
    yield f"{scenario.name} (BDS {scenario.version})"
    yield t(f"Bron: {scenario.source}", f"Source: {scenario.source}")
    last = None
    for v in judged.verdicts:
        if v.status == MET and not all_:
            continue
        moment = where(scenario, v.item)
        if moment != last:
            yield ""
            yield moment + (
                "" if v.contact else t(": dit contact is niet gevonden", ": this contact was not found")
            )
            last = moment
        more = f"; {t('gevonden', 'found')}: {v.found}" if values and v.status != MET and v.found else ""
        place = t(f", regel {v.line}", f", line {v.line}") if v.line else ""
        yield (
            f"  {word(v.status):<10} {v.item.element} {element_name(v.item.element)}: "
            f"{expected(scenario, v.item)}{place}{more}"
        )
    yield ""
    yield summary(found)


def _tell(found: Qualified) -> None:
    if found.other_version:
        talk(t(f"Het scenario is voor BDS {found.scenario.version}; dit dossier is {found.version}.",
               f"The scenario is for BDS {found.scenario.version}; this dossier is {found.version}."))  # fmt: skip
    if found.errors:
        codes = ", ".join(found.codes)
        talk(t(f"`bds validate` vindt {plural(found.errors, 'fout', 'fouten')} in dit dossier: {codes}.",
               f"`bds validate` finds {plural(found.errors, 'error', 'errors')} in this dossier: {codes}."))  # fmt: skip
    if found.passed:
        talk(t("Alles wat het scenario vraagt staat in dit dossier. De kwalificatie zelf is aan Nictiz.",
               "All that the scenario asks is in this dossier. Qualifying itself is up to Nictiz."))  # fmt: skip
    else:
        talk(t("Niet voldaan.", "Not met."))
