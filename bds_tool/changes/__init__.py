"""Change packages: the one source for checking a new BDS version and for migrating data to it."""

from bds_tool.changes.apply import ApplyProblem, apply_package, write_definition
from bds_tool.changes.dumping import dump_package
from bds_tool.changes.loading import find, load_package, packages, parse_package
from bds_tool.changes.new import start_package
from bds_tool.changes.package import (
    ACTIONS,
    SETTLED,
    Afschaffing,
    Geraakt,
    Omrekening,
    Pakket,
    Regel,
    Verschil,
    Verzoek,
    Voorbeeld,
    Wijziging,
)
from bds_tool.changes.plan import Plan, compile_plan
from bds_tool.changes.saving import save_package

__all__ = [
    "ACTIONS",
    "SETTLED",
    "Afschaffing",
    "ApplyProblem",
    "Geraakt",
    "Omrekening",
    "Pakket",
    "Plan",
    "Regel",
    "Verschil",
    "Verzoek",
    "Voorbeeld",
    "Wijziging",
    "apply_package",
    "compile_plan",
    "dump_package",
    "find",
    "load_package",
    "packages",
    "parse_package",
    "save_package",
    "start_package",
    "write_definition",
]
