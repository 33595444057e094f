"""`bds`: toolkit for registration data of Dutch youth health care (Basisdataset JGZ).

From Python: `import bds_tool as bds`, then `bds.validate("export.csv")`; see `bds_tool.api`.
"""

from __future__ import annotations

import sys
from types import ModuleType

TYPE_CHECKING = (
    False  # as in typing, which would take longer to import than all else before a Ctrl-C is heard
)
if TYPE_CHECKING:
    from bds_tool.api import (
        Definition,
        UserError,
        compute,
        contract,
        convert,
        definition,
        json_schema,
        migrate,
        newest,
        protect,
        read,
        validate,
        versions,
    )

__version__ = "0.2.0"
__all__ = [
    "Definition",
    "UserError",
    "compute",
    "contract",
    "convert",
    "definition",
    "json_schema",
    "migrate",
    "newest",
    "protect",
    "read",
    "validate",
    "versions",
]


def __getattr__(name: str) -> object:
    """The names of `bds_tool.api`, loaded when the first is used: the program itself needs none of them."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from bds_tool import api

    return getattr(api, name)


class _Package(ModuleType):
    """Two rooms have the name of a verb. Importing a room would put it in the place of the function; here it does not."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in __all__ and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
