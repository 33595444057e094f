"""The result of `bds change check` in the form of all checks, with what the package touches and weighs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from bds_tool.base.text import number, t
from bds_tool.changes.findings import Bevinding
from bds_tool.changes.impact import Impact, effect_text
from bds_tool.changes.loading import files
from bds_tool.changes.places import places
from bds_tool.findings.catalogue import load_catalogue
from bds_tool.findings.checked import Checked

if TYPE_CHECKING:
    from pathlib import Path

    from bds_tool.changes.migrate.check import CheckResult, Weight


def checked(result: CheckResult, touched: Sequence[Impact], place: Path) -> Checked:
    """`place` is the file or folder of the package: every finding gets the line that it is about.

    Beside the findings go the package, its impact and its weight in data.
    """
    p = result.pakket
    known = places(place) if result.bevindingen else {}
    head = (str(files(place)[0]), 0)

    def placed(b: Bevinding) -> Bevinding:
        spots = (known.get(subject) for subject in (b.onderwerp, *b.betreft))
        file, line = next((s for s in spots if s is not None), head)
        return replace(b, file=file, line=line)

    return Checked(
        "bds change check",
        [placed(b) for b in result.bevindingen],
        [str(f) for f in files(place)],
        judged=[r.code for r in load_catalogue().rules.values() if r.family == "WIJZ"],
        versions=(p.van, p.naar),
        more={
            "package": {
                "name": p.naam,
                "from": p.van,
                "to": p.naar,
                "status": p.status,
                "class": {"forward": str(p.klasse_heen), "backward": str(p.klasse_terug)},
            },
            "impact": [asdict(i) for i in touched],
            "data": None
            if result.rijen is None
            else {"rows": result.rijen, "elements": [asdict(w) for w in result.gewicht]},
        },
    )


def notes(result: CheckResult, touched: Sequence[Impact]) -> list[str]:
    """What a person reads beside the findings: where the package is felt."""
    lines: list[str] = []
    if touched:
        lines += [t("Wat dit buiten de definitie raakt", "What this touches outside the definition"), ""]
        lines += [f"  {i.kind:<12} {i.id:<28} {i.bdsnummer:>5}  {effect_text(i.effect)}" for i in touched]
        lines.append("")
    if result.rijen is not None:
        lines += [*_weights(result.gewicht, result.rijen), ""]
    return lines


def _weights(weights: Sequence[Weight], total: int) -> list[str]:
    """Small counts are shown as fewer than ten: a store is about children."""
    lines = [t(f"In de gegevens ({number(total)} rijen)", f"In the data ({number(total)} rows)"), ""]
    head = (t("element", "element"), t("waarden", "values"), "dossiers", t("aandeel", "share"))
    lines.append(f"  {head[0]:>8} {head[1]:>10} {head[2]:>10} {head[3]:>8}")
    for w in weights:
        values, dossiers = (("<10" if n is None else number(n)) for n in (w.waarden, w.dossiers))
        share = "" if w.aandeel is None else f"{number(100 * w.aandeel, 1)} %"
        lines.append(f"  {w.bdsnummer:>8} {values:>10} {dossiers:>10} {share:>8}  {', '.join(w.soorten)}")
    return lines
