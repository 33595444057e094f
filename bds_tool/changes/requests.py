"""The werkpakket at a glance: every request with its state, owner, priority and the law or guideline behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bds_tool.base.escaping import markup
from bds_tool.base.text import language, number, t
from bds_tool.changes.new import BULK

if TYPE_CHECKING:
    from bds_tool.changes.package import Pakket, Verzoek, Wijziging
    from bds_tool.schema.diff.changes import ChangeClass

#: The columns of the table; names of the package, so that a spreadsheet can be joined with it.
COLUMNS = (
    "jgz",
    "titel",
    "besluit",
    "besluitdatum",
    "eigenaar",
    "prioriteit",
    "aanleiding",
    "heen",
    "terug",
    "wijzigingen",
)


def title(v: Verzoek) -> str:
    """The title in the language of this run; Dutch where there is no other."""
    return v.titel_en if language() == "en" and v.titel_en else v.titel


def reason(v: Verzoek) -> str:
    """The cause in the language of this run; Dutch where there is no other."""
    return v.aanleiding_en if language() == "en" and v.aanleiding_en else v.aanleiding


def request_rows(pakket: Pakket) -> list[list[object]]:
    """A row per request, in the order of the package; `heen` and `terug` are the heaviest classes of its changes."""
    return [
        [v.jgz, title(v), v.besluit, v.besluitdatum, v.eigenaar, v.prioriteit, reason(v), *_classes(pakket, v),
         sum(1 for _ in pakket.of(v.jgz))]
        for v in pakket.verzoeken.values()
    ]  # fmt: skip


def _classes(pakket: Pakket, v: Verzoek) -> tuple[str, str]:
    def heaviest(found: list[ChangeClass | None]) -> str:
        known = [k for k in found if k is not None]
        return str(max(known)) if known else ""

    changes = list(pakket.of(v.jgz))
    return heaviest([w.klasse_heen for w in changes]), heaviest([w.klasse_terug for w in changes])


def page(pakket: Pakket) -> str:
    """One page of HTML that prints well: the table, and per request what changes and what happens to data."""
    heads = {
        "jgz": t("verzoek", "request"), "titel": t("titel", "title"), "besluit": t("stand", "state"),
        "besluitdatum": t("besluit op", "decided on"), "eigenaar": t("eigenaar", "owner"),
        "prioriteit": t("prioriteit", "priority"), "aanleiding": t("wet, richtlijn of besluit", "law, guideline or decision"),
        "heen": t("gegevens heen", "data forward"), "terug": t("gegevens terug", "data back"),
        "wijzigingen": t("wijzigingen", "changes"),
    }  # fmt: skip
    body = [
        f"<h1>{markup(pakket.titel)}</h1>",
        (
            f"<p>BDS {markup(pakket.van)} → {markup(pakket.naar)} · {markup(pakket.status)} · {markup(pakket.datum or '—')} · "
            f"{number(len(pakket.verzoeken))} {t('verzoeken', 'requests')}</p>"
        ),
        "<table><thead><tr>"
        + "".join(f"<th scope=col>{markup(heads[c])}</th>" for c in COLUMNS)
        + "</tr></thead><tbody>",
    ]
    for row in request_rows(pakket):
        cells = "".join(f"<td>{markup(str(v)) or '—'}</td>" for v in row[1:])
        body.append(
            f'<tr><th scope=row><a href="#{markup(str(row[0]))}">{markup(str(row[0]))}</a></th>{cells}</tr>'
        )
    body.append("</tbody></table>")
    for v in pakket.verzoeken.values():
        body.append(f'<section id="{markup(v.jgz)}"><h2>{markup(v.jgz)} {markup(title(v))}</h2>')
        body.append(f"<p>{markup(reason(v))}</p><ul>")
        body += [f"<li>{markup(line)}</li>" for line in _lines(pakket, v)]
        body.append("</ul></section>")
    style = (
        "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#111;background:#fff}"
        "table{border-collapse:collapse;width:100%;font-size:.85em}th,td{border:1px solid #767676;padding:.3rem .5rem;"
        "text-align:left;vertical-align:top}thead th{background:#eee}section{break-inside:avoid}"
        "@media print{body{margin:0;max-width:none}a{color:inherit;text-decoration:none}}"
    )
    return (
        f'<!doctype html>\n<html lang="{language()}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{markup(pakket.titel)}</title><style>{style}</style></head>\n<body><main>\n"
        + "\n".join(body)
        + "\n</main></body></html>\n"
    )


def _lines(pakket: Pakket, v: Verzoek) -> Iterator[str]:
    """A line per change that people discuss; places in the message and sources are counted."""
    changes = list(pakket.of(v.jgz))
    for w in changes:
        if w.aspect not in BULK:
            yield _line(w)
    for d in v.mee:
        what = t("gaat mee", "carried along") if d.inhoud else t("bekeken", "looked at")
        yield f"{what} · {d.soort} {d.id}" + (f" · {d.reden}" if d.reden else "")
    quiet = sum(w.aspect in BULK for w in changes)
    if quiet:
        yield t(
            f"en {number(quiet)} wijziging(en) zonder gevolg voor gegevens",
            f"and {number(quiet)} change(s) without effect on data",
        )


def _line(w: Wijziging) -> str:
    columns = "; ".join(
        f"{v.veld}: {v.van or '—'} → {v.naar or '—'}"
        for v in w.velden[:3]
        if w.aspect not in {"toegevoegd", "vervallen"}
    )
    doing = t(f"heen {w.heen.doe if w.heen else '—'}, terug {w.terug.doe if w.terug else '—'}",
              f"forward {w.heen.doe if w.heen else '—'}, back {w.terug.doe if w.terug else '—'}")  # fmt: skip
    return " · ".join(x for x in (f"{w.soort} {w.sleutel} {w.naam}".strip(), columns, doing) if x)
