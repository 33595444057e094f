"""All indicator definitions, by id and by theme, and checking them: form, elements and versions, and their SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import cast

from bds_tool.base.checked_yaml import faults
from bds_tool.base.errors import SpecError
from bds_tool.base.specs import read_yaml, shipped, specs_dir
from bds_tool.base.text import language, t
from bds_tool.indicators.cases import covered, empty_views
from bds_tool.indicators.definitions import EXPRESSIONS, Indicator, IndicatorEntry, files, load_file
from bds_tool.indicators.features import views
from bds_tool.store import database
from bds_tool.store.database import expression


def load_all(extra: Sequence[Path] = ()) -> dict[str, Indicator]:
    """All definitions by id. Raises SpecError with every problem found when a definition is wrong.

    The shipped ones are checked by `bds indicator check` and the tests; here only when the user adds own ones or
    points to other definitions.
    """
    problems = check(extra) if extra or not shipped() else []
    if problems:
        raise SpecError(
            t("Indicatordefinities kloppen niet:", "Indicator definitions are wrong:")
            + "\n  "
            + "\n  ".join(problems[:20]),
            t("Zie bds indicator check.", "See bds indicator check."),
        )
    found = ((path, cast("IndicatorEntry", d)) for path in files(extra) for d in load_file(path))
    return {d["id"]: Indicator(d["id"], d, path) for path, d in found}


def note(text: str) -> str:
    """A caveat of a definition in the language of this run; as it stands where nobody translated it."""
    return _notes(str(specs_dir())).get(text, text) if language() == "en" else text


@lru_cache(maxsize=2)
def _notes(_root: str) -> dict[str, str]:
    path = specs_dir() / "teksten" / "indicatoren.yaml"
    rows = read_yaml(path).get("kanttekeningen", []) if path.is_file() else []
    return {row["tekst"]: row["en"] for row in rows}


def choose(wanted: Iterable[str], extra: Sequence[Path] = ()) -> list[Indicator]:
    """Indicators by id or theme; all when `wanted` is empty. Raises SpecError for an unknown name."""
    loaded = load_all(extra)
    names = list(wanted)
    if not names:
        return list(loaded.values())
    out: dict[str, Indicator] = {}
    for name in names:
        hits = [i for i in loaded.values() if name.upper() == i.id or name.lower() == i.data["thema"]]
        if not hits:
            close = get_close_matches(name.upper(), loaded, 3)
            hint = (
                t(f"Bedoelt u {', '.join(close)}?", f"Do you mean {', '.join(close)}?")
                if close
                else t("Alle indicatoren: `bds indicator list`.", "All indicators: `bds indicator list`.")
            )
            raise SpecError(t(f"Indicator {name} bestaat niet.", f"Indicator {name} does not exist."), hint)
        out |= {i.id: i for i in hits}
    return list(out.values())


def check(extra: Sequence[Path] = ()) -> list[str]:
    """Everything wrong with the definitions, as texts `file: id: problem`; empty when all is well."""
    problems: list[str] = []
    seen: dict[str, str] = {}
    good: list[Indicator] = []
    for path in files(extra):
        for given in load_file(path):
            name = f"{path.name}: {given.get('id', '?') if isinstance(given, dict) else '?'}"
            if wrong := faults(given, "indicator"):
                problems += [f"{name}: {w}" for w in wrong]
                continue
            data = cast("IndicatorEntry", given)
            if data["id"] in seen:
                problems.append(
                    t(
                        f"{name}: id staat ook in {seen[data['id']]}",
                        f"{name}: id is also in {seen[data['id']]}",
                    )
                )
            seen[data["id"]] = path.name
            good.append(Indicator(data["id"], data, path))
    meant = {i.id: _meaning(i) for i in good}
    problems += [f"{i.path.name}: {i.id}: {p}" for i in good for p in meant[i.id]]
    known = {i.id for i in good}
    problems += [
        t(
            f"{i.path.name}: {i.id}: relatie met onbekende indicator {name}",
            f"{i.path.name}: {i.id}: relation with unknown indicator {name}",
        )
        for i in good
        for r in i.data.get("relaties", ())
        for name in [*([r["van"]] if "van" in r else []), *r.get("met", ())]
        if name not in known
    ]
    sound = [i for i in good if not meant[i.id]]
    return problems + (_expressions(sound) if sound else [])


def _meaning(indicator: Indicator) -> list[str]:
    from bds_tool.schema import is_draft, load
    from bds_tool.schema import versions as known

    data: Mapping[str, object] = indicator.data
    out = [
        t(f"view {name} bestaat niet", f"view {name} does not exist")
        for name in indicator.needs()
        if name not in views()
    ]
    out += [f"{key}: {wrong}" for key in EXPRESSIONS if key in data and (wrong := expression(str(data[key])))]
    if out:
        return out
    unread = set(indicator.bds_elements()) - indicator.all_elements()
    if unread:
        out.append(
            t(
                f"element {min(unread)} wordt niet door view {indicator.view} gelezen",
                f"element {min(unread)} is not read by view {indicator.view}",
            )
        )
    covered_versions = indicator.versions.among(known())
    if not covered_versions:
        out.append(t(f"BDS {indicator.versions} is onbekend", f"BDS {indicator.versions} is unknown"))
    for version in covered_versions:
        definition = load(version)
        gone = [n for n in indicator.bds_elements() if not definition.living(n)]
        # A draft may take away all that an indicator counts: that must follow (`bds spec check`, SPEC307), the run says so,
        # and the other indicators go on.
        if len(gone) == len(indicator.bds_elements()) and not is_draft(version):
            out.append(
                t(f"BDS {version} kent geen van de elementen", f"BDS {version} has none of the elements")
            )
        if not any(version in covered(indicator, c) for c in indicator.cases):
            out.append(t(f"geen uitgewerkt geval voor BDS {version}", f"no worked case for BDS {version}"))
    return out


def _expressions(indicators: list[Indicator]) -> list[str]:
    """Bind every SQL part against empty views: unknown columns and wrong types come to light here."""
    import duckdb

    connection = empty_views(indicators)
    out = []
    for i in indicators:
        parts = [f"({i.population})", f"({i.denominator})", f"({i.numerator})"]
        if i.value:
            parts.append(f"CAST({i.value} AS DOUBLE) IS NULL")
        if i.era:
            parts.append(f"({i.era}) = 1")
        if "age" in i.data["uitsplitsingen"]:
            parts.append("age IS NULL")
        try:
            connection.execute(
                database.fill(
                    "select {parts}, cast({day} as date) from {view}",
                    parts=", ".join(parts),
                    day=i.day,
                    view=i.view,
                )
            )
        except duckdb.Error as error:
            text = str(error).splitlines()[0]
            out.append(f"{i.path.name}: {i.id}: {text}")
    connection.close()
    return out
