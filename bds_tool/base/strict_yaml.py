"""The safe YAML loader, for which two things more are faults: a key that is given twice (the last one would win in silence),
and a whole number of more than 64 bits, which a few hexadecimal digits make and no other code can count with or print.
"""

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

    def construct_whole(self, node: Any) -> Any:  # noqa: ANN401 - as in PyYAML
        made = self.construct_yaml_int(node)
        if made.bit_length() >= 64:
            raise yaml.constructor.ConstructorError(
                None, None, "a number of more than 64 bits", node.start_mark
            )
        return made


StrictLoader.add_constructor("tag:yaml.org,2002:int", StrictLoader.construct_whole)
