"""What is given on the command line as values of Python, without the library that the parser uses for it.

Text, paths, numbers and lists of these are all that commands here ask for. For what is not plainly one of those (a
number that is none, a path that may not be read) the parser does it its own way and has its own say; only then its
library is loaded, which takes longer than all that `bds rule` does.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, get_args, get_origin

#: What a value is when the parser must say what it is.
_ELSE = object()
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")


class Plain:
    """In place of what the parser makes for a parameter; `own` gives that."""

    def __init__(self, own: Any) -> None:  # noqa: ANN401
        self._own = own

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:  # noqa: ANN401
        """The value of a parameter: None and () for what was not given. Raises what the parser raises."""
        given = param.type_descriptor
        several = param.multiple or param.nargs == -1
        if value is None:
            return () if several else None
        made: Any = _ELSE
        if not several:
            made = _one(value, given.annotation, given.parameter_info)
        elif get_origin(given.annotation) is list and isinstance(value, (list, tuple)):
            kind = get_args(given.annotation)[0]
            items = [_one(item, kind, given.parameter_info) for item in value]
            made = _ELSE if any(item is _ELSE for item in items) else items
        return self._own().coerce(value, param=param, ctx=ctx) if made is _ELSE else made


def plainly(param: Any) -> None:  # noqa: ANN401
    """Have a parameter of the parser take plain values by itself. Does nothing where the parser works otherwise."""
    own = getattr(param, "get_runtime_param", None)
    if own is not None and hasattr(param, "type_descriptor"):
        plain = Plain(own)
        param.get_runtime_param = lambda: plain


def _one(value: Any, kind: Any, info: Any) -> Any:  # noqa: ANN401
    if info.parser is not None or not isinstance(value, (str, Path, int)):
        return _ELSE
    if isinstance(value, bool):
        return value if kind is bool else _ELSE
    if kind is str and isinstance(value, str) and not _of_path(info):
        return value
    if kind is int and info.clamp is not True:
        return _integer(value, info)
    return _path(value, info) if kind is Path else _ELSE


def _integer(value: Any, info: Any) -> Any:  # noqa: ANN401
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        value = int(value)
    if not isinstance(value, int):
        return _ELSE
    low, high = info.min, info.max
    return value if (low is None or value >= low) and (high is None or value <= high) else _ELSE


def _of_path(info: Any) -> bool:  # noqa: ANN401
    """Whether more is asked of a path than that it may be read."""
    return bool(
        info.exists
        or info.writable
        or info.resolve_path
        or info.allow_dash
        or info.path_type
        or not (info.file_okay and info.dir_okay)
    )


def _path(value: Any, info: Any) -> Any:  # noqa: ANN401
    if _of_path(info) or isinstance(value, int):
        return _ELSE
    try:
        Path(value).stat()
    except OSError:
        return Path(value)
    except ValueError:
        return _ELSE
    return Path(value) if not info.readable or os.access(value, os.R_OK) else _ELSE
