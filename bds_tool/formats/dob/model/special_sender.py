"""Demands that fit no shape on the envelope of a message, and on who sends it (authors, overseers)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from bds_tool.formats.dob.model.content import HL7

if TYPE_CHECKING:
    from lxml.etree import _Element

    from bds_tool.formats.dob.model.tables import Message

Special = Callable[["_Element", "Message"], bool]
BSN = "2.16.840.1.113883.2.4.6.3"
_APPLICATION = "2.16.840.1.113883.2.4.6.6"
_URA, _UZI, _UZI_SYSTEM = "2.16.528.1.1007.3.3", "2.16.528.1.1007.3.1", "2.16.528.1.1007.3.2"
_ATTENTION = "2.16.840.1.113883.2.4.15.1"
_LOGIN = "2.16.840.1.113883.2.4.3.11.8"
_VEKTIS = "2.16.840.1.113883.2.4.3.11"
_PKI = "2.16.528.1.1003.1.3.5.4.1"
#: Messages of which the table of interactions says that they carry a BSN.
_WITH_BSN = frozenset({"3.2.7", "vaccinaties", "hielprik", "opvragen"})


def below(e: _Element, path: str) -> Iterator[_Element]:
    """The elements at a path of names of urn:hl7-org:v3 below a node."""
    tags = _tags(path)
    found: Iterable[_Element] = (e,)
    for tag in tags[:-1]:
        found = [c for f in found for c in f.iterchildren(tag)]
    for above in found:
        yield from above.iterchildren(tags[-1])


@lru_cache(maxsize=256)
def _tags(path: str) -> tuple[str, ...]:
    return tuple(step if step == "*" else HL7 + step for step in path.split("/"))


def there(e: _Element, path: str) -> bool:
    return next(below(e, path), None) is not None


def coded(e: _Element | None, code: str, system: str) -> bool:
    return e is not None and (e.get("code"), e.get("codeSystem")) == (code, system)


# ---- the envelope -----------------------------------------------------------------------------------------------------


def _h001(e: _Element, message: Message) -> bool:
    top = e if e.getparent() is None else e.getroottree().getroot()
    return any(
        i.get("root") == "2.16.840.1.113883.1.6"
        for root in top.iter(HL7 + message.root)
        for i in below(root, "interactionId")
    )


def _keywords(e: _Element, *codes: str) -> int:
    return sum(
        k.get("code") in codes and k.get("codeSystem") == _ATTENTION
        for k in below(e, "attentionLine/keyWordText")
    )


def _h005(e: _Element, message: Message) -> bool:
    return message.kind not in _WITH_BSN or _keywords(e, "FICID", "PATID") > 0


def _h013(e: _Element, _: Message) -> bool:
    parent = e.getparent()
    return e.get("root") != "2.16.840.1.113883.1.6" or (
        parent is not None and e.get("extension") == str(parent.tag).rpartition("}")[2]
    )


def _h015(e: _Element, message: Message) -> bool:
    codes = [c.get("code") for c in below(e, "code") if c.get("code") is not None]
    return not codes or message.trigger in codes


# ---- who sends: authors and overseers -----------------------------------------------------------------------------------


def _first_named(parents: Iterable[_Element], names: frozenset[str]) -> list[_Element]:
    """Of every parent the first child with one of these names, without regard to case."""
    found = []
    for parent in parents:
        for child in parent:
            if _lowered(child.tag) in names:
                found.append(child)
                break
    return found


@lru_cache(maxsize=2048)
def _lowered(tag: object) -> str:
    """The name without its namespace, in lower case; empty for what is no element."""
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""


_ASSIGNED = frozenset({"assigneddevice", "assignedperson"})


def _authors(e: _Element, kind: str = "") -> tuple[_Element, ...]:
    """AssignedDevice and AssignedPerson below authorOrPerformer; `kind`: device or person alone."""
    inside = [n for top in below(e, "authorOrPerformer") for n in top.iter("*")]
    found = _first_named(inside, _ASSIGNED)
    hl7 = [a for a in found if str(a.tag).startswith(HL7)]
    return tuple(a for a in hl7 if not kind or str(a.tag).lower().endswith("assigned" + kind))


def _overseers(e: _Element) -> tuple[_Element, ...]:
    return tuple(_first_named(below(e, "overseer"), frozenset({"assignedentity", "assignedperson"})))


def _held(found: tuple[_Element, ...], path: str) -> list[tuple[str | None, str | None]]:
    return [(i.get("root"), i.get("extension")) for a in found for i in below(a, path)]


def _has(found: tuple[_Element, ...], path: str, root: str, extension: str | None = None) -> bool:
    """Has one of them an id with this root; `extension`: that value, "" any value."""
    if not found:
        return False
    held = _held(found, path)
    if extension:
        return (root, extension) in held
    return any(r == root and (extension is None or x is not None) for r, x in held)


def _applications(found: Iterable[_Element], path: str) -> set[str | None]:
    """The numbers of applications among the ids of these."""
    return {i.get("extension") for a in found for i in below(a, path) if i.get("root") == _APPLICATION} - {
        None
    }


def _h018(e: _Element, _: Message) -> bool:
    parent = e.getparent()
    sent = set() if parent is None else _applications((parent,), "sender/device/id")
    if not sent or "1" in sent:
        return True
    own = _applications(_authors(e, "device"), "id")
    return not own or not own.isdisjoint(sent)


def _when(first: Callable[[_Element], bool], then: Callable[[_Element], bool]) -> Special:
    return lambda e, _: not first(e) or then(e)


def _code_of(found: tuple[_Element, ...], code: str | None, system: str) -> bool:
    return any(
        c.get("codeSystem") == system and (code is None or c.get("code") == code)
        for a in found
        for c in below(a, "code")
    )


def _h021(e: _Element, _: Message) -> bool:
    devices = _authors(e, "device")
    return (
        not devices
        or _has(devices, "id", _APPLICATION, "1")
        or _has(devices, "id", "2.16.528.1.1007.4")
        or any(there(d, "Organization/id") for d in devices)
    )


def _nameless(root: str, extension: str | None) -> Special:
    def rule(e: _Element, _: Message) -> bool:
        return not any(
            not there(o, "name") and _has((o,), "id", root, extension)
            for a in _overseers(e)
            for o in below(a, "Organization")
        )

    return rule


def _overseen(path: str) -> Special:
    """When an overseer has a UZI number: one of them has this."""
    return lambda e, _: not _has(_overseers(e), "id", _UZI) or any(there(o, path) for o in _overseers(e))


def _h036(e: _Element, _: Message) -> bool:
    own = [i for o in _overseers(e) for i in below(o, "Organization/id")]
    if not own or _authors(e, "device"):
        return True
    roots, extensions = {i.get("root") for i in own}, {i.get("extension") for i in own}
    return any(
        i.get("root") in roots - {None} and i.get("extension") in extensions - {None}
        for a in _authors(e)
        for i in below(a, "Organization/id")
    )


def _h037(e: _Element, _: Message) -> bool:
    devices = _authors(e, "device")
    return (
        any(there(a, "Organization/name") for a in _authors(e))
        or _has(devices, "id", "2.16.528.1.1007", "4")
        or _has(devices, "id", _APPLICATION, "1")
    )


def _h038(e: _Element, _: Message) -> bool:
    return {"AUT", "PRF"}.issuperset((e.get("typeCode") or "").split())


ENVELOPE: dict[str, Special] = {
    "H001": _h001,
    "H002": lambda e, _: there(e, "attentionLine"),
    "H005": _h005,
    "H009": lambda e, _: _keywords(e, "FICID", "PATID") < 2,
    "H010": lambda e, _: _keywords(e, "CONTEXT") < 2,
    "H011": lambda e, _: e.get("value") is None or re.match(r"[0-9]{4}", e.get("value", "")) is not None,
    "H012": lambda e, _: len(e.get("value") or "") >= 14,
    "H013": _h013,
    "H015": _h015,
    "H018": _h018,
    "H019": _when(
        lambda e: _has(_authors(e, "device"), "Organization/id", _URA),
        lambda e: _has(_authors(e, "device"), "id", _UZI_SYSTEM),
    ),
    "H020": _when(
        lambda e: _has(_authors(e, "device"), "id", _UZI_SYSTEM),
        lambda e: _has(_authors(e, "device"), "Organization/id", _URA, ""),
    ),
    "H021": _h021,
    "H022": _when(
        lambda e: _has(_authors(e, "person"), "id", BSN),
        lambda e: _code_of(_authors(e, "person"), "P", _LOGIN),
    ),
    "H023": _when(
        lambda e: (
            _has(_authors(e, "person"), "id", _VEKTIS + ".7.3") or _has(_authors(e, "person"), "id", _PKI)
        ),
        lambda e: _code_of(_authors(e, "person"), "KLANTENLOKET", _LOGIN),
    ),
    "H024": _when(
        lambda e: _has(_authors(e, "person"), "id", _UZI),
        lambda e: _code_of(_authors(e, "person"), None, "2.16.840.1.113883.2.4.15.111"),
    ),
    "H025": _when(
        lambda e: _has(_authors(e, "person"), "id", _UZI),
        lambda e: _has(_authors(e), "Organization/id", _URA, ""),
    ),
    "H026": _when(
        lambda e: _has(_authors(e, "person"), "id", BSN),
        lambda e: _has(_authors(e), "Organization/id", _VEKTIS + ".25"),
    ),
    "H027": _when(
        lambda e: _has(_authors(e, "person"), "id", _VEKTIS) or _has(_authors(e, "person"), "id", _PKI),
        lambda e: _has(_authors(e), "Organization/id", _VEKTIS, "7"),
    ),
    "H028": _nameless(_URA, None),
    "H029": _nameless(_VEKTIS, "7"),
    "H030": _when(lambda e: bool(_overseers(e)), lambda e: any(there(o, "code") for o in _overseers(e))),
    "H031": _when(
        lambda e: _has(_overseers(e), "id", BSN),
        lambda e: _code_of(_overseers(e), "P", _LOGIN) or _code_of(_overseers(e), None, _VEKTIS + ".6"),
    ),
    "H032": _overseen("assignedPrincipalChoiceList/assignedPerson/name"),
    "H033": _when(
        lambda e: _has(_overseers(e), "id", _UZI),
        lambda e: _has(_overseers(e), "Organization/id", _URA),
    ),
    "H034": _overseen("Organization/name"),
    "H035": _overseen("Organization/addr/city"),
    "H036": _h036,
    "H037": _h037,
    "H038": _h038,
    "H039": lambda e, _: e.get("typeCode") in {"AUT", "PRF"},
}
#: The demands that look at these children alone.
SENDERS = frozenset(f"H{number:03}" for number in range(19, 38))
SENDING = (HL7 + "authorOrPerformer", HL7 + "overseer")
