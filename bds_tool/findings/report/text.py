"""The report as text: by rule, heaviest first, the verdict last."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

from bds_tool.base.text import number, t
from bds_tool.findings.report.envelope import element, short_place
from bds_tool.findings.shape import ElementEntry, FindingEntry, Report, RuleEntry, Summary

_WORDS = {"fout": ("fout", "error"), "waarschuwing": ("waarschuwing", "warning"), "info": ("info", "info")}


def severity(word: str) -> str:
    """The severity in the language of this run."""
    return t(*_WORDS[word])


#: Findings of one code that the report of a check of definitions shows before it counts the rest.
PLACES = 50


def text(report: Report, *, places: int = 3, quiet: bool = False, notes: Sequence[str] = ()) -> str:
    """Lines to read: per rule the number, the elements, some places and what to do."""
    if quiet:
        return verdict(report)
    lines: list[str] = []
    by_rule: dict[str, list[FindingEntry]] = {}
    for finding in report["findings"]:
        by_rule.setdefault(finding["code"], []).append(finding)
    if report["command"] != "bds validate":
        places = PLACES
    for rule in report["rules"]:
        lines += [*_rule(rule, by_rule.get(rule["code"], []), places), ""]
    if report["command"] == "bds validate":
        lines += _tail(report)
    return "\n".join([*lines, *notes, verdict(report)])


def _rule(rule: RuleEntry, findings: list[FindingEntry], places: int) -> list[str]:
    count = _times(rule["count"], rule["files"])
    lines = [f"{rule['code']} {rule['name']}  {severity(rule['severity'])}  {count}"]
    if "…" not in rule["title"]:  # else it stands below in full, for each finding
        lines += textwrap.wrap(rule["title"], 100, initial_indent="  ", subsequent_indent="  ")
    if rule["accepted"]:
        lines.append(
            t(
                f"  waarvan geaccepteerd: {number(rule['accepted'])}",
                f"  of which accepted: {number(rule['accepted'])}",
            )
        )
    by_element: dict[int | None, list[FindingEntry]] = {}
    for finding in findings:
        by_element.setdefault(finding["element"], []).append(finding)
    shown = rule["elements"][:5]
    for entry in shown:
        listed = by_element.get(entry["element"], [])
        if entry["element"] is not None:
            lines.append(f"  {element(entry)}: {share(entry)}")
        for finding in listed[: places if len(shown) < 3 else 1]:
            extra = f"  = {finding['value']}" if finding.get("value") is not None else ""
            lines.append(f"    {short_place(finding)}{extra}")
            if finding["message"] != rule["title"]:
                lines.append(f"      {finding['message']}")
        if "subject" in entry and len(listed) > places:
            more = number(len(listed) - places)
            lines.append(
                t(
                    f"    en nog {more} (--format csv toont alles)",
                    f"    and {more} more (--format csv shows all)",
                )
            )
    rest = rule["elements"][5:]
    if rest:
        more = number(sum(e["count"] for e in rest))
        lines.append(
            t(
                f"  en nog {more} bij {len(rest)} andere elementen",
                f"  and {more} more with {len(rest)} other elements",
            )
        )
    lines += textwrap.wrap(
        rule["remedy"], 100, initial_indent=t("  doen: ", "  do: "), subsequent_indent="        "
    )
    return lines


def _times(count: int, files: int) -> str:
    times = t(f"{number(count)} keer", f"{number(count)} times") if count != 1 else t("1 keer", "once")
    if files <= 1:
        return times
    return times + t(f" in {number(files)} bestanden", f" in {number(files)} files")


def share(entry: ElementEntry) -> str:
    """How many values of an element have the finding, of how many that are filled."""
    count = number(entry["count"])
    if not entry["filled"] or entry["share"] is None:
        return count
    share = number(100 * entry["share"], 1)
    return t(
        f"{count} van {number(entry['filled'])} ingevulde waarden ({share} %)",
        f"{count} of {number(entry['filled'])} values ({share}%)",
    )


def _tail(report: Report) -> list[str]:
    lines = []
    unread = [f["file"] for f in report["input"] if not f["readable"]]
    if unread:
        lines.append(t("NIET GELEZEN, dus niet beoordeeld:", "NOT READ, so not judged:"))
        lines += [f"  {name}" for name in unread[:20]]
        if len(unread) > 20:
            lines.append(t(f"  en nog {len(unread) - 20}", f"  and {len(unread) - 20} more"))
        lines.append("")
    if told := _unjudged(report):
        lines += [told, ""]
    lines += _guessed(report)
    return lines


#: Protocols that were not judged are named up to this number.
NAMED = 3


def _unjudged(report: Report) -> str:
    """One line on the rules and protocols that were not judged, with a count per reason; empty when all were.

    Reasons without numbers of their own come together, so that the line stays a line: JSON has each in full.
    """
    reasons: dict[str, int] = {}
    for rule in report["not_judged"]:
        reason = _kind(rule["reason"] or "?")
        reasons[reason] = reasons.get(reason, 0) + 1
    parts = [f"{n} {r}" for r, n in sorted(reasons.items(), key=lambda r: -r[1])]
    without: dict[str, dict[str, None]] = {}
    for part in report["not_covered"]:
        without.setdefault(part["reason"], {})[part["id"]] = None
    if protocols := {name for names in without.values() for name in names}:
        told = _plural(len(protocols), "protocol", "protocollen", "protocol", "protocols")
        if len(protocols) <= NAMED:  # a protocol that fell silent with a new version is news
            why = "; ".join(f"{reason}: {', '.join(names)}" for reason, names in without.items())
            told += f" ({why})"
        parts.append(told)
    if not parts:
        return ""
    return t(
        f"Niet beoordeeld: {len(report['not_judged'])} regels ({', '.join(parts)}); zie `--format json`.",
        f"Not judged: {len(report['not_judged'])} rules ({', '.join(parts)}); see `--format json`.",
    )


def _kind(reason: str) -> str:
    """A reason without what differs from rule to rule: numbers of elements and protocols."""
    return t("niet vastgelegd", "not recorded") if re.search(r"\d", reason) else reason


def _guessed(report: Report) -> list[str]:
    """Files that do not say which version they follow: what they were judged as is a choice of `bds`."""
    files = [f for f in report["input"] if f["readable"] and f["bds_certainty"] == "onbekend"]
    found = sorted({f["bds"] for f in files if f["bds"]})
    if not found:
        return []
    return [
        t(f"De BDS-versie staat niet in {_files(len(files))}; beoordeeld als {', '.join(found)}. Geef --bds als dat anders is.",
          f"{_files(len(files)).capitalize()} without a BDS version; judged as {', '.join(found)}. Give --bds if it is another."),
        "",
    ]  # fmt: skip


def _files(n: int) -> str:
    return t("het bestand", "the file") if n == 1 else t(f"{number(n)} bestanden", f"{number(n)} files")


def verdict(report: Report) -> str:
    """The last line: what a person wants to know first."""
    s = report["summary"]
    if report["command"] != "bds validate":
        return _checked(report)
    files = _plural(s["files"], "bestand", "bestanden", "file", "files")
    read = f"{files}, {_plural(s['rows'], 'registratie', 'registraties', 'registration', 'registrations')}"
    line = f"{read}: {_counts(s)}"
    if s["accepted"]:
        line += t(f"; {number(s['accepted'])} geaccepteerd", f"; {number(s['accepted'])} accepted")
    if s["unreadable"]:
        line += t(f"; {number(s['unreadable'])} niet gelezen", f"; {number(s['unreadable'])} not read")
    return line + "."


def _checked(report: Report) -> str:
    """The verdict of a check of definitions: files, findings, and what could not be judged."""
    s = report["summary"]
    n = s["files"]
    files = t("1 bestand", "1 file") if n == 1 else t(f"{number(n)} bestanden", f"{number(n)} files")
    line = t(f"{files} nagekeken: {_counts(s)}", f"{files} checked: {_counts(s)}")
    if s["accepted"]:
        known = _plural(
            s["accepted"], "bekende afwijking", "bekende afwijkingen", "known deviation", "known deviations"
        )
        line += t(f"; {known} aanvaard", f"; {known} accepted")
    if report["not_judged"]:
        names = ", ".join(r["name"] for r in report["not_judged"])
        line += t(f"; niet beoordeeld: {names}", f"; not judged: {names}")
    return line + "."


def _counts(s: Summary) -> str:
    return ", ".join(
        (
            _plural(s["fout"], "fout", "fouten", "error", "errors"),
            _plural(s["waarschuwing"], "waarschuwing", "waarschuwingen", "warning", "warnings"),
            t(f"{number(s['info'])} ter informatie", f"{number(s['info'])} for information"),
        )
    )


def _plural(n: int, one: str, more: str, one_en: str, more_en: str) -> str:
    return f"{number(n)} {t(one if n == 1 else more, one_en if n == 1 else more_en)}"
