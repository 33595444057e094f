"""All checks over complete dossiers."""

from bds_tool.validate.checks import (
    between,
    cardinality,
    longitudinal,
    placed,
    privacy,
    protocol,
    protocol_rules,
    time,
    wire,
)
from bds_tool.validate.checks.base import REGISTER as CHECKS

#: The modules whose import fills the register; named here so that none can be dropped as an unused import.
MODULES = (between, cardinality, longitudinal, placed, privacy, protocol, protocol_rules, time, wire)

__all__ = ["CHECKS", "MODULES"]
