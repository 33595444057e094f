"""Settings of a project: the nearest `bds.toml` upward. An unknown key is an error, never ignored.

What may stand in the file is data: `specs/_schemas/config.schema.json`. A new key is added there.
"""

from __future__ import annotations

import codecs
import difflib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from bds_tool.base.errors import SpecError, UsageError
from bds_tool.base.small import small_text
from bds_tool.base.specs import specs_dir
from bds_tool.base.table_settings import TableSettings, table_settings
from bds_tool.base.text import t
from bds_tool.base.toml_lines import line_of

NAME = "bds.toml"
#: JSON Schema type → what tomllib gives for it.
KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


@dataclass(frozen=True)
class Acceptance:
    """One `[[accept]]`: findings of a rule that were looked at, with the reason and the last day it holds."""

    rule: str
    reason: str
    element: int | None = None
    file: str = ""
    until: date | None = None


@dataclass(frozen=True)
class ValidateSettings:
    """`[validate]`: what holds where the command line says nothing."""

    bds: str = ""
    fail_on: str = "error"
    reference_date: date | None = None
    max_findings_per_rule: int = 100
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True)
class ConvertSettings:
    """`[convert]`, without what is about reading tables (`TableSettings`). `organisation`: a name or a code."""

    dialect: str = "iso"
    organisation: str = ""


@dataclass(frozen=True)
class SenderSettings:
    """`[sender]`: who sends a message and to whom. Empty is not known, and what is not known is not made up.

    `application` and `receiver`: application ids; `uzi_system`: UZI number of the system (9 digits); `ura` (8) and
    `name`: the organisation; `end_of_care`: the reason (element 487) of a transfer where the dossier gives none.
    """

    application: str = ""
    receiver: str = ""
    uzi_system: str = ""
    ura: str = ""
    name: str = ""
    end_of_care: str = ""


@dataclass(frozen=True)
class ProtectSettings:
    """`[protect]`."""

    policy: str = ""


@dataclass(frozen=True)
class QualityTarget:
    """One `[[quality.target]]`: the most that may be wrong (`share`, of `rule` and `element`) or the least `score` (0-100).

    With `unit` it holds for that unit alone and takes the place of the target for all: an accepted deviation, with
    its reason and the last day it holds.
    """

    rule: str = ""
    element: int | None = None
    share: float | None = None
    score: float | None = None
    unit: str = ""
    reason: str = ""
    until: date | None = None


@dataclass(frozen=True)
class AnonymiseSettings:
    """`[anonymise]`; `key_file` counts from the folder of `bds.toml`."""

    key_file: Path | None = None
    policy: str = ""


@dataclass(frozen=True)
class Settings:
    """All that `bds.toml` says, typed. `path` is None when there is no such file; then all is as it always is.

    Only `cli` loads one; what lies below gets the part it needs.
    """

    path: Path | None = None
    lang: str = ""
    validate: ValidateSettings = field(default_factory=ValidateSettings)
    rules: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    accept: tuple[Acceptance, ...] = ()
    tables: TableSettings = field(default_factory=TableSettings)
    convert: ConvertSettings = field(default_factory=ConvertSettings)
    sender: SenderSettings = field(default_factory=SenderSettings)
    protect: ProtectSettings = field(default_factory=ProtectSettings)
    anonymise: AnonymiseSettings = field(default_factory=AnonymiseSettings)
    targets: tuple[QualityTarget, ...] = ()


def find(start: Path | None = None) -> Path | None:
    """The nearest `bds.toml` from `start` upward; not above a repository or the home folder."""
    home = Path.home()
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / NAME).is_file():
            return folder / NAME
        if folder == home or (folder / ".git").exists():
            break
    return None


