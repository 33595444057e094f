"""The report as one HTML file: no network, readable without mouse, screen or script.

First what a reader came for: can this be used, what to mend first and by whom, where it sits, what was read. Then every
rule with findings, folded, with its places.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from bds_tool.base.escaping import markup
from bds_tool.base.text import language, number, t
from bds_tool.findings.report.envelope import element, place
from bds_tool.findings.report.mending import OWNERS, first, letter, owned, spread
from bds_tool.findings.report.text import severity, share
from bds_tool.findings.shape import FileEntry, FindingEntry, Report, RuleEntry

_HERE = Path(__file__).parent
#: Places in the file at most, and of one rule; beyond it a browser gets slow. The numbers per rule stay exact.
MOST, OF_A_RULE = 2_000, 25
#: Points at the top, rows of the table of elements, and files of one folder before they become one row.
POINTS, ELEMENTS, ALIKE = 10, 25, 12


def html(report: Report) -> str:
    """A page: verdict, what to mend first, who does what, where it sits, what was read, and all findings by rule."""
    style = (_HERE / "report.css").read_text(encoding="utf-8")
    script = (_HERE / "report.js").read_text(encoding="utf-8")
    of_registrations = report["command"] == "bds validate"
    parts = [_points(report)]
    if of_registrations:
        parts += [_who(report), _where(report), _read(report)]
    parts += [_rules(report), _unjudged(report)]
    csp = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
    return (
        f'<!doctype html>\n<html lang="{language()}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{csp}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>bds · {t('Bevindingen', 'Findings')}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f'<a class="skip" href="#inhoud">{t("Naar de inhoud", "Skip to content")}</a>\n{_header(report)}\n'
        f'<main id="inhoud">\n{"".join(parts)}\n</main>\n<script>\n{script}</script>\n</body>\n</html>\n'
    )


def _section(identity: str, title: str, body: str) -> str:
    return f'<section aria-labelledby="{identity}"><h2 id="{identity}">{title}</h2>{body}</section>\n'


# ---- THE FIRST SCREEN ---- #


def _header(report: Report) -> str:
    s = report["summary"]
    day = report["settings"]["reference_date"]
    ground = [
        report["command"],
        *(f"BDS {v}" for v in report["definition"]["versions"]),
        f"bds {report['tool']['version']}",
        *([f"{t('peildatum', 'reference date')} {day}"] if day else []),
    ]
    counts = [
        (s["rows"], t("registraties gelezen", "registrations read")),
        (s["unreadable"], t("bestanden niet gelezen", "files not read")),
    ]
    counts = (
        counts
        if report["command"] == "bds validate"
        else [(s["files"], t("bestanden bekeken", "files looked at"))]
    )
    counts += [
        (s["fout"], t("fouten", "errors")),
        (s["waarschuwing"], t("waarschuwingen", "warnings")),
        (s["info"], t("ter informatie", "for information")),
        (len(report["not_judged"]), t("regels nergens beoordeeld", "rules judged nowhere")),
    ]
    cells = "".join(f"<li><b>{number(n)}</b> <span>{what}</span></li>" for n, what in counts)
    note = ""
    if report["settings"]["show_values"]:
        note = f'<p class="warn">{t("Dit rapport bevat persoonsgegevens.", "This report holds personal data.")}</p>'
    word, kind = _verdict(report)
    return (
        f'<header><div><h1>{t("Bevindingen:", "Findings:")} <em class="{kind}">{markup(word)}</em></h1>'
        f'<p class="lead">{markup(_lead(report))}</p><ul class="stats">{cells}</ul>'
        f'<p class="note">{markup(" · ".join(ground))}</p>{note}</div></header>'
    )


def _verdict(report: Report) -> tuple[str, str]:
    """What the title says, and the colour of it. Nothing is called good that was not judged."""
    s = report["summary"]
    wrong = sum(r["severity"] == "fout" for r in report["rules"] if r["count"] > r["accepted"])
    if report["command"] == "bds validate" and not s["rows"]:
        return t("er is niets gelezen", "nothing was read"), "fout"
    if wrong == 1:
        return t("één punt om te herstellen", "one point to mend"), "fout"
    if wrong:
        return t(f"{number(wrong)} punten om te herstellen", f"{number(wrong)} points to mend"), "fout"
    if s["waarschuwing"]:
        return t("geen fouten, wel waarschuwingen", "no errors, but warnings"), "waarschuwing"
    return t("geen fouten gevonden", "no errors found"), "goed"


def _lead(report: Report) -> str:
    points = first(report)
    total = sum(p.count for p in points)
    if len(points) > 3 and total:
        few, seen = 0, 0
        while seen < 0.75 * total:
            seen += sorted((p.count for p in points), reverse=True)[few]
            few += 1
        part = number(100 * seen / total)
        causes = (
            t("Eén soort geeft", "One kind gives")
            if few == 1
            else t(f"{number(few)} soorten geven", f"{number(few)} kinds give")
        )
        return t(
            f"{causes} {part} % van alle fouten en waarschuwingen.",
            f"{causes} {part}% of all errors and warnings.",
        )
    if not points:
        return t(
            "Wat niet beoordeeld kon worden, staat onderaan.", "What could not be judged stands at the end."
        )
    return t(
        "Hieronder staat wat er is, waar, en wat te doen.", "Below stands what it is, where, and what to do."
    )


def _points(report: Report) -> str:
    points = first(report)[:POINTS]
    if not points:
        return ""
    most = max(p.count for p in points)
    rows = []
    for p in points:
        names = [element(e) for e in p.rule["elements"] if e["element"] is not None]
        about = ", ".join(names[:3]) + (
            t(f" en nog {len(names) - 3}", f" and {len(names) - 3} more") if len(names) > 3 else ""
        )
        files = (
            t("1 bestand", "1 file")
            if p.rule["files"] == 1
            else t(f"{number(p.rule['files'])} bestanden", f"{number(p.rule['files'])} files")
        )
        place_ = " · ".join(markup(x) for x in (about, files if p.rule["files"] else "") if x)
        who = f'<span class="who">{t(*OWNERS[p.rule["owner"]])}</span>' if p.rule["owner"] else ""
        rows.append(
            f'<li class="point {p.rule["severity"]}"><meter min="0" max="{most}" value="{p.count}">{number(p.count)}</meter>'
            f'<div class="what"><b>{markup(p.rule["title"])}</b>'
            f'<span><a href="#{p.rule["code"]}">{p.rule["code"]}</a> · {severity(p.rule["severity"])}{" · " if place_ else ""}{place_}</span>'
            f'<p>{_prose(p.rule["remedy"])}</p></div><div class="n"><b>{number(p.count)}</b> <span>{t("keer", "times")}</span></div>{who}</li>'
        )
    more = t(
        f"Alle {number(len(report['rules']))} soorten bevindingen",
        f"All {number(len(report['rules']))} kinds of findings",
    )
    passed = "" if report["settings"]["show_values"] else t(
        " · de waarden zelf staan niet in dit rapport.", " · the values themselves are not in this report."
    )  # fmt: skip
    return _section(
        "h-e", t("Eerst dit herstellen", "Mend this first"),
        f'<ol class="points">{"".join(rows)}</ol><p class="note"><a href="#h-r">{more}</a>{passed}</p>',
    )  # fmt: skip


def _who(report: Report) -> str:
    cards = []
    for owner, words in OWNERS.items():
        points = owned(report, owner)
        if not points:
            continue
        n = sum(p.count for p in points)
        body = t(
            f"{number(len(points))} {'soort' if len(points) == 1 else 'soorten'}, {number(n)} keer.",
            f"{number(len(points))} {'kind' if len(points) == 1 else 'kinds'}, {number(n)} times.",
        )
        hint = {
            "leverancier": "",
            "koppeling": t(
                "bds convert EXPORT --explain stelt instellingen voor.",
                "bds convert EXPORT --explain proposes settings.",
            ),
            "registratie": t(
                "bds protocol list zegt hoe het hoort.", "bds protocol list says how it is meant."
            ),
        }[owner]
        message = ""
        if owner == "leverancier":
            message = (
                f"<details><summary>{t('Bericht klaar om te sturen', 'Message ready to send')}</summary>"
                f'<pre tabindex="0">{markup(letter(report, points))}</pre></details>'
            )
        cards.append(f"<div><h3>{t(*words)}</h3><p>{body} {markup(hint)}</p>{message}</div>")
    note = f'<p class="note">{t("Wie het meestal herstelt; de regel zegt waarom.", "Who mends it as a rule; the rule says why.")}</p>'
    return (
        _section(
            "h-w", t("Wie doet wat", "Who does what"), f'<div class="cards">{"".join(cards)}</div>{note}'
        )
        if cards
        else ""
    )


def _where(report: Report) -> str:
    """Elements against families of rules: the share of the filled values, else the number."""
    families, rows = spread(report)
    if not rows:
        return ""
    heads = "".join(f'<th scope="col">{markup(name)}</th>' for name in families)
    body = []
    for entry in rows[:ELEMENTS]:
        cells = "".join(_cell(entry.found.get(name), entry.filled) for name in families)
        filled = number(entry.filled) if entry.filled else "–"
        body.append(f'<tr><th scope="row">{markup(entry.name)}</th><td class="num">{filled}</td>{cells}</tr>')
    rest = len(rows) - ELEMENTS
    more = t(f" En nog {number(rest)} elementen.", f" And {number(rest)} more elements.") if rest > 0 else ""
    caption = t("Elementen met de meeste bevindingen", "Elements with most findings")
    table = (
        f'<div class="scroll" role="region" aria-label="{caption}" tabindex="0"><table class="spread"><caption>{caption}</caption>'
        f'<thead><tr><th scope="col">Element</th><th scope="col" class="num">{t("gevuld", "filled")}</th>{heads}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )
    note = t(
        "Aandeel van de ingevulde waarden met een bevinding; een aantal waar geen aandeel te geven is. Leeg: geen bevinding.",
        "Share of the filled values with a finding; a number where there is no share. Empty: no finding.",
    )
    return _section("h-v", t("Waar zit het", "Where it sits"), f'{table}<p class="note">{note}{more}</p>')


def _cell(n: int | None, filled: int | None) -> str:
    if not n:
        return "<td></td>"
    if not filled or n > filled:
        return f'<td class="num">{number(n)}×</td>'
    part = n / filled
    depth = 1 if part < 0.05 else 2 if part < 0.2 else 3
    told = number(100 * part, 0 if part >= 0.01 else 1)
    return f'<td class="num c{depth}">{told if part >= 0.001 else "< 0" + t(",", ".") + "1"} %</td>'


def _read(report: Report) -> str:
    """Files as rows; many of one kind in one folder are one row."""
    groups: dict[tuple[str, ...], list[FileEntry]] = {}
    for f in report["input"]:
        folder = f["file"].rpartition("/")[0]
        groups.setdefault((folder, str(f["format"]), str(f["bds"]), str(f["readable"])), []).append(f)
    rows = []
    for (folder, *_), files in groups.items():
        together = len(files) > ALIKE and files[0]["readable"]
        many = t(
            f"{folder or '.'}/ ({number(len(files))} bestanden)",
            f"{folder or '.'}/ ({number(len(files))} files)",
        )
        for part, name in [(files, many)] if together else [([f], f["file"]) for f in files]:
            rows.append(_file(name, part))
    heads = (
        (t("Bestand", "File"), ""), (t("vorm", "form"), ""), (t("registraties", "registrations"), "num"), ("BDS", ""),
        (t("fouten", "errors"), "num"), (t("waarschuwingen", "warnings"), "num"),
    )  # fmt: skip
    head = "".join(f'<th scope="col"{f" class={kind}" if kind else ""}>{name}</th>' for name, kind in heads)
    caption = t("Bestanden en hun versie", "Files and their version")
    shown = rows[:MOST]
    table = (
        f'<div class="scroll" role="region" aria-label="{caption}" tabindex="0"><table id="bestanden"><caption>{caption}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(shown)}</tbody></table></div>"
    )
    return _section("h-b", t("Wat is gelezen", "What was read"), table)


def _file(name: str, files: list[FileEntry]) -> str:
    sure = files[0]["bds_certainty"]
    version = f"{markup(str(files[0]['bds'] or '–'))}{f'<span>{markup(sure)}</span>' if sure else ''}"
    if not files[0]["readable"]:
        kind = (
            t("overgeslagen", "passed over")
            if files[0]["format"] == "overgeslagen"
            else t("niet gelezen", "not read")
        )
        return (
            f'<tr><th scope="row">{markup(name)}</th><td colspan="5"><em class="fout">{kind}</em></td></tr>'
        )
    counts = {w: sum(f["counts"][w] for f in files) for w in ("fout", "waarschuwing")}
    return (
        f'<tr><th scope="row">{markup(name)}</th><td>{markup(str(files[0]["format"] or "–"))}</td>'
        f'<td class="num">{number(sum(f["rows"] for f in files))}</td><td>{version}</td>'
        f'<td class="num">{number(counts["fout"])}</td><td class="num">{number(counts["waarschuwing"])}</td></tr>'
    )


# ---- EVERY RULE ---- #


def _rules(report: Report) -> str:
    by_rule: dict[str, list[FindingEntry]] = {}
    for f in report["findings"]:
        by_rule.setdefault(f["code"], []).append(f)
    left = MOST
    cards = []
    for r in report["rules"]:
        shown = by_rule.get(r["code"], [])[: min(OF_A_RULE, left)]
        left -= len(shown)
        cards.append(_card(r, shown, values=report["settings"]["show_values"]))
    options = "".join(f'<option value="{w}">{severity(w)}</option>' for w in ("fout", "waarschuwing", "info"))
    controls = (
        f'<form class="filter" role="search" onsubmit="return false"><label for="zoek">{t("Zoek", "Search")}</label>'
        f'<input id="zoek" type="search" autocomplete="off"><label for="ernst">{t("Ernst", "Severity")}</label>'
        f'<select id="ernst"><option value="">{t("alle", "all")}</option>{options}</select>'
        f'<output id="telling" for="zoek ernst" aria-live="polite" data-tekst="{t("{n} zichtbaar", "{n} shown")}"></output></form>'
    )
    body = (
        controls + f'<div id="regels">{"".join(cards)}</div>'
        if cards
        else f"<p>{t('Geen bevindingen.', 'No findings.')}</p>"
    )
    return _section("h-r", t("Alle bevindingen", "All findings"), body)


def _card(r: RuleEntry, shown: list[FindingEntry], *, values: bool) -> str:
    facts = [
        (t("Waarom", "Why"), _prose(r["why"])),
        (t("Wat te doen", "What to do"), _prose(r["remedy"])),
        (t("Meestal voor", "Mostly for"), t(*OWNERS[r["owner"]]) if r["owner"] else ""),
        (t("Bron", "Source"), markup(r["source"])),
        (t("Geaccepteerd", "Accepted"), number(r["accepted"]) if r["accepted"] else ""),
    ]
    about = "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in facts if text)
    listed = "".join(
        f"<li>{markup(element(e))}: {share(e)}</li>" for e in r["elements"][:50] if e["element"] is not None
    )
    more = len(r["elements"]) - 50
    listed += (
        f"<li>{t(f'en nog {number(more)} elementen', f'and {number(more)} more elements')}</li>"
        if more > 0
        else ""
    )
    places = "".join(_place(f, r["title"], values=values) for f in shown)
    rest = r["count"] - len(shown)
    if rest > 0:
        places += f"<li>{t(f'en nog {number(rest)}; --format csv --max-examples 0 geeft ze alle', f'and {number(rest)} more; --format csv --max-examples 0 gives all')}</li>"
    return (
        f'<details id="{r["code"]}" data-s="{r["severity"]}" data-n="{r["count"]}"><summary><b>{r["code"]}</b> {markup(r["title"])} '
        f'<span class="tag {r["severity"]}">{severity(r["severity"])}</span> <span class="n">{number(r["count"])}</span></summary>'
        f'<div><p class="note">{markup(r["name"])} · {markup(r["family"])}</p><dl>{about}</dl>'
        f"{f'<ul>{listed}</ul>' if listed else ''}<h3>{t('Plaatsen', 'Places')}</h3><ul class=places>{places}</ul></div></details>"
    )


def _place(f: FindingEntry, title: str, *, values: bool) -> str:
    more = "" if f["message"] == title else f"<span>{markup(f['message'])}</span>"
    return f"<li><b>{markup(place(f))}</b> {markup(element(f))}{_value(f) if values else ''}{more}</li>"


def _value(f: FindingEntry) -> str:
    return f" = <code>{markup(str(f['value']))}</code>" if f.get("value") is not None else ""


def _unjudged(report: Report) -> str:
    """Rules that were judged nowhere, together by reason."""
    reasons: dict[str, list[str]] = {}
    for r in report["not_judged"]:
        reasons.setdefault(r["reason"] or "?", []).append(" ".join(x for x in (r["code"], r["name"]) if x))
    if not reasons:
        return ""
    items = "".join(
        f"<li><details><summary>{markup(reason)}: {number(len(names))}</summary><div><p>{markup(_listed(names))}</p></div></details></li>"
        for reason, names in sorted(reasons.items(), key=lambda x: -len(x[1]))
    )
    told = t(
        "Wat niet beoordeeld kon worden heet nooit goed.", "What could not be judged is never called good."
    )
    return _section("h-n", t("Niet beoordeeld", "Not judged"), f'<p>{told}</p><ul class="plain">{items}</ul>')


def _prose(text: str) -> str:
    """A text of the rules: what stands between backquotes is typed as it stands."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", markup(text))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
