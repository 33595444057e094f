"""What a result says of itself (`_result.json`), as types: `specs/_schemas/resultaat.schema.json`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NotRequired, Required, TypeAlias, TypedDict, cast

if TYPE_CHECKING:
    import polars as pl


class Break(TypedDict):
    """From which version something is recorded in another way."""

    versie: str
    toelichting: str


class Published(TypedDict):
    """A national figure, in the unit of the indicator."""

    waarde: float
    periode: str
    bron: str


class DefinitionTold(TypedDict, total=False):
    """An indicator as it was counted."""

    hash: Required[str]
    title: Required[str]
    title_en: str | None
    theme: str
    unit: Required[str]
    scale: float
    kind: Required[str]
    view: str
    sensitivity: str
    sensitive_side: str
    polarity: str
    certainty: str
    source: str | None
    since: str | None
    until: str | None
    additive: bool | None
    breakdowns: list[str] | None
    caveats: list[str] | None
    elements: list[int] | None
    breaks: list[Break] | None
    published: list[Published] | None


Period = TypedDict(
    "Period",
    {
        "from": int,
        "to": int,
        "label": str | None,
        "yearly": bool,
        "rolling": NotRequired[int],
        "reference_date": str,
    },
)


class SourceTold(TypedDict, total=False):
    """A file that was counted."""

    path: str
    file: str | None
    sha256: str | None
    organisation: str | None
    dossiers: int | None
    rows: int | None
    bds: str | None
    format: str | None


class Doubt(TypedDict, total=False):
    """Whether values were judged before they were counted, and how many were left out."""

    judged: bool | None
    file: str | None
    values: dict[str, int] | None


class SettingsTold(TypedDict, total=False):
    """The choices that a count was made with."""

    education: str
    education_classes: str
    origin: str
    growth_chart: str
    clothes: str
    place: str
    cutoff: str
    reference: str
    confidence: float
    alpha: float
    multiplicity: str


class PolicyTold(TypedDict, total=False):
    """The policy that protected, as far as it is told; `sources`: title and address."""

    id: str
    sources: list[dict[str, str]]


class SumRelation(TypedDict):
    """Parts that exclude each other, in a whole (None: the denominator); `complete`: together they are all of it."""

    kind: Literal["som"]
    whole: str | None
    parts: list[str]
    complete: bool


class SameDenominator(TypedDict):
    """Indicators with equal population and denominator."""

    kind: Literal["noemer"]
    of: list[str]


class MeanOfShare(TypedDict):
    """The mean of what the share counts."""

    kind: Literal["gemiddelde"]
    mean: str
    share: str


#: How indicators hang together.
Relation: TypeAlias = SumRelation | SameDenominator | MeanOfShare


class LeftOutTold(TypedDict, total=False):
    """Who does not count and why, in multiples of `base`: of the run, and by indicator."""

    base: int
    run: dict[str, int | None]
    indicators: dict[str, dict[str, int | None]]


#: Of one indicator why children do not count in it, and how many: its name, numbers and None.
FlowRow: TypeAlias = dict[str, int | str | None]


class AreaFile(TypedDict):
    """A table of areas that was used."""

    kind: str
    year: int | None
    file: str


class AreaFacts(TypedDict, total=False):
    """The division of areas that everything is shown in, and the tables it was made with."""

    division: int | None
    files: list[AreaFile]


class NotDelivered(TypedDict):
    """Years of which these organisations deliver none of the elements of an indicator."""

    indicator: str
    organisation: str
    years: list[int]


class MergedTold(TypedDict):
    """One of the results that were added up; what is published does not name it."""

    result: NotRequired[str]
    sources: int


class ResultTold(TypedDict):
    """The whole. A key that a reader needs and that lacks is told as such (`result.read_result`)."""

    layout: NotRequired[int]  # `write_result` fills it in
    status: str
    created: str
    program: str
    definitions: dict[str, DefinitionTold]
    relations: NotRequired[list[Relation]]
    bds_versions: list[str]
    period: Period
    levels: list[str]
    by: list[str]
    inside: NotRequired[list[str]]
    notes: dict[str, list[str]]
    empty_areas: NotRequired[Sequence[Sequence[str | None]]]
    sources: list[SourceTold]
    area_tables: AreaFacts
    settings: SettingsTold
    doubt: NotRequired[Doubt]
    objections_kept: NotRequired[bool | None]
    flow: NotRequired[Mapping[str, int | None] | None]
    indicator_flow: NotRequired[list[FlowRow] | None]
    not_delivered: NotRequired[list[NotDelivered]]
    policy: NotRequired[PolicyTold]
    populations: NotRequired[dict[str, object]]
    whole: NotRequired[list[str]]
    statuses: NotRequired[dict[str, int]]
    audit: NotRequired[dict[str, object]]
    left_out: NotRequired[LeftOutTold | None]
    standardised: NotRequired[dict[str, object]]
    merged: NotRequired[list[MergedTold]]
    round: NotRequired[dict[str, object]]


class ProtectedTold(TypedDict, total=False):
    """What a protected result says of itself: what of the count may leave the house, and how it was protected."""

    layout: int
    status: str
    created: str
    program: str
    definitions: dict[str, DefinitionTold]
    relations: list[Relation]
    bds_versions: list[str]
    period: Period
    levels: list[str]
    by: list[str]
    area_tables: AreaFacts
    settings: SettingsTold
    notes: dict[str, list[str]]
    policy: PolicyTold
    populations: dict[str, int]
    whole: list[str]
    statuses: dict[str, int]
    method: str
    proven: bool
    audit: dict[str, bool]
    merged: list[MergedTold]
    standardised: dict[str, object]
    unplaced: bool
    left_out: LeftOutTold | None


class Row(TypedDict):
    """One row of a result, by the columns of `result.COLUMNS`."""

    indicator: str
    level: str
    area: str
    area_name: str
    parent: str | None
    period: str
    sex: str
    education: str
    age: str
    origin: str
    mother_age: str
    n: int | None
    x: int | None
    missing: int | None
    value: float | None
    lower: float | None
    upper: float | None
    method: str | None
    reference: float | None
    reference_test: str | None
    trend: str | None
    reliability: str | None
    status: str


def breakdowns_of(row: Row) -> dict[str, str]:
    """The words of a row by `result.BREAKDOWNS`."""
    return {
        "sex": row["sex"],
        "education": row["education"],
        "age": row["age"],
        "origin": row["origin"],
        "mother_age": row["mother_age"],
    }


def rows_of(frame: pl.DataFrame) -> Iterator[Row]:
    return cast("Iterator[Row]", frame.iter_rows(named=True))


def period_label(meta: ResultTold) -> str:
    """The period as people say it; empty where the result does not tell it."""
    return (meta["period"].get("label") or "") if "period" in meta else ""
