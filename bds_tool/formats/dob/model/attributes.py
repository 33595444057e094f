"""Judging the attributes of an element by its type in the schema, and what xsi:type and xsi:nil make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bds_tool.formats.dob.model.content import HL7, NL
from bds_tool.formats.dob.model.faults import Fault
from bds_tool.formats.dob.model.paths import XSI, type_of
from bds_tool.formats.dob.model.simple import collapsed

if TYPE_CHECKING:
    from lxml.etree import _Element

    from bds_tool.formats.dob.model.tables import Model, Type

_TYPE, _NIL = XSI + "type", XSI + "nil"
_FREE = frozenset({XSI + "schemaLocation", XSI + "noNamespaceSchemaLocation"})
#: Pairs of attribute and value that are remembered for a type.
_MOST = 20_000


class Attributes:
    """The attributes of one model. A pair that was right once is kept with its type and costs nothing again."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def faults(self, e: _Element, type_: Type, name: str, value: str, *, nillable: bool) -> list[Fault]:
        """What is wrong with one attribute."""
        if name[0] == "{":
            return self._of_instance(e, type_, name, value, nillable=nillable)
        use = type_.attributes.get(name)
        if use is None:
            return [Fault("attribute", e, "@" + name)]
        form = self._model.forms[use.form]
        if use.fixed is not None and collapsed(value) != use.fixed:
            return [Fault("fixed", e, "@" + name, (use.fixed,), value)]
        if not form(value):
            words = self._model.forms.values(use.form)
            if words:
                return [Fault("enumerated", e, "@" + name, tuple(sorted(words)), value)]
            return [Fault("form", e, "@" + name, (use.form,), value)]
        if len(type_.right) >= _MOST:
            type_.right.clear()
        type_.right.add((name, value))
        return []

    def _of_instance(self, e: _Element, type_: Type, name: str, value: str, *, nillable: bool) -> list[Fault]:
        if name in _FREE:
            return []
        if name == _NIL:
            if not nillable:
                return [Fault("attribute", e, "@xsi:nil")]
            return (
                []
                if collapsed(value) in {"true", "false", "1", "0"}
                else [Fault("form", e, "@xsi:nil", ("xs:boolean",))]
            )
        if name != _TYPE:
            return [Fault("attribute", e, "@" + name.rpartition("}")[2])]
        # A type that stands in for another was settled by `substituted`; here it must be the type itself.
        return [] if self._named(e) == type_.name else [Fault("type", e, "@xsi:type", (type_.name,), value)]

    def missing(self, e: _Element, type_: Type) -> list[Fault]:
        """The attributes that the type demands and the element lacks."""
        return [Fault("attribute_missing", e, "@" + n) for n in type_.required if e.get(n) is None]

    def is_nil(self, e: _Element) -> bool:
        given = e.get(_NIL)
        return given is not None and collapsed(given) in {"true", "1"}

    def substituted(self, e: _Element, declared: Type, found: list[Fault]) -> Type | None:
        """The type that holds for an element: its xsi:type when that may stand here, else the declared one."""
        given = e.get(_TYPE)
        if given is None:
            if declared.abstract:
                found.append(Fault("type", e, "@xsi:type", (declared.name,)))
                return None
            return declared
        name = self._named(e)
        types = self._model.types
        if name == declared.name and not declared.abstract:
            return declared
        if (
            name is None
            or name not in types
            or not types.derives(name, declared.name)
            or types[name].abstract
        ):
            found.append(Fault("type", e, "@xsi:type", (declared.name,), given))
            return None
        return types[name]

    def _named(self, e: _Element) -> str | None:
        """xsi:type as the tables name it; None when it names nothing here. Blanks around it are refused."""
        given = e.get(_TYPE) or ""
        if given != given.strip(" \t\r\n"):
            return None
        resolved = type_of(e)
        if resolved is None:
            return None
        space, name = resolved
        if space == HL7[1:-1]:
            return name
        return f"hl7nl:{name}" if space == NL[1:-1] else None
