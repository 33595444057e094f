"""One walk over a DOB message that applies the rules of family 8xx; readers call `inspect` on what they parsed.

Rules are looked up in tables keyed by templateId and code (`bericht_tables`), so that a node meets only what
concerns it. Remarks hold places and element numbers, never values.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from bds_tool.base.text import whole
from bds_tool.formats.dob.model.faults import local
from bds_tool.validate.message_model import elsewhere, number_at, tell
from bds_tool.validate.message_tables import ELEMENTS, MessageTables, compiled

if TYPE_CHECKING:
    from lxml.etree import _Element

    from bds_tool.formats.dob.model.faults import Fault
    from bds_tool.schema.model import Definition
    from bds_tool.store.sources import Sink

MARKER = "BDS800"
#: Faults of elements that stand where the schema has no place for them.
MISPLACED = frozenset({"unknown", "late", "instead", "often", "early"})
#: Faults of an attribute or text that its element may not have.
REFUSED = frozenset({"attribute", "text"})
HL7 = "{urn:hl7-org:v3}"
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_CODE, _VALUE, _TEMPLATE = HL7 + "code", HL7 + "value", HL7 + "templateId"
_OBSERVATION, _COMPONENT, _GROUP = HL7 + "observation", HL7 + "component", HL7 + "groupCluster"
_EVENT = "ControlActProcess/subject/CareProvisionRequest/sequelTo/careProvisionEvent"
#: Tags in which a code without displayName is no omission: addresses, and codes fixed by the specification.
_NO_NAME = frozenset({HL7 + "country", HL7 + "county", HL7 + "city", HL7 + "keyWordText"})
_CODED = tuple(
    HL7 + t
    for t in (
        "code",
        "value",
        "reasonCode",
        "methodCode",
        "targetSiteCode",
        "educationLevelCode",
        "occupationCode",
        "administrativeGenderCode",
    )
)


def inspect(
    root: _Element, sink: Sink, definition: Definition
) -> tuple[set[_Element], set[tuple[_Element, str]]]:
    """Leave a remark for every rule of family 8xx that the message breaks, and one that it was walked.

    Gives the elements that have no place in the message according to its schema, and the attributes (`@name`) and texts
    ("") that their element may not have.
    """
    from bds_tool.formats.dob.model import other_messages

    name = local(root.tag)
    tables = compiled(definition.version, "jgz" if name in other_messages() else "dob")
    faults = _faults(root, tables)
    _tell(faults, sink, tables)
    _Walk(root, sink, tables, {(f.element, f.subject) for f in faults}).run()
    if "BDS856" in tables.holds:
        _unseen(root, faults, sink, tables.version)
    sink.melding(MARKER)
    refused = {(f.element, f.subject.replace("xsi:", "")) for f in faults if f.kind in REFUSED}
    return {f.element for f in faults if f.kind in MISPLACED}, refused


def _faults(root: _Element, tables: MessageTables) -> list[Fault]:
    from bds_tool.formats.dob.model import model_for
    from bds_tool.formats.dob.model.judge import judge

    model = model_for(local(root.tag), tables.version)
    return [] if model is None else [f for f in judge(root, model) if not elsewhere(f)]


def _unseen(root: _Element, faults: list[Fault], sink: Sink, version: str) -> None:
    """What the official rules pass over: a part with a code that no template knows."""
    from bds_tool.formats.dob.model import model_for
    from bds_tool.formats.dob.model.judge import judge_of
    from bds_tool.formats.dob.model.unseen import unseen

    model = model_for(local(root.tag), version)
    for element in () if model is None else unseen(root, judge_of(model).templates, faults):
        sink.melding(
            "BDS856",
            dossier_id=dossier_of(sink, element),
            bdsnummer=number_at(element),
            regel=element.sourceline,
            pad=place(element),
            element=local(element.tag),
        )


def _tell(faults: list[Fault], sink: Sink, tables: MessageTables) -> None:
    for fault in faults:
        code, parameters = tell(fault, tables.texts)
        if code in tables.holds:
            sink.melding(
                code,
                dossier_id=dossier_of(sink, fault.element),
                bdsnummer=number_at(fault.element),
                waarde=fault.found,
                regel=fault.element.sourceline,
                pad=place(fault.element),
                **parameters,
            )


def dossier_of(sink: Sink, element: _Element) -> str | None:
    """The key under which the reader put this message, or what this part of it is about."""
    if sink.about is not None:
        return sink.about(element)
    return str(sink.rows[-1][0]) if sink.rows else None


class _Walk:
    """What the tables of the standard do not say: names of codes, unknown templates, and the rules of 4.2.0."""

    def __init__(
        self, root: _Element, sink: Sink, tables: MessageTables, told: set[tuple[_Element, str]]
    ) -> None:
        self.root, self.sink, self.tables = root, sink, tables
        #: what the model told already, as (element, child or attribute)
        self.told = told

    def run(self) -> None:
        self._coded()
        self._observations()
        event = self.root.find(_path(_EVENT))
        if event is not None and self.tables.stands_in:
            self._nodes()
            self._event(event)
            self._addresses(event)
            for encounter in event.iterfind(f"{HL7}component7/*"):
                self._encounter(encounter)
            for given in event.iter(HL7 + "substanceAdministration"):
                self._vaccination(given)

    def tell(self, code: str, element: _Element, bdsnummer: int | None = None, **parameters: Any) -> None:  # noqa: ANN401
        if code in self.tables.holds:
            self.sink.melding(
                code,
                dossier_id=dossier_of(self.sink, element),
                bdsnummer=bdsnummer,
                regel=element.sourceline,
                pad=place(element),
                **parameters,
            )

    def _observations(self) -> None:
        """Observations that are denied, and those of which no templateId is known (another party may have its own)."""
        known, by_template = self.tables.observations, "BDS812" in self.tables.holds
        for observation in self.root.iter(_OBSERVATION):
            if observation.get("negationInd") == "true" and (observation, "@negationInd") not in self.told:
                self.tell("BDS827", observation, _number(observation.find(_CODE)))
            if by_template and not any(t.get("root") in known for t in observation.iterchildren(_TEMPLATE)):
                self.tell("BDS812", observation, _number(observation.find(_CODE)))

    # ---- parts that every message has ---------------------------------------------------------------------------

    def _nodes(self) -> None:
        for path, needed in self.tables.limits["BDS829"]["nodes"].items():
            for node in self.root.iterfind(_path(path)) if path else (self.root,):
                have = {c.tag for c in node}
                for name in needed:
                    if HL7 + name not in have:
                        self.tell("BDS829", node, onderdeel=name)

    def _coded(self) -> None:
        displays, longest = self.tables.displays, int(self.tables.limits["BDS825"]["characters"])
        for element in self.root.iter(*_CODED):
            get = element.get
            code = get("code")
            if code is None:
                if get("nullFlavor") == "OTH":
                    text = element.find(HL7 + "originalText")
                    if text is not None and len(text.text or "") > longest:
                        self.tell("BDS825", element)
                continue
            system, name = get("codeSystem"), get("displayName")
            if system is None:
                continue
            if name is None:
                if element.tag not in _NO_NAME:
                    self.tell("BDS819", element)
                continue
            known = displays.get((system, code))
            if known and name.strip().casefold() not in known:
                self.tell("BDS820", element)

    def _event(self, event: _Element) -> None:
        status = event.find(HL7 + "statusCode")
        word = None if status is None else status.get("code")
        if word is not None and word != "completed":
            self.tell("BDS824", event)
        if word in {"completed", "aborted"} and event.find(f"{HL7}effectiveTime/{HL7}high") is None:
            self.tell("BDS826", event)
        kinds = {c.get("code") for c in event.iterfind(f"{HL7}appendage/{HL7}document/{HL7}code")}
        if "01" not in kinds:
            self.tell("BDS823", event)

    def _addresses(self, event: _Element) -> None:
        limits = self.tables.limits["BDS836"]
        pattern = _regex(limits["pattern"])
        for address in event.iterfind(f"{HL7}subject/{HL7}patient/{HL7}addr"):
            country = address.find(HL7 + "country")
            abroad = country is not None and country.get("code") not in {None, limits["country"]}
            postcode = address.find(HL7 + "postalCode")
            if (
                postcode is not None
                and not abroad
                and postcode.text
                and not pattern.match(postcode.text.strip())
            ):
                self.tell("BDS836", postcode, 16)

    # ---- activities -----------------------------------------------------------------------------------------------

    def _encounter(self, encounter: _Element) -> None:
        if encounter.tag == HL7 + "encounter":
            self._status(encounter)
        seen: dict[str, list[_Element]] = {}
        for cluster in encounter.iterfind(f"{HL7}pertinentInformation/{HL7}rubricCluster"):
            code = cluster.find(_CODE)
            name = (code.get("code") or "") if code is not None else ""
            seen.setdefault(name, []).append(cluster)
            if name and name not in self.tables.rubrieken:
                self.tell("BDS834", cluster, rubriek=name)
            self._cluster(cluster, name)
        for name, clusters in seen.items():
            if name and len(clusters) > 1:
                self.tell("BDS831", clusters[1], rubriek=name, aantal=len(clusters))
        if encounter.tag == HL7 + "encounter" and "R018" not in seen:
            self.tell("BDS833", encounter)

    def _status(self, encounter: _Element) -> None:
        mood = encounter.get("moodCode")
        status = encounter.find(HL7 + "statusCode")
        allowed = self.tables.limits["BDS835"].get(mood or "")
        if allowed and status is not None and status.get("code") not in allowed:
            self.tell("BDS835", status, mood=mood, verwacht=" / ".join(allowed))

    def _cluster(self, cluster: _Element, name: str) -> None:
        counts: set[str] = set()
        for component in cluster.iterchildren(_COMPONENT):
            for child in component:
                if child.tag == _OBSERVATION:
                    counts.add(self._observation(child))
                elif child.tag == _GROUP:
                    code = child.find(_CODE)
                    self._cluster(child, (code.get("code") or "") if code is not None else "")
        limits = self.tables.clusters.get(name)
        for template in () if limits is None else limits.least:
            if template not in counts:
                self.tell("BDS814", cluster, self.tables.observations[template].element, plaats=name)

    def _observation(self, observation: _Element) -> str:
        """Judge one observation; gives its template, which tells what it is (empty when unknown)."""
        template = ""
        code = value = None
        for child in observation:
            tag = child.tag
            if tag == _VALUE:
                value = child
            elif tag == _CODE:
                code = child
            elif tag == _TEMPLATE:
                template = child.get("root") or ""
        known = self.tables.observations.get(template)
        if known is None:
            return template
        if code is None or code.get("code") != known.code:
            self.tell("BDS813", observation, known.element, verwacht=known.code)
        if value is None:
            if known.needs_value and observation.get("nullFlavor") is None:
                self.tell("BDS817", observation, known.element)
        elif known.types and known.needs_value:
            given = (value.get(XSI_TYPE) or "").rsplit(":", 1)[-1]
            if given not in known.types:
                self.tell("BDS816", observation, known.element, verwacht=known.shown)
        return template

    def _vaccination(self, given: _Element) -> None:
        refused = given.get("negationInd") == "true"
        batch = given.find(f".//{HL7}lotNumberText")
        text = "" if batch is None else (batch.text or "").strip()
        if refused and text:
            self.tell("BDS821", given, 472)
        elif not refused and not text and given.get("moodCode") == "EVN":
            self.tell("BDS822", given, 472)


def _number(code: _Element | None) -> int | None:
    if code is None or code.get("codeSystem") != ELEMENTS:
        return None
    given = code.get("code") or ""
    return whole(given, 6)


@lru_cache(maxsize=64)
def _path(path: str) -> str:
    return "/".join(HL7 + part for part in path.split("/"))


@lru_cache(maxsize=8)
def _regex(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def place(element: _Element) -> str:
    """The path to a node with a number for every step, `component7[2]/encounter[1]`, from below the root element."""
    steps = []
    node: _Element | None = element
    while node is not None:
        parent = node.getparent()
        tag = str(node.tag).rsplit("}", 1)[-1]
        if parent is None:
            break
        number = 1 + sum(1 for _ in node.itersiblings(node.tag, preceding=True))
        steps.append(f"{tag}[{number}]")
        node = parent
    return "/".join(reversed(steps))
