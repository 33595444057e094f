"""One finding of a check of definitions, packages, mappings or publications: a code at a place, told from the catalogue.

Findings on registrations are too many for objects; they are rows (`collecting.FINDINGS`) and get the same form in a
report (`report.envelope`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bds_tool.base.errors import SpecError
from bds_tool.base.specs import shipped_specs
from bds_tool.findings.catalogue import Catalogue, Rule, catalogue_of, load_catalogue


@dataclass(frozen=True, slots=True)
class Finding:
    """`file` and `line` (from 1; 0 = the whole file) say where; `subject` what it is about, in a word or two.

    `version` and `key` name what it is about for who accepts a known deviation. `given` is a severity of its own.
    """

    code: str
    file: str = ""
    line: int = 0
    parameters: Mapping[str, object] = field(default_factory=dict, compare=False)
    version: str = ""
    key: str = ""
    subject: str = ""
    given: str = ""

    @property
    def rule(self) -> Rule:
        return told(self.code)

    @property
    def severity(self) -> str:
        return self.given or self.rule.severity

    @property
    def message(self) -> str:
        """The sentence for this finding in the language of this run."""
        return self.rule.say(self.parameters)

    @property
    def remedy(self) -> str:
        """What to do; names of parameters that the finding carries are filled in."""
        return re.sub(r"\{(\w+)\}", lambda m: str(self.parameters.get(m[1], m[0])), str(self.rule.remedy))


def told(code: str) -> Rule:
    """The rule of a code, from the specs in use; where those lack or break it, from those shipped with this program.

    A draft copy of the definitions that lacks a text must still be told so, in words.
    """
    own = readable_catalogue().rules.get(code)
    return own or catalogue_of(shipped_specs())[code]


def readable_catalogue() -> Catalogue:
    """The catalogue of the specs in use; where it cannot be read, the one shipped with this program."""
    try:
        return load_catalogue()
    except SpecError:
        return catalogue_of(shipped_specs())
