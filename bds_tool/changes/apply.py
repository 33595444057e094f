"""Carrying out a package on its source definition: the next version, as a definition and as a folder."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bds_tool.base.errors import UsageError
from bds_tool.base.files import atomic_dir
from bds_tool.base.text import t
from bds_tool.schema import loading
from bds_tool.schema.diff.comparing import REST, code_keys
from bds_tool.schema.diff.rows import Row, code_row, element_row, groep_row, lijst_row, rubriek_row
from bds_tool.schema.model import Definition, Waardenlijst

if TYPE_CHECKING:
    from bds_tool.changes.package import Pakket, Wijziging
    from bds_tool.schema.diff.changes import Change


class ApplyProblem(UsageError):
    """A change that does not fit the definition; `change` names it."""

    def __init__(self, change: Wijziging, why: str) -> None:
        self.change = change
        self.why = why
        super().__init__(
            t(f"{change.soort} {change.sleutel} past niet op de definitie: {why}.",
              f"{change.soort} {change.sleutel} does not fit the definition: {why}."),
            t("`bds change check` noemt alle plaatsen.", "`bds change check` names all places."),
        )  # fmt: skip


def apply_package(pakket: Pakket, old: Definition) -> Definition:
    """The definition after all changes of the package. Raises ApplyProblem at the first change that does not fit."""
    tables: dict[str, dict[str, Row]] = {
        "rubriek": {r.rubriek: rubriek_row(r) for r in old.rubrieken.values()},
        "groep": {g.groep: groep_row(g) for g in old.groepen.values()},
        "element": {str(e.bdsnummer): element_row(e) for e in old.elementen.values()},
        "definitie": {
            pakket.naar: {
                "versie": pakket.naar,
                "interactie": old.interactie,
                "datum": old.datum,
                "bron": old.bron,
            }
        },
    }
    keys = {"rubriek": "rubriek", "groep": "groep", "element": "bdsnummer"}
    shapes = {name: list(next(iter(rows.values()))) for name, rows in tables.items()}
    for w in pakket.wijzigingen:
        if w.tabel in keys:
            _row_change(w, tables[w.tabel], keys[w.tabel], shapes[w.tabel])
        elif w.tabel == "definitie":
            _set(w, tables["definitie"].get(w.sleutel))
    _compose(pakket, tables["element"], tables["groep"], old)
    head = tables["definitie"][pakket.naar]
    return Definition(
        version=pakket.naar,
        interactie=head["interactie"],
        datum=head["datum"],
        bron=head["bron"],
        rubrieken={k: loading._rubriek(r) for k, r in _sorted(tables["rubriek"])},  # noqa: SLF001 - same package
        groepen={k: loading._groep(r) for k, r in _sorted(tables["groep"])},  # noqa: SLF001
        elementen={int(k): loading._element(r) for k, r in _sorted(tables["element"])},  # noqa: SLF001
        waardenlijsten=_lists(pakket, old),
    )


#: Changes of an element after which its group has other members.
_MEMBERSHIP = frozenset({"element-toegevoegd", "element-vervallen", "element-verplaatst"})


def follows(change: Change, others: Iterable[Change | Wijziging]) -> bool:
    """Whether a change needs no word of its own: the members of a group follow from elements that come, go or move."""
    return change.soort == "groep-samenstelling" and any(c.soort in _MEMBERSHIP for c in others)


def _compose(pakket: Pakket, elements: Mapping[str, Row], groups: Mapping[str, Row], old: Definition) -> None:
    """Let elements that come, go or move join and leave their groups; what the package says of a group itself holds."""
    told = {w.sleutel for w in pakket.wijzigingen if w.soort == "groep-samenstelling"}
    for w in pakket.wijzigingen:
        if w.soort not in _MEMBERSHIP or w.nummer is None:
            continue
        before, now = old.elementen.get(w.nummer), elements.get(w.sleutel)
        places = before.groepen if before is not None else ()
        there = now["groep"].split("/") if now is not None and now["in_bericht"] == "ja" else []
        for name in {*places, *there} - told - {""}:
            row = groups.get(name)
            if row is None or row["in_bericht"] != "ja":
                continue
            members = {int(n) for n in row["elementen"].split()} - {w.nummer}
            # A group lists the elements that stand in it itself, not those of the groups inside it.
            members |= {w.nummer} if there and there[-1] == name else set()
            row["elementen"] = " ".join(map(str, sorted(members)))


def _sorted(rows: Mapping[str, Row]) -> list[tuple[str, Row]]:
    return sorted(rows.items(), key=lambda item: (int(item[0]) if item[0].isdecimal() else 0, item[0]))


def _row_change(w: Wijziging, rows: dict[str, Row], key: str, shape: list[str]) -> None:
    present = w.sleutel in rows
    if w.aspect == "toegevoegd" and not present:
        blank = dict.fromkeys(shape, "") | {key: w.sleutel}
        rows[w.sleutel] = blank | ({"in_bericht": "nee"} if "in_bericht" in shape else {})
        rows[w.sleutel] |= {v.veld: v.naar for v in w.velden}
        return
    if (
        w.aspect == "vervallen"
        and w.veld("in_bericht") is not None
        and w.velden[0].naar == ""
        and _whole(w, rows)
    ):
        del rows[w.sleutel]
        return
    if w.aspect == "vervallen" and "in_bericht" not in shape and present:
        del rows[w.sleutel]
        return
    _set(w, rows.get(w.sleutel))


def _whole(w: Wijziging, rows: Mapping[str, Row]) -> bool:
    """Whether the row itself goes, and not only its place in the message."""
    flip = w.veld("in_bericht")
    return w.sleutel in rows and flip is not None and flip.naar == ""


def _set(w: Wijziging, row: Row | None) -> None:
    if row is None:
        raise ApplyProblem(w, t("de rij is er niet", "the row is not there"))
    for v in w.velden:
        if v.veld not in row:
            raise ApplyProblem(w, t(f"kolom {v.veld} bestaat niet", f"column {v.veld} does not exist"))
        van, naar = v.van, v.naar
        if van.endswith(REST) and naar.endswith(REST):
            head = van[: -len(REST)]
            if not row[v.veld].startswith(head):
                raise ApplyProblem(w, _other(v.veld))
            row[v.veld] = naar[: -len(REST)] + row[v.veld][len(head) :]
            continue
        if row[v.veld] != van:
            raise ApplyProblem(w, _other(v.veld))
        row[v.veld] = naar


def _other(column: str) -> str:
    return t(f"in kolom {column} staat iets anders", f"column {column} holds something else")


# -- value lists -------------------------------------------------------------------------------------------------


def _lists(pakket: Pakket, old: Definition) -> dict[tuple[str, str], Waardenlijst]:
    heads = {"/".join(k): lijst_row(w) for k, w in old.waardenlijsten.items()}
    codes = {
        "/".join(k): dict(zip(code_keys(w.codes), map(code_row, w.codes), strict=True))
        for k, w in old.waardenlijsten.items()
    }
    shape = [
        "waardenlijst",
        "soort",
        "valueset",
        "naam",
        "ingang",
        "versielabel",
        "status",
        "in_bericht",
        "bron",
    ]
    added: dict[str, list[tuple[int, str, Row]]] = {}
    order: dict[str, list[str]] = {}
    gone: set[str] = set()
    for w in pakket.wijzigingen:
        if w.tabel == "lijst":
            if w.aspect == "toegevoegd":
                number, soort = w.sleutel.rsplit("/", 1)
                heads[w.sleutel] = dict.fromkeys(shape, "") | {"waardenlijst": number, "soort": soort}
                heads[w.sleutel] |= {v.veld: v.naar for v in w.velden}
                codes.setdefault(w.sleutel, {})
            elif w.aspect == "vervallen":
                gone.add(w.sleutel)
            elif w.aspect == "volgorde":
                order[w.sleutel] = w.velden[0].naar.split(" ")
            else:
                _set(w, heads.get(w.sleutel))
        elif w.tabel == "code":
            _code_change(w, codes, added)
    for name, new in added.items():
        rows = list(codes.get(name, {}).items())
        for place, key, row in sorted(new, key=lambda item: item[0]):
            rows.insert(place, (key, row))
        codes[name] = dict(rows)
    for name, listed in order.items():
        codes[name] = {k: codes[name][k] for k in listed if k in codes[name]}
    result = {}
    for name in sorted(heads, key=lambda n: tuple(n.rsplit("/", 1))):
        if name not in gone:
            number, soort = name.rsplit("/", 1)
            result[number, soort] = _list(heads[name], codes.get(name, {}).values())
    return result


def _code_change(
    w: Wijziging, codes: dict[str, dict[str, Row]], added: dict[str, list[tuple[int, str, Row]]]
) -> None:
    number, soort, key = w.sleutel.split("/", 2)
    name = f"{number}/{soort}"
    if w.aspect == "toegevoegd":
        row: Row = dict.fromkeys(
            ("codesysteem", "rij", "code", "weergavenaam", "niveau", "status", "nullflavor"), ""
        )
        row |= {v.veld: v.naar for v in w.velden}
        place = w.positie if w.positie is not None else len(codes.get(name, {})) + len(added.get(name, []))
        added.setdefault(name, []).append((place, key, row))
        return
    row_there = codes.get(name, {}).get(key)
    if row_there is None:
        raise ApplyProblem(w, t("de code staat niet in de lijst", "the code is not in the list"))
    if w.aspect == "vervallen":
        del codes[name][key]
        return
    _set(w, row_there)
    if w.aspect == "codesysteem":
        # The key follows the code system, the place in the list stays.
        _, _, rest = key.partition("/")
        renamed = f"{row_there['codesysteem']}/{rest}"
        codes[name] = {renamed if k == key else k: row for k, row in codes[name].items()}


def _list(head: Row, codes: Iterable[Row]) -> Waardenlijst:
    from bds_tool.schema.model import Code

    return Waardenlijst(
        head["waardenlijst"],
        head["soort"],
        tuple(head["valueset"].split(" ")) if head["valueset"] else ("",),
        head["naam"],
        head["ingang"],
        head["versielabel"],
        head["status"],
        head["in_bericht"] == "ja",
        head["bron"],
        tuple(
            Code(c["codesysteem"], c["code"], c["weergavenaam"], c["rij"], int(c["niveau"]) if c["niveau"] else None,
                 c["status"], c["nullflavor"] == "ja")
            for c in codes
        ),
    )  # fmt: skip


# -- to a folder -------------------------------------------------------------------------------------------------


def write_definition(
    definition: Definition, folder: Path, template: Path, *, draft: bool = False, replace: bool = False
) -> None:
    """The definition as `rubrieken.csv … datapackage.json` in `folder`; `template` is the folder of the old version.

    A draft is marked as one: it is then never chosen for data that name no version.
    Reading the folder back gives the definition, list by list and code by code. Rows keep the order of their keys and
    nothing is numbered, so that a request changes the lines of what it changes and no other.
    """
    package = json.loads((template / "datapackage.json").read_text(encoding="utf-8"))
    package |= {
        "name": f"bds-{definition.version.replace('.', '-')}",
        "title": f"Basisdataset JGZ {definition.version}",
        "version": definition.version,
        "created": definition.datum[:10],
        "sources": [{"title": definition.bron}],
    }
    package["bds"] = {"interactie": definition.interactie, "datum": definition.datum, "bron": definition.bron}
    if draft:
        package["bds"]["status"] = "concept"
    lijsten, codes = _list_rows(definition, template)
    with atomic_dir(folder, replace=replace) as temporary:
        for name, rows in (
            ("rubrieken", [rubriek_row(r) for r in definition.rubrieken.values()]),
            ("groepen", [groep_row(g) for g in definition.groepen.values()]),
            ("elementen", [element_row(e) for e in definition.elementen.values()]),
            ("lijsten", lijsten),
            ("waardenlijsten", codes),
        ):
            (temporary / f"{name}.csv").write_text(_csv(rows), encoding="utf-8", newline="")
        text = json.dumps(package, ensure_ascii=False, indent=2)
        (temporary / "datapackage.json").write_text(text + "\n", encoding="utf-8")


def _list_rows(definition: Definition, template: Path) -> tuple[list[Row], list[Row]]:
    """The rows of lists and codes. A list that did not change keeps its rows: value sets may differ in their source."""
    before: dict[str, list[Row]] = {}
    for row in loading.read_rows(str(template), "lijsten.csv"):
        before.setdefault(row["lijst"], []).append(row)
    old = loading._waardenlijsten(template)  # noqa: SLF001 - same package
    lijsten: list[Row] = []
    codes: list[Row] = []
    for (number, soort), w in sorted(definition.waardenlijsten.items()):
        key, head = f"{number}/{soort}", lijst_row(w)
        shown = {"lijst": key, "waardenlijst": number if number.startswith("W") else "", "soort": soort}
        was = old.get((number, soort))
        if was is not None and lijst_row(was) == head:
            lijsten += before[key]
        else:
            lijsten += [
                {**shown, **head, "waardenlijst": shown["waardenlijst"], "valueset": v} for v in w.valuesets
            ]
        codes += [{**shown, **code_row(c)} for c in w.codes]
    return lijsten, codes


def _csv(rows: list[Row]) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()
