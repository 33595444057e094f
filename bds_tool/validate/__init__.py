"""Rules, findings and their reports.

Names are loaded when asked for, so that importing the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bds_tool.findings.catalogue import Catalogue, Rule, load_rules
    from bds_tool.findings.result import Result, load
    from bds_tool.validate.contracts import check, contract
    from bds_tool.validate.engine import Options, validate
    from bds_tool.validate.run import Request, judge

__all__ = [
    "Catalogue",
    "Options",
    "Request",
    "Result",
    "Rule",
    "check",
    "contract",
    "judge",
    "load",
    "load_rules",
    "validate",
]

_HOMES = {
    "Catalogue": "catalogue",
    "Rule": "catalogue",
    "load_rules": "catalogue",
    "contract": "contracts",
    "check": "contracts",
    "Options": "engine",
    "validate": "engine",
    "Result": "result",
    "load": "result",
    "Request": "run",
    "judge": "run",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name not in _HOMES:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(f"bds_tool.validate.{_HOMES[name]}"), name)
