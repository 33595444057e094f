"""Python source with one Pandera schema per rubriek, for tables with a column `bds_<number>` per element."""

from __future__ import annotations

from bds_tool.base.errors import UsageError
from bds_tool.base.text import t
from bds_tool.schema.bindings import WHOLE, binding
from bds_tool.schema.coding import code_pairs
from bds_tool.schema.loading import load
from bds_tool.schema.model import Definition, Element

CODINGS = ("BDS", "HL7")
_DATE = r"^\d{4}(-\d{2}(-\d{2}(T\d{2}:\d{2}(:\d{2})?)?)?)?$"


def pandera_code(version: str, coding: str = "BDS") -> str:
    """A module that needs only pandera and polars; every column may be absent and every value may be missing.

    Codes are those of the data set (`BDS`) or of the message (`HL7`). Numbers are in the unit of the BDS.
    """
    if coding not in CODINGS:
        raise UsageError(
            t(f"Codering {coding} bestaat niet.", f"Coding {coding} does not exist."),
            t("Kies uit: BDS, HL7.", "Choose one of: BDS, HL7."),
        )
    definition = load(version)
    parts = [
        f'"""Contracts of BDS {version} ({definition.datum}), one per rubriek; codes of the {coding} coding.',
        "",
        f"Made by `bds spec export pandera --bds {version}`; change the definitions, not this file.",
        'Use: `R027.validate(frame)`; `SCHEMAS["R027"]` finds a schema by number.',
        '"""',
        "",
        "import pandera.polars as pa",
        "import polars as pl",
        "",
        f'BDS_VERSION = "{version}"',
        "",
    ]
    numbers = []
    for rubriek in definition.rubrieken.values():
        members = [e for e in definition.in_bericht.values() if e.rubriek == rubriek.rubriek]
        if members:
            numbers.append(rubriek.rubriek)
            parts += ["", *_schema(definition, rubriek.rubriek, rubriek.naam, members, coding)]
    parts += ["", "SCHEMAS = {"]
    parts += [f'    "{n}": {n},' for n in numbers]
    return "\n".join([*parts, "}", ""])


def _schema(definition: Definition, number: str, naam: str, members: list[Element], coding: str) -> list[str]:
    lines = [f"{number} = pa.DataFrameSchema(", "    {"]
    for e in members:
        dtype, checks = _column(definition, e, coding)
        title = e.naam + (f" ({e.eenheid})" if e.eenheid else "")
        listed = f", checks=[{', '.join(checks)}]" if checks else ""
        coerce = ", coerce=True" if dtype in {"pl.Float64", "pl.Boolean"} else ""
        lines.append(
            f'        "bds_{e.bdsnummer}": pa.Column('
            f"{dtype}, nullable=True, required=False{coerce}, title={title!r}{listed}),"
        )
    return [*lines, "    },", f'    name="{number}",', f"    title={naam!r},", ")"]


def _column(definition: Definition, e: Element, coding: str) -> tuple[str, list[str]]:
    kind = e.datatype or e.hl7_datatype
    if kind in {"PQ", "INT"}:
        checks = []
        if e.minimum is not None:
            checks.append(f"pa.Check.ge({e.minimum})")
        if e.maximum is not None:
            checks.append(f"pa.Check.le({e.maximum})")
        return "pl.Float64", checks
    if kind == "BL":
        return "pl.Boolean", []
    if kind == "TS":
        return "pl.String", [f"pa.Check.str_matches(r{_DATE!r})".replace("\\\\", "\\")]
    if e.coded:
        bound = binding(definition, e, coding)
        if bound is None or bound.state != WHOLE:
            return (
                "pl.String",
                [],
            )  # of such a list not every code is known, and what is unknown is not refused
        sides = (p.bds if coding == "BDS" else p.hl7 for p in code_pairs(definition, e.waardenlijst))
        codes = list(dict.fromkeys(c.code for c in sides if c and c.code))
        return "pl.String", [f"pa.Check.isin({codes!r})"] if codes else []
    if e.max_lengte:
        return "pl.String", [f"pa.Check.str_length(max_value={e.max_lengte})"]
    return "pl.String", []
