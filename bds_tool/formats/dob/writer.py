"""The dossier as XML: rows hung in the layout, completed with what the message demands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lxml import etree

from bds_tool.base.settings import SenderSettings
from bds_tool.formats.dob.layout import HL7, XSI_TYPE, Node, layout
from bds_tool.formats.dob.place import Places, places
from bds_tool.formats.dob.sender import filled, known
from bds_tool.formats.dob.structure import STRUCTURAL, structure
from bds_tool.formats.dob.tree import Branch, Left, grow
from bds_tool.formats.dob.types import hl7_code, put, said
from bds_tool.formats.dob.wrapper import Envelope, fill
from bds_tool.schema import Definition, Element, load
from bds_tool.store.columns import Registratie

if TYPE_CHECKING:
    from lxml.etree import _Element

_XSI = "http://www.w3.org/2001/XMLSchema-instance"


class Writer:
    """One message from the rows of one dossier, in the structure of one version."""

    def __init__(self, version: str, left: Left, sender: SenderSettings = SenderSettings()) -> None:
        self.definition: Definition = load(version)
        self.places: Places = places(version)
        self.layout = layout()
        self.old = self.definition.interactie == "REPC_IN902120NL"
        self.structure = structure(self.definition.interactie, version)
        self.left = left
        self.facts = known(sender)

    def build(self, rows: list[Registratie]) -> _Element:
        name = self.definition.interactie
        root = etree.Element(HL7 + name, nsmap={None: HL7[1:-1], "xsi": _XSI})
        rows = [said(row, self.definition) for row in rows]
        inside = [r for r in rows if not (r["pad"] or "").startswith("bericht/")]
        dossier = grow(inside, self.places, self.left)
        envelope = Envelope(self.definition, self.facts, self._template, self._attributes, name)
        envelope.write(root, self.layout.bericht, rows, lambda parent: self._emit(parent, dossier, ""))
        return root

    # ---- the dossier -------------------------------------------------------------------------------------------

    def _emit(self, parent: _Element, branch: Branch, path: str) -> None:
        node = branch.node
        if node.identified and not _identifies(branch):
            self._leave_out(branch)
            return
        tag = self._tag(branch)
        path = f"{path}/{tag}" if path else tag
        element = etree.SubElement(parent, HL7 + tag)
        self._attributes(element, path, node)
        self._template(element, node, branch)
        for name, op, value in node.selectors:
            if op == "=" and name not in {"code", "modeCode", "code.nullFlavor"} and name != "value":
                element.set(name, value)
        self._own(element, branch)
        if tag in {"value", "effectiveTime"} and any(
            b.node.tags[0] in {"low", "high"} for b in branch.children.values()
        ):
            element.set(XSI_TYPE, "IVL_TS")
        if not branch.rows and node.default:
            fill(element, filled(node.default, self.facts) or {"nullFlavor": "NI"})
        for child in [*sorted(branch.children.values(), key=self._order(path)), *self._demanded(branch)]:
            self._emit(element, child, path)
        for name, fixed in node.fixed.items():
            if fixed and not element.get(name) and (name != "codeSystem" or element.get("code") is not None):
                element.set(name, fixed)
        for name, added in node.when.items():
            if element.find(HL7 + name) is not None:
                for key, value in added.items():
                    element.set(key, value)
        if node.no_id and element.find(HL7 + "id") is None:
            etree.SubElement(element, HL7 + "id").set("nullFlavor", node.no_id)
        if not len(element) and not element.text and _EMPTY.issuperset(element.keys()) and branch.children:
            parent.remove(element)  # all that it held was left out
        else:
            self._complete(element, path, node)

    def _demanded(self, branch: Branch) -> list[Branch]:
        """Nodes that are written also when no row asked for them."""
        made = []
        present = {b.node for b in branch.children.values()}
        for child in branch.node.order:
            if self._always(child):
                # Alternatives (careStatus by its code) stand each in a parent of their own.
                if child not in present and not (child.selectors and present):
                    made.append(Branch(child, 0, tag=self._first_tag(child)))
            elif child.many:
                inside = {
                    g.node for b in branch.children.values() if b.node is child for g in b.children.values()
                }
                for inner in child.order:
                    if self._always(inner) and inner not in inside:
                        grown = Branch(child, 0)
                        grown.children[id(inner),] = Branch(inner, 0)
                        made.append(grown)
        return made

    def _always(self, node: Node) -> bool:
        if not node.always or (node.always == "oud" and not self.old):
            return False
        return all(
            filled(n.default, self.facts) is not None for n in (node, *node.order) if n.always and n.default
        )

    @staticmethod
    def _first_tag(node: Node) -> str:
        return node.tags[0]

    def _leave_out(self, branch: Branch) -> None:
        for placed in branch.rows:
            self.left.rows[placed.row["bdsnummer"]] += 1
        for child in branch.children.values():
            self._leave_out(child)

    def _order(self, path: str) -> Any:  # noqa: ANN401  # a key for sorted
        order = self.structure.at(path).order
        ranks = {tag: rank for rank, tag in enumerate(order)}
        return lambda b: (ranks.get(self._tag(b), len(ranks)), b.first)

    def _tag(self, branch: Branch) -> str:
        """The tag of a node with alternatives: what the schema knows; for activities what was delivered."""
        return branch.tag or branch.node.tags[0]

    def _attributes(self, element: _Element, path: str, node: Node | None = None) -> None:
        """What the schema has as structural attributes; where it leaves a choice the layout chooses."""
        own = {} if node is None else {k: v for k, v in node.fixed.items() if k in STRUCTURAL}
        for name, value in {**self.structure.at(path).attributes, **own}.items():
            if value is not None:
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
            how, who = (rows.get(n) for n in node.elements[:2])
            way = (how["waarde"] or how["nullflavor"] or "") if how else ""
            # the message has no place for a name of the code
            words = how["tekst"] or "" if how and way == "OTH" else ""
            element.text = f"{way}|{words}|{(who and who['waarde']) or ''}"
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

    def _attribute(self, element: _Element, node: Node, row: Registratie) -> None:
        name, value = node.key[1:], row["waarde"]
        if value is None:
            return
        if name == "negationInd" and node.element is not None:
            value = "false" if value == "true" else "true"
        if row["bdsnummer"] in self.layout.words:
            value = hl7_code(self.definition, row["bdsnummer"], row["waarde"] or "")
        if node.kind == "geheim":
            secret = row["bdsnummer"] in node.elements
            if secret and value != "true":
                return
            words = [*(element.get(name) or "").split(), "CONF" if secret else value]
            value = " ".join(sorted(words, key=lambda w: w == "CONF"))
        element.set(name, value)

    def _special(self, element: _Element, node: Node, row: Registratie) -> None:
        if node.kind == "negatie":
            element.set("negationInd", "true" if row["waarde"] == "false" else "false")
        elif node.kind == "verzekerd":
            if row["waarde"] == "true":
                etree.SubElement(element, HL7 + "id").set("nullFlavor", "UNC")
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
        elif node.kind == "vrije_waarde" and self.old:  # words are all that it can hold before 4.0
            words = [element.text, row["waarde"], row["eenheid"], row["tekst"]]
            element.text = " ".join(dict.fromkeys(w for w in words if w))
        elif node.kind == "naam":  # a name in one piece; the message asks for at least a family name
            family = etree.SubElement(element, HL7 + "family")
            family.set("qualifier", "BR")
            put(family, row, self._defined(row), self.definition)
        elif node.kind in {"code", "dagdelen", "vrije_waarde"}:
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
            value.set(XSI_TYPE, "BL")
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
        known = self.structure.at(
            "/".join(reversed(path[: len(path) - 1] if path[-1] == "sequelTo" else path))
        ).order
        return "text" if "value" not in known and "text" in known else "value"

    def _administration(self, element: _Element, branch: Branch) -> None:
        row = branch.rows[0].row
        if row["waarde"] == "false":
            element.set("negationInd", "true")
        made = element
        for tag in ("consumable", "administerableMaterial", "administrableMaterialKind"):
            made = etree.SubElement(made, HL7 + tag)
        number = str(branch.number)
        self._code(made, number, self.layout.systems["element"], self._name(number))

    def _complete(self, element: _Element, path: str, node: Node) -> None:
        """Order as the schema asks, and the obligatory parts nobody filled."""
        shape = self.structure.at(path)
        if not shape.order:
            return
        ranks = {tag: rank for rank, tag in enumerate(("templateId", *shape.order))}
        self._sort(element, ranks)
        lacking = shape.lacking(_name(c) for c in element)
        for tag in lacking:
            self._required(element, f"{path}/{tag}", next((n for n in node.order if tag in n.tags), None))
        if lacking:
            self._sort(element, ranks)

    @staticmethod
    def _sort(element: _Element, ranks: dict[str, int]) -> None:
        for child in sorted(element, key=lambda c: ranks.get(_name(c), len(ranks))):
            element.append(child)

    def _required(self, parent: _Element, path: str, node: Node | None = None) -> None:
        """An obligatory part nobody filled: there, and saying that it is not known."""
        made = etree.SubElement(parent, HL7 + path.rsplit("/", 1)[-1])
        made.set("nullFlavor", "NI")
        if made.tag == HL7 + "value":
            made.set(XSI_TYPE, "CV")
        self._attributes(made, path, node)
        for tag in self.structure.at(path).lacking(()):
            self._required(made, f"{path}/{tag}")

    def _code(self, element: _Element, code: str, system: str, name: str | None) -> None:
        made = etree.SubElement(element, HL7 + "code")
        made.set("code", code)
        made.set("codeSystem", system)
        if name:
            made.set("displayName", name)

    def _system(self, code: str) -> str:
        if code.isdecimal() or code == "1537-1541":
            return self.layout.systems["element"]
        if code[:1] in {"R", "G"} and code[1:].isdecimal():
            return self.layout.systems["rubriek" if code[0] == "R" else "groep"]
        return self.layout.constants.get(code, "2.16.840.1.113883.5.4")

    def _name(self, code: str) -> str | None:
        if code.isdecimal():
            defined = self.definition.elementen.get(int(code))
            return defined.naam or None if defined else None
        named = self.definition.groepen.get(code) or self.definition.rubrieken.get(code)
        return named.naam if named else None

    def _defined(self, row: Registratie) -> Element | None:
        return self.definition.elementen.get(row["bdsnummer"] or 0)


#: Attributes that structure a node and carry nothing.
_EMPTY = frozenset({"classCode", "moodCode", "typeCode", "determinerCode", "contextConductionInd"})


def _name(element: _Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _identifies(branch: Branch) -> bool:
    """Does one of the elements stand below it that a node needs to be written."""
    wanted = set(branch.node.identified)
    below = [branch]
    while below:
        at = below.pop()
        if any(p.row["bdsnummer"] in wanted and (p.row["waarde"] or p.row["tekst"]) for p in at.rows):
            return True
        below += at.children.values()
    return False
