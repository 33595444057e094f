"""Values that do not count: what `bds validate` finds implausible, contradicting or misdated (twijfel.csv).

Either a file of findings tells which, or the rules that only need a few elements of the whole dossier judge the store
again. Their values are left out of all figures; the children they belong to are counted once more with them, which
gives what was left out and the other end of the range.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bds_tool.base.errors import UsageError
from bds_tool.base.text import t
from bds_tool.indicators import features
from bds_tool.indicators.growth import rows
from bds_tool.store import database

if TYPE_CHECKING:
    from datetime import date

    import duckdb
    import polars as pl
    import pyarrow as pa

    from bds_tool.store.store import Store

#: What tells one value from another; `regel` alone is a whole record in some formats. Kept findings have no `waarde`.
KEY = ("bron", "regel", "dossier_id", "activiteit_id", "bdsnummer", "waarde")
#: Elements that the rules need besides their own: birth, sex, gestation.
PERSON = frozenset({19, 20, 82})


def reasons() -> dict[str, tuple[str, str]]:
    """Code → (what does not count: waarde or activiteit, why)."""
    return {r["code"]: (r["bereik"], r["reden"]) for r in rows("twijfel.csv")}


def install(
    connection: duckdb.DuckDBPyConnection,
    store: Store,
    spill: Path,
    day: date,
    findings: Path | None,
    wanted: frozenset[int],
) -> dict[str, int]:
    """Make the table `twijfel` (KEY, code) in `connection`; returns how many values each code doubts."""
    import polars as pl

    found = _read(findings) if findings else _judge(store, spill, day, wanted)
    found = found.filter(pl.col("code").is_in(list(reasons()))).select(*KEY, "code").unique()
    connection.register("_twijfel", found.to_arrow())
    connection.execute(
        database.fill(
            """
        create or replace table twijfel as
        select *, code in ({part1}) as activiteit from _twijfel""",
            part1=_codes("activiteit"),
        )
    )
    connection.unregister("_twijfel")
    return dict(found.group_by("code").len().sort("code").iter_rows())


def _codes(what: str) -> str:
    return ", ".join(repr(code) for code, (reach, _) in reasons().items() if reach == what)


def _read(path: Path) -> pl.DataFrame:
    """What `bds validate --save` kept. Raises UsageError when it kept only some examples per rule."""
    import polars as pl

    from bds_tool.findings.result import load

    result = load(path)
    doubting = pl.col("code").is_in(list(reasons()))
    found = result.findings.filter(doubting)
    if int(result.totals.filter(doubting)["n"].sum()) > found.height:
        raise UsageError(
            t(
                f"{path.name} bevat per regel niet alle bevindingen maar voorbeelden.",
                f"{path.name} holds examples of each rule, not all findings.",
            ),
            t(
                "Beoordeel opnieuw: bds validate NAAM.bds --max-examples 0 --save NAAM.findings.",
                "Judge again: bds validate NAME.bds --max-examples 0 --save NAME.findings.",
            ),
        )
    return found.select(*KEY, "code")


def _judge(store: Store, spill: Path, day: date, wanted: Iterable[int]) -> pl.DataFrame:
    """The findings of the rules in twijfel.csv whose elements the indicators use."""
    import shutil

    import polars as pl

    from bds_tool.findings.catalogue import load_rules
    from bds_tool.store.store import Store as Opened
    from bds_tool.validate.engine import Options, validate

    wanted = set(wanted)
    rules = load_rules({}).rules.values()
    codes = {r.code: set(r.elements) for r in rules if r.code in reasons() and r.elements}
    codes = {c: own for c, own in codes.items() if own <= wanted | PERSON and reasons()[c][0] == "waarde"}
    if not codes:
        return pl.DataFrame(schema=dict.fromkeys((*KEY, "code"), pl.String))
    part = spill / "oordeel.bds"
    part.mkdir()
    elements = sorted(set().union(*codes.values()) | PERSON)
    store.copy(part, store.registraties().filter(pl.col("bdsnummer").is_in(elements)))
    result = validate(Opened.open(part), Options(today=day, max_examples=0, codes=frozenset(codes)))
    shutil.rmtree(part)
    return result.findings.select(*KEY, "code")


#: Of the rows `_misschien` (`nr`: the place in the piece) those in doubt.
DOUBTED = """
    select s.nr from _misschien s
    where exists (select 1 from twijfel w where not w.activiteit and w.bron = s.bron and w.regel = s.regel
        and w.bdsnummer = s.bdsnummer and w.dossier_id = s.dossier_id and coalesce(w.waarde = s.waarde, true)
        and w.activiteit_id is not distinct from s.activiteit_id)
    or exists (select 1 from twijfel w where w.activiteit and w.bron = s.bron
        and w.dossier_id = s.dossier_id and w.activiteit_id = s.activiteit_id)"""


def in_doubt(own: duckdb.DuckDBPyConnection, table: pa.Table) -> Any:  # noqa: ANN401  # an array of places
    """The places of the rows of a piece that do not count, ascending.

    Few rows are on a line with a finding; only those are compared whole.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    lines = own.execute(
        "select distinct regel from twijfel where not activiteit and regel is not null"
    ).fetchnumpy()["regel"]
    maybe = np.isin(table["regel"].fill_null(-1).to_numpy(), lines)
    dossiers = own.execute("select distinct dossier_id from twijfel where activiteit").fetchall()
    if dossiers:
        names = pa.array([name for (name,) in dossiers], pa.string())
        maybe |= pc.is_in(table["dossier_id"].cast(pa.string()), names).to_numpy()
    places = np.flatnonzero(maybe)
    if not len(places):
        return places
    rows = table.take(places).append_column("nr", pa.array(places))
    own.register("_misschien", rows)
    found = own.execute(DOUBTED).fetchnumpy()["nr"]
    own.unregister("_misschien")
    return np.sort(found)


def doubted(own: duckdb.DuckDBPyConnection, dossiers: pa.Array, names: Iterable[str]) -> set[int]:
    """Elements of the values in doubt of a piece with these dossiers; the table `geraakt` gets the children they belong to."""
    import pyarrow as pa

    own.register("_stuk", pa.table({"dossier_id": dossiers}))
    own.execute("""
        create or replace temp table _genoemd as
        select * from twijfel where dossier_id in (select dossier_id from _stuk)""")
    own.unregister("_stuk")
    own.execute("""
        create or replace temp table geraakt as
        select distinct SLEUTEL(w.dossier_id, coalesce(b.organisatie, '')) as kind
        from _genoemd w join bronnen b on b.bron = w.bron""")
    found = own.execute("select distinct bdsnummer from _genoemd").fetchall()
    elements = {int(number) for (number,) in found if number is not None}
    if "groei" in {view.name for view in features.needed(names)}:
        own.execute("insert into geraakt select distinct kind from groei where ongeloofwaardig")
        elements |= {235, 245}
    # All rows are fetched: a result that is not read to its end keeps the connection from its next work.
    [(many,)] = own.execute("select count(*) from geraakt").fetchall()
    return elements if many else set()


def undoubt(own: duckdb.DuckDBPyConnection) -> Any:  # noqa: ANN401  # an array of keys
    """The children of `geraakt`; from here the views judge no value themselves."""
    own.execute(
        "create or replace temp table parameters as select * replace (false as oordeel) from parameters"
    )
    return own.execute("select distinct kind from geraakt").fetchnumpy()["kind"]
