"""Reading and writing `specs/wijzigingen/<from>-<to>.yaml`; changes that share everything stand together there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from bds_tool.errors import SpecError, UsageError
from bds_tool.places import specs_dir
from bds_tool.schema.diff import ChangeClass, Veld
from bds_tool.schema.wijzigingen.model import (
    Afschaffing,
    Geraakt,
    Omrekening,
    Pakket,
    Regel,
    Rij,
    Verschil,
    Verzoek,
    Voorbeeld,
    Wijziging,
)
from bds_tool.text import t

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def packages() -> list[tuple[str, str]]:
    """The (from, to) pairs that have a package in `specs/wijzigingen`, oldest first."""
    folder = specs_dir() / "wijzigingen"
    found = [tuple(p.stem.split("-", 1)) for p in folder.glob("*-*.yaml")] if folder.is_dir() else []
    return sorted((a, b) for a, b in found)


def find(van: str, naar: str) -> Path:
    return specs_dir() / "wijzigingen" / f"{van}-{naar}.yaml"


def load_package(name: str | Path) -> Pakket:
    """The package of a file, or of a name such as `4.1.3-4.2.0`.

    Raises UsageError when there is none and SpecError, with the place, when the file does not follow the schema.
    """
    path = Path(name)
    if not path.is_file() and path.suffix not in {".yaml", ".yml"}:
        parts = re.split(r"-|→|>", str(name), maxsplit=1)
        path = find(parts[0].strip(), parts[-1].strip())
    if not path.is_file():
        known = ", ".join(f"{a}-{b}" for a, b in packages()) or "—"
        raise UsageError(
            t(f"Wijzigingspakket {name} is er niet.", f"There is no change package {name}."),
            t(f"Geef een bestand, of kies uit: {known}.", f"Give a file, or choose one of: {known}."),
        )
    stat = path.stat()
    return _load(path.resolve(), stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=8)
def _load(path: Path, _mtime: int, _size: int) -> Pakket:
    return parse_package(path.read_text(encoding="utf-8"), str(path))


def parse_package(text: str, place: str = "-") -> Pakket:
    """A package from YAML text; `place` is named in errors."""
    try:
        data = yaml.load(text, Loader=Loader)  # noqa: S506 - the loader is the safe one
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{place}:{mark.line + 1}" if mark else place
        raise SpecError(
            t(f"{where}: dit is geen leesbare YAML.", f"{where}: this is not readable YAML."),
            t("Kijk naar inspringing en aanhalingstekens.", "Look at indentation and quotes."),
        ) from error
    _check_schema(data, place)
    return _pakket(data)


def _check_schema(data: object, place: str) -> None:
    import jsonschema

    schema = json.loads(
        (specs_dir() / "_schemas" / "wijzigingspakket.schema.json").read_text(encoding="utf-8")
    )
    errors = sorted(
        jsonschema.Draft202012Validator(schema).iter_errors(data), key=lambda e: list(map(str, e.path))
    )
    if errors:
        first = errors[0]
        where = "/".join(map(str, first.path)) or t("het begin", "the start")
        raise SpecError(
            t(f"{place}: {where} klopt niet met het schema ({len(errors)} afwijking(en)): {first.message[:200]}",
              f"{place}: {where} does not follow the schema ({len(errors)} deviation(s)): {first.message[:200]}"),
            t("Zie specs/_schemas/wijzigingspakket.schema.json.", "See specs/_schemas/wijzigingspakket.schema.json."),
        )  # fmt: skip


# -- from data to model ------------------------------------------------------------------------------------------


def _pakket(d: Mapping[str, Any]) -> Pakket:
    modus = d.get("modus", {})
    requests = [v["jgz"] for v in d["verzoeken"]]
    return Pakket(
        van=d["van"],
        naar=d["naar"],
        titel=d["titel"],
        status=d["status"],
        datum=d["datum"],
        bron=tuple(d["bron"]),
        klasse_heen=_class(d["klasse"]["heen"]),
        klasse_terug=_class(d["klasse"]["terug"]),
        verzoeken={v["jgz"]: _verzoek(v) for v in d["verzoeken"]},
        wijzigingen=tuple(w for entry in d["wijzigingen"] for w in _wijzigingen(entry)),
        regels=tuple(_record(Regel, r) for r in d.get("regels", ())),
        verschillen=tuple(_record(Verschil, r) for r in d.get("verschillen", ())),
        toelichting=d.get("toelichting", ""),
        modus_heen=modus.get("heen", ""),
        modus_terug=modus.get("terug", ""),
        dubbele_verzoeken=tuple(sorted({j for j in requests if requests.count(j) > 1})),
    )


def _class(text: str) -> ChangeClass:
    return ChangeClass[text.upper()]


def _record(kind: type[Any], d: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """A dataclass from a mapping with its field names; lists become tuples."""
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in d.items()})


def _verzoek(d: Mapping[str, Any]) -> Verzoek:
    return Verzoek(
        jgz=d["jgz"],
        titel=d["titel"],
        aanleiding=d["aanleiding"],
        besluit=d["besluit"],
        zekerheid=d["zekerheid"],
        bron=d.get("bron", ""),
        besluitdatum=d.get("besluitdatum", ""),
        geraakt=_record(Geraakt, d.get("geraakt", {})),
        voorbeelden=tuple(map(_voorbeeld, d.get("voorbeelden", ()))),
    )


def _voorbeeld(d: Mapping[str, Any]) -> Voorbeeld:
    def rows(listed: Iterable[Mapping[str, Any]]) -> tuple[Rij, ...]:
        return tuple(dict(r) for r in listed)

    weerom = rows(d["weerom"]) if "weerom" in d else None
    return Voorbeeld(d["richting"], rows(d["voor"]), rows(d["na"]), weerom, d.get("toelichting", ""))


def _omrekening(d: Mapping[str, Any] | None) -> Omrekening | None:
    if d is None:
        return None
    tabel = tuple((str(k), str(v)) for k, v in d.get("tabel", ()))
    return Omrekening(**{**d, "tabel": tabel})


def _wijzigingen(entry: Mapping[str, Any]) -> Iterator[Wijziging]:
    shared = {
        "soort": entry["soort"],
        "jgz": tuple(entry.get("jgz", ())),
        "klasse_heen": _class(entry["klasse"]["heen"]) if "klasse" in entry else None,
        "klasse_terug": _class(entry["klasse"]["terug"]) if "klasse" in entry else None,
        "heen": _omrekening(entry.get("heen")),
        "terug": _omrekening(entry.get("terug")),
        "afschaffing": Afschaffing(**entry["afschaffing"]) if "afschaffing" in entry else None,
        "zekerheid": entry.get("zekerheid", ""),
        "toelichting": entry.get("toelichting", ""),
    }
    prefix = f"{entry['in']}/" if "in" in entry else ""
    velden = _velden(entry["soort"], entry.get("velden", {}))
    for key in _expand(entry.get("sleutels", ())):
        yield Wijziging(sleutel=prefix + key, velden=velden, **shared)
    for member in entry.get("leden", ()):
        own = _velden(entry["soort"], member.get("velden", {})) or velden
        yield Wijziging(
            sleutel=prefix + member["sleutel"],
            naam=member.get("naam", ""),
            velden=own,
            positie=member.get("positie"),
            **shared,
        )


def _velden(soort: str, d: Mapping[str, Any]) -> tuple[Veld, ...]:
    gained = soort.endswith("-toegevoegd")
    return tuple(
        Veld(k, v[0], v[1]) if isinstance(v, list) else Veld(k, "", v) if gained else Veld(k, v, "")
        for k, v in d.items()
    )


def _expand(parts: Iterable[str]) -> Iterator[str]:
    for part in parts:
        span = re.fullmatch(r"(\d+)\.\.(\d+)", part)
        if span:
            yield from map(str, range(int(span[1]), int(span[2]) + 1))
        else:
            yield part


# -- from model to data ------------------------------------------------------------------------------------------


class _Flow(dict[str, Any]):
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


#: Texts that a reader of another YAML version would take for a number: `08`, `1.10`.
_NUMERIC = re.compile(r"[-+.]?\d[\d_.:eE+-]*")


def _text(dumper: Any, value: str) -> Any:  # noqa: ANN401
    style = "'" if _NUMERIC.fullmatch(value) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def dump_package(pakket: Pakket, header: str = "") -> str:
    """The package as YAML; reading it back gives the same package."""
    data = to_data(pakket)
    body = yaml.dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=116)
    comment = "".join(f"# {line}\n" for line in header.splitlines())
    return comment + str(body)


def to_data(p: Pakket) -> dict[str, Any]:
    """The package as plain data that follows the schema."""
    data: dict[str, Any] = {
        "van": p.van,
        "naar": p.naar,
        "titel": p.titel,
        "status": p.status,
        "datum": p.datum,
        "bron": list(p.bron),
        "klasse": _Flow(heen=str(p.klasse_heen), terug=str(p.klasse_terug)),
    }
    if p.toelichting:
        data["toelichting"] = p.toelichting
    if p.modus_heen or p.modus_terug:
        data["modus"] = _Flow(heen=p.modus_heen, terug=p.modus_terug)
    data["verzoeken"] = [_verzoek_data(v) for v in p.verzoeken.values()]
    data["wijzigingen"] = [_entry(group) for group in _groups(p.wijzigingen)]
    if p.regels:
        data["regels"] = [_filled(r) for r in p.regels]
    if p.verschillen:
        data["verschillen"] = [_filled(v) for v in p.verschillen]
    return data


def _filled(record: object) -> dict[str, Any]:
    """The fields of a dataclass that differ from their default."""
    result: dict[str, Any] = {}
    for f in fields(record):  # type: ignore[arg-type]
        value = getattr(record, f.name)
        if value != f.default and value not in (None, ()):
            result[f.name] = _FlowList(value) if isinstance(value, tuple) else value
    return result


def _verzoek_data(v: Verzoek) -> dict[str, Any]:
    data: dict[str, Any] = {"jgz": v.jgz, "titel": v.titel, "aanleiding": v.aanleiding, "besluit": v.besluit}
    if v.besluitdatum:
        data["besluitdatum"] = v.besluitdatum
    data["zekerheid"] = v.zekerheid
    if v.bron:
        data["bron"] = v.bron
    touched = _filled(v.geraakt)
    if touched:
        data["geraakt"] = touched
    if v.voorbeelden:
        data["voorbeelden"] = [_voorbeeld_data(x) for x in v.voorbeelden]
    return data


def _voorbeeld_data(x: Voorbeeld) -> dict[str, Any]:
    data: dict[str, Any] = {"richting": x.richting}
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


def _entry(group: list[Wijziging]) -> dict[str, Any]:
    w = group[0]
    data: dict[str, Any] = {"soort": w.soort}
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
        data["afschaffing"] = _filled(w.afschaffing) | {"vanaf": w.afschaffing.vanaf}
    if w.zekerheid:
        data["zekerheid"] = w.zekerheid
    if w.toelichting:
        data["toelichting"] = w.toelichting
    return data


def _member(w: Wijziging, key: str) -> dict[str, Any]:
    data: dict[str, Any] = {"sleutel": key}
    if w.naam:
        data["naam"] = w.naam
    if w.positie is not None:
        data["positie"] = w.positie
    if w.velden:
        data["velden"] = _Flow(_velden_data(w))
    return _Flow(data) if w.tabel == "code" else data


def _velden_data(w: Wijziging) -> dict[str, Any]:
    gained, lost = w.aspect == "toegevoegd", w.aspect == "vervallen"
    result: dict[str, Any] = {}
    for v in w.velden:
        plain = (gained and not v.van) or (lost and not v.naar)
        result[v.veld] = (v.naar if gained else v.van) if plain else _FlowList([v.van, v.naar])
    return result


def _omrekening_data(o: Omrekening) -> dict[str, Any]:
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
        if key.isdigit() and str(int(key)) == key and (not run or int(key) == run[-1] + 1):
            run.append(int(key))
            continue
        flush()
        if key.isdigit() and str(int(key)) == key:
            run.append(int(key))
        else:
            result.append(key)
    flush()
    return result
