"""A store of deliveries changes: one is added, comes in place of another, or goes. Only that delivery is read."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from bds_tool.base import clock, guard
from bds_tool.base.errors import UsageError
from bds_tool.base.text import t
from bds_tool.formats.reading import read
from bds_tool.store.inputs import FIRST_INNER
from bds_tool.store.parts import FILES, Index, Part, alone, clear, sha256, twice
from bds_tool.store.store import Store

_NAME = re.compile(r"[\w][\w .+-]{0,59}")


def add(
    place: Path,
    paths: Sequence[Path | str],
    delivery: str,
    *,
    organisation: str = "",
    instead: bool = False,
    inspect: tuple[str, ...] = (),
    **reading: Any,  # noqa: ANN401  # as `reading.read` takes them
) -> Part:
    """Read a delivery into the store of deliveries `place`, which is made when it is not there.

    `organisation` holds for sources that name none. `instead`: it takes the place of the delivery of that name. Raises
    UsageError for a delivery or a file that is there already, and for one of several organisations; then and when a
    run is killed the store is what it was.
    """
    if not _NAME.fullmatch(delivery):
        raise UsageError(
            t("De naam van een levering bestaat uit letters, cijfers en .-+_ (bijvoorbeeld 2026-01).",
              "The name of a delivery is made of letters, digits and .-+_ (for example 2026-01)."),
        )  # fmt: skip
    with _changing(place, fresh=not instead) as index:
        if instead:
            index.one("", delivery, some=True)
        elif index.find(organisation, delivery):
            raise _there(delivery)
        target = Part(index.next, "", "", "", 0, 0).folder(place)
        inner = index.inner or FIRST_INNER
        with read(
            paths, target, first=(index.bron, inner), organisation=organisation, at_least_one=True,
            inspect=inspect, **reading,
        ) as store:  # fmt: skip
            try:
                part, after = _described(store, index, organisation, delivery)
                old = index.one(part.organisation, delivery) if instead else None
                if not instead and index.find(part.organisation, delivery):
                    raise _there(delivery)
                others = [p for p in index.parts if p is not old]
                if double := twice(others, part.sources):
                    raise UsageError(
                        t(f"Een bestand hiervan staat al in levering {double.name}: het zou dubbel tellen.",
                          f"A file of this is in delivery {double.name} already: it would count twice."),
                        t("Haal die eerst weg met `bds store drop`, of laat het bestand weg.",
                          "Take that away first with `bds store drop`, or leave out the file."),
                    )  # fmt: skip
                after.with_(part, old).write(place)
            except BaseException:
                shutil.rmtree(target, ignore_errors=True)
                raise
    return part


def drop(place: Path, delivery: str, organisation: str = "") -> Part:
    """Take a delivery out of a store. Raises UsageError when it is not there or is the last one."""
    with _changing(place, fresh=False) as index:
        part = index.one(organisation, delivery)
        if len(index.parts) == 1:
            raise UsageError(
                t("Dit is de enige levering; een gegevensmap zonder leveringen bestaat niet.",
                  "This is the only delivery; there is no store without deliveries."),
                t("Verwijder de map.", "Remove the folder."),
            )  # fmt: skip
        index.without(part).write(place)
    return part


@contextmanager
def _changing(place: Path, *, fresh: bool) -> Iterator[Index]:
    """The list of a store that nobody else changes meanwhile; with `fresh` of one that is not there yet too."""
    guard.check(place)
    made = fresh and not Store.is_store(place)
    if made:
        if place.exists() and (place.is_file() or any(p.name not in _OWN for p in place.iterdir())):
            raise UsageError(
                t(
                    f"{place} bestaat en is geen gegevensmap van bds.",
                    f"{place} exists and is not a bds store.",
                ),
                t("Kies een andere naam.", "Choose another name."),
            )
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    index = Index() if made else Index.read(place)
    with alone(place):
        clear(place, index)
        yield index


#: What a run that was killed before its first delivery was whole may leave.
_OWN = frozenset({".slot", "delen", "bewaard", ".bds-output"})


def _described(store: Store, index: Index, organisation: str, delivery: str) -> tuple[Part, Index]:
    """What was read as a part, and the list with the numbers that are next."""
    bronnen = store.bronnen()
    names = sorted({str(o) for o in bronnen["organisatie"] if o})
    if len(names) > 1:
        raise UsageError(
            t(f"Deze levering is van meer organisaties ({', '.join(names[:3])}).",
              f"This delivery is of several organisations ({', '.join(names[:3])})."),
            t("Voeg die van elke organisatie apart toe.", "Add that of each organisation apart."),
        )  # fmt: skip
    numbers = bronnen["bron"].to_list()
    many = bronnen["dossiers"]
    # A table does not say how many dossiers it has; then those of the whole delivery are counted.
    dossiers = many.sum() if not many.has_nulls() else _dossiers(store)
    part = Part(
        number=index.next,
        organisation=names[0] if names else organisation,
        delivery=delivery,
        added=clock.now().strftime("%Y-%m-%d"),
        rows=int(bronnen["rijen"].fill_null(0).sum()),
        dossiers=int(dossiers),
        files={name: sha256(store.path / name) for name in FILES},
        sources=sorted({str(s) for s in bronnen["sha256"] if s}),
    )
    after = replace(
        index,
        next=index.next + 1,
        bron=max((n for n in numbers if n < FIRST_INNER), default=index.bron - 1) + 1,
        inner=max((n for n in numbers if n >= FIRST_INNER), default=(index.inner or FIRST_INNER) - 1) + 1,
    )
    return part, after


def _dossiers(store: Store) -> int:
    import polars as pl

    keys = store.registraties().select(pl.col("dossier_id").n_unique())
    return int(keys.collect(engine="streaming").item())


def _there(delivery: str) -> UsageError:
    return UsageError(
        t(f"Levering {delivery} van deze organisatie staat er al.", f"Delivery {delivery} of this organisation is there already."),
        t("Vervang haar met `bds store replace`.", "Replace it with `bds store replace`."),
    )  # fmt: skip
