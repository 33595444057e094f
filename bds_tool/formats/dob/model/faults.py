"""The faults that a judge finds, and how those of one cause become one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bds_tool.formats.dob.model.demands import Count
from bds_tool.formats.dob.model.paths import Condition, Step

if TYPE_CHECKING:
    from lxml.etree import _Element

    from bds_tool.formats.dob.model.content import Misfit
    from bds_tool.formats.dob.model.tables import Demand

ROLES = ("error", "warning", "info")
#: Kinds of conditions on the value of an element.
_OF_VALUE = frozenset({"code", "list", "codeof", "nf"})
#: Kinds that tell that a child lacks or does not fit, and thereby explain a template that misses it.
_CHILDREN = frozenset({"unknown", "early", "late", "instead", "often", "missing"})


@dataclass(slots=True, eq=False)
class Fault:
    """One fault. `kind`: unknown, early, late, instead, often, missing (children); attribute, attribute_missing,
    fixed, enumerated, form, type, text (schema); differs, value, listed, flavour, special … (templates).

    `subject` is the child or `@attribute` concerned; `names` what was expected; `found` the value that stood there,
    which may belong to a child's record. `rule`: id of a demand of a data type or one of its own, `general` its
    kind, `also` other demands that the same node breaks.
    """

    kind: str
    element: _Element
    subject: str = ""
    names: tuple[str, ...] = ()
    found: str | None = None
    role: str = "error"
    rule: str = ""
    parent: _Element | None = None
    general: str = ""
    also: tuple[str, ...] = ()
    explains: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of_child(cls, e: _Element, misfit: Misfit, children: list[_Element]) -> Fault:
        at = e if misfit.at is None else children[misfit.at]
        names = tuple(local(n) for n in misfit.names)
        if misfit.kind == "missing":
            return cls("missing", at, names[0] if names else "", names, parent=e, explains=frozenset(names))
        subject = local(misfit.tag)
        return cls(misfit.kind, at, subject, names, parent=e, explains=frozenset((*names, subject)))

    @classmethod
    def of_demand(cls, e: _Element, demand: Demand) -> Fault:
        kind = {
            "fixed_attribute": "fixed",
            "attribute_in": "enumerated",
            "attribute_tokens_in": "enumerated",
            "mandatory_attribute": "attribute_missing",
            "type_present": "attribute_missing",
            "no_content": "content",
        }.get(demand.kind, demand.kind)
        name = demand.target.partition(" ")[0].partition("+")[0].lstrip("@")
        found = e.get(name)
        if kind == "fixed" and found is None and demand.absent == "no":
            kind = "attribute_missing"
        if kind == "attribute_missing":
            lacking = [n for n in demand.target.split() if _lacks(e, n)]
            return cls(kind, e, lacking[0] if lacking else demand.target, role=demand.role)
        return cls(
            kind, e, "@" + name if name != "*" else "", tuple(demand.value.split()), found, demand.role
        )

    @classmethod
    def of_flavour(cls, e: _Element, rule: str, demand: Demand) -> Fault:
        names = (demand.value,) if demand.value else ()
        return cls("flavour", e, demand.target, names, _value(e), demand.role, rule, general=demand.kind)

    @classmethod
    def of_count(cls, e: _Element, counted: Count, children: dict[str, list[_Element]]) -> Fault:
        """A child too often or too seldom; when one is there that only deviates, the fault is that deviation."""
        demand = counted.demand
        names = tuple(dict.fromkeys(local(tag) for tag, _, _ in counted.alternatives))
        if counted.most is not None:
            at = next((c for tag, _, _ in counted.alternatives for c in reversed(children.get(tag, ()))), e)
            return cls(
                "often",
                at,
                names[0],
                (str(counted.most),),
                role=demand.role,
                parent=e,
                explains=frozenset(names),
            )
        best: tuple[int, _Element, Step, tuple[int, ...]] | None = None
        ties: list[str] = []
        for tag, tests, wanted in counted.alternatives:
            for child in children.get(tag, ()):
                broken = tuple(i for i, test in enumerate(tests) if not test(child))
                if broken and (best is None or len(broken) < best[0]):
                    best, ties = (len(broken), child, wanted, broken), []
                elif broken and best is not None and child is best[1] and len(broken) == best[0] == 1:
                    ties.append(shown(wanted.groups[broken[0]]))
        if best is None:
            return cls("missing", e, names[0], names, role=demand.role, parent=e, explains=frozenset(names))
        _, child, wanted, broken = best
        groups = [wanted.groups[i] for i in broken]
        return cls(
            "differs",
            child,
            names[0],
            (" | ".join([shown(groups[0]), *ties]), *(shown(g) for g in groups[1:])),
            # of another value the child itself is told; of another attribute it is not its value that is wrong
            _value(child) if any(c.kind in _OF_VALUE for g in groups for c in g) else None,
            role=demand.role,
            parent=e,
            explains=frozenset(names),
        )


def _value(e: _Element) -> str | None:
    """What a data type holds: the first of its attributes that is a value."""
    return next((v for v in map(e.get, ("value", "extension", "code")) if v is not None), None)


def _lacks(e: _Element, target: str) -> bool:
    from bds_tool.formats.dob.model.paths import qualified

    return e.get(qualified(target[1:])) is None


def local(tag: str) -> str:
    """A name without its namespace."""
    return tag.rpartition("}")[2]


def shown(group: tuple[Condition, ...]) -> str:
    """The alternatives of a condition as people write a path: `code[@code=R018]`."""
    return " | ".join(_condition(c) for c in group[:4]) + (" | …" if len(group) > 4 else "")


def _condition(condition: Condition) -> str:
    name = condition.name.replace("{http://www.w3.org/2001/XMLSchema-instance}", "xsi:")
    match condition.kind:
        case "has":
            return f"@{name}"
        case "lacks":
            return f"!@{name}"
        case "in":
            return f"@{name}={','.join(condition.values)}"
        case "holds" | "holds-not":
            return f"{'!' if condition.kind == 'holds-not' else ''}@{name}~{condition.values[0]}"
        case "code":
            return f"code={condition.values[0]}"
        case "child":
            inner = condition.child
            assert inner is not None  # noqa: S101  # by construction
            return local(inner.tag) + "".join(f"[{shown(g)}]" for g in inner.groups)
        case "nf":
            return f"nullFlavor={name}"
        case "type":
            return f"xsi:type={name}"
        case kind:
            return f"{kind}={name}"


def merged(found: list[Fault], root: _Element) -> list[Fault]:
    """One fault per cause, in the order of the document.

    A fault of the schema explains what templates say of the same child or attribute; a child that deviates
    explains that its parent misses it; several demands of one data type at one node are one fault.
    """
    if not found:
        return found
    at_child: set[tuple[_Element | None, str]] = set()
    at_element: dict[_Element, set[str]] = {}
    kept: list[Fault] = []
    ordered = sorted(found, key=_rank)
    flavours: dict[tuple[_Element, str], Fault] = {}
    for fault in ordered:
        if fault.kind == "flavour":
            first = flavours.setdefault((fault.element, fault.role), fault)
            if first is not fault:
                if fault.rule != first.rule and fault.rule not in first.also:
                    first.also = (*first.also, fault.rule)
                continue
        if _explained(fault, at_child, at_element):
            continue
        kept.append(fault)
        if fault.role == "error":
            if fault.kind in _CHILDREN or fault.kind == "differs":
                at_child.update((fault.parent, n) for n in fault.explains)
            at_element.setdefault(fault.element, set()).add(fault.subject)
    order = {e: i for i, e in enumerate(root.iter())} if len(kept) > 1 else {}
    return sorted(kept, key=lambda f: order.get(f.element, 0))


def _rank(fault: Fault) -> tuple[int, int]:
    kinds = {"differs": 3, "special": 4, "flavour": 2}
    schema = fault.kind in _CHILDREN or fault.kind in {"attribute", "text"}
    return ROLES.index(fault.role), kinds.get(fault.kind, 0 if schema else 1)


def _explained(
    fault: Fault, at_child: set[tuple[_Element | None, str]], at_element: dict[_Element, set[str]]
) -> bool:
    if fault.role != "error":
        return False
    e, subject = fault.element, fault.subject
    here = at_element.get(e, set())
    if fault.kind in {"missing", "often", "differs"}:
        if (fault.parent, subject) in at_child:
            return True
        # a child that is wrong itself is not counted by the template of its parent
        return fault.kind == "differs" and bool(here)
    if fault.kind == "flavour":
        return bool(here)
    return subject != "" and subject in here
