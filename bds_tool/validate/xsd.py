"""Checking messages against the XML schemas of Nictiz, when a folder with them is given (`--xsd`)."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bds_tool.base.errors import UsageError
from bds_tool.base.text import t
from bds_tool.findings.result import XSD_MISSING as MISSING
from bds_tool.validate.message import place

if TYPE_CHECKING:
    from lxml.etree import XMLSchema, _Element

    from bds_tool.schema.model import Definition
    from bds_tool.store.sources import Sink

#: How the folder reaches worker processes, which start with a copy of the environment.
VARIABLE = "BDS_XSD"
_NAME = re.compile(r"Element '(?:\{[^}]*\})?([^']*)'")
_ATTRIBUTE = re.compile(r"attribute '(?:\{[^}]*\})?([^']*)'")
_EXPECTED = re.compile(r"Expected is (?:one of )?\(([^)]*)\)")
_EACH = re.compile(r"(?:\{[^}]*\})?([A-Za-z][\w.-]*)")


def use(folder: Path) -> None:
    """Check messages read from now on against the schemas in this folder. Raises UsageError when it holds none."""
    if not folder.is_dir() or next(folder.rglob("*.xsd"), None) is None:
        raise UsageError(
            t(f"In {folder} staan geen XML-schema's (.xsd).", f"{folder} holds no XML schemas (.xsd)."),
            t(
                "Wijs de map aan met REPC_IN902120NL03.xsd.",
                "Point at the folder that holds REPC_IN902120NL03.xsd.",
            ),
        )
    os.environ[VARIABLE] = str(folder.resolve())


@lru_cache(maxsize=8)
def _schema(folder: str, name: str) -> XMLSchema | None:
    from lxml import etree

    path = next(Path(folder).rglob(f"{name}.xsd"), None)
    if path is None:
        return None
    parser = etree.XMLParser(no_network=True, resolve_entities=False)
    return etree.XMLSchema(etree.parse(str(path), parser))


def inspect(root: _Element, sink: Sink, definition: Definition) -> None:
    """One remark per place where the message breaks its schema. Texts of the library quote values and stay out."""
    del definition
    name = str(root.tag).rsplit("}", 1)[-1]
    schema = _schema(os.environ.get(VARIABLE, ""), name)
    if schema is None:
        sink.melding(MISSING, regel=root.sourceline, ontbreekt=f"{name}.xsd")
        return
    if schema.validate(root):
        return
    seen: set[tuple[int, str, str]] = set()
    dossier: Any = sink.rows[-1][0] if sink.rows else None
    log: Any = schema.error_log
    for error in log:
        kind = error.type_name.removeprefix("SCHEMAV_").lower().replace("_", " ")
        element = _NAME.search(error.message)
        told = element[1] if element else "?"
        if (error.line, kind, told) in seen:
            continue
        seen.add((error.line, kind, told))
        expected = _EXPECTED.search(error.message)
        attribute = _ATTRIBUTE.search(error.message)
        more: dict[str, Any] = {"attribuut": attribute[1]} if attribute else {}
        if expected:
            more["verwacht"] = " | ".join(_EACH.findall(expected[1]))
        sink.melding(
            "BDS890",
            dossier_id=dossier,
            regel=error.line,
            pad=_place(root, error.path),
            soort=kind,
            element=told,
            **more,
        )


def _place(root: _Element, path: str | None) -> str | None:
    """The path of the library, which numbers its steps, as a path of names."""
    found = root.getroottree().xpath(path) if path else []
    return place(found[0]) if isinstance(found, list) and found else None
