"""The mapping of BDS elements to zib concepts, as data, and what can be said about it."""

from bds_tool.schema.zib.checking import check, checked
from bds_tool.schema.zib.coverage import KLASSEN, dekking, klasse, per_rubriek, per_zib
from bds_tool.schema.zib.loading import load_zib
from bds_tool.schema.zib.model import BEWEZEN, RELEASES, Codekoppeling, Concept, Koppeling, Zib, Zibkaart

__all__ = [
    "BEWEZEN",
    "KLASSEN",
    "RELEASES",
    "Codekoppeling",
    "Concept",
    "Koppeling",
    "Zib",
    "Zibkaart",
    "check",
    "checked",
    "dekking",
    "klasse",
    "load_zib",
    "per_rubriek",
    "per_zib",
]
