"""What is decided about a table, from its headers and all its values: roles, ways of writing, long or wide."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bds_tool.base.table_settings import TableProfile
from bds_tool.base.text import t
from bds_tool.formats.table.amounts import NumberWays, number_ways
from bds_tool.formats.table.columns import Column, understand, units_by_name
from bds_tool.formats.table.elements import coded, dates, elements, labels, labels_in, numeric, only_thousands
from bds_tool.formats.table.evidence import of_values
from bds_tool.formats.table.names import clean
from bds_tool.formats.table.notation import COUNTED, DateWays, date_ways, day, marks
from bds_tool.formats.table.profile import date_way
from bds_tool.formats.table.scan import ROW, Table
from bds_tool.formats.table.seen import Seen
from bds_tool.formats.table.text import Remark
from bds_tool.formats.table.values import kinds, look

if TYPE_CHECKING:
    import polars as pl

#: Part of the values that must fit before a weak header (a bare number) counts as an element: alone in the header, and
#: beside names that are surely known.
FITS, FITS_BESIDE = 0.9, 0.5


@dataclass
class Plan:
    """What was decided about a table; `bds convert --explain` shows it."""

    columns: list[Column]
    long: bool
    dates: dict[str, DateWays] = field(default_factory=dict)  # of date columns and date elements
    numbers: dict[str, NumberWays] = field(default_factory=dict)
    labels: dict[str, dict[str, str]] = field(default_factory=dict)  # column → label → code
    pairs: dict[int, dict[str, str]] = field(default_factory=dict)  # long: element → label → code
    own_pairs: dict[str, dict[str, str]] = field(default_factory=dict)  # long: local code → label → code
    units: list[str] = field(default_factory=list)  # long: other units, or spellings, in the column of units
    missing: dict[str, list[str]] = field(default_factory=dict)  # column → marks that are no value
    suspects: dict[str, list[str]] = field(default_factory=dict)  # column → what may well be such a mark
    listed: dict[str, tuple[int, str]] = field(
        default_factory=dict
    )  # long: text in the element column → element
    formulas: set[str] = field(default_factory=set)  # columns with ="00123"
    guarded: set[str] = field(default_factory=set)  # columns of a CSV with apostrophes before formulas
    typed: dict[str, str] = field(default_factory=dict)  # column → date, float or int when not text
    bsn_key: bool = False
    footers: bool = False
    others: dict[str, list[str]] = field(
        default_factory=dict
    )  # column → texts that name another than the child
    groups: bool = False  # names of groups stand among the keys, in rows without a date
    footer_column: Column | None = None  # where a total is named: the key, or the first column
    clean: set[str] = field(default_factory=set)  # columns that need no trimming
    remarks: list[Remark] = field(default_factory=list)
    bad: dict[str, list[str]] = field(default_factory=dict)  # column → texts that were not understood
    strays: list[str] = field(default_factory=list)  # names of elements among numbers
    until: int = 0  # the row at which another table begins
    keys_empty: bool = False
    decimal_keys: set[str] = field(default_factory=set)  # columns of keys that all end in `.0`
    keys_damaged: bool = False
    seen: dict[str, Seen] = field(default_factory=dict)
    organisations: int = 0  # distinct ones in a column of organisations
    organisatie: str = ""
    settings: TableProfile = field(default_factory=TableProfile)

    @property
    def by_text(self) -> bool:
        """Whether the element column holds more than bare numbers."""
        return any(not text.strip().isdecimal() for text in self.listed)

    def says(self) -> tuple[object, ...]:
        """All that the rows of a table rest on: two plans that say the same give the same rows."""
        bad = {name: sorted(texts) for name, texts in self.bad.items()}
        return (
            self.columns, self.dates, self.numbers, self.labels, self.pairs, self.own_pairs, self.units, self.missing, self.listed,
            self.formulas, self.guarded, self.bsn_key, self.footers, self.groups, self.others, self.footer_column, self.clean, bad, self.until,
            self.keys_empty, self.decimal_keys, self.keys_damaged, self.organisations > 1, self.organisatie,
        )  # fmt: skip

    @property
    def own_output(self) -> bool:
        """A table that bds wrote itself: it names the contact of every row that has one."""
        return {"bron", "regel"} <= {c.rol for c in self.columns}

    @property
    def factors_listed(self) -> dict[float, list[str]]:
        """Factor → local codes of bds.toml that are measured in another unit than the BDS."""
        found: dict[float, list[str]] = {}
        for text, (number, unit) in self.listed.items():
            _, bds_unit, factor = units_by_name().get(unit, ("", "", 1))
            if unit and factor != 1 and bds_unit == elements()[number].eenheid:
                found.setdefault(float(factor), []).append(text)
        return found

    @property
    def numbers_listed(self) -> dict[str, int]:
        return {text: number for text, (number, _) in self.listed.items()}

    def named(self, rol: str) -> Column | None:
        return next((c for c in self.columns if c.rol == rol and not c.van and c.herhaling <= 1), None)

    @property
    def element_columns(self) -> list[Column]:
        return [c for c in self.columns if c.bdsnummer]

    @property
    def date_columns(self) -> list[Column]:
        return [c for c in self.columns if c.rol == "datum"]

    @property
    def own(self) -> list[Column]:
        """Columns that are kept as the vendor's own data."""
        return [c for c in self.columns if c.rol == "niet-bds"]


