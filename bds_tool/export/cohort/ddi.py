"""The codebook as DDI-Codebook 2.5 (ddialliance.org), which archives and catalogues read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bds_tool.base.escaping import terminal
from bds_tool.base.text import language
from bds_tool.export.cohort.codebook import Entry, law, program, shown_flow
from bds_tool.export.cohort.missing import HIGHEST, LOWEST

if TYPE_CHECKING:
    from lxml import etree

    from bds_tool.export.cohort.running import Study

NAMESPACE = "ddi:codebook:2_5"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def codebook_xml(study: Study, found: list[Entry]) -> bytes:
    """The XML. Every text is text: nothing of a definition becomes markup."""
    from lxml import etree

    root = etree.Element(
        f"{{{NAMESPACE}}}codeBook", {"version": "2.5", LANG: language()}, nsmap={None: NAMESPACE}
    )
    _study(root, study)
    text = _add(_add(root, "fileDscr", ID="F1"), "fileTxt")
    _add(text, "fileName", "studie.csv")
    _add(text, "fileStrc", type="rectangular")
    _add(text, "fileType", "CSV, Parquet, SPSS, Stata", charset="UTF-8")
    data = _add(root, "dataDscr")
    for n, entry in enumerate(found, 1):
        _variable(data, n, entry)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _add(above: etree._Element, element: str, text: str = "", /, **attributes: str) -> etree._Element:
    from lxml import etree

    made = etree.SubElement(
        above, f"{{{NAMESPACE}}}{element}", {k: terminal(v) for k, v in attributes.items()}
    )
    if text:
        made.text = terminal(text)
    return made


def _study(root: etree._Element, study: Study) -> None:
    d = study.definition
    about = _add(root, "stdyDscr")
    title = _add(_add(about, "citation"), "titlStmt")
    _add(title, "titl", d.title)
    _add(title, "IDNo", d.id, agency="bds")
    allowed = _add(about, "studyAuthorization")
    _add(allowed, "authorizingAgency", d.delivery["responsible"])
    for line in [*law(study), d.delivery["legal_basis"]]:
        _add(allowed, "authorizationStatement", line)
    info = _add(about, "stdyInfo")
    _add(info, "abstract", d.delivery["purpose"])
    _add(info, "abstract", program())
    scope = _add(info, "sumDscr")
    day = study.wishes.reference_date.isoformat()
    _add(scope, "timePrd", day, event="end", date=day)
    _add(scope, "anlyUnit", {"child": "kind", "visit": "contact", "measurement": "meetdag"}[d.row])
    for step in shown_flow(study.flow):
        _add(scope, "universe", f"{step.name}: -{step.left_out}; {step.remaining} {step.unit}", clusion="E" if step.left_out else "I")  # fmt: skip
    _add(scope, "dataKind", "registratiegegevens van de jeugdgezondheidszorg")


def _variable(data: etree._Element, number: int, entry: Entry) -> None:
    c = entry.column
    facts = {
        "ID": f"V{number}",
        "name": c.name,
        "files": "F1",
        "intrvl": "contin" if c.kind == "number" else "discrete",
        "dcml": str(c.decimals),
        "nature": "nominal" if c.measure == "nominal" else "ratio",
        "representationType": {"code": "code", "text": "text", "date": "datetime"}.get(c.kind, "numeric"),
    }
    if c.unit:
        facts["measUnit"] = c.unit
    var = _add(data, "var", "", **facts)
    _add(var, "labl", c.label)
    if c.kind == "code" and c.values:
        valid = _add(var, "valrng")
        for v in c.values:
            _add(valid, "item", VALUE=str(v.number))
    if c.kind != "text":
        _add(_add(var, "invalrng"), "range", UNITS="INT", min=str(LOWEST), max=str(HIGHEST))
    for name, value in entry.statistics.items():
        known = name in {"mean", "stdev", "medn"}
        extra = {} if known else {"otherType": name}
        _add(var, "sumStat", str(value), type=name if known else "other", **extra)
    _add(var, "txt", c.definition)
    for cell in entry.cells:
        category = _add(var, "catgry", missing="Y" if cell.missing else "N")
        if cell.value != "":
            _add(category, "catValu", str(cell.value))
        _add(category, "labl", cell.label)
        if cell.n is not None:
            _add(category, "catStat", str(cell.n), type="freq")
    for version, said in c.sources.items():
        _add(var, "concept", said, vocab=f"BDS {version}")
    _add(var, "concept", c.source, vocab=f"bron; zekerheid {c.certainty}")
    _add(var, "varFormat", "", type="character" if c.kind == "text" else "numeric")
