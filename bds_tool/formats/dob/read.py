"""Reading the dossieroverdrachtbericht (DOB, HL7v3) into canonical rows.

One walk over the tree of a message, led by `specs/dob/indeling.yaml`. Every leaf with data becomes a row;
a leaf that the layout does not know becomes a row without element and the remark BDS801.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lxml import etree

from bds_tool.formats.dob.values import local_name
from bds_tool.formats.dob.walk import Walk
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
    messages = 0
    for root in _messages(source):
        messages += 1
        Walk(sink, source, messages).read(root)
        sink.flush_if_full()
    sink.facts["dossiers"] = messages


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
        raise Unreadable("BDS008", element=local_name(root)[:60])
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
        for event, element in events:
            if event == "start":
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
        raise Unreadable("BDS008", element="?")


def _forget(element: _Element) -> None:
    """Drop what has been read, so that memory stays at one message."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _is_message(element: _Element) -> bool:
    return isinstance(element.tag, str) and bool(_NAME.match(local_name(element)))
