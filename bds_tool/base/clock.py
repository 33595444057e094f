"""What time it is, in one place: a run that is repeated has the moment of the run it repeats.

`SOURCE_DATE_EPOCH` (seconds since 1970, reproducible-builds.org) fixes it.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, date, datetime
from typing import Any

from bds_tool.base.json_types import JsonObject

#: The environment variable that holds the moment.
VARIABLE = "SOURCE_DATE_EPOCH"


def now() -> datetime:
    """This moment, in UTC."""
    fixed = os.environ.get(VARIABLE, "")
    return datetime.fromtimestamp(int(fixed), UTC) if fixed.isdecimal() else datetime.now(UTC)


def today() -> date:
    """This day where the user is."""
    return now().astimezone().date()


def seconds() -> float:
    """To measure how long something takes; a run with a fixed moment takes none."""
    return 0.0 if os.environ.get(VARIABLE, "").isdecimal() else time.perf_counter()


def properties(**said: Any) -> JsonObject:  # noqa: ANN401
    """Properties of a workbook with the moment it was made, without which the library asks the machine."""
    return {**said, "created": now().replace(tzinfo=None)}
