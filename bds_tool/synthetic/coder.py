"""Values as they are registered in one BDS version and coding, as numbers into one shared vocabulary."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bds_tool.formats.dob.layout import layout
from bds_tool.schema import Definition, Element
from bds_tool.schema.coding import code_pairs
from bds_tool.synthetic.chance import Ints

if TYPE_CHECKING:
    import pyarrow as pa

CODINGS = ("bds", "hl7")
_FIRST_DAY = -9000  # 1945-05-12, older than any parent
_LAST_DAY = 24000  # 2035-09-17
_FINE = 10_000  # numbers below this have a place each, above it per 50
_COARSE_STEP = 50
_COARSE = 6_000
_NUMBERS = _FINE + _COARSE
_WORDS = _NUMBERS + (_LAST_DAY - _FIRST_DAY)
#: Values that exist in one chunk only (keys, numbers of children) start here.
LOCAL = 1 << 28

#: The list behind booleans; the canonical spelling of a boolean is true or false in every coding.
_YES_NO = "W0004"
_ANY = tuple(f"{i:02d}" for i in range(1, 100))
_SYSTEM_IN_PATH = re.compile(r"@codeSystem='([0-9.]+)'")

#: HL7 spelling of elements whose list has no HL7 codes because the message uses a boolean.
_HL7_WORDS = {key: {"1": "true", "2": "false"} for key in (91, 92, 93)}


@dataclass(frozen=True)
class Slot:
    """Where values of one element stand: its words in the table. Number 0 has no element, only a place in the message."""

    bdsnummer: int
    rubriek: str
    groep: str
    eenheid: str
    codesysteem: str
    pad: str = ""


class Coder:
    """Compiles elements and codes of one version; slots and words are handed out in a fixed order."""

    def __init__(self, definition: Definition, coding: str) -> None:
        self.definition = definition
        self.coding = coding
        self.slots: list[Slot] = []
        self._slot_of: dict[int | str, int] = {}
        self._words: list[str] = []
        self._word_of: dict[str, int] = {}
        self._codes: dict[int, dict[str, tuple[str, str, str]]] = {}
        #: (slot, value) → word of the display name, filled for the HL7 coding only.
        self.names: dict[tuple[int, int], int] = {}
        self._base: pa.Array | None = None

    def has(self, bdsnummer: int) -> bool:
        """Whether the version exchanges this element and does not call it deprecated."""
        element = self.definition.elementen.get(bdsnummer)
        return element is not None and element.in_bericht and element.status == "actief"

    def slot(self, bdsnummer: int) -> int:
        """The slot of an element that the version has."""
        if bdsnummer not in self._slot_of:
            element = self.definition.elementen[bdsnummer]
            system = self._system(element) if self.coding == "hl7" and element.coded else ""
            inner = element.groepen[-1] if element.groepen else ""
            self._slot_of[bdsnummer] = len(self.slots)
            self.slots.append(Slot(bdsnummer, element.rubriek, inner, element.eenheid, system))
        return self._slot_of[bdsnummer]

    def place(self, path: str, rubriek: str) -> int:
        """The slot of a place in the message that has no element, such as the status of an activity since 4.0."""
        if path not in self._slot_of:
            self._slot_of[path] = len(self.slots)
            self.slots.append(Slot(0, rubriek, "", "", "", path))
        return self._slot_of[path]

    def word(self, text: str) -> int:
        if text not in self._word_of:
            self._word_of[text] = _WORDS + len(self._words)
            self._words.append(text)
        return self._word_of[text]

    def codes(self, bdsnummer: int, codes: list[str]) -> Ints:
        """The values of BDS codes in the coding of this run; -1 where the version does not have the code."""
        if not self.has(bdsnummer):
            return np.full(len(codes), -1, dtype=np.int64)
        table = self._codes.get(bdsnummer)
        if table is None:
            table = self._codes[bdsnummer] = self._table(bdsnummer)
        found = []
        for code in codes:
            value, name, system = table.get(code, ("", "", ""))
            found.append(self.word(value) if value else -1)
            if value and name and system and self.coding == "hl7":
                self.names[self.slot(bdsnummer), found[-1]] = self.word(name)
        return np.array(found, dtype=np.int64)

    def name(self, bdsnummer: int, codes: Ints, names: list[str]) -> None:
        """Display names of codes of an element whose list is not part of the definition."""
        if self.has(bdsnummer):
            slot = self.slot(bdsnummer)
            self.names |= {(slot, int(c)): self.word(n) for c, n in zip(codes, names, strict=True) if c >= 0}

    def numbers(self, values: Ints) -> Ints:
        """Whole numbers; from 10,000 on in steps of 50."""
        coarse = _FINE + np.minimum((values - _FINE) // _COARSE_STEP, _COARSE - 1)
        return np.where(values < _FINE, np.maximum(values, 0), coarse)

    def dates(self, days: Ints) -> Ints:
        return _NUMBERS + np.clip(days - _FIRST_DAY, 0, _LAST_DAY - _FIRST_DAY - 1)

    def vocabulary(self) -> pa.Array:
        """All words so far, at the place of their number."""
        import pyarrow as pa

        if self._base is None or len(self._base) < _WORDS + len(self._words):
            fine = [str(i) for i in range(_FINE)]
            coarse = [str(_FINE + i * _COARSE_STEP) for i in range(_COARSE)]
            days = np.arange(_FIRST_DAY, _LAST_DAY).astype("datetime64[D]").astype(str).tolist()
            self._base = pa.array([*fine, *coarse, *days, *self._words], pa.string())
        return self._base

    def _system(self, element: Element) -> str:
        listed = self.definition.waardenlijst(element, "HL7")
        systems = (
            [c.codesysteem for c in listed.codes if c.codesysteem and not c.nullflavor] if listed else []
        )
        in_path = _SYSTEM_IN_PATH.search(element.pad)
        return element.codesysteem or (systems[0] if systems else in_path.group(1) if in_path else "")

    def _table(self, bdsnummer: int) -> dict[str, tuple[str, str, str]]:
        """BDS code → value in this coding, display name, code system."""
        element = self.definition.elementen[bdsnummer]
        words = _HL7_WORDS.get(bdsnummer) or layout().words.get(bdsnummer)
        if self.coding == "hl7" and words:
            return {k: (v, "", "") for k, v in words.items()}
        pairs = code_pairs(self.definition, element.waardenlijst)
        yes_no = element.hl7_datatype == "BL" or (
            element.hl7_datatype == "presence" and element.datatype == "BL"
        )
        if yes_no and element.waardenlijst in {"", _YES_NO}:
            return {"true": ("true", "", ""), "false": ("false", "", "")}
        if not pairs:  # a coded element whose list the sources of this version lack: codes as they are
            return {c: (c, "", "") for c in _ANY}
        table = {}
        for pair in pairs:
            if pair.nullflavor or pair.status == "D":
                continue
            one, other = (pair.hl7, pair.bds) if self.coding == "hl7" else (pair.bds, pair.hl7)
            chosen, key = one or other, pair.bds or pair.hl7
            if chosen and key:
                table[key.code] = (
                    chosen.code,
                    chosen.weergavenaam,
                    self._system(element) if one is pair.hl7 else "",
                )
        return table
