"""`bds compare`: from two sets of paths to counts per element, with what a version explains set apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from bds_tool.base.errors import UserError
from bds_tool.base.files import scratch
from bds_tool.base.json_types import JsonObject
from bds_tool.export.comparing.pairing import DIFFERS, LEFT, RIGHT, SAME, Side, compare
from bds_tool.formats.registry import coding_of
from bds_tool.schema import newest, versions
from bds_tool.validate.tables import element_name

if TYPE_CHECKING:
    from bds_tool.store import Store

#: Left only, and no difference: what the other version has no place for, kept by migrating as data outside the BDS.
VERSION = "door de versie"
#: How a pair that is equal may differ to the eye.
UNIT, CODING = "in een andere eenheid", "anders geschreven"
CLASSES = (SAME, DIFFERS, LEFT, RIGHT, VERSION)
#: The elements in which migrating shelters a value (changes/migrate/shelter.py).
_SHELTER = (1332, 1333, 1335)


@dataclass(frozen=True)
class Compared:
    """`rows`: see pairing.compare. `versions` of left and right; `by_version`: registraties that only moving left to the

    version of right makes equal; `lost`: element → values that the way between the versions cannot carry.
    """

    rows: pl.DataFrame
    versions: tuple[str, str]
    by_version: int
    lost: dict[int | None, int]

    @property
    def equal(self) -> bool:
        return self.rows.filter(~pl.col("class").is_in([SAME, VERSION])).is_empty()

    def counts(self) -> dict[str, int]:
        found = dict(self.rows.group_by("class").len().iter_rows())
        return {kind: int(found.get(kind, 0)) for kind in CLASSES}

    def same_otherwise(self) -> dict[str, dict[int | None, int]]:
        """What is equal and stands there in another way: element → pairs in another unit, and in other codes or signs."""
        unit = pl.col("eenheid").is_not_null() & pl.col("eenheid_right").is_not_null()
        unit &= pl.col("eenheid") != pl.col("eenheid_right")
        coding = ~unit.fill_null(value=False) & pl.col("waarde").ne_missing(pl.col("waarde_right"))
        same = self.rows.filter(pl.col("class") == SAME)
        return {
            name: {n: int(k) for n, k in same.filter(how).group_by("element").len().iter_rows()}
            for name, how in ((UNIT, unit), (CODING, coding))
        }

    def by_element(self, *, all_: bool = False) -> list[JsonObject]:
        """Per element how many of each class; those that are equal throughout only with `all_`."""
        table = (
            self.rows.group_by("element")
            .agg(pl.col("class").eq(kind).sum().alias(kind) for kind in CLASSES)
            .sort("element", nulls_last=True)
        )
        otherwise = self.same_otherwise()
        return [
            {"element": row["element"], "name": element_name(row["element"]), **{k: row[k] for k in CLASSES},
             "lost": self.lost.get(row["element"], 0), **{k: n.get(row["element"], 0) for k, n in otherwise.items()}}
            for row in table.iter_rows(named=True)
            if all_ or any(row[k] for k in CLASSES if k != SAME)
        ]  # fmt: skip


def run(left: Store, right: Store, *, bds: tuple[str, str] = ("", ""), ids: bool | None = None) -> Compared:
    """Compare two stores. Where their versions differ, left is moved to that of right first, and what that explains told."""
    told = [version_of(store, given) for store, given in zip((left, right), bds, strict=True)]
    # A side that names no version is read as the other one.
    own, other = (mine or theirs or newest() for mine, theirs in (told, reversed(told)))
    if own == other:
        forms = [set(s.bronnen()["formaat"].unique()) for s in (left, right)]
        # Messages always name roots and code systems; a table may have a column for them, or none.
        alike = forms[0] == forms[1] and all(coding_of(f) == "HL7" for f in forms[0])
        found = compare(Side(left, own), Side(right, other), ids=ids, alike=alike)
        return Compared(found, (own, other), 0, {})
    plain = compare(Side(left, own), Side(right, other), ids=ids)
    moved, lost = _moved(left, own, other, right, ids)
    if moved is None:
        return Compared(plain, (own, other), 0, {})
    moved = _sheltered(moved, plain)
    gained = moved.filter(pl.col("class") == SAME).height - plain.filter(pl.col("class") == SAME).height
    return Compared(moved, (own, other), max(gained, 0), lost)


def _moved(
    left: Store, own: str, other: str, right: Store, ids: bool | None
) -> tuple[pl.DataFrame | None, dict[int | None, int]]:
    from bds_tool.changes.migrate.running import migrate
    from bds_tool.store import Store as Opened

    with scratch() as folder:
        path = folder / "links.bds"
        try:
            report = migrate(left, other, path, from_version=own)
        except UserError:  # no packages lead there: the sides are compared as they are
            return None, {}
        lost: dict[int | None, int] = {}
        for step in report.stappen:
            for (number, outcome), n in step.uitkomsten.items():
                if outcome in {"beschut", "tekst", "niet"}:
                    lost[number] = lost.get(number, 0) + n
        return compare(Side(Opened.open(path), other), Side(right, other), ids=ids), lost


def _sheltered(moved: pl.DataFrame, plain: pl.DataFrame) -> pl.DataFrame:
    """Rows that moving left has added to keep a value are no difference between the deliveries."""
    alone = pl.col("class") == LEFT
    had = (
        plain.filter(alone & pl.col("element").is_in(_SHELTER))
        .select("dossier", "element", "waarde")
        .unique()
    )
    added = (
        moved.with_row_index("at")
        .filter(alone & pl.col("element").is_in(_SHELTER))
        .join(had, on=["dossier", "element", "waarde"], how="anti", nulls_equal=True)["at"]
    )
    new = (
        pl.when(pl.int_range(pl.len()).is_in(added.implode()))
        .then(pl.lit(VERSION))
        .otherwise(pl.col("class"))
    )
    return moved.with_columns(new.alias("class"))


def version_of(store: Store, given: str) -> str:
    """The version of a delivery: the one given, else that of most of its registraties; empty when no file tells it."""
    if given:
        return given
    facts = store.bronnen().with_columns(
        version=pl.coalesce(pl.col("bds_opgegeven").replace("", None), pl.col("bds_herkend")),
        rijen=pl.col("rijen").fill_null(0),
    )
    known = facts.filter(pl.col("version").is_in(list(versions())) & (pl.col("bds_zekerheid") != "onbekend"))
    if known.is_empty():
        return ""
    most = known.group_by("version").agg(pl.col("rijen").sum()).sort("rijen", "version", descending=True)
    return str(most["version"][0])
