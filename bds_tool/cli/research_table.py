"""`bds research-table`: loose rows per child and moment, or linked ones per child, without a key."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bds_tool.base.names import child
from bds_tool.base.text import number, t
from bds_tool.cli.opening import open_readable
from bds_tool.cli.render import table, talk

if TYPE_CHECKING:
    from bds_tool.export.extracts.research_table import ResearchFacts


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
            help="Beleid: losse-rijen (zonder meer), gekoppelde-rijen of een YAML-bestand.",
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
    """Maak een tabel met losse rijen per kind en moment, of gekoppelde per kind, zonder sleutel (lukt dat niet: exitcode 4)."""
    from bds_tool.base.checked_yaml import read_checked
    from bds_tool.base.specs import specs_dir
    from bds_tool.export.extracts.linked import table_for
    from bds_tool.export.extracts.research_table import write_research_table

    path = Path(policy)
    if path.suffix not in {".yaml", ".yml"}:
        path = child(specs_dir() / "beleid" / "onderzoekstabel", policy, ".yaml")
    with open_readable([store], quiet=quiet) as source:
        made = table_for(source, outcome, read_checked(path, "onderzoekstabel"), area=area, areas=areas, k=k)
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
    if made.attacks:
        table(
            [[a.title, a.children, a.singled, f"{number(100 * a.share, 2)} %"] for a in made.attacks],
            [
                t("aanvaller", "attacker"),
                t("kinderen", "children"),
                t("alleen", "alone"),
                t("aandeel", "share"),
            ],
        )
    left = number(100 * facts["share_left_out"], 1)
    talk(
        t(
            f"{to}: {number(facts['rows'])} rijen ({facts['step']}); {left} % viel weg ({_asked(facts)}).",
            f"{to}: {number(facts['rows'])} rows ({facts['step']}); {left} % fell out ({_asked(facts)}).",
        )
    )


def _asked(facts: ResearchFacts) -> str:
    """What every row keeps to: k, and l or how many rows stand wholly alone."""
    if "l" in facts:
        return f"k={facts['k']}, l={facts['l']}"
    alone = number(100 * facts["whole_row_alone"], 1)
    return f"k={facts['k']}, " + t(
        f"geheel alleen voor wie alles van een kind weet: {alone} %",
        f"wholly alone for who knows all of a child: {alone} %",
    )
