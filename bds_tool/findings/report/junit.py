"""JUnit XML: a suite per file, a case per rule; what was not judged is skipped."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from bds_tool.findings.report.envelope import place, sentence
from bds_tool.findings.shape import FindingEntry, Report, RuleEntry


def junit(report: Report) -> str:
    """Failures are rules of severity `fout` with findings; lighter ones are output of a case that passes."""
    root = ET.Element("testsuites", name=report["command"])
    by_file: dict[str | None, dict[str, list[FindingEntry]]] = {}
    for finding in report["findings"]:
        by_file.setdefault(finding["file"], {}).setdefault(finding["code"], []).append(finding)
    titles = {r["code"]: r for r in report["rules"]}
    names = [f["file"] for f in report["input"]]
    for name in [*names, *(n for n in by_file if n not in names)]:
        _suite(
            root,
            name or ("bds.toml" if report["command"] == "bds validate" else report["command"]),
            by_file.get(name, {}),
            titles,
            report,
        )
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(
    root: ET.Element,
    name: str,
    rules: dict[str, list[FindingEntry]],
    titles: dict[str, RuleEntry],
    report: Report,
) -> None:
    suite = ET.SubElement(root, "testsuite", name=_clean(name))
    failures = 0
    for code, findings in rules.items():
        rule = titles[code]
        case = ET.SubElement(suite, "testcase", classname=_clean(name), name=f"{code} {rule['name']}")
        lines = "\n".join(f"{sentence(f)} {place(f)}" for f in findings)
        if rule["severity"] == "fout":
            failures += 1
            ET.SubElement(case, "failure", message=rule["title"], type=code).text = _clean(lines)
        else:
            ET.SubElement(case, "system-out").text = _clean(lines)
    skipped = report["not_judged"]
    for unjudged in skipped:
        told = " ".join(filter(None, (unjudged["code"], unjudged["name"])))
        case = ET.SubElement(suite, "testcase", classname=_clean(name), name=_clean(told))
        ET.SubElement(case, "skipped", message=unjudged["reason"] or "")
    good = report.get("good", [])
    for passed in good:
        ET.SubElement(suite, "testcase", classname=_clean(name), name=f"{passed['code']} {passed['name']}")
    if not rules and not good:
        ET.SubElement(suite, "testcase", classname=_clean(name), name=report["command"])
    suite.set("tests", str(len(rules) + len(good) + len(skipped) + (not rules and not good)))
    suite.set("failures", str(failures))
    suite.set("errors", "0")
    suite.set("skipped", str(len(skipped)))


def _clean(text: str) -> str:
    """Without the characters that XML 1.0 cannot hold."""
    return "".join(c for c in text if c in "\t\n\r" or (c >= " " and c not in "\ufffe\uffff"))