def load(path: Path) -> Settings:
    """What a file says. Raises UsageError when it is missing, malformed, has unknown keys or values that cannot be."""
    import tomllib

    try:
        written = small_text(path, "utf-8-sig")
        values = tomllib.loads(written)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            t(f"{path} is niet te lezen.", f"{path} cannot be read."),
            t(
                "Het moet een bestaand tekstbestand in UTF-8 zijn.",
                "It must be an existing text file in UTF-8.",
            ),
        ) from error
    except RecursionError as error:
        raise UsageError(
            t(f"{path} is te diep genest.", f"{path} is nested too deeply."),
            t("Controleer de haken.", "Check the brackets."),
        ) from error
    except ValueError as error:  # the parser's own kind, or a number that Python does not read
        raise UsageError(
            t(f"{path} is geen geldig TOML: {error}.", f"{path} is not valid TOML: {error}."),
            t(
                'Tekst staat tussen aanhalingstekens: naam = "waarde".',
                'Text stands in quotes: name = "value".',
            ),
        ) from error
    values = _plain(values)
    problems = _problems(values, _schema(str(specs_dir())), "")
    if problems:
        shown = [f"{line_of(written, place)}{problem}" for place, problem in problems[:5]]
        raise UsageError(
            f"{path}: " + " ".join(shown),
            t(
                "Verbeter het bestand; `bds` negeert geen instellingen.",
                "Mend the file; `bds` ignores no settings.",
            ),
        )
    settings = _typed(path, values)
    try:
        codecs.lookup(settings.tables.encoding or "utf-8")
    except LookupError as error:
        raise UsageError(
            t(
                f"{path}: convert.encoding = {settings.tables.encoding} is geen bekende tekencodering.",
                f"{path}: convert.encoding = {settings.tables.encoding} is no known encoding.",
            ),
            t("Bijvoorbeeld utf-8, windows-1252 of cp850.", "For example utf-8, windows-1252 or cp850."),
        ) from error
    return settings


def _typed(path: Path, values: dict[str, Any]) -> Settings:
    """The object for content that follows the schema."""
    v, c, a = (values.get(name, {}) for name in ("validate", "convert", "anonymise"))
    return Settings(
        path,
        values.get("lang", ""),
        ValidateSettings(
            v.get("bds", ""),
            v.get("fail-on", "error"),
            _day(v.get("reference-date"), "validate.reference-date"),
            v.get("max-findings-per-rule", 100),
            tuple(v.get("select", ())),
            tuple(v.get("ignore", ())),
        ),
        values.get("rules", {}),
        tuple(
            Acceptance(
                r["rule"],
                r["reason"],
                r.get("element"),
                r.get("file", ""),
                _day(r.get("until"), f"accept[{i}].until"),
            )
            for i, r in enumerate(values.get("accept", ()), start=1)
        ),
        table_settings(values),
        ConvertSettings(c.get("dialect", "iso"), str(c.get("organisation", ""))),
        SenderSettings(**{k.replace("-", "_"): x for k, x in values.get("sender", {}).items()}),
        ProtectSettings(_policy(path, values.get("protect", {}))),
        AnonymiseSettings(path.parent / a["key-file"] if "key-file" in a else None, _policy(path, a)),
        tuple(_target(r, i) for i, r in enumerate(values.get("quality", {}).get("target", ()), start=1)),
    )


def _target(row: Mapping[str, Any], nr: int) -> QualityTarget:
    """Raises UsageError for a target that says nothing, or two things."""
    place = f"quality.target[{nr}]"
    target = QualityTarget(
        row.get("rule", ""), row.get("element"), row.get("share"), row.get("score"), row.get("unit", ""),
        row.get("reason", ""), _day(row.get("until"), f"{place}.until"),
    )  # fmt: skip
    wrong = ""
    if (target.share is None) == (target.score is None):
        wrong = t("geef share of score", "give share or score")
    elif target.share is not None and (target.share > 1 or not (target.rule or target.element)):
        wrong = t("share is hoogstens 1, met rule of element", "share is 1 at most, with rule or element")
    elif target.score is not None and (target.score > 100 or target.rule or target.element):
        wrong = t(
            "score is hoogstens 100, zonder rule en element", "score is 100 at most, without rule and element"
        )
    elif bool(target.unit) != bool(target.reason):
        wrong = t("unit en reason horen bij elkaar", "unit and reason go together")
    elif target.until and not target.unit:
        wrong = t("until hoort bij een unit", "until goes with a unit")
    if wrong:
        raise UsageError(
            f"{NAME}: {place}: {wrong}.",
            t('Bijvoorbeeld: rule = "BDS203", share = 0.02.', 'For example: rule = "BDS203", share = 0.02.'),
        )
    return target


