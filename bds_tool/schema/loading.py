"""Reading the definitions from `specs/bds/<version>/` without heavy libraries."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import cache, cached_property, lru_cache
from hashlib import blake2b
from io import StringIO
from pathlib import Path

from bds_tool.base import compiled
from bds_tool.base.errors import SpecError, UsageError
from bds_tool.base.names import child
from bds_tool.base.ranges import order
from bds_tool.base.specs import shipped_specs, specs_dir
from bds_tool.base.text import t
from bds_tool.schema.model import Cardinality, Code, Definition, Element, Groep, Rubriek, Waardenlijst


def versions() -> list[str]:
    """The BDS versions in `specs/`, oldest first."""
    folder = specs_dir() / "bds"
    found = [p.name for p in folder.iterdir() if (p / "datapackage.json").is_file()]
    return sorted(found, key=order)


def is_draft(version: str) -> bool:
    """Whether a version is a draft (`bds change apply` of a package nobody settled): it holds only where it is asked for."""
    path = child(specs_dir() / "bds", version) / "datapackage.json"
    return _is_draft(str(path), path.stat().st_mtime_ns)


@lru_cache(maxsize=32)
def _is_draft(path: str, _changed: int) -> bool:
    try:
        return bool(json.loads(Path(path).read_text(encoding="utf-8"))["bds"].get("status") == "concept")
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return False  # `load` and `bds spec check` say what is wrong with it


def newest() -> str:
    """The newest version that is no draft; the newest draft where there is nothing else.

    Raises SpecError when the folder holds none.
    """
    known = [v for v in versions() if not is_draft(v)] or versions()
    if not known:
        raise SpecError(
            t(
                f"In {specs_dir() / 'bds'} staat geen enkele versie.",
                f"{specs_dir() / 'bds'} holds no version.",
            ),
            t("Een versie is een map met datapackage.json.", "A version is a folder with datapackage.json."),
        )
    return known[-1]


def load(version: str) -> Definition:
    """The definition of one version. Raises UsageError for an unknown version, SpecError for a broken file."""
    return _load(version, str(specs_dir()))


@lru_cache(maxsize=8)
def _load(version: str, root: str) -> Definition:
    folder = child(Path(root) / "bds", version)
    package = folder / "datapackage.json"
    if not package.is_file():
        known = ", ".join(versions())
        raise UsageError(
            t(f"BDS-versie {version} is hier niet bekend.", f"BDS version {version} is not known here."),
            t(f"Kies uit: {known}.", f"Choose one of: {known}."),
        )
    try:
        meta = json.loads(package.read_text(encoding="utf-8"))["bds"]
        return Definition(
            version=version,
            interactie=meta["interactie"],
            datum=meta["datum"],
            bron=meta["bron"],
            rubrieken={r.rubriek: r for r in map(_rubriek, _rows(folder / "rubrieken.csv"))},
            groepen={g.groep: g for g in map(_groep, _rows(folder / "groepen.csv"))},
            elementen=_elementen(version, folder),
            waardenlijsten=Lists(version, folder),
        )
    except (OSError, KeyError, ValueError, ArithmeticError, StopIteration) as error:
        raise _broken(version, folder, error) from error


def _elementen(version: str, folder: Path) -> Mapping[int, Element]:
    """All elements: each is made when it is asked for, but those of somebody else at once, so that a fault is told."""
    found = Elements(version, folder)
    return found if folder.is_relative_to(shipped_specs()) else dict(found)


class Elements(Mapping[int, Element]):
    """The elements of a version by number. Most runs ask for a few of the thousand, or for one column."""

    def __init__(self, version: str, folder: Path) -> None:
        self._version, self._folder = version, folder
        self._content = (folder / "elementen.csv").read_bytes()
        self._made: dict[int, Element] = {}

    @cached_property
    def _table(self) -> tuple[list[str], dict[int, str]]:
        try:
            return _numbered(self._content.decode("utf-8"))
        except (ValueError, StopIteration) as error:
            raise _broken(self._version, self._folder, error) from error

    @property
    def _lines(self) -> dict[int, str]:
        return self._table[1]

    def __getitem__(self, number: int) -> Element:
        made = self._made.get(number)
        if made is None:
            row = next(csv.reader([self._lines[number]]))
            try:
                made = self._made[number] = _element(dict(zip(self._table[0], row, strict=True)))
            except (KeyError, ValueError, ArithmeticError) as error:
                raise _broken(self._version, self._folder, error) from error
        return made

    def texts(self, name: str) -> dict[int, str]:
        """One column of the file as it stands there."""
        found = compiled.known(self.column(name)) if name in _COLUMNS else []
        if found:
            return dict(found[0])
        at = self._table[0].index(name)
        return {n: row[at] for n, row in zip(self._lines, csv.reader(self._lines.values()), strict=True)}

    def column(self, name: str) -> bytes:
        """Under which a column is kept: it follows from the file."""
        return f"column {name} {self._digest}".encode()

    @cached_property
    def _digest(self) -> str:
        return blake2b(self._content, digest_size=16).hexdigest()

    def __contains__(self, number: object) -> bool:
        return number in self._lines

    def __iter__(self) -> Iterator[int]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)


def _numbered(text: str) -> tuple[list[str], dict[int, str]]:
    """The names of the columns, and the record of each element as the text of a line, to be read when it is asked for."""
    head, *lines = text.split("\n")
    # A text that goes over lines, or lines that end in another way.
    odd = any('"' in line and line.count('"') & 1 for line in lines) or text.count("\r") != text.count("\r\n")
    if odd or not head.startswith("bdsnummer,"):
        rows = csv.reader(StringIO(text, newline=""))
        names = next(rows)
        at = names.index("bdsnummer")
        return names, {int(row[at]): _joined(row) for row in rows if row}
    numbered = {int(line[: line.find(",")].strip('"')): line for line in lines if line.strip("\r")}
    return next(csv.reader([head])), numbered


def _joined(row: list[str]) -> str:
    made = StringIO()
    csv.writer(made).writerow(row)
    return made.getvalue()


def element_texts(version: str, name: str) -> dict[int, str]:
    """Element number → one field that is text (status, eenheid, datatype), without making the elements."""
    found = load(version).elementen
    return (
        found.texts(name) if isinstance(found, Elements) else {n: getattr(e, name) for n, e in found.items()}
    )


#: Columns that every run on a delivery looks at.
_COLUMNS = frozenset({"datatype", "eenheid", "status"})


def packed() -> tuple[list[bytes], list[object]]:
    """For `compiled.write`: those columns of every version."""
    every = [(load(v).elementen, name) for v in versions() for name in sorted(_COLUMNS)]
    shipped = [(found, name) for found, name in every if isinstance(found, Elements)]
    return [e.column(name) for e, name in shipped], [e.texts(name) for e, name in shipped]


class Lists(Mapping[tuple[str, str], Waardenlijst]):
    """The value lists of a version, read when the first is asked for: half the time of loading, and often for nothing."""

    def __init__(self, version: str, folder: Path) -> None:
        self._version, self.folder = version, folder

    @cached_property
    def _read(self) -> dict[tuple[str, str], Waardenlijst]:
        try:
            return _waardenlijsten(self.folder)
        except (OSError, KeyError, ValueError, StopIteration) as error:
            raise _broken(self._version, self.folder, error) from error

    def __getitem__(self, key: tuple[str, str]) -> Waardenlijst:
        return self._read[key]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._read)

    def __len__(self) -> int:
        return len(self._read)


def _broken(version: str, folder: Path, error: Exception) -> SpecError:
    return SpecError(
        t(
            f"De definitie van BDS {version} in {folder} is niet te lezen: {error}.",
            f"The definition of BDS {version} in {folder} cannot be read: {error}.",
        ),
        t("`bds spec check` wijst de plaats aan.", "`bds spec check` points at the place."),
    )


def load_element(version: str, bdsnummer: int) -> Definition:
    """The part of a version that concerns one element: its row and its value list, nothing else.

    Five times faster than `load`, for look-ups that go through all versions; empty where the version lacks it.
    """
    return _load_element(version, bdsnummer, str(specs_dir()))


@lru_cache(maxsize=32)
def _load_element(version: str, bdsnummer: int, root: str) -> Definition:
    folder = child(Path(root) / "bds", version)
    try:
        with (folder / "elementen.csv").open(encoding="utf-8", newline="") as file:
            head = next(file, "")
            rows = list(csv.DictReader([head, *(line for line in file if line.startswith(f"{bdsnummer},"))]))
        elements = {e.bdsnummer: e for e in map(_element, rows)}
        lists = {e.waardenlijst for e in elements.values()} - {""}
        found = _waardenlijsten(folder, lists) if lists else {}
    except (OSError, KeyError, ValueError, ArithmeticError) as error:
        raise _broken(version, folder, error) from error
    return Definition(version, "", "", "", {}, {}, elements, found)


def read_rows(root: str, name: str) -> list[dict[str, str]]:
    """The rows of a CSV file in `specs/`; none when this copy of the definitions has no such file."""
    path = Path(root) / name
    try:
        return _rows(path) if path.is_file() else []
    except (OSError, ValueError) as error:
        raise SpecError(
            t(
                f"{path} is niet te lezen ({type(error).__name__}).",
                f"{path} cannot be read ({type(error).__name__}).",
            ),
            t("`bds spec check` wijst de plaats aan.", "`bds spec check` points at the place."),
        ) from error


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        names = next(rows, [])
        return [dict(zip(names, row, strict=True)) for row in rows if row]


@cache
def _int(text: str) -> int | None:
    return int(text) if text else None


@cache
def _decimal(text: str) -> Decimal | None:
    return Decimal(text) if text else None


@cache
def _card(low: str, high: str) -> Cardinality:
    return Cardinality(_int(low), None if high in {"", "*"} else int(high), high == "*")


def _rubriek(r: dict[str, str]) -> Rubriek:
    return Rubriek(
        r["rubriek"],
        r["naam"],
        r["register_type"],
        r["binding"],
        _card(r["card_min"], r["card_max"]),
        _card(r["card_per_activiteit_min"], r["card_per_activiteit_max"]),
        r["card_bron"],
        r["pad"],
        r["template_id"],
    )


def _groep(r: dict[str, str]) -> Groep:
    return Groep(
        r["groep"],
        r["naam"],
        r["register_type"],
        r["in_bericht"] == "ja",
        r["rubriek"],
        r["bovenliggende_groep"],
        _card(r["card_min"], r["card_max"]),
        _card(r["card_bericht_min"], r["card_bericht_max"]),
        r["groepcluster"] == "ja",
        tuple(int(n) for n in r["elementen"].split()),
    )


def _element(r: dict[str, str]) -> Element:
    return Element(
        bdsnummer=int(r["bdsnummer"]),
        naam=r["naam"],
        status=r["status"],
        in_bericht=r["in_bericht"] == "ja",
        rubriek=r["rubriek"],
        groep=r["groep"],
        datatype=r["datatype"],
        datatype_bron=r["datatype_bron"],
        hl7_datatype=r["hl7_datatype"],
        eenheid=r["eenheid"],
        minimum=_decimal(r["minimum"]),
        maximum=_decimal(r["maximum"]),
        max_lengte=_int(r["max_lengte"]),
        waardenlijst=r["waardenlijst"],
        waardenlijst_bron=r["waardenlijst_bron"],
        codesysteem=r["codesysteem"],
        nullflavor=tuple(part for part in r["nullflavor"].split("|") if part),
        card=_card(r["card_min"], r["card_max"]),
        conformance=r["conformance"],
        card_bron=r["card_bron"],
        card_bericht=_card(r["card_bericht_min"], r["card_bericht_max"]),
        conformance_bericht=r["conformance_bericht"],
        locatie_soort=r["locatie_soort"],
        pad=r["pad"],
        template_id=r["template_id"],
        template_versie=r["template_versie"],
        zekerheid=r["zekerheid"],
        bron=r["bron"],
    )


def _naming(numbers: set[str], file: Iterable[str]) -> Iterator[str]:
    """The head and the lines that may be of these lists; every line where a text in quotes goes over lines."""
    head, *lines = file
    yield head
    if any(line.count('"') & 1 for line in lines if '"' in line):
        yield from lines
        return
    signs = [f",{number}," for number in numbers]
    yield from (line for line in lines if any(sign in line for sign in signs))


def _waardenlijsten(folder: Path, only: set[str] | None = None) -> dict[tuple[str, str], Waardenlijst]:
    """The lists with their codes; `only` keeps to the lists with these numbers."""
    heads: dict[str, list[dict[str, str]]] = {}
    key_of: dict[str, tuple[str, str]] = {}
    for head in _rows(folder / "lijsten.csv"):
        key = (head["waardenlijst"] or head["valueset"], head["soort"])
        if only and key[0] not in only:
            continue
        key_of[head["lijst"]] = key
        heads.setdefault("\t".join(key), []).append(head)
    codes: dict[tuple[str, str], list[Code]] = {key: [] for key in key_of.values()}
    with (folder / "waardenlijsten.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.reader(_naming(only, file) if only else file)
        next(rows)
        for lijst, number, _, systeem, rij, code, naam, niveau, status, null in rows:
            if only and number not in only:
                continue
            codes[key_of[lijst]].append(
                Code(systeem, code, naam, rij, int(niveau) if niveau else None, status, null == "ja")
            )
    result = {}
    for key, members in codes.items():
        group = heads["\t".join(key)]
        head = group[0]
        result[key] = Waardenlijst(
            key[0],
            key[1],
            tuple(dict.fromkeys(h["valueset"] for h in group)),
            head["naam"],
            head["ingang"],
            head["versielabel"],
            head["status"],
            head["in_bericht"] == "ja",
            "; ".join(dict.fromkeys(h["bron"] for h in group)),
            tuple(members),
        )
    return result
