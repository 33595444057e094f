"""The safe YAML loader, for which a key that is given twice is a fault: the last one would win in silence."""

from __future__ import annotations

from typing import Any

import yaml

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class DoubleKeyError(yaml.constructor.ConstructorError):
    """A key that a mapping holds twice; `problem_mark` is where the second stands."""


class StrictLoader(_Loader):  # type: ignore[misc]
    """As the safe loader; raises DoubleKeyError."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:  # noqa: ANN401 - as in PyYAML
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key.value, str):
                if key.value in seen:
                    raise DoubleKeyError(None, None, "a key twice", key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)
