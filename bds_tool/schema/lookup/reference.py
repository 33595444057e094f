"""The reference as Markdown pages: a page per rubriek with its elements, per value list, protocol and difference.

Pages link to each other with relative links, so a folder of them reads in any Markdown viewer and in the site.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from bds_tool.base.text import t
from bds_tool.schema.diff.report import Requests, difference, markdown
from bds_tool.schema.loading import load, newest, versions
from bds_tool.schema.lookup.card import lijst_naam, values
from bds_tool.schema.lookup.history import james_fields, requests, successions
from bds_tool.schema.lookup.show import status_word
from bds_tool.schema.lookup.usage import Use, usage_index
from bds_tool.schema.model import Definition, Element
from bds_tool.schema.protocols import Protocol, expect_text, in_language, protocols, when_text

Pages = dict[str, str]


def write_version(version: str, folder: Path) -> int:
    """Write the pages of one version into `folder`; returns how many."""
    return write_pages(version_pages(version), folder)


def write_pages(pages: Pages, folder: Path) -> int:
    """Write pages (relative name → text), making folders as needed."""
    for name, text in pages.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="\n")
    return len(pages)


def version_pages(version: str) -> Pages:
    """One version: an index, a page per rubriek and a page per value list."""
    definition = load(version)
    around = Surroundings.collect()
    pages = {"index.md": _index(definition)}
    for number in definition.rubrieken:
        pages[f"rubrieken/{number}.md"] = _rubriek_page(definition, number, around)
    for number in _lists(definition):
        pages[f"waardenlijsten/{number}.md"] = _lijst_page(definition, number)
    return pages


def reference_pages(numbered: Requests | None = None) -> Pages:
    """Everything: the newest version in full, the differences between versions, the protocols and the checks."""
    known = versions()
    pages = {f"bds/{name}": text for name, text in version_pages(known[-1]).items()}
    for old, new in pairwise(known):
        pages[f"verschillen/{old}-{new}.md"] = markdown(difference(old, new, numbered=numbered))
    pages["verschillen/index.md"] = _differences_index(known)
    for p in protocols().values():
        pages[f"protocollen/{p.id}.md"] = _protocol_page(p, "../bds/rubrieken")
    pages["protocollen/index.md"] = _protocols_index()
    pages["versies.md"] = _versions_page()
    return pages


# ---- PARTS ---- #


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    """A Markdown table; cells are escaped."""

    def line(cells: Sequence[Any]) -> str:
        return "| " + " | ".join(_cell(c) for c in cells) + " |"

    return [line(head), "|" + " --- |" * len(head), *map(line, rows)]


def _cell(value: Any) -> str:  # noqa: ANN401
    text = "" if value is None else str(value)
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def _lists(definition: Definition) -> list[str]:
    """Numbers of value lists with codes, without the registers that repeat names of elements."""
    registers = {"W0639", "W0646", "W0647"}
    return sorted({n for n, _ in definition.waardenlijsten if n.startswith("W")} - registers)


def _link(definition: Definition, number: str, place: str) -> str:
    return f"[{number}]({place}/{number}.md)" if number in set(_lists(definition)) else number


def _index(definition: Definition) -> str:
    d = definition
    lines = [
        f"# Basisdataset JGZ {d.version}",
        "",
        t(f"Van {d.datum}, bericht {d.interactie}. {len(d.rubrieken)} rubrieken, {len(d.groepen)} groepen, "
          f"{len(d.elementen)} elementen ({len(d.in_bericht)} in het bericht).",
          f"Of {d.datum}, message {d.interactie}. {len(d.rubrieken)} rubrieken, {len(d.groepen)} groups, "
          f"{len(d.elementen)} elements ({len(d.in_bericht)} in the message)."),
        "",
        t(f"Bron: {d.bron}.", f"Source: {d.bron}."),
        "",
        t("## Rubrieken", "## Rubrieken"),
        "",
    ]  # fmt: skip
    counts: dict[str, int] = {}
    for e in d.in_bericht.values():
        counts[e.rubriek] = counts.get(e.rubriek, 0) + 1
    lines += table(
        (t("rubriek", "rubriek"), t("naam", "name"), t("binding", "binding"), t("elementen", "elements")),
        (
            [f"[{r.rubriek}](rubrieken/{r.rubriek}.md)", r.naam, r.binding, counts.get(r.rubriek, 0)]
            for r in d.rubrieken.values()
        ),
    )
    lines += ["", t("## Waardenlijsten", "## Value lists"), ""]
    used: dict[str, list[str]] = {}
    for e in d.elementen.values():
        used.setdefault(e.waardenlijst, []).append(str(e.bdsnummer))
    rows = []
    for number in _lists(d):
        w = next(w for (n, _), w in d.waardenlijsten.items() if n == number)
        elements = used.get(number, [])
        shown = ", ".join(elements[:8]) + (" …" if len(elements) > 8 else "")
        rows.append([f"[{number}](waardenlijsten/{number}.md)", lijst_naam(w.naam), shown])
    lines += table((t("lijst", "list"), t("naam", "name"), t("elementen", "elements")), rows)
    return "\n".join(lines) + "\n"


def _rubriek_page(definition: Definition, number: str, around: Surroundings) -> str:
    r = definition.rubrieken[number]
    members = [e for e in definition.elementen.values() if e.rubriek == number]
    lines = [
        f"# {number} {r.naam}",
        "",
        t(f"BDS {definition.version} · {r.binding} · kardinaliteit {r.card}.",
          f"BDS {definition.version} · {r.binding} · cardinality {r.card}."),
        "",
    ]  # fmt: skip
    groups = [g for g in definition.groepen.values() if g.rubriek == number]
    if groups:
        lines += [t("## Groepen", "## Groups"), ""]
        lines += table(
            (
                t("groep", "group"),
                t("naam", "name"),
                t("binnen", "inside"),
                t("kardinaliteit", "cardinality"),
            ),
            ([g.groep, g.naam, g.bovenliggende_groep, g.card] for g in groups),
        )
        lines.append("")
    lines += [t("## Elementen", "## Elements"), ""]
    lines += table(
        (
            "nr",
            t("naam", "name"),
            t("groep", "group"),
            t("type", "type"),
            t("lijst", "list"),
            t("kardinaliteit", "cardinality"),
            t("status", "status"),
        ),
        (_element_row(definition, e) for e in members),
    )
    for e in members:
        lines += ["", *_element_part(definition, e, around)]
    return "\n".join(lines) + "\n"


def _element_row(definition: Definition, e: Element) -> list[Any]:
    kind = " ".join(x for x in (e.datatype or e.hl7_datatype, e.eenheid) if x)
    status = "" if e.in_bericht else e.status
    anchor = f"[{e.bdsnummer}](#element-{e.bdsnummer})"
    return [
        anchor,
        e.naam,
        e.groep,
        kind,
        _link(definition, e.waardenlijst, "../waardenlijsten"),
        e.card,
        status,
    ]


@dataclass(frozen=True)
class Surroundings:
    """What stands around the elements of a version: uses, JAMES formats and requests by element number."""

    uses: dict[int, dict[str, tuple[Use, ...]]]
    james: dict[int, list[str]]
    requests: dict[str, list[str]]

    @classmethod
    def collect(cls) -> Surroundings:
        james: dict[int, list[str]] = {}
        for f in james_fields():
            listed = james.setdefault(f.bdsnummer, [])
            if f.formaat not in listed:
                listed.append(f.formaat)
        asked: dict[str, list[str]] = {}
        for r in requests():
            numbers = asked.setdefault(r.nummer, [])
            if r.verzoek not in numbers:
                numbers.append(r.verzoek)
        return cls(usage_index(), james, asked)

    def used_by(self, number: int, kind: str) -> tuple[Use, ...]:
        return self.uses.get(number, {}).get(kind, ())


def _element_part(definition: Definition, e: Element, around: Surroundings) -> list[str]:
    number = e.bdsnummer
    hl7 = f"HL7 {e.hl7_datatype}" if e.hl7_datatype else ""
    facts: list[tuple[str, str]] = [
        (t("status", "status"), e.status),
        (t("datatype", "datatype"), " · ".join(x for x in (e.datatype, hl7, e.eenheid) if x)),
        (t("waardenlijst", "value list"), _link(definition, e.waardenlijst, "../waardenlijsten")),
        (
            t("kardinaliteit", "cardinality"),
            t(f"dataset {e.card}, bericht {e.card_bericht}", f"data set {e.card}, message {e.card_bericht}"),
        ),
        (t("plaats in het bericht", "place in the message"), f"`{e.pad}`" if e.pad else ""),
        ("JAMES", ", ".join(around.james.get(number, []))),
        (t("versies", "versions"), _presence(number)),
        (t("opvolger", "successor"), _others(s.nieuw for s in successions() if s.oud == number)),
        (t("voorganger", "predecessor"), _others(s.oud for s in successions() if s.nieuw == number)),
        (t("verzoeken", "requests"), ", ".join(around.requests.get(str(number), []))),
        (t("protocollen", "protocols"), "; ".join(u.id for u in around.used_by(number, "protocollen"))),
        (t("indicatoren", "indicators"), "; ".join(u.id for u in around.used_by(number, "indicatoren"))),
        (t("controleregels", "validation rules"), "; ".join(u.id for u in around.used_by(number, "regels"))),
        ("ZIB", "; ".join(u.title for u in around.used_by(number, "zib"))),
        (t("zekerheid", "certainty"), " · ".join(x for x in (e.zekerheid, e.bron) if x)),
    ]
    head = f"### {number} {e.naam} {{#element-{number}}}".replace("<", "&lt;")
    return [head, "", *(f"- {label}: {value}" for label, value in facts if value)]


def _presence(number: int) -> str:
    parts = []
    for version in versions():
        element = load(version).elementen.get(number)
        if element:
            parts.append(
                version + ("" if element.in_bericht else t(" (niet in bericht)", " (not in message)"))
            )
    return ", ".join(parts)


def _others(numbers: Iterable[int]) -> str:
    names = {n: e.naam for v in versions() for n, e in load(v).elementen.items() if e.naam}
    return ", ".join(f"{n} {names.get(n, '')}".rstrip() for n in numbers)


def _lijst_page(definition: Definition, number: str) -> str:
    name = next(lijst_naam(w.naam) for (n, _), w in definition.waardenlijsten.items() if n == number)
    lines = [f"# {number} {name}", "", f"BDS {definition.version}.", ""]
    rows = [
        [
            v["bds_code"],
            v["hl7_code"],
            v["naam"] + (" (nullFlavor)" if v["nullflavor"] else ""),
            "" if v["status"] == "L" else status_word(v["status"]),
            v["codesysteem"],
        ]
        for v in values(definition, number)
    ]
    head = ("BDS", "HL7", t("naam", "name"), t("status", "status"), t("codesysteem", "code system"))
    if rows:
        lines += table(head, rows)
    else:
        lines.append(
            t(
                "Elke code uit de tabel van een ander mag.",
                "Any code of a table published elsewhere is right.",
            )
        )
    members = [e for e in definition.elementen.values() if e.waardenlijst == number]
    if members:
        lines += ["", t("## Elementen", "## Elements"), ""]
        for e in members:
            target = f"../rubrieken/{e.rubriek}.md#element-{e.bdsnummer}"
            lines.append(
                f"- [{e.bdsnummer} {e.naam}]({target})" if e.rubriek else f"- {e.bdsnummer} {e.naam}"
            )
    return "\n".join(lines) + "\n"


def _differences_index(known: list[str]) -> str:
    lines = [t("# Verschillen tussen versies", "# Differences between versions"), ""]
    for old, new in pairwise(known):
        lines.append(f"- [BDS {old} → {new}]({old}-{new}.md)")
    return "\n".join(lines) + "\n"


def _versions_page() -> str:
    rows = []
    for v in versions():
        d = load(v)
        rows.append(
            [
                v,
                d.datum,
                d.interactie,
                len(d.rubrieken),
                len(d.groepen),
                len(d.elementen),
                len(d.in_bericht),
                d.bron,
            ]
        )
    head = (
        t("versie", "version"), t("datum", "date"), t("bericht", "message"), "rubrieken", "groepen", "elementen",
        t("in het bericht", "in the message"), t("bron", "source"),
    )  # fmt: skip
    return "\n".join([t("# Versies van de BDS", "# Versions of the BDS"), "", *table(head, rows)]) + "\n"


def _protocols_index() -> str:
    rows = [
        [f"[{p.id}]({p.id}.md)", in_language(p.title), p.guideline["name"], str(p.versions)]
        for p in protocols().values()
    ]
    head = (t("protocol", "protocol"), t("titel", "title"), t("richtlijn", "guideline"), "BDS")
    return "\n".join([t("# BDS-protocollen", "# BDS protocols"), "", *table(head, rows)]) + "\n"


def _protocol_page(p: Protocol, rubrieken: str) -> str:
    lines = [
        f"# {in_language(p.title)}",
        "",
        t(f"Richtlijn: {p.guideline['name']}, {p.guideline['version']}. Bron: {p.guideline['source']}.",
          f"Guideline: {p.guideline['name']}, {p.guideline['version']}. Source: {p.guideline['source']}."),
        "",
        f"BDS {p.versions} · {p.certainty}.",
    ]  # fmt: skip
    if p.note:
        lines += ["", in_language(p.note)]
    latest = load(newest())
    for r in p.rules:
        lines += [
            "",
            f"## {in_language(r.title)}",
            "",
            f"`{r.id}` · {r.severity} · BDS {r.versions}",
            "",
        ]
        lines.append(f"- {t('als', 'when')}: {_cell(when_text(r.when))}")
        lines += [f"- {t('dan', 'then')}: {_cell(expect_text(e))}" for e in r.expect]
        lines.append(f"- {t('bron', 'source')}: {r.source}")
        if r.note:
            lines.append(f"- {t('let op', 'note')}: {in_language(r.note)}")
        links = [
            f"[{n}]({rubrieken}/{latest.elementen[n].rubriek}.md#element-{n})"
            for n in r.elements[:12]
            if n in latest.elementen and latest.elementen[n].rubriek
        ]
        if links:
            lines.append(f"- {t('elementen', 'elements')}: {', '.join(links)}")
    return "\n".join(lines) + "\n"
