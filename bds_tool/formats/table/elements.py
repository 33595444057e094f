"""The elements of all versions as tables need them: by number, by name, and by the kind of their values."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

from bds_tool.base.specs import specs_dir
from bds_tool.findings.catalogue import load_rules
from bds_tool.schema import Element, load, newest, versions

if TYPE_CHECKING:
    import polars as pl

#: Types whose values are free text: nothing in them is a number, a date or a mark for missing.
TEXT = frozenset({"AN", "ST", ""})


def plain(text: str) -> str:
    """Letters and digits only, lower case, without accents."""
    if text.isascii():
        return "".join(filter(str.isalnum, text.lower()))
    decomposed = unicodedata.normalize("NFKD", text.lower())
    return "".join(c for c in decomposed if c.isalnum() and not unicodedata.combining(c))


@lru_cache(maxsize=2)
def _elements(_root: str) -> dict[int, Element]:
    newest_with: dict[int, str] = {}
    for version in versions():
        newest_with |= dict.fromkeys(load(version).elementen, version)
    return {number: load(version).elementen[number] for number, version in newest_with.items()}


def elements() -> dict[int, Element]:
    """Every element of any version, as the newest version that has it describes it."""
    return _elements(str(specs_dir()))


def by_name() -> dict[str, int]:
    """Names (as `plain` gives them) that only one element has."""
    return _names(str(specs_dir()))


@lru_cache(maxsize=2)
def _names(root: str) -> dict[str, int]:
    names = Counter(plain(e.naam) for e in _elements(root).values())
    return {p: n for n, e in _elements(root).items() if names[p := plain(e.naam)] == 1}


def dossier_bound() -> frozenset[int]:
    """Elements of rubrieken that belong to the dossier and not to a contact."""
    latest = load(newest())
    bound = {r for r, rubriek in latest.rubrieken.items() if rubriek.binding == "dossiergebonden"}
    return frozenset(n for n, e in elements().items() if e.rubriek in bound)


def numeric() -> frozenset[int]:
    """Elements whose value is a number."""
    return _of_types(str(specs_dir()), frozenset({"PQ", "INT"}))


def dates() -> frozenset[int]:
    """Elements whose value is a point in time."""
    return _of_types(str(specs_dir()), frozenset({"TS"}))


def coded() -> frozenset[int]:
    """Elements whose value is a code of a list, or a yes or no."""
    return _coded(str(specs_dir()))


@lru_cache(maxsize=8)
def _of_types(root: str, types: frozenset[str]) -> frozenset[int]:
    return frozenset(n for n, e in _elements(root).items() if e.datatype in types)


@lru_cache(maxsize=2)
def _coded(root: str) -> frozenset[int]:
    return frozenset(n for n, e in _elements(root).items() if e.coded or e.datatype == "BL")


def labels(number: int) -> tuple[frozenset[str], dict[str, str]]:
    """The codes of an element in any version, and name → code where a name (small letters) stands for one code."""
    return _labels(str(specs_dir()), number)


def _answers() -> dict[str, str]:
    """Words for yes and no, in small letters → value."""
    with (specs_dir() / "tabel" / "antwoorden.csv").open(encoding="utf-8", newline="") as stream:
        return {r["tekst"]: r["waarde"] for r in csv.DictReader(stream)}


def possible(number: int) -> tuple[float, float] | None:
    """The lowest and highest value that a measurement can have (BDS231); None where no rule says so."""
    limits = load_rules()["BDS231"].parameters
    element = elements()[number]
    found = limits["elements"].get(number) or limits["units"].get(element.eenheid)
    return (float(found[0]), float(found[1])) if found else None


def only_thousands(texts: pl.Series, number: int) -> bool:
    """Whether texts such as `4.500` can be values of an element as thousands, all of them, and none with decimals."""
    limits = possible(number)
    bare = [str(v).strip() for v in texts.drop_nulls()]
    if limits is None or not bare or not all(re.fullmatch(r"\d{1,3}\.\d{3}", v) for v in bare):
        return False
    low, high = limits
    return all(low <= float(v.replace(".", "")) <= high and not low <= float(v) <= high for v in bare)


#: A code and its name in one cell.
_WITH_NAME = re.compile(r"(.+?)(?:\s*[-=:.|]\s*|\s+)(.+)")


def labels_in(texts: pl.Series, number: int) -> dict[str, str]:
    """Label (small letters) → code, for the labels that occur and are no code themselves.

    A label is the name of one code, or a code with its own name: `Jongen`, `1 - Jongen`, `Jongen = 1`.
    """
    codes, by_label = labels(number)
    small = {c.lower(): c for c in codes}
    found = {}
    for text in {str(v).strip() for v in texts.drop_nulls()} - codes:
        low = " ".join(text.lower().split())
        both = _WITH_NAME.fullmatch(low)
        pairs = [(both[1], both[2]), (both[2], both[1])] if both else []
        named = (small[c] for c, name in pairs if c in small and by_label.get(name) == small[c])
        if (code := by_label.get(low) or next(named, None)) is not None:
            found[low] = code
    return found


@lru_cache(maxsize=2048)
def _labels(_root: str, number: int) -> tuple[frozenset[str], dict[str, str]]:
    if elements()[number].datatype == "BL":
        return frozenset({"true", "false", "1", "2"}), _answers()
    codes: set[str] = set()
    names: dict[str, set[str]] = {}
    for version in versions():
        definition = load(version)
        element = definition.elementen.get(number)
        if element is None or not element.waardenlijst:
            continue
        lists = [v for (name, _), v in definition.waardenlijsten.items() if name == element.waardenlijst]
        # A table holds the codes of the data set where the list has them, else those of the message.
        chosen = [v for v in lists if v.soort == "BDS"] or lists
        for found in chosen:
            for code in found.codes:
                codes.add(code.code)
                names.setdefault(" ".join(code.weergavenaam.lower().split()), set()).add(code.code)
        for found in lists:
            codes.update(c.code for c in found.codes)
    alone = {n: c.copy().pop() for n, c in names.items() if n and len(c) == 1}
    return frozenset(codes), {
        w: c for w, c in _words(number).items() if c in codes and w not in names
    } | alone


def _words(number: int) -> dict[str, str]:
    """Words beside the names of the list, in small letters → code: the `meisje` that dossiers and parents say."""
    with (specs_dir() / "tabel" / "woorden.csv").open(encoding="utf-8", newline="") as stream:
        return {r["tekst"]: r["waarde"] for r in csv.DictReader(stream) if int(r["bdsnummer"]) == number}
