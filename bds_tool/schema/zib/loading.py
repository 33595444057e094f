"""Reading `specs/zib/` without heavy libraries."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from bds_tool.base.errors import SpecError
from bds_tool.base.ranges import range_from_text
from bds_tool.base.specs import specs_dir
from bds_tool.base.text import t
from bds_tool.schema.zib.model import Codekoppeling, Concept, Koppeling, Zib, Zibkaart

MASTER = "bds-zib.sssom.tsv"


def load_zib() -> Zibkaart:
    """The mapping in `specs/zib/`. Raises SpecError with file and line when a row cannot be read."""
    return _load(str(specs_dir() / "zib"))


@lru_cache(maxsize=2)
def _load(root: str) -> Zibkaart:
    folder = Path(root)
    place = str(folder)
    try:
        place = str(folder / "codesystemen.csv")
        systems = [r for _, r in rows(folder / "codesystemen.csv")]
        place = str(folder / "zibs.csv")
        zibs = tuple(_zib(r) for _, r in rows(folder / "zibs.csv"))
        place = str(folder / "concepten.csv")
        concepts = {
            (c.release, c.concept): c for c in (_concept(r) for _, r in rows(folder / "concepten.csv"))
        }
        mappings = []
        for line, row in rows(folder / MASTER):
            place = f"{folder / MASTER}:{line}"
            mappings.append(read_mapping(row, line))
        lists = {}
        for path in sorted((folder / "waardenlijsten").glob("*.tsv")):
            place = str(path)
            lists[path.stem] = tuple(_code(path.stem, r, line) for line, r in rows(path))
    except (OSError, KeyError, ValueError, UnicodeDecodeError) as error:
        raise SpecError(
            t(
                f"De zib-mapping is niet te lezen: {place} ({type(error).__name__}: {error}).",
                f"The zib mapping cannot be read: {place} ({type(error).__name__}: {error}).",
            ),
            t(
                "Herstel deze regel; de kolommen staan in specs/_schemas/zib-koppeling.schema.json.",
                "Mend this line; the columns are in specs/_schemas/zib-koppeling.schema.json.",
            ),
        ) from error
    return Zibkaart(
        zibs,
        concepts,
        tuple(mappings),
        lists,
        {s["afkorting"]: s["uri"] for s in systems},
        {s["oid"]: s["uri"] for s in systems if s["oid"]},
    )


def rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows with their line number; lines that start with `#` above the header are skipped (SSSOM metadata)."""
    with path.open(encoding="utf-8", newline="") as file:
        skipped = 0
        position = file.tell()
        while (line := file.readline()).startswith("#"):
            skipped += 1
            position = file.tell()
        if not line:
            return
        file.seek(position)
        delimiter = "\t" if path.suffix == ".tsv" else ","
        yield from enumerate(csv.DictReader(file, delimiter=delimiter), start=skipped + 2)


def _zib(r: dict[str, str]) -> Zib:
    return Zib(
        r["release"], r["zib"], r["oid"], r["naam"], r["naam_en"], r["versie"], r["beoordeling_profiel"]
    )


def _concept(r: dict[str, str]) -> Concept:
    return Concept(
        r["release"],
        r["concept"],
        r["zib"],
        r["naam"],
        r["naam_en"],
        r["datatype"],
        r["cardinaliteit"],
        r["eenheid"],
        tuple(filter(None, r["profielen"].split("|"))),
        tuple(filter(None, r["fhir_elementen"].split("|"))),
        r["binding"],
        r["valueset"],
        r["code"],
    )


def read_mapping(r: dict[str, str], line: int) -> Koppeling:
    """A row of the mapping. Raises KeyError or ValueError for a row of another form."""
    return Koppeling(
        bdsnummer=int(r["subject_id"].removeprefix("bds:")),
        naam=r["subject_label"],
        predicaat=r["predicate_id"].removeprefix("skos:"),
        object_id=r["object_id"],
        object_naam=r["object_label"],
        zekerheid=float(r["confidence"]),
        versies=range_from_text(r["subject_source_version"]),
        release=r["object_source_version"],
        status=r["status"],
        profiel=r["fhir_profile"],
        pad=r["fhir_path"],
        code=r["fhir_code"],
        eenheid_bds=r["unit_bds"],
        eenheid_fhir=r["unit_fhir"],
        waardenlijst=r["value_list_map"],
        vorm=r["vorm"],
        plaats=r["plaats"],
        gevoelig=r["gevoelig"],
        bewijs=r["bewijs"],
        toelichting=r["comment"],
        regel=line,
    )


def _code(name: str, r: dict[str, str], line: int) -> Codekoppeling:
    return Codekoppeling(
        name,
        r["bds_code"],
        r["hl7_code"],
        r["weergavenaam"],
        r["relatie"],
        r["doel_systeem"],
        r["doel_code"],
        r["resultaat"],
        r["voorwaarde"],
        r["release"],
        r["bewijs"],
        line,
    )