def columns_of(table: Table, settings: TableProfile) -> list[Column]:
    """What the headers of a table say, and what the values of its first rows add to that."""
    return of_values(understand(table.names, settings.kolommen, paths=table.formaat == "json"), table)


def plan(table: Table, settings: TableProfile, seen: dict[str, Seen] | None = None) -> Plan:
    """Decide about a table from its headers and every value in it. `seen`: what a look at all of them gave."""
    import polars as pl

    from bds_tool.formats.table.cells import unwrapped
    from bds_tool.formats.table.listed import unit_column
    from bds_tool.formats.table.missing import missing_marks

    columns = columns_of(table, settings)
    roles = {c.rol for c in columns}
    made = Plan(columns, long={"bdsnummer", "waarde"} <= roles, settings=settings)
    days = {c.naam for c in columns if c.rol == "datum" or c.bdsnummer in dates()}
    # A number in a column of dates is a way of writing a date, that has to be told from others.
    made.typed = {n: k for n, k in kinds(table).items() if n not in days or k not in {"int", "float"}}
    made.seen = seen or look(table, columns, long=made.long, typed=made.typed)
    if made.long:
        _elements_of_long(made, settings)
        if made.by_text and seen is None:
            # Names and local codes are known now: the values are looked at by their elements.
            made.seen = look(table, columns, long=True, typed=made.typed, listed=made.numbers_listed)
    made.clean = {n for n, s in made.seen.items() if s.clean}
    if table.formaat != "json":
        made.others = {n: s.others for n, s in made.seen.items() if s.others}
    made.formulas = {n for n, s in made.seen.items() if s.formula}
    if table.formaat == "csv":
        made.guarded = made.formulas | {n for n, s in made.seen.items() if s.guarded}
    for name in made.formulas:
        if (texts := made.seen[name].texts) is not None:
            made.seen[name].texts = pl.select(unwrapped(pl.lit(texts))).to_series()
    made.columns = columns = [
        _borne_out(c, made, beside=any(not k.zwak and k.rol != "niet-bds" for k in columns)) for c in columns
    ]
    _days(made, settings)
    _numbers(made, table, settings)
    if made.own_output:
        # A table that bds wrote says what it says: nothing in it is a label, a total or a mark for missing.
        made.numbers = {n: NumberWays(comma=w.comma) for n, w in made.numbers.items()}
        made.remarks, made.formulas, made.bad, made.strays = [], set(), {}, []
        return made
    _second_header(made, table)
    if any(c.naast for c in columns):
        made.remarks.append(Remark("BDS088"))
    _lists(made, settings)
    unit_column(made)
    _bad_days(made)
    _keys(made, roles)
    missing_marks(made)
    return made


def _borne_out(column: Column, made: Plan, *, beside: bool) -> Column:
    """A weak header is an element only when the values are such."""
    if not column.zwak:
        return column
    total, fits = fit(column, made)
    if total and fits < (FITS_BESIDE if beside else FITS) * total:
        return Column(
            column.naam,
            "niet-bds",
            reden=t("de waarden passen niet bij het element", "values do not fit the element"),
            ontkend=column.bdsnummer,
        )
    return column


