"""Writing a package as YAML: changes that share everything but their key stand together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import Any

import yaml

from bds_tool.base.json_types import JsonObject
from bds_tool.changes.package import Deel, Omrekening, Pakket, Verzoek, Voorbeeld, Wijziging


class _Flow(JsonObject):
    """A mapping on one line."""


class _FlowList(list[Any]):
    """A list on one line."""


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    pass


_Dumper.add_representer(
    _Flow, lambda d, v: d.represent_mapping("tag:yaml.org,2002:map", v.items(), flow_style=True)
)
_Dumper.add_representer(
    _FlowList, lambda d, v: d.represent_sequence("tag:yaml.org,2002:seq", v, flow_style=True)
)


#: Rows of examples are long; wrapped they hide in a diff what changed.
_WIDTH = 240

#: Texts that a reader of another YAML version would take for a number: `08`, `1.10`.
_NUMERIC = re.compile(r"[-+.]?\d[\d_.:eE+-]*")


def _text(dumper: Any, value: str) -> Any:  # noqa: ANN401
    style = "'" if _NUMERIC.fullmatch(value) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def dump_package(pakket: Pakket, header: str = "") -> str:
    """The package as YAML; reading it back gives the same package."""
    comment = "".join(f"# {line}\n" for line in header.splitlines())
    return comment + dump_data(to_data(pakket))


def dump_data(data: Any) -> str:  # noqa: ANN401
    """Data of a package as YAML."""
    return str(yaml.dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=_WIDTH))


def head_data(p: Pakket) -> JsonObject:
    """What a package is, without its requests; its class follows from them."""
    data: JsonObject = {
        "van": p.van,
        "naar": p.naar,
        "titel": p.titel,
        "status": p.status,
        "datum": p.datum,
        "bron": list(p.bron),
    }
    if p.toelichting:
        data["toelichting"] = p.toelichting
    if p.modus_heen or p.modus_terug:
        data["modus"] = _Flow(heen=p.modus_heen, terug=p.modus_terug)
    if p.regels:
        data["regels"] = [_filled(r) for r in p.regels]
    if p.verschillen:
        data["verschillen"] = [_filled(v) for v in p.verschillen]
    return data


def to_data(p: Pakket) -> JsonObject:
    """The package as plain data that follows the schema."""
    head = head_data(p)
    tail: JsonObject = {k: head.pop(k) for k in ("regels", "verschillen") if k in head}
    more: JsonObject = {k: head.pop(k) for k in ("toelichting", "modus") if k in head}
    return {
        **head,
        "klasse": _Flow(heen=str(p.klasse_heen), terug=str(p.klasse_terug)),
        **more,
        "verzoeken": [request_data(v) for v in p.verzoeken.values()],
        "wijzigingen": list(change_entries(p.wijzigingen)),
        **tail,
    }


def change_entries(changes: Iterable[Wijziging]) -> Iterator[JsonObject]:
    """Changes as entries of `wijzigingen`; neighbours that say the same share one."""
    return map(_entry, _groups(changes))


def _filled(record: object) -> JsonObject:
    """The fields of a dataclass that differ from their default."""
    result: JsonObject = {}
    for f in fields(record):  # type: ignore[arg-type]
        value = getattr(record, f.name)
        if value != f.default and value not in (None, ()):
            result[f.name] = _FlowList(value) if isinstance(value, tuple) else value
    return result


def request_data(v: Verzoek) -> JsonObject:
    """A request as plain data."""
    data: JsonObject = {"jgz": v.jgz, "titel": v.titel, "aanleiding": v.aanleiding, "besluit": v.besluit}
    if v.besluitdatum:
        data["besluitdatum"] = v.besluitdatum
    data["zekerheid"] = v.zekerheid
    if v.bron:
        data["bron"] = v.bron
    data |= {
        k: getattr(v, k) for k in ("eigenaar", "prioriteit", "titel_en", "aanleiding_en") if getattr(v, k)
    }
    touched = _filled(v.geraakt)
    if touched:
        data["geraakt"] = touched
    if v.mee:
        data["mee"] = [_filled_part(d) for d in v.mee]
    if v.voorbeelden:
        data["voorbeelden"] = [_voorbeeld_data(x) for x in v.voorbeelden]
    return data


def _filled_part(d: Deel) -> JsonObject:
    content: JsonObject = {"soort": d.soort, "id": d.id, "bij": d.bij, "reden": d.reden, "inhoud": d.inhoud}
    return {k: v for k, v in content.items() if v}


def _voorbeeld_data(x: Voorbeeld) -> JsonObject:
    data: JsonObject = {"richting": x.richting}
    if x.toelichting:
        data["toelichting"] = x.toelichting
    data["voor"] = [_Flow(r) for r in x.voor]
    data["na"] = [_Flow(r) for r in x.na]
    if x.weerom is not None:
        data["weerom"] = [_Flow(r) for r in x.weerom]
    return data


Signature = tuple[Any, ...]


def _signature(w: Wijziging) -> Signature:
    prefix = "/".join(w.sleutel.split("/")[:2]) if w.tabel == "code" else ""
    return (
        w.soort, prefix, w.jgz, w.klasse_heen, w.klasse_terug, w.heen, w.terug, w.afschaffing, w.zekerheid,
        w.toelichting,
    )  # fmt: skip


def _groups(changes: Iterable[Wijziging]) -> Iterator[list[Wijziging]]:
    """Neighbours that share everything but key, name, place and columns."""
    current: list[Wijziging] = []
    for w in changes:
        if current and _signature(current[0]) != _signature(w):
            yield from _by_columns(current)
            current = []
        current.append(w)
    if current:
        yield from _by_columns(current)


def _bare(w: Wijziging) -> bool:
    """Whether the key says all: nothing of its own to write beside it."""
    return not w.naam and w.positie is None


def _by_columns(group: list[Wijziging]) -> Iterator[list[Wijziging]]:
    """Members without a name that also share their columns need only their keys."""
    run: list[Wijziging] = []
    for w in group:
        same = bool(run) and (_bare(w), w.velden if _bare(w) else ()) == (
            _bare(run[0]), run[0].velden if _bare(run[0]) else ()
        )  # fmt: skip
        if run and not same:
            yield run
            run = []
        run.append(w)
    yield run


def _entry(group: list[Wijziging]) -> JsonObject:
    w = group[0]
    data: JsonObject = {"soort": w.soort}
    if w.jgz:
        data["jgz"] = _FlowList(w.jgz)
    prefix = ""
    if w.tabel == "code":
        prefix = "/".join(w.sleutel.split("/")[:2])
        data["in"] = prefix
        prefix += "/"
    if w.klasse_heen is not None and w.klasse_terug is not None:
        data["klasse"] = _Flow(heen=str(w.klasse_heen), terug=str(w.klasse_terug))
    keys = [x.sleutel.removeprefix(prefix) for x in group]
    if _bare(w):
        data["sleutels"] = _FlowList(_compress(keys))
        if w.velden:
            data["velden"] = _Flow(_velden_data(w))
    else:
        data["leden"] = [_member(x, key) for x, key in zip(group, keys, strict=True)]
    for name in ("heen", "terug"):
        conversion = getattr(w, name)
        if conversion is not None:
            data[name] = _omrekening_data(conversion)
    if w.afschaffing is not None:
        data["afschaffing"] = _Flow(_filled(w.afschaffing) | {"vanaf": w.afschaffing.vanaf})
    if w.zekerheid:
        data["zekerheid"] = w.zekerheid
    if w.toelichting:
        data["toelichting"] = w.toelichting
    return data


def _member(w: Wijziging, key: str) -> JsonObject:
    data: JsonObject = {"sleutel": key}
    if w.naam:
        data["naam"] = w.naam
    if w.positie is not None:
        data["positie"] = w.positie
    if w.velden:
        data["velden"] = _Flow(_velden_data(w))
    return _Flow(data) if w.tabel == "code" else data


def _velden_data(w: Wijziging) -> JsonObject:
    gained, lost = w.aspect == "toegevoegd", w.aspect == "vervallen"
    result: JsonObject = {}
    for v in w.velden:
        plain = (gained and not v.van) or (lost and not v.naar)
        result[v.veld] = (v.naar if gained else v.van) if plain else _FlowList([v.van, v.naar])
    return result


def _omrekening_data(o: Omrekening) -> JsonObject:
    data = _filled(o)
    if o.tabel:
        data["tabel"] = _FlowList([_FlowList(pair) for pair in o.tabel])
    return _Flow(data)


def _compress(keys: list[str]) -> list[str]:
    """Runs of three or more successive numbers as `1..5`."""
    result: list[str] = []
    run: list[int] = []

    def flush() -> None:
        if len(run) >= 3:
            result.append(f"{run[0]}..{run[-1]}")
        else:
            result.extend(map(str, run))
        run.clear()

    for key in keys:
        if key.isdecimal() and str(int(key)) == key and (not run or int(key) == run[-1] + 1):
            run.append(int(key))
            continue
        flush()
        if key.isdecimal() and str(int(key)) == key:
            run.append(int(key))
        else:
            result.append(key)
    flush()
    return result
