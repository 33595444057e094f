"""The report of `bds qualify` that can be handed in: one HTML file without network or script."""

from __future__ import annotations

from pathlib import Path

from bds_tool.base.vocabulary import file_name
from bds_tool.export.page import rendered
from bds_tool.export.qualifying import telling
from bds_tool.export.qualifying.judging import MET
from bds_tool.export.qualifying.running import Qualified
from bds_tool.validate.tables import element_name


def page(found: Qualified, *, values: bool) -> str:
    """The whole page. Needs jinja2 (extra `report`). Values of the dossier only with `values`."""
    rows = [
        {
            "nr": nr,
            "moment": telling.where(found.scenario, v.item),
            "element": v.item.element,
            "name": element_name(v.item.element),
            "group": f"{v.item.group} {v.item.instance}" if v.item.group else "",
            "expected": telling.expected(found.scenario, v.item),
            "status": telling.word(v.status),
            "met": v.status == MET,
            "line": v.line,
            "found": v.found if values and v.status != MET else None,
        }
        for nr, v in enumerate(found.judged.verdicts, 1)
    ]
    return rendered(
        Path(__file__).parent / "templates" / "kwalificatie.html", found=found, rows=rows,
        open_=[r for r in rows if not r["met"]], summary=telling.summary(found),
        sources=[(file_name(Path(s.pad).name), s.formaat, s.sha256) for s in found.sources], values=values,
    )  # fmt: skip
