"""Coverage-guided fuzzing of the readers with atheris; not part of the test run, started by hand or by `make fuzz`.

    python tests/robust/fuzz_readers.py dob --seconds 600 --corpus DIR [--log fuzz.jsonl]

One execution is one input through one reader, from bytes to rows. The only way out that is not a crash is
success or `UserError`. A crash is kept (one input per place in the code) and the run goes on; the rows that
an input may give are bounded by its size. Every crash becomes a case of `test_regressions.py`.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import random
import sys
import time
import traceback
from functools import partial
from pathlib import Path

import atheris

READERS = ("dob", "james", "tabel", "fhir", "sniff")
#: Rows an input of n bytes may give: every row comes from some bytes of it.
ROWS_PER_BYTE, ROWS_FREE = 1, 200
LIMIT = 4096


def run_one(reader: str, data: bytes) -> None:
    """One execution; raises what a user must never see."""
    import importlib

    from bds_tool.dossier.reading import READERS as HOMES
    from bds_tool.dossier.sniff import sniff
    from bds_tool.dossier.sources import Sink, Source
    from bds_tool.errors import UserError

    names = {"dob": "a.xml", "james": "a.json", "tabel": "a.csv", "fhir": "a.ndjson", "sniff": "a"}
    if reader == "sniff":
        found = sniff(data, "a.bin")
        assert found in {"", *HOMES}
        return
    module, function = HOMES[reader].split(":")
    source = Source(names[reader], len(data), partial(io.BytesIO, data), 1)
    sink = Sink(1)
    try:
        getattr(importlib.import_module(module), function)(source, sink)
    except UserError:
        return
    assert len(sink.rows) <= ROWS_PER_BYTE * len(data) + ROWS_FREE, (
        f"{len(sink.rows)} rows from {len(data)} bytes"
    )


def mutate_json(data: bytes, random_: random.Random) -> bytes | None:
    """A JSON text with one place changed: a value swapped, a key renamed, a part repeated or dropped."""
    try:
        root = json.loads(data)
    except (ValueError, RecursionError):
        return None
    places: list[tuple[object, object]] = []

    def walk(node: object) -> None:
        items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        for key, value in list(items):
            places.append((node, key))
            walk(value)

    walk(root)
    if not places:
        return None
    node, key = random_.choice(places)
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
        other, name = random_.choice(places)
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


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("reader", choices=READERS)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument(
        "--corpus", type=Path, required=True, help="folder with seeds; what is learned goes to <corpus>.found"
    )
    parser.add_argument("--log", type=Path, default=Path("fuzz.jsonl"))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with atheris.instrument_imports(include=["bds_tool.dossier", "bds_tool.export"]):
        import bds_tool.dossier.reading  # noqa: F401
        from bds_tool.dossier.reading import READERS as HOMES

        if options.reader in HOMES:
            __import__(HOMES[options.reader].split(":")[0])
    found = Path(f"{options.corpus}.found")
    crashes = Path(f"{options.corpus}.crashes")
    found.mkdir(parents=True, exist_ok=True)
    crashes.mkdir(parents=True, exist_ok=True)
    state = {"executions": 0, "crashes": 0, "start": time.time()}
    known: set[str] = set()

    def tell() -> None:
        seconds = round(time.time() - state["start"], 1)
        line = {
            "reader": options.reader,
            "executions": state["executions"],
            "seconds": seconds,
            "places": sorted(known),
            "pid": os.getpid(),
        }
        options.log.parent.mkdir(parents=True, exist_ok=True)
        (options.log.parent / f"{options.log.name}.{os.getpid()}").write_text(json.dumps(line) + "\n")

    def target(data: bytes) -> None:
        state["executions"] += 1
        if state["executions"] % 2000 == 0:
            tell()
        try:
            run_one(options.reader, data)
        except Exception as error:  # noqa: BLE001  # every other exception is what we look for
            frames = traceback.extract_tb(error.__traceback__)
            ours = [f for f in frames if "bds_tool" in f.filename] or frames
            place = f"{type(error).__name__} {Path(ours[-1].filename).name}:{ours[-1].lineno}"
            if place not in known:
                known.add(place)
                (crashes / f"{hashlib.sha1(data).hexdigest()[:12]}").write_bytes(data)  # noqa: S324
                (crashes / f"{hashlib.sha1(data).hexdigest()[:12]}.txt").write_text(  # noqa: S324
                    f"{options.reader}\n{place}\n{''.join(traceback.format_exception(error))}"
                )
                sys.stdout.write(f"CRASH {place}\n")
                tell()

    structural = {"dob": mutate_xml, "james": mutate_json, "fhir": mutate_json}.get(options.reader)

    def mutator(data: bytes, size: int, seed: int) -> bytes:
        random_ = random.Random(seed)
        if structural and random_.random() < 0.5:
            changed = structural(data, random_)
            if changed is not None and len(changed) <= size:
                return changed
        return atheris.Mutate(data, size)

    arguments = [
        sys.argv[0],
        str(found),
        str(options.corpus),
        f"-max_total_time={options.seconds}",
        f"-max_len={LIMIT}",
        "-timeout=20",
        "-rss_limit_mb=3000",
        f"-artifact_prefix={crashes}/",
        "-print_final_stats=1",
        "-verbosity=0",
        *([f"-seed={options.seed}"] if options.seed else []),
    ]
    atheris.Setup(arguments, target, custom_mutator=mutator)
    tell()
    atheris.Fuzz()


if __name__ == "__main__":
    main()
