"""The entry of a published site in a catalogue of data sets (DCAT-AP), as JSON-LD."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bds_tool.base.json_types import JsonObject
from bds_tool.base.text import language, t
from bds_tool.export.report.book import Book
from bds_tool.export.report.style import Style

_TYPES = {
    "csv": ("text/csv", "CSV"),
    "json": ("application/json", "JSON"),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "XLSX"),
}
_EU = "http://publications.europa.eu/resource/authority"


def entry(book: Book, style: Style, files: Iterable[str], title: str) -> JsonObject:
    """One dataset with a distribution per file. Addresses are relative: whoever publishes the site sets `@base`.

    What is not known is not there: without a licence in the settings the entry names none.
    """
    facts = book.provenance()
    tongue = "ENG" if language() == "en" else "NLD"
    meta = book.result.meta
    period: Mapping[str, object] = meta.get("period", {})
    dataset: JsonObject = {
        "@id": "#dataset",
        "@type": "dcat:Dataset",
        "dct:title": {"@language": language(), "@value": title},
        "dct:description": {
            "@language": language(),
            "@value": t(
                "Beveiligde cijfers uit de dossiers van de jeugdgezondheidszorg. ",
                "Protected figures from records of youth health care. ",
            )
            + " ".join(book.statement()[:1]),
        },
        "dct:identifier": f"bds-{str(facts['created'])[:10]}",
        "dct:issued": {"@type": "xsd:date", "@value": str(facts["created"])[:10]},
        "dct:language": {"@id": f"{_EU}/language/{tongue}"},
        "dct:accessRights": {"@id": f"{_EU}/access-right/PUBLIC"},
        "dcat:theme": {"@id": f"{_EU}/data-theme/HEAL"},
        "dct:spatial": {"@id": f"{_EU}/country/NLD"},
        "dcat:keyword": [
            {"@language": "nl", "@value": w} for w in ("jeugdgezondheidszorg", "jeugd", "gezondheid")
        ],
        "dcat:distribution": [_distribution(name, style) for name in sorted(files)],
    }
    if "from" in period:
        dataset["dct:temporal"] = {
            "@type": "dct:PeriodOfTime",
            "dcat:startDate": {"@type": "xsd:date", "@value": f"{period['from']}-01-01"},
            "dcat:endDate": {"@type": "xsd:date", "@value": f"{period['to']}-12-31"},
        }
    if style.publisher:
        dataset["dct:publisher"] = {"@type": "foaf:Organization", "foaf:name": style.publisher}
    if style.contact:
        dataset["dcat:contactPoint"] = {"@type": "vcard:Organization", "vcard:fn": style.contact}
    return {
        "@context": {
            "dcat": "http://www.w3.org/ns/dcat#",
            "dct": "http://purl.org/dc/terms/",
            "foaf": "http://xmlns.com/foaf/0.1/",
            "vcard": "http://www.w3.org/2006/vcard/ns#",
            "xsd": "http://www.w3.org/2001/XMLSchema#",
        },
        "@id": "#catalog",
        "@type": "dcat:Catalog",
        "dct:title": {"@language": language(), "@value": title},
        "dcat:dataset": [dataset],
    }


def _distribution(name: str, style: Style) -> JsonObject:
    media, kind = _TYPES[name.rsplit(".", 1)[-1]]
    made: JsonObject = {
        "@type": "dcat:Distribution",
        "@id": f"#{name}",
        "dct:title": name,
        "dcat:accessURL": {"@id": name},
        "dcat:downloadURL": {"@id": name},
        "dct:format": {"@id": f"{_EU}/file-type/{kind}"},
        "dcat:mediaType": {"@id": f"https://www.iana.org/assignments/media-types/{media}"},
    }
    if style.license:
        made["dct:license"] = {"@id": style.license}
    if name.endswith(".csv"):
        made["dct:conformsTo"] = {"@id": f"{name}-metadata.json"}
    return made
