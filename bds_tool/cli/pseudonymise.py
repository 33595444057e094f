"""`bds pseudonymise`: the elements that were asked for, of each child, under a keyed name; personal data all the same."""

from __future__ import annotations

from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from bds_tool.base.errors import UsageError
from bds_tool.base.text import number, t
from bds_tool.cli.opening import open_readable
from bds_tool.cli.project import project
from bds_tool.cli.render import table, talk


def register(main: typer.Typer) -> None:
    main.command()(pseudonymise)
    # The old name promised what linked records of children cannot be.
    main.command("anonymise", hidden=True)(_anonymise)


def pseudonymise(
    store: Annotated[Path, typer.Argument(metavar="STORE", help="Gegevensmap (NAAM.bds) of export.")],
    to: Annotated[Path, typer.Option("--output", "-o", "--to", help="Map voor het extract.")],
    key_file: Annotated[
        Path | None,
        typer.Option("--key-file", help="Bestand met de geheime sleutel; anders BDS_KEY."),
    ] = None,
    policy: Annotated[
        str,
        typer.Option(
            "--policy", help="Beleid uit specs/beleid/extract, of een YAML-bestand; anders onderzoek."
        ),
    ] = "",
    area: Annotated[
        str, typer.Option("--area", help="Gebied dat meegaat: none, gemeente of wijk (met --areas).")
    ] = "gemeente",
    areas: Annotated[
        Path | None, typer.Option("--areas", help="Tabel met kolommen postcode en wijk.")
    ] = None,
    birth: Annotated[str, typer.Option("--birth", help="Geboorte als month, year, 2year of 4year.")] = "year",
    without: Annotated[
        list[str] | None, typer.Option("--without", help="Kenmerk dat niet meegaat; mag vaker.")
    ] = None,
    k: Annotated[
        int | None, typer.Option("--k", min=2, help="Kleinste groep met dezelfde kenmerken.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Vervang een bestaande uitvoer.")] = False,
    elements: Annotated[
        str, typer.Option("--elements", help="Elementen die nodig zijn: 235,245 of all (dataminimalisatie).")
    ] = "",
    public: Annotated[
        bool, typer.Option("--open", help="Alleen als geen kind eruit te halen is; anders exitcode 4.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Zeg niets als het lukt.")] = False,
) -> None:
    """Maak pseudonieme gegevens voor onderzoek: alleen wat is gevraagd, en nog steeds persoonsgegevens (AVG)."""
    from bds_tool.base.keys import needed_key
    from bds_tool.export.extracts.pseudonymise import load_extract_policy
    from bds_tool.export.extracts.pseudonymise import pseudonymise as make

    asked = _asked(elements)
    settings = project().anonymise
    secret = needed_key(key_file or settings.key_file)
    rules = load_extract_policy(policy or settings.policy or "onderzoek")
    with open_readable([store], quiet=quiet) as source:
        extract = make(
            source,
            to,
            secret=secret,
            policy=rules,
            area=area,
            areas=areas,
            k=k,
            birth=birth,
            without=without or (),
            elements=asked,
            public=public,
            replace=force,
        )
    if quiet:
        return
    facts = extract.facts
    rows = [
        [r["trait"], r["values"], r["at_risk_alone"], r["at_risk"], r["at_risk_without"]]
        for r in facts["by_trait"]
    ]
    table(
        rows,
        [
            t("kenmerk", "trait"),
            t("waarden", "values"),
            t("risico alleen", "at risk alone"),
            t("risico samen", "at risk together"),
            t("risico zonder", "at risk without"),
        ],
    )
    table(
        [[t_.title, t_.children, t_.singled, f"{number(100 * t_.share, 1)} %"] for t_ in extract.attacks],
        [
            t("aanvaller", "attacker"),
            t("kinderen", "children"),
            t("alleen", "alone"),
            t("aandeel", "share"),
        ],
    )
    talk(
        t(
            f"{to}: {number(facts['children'])} kinderen, {number(facts['values'])} waarden; {number(facts['objected'])} niet om bezwaar, "
            f"{number(facts['dropped_rare'])} niet omdat hun kenmerken te zeldzaam zijn (k={facts['k']}, l={facts['l']}).",
            f"{to}: {number(facts['children'])} children, {number(facts['values'])} values; {number(facts['objected'])} left out by "
            f"objection, {number(facts['dropped_rare'])} because their traits are too rare (k={facts['k']}, l={facts['l']}).",
        )
    )
    talk(
        t(
            "Pseudoniem, en dus nog steeds persoonsgegevens (AVG). Losse rijen zonder sleutel: `bds research-table`.",
            "Pseudonymised, and so still personal data (GDPR). Loose rows without a key: `bds research-table`.",
        )
    )


def _asked(elements: str) -> list[int] | None:
    """Element numbers, or None for all that may go along. Raises UsageError when nothing was asked for."""
    words = [w.strip() for w in elements.split(",") if w.strip()]
    if words == ["all"]:
        return None
    if not words or not all(w.isascii() and w.isdecimal() and len(w) < 6 for w in words):
        raise UsageError(
            t("Welke elementen heeft u nodig?", "Which elements do you need?"),
            t(
                "Noem ze met --elements 235,245 (dataminimalisatie), of --elements all.",
                "Name them with --elements 235,245 (data minimisation), or --elements all.",
            ),
        )
    return [int(w) for w in words]


@wraps(pseudonymise)
def _anonymise(*arguments: Any, **options: Any) -> None:  # noqa: ANN401
    talk(
        t(
            "`bds anonymise` heet nu `bds pseudonymise`: gegevens van een kind bij elkaar zijn nooit anoniem.",
            "`bds anonymise` is now `bds pseudonymise`: the data of one child together are never anonymous.",
        )
    )
    options["elements"] = options.get("elements") or "all"
    pseudonymise(*arguments, **options)
