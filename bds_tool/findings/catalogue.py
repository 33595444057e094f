"""The rule catalogue: what every code means, in both languages. Light: loads no tables."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, NotRequired, Required, TypedDict, cast

from bds_tool.base.errors import SpecError, UsageError
from bds_tool.base.json_types import JsonObject
from bds_tool.base.ranges import ALWAYS, Range, range_of
from bds_tool.base.specs import NoYaml, parse_yaml, specs_dir
from bds_tool.base.text import language, number, t

#: Severities from light to heavy; a rank makes them comparable.
SEVERITIES = ("info", "waarschuwing", "fout")
#: English words that `--fail-on` takes, and the severity each stands for.
FAIL_ON = {"error": "fout", "warning": "waarschuwing", "info": "info", "never": ""}
_NAME = re.compile(r"\{(\w+)\}")
_OPTIONAL = re.compile(r"\[\[(.*?)\]\]")


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence in Dutch and English; `str()` gives the language of this run."""

    nl: str
    en: str

    def __str__(self) -> str:
        return self.en if language() == "en" else self.nl


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry of `specs/regels`. Empty `formats` and `elements` mean: all."""

    code: str
    name: str
    family: int | str
    severity: str
    stage: str
    title: Text
    message: Text
    why: Text
    example: Text
    remedy: Text
    source: str
    certainty: str = "vastgesteld"
    versions: Range = ALWAYS
    formats: tuple[str, ...] = ()
    elements: tuple[int, ...] = ()
    parameters: dict[str, Any] = field(default_factory=dict)
    #: Codes under which it was known before; they are never given to another rule.
    formerly: tuple[str, ...] = ()
    #: Rules of which this one is a consequence: about the same registration only the cause is told.
    follows: tuple[str, ...] = ()
    texts: dict[str, Text] = field(default_factory=dict)
    unjudged: Text | None = None
    #: Who mends it as a rule: leverancier, koppeling, registratie; empty for checks of something else than registrations.
    owner: str = ""

    @property
    def always(self) -> bool:
        """Whether it tells that something could not be read; that is never left out."""
        return self.family == 0 and self.severity == "fout"

    def holds_for(self, version: str, format_: str) -> bool:
        """Whether the rule is meant for this BDS version and source format."""
        return self.versions.holds(version) and (not self.formats or format_ in self.formats)

    def not_for(self, version: str) -> str:
        """Why the rule is not judged for a version that it does not hold for."""
        if self.unjudged is not None:
            return _filled(str(self.unjudged), {"version": version})
        return t(f"geldt niet voor BDS {version}", f"not for BDS {version}")

    def say(self, parameters: Mapping[str, object] | None = None) -> str:
        """The message of one finding; names without a value stay out of the sentence as `?`.

        What stands between `[[` and `]]` is said only when its names have a value. The parameter `eis` names one
        of the rule's `texts`.
        """
        values = dict(parameters or {})
        demand = values.get("eis")
        if isinstance(demand, str) and demand in self.texts:
            values["eis"] = _filled(str(self.texts[demand]), values)
        return _filled(str(self.message), values)


def _filled(text: str, values: Mapping[str, object]) -> str:
    def part(match: re.Match[str]) -> str:
        known = all(values.get(name) is not None for name in _NAME.findall(match[1]))
        return match[1] if known else ""

    return _NAME.sub(lambda m: _shown(values.get(m[1], "?")), _OPTIONAL.sub(part, text))


def _shown(value: object) -> str:
    """A parameter as people write it in their language: 100 and 0,001 in Dutch, never 100.0 or 1e-03."""
    if not isinstance(value, float):
        # Whole numbers are element numbers, years and lengths: they carry no separators.
        return str(value)
    decimals = len(f"{value:.6f}".rstrip("0").partition(".")[2])
    return number(value, decimals)


class _Words(TypedDict):
    nl: str
    en: str


class _Entry(TypedDict, total=False):
    """A rule as `specs/regels` writes it."""

    code: Required[str]
    name: Required[str]
    severity: Required[str]
    stage: Required[str]
    title: _Words
    message: _Words
    why: Required[_Words]
    example: _Words
    remedy: Required[_Words]
    source: str
    certainty: str
    since: str
    until: str
    formats: list[str]
    elements: list[int]
    parameters: dict[str, Any]
    formerly: list[str]
    follows: list[str]
    texts: dict[str, _Words]
    unjudged: _Words
    owner: str


class _File(TypedDict):
    family: int | str
    name: _Words
    owner: NotRequired[str]
    rules: list[_Entry]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All rules by code, and the names of their families."""

    rules: dict[str, Rule]
    families: dict[int | str, Text]

    def __getitem__(self, code: str) -> Rule:
        """The rule of a code. Raises SpecError when the specs in use lack a code that the program needs."""
        if code not in self.rules:
            raise SpecError(
                t(f"De definities kennen regel {code} niet, en bds heeft die nodig.",
                  f"The definitions lack rule {code}, which bds needs."),
                t("Zet de regel terug in specs/regels, of gebruik definities van deze versie van bds.",
                  "Put the rule back in specs/regels, or use the definitions of this version of bds."),
            )  # fmt: skip
        return self.rules[code]

    def find(self, key: str) -> Rule:
        """A rule by code (`BDS203`, `203`) or kebab name. Raises UsageError with the nearest codes."""
        wanted = key.strip()
        code = f"BDS{wanted:0>3}" if wanted.isdecimal() else wanted.upper()
        if code in self.rules:
            return self.rules[code]
        named = [r for r in self.rules.values() if r.name == wanted.lower() or code in r.formerly]
        if len(named) == 1:
            return named[0]
        if named:
            raise UsageError(
                t(f"{wanted} is niet één regel.", f"{wanted} is not one rule."),
                t("Kies uit: ", "Choose one of: ") + ", ".join(r.code for r in named) + ".",
            )
        from difflib import get_close_matches

        near = get_close_matches(wanted, [*self.rules, *(r.name for r in self.rules.values())], 3, 0.5)
        raise UsageError(
            t(f"Regel {wanted} bestaat niet.", f"There is no rule {wanted}."),
            t(f"Bedoelt u {', '.join(near)}?", f"Did you mean {', '.join(near)}?")
            if near
            else t("`bds rule` toont alle regels.", "`bds rule` lists all rules."),
        )

    def version(self) -> str:
        """A short hash over codes, severities and parameters: tells whether two runs used the same rules."""
        import hashlib

        facts = [(r.code, r.severity, sorted(r.parameters.items(), key=str)) for r in self.rules.values()]
        return hashlib.sha256(json.dumps(facts, default=str).encode()).hexdigest()[:12]


