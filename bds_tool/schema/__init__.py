"""The BDS itself: definitions in every version, their differences, protocols and mappings."""

from bds_tool.schema.loading import is_draft, load, newest, versions
from bds_tool.schema.model import Cardinality, Code, Definition, Element, Groep, Rubriek, Waardenlijst

__all__ = [
    "Cardinality",
    "Code",
    "Definition",
    "Element",
    "Groep",
    "Rubriek",
    "Waardenlijst",
    "is_draft",
    "load",
    "newest",
    "versions",
]
