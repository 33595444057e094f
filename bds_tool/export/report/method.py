"""What the page on the method tells: what was left out, how was counted and protected, what changed, whose it is."""

from __future__ import annotations

from collections.abc import Mapping

from bds_tool.base.text import number, t
from bds_tool.export.report import cells, left_out
from bds_tool.export.report.book import Book, theme_title
from bds_tool.export.report.style import Style
from bds_tool.indicators.definitions import CONTACTS
from bds_tool.indicators.told import DefinitionTold, period_label

#: Methods of a result by the name beside each figure, with what they are and who described them.
METHODS = {
    "Wilson 95%": (
        "Aandelen: 95 %-interval van Wilson (1927), zonder continuïteitscorrectie.",
        "Shares: 95 % Wilson interval (1927), without continuity correction.",
    ),
    "t 95%": (
        "Gemiddelden: 95 %-interval van Student (t-verdeling).",
        "Means: 95 % Student interval (t distribution).",
    ),
    "exact/Byar 95%": (
        "Aantallen: exact Poisson-interval onder 10, daarboven de benadering van Byar (Breslow en Day 1987).",
        "Counts: exact Poisson interval below 10, Byar's approximation above (Breslow and Day 1987).",
    ),
}
TESTS = {
    "z-toets": ("z-toets voor twee aandelen", "z test for two shares"),
    "Welch": ("toets van Welch voor twee gemiddelden", "Welch's test for two means"),
    "score-toets": ("score-toets voor twee aantallen", "score test for two counts"),
}


#: Contacts of one child are not independent, which the interval of a share and the tests suppose.
OF_CONTACTS = (
    "Aandelen van contacten (niet van kinderen) hebben geen interval, en hun verschillen en verloop zijn niet getoetst: wie eens wegbleef, blijft vaker weg. Formules voor losse waarnemingen zouden meer zekerheid tonen dan er is.",
    "Shares of contacts (not of children) have no interval, and their differences and trends were not tested: who stayed away once does so more often. Formulas for independent observations would show more certainty than there is.",
)

#: The choice of `origin` → what the breakdown says.
OF_ORIGIN = {
    "herkomstland": (
        "Herkomst is het herkomstland volgens het CBS (2022): van wie in het buitenland is geboren het eigen geboorteland, anders dat van de moeder of de vader.",
        "Origin is the country of origin of Statistics Netherlands (2022): the own country of birth of who was born abroad, otherwise the mother's or the father's.",
    ),
    "geboren": (
        "Herkomst is Geboren in Nederland volgens het CBS (2022): eerst waar het kind zelf is geboren, dan hoeveel ouders in het buitenland.",
        "Origin is Born in the Netherlands of Statistics Netherlands (2022): first where the child was born, then how many parents were born abroad.",
    ),
}


def _of_origin(book: Book) -> list[str]:
    """A result of an earlier program does not say which it is, and it was neither."""
    told = OF_ORIGIN.get(str(book.result.meta.get("settings", {}).get("origin", "")))
    return [t(*told)] if told and "origin" in book.result.meta.get("by", []) else []


def _of_contacts(book: Book) -> list[str]:
    return [t(*OF_CONTACTS)] if any(i.view in CONTACTS for i in book.indicators.values()) else []


def method_page(book: Book, style: Style, previous: Book | None, *, mapped: bool) -> dict[str, object]:
    """The values of the template."""
    facts = book.provenance()
    settings = book.result.meta.get("settings", {})
    statuses = {str(k): int(v) for k, v in book.frame["status"].value_counts().iter_rows()}
    used = set(book.frame["method"].drop_nulls().unique().to_list())
    tests = " ".join(book.frame["reference_test"].drop_nulls().unique().to_list())
    return {
        "statement": book.statement(),
        "flow": _flow(statuses, book.frame.height),
        "left_out": [str(n) for n in facts["notes"]],
        "read": left_out.whole_run(book),
        "per_indicator": left_out.per_indicator(book),
        "left_out_title": left_out.title(),
        "left_out_about": left_out.about(book),
        "intervals": [t(*METHODS[m]) for m in METHODS if m in used] + _of_contacts(book) + _of_origin(book),
        "tests": [t(*told) for name, told in TESTS.items() if name in tests],
        "multiplicity": settings.get("multiplicity", ""),
        "alpha": number(100 * settings.get("alpha", 0.05)),
        "trended": bool(book.frame["trend"].is_not_null().any()),
        "changes": [*style.changes, *(_changes(book, previous) if previous else [])],
        "previous": str(previous.provenance()["created"])[:10] if previous else "",
        "policy_sources": [
            s for s in (book.result.meta.get("policy") or {}).get("sources", []) if "title" in s
        ],
        "bds": ", ".join(facts["bds_versions"]),
        "borders": mapped,
        "indicators": [(i, theme_title(i.theme)) for i in book.indicators.values()],
    }


