"""`bds spec check`: are the definitions sound? Form first, then sense, then references between kinds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from bds_tool.base.errors import UserError
from bds_tool.base.ranges import Range, range_of
from bds_tool.base.specs import specs_dir
from bds_tool.base.text import t
from bds_tool.findings.catalogue import SEVERITIES
from bds_tool.findings.checked import Checked
from bds_tool.findings.finding import Finding as SpecFinding
from bds_tool.schema.checking.bds import Lines, check_step, check_version
from bds_tool.schema.checking.drift import drift
from bds_tool.schema.checking.files import check_package, check_schema, documents
from bds_tool.schema.checking.refs import check_ids, check_references, check_sssom, check_table_references
from bds_tool.schema.loading import load, read_rows, versions
from bds_tool.schema.model import Element

_ACCEPTED = "bds/afwijkingen.csv"


@dataclass(frozen=True)
class CheckReport:
    """What was found, what was accepted as a known deviation, and what could not be judged."""

    findings: tuple[SpecFinding, ...]
    accepted: int
    files: tuple[str, ...]
    not_judged: tuple[str, ...]

    def checked(self, command: str) -> Checked:
        """In the form of all checks; places as they stand in the project."""
        return Checked(
            command,
            [replace(f, file=f"specs/{f.file}") for f in self.findings],
            [f"specs/{name}" for name in self.files],
            self.accepted,
            {
                f"BDS {v}": t("de definitie is niet te laden", "the definition cannot be loaded")
                for v in self.not_judged
            },
            versions=versions(),
        )


def check_specs(kind: str = "") -> CheckReport:
    """Every definition file under the specs folder, or only those of one kind (`protocollen`).

    Never raises for a broken definition: that is a finding.

    The sense of the versions is only judged when their files have the right form; otherwise they are named
    in `not_judged`.
    """
    root = specs_dir()
    found: list[SpecFinding] = []
    read = documents(root, found, kind)
    for document in read:
        schema_findings = list(check_schema(root, document))
        found += schema_findings
        broken = any(f.code == "SPEC003" for f in schema_findings)
        if document.path.name == "datapackage.json" and not broken:
            found += check_package(document)
    not_judged = _unloadable() if kind else _versions(root, found)
    if not not_judged:
        for document in read:
            found += check_references(document)
            if document.path.name == "datapackage.json":
                found += check_table_references(document)
        for path in sorted((root / kind).rglob("*.sssom.tsv")):
            found += check_sssom(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"))
    found += check_ids(read)
    if not kind:
        found += drift(root)
    kept, accepted = _accept(root, found, whole=not kind)
    order = sorted(kept, key=lambda f: (-SEVERITIES.index(f.severity), f.file, f.line, f.code))
    files = tuple(sorted(p.relative_to(root).as_posix() for p in (root / kind).rglob("*") if p.is_file()))
    return CheckReport(tuple(_once(order)), accepted, files, tuple(not_judged))


def _unloadable() -> list[str]:
    """The versions that cannot be loaded, so that references to them cannot be judged."""
    failed = []
    for version in versions():
        try:
            load(version)
        except UserError:
            failed.append(version)
    return failed


def _once(findings: list[SpecFinding]) -> list[SpecFinding]:
    seen: dict[tuple[str, str, int, str], SpecFinding] = {}
    for f in findings:
        seen.setdefault((f.code, f.file, f.line, f.message), f)
    return list(seen.values())


def _versions(root: Path, found: list[SpecFinding]) -> list[str]:
    """Check the sense of every version that can be loaded; returns those that cannot."""
    failed = []
    known: dict[int, tuple[str, Element]] = {}
    for version in versions():
        try:
            definition = load(version)
            lines = Lines(root, version)
        except (UserError, OSError, StopIteration):
            failed.append(version)
            continue
        found += check_version(definition, lines)
        found += check_step(known, definition, lines)
        # An element without a name (a carrier that left the register) says nothing about its meaning.
        known |= {n: (version, e) for n, e in definition.elementen.items() if e.naam or n not in known}
    return failed


def _covers(accepted: Range, version: str) -> bool:
    """Whether a deviation is accepted for a version; a finding about no version needs an acceptance for all."""
    return accepted.holds(version) if version else accepted.open


def _accept(root: Path, found: list[SpecFinding], *, whole: bool) -> tuple[list[SpecFinding], int]:
    """Leave out the known deviations of the published material; one that no longer occurs is a finding itself."""
    try:
        rows = read_rows(str(root), _ACCEPTED)
    except UserError:
        return found, 0
    used: set[int] = set()
    kept = []
    for finding in found:
        match = next(
            (
                n
                for n, row in enumerate(rows)
                if row["code"] == finding.code
                and _covers(range_of(row), finding.version)
                and row["nummer"] == finding.key
            ),
            None,
        )
        if match is None:
            kept.append(finding)
        else:
            used.add(match)
    accepted = len(found) - len(kept)
    for n, row in enumerate(rows):
        # Only a check of everything can say that a deviation no longer occurs.
        if whole and n not in used:
            name = " ".join(x for x in (row["code"], row["since"], row["nummer"]) if x)
            kept.append(SpecFinding("SPEC901", _ACCEPTED, n + 2, {"waarde": name}))
    return kept, accepted
