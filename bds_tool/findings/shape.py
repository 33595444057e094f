"""The report of every check, as types: `specs/_schemas/bevindingen.schema.json` for who writes Python."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NotRequired, TypedDict

Severity = Literal["fout", "waarschuwing", "info"]


class Tool(TypedDict):
    name: str
    version: str
    rules: str


class Judged(TypedDict):
    """The definition that was used, and its versions."""

    name: str
    versions: list[str]


class Settings(TypedDict):
    reference_date: str | None
    max_examples: int | None
    show_values: bool


class FileEntry(TypedDict):
    """A file that was looked at; `counts` per severity."""

    file: str
    format: str | None
    sha256: str | None
    bytes: int | None
    bds: str | None
    bds_certainty: str | None
    rows: int
    dossiers: int | None
    readable: bool
    counts: dict[str, int]


class Judgements(TypedDict):
    goed: int
    bevinding: int
    niet_beoordeeld: int


class Summary(TypedDict):
    files: int
    unreadable: int
    rows: int
    fout: int
    waarschuwing: int
    info: int
    accepted: int
    judgements: Judgements


class ElementEntry(TypedDict):
    """One element of a rule with findings; `subject` only in a check of definitions."""

    element: int | None
    element_name: str | None
    subject: NotRequired[str]
    count: int
    accepted: int
    files: int
    filled: int | None
    share: float | None


class RuleEntry(TypedDict):
    code: str
    name: str
    family: str
    owner: str | None
    severity: str
    title: str
    why: str
    remedy: str
    source: str
    certainty: str
    count: int
    accepted: int
    files: int
    elements: list[ElementEntry]


class FindingEntry(TypedDict):
    """One finding. `subject` and `remedy` only of definitions; the last three only when values are shown."""

    code: str
    name: str
    severity: str
    message: str
    remedy: NotRequired[str]
    element: int | None
    element_name: str | None
    subject: NotRequired[str]
    file: str | None
    line: int | None
    path: str | None
    parameters: Mapping[str, object]
    fingerprint: str
    dossier: NotRequired[str | None]
    activity: NotRequired[str | None]
    value: NotRequired[str | None]


class Named(TypedDict):
    code: str
    name: str


class NotJudged(TypedDict):
    code: str | None
    name: str
    reason: str | None


class AcceptedEntry(TypedDict):
    """An acceptance of `bds.toml`, and how many findings it took."""

    rule: str
    element: int | None
    file: str | None
    reason: str
    until: str | None
    n: int
    expired: bool


Report = TypedDict(
    "Report",
    {
        "$schema": str,
        "schema_version": int,
        "command": str,
        "tool": Tool,
        "definition": Judged,
        "settings": Settings,
        "input": list[FileEntry],
        "summary": Summary,
        "rules": list[RuleEntry],
        "findings": list[FindingEntry],
        "good": NotRequired[list[Named]],
        "not_judged": list[NotJudged],
        "not_covered": NotRequired[list[dict[str, str]]],
        "accepted": list[AcceptedEntry],
    },
)
