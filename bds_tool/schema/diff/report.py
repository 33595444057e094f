"""Differences between two versions as text, Markdown, HTML, JSON and tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypedDict

from bds_tool.base.escaping import markup
from bds_tool.base.text import number, t
from bds_tool.schema.diff.changes import Change, ChangeClass
from bds_tool.schema.diff.classes import overall
from bds_tool.schema.diff.comparing import diff
from bds_tool.schema.loading import load
from bds_tool.schema.lookup.card import change_row
from bds_tool.schema.lookup.history import requests
from bds_tool.schema.lookup.shape import ChangeRow
from bds_tool.schema.lookup.show import aspect_word, columns

DIFF_FORMATS = ("text", "markdown", "html", "json", "ndjson", "csv")
TABLES = ("definitie", "rubriek", "groep", "element", "lijst", "code")
COLUMNS = ("tabel", "sleutel", "naam", "wijziging", "van", "naar", "heen", "terug", "verzoek")
#: The JGZ numbers by `Change.id` between two versions (`changes.loading.known_requests`).
Requests = Callable[[str, str], Mapping[tuple[str, str], tuple[str, ...]]]
#: From this many equal changes on, people read one line instead.
_MANY = 12


@dataclass(frozen=True)
class Difference:
    """The changes between two versions, with what was left out by the choices of the user."""

    old: str
    new: str
    changes: tuple[Change, ...]
    left_out: int

    @property
    def equal(self) -> bool:
        return not self.changes

    @property
    def classes(self) -> tuple[ChangeClass, ChangeClass]:
        """The class of the whole for data that goes forward and backward."""
        return overall(self.changes)


def difference(
    old: str,
    new: str,
    tables: Sequence[str] = (),
    at_least: str = "patch",
    numbered: Requests | None = None,
) -> Difference:
    """The changes between two versions, narrowed to tables and to a least class (`geen`, `patch`, `minor`, `major`).

    `numbered` gives the JGZ numbers that the change package of two versions names. Changes of class `geen` concern where a fact comes from, not what the BDS is.
    """
    floor = ChangeClass[at_least.upper()]
    every = with_requests(diff(load(old), load(new), numbered(old, new) if numbered else None), old, new)
    chosen = tuple(c for c in every if c.klasse >= floor and (not tables or c.tabel in tables))
    return Difference(old, new, chosen, len(every) - len(chosen))


def with_requests(changes: Iterable[Change], old: str, new: str) -> tuple[Change, ...]:
    """Fill in the JGZ requests from `specs/bds/verzoeken.csv` where the change names none yet."""
    by_number: dict[tuple[str, str], list[str]] = {}
    for r in requests():
        if {r.van, r.naar} == {old, new}:
            key = (r.waardenlijst, r.code) if r.soort == "waarde" else (r.soort, r.nummer)
            listed = by_number.setdefault(key, [])
            if r.verzoek not in listed:
                listed.append(r.verzoek)
    return tuple(c if c.jgz else replace(c, jgz=tuple(by_number.get(_request_key(c), ()))) for c in changes)


def _request_key(change: Change) -> tuple[str, str]:
    if change.tabel == "code":
        lijst, _, rest = change.sleutel.partition("/")
        return lijst, rest.rpartition("/")[2].lstrip("!*").partition("#")[0]
    return change.tabel, change.sleutel


# ---- ROWS ---- #


def rows(changes: Iterable[Change]) -> list[list[Any]]:
    """One row per changed column, in the order of COLUMNS; additions and removals are one row."""
    found: list[list[Any]] = []
    for c in changes:
        tail = [str(c.forward), str(c.backward), " ".join(c.jgz)]
        head = [c.tabel, short_key(c), c.naam, aspect_word(c.soort)]
        if c.soort.endswith(("-toegevoegd", "-vervallen")):
            found.append([*head, "", "", *tail])
        else:
            found += [[*head, v.van, v.naar, *tail] for v in c.velden]
    return found


def short_key(change: Change) -> str:
    """`W0114/HL7/2.16…/08` → `W0114 HL7 08`; other keys as they are."""
    if change.tabel != "code":
        return change.sleutel.replace("/", " ")
    parts = change.sleutel.split("/")
    return " ".join((parts[0], parts[1], parts[-1].lstrip("!*")))


def condensed(changes: Iterable[Change]) -> list[list[Any]]:
    """One row per change for people: number, name, change, from → to, class forward, backward, requests.

    Many equal changes (the same kind, from and to the same text or prefix) become one row.
    """
    groups: dict[tuple[str, ...], list[Change]] = {}
    for c in changes:
        groups.setdefault(_pattern(c), []).append(c)
    result: list[list[Any]] = []
    for (_, van, naar, *_), members in groups.items():
        if len(members) < _MANY:
            result += [_row(c, short_key(c), c.naam, moved(c)) for c in members]
            continue
        keys = ", ".join(short_key(m) for m in members[:4]) + ", …"
        what = t(f"{number(len(members))} keer", f"{number(len(members))} times")
        result.append(_row(members[0], keys, what, f"{van or '∅'} → {naar or '∅'}" if van or naar else ""))
    return result


def _row(c: Change, key: str, naam: str, change: str) -> list[Any]:
    return [key, naam, aspect_word(c.soort), change, str(c.forward), str(c.backward), " ".join(c.jgz)]


def moved(change: Change) -> str:
    """From → to of every column that changed, with the names of the columns when there are several."""
    if change.soort.endswith(("-toegevoegd", "-vervallen")):
        return ""
    several = len(change.velden) > 1
    return "; ".join(
        (f"{v.veld}: " if several else "") + f"{v.van or '∅'} → {v.naar or '∅'}" for v in change.velden
    )


def _pattern(c: Change) -> tuple[str, ...]:
    """Changes with the same pattern may share a row: same kind, class and requests, same from and to."""
    common = (str(c.forward), str(c.backward), *c.jgz)
    if c.soort.endswith(("-toegevoegd", "-vervallen")) and c.tabel == "code":
        # A whole list that comes or goes: its codes need no line each.
        return (c.soort, "", "", *common, c.sleutel.split("/")[0])
    if len(c.velden) == 1:
        v = c.velden[0]
        if v.veld == "pad" and v.van[3:] == v.naar[3:]:
            return (c.soort, v.van[:3] + "/…", v.naar[:3] + "/…", *common)
        return (c.soort, v.van, v.naar, *common, v.veld)
    return (c.soort, c.sleutel, "", *common, "alone")


# ---- RENDERING ---- #


def summary_rows(found: Difference) -> list[list[Any]]:
    """How many changes of each kind, with their classes."""
    counts = Counter((c.tabel, c.soort, str(c.forward), str(c.backward)) for c in found.changes)
    order = sorted(counts, key=lambda k: (TABLES.index(k[0]), k[1]))
    return [[k[0], aspect_word(k[1]), counts[k], k[2], k[3]] for k in order]


def heading(found: Difference) -> str:
    """One sentence: between what, how many, and how far it reaches."""
    forward, backward = found.classes
    if found.equal:
        return t(
            f"BDS {found.old} en {found.new} zijn gelijk.", f"BDS {found.old} and {found.new} are equal."
        )
    total = number(len(found.changes))
    return t(
        f"BDS {found.old} → {found.new}: {total} wijzigingen, heen {forward}, terug {backward}.",
        f"BDS {found.old} → {found.new}: {total} changes, forward {forward}, backward {backward}.",
    )


def render(found: Difference, format_: str) -> str:
    """The difference in `text`, `markdown` or `html`; other formats are tables of `rows`."""
    if format_ == "markdown":
        return markdown(found)
    if format_ == "html":
        return html(found)
    lines = [heading(found), ""]
    if found.equal:
        return lines[0]
    head = [
        t("wat", "what"),
        t("wijziging", "change"),
        t("aantal", "count"),
        t("heen", "forward"),
        t("terug", "backward"),
    ]
    lines += columns([head, *summary_rows(found)])
    for table in TABLES:
        members = [
            [*r[:3], f"{r[4]}/{r[5]}", r[6], r[3]]
            for r in condensed(c for c in found.changes if c.tabel == table)
        ]
        if members:
            lines += ["", table.upper(), *(f"  {line}" for line in columns(members, 64))]
    return "\n".join(lines)


def markdown(found: Difference) -> str:
    """A page with the summary and one table per kind."""
    lines = [f"# BDS {found.old} → {found.new}", "", heading(found)]
    if not found.equal:
        lines += ["", *_md_table(_summary_head(), summary_rows(found)), "", _legend()]
    for table in TABLES:
        members = condensed(c for c in found.changes if c.tabel == table)
        if members:
            lines += ["", f"## {table.capitalize()}", "", *_md_table(_table_head(), members)]
    return "\n".join(lines) + "\n"


def _summary_head() -> list[str]:
    return [
        t("wat", "what"),
        t("wijziging", "change"),
        t("aantal", "count"),
        t("heen", "forward"),
        t("terug", "backward"),
    ]


def _table_head() -> list[str]:
    return [
        t("nummer", "number"),
        t("naam", "name"),
        t("wijziging", "change"),
        t("van → naar", "from → to"),
        t("heen", "forward"),
        t("terug", "backward"),
        t("verzoek", "request"),
    ]


def _legend() -> str:
    return t(
        "Heen: wat er met gegevens gebeurt die van de oude naar de nieuwe versie gaan; terug: andersom. "
        "patch = alleen woorden, minor = iets erbij of ruimer, major = waarden die aan de andere kant niet meer passen.",
        "Forward: what happens to data that goes from the old to the new version; backward: the other way. "
        "patch = wording only, minor = something added or wider, major = values that no longer fit on the other side.",
    )


def _md_table(head: Sequence[str], body: Iterable[Sequence[Any]]) -> list[str]:
    def line(cells: Sequence[Any]) -> str:
        return "| " + " | ".join(str(c).replace("|", "\\|").replace("\n", " ") for c in cells) + " |"

    return [line(head), "|" + " --- |" * len(head), *map(line, body)]


def html(found: Difference) -> str:
    """A page that stands on its own: no network, no scripts, readable without colour."""
    parts = [f"<h1>BDS {markup(found.old)} → {markup(found.new)}</h1>", f"<p>{markup(heading(found))}</p>"]
    if not found.equal:
        parts += [
            _html_table(t("Overzicht", "Summary"), _summary_head(), summary_rows(found)),
            f"<p>{markup(_legend())}</p>",
        ]
    for table in TABLES:
        members = condensed(c for c in found.changes if c.tabel == table)
        if members:
            parts.append(_html_table(table.capitalize(), _table_head(), members))
    style = (
        "body{font:1rem/1.5 system-ui,sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem;color:#111}"
        "table{border-collapse:collapse;width:100%;margin:1.5rem 0}caption{text-align:left;font-weight:700;font-size:1.2rem}"
        "th,td{border-bottom:1px solid #bbb;padding:.3rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}"
        "@media print{body{margin:0;max-width:none;font-size:9pt}}"
    )
    title = f"BDS {markup(found.old)} → {markup(found.new)}"
    language = t("nl", "en")
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{style}</style></head>'
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    )


def _html_table(caption: str, head: Sequence[str], body: Iterable[Sequence[Any]]) -> str:
    top = "".join(f'<th scope="col">{markup(h)}</th>' for h in head)
    lines = "".join("<tr>" + "".join(f"<td>{markup(str(c))}</td>" for c in r) + "</tr>" for r in body)
    return f"<table><caption>{markup(caption)}</caption><thead><tr>{top}</tr></thead><tbody>{lines}</tbody></table>"


class SummaryRow(TypedDict):
    tabel: str
    wijziging: str
    aantal: int
    forward: str
    backward: str


class Envelope(TypedDict):
    """A difference as plain values: versions, classes, counts and every change with its columns."""

    schema_version: int
    old: str
    new: str
    equal: bool
    forward: str
    backward: str
    summary: list[SummaryRow]
    changes: list[ChangeRow]


def envelope(found: Difference) -> Envelope:
    """The difference as plain values: versions, classes, counts and every change with its columns."""
    forward, backward = found.classes
    return {
        "schema_version": 1,
        "old": found.old,
        "new": found.new,
        "equal": found.equal,
        "forward": str(forward),
        "backward": str(backward),
        "summary": [
            {"tabel": r[0], "wijziging": r[1], "aantal": r[2], "forward": r[3], "backward": r[4]}
            for r in summary_rows(found)
        ],
        "changes": [change_row(c) for c in found.changes],
    }
