"""What a check of the definitions finds: a code with a place, its texts in `specs/controles`."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from bds_tool.base.specs import specs_dir
from bds_tool.base.text import language, t
from bds_tool.schema.lookup.usage import read_yaml

#: From light to heavy, as the findings of `bds validate`.
SEVERITIES = ("info", "waarschuwing", "fout")


@dataclass(frozen=True, slots=True)
class Control:
    """One check: its code, kebab name, severity and texts by language."""

    code: str
    naam: str
    ernst: str
    melding: dict[str, str]
    waarom: dict[str, str]
    remedie: dict[str, str]


@dataclass(frozen=True, slots=True)
class SpecFinding:
    """One finding in a definition file; `file` is relative to the specs folder, `line` counts from 1 (0 = whole file).

    `version` and `key` name what it is about, so that a known deviation can be accepted by them.
    """

    code: str
    file: str
    line: int
    parameters: dict[str, str] = field(default_factory=dict)
    version: str = ""
    key: str = ""

    @property
    def severity(self) -> str:
        return control(self.code).ernst

    @property
    def message(self) -> str:
        """The sentence for this finding in the language of this run."""
        return _fill(control(self.code).melding, self.parameters)

    @property
    def remedy(self) -> str:
        return _fill(control(self.code).remedie, self.parameters)

    def row(self) -> dict[str, Any]:
        """Plain values for JSON and tables."""
        return {
            "code": self.code,
            "name": control(self.code).naam,
            "severity": self.severity,
            "file": self.file,
            "line": self.line,
            "message": self.message,
            "remedy": self.remedy,
            "parameters": self.parameters,
        }


def _fill(texts: dict[str, str], parameters: dict[str, str]) -> str:
    text = texts.get(language(), texts["nl"])
    for name, value in parameters.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def controls() -> dict[str, Control]:
    """All checks by code. The texts come from the specs in use, else from those shipped beside this program."""
    return _controls(str(specs_dir()))


def control(code: str) -> Control:
    return controls()[code]


@lru_cache(maxsize=4)
def _controls(root: str) -> dict[str, Control]:
    # A draft copy of specs/ may lack or break the texts; the check must still be able to say so.
    own = Path(root) / "controles" / "spec.yaml"
    found: dict[str, Control] = {}
    for path in (_shipped(), own):
        document = read_yaml(path.read_text(encoding="utf-8")) if path.is_file() else None
        for item in document.get("controles") or [] if isinstance(document, dict) else []:
            try:
                found[item["code"]] = Control(**item)
            except (TypeError, KeyError):
                continue
    return found


def _shipped() -> Path:
    here = Path(__file__).resolve().parents[2]
    inside = here / "specs" / "controles" / "spec.yaml"
    return inside if inside.is_file() else here.parent / "specs" / "controles" / "spec.yaml"


def severity_word(severity: str) -> str:
    return {
        "fout": t("fout", "error"),
        "waarschuwing": t("waarschuwing", "warning"),
        "info": t("info", "info"),
    }[severity]