def fit(column: Column, made: Plan) -> tuple[int, int]:
    """How many distinct values a column has that were looked at, and how many fit its element or role."""
    import polars as pl

    seen = made.seen.get(column.naam)
    kind = made.typed.get(column.naam)
    if seen is None or seen.texts is None:
        return (1, 1) if kind else (0, 0)
    texts = seen.texts.drop_nulls().str.strip_chars()
    texts = texts.filter((texts != "") & ~texts.str.to_lowercase().is_in(list(marks())))
    if not texts.len():
        return seen.plain, seen.plain
    number = column.bdsnummer
    if number in numeric():
        good = int(
            texts.str.contains(
                r"^-?\d+(?:[.,]\d+)*(?:[eE][+-]?\d+)?(?:\s*[A-Za-z]{1,11}\.?)?$|^\d+\s*\+\s*\d$"
            ).sum()
        )
        return texts.len() + seen.plain, good + seen.plain
    if number in dates() or column.rol == "datum":
        ways = date_ways(texts, date_way(column.datum))
        good = int(pl.select(day(pl.lit(texts), ways).is_not_null().sum()).item())
        return texts.len(), good
    if number in coded():
        codes, by_label = labels(number)
        if codes:
            known = texts.is_in(list(codes)) | texts.str.to_lowercase().is_in(list(by_label))
            return texts.len(), int(known.sum())
    return texts.len(), texts.len()


def _days(made: Plan, settings: TableProfile) -> None:
    """Ways of writing of every column with dates; what one column shows helps another that leaves it open."""
    wanted = [c for c in made.columns if (c.rol == "datum" or c.bdsnummer in dates()) and c.naam in made.seen]
    if made.long and (value := made.named("waarde")) and value.naam in made.seen:
        wanted.append(value)
    texts = {c.naam: t for c in wanted if (t := _day_texts(made, c)) is not None}
    told = {c.naam: date_way(c.datum or settings.datum) for c in wanted}
    first = {n: date_ways(t, told[n]) for n, t in texts.items()}
    sure = [w.order for w in first.values() if {"dm", "dm2"} & set(w.ways) and not w.unsure and not w.both]
    neighbour = sure[0] if len(set(sure)) == 1 else ""
    for name, values in texts.items():
        ways = date_ways(values, told[name], neighbour)
        made.dates[name] = ways
        if ways.unsure:
            made.remarks.append(Remark("BDS046", None, {"kolom": name, "volgorde": ways.word_of_order}))
        if ways.both:
            made.remarks.append(Remark("BDS047", None, {"kolom": name}))
        for way, counted in COUNTED.items():
            if way in ways.ways and told[name] != way:
                made.remarks.append(Remark("BDS048", None, {"kolom": name, "telling": counted}))
        if ways.two_digits:
            made.remarks.append(Remark("BDS049", None, {"kolom": name}))


def _day_texts(made: Plan, column: Column) -> pl.Series | None:
    seen = made.seen[column.naam]
    return seen.days if made.long and column.rol == "waarde" else seen.texts


def _elements_of_long(made: Plan, settings: TableProfile) -> None:
    """Which element each text in the element column stands for: a number, a local code of bds.toml, or a name."""
    from bds_tool.formats.table.listed import element_texts

    number = made.named("bdsnummer")
    if number is None or made.typed.get(number.naam) or number.naam not in made.seen:
        return
    texts = made.seen[number.naam].texts
    assert texts is not None  # noqa: S101  # looked at as a column of elements
    made.listed, by_name, bad = element_texts(texts, settings.elementen)
    if by_name and len(by_name) == len(made.listed):
        made.remarks.append(Remark("BDS070", None, {"kolom": number.naam, "aantal": len(by_name)}))
    elif by_name:
        # Names among numbers are told row by row: a column says one thing in one way.
        made.strays = by_name
    made.bad[number.naam] = bad


def _numbers(made: Plan, table: Table, settings: TableProfile) -> None:
    value = made.named("waarde")
    wanted = [value] if made.long and value else [c for c in made.element_columns if c.bdsnummer in numeric()]
    odd = {
        c.naam: s.odd for c in wanted if (s := made.seen.get(c.naam)) and s.odd is not None and s.odd.len()
    }
    # Real numbers of a workbook or of JSON have points for decimals, whatever their number of decimals.
    real = table.formaat in {"xlsx", "json"}
    fine = {c.naam: (real and c.naam not in table.pointed) or c.factor != 1 for c in wanted}
    decimal, thousands = settings.decimaal, settings.duizendtal
    first = {n: number_ways(v, decimal, thousands, fine=fine[n]) for n, v in odd.items()}
    comma = any(w.comma for w in first.values())
    for name, values in odd.items():
        ways = number_ways(values, decimal, thousands, comma=comma, fine=fine[name])
        column = next(c for c in wanted if c.naam == name)
        if ways.unsure and column.bdsnummer and only_thousands(values, column.bdsnummer):
            ways = number_ways(values, decimal, ".", comma=comma, fine=fine[name])
        made.numbers[name] = ways
        if ways.thousands and not thousands:
            made.remarks.append(Remark("BDS051", None, {"kolom": name, "teken": ways.thousands}))
        if ways.unsure:
            made.remarks.append(Remark("BDS052", None, {"kolom": name}))
        if ways.units or ways.weeks:
            told = ", ".join(
                sorted({u.lower() for u in ways.units} | ({"weken+dagen"} if ways.weeks else set()))
            )
            made.remarks.append(Remark("BDS053", None, {"kolom": name, "eenheden": told}))
        if ways.exponent:
            made.remarks.append(Remark("BDS054", None, {"kolom": column.naam}))


