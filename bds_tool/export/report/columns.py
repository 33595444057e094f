"""The columns of a published table: what each means, for people, as CSV on the Web and as JSON Schema."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bds_tool.base.json_types import JsonObject
from bds_tool.base.text import language, t
from bds_tool.indicators.result import BREAKDOWNS

if TYPE_CHECKING:
    from bds_tool.export.report.book import Book

#: Columns of the machine form, with their meaning (CSVW) in Dutch and English.
COLUMNS: dict[str, tuple[str, str, str]] = {
    "indicator": ("string", "Indicator (code)", "Indicator (code)"),
    "title": ("string", "Indicator", "Indicator"),
    "theme": ("string", "Thema", "Theme"),
    "level": ("string", "Soort gebied", "Kind of area"),
    "area": ("string", "Gebied (code)", "Area (code)"),
    "area_name": ("string", "Gebied", "Area"),
    "period": ("string", "Periode", "Period"),
    "sex": ("string", "Geslacht", "Sex"),
    "education": ("string", "Opleiding ouder", "Parental education"),
    "age": ("string", "Leeftijd", "Age"),
    "origin": ("string", "Herkomst", "Origin"),
    "mother_age": ("string", "Leeftijd moeder bij de geboorte", "Age of the mother at birth"),
    "counted": ("string", "Wat is geteld", "What was counted"),
    "n": ("integer", "Aantal met gegevens", "Number with data"),
    "x": ("integer", "Waarvan voldoet (teller)", "Of these that meet it (numerator)"),
    "missing": ("integer", "Zonder gegevens", "Without data"),
    "coverage": ("number", "Vulling (% met gegevens)", "Completeness (% with data)"),
    "resident": ("integer", "Inwoners van die leeftijd", "Residents of that age"),
    "in_view": ("number", "In beeld (% van de inwoners)", "In view (% of residents)"),
    "reached": ("number", "Voldoet (% van de inwoners)", "Meet it (% of residents)"),
    "value": ("number", "Waarde", "Value"),
    "unit": ("string", "Eenheid", "Unit"),
    "lower": ("number", "Ondergrens 95 %-interval", "Lower limit of the 95 % interval"),
    "upper": ("number", "Bovengrens 95 %-interval", "Upper limit of the 95 % interval"),
    "method": ("string", "Methode van het interval", "Method of the interval"),
    "reference": ("number", "Referentie", "Reference"),
    "reference_test": ("string", "Vergelijking met de referentie", "Comparison with the reference"),
    "trend": ("string", "Trend", "Trend"),
    "reliability": ("string", "Betrouwbaarheid", "Reliability"),
    "status": ("string", "Status", "Status"),
}


def column_title(name: str) -> str:
    return COLUMNS[name][2 if language() == "en" else 1]


def csvw(book: Book, name: str) -> JsonObject:
    """CSV on the Web: what each column means, and where the figures come from."""
    facts = book.provenance()
    return {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": language()}],
        "url": name,
        "dc:title": t("Indicatoren jeugdgezondheidszorg", "Indicators of youth health care"),
        "dc:created": facts["created"],
        "dc:creator": facts["program"],
        "dc:description": " ".join(book.statement()),
        "dialect": {"delimiter": ",", "header": True, "encoding": "utf-8"},
        "tableSchema": {
            "columns": [
                {"name": c, "titles": column_title(c), "datatype": kind, "null": ""}
                for c, (kind, _, _) in COLUMNS.items()
            ],
            "primaryKey": ["indicator", "area", "period", *BREAKDOWNS],
        },
    }


def json_schema(columns: Sequence[str]) -> JsonObject:
    """JSON Schema of a data file of the site: names of the columns, then rows with a value for each, in that order."""
    kinds = {"string": ["string", "null"], "integer": ["integer", "null"], "number": ["number", "null"]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": t(
            "Cijfers van één gemeente met haar wijken, of van één indicator",
            "Figures of one gemeente with its wijken, or of one indicator",
        ),
        "description": t(
            "Een verborgen getal is null; status zegt waarom. Titels, thema's en eenheden staan in de CSV.",
            "A hidden figure is null; status tells why. Titles, themes and units are in the CSV.",
        ),
        "type": "object",
        "required": ["kolommen", "rijen"],
        "additionalProperties": False,
        "properties": {
            "kolommen": {
                "description": t("Namen van de kolommen", "Names of the columns"),
                "const": list(columns),
            },
            "rijen": {
                "description": t("Eén lijst per cijfer", "One list per figure"),
                "type": "array",
                "items": {
                    "type": "array",
                    "prefixItems": [
                        {"title": c, "description": column_title(c), "type": kinds[COLUMNS[c][0]]}
                        for c in columns
                    ],
                    "minItems": len(columns),
                    "maxItems": len(columns),
                },
            },
        },
    }
