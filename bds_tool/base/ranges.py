"""For which BDS versions something holds: a range, never a list, so that a version nobody foresaw has an answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bds_tool.base.text import t

#: The keys of a range in YAML and in tables; `until` itself is not included.
SINCE, UNTIL = "since", "until"


def order(version: str) -> tuple[int, ...]:
    """What versions are sorted by: 4.10.0 comes after 4.9.9."""
    return tuple(int(part) for part in re.findall(r"\d+", version))


@dataclass(frozen=True, slots=True)
class Range:
    """From `since` on, until `until`, which is not included; an empty end is open."""

    since: str = ""
    until: str = ""

    def holds(self, version: str) -> bool:
        """Whether a version lies inside."""
        place = order(version)
        return (not self.since or place >= order(self.since)) and (
            not self.until or place < order(self.until)
        )

    def among(self, known: Iterable[str]) -> tuple[str, ...]:
        """Those of the known versions that lie inside, in the order given."""
        return tuple(v for v in known if self.holds(v))

    def within(self, outer: Range) -> Range:
        """The part of this range that lies inside another."""
        since = max((self.since, outer.since), key=order)
        ends = [u for u in (self.until, outer.until) if u]
        return Range(since, min(ends, key=order) if ends else "")

    @property
    def open(self) -> bool:
        """Whether it holds for every version."""
        return not self.since and not self.until

    def __str__(self) -> str:
        if self.open:
            return t("alle versies", "all versions")
        since = t(f"vanaf {self.since}", f"from {self.since}") if self.since else ""
        until = t(f"tot {self.until}", f"until {self.until}") if self.until else ""
        return " ".join(part for part in (since, until) if part)


#: Every version there is and will be.
ALWAYS = Range()


def range_of(node: Mapping[str, Any]) -> Range:
    """The range that a definition states with `since` and `until`."""
    return Range(str(node.get(SINCE) or ""), str(node.get(UNTIL) or ""))


def range_from_text(text: str) -> Range:
    """`>=4.1.3 <4.2.0`, as a cell of a mapping writes it; ValueError for anything else."""
    found = re.fullmatch(r"(?:>=\s*([\d.]+))?\s*(?:<\s*([\d.]+))?", text.strip())
    if found is None:
        raise ValueError(text)
    return Range(found[1] or "", found[2] or "")


def not_covered(version: str) -> str:
    """Why something is not judged for a version that no definition covers."""
    return t(f"geen definitie voor BDS {version}", f"no definition for BDS {version}")
