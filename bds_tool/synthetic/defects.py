"""Planted defects: what goes wrong in real registration, put where we know it, with a manifest.

Kinds are data (`specs/populatie/defecten/*.yaml`): which elements, what is done to them, how often, and which
rules should say so. A value carries at most one defect, and what makes it a defect (the birth date, the measurement
before it) stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bds_tool.base.checked_yaml import read_checked
from bds_tool.base.errors import UsageError
from bds_tool.base.names import child
from bds_tool.base.specs import specs_dir
from bds_tool.base.text import t
from bds_tool.store.columns import Registratie
from bds_tool.synthetic.chance import Chance
from bds_tool.synthetic.defect_ground import DefectKind, standing
from bds_tool.synthetic.defect_operations import OPERATIONS, hold

if TYPE_CHECKING:
    import polars as pl


class Planted(NamedTuple):
    """A row of the manifest: where the defect is, what stood there, what stands there now, who should find it."""

    soort: str
    dossier_id: str
    activiteit_id: str | None
    bdsnummer: int | None
    volgnr: int | None
    waarde_voor: str | None
    waarde_na: str | None
    regels: str


@dataclass
class Planter:
    """Applies the kinds of one spec to tables of `registraties`; collects the manifest."""

    kinds: list[DefectKind]
    chance: Chance
    reference: date
    version: str = ""
    coding: str = "bds"
    rows: list[Planted] = field(default_factory=list)

    def plant(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with defects; rows of a dossier stay together and in order."""
        import polars as pl

        frame = frame.with_row_index("_i").with_columns(
            pl.lit(value=False).alias("_taken"), pl.lit(value=False).alias("_held")
        )
        for kind in self.kinds:
            if self.version in kind.get("niet_in", ()) or self.coding not in kind.get(
                "codering", self.coding
            ):
                continue
            picked, ground = standing(frame, self._pick(frame, kind), kind)
            if picked.height:
                frame = OPERATIONS[kind["op"]](self, hold(frame, ground), picked, kind)
        return frame.sort("_i", maintain_order=True).drop("_i", "_taken", "_held")

    def manifest(self) -> pl.DataFrame:
        """One row per planted defect."""
        import polars as pl

        schema = dict.fromkeys(Planted._fields, pl.String()) | {"bdsnummer": pl.Int32(), "volgnr": pl.Int32()}
        return pl.DataFrame(self.rows, schema=schema, orient="row")

    def note(self, kind: DefectKind, row: Registratie, after: str | None) -> None:
        """Write one planted defect down."""
        self.rows.append(
            Planted(
                kind["soort"], row["dossier_id"], row["activiteit_id"], row["bdsnummer"], row["volgnr"],
                row["waarde"], after, ",".join(kind["regels"]),
            )
        )  # fmt: skip

    def _pick(self, frame: pl.DataFrame, kind: DefectKind) -> pl.DataFrame:
        """The rows that get this defect: free, of the right element, and chosen by the hash of their place."""
        import numpy as np
        import polars as pl

        elements = [int(e) for e in kind["elementen"]]
        free = frame.filter(
            pl.col("bdsnummer").is_in(elements)
            & ~pl.col("_taken")
            & ~pl.col("_held")
            & pl.col("waarde").is_not_null()
        )
        if not free.height:
            return free
        # Keys of generated dossiers are numbers: `D00000012` and `0000001203`.
        dossier = free["dossier_id"].str.slice(1).cast(pl.Int64)
        activity = free["activiteit_id"].cast(pl.Int64).fill_null(0) % 100
        place = (dossier * 128 + activity) * 16_384 + free["bdsnummer"].cast(pl.Int64)
        place = place * 64 + free["volgnr"].cast(pl.Int64).fill_null(0)
        u = self.chance.uniform(f"defect {kind['soort']}", place.to_numpy())
        return free.filter(pl.Series(np.asarray(u < float(kind["kans"]))))


def defect_kinds(name: str, rate: float = 1.0) -> list[DefectKind]:
    """The kinds of a spec by name (`specs/populatie/defecten/`) or path; `rate` multiplies every chance."""
    path = (
        Path(name)
        if name.endswith((".yaml", ".yml"))
        else child(specs_dir() / "populatie" / "defecten", name, ".yaml")
    )
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in (specs_dir() / "populatie" / "defecten").glob("*.yaml")))
        raise UsageError(
            t(f"Defecten {name[:60]} bestaan niet.", f"Defects {name[:60]} do not exist."),
            t(
                f"Kies uit: {known}, of wijs een YAML-bestand aan.",
                f"Choose one of: {known}, or a YAML file.",
            ),
        )
    kinds: list[DefectKind] = read_checked(path, "defecten")["defecten"]
    return [kind | {"kans": min(1.0, kind["kans"] * rate)} for kind in kinds]
