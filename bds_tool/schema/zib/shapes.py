"""The forms of `specs/zib/fhir/vormen.yaml`: which elements come together in one resource, and where."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Required, TypedDict

from bds_tool.base.errors import SpecError
from bds_tool.base.specs import read_yaml, specs_dir
from bds_tool.base.text import t


@dataclass(frozen=True, slots=True)
class Plaats:
    """A place in an observation: the value itself, a component with its code, or the note."""

    naam: str
    nodig: bool = False
    component: str = ""
    notitie: bool = False
    vertaald: bool = False
    getal: bool = False
    leeftijd: bool = False
    grenzen: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Vorm:
    """One kind of resource; see the head of the YAML file for what the fields mean."""

    naam: str
    soort: str
    resource: str
    profiel: str
    per: str
    groep: str
    moment: str
    categorie: str
    codes: tuple[str, ...]
    lichaamsdeel: tuple[str, str] | None
    plaatsen: dict[str, Plaats]
    model: str = ""
    bereik: str = ""

    @property
    def enkel(self) -> bool:
        """Whether one row makes one resource."""
        return len(self.plaatsen) == 1


@dataclass(frozen=True, slots=True)
class Vormen:
    basis: str
    vormen: dict[str, Vorm]


def load_vormen() -> Vormen:
    """Raises SpecError when the file is absent or a form lacks a field."""
    return _load(str(specs_dir()))


@lru_cache(maxsize=2)
def _load(root: str) -> Vormen:
    path = Path(root) / "zib" / "fhir" / "vormen.yaml"
    data = read_yaml(path)
    try:
        return Vormen(data["profielbasis"], {n: _vorm(n, v) for n, v in data["vormen"].items()})
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise SpecError(
            t(
                f"{path} is niet te lezen ({type(error).__name__}: {error}).",
                f"{path} cannot be read ({type(error).__name__}: {error}).",
            ),
            t(
                "Vergelijk met specs/_schemas/zib-vormen.schema.json.",
                "Compare with specs/_schemas/zib-vormen.schema.json.",
            ),
        ) from error


class _Side(TypedDict):
    code: str
    zijde: str


class _Spot(TypedDict, total=False):
    nodig: bool
    component: str
    notitie: bool
    vertaald: bool
    getal: bool
    leeftijd: bool
    grenzen: list[int]


class _Form(TypedDict, total=False):
    """A form as `specs/zib/vormen.yaml` writes it."""

    soort: Required[str]
    resource: Required[str]
    per: Required[str]
    profiel: str
    groep: str
    moment: str
    categorie: str
    codes: list[str]
    lichaamsdeel: _Side
    plaatsen: dict[str, _Spot | None]
    model: str
    bereik: str


def _vorm(naam: str, v: _Form) -> Vorm:
    part = v.get("lichaamsdeel")
    return Vorm(
        naam,
        v["soort"],
        v["resource"],
        v.get("profiel", ""),
        v["per"],
        v.get("groep", ""),
        v.get("moment", ""),
        v.get("categorie", ""),
        tuple(v.get("codes", ())),
        (part["code"], part["zijde"]) if part else None,
        {p: _plaats(p, o or {}) for p, o in v.get("plaatsen", {}).items()},
        v.get("model", ""),
        v.get("bereik", ""),
    )


def _plaats(naam: str, o: _Spot) -> Plaats:
    limits = o.get("grenzen")
    return Plaats(
        naam,
        bool(o.get("nodig")),
        o.get("component", ""),
        bool(o.get("notitie")),
        bool(o.get("vertaald")),
        bool(o.get("getal")),
        bool(o.get("leeftijd")),
        (limits[0], limits[1]) if limits else None,
    )
