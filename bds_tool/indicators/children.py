"""Who a child is: (organisation, dossier). Two sources without an organisation may mean two children by one key."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bds_tool.base.errors import UsageError
from bds_tool.base.text import number, t
from bds_tool.store import database

if TYPE_CHECKING:
    import duckdb

#: Birth date and sex as every source writes them: the day, and one code per sex.
_FACTS = """
    select dossier_id, bdsnummer, bron,
        case waarde when 'M' then '1' when 'F' then '2' when 'UN' then '3' else left(waarde, 10) end as waarde
    from {source}
    where bdsnummer in (19, 20) and waarde is not null
        and bron in (select bron from bronnen where coalesce(organisatie, '') = '')"""


def require_apart(connection: duckdb.DuckDBPyConnection, registraties: Sequence[Path]) -> None:
    """Raises UsageError when sources without an organisation have other children under the same key."""
    [(many,)] = connection.execute(
        database.fill(
            """
        select count(distinct dossier_id) from (
            select dossier_id, bdsnummer from ({facts})
            group by dossier_id, bdsnummer having count(distinct waarde) > 1 and min(bron) <> max(bron))""",
            facts=database.fill(_FACTS, source=database.parquet(registraties)),
        )
    ).fetchall()
    if many:
        raise UsageError(
            t(
                f"{number(many)} dossiernummers staan in meer dan één bron zonder organisatie, met een andere geboortedatum of "
                "een ander geslacht: het zijn verschillende kinderen, of een kind met twee geboortedatums.",
                f"{number(many)} dossier numbers are in more than one source without an organisation, with another birth date "
                "or sex: they are different children, or one child with two birth dates.",
            ),
            t(
                "Zeg van elke levering van wie zij is: organisatie in [[tabel]] van bds.toml, of bds convert LEVERING NAAM.bds "
                "--organisation ORGANISATIE per organisatie; bereken dan elke map en tel op met bds indicator merge.",
                "Say of each delivery whose it is: organisatie in [[tabel]] of bds.toml, or bds convert DELIVERY NAME.bds "
                "--organisation ORGANISATION for each; then compute each store and add up with bds indicator merge.",
            ),
        )
