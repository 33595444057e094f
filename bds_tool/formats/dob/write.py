"""Writing the canonical store as dossieroverdrachtberichten (DOB, HL7v3): one message per dossier.

Rows are hung in the tree of `specs/dob/indeling.yaml`; `specs/dob/model` gives the order of the XML schema, the
structural attributes and what is obligatory. Codes in BDS coding are turned into HL7 codes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, cast

from lxml import etree

from bds_tool.base.errors import UsageError
from bds_tool.base.files import atomic_dir, atomic_file
from bds_tool.base.settings import SenderSettings
from bds_tool.base.text import number, t
from bds_tool.formats.dob.lacking import lacking
from bds_tool.formats.dob.tree import Left
from bds_tool.formats.dob.writer import Writer
from bds_tool.store.canonical import rows_of

if TYPE_CHECKING:
    from lxml.etree import _Element

    from bds_tool.store.columns import Registratie
    from bds_tool.store.store import Store

#: Dossiers that are held in memory at a time.
CHUNK = 500
#: What XML has no place for: control characters, halves of characters, and two that are none.
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Written:
    """What was written: messages, what the message has no place for, what the message demands and the dossiers do not
    say (words → messages), and the rows that lost characters which XML does not know.
    """

    messages: int
    left: Left
    lacking: dict[str, int] = field(default_factory=dict)
    changed: int = 0


def write_dob(
    store: Store,
    out: Path,
    version: str,
    *,
    sender: SenderSettings = SenderSettings(),
    replace: bool = False,
    strict: bool = False,
) -> Written:
    """Messages of the interaction of `version`, in `out`: a file for one dossier, a folder for more.

    In a folder each message has the number of its source and dossier as name. Rows without a place in the
    message are counted in the result, never silently dropped. With `strict` nothing is written when a message lacks
    what the standard demands: UsageError.
    """
    done = Written(0, Left())
    changed = 0

    def made(rows: list[Registratie]) -> bytes:
        nonlocal changed
        plain = [_plain(row) for row in rows]
        changed += sum(one is not other for one, other in zip(rows, plain, strict=True))
        return _judged(_whatever(plain, version, done.left, sender), version, done.lacking)

    every = dossiers(store)
    first = next(every, None)
    second = next(every, None)
    if first is not None and second is None:
        with atomic_file(out, private=True) as temporary:
            temporary.write_bytes(made(first))
            _refuse(done.lacking, strict=strict)
        return Written(1, done.left, done.lacking, changed)
    count = 0
    with atomic_dir(out, replace=replace, private=True) as folder:
        for rows in chain(*([d] for d in (first, second) if d is not None), every):
            count += 1
            (folder / f"dossier-{count:06d}.xml").write_bytes(made(rows))
        _refuse(done.lacking, strict=strict)
    return Written(count, done.left, done.lacking, changed)


def _plain(row: Registratie) -> Registratie:
    """The row itself, or a copy in which a space stands for what XML has no place for."""
    odd = {k: _NO_XML.sub(" ", v) for k, v in row.items() if isinstance(v, str) and _NO_XML.search(v)}
    return cast("Registratie", {**row, **odd}) if odd else row


def _whatever(rows: list[Registratie], version: str, left: Left, sender: SenderSettings) -> _Element:
    """`message`, also where a row cannot be written: that one is counted as left out and the others stand."""

    def tried(some: list[Registratie], counts: Left) -> _Element | None:
        try:
            return message(some, version, counts, sender)
        except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError):
            return None

    counts = Left()
    made = tried(rows, counts)
    if made is None:
        counts = Left()
        fitting = [row for row in rows if tried([row], Left()) is not None]
        for row in rows:
            if not any(row is one for one in fitting):
                counts.rows[row["bdsnummer"]] += 1
        made = message(fitting, version, counts, sender)
    left.add(counts)
    return made


def _judged(root: _Element, version: str, found: dict[str, int]) -> bytes:
    for words in lacking(root, version):
        found[words] = found.get(words, 0) + 1
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _refuse(found: dict[str, int], *, strict: bool) -> None:
    if not strict or not found:
        return
    told = "; ".join(f"{w} ({number(n)})" for w, n in sorted(found.items(), key=lambda f: -f[1])[:10])
    raise UsageError(
        t(
            f"Er is niets geschreven: de berichten missen wat de standaard eist. {told}.",
            f"Nothing was written: the messages lack what the standard demands. {told}.",
        ),
        t(
            "Vul [sender] in bds.toml en de dossiers aan, of laat --strict weg.",
            "Complete [sender] in bds.toml and the dossiers, or leave out --strict.",
        ),
    )


def dossiers(store: Store) -> Iterator[list[Registratie]]:
    """The rows of each dossier, chunk by chunk in the order of the store."""
    frame = store.registraties().with_row_index("_order")
    keys = frame.select("bron", "dossier_id").unique(maintain_order=True).collect()
    for start in range(0, keys.height, CHUNK):
        chunk = keys.slice(start, CHUNK)
        rows = frame.join(chunk.lazy(), on=["bron", "dossier_id"], how="semi").sort("_order").collect()
        yield from map(rows_of, rows.partition_by("bron", "dossier_id", maintain_order=True))


def message(
    rows: list[Registratie],
    version: str,
    left: Left | None = None,
    sender: SenderSettings = SenderSettings(),
) -> _Element:
    """One message from the canonical rows of one dossier; `left` counts what has no place in it."""
    return Writer(version, left if left is not None else Left(), sender).build(rows)
