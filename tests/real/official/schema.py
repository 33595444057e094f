"""The XML schema as tables: content models, attributes and simple types."""

from __future__ import annotations

import base64
import csv
import re
from collections import defaultdict

from .paths import BLANK, XSI, Broken, N, elements, resolved

_FREE = {XSI + "schemaLocation", XSI + "noNamespaceSchemaLocation"}
_NL = "urn:hl7-nl:v3"


def _rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class Schema:
    def __init__(self, folder, roots, start, root):
        def mine(name):
            return [r for r in _rows(folder / name) if roots in r["roots"].split()]

        self.root, self.start = root, start
        self.types = {r["type"]: r for r in mine("xsd_types.csv")}
        self.attributes = defaultdict(dict)
        for r in mine("xsd_attributes.csv"):
            self.attributes[r["type"]][r["attribute"]] = r
        particles = defaultdict(list)
        for r in mine("xsd_children.csv"):
            particles[r["type"]].append(r)
        self.children = {
            t: {self._name(r): r for r in rows if r["particle"] == "element"} for t, rows in particles.items()
        }
        self.particles, self.models = particles, {}
        self.simple = {r["name"]: r for r in _rows(folder / "xsd_simple.csv")}
        self.lexical = {r["lexical"]: re.compile(r["expression"]) for r in _rows(folder / "xsd_lexical.csv")}

    @staticmethod
    def _name(r):
        return f"{{{r['namespace'] or N[1:-1]}}}{r['name']}"

    def _model(self, kind):
        """The content model as a regular expression over `<{namespace}name>`."""
        if kind not in self.models:
            rows = self.particles[kind]

            def expression(r):
                if r["particle"] == "element":
                    body = re.escape(f"<{self._name(r)}>")
                    if r["max"] == "0":  # libxml2 lets one pass, and its verdict is the official one here
                        return f"(?:{body})?"
                elif r["particle"] == "any":
                    body = r"<\{(?!urn:hl7-org:v3\})[^}]+\}[^>]*>"
                else:
                    parts = [expression(c) for c in rows if c["parent"] == r["position"]]
                    body = ("|" if r["particle"] == "choice" else "").join(parts)
                high = "" if r["max"] == "*" else r["max"]
                return f"(?:{body}){{{r['min']},{high}}}"

            self.models[kind] = re.compile("".join(expression(r) for r in rows if not r["parent"]))
        return self.models[kind]

    def judge(self, root):
        found = []
        # Root and start: the message type tells the type, the root its name.
        expected = self.root or None
        if expected and root.tag != N + expected:
            return [(root, "root", root.tag)]
        self._element(root, self.start, nillable=False, found=found)
        return found

    def _element(self, node, kind, *, nillable, found):
        nil = node.get(XSI + "nil")
        if nil is not None and (not nillable or nil.strip(BLANK) not in {"true", "false", "1", "0"}):
            found.append((node, "nil", nil))
            return
        given = node.get(XSI + "type")
        if given is not None:
            kind = self._substitute(node, kind, given, found)
            if kind is None:
                return
        if kind == "xs:anyType":
            return
        if kind in self.simple or kind.startswith("xs:"):
            if elements(node) or not self.value(kind, "".join(node.itertext())):
                found.append((node, "lexical", kind))
            return
        type_ = self.types[kind]
        if type_["abstract"] == "yes":
            found.append((node, "abstract", kind))
            return
        self._attributes(node, kind, found)
        text = (node.text or "") + "".join(c.tail or "" for c in node)
        children = elements(node)
        if nil is not None and nil.strip(BLANK) in {"true", "1"}:
            if children or text:
                found.append((node, "nil", "content"))
            return
        mixed = type_["mixed"] == "yes"
        if type_["content"] == "empty" and not mixed:
            if children or text:
                found.append((node, "text" if not children else "order_or_unknown", text.strip()))
                if not children:
                    return
        elif not mixed and text.strip(BLANK):
            found.append((node, "text", ""))
        said = "".join(f"<{c.tag if c.tag[0] == '{' else '{}' + c.tag}>" for c in children)
        if kind in self.particles:
            if not self._model(kind).fullmatch(said):
                found.append((node, "content", said[:300]))
        elif children:
            found.append((node, "content", said[:300]))
        known = self.children.get(kind, {})
        for child in children:
            r = known.get(child.tag)
            if r is not None:
                self._element(child, r["child_type"], nillable=r["nillable"] == "yes", found=found)

    def _substitute(self, node, declared, given, found):
        try:
            space, local = resolved(node, given)
        except Broken:
            space, local = None, ""
        name = local if space == N[1:-1] else f"hl7nl:{local}" if space == _NL else ""
        at = name if given == given.strip(BLANK) else ""
        while at and at != declared:
            at = self.types.get(at, {}).get("base", "")
        if not at and not (declared == "xs:anyType" and name in self.types):
            found.append((node, "xsi:type", given))
            return None
        return name

    def _attributes(self, node, kind, found):
        declared = self.attributes.get(kind, {})
        for name, value in node.attrib.items():
            if name in {XSI + "type", XSI + "nil"} or name in _FREE:
                continue
            r = declared.get(name)
            if r is None:
                found.append((node, "attribute_unknown", name))
            elif not self.value(r["simple_type"], value):
                found.append((node, "lexical", f"{name}={value}"))
            elif r["fixed"] and " ".join(value.split()) != r["fixed"]:
                found.append((node, "fixed", f"{name}={value}"))
        for name, r in declared.items():
            if r["use"] == "required" and node.get(name) is None:
                found.append((node, "attribute_missing", name))

    # ---- simple types ----------------------------------------------------------------------------------------

    def value(self, name, text):
        if name.startswith("xs:"):
            return _builtin(name, text)
        r = self.simple[name]
        if r["whitespace"] == "collapse":
            text = re.sub(f"[{BLANK}]+", " ", text).strip(" ")
        if r["variety"] == "list":
            return all(self.value(r["members"], item) for item in text.split(" ") if item)
        if r["variety"] == "union":
            return any(self.value(m, text) for m in r["members"].split())
        if r["lexical"] and not self.lexical[r["lexical"]].fullmatch(text):
            return False
        if r["enumeration"] and text not in r["enumeration"].split("|"):
            return False
        if r["min_length"] and len(text) < int(r["min_length"]):
            return False
        return self.value(r["base"] or r["primitive"], text)


