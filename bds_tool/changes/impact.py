"""What a package touches outside the definition: protocols, ZIB mappings, rules, indicators and JAMES fields."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bds_tool.base.specs import specs_dir
from bds_tool.base.text import t
from bds_tool.changes.findings import Bevinding, bevinding
from bds_tool.changes.new import BULK
from bds_tool.changes.package import Geraakt, Pakket, Wijziging
from bds_tool.schema.lookup.usage import Use, usage_index

if TYPE_CHECKING:
    from bds_tool.schema.model import Definition

#: Kinds of definitions, in the order people ask for them.
KINDS = ("indicatoren", "protocollen", "zib", "regels", "james")


@dataclass(frozen=True, slots=True)
class Impact:
    """One definition outside the BDS that changes of an element reach; `wijzigingen` are their ids."""

    bdsnummer: int
    kind: str
    id: str
    titel: str
    bestand: str
    effect: str
    jgz: tuple[str, ...]
    wijzigingen: tuple[tuple[str, str], ...]


def impact(pakket: Pakket) -> tuple[Impact, ...]:
    """Every use of an element that the package changes, or whose list it changes; changes without effect left out."""
    from bds_tool.schema.loading import load, versions

    using = _using(load(v) for v in (pakket.van, pakket.naar) if v in versions())
    uses = _with_james(usage_index())
    found: dict[tuple[int, str, str, str, str, str], list[Wijziging]] = {}
    for w in pakket.wijzigingen:
        if w.aspect in BULK or w.tabel not in {"element", "code"} or (w.tabel == "code" and _quiet(w)):
            continue
        for number in _reached(w, using):
            for kind, members in uses.get(number or 0, {}).items():
                for use in members:
                    effect = _effect(w, kind, use, pakket, uses)
                    found.setdefault((number or 0, kind, use.id, use.title, use.file, effect), []).append(w)
    order = {kind: n for n, kind in enumerate(KINDS)}
    rows = (
        Impact(*key, tuple(sorted({j for w in ws for j in w.jgz})), tuple(w.id for w in ws))
        for key, ws in found.items()
    )
    return tuple(sorted(rows, key=lambda i: (order.get(i.kind, 9), i.id, i.bdsnummer, i.effect)))


def _using(definitions: Iterable[Definition]) -> dict[str, set[int]]:
    """List → elements that take their values from it."""
    found: dict[str, set[int]] = {}
    for d in definitions:
        for e in d.elementen.values():
            found.setdefault(e.waardenlijst, set()).add(e.bdsnummer)
    return found


def _reached(w: Wijziging, using: Mapping[str, set[int]]) -> list[int]:
    """The elements that a change is about, itself or by its list."""
    if w.nummer is not None:
        return [w.nummer]
    return sorted(using.get(w.lijst[0], ())) if w.lijst else []


def requests_by_element(pakket: Pakket, definition: Definition) -> dict[int, tuple[str, ...]]:
    """Element of `definition` → the requests that change it or its list."""
    using = _using([definition])
    found: dict[int, set[str]] = {}
    for w in pakket.wijzigingen:
        for number in _reached(w, using):
            if number in definition.elementen and not (w.tabel == "code" and _quiet(w)):
                found.setdefault(number, set()).update(w.jgz)
    return {number: tuple(sorted(names)) for number, names in sorted(found.items())}


def leaving(pakket: Pakket) -> tuple[Impact, ...]:
    """What leans on elements that leave: to be named in `geraakt`, also by who does not ask for the impact."""
    gone = tuple(w for w in pakket.wijzigingen if w.soort == "element-vervallen")
    return tuple(i for i in impact(replace(pakket, wijzigingen=gone)) if i.kind != "zib") if gone else ()


def must_follow(pakket: Pakket) -> list[str]:
    """One line per definition that a new version asks something of: what, why and by which element."""
    found: dict[tuple[str, str], list[str]] = {}
    for i in impact(pakket):
        if i.effect not in {"naam", "nieuw"}:
            found.setdefault((i.kind, i.id), []).append(f"{i.bdsnummer}: {effect_text(i.effect)}")
    lines = [f"{kind} {name} ({'; '.join(dict.fromkeys(why))})" for (kind, name), why in found.items()]
    new = (w for w in pakket.wijzigingen if w.soort == "element-toegevoegd")
    return lines + [
        t(f"zib {w.sleutel} {w.naam} (het nieuwe element heeft nog geen regel)",
          f"zib {w.sleutel} {w.naam} (the new element has no row yet)")
        for w in new
    ]  # fmt: skip


def _quiet(w: Wijziging) -> bool:
    """A code that moves with its whole list, or an exception: the element says what happens."""
    return w.heen is not None and w.terug is not None and w.heen.doe == w.terug.doe == "behoud"


def _effect(
    w: Wijziging, kind: str, use: Use, pakket: Pakket, uses: Mapping[int, Mapping[str, tuple[Use, ...]]]
) -> str:
    if w.aspect == "toegevoegd":
        return "antwoorden" if w.tabel == "code" else "nieuw"
    if w.aspect == "hernoemd":
        return "naam"
    if w.aspect == "vervallen" and w.tabel == "element" and kind == "indicatoren":
        # A series goes on when the indicator also names an element that comes in its place.
        heirs = (
            x.nummer
            for x in pakket.wijzigingen
            if x.soort == "element-toegevoegd" and set(x.jgz) & set(w.jgz)
        )
        if any(use in uses.get(n or 0, {}).get(kind, ()) for n in heirs):
            return "opvolger"
        return "trendbreuk"
    return "vervalt" if (w.tabel, w.aspect) == ("element", "vervallen") else "antwoorden"


def effect_text(effect: str) -> str:
    """The effect in words."""
    return {
        "trendbreuk": t("de reeks breekt: het element vervalt", "the series breaks: the element expires"),
        "opvolger": t("een opvolger staat er ook in; de betekenis kan verschuiven",
                      "a successor is named as well; the meaning may shift"),
        "vervalt": t("verwijst naar een element dat vervalt", "refers to an element that expires"),
        "antwoorden": t("de mogelijke antwoorden veranderen", "the possible answers change"),
        "naam": t("alleen de naam verandert", "only the name changes"),
        "nieuw": t("noemt het nieuwe element al", "names the new element already"),
    }.get(effect, effect)  # fmt: skip


def _with_james(index: dict[int, dict[str, tuple[Use, ...]]]) -> dict[int, dict[str, tuple[Use, ...]]]:
    """The index with the fields of the JAMES formats beside it."""
    path = specs_dir() / "james" / "velden.csv"
    if not path.is_file():
        return index
    fields: dict[int, dict[Use, None]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            text = row.get("bdsnummer", "")
            if text.isdecimal():
                use = Use(
                    "james",
                    f"{row.get('formaat', '')}/{row.get('plaats', '')}",
                    row.get("doel", ""),
                    path.name,
                )
                fields.setdefault(int(text), {}).setdefault(use)
    merged = {n: dict(kinds) for n, kinds in index.items()}
    for number, found in fields.items():
        merged.setdefault(number, {})["james"] = tuple(found)
    return merged


_NAMED = ("protocollen", "zib", "indicatoren", "james")


def known_names() -> dict[str, frozenset[str]]:
    """Every name that a request may write under `geraakt`, by kind: of a definition, a mapping or its file."""
    found: dict[str, set[str]] = {kind: set() for kind in _NAMED}
    for kinds in _with_james(usage_index()).values():
        for kind, uses in kinds.items():
            found.setdefault(kind, set()).update(
                x for u in uses for x in (u.id, u.file.rpartition("/")[2].partition(".")[0])
            )
    for kind in ("protocollen", "indicatoren"):
        found[kind] |= {p.stem for p in (specs_dir() / kind).glob("*.yaml")}
    with (specs_dir() / "zib" / "concepten.csv").open(encoding="utf-8", newline="") as file:
        found["zib"] |= {f"nlcm:{row['concept']}" for row in csv.DictReader(file)} | found["zib"]
    return {kind: frozenset(names) for kind, names in found.items() if kind in _NAMED}


def touched(pakket: Pakket, found: Iterable[Impact] | None = None) -> dict[str, Geraakt]:
    """Per request what it touches, as the package writes it down under `geraakt`."""
    per: dict[str, dict[str, set[str]]] = {j: {} for j in pakket.verzoeken}
    for i in impact(pakket) if found is None else found:
        for j in i.jgz:
            per.setdefault(j, {}).setdefault(i.kind, set()).add(i.id)
    return {j: Geraakt(**{n: tuple(sorted(kinds.get(n, ()))) for n in _NAMED}) for j, kinds in per.items()}


def undeclared(pakket: Pakket, found: Iterable[Impact]) -> Iterator[Bevinding]:
    """What requests touch without saying so."""
    for jgz, real in touched(pakket, found).items():
        request = pakket.verzoeken.get(jgz)
        if request is None:
            continue
        for kind in _NAMED:
            missing = [x for x in getattr(real, kind) if x not in getattr(request.geraakt, kind)]
            if missing:
                shown = ", ".join(missing[:5]) + (" …" if len(missing) > 5 else "")
                yield bevinding("WIJZ971", ("verzoek", jgz), {"kind": kind, "namen": shown})
