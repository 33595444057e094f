"""The words of `bds quality`: one set for the screen, the page and the workbook."""

from __future__ import annotations

from collections.abc import Iterator

from bds_tool.base.text import number, plural, t
from bds_tool.export.quality import score as scoring
from bds_tool.export.quality.rates import GONE, NEW, Quality, Series
from bds_tool.export.quality.uniformity import CODE, FILLED, UNKNOWN, Habit
from bds_tool.export.quality.units import kinds, settings
from bds_tool.findings.catalogue import load_rules
from bds_tool.validate.tables import element_name

#: On a screen so many kinds are told; the other formats have all.
MOST = 15
_ORDER = {"fout": 0, "waarschuwing": 1, "info": 2}


def share(value: float | None) -> str:
    """`0,8 %`; a small share is not nothing."""
    if value is None:
        return "–"
    if 0 < value < 0.001:
        return "< 0,1 %" if t("nl", "en") == "nl" else "< 0.1 %"
    return f"{number(100 * value, 1)} %"


def what(found: Quality, s: Series) -> str:
    """The rule and the element in words."""
    rule = load_rules().rules.get(s.code)
    title = str(rule.title).rstrip(".") if rule else s.code
    name = found.names.get(s.element) if s.element is not None else None
    return f"{title} · {s.element} {name}" if name else title


def change(found: Quality, s: Series) -> str:
    """What changed in this series, in words; nothing where no more than chance is seen."""
    if s.since is not None:
        before = _mean(s, range(s.since))
        after = _mean(s, range(s.since, len(s.n)))
        label = found.labels[s.since]
        return t(
            f"sinds {label}: {share(before)} → {share(after)}",
            f"since {label}: {share(before)} → {share(after)}",
        )
    if s.state == NEW:
        return t("nieuw in de laatste levering", "new in the last delivery")
    if s.state == GONE:
        return t("opgelost in de laatste levering", "gone in the last delivery")
    return ""


def habit(found: Quality, h: Habit) -> str:
    """What one unit does otherwise, in words: `location A · 235 Length: filled in 12 %, expected 80 %`."""
    name = f"{h.element} {found.names.get(h.element) or element_name(h.element)}"
    told = {
        FILLED: t("gevuld bij", "filled in"),
        UNKNOWN: t("uitdrukkelijk onbekend bij", "expressly unknown in"),
        CODE: t(f"code {h.code} bij", f"code {h.code} in"),
    }[h.kind]
    return f"{h.unit} · {name}: {told} {share(h.share)}, {t('verwacht', 'expected')} {share(h.expected)}"


def alike(found: Quality) -> str:
    """How much was compared, and what the words above say."""
    u = found.uniformity
    if u is None:
        return ""
    if len(u.units) < 2:
        return t("Er zijn geen twee eenheden om te vergelijken.", "There are no two units to compare.")
    level = number(100 * float(settings()["gelijkheid"]["alfa"]))
    return t(
        f"{number(u.compared)} vergelijkingen van {number(len(u.units))} eenheden; verwacht is wat de andere bij dezelfde leeftijden doen. "
        f"Exacte toets van Cochran, Mantel en Haenszel, gecorrigeerd (Holm): als niemand iets anders doet, wordt in hoogstens {level} % van de leveringen toch iets genoemd.",
        f"{number(u.compared)} comparisons of {number(len(u.units))} units; expected is what the others do at the same ages. "
        f"Exact test of Cochran, Mantel and Haenszel, corrected (Holm): where nobody does otherwise, in at most {level}% of deliveries something is told all the same.",
    )


def _mean(s: Series, some: range) -> float | None:
    of = sum(s.of[i] or 0 for i in some)
    return sum(min(s.n[i], s.of[i] or 0) for i in some) / of if of else None


def ranked(series: list[Series]) -> list[Series]:
    """Most effective first: errors before warnings, then by how many the last delivery has."""
    return sorted(series, key=lambda s: (_ORDER.get(s.severity, 3), -s.n[-1], s.code, s.element or 0))


def turned(series: list[Series]) -> list[Series]:
    """Series that changed: those of another level first, then what is new and what is gone."""
    found = [s for s in series if s.since is not None or s.state in {NEW, GONE}]
    return sorted(
        found, key=lambda s: (s.since is None, s.p if s.p is not None else 1, s.code, s.element or 0)
    )


