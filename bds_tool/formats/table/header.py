"""Where the header of a table is: below titles, over two rows, or nowhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bds_tool.formats.table import names
from bds_tool.formats.table.columns import known_header, recognise, units_by_name
from bds_tool.formats.table.elements import plain

#: Rows at the start of a table among which the header is looked for.
ROWS = 40
_DATE = re.compile(
    r"\d{1,4}[-/.]\d{1,2}[-/.]\d{2,4}([T ].*)?|(19|20)\d{6}|\d{1,2}[- ][A-Za-z]{3,9}\.?[- ]\d{2,4}"
)
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")
_RULE = re.compile(r"[-=+]*")
#: A word above columns that says which time: `Meting 2`, `2e bezoek`.
_COUNTED = re.compile(r"[^\W\d_]+\s*(\d{1,2})|(\d{1,2})(?:e|de|ste)?\s+[^\W\d_]+")
#: `Meting[Lengte cm]`, as Power BI names the column of a table.
_OF_TABLE = re.compile(r"[^\[\]]*\[([^\[\]]+)\]")
Row = tuple[int, Sequence[str]]


@dataclass
class Header:
    """Names of the columns, the lines they stand on, and what was noticed. `found` False: there is none."""

    names: list[str]
    lines: tuple[int, ...]
    nameless: list[bool]
    found: bool = True
    titles: int = 0
    raw: list[str] = field(default_factory=list)


def find(rows: Sequence[Row], told: tuple[int, ...] = (), wanted: frozenset[str] = frozenset()) -> Header:
    """The header among the first rows of a table (line, cells). `told`: its lines in bds.toml; (0,) means none.

    `wanted` are columns that bds.toml names. Blank rows are left out by the caller.
    """
    rows = [(line, _without_table(cells, wanted)) for line, cells in rows]
    if told == (0,):
        width = max((len(c) for _, c in rows), default=0)
        return _made([""] * width, (), found=True)
    if told:
        chosen = [(line, cells) for line, cells in rows if line in told]
        if chosen:
            told_names = [c for _, c in chosen if not _is_rule(c)]
            return _made(_joined(told_names or [chosen[0][1]]), tuple(n for n, _ in chosen))
    if not rows:
        return _made([], (), found=False)
    best, at = 0, -1
    for position, (_, cells) in enumerate(rows[:ROWS]):
        score = sum(1 for c in cells if c.strip() and known_header(c, wanted))
        if any(_DATE.fullmatch(c.strip()) for c in cells) and score < 2:
            continue
        score = score or (1 if _bare(cells) else 0)
        if score > best:
            best, at = score, position
    if at < 0:
        at = next((i for i, (_, cells) in enumerate(rows) if sum(bool(c.strip()) for c in cells) > 1), 0)
        if not _contrast(rows, at):
            width = max(len(c) for _, c in rows)
            return _made([""] * width, (), found=False)
        return _made(list(rows[at][1]), (rows[at][0],), titles=at)
    return _around(rows, at, wanted)


def _without_table(cells: Sequence[str], wanted: frozenset[str]) -> Sequence[str]:
    """The names of columns without that of their table, where all cells of a row have one and none is a unit."""
    if not any("[" in c for c in cells) or any(plain(c) in wanted for c in cells if c.strip()[:1] != "["):
        return cells
    found = [_OF_TABLE.fullmatch(names.clean(c)) for c in cells]
    inner = [m[1] for m in found if m]
    if len(inner) < sum(bool(c.strip()) for c in cells) or any(plain(c) in units_by_name() for c in inner):
        return cells
    return [m[1] if m else c for m, c in zip(found, cells, strict=True)]


def numbered(top: Header, below: Sequence[Sequence[str]]) -> Header:
    """The header with a column in front when it is one short and the rows are numbered, as R writes them.

    The dates must bear it out: a key may be a number too, and the field too many may stand at the end.
    """
    long = bool(below) and all(len(cells) == len(top.names) + 1 for cells in below)
    if not (long and top.raw) or [c[0].strip() for c in below] != [str(n + 1) for n in range(len(below))]:
        return top
    at = next((i for i, name in enumerate(top.names) if recognise(name).rol == "datum"), -1)
    if at < 0 or not all(
        _DATE.fullmatch(c[at + 1].strip()) and not _DATE.fullmatch(c[at].strip()) for c in below
    ):
        return top
    cells = ["", *top.raw]
    return replace(top, names=names.columns(cells), nameless=[not c for c in cells], raw=cells)


def _around(rows: Sequence[Row], at: int, wanted: frozenset[str]) -> Header:
    """The header row with the row above or below it that belongs to it."""
    line, cells = rows[at]
    if at + 1 < len(rows):
        next_line, below = rows[at + 1]
        if _is_rule(below):
            # A line of dashes below the names.
            return _made(list(cells), (line, next_line), titles=at)
        if _units_row(below) or _names_row(below, wanted) or _numbers_row(cells, below):
            return _made(_joined([cells, below]), (line, next_line), titles=at)
    if at:
        above_line, above = rows[at - 1]
        spread = [c for c in above if c.strip()]
        if len(spread) > 1 and any(_belongs(names.clean(c)) for c in spread):
            return _made(_joined([_filled(above), cells]), (above_line, line), titles=at - 1)
    return _made(list(cells), (line,), titles=at)


def _made(cells: Sequence[str], lines: tuple[int, ...], *, found: bool = True, titles: int = 0) -> Header:
    cleaned = [names.clean(c) for c in cells]
    return Header(names.columns(cleaned), lines, [not c for c in cleaned], found, titles, cleaned)


def _bare(cells: Sequence[str]) -> bool:
    """Only numbers of elements, no two the same: a header without words."""
    filled = [c.strip() for c in cells if c.strip()]
    return bool(filled) and len(set(filled)) == len(filled) and all(recognise(c).bdsnummer for c in filled)


def _is_rule(cells: Sequence[str]) -> bool:
    """A line of dashes, as programs draw it below the names."""
    return all(_RULE.fullmatch(c.strip()) for c in cells)


def _belongs(text: str) -> bool:
    """Whether a cell above the names is part of them: a name, a number of an element, or which time it is."""
    return known_header(text) or bool(recognise(text).bdsnummer or _COUNTED.fullmatch(text))


def _units_row(cells: Sequence[str]) -> bool:
    """A second row of the header with units under the names, and perhaps names under what has none."""
    filled = [c.strip() for c in cells if c.strip()]
    if any(_NUMBER.fullmatch(c) or _DATE.fullmatch(c) for c in filled):
        return False
    return 2 * sum(plain(c) in units_by_name() for c in filled) >= len(filled) > 0 and not (
        cells[0].strip() and plain(cells[0]) not in units_by_name()
    )


def _names_row(cells: Sequence[str], wanted: frozenset[str]) -> bool:
    """A second row of the header: names that are known, and nothing that is a value."""
    filled = [c.strip() for c in cells if c.strip()]
    if any(_NUMBER.fullmatch(c) or _DATE.fullmatch(c) for c in filled):
        return False
    known = sum(1 for c in filled if known_header(c, wanted))
    return known >= 2 and known >= len(filled) / 2


def _numbers_row(cells: Sequence[str], below: Sequence[str]) -> bool:
    """A second row of the header: under each name of an element its number, and nothing under the key."""
    numbered = [(i, c.strip()) for i, c in enumerate(below) if c.strip()]
    if not numbered or numbered[0][0] == 0 or not all(c.isdecimal() and len(c) <= 4 for _, c in numbered):
        return False
    named = [recognise(names.clean(cells[i])).bdsnummer if i < len(cells) else 0 for i, _ in numbered]
    known = [recognise(c).bdsnummer for _, c in numbered]
    return all(known) and any(named) and all(n in {0, k} for n, k in zip(named, known, strict=True))


def _filled(cells: Sequence[str]) -> list[str]:
    """A merged cell stands above all columns it covers."""
    found, last = [], ""
    for cell in cells:
        last = names.clean(cell) or last
        found.append(last)
    return found


def _joined(rows: Sequence[Sequence[str]]) -> list[str]:
    """One name from two rows: the lower when it says all by itself and once, else both."""
    width = max(len(r) for r in rows)
    padded = [[names.clean(c) for c in r] + [""] * (width - len(r)) for r in rows]
    low = padded[-1]
    found = []
    for position in range(width):
        upper = " ".join(r[position] for r in padded[:-1] if r[position])
        lower = low[position]
        alone = (
            lower and low.count(lower) == 1 and known_header(lower) and plain(lower) not in units_by_name()
        )
        counted = _COUNTED.fullmatch(upper)
        if lower and counted and not known_header(upper) and known_header(lower):
            # `Meting 2` above `lengte` and above `datum`: the second time of both.
            found.append(f"{lower} {counted[1] or counted[2]}")
        else:
            found.append(lower if alone or not upper else f"{upper} {lower}".strip())
    return found


def _contrast(rows: Sequence[Row], at: int) -> bool:
    """Whether a row without known names differs from the rows below as names differ from values."""
    _, first = rows[at]
    if any(_NUMBER.fullmatch(c.strip()) or _DATE.fullmatch(c.strip()) for c in first if c.strip()):
        return False
    below = [cells for _, cells in rows[at + 1 : at + 11]]
    if not below:
        return True
    for position in range(len(first)):
        values = [c[position].strip() for c in below if position < len(c) and c[position].strip()]
        if values and all(_NUMBER.fullmatch(v) or _DATE.fullmatch(v) for v in values):
            return True
    return False
