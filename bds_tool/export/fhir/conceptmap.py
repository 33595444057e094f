"""The mapping in the forms others use: SSSOM, FHIR R4 ConceptMap, and a workbook for reviewers."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import orjson

from bds_tool.base import clock
from bds_tool.base.errors import UsageError
from bds_tool.base.files import atomic_dir, atomic_file
from bds_tool.base.json_types import Json, JsonObject
from bds_tool.base.specs import specs_dir
from bds_tool.base.text import t
from bds_tool.schema import load, newest
from bds_tool.schema.zib import Codekoppeling, Zibkaart, load_zib
from bds_tool.schema.zib.loading import MASTER, rows

#: SSSOM predicate → R4 equivalence; both read from source to target (broadMatch: the target is wider).
EQUIVALENCE = {
    "exactMatch": "equivalent",
    "broadMatch": "wider",
    "narrowMatch": "narrower",
    "relatedMatch": "relatedto",
}
BASE = "urn:oid:2.16.840.1.113883.2.4.4.40.267"
ZIB = "urn:oid:2.16.840.1.113883.2.4.3.11.60.40.1"
DATE = "2026-11-21"


def export_sssom(output: Path) -> int:
    """The SSSOM TSV as it is maintained. Returns the number of rows."""
    source = specs_dir() / "zib" / MASTER
    with atomic_file(output) as temporary:
        shutil.copyfile(source, temporary)
    return sum(1 for _ in rows(source))


def export_conceptmaps(folder: Path, release: str = "2020", *, replace: bool = False) -> list[str]:
    """One ConceptMap for the elements and one per translated list, each a JSON file. Returns the file names."""
    kaart = load_zib()
    maps = [elementen_map(kaart, release)]
    maps += [m for name in sorted(kaart.lijsten) if (m := lijst_map(kaart, name, release)) is not None]
    names = []
    with atomic_dir(folder, replace=replace) as temporary:
        for concept_map in maps:
            name = f"ConceptMap-{concept_map['id']}.json"
            (temporary / name).write_bytes(orjson.dumps(concept_map, option=orjson.OPT_INDENT_2) + b"\n")
            names.append(name)
    return names


def elementen_map(kaart: Zibkaart, release: str) -> JsonObject:
    """Elements to zib concepts. No counterpart is `unmatched`, with the difference from out of scope in the comment."""
    elements: list[Json] = []
    for row in kaart.koppelingen:
        if row.release != release:
            continue
        target: JsonObject = {"equivalence": "unmatched"}
        if row.concept:
            target = {
                "code": row.concept.removeprefix("NL-CM:"),
                "display": row.object_naam,
                "equivalence": EQUIVALENCE[row.predicaat],
            }
        comment = "; ".join(
            p for p in (row.status if not row.concept else "", row.toelichting, row.bewijs) if p
        )
        elements.append(
            {"code": str(row.bdsnummer), "display": row.naam, "target": [{**target, "comment": comment}]}
        )
    return _map(
        f"bds-elementen-zib-{release}",
        f"BDS-elementen naar zib-concepten {release}",
        [{"source": BASE, "target": ZIB, "targetVersion": release, "element": elements}],
    )


def lijst_map(kaart: Zibkaart, name: str, release: str) -> JsonObject | None:
    """A value list to its target codes, in both codings of the source; None when the release has no rows."""
    codes = kaart.lijst(name, release)
    if not codes:
        return None
    definition = load(newest())
    groups = []
    for coding in ("BDS", "HL7"):
        values = definition.waardenlijsten.get((name, coding))
        systems = {c.code: c.codesysteem for c in values.codes} if values else {}
        groups += _groups(kaart, codes, coding, systems)
    return _map(f"{name}-{release}", f"BDS-waardenlijst {name} naar zib {release}", groups)


def _groups(
    kaart: Zibkaart, codes: tuple[Codekoppeling, ...], coding: str, systems: dict[str, str]
) -> list[JsonObject]:
    found: dict[tuple[str, str], dict[str, tuple[str, list[Json]]]] = {}
    for c in codes:
        code = c.bds if coding == "BDS" else c.hl7
        if code not in systems:
            continue
        pair = (kaart.uri(systems[code]), kaart.uri(c.systeem) if c.systeem and c.systeem != "getal" else "")
        found.setdefault(pair, {}).setdefault(code, (c.naam, []))[1].extend(_targets(c))
    return [
        {
            "source": source,
            **({"target": target} if target else {}),
            "element": [
                {"code": code, **({"display": name} if name else {}), "target": targets}
                for code, (name, targets) in elements.items()
            ],
        }
        for (source, target), elements in found.items()
    ]


def _targets(c: Codekoppeling) -> list[JsonObject]:
    comment = "; ".join(p for p in (f"alleen bij {c.voorwaarde}" if c.voorwaarde else "", c.bewijs) if p)
    if not c.gemapt:
        return [{"equivalence": "unmatched", "comment": comment}]
    if c.systeem == "getal":
        return [{"equivalence": "unmatched", "comment": f"wordt het getal {c.code}; {comment}"}]
    parts = c.code.split("+")
    if len(parts) > 1:
        comment = f"samen met {' en '.join(parts)}; {comment}"
    return [{"code": p, "equivalence": c.relatie, "comment": comment} for p in parts]


def _map(sleutel: str, title: str, groups: list[JsonObject]) -> JsonObject:
    return {
        "resourceType": "ConceptMap",
        "id": sleutel,
        "url": f"{BASE}#conceptmap-{sleutel}",
        "version": DATE,
        "name": "".join(p.capitalize() for p in sleutel.split("-")),
        "title": title,
        "status": "draft",
        "date": DATE,
        "description": "Voorstel; er bestaat geen officiële mapping van de BDS naar de zibs.",
        "group": groups,
    }


def export_xlsx(output: Path) -> int:
    """A workbook: the mapping, the code maps and the concepts, with filters, for people who review in a spreadsheet."""
    try:
        import xlsxwriter
    except ImportError as error:
        raise UsageError(
            t("Een werkboek vraagt de uitbreiding xlsx.", "A workbook needs the extra xlsx."),
            t("Installeer met: pip install 'bds-tool[xlsx]'", "Install with: pip install 'bds-tool[xlsx]'"),
        ) from error
    folder = specs_dir() / "zib"
    mapping = [r for _, r in rows(folder / MASTER)]
    codes = [
        {"waardenlijst": p.stem, **r}
        for p in sorted((folder / "waardenlijsten").glob("*.tsv"))
        for _, r in rows(p)
    ]
    concepts = [r for _, r in rows(folder / "concepten.csv")]
    with atomic_file(output) as temporary:
        options = {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
        content = io.BytesIO()  # what xlsxwriter leaves open when a disk is full, is in memory
        book = xlsxwriter.Workbook(content, options)
        book.set_properties(clock.properties())
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        for title, data in (("koppelingen", mapping), ("codes", codes), ("concepten", concepts)):
            sheet = book.add_worksheet(title)
            columns = list(data[0]) if data else []
            for x, column in enumerate(columns):
                sheet.write_string(0, x, column, bold)
                sheet.set_column(x, x, min(40, max(10, *(len(r[column]) for r in data[:200]), len(column))))
            for y, row in enumerate(data, start=1):
                for x, column in enumerate(columns):
                    sheet.write_string(y, x, row[column])
            sheet.freeze_panes(1, 1)
            if data:
                sheet.autofilter(0, 0, len(data), len(columns) - 1)
        book.close()
        temporary.write_bytes(content.getbuffer())
    return len(mapping)