def lines(found: Quality) -> Iterator[str]:
    """The text for a screen."""
    whole = found.of_unit("")
    yield t("Score (0–100)", "Score (0–100)")
    for label, value, n in zip(found.labels, found.scores[""], found.dossiers[""], strict=True):
        told = "–" if value is None else number(value, 1)
        yield f"  {label:<24} {told:>8}   {number(n or 0)} {t('dossiers', 'dossiers')}"
    if found.scores[""][-1] is None:
        yield t("  Voor een score zijn de leveringen zelf nodig, met elementen die meetellen (specs/kwaliteit).",
                "  A score needs the deliveries themselves, with elements that count (specs/kwaliteit).")  # fmt: skip
    elif found.absent:
        names = ", ".join(map(str, found.absent))
        yield t(
            f"  Niet meegeteld, want nergens geleverd: {names}.",
            f"  Not counted, for delivered nowhere: {names}.",
        )
    for element, points in _moved(found):
        yield t(f"  element {element}: {points:+.1f} punt", f"  element {element}: {points:+.1f} points").replace(".", "," if t("nl", "en") == "nl" else ".")  # fmt: skip
    yield from _targets(found)
    changed = turned(whole)
    if len(found.labels) > 1:
        yield ""
        yield (
            t("Wat veranderde", "What changed")
            if changed
            else t("Er veranderde niets dat meer is dan toeval.", "Nothing changed that is more than chance.")
        )
        for s in changed[:MOST]:
            yield f"  {s.code}  {what(found, s)}: {change(found, s)}"
    yield ""
    yield t("Wat het meest voorkomt in de laatste levering", "What occurs most in the last delivery")
    last = [s for s in ranked(whole) if s.n[-1]]
    for s in last[:MOST]:
        at = len(s.n) - 1
        spread = f" ({share(s.low[at])} – {share(s.high[at])})" if s.low[at] is not None else ""
        yield f"  {s.code}  {number(s.n[at]):>7}  {share(s.rate(at))}{spread}  {what(found, s)}"
    if len(last) > MOST:
        yield t(f"  en nog {number(len(last) - MOST)}; `--format html` of `csv` toont alles.",
                f"  and {number(len(last) - MOST)} more; `--format html` or `csv` shows all.")  # fmt: skip
    if not last:
        yield t("  geen bevindingen", "  no findings")
    if line := burden_line(found):
        yield ""
        yield line
    if found.kind:
        yield ""
        yield t(f"Per {kinds()[found.kind]} (laatste levering)", f"By {kinds()[found.kind]} (last delivery)")
        for unit in [u for u in found.scores if u]:
            mine = found.of_unit(unit)
            wrong = sum(s.n[-1] for s in mine if s.severity == "fout")
            value = found.scores[unit][-1]
            told = "–" if value is None else number(value, 1)
            n = found.dossiers[unit][-1]
            yield f"  {unit[:36]:<36} {told:>6}  {number(n or 0):>7} {t('dossiers', 'dossiers')}  {number(wrong):>7} {t('fouten', 'errors')}"
    yield from _habits(found)


def _habits(found: Quality) -> Iterator[str]:
    u = found.uniformity
    if u is None:
        return
    yield ""
    yield t("Wat eenheden anders doen", "What units do otherwise")
    for h in u.habits[:MOST]:
        yield f"  {habit(found, h)}"
    if len(u.habits) > MOST:
        yield t(f"  en nog {number(len(u.habits) - MOST)}; `--format html` of `json` toont alles.",
                f"  and {number(len(u.habits) - MOST)} more; `--format html` or `json` shows all.")  # fmt: skip
    if not u.habits:
        yield t("  niets dat meer is dan toeval", "  nothing that is more than chance")
    yield f"  {alike(found)}"


def burden_line(found: Quality) -> str:
    """How much is filled and used by no definition, and how much nobody fills; empty where that cannot be said."""
    b = found.burden
    if b is None:
        return ""
    return t(
        f"{plural(len(b.unnamed), 'gevuld element wordt', 'gevulde elementen worden')} door geen regel, protocol of indicator genoemd; "
        f"{plural(len(b.never), 'element is', 'elementen zijn')} nergens gevuld (BDS {', '.join(b.versions)}).",
        f"{plural(len(b.unnamed), 'filled element is', 'filled elements are')} named by no rule, protocol or indicator; "
        f"{plural(len(b.never), 'element is', 'elements are')} filled nowhere (BDS {', '.join(b.versions)}).",
    )


def _targets(found: Quality) -> Iterator[str]:
    if not found.targets:
        return
    yield ""
    yield t("Doelen (bds.toml)", "Targets (bds.toml)")
    for o in found.targets:
        unit = f" · {o.unit}" if o.unit else ""
        why = ""
        if o.reason:
            why = t(f"; afwijking verlopen: {o.reason}", f"; deviation expired: {o.reason}") if o.expired else t(f"; aanvaard: {o.reason}", f"; accepted: {o.reason}")  # fmt: skip
        yield f"  {o.word:<14} {o.what} {o.shown(o.limit)}{unit}: {o.shown(o.value)}{why}"


def _moved(found: Quality) -> list[tuple[int, float]]:
    items = found.items[""]
    if len(items) < 2 or not items[-1] or not items[-2]:
        return []
    return scoring.moved(items[-2], items[-1])[:5]
