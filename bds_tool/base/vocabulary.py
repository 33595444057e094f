"""Which words of a delivery may be told: those that definitions know. Everything else may be a name or a number of a child.

Headers of columns, paths, attributes, units and versions come from the data as they are; a file without a header has
a child in its place. A word that stands in the definitions (of elements, formats, rules) is told, a short number too;
another is left out (`…`), and the place says where to look.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from bds_tool.base import compiled
from bds_tool.base.identifiers import is_bsn
from bds_tool.base.specs import specs_dir

#: Where the words are: names of elements and groups, headers, fields and paths of the formats, texts of the rules.
_SOURCES = (
    "bds/*/rubrieken.csv", "bds/*/groepen.csv", "bds/*/elementen.csv", "tabel/*", "james/*", "dob/*", "dob/model/*", "jgz/*", "jgz/model/*", "regels/*",
    "zib/*.csv", "zib/*.tsv",
)  # fmt: skip
_WORD = re.compile(r"[^\W_]+")
#: What short parts say together: a postcode, a day, a telephone number, an address of mail.
_TOGETHER = re.compile(
    r"(?<![^\W_])(?:[1-9]\d{3} ?[A-Za-z]{2}|(?:19|20)\d{2}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:19|20)\d{2}|0\d{1,3}[- ]\d{6,8})(?![^\W_])|\S+@\S+"
)
#: Words of the program itself that stand in no definition.
_OWN = frozenset({"zeker", "waarschijnlijk", "onzeker", "wisselend", "versleuteld", "gzip", "zip"})
#: Digits that are told whatever they are: no number of a child or a house is so short that it says something.
DIGITS = 4
#: A version or an OID: numbers with points.
_VERSION = re.compile(r"\d{1,3}(?:\.\d{1,9}){1,14}")
#: `BDS245`, and a word with a number of its own: `datum2`.
_NUMBERED = re.compile(r"(bds\d{1,4})|([^\W\d_]{3,})\d{1,2}")
_NINE = re.compile(r"(?<!\d)\d{9}(?!\d)")
#: Parameters that the program fills with words of its own.
OWN_PARAMETERS = frozenset(
    {"teken", "tot", "reden", "zekerheid", "verwacht", "regel", "protocol", "ontbreekt"}
)
HIDDEN = "…"


def sources(specs: Path) -> list[bytes]:
    """The texts that words are taken from."""
    found = (path for pattern in _SOURCES for path in sorted(specs.glob(pattern)))
    return [path.read_bytes() for path in found if path.is_file()]


def words(texts: list[bytes]) -> frozenset[str]:
    """All words of these texts, in lower case."""
    return _OWN.union(*(_WORD.findall(text.decode("utf-8", errors="replace").lower()) for text in texts))


@cache
def _words(specs: Path) -> frozenset[str]:
    texts = sources(specs)
    found = compiled.known(b"".join(texts))
    return frozenset(found[0]) if found else words(texts)


def known(word: str) -> bool:
    """Whether one word (letters and digits only) may be told: a known one, with a short number behind it or not."""
    if len(word) <= 2 or (word.isdecimal() and len(word) <= DIGITS):
        return True
    low, words = word.lower(), _words(specs_dir())
    return low in words or bool((found := _NUMBERED.fullmatch(low)) and (found[1] or found[2] in words))


@cache
def told(text: str) -> str:
    """The text with `…` for every word that is not known."""
    rest = _TOGETHER.sub(HIDDEN, text) if not _VERSION.fullmatch(text) else text
    return _WORD.sub(lambda found: found[0] if known(found[0]) else HIDDEN, rest)


def safe_parameters(parameters: Mapping[str, object]) -> dict[str, object]:
    """Parameters of a message, of which the texts that may come from the data are told word by word."""
    return {
        k: told(v) if isinstance(v, str) and k not in OWN_PARAMETERS else v for k, v in parameters.items()
    }


def file_name(text: str) -> str:
    """The name of a file as it may be told: all of it, but for a BSN in it."""
    return _NINE.sub(lambda found: HIDDEN if is_bsn(found[0]) else found[0], text)


def tellable(text: str) -> bool:
    """Whether the whole text may be told."""
    return told(text) == text
