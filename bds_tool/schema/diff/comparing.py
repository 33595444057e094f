"""What differs between two definitions, as typed changes with a class in both directions (`diff_classes`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from bds_tool.schema.diff.changes import Change, Veld
from bds_tool.schema.diff.classes import FIXED, NO_DATA, classes_of
from bds_tool.schema.diff.rows import Row, code_row, element_row, groep_row, lijst_row, rubriek_row

if TYPE_CHECKING:
    from bds_tool.schema.model import Code, Definition


#: Which aspect of a row a column belongs to; every aspect becomes one change.
ASPECTS: dict[str, dict[str, str]] = {
    "rubriek": {
        "naam": "hernoemd",
        "register_type": "status",
        "binding": "binding",
        "card_min": "kardinaliteit",
        "card_max": "kardinaliteit",
        "card_per_activiteit_min": "kardinaliteit-bericht",
        "card_per_activiteit_max": "kardinaliteit-bericht",
        "card_bron": "herkomst",
        "pad": "bericht",
        "template_id": "bericht",
    },
    "groep": {
        "naam": "hernoemd",
        "register_type": "status",
        "rubriek": "verplaatst",
        "bovenliggende_groep": "verplaatst",
        "card_min": "kardinaliteit",
        "card_max": "kardinaliteit",
        "card_bericht_min": "kardinaliteit-bericht",
        "card_bericht_max": "kardinaliteit-bericht",
        "groepcluster": "bericht",
        "elementen": "samenstelling",
    },
    "element": {
        "naam": "hernoemd",
        "status": "status",
        "rubriek": "verplaatst",
        "groep": "verplaatst",
        "datatype": "datatype",
        "eenheid": "eenheid",
        "minimum": "bereik",
        "maximum": "bereik",
        "max_lengte": "bereik",
        "waardenlijst": "lijst",
        "codesysteem": "bericht",
        "nullflavor": "nullflavor",
        "card_min": "kardinaliteit",
        "card_max": "kardinaliteit",
        "conformance": "kardinaliteit",
        "card_bericht_min": "kardinaliteit-bericht",
        "card_bericht_max": "kardinaliteit-bericht",
        "conformance_bericht": "kardinaliteit-bericht",
        "hl7_datatype": "bericht",
        "locatie_soort": "bericht",
        "pad": "bericht",
        "template_id": "bericht",
        "template_versie": "herkomst",
        "datatype_bron": "herkomst",
        "waardenlijst_bron": "herkomst",
        "card_bron": "herkomst",
        "zekerheid": "herkomst",
        "bron": "herkomst",
    },
    "lijst": {
        "naam": "hernoemd",
        "valueset": "bericht",
        "in_bericht": "bericht",
        "status": "status",
        "ingang": "herkomst",
        "versielabel": "herkomst",
        "bron": "herkomst",
    },
    "code": {
        "codesysteem": "codesysteem",
        "weergavenaam": "hernoemd",
        "status": "status",
        "niveau": "niveau",
        "nullflavor": "bericht",
    },
    "definitie": {"interactie": "interactie", "datum": "herkomst", "bron": "herkomst"},
}


def diff(
    old: Definition, new: Definition, requests: Mapping[tuple[str, str], tuple[str, ...]] | None = None
) -> tuple[Change, ...]:
    """Every difference between two definitions, in the order definitie, rubriek, groep, element, lijst, code.

    `requests` gives the JGZ numbers by `Change.id`. Together the changes turn `old` into `new` exactly.
    """
    found = [*_definitie(old, new), *_tables(old, new), *_lijsten(old, new)]
    if not requests:
        return tuple(found)
    from dataclasses import replace

    return tuple(replace(c, jgz=requests.get(c.id, ())) for c in found)


def _definitie(old: Definition, new: Definition) -> Iterator[Change]:
    def row(d: Definition) -> Row:
        return {"interactie": d.interactie, "datum": d.datum, "bron": d.bron}

    yield from _changed("definitie", new.version, f"BDS {new.version}", row(old), row(new))


def _tables(old: Definition, new: Definition) -> Iterator[Change]:
    pairs: tuple[tuple[str, dict[str, Row], dict[str, Row]], ...] = (
        (
            "rubriek",
            _keyed(map(rubriek_row, old.rubrieken.values())),
            _keyed(map(rubriek_row, new.rubrieken.values())),
        ),
        ("groep", _keyed(map(groep_row, old.groepen.values())), _keyed(map(groep_row, new.groepen.values()))),
        (
            "element",
            _keyed(map(element_row, old.elementen.values())),
            _keyed(map(element_row, new.elementen.values())),
        ),
    )
    for tabel, before, after in pairs:
        for key in sorted(before.keys() | after.keys(), key=_order):
            yield from _compare(tabel, key, before.get(key), after.get(key))


def _keyed(rows: Iterable[Row]) -> dict[str, Row]:
    return {next(iter(row.values())): row for row in rows}


def _order(key: str) -> tuple[int, str]:
    return (int(key) if key.isdecimal() else 0, key)


def _compare(tabel: str, key: str, before: Row | None, after: Row | None) -> Iterator[Change]:
    """Presence first: a row that comes or goes, or an `in_bericht` that flips, is one change with all its columns."""
    if before is None or after is None:
        row = after or before or {}
        gained = before is None
        velden = tuple(
            Veld(k, "" if gained else v, v if gained else "")
            for k, v in row.items()
            if v and k != next(iter(row))
        )
        soort = "toegevoegd" if gained else "vervallen"
        yield Change(f"{tabel}-{soort}", tabel, key, row.get("naam", ""), velden, *FIXED[soort])
        return
    flips = tabel in {"groep", "element"} and before["in_bericht"] != after["in_bericht"]
    if flips:
        soort = "toegevoegd" if after["in_bericht"] == "ja" else "vervallen"
        own = {"naam", "elementen"} | {k for k, a in ASPECTS[tabel].items() if a == "herkomst"}
        velden = tuple(Veld(k, before[k], v) for k, v in after.items() if before[k] != v and k not in own)
        naam = after["naam"] or before["naam"]
        yield Change(f"{tabel}-{soort}", tabel, key, naam, velden, *FIXED[soort])
        yield from _changed(tabel, key, naam, before, after, only=own)
        return
    yield from _changed(tabel, key, after.get("naam") or before.get("naam", ""), before, after)


def _changed(
    tabel: str, key: str, naam: str, before: Row, after: Row, only: set[str] | None = None
) -> Iterator[Change]:
    aspects: dict[str, list[Veld]] = {}
    for column, aspect in ASPECTS[tabel].items():
        if before[column] != after[column] and (only is None or column in only):
            van, naar = before[column], after[column]
            aspects.setdefault(aspect, []).append(
                Veld(column, *(_heads(van, naar) if column == "pad" else (van, naar)))
            )
    for aspect, velden in aspects.items():
        yield Change(
            f"{tabel}-{aspect}",
            tabel,
            key,
            naam,
            tuple(velden),
            *classes_of(tabel, aspect, velden, before, after),
        )


REST = "…"


def _heads(van: str, naar: str) -> tuple[str, str]:
    """Two paths that end alike, as their different beginnings: `ACT/…` and `ENC/…`."""
    old, new = van.split("/"), naar.split("/")
    same = 0
    while same < min(len(old), len(new)) and old[-1 - same] == new[-1 - same]:
        same += 1
    if not same or not van or not naar:
        return van, naar
    return tuple("/".join([*parts[: len(parts) - same], REST]) for parts in (old, new))  # type: ignore[return-value]


def _lijsten(old: Definition, new: Definition) -> Iterator[Change]:
    keys = sorted(old.waardenlijsten.keys() | new.waardenlijsten.keys())
    codes: list[Change] = []
    for key in keys:
        before, after = old.waardenlijsten.get(key), new.waardenlijsten.get(key)
        name = "/".join(key)
        if before is not None and after is not None:
            naam = after.naam or before.naam
            yield from _changed("lijst", name, naam, lijst_row(before), lijst_row(after))
        else:
            present = after or before
            assert present is not None  # noqa: S101 - one of the two has the key
            row = lijst_row(present)
            gained = before is None
            velden = tuple(
                Veld(k, "" if gained else v, v if gained else "")
                for k, v in row.items()
                if v and k not in {"waardenlijst", "soort"}
            )
            yield Change(
                f"lijst-{'toegevoegd' if gained else 'vervallen'}",
                "lijst",
                name,
                present.naam,
                velden,
                *NO_DATA,
            )
        codes.extend(_codes(name, before.codes if before else (), after.codes if after else ()))
    yield from codes


def code_keys(codes: Iterable[Code]) -> list[str]:
    """`<code system>/<code>` per code; exceptions get `!` before the code, repeats `#2`, `#3` after it."""
    seen: Counter[str] = Counter()
    keys = []
    for c in codes:
        mark = {"exception": "!", "complete-codesystem": "*"}.get(c.rij, "")
        base = f"{c.codesysteem}/{mark}{c.code}"
        seen[base] += 1
        keys.append(base if seen[base] == 1 else f"{base}#{seen[base]}")
    return keys


def _codes(lijst: str, old: tuple[Code, ...], new: tuple[Code, ...]) -> Iterator[Change]:
    if old == new:
        return
    before, after = dict(zip(code_keys(old), old, strict=True)), dict(zip(code_keys(new), new, strict=True))
    moved = _moved(before, after)
    before = {moved.get(k, k): c for k, c in before.items()}
    places = {key: n for n, key in enumerate(after)}
    origin = {v: k for k, v in moved.items()}
    # A list that comes or goes as a whole, or that becomes its whole code system, loses no code by itself.
    whole = not old or not new or "complete-codesystem" in {c.rij for c in (*old, *new)}
    gained, lost = (NO_DATA, NO_DATA) if whole else (FIXED["toegevoegd"], FIXED["vervallen"])
    for key in [*before, *(k for k in after if k not in before)]:
        was, now = before.get(key), after.get(key)
        full = f"{lijst}/{key}"
        if was is not None and now is not None:
            full = f"{lijst}/{origin.get(key, key)}"
            yield from _changed("code", full, now.weergavenaam, code_row(was), code_row(now))
        elif now is not None:
            velden = tuple(Veld(k, "", v) for k, v in code_row(now).items() if v)
            yield Change(
                "code-toegevoegd", "code", full, now.weergavenaam, velden, *gained, positie=places[key]
            )
        elif was is not None:
            velden = tuple(Veld(k, v, "") for k, v in code_row(was).items() if v)
            yield Change("code-vervallen", "code", full, was.weergavenaam, velden, *lost)
    kept = [k for k in before if k in after]
    for key in sorted((k for k in after if k not in before), key=places.__getitem__):
        kept.insert(places[key], key)
    if kept != list(after):
        yield Change(
            "lijst-volgorde", "lijst", lijst, "", (Veld("volgorde", "", " ".join(after)),), *FIXED["volgorde"]
        )


def _moved(before: Mapping[str, Code], after: Mapping[str, Code]) -> dict[str, str]:
    """Codes that kept code and name and only changed code system: old key to new key."""
    free = {(c.code, c.weergavenaam, k.partition("/")[2]): k for k, c in after.items() if k not in before}
    return {
        k: free[c.code, c.weergavenaam, k.partition("/")[2]]
        for k, c in before.items()
        if k not in after and (c.code, c.weergavenaam, k.partition("/")[2]) in free
    }
