"""The definitions for an assistant that speaks the Model Context Protocol: questions about the BDS, never about data.

Every tool takes words and numbers and reads `specs/`; none takes a path, opens a delivery or changes anything.
"""

from __future__ import annotations

from dataclasses import asdict
from functools import wraps
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations

from bds_tool import __version__
from bds_tool.base.errors import UserError
from bds_tool.base.escaping import terminal
from bds_tool.base.text import language, set_language, t
from bds_tool.findings.catalogue import facts, load_catalogue
from bds_tool.schema import is_draft, load, newest
from bds_tool.schema import versions as known_versions
from bds_tool.schema.diff.report import difference, envelope
from bds_tool.schema.lookup.card import card
from bds_tool.schema.lookup.history import requests
from bds_tool.schema.lookup.search import search as find
from bds_tool.schema.protocols import in_language
from bds_tool.schema.protocols import protocol as one_protocol
from bds_tool.schema.protocols import protocols as all_protocols

#: Rows of an answer at most; an answer that is longer says how many there are.
MOST = 200
#: Characters of a word that is asked for; the longest name of the BDS has 200.
WORD = 1000
_ABOUT = (
    "Definitions of the Basisdataset JGZ (BDS), the Dutch data set of youth health care: elements, rubrieken, groepen, value "
    "lists, versions and their changes, protocols and the rules of bds validate. Names are Dutch as published. Answer from "
    "these tools and name the version; where they say nothing, say so."
)
#: The words of a card that say what a thing is; the rest (paths, uses, history) comes with `everything`.
_BRIEF = (
    "kind", "version", "bdsnummer", "nummer", "naam", "status", "in_bericht", "rubriek", "groepen", "datatype",
    "hl7_datatype", "eenheid", "minimum", "maximum", "max_lengte", "waardenlijst", "cardinality", "values",
    "elementen", "successors", "predecessors", "requests", "zekerheid", "bron",
)  # fmt: skip


def look_up(key: str, version: str = "", everything: bool = False) -> dict[str, Any]:
    """What an element, rubriek, groep or value list is: by number (235, R027, G076, W0177) or by the name of an element.

    Without a version the newest that has it; `version` in the answer says which. `everything` adds the place in messages,
    the history over versions, protocols and indicators that use it.
    """
    found = card(key, version)
    return dict(found) if everything else {k: v for k, v in found.items() if k in _BRIEF}


def search(words: str, version: str = "", limit: int = 30) -> dict[str, Any]:
    """Search names of elements, rubrieken, groepen and value lists, and names of values."""
    hits = find(load(version or newest()), words)
    return {
        "version": version or newest(),
        "total": len(hits),
        "hits": [asdict(h) for h in hits[: min(max(limit, 1), MOST)]],
    }


def versions() -> dict[str, Any]:
    """The versions of the BDS that are known, oldest first; a draft holds only where it is asked for."""
    return {
        "versions": [{"version": v, "draft": is_draft(v), "date": load(v).datum} for v in known_versions()]
    }


def changes(old: str, new: str, key: str = "") -> dict[str, Any]:
    """What changed between two versions; `key` keeps to one element, rubriek, groep or list (235, R027, W0177)."""
    found = envelope(difference(old, new))
    rows = [c for c in found["changes"] if not key or key in c["sleutel"].split("/")]
    about = {k: v for k, v in found.items() if k != "changes"}
    return {**about, "total": len(rows), "changes": rows[:MOST]}


def change_requests(request: str = "", key: str = "") -> dict[str, Any]:
    """The published change requests (JGZ-nnn): what each touches. By request, or by element or list; without both all."""
    rows = [
        asdict(r)
        for r in requests()
        if (not request or r.verzoek == request) and (not key or key in {r.nummer, r.waardenlijst})
    ]
    return {"total": len(rows), "requests": rows[:MOST]}


def rule(code: str) -> dict[str, Any]:
    """What a rule of bds checks, why, and what to do about a finding: BDS203, or its name waarde-niet-in-lijst."""
    return facts(load_catalogue().find(code))


def rules(words: str = "") -> dict[str, Any]:
    """All rules with code, name and title; `words` keeps to those that hold them."""
    low = words.casefold()
    every = load_catalogue().rules.values()
    found = [r for r in every if low in f"{r.code} {r.name} {r.title}".casefold()]
    rows = [{"code": r.code, "name": r.name, "severity": r.severity, "title": str(r.title)} for r in found]
    return {"total": len(rows), "rules": rows[:MOST]}


def protocols() -> dict[str, Any]:
    """The BDS protocols that are known: what to record when, by guideline."""
    return {"protocols": [{"id": p.id, "title": in_language(p.title)} for p in all_protocols().values()]}


def protocol(name: str, version: str = "") -> dict[str, Any]:
    """One protocol with its rules: when, which elements, which codes, and the source."""
    found = one_protocol(name)
    if version:
        load(version)  # of one that nobody knows it cannot be said that nothing holds
    held = [asdict(r) for r in found.rules if not version or r.versions.holds(version)]
    return {**asdict(found), "rules": held}


TOOLS = (look_up, search, versions, changes, change_requests, rule, rules, protocols, protocol)


def server() -> MCPServer[Any]:
    """A server with the tools; `run("stdio")` serves one assistant until it goes."""
    made: MCPServer[Any] = MCPServer(
        "bds", title="Basisdataset JGZ", version=__version__, instructions=_ABOUT, log_level="ERROR"
    )
    for tool in TOOLS:
        made.tool(
            description=tool.__doc__,
            annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False),
            structured_output=False,
        )(_told(tool))
    return made


def _told(tool: Any) -> Any:  # noqa: ANN401
    """The tool in the language of this run; what a user did wrong is said as it is on the screen."""
    lang = language()

    @wraps(tool)
    def answer(**given: Any) -> Any:  # noqa: ANN401
        set_language(lang)
        if any(isinstance(word, str) and len(word) > WORD for word in given.values()):
            raise ToolError(
                t(f"Meer dan {WORD} tekens is geen vraag.", f"Over {WORD} characters is no question.")
            )
        try:
            return tool(**given)
        except UserError as error:
            raise ToolError(terminal(f"{error.message} {error.remedy or ''}".strip())) from error

    return answer
