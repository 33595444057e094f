"""Who sends a message and to whom: what no dossier holds and every message must say."""

from __future__ import annotations

from datetime import datetime

from bds_tool.base import clock
from bds_tool.base.settings import SenderSettings

#: The sender of messages about invented children: numbers that are issued to nobody.
INVENTED = SenderSettings(
    application="90000001",
    receiver="90000002",
    uzi_system="990000001",
    ura="90000001",
    name="Verzonnen JGZ",
    end_of_care="01",
)


def known(sender: SenderSettings, now: datetime | None = None) -> dict[str, str]:
    """What the layout may ask for by name (`{ura}`); a name that is not known is absent."""
    moment = now or clock.now()
    facts = {
        "application": sender.application,
        "receiver": sender.receiver,
        "uzi-system": sender.uzi_system,
        "ura": sender.ura,
        "name": sender.name,
        "end-of-care": sender.end_of_care,
        "end-of-care-date": moment.strftime("%Y%m%d") if sender.end_of_care else "",
        "now": moment.strftime("%Y%m%d%H%M%S"),
    }
    return {name: value for name, value in facts.items() if value}


def filled(default: dict[str, str], facts: dict[str, str]) -> dict[str, str] | None:
    """A default of the layout with its `{names}` filled in; None where one of them is not known."""
    made = {}
    for key, value in default.items():
        if value.startswith("{"):
            known_value = facts.get(value[1:-1])
            if known_value is None:
                return None
            value = known_value  # noqa: PLW2901
        made[key] = value
    return made
