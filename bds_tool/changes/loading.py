"""Reading `specs/wijzigingen/<from>-<to>.yaml`; entries there may stand for many changes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from bds_tool.base.checked_yaml import faults
from bds_tool.base.errors import SpecError, UsageError
from bds_tool.base.specs import specs_dir
from bds_tool.base.text import t
from bds_tool.changes.package import (
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
from bds_tool.schema.diff.changes import ChangeClass, Veld

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


def known_requests(old: str, new: str) -> dict[tuple[str, str], tuple[str, ...]]:
    """The JGZ numbers by change, from the change package of two versions; empty when there is none."""
    path = find(old, new)
    if not path.is_file():
        return {}
    return {
        w.id: numbered
        for w in load_package(path).wijzigingen
        if (numbered := tuple(j for j in w.jgz if j.startswith("JGZ")))
    }


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

    if not isinstance(data, dict):
        # Nothing of the file is quoted: it may be an export that was given by mistake.
        raise SpecError(
            t(f"{place} is geen wijzigingspakket.", f"{place} is no change package."),
            t("Begin er een met `bds change new`.", "Start one with `bds change new`."),
        )
    if found := faults(data, "wijzigingspakket"):
        told = "; ".join(found)
        raise SpecError(
            t(f"{place} volgt het schema niet. {told}", f"{place} does not follow the schema. {told}"),
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
