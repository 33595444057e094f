"""Keys of a study: a name for each child, a pseudonym of the BSN, and households; all keyed HMAC-SHA-256.

A key of the child and one of the BSN are made with the same secret and never the same text, so that neither tells the
other. Without a secret a child gets a number that says nothing and is another one each time.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bds_tool.base.identifiers import is_bsn
from bds_tool.base.text import t
from bds_tool.store import database

if TYPE_CHECKING:
    import duckdb
    import polars as pl

#: Elements with the BSN of the child and of a parent.
CHILD, PARENT = 7, 655
#: A number that more children than this have as their parent's stands for unknown.
MOST = 20


def pseudonym(secret: bytes, what: str, *parts: str) -> str:
    """24 hexadecimal characters: enough to tell the children of the country apart."""
    return hmac.digest(secret, "\x1f".join((what, *parts)).encode(), hashlib.sha256).hex()[:24]


def who(connection: duckdb.DuckDBPyConnection, file: Sequence[Path]) -> pl.DataFrame:
    """One row per child: kind (the hash of the views), organisatie and dossier (of its first dossier)."""
    import polars as pl

    return pl.DataFrame(
        connection.sql(
            database.fill(
                """
        select kind, min(organisatie || chr(31) || dossier_id) as sleutel from (
            select SLEUTEL(coalesce(z.eigen, r.dossier_id), coalesce(b.organisatie, '')) as kind,
                coalesce(b.organisatie, '') as organisatie, r.dossier_id
            from {source} r join bronnen b on b.bron = r.bron
            left join zelfde z on z.dossier_id = r.dossier_id and z.bron = r.bron
            where r.dossier_id is not null group by all
        ) group by kind""",
                source=database.parquet(file),
            )
        ).to_arrow_table()
    )


def names(keys: pl.DataFrame, secret: bytes | None) -> pl.DataFrame:
    """Kind → naam: its pseudonym, or without a secret a number in an order that nobody can follow."""
    import polars as pl

    if secret is not None:
        made = [pseudonym(secret, "kind", s) for s in keys["sleutel"]]
        return keys.select("kind").with_columns(naam=pl.Series(made, dtype=pl.String))
    order = list(range(1, keys.height + 1))
    secrets.SystemRandom().shuffle(order)
    return keys.select("kind").with_columns(naam=pl.Series([f"{n:07d}" for n in order], dtype=pl.String))


def numbers(connection: duckdb.DuckDBPyConnection, file: Sequence[Path], element: int) -> pl.DataFrame:
    """(kind, bsn) of an element with a BSN; only numbers that pass the 11-test and are no row of one digit."""
    import polars as pl

    found = pl.DataFrame(
        connection.sql(
            database.fill(
                """
        select distinct SLEUTEL(coalesce(z.eigen, r.dossier_id), coalesce(b.organisatie, '')) as kind, trim(r.waarde) as bsn
        from {source} r join bronnen b on b.bron = r.bron
        left join zelfde z on z.dossier_id = r.dossier_id and z.bron = r.bron
        where r.bdsnummer = {element} and r.waarde is not null""",
                source=database.parquet(file),
                element=element,
            )
        ).to_arrow_table()
    ).cast({"bsn": pl.String})
    real = [is_bsn(b) and len(set(b)) > 1 for b in found["bsn"]]
    return found.filter(pl.Series(real, dtype=pl.Boolean))


def links(connection: duckdb.DuckDBPyConnection, file: Sequence[Path], secret: bytes) -> pl.DataFrame:
    """Kind → koppelsleutel, for children with one BSN that is one."""
    import polars as pl

    own = numbers(connection, file, CHILD)
    own = own.filter(pl.len().over("kind") == 1)
    made = [pseudonym(secret, "bsn", b) for b in own["bsn"]]
    return own.select("kind").with_columns(koppelsleutel=pl.Series(made, dtype=pl.String))


def households(connection: duckdb.DuckDBPyConnection, file: Sequence[Path], secret: bytes) -> pl.DataFrame:
    """Kind → huishouden, for children of whom a parent's BSN is recorded: who share one, straight or in a chain, share a key.

    The key is made from the smallest number of the group, so that it is the same each time.
    """
    import polars as pl

    pairs = numbers(connection, file, PARENT)
    pairs = pairs.filter(pl.len().over("bsn") <= MOST)
    group = _joined((str(k), b) for k, b in pairs.iter_rows())
    made = [pseudonym(secret, "huishouden", group[b]) for b in pairs["bsn"]]
    return pairs.select("kind").with_columns(huishouden=pl.Series(made, dtype=pl.String)).unique()


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Parent → the smallest parent of all that hang together through children."""
    above: dict[str, str] = {}

    def top(x: str) -> str:
        while above.setdefault(x, x) != x:
            above[x] = above[above[x]]
            x = above[x]
        return x

    first: dict[str, str] = {}
    for child, parent in pairs:
        one, other = top(first.setdefault(child, parent)), top(parent)
        above[max(one, other)] = min(one, other)
    return {x: top(x) for x in list(above)}


def risks() -> list[str]:
    """What a key of the household brings with it."""
    return [
        t("Een huishoudsleutel zegt wie broer of zus van wie is: met één herkend kind zijn de anderen herkend.",
          "A key of the household says who is a sibling of whom: who recognises one child recognises the others."),
        t("Kinderen van gescheiden ouders en samengestelde gezinnen hangen via hun ouders aan elkaar: de sleutel is een "
          "verwantschap via ouders, geen adres.",
          "Children of separated parents and patchwork families hang together through their parents: the key is kinship "
          "through parents, not an address."),
        t("Zonder BSN van een ouder is er geen sleutel; gezinnen die dat niet opgaven vallen niet willekeurig weg.",
          "Without a parent's BSN there is no key; families that did not give it are not missing at random."),
    ]  # fmt: skip
