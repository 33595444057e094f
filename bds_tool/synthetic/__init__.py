"""A population that is nobody's: generated dossiers, planted defects, and what they were drawn with.

Heavy libraries load on first use, so that `bds --help` stays fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bds_tool.synthetic.generate import THEMES, Generator, Request, generate

__all__ = ["THEMES", "Generator", "Request", "generate"]

_HOME = dict.fromkeys(__all__, "bds_tool.synthetic.generate")


def __getattr__(name: str) -> Any:  # noqa: ANN401  # PEP 562: the public names, loaded when asked for
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(name)
