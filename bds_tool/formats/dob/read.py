"""Reading messages of the JGZ (HL7v3) into canonical rows: the dossieroverdrachtbericht (DOB), and the others (`jgz`).

One walk over the tree of a message, led by `specs/dob/indeling.yaml`. Every leaf with data becomes a row;
a leaf that the layout does not know becomes a row without element and the remark BDS801.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lxml import etree

from bds_tool.base.memory import uncollected
from bds_tool.formats.dob.layout import other_layouts
from bds_tool.formats.dob.message_walk import MessageWalk
from bds_tool.formats.dob.values import local_name
from bds_tool.store.sources import Sink, Source, Unreadable

if TYPE_CHECKING:
    from lxml.etree import _Element

#: A single message larger than this is refused (BDS009); a file may hold any number of messages.
MESSAGE_MAX = 2 * 1024**3
#: Files up to this size are parsed whole; larger ones message by message.
WHOLE_MAX = 64 * 1024**2

_NAME = re.compile(r"^REPC_IN902120NL(0[34])?$")


def read_dob(source: Source, sink: Sink) -> None:
    """Fills `sink` with the rows of every message in the file. Raises Unreadable with the code of the finding."""
    children = 0
    with uncollected():
        for number, root in enumerate(_messages(source), start=1):
            walk = walk_of(root, sink, source, number)
            walk.read(root)
            children += walk.children
            sink.flush_if_full()
    sink.facts["dossiers"] = children


def walk_of(root: _Element, sink: Sink, source: Source, number: int) -> MessageWalk:
    """The walk for a message: of a dossier, or of another message of the JGZ."""
    tree = other_layouts().get(local_name(root))
    if tree is None:
        return MessageWalk(sink, source, number)
    from bds_tool.formats.jgz.walk import OtherWalk

    return OtherWalk(sink, source, number, tree)


def _messages(source: Source) -> Iterator[_Element]:
    head = source.head()
    if re.search(rb"<!DOCTYPE", head[:4096]):
        raise Unreadable("BDS007")
    try:
        if source.size <= WHOLE_MAX:
            yield from _whole(source)
        else:
            yield from _streamed(source)
    except etree.XMLSyntaxError as error:
        line = error.position[0] if error.position else None
        name = etree.ErrorTypes._getName(error.code, "") if error.code else ""  # noqa: SLF001  # no public way
        code = "BDS006" if "ENCODING" in name or "CHAR" in name else "BDS004"
        raise Unreadable(code, regel=line) from None


#: Namespace → what kind of XML it is; the keys are texts of BDS008.
_KINDS = (
    ("http://hl7.org/fhir", "fhir"),
    ("http://schemas.xmlsoap.org/soap/envelope/", "soap"),
    ("http://www.w3.org/2003/05/soap-envelope", "soap"),
    ("http://www.w3.org/2001/XMLSchema", "schema"),
    ("http://purl.oclc.org/dsdl/schematron", "schema"),
    ("http://www.egem.nl/StUF", "stuf"),
    ("http://www.stufstandaarden.nl", "stuf"),
)


def kind_of(root: _Element) -> str:
    """What a root element that starts no known message is: a key of the texts of BDS008."""
    namespace, _, name = str(root.tag).rpartition("}")
    if re.match(r"^[A-Z]{4}_IN\d+", name):
        return "hl7"
    if namespace == "{urn:hl7-org:v3":
        return "cda" if name == "ClinicalDocument" else "hl7-deel"
    return next((kind for start, kind in _KINDS if namespace[1:].startswith(start)), "xml")


def _whole(source: Source) -> Iterator[_Element]:
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        huge_tree=source.size > 8 * 1024**2,
    )
    root = etree.fromstring(source.data(), parser)
    if root.getroottree().docinfo.internalDTD is not None:
        raise Unreadable("BDS007")
    if _is_message(root):
        yield root
        return
    found = [e for e in root.iter() if isinstance(e.tag, str) and _is_message(e)]
    if not found:
        raise Unreadable("BDS008", element=local_name(root)[:60], eis=kind_of(root))
    yield from found


def _streamed(source: Source) -> Iterator[_Element]:
    found = False
    with source.open() as stream:
        events = etree.iterparse(
            stream,
            events=("start", "end"),
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            remove_comments=True,
            remove_pis=True,
            huge_tree=True,
        )
        inside = 0
        first: _Element | None = None
        for event, element in events:
            if event == "start":
                first = element if first is None else first
                if _is_message(element):
                    if element.getparent() is None and source.size > MESSAGE_MAX:
                        raise Unreadable("BDS009", bytes=source.size, grens=MESSAGE_MAX)
                    inside += 1
                continue
            if _is_message(element):
                inside -= 1
                found = True
                yield element
            if not inside:
                _forget(element)
    if not found:
        raise Unreadable("BDS008", eis="xml" if first is None else kind_of(first))


def _forget(element: _Element) -> None:
    """Drop what has been read, so that memory stays at one message."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _is_message(element: _Element) -> bool:
    if not isinstance(element.tag, str):
        return False
    name = local_name(element)
    return bool(_NAME.match(name)) or name in other_layouts()
