"""Checks of the mapping itself: every finding names the file, the line and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from bds_tool.base.checked_yaml import faults
from bds_tool.base.ranges import Range, order
from bds_tool.base.specs import read_yaml, specs_dir
from bds_tool.base.text import t
from bds_tool.findings.catalogue import load_catalogue
from bds_tool.findings.checked import Checked
from bds_tool.findings.finding import Finding
from bds_tool.schema import load, versions
from bds_tool.schema.model import Definition
from bds_tool.schema.zib.coverage import past
from bds_tool.schema.zib.loading import MASTER, load_zib, read_mapping, rows
from bds_tool.schema.zib.model import BEWEZEN, NO_TERM, Codekoppeling, Koppeling, Zibkaart
from bds_tool.schema.zib.shapes import load_vormen

#: Units between which the export can convert; outside a family a mapping is wrong.
FAMILIES = (
    ("mm", "cm", "m", "[in_i]"),
    ("g", "kg"),
    ("d", "wk", "mo", "a"),
    ("min", "h"),
    ("mm[Hg]",),
    ("kg/m2",),
    ("dB",),
    ("1",),
)
#: Units the vital-signs profiles allow for a measure (value sets ucum-bodylength and zib-BodyWeight-units).
PROFILE_UNITS = {
    "nl-core-BodyHeight": {"cm", "[in_i]"},
    "nl-core-HeadCircumference": {"cm", "[in_i]"},
    "nl-core-BodyWeight": {"g", "kg"},
    "nl-core-BloodPressure": {"mm[Hg]"},
}
WIDER, NARROWER = {"wider", "subsumes"}, {"narrower", "specializes"}


def _defect(code: str, place: str, text: str) -> Finding:
    """A finding at `file:line` under `specs/zib`, or on an element (`bds:235`) that has no line."""
    name, _, rest = place.partition(":")
    parameters = {"wat": text}
    if name == "bds":
        return Finding(code, f"specs/zib/{MASTER}", 0, parameters, key=rest, subject=f"element {rest}")
    line = int(rest) if rest else 0
    return Finding(code, f"specs/zib/{name}", line, parameters, key=text, subject=place)


def check(kaart: Zibkaart | None = None) -> list[Finding]:
    """All defects found, in order of place. An empty list means: consistent, not: right."""
    chosen = kaart or load_zib()
    definitions = {v: load(v) for v in covered(chosen)}
    found = [*_schema(), *_complete(chosen, definitions)]
    for row in chosen.koppelingen:
        found.extend(_row(chosen, row, definitions))
    for name, codes in chosen.lijsten.items():
        found.extend(_list(name, codes, definitions))
    return found


def checked(found: list[Finding], kaart: Zibkaart | None = None) -> Checked:
    """In the form of all checks; a check of every code says which hold as well."""
    root = specs_dir()
    files = [root / "zib" / MASTER, *sorted((root / "zib" / "waardenlijsten").glob("*.tsv"))]
    files.append(root / "zib" / "fhir" / "vormen.yaml")
    return Checked(
        "bds zib check",
        found,
        [f"specs/{p.relative_to(root).as_posix()}" for p in files],
        judged=[r.code for r in load_catalogue().rules.values() if r.family == "ZIB"],
        versions=covered(kaart or load_zib()),
    )


def covered(kaart: Zibkaart) -> tuple[str, ...]:
    """The known BDS versions from the first that the mapping speaks of; of these every element must have a row."""
    first = min((k.versies.since for k in kaart.koppelingen), key=order, default="")
    return Range(first).among(versions())


def row_faults(row: dict[str, str], definitions: dict[str, Definition]) -> list[str]:
    """What is wrong with one row of the mapping, as a change package brings it; `definitions` by version."""
    wrong = list(faults(row, "zib-koppeling"))
    if wrong:
        return wrong
    found = _row(load_zib(), read_mapping(row, 0), definitions)
    return [str(f.parameters["wat"]) for f in found]


def _schema() -> Iterator[Finding]:
    """The rows against their JSON Schema."""
    root = specs_dir() / "zib"
    files = [(root / MASTER, "zib-koppeling")]
    files += [(p, "zib-waardenlijst") for p in sorted((root / "waardenlijsten").glob("*.tsv"))]
    for path, kind in files:
        for line, row in rows(path):
            for fault in faults(row, kind):
                yield _defect("ZIB01", f"{path.name}:{line}", fault)
    forms = root / "fhir" / "vormen.yaml"
    for fault in faults(read_yaml(forms), "zib-vormen"):
        yield _defect("ZIB01", forms.name, fault)


def _complete(kaart: Zibkaart, definitions: dict[str, Definition]) -> Iterator[Finding]:
    for release in ("2017", "2020"):
        for n in sorted(set().union(*(d.elementen for d in definitions.values()))):
            if kaart.van(n, release) is None:
                yield _defect(
                    "ZIB02",
                    f"bds:{n}",
                    t(
                        f"element {n} heeft geen regel voor zib-release {release}",
                        f"element {n} has no row for zib release {release}",
                    ),
                )
    for (n, release), several in kaart.per_element.items():
        if len({r.status in BEWEZEN for r in several}) > 1:
            yield _defect(
                "ZIB03",
                f"bds:{n}",
                t(
                    f"release {release}: zowel een tegenhanger als geen tegenhanger",
                    f"release {release}: both a counterpart and none",
                ),
            )


def _row(kaart: Zibkaart, row: Koppeling, definitions: dict[str, Definition]) -> Iterator[Finding]:
    place = f"{MASTER}:{row.regel}"

    def fout(code: str, nl: str, en: str) -> Finding:
        return _defect(code, place, t(nl, en))

    n = row.bdsnummer
    for version, d in definitions.items():
        if row.versies.holds(version) != (n in d.elementen):
            yield fout(
                "ZIB04",
                f"element {n} staat {'niet ' if n not in d.elementen else ''}in BDS {version}",
                f"element {n} is {'not ' if n not in d.elementen else ''}in BDS {version}",
            )
    if row.status in BEWEZEN:
        concept = kaart.concepten.get((row.release, row.concept))
        if concept is None:
            yield fout(
                "ZIB05",
                f"concept {row.object_id} bestaat niet in release {row.release}",
                f"concept {row.object_id} does not exist in release {row.release}",
            )
    elif row.object_id != NO_TERM:
        yield fout(
            "ZIB06", f"status {row.status} hoort bij {NO_TERM}", f"status {row.status} belongs to {NO_TERM}"
        )
    if (row.status == "gemapt") != (row.predicaat == "exactMatch") and row.status in BEWEZEN:
        yield fout(
            "ZIB07",
            f"status {row.status} past niet bij {row.predicaat}",
            f"status {row.status} does not fit {row.predicaat}",
        )
    yield from _units(row, fout)
    yield from _direction(kaart, row, fout)
    form = load_vormen().vormen.get(row.vorm)
    if row.vorm and (form is None or (form.soort == "observatie" and row.plaats not in form.plaatsen)):
        yield fout(
            "ZIB14",
            f"vorm {row.vorm} met plaats {row.plaats} bestaat niet in vormen.yaml",
            f"form {row.vorm} with place {row.plaats} does not exist in vormen.yaml",
        )
    if row.waardenlijst and row.waardenlijst not in kaart.lijsten:
        yield fout(
            "ZIB10", f"vertaaltabel {row.waardenlijst} ontbreekt", f"code map {row.waardenlijst} is missing"
        )


def _units(row: Koppeling, fout: object) -> Iterator[Finding]:
    assert callable(fout)  # noqa: S101  # for the type checker only
    if row.eenheid_bds and row.eenheid_fhir:
        family = next((f for f in FAMILIES if row.eenheid_bds in f), ())
        if row.eenheid_fhir not in family:
            yield fout(
                "ZIB08",
                f"eenheid {row.eenheid_bds} kan geen {row.eenheid_fhir} worden",
                f"unit {row.eenheid_bds} cannot become {row.eenheid_fhir}",
            )
    allowed = PROFILE_UNITS.get(row.profiel)
    if allowed and row.eenheid_fhir and row.eenheid_fhir not in allowed:
        yield fout(
            "ZIB08",
            f"{row.profiel} staat {row.eenheid_fhir} niet toe ({', '.join(sorted(allowed))})",
            f"{row.profiel} does not allow {row.eenheid_fhir} ({', '.join(sorted(allowed))})",
        )


def _direction(kaart: Zibkaart, row: Koppeling, fout: object) -> Iterator[Finding]:
    """The relation of an element cannot be closer than the relations of its codes."""
    assert callable(fout)  # noqa: S101  # for the type checker only
    if row.status not in BEWEZEN or row.predicaat == "relatedMatch":
        return
    codes = [c for c in kaart.lijst(row.waardenlijst, row.release) if past(c.voorwaarde, row.bdsnummer)]
    wide = [c for c in codes if c.relatie in WIDER]
    narrow = [c for c in codes if c.relatie in NARROWER]
    if row.predicaat == "exactMatch" and (wide or narrow):
        yield fout(
            "ZIB09",
            f"exactMatch, maar {row.waardenlijst} heeft codes die ruimer of nauwer worden",
            f"exactMatch, but codes of {row.waardenlijst} become wider or narrower",
        )
    if row.predicaat == "narrowMatch" and wide and not narrow and row.bdsnummer not in _allowed_narrow():
        yield fout(
            "ZIB09",
            f"narrowMatch, maar {row.waardenlijst} heeft alleen codes die ruimer worden",
            f"narrowMatch, but codes of {row.waardenlijst} only become wider",
        )


@cache
def _allowed_narrow() -> frozenset[int]:
    # 461: a product is narrower than a combination of antigens, although three combinations lose a detail.
    return frozenset({461})


def _list(
    name: str, codes: tuple[Codekoppeling, ...], definitions: dict[str, Definition]
) -> Iterator[Finding]:
    known: set[str] = set()
    for d in definitions.values():
        for soort in ("BDS", "HL7"):
            values = d.waardenlijsten.get((name, soort))
            if values and (soort == "BDS" or (name, "BDS") not in d.waardenlijsten):
                known |= {c.code for c in values.codes if c.rij != "complete-codesystem"}
    have = {c.bds for c in codes if c.release == "2020"}
    for code in sorted(known - have):
        yield _defect(
            "ZIB11",
            f"waardenlijsten/{name}.tsv",
            t(f"code {code} van {name} heeft geen regel", f"code {code} of {name} has no row"),
        )
    for row in codes:
        place = f"waardenlijsten/{name}.tsv:{row.regel}"
        if row.bds not in known:
            yield _defect(
                "ZIB12",
                place,
                t(f"code {row.bds} staat niet in {name}", f"code {row.bds} is not in {name}"),
            )
        if row.gemapt != bool(row.code):
            yield _defect(
                "ZIB13",
                place,
                t(
                    f"code {row.bds}: {'doelcode ontbreekt' if row.gemapt else 'doelcode bij unmatched'}",
                    f"code {row.bds}: {'target code missing' if row.gemapt else 'target code with unmatched'}",
                ),
            )
