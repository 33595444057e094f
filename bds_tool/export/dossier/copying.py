"""The copy of a dossier that a parent may ask for: what is about the child, without what is about others.

What stays out is a rule of `specs/dossier/bladzijde.yaml`; the copy says how much and why. The whole of it is one folder:
a page, the same registraties as JSON, and a FHIR bundle.
"""

from __future__ import annotations

import dataclasses
import json
import secrets
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from bds_tool import __version__
from bds_tool.base.files import atomic_dir, scratch
from bds_tool.base.text import language
from bds_tool.export.dossier.contents import LeftOut, arrangement
from bds_tool.export.dossier.page import Wishes, page

if TYPE_CHECKING:
    import polars as pl

    from bds_tool.export.dossier.opening import Dossier


@dataclass(frozen=True)
class Copied:
    """How many registraties the copy holds, and how many stayed out."""

    lines: int
    left_out: int


def write_copy(dossier: Dossier, today: date, to: Path, *, replace: bool = False) -> Copied:
    """Write the folder `to`: afschrift.html, afschrift.json and afschrift.fhir.json. Raises UsageError when it exists."""
    kept, reasons = without_others(dossier)
    told = sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))
    made = page(kept, today, Wishes(show=True, parent=True, copy=True), told)
    with atomic_dir(to, replace=replace, private=True) as folder:
        (folder / "afschrift.html").write_text(made.html, encoding="utf-8", newline="\n")
        facts = {
            "schema_version": 1,
            "bds": dossier.version,
            "made": {"by": f"bds {__version__}", "on": today.isoformat()},
            "left_out": [{"reason": reason, "count": n} for reason, n in told],
            "registraties": [
                {
                    "nr": line.nr,
                    "bdsnummer": line.number,
                    "naam": line.name,
                    "rubriek": line.rubriek,
                    "datum": line.day.isoformat() if line.day else None,
                    "contact": line.activity,
                    "volgnr": line.instance,
                    "tekst": line.text,
                    "afgeschermd": line.masked,
                }
                for line in made.lines.lines
            ],
        }
        (folder / "afschrift.json").write_text(
            json.dumps(facts, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", newline="\n"
        )
        _fhir(kept, folder / "afschrift.fhir.json")
    return Copied(kept.rows.height, dossier.rows.height - kept.rows.height)


def _fhir(kept: Dossier, target: Path) -> None:
    """The same registraties as one FHIR R4 Bundle; a key of this run alone makes its identifiers."""
    from bds_tool.export.fhir.writer import GEVOELIG, Opdracht, export
    from bds_tool.store import Store
    from bds_tool.store.store import StoreWriter

    wanted = frozenset(GEVOELIG) - {"bsn", "persoonsnummer", "werkaantekening"}
    with scratch() as place:
        with StoreWriter(place / "een.bds") as writer:
            for facts in kept.sources.iter_rows(named=True):
                writer.add_bron(**facts)
            writer.add_table(kept.rows.drop("nr"))
        export(
            Store.open(place / "een.bds"),
            place / "fhir",
            Opdracht(secrets.token_bytes(32), gevoelig=wanted, vorm="bundle"),
        )
        bundles = (place / "fhir" / "Bundle.ndjson").read_text(encoding="utf-8").splitlines()
    # One file of a dossier is one bundle; a dossier in more files has as many.
    bundle = json.loads(bundles[0]) if len(bundles) == 1 else [json.loads(line) for line in bundles]
    target.write_text(json.dumps(bundle, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", newline="\n")


def without_others(dossier: Dossier) -> tuple[Dossier, dict[str, int]]:
    """The dossier without what the rule leaves out, and how many registraties each reason took."""
    import polars as pl

    reasons: dict[str, int] = {}
    rows = dossier.rows
    for part in arrangement()["afschrift"]["weggelaten"]:
        hit = _hit(part)
        n = rows.filter(hit).height
        if n:
            reasons[part["reden"][language()]] = reasons.get(part["reden"][language()], 0) + n
            rows = rows.filter(~hit)
    gone = pl.col("bdsnummer").is_null() | pl.col("bdsnummer").is_in(
        rows["bdsnummer"].drop_nulls().unique().to_list()
    )
    return dataclasses.replace(dossier, rows=rows, findings=dossier.findings.filter(gone)), reasons


def _hit(part: LeftOut) -> pl.Expr:
    """The rows of a part of the rule: of its rubrieken or elements, but not of its exceptions."""
    import polars as pl

    number, rubriek = pl.col("bdsnummer"), pl.col("rubriek").cast(pl.String)
    hit = rubriek.is_in(part.get("rubrieken", [])) | number.is_in(part.get("elementen", []))
    return (hit & ~number.is_in(part.get("behalve", [])).fill_null(value=False)).fill_null(value=False)