def facts(r: Rule) -> JsonObject:
    """A rule as data, texts in the language of this run."""
    return {
        "code": r.code,
        "name": r.name,
        "family": r.family,
        "severity": r.severity,
        "title": str(r.title),
        "why": str(r.why),
        "example": str(r.example),
        "remedy": str(r.remedy),
        "source": r.source,
        "certainty": r.certainty,
        "formerly": list(r.formerly),
        "follows": list(r.follows),
        "since": r.versions.since or None,
        "until": r.versions.until or None,
        "formats": list(r.formats),
        "elements": list(r.elements),
        "parameters": r.parameters,
    }


def load_rules(overrides: Mapping[str, Mapping[str, Any]] | None = None) -> Catalogue:
    """The rules on registrations; `overrides` (code → severity and parameters) comes from `bds.toml`, section `[rules.CODE]`."""
    catalogue = _of_registrations(str(specs_dir()))
    if not overrides:
        return catalogue
    from bds_tool.findings.overriding import overridden

    rules = dict(catalogue.rules)
    for key, values in overrides.items():
        rule = catalogue.find(key)
        rules[rule.code] = overridden(rule, values)
    return Catalogue(rules, catalogue.families)


def load_catalogue() -> Catalogue:
    """Every code that any command can print: of registrations, definitions, change packages, the zib mapping and audits."""
    return catalogue_of(specs_dir())


def catalogue_of(folder: Path) -> Catalogue:
    """The same of any copy of the definitions."""
    return _load(str(folder))


@lru_cache(maxsize=4)
def _of_registrations(root: str) -> Catalogue:
    every = _load(root)
    return Catalogue({c: r for c, r in every.rules.items() if isinstance(r.family, int)}, every.families)


@lru_cache(maxsize=4)
def _load(root: str) -> Catalogue:
    folder = Path(root) / "regels"
    rules: dict[str, Rule] = {}
    families: dict[int | str, Text] = {}
    for path in sorted(folder.glob("*.yaml")):
        content = _yaml(path)
        try:
            family = content["family"]
            families.setdefault(family, Text(**content["name"]))
            for entry in content["rules"]:
                rule = _rule(entry, family, content.get("owner", ""))
                if rule.code in rules:
                    raise KeyError(f"{rule.code} twice")
                rules[rule.code] = rule
        except (KeyError, TypeError, ValueError) as error:
            raise SpecError(
                t(
                    f"{path.name}: een regel is onvolledig of dubbel ({error}).",
                    f"{path.name}: a rule is incomplete or double ({error}).",
                ),
                t("`bds spec check` wijst de plaats aan.", "`bds spec check` points at the place."),
            ) from error
    if not rules:
        raise SpecError(
            t(f"In {folder} staan geen regels.", f"{folder} holds no rules."),
            t("Controleer --specs.", "Check --specs."),
        )
    return Catalogue(dict(sorted(rules.items())), dict(sorted(families.items(), key=str)))


def _yaml(path: Path) -> _File:
    try:
        return cast("_File", dict(parse_yaml(path.read_text(encoding="utf-8"))))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        kind = str(error) if isinstance(error, NoYaml) else type(error).__name__
        raise SpecError(
            t(f"{path} is niet te lezen ({kind}).", f"{path} cannot be read ({kind})."),
            t("`bds spec check` wijst de plaats aan.", "`bds spec check` points at the place."),
        ) from error


def _rule(entry: _Entry, family: int | str, owner: str) -> Rule:
    # Checks of definitions speak of one place only: what they say without it is the title.
    title = Text(**entry["title"]) if "title" in entry else _open(Text(**entry["message"]))
    return Rule(
        code=entry["code"],
        name=entry["name"],
        family=family,
        severity=entry["severity"],
        stage=entry["stage"],
        title=title,
        message=Text(**entry["message"]) if "message" in entry else title,
        why=Text(**entry["why"]),
        example=Text(**entry["example"]) if "example" in entry else Text("", ""),
        remedy=Text(**entry["remedy"]),
        source=entry.get("source", ""),
        certainty=entry.get("certainty", "vastgesteld"),
        versions=range_of(entry),
        formats=tuple(entry.get("formats", ())),
        elements=tuple(entry.get("elements", ())),
        parameters=dict(entry.get("parameters", {})),
        formerly=tuple(entry.get("formerly", ())),
        follows=tuple(entry.get("follows", ())),
        texts={k: Text(**v) for k, v in entry.get("texts", {}).items()},
        unjudged=Text(**entry["unjudged"]) if "unjudged" in entry else None,
        owner=entry.get("owner", owner),
    )


def _open(sentence: Text) -> Text:
    """A sentence with its parameters left open."""
    return Text(*(re.sub(r"…( …)+", "…", re.sub(r"'?\{\w+\}'?", "…", s)) for s in (sentence.nl, sentence.en)))