def _flow(statuses: dict[str, int], whole: int) -> list[tuple[str, str, str]]:
    """Every row of the result once: how many are shown, and why the others are not. The counts add up."""
    kinds = [
        (("ok", "afgerond"), t("getoond", "shown"), ""),
        ((cells.CLASS,), t("alleen als klasse getoond", "shown as a class only"), ""),
        (
            ("verborgen",),
            t("verborgen", "hidden"),
            t("zodat niemand een kind kan herkennen", "so that nobody can recognise a child"),
        ),
        (
            (cells.TOO_LOW,),
            t("op dit niveau voor geen enkel gebied getoond", "shown for no area at this level"),
            t(
                "te weinig kinderen per jaar, of te gevoelig",
                "too few children in one year, or too sensitive",
            ),
        ),
        (
            tuple(cells.EMPTY),
            t("geen gegevens", "no data"),
            t("niet vastgelegd of niet aangeleverd", "not recorded or not delivered"),
        ),
    ]
    named = {s for group, _, _ in kinds for s in group}
    rows = [
        (word, number(sum(statuses.get(s, 0) for s in group)), why)
        for group, word, why in kinds
        if sum(statuses.get(s, 0) for s in group)
    ]
    other = sum(v for k, v in statuses.items() if k not in named)
    if other:
        rows.append((t("anders", "other"), number(other), ""))
    return [*rows, (t("alle cijfers samen", "all figures together"), number(whole), "")]


def _changes(book: Book, previous: Book) -> list[str]:
    """What differs from the edition before, as far as the two results tell."""
    now, then = book.result.meta, previous.result.meta
    mine, other = now["definitions"], then["definitions"]
    found = []

    def named(keys: set[str], source: Mapping[str, DefinitionTold]) -> str:
        return ", ".join(sorted(str(source[k]["title"]) for k in keys))

    if added := set(mine) - set(other):
        found.append(t(f"Nieuw: {named(added, mine)}.", f"New: {named(added, mine)}."))
    if gone := set(other) - set(mine):
        found.append(t(f"Niet meer: {named(gone, other)}.", f"No longer: {named(gone, other)}."))
    if altered := {k for k in set(mine) & set(other) if mine[k].get("hash") != other[k].get("hash")}:
        told = named(altered, mine)
        found.append(t(f"Anders geteld: {told}.", f"Counted differently: {told}."))
    if (now.get("policy") or {}).get("id") != (then.get("policy") or {}).get("id"):
        found.append(t("Het beleid voor bescherming is anders.", "The protection policy differs."))
    areas, before = set(book.areas), set(previous.areas)
    if areas - before:
        count = len(areas - before)
        found.append(t(f"Gebieden erbij: {number(count)}.", f"Areas added: {number(count)}."))
    if before - areas:
        count = len(before - areas)
        found.append(t(f"Gebieden weg: {number(count)}.", f"Areas gone: {number(count)}."))
    periods = period_label(now), period_label(then)
    if periods[0] != periods[1]:
        found.append(
            t(
                f"Periode {periods[0]} in plaats van {periods[1]}.",
                f"Period {periods[0]} instead of {periods[1]}.",
            )
        )
    return found or [
        t("Definities, gebieden en beleid zijn gelijk.", "Definitions, areas and policy are the same.")
    ]
