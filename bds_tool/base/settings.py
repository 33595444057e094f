"""Settings of a project: the nearest `bds.toml` upward. An unknown key is an error, never ignored.

What may stand in the file is data: `specs/_schemas/config.schema.json`. A new key is added there.
"""

from __future__ import annotations

import difflib
import json
import os
import tomllib
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from bds_tool.base.errors import UsageError
from bds_tool.base.specs import specs_dir
from bds_tool.base.text import t

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
class Config:
    """What `bds.toml` says. `path` is None when there is no such file; every section is then empty."""

    path: Path | None = None
    values: dict[str, Any] = field(default_factory=dict)

    def section(self, name: str) -> dict[str, Any]:
        """The table `[name]`; empty when it is not there."""
        return dict(self.values.get(name, {}))

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The tables `[[name]]`; empty when there are none."""
        return list(self.values.get(name, []))

    def get(self, section: str, key: str, default: Any = None) -> Any:  # noqa: ANN401
        return self.section(section).get(key, default)


def find(start: Path | None = None) -> Path | None:
    """`BDS_CONFIG`, else the nearest `bds.toml` from `start` upward; not above a repository or the home folder."""
    chosen = os.environ.get("BDS_CONFIG", "")
    if chosen:
        return Path(chosen)
    home = Path.home()
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / NAME).is_file():
            return folder / NAME
        if folder == home or (folder / ".git").exists():
            break
    return None


def load(path: Path | None = None, *, start: Path | None = None) -> Config:
    """Settings of this project. Raises UsageError for a file that is missing, malformed or has unknown keys."""
    chosen = path or find(start)
    if chosen is None:
        return Config()
    try:
        values = tomllib.loads(chosen.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            t(f"{chosen} is niet te lezen.", f"{chosen} cannot be read."),
            t(
                "Het moet een bestaand tekstbestand in UTF-8 zijn.",
                "It must be an existing text file in UTF-8.",
            ),
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(
            t(f"{chosen} is geen geldig TOML: {error}.", f"{chosen} is not valid TOML: {error}."),
            t(
                'Tekst staat tussen aanhalingstekens: naam = "waarde".',
                'Text stands in quotes: name = "value".',
            ),
        ) from error
    problems = _problems(_plain(values), _schema(str(specs_dir())), "")
    if problems:
        shown = problems[:5]
        raise UsageError(
            f"{chosen}: " + " ".join(shown),
            t(
                "Verbeter het bestand; `bds` negeert geen instellingen.",
                "Mend the file; `bds` ignores no settings.",
            ),
        )
    return Config(chosen, _plain(values))


@lru_cache(maxsize=4)
def _schema(specs: str) -> dict[str, Any]:
    text = (Path(specs) / "_schemas" / "config.schema.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def _plain(value: Any) -> Any:  # noqa: ANN401
    """Dates that were written without quotes count as text, so both ways of writing are right."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return value.isoformat() if isinstance(value, date | datetime) else value


def _problems(value: Any, schema: dict[str, Any], place: str) -> list[str]:  # noqa: ANN401
    """What is wrong, one sentence each; the few keywords our schema uses are judged here, without a library."""
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    allowed = tuple(k for kind in kinds for k in KINDS[kind])
    if allowed and (not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed)):
        expected = " | ".join(kinds)
        return [t(f"{place} moet {expected} zijn.", f"{place} must be {expected}.")]
    if "enum" in schema and value not in schema["enum"]:
        choices = ", ".join(schema["enum"])
        return [t(f"{place} moet een van deze zijn: {choices}.", f"{place} must be one of: {choices}.")]
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
            found.append(t(f"{here} is geen instelling.{hint}", f"{here} is no setting.{hint}"))
    missing = [k for k in schema.get("required", []) if k not in value]
    return found + [t(f"{place}.{k} ontbreekt.", f"{place}.{k} is missing.") for k in missing]
