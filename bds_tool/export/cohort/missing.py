"""Why a value of a study is not there. The kinds stay apart in every file: as a column beside, or as declared missings."""

from __future__ import annotations

from dataclasses import dataclass

from bds_tool.base.text import t


@dataclass(frozen=True)
class Missing:
    """One kind: `key` in Parquet and CSV, `code` in SPSS, `letter` (.a …) in Stata."""

    key: str
    code: int
    letter: str
    nl: str
    en: str

    @property
    def label(self) -> str:
        return t(self.nl, self.en)


#: In the order in which they go first: what is sure about the child, then what is in the data, then what lacks.
KINDS = (
    Missing("niet_van_toepassing", -991, "a", "niet van toepassing (leeftijd, geslacht, geboortejaar)",
            "not applicable (age, sex, year of birth)"),
    Missing("nog_niet", -992, "b", "nog niet zo oud, of niet meer in zorg", "not that old yet, or no longer in care"),
    Missing("ongeloofwaardig", -993, "c", "vastgelegd, maar ongeloofwaardig of tegenstrijdig",
            "recorded, but implausible or contradicting"),
    Missing("niet_te_bepalen", -994, "d", "vastgelegd, maar niet te bepalen", "recorded, but cannot be determined"),
    Missing("geweigerd", -995, "e", "vastgelegd dat er geen waarde is (geweigerd, onbekend, niet gelukt)",
            "recorded that there is no value (refused, unknown, not done)"),
    Missing("niet_geleverd", -996, "f", "de bron levert dit element niet (in dat jaar)",
            "the source does not deliver this element (in that year)"),
    Missing("niet_gevraagd", -997, "g", "niets vastgelegd", "nothing recorded"),
    Missing("geen_contact", -998, "h", "geen contact op dit moment", "no contact at this moment"),
)  # fmt: skip
LOWEST, HIGHEST = min(k.code for k in KINDS), max(k.code for k in KINDS)
BY_KEY = {k.key: k for k in KINDS}
#: The column beside a variable that says why it is empty.
SUFFIX = "_ontbreekt"
