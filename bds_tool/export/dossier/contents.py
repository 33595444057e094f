"""Everything in a dossier as lines for people: name, meaning of the code, unit, day, and what the rules say of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict, cast

from bds_tool.base.checked_yaml import read_checked
from bds_tool.base.specs import specs_dir
from bds_tool.base.text import language, number, t
from bds_tool.base.vocabulary import told
from bds_tool.store.columns import Registratie

if TYPE_CHECKING:
    from bds_tool.export.dossier.opening import Dossier

#: The type of what is never shown, whatever is asked: the BSN of the child and of parents.
BSN = "II.NL.BSN"


class Domain(TypedDict):
    naam: dict[str, str]
    rubrieken: list[str]


class LeftOut(TypedDict):
    """A part that a copy leaves out, and why: rubrieken or elements, but not the exceptions."""

    reden: dict[str, str]
    rubrieken: NotRequired[list[str]]
    elementen: NotRequired[list[int]]
    behalve: NotRequired[list[int]]


class Copy(TypedDict):
    zekerheid: str
    bron: str
    weggelaten: list[LeftOut]


class Arrangement(TypedDict):
    """The order of the page, the rubrieken that are masked, and the copy."""

    domeinen: list[Domain]
    afgeschermd: list[str]
    afschrift: Copy


@dataclass(frozen=True)
class Line:
    """One registratie. `text` is what people read; `masked` when it is not shown; `remarks`: (code, severity, title)."""

    nr: int
    number: int | None
    name: str
    text: str
    masked: bool
    day: date | None
    activity: str | None
    instance: int | None
    rubriek: str
    remarks: tuple[tuple[str, str, str], ...]
    doubt: str = ""


class _Numbered(Registratie):
    nr: int


@dataclass(frozen=True)
class Contents:
    """The lines of a dossier, in its order."""

    lines: tuple[Line, ...]
    rubrieken: dict[str, str]
    arrangement: Arrangement

    @cached_property
    def by_rubriek(self) -> dict[str, list[Line]]:
        found: dict[str, list[Line]] = {}
        for line in self.lines:
            found.setdefault(line.rubriek, []).append(line)
        return found

    def domains(self) -> Iterator[tuple[str, list[tuple[str, str, list[Line]]]]]:
        """(title, [(rubriek, its name, lines)]) for each domain that has lines; the rest comes last."""
        left = dict(self.by_rubriek)
        for domain in self.arrangement["domeinen"]:
            held = [(r, self.rubrieken.get(r, ""), left.pop(r)) for r in domain["rubrieken"] if r in left]
            if held:
                yield domain["naam"][language()], held
        if left:
            held = [(r, self.rubrieken.get(r, ""), lines) for r, lines in sorted(left.items())]
            yield t("Overig", "Other"), held

    def of(self, *numbers: int) -> list[Line]:
        return [line for line in self.lines if line.number in numbers]

    def last(self, number: int) -> Line | None:
        """The newest line of an element; without days the last one."""
        found = self.of(number)
        return max(found, key=lambda line: (line.day or date.min, line.nr), default=None)


def arrangement() -> Arrangement:
    """`specs/dossier/bladzijde.yaml`: the order of the page, what is masked, and what a copy leaves out."""
    return cast("Arrangement", read_checked(specs_dir() / "dossier" / "bladzijde.yaml", "dossier"))


def contents(dossier: Dossier, doubted: dict[int, str], *, show: bool) -> Contents:
    """All lines. Without `show` names, addresses, numbers of persons and free text are masked; a BSN always is."""
    import polars as pl

    from bds_tool.formats.registry import coding_of
    from bds_tool.schema import load
    from bds_tool.validate.tables import element_name

    definition = load(dossier.version)
    coding = {r["bron"]: coding_of(r["formaat"]) for r in dossier.sources.iter_rows(named=True)}
    remarks = _remarks(dossier)
    arranged = arrangement()
    about_persons = frozenset(arranged["afgeschermd"])
    lines = []
    named = dossier.rows.with_columns(pl.col(pl.Categorical).cast(pl.String)).iter_rows(named=True)
    for row in cast("Iterator[_Numbered]", named):
        number_ = row["bdsnummer"]
        element = definition.elementen.get(number_ or 0)
        rubriek = row["rubriek"] or (element.rubriek if element else "") or ""
        if row["eenheid"] and not show:
            row["eenheid"] = told(row["eenheid"])
        text, plain = _text(definition, element, row, coding.get(row["bron"], "BDS"))
        masked = (element is not None and element.hl7_datatype == BSN) or (
            not show and not plain and (rubriek in about_persons or _typed(element, row["waarde"]))
        )
        lines.append(
            Line(
                row["nr"],
                number_,
                (element.naam if element else element_name(number_))
                or row["pad"]
                or t("onbekend", "unknown"),
                "" if masked else text,
                masked,
                row["datum"],
                row["activiteit_id"],
                row["volgnr"],
                rubriek,
                remarks.get(row["nr"], ()),
                doubted.get(row["nr"], ""),
            )
        )
    return Contents(tuple(lines), {r: v.naam for r, v in definition.rubrieken.items()}, arranged)


def _place(path: str | None, *, show: bool) -> str:
    """What has no name is told by its place; the words of it that no definition knows only when that was asked for."""
    if not path:
        return t("onbekend", "unknown")
    return path if show else told(path)


#: What a measurement, a count or a day looks like; anything else in such an element is a word that people typed.
_MEASURED = re.compile(r"[+-]?[0-9]{1,12}([.,][0-9]{1,12})?")
_DAY = re.compile(r"[0-9]{4}(-[0-9]{2}){0,2}([T ][0-9:.+-]{2,20})?|[0-9]{6,14}")


def _typed(element: Any, value: str | None) -> bool:  # noqa: ANN401
    """Text that people typed, or a number of a person; not what was measured, chosen or dated."""
    if element is None:
        return True
    kinds = {element.datatype, element.hl7_datatype}
    form = _DAY if "TS" in kinds else _MEASURED if kinds & {"PQ", "INT", "REAL"} else None
    return form is None or value is None or form.fullmatch(value) is None


def _text(definition: Any, element: Any, row: Registratie, coding: str) -> tuple[str, bool]:  # noqa: ANN401
    """(what to read, whether it is a coded answer or a reason why there is none: never about who someone is)."""
    value = row["waarde"]
    if value is None:
        return _absent(row["nullflavor"]), row["tekst"] is None
    if element is not None and element.coded:
        for kind in (coding, "BDS", "HL7", "extern"):
            known = definition.waardenlijst(element, kind)
            code = known.find(value) if known else None
            if code:
                return f"{code.weergavenaam} ({value})", True
        return value, False
    if value in {"true", "false"}:
        return (t("ja", "yes") if value == "true" else t("nee", "no")), True
    unit = row["eenheid"] or (element.eenheid if element else "") or ""
    return f"{_number(value)} {unit}".strip(), False


def _number(value: str) -> str:
    """A measurement with the decimal sign of the reader; anything else as it stands."""
    whole, dot, part = value.partition(".")
    if dot and whole.lstrip("-").isdecimal() and part.isdecimal():
        return number(float(value), len(part))
    return value


def _absent(nullflavor: str | None) -> str:
    words = {
        "UNK": t("onbekend", "unknown"),
        "NI": t("geen informatie", "no information"),
        "ASKU": t("gevraagd, niet bekend", "asked, not known"),
        "NASK": t("niet gevraagd", "not asked"),
        "NA": t("niet van toepassing", "not applicable"),
        "MSK": t("afgeschermd door de bron", "masked by the source"),
        "OTH": t("anders", "other"),
    }
    return words.get(nullflavor or "", t("geen waarde", "no value"))


def _remarks(dossier: Dossier) -> dict[int, tuple[tuple[str, str, str], ...]]:
    """Nr of a registratie → findings about it. A finding without one value stands at none: see `about_all`."""
    import polars as pl

    out: dict[int, list[tuple[str, str, str]]] = {}
    for finding in dossier.findings.iter_rows(named=True):
        if finding["bdsnummer"] is None:
            continue
        same = (
            (pl.col("bdsnummer") == finding["bdsnummer"])
            & (pl.col("bron") == finding["bron"])
            & pl.col("activiteit_id").eq_missing(pl.lit(finding["activiteit_id"], pl.String))
            & pl.col("waarde").eq_missing(pl.lit(finding["waarde"], pl.String))
        )
        for nr in dossier.rows.filter(same)["nr"].to_list():
            remark = (finding["code"], finding["severity"], title(finding["code"]))
            if remark not in out.setdefault(nr, []):
                out[nr].append(remark)
    return {nr: tuple(found) for nr, found in out.items()}


def title(code: str) -> str:
    from bds_tool.findings.catalogue import load_rules

    rule = load_rules().rules.get(code)
    return str(rule.title) if rule else code


def about_all(dossier: Dossier, lines: Contents) -> list[tuple[str, str, str, int]]:
    """Findings that stand at no line: (code, severity, title, how often)."""
    shown = {code for line in lines.lines for code, *_ in line.remarks}
    left: dict[tuple[str, str, str], int] = {}
    for finding in dossier.findings.iter_rows(named=True):
        if finding["code"] not in shown:
            key = (finding["code"], finding["severity"], title(finding["code"]))
            left[key] = left.get(key, 0) + 1
    return [(*key, n) for key, n in sorted(left.items())]
