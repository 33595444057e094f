"""What the message rules look up: per version, compiled once from the definition and the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from bds_tool.base import compiled as ready
from bds_tool.base.specs import specs_dir
from bds_tool.base.text import whole
from bds_tool.findings.catalogue import Text, load_rules
from bds_tool.schema import load, versions
from bds_tool.schema.state import state

if TYPE_CHECKING:
    from bds_tool.schema.model import Definition

PREFIX = "2.16.840.1.113883.2.4.6.10.100."
#: Code systems of elements, rubrieken and groepen in a message.
_DUTCH = "2.16.840.1.113883.2.4.4.40."
ELEMENTS = "2.16.840.1.113883.2.4.4.40.267"
#: xsi:type values that carry an HL7 data type of the definition.
_TYPES = {
    "CV": frozenset({"CV", "CE", "CD", "CO"}),
    "CE": frozenset({"CV", "CE", "CD"}),
    "ST": frozenset({"ST", "ED"}),
    "BL": frozenset({"BL"}),
    "INT": frozenset({"INT"}),
    "PQ": frozenset({"PQ"}),
    "TS": frozenset({"TS", "IVL_TS"}),
    "ED": frozenset({"ED", "ST"}),
}


@dataclass(frozen=True, slots=True)
class Observation:
    """What an observation template asks: its element, the code that must be in it, the types its value may have."""

    element: int
    code: str
    types: frozenset[str]
    shown: str
    needs_value: bool


@dataclass(frozen=True, slots=True)
class Cluster:
    """A rubriek or groep: the templates that must be in it."""

    least: tuple[str, ...]


@dataclass(frozen=True)
class MessageTables:
    """`observations` by templateId root; `clusters` by rubriek or groep code; `displays` by (code system, code)."""

    version: str
    observations: dict[str, Observation]
    clusters: dict[str, Cluster]
    rubrieken: frozenset[str]
    displays: dict[tuple[str, str], frozenset[str]]
    holds: frozenset[str]
    limits: dict[str, dict[str, Any]]
    known_texts: dict[str, dict[str, Text]]

    @property
    def stands_in(self) -> bool:
        """Whether own rules stand in for the templates, which of this version are not public."""
        return "BDS829" in self.holds

    def texts(self, code: str) -> dict[str, Text]:
        """The sentences that a rule knows by key."""
        return self.known_texts.get(code, {})


@lru_cache(maxsize=16)
def _compiled(version: str, family: str, root: str) -> MessageTables:
    kept = ready.known(_made_of(version, root))
    observations, clusters, rubrieken, displays = kept[0] if kept else _made(version)
    catalogue = load_rules()
    return MessageTables(
        version,
        observations,
        clusters,
        rubrieken,
        displays,
        frozenset(r.code for r in catalogue.rules.values() if r.holds_for(version, family)),
        {r.code: r.parameters for r in catalogue.rules.values() if r.family == 8},
        {r.code: r.texts for r in catalogue.rules.values() if r.texts},
    )


#: The modules that make what a definition asks of a message.
_MAKERS = ("schema/loading.py", "schema/model.py", "validate/message_tables.py")


def packed() -> tuple[list[bytes], list[object]]:
    """For `compiled.write`: what each version asks of a message, by what it was made of."""
    root = str(specs_dir())
    return [_made_of(v, root) for v in versions()], [_made(v) for v in versions()]


def _made_of(version: str, root: str) -> bytes:
    return f"messages {version} {state(root, _MAKERS)}".encode()


_Displays = dict[tuple[str, str], frozenset[str]]


def _made(version: str) -> tuple[dict[str, Observation], dict[str, Cluster], frozenset[str], _Displays]:
    definition = load(version)
    observations: dict[str, Observation] = {}
    least: dict[str, list[str]] = {}
    for e in definition.in_bericht.values():
        if e.locatie_soort not in {"observation", "observation-other-code"} or not e.template_id.startswith(
            PREFIX + "4"
        ):
            continue
        observations[e.template_id] = Observation(
            e.bdsnummer,
            _code(e.pad, e.bdsnummer),
            _TYPES.get(e.hl7_datatype, frozenset()),
            e.hl7_datatype,
            e.bdsnummer not in {1195, 1196},
        )
        place = e.groepen[-1] if e.groepen else e.rubriek
        if e.card_bericht.minimum and e.zekerheid == "A":
            least.setdefault(place, []).append(e.template_id)
    return (
        observations,
        {place: Cluster(tuple(templates)) for place, templates in least.items()},
        frozenset(r.rubriek for r in definition.rubrieken.values() if r.template_id),
        _displays(definition),
    )


def _code(pad: str, number: int) -> str:
    """The code in the path of an element: LOINC and SNOMED elements carry another than their number."""
    start = pad.rfind("observation[code='")
    return pad[start + 18 : pad.index("'", start + 18)] if start >= 0 else str(number)


def _displays(definition: Definition) -> _Displays:
    names: dict[tuple[str, str], set[str]] = {}
    for (_, soort), lijst in definition.waardenlijsten.items():
        if soort == "HL7":
            for c in lijst.codes:
                # Names of international code systems differ between the sources; Dutch ones are fixed.
                if c.codesysteem.startswith(_DUTCH):
                    names.setdefault((c.codesysteem, c.code), set()).add(c.weergavenaam.strip().casefold())
    for (system, code), known in names.items():
        element = (
            definition.elementen.get(number)
            if system == ELEMENTS and (number := whole(code, 6)) is not None
            else None
        )
        if element is not None:  # the name of the element is right as well
            known.add(element.naam.casefold())
    return {k: frozenset(v) for k, v in names.items()}


def compiled(version: str, family: str = "dob") -> MessageTables:
    """The tables of one version for the dossieroverdrachtbericht or the other messages, made once per process."""
    return _compiled(version, family, str(specs_dir()))
