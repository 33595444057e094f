"""The report as one HTML file: no network, readable without mouse, screen or script."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bds_tool.base.escaping import markup
from bds_tool.base.text import language, number, t
from bds_tool.findings.report.envelope import element, place
from bds_tool.findings.report.text import severity, verdict

_HERE = Path(__file__).parent
#: Findings in the file at most; beyond it a browser gets slow. The numbers per rule stay exact.
MOST = 2_000


def html(report: dict[str, Any]) -> str:
    """A page with a summary, a table of rules, a card per rule, and the places found."""
    style = (_HERE / "report.css").read_text(encoding="utf-8")
    script = (_HERE / "report.js").read_text(encoding="utf-8")
    title = t("Bevindingen", "Findings")
    body = "\n".join(
        (_header(report), _summary(report), _rules(report), _findings(report), _cards(report), _tail(report))
    )
    csp = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
    return (
        f'<!doctype html>\n<html lang="{language()}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{csp}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>bds · {title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f'<a class="skip" href="#inhoud">{t("Naar de inhoud", "Skip to content")}</a>\n{body}\n'
        f"<script>\n{script}</script>\n</body>\n</html>\n"
    )


def _header(report: dict[str, Any]) -> str:
    versions = ", ".join(report["definition"]["versions"])
    day = report["settings"]["reference_date"] or ""
    note = ""
    if report["settings"]["show_values"]:
        note = f'<p class="warn">{t("Dit rapport bevat persoonsgegevens.", "This report holds personal data.")}</p>'
    return (
        f"<header><h1>{t('Bevindingen', 'Findings')}</h1>"
        f"<p>{markup(verdict(report))}</p>"
        f"<p>BDS {markup(versions)} · bds {markup(report['tool']['version'])} · {t('peildatum', 'reference date')} {markup(day)}</p>"
        f"{note}</header>"
    )


def _summary(report: dict[str, Any]) -> str:
    s = report["summary"]
    cells = "".join(
        f'<li class="{w}"><strong>{number(s[w])}</strong> {severity(w)}</li>'
        for w in ("fout", "waarschuwing", "info")
    )
    j = s["judgements"]
    judged = t(
        f"Per regel en bestand: {number(j['goed'])} goed, {number(j['bevinding'])} met bevinding, {number(j['niet_beoordeeld'])} niet beoordeeld.",
        f"Per rule and file: {number(j['goed'])} good, {number(j['bevinding'])} with findings, {number(j['niet_beoordeeld'])} not judged.",
    )
    return f'<main id="inhoud"><section aria-labelledby="h-s"><h2 id="h-s">{t("Samenvatting", "Summary")}</h2><ul class="counts">{cells}</ul><p>{judged}</p></section>'


def _table(identity: str, caption: str, heads: list[tuple[str, bool]], rows: list[str]) -> str:
    cells = "".join(
        f'<th scope="col" aria-sort="none"{" class=num" if num else ""}><button type="button">{markup(name)}</button></th>'
        for name, num in heads
    )
    return (
        f'<div class="scroll" role="region" aria-label="{markup(caption)}" tabindex="0"><table id="{identity}" data-sort>'
        f"<caption>{markup(caption)}</caption><thead><tr>{cells}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _rules(report: dict[str, Any]) -> str:
    rows = [
        f'<tr><th scope="row"><a href="#{r["code"]}">{r["code"]}</a></th><td>{markup(r["name"])}</td>'
        f'<td data-v="{_rank(r["severity"])}"><span class="tag {r["severity"]}">{severity(r["severity"])}</span></td>'
        f'<td class="num" data-v="{r["count"]}">{number(r["count"])}</td><td class="num" data-v="{r["files"]}">{number(r["files"])}</td>'
        f"<td>{markup(r['title'])}</td></tr>"
        for r in report["rules"]
    ]
    heads = [
        (t("Regel", "Rule"), False),
        (t("Naam", "Name"), False),
        (t("Ernst", "Severity"), False),
        (t("Aantal", "Number"), True),
        (t("Bestanden", "Files"), True),
        (t("Wat", "What"), False),
    ]
    table = _table("regels", t("Regels met bevindingen", "Rules with findings"), heads, rows)
    none = f"<p>{t('Geen bevindingen.', 'No findings.')}</p>"
    return f'<section aria-labelledby="h-r"><h2 id="h-r">{t("Regels", "Rules")}</h2>{table if rows else none}</section>'


def _rank(word: str) -> int:
    return {"fout": 0, "waarschuwing": 1, "info": 2}[word]


def _findings(report: dict[str, Any]) -> str:
    shown = report["findings"][:MOST]
    values = report["settings"]["show_values"]
    rows = []
    for f in shown:
        value = f"<td>{markup(str(f.get('value') or ''))}</td>" if values else ""
        rows.append(
            f'<tr data-s="{f["severity"]}"><th scope="row"><a href="#{f["code"]}">{f["code"]}</a></th>'
            f'<td data-v="{_rank(f["severity"])}"><span class="tag {f["severity"]}">{severity(f["severity"])}</span></td>'
            f'<td data-v="{f["element"] if f["element"] is not None else -1}">{markup(element(f))}</td>'
            f"<td>{markup(f['message'])}</td><td>{markup(place(f))}</td>{value}</tr>"
        )
    heads = [
        (t("Regel", "Rule"), False),
        (t("Ernst", "Severity"), False),
        ("Element", False),
        (t("Bevinding", "Finding"), False),
        (t("Plaats", "Place"), False),
    ]
    heads += [(t("Waarde", "Value"), False)] if values else []
    total = sum(r["count"] for r in report["rules"])
    caption = t(
        f"Plaatsen: {number(len(shown))} van {number(total)} bevindingen",
        f"Places: {number(len(shown))} of {number(total)} findings",
    )
    options = "".join(f'<option value="{w}">{severity(w)}</option>' for w in ("fout", "waarschuwing", "info"))
    controls = (
        f'<form class="filter" role="search" onsubmit="return false"><label for="zoek">{t("Zoek in plaatsen", "Search places")}</label>'
        f'<input id="zoek" type="search" autocomplete="off"><label for="ernst">{t("Ernst", "Severity")}</label>'
        f'<select id="ernst"><option value="">{t("alle", "all")}</option>{options}</select>'
        f'<output id="telling" for="zoek ernst" aria-live="polite" data-tekst="{t("{n} zichtbaar", "{n} shown")}"></output></form>'
    )
    body = controls + _table("plaatsen", caption, heads, rows) if rows else ""
    return f'<section aria-labelledby="h-p"><h2 id="h-p">{t("Plaatsen", "Places")}</h2>{body}</section>'


def _cards(report: dict[str, Any]) -> str:
    cards = []
    for r in report["rules"]:
        elements = "".join(f"<li>{markup(element(e))}: {_share(e)}</li>" for e in r["elements"][:50])
        more = len(r["elements"]) - 50
        elements += (
            f"<li>{t(f'en nog {more} elementen', f'and {more} more elements')}</li>" if more > 0 else ""
        )
        cards.append(
            f'<article id="{r["code"]}" tabindex="-1"><h3>{r["code"]} {markup(r["name"])} <span class="tag {r["severity"]}">{severity(r["severity"])}</span></h3>'
            f"<p>{markup(r['title'])}</p><dl><dt>{t('Waarom', 'Why')}</dt><dd>{markup(r['why'])}</dd>"
            f"<dt>{t('Wat te doen', 'What to do')}</dt><dd>{markup(r['remedy'])}</dd>"
            f"<dt>{t('Bron', 'Source')}</dt><dd>{markup(r['source'])}</dd></dl><ul>{elements}</ul></article>"
        )
    return f'<section aria-labelledby="h-u"><h2 id="h-u">{t("Uitleg per regel", "Explanation by rule")}</h2>{"".join(cards)}</section>'


def _share(e: dict[str, Any]) -> str:
    if not e["filled"]:
        return number(e["count"])
    share = number(100 * e["share"], 1)
    return t(
        f"{number(e['count'])} van {number(e['filled'])} ingevulde waarden ({share} %)",
        f"{number(e['count'])} of {number(e['filled'])} values ({share}%)",
    )


def _tail(report: dict[str, Any]) -> str:
    files = "".join(
        f'<tr><th scope="row">{markup(f["file"])}</th><td>{markup(str(f["format"] or ""))}</td><td>{markup(str(f["bds"] or ""))}</td>'
        f'<td class="num">{number(f["rows"])}</td>'
        + "".join(f'<td class="num">{number(f["counts"][w])}</td>' for w in ("fout", "waarschuwing", "info"))
        + f"<td>{t('ja', 'yes') if f['readable'] else t('nee', 'no')}</td></tr>"
        for f in report["input"][:MOST]
    )
    heads = [
        (t("Bestand", "File"), False),
        (t("Formaat", "Format"), False),
        ("BDS", False),
        (t("Rijen", "Rows"), True),
        (severity("fout"), True),
        (severity("waarschuwing"), True),
        (severity("info"), True),
        (t("Gelezen", "Read"), False),
    ]
    table = _table("bestanden", t("Bestanden", "Files"), heads, [files])
    unjudged = "".join(
        f"<li>{r['code']} {markup(r['name'])}: {markup(r['reason'] or '')}</li>" for r in report["not_judged"]
    )
    return (
        f'<section aria-labelledby="h-b"><h2 id="h-b">{t("Bestanden", "Files")}</h2>{table}</section>'
        f'<section aria-labelledby="h-n"><h2 id="h-n">{t("Niet beoordeeld", "Not judged")}</h2>'
        f"<p>{t('Wat niet beoordeeld kon worden heet nooit goed.', 'What could not be judged is never called good.')}</p><ul>{unjudged}</ul></section></main>"
    )
