"""Reading a store dossier by dossier in bounded memory, whatever the order of its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from bds_tool.formats.registry import coding_of
from bds_tool.store.store import Store

if TYPE_CHECKING:
    import polars as pl

#: Rows held in memory at a time, per process.
CHUNK = 100_000


class Rij(NamedTuple):
    """One row of `registraties`; `datum` is ISO text."""

    dossier_id: str
    activiteit_id: str | None
    datum: str | None
    bdsnummer: int | None
    rubriek: str | None
    groep: str | None
    volgnr: int | None
    waarde: str | None
    eenheid: str | None
    codesysteem: str | None
    nullflavor: str | None
    tekst: str | None
    bron: int
    regel: int
    pad: str | None


#: The values of a Rij as a plain tuple: naming the fields of fifteen million rows costs more than using them.
Waarden = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Bron:
    """What the exporter needs of a source: a scope for ids, its coding, and how resources refer to it."""

    bron: int
    scope: str
    hl7: bool
    ref: str


def bronnen(store: Store) -> dict[int, Bron]:
    """The scope is the organisation, so that the same dossier in two exports of one organisation is one child.

    Without an organisation the file itself is the scope: dossier numbers of two files never mix.
    """
    found = {}
    for row in store.bronnen().to_dicts():
        digest = row["sha256"] or f"bron{row['bron']}"
        scope = str(row["organisatie"] or f"bestand:{digest}")
        formaat = row["formaat"] or ""
        found[row["bron"]] = Bron(
            row["bron"], scope, coding_of(formaat) == "HL7", f"urn:sha256:{digest[:16]}#regel="
        )
    return found


def counts_per_element(path: Path) -> dict[int, int]:
    """Number of registered values per element of a store."""
    import polars as pl

    frame = (
        Store.open(path)
        .registraties()
        .filter(pl.col("bdsnummer").is_not_null() & pl.col("waarde").is_not_null())
        .group_by("bdsnummer")
        .len()
        .collect()
    )
    return dict(zip(frame["bdsnummer"].to_list(), frame["len"].to_list(), strict=True))


@dataclass(frozen=True, slots=True)
class Deel:
    """A part of the store for one process: rows [start, stop), or one hash class when dossiers are scattered."""

    start: int
    stop: int
    klasse: int = -1
    klassen: int = 0


def verdeel(store: Store, sources: dict[int, Bron], parts: int) -> list[Deel]:
    """Parts that never split a dossier."""
    import polars as pl

    lf = store.registraties()
    total = int(lf.select(pl.len()).collect().item())
    if not total:
        return []
    if not _contiguous(lf, sources):
        classes = max(parts, -(-total // CHUNK))
        return [Deel(0, total, k, classes) for k in range(classes)]
    cuts = [0]
    for k in range(1, parts):
        cut = _boundary(lf, max(total * k // parts, cuts[-1]), total)
        if cuts[-1] < cut < total:
            cuts.append(cut)
    return [Deel(a, b) for a, b in zip(cuts, [*cuts[1:], total], strict=True)]


def _scopes(sources: dict[int, Bron]) -> tuple[list[int], list[int]]:
    numbers = {s: i for i, s in enumerate(sorted({b.scope for b in sources.values()}))}
    return list(sources), [numbers[b.scope] for b in sources.values()]


def _contiguous(lf: pl.LazyFrame, sources: dict[int, Bron]) -> bool:
    import polars as pl

    old, new = _scopes(sources)
    scope = pl.col("bron").replace_strict(old, new, default=-1)
    keyed = lf.select(pl.col("dossier_id").hash(1).alias("d"), scope.alias("s"))
    changed = (pl.col("d") != pl.col("d").shift(1)) | (pl.col("s") != pl.col("s").shift(1))
    runs = keyed.select(changed.sum().alias("runs"), pl.struct("d", "s").n_unique().alias("keys"))
    row = runs.collect(engine="streaming").row(0)
    return int(row[0]) + 1 == int(row[1])


def _boundary(lf: pl.LazyFrame, at: int, total: int) -> int:
    """The first row at or after `at` where another dossier begins."""
    import polars as pl

    start = at
    while start < total:
        part = lf.select("dossier_id", "bron").slice(start, CHUNK).collect()
        changed = part.select(
            (
                (pl.col("dossier_id") != pl.col("dossier_id").shift(1))
                | (pl.col("bron") != pl.col("bron").shift(1))
            ).arg_max()
        ).item()
        if changed:
            return start + int(changed)
        start += part.height - 1 if part.height > 1 else 1
    return total


def dossiers(
    store: Store, sources: dict[int, Bron], deel: Deel, buiten: Counter[int]
) -> Iterator[tuple[Bron, str, list[Waarden]]]:
    """(source, dossier, rows) in turn. Rows of the message envelope are only counted, per source, in `buiten`."""
    import polars as pl

    lf = store.registraties().with_columns(pl.col("datum").dt.to_string("%Y-%m-%d"))
    lf = lf.with_columns(
        pl.col("rubriek", "groep", "eenheid", "codesysteem", "nullflavor", "pad").cast(pl.String)
    )
    if deel.klasse >= 0:
        frame = (
            lf.filter(pl.col("dossier_id").hash(7) % deel.klassen == deel.klasse)
            .collect(engine="streaming")
            .sort("dossier_id", "bron", "regel", maintain_order=True)
        )
        yield from _group([frame], sources, buiten)
        return
    chunks = (
        lf.slice(at, min(CHUNK, deel.stop - at)).collect() for at in range(deel.start, deel.stop, CHUNK)
    )
    yield from _group(chunks, sources, buiten)


def _group(
    frames: Iterable[pl.DataFrame],
    sources: dict[int, Bron],
    buiten: Counter[int],
) -> Iterator[tuple[Bron, str, list[Waarden]]]:
    import polars as pl

    current: list[Waarden] = []
    key: tuple[str, str] | None = None
    scopes = {n: b.scope for n, b in sources.items()}
    for frame in frames:
        envelope = pl.col("bdsnummer").is_null() & pl.col("pad").str.starts_with("bericht/").fill_null(
            value=False
        )
        outside = frame.filter(envelope)
        buiten.update(outside["bron"].to_list())
        for values in frame.filter(~envelope).select(Rij._fields).rows():
            this = (scopes[values[12]], values[0])
            if this != key:
                if key is not None:
                    yield sources[current[0][12]], key[1], current
                current, key = [], this
            current.append(values)
    if key is not None:
        yield sources[current[0][12]], key[1], current
