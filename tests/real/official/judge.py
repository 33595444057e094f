"""The verdict on one message: every template judges every element by the first context that fits."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from .demands import DEMANDS
from .flavours import FLAVOURS
from .paths import BLANK, TPL, V3, Broken, N, Paths, attribute, elements, parse, resolved
from .schema import Schema

_NUMBER = re.compile(r"[+-]?[0-9]*[.]?[0-9]+([eE][+-]?[0-9]+)?")
_INTEGER = re.compile(r"[0-9]*|-(0|[1-9][0-9]*)")
_RANGE_NUMBER = re.compile(r"([+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?|[+-]?INF)")


class Verdict(NamedTuple):
    """One official finding."""

    role: str
    rule: str
    template: str
    line: int
    path: str
    text: str


def _rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class Judge:
    """Reads the tables of `folder` for one version (or one message key of jgz_messages)."""

    def __init__(
        self, folder: Path, version: str, *, roots: str, start: str, root: str, trigger: str, lists: str,
        edition: str = "",
    ) -> None:  # fmt: skip
        self.edition = edition
        self.version, self.folder, self.root, self.trigger = version, folder, root, trigger
        self.schema = Schema(folder, roots, start, root)
        self.paths = Paths(*self._lists(lists))
        self.roles = {r["id"]: r["role"] for r in _rows(folder / "datatypes.csv")}
        self.chains = {r["flavour"]: r["chain"].split(" > ") for r in _rows(folder / "datatype_flavours.csv")}
        self.own = defaultdict(list)
        for r in _rows(folder / "datatypes.csv"):
            self.own[r["flavour"]].append(r["id"])
        self._contexts()
        if edition not in {"", "4.1.3"}:
            self._differences()

    @classmethod
    def dob(cls, shared: Path, version: str) -> Judge:
        """The dossieroverdrachtbericht of a BDS version; 4.2.0 by the schema of NL03 with the renamed root."""
        end = {"3.2.7": "NL", "4.2.0": "NL04"}.get(version, "NL03")
        return cls(
            shared / "dob_model", version, roots="NL" if end == "NL" else "NL03", start="MCCI_MT000100.Message",
            root=f"REPC_IN902120{end}", trigger=f"REPC_TE902100{end}", lists=version,
        )  # fmt: skip

    @classmethod
    def jgz(cls, shared: Path, message: str, bds: str = "4.1.3") -> Judge:
        """One of the other messages, by its key in `messages.csv`; 7.0 is that of BDS 3.2.7 or 4.0.2."""
        folder = shared / "jgz_messages"
        row = next(r for r in _rows(folder / "messages.csv") if r["message"] == message)
        return cls(
            folder, message, roots=message, start=row["xsd_start_type"], root=row["root"],
            trigger=row["trigger_event"], lists="4.1.3", edition=bds,
        )  # fmt: skip

    def _differences(self):
        """Turns the templates of 7.1 into those of 7.0: rows go, rows come."""
        lists = {r["list"]: r for r in _rows(self.folder.parent / "dob_model" / "lists.csv")}
        for r in _rows(self.folder / "differences_70.csv"):
            if (r["message"], r["bds_of_70"]) != (self.version, self.edition):
                continue
            path = parse(r["path"])
            key = next(k for k in self.templates if k[0] == r["template"])
            entries = self.templates[key][path[-1].name]
            entry = next((e for e in entries if e[1] == path), None)
            if r["only_in"] == "7.1":
                if r["kind"] == "context":
                    entries.remove(entry)
                elif entry is not None:
                    same = ("kind", "target", "value", "absent_ok", "role")
                    entry[3][:] = [d for d in entry[3] if any(d[k] != r[k] for k in same)]
            elif r["kind"] == "context":
                entries.append((99, path, r["value"].split(), []))
            else:
                entry[3].append({"id": "d70", **r})
            for name in re.findall(r"W0681@2019-07-16|W0188\.1", r["path"] + r["target"] + r["value"]):
                self._extra(lists[name])

    def _extra(self, listed):
        rows = [
            r
            for r in _rows(self.folder.parent / "bds" / self.edition / "waardenlijsten.csv")
            if (r["valueset_oid"], r["effective_date"]) == (listed["valueset_oid"], listed["effective_date"])
        ]
        assert rows
        name = listed["list"]
        self.paths.concepts[name] = {
            (r["code"], r["codesystem_oid"]) for r in rows if r["soort"] == "concept"
        }
        self.paths.nulls[name] = {r["code"] for r in rows if r["soort"] == "exception"}

    def _mine(self, rows):
        return [r for r in rows if self.version in r["versions"].split()]

    def _lists(self, version):
        concepts, nulls, self.types_d = {}, {}, {}
        at = defaultdict(list)
        for r in _rows(self.folder.parent / "bds" / version / "waardenlijsten.csv"):
            at[r["valueset_oid"], r["effective_date"]].append(r)
        extra = self.folder / "valuesets.csv"
        if extra.is_file():
            for r in _rows(extra):
                at[r["valueset_oid"], r["effective_date"]].append(r)
        for r in self._mine(_rows(self.folder / "lists.csv")):
            rows = at[r["valueset_oid"], r["effective_date"]]
            assert rows, r
            name = r["list"]
            concepts[name] = {(x["code"], x["codesystem_oid"]) for x in rows if x["soort"] == "concept"}
            nulls[name] = {x["code"] for x in rows if x["soort"] == "exception"}
            self.types_d[name] = {(x["code"], x["codesystem_oid"]) for x in rows if x.get("type") == "D"}
        return concepts, nulls

    def _contexts(self):
        #: template → rows of (order, parsed path, flavours, demands), by the name of the last step
        self.templates = defaultdict(lambda: defaultdict(list))
        self.document = []
        everywhere = set()  # templates of which a context can match without their own templateId
        demands = defaultdict(list)
        for r in self._mine(_rows(self.folder / "templates_structural.csv")):
            demands[r["context"]].append(r)
        for r in self._mine(_rows(self.folder / "contexts.csv")):
            entry = (int(r["order"]), parse(r["path"]), r["datatypes"].split(), demands[r["context"]])
            if r["path"] == "/":
                self.document.append((r["template"], entry))
            else:
                self.templates[r["template"], ""][entry[1][-1].name].append(entry)
                if f"[templateId[@root={r['template']}]]" not in r["path"]:
                    everywhere.add((r["template"], ""))
        features = defaultdict(list)
        for r in _rows(self.folder / "templates_observation.csv"):
            features[r["feature"]].append(r)
        for p in self._mine(_rows(self.folder / "observation_parameters.csv")):
            key = (p["template"], p["edition"])
            made = {}
            for f in p["features"].split():
                for r in features[f]:
                    r = {k: self._fill(v, p) for k, v in r.items()}  # noqa: PLW2901
                    entry = made.setdefault(int(r["order"]), (int(r["order"]), parse(r["path"]), [], []))
                    if r["kind"] == "datatype":
                        entry[2].extend(r["value"].split())
                    elif r["kind"] != "context":
                        entry[3].append(r)
            for entry in made.values():
                self.templates[key][entry[1][-1].name].append(entry)
        #: Where the templateId is near, its templates can match; "" is near everywhere.
        self.by_root = defaultdict(list)
        for key in self.templates:
            self.by_root["" if key in everywhere else key[0].replace("tpl:", TPL)].append(key)
        for names in self.templates.values():
            for found in names.values():
                found.sort(key=lambda e: e[0])

    @staticmethod
    def _fill(text, p):
        if not text or "{" not in text:
            return text
        values = dict(p, template=p["template"].removeprefix("tpl:"))
        return re.sub(r"\{([\w.]+)\}", lambda m: values[m[1]], text)

    # ---- one message -----------------------------------------------------------------------------------------

    def errors(self, root):
        return [v for v in self.judge(root) if v.role == "error"]

    def judge(self, root):
        """All official findings on a message: schema and templates."""
        found = [Verdict("error", f"xsd:{kind}", "", node.sourceline or 0, self._path(node), text)
                 for node, kind, text in self.schema.judge(root)]  # fmt: skip
        if self.version == "4.2.0":
            return found
        for template, entry in self.document:
            self._rows_of(root, entry, template, found, document=True)
        nodes = list(root.iter("*"))  # kept, so that what is remembered of a node stays true
        self.paths.forget()
        near = {}
        for node in nodes:
            around = near[node] = near.get(node.getparent(), frozenset([""])) | _templates_below(node, 2)
            local = node.tag.rpartition("}")[2]
            for key in [k for oid in around for k in self.by_root.get(oid, ())]:
                names = self.templates[key]
                tried = [*names.get(local, ()), *names.get("*", ())]
                for entry in sorted(tried, key=lambda e: e[0]):
                    if self.paths.matches(node, entry[1]):
                        self._rows_of(node, entry, key[0], found)
                        break
        self.paths.forget()
        return found

    def _rows_of(self, node, entry, template, found, document=False):
        def say(role, rule, text=""):
            found.append(Verdict(role, rule, template, node.sourceline or 0, self._path(node), text))

        for r in entry[3]:
            try:
                if not self._demand(node, r, document):
                    rule = r["id"] + (" " + r["value"] if r["kind"] == "other" else "")
                    say(r["role"], rule, f"{r['kind']} {r['target']} {r['value']}")
            except Broken as stop:
                say("error", r["id"], f"stop: {stop}")
        for flavour in dict.fromkeys(entry[2]):
            for part in self.chains[flavour]:
                for rule in self.own[part]:
                    try:
                        if not FLAVOURS[rule](node):
                            say(self.roles[rule], rule)
                    except Broken as stop:
                        say("error", rule, f"stop: {stop}")

    @staticmethod
    def _path(node):
        own = node.getroottree().getelementpath(node)
        return "." if own == "." else f"./{own}"

    # ---- one demand ------------------------------------------------------------------------------------------

    def _demand(self, node, r, document):
        kind, target, value = r["kind"], r["target"], r["value"].replace("tpl:", TPL)
        if kind == "other":
            return DEMANDS[r["value"]](node, self)
        if kind in {"min", "max"}:
            if document:
                count = sum(
                    self.paths.fits(node, parse(t)[-1], strict=True) for t in target.lstrip("/").split(" || ")
                )
            else:
                count = len(self.paths.below(node, target))
            return count >= int(value) if kind == "min" else value == "*" or count <= int(value)
        if kind in {"mandatory_attribute", "type_present"}:
            return all(attribute(node, a[1:]) is not None for a in target.split())
        if kind == "no_content":
            return not elements(node)
        null = node.get("nullFlavor") is not None
        if r["absent_ok"].startswith("nullFlavor") and null:
            return True
        if r["absent_ok"] == "nullFlavor or no @code" and node.get("code") is None:
            return True
        if kind in {"fixed_code", "valueset", "deprecated_code", "forbidden_code"}:
            return self._coded(node, kind, target, value, r["absent_ok"])
        given = attribute(node, target[1:])
        if given is None:
            return r["absent_ok"] == "yes" if kind not in {"unit", "range"} else False
        if kind == "fixed_attribute":
            return given == value
        if kind == "attribute_in":
            return given in value.split()
        if kind == "attribute_tokens_in":
            return set(given.split()) <= set(value.split())
        if kind == "type":
            return resolved(node, given) == (V3, value)
        if kind == "nullflavor_list":
            lists, _, extra = value.partition("+")
            return given == extra or any(given in self.paths.nulls[n] for n in lists.split())
        if kind == "format":
            return {
                "token": lambda: given != "" and not set(given) & set(BLANK),
                "nonempty": lambda: given != "",
                "number": lambda: bool(_NUMBER.fullmatch(given)),
                "integer": lambda: bool(_INTEGER.fullmatch(given)),
            }[value]()
        if kind == "unit":
            return given == value
        if kind == "length":
            return len(given) == int(value)
        if kind == "range":
            return _in_range(given, value)
        if kind == "ucum":
            return True
        raise AssertionError(kind)

    def _coded(self, node, kind, target, value, absent_ok):
        code, system = node.get("code"), node.get("codeSystem")
        if kind == "valueset":
            if target == "@code":
                return any(code in self.paths.codes[n] for n in value.split())
            return any((code, system) in self.paths.concepts[n] for n in value.split())
        if kind == "deprecated_code":
            return not any((code, system) in self.types_d[n] for n in value.split())
        given = {"@code": code, "@codeSystem": system}.get(target, f"{code}:{system}")
        if kind == "forbidden_code":
            return given not in value.split()
        if absent_ok == "yes" and (system if target == "@codeSystem" else code) is None:
            return True
        return given in value.split()


def _templates_below(node, depth):
    """Template roots of the node and of what is at most `depth` levels down: no path looks further."""
    found = frozenset(t.get("root") for t in node.iterchildren(N + "templateId"))
    for child in node if depth else ():
        found |= _templates_below(child, depth - 1)
    return found


def _in_range(given, value):
    bounds, _, extra = value.partition(" ")
    text = given.strip(BLANK)
    if not _RANGE_NUMBER.fullmatch(text):
        return False
    if extra == "digits" and not re.fullmatch(r"[+-]?[0-9]+", text):
        return False
    number = float(text.replace("INF", "inf"))
    low, _, high = bounds.partition("..")
    return (not low or number >= float(low)) and (not high or number <= float(high))
