"""The release ledger: what was published before, so that a new release gives away nothing together with it.

A ledger is a directory: `_ledger.json` lists the releases in order, `<number>.result/` holds each as published.
It holds nothing that is not public. Rules for a new release:

- a row shown before (same definition, area, period, breakdown) is known to the attacker: it shields nothing, and
  no proof is sought for it;
- a row hidden before stays hidden, for showing it could give away what it shielded;
- a shown number that has changed since (a correction) is refused: the difference is about the children corrected;
- other areas below gemeente than before are refused: the difference is about the children in between.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bds_tool.base.errors import UnreadableError, WithheldError
from bds_tool.base.files import atomic_dir, atomic_file
from bds_tool.base.text import number, t
from bds_tool.indicators.result import COUNTS_FILE, META_FILE, PROTECTED, Result, read_result

if TYPE_CHECKING:
    import polars as pl

LEDGER_FILE = "_ledger.json"
KEY = ["area", "period", "sex", "education", "age", "origin", "mother_age"]
HIDDEN = ("verborgen", "niet_op_dit_niveau")
#: Layouts of results published by an earlier bds. What was published stays published, so they count as any other;
#: in a breakdown they lack, every row is a total.
OLDER_LAYOUTS = {1, 2}


@dataclass(frozen=True)
class Release:
    """One entry: number, when, the policy, hash per definition, and the areas it showed."""

    number: int
    path: Path
    facts: Mapping[str, Any]


class Ledger:
    """The releases in one directory; `open` makes an empty one when there is none yet."""

    def __init__(self, path: Path, releases: list[Release]) -> None:
        self.path, self.releases = path, releases

    @classmethod
    def open(cls, path: Path) -> Ledger:
        """Raises UnreadableError when the directory is something else, or a release in it was changed."""
        if not path.exists():
            return cls(path, [])
        try:
            entries = json.loads((path / LEDGER_FILE).read_text(encoding="utf-8"))["releases"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UnreadableError(
                t(f"{path} is geen register van uitgaven.", f"{path} is no release ledger."),
                t(
                    "Geef een map die bds protect --ledger heeft gemaakt.",
                    "Give a directory made by bds protect --ledger.",
                ),
            ) from error
        releases = [Release(int(e["number"]), path / f"{e['number']}.result", e) for e in entries]
        for release in releases:
            if _fingerprint(release.path) != release.facts["sha256"]:
                raise UnreadableError(
                    t(
                        f"Uitgave {release.number} in {path.name} is veranderd of ontbreekt.",
                        f"Release {release.number} in {path.name} was changed or is missing.",
                    ),
                    t("Zet de map terug uit een reservekopie.", "Restore the directory from a backup."),
                )
        return cls(path, releases)

    def state(self) -> str:
        """What tells one state of the ledger from another."""
        return hashlib.sha256("".join(str(r.facts["sha256"]) for r in self.releases).encode()).hexdigest()

    def paths(self) -> list[Path]:
        return [r.path for r in self.releases]

    def add(self, published: Path, meta: Mapping[str, Any], note: str = "") -> Release:
        """Add a published result; the copy is what later releases are audited with."""
        this = 1 + max((r.number for r in self.releases), default=0)
        self.path.mkdir(parents=True, exist_ok=True)
        target = self.path / f"{this}.result"
        with atomic_dir(target) as folder:
            shutil.copytree(published, folder, dirs_exist_ok=True)
        definitions = meta.get("definitions") or {}
        facts = {
            "number": this,
            "added": datetime.now(UTC).isoformat(timespec="seconds"),
            "sha256": _fingerprint(target),
            "policy": (meta.get("policy") or {}).get("id", ""),
            "period": meta.get("period"),
            "name": published.name,
            "definitions": {k: v.get("hash") for k, v in definitions.items()},
            "division": (meta.get("area_tables") or {}).get("division"),
            "note": note,
        }
        release = Release(this, target, facts)
        self.releases.append(release)
        text = json.dumps(
            {"schema_version": 1, "releases": [dict(r.facts) for r in self.releases]},
            ensure_ascii=False,
            indent=2,
        )
        with atomic_file(self.path / LEDGER_FILE, own=True) as temporary:
            temporary.write_text(text + "\n", encoding="utf-8")
        return release

    def history(self, definitions: Mapping[str, Any]) -> pl.DataFrame:
        """Rows of earlier releases that count the same thing as now: indicator, KEY, whether shown, n, x, missing."""
        import polars as pl

        parts = []
        for release in self.releases:
            # The children are the same, whatever became of the definition: its hash links nothing and parts nothing.
            same = [k for k in release.facts["definitions"] if k in definitions]
            frame = pl.read_parquet(release.path / "counts.parquet").filter(pl.col("indicator").is_in(same))
            frame = frame.with_columns(pl.lit("totaal").alias(c) for c in KEY if c not in frame.columns)
            parts.append(
                frame.select(
                    "indicator",
                    "level",
                    *KEY,
                    (~pl.col("status").is_in(HIDDEN)).alias("shown"),
                    "n",
                    "x",
                    "missing",
                    pl.lit(release.number).alias("release"),
                )
            )
        if not parts:
            return pl.DataFrame()
        return pl.concat(parts)


def read_released(path: Path) -> Result:
    """A result published before, in the present layout or an older one. Raises as `read_result`."""
    try:
        meta = json.loads((path / META_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return read_result(path)
    old = isinstance(meta, dict) and meta.get("layout") in OLDER_LAYOUTS and (path / COUNTS_FILE).is_file()
    return Result(path, meta) if old and meta.get("status") == PROTECTED else read_result(path)


@dataclass(frozen=True)
class Bonds:
    """What earlier releases ask of the rows of a new one (positions in its frame)."""

    shown: pl.Series
    hidden: pl.Series


def bind(ledger: Ledger, frame: pl.DataFrame, meta: Mapping[str, Any]) -> Bonds:
    """Hold a new result against the ledger. Raises WithheldError for corrections and changed areas."""
    import polars as pl

    nothing = pl.Series([False] * frame.height)
    history = ledger.history(meta.get("definitions") or {})
    if not history.height:
        return Bonds(nothing, nothing)
    _same_areas(history, frame)
    latest = history.group_by("indicator", *KEY).agg(
        pl.col("shown").any(),
        *(pl.col(c).filter("shown").last().alias(f"_{c}") for c in ("n", "x", "missing")),
    )
    joined = frame.join(latest, on=["indicator", *KEY], how="left", nulls_equal=True, maintain_order="left")
    differs = pl.any_horizontal(pl.col(c).ne_missing(pl.col(f"_{c}")) for c in ("n", "x", "missing"))
    corrected = int(joined.select((pl.col("shown") & differs).fill_null(value=False).sum()).item())
    if corrected:
        raise WithheldError(
            t(
                f"{number(corrected)} aantallen die eerder zijn gepubliceerd, zijn nu anders. Het verschil gaat over enkele kinderen. "
                "Er is niets geschreven.",
                f"{number(corrected)} counts that were published before are different now. The difference is about a few children. "
                "Nothing was written.",
            ),
            t(
                "Publiceer over dezelfde jaren uit dezelfde bevroren gegevens, of alleen nieuwe jaren.",
                "Publish the same years from the same frozen data, or new years only.",
            ),
        )
    return Bonds(joined["shown"].fill_null(value=False), (~joined["shown"]).fill_null(value=False))


def _same_areas(history: pl.DataFrame, frame: pl.DataFrame) -> None:
    import polars as pl

    small = pl.col("level").is_in(["wijk", "buurt"])
    for level in ("wijk", "buurt"):
        now = set(frame.filter(small & (pl.col("level") == level))["area"].unique())
        before = set(history.filter(small & (pl.col("level") == level))["area"].unique())
        # An area without children is absent; other codes inside a gemeente that both show are another division.
        shared = {a[2:6] for a in now} & {a[2:6] for a in before}
        other = {a for a in now ^ before if a[2:6] in shared}
        if now and before and other:
            raise WithheldError(
                t(
                    f"{number(len(other))} gebieden ({level}) zijn anders ingedeeld dan in een eerdere uitgave. Het verschil tussen oude "
                    "en nieuwe grenzen kan over enkele kinderen gaan. Er is niets geschreven.",
                    f"{number(len(other))} areas ({level}) are divided differently from an earlier release. The difference between old "
                    "and new borders can be about a few children. Nothing was written.",
                ),
                t(
                    "Reken opnieuw met de indeling van toen (--area-year), of publiceer alleen per gemeente.",
                    "Compute again with the division of then (--area-year), or publish by gemeente only.",
                ),
            )


def _fingerprint(path: Path) -> str:
    """sha256 over the files of a result, in order of name."""
    digest = hashlib.sha256()
    for file in sorted(p for p in path.glob("*") if p.is_file()):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()
