"""`bds research-table`: loose rows per child and moment, without a key, each shared by at least k children."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bds_tool.base.names import child
from bds_tool.base.text import number, t
from bds_tool.cli.opening import open_readable
from bds_tool.cli.render import table, talk


def register(main: typer.Typer) -> None:
    main.command("research-table")(research_table)


def research_table(
    store: Annotated[Path, typer.Argument(metavar="STORE", help="Gegevensmap (NAAM.bds) of export.")],
    to: Annotated[Path, typer.Option("--output", "-o", "--to", help="Map voor de tabel.")],
    outcome: Annotated[list[int], typer.Option("--outcome", help="Element dat een kolom wordt; mag vaker.")],
    policy: Annotated[
        str,
        typer.Option(
            "--policy",
            help="Beleid uit specs/beleid/onderzoekstabel, of een YAML-bestand; anders losse-rijen.",
        ),
    ] = "losse-rijen",
    area: Annotated[
        str, typer.Option("--area", help="Gebied dat meegaat: none, gemeente of wijk (met --areas).")
    ] = "none",
    areas: Annotated[
        Path | None, typer.Option("--areas", help="Tabel met kolommen postcode en wijk.")
    ] = None,
    k: Annotated[
        int | None, typer.Option("--k", min=2, help="Kleinste groep met dezelfde kenmerken.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Vervang een bestaande uitvoer.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Zeg niets als het lukt.")] = False,
) -> None:
    """Maak een tabel met losse rijen per kind en moment, zonder sleutel (lukt dat niet: exitcode 4)."""
    from bds_tool.base.checked_yaml import read_checked
    from bds_tool.base.specs import specs_dir
    from bds_tool.export.extracts.research_table import research_table as make
    from bds_tool.export.extracts.research_table import write_research_table

    path = Path(policy)
    if path.suffix not in {".yaml", ".yml"}:
        path = child(specs_dir() / "beleid" / "onderzoekstabel", policy, ".yaml")
    with open_readable([store], quiet=quiet) as source:
        made = make(source, outcome, read_checked(path, "onderzoekstabel"), area=area, areas=areas, k=k)
    write_research_table(made, to, replace=force)
    if quiet:
        return
    facts = made.facts
    table(
        [[r["outcome"], r["moment"], r["share_points"], r.get("mean_shift")] for r in facts["loss"]],
        [
            t("uitkomst", "outcome"),
            t("moment", "moment"),
            t("aandeel verschuift (procentpunt)", "share shifts (points)"),
            t("gemiddelde verschuift", "mean shifts"),
        ],
    )
    left = number(100 * facts["share_left_out"], 1)
    talk(
        t(
            f"{to}: {number(facts['rows'])} rijen ({facts['step']}); {left} % viel weg (k={facts['k']}, l={facts['l']}).",
            f"{to}: {number(facts['rows'])} rows ({facts['step']}); {left} % fell out (k={facts['k']}, l={facts['l']}).",
        )
    )
