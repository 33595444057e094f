"""A policy in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bds_tool.base.text import number, t

if TYPE_CHECKING:
    from bds_tool.protect.policy import Policy


def policy_text(policy: Policy) -> str:
    """What the policy says, for people: title, rules, sources with their certainty."""
    lines = [f"{policy.id} · {policy.title}", "", policy.explanation.strip(), ""]
    lines += [f"- {rule}" for rule in policy_rules(policy)]
    lines += [
        "",
        t(f"Zekerheid: {policy.data['certainty']}", f"Certainty: {policy.data['certainty']}"),
        t("Bronnen:", "Sources:"),
    ]
    for source in policy.data["sources"]:
        parts = [source["title"], source.get("says", ""), source.get("url", ""), f"[{source['certainty']}]"]
        lines.append("- " + " · ".join(p for p in parts if p))
    return "\n".join(lines)


def policy_rules(policy: Policy) -> list[str]:
    """The rules as sentences."""
    rules = [
        t(
            f"noemer ten minste {policy.denominator}, teller ten minste {policy.numerator}, complement ten minste "
            f"{policy.complement}; cel in een gewone tabel ten minste {policy.cell}",
            f"denominator at least {policy.denominator}, numerator at least {policy.numerator}, complement at least "
            f"{policy.complement}; cell in an ordinary table at least {policy.cell}",
        ),
        t("0 % wordt getoond", "0 % is shown")
        if policy.zeros_shown
        else t("0 % wordt niet getoond", "0 % is not shown"),
        t("100 % wordt getoond", "100 % is shown")
        if policy.full_shown
        else t("100 % wordt niet getoond", "100 % is not shown"),
    ]
    levels = policy.data["thresholds"].get("by_level")
    if levels:
        each = ", ".join(f"{level} {n}" for level, n in levels.items())
        rules.append(t(f"kleinste noemer per niveau: {each}", f"least denominator by level: {each}"))
    tails = policy.part("tails")
    if tails:
        rules.append(
            t(
                f"percentages ≤ {number(tails['low'])} en ≥ {number(tails['high'])} worden niet getoond",
                f"percentages ≤ {number(tails['low'])} and ≥ {number(tails['high'])} are not shown",
            )
        )
    coding = policy.part("coding")
    if coding:
        each = "/".join(str(s) for s in sorted(coding["steps"]))
        rules.append(
            t(
                f"wat niet precies mag, wordt een klasse van {each} procentpunten waarin ten minste {coding['least']} tellers "
                f"passen; {policy.class_width + 1} daarvan blijven mogelijk",
                f"what may not be exact becomes a class of {each} percentage points that holds at least {coding['least']} "
                f"numerators; {policy.class_width + 1} of them stay possible",
            )
        )
    pooled = policy.part("pooled")
    if pooled:
        levels = ", ".join(pooled["levels"])
        rules.append(
            t(f"{levels}: alleen de jaren samen", f"{levels}: only the years together"),
        )
    if policy.part("sides").get("follow"):
        rules.append(
            t(
                "drempels voor teller en complement gelden voor de gevoelige kant van de indicator",
                "thresholds for numerator and complement hold for the sensitive side of the indicator",
            )
        )
    group = policy.part("group_disclosure")
    if group:
        kind = (
            t("een gevoelige uitkomst", "a sensitive outcome")
            if group.get("sensitive_only", True)
            else t("een uitkomst", "an outcome")
        )
        rules.append(
            t(
                f"{kind} boven {number(100 * group['share'])} % van een groep wordt niet getoond",
                f"{kind} above {number(100 * group['share'])} % of a group is not shown",
            )
        )
    area = policy.part("minimum_area")
    if area:
        does = {
            "hide": t("verborgen", "hidden"),
            "merge": t("samengevoegd of verborgen", "merged or hidden"),
        }[area["action"]]
        rules.append(
            t(
                f"gebieden onder {area['population']} personen worden {does}",
                f"areas below {area['population']} persons are {does}",
            )
        )
    sensitive = policy.part("sensitive")
    if sensitive.get("lowest_level"):
        themes = ", ".join(sensitive.get("themes", [])) or "-"
        rules.append(
            t(
                f"gevoelige thema's ({themes}) niet onder {sensitive['lowest_level']}",
                f"sensitive themes ({themes}) not below {sensitive['lowest_level']}",
            )
        )
    rules.append(_attacker(policy))
    return rules


def _attacker(policy: Policy) -> str:
    width = policy.least_width + 1
    both = t(", met ruimte naar beide kanten", ", with room on both sides") if policy.both_sides else ""
    if policy.method != "suppress":
        return t(
            "geen bewijs per cel: het deel dat een aanval terugvindt, wordt gemeten",
            "no proof per cell: the share an attack recovers is measured",
        )
    return t(
        f"de aanvaller kent alle getoonde getallen en rekent voor elk verborgen aantal met ten minste {policy.lower}; "
        f"elk te beschermen aantal houdt ten minste {width} mogelijke waarden{both}",
        f"the attacker knows all shown numbers and takes every hidden count to be at least {policy.lower}; "
        f"every protected count keeps at least {width} possible values{both}",
    )