def _second_header(made: Plan, table: Table) -> None:
    """Where the key column names itself again, another header may stand below: what follows is another table."""
    key = made.named("dossier_id")
    if key is None or not (seen := made.seen.get(key.naam)) or not seen.header:
        return
    import polars as pl

    again = table.frame.filter(pl.col(key.naam).cast(pl.String).str.strip_chars() == key.naam).collect()
    for row in again.iter_rows(named=True):
        if any(
            clean(str(row[name])) != name
            for name in table.names
            if row[name] and "#" not in name and not name.startswith("kolom ")
        ):
            made.until = int(row[ROW])
            made.remarks.append(Remark("BDS088", made.until + table.offset))
            return


def _lists(made: Plan, settings: TableProfile) -> None:
    """Labels that stand for one code of the list of the element."""
    used = 0
    for column in made.element_columns:
        own = dict(column.waarden)
        seen = made.seen.get(column.naam)
        found = {}
        if column.bdsnummer in coded() and seen is not None and seen.texts is not None:
            found = labels_in(seen.texts, column.bdsnummer)
            if found:
                made.remarks.append(Remark("BDS055", None, {"kolom": column.naam, "aantal": len(found)}))
        if own or found:
            made.labels[column.naam] = found | own
    value = made.named("waarde")
    for name, element in settings.elementen.items():
        if element.waarden:
            given = {" ".join(k.lower().split()): v for k, v in element.waarden.items()}
            made.own_pairs.setdefault(name.strip().lower(), given)
    if made.long and value and (seen := made.seen.get(value.naam)) and seen.pairs is not None:
        for number, texts in seen.pairs.items():
            if found := labels_in(texts, number):
                made.pairs[number] = found
                used += len(found)
        if used:
            made.remarks.append(Remark("BDS055", None, {"kolom": value.naam, "aantal": used}))


def _bad_days(made: Plan) -> None:
    """Texts in columns of dates that are no date in any way of the column."""
    import polars as pl

    for column in made.date_columns:
        seen = made.seen.get(column.naam)
        if seen is None or seen.texts is None:
            continue
        texts = seen.texts.drop_nulls()
        texts = texts.str.strip_chars()
        texts = texts.filter(texts != "")
        read = pl.select(day(pl.lit(texts), made.dates[column.naam])).to_series() if texts.len() else texts
        made.bad[column.naam] = texts.filter(read.is_null()).to_list()


def _keys(made: Plan, roles: set[str]) -> None:
    organisation = made.named("organisatie")
    if (
        organisation
        and (texts := made.seen[organisation.naam].texts if organisation.naam in made.seen else None)
        is not None
    ):
        there = sorted({str(v).strip() for v in texts.drop_nulls()} - {""})
        made.organisations = len(there)
        made.organisatie = there[0] if len(there) == 1 else ""
    key = made.named("dossier_id")
    seen = made.seen.get(key.naam) if key else None
    made.footer_column = key
    if key is None and made.columns[0].naam not in made.typed and not made.columns[0].bdsnummer:
        made.footer_column, made.footers = made.columns[0], True
    if key is None or seen is None:
        return
    made.keys_empty, made.keys_damaged = seen.empty, seen.damaged
    made.decimal_keys = {key.naam} if seen.decimal else set()
    # `Team C` is a child where any child is called so.
    made.groups = seen.dated_codes and not seen.dated_names and made.named("datum") is not None
    made.footers = seen.footer or seen.empty or made.groups
    # A table that bds wrote itself never has a BSN for a key.
    made.bsn_key = not {"bron", "regel"} <= roles and seen.bsn


def describe(column: Column) -> str:
    """The meaning of a column in words: element with its name, or role."""
    if column.bdsnummer:
        element = elements().get(column.bdsnummer)
        return f"{column.bdsnummer} {element.naam if element else ''}".strip()
    if column.van:
        return f"{column.rol} ({describe(replace(column, rol='', bdsnummer=column.van, van=0))})"
    return column.rol
