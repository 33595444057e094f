"""What libraries and modules work out when they are imported and a short run never asks for, worked out when it is asked.

One small file takes 90 dataclasses, for each of which Python compiles six methods, and 500 signatures of functions: a seventh
of the run. For the program `bds` only; who imports `bds_tool` keeps the standard library as it is.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Sequence
from operator import attrgetter, eq, ge, gt, le, lt
from types import FunctionType
from typing import Any

#: What makes the methods of a dataclass in Python 3.11 and 3.12, by its parameters. Later ones compile a class at once, and
#: where these are not there nothing is changed.
_MAKERS = {
    "_cmp_fn": ("name", "op", "self_tuple", "other_tuple", "globals"),
    "_hash_fn": ("fields", "globals"),
    "_repr_fn": ("fields", "globals"),
    "_frozen_get_del_attr": ("cls", "fields", "globals"),
}
_COMPARISONS = {"==": eq, "<": lt, "<=": le, ">": gt, ">=": ge}
_signature = inspect.signature


def begin() -> None:
    """From here on."""
    inspect.signature = _lazy_signature  # type: ignore[assignment]  # it takes the same
    found = {name: getattr(dataclasses, name, None) for name in _MAKERS}
    if all(isinstance(f, FunctionType) and _parameters(f) == _MAKERS[name] for name, f in found.items()):
        for name, function in zip(_MAKERS, (_compared, _hashed, _shown, _frozen), strict=True):
            setattr(dataclasses, name, function)


def _parameters(function: FunctionType) -> tuple[str, ...]:
    code = function.__code__
    return code.co_varnames[: code.co_argcount]


def _values(names: Sequence[str]) -> Callable[[object], tuple[object, ...]]:
    if not names:
        return lambda _: ()
    get = attrgetter(*names)
    return get if len(names) > 1 else lambda of: (get(of),)


def _compared(name: str, op: str, self_tuple: str, *_: object, **__: object) -> Callable[..., Any]:
    """`self_tuple` is the text of a tuple: `(self.a,self.b,)`."""
    values = _values([part.removeprefix("self.") for part in self_tuple.strip("()").split(",") if part])
    outcome = _COMPARISONS[op]

    def compare(self: object, other: object) -> Any:  # noqa: ANN401  # as Python has it
        return outcome(values(self), values(other)) if other.__class__ is self.__class__ else NotImplemented

    compare.__name__ = name
    return compare


def _hashed(fields: Sequence[dataclasses.Field[Any]], _globals: object) -> Callable[[object], int]:
    values = _values([f.name for f in fields])

    def __hash__(self: object) -> int:  # noqa: N807  # its name is that of the method
        return hash(values(self))

    return __hash__


def _shown(fields: Sequence[dataclasses.Field[Any]], _globals: object) -> Callable[[object], str]:
    from reprlib import recursive_repr

    def __repr__(self: object) -> str:  # noqa: N807  # as above
        told = ", ".join(f"{f.name}={getattr(self, f.name)!r}" for f in fields)
        return f"{self.__class__.__qualname__}({told})"

    return recursive_repr()(__repr__)


def _frozen(
    cls: type, fields: Sequence[dataclasses.Field[Any]], _globals: object
) -> tuple[Callable[..., None], Callable[..., None]]:
    names = {f.name for f in fields}

    def __setattr__(self: object, name: str, value: object) -> None:  # noqa: N807  # as above
        if type(self) is cls or name in names:
            raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
        super(cls, self).__setattr__(name, value)  # type: ignore[arg-type]

    def __delattr__(self: object, name: str) -> None:  # noqa: N807  # as above
        if type(self) is cls or name in names:
            raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
        super(cls, self).__delattr__(name)  # type: ignore[arg-type]

    return __setattr__, __delattr__


class _Later(inspect.Signature):
    """The signature of a function, worked out when it is looked at."""

    __slots__ = ("_of",)

    def __init__(self, of: Callable[..., Any]) -> None:
        self._of = of

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # one of the two facts of a signature
        if name not in {"_parameters", "_return_annotation"}:
            raise AttributeError(name)
        found: Any = _signature(self._of)
        self._parameters, self._return_annotation = found.parameters, found.return_annotation
        return getattr(self, name)

    def replace(self, **changed: Any) -> inspect.Signature:  # type: ignore[override]  # noqa: ANN401  # as its base
        return _signature(self._of).replace(**changed)


def _lazy_signature(function: Callable[..., Any], /, **options: Any) -> inspect.Signature:  # noqa: ANN401  # as above
    polars = isinstance(function, FunctionType) and function.__module__.startswith("polars.")
    return _Later(function) if polars and not options else _signature(function, **options)
