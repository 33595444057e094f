"""The public protection statement: method, policy, attacker and totals. It tells nothing of any cell."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NotRequired, TypedDict

from bds_tool import __version__
from bds_tool.base.files import atomic_file
from bds_tool.base.text import number, t
from bds_tool.protect.policy_text import policy_rules

if TYPE_CHECKING:
    from bds_tool.protect.policy import Policy


class Totals(TypedDict):
    """What a protection came to, as far as its user may be told; of a method that does not know one it lacks."""

    cells: int
    hidden: int
    share_hidden: float
    primary: NotRequired[int]
    certified: NotRequired[int]
    coded: NotRequired[int]
    withheld_level: NotRequired[int]
    whole: NotRequired[list[str]]
    audit_solved: NotRequired[int]
    attacked: NotRequired[int]
    recovered: NotRequired[int]
    proposals: NotRequired[list[str]]


def statement(policy: Policy, facts: Totals) -> str:
    """The statement as Markdown."""
    share = number(100 * facts["share_hidden"], 1)
    lines = [
        "# " + t("Verantwoording bescherming", "Protection statement"),
        "",
        t(
            f"Beleid: {policy.id} ({policy.title}). Gemaakt met bds {__version__}.",
            f"Policy: {policy.id} ({policy.title}). Made with bds {__version__}.",
        ),
        "",
        policy.explanation.strip(),
        "",
        "## " + t("Regels", "Rules"),
        "",
        *[f"- {r}" for r in policy_rules(policy)],
        "",
        "## " + t("Methode", "Method"),
        "",
        *_method(policy, facts),
        "",
        "## " + t("Totalen", "Totals"),
        "",
        t(
            f"{number(facts['hidden'])} van {number(facts['cells'])} cellen zijn verborgen ({share} %).",
            f"{number(facts['hidden'])} of {number(facts['cells'])} cells are hidden ({share} %).",
        ),
    ]
    if facts.get("withheld_level"):
        lines.append(
            t(
                f"{number(facts['withheld_level'])} cellen worden op hun niveau voor geen enkel gebied gepubliceerd: een los jaar, of een "
                "gevoelig thema.",
                f"{number(facts['withheld_level'])} cells are published at their level for no area at all: a single year, or a sensitive "
                "theme.",
            )
        )
    if facts.get("whole"):
        names = ", ".join(facts["whole"])
        lines.append(t(f"Geheel verborgen: {names}.", f"Hidden whole: {names}."))
    return "\n".join(lines) + "\n"


def _method(policy: Policy, facts: Totals) -> list[str]:
    if policy.method == "suppress":
        return [
            t(
                "Cellen die te klein zijn, zijn verborgen, en daarnaast zoveel andere cellen dat terugrekenen niet kan. Voor elke te "
                "beschermen cel is bewezen dat er ten minste twee tabellen van gehele aantallen zijn die met alles wat is gepubliceerd "
                "overeenkomen en in die cel verschillen. Een tweede programma, zonder gedeelde code, heeft de publicatie daarna "
                "aangevallen, ook met eerdere uitgaven: met aftrekken, door elk bewijs na te rekenen, en met lineair en geheeltallig "
                "rekenen waar geen bewijs standhield. Het vond geen lek. Verborgen cellen hebben één teken, of ze nu klein zijn of "
                "een andere cel beschermen; een verborgen cel is geen nul.",
                "Cells that are too small are hidden, and beside them as many other cells as needed to prevent computing them back. For "
                "each protected cell it is proven that at least two tables of whole numbers agree with all that is published and "
                "differ in that cell. A second program that shares no code then attacked the publication, with earlier releases as "
                "well: by subtraction, by checking every proof, and by linear and integer programming where no proof held. It found "
                "no leak. Hidden cells carry one symbol, whether they are small or shield another; a hidden cell is no zero.",
            )
        ]
    kind = (
        t("afgerond", "rounded")
        if policy.method == "round"
        else t("met de celsleutelmethode veranderd", "changed by the cell key method")
    )
    lines = [
        t(
            f"Aantallen zijn {kind}; totalen tellen niet precies op. Dit is geen bewijs van geheimhouding.",
            f"Counts are {kind}; totals do not add up exactly. This is no proof of secrecy.",
        )
    ]
    if facts.get("attacked"):
        lines.append(
            t(
                f"Van {number(facts['attacked'])} kleine aantallen vond een aanval er {number(facts['recovered'])} exact terug.",
                f"Of {number(facts['attacked'])} small counts an attack recovered {number(facts['recovered'])} exactly.",
            )
        )
    return lines


def write_statement(path: Path, policy: Policy, facts: Totals) -> None:
    """Write as JSON (suffix .json) or Markdown."""
    if path.suffix == ".json":
        told: Mapping[str, object] = facts
        public = {k: told[k] for k in PUBLIC if k in told}
        text = (
            json.dumps(
                {
                    "schema_version": 1,
                    "program": f"bds {__version__}",
                    "policy": dict(policy.data),
                    "rules": policy_rules(policy),
                    **public,
                },
                ensure_ascii=False,
                indent=2,
            )
            + "\n"
        )
    else:
        text = statement(policy, facts)
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


#: What of the totals is public. The number of primaries is not: it tells how many hidden cells are small.
PUBLIC = ("cells", "hidden", "share_hidden", "withheld_level", "whole", "attacked", "recovered")
