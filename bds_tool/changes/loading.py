"""Reading `specs/wijzigingen/<from>-<to>.yaml`, or a folder of that name with a file for every request.

Entries may stand for many changes. In a folder `pakket.yaml` says what the package is; every other file holds one
request with its changes, so that two people who each write a request never touch the same file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from bds_tool.base.checked_yaml import faults
from bds_tool.base.errors import SpecError, UsageError
from bds_tool.base.names import child
from bds_tool.base.small import small_text
from bds_tool.base.specs import NoYaml, parse_yaml, specs_dir
from bds_tool.base.text import t
from bds_tool.changes.package import (
    Afschaffing,
    Deel,
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

#: What a request may say besides.
MORE = ("eigenaar", "prioriteit", "titel_en", "aanleiding_en")
#: The file of a folder that holds what is no request.
HEAD = "pakket.yaml"


def packages() -> list[tuple[str, str]]:
    """The (from, to) pairs that have a package in `specs/wijzigingen`, oldest first."""
    folder = specs_dir() / "wijzigingen"
    found = [p.stem for p in folder.glob("*-*.yaml")] + [p.parent.name for p in folder.glob(f"*-*/{HEAD}")]
    return sorted((a, b) for a, _, b in (name.partition("-") for name in dict.fromkeys(found)))


def find(van: str, naar: str) -> Path:
    """The folder or file of a package; the path of the file where there is none."""
    folder = child(specs_dir() / "wijzigingen", f"{van}-{naar}")
    return folder if (folder / HEAD).is_file() else folder.with_name(f"{folder.name}.yaml")


def files(path: Path) -> list[Path]:
    """The files of a package: itself, or in a folder its head and then its requests by name."""
    return (
        [path / HEAD, *sorted(p for p in path.glob("*.yaml") if p.name != HEAD)] if path.is_dir() else [path]
    )


def load_package(name: str | Path) -> Pakket:
    """The package of a file, or of a name such as `4.1.3-4.2.0`.

    Raises UsageError when there is none and SpecError, with the place, when the file does not follow the schema.
    """
    path = Path(name)
    if not path.exists() and path.suffix not in {".yaml", ".yml"}:
        parts = re.split(r"-|→|>", str(name), maxsplit=1)
        path = find(parts[0].strip(), parts[-1].strip())
    if not files(path)[0].is_file():
        known = ", ".join(f"{a}-{b}" for a, b in packages()) or "—"
        raise UsageError(
            t(f"Wijzigingspakket {name} is er niet.", f"There is no change package {name}."),
            t(
                f"Geef een bestand of map, of kies uit: {known}.",
                f"Give a file or folder, or choose one of: {known}.",
            ),
        )
    return _load(path.resolve(), tuple((f.name, f.stat().st_mtime_ns, f.stat().st_size) for f in files(path)))


def known_requests(old: str, new: str) -> dict[tuple[str, str], tuple[str, ...]]:
    """The JGZ numbers by change, from the change package of two versions; empty when there is none."""
    path = find(old, new)
    if not path.exists():
        return {}
    return {
        w.id: numbered
        for w in load_package(path).wijzigingen
        if (numbered := tuple(j for j in w.jgz if j.startswith("JGZ")))
    }


@lru_cache(maxsize=8)
def _load(path: Path, _stamp: tuple[tuple[str, int, int], ...]) -> Pakket:
    if path.is_file():
        return parse_package(_text(path), str(path))
    head, *others = files(path)
    data = read_package_file(head)
    _check_schema(data, str(head))
    requests: list[object] = []
    changes: list[object] = []
    rules: list[object] = [*data.get("regels", ())]
    for other in others:
        part = read_package_file(other)
        _check_schema(part, str(other))
        if "verzoek" not in part:
            raise SpecError(
                t(f"{other}: hier hoort een verzoek.", f"{other}: a request is expected here."),
                t(f"Alleen {HEAD} is geen verzoek.", f"Only {HEAD} is no request."),
            )
        requests.append(part["verzoek"])
        changes += ({"jgz": [part["verzoek"]["jgz"]], **entry} for entry in part["wijzigingen"])
        rules += part.get("regels", ())
    return _pakket({**data, "verzoeken": requests, "wijzigingen": changes, "regels": rules})


def read_package_file(path: Path) -> Any:  # noqa: ANN401
    """What a file of a package holds."""
    return read_yaml_text(_text(path), str(path))


def _text(path: Path) -> str:
    try:
        return small_text(path)
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(
            t(f"{path} is niet te lezen.", f"{path} cannot be read."),
            t("Een pakket is tekst in UTF-8.", "A package is text in UTF-8."),
        ) from error


def parse_package(text: str, place: str = "-") -> Pakket:
    """A package from YAML text; `place` is named in errors."""
    data = read_yaml_text(text, place)
    _check_schema(data, place)
    if "verzoeken" not in data:
        raise SpecError(
            t(f"{place} is een deel van een pakket.", f"{place} is a part of a package."),
            t("Geef de map waarin het staat.", "Give the folder it is in."),
        )
    return _pakket(data)


def read_yaml_text(text: str, place: str) -> Any:  # noqa: ANN401
    """What YAML holds. Raises SpecError that names the line; a key that is given twice is an error too."""
    try:
        return parse_yaml(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "line", None)
        where = f"{place}:{line}" if line else place
        kind = str(error) if isinstance(error, NoYaml) else type(error).__name__
        raise SpecError(
            t(
                f"{where}: dit is geen leesbare YAML ({kind}).",
                f"{where}: this is not readable YAML ({kind}).",
            ),
            t(
                "Kijk naar inspringing, aanhalingstekens en dubbele sleutels.",
                "Look at indentation, quotes and double keys.",
            ),
        ) from error


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
            t(
                "Zie specs/_schemas/wijzigingspakket.schema.json.",
                "See specs/_schemas/wijzigingspakket.schema.json.",
            ),
        )


# -- from data to model ------------------------------------------------------------------------------------------


def _pakket(d: Mapping[str, Any]) -> Pakket:
    modus = d.get("modus", {})
    requests = [v["jgz"] for v in d["verzoeken"]]
    changes = tuple(w for entry in d["wijzigingen"] for w in read_changes(entry))
    # The class of a package follows from its changes; who writes it down has it checked.
    klasse = d.get("klasse", {})
    low = ChangeClass.GEEN
    return Pakket(
        van=d["van"],
        naar=d["naar"],
        titel=d["titel"],
        status=d["status"],
        datum=d["datum"],
        bron=tuple(d["bron"]),
        klasse_heen=_class(klasse["heen"])
        if klasse
        else max((w.klasse_heen or low for w in changes), default=low),
        klasse_terug=_class(klasse["terug"])
        if klasse
        else max((w.klasse_terug or low for w in changes), default=low),
        verzoeken={v["jgz"]: read_request(v) for v in d["verzoeken"]},
        wijzigingen=changes,
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


def read_request(d: Mapping[str, Any]) -> Verzoek:
    """A request from its data."""
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
        mee=tuple(_record(Deel, {**x, "id": str(x["id"])}) for x in d.get("mee", ())),
        **{k: d.get(k, "") for k in MORE},
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


def read_changes(entry: Mapping[str, Any]) -> Iterator[Wijziging]:
    """The changes of one entry of `wijzigingen`."""
    shared = {
        "soort": entry["soort"],
        "jgz": tuple(entry.get("jgz", ())),
        "klasse_heen": _class(entry["klasse"]["heen"]) if "klasse" in entry else None,
        "klasse_terug": _class(entry["klasse"]["terug"]) if "klasse" in entry else None,
        "heen": _omrekening(entry.get("heen")),
        "terug": _omrekening(entry.get("terug")),
        "afschaffing": _record(Afschaffing, entry["afschaffing"]) if "afschaffing" in entry else None,
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
