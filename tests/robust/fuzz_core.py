"""One execution of a reader, and mutations that keep an input readable; used by Hypothesis and by atheris."""

from __future__ import annotations

import importlib
import io
import json
import random
from functools import partial

READERS = ("dob", "jgz", "james", "tabel", "fhir", "statistiek", "sniff")
#: Rows an input of n bytes may give: every row comes from some bytes of it.
ROWS_PER_BYTE, ROWS_FREE = 1, 200


def run_one(reader: str, data: bytes) -> None:
    """One execution; raises what a user must never see."""
    from bds_tool.base.errors import UserError
    from bds_tool.formats.reading import BROKEN
    from bds_tool.formats.registry import FORMATS
    from bds_tool.formats.sniff import sniff
    from bds_tool.store.sources import Sink, Source

    names = {
        "dob": "a.xml",
        "james": "a.json",
        "tabel": "a.csv",
        "fhir": "a.ndjson",
        "statistiek": "a.sav",
        "sniff": "a",
    }
    if reader == "sniff":
        found = sniff(data, "a.bin")
        assert found in {"", *FORMATS}
        return
    module, function = FORMATS[reader].read.split(":")
    source = Source(names[reader], len(data), partial(io.BytesIO, data), 1)
    sink = Sink(1)
    try:
        getattr(importlib.import_module(module), function)(source, sink)
    except (UserError, RecursionError, OSError, *BROKEN):
        return  # what `dossier.reading` turns into one finding about the file
    assert len(sink.rows) <= ROWS_PER_BYTE * len(data) + ROWS_FREE, (
        f"{len(sink.rows)} rows from {len(data)} bytes"
    )


def places(root: object) -> list[tuple[object, object]]:
    """Every place in nested lists and mappings, as what holds it and its index or key there."""
    found: list[tuple[object, object]] = []
    waiting = [root]
    while waiting:
        node = waiting.pop()
        keys = node.keys() if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
        found += [(node, key) for key in keys]
        waiting += [node[key] for key in keys]  # type: ignore[index]
    return found


def mutate_json(data: bytes, random_: random.Random) -> bytes | None:
    """A JSON text with one place changed: a value swapped, a key renamed, a part repeated or dropped."""
    try:
        root = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not (found := places(root)):
        return None
    node, key = random_.choice(found)
    odd = [
        None,
        True,
        "",
        "0",
        "-1",
        "20200230",
        "99999999999999999999",
        1e308,
        -0.0,
        [],
        {},
        [[]],
        "\x00",
        "é" * 9,
        2**70,
    ]
    choice = random_.randrange(5)
    if choice == 0:
        node[key] = random_.choice(odd)  # type: ignore[index]
    elif choice == 1 and isinstance(node, dict):
        node[random_.choice(["value", "Waarde", "bdsNumber", "date", "values", "x" * 50])] = node.pop(key)
    elif choice == 2 and isinstance(node, list):
        node.append(node[key])
    elif choice == 3:
        del node[key]  # type: ignore[attr-defined]
    else:
        other, name = random_.choice(found)
        try:
            node[key] = json.loads(json.dumps(other[name]))  # type: ignore[index]
        except (KeyError, IndexError):
            return None
    return json.dumps(root).encode()


def mutate_xml(data: bytes, random_: random.Random) -> bytes | None:
    """An XML text with one element dropped, doubled, moved or renamed, or one attribute changed."""
    from lxml import etree

    try:
        root = etree.fromstring(
            data, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
        )
    except (etree.XMLSyntaxError, ValueError):
        return None
    nodes = [n for n in root.iter() if isinstance(n.tag, str)]
    node = random_.choice(nodes)
    parent = node.getparent()
    choice = random_.randrange(6)
    odd = [
        "",
        "0",
        "-1",
        "20200230",
        "9" * 40,
        "\u00e9",
        "true",
        "R999",
        "NaN",
        "2.16.840.1.113883.2.4.4.40.267",
    ]
    if choice == 0 and parent is not None:
        parent.remove(node)
    elif choice == 1 and parent is not None:
        from copy import deepcopy

        parent.append(deepcopy(node))
    elif choice == 2 and parent is not None:
        target = random_.choice(nodes)
        if target is not node and node not in target.iterancestors():
            target.append(node)
    elif choice == 3:
        node.tag = random_.choice(nodes).tag
    elif node.attrib:
        name = random_.choice(list(node.attrib))
        if choice == 4:
            node.attrib[name] = random_.choice(odd)
        else:
            del node.attrib[name]
    else:
        node.text = random_.choice(odd)
    return etree.tostring(root)
