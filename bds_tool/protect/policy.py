"""Disclosure policies: what is too small to publish, against which attacker, and how strongly (`specs/beleid`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from bds_tool.base.checked_yaml import read_checked
from bds_tool.base.errors import SpecError
from bds_tool.base.specs import specs_dir
from bds_tool.base.text import language, t
from bds_tool.protect.table_model import Need, need_width

if TYPE_CHECKING:
    from bds_tool.indicators.told import PolicyTold


@dataclass(frozen=True)
class Policy:
    """One policy. `data` is the file as it was read; the rest is what the code needs most."""

    id: str
    method: str
    denominator: int
    numerator: int
    complement: int
    cell: int
    zeros_shown: bool
    full_shown: bool
    lower: int
    width: int
    both_sides: bool
    reach_threshold: bool
    data: Mapping[str, Any] = field(repr=False)

    @property
    def told(self) -> PolicyTold:
        """The policy as what is published tells it: the whole file."""
        return cast("PolicyTold", dict(self.data))

    @property
    def title(self) -> str:
        return str(self.data["title"][language()])

    @property
    def explanation(self) -> str:
        return str(self.data["explanation"][language()])

    def denominator_at(self, level: str) -> int:
        """The least denominator shown at a level of area."""
        return int(self.data["thresholds"].get("by_level", {}).get(level, self.denominator))

    def part(self, name: str) -> Mapping[str, Any]:
        """An optional block of the policy; empty when it has none."""
        block: Mapping[str, Any] = self.data.get(name) or {}
        return block

    def need(self, value: int, threshold: int, *, coded: bool = False) -> Need:
        """How far a hidden count of `value` must be able to move; `coded`: one of which a class is told."""
        up = max(1, threshold - value) if self.reach_threshold else 0
        if self.both_sides:
            return ((max(up, 1), 1),)
        options = tuple(
            (max(u, up), d) for u, d in need_width(max(self.width, self.class_width if coded else 1))
        )
        return tuple(dict.fromkeys(options))

    @property
    def class_width(self) -> int:
        """As `least_width`, of a count of which a class is told."""
        return max(self.least_width, int(self.part("coding").get("width", 1)))

    @property
    def least_width(self) -> int:
        """Every certified range is at least this wide; what the audit asks for."""
        return max(self.width, 2 if self.both_sides else 1)

    def sensitive(self, indicator: str, definition: Mapping[str, Any]) -> bool:
        """Whether an outcome is sensitive: by its own definition, or named in the policy."""
        return str(definition.get("sensitivity") or "normaal") != "normaal" or self._named(
            indicator, definition
        )

    def lowest_level(self, indicator: str, definition: Mapping[str, Any]) -> str:
        """The lowest level of area an indicator may be shown at; empty when every level may."""
        if definition.get("sensitivity") == "niet_onder_gemeente" or self._named(indicator, definition):
            return str(self.part("sensitive").get("lowest_level", "gemeente"))
        return ""

    def sides(self, definition: Mapping[str, Any]) -> tuple[bool, bool]:
        """Whether having, and not having, what an indicator counts is protected against small numbers.

        Both, unless the policy follows the definition: its sensitive side, or else the unfavourable one.
        """
        if not self.part("sides").get("follow", False):
            return True, True
        by_polarity = {"lager_is_gunstig": "teller", "hoger_is_gunstig": "complement"}
        side = definition.get("sensitive_side") or by_polarity.get(str(definition.get("polarity")), "beide")
        return side != "complement", side != "teller"

    def coding(self, indicator: str, definition: Mapping[str, Any]) -> Mapping[str, Any]:
        """The classes in which an indicator tells what it may not show; empty where it hides. Sensitive ones hide."""
        return {} if self.sensitive(indicator, definition) else self.part("coding")

    def _named(self, indicator: str, definition: Mapping[str, Any]) -> bool:
        block = self.part("sensitive")
        elements = {int(e) for e in definition.get("elements") or [] if str(e).isdecimal()}
        return (
            str(definition.get("theme") or "").lower() in block.get("themes", [])
            or indicator in block.get("indicators", [])
            or bool(elements & set(block.get("elements", [])))
        )


def build(data: Mapping[str, Any]) -> Policy:
    """A policy from checked data."""
    thresholds, required = data["thresholds"], data.get("required") or {}
    return Policy(
        id=data["id"],
        method=data["method"],
        denominator=thresholds["denominator"],
        numerator=thresholds["numerator"],
        complement=thresholds["complement"],
        cell=thresholds["cell"],
        zeros_shown=data["zeros"]["shown"],
        full_shown=data["zeros"]["full_shown"],
        lower=data["attacker"]["lower"],
        width=required.get("width", 1),
        both_sides=required.get("both_sides", False),
        reach_threshold=required.get("reach_threshold", False),
        data=data,
    )


def read_policy(path: Path) -> Policy:
    """Read and check one file. Raises SpecError with every fault, also those a schema cannot see."""
    policy = build(read_checked(path, "beleid"))
    faults = contradictions(policy)
    if faults:
        raise SpecError(
            t(f"{path.name} spreekt zichzelf tegen: ", f"{path.name} contradicts itself: ")
            + "; ".join(faults),
            t("Herstel het beleid.", "Mend the policy."),
        )
    return policy


def contradictions(policy: Policy) -> list[str]:
    """Faults that make a policy weaker than it says."""
    faults = []
    if policy.method == "suppress" and policy.lower == 1 and not policy.zeros_shown:
        faults.append(
            t(
                "attacker.lower: 1 vraagt dat nullen worden getoond (zeros.shown: true)",
                "attacker.lower: 1 needs zeros to be shown (zeros.shown: true)",
            )
        )
    if policy.both_sides and policy.lower == 1:
        faults.append(
            t(
                "required.both_sides kan niet samen met attacker.lower: 1, want een verborgen 1 kan niet lager",
                "required.both_sides cannot go with attacker.lower: 1, for a hidden 1 cannot be lower",
            )
        )
    faults += [
        t(f"methode {method} vraagt een blok {block}", f"method {method} needs a block {block}")
        for method, block in (("round", "rounding"), ("cellkey", "cellkey"))
        if policy.method == method and not policy.part(block)
    ]
    if policy.cell < 2 and policy.method == "suppress":
        faults.append(t("drempel cell onder 2 verbergt niets", "threshold cell below 2 hides nothing"))
    return faults


def policy_files() -> dict[str, Path]:
    """All policies that come with `specs/`, by id."""
    return {p.stem: p for p in sorted((specs_dir() / "beleid").glob("*.yaml"))}


def load_policy(name: str) -> Policy:
    """A preset by id, or a file by path. Raises SpecError when there is none."""
    files = policy_files()
    if name in files:
        return read_policy(files[name])
    if Path(name).suffix in {".yaml", ".yml"}:
        own = read_policy(Path(name))
        if own.id in files and own.data != read_policy(files[own.id]).data:
            raise SpecError(
                t(
                    f"{name} noemt zich {own.id}, maar heeft andere regels dan die voorinstelling.",
                    f"{name} calls itself {own.id}, but has other rules than that preset.",
                ),
                t(
                    "Geef het een eigen id: lezers van de cijfers gaan op de naam van het beleid af.",
                    "Give it an id of its own: readers of the figures go by the name of the policy.",
                ),
            )
        return own
    import difflib

    close = difflib.get_close_matches(name, files, 1)
    raise SpecError(
        t(f"Beleid {name} bestaat niet.", f"Policy {name} does not exist."),
        t(f"Bedoelde u {close[0]}?", f"Did you mean {close[0]}?")
        if close
        else t(
            f"Kies uit: {', '.join(files)}, of geef een YAML-bestand.",
            f"Choose from: {', '.join(files)}, or give a YAML file.",
        ),
    )
