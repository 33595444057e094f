"""What a variable is: its label, definition, values and sources, from the BDS, the views or an indicator."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypedDict, cast

from bds_tool.base.errors import SpecError
from bds_tool.base.specs import read_yaml, specs_dir
from bds_tool.base.text import language, t
from bds_tool.export.comparing.meaning import bds_codes
from bds_tool.export.extracts.values import BIRTH_DATE, IDENTIFYING
from bds_tool.indicators.catalogue import load_all
from bds_tool.indicators.definitions import CONTACTS
from bds_tool.schema import load, newest, versions
from bds_tool.schema.coding import code_pairs

if TYPE_CHECKING:
    from bds_tool.export.cohort.definition import Asked, Moment
    from bds_tool.indicators.definitions import Indicator
    from bds_tool.schema import Element

#: Numbers of the child and of its parents: no definition can ask for them.
NEVER = frozenset({7, 655})
YES, NO = 1, 2


@dataclass(frozen=True)
class Value:
    """A value of a coded variable: the number in the files, the code in the BDS (empty for derived), its label."""

    number: int
    code: str
    label: str


class _DerivedValue(TypedDict):
    value: int
    label: dict[str, str]


class DerivedEntry(TypedDict, total=False):
    """One variable of specs/studie/afgeleid.yaml; empty for a column that is none."""

    name: str
    label: dict[str, str]
    definition: dict[str, str]
    view: str
    value: str
    where: str
    order: str
    per: str
    type: str
    decimals: int
    unit: str
    values: list[_DerivedValue]
    applies: str
    reached: str
    venster: str
    unreached: str
    without_row: str
    unresolved: str
    inputs: list[list[int]]
    certainty: str
    source: str


@dataclass(frozen=True)
class Column:
    """One column of the study. `kind`: number, integer, code, date or text.

    `per`: kind (one for the child) or dag; `inputs`: groups of elements of which one each is needed; `sources`: per
    version what the element is called; `spec` is the entry of afgeleid.yaml, `indicator` the definition.
    """

    name: str
    label: str
    definition: str
    kind: str
    per: str
    decimals: int
    unit: str
    values: tuple[Value, ...]
    inputs: tuple[frozenset[int], ...]
    certainty: str
    source: str
    sources: dict[str, str]
    identifying: bool
    moment: Moment | None
    element: int | None = None
    spec: DerivedEntry = field(default_factory=DerivedEntry)
    indicator: Indicator | None = None
    year: int | None = None

    @property
    def elements(self) -> frozenset[int]:
        return frozenset().union(*self.inputs)

    @property
    def measure(self) -> str:
        """Measurement level as SPSS names it."""
        return {"code": "nominal", "text": "nominal"}.get(self.kind, "scale")


@lru_cache(maxsize=4)
def _derived(_specs: str) -> dict[str, DerivedEntry]:
    found: dict[str, DerivedEntry] = {}
    for entry in read_yaml(specs_dir() / "studie" / "afgeleid.yaml")["variables"]:
        for word in entry.get("for", [""]):
            own = {k: _put(v, word) for k, v in entry.items() if k != "for"}
            found[str(own["name"])] = cast("DerivedEntry", own)
    return found


def _put(value: Any, word: str) -> Any:  # noqa: ANN401
    if isinstance(value, str):
        return value.replace("{}", word)
    return {k: _put(v, word) for k, v in value.items()} if isinstance(value, dict) else value


def derived() -> dict[str, DerivedEntry]:
    """Name → entry of specs/studie/afgeleid.yaml, with what stands for several written out."""
    return _derived(str(specs_dir()))


def columns(asked: Iterable[Asked], moments: dict[str, Moment]) -> list[Column]:
    """The columns of all variables in order. Raises SpecError that names what does not exist or may not be asked."""
    out: list[Column] = []
    wrong: list[str] = []
    for v in asked:
        try:
            made = {"element": _of_element, "derived": _of_derived, "indicator": _of_indicator}[v.source](v)
        except SpecError as error:
            wrong.append(error.message)
            continue
        for name in v.moments or ("",):
            moment = moments.get(name)
            if moment and made.per == "kind":
                wrong.append(t(f"{v.name} is er één per kind, niet per moment", f"{v.name} is one per child, not per moment"))  # fmt: skip
            facts = {
                "name": f"{v.name}_{name}" if name else v.name,
                "moment": moment,
                "label": f"{v.label or made.label}{f' ({name})' if name else ''}",
            }
            out.append(Column(**(vars(made) | facts)))
    if wrong:
        raise SpecError("; ".join(wrong[:5]) + ".", t("`bds spec list`, `bds indicator list` en specs/studie/afgeleid.yaml zeggen wat er is.",
                        "`bds spec list`, `bds indicator list` and specs/studie/afgeleid.yaml say what there is."))  # fmt: skip
    return out


def _of_derived(v: Asked) -> Column:
    entry = derived().get(v.what)
    if entry is None:
        raise SpecError(
            t(
                f"{v.name}: afgeleide variabele {v.what} bestaat niet",
                f"{v.name}: there is no derived variable {v.what}",
            )
        )
    lang = language()
    values = tuple(Value(x["value"], "", x["label"][lang]) for x in entry.get("values", ()))
    inputs = tuple(frozenset(g) for g in entry["inputs"])
    numbers = sorted(frozenset().union(*inputs)) if inputs else []
    return Column(
        v.name, entry["label"][lang], entry["definition"][lang], entry["type"], entry["per"], entry.get("decimals", 0),
        entry.get("unit", ""), values, inputs, entry["certainty"], entry["source"], _names(numbers), False, None, None, entry,
    )  # fmt: skip


def _of_indicator(v: Asked) -> Column:
    i = load_all().get(v.what)
    if i is None:
        raise SpecError(
            t(f"{v.name}: indicator {v.what} bestaat niet", f"{v.name}: there is no indicator {v.what}")
        )
    if i.kind == "tarief" or i.view in CONTACTS:
        raise SpecError(t(f"{v.name}: {v.what} telt contacten, geen kinderen", f"{v.name}: {v.what} counts contacts, not children"))  # fmt: skip
    mean = i.kind == "gemiddelde"
    values = () if mean else (Value(YES, "", t("ja", "yes")), Value(NO, "", t("nee", "no")))
    title = i.data["titel_en"] if language() == "en" else i.data["titel"]
    definition = t(
        f"Indicator {i.id} in {v.year}: noemer {i.denominator}; {i.value if mean else 'teller ' + i.numerator}.",
        f"Indicator {i.id} in {v.year}: denominator {i.denominator}; {i.value if mean else 'numerator ' + i.numerator}.",
    )
    return Column(
        v.name, f"{title}, {v.year}", definition, "number" if mean else "code", "kind", 3 if mean else 0,
        str(i.data["eenheid"]) if mean else "", values, tuple(frozenset(g) for g in i.delivery), str(i.data["zekerheid"]),
        str(i.data["bron"]), _names(i.bds_elements()), False, None, None, {}, i, v.year,
    )  # fmt: skip


# ---- ELEMENTS ---- #


def _of_element(v: Asked) -> Column:
    number = int(v.what)
    found = {w: load(w).elementen[number] for w in versions() if number in load(w).elementen}
    if not found or number in NEVER:
        raise SpecError(
            t(f"{v.name}: element {number} bestaat niet", f"{v.name}: there is no element {number}")
            if not found
            else t(f"{v.name}: een BSN gaat nooit mee; vraag link_bsn", f"{v.name}: a BSN never goes along; ask link_bsn")
        )  # fmt: skip
    newest_one = found.get(newest()) or list(found.values())[-1]
    kind = _kind(found.values())
    if kind == "code" and not values_of(number):
        kind = "text"  # the list is elsewhere: what stands there could be anything
    closed = kind != "text" and number != BIRTH_DATE and not any(e.hl7_datatype in IDENTIFYING for e in found.values())  # fmt: skip
    if not closed and not v.identifying:
        raise SpecError(t(f"{v.name}: element {number} maakt een kind herkenbaar; vraag het met identifying: true",
                          f"{v.name}: element {number} makes a child recognisable; ask for it with identifying: true"))  # fmt: skip
    as_age = kind == "date" and not v.identifying
    label = newest_one.naam + (t(", leeftijd in dagen", ", age in days") if as_age else "")
    definition = t(
        f"Element {number} zoals vastgelegd; twee verschillende waarden op een dag tellen niet.",
        f"Element {number} as recorded; two different values of one day do not count.",
    )
    return Column(
        v.name, label, definition, "integer" if as_age else kind, "dag", 0, "d" if as_age else newest_one.eenheid,
        values_of(number) if kind == "code" else (), (frozenset({number}),), newest_one.zekerheid, newest_one.bron,
        {w: e.naam for w, e in found.items()}, v.identifying, None, number,
    )  # fmt: skip


def _kind(elements: Iterable[Element]) -> str:
    """What all versions agree on; else text."""
    kinds = {_kind_of(e) for e in elements if e.datatype or e.hl7_datatype}
    return kinds.pop() if len(kinds) == 1 else "text"


def _kind_of(e: Element) -> str:
    if e.hl7_datatype in IDENTIFYING:
        return "text"
    by_type = {"BL": "code", "KL_AN": "code", "PQ": "number", "INT": "number", "TS": "date"}
    return by_type.get(e.datatype, "text")


@lru_cache(maxsize=512)
def _values_of(number: int, _specs: str, _lang: str) -> tuple[tuple[Value, ...], dict[tuple[str, str], int]]:
    """The values in all versions, and (version, code as recorded) → number; a nullFlavor is written `<OTH>`."""
    labels: dict[str, str] = {}
    written: dict[tuple[str, str], str] = {}
    boolean = False
    for version in versions():
        element = load(version).elementen.get(number)
        if element is None:
            continue
        pairs = code_pairs(load(version), element.waardenlijst) if element.waardenlijst else ()
        boolean |= element.datatype == "BL" or (not pairs and element.hl7_datatype == "BL")
        for pair in pairs:
            if pair.bds is not None or not (pair.hl7 and pair.hl7.nullflavor):
                code = (pair.bds or pair.hl7).code  # type: ignore[union-attr]
                labels[code] = pair.naam or code
        if pairs:
            own = bds_codes(version, element.waardenlijst)
            written |= {(version, k): c for k, c in own.items() if c in labels}
    if boolean and not labels:
        labels = {"1": t("ja", "yes"), "2": t("nee", "no")}
        said = {"1": "1", "2": "2", "true": "1", "false": "2", "0": "2"}
        written = {(w, k): c for w in versions() for k, c in said.items()}
    ordered = sorted(labels, key=lambda c: (not c.isdecimal(), int(c) if c.isdecimal() else 0, c))
    plain = all(c.isdecimal() and len(c) < 7 for c in ordered) and len({int(c) for c in ordered}) == len(
        ordered
    )
    numbers = {c: int(c) if plain else place for place, c in enumerate(ordered, 1)}
    values = tuple(Value(numbers[c], c, labels[c]) for c in ordered)
    return values, {k: numbers[c] for k, c in written.items()}


def values_of(number: int) -> tuple[Value, ...]:
    """The values of a coded element in the BDS coding, of all versions, the label of the newest that has it."""
    return _values_of(number, str(specs_dir()), language())[0]


def coded(number: int) -> dict[tuple[str, str], int]:
    """(version, code as a source writes it, or `<nullFlavor>`) → the number in the files."""
    return _values_of(number, str(specs_dir()), language())[1]


def _names(numbers: Iterable[int]) -> dict[str, str]:
    """Version → the elements by number and name, at most six."""
    out = {}
    for version in versions():
        there = [f"{n} {load(version).elementen[n].naam}" for n in numbers if n in load(version).elementen]
        more = f" … ({len(there)})" if len(there) > 6 else ""
        if there:
            out[version] = "; ".join(there[:6]) + more
    return out