def _policy(path: Path, section: Mapping[str, str]) -> str:
    """A preset by its name, or a file, which counts from the folder of `bds.toml`."""
    policy = section.get("policy", "")
    return str(path.parent / policy) if policy.endswith((".yaml", ".yml")) else policy


def _day(text: str | None, place: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise UsageError(
            t(f"{NAME}: {place} = {text} is geen datum.", f"{NAME}: {place} = {text} is no date."),
            t("Schrijf jjjj-mm-dd.", "Write yyyy-mm-dd."),
        ) from error


@lru_cache(maxsize=4)
def _schema(specs: str) -> dict[str, Any]:
    path = Path(specs) / "_schemas" / "config.schema.json"
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise SpecError(
            t(f"{path} ontbreekt of is niet te lezen.", f"{path} is missing or cannot be read."),
            t("Controleer --specs; `bds spec check` wijst de plaats aan.",
              "Check --specs; `bds spec check` points at the place."),
        ) from error  # fmt: skip


def _plain(value: Any) -> Any:  # noqa: ANN401
    """Dates that were written without quotes count as text, so both ways of writing are right. A whole number of more than
    64 bits is none in TOML, and counts as text too.
    """
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if isinstance(value, int) and value.bit_length() >= 64:
        return hex(value)
    return value.isoformat() if isinstance(value, date | datetime) else value


def _problems(value: Any, schema: dict[str, Any], place: str) -> list[tuple[str, str]]:  # noqa: ANN401
    """Place and sentence of what is wrong; the few keywords our schema uses are judged here, without a library."""
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    allowed = tuple(k for kind in kinds for k in KINDS[kind])
    if allowed and (not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed)):
        expected = " | ".join(kinds)
        return [(place, t(f"{place} moet {expected} zijn.", f"{place} must be {expected}."))]
    if "enum" in schema and value not in schema["enum"]:
        choices = ", ".join(schema["enum"])
        return [
            (place, t(f"{place} moet een van deze zijn: {choices}.", f"{place} must be one of: {choices}."))
        ]
    if isinstance(value, str) and not re.fullmatch(schema.get("pattern", ".*"), value, re.DOTALL):
        like = ", ".join(schema["examples"])
        return [
            (place, t(f"{place} moet zijn als een van: {like}.", f"{place} must be like one of: {like}."))
        ]
    if isinstance(value, str) and len(value.strip()) < schema.get("minLength", 0):
        return [(place, t(f"{place} is leeg.", f"{place} is empty."))]
    if isinstance(value, float) and not math.isfinite(value):
        return [(place, t(f"{place} is geen eindig getal.", f"{place} is no finite number."))]
    if isinstance(value, int | float) and value < schema.get("minimum", value):
        return [(place, t(f"{place} is te klein.", f"{place} is too small."))]
    if isinstance(value, list):
        items = schema.get("items", {})
        return [p for i, v in enumerate(value, start=1) for p in _problems(v, items, f"{place}[{i}]")]
    if not isinstance(value, dict):
        return []
    known, other = schema.get("properties", {}), schema.get("additionalProperties", True)
    found = []
    for key, inner in value.items():
        here = f"{place}.{key}" if place else str(key)
        if key in known:
            found += _problems(inner, known[key], here)
        elif isinstance(other, dict):
            found += _problems(inner, other, here)
        elif not other:
            near = difflib.get_close_matches(str(key), known, n=1)
            hint = t(f" Bedoel je {near[0]}?", f" Do you mean {near[0]}?") if near else ""
            found.append((here, t(f"{here} is geen instelling.{hint}", f"{here} is no setting.{hint}")))
    missing = [k for k in schema.get("required", []) if k not in value]
    return found + [(place, t(f"{place}.{k} ontbreekt.", f"{place}.{k} is missing.")) for k in missing]
