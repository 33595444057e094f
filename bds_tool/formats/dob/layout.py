"""The trees of `specs/dob/indeling.yaml` and `specs/jgz/indeling.yaml`, compiled for walking a message and writing one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bds_tool.base import compiled
from bds_tool.base.errors import SpecError
from bds_tool.base.specs import read_yaml, specs_dir
from bds_tool.base.text import t
from bds_tool.schema import load, newest
from bds_tool.schema.state import state

if TYPE_CHECKING:
    from lxml.etree import _Element

HL7 = "{urn:hl7-org:v3}"
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"

Test = Callable[["_Element"], bool]
_KEY = re.compile(r"^(?P<tags>[@\w.|]+)(?P<selectors>(\[[^\]]*\])*)(?P<many>\*?)$")
_SELECTOR = re.compile(r"\[([^\]]*)\]")


@dataclass(eq=False)
class Node:
    """One place in the message.

    `element` is the number this place carries; `known` says that it carries data even without a number.
    `children` maps a qualified tag to (test, node) pairs, tried in order; `attributes` likewise by name.

    The rest is for the writer. `fixed`: attributes it always writes (None: never). `always`: written also when nothing is known,
    in every message ("altijd") or only before 4.0 ("oud"). `when`: child → attributes the node has beside it.
    `identified`: elements of which one is needed to write the node at all; `no_id`: the nullFlavor of an `id` that
    nobody gave.
    """

    key: str
    tags: tuple[str, ...]
    many: bool
    pad: str
    element: int | None = None
    known: bool = False
    old_element: int | None = None
    stands_for: str = ""
    only: str = ""
    old_only: bool = False
    new_only: bool = False
    constant: str | None = None
    kind: str = ""
    elements: tuple[int, ...] = ()
    groep: str | None = None
    instance: bool = False
    rubriek: str | None = None
    bds: bool = False
    activity: bool = False
    dated: bool = False
    template: str = ""
    default: dict[str, str] = field(default_factory=dict)
    fixed: dict[str, str | None] = field(default_factory=dict)
    always: str = ""
    when: dict[str, dict[str, str]] = field(default_factory=dict)
    identified: tuple[int, ...] = ()
    no_id: str = ""
    selectors: tuple[tuple[str, str, str], ...] = ()
    attributes: dict[str, Node] = field(default_factory=dict)
    children: dict[str, list[tuple[Test | None, Node]]] = field(default_factory=dict)
    order: list[Node] = field(default_factory=list)

    #: The child `code` is asked for by a selector or carries the element number.
    codes_are_structure: bool = False
    #: Nothing but a value of its own: no branches, attributes, group, section or special form.
    leaf: bool = False

    def find(self, element: _Element) -> Node | None:
        """The node for a child element of the message, or None when the layout has no place for it."""
        for test, node in self.children.get(element.tag, ()):
            if test is None or test(element):
                return node
        return None


@dataclass(frozen=True)
class Layout:
    """The compiled tree of one message and the code systems around it.

    `name`: the message. `path`: where in it stands what becomes a dossier; empty when nothing does. `of_children`: what
    stands there is of a child. `words`: element → code of the data set → the word that the message has for it.
    """

    bericht: Node
    dossier: Node
    qualifiers: dict[int, Node]
    other_codes: dict[str, int]
    systems: dict[str, str]
    words: dict[int, dict[str, str]]
    constants: dict[str, str]
    rubrieken: dict[int, str]
    name: str = "dob"
    path: str = "ControlActProcess/subject/CareProvisionRequest/sequelTo/careProvisionEvent"
    of_children: bool = True


_FILE = Path("dob") / "indeling.yaml"


@lru_cache(maxsize=4)
def _layout(specs: str) -> Layout:
    if found := compiled.known(_made_of(specs)):
        kept: Layout = found[0]
        return kept
    return _made(specs)


#: The modules that make a layout.
_MAKERS = ("base/strict_yaml.py", "formats/dob/layout.py", "schema/loading.py", "schema/model.py")


def packed() -> tuple[list[bytes], list[object]]:
    """For `compiled.write`: the layout of the dossieroverdrachtbericht by what it was made of."""
    specs = str(specs_dir())
    return [_made_of(specs)], [_made(specs)]


def _made_of(specs: str) -> bytes:
    try:
        text = (Path(specs) / _FILE).read_bytes()
    except OSError:
        text = b""  # what is wrong is told where it is read
    return b"layout " + text + state(specs, _MAKERS).encode()


def _made(specs: str) -> Layout:
    path = Path(specs) / _FILE
    data = read_yaml(path)
    try:
        return Layout(
            bericht=_compile("bericht", data["bericht"], ""),
            dossier=_compile("careProvisionEvent", data["dossier"], ""),
            qualifiers={int(n): _qualifiers(int(n), paths) for n, paths in data["kwalificaties"].items()}
            | {0: Node("", (), many=False, pad="")},
            other_codes={str(k): int(v) for k, v in data["andere_codes"].items()},
            systems=data["codestelsels"],
            words={int(n): {str(k): str(v) for k, v in w.items()} for n, w in data["woorden"].items()},
            constants=data["vaste_codes"],
            rubrieken={n: e.rubriek for n, e in load(newest()).elementen.items() if e.rubriek},
        )
    except (KeyError, ValueError, TypeError) as error:
        raise _broken(path, error) from error


def _broken(path: Path, error: Exception) -> SpecError:
    return SpecError(
        t(
            f"De berichtindeling {path} klopt niet ({type(error).__name__}: {error}).",
            f"The message layout {path} is not right ({type(error).__name__}: {error}).",
        ),
        t(
            "Herstel het bestand of gebruik de meegeleverde specs.",
            "Repair the file or use the shipped specs.",
        ),
    )


def layout() -> Layout:
    """The layout of the specs in use, compiled once per folder."""
    return _layout(str(specs_dir()))


@lru_cache(maxsize=4)
def _others(specs: str) -> OtherLayouts:
    path = Path(specs) / "jgz" / "indeling.yaml"
    data = read_yaml(path)
    try:
        return OtherLayouts(path, _layout(specs), dict(data["berichten"]))
    except (KeyError, ValueError, TypeError) as error:
        raise _broken(path, error) from error


def other_layouts() -> Mapping[str, Layout]:
    """The layouts of the other messages of the JGZ by the name of their root element."""
    return _others(str(specs_dir()))


class OtherLayouts(Mapping[str, Layout]):
    """Compiled one by one when asked for: a dossier needs to know only that its root is none of these."""

    def __init__(self, path: Path, around: Layout, messages: dict[str, Any]) -> None:
        self._path, self._around, self._messages = path, around, messages
        self._compiled: dict[str, Layout] = {}

    def __getitem__(self, root: str) -> Layout:
        if root not in self._compiled:
            value = self._messages[root]
            try:
                self._compiled[root] = replace(
                    self._around,
                    bericht=_compile("bericht", value["bericht"], ""),
                    dossier=_compile(value["pad"].rpartition("/")[2] or "dossier", value["dossier"], ""),
                    name=str(value["naam"]),
                    path=str(value["pad"]),
                    of_children=bool(value["pad"]) and value.get("jeugdigen", True),
                )
            except (KeyError, ValueError, TypeError, AttributeError) as error:
                raise _broken(self._path, error) from error
        return self._compiled[root]

    def __contains__(self, root: object) -> bool:
        return root in self._messages

    def __iter__(self) -> Iterator[str]:
        return iter(self._messages)

    def __len__(self) -> int:
        return len(self._messages)


def _compile(key: str, value: Any, parent: str) -> Node:  # noqa: ANN401  # what YAML holds
    match = _KEY.match(key)
    if not match:
        raise ValueError(key)
    tags = tuple(match["tags"].split("|"))
    selectors = tuple(_selector(s) for s in _SELECTOR.findall(match["selectors"]))
    pad = f"{parent}/{tags[0]}" if parent else tags[0]
    node = Node(key, tags, many=bool(match["many"]), pad=pad, selectors=selectors)
    if value is None:
        node.known = True
    elif isinstance(value, int):
        node.element = value
    elif isinstance(value, str):
        node.constant = value.removeprefix("=")
    else:
        _fill(node, value)
    node.codes_are_structure = node.bds or any(n == "code" and op == "=" for n, op, _ in selectors)
    node.leaf = node.constant is None and not (
        node.order
        or node.attributes
        or node.kind
        or node.instance
        or node.rubriek
        or node.bds
        or node.activity
        or node.dated
    )
    return node


def _selector(text: str) -> tuple[str, str, str]:
    for op in ("^", "~", "=", ":", "?"):
        name, found, value = text.partition(op)
        if found:
            return name, op, value
    raise ValueError(text)


def _fill(node: Node, value: dict[str, Any]) -> None:
    if "_element" in value:
        node.element = value["_element"]
        node.known = node.element is None
    node.old_element = value.get("_oud")
    node.stands_for = value.get("_waarde", "")
    node.only = value.get("_alleen", "")
    node.old_only = value.get("_versie") == "oud"
    node.new_only = value.get("_versie") == "nieuw"
    node.kind = value.get("_soort", "")
    node.elements = tuple(value.get("_elementen", ()))
    node.groep = value.get("_groep")
    node.instance = bool(node.groep or value.get("_exemplaar"))
    node.rubriek = value.get("_rubriek")
    node.bds = bool(value.get("_bds"))
    node.activity = bool(value.get("_activiteit"))
    node.dated = bool(value.get("_datum"))
    node.template = value.get("_sjabloon", "")
    node.default = value.get("_standaard", {})
    node.fixed = value.get("_vast", {})
    node.always = value.get("_altijd", "")
    node.when = value.get("_bij", {})
    node.identified = tuple(value.get("_alleen_met", ()))
    node.no_id = value.get("_zonder_id", "")
    for key, child_value in value.items():
        if key.startswith("_"):
            continue
        child = _compile(key, child_value, node.pad)
        if key.startswith("@"):
            node.attributes[key[1:]] = child
        else:
            _attach(node, child)


def _attach(node: Node, child: Node) -> None:
    node.order.append(child)
    for tag in child.tags:
        node.children.setdefault(HL7 + tag, []).append((_test(child.selectors), child))


def _qualifiers(carrier: int, paths: dict[str, int]) -> Node:
    """The places below one observation that carry elements of their own."""
    top = Node("observation", ("observation",), many=False, pad=f"observation/{carrier}")
    for path, number in paths.items():
        node = top
        steps = path.split("/")
        for depth, step in enumerate(steps):
            found = next((c for c in node.order if c.key == step), None)
            if found is None:
                found = _compile(step, number if depth == len(steps) - 1 else {}, node.pad)
                _attach(node, found)
            node = found
    return top


def _test(selectors: tuple[tuple[str, str, str], ...]) -> Test | None:
    tests = [_single(*s) for s in selectors]
    if not tests:
        return None
    return tests[0] if len(tests) == 1 else partial(_every, tests)


def _single(name: str, op: str, value: str) -> Test:
    child, _, attribute = name.partition(".")
    if child in {"code", "modeCode"}:
        tag, attribute = HL7 + child, attribute or "code"
        if op == ":":
            codes = frozenset(
                c.code for c in load(newest()).waardenlijsten[value, "HL7"].codes if c.rij == "concept"
            )
            return partial(_child_among, tag, attribute, codes)
        if op == "?":
            return partial(_has_child, tag)
        return partial(_child_is, tag, attribute, value)
    return partial({"^": _starts, "~": _contains}.get(op, _has_word), name, value)


# Tests are parts of functions and no closures: those can be kept in a file (`packed`).


def _every(tests: list[Test], element: _Element) -> bool:
    return all(test(element) for test in tests)


def _has_child(tag: str, element: _Element) -> bool:
    return element.find(tag) is not None


def _child_is(tag: str, attribute: str, value: str, element: _Element) -> bool:
    child = element.find(tag)
    return child is not None and child.get(attribute) == value


def _child_among(tag: str, attribute: str, codes: frozenset[str], element: _Element) -> bool:
    child = element.find(tag)
    return child is not None and child.get(attribute) in codes


def _starts(name: str, value: str, element: _Element) -> bool:
    return bool(element.get(name, "").startswith(value))


def _contains(name: str, value: str, element: _Element) -> bool:
    return value in element.get(name, "")


def _has_word(name: str, value: str, element: _Element) -> bool:
    return value in element.get(name, "").split()
