"""Residents by area, year, age and sex from outside (`--population`), as CBS and gemeenten publish them.

Three layouts: a long table (a row per area, year, age and sex: StatLine as CSV, with keys or with labels, or an own
count from the BRP), and the key figures of wijken and buurten (kwb, CSV or XLSX), which have wide age classes. The
columns decide, not the name of the file. A figure that is not there (`.`, `x`, empty) is unknown and never zero.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bds_tool.base.errors import UnreadableError, UsageError
from bds_tool.base.text import t
from bds_tool.formats.table import plain

#: Names of columns that mean the same, in lower case and without what is between brackets or after an underscore.
ALIASES = {
    "area": (
        *("regios", "regio's", "regio", "regiocode", "gebied", "gebiedscode", "area", "code", "gemeentecode", "gemeente"),
        *("wijkcode", "wijk", "buurtcode", "buurt", "wijkenenbuurten", "wijken en buurten", "gwb_code_10", "gwb_code"),
        *("codering", "gm_code"),
    ),
    "year": ("perioden", "periode", "jaar", "peiljaar", "year"),
    "age": ("leeftijd", "age"),
    "sex": ("geslacht", "sex"),
    "count": ("bevolkingop1januari", "bevolking op 1 januari", "aantal", "inwoners", "bevolking", "aantalinwoners", "aantal inwoners", "value"),
}  # fmt: skip
#: Columns of the key figures of wijken and buurten → age class in years. CBS gives no finer classes there.
CLASSES = {
    "a_00_14": (0, 15),
    "a_15_24": (15, 25),
    "k_0tot15jaar": (0, 15),
    "k_15tot25jaar": (15, 25),
    "aantal_0_tot_15_jaar": (0, 15),
    "aantal_15_tot_25_jaar": (15, 25),
}
#: Further dimensions of StatLine, of which only the total counts.
OTHERS = (
    "burgerlijkestaat",
    "burgerlijke staat",
    "migratieachtergrond",
    "herkomst",
    "generatie",
    "geboorteland",
)
SEXES = {
    **dict.fromkeys(("3000", "m", "man", "mannen", "1", "jongens", "jongen"), "M"),
    **dict.fromkeys(("4000", "v", "vrouw", "vrouwen", "2", "meisjes", "meisje"), "V"),
    **dict.fromkeys(("t001038", "1100", "totaal", "totaal mannen en vrouwen", "mannen en vrouwen", ""), "totaal"),
}  # fmt: skip
#: Years beyond which nobody is a child.
ADULT = 18


@dataclass
class Population:
    """`counts`: (area, year, sex) → age class in years → residents, None where not published.

    Area as in a result (GM0363, WK036301, BU03630101) or a name in lower case; sex M, V or totaal.
    """

    counts: dict[tuple[str, int, str], dict[tuple[int, int], float | None]] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)

    @property
    def years(self) -> set[int]:
        return {year for _, year, _ in self.counts}

    def add(self, area: str, year: int, sex: str, ages: tuple[int, int], count: float | None, file: str) -> None:  # fmt: skip
        ages_of = self.counts.setdefault((area, year, sex), {})
        if ages in ages_of and ages_of[ages] != count:
            raise UsageError(
                t(
                    f"{file}: inwoners van {area} in {year} staan er dubbel, met een ander aantal.",
                    f"{file}: residents of {area} in {year} are in it twice, with another count.",
                ),
                t(
                    "Kies bij het downloaden van de andere kenmerken alleen het totaal, en geef elk gebied en jaar één keer.",
                    "When downloading choose only the total of other characteristics, and give each area and year once.",
                ),
            )
        ages_of[ages] = count


def read(paths: Sequence[Path]) -> Population:
    """Everything in `paths` (files or folders). Raises UnreadableError or UsageError with what to do."""
    out = Population()
    for path in _files(paths):
        table = _cells(path)
        head, columns = _header(table)
        if {"area", "age", "count"} <= set(columns):
            _long(out, path, table[head + 1 :], columns)
        elif "area" in columns and any(isinstance(c, tuple) for c in columns):
            _wide(out, path, table[head + 1 :], columns)
        else:
            raise UsageError(
                t(
                    f"{path.name} is geen bekende tabel met inwoners.",
                    f"{path.name} is no known table of residents.",
                ),
                t(
                    "Geef een CSV met gebied, jaar, leeftijd, geslacht en aantal: op StatLine tabel 03759ned (bevolking op 1 januari; "
                    "kies leeftijd in jaren en uw gemeenten), of de kerncijfers wijken en buurten (kwb-JAAR.xlsx).",
                    "Give a CSV with area, year, age, sex and count: on StatLine table 03759ned (population on 1 January; choose "
                    "single years of age and your gemeenten), or the key figures of wijken and buurten (kwb-YEAR.xlsx).",
                ),
            )
        out.files.append(path.name)
    return out


def _files(paths: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(p for p in path.iterdir() if p.suffix.lower() in {".csv", ".txt", ".xlsx"})
        elif path.is_file():
            found.append(path)
        else:
            raise UnreadableError(
                t(f"{path} bestaat niet.", f"{path} does not exist."),
                t("Controleer naam en map bij --population.", "Check name and folder at --population."),
            )
    return found


def _cells(path: Path) -> list[list[str]]:
    """The cells of a CSV (UTF-8 or as old CBS files: Latin-1) or of the first sheet of a workbook, as text."""
    remedy = t("Geef CSV of XLSX zoals CBS het uitgeeft.", "Give CSV or XLSX as CBS publishes it.")
    with plain.readable(path, remedy):
        if path.suffix.lower() == ".xlsx":
            rows = next(iter(plain.sheets(path, first=True).values()), [])
            return [[c.strip() for c in row] for row in rows if any(row)]
        raw = path.read_bytes()
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = raw.decode("cp1252", errors="replace")
        mark = max(";,\t", key=text[:4000].count)
        return [[c.strip() for c in row] for row in csv.reader(text.splitlines(), delimiter=mark)]


def _plain(name: str) -> str:
    """A heading without unit, key of StatLine or year: `Bevolking op 1 januari (aantal)`, `BevolkingOp1Januari_1`."""
    return re.sub(r"\s*\(.*\)$|(?<=[a-z])_\d{1,3}$", "", name.strip().lower()).strip()


def _header(table: list[list[str]]) -> tuple[int, dict[str | tuple[int, int], int]]:
    """The line with the headings, and which column is what; titles may stand above it."""
    best: tuple[int, dict[str | tuple[int, int], int]] = (0, {})
    for line, row in enumerate(table[:30]):
        plain = [_plain(c) for c in row]
        found: dict[str | tuple[int, int], int] = {}
        for role, names in ALIASES.items():
            place = next((plain.index(n) for n in names if n in plain), None)
            if place is not None:
                found[role] = place
        found |= {CLASSES[n]: place for place, n in enumerate(plain) if n in CLASSES}
        if any(isinstance(k, tuple) for k in found):
            # the key figures have a name (regio) and a code
            found["area"] = next(
                (plain.index(n) for n in ALIASES["area"][-6:] if n in plain), found.get("area", 0)
            )
        found |= {f"other:{n}": place for place, n in enumerate(plain) if n in OTHERS}
        if len(found) > len(best[1]):
            best = (line, found)
    return best


def _long(
    out: Population, path: Path, rows: list[list[str]], columns: dict[str | tuple[int, int], int]
) -> None:
    others = [place for role, place in columns.items() if str(role).startswith("other:")]
    width = max(columns.values())
    strange: set[str] = set()
    for row in rows:
        if len(row) <= width or any(row[o] and not _total(row[o]) for o in others):
            continue
        area, ages = _area(row[columns["area"]]), _age(row[columns["age"]])
        year = _year(row[columns["year"]]) if "year" in columns else _year(path.stem)
        sex = SEXES.get(row[columns["sex"]].lower()) if "sex" in columns else "totaal"
        if ages is None and row[columns["age"]] and not _total(row[columns["age"]]):
            strange.add(row[columns["age"]])
        if area and ages and ages[0] < ADULT and year and sex:
            out.add(area, year, sex, ages, _count(row[columns["count"]]), path.name)
        elif area and ages and not year:
            raise _no_year(path)
    if strange and not out.counts:
        raise UsageError(
            t(
                f"{path.name}: leeftijden worden niet begrepen, bijvoorbeeld {min(strange)!r}.",
                f"{path.name}: ages are not understood, for example {min(strange)!r}.",
            ),
            t("Schrijf 4, `4 jaar` of `0 tot 5 jaar`.", "Write 4, `4 jaar` or `0 tot 5 jaar`."),
        )


def _wide(
    out: Population, path: Path, rows: list[list[str]], columns: dict[str | tuple[int, int], int]
) -> None:
    classes = {k: place for k, place in columns.items() if isinstance(k, tuple)}
    width = max(columns.values())
    for row in rows:
        area = _area(row[columns["area"]]) if len(row) > width else ""
        if not area:
            continue
        year = _year(row[columns["year"]]) if "year" in columns else _year(path.stem)
        if not year:
            raise _no_year(path)
        for ages, place in classes.items():
            out.add(area, year, "totaal", ages, _count(row[place]), path.name)


def _no_year(path: Path) -> UsageError:
    return UsageError(
        t(f"{path.name}: van welk jaar is niet te zien.", f"{path.name}: its year cannot be seen."),
        t("Zet het jaar in een kolom jaar of in de naam van het bestand.", "Put it in a column jaar or in the name."),
    )  # fmt: skip


def _total(word: str) -> bool:
    return bool(re.match(r"totaal|T\d{6}$|10000$", word.strip(), re.IGNORECASE))


def _area(word: str) -> str:
    """GM0363 for `GM0363  `, `0363` and `363`; a name in lower case; nothing for a land or province."""
    bare = word.strip()
    if found := re.fullmatch(r"(GM|WK|BU)\s*(\d\w*)", bare, re.IGNORECASE):  # Bunnik and Buren are names
        return found[1].upper() + found[2].upper()
    if re.fullmatch(r"\d{1,4}", bare):
        return f"GM{int(bare):04d}"
    if re.fullmatch(r"(NL|PV|LD|CR)\d+", bare):
        return ""
    return re.sub(r"\s*\(gemeente\)$", "", bare.lower())


def _year(word: str) -> int | None:
    found = re.search(r"(?<!\d)((?:19|20)\d\d)(?!\d)", word)
    return int(found[1]) if found else None


def _age(word: str) -> tuple[int, int] | None:
    """Years of age as [from, to): `4`, `4 jaar`, `0 tot 5 jaar`, `0-4`, and the keys of StatLine (10010 = 0, 10400 = 4)."""
    plain = word.strip().lower()
    if found := re.fullmatch(r"(\d{1,2})(?:\.0)?(?: jaar)?", plain):
        return int(found[1]), int(found[1]) + 1
    if found := re.fullmatch(r"(\d{1,2}) tot (\d{1,2})(?: jaar)?", plain):
        return int(found[1]), int(found[2])
    if found := re.fullmatch(r"(\d{1,2}) ?(?:-|tot en met|t/m) ?(\d{1,2})(?: jaar)?", plain):
        return int(found[1]), int(found[2]) + 1
    if plain == "10010":
        return 0, 1
    if found := re.fullmatch(r"1(\d\d)00", plain):
        return (int(found[1]), int(found[1]) + 1) if int(found[1]) else None
    return None


def _count(word: str) -> float | None:
    plain = re.sub(r"\.0$", "", word.strip())
    plain = re.sub(r"(?<=\d)[. ](?=\d{3}\b)", "", plain)
    return float(plain) if re.fullmatch(r"\d+", plain) else None
