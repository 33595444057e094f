"""A finding of a check of a change package: what it is about is a change, a request or the package."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bds_tool.findings.finding import Finding


@dataclass(frozen=True, slots=True)
class Bevinding(Finding):
    """`onderwerp` is the id of the change, (`verzoek`, JGZ-nnn), (`regel`, id) or (`pakket`, name).

    `betreft`: changes that a finding about an example points at.
    """

    onderwerp: tuple[str, str] = ("", "")
    betreft: tuple[tuple[str, str], ...] = field(default=(), compare=False)


def bevinding(
    code: str,
    onderwerp: tuple[str, str],
    parameters: Mapping[str, object] | None = None,
    severity: str = "",
    betreft: tuple[tuple[str, str], ...] = (),
) -> Bevinding:
    """A finding; its sentence may name the subject as `{soort}` and `{sleutel}`."""
    named = {"soort": onderwerp[0], "sleutel": onderwerp[1], **(parameters or {})}
    return Bevinding(
        code,
        parameters=named,
        key=" ".join(onderwerp),
        subject=" ".join(onderwerp),
        given=severity,
        onderwerp=onderwerp,
        betreft=betreft,
    )
