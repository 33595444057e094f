"""The page of `bds compare`: one HTML file without network or script, without keys and values unless they are asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bds_tool.base.json_types import JsonObject
from bds_tool.base.text import t
from bds_tool.export.comparing.pairing import DIFFERS, LEFT, RIGHT, SAME
from bds_tool.export.comparing.running import CODING, UNIT, VERSION
from bds_tool.export.page import rendered
from bds_tool.validate.tables import element_name

if TYPE_CHECKING:
    from bds_tool.export.comparing.running import Compared


def page(found: Compared, elements: list[JsonObject], each: list[JsonObject], *, values: bool) -> str:
    """The whole page: counts, what explains them, per element, and of `each` difference its place. Needs jinja2 (extra `report`)."""
    columns = {
        SAME: t("gelijk", "same"), DIFFERS: t("verschilt", "differs"), LEFT: t("alleen links", "left only"),
        RIGHT: t("alleen rechts", "right only"), VERSION: t("bewaard buiten de BDS", "kept outside the BDS"),
        "lost": t("niet over te zetten", "cannot be moved"), UNIT: t("in een andere eenheid", "in another unit"),
        CODING: t("anders geschreven", "written otherwise"),
    }  # fmt: skip
    otherwise = {k: sum(n.values()) for k, n in found.same_otherwise().items()}
    return rendered(
        Path(__file__).parent / "templates" / "vergelijking.html", found=found, counts=found.counts(),
        columns=columns, elements=elements, each=each, heads=list(each[0]) if each else [], otherwise=otherwise,
        lost=sum(found.lost.values()), name=element_name, values=values,
    )  # fmt: skip
