"""What to mend first, who does it, and where it sits: the order of a report, worked out from its data."""

from __future__ import annotations

from dataclasses import dataclass, field

from bds_tool.base.text import number, t
from bds_tool.findings.report.envelope import element
from bds_tool.findings.shape import Report, RuleEntry

#: Who mends a rule, as `specs/regels` says it.
OWNERS = {
    "leverancier": ("leverancier", "vendor"),
    "koppeling": ("koppeling en export", "mapping and export"),
    "registratie": ("registratie", "recording"),
}
_HEAVY = ("fout", "waarschuwing")


@dataclass(frozen=True)
class Point:
    """A rule with findings that count: accepted ones do not."""

    rule: RuleEntry
    count: int


@dataclass
class Spread:
    """An element: its name, how many values are filled (None: unknown), and findings per family of rules."""

    name: str
    filled: int | None = None
    found: dict[str, int] = field(default_factory=dict)


def first(report: Report) -> list[Point]:
    """Errors and warnings, the most effective repair first: errors before warnings, then what makes most disappear."""
    points = [Point(r, r["count"] - r["accepted"]) for r in report["rules"] if r["severity"] in _HEAVY]
    return sorted(
        (p for p in points if p.count),
        key=lambda p: (_HEAVY.index(p.rule["severity"]), -p.count, p.rule["code"]),
    )


def owned(report: Report, owner: str) -> list[Point]:
    """The points that one owner mends."""
    return [p for p in first(report) if p.rule["owner"] == owner]


def letter(report: Report, points: list[Point]) -> str:
    """A message to who mends these points: rules, elements and numbers, nothing of any child and no name of a file."""
    lines = [
        t(
            f"Bij het beoordelen van een levering (bds {report['tool']['version']}, BDS {', '.join(report['definition']['versions'])}) vonden wij:",
            f"Judging a delivery (bds {report['tool']['version']}, BDS {', '.join(report['definition']['versions'])}) we found:",
        ),
        "",
    ]
    for place, p in enumerate(points, 1):
        names = [element(e) for e in p.rule["elements"] if e["element"] is not None][:8]
        lines.append(f"{place}. {p.rule['code']} {p.rule['title']} ({number(p.count)} {t('keer', 'times')})")
        if names:
            lines.append(f"   {t('Elementen', 'Elements')}: {', '.join(names)}")
        lines.append(f"   {t('Te doen', 'To do')}: {p.rule['remedy']}")
        lines.append(f"   {t('Bron', 'Source')}: {p.rule['source']}")
    lines += ["", t("`bds rule CODE` legt elke regel uit.", "`bds rule CODE` explains each rule.")]
    return "\n".join(lines)


def spread(report: Report) -> tuple[list[str], list[Spread]]:
    """Families with findings on elements, in the order of their rules, and the elements with most findings first."""
    families: list[str] = []
    found: dict[int, Spread] = {}
    for r in sorted(report["rules"], key=lambda r: r["code"]):
        if r["severity"] not in _HEAVY:
            continue
        for e in r["elements"]:
            n = e["count"] - e["accepted"]
            if e["element"] is None or not n:
                continue
            if r["family"] not in families:
                families.append(r["family"])
            entry = found.setdefault(e["element"], Spread(element(e)))
            entry.filled = entry.filled or e["filled"]
            entry.found[r["family"]] = entry.found.get(r["family"], 0) + n
    return families, sorted(found.values(), key=lambda x: (-sum(x.found.values()), x.name))
