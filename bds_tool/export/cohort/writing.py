"""All files of a study in one folder, written beside it and moved when everything went well."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from bds_tool.base.files import atomic_dir
from bds_tool.base.text import t
from bds_tool.export.cohort import ddi, delivery, files, pages, syntax
from bds_tool.export.cohort.codebook import entries, law, program

if TYPE_CHECKING:
    from bds_tool.export.cohort.running import Study

#: What each kind of file needs beyond the core: extra of the package.
EXTRA = {
    "studie.sav": "stat",
    "studie.dta": "stat",
    "codeboek.html": "report",
    "codeboek.xlsx": "xlsx",
}


def write_study(study: Study, target: Path, *, replace: bool = False) -> list[str]:
    """Write the folder; returns what could not be made, for a package is not installed. Only its owner may read it."""
    found = entries(study)
    with atomic_dir(target, replace=replace, private=True) as folder:

        def text(name: str, content: str | bytes) -> None:
            data = content.encode() if isinstance(content, str) else content
            (folder / name).write_bytes(data)

        files.write_parquet(study, folder / "studie.parquet")
        files.write_csv(study, folder / "studie.csv")
        text("studie.sps", syntax.spss(study))
        text("studie.do", syntax.stata(study))
        text("studie.R", syntax.r(study))
        text("codeboek.xml", ddi.codebook_xml(study, found))
        makers: dict[str, Callable[[], object]] = {
            "studie.sav": lambda: files.write_sav(study, folder / "studie.sav"),
            "studie.dta": lambda: files.write_dta(study, folder / "studie.dta"),
            "codeboek.html": lambda: text("codeboek.html", pages.codebook_html(study, found)),
            "codeboek.xlsx": lambda: text("codeboek.xlsx", pages.codebook_xlsx(study, found)),
        }
        lacking = []
        for name, make in makers.items():
            try:
                make()
            except ImportError:
                lacking.append(
                    t(f'{name} niet gemaakt: pip install "bds-tool[{EXTRA[name]}]"',
                      f'{name} not made: pip install "bds-tool[{EXTRA[name]}]"')
                )  # fmt: skip
        text("definitie.yaml", study.definition.text)
        text("_studie.json", json.dumps(_facts(study), ensure_ascii=False, indent=1) + "\n")
        made = sorted(p.name for p in folder.iterdir() if not p.name.startswith("."))
        text("LEESMIJ.md", delivery.readme(study, made, lacking))
    return lacking


def _facts(study: Study) -> dict[str, object]:
    """What a program wants to know of the study: flow, columns, sources, and what it is in law."""
    return {
        "schema_version": 1,
        "program": program(),
        "id": study.definition.id,
        "title": study.definition.title,
        "row": study.definition.row,
        "reference_date": study.wishes.reference_date.isoformat(),
        "rows": study.frame.height,
        "status": law(study),
        "delivery": study.definition.delivery,
        "flow": [vars(s) for s in study.flow],
        "columns": [
            {"name": c.name, "label": c.label, "kind": c.kind, "elements": sorted(c.elements)} for c in study.columns
        ],
        "doubted": study.doubted,
        "sources": study.sources,
        "notes": study.notes,
    }  # fmt: skip
