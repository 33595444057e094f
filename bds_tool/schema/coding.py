"""One value list in both codings: the BDS code (data set, JAMES) beside the HL7 code (message)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from bds_tool.base.specs import specs_dir
from bds_tool.schema.loading import read_rows
from bds_tool.schema.model import Code, Definition, Waardenlijst

#: Names of BDS exceptions and the HL7 nullFlavors that stand for them, in the order the lists prefer.
_EXCEPTIONS = {
    "anders": ("OTH",),
    "andere activiteit": ("OTH",),
    "ander contactmoment": ("OTH",),
    "onbekend": ("UNK", "ASKU", "NASK"),
    "geen": ("NA",),
    "n.v.t.": ("NA",),
    "niet gelukt": ("NAV",),
}


@dataclass(frozen=True, slots=True)
class CodePair:
    """One meaning: its BDS code, its HL7 code, or one of the two where the other coding has none."""

    bds: Code | None
    hl7: Code | None

    @property
    def naam(self) -> str:
        """The name of the HL7 list for a shared code (newer in 4.2.0), else the Dutch name of the BDS list."""
        shared = self.bds and self.hl7 and self.bds.code == self.hl7.code
        chosen = (self.hl7 if shared else None) or self.bds or self.hl7
        return chosen.weergavenaam if chosen else ""

    @property
    def status(self) -> str:
        chosen = self.hl7 or self.bds
        return chosen.status if chosen else ""

    @property
    def nullflavor(self) -> bool:
        return bool(self.hl7 and self.hl7.nullflavor) or bool(self.bds and self.bds.nullflavor)


def code_pairs(definition: Definition, waardenlijst: str) -> tuple[CodePair, ...]:
    """Every meaning of a list, in the order of the BDS list; empty when the version has no such list.

    Pairs come from equal codes, else from `specs/bds/codekoppeling.csv`, else (exceptions only) from the name.
    """
    bds = definition.waardenlijsten.get((waardenlijst, "BDS"))
    hl7 = definition.waardenlijsten.get((waardenlijst, "HL7")) or definition.waardenlijsten.get(
        (waardenlijst, "extern")
    )
    left = _codes(bds)
    right = {c.code: c for c in _codes(hl7)}
    known = _crosswalk(str(specs_dir()))
    pairs = []
    for code in left:
        other = known.get((waardenlijst, code.code), "")
        match = right.pop(other, None) if other else None
        if match is None and (code.code not in right or code.nullflavor != right[code.code].nullflavor):
            match = _exception(code, right) if code.nullflavor else None
        elif match is None:
            match = right.pop(code.code)
        pairs.append(CodePair(code, match))
    return (*pairs, *(CodePair(None, c) for c in right.values()))


def _codes(waardenlijst: Waardenlijst | None) -> tuple[Code, ...]:
    # A "complete-codesystem" row says that any code of an external table may be used; it is no code itself.
    return tuple(c for c in waardenlijst.codes if c.code) if waardenlijst else ()


def _exception(code: Code, right: dict[str, Code]) -> Code | None:
    wanted = (code.code, *_EXCEPTIONS.get(code.weergavenaam.casefold(), ()))
    found = next((c for c in wanted if c in right and right[c].nullflavor), None)
    return right.pop(found) if found else None


@lru_cache(maxsize=4)
def _crosswalk(root: str) -> dict[tuple[str, str], str]:
    return {
        (r["waardenlijst"], r["bds_code"]): r["hl7_code"] for r in read_rows(root, "bds/codekoppeling.csv")
    }
