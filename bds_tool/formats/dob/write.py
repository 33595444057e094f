"""Writing the canonical store as dossieroverdrachtberichten (DOB, HL7v3): one message per dossier.

Rows are hung in the tree of `specs/dob/indeling.yaml`; `specs/dob/structuur.csv` gives the order of the XML
schema, the structural attributes and what is obligatory. Codes in BDS coding are turned into HL7 codes.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lxml import etree

from bds_tool.base.files import atomic_dir, atomic_file
from bds_tool.formats.dob.layout import HL7, Node, layout
from bds_tool.formats.dob.place import Places, places, structure
from bds_tool.formats.dob.tree import Branch, grow
from bds_tool.formats.dob.types import identifier, put
from bds_tool.schema import Definition, load

if TYPE_CHECKING:
    import polars as pl
    from lxml.etree import _Element

    from bds_tool.store.store import Store

_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_BSN = "2.16.840.1.113883.2.4.6.3"
#: Dossiers that are held in memory at a time.
CHUNK = 500


@dataclass(frozen=True)
class Written:
    """What was written: messages, and the rows that the message has no place for (element number → rows)."""

    messages: int
    left_out: dict[int | None, int]


def write_dob(store: Store, out: Path, version: str, *, replace: bool = False) -> Written:
    """Messages of the interaction of `version`, in `out`: a file for one dossier, a folder for more.

    In a folder each message has the number of its source and dossier as name. Rows without a place in the
    message are counted in the result, never silently dropped.
    """
    left: dict[int | None, int] = {}
    dossiers = _dossiers(store)
    first = next(dossiers, None)
    second = next(dossiers, None)
    if first is not None and second is None:
        with atomic_file(out, private=True) as temporary:
            temporary.write_bytes(_bytes(message(first, version, left)))
        return Written(1, left)
    count = 0
    with atomic_dir(out, replace=replace, private=True) as folder:
        for rows in _chain_back(first, second, dossiers):
            count += 1
            (folder / f"dossier-{count:06d}.xml").write_bytes(_bytes(message(rows, version, left)))
    return Written(count, left)


def _chain_back(*parts: Any) -> Iterator[list[dict[str, Any]]]:  # noqa: ANN401
    *heads, rest = parts
    yield from (h for h in heads if h is not None)
    yield from rest


def _dossiers(store: Store) -> Iterator[list[dict[str, Any]]]:
    """The rows of each dossier, chunk by chunk in the order of the store."""
    import polars as pl

    frame = store.registraties().with_row_index("_order")
    keys = frame.select("bron", "dossier_id").unique(maintain_order=True).collect()
    for start in range(0, keys.height, CHUNK):
        chunk = keys.slice(start, CHUNK)
        rows = frame.join(chunk.lazy(), on=["bron", "dossier_id"], how="semi").sort("_order").collect()
        words = [c for c, kind in rows.schema.items() if kind == pl.Categorical]
        parts: dict[Any, pl.DataFrame] = rows.with_columns(pl.col(words).cast(pl.String)).partition_by(
            "bron", "dossier_id", as_dict=True, maintain_order=True
        )
        yield from (part.to_dicts() for part in parts.values())


def message(rows: list[dict[str, Any]], version: str, left: dict[int | None, int] | None = None) -> _Element:
    """One message from the canonical rows of one dossier; `left` counts rows without a place, by element."""
    return _Writer(version, left if left is not None else {}).build(rows)


class _Writer:
    def __init__(self, version: str, left: dict[int | None, int]) -> None:
        self.definition: Definition = load(version)
        self.places: Places = places(version)
        self.layout = layout()
        self.old = self.definition.interactie == "REPC_IN902120NL"
        self.structure = structure(self.definition.interactie)
        self.left = left

    def build(self, rows: list[dict[str, Any]]) -> _Element:
        name = self.definition.interactie
        root = etree.Element(HL7 + name, nsmap={None: HL7[1:-1], "xsi": _XSI})
        wrapper = [r for r in rows if (r["pad"] or "").startswith("bericht/")]
        dossier = grow(
            [r for r in rows if not (r["pad"] or "").startswith("bericht/")], self.places, self.left
        )
        values = {r["pad"]: r for r in wrapper}
        self._wrapper(root, self.layout.bericht, values, rows, dossier)
        return root

    # ---- the wrapper -----------------------------------------------------------------------------------------

    def _wrapper(
        self,
        parent: _Element,
        node: Node,
        values: dict[str, Any],
        rows: list[dict[str, Any]],
        dossier: Branch,
    ) -> None:
        self._template(parent, node)
        for child in node.order:
            if child.tags[0] == "careProvisionEvent":
                self._emit(parent, dossier, "")
                continue
            below = [pad for pad in values if pad == child.pad or pad.startswith(child.pad + "/")]
            leaf = not child.order
            default = self._default(child, rows)
            if leaf and not below and not default:
                continue
            element = etree.SubElement(parent, HL7 + child.tags[0])
            self._attributes(element, child.pad)
            row = values.get(child.pad)
            if child.tags[0] == "interactionId":
                element.set("root", "2.16.840.1.113883.1.6")
                element.set("extension", self.definition.interactie)
            elif row is not None:
                # attentionLine/value is the one `value` in a message that holds an identifier
                inside = element if child.pad != "bericht/attentionLine/value" else None
                if inside is None:
                    element.set(f"{{{_XSI}}}type", "II")
                    identifier(element, row)
                else:
                    put(element, row, None, self.definition)
            else:
                for key, value in default.items():
                    element.set(key, value)
            self._wrapper(element, child, values, rows, dossier)

    def _default(self, node: Node, rows: list[dict[str, Any]]) -> dict[str, str]:
        tag = node.tags[0]
        if node.pad == "bericht/id":
            return {"root": "2.25", "extension": uuid.uuid4().hex}
        if tag == "creationTime":
            return {"value": datetime.now(UTC).strftime("%Y%m%d%H%M%S")}
        if tag == "interactionId":
            return {"root": "?"}
        if node.pad == "bericht/attentionLine/value":
            bsn = next((r["waarde"] for r in rows if r["bdsnummer"] == 7 and r["waarde"]), None)
            known = {"extension": bsn} if bsn else {"nullFlavor": "NI"}
            return (
                {f"{{{_XSI}}}type": "II", "root": _BSN} | known if bsn else {f"{{{_XSI}}}type": "II"} | known
            )
        return node.default

    # ---- the dossier -------------------------------------------------------------------------------------------

    def _emit(self, parent: _Element, branch: Branch, path: str) -> _Element:
        node = branch.node
        tag = self._tag(branch)
        path = f"{path}/{tag}" if path else tag
        element = etree.SubElement(parent, HL7 + tag)
        self._attributes(element, path)
        self._template(element, node, branch)
        for name, op, value in node.selectors:
            if op == "=" and name not in {"code", "modeCode", "code.nullFlavor"} and name != "value":
                element.set(name, value)
        self._own(element, branch)
        if tag in {"value", "effectiveTime"} and any(
            b.node.tags[0] in {"low", "high"} for b in branch.children.values()
        ):
            element.set(f"{{{_XSI}}}type", "IVL_TS")
        for child in sorted(branch.children.values(), key=self._order(path)):
            self._emit(element, child, path)
        self._complete(element, path)
        return element

    def _order(self, path: str) -> Any:  # noqa: ANN401  # a key for sorted
        order = self.structure.get(path, ((), {}, ()))[0]
        ranks = {tag: rank for rank, tag in enumerate(order)}
        return lambda b: (ranks.get(self._tag(b), len(ranks)), b.first)

    def _tag(self, branch: Branch) -> str:
        """The tag of a node with alternatives: what the schema knows; for activities what was delivered."""
        return branch.tag or branch.node.tags[0]

    def _attributes(self, element: _Element, path: str) -> None:
        for name, value in self.structure.get(path, ((), {}, ()))[1].items():
            element.set(name, value)

    def _template(self, element: _Element, node: Node, branch: Branch | None = None) -> None:
        known = None
        if node.template:
            known = f"{self.layout.systems['sjablonen']}.{node.template}"
        elif branch is not None and node.kind == "rubriek":
            rubriek = self.definition.rubrieken.get(branch.mark)
            known = rubriek.template_id if rubriek else None
        elif branch is not None and node.bds and branch.number is not None:
            defined = self.definition.elementen.get(branch.number)
            known = defined.template_id if defined else None
        if known:
            etree.SubElement(element, HL7 + "templateId").set("root", known)

    # ---- what a node says itself -------------------------------------------------------------------------------

    def _own(self, element: _Element, branch: Branch) -> None:
        node = branch.node
        if node.bds:
            self._act(element, branch)
            return
        for placed in branch.rows:
            last = placed.chain[-1]
            if last.key.startswith("@"):
                self._attribute(element, last, placed.row)
            elif node.kind:
                self._special(element, node, placed.row)
            else:
                put(element, placed.row, self._defined(placed.row), self.definition)
        if node.kind == "huisnummer":
            parts = {p.row["bdsnummer"]: p.row["waarde"] for p in branch.rows}
            letter, addition = (parts.get(n) or "" for n in node.elements)
            element.text = f"{letter} {addition}".strip() if letter else addition
        elif node.kind == "toestemmingswijze":
            rows = {p.row["bdsnummer"]: p.row for p in branch.rows}
            how = rows.get(node.elements[0], {})
            who = rows.get(node.elements[1], {}).get("waarde") or ""
            element.text = f"{how.get('waarde') or ''}|{how.get('tekst') or ''}|{who}"
        elif node.kind in {"rubriek", "groep"}:
            names = self.definition.rubrieken if node.kind == "rubriek" else self.definition.groepen
            self._code(
                element,
                branch.mark,
                self.layout.systems[node.kind],
                getattr(names.get(branch.mark), "naam", None),
            )
        elif node.kind == "toediening":
            self._administration(element, branch)
        elif node.kind == "informatie":
            number = "476" if self.old else "G088"
            self._code(element, number, self.layout.systems["element" if self.old else "groep"], None)
        for name, op, value in node.selectors:
            if name == "code" and op == "=":
                self._code(element, value, self._system(value), self._name(value))
        for child in node.order:
            if child.constant is not None:
                made = etree.SubElement(element, HL7 + child.tags[0])
                made.set("code", child.constant)
                if child.tags[0] == "code":
                    made.set("codeSystem", self._system(child.constant))
                    shown = self._name(child.constant)
                    if shown:
                        made.set("displayName", shown)

    def _attribute(self, element: _Element, node: Node, row: dict[str, Any]) -> None:
        name, value = node.key[1:], row["waarde"]
        if value is None:
            return
        if name == "negationInd" and node.element is not None:
            value = "false" if value == "true" else "true"
        if node.kind == "geheim":
            secret = row["bdsnummer"] in node.elements
            if secret and value != "true":
                return
            words = [*(element.get(name) or "").split(), "CONF" if secret else value]
            value = " ".join(sorted(words, key=lambda w: w == "CONF"))
        element.set(name, value)

    def _special(self, element: _Element, node: Node, row: dict[str, Any]) -> None:
        if node.kind == "negatie":
            element.set("negationInd", "true" if row["waarde"] == "false" else "false")
        elif node.kind == "verzekerd":
            if row["waarde"] == "true":
                etree.SubElement(element, HL7 + "id").set("nullFlavor", "UNK")
                # the schema asks a class; who the insurer is, no element tells
                insurer = etree.SubElement(element, HL7 + "underwritingOrganization")
                insurer.set("classCode", "ORG")
                insurer.set("determinerCode", "INSTANCE")
                etree.SubElement(insurer, HL7 + "id").set("nullFlavor", "UNK")
            else:
                etree.SubElement(element, HL7 + "id").set("nullFlavor", "NI")
        elif node.kind == "document":
            element.set("representation", "B64")
            element.text = row["waarde"]
        elif node.kind == "leerling":
            element.set("nullFlavor", "UNC")
            put(element, row, None, self.definition)
        elif node.kind in {"code", "naam", "dagdelen"}:
            put(element, row, self._defined(row), self.definition)

    def _act(self, element: _Element, branch: Branch) -> None:
        number = branch.number or 0
        other = next((code for code, n in self.layout.other_codes.items() if n == number), None)
        if other is not None:
            loinc = "-" in other
            self._code(
                element, other, "2.16.840.1.113883.6." + ("1" if loinc else "96"), self._name(str(number))
            )
        else:
            self._code(element, str(number), self.layout.systems["element"], self._name(str(number)))
        # The two notifications carry `true`; their date hangs below them as a qualifier.
        if number in {1195, 1196} and not any(p.row["bdsnummer"] == number for p in branch.rows):
            value = etree.SubElement(element, HL7 + "value")
            value.set(f"{{{_XSI}}}type", "BL")
            value.set("value", "true")
        for placed in branch.rows:
            row = placed.row
            tag = self._carrier(element)
            if row["waarde"] is None and row["nullflavor"] is None and row["tekst"] is None:
                continue
            put(etree.SubElement(element, HL7 + tag), row, self._defined(row), self.definition)

    def _carrier(self, element: _Element) -> str:
        """`value`, or `text` for acts whose schema has no value."""
        path: list[str] = []
        node: _Element | None = element
        while node is not None and node.tag != HL7 + "CareProvisionRequest":
            path.append(str(node.tag).rsplit("}", 1)[-1])
            node = node.getparent()
        known = self.structure.get(
            "/".join(reversed(path[: len(path) - 1] if path[-1] == "sequelTo" else path))
        )
        return "text" if known and "value" not in known[0] and "text" in known[0] else "value"

    def _administration(self, element: _Element, branch: Branch) -> None:
        row = branch.rows[0].row
        if row["waarde"] == "false":
            element.set("negationInd", "true")
        made = element
        for tag in ("consumable", "administerableMaterial", "administrableMaterialKind"):
            made = etree.SubElement(made, HL7 + tag)
        number = str(branch.number)
        self._code(made, number, self.layout.systems["element"], self._name(number))

    def _complete(self, element: _Element, path: str) -> None:
        """Order as the schema asks, and the obligatory parts nobody filled."""
        order, _, required = self.structure.get(path, ((), {}, ()))
        if not order:
            return
        there = {str(c.tag).rsplit("}", 1)[-1] for c in element}
        for tag in required:
            options = tag.split("|")
            if there.isdisjoint(options):
                self._required(element, f"{path}/{options[0]}")
        ranks = {tag: rank for rank, tag in enumerate(("templateId", *order))}
        children = sorted(element, key=lambda c: ranks.get(str(c.tag).rsplit("}", 1)[-1], len(ranks)))
        for child in children:
            element.append(child)

    def _required(self, parent: _Element, path: str) -> None:
        """An obligatory part nobody filled: there, and saying that it is not known."""
        made = etree.SubElement(parent, HL7 + path.rsplit("/", 1)[-1])
        made.set("nullFlavor", "NI")
        if made.tag == HL7 + "value":
            made.set(f"{{{_XSI}}}type", "CV")
        self._attributes(made, path)
        for tag in self.structure.get(path, ((), {}, ()))[2]:
            self._required(made, f"{path}/{tag.split('|')[0]}")

    def _code(self, element: _Element, code: str, system: str, name: str | None) -> None:
        made = etree.SubElement(element, HL7 + "code")
        made.set("code", code)
        made.set("codeSystem", system)
        if name:
            made.set("displayName", name)

    def _system(self, code: str) -> str:
        if code.isdigit() or code == "1537-1541":
            return self.layout.systems["element"]
        if code[:1] in {"R", "G"} and code[1:].isdigit():
            return self.layout.systems["rubriek" if code[0] == "R" else "groep"]
        return self.layout.constants.get(code, "2.16.840.1.113883.5.4")

    def _name(self, code: str) -> str | None:
        if code.isdigit():
            defined = self.definition.elementen.get(int(code))
            return defined.naam or None if defined else None
        named = self.definition.groepen.get(code) or self.definition.rubrieken.get(code)
        return named.naam if named else None

    def _defined(self, row: dict[str, Any]) -> Any:  # noqa: ANN401  # Element or None
        return self.definition.elementen.get(row["bdsnummer"] or 0)


def _bytes(root: _Element) -> bytes:
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))
