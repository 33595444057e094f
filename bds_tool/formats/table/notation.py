"""How dates are written in a column, decided over all its values, and expressions that read them; marks and footers."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from bds_tool.base import clock
from bds_tool.base.specs import specs_dir

if TYPE_CHECKING:
    import polars as pl

_TIME = r"(?:[T ,:]+\d{1,2}[:.]\d{2}(?:[:.]\d{2}(?:[.,]\d+)?)?\s*(?:[AaPp][Mm])?\s*(?:uur)?)?"
_WEEKDAY = r"(?:(?:ma|di|wo|do|vr|za|zo)[a-z]*\.?,?\s+)?"
_ZONE = r"\s*(?:Z|UTC|[+-]\d{2}:?\d{2})"
_TAIL = rf"{_TIME}(?:{_ZONE})?"
#: Ways to write a date; day and month come in either order and are told apart by the whole column.
PATTERNS = {
    "jmd": rf"^(\d{{4}})[-/.](\d{{1,2}})[-/.](\d{{1,2}}){_TAIL}$",
    "dm": rf"^{_WEEKDAY}(\d{{1,2}})[-/. ](\d{{1,2}})[-/. ](\d{{4}}){_TAIL}$",
    "dm2": rf"^(\d{{1,2}})[-/.](\d{{1,2}})[-/.](\d{{2}}){_TAIL}$",
    "acht": r"^(\d{7,8}|\d{8}(?:\d{4}|\d{6}))$",
    "zes": r"^(\d{2})(\d{2})(\d{2})$",
    "maand_dag": rf"^([A-Za-z]{{3,9}})\.?\s+(\d{{1,2}}),?\s+(\d{{4}}){_TAIL}$",
    "maand": rf"^(?:[A-Za-z]{{2,9}}\.?,?\s+)?(\d{{1,2}})[-/. ]*([A-Za-z]{{3,9}})\.?[-/. ]*(\d{{4}}|\d{{2}}){_TAIL}$",
    "serie": r"^([2-6]\d{4})(?:[.,]\d+)?$",
    "unix": r"^(1\d{12})(?:\.0+)?$",
}
#: Ways in which days are numbers, and whose count that is. Those of Excel below today's count from 1970, which R
#: writes, are before 1956: no day of a child.
COUNTED = {"serie": "Excel", "unix": "Unix"}
#: Days, seconds or milliseconds since 1970, where bds.toml says that they are.
_SINCE = r"^(-?\d{1,5}|\d{9,10}|\d{12,13})(?:[.,]\d+)?$"
_ZONED = rf"^\d{{4}}-\d{{2}}-\d{{2}}[T ]\d{{2}}:\d{{2}}(?::\d{{2}}(?:\.\d+)?)?{_ZONE}$"
_MONTHS = {
    "jan": 1, "feb": 2, "mrt": 3, "mar": 3, "maa": 3, "apr": 4, "mei": 5, "may": 5, "jun": 6, "jul": 7,
    "aug": 8, "sep": 9, "okt": 10, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip
#: Orders of day, month and year that bds.toml can tell.
_ORDERS = frozenset({"dmj", "mdj", "jmd"})


@dataclass
class DateWays:
    """How the dates of a column are written.

    `order`: dmj or mdj. `unsure`: nothing in the table tells day from month. `ways`: keys of PATTERNS that occur.
    """

    ways: list[str] = field(default_factory=list)
    order: str = "dmj"
    unsure: bool = False
    both: bool = False  # some dates can only be day first, others only month first
    zoned: bool = False
    two_digits: bool = False

    @property
    def iso(self) -> bool:
        return self.ways == ["jmd"] and not self.zoned

    @property
    def word_of_order(self) -> str:
        """The way in which day and month are told apart."""
        return next(w for way, w in zip(self.ways, self.words, strict=True) if way in {"dm", "dm2"})

    @property
    def words(self) -> list[str]:
        """The ways in words for people."""
        shown = {
            "jmd": "jjjj-mm-dd",
            "dm": "dd-mm-jjjj" if self.order == "dmj" else "mm-dd-jjjj",
            "dm2": {"dmj": "dd-mm-jj", "mdj": "mm-dd-jj"}.get(self.order, "jj-mm-dd"),
            "acht": "jjjjmmdd",
            "zes": {"dmj": "ddmmjj", "mdj": "mmddjj"}.get(self.order, "jjmmdd"),
            "maand_dag": "mmm d jjjj",
            "maand": "d mmm jjjj",
            "serie": "Excel",
            "unix": "Unix",
        }
        return [shown[w] for w in self.ways]


def date_ways(values: pl.Series, told: str = "", neighbour: str = "") -> DateWays:
    """Decide from all distinct texts of a column. `told` comes from bds.toml, `neighbour` from other columns."""
    import polars as pl

    texts = values.drop_nulls().str.strip_chars()
    texts = texts.filter(texts != "")
    found = DateWays()
    counts = {way: int(texts.str.contains(pattern).sum()) for way, pattern in PATTERNS.items()}
    for way in COUNTED:
        if counts[way] and counts[way] < texts.len() and told != way:
            # A number is only a count of days where all other values are.
            others = texts.filter(~texts.str.contains(PATTERNS[way]))
            if not others.str.to_lowercase().is_in(list(marks())).all():
                counts[way] = 0
    if counts["serie"] and told != "serie":
        days = texts.str.extract(PATTERNS["serie"], 1).cast(pl.Int32)
        today = (clock.now().date() - date(1970, 1, 1)).days
        if not (days > today).any():
            counts["serie"] = 0
    if told not in _ORDERS or not texts.str.contains(PATTERNS["zes"]).all():
        counts["zes"] = 0
    if told == "unix":
        counts = {"unix": int(texts.str.contains(_SINCE).sum())}
    if told == "jmd":
        counts = {w: n for w, n in counts.items() if w in {"jmd", "acht", "zes", "dm2"}}
    found.ways = [w for w in PATTERNS if counts.get(w)]
    found.two_digits = bool(counts.get("dm2") or counts.get("zes"))
    found.order = told if told in _ORDERS else found.order
    found.zoned = bool(texts.str.contains(_ZONED).any())
    if counts.get("dm") or counts.get("dm2"):
        pairs = pl.concat([texts.str.extract_groups(PATTERNS[w]) for w in ("dm", "dm2") if counts.get(w)])
        first = pairs.struct.field("1").cast(pl.Int32)
        second = pairs.struct.field("2").cast(pl.Int32)
        day_first, month_first = bool((first > 12).any()), bool((second > 12).any())
        found.both = day_first and month_first
        if told in _ORDERS:
            found.order = told
        elif day_first != month_first:
            found.order = "dmj" if day_first else "mdj"
        elif found.both:
            found.order = "dmj" if (first > 12).sum() >= (second > 12).sum() else "mdj"
        else:
            found.order = neighbour or "dmj"
            found.unsure = not neighbour
        if not told and found.ways == ["dm2"]:
            # 24-03-25 is a day in 2025, or one in 2024 with the year in front.
            year, last = clock.now().year % 100, pairs.struct.field("3").cast(pl.Int32)
            if (first <= year).all() and (last <= 31).all() and (second <= 12).all():
                found.unsure = True
                # Days of contacts lie close together: of the two readings that with fewer years is the likely one.
                if not neighbour and _spread(first) < _spread(last):
                    found.order = "jmd"
    return found


def _spread(years: pl.Series) -> int:
    lowest, highest = years.min(), years.max()
    return int(highest) - int(lowest) if isinstance(lowest, int) and isinstance(highest, int) else 0


def day(text: pl.Expr, ways: DateWays) -> pl.Expr:
    """The date behind a text, by local time in the Netherlands where a zone is given; null for anything else."""
    import polars as pl

    text = text.str.strip_chars()
    found = [_parsed(text, way, ways.order) for way in ways.ways]
    if ways.zoned:
        # An instant is a day of the Netherlands: midnight there is written as 22:00Z or 23:00Z the day before.
        instant = text.str.replace(r" ?(UTC|Z)$", "+00:00").str.replace(" ", "T", literal=True)
        instant = instant.str.replace(r"T(\d{2}:\d{2})([+-])", "T$1:00$2").str.replace(
            r"([+-]\d{2})(\d{2})$", "$1:$2"
        )
        moment = instant.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%:z", strict=False, time_unit="us")
        found.insert(0, moment.dt.convert_time_zone("Europe/Amsterdam").dt.date())
    return in_calendar(pl.coalesce(found)) if found else pl.lit(None, dtype=pl.Date)


def in_calendar(days: pl.Expr) -> pl.Expr:
    """Days of the years 1 to 9999; null for others, which no format outside Parquet can say."""
    import polars as pl

    return pl.when(days.is_between(pl.lit(date.min), pl.lit(date.max))).then(days)


def _parsed(text: pl.Expr, way: str, order: str) -> pl.Expr:
    import polars as pl

    if way == "acht":
        # A spreadsheet drops the zero in front of 01032024.
        digits = text.str.extract(PATTERNS["acht"], 1).str.slice(0, 8).str.zfill(8)
        year, turned = digits.str.slice(0, 4), digits.str.slice(4, 4)
        forward = pl.when(year.is_between(pl.lit("1900"), pl.lit("2100"))).then(digits)
        backward = pl.when(turned.is_between(pl.lit("1900"), pl.lit("2100"))).then(digits)
        return pl.coalesce(
            forward.str.to_date("%Y%m%d", strict=False), backward.str.to_date("%d%m%Y", strict=False)
        )
    if way == "unix":
        return _since_1970(text)
    if way == "serie":
        days = text.str.extract(PATTERNS["serie"], 1).cast(pl.Int32)
        return (pl.lit(date(1899, 12, 30)) + pl.duration(days=days)).cast(pl.Date)
    parts = text.str.extract_groups(PATTERNS[way])
    one, two, three = (parts.struct.field(str(i)) for i in (1, 2, 3))
    if way == "jmd":
        year, month, dag = one, two, three
    elif way == "maand":
        year, month, dag = _year(three), _month(two), one
    elif way == "maand_dag":
        year, month, dag = three, _month(one), two
    elif way in {"dm2", "zes"} and order == "jmd":
        year, month, dag = _year(one), two, three
    elif order == "mdj":
        year, month, dag = _year(three), one, two
    else:
        year, month, dag = _year(three), two, one
    return pl.concat_str([year, month.str.zfill(2), dag.str.zfill(2)], separator="-").str.to_date(
        "%Y-%m-%d", strict=False
    )


def _month(name: pl.Expr) -> pl.Expr:
    import polars as pl

    numbers = {k: str(v) for k, v in _MONTHS.items()}
    return (
        name.str.to_lowercase().str.slice(0, 3).replace_strict(numbers, default=None, return_dtype=pl.String)
    )


def _since_1970(text: pl.Expr) -> pl.Expr:
    """The day in the Netherlands of a number of days, seconds or milliseconds since 1970, told apart by its length."""
    import polars as pl

    number = text.str.extract(_SINCE, 1)
    size, count = number.str.len_chars(), number.cast(pl.Int64, strict=False)
    moment = pl.from_epoch(pl.when(size > 10).then(count).otherwise(count * 1000), time_unit="ms")
    day = moment.dt.replace_time_zone("UTC").dt.convert_time_zone("Europe/Amsterdam").dt.date()
    # Both ways are worked out for every text; milliseconds are more days than there are.
    days = count.cast(pl.Int32, strict=False).cast(pl.Date)
    return pl.when(size > 6).then(day).otherwise(days)


def _year(text: pl.Expr) -> pl.Expr:
    """Four digits; two digits are this century up to this year, else the one before."""
    import polars as pl

    now = clock.now().year % 100
    short = text.cast(pl.Int32, strict=False)
    full = pl.when(short <= now).then(short + 2000).otherwise(short + 1900).cast(pl.String)
    return pl.when(text.str.len_chars() == 2).then(full).otherwise(text)


def iso_text(text: pl.Expr, ways: DateWays) -> pl.Expr:
    """Dates as ISO text with a time that is not midnight; what is no whole date stays as it came."""
    import polars as pl

    if ways.iso or not ways.ways:
        return text.str.replace(r"^(\d{4}-\d{2}-\d{2})[ T]00:00(:00)?(\.0+)?$", "$1").str.replace(
            r"^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2})", "${1}T$2"
        )
    # 0530 in a text of eight digits and more is its own time; only written times are carried.
    time = pl.when(~text.str.contains(_ZONED)).then(
        text.str.extract(r"[T :](\d{1,2}:\d{2}(?::\d{2})?)", 1).str.zfill(5)
    )
    time = pl.when(~time.str.contains(r"^00:00")).then(time)
    written = day(text, ways).dt.to_string("%Y-%m-%d")
    return pl.coalesce(pl.concat_str([written, time], separator="T"), written, text)


def marks() -> frozenset[str]:
    """Marks for a missing value, in small letters."""
    return frozenset(_marks(str(specs_dir())))


def failures() -> frozenset[str]:
    """What a spreadsheet shows where a sum went wrong."""
    return frozenset(m for m, kind in _marks(str(specs_dir())).items() if kind == "rekenfout")


@lru_cache(maxsize=2)
def _marks(_root: str) -> dict[str, str]:
    with (specs_dir() / "tabel" / "ontbrekend.csv").open(encoding="utf-8", newline="") as stream:
        return {r["teken"]: r["soort"] for r in csv.DictReader(stream)}


@lru_cache(maxsize=2)
def _footers(_root: str) -> tuple[str, str]:
    with (specs_dir() / "tabel" / "voetregels.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    starts, wholes, named = (
        "|".join(re.escape(r["begin"]) for r in rows if r["heel"] == how) for how in ("", "ja", "groep")
    )
    counted = r"\(?\d+ (?:rij(?:en)?|rows?|records?|regels?|kind(?:eren)?|dossiers?)\b"
    # `Team B (3 kinderen)` stands above a group.
    line = rf"(?i)^\W*(?:{starts})(?:\W|$)|^(?:{wholes})\.?\s*(?:[:=].*)?$|^{counted}|\S \({counted}\)$"
    return line, rf"(?i)^\s*(?:{named})(?:[\s/&-]+\w+)*\s*$"


def footer() -> str:
    """A pattern for what stands in the first cell of a total or another line below a table."""
    return _footers(str(specs_dir()))[0]


def group() -> str:
    """A pattern for a key that names a group of children, and no child: `Team C`, `Noord`."""
    return _footers(str(specs_dir()))[1]
