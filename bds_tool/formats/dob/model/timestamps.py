"""Times as the rules on data types read them (an HL7 TS is stricter in places and milder in others)."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta

_TS = re.compile(r"(-)?([0-9]*)(?:\.([0-9]+))?(?:([+-])([0-9]{1,4}))?")


def is_timestamp(value: str) -> bool:
    """A time that exists in the calendar; what is missing at the end counts as its first moment."""
    match = _TS.fullmatch(value)
    return match is not None and _exists(match, zone_filled=True)


def is_interval_time(value: str) -> bool:
    """As `is_timestamp`, but a zone must have four digits."""
    match = _TS.fullmatch(value)
    return (
        match is not None and (match[5] is None or len(match[5]) == 4) and _exists(match, zone_filled=False)
    )


def _exists(match: re.Match[str], *, zone_filled: bool) -> bool:
    digits, fraction, zone = match[2], match[3], match[5]
    if len(digits) % 2 or len(digits) > 14 or (fraction is not None and len(digits) != 14):
        return False
    if zone is not None:
        if zone_filled:
            zone = zone.ljust(4, "0")
        hours, minutes = int(zone[:2]), int(zone[2:])
        if hours > 14 or minutes > 59 or (hours == 14 and minutes):
            return False
    year, month, day, hour, minute, second = _parts(digits)
    if not 1 <= month <= 12 or not 1 <= day <= monthrange(year or 4, month)[1]:
        return False
    if hour == 24:
        return not (minute or second or int(fraction or 0))
    return hour <= 23 and minute <= 59 and second <= 59


def _parts(digits: str) -> tuple[int, int, int, int, int, int]:
    def pair(start: int, otherwise: str) -> int:
        return int(digits[start : start + 2] or otherwise)

    year = pair(0, "00") * 100 + pair(2, "00")
    return year, pair(4, "01"), pair(6, "01"), pair(8, "00"), pair(10, "00"), pair(12, "00")


def moment(value: str) -> datetime | None:
    """The moment in UTC (a value without a zone counts as UTC), or None when the value makes no time."""
    match = _TS.match(value)
    if match is None or match[1]:
        return None
    digits = match[2][:14]
    digits = digits[: len(digits) - len(digits) % 2]
    year, month, day, hour, minute, second = _parts(digits)
    try:
        found = datetime(year, month, day, tzinfo=UTC) + timedelta(
            hours=hour,
            minutes=minute,
            seconds=second,
            microseconds=int((match[3] or "0")[:6].ljust(6, "0")),
        )
        if match[5] is not None and len(match[5]) == 4:
            shift = timedelta(hours=int(match[5][:2]), minutes=int(match[5][2:]))
            found = found - shift if match[4] == "+" else found + shift
    except (ValueError, OverflowError):
        return None
    return found if hour <= 24 and minute <= 59 and second <= 59 else None
