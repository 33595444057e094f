"""Release notes of a package in Markdown: what changes for the professional, the vendor and the analyst."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bds_tool.base.text import number, t
from bds_tool.changes.impact import effect_text, impact
from bds_tool.changes.new import BULK, UNNUMBERED
from bds_tool.changes.requests import reason
from bds_tool.changes.requests import title as title_of

if TYPE_CHECKING:
    from bds_tool.changes.package import Omrekening, Pakket, Wijziging
    from bds_tool.schema.model import Definition

READERS = ("professional", "vendor", "analyst")


@dataclass(frozen=True)
class _Names:
    """Names and lists of both versions, for sentences."""

    oud: Definition
    nieuw: Definition

    def element(self, n: int) -> str:
        for d in (self.nieuw, self.oud):
            if n in d.elementen:
                return f"{n} {d.elementen[n].naam}"
        return str(n)

    def users(self, lijst: str) -> str:
        found = [n for n, e in self.nieuw.elementen.items() if e.waardenlijst == lijst and e.in_bericht]
        shown = ", ".join(self.element(n) for n in found[:3])
        return shown + (
            t(f" en {len(found) - 3} andere", f" and {len(found) - 3} others") if len(found) > 3 else ""
        )


def release_notes(pakket: Pakket, old: Definition, new: Definition, readers: Iterable[str] = READERS) -> str:
    """The notes in the language of this run; names from the BDS stay Dutch."""
    names = _Names(old, new)
    wanted = list(readers)
    lines = [
        f"# {pakket.titel}: BDS {pakket.van} → {pakket.naar}",
        "",
        t(f"Status: {pakket.status}. Gegevens heen: {pakket.klasse_heen}; terug: {pakket.klasse_terug}. "
          f"{number(len(pakket.wijzigingen))} wijzigingen in {number(len(pakket.verzoeken))} verzoeken.",
          f"Status: {pakket.status}. Data forward: {pakket.klasse_heen}; back: {pakket.klasse_terug}. "
          f"{number(len(pakket.wijzigingen))} changes in {number(len(pakket.verzoeken))} requests."),
        "",
    ]  # fmt: skip
    if pakket.toelichting:
        lines += [pakket.toelichting, ""]
    if any(r in {"professional", "vendor"} for r in wanted):
        lines += [*_per_request(pakket), ""]
    parts = {"professional": _professional, "vendor": _vendor, "analyst": _analyst}
    for reader in wanted:
        lines += [*parts[reader](pakket, names), ""]
    return "\n".join(lines).rstrip() + "\n"


def _per_request(p: Pakket) -> Iterator[str]:
    """Title and reason of every request, the same for every reader."""
    yield from (t("## Waarom", "## Why"), "")
    for v in p.verzoeken.values():
        if not v.jgz.startswith(UNNUMBERED):
            why = "" if v.aanleiding in {"", "onbekend"} else f": {reason(v)}"
            yield f"- **{v.jgz} {title_of(v)}**{why}"


def _of(p: Pakket, *kinds: str) -> list[Wijziging]:
    return [w for w in p.wijzigingen if w.soort in kinds]


def _jgz(w: Wijziging) -> str:
    known = [j for j in w.jgz if not j.startswith(UNNUMBERED)]
    return f" ({', '.join(known)})" if known else ""


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    listed = list(lines)
    if listed:
        yield from (f"### {title}", "", *listed, "")


def _professional(p: Pakket, names: _Names) -> Iterator[str]:
    yield from (t("## Voor de professional", "## For the professional"), "")
    for title, kind in (
        (t("Nieuw om vast te leggen", "New to record"), "element-toegevoegd"),
        (t("Niet meer vastleggen", "No longer recorded"), "element-vervallen"),
    ):
        yield from _section(title, _by_rubriek(p, names, kind))
    renamed = (
        f"- {w.sleutel}: {v.van} → **{v.naar}**{_jgz(w)}"
        for w in _of(p, "element-hernoemd", "groep-hernoemd", "rubriek-hernoemd")
        if (v := w.veld("naam")) and v.naar
    )
    yield from _section(t("Andere naam", "Another name"), renamed)
    yield from _section(t("Andere antwoorden", "Other answers"), _answers(p, names))
    deprecated = (
        f"- {w.sleutel} {w.naam}: {w.afschaffing.overgang}{_jgz(w)}"
        for w in _of(p, "element-status")
        if w.afschaffing is not None
    )
    yield from _section(t("Afgeschaft, nog wel leesbaar", "Deprecated, still readable"), deprecated)


def _by_rubriek(p: Pakket, names: _Names, kind: str) -> Iterator[str]:
    d = names.nieuw if kind.endswith("toegevoegd") else names.oud
    by: dict[str, list[Wijziging]] = {}
    for w in _of(p, kind):
        e = d.elementen.get(w.nummer or 0) or names.nieuw.elementen.get(w.nummer or 0)
        by.setdefault(e.rubriek if e else "", []).append(w)
    for rubriek, ws in sorted(by.items()):
        title = (
            d.rubrieken[rubriek].naam
            if rubriek in d.rubrieken
            else t("buiten het bericht", "outside the message")
        )
        yield f"- **{rubriek} {title}**".replace("** ", "**")
        yield from (f"  - {w.sleutel} {w.naam}{_jgz(w)}" for w in ws)


def _answers(p: Pakket, names: _Names) -> Iterator[str]:
    lists: dict[str, dict[str, None]] = {}
    for w in p.wijzigingen:
        if w.tabel != "code" or w.aspect not in {"toegevoegd", "vervallen", "hernoemd"} or "!" in w.sleutel:
            continue
        if w.heen is not None and w.heen.doe == "behoud":
            continue
        veld = w.veld("weergavenaam")
        name = {
            "toegevoegd": f"+ {w.naam}", "vervallen": f"− {w.naam}",
            "hernoemd": f"{veld.van} → {veld.naar}" if veld else w.naam,
        }[w.aspect]  # fmt: skip
        lists.setdefault(w.sleutel.split("/")[0], {}).setdefault(f"  - {name}{_jgz(w)}")
    for lijst, lines in sorted(lists.items()):
        yield f"- {lijst} ({names.users(lijst) or t('geen element', 'no element')})"
        yield from lines


def _vendor(p: Pakket, names: _Names) -> Iterator[str]:
    yield from (t("## Voor de leverancier", "## For the vendor"), "")
    interaction = next((w.veld("interactie") for w in _of(p, "definitie-interactie")), None)
    if interaction:
        yield from (t(f"Het bericht gaat van `{interaction.van}` naar `{interaction.naar}`.",
                      f"The message goes from `{interaction.van}` to `{interaction.naar}`."), "")  # fmt: skip
    yield from (
        t("| soort wijziging | aantal | heen | terug |", "| kind of change | number | forward | back |"),
        "| --- | ---: | --- | --- |",
    )
    counts: dict[tuple[str, str, str], int] = {}
    for w in p.wijzigingen:
        key = (w.soort, _do(w.heen), _do(w.terug))
        counts[key] = counts.get(key, 0) + 1
    yield from (
        f"| {soort} | {number(n)} | {there} | {back} |" for (soort, there, back), n in sorted(counts.items())
    )
    yield ""
    types = []
    for w in _of(p, "element-toegevoegd"):
        e = names.nieuw.elementen.get(w.nummer or 0)
        if e is not None and e.in_bericht:
            kind = " ".join(x for x in (e.datatype, e.waardenlijst, e.eenheid) if x) or t(
                "onbekend", "unknown"
            )
            types.append(f"- {e.bdsnummer} {e.naam}: {kind}; {e.rubriek} {e.groep}".rstrip())
    yield from _section(t("Datatype van nieuwe elementen", "Data type of new elements"), types)
    special = [
        f"- {w.soort} {w.sleutel}: {_sentence(o, way)}{_jgz(w)}"
        for w in p.wijzigingen
        for way, o in ((t("heen", "forward"), w.heen), (t("terug", "back"), w.terug))
        if o is not None
        and (o.doe in {"hercodeer", "verplaats", "afleiden", "reken", "vervalt"} or o.verlies)
    ]
    special += [f"- {r.id}: {r.omschrijving}" for r in p.regels]
    yield from _section(t("Omrekeningen die aandacht vragen", "Conversions that need attention"), special)
    carried = (
        f"- {d.soort} {d.id}{f': {d.reden}' if d.reden else ''} ({v.jgz})"
        for v in p.verzoeken.values()
        for d in v.mee
        if d.inhoud
    )
    yield from _section(t("Gaat mee met het pakket", "Carried along by the package"), carried)
    yield from _section(
        t("Verschillen met de officiële conversie", "Differences with the official conversion"),
        (f"- {v.reden}" for v in p.verschillen),
    )


def _do(o: Omrekening | None) -> str:
    return o.doe if o else "—"


def _sentence(o: Omrekening, way: str) -> str:
    parts = [f"{way} `{o.doe}`"]
    if o.element:
        parts.append(f"→ {o.element}")
    if o.tabel:
        parts.append(", ".join(f"{a}→{b}" for a, b in o.tabel[:12]) + (" …" if len(o.tabel) > 12 else ""))
    if o.anders:
        parts.append(t(f"anders `{o.anders}`", f"else `{o.anders}`"))
    if o.verlies:
        parts.append(t(f"verlies: {o.verlies}", f"loss: {o.verlies}"))
    if o.toelichting:
        parts.append(o.toelichting)
    return "; ".join(parts)


def _analyst(p: Pakket, names: _Names) -> Iterator[str]:
    yield from (t("## Voor de analist", "## For the analyst"), "")
    rows = [i for i in impact(p) if i.kind == "indicatoren" and i.effect != "nieuw"]
    by: dict[str, list[str]] = {}
    for i in rows:
        by.setdefault(f"{i.id} {i.titel}".strip(), []).append(
            f"  - {names.element(i.bdsnummer)}: {effect_text(i.effect)}"
        )
    lines = [line for title, members in by.items() for line in (f"- **{title}**", *members)]
    yield from _section(t("Indicatoren die dit raakt", "Indicators this touches"), lines)
    notes = [
        f"- {w.sleutel} {w.naam}: {w.toelichting}{_jgz(w)}"
        for w in p.wijzigingen
        if w.toelichting and w.aspect == "hernoemd" and w.aspect not in BULK
    ]
    yield from _section(t("Reeksen die kunnen breken", "Series that may break"), notes)
    sheltered = sum(
        w.tabel == "element" and w.heen is not None and w.heen.doe == "beschut" for w in p.wijzigingen
    )
    texts = sum(
        w.tabel == "code" and w.terug is not None and w.terug.doe == "naar-tekst" for w in p.wijzigingen
    )
    yield t(f"Bij omzetten naar {p.naar} gaan waarden van {number(sheltered)} elementen naar niet-BDS-gegevens (R051/G083); "
            f"op de weg terug worden {number(texts)} codes tekst. Het verslag van `bds migrate` telt ze per element.",
            f"Moving to {p.naar}, values of {number(sheltered)} elements become non-BDS data (R051/G083); on the way back "
            f"{number(texts)} codes become text. The report of `bds migrate` counts them by element.")  # fmt: skip
