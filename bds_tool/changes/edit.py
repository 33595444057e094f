"""Changing a package: adding a change with its consequences, and telling two packages apart."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from bds_tool.base.errors import UsageError
from bds_tool.base.text import t
from bds_tool.changes.apply import apply_package, follows
from bds_tool.changes.new import UNNUMBERED, as_wijziging, sort_changes, whole_lists
from bds_tool.changes.package import Omrekening, Pakket, Verzoek, Wijziging
from bds_tool.changes.place import new_element, place
from bds_tool.schema.diff.changes import Veld
from bds_tool.schema.diff.classes import overall
from bds_tool.schema.diff.comparing import ASPECTS, code_keys, diff
from bds_tool.schema.diff.rows import code_row, element_row, groep_row, lijst_row, rubriek_row
from bds_tool.schema.units import convert, read_factor, units, written
from bds_tool.schema.units import factor as unit_factor

if TYPE_CHECKING:
    from bds_tool.schema.model import Definition

#: Kinds that `bds change add` takes: presence and the aspects of every table.
ADDABLE = sorted(
    {f"{tabel}-{aspect}" for tabel in ("rubriek", "groep", "element", "lijst", "code") for aspect in ("toegevoegd", "vervallen")}
    | {f"{tabel}-{a}" for tabel, columns in ASPECTS.items() for a in columns.values() if tabel != "definitie"}
)  # fmt: skip


def empty_package(old: Definition, naar: str, titel: str = "") -> Pakket:
    """A package without changes, to which changes are added one by one."""
    title = titel or t(f"BDS {old.version} naar {naar}", f"BDS {old.version} to {naar}")
    geen, _ = overall([])
    return Pakket(old.version, naar, title, "concept", "", (f"specs/bds/{old.version}",), geen, geen, {}, ())


def add_change(
    pakket: Pakket,
    old: Definition,
    soort: str,
    sleutel: str,
    values: Mapping[str, str],
    jgz: str,
    titel: str = "",
    aanleiding: str = "",
    factor: str = "",
) -> tuple[Pakket, list[Wijziging]]:
    """The package with one more change and what follows from it, and the list of changes that came in.

    Classes, default conversions, deprecation notes and changes that follow (the elements of a group) are made; what
    the package already said about other changes stays. Raises UsageError for an unknown kind, key or column.
    """
    if soort not in ADDABLE:
        raise UsageError(
            t(f"Soort wijziging {soort} bestaat niet.", f"There is no kind of change {soort}."),
            t(f"Kies uit: {', '.join(ADDABLE)}.", f"Choose one of: {', '.join(ADDABLE)}."),
        )
    check_key(soort, sleutel)
    draft = apply_package(pakket, old)
    one = _change(draft, soort, sleutel, values)
    target = apply_package(replace(pakket, van=draft.version, wijzigingen=(one,)), draft)
    result = rebase(pakket, old, target, jgz or UNNUMBERED, titel, aanleiding)
    if one.aspect == "eenheid":
        result = _with_factor(result, one, factor)
    known = {w.id: w for w in pakket.wijzigingen}
    return result, [w for w in result.wijzigingen if known.get(w.id) != w]


def check_key(soort: str, sleutel: str) -> None:
    """Raises UsageError for a key that no such row can have: `0245`, `G87`."""
    from bds_tool.changes.check_outcome import KEYS

    pattern = KEYS.get(soort.partition("-")[0])
    if pattern and not re.fullmatch(pattern, sleutel):
        raise UsageError(
            t(f"{sleutel} is geen sleutel van {soort}.", f"{sleutel} is no key of {soort}."),
            t("Schrijf 510, G087, R012, W0114/HL7 of W0114/HL7/<oid>/24.", "Write 510, G087, R012, W0114/HL7 or W0114/HL7/<oid>/24."),
        )  # fmt: skip


def _with_factor(pakket: Pakket, one: Wijziging, stated: str) -> Pakket:
    """The package with the factor of a changed unit: that of UCUM, or the stated one where UCUM has none.

    Raises UsageError for a factor that UCUM contradicts, and where neither knows one.
    """
    unit = next(v for v in one.velden if v.veld == "eenheid")
    real = unit_factor(unit.van, unit.naar)
    try:
        said = read_factor(stated) if stated else real
    except ValueError as error:
        raise UsageError(
            t(f"Factor {stated} is geen getal.", f"Factor {stated} is no number."),
            t("Schrijf een getal of een breuk, zoals 0.001 of 1/7.", "Write a number or a fraction, such as 0.001 or 1/7."),
        ) from error  # fmt: skip
    if real is not None and said != real:
        raise UsageError(
            t(f"Factor {stated} past niet: 1 {unit.van} is {written(real)} {unit.naar}.",
              f"Factor {stated} does not fit: 1 {unit.van} is {written(real)} {unit.naar}."),
            t("Laat --factor weg; dan vult bds haar in.", "Leave --factor out; bds then fills it in."),
        )  # fmt: skip
    if said is None:
        unknown = [u for u in (unit.van, unit.naar) if u not in units()]
        raise UsageError(
            t(f"Tussen {unit.van or '—'} en {unit.naar or '—'} is geen factor bekend"
              + (f": {', '.join(u or '—' for u in unknown)} staat niet in de tabel van eenheden." if unknown else ": zij meten iets anders."),
              f"No factor is known between {unit.van or '—'} and {unit.naar or '—'}"
              + (f": {', '.join(u or '—' for u in unknown)} is not in the table of units." if unknown else ": they measure something else.")),
            t("Gebruik een eenheid van UCUM (specs/bds/eenheden.csv) of geef --factor.",
              "Use a unit of UCUM (specs/bds/eenheden.csv) or give --factor."),
        )  # fmt: skip
    there, back = Omrekening("reken", factor=written(said)), Omrekening("reken", factor=written(1 / said))
    listed = (replace(w, heen=there, terug=back) if w.id == one.id else w for w in pakket.wijzigingen)
    return replace(pakket, wijzigingen=tuple(listed))


def rebase(
    pakket: Pakket, old: Definition, target: Definition, jgz: str, titel: str = "", aanleiding: str = ""
) -> Pakket:
    """The package that leads to `target`: what it said about a change stays, new changes get request `jgz`."""
    changes = diff(old, target, {})
    whole = whole_lists(changes)
    before = pakket.by_id
    made_of: dict[tuple[str, str], Wijziging] = {}
    for c in changes:
        if c.id not in before and follows(c, changes):
            continue
        made = as_wijziging(c, whole, pakket.naar, (jgz,))
        if made.positie is not None and _at_the_end(made, old, target):
            # Two people who each add a code write no place that the other would have to change.
            made = replace(made, positie=None)
        said = before.get(c.id)
        if said is not None:
            made = replace(
                said,
                velden=made.velden,
                positie=None if said.positie is None else made.positie,
                klasse_heen=made.klasse_heen,
                klasse_terug=made.klasse_terug,
            )
        made_of[made.id] = made
    # What was there keeps its place; what is new comes after it.
    listed = [made_of.pop(w.id) for w in pakket.wijzigingen if w.id in made_of]
    listed += sort_changes(made_of.values())
    requests = dict(pakket.verzoeken)
    if jgz not in requests and any(jgz in w.jgz for w in listed):
        requests[jgz] = Verzoek(
            jgz, titel or jgz, aanleiding or "onbekend", "ingediend", "A" if jgz.startswith("JGZ") else "C"
        )
    forward, backward = overall(changes)
    return replace(
        pakket,
        wijzigingen=tuple(listed),
        verzoeken=requests,
        klasse_heen=forward,
        klasse_terug=backward,
    )


def _at_the_end(w: Wijziging, old: Definition, target: Definition) -> bool:
    """Whether an added code stands after all codes that were there before."""
    if w.lijst is None or w.lijst not in target.waardenlijsten:
        return False
    before = old.waardenlijsten.get(w.lijst)
    kept = set(code_keys(before.codes)) if before else set()
    keys = code_keys(target.waardenlijsten[w.lijst].codes)
    return not any(k in kept for k in keys[w.positie or 0 :])


def _row(d: Definition, tabel: str, sleutel: str) -> dict[str, str] | None:
    """The present row of what a change is about, None when it is not there."""
    if tabel == "rubriek":
        return rubriek_row(d.rubrieken[sleutel]) if sleutel in d.rubrieken else None
    if tabel == "groep":
        return groep_row(d.groepen[sleutel]) if sleutel in d.groepen else None
    if tabel == "element":
        number = int(sleutel) if sleutel.isdecimal() else -1
        return element_row(d.elementen[number]) if number in d.elementen else None
    parts = sleutel.split("/")
    lijst = d.waardenlijsten.get((parts[0], parts[1])) if len(parts) > 1 else None
    if tabel == "lijst":
        return lijst_row(lijst) if lijst else None
    key = "/".join(parts[2:])
    codes = dict(zip(code_keys(lijst.codes), lijst.codes, strict=True)) if lijst else {}
    return code_row(codes[key]) if key in codes else None


def _change(d: Definition, soort: str, sleutel: str, values: Mapping[str, str]) -> Wijziging:
    tabel, _, aspect = soort.partition("-")
    row = _row(d, tabel, sleutel)
    if aspect == "toegevoegd":
        if row is not None and row.get("in_bericht") != "nee":
            raise UsageError(
                t(f"{sleutel} bestaat al in deze versie.", f"{sleutel} exists in this version already."),
                t(
                    "Nummers worden nooit hergebruikt: kies een nieuw nummer.",
                    "Numbers are never reused: take a new one.",
                ),
            )
        return _added(d, soort, sleutel, values)
    if row is None:
        raise UsageError(
            t(
                f"{sleutel} staat niet in de definitie ({tabel}).",
                f"{sleutel} is not in the definition ({tabel}).",
            ),
            t("Zoek het nummer op met `bds spec search`.", "Look the number up with `bds spec search`."),
        )
    if aspect == "vervallen":
        if "in_bericht" in row and tabel in {"element", "groep"}:
            changed = {"in_bericht": "nee", "status": f"vervallen in {d.version}"}
            velden = tuple(Veld(k, row[k], v) for k, v in changed.items() if k in row)
            return Wijziging(soort, sleutel, row.get("naam", ""), velden)
        return Wijziging(
            soort, sleutel, row.get("naam", ""), tuple(Veld(k, v, "") for k, v in row.items() if v)
        )
    unknown = [k for k in values if k not in row]
    if unknown or not values:
        raise UsageError(
            t(f"Kolom {', '.join(unknown) or '?'} bestaat niet bij {tabel}.", f"Column {', '.join(unknown) or '?'} does not exist for {tabel}."),
            t(f"Geef --set kolom=waarde; kolommen: {', '.join(row)}.", f"Give --set column=value; columns: {', '.join(row)}."),
        )  # fmt: skip
    if tabel == "element" and {"rubriek", "groep"} & values.keys():
        # An element that moves takes its path along.
        moved = {
            **row,
            **values,
            "pad": values.get("pad", ""),
            "locatie_soort": values.get("locatie_soort", ""),
        }
        values = {**place(d, int(sleutel), moved), **values}
    by = unit_factor(row["eenheid"], values.get("eenheid", "")) if tabel == "element" else None
    if by is not None:
        # Limits are numbers in the same unit.
        scaled = {k: convert(row[k], by) or row[k] for k in ("minimum", "maximum") if row[k]}
        values = {**scaled, **values}
    return Wijziging(
        soort,
        sleutel,
        row.get("naam", ""),
        tuple(Veld(k, row[k], v) for k, v in values.items() if row[k] != v),
    )


def _added(d: Definition, soort: str, sleutel: str, values: Mapping[str, str]) -> Wijziging:
    tabel = soort.partition("-")[0]
    defaults: dict[str, dict[str, str]] = {
        "element": {},
        "groep": {"in_bericht": "ja", "register_type": "L"},
        "rubriek": {"register_type": "L", "binding": "activiteitgebonden"},
        "lijst": {"in_bericht": "ja", "status": "draft"},
        "code": {"rij": "concept", "niveau": "0", "status": "L"},
    }
    row = {**defaults[tabel], **values}
    if tabel == "element":
        row = new_element(d, int(sleutel), values)
    elif tabel == "code":
        _, _, system, code = [*sleutel.split("/", 3), "", "", ""][:4]
        row = {"codesysteem": system, "code": code.lstrip("!*"), **row}
    elif tabel == "lijst":
        row.setdefault("naam", sleutel.partition("/")[0])
    velden = tuple(Veld(k, "", v) for k, v in row.items() if v)
    return Wijziging(soort, sleutel, row.get("naam") or row.get("weergavenaam", ""), velden)


def package_changes(before: Pakket, after: Pakket) -> list[tuple[str, str, str]]:
    """What differs between two packages: (place, before or —, after or —), by change, request and head."""
    found: list[tuple[str, str, str]] = []
    for f in fields(Pakket):
        if f.name in {"wijzigingen", "verzoeken", "regels", "verschillen"}:
            continue
        found += _compared(f"pakket.{f.name}", getattr(before, f.name), getattr(after, f.name))
    pairs: list[tuple[str, Mapping[Any, Any], Mapping[Any, Any]]] = [
        ("verzoek", before.verzoeken, after.verzoeken),
        (
            "",
            {" ".join(k): v for k, v in before.by_id.items()},
            {" ".join(k): v for k, v in after.by_id.items()},
        ),
        ("regel", {r.id: r for r in before.regels}, {r.id: r for r in after.regels}),
        ("verschil", {r.id: r for r in before.verschillen}, {r.id: r for r in after.verschillen}),
    ]
    for kind, old, new in pairs:
        for key in dict.fromkeys([*old, *new]):
            place = f"{kind} {key}".strip()
            if key not in new:
                found.append((place, t("aanwezig", "present"), "—"))
            elif key not in old:
                found.append((place, "—", t("aanwezig", "present")))
            elif old[key] != new[key]:
                for f in fields(old[key]):
                    found += _compared(
                        f"{place}.{f.name}", getattr(old[key], f.name), getattr(new[key], f.name)
                    )
    return found


def _compared(place: str, old: object, new: object) -> list[tuple[str, str, str]]:
    return [] if old == new else [(place, short(old), short(new))]


def short(value: object) -> str:
    """A value in at most 160 characters."""
    text = "—" if value is None else str(value)
    return text if len(text) <= 160 else text[:157] + "…"