_BUILTIN = {
    "xs:boolean": r"true|false|1|0",
    "xs:integer": r"[+-]?[0-9]+",
    "xs:int": r"[+-]?[0-9]+",
    "xs:decimal": r"[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)",
    "xs:double": r"[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?|[+-]?INF|NaN",
    "xs:NMTOKEN": r"[\w.:-]+",
    "xs:ID": r"[^\W\d][\w.-]*",
    "xs:IDREF": r"[^\W\d][\w.-]*",
}


def _builtin(name, text):
    if name in {"xs:string", "xs:token", "xs:anySimpleType"}:
        return True
    text = re.sub(f"[{BLANK}]+", " ", text).strip(" ")
    if name == "xs:base64Binary":
        try:
            base64.b64decode(text.replace(" ", ""), validate=True)
        except ValueError:
            return False
        return True
    if name == "xs:anyURI":
        return _uri(text)
    return bool(re.fullmatch(_BUILTIN[name], text))


def _uri(text):
    if re.search(r"%(?![0-9A-Fa-f]{2})|[\[\]]", text) or text.count("#") > 1:
        return False
    first = re.split(r"[/?#]", text, maxsplit=1)[0]
    if ":" in first and not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", first):
        return False
    authority = re.match(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//([^/?#]*)", text)
    if authority:
        host = authority[1]
        if host.count("@") > 1:
            return False
        port = re.search(r":([^:@]*)$", host)
        if port and not re.fullmatch(r"[0-9]{0,8}", port[1]):
            return False
    return True
