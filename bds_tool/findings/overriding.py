"""Severity and limits of a rule as a project sets them: `[rules.CODE]` of `bds.toml`, held against the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bds_tool.base.errors import UsageError
from bds_tool.base.text import t

if TYPE_CHECKING:
    from bds_tool.findings.catalogue import Rule

_MOST = 10**9


def overridden(rule: Rule, values: Mapping[str, Any]) -> Rule:
    """The rule with other values. A value must be of the same form as the one it replaces; maps are added to.

    Raises UsageError that names the key and what belongs there.
    """
    from bds_tool.findings.catalogue import FAIL_ON, SEVERITIES

    severity = str(values.get("severity", rule.severity))
    severity = FAIL_ON.get(severity, severity)
    if severity not in SEVERITIES:
        raise UsageError(
            t(
                f"[rules.{rule.code}] severity: {severity} is geen ernst.",
                f"[rules.{rule.code}] severity: {severity} is no severity.",
            ),
            t("Kies uit: error, warning, info.", "Choose one of: error, warning, info."),
        )
    unknown = set(values) - {"severity"} - set(rule.parameters)
    if unknown:
        known = ", ".join(sorted(rule.parameters)) or t("geen", "none")
        raise UsageError(
            t(
                f"[rules.{rule.code}] kent {', '.join(sorted(unknown))} niet.",
                f"[rules.{rule.code}] has no {', '.join(sorted(unknown))}.",
            ),
            t(f"Instelbaar: severity, {known}.", f"You can set: severity, {known}."),
        )
    parameters = dict(rule.parameters)
    for name, value in values.items():
        if name != "severity":
            parameters[name] = _fitted(rule, name, parameters[name], value)
    return replace(rule, severity=severity, parameters=parameters)


def _fitted(rule: Rule, place: str, default: Any, value: Any) -> Any:  # noqa: ANN401
    """The value in the types of the default, all the way down."""
    if isinstance(default, bool):
        if isinstance(value, bool):
            return value
    elif isinstance(default, int | float):
        if _is_limit(value) and (place != "ratio" or value > 1):
            return value
    elif isinstance(default, str):
        if isinstance(value, str) and value and (place != "pattern" or _is_pattern(value)):
            return value
    elif isinstance(default, list):
        if isinstance(value, list) and _fits_list(default, value):
            return [_fitted(rule, place, default[0], v) for v in value]
    elif isinstance(value, dict) and value:
        return default | _fitted_map(rule, place, default, value)
    raise UsageError(
        t(
            f"[rules.{rule.code}] {place}: deze waarde past niet; er hoort {_form(default)}.",
            f"[rules.{rule.code}] {place}: this value does not fit; {_form(default)} belongs there.",
        ),
        t(f"`bds rule {rule.code}` toont de waarden.", f"`bds rule {rule.code}` shows the values."),
    )


def _fitted_map(rule: Rule, place: str, default: dict[Any, Any], value: dict[str, Any]) -> dict[Any, Any]:
    """Entries for a map; where its keys are elements, they are among those the rule looks at."""
    numbered = all(isinstance(k, int) for k in default)
    sample = next(iter(default.values()))
    found: dict[Any, Any] = {}
    for key, inner in value.items():
        known: Any = int(key) if numbered and key.isdecimal() else key
        if known not in default and numbered and (not isinstance(known, int) or known not in rule.elements):
            raise UsageError(
                t(
                    f"[rules.{rule.code}] {place}: {key} telt hier niet mee.",
                    f"[rules.{rule.code}] {place}: {key} has no meaning here.",
                ),
                t(f"Kies uit: {', '.join(map(str, default))}.", f"Choose one of: {', '.join(map(str, default))}."),
            )  # fmt: skip
        found[known] = _fitted(rule, f"{place}.{key}", default.get(known, sample), inner)
    return found


def _fits_list(default: list[Any], value: list[Any]) -> bool:
    """A pair of numbers is a range, from low to high; other lists may be of any length, of whole numbers or texts."""
    if _is_range(default):
        return len(value) == 2 and all(map(_is_limit, value)) and value[0] < value[1]
    return bool(value) and all(type(v) is type(default[0]) for v in value)


def _is_range(default: list[Any]) -> bool:
    return len(default) == 2 and all(isinstance(v, int | float) for v in default)


def _is_limit(value: Any) -> bool:  # noqa: ANN401
    """A number that a comparison of values can use: not below zero, and no larger than anything that is measured."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _MOST


def _is_pattern(text: str) -> bool:
    import polars as pl

    try:
        pl.Series([""]).str.contains(text)
    except pl.exceptions.PolarsError:
        return False
    return True


def _form(default: Any) -> str:  # noqa: ANN401
    if isinstance(default, bool):
        return "true | false"
    if isinstance(default, int | float):
        return t("een getal", "a number")
    if isinstance(default, str):
        return t("een tekst (bij pattern: een patroon)", "a text (for pattern: a pattern)")
    if isinstance(default, list):
        return (
            t("[laagste, hoogste]", "[lowest, highest]") if _is_range(default) else t("een lijst", "a list")
        )
    return t("een tabel zoals {sleutel = waarde}", "a table such as {key = value}")
