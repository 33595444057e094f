"""Pandera contracts: of the canonical tables, of findings, and per rubriek and version for users' own frames.

The contracts and the engine share one set of expressions, so a frame that passes a contract has no findings of
families 1xx and 2xx on values and places. Pandera checks only the schema of a LazyFrame unless told otherwise;
`check` therefore collects first.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

import pandera.polars as pa
import polars as pl

from bds_tool.base.errors import UsageError
from bds_tool.base.text import t
from bds_tool.findings.catalogue import load_rules
from bds_tool.formats.registry import coding_of
from bds_tool.schema import load, newest
from bds_tool.validate.checks import structure, values
from bds_tool.validate.checks.base import Check, Setting
from bds_tool.validate.tables import tables

if TYPE_CHECKING:
    from pandera.api.polars.types import PolarsData


class Registraties(pa.DataFrameModel):
    """One row per recorded value; the columns of `bds_tool.store.columns.REGISTRATIES`."""

    dossier_id: str
    activiteit_id: str = pa.Field(nullable=True)
    datum: pl.Date = pa.Field(nullable=True)
    bdsnummer: pl.Int32 = pa.Field(nullable=True, gt=0)
    rubriek: pl.Categorical = pa.Field(nullable=True)
    groep: pl.Categorical = pa.Field(nullable=True)
    volgnr: pl.Int32 = pa.Field(nullable=True, ge=0)
    waarde: str = pa.Field(nullable=True)
    eenheid: pl.Categorical = pa.Field(nullable=True)
    codesysteem: pl.Categorical = pa.Field(nullable=True)
    nullflavor: pl.Categorical = pa.Field(nullable=True)
    tekst: str = pa.Field(nullable=True)
    bron: pl.Int32
    regel: pl.Int64 = pa.Field(nullable=True)
    pad: pl.Categorical = pa.Field(nullable=True)

    class Config:
        strict = True
        ordered = True


class Bronnen(pa.DataFrameModel):
    """One row per input file."""

    bron: pl.Int32 = pa.Field(unique=True)
    pad: str
    formaat: str = pa.Field(nullable=True)
    rijen: pl.Int64 = pa.Field(nullable=True, ge=0)
    bds_herkend: str = pa.Field(nullable=True)


class Meldingen(pa.DataFrameModel):
    """What readers noticed."""

    code: str = pa.Field(str_matches=r"^BDS\d{3}$")
    bron: pl.Int32
    regel: pl.Int64 = pa.Field(nullable=True)
    parameters: str = pa.Field(nullable=True)


class Findings(pa.DataFrameModel):
    """Rows of `findings.parquet`: examples of what was found."""

    code: str = pa.Field(str_matches=r"^BDS\d{3}$")
    severity: str = pa.Field(isin=["fout", "waarschuwing", "info"])
    dossier_id: str = pa.Field(nullable=True)
    activiteit_id: str = pa.Field(nullable=True)
    bdsnummer: pl.Int32 = pa.Field(nullable=True)
    waarde: str = pa.Field(nullable=True)
    bron: pl.Int32 = pa.Field(nullable=True)
    regel: pl.Int64 = pa.Field(nullable=True)
    pad: str = pa.Field(nullable=True)
    parameters: str = pa.Field(nullable=True)

    class Config:
        strict = True
        ordered = True


class Totals(pa.DataFrameModel):
    """Exact numbers per rule, source and element."""

    code: str
    bron: pl.Int32 = pa.Field(nullable=True)
    bdsnummer: pl.Int32 = pa.Field(nullable=True)
    n: pl.Int64 = pa.Field(gt=0)
    severity: str = pa.Field(isin=["fout", "waarschuwing", "info"])
    accepted: bool


#: Columns a frame of a user must have; the others of the canonical table are added as empty.
_NEEDED = ("bdsnummer", "waarde")
#: Rules that say that bds does not know.
UNKNOWN = frozenset({"BDS237"})
_WORDS = ("rubriek", "groep", "eenheid", "codesysteem", "nullflavor", "tekst", "activiteit_id")


def contract(
    rubriek: str | None = None, version: str | None = None, *, format_: str = "tabel"
) -> pa.DataFrameSchema:
    """A Pandera schema for a long frame (`bdsnummer`, `waarde` and any other canonical column) of one rubriek.

    Every rule on values and places is a check of the schema under its code. `rubriek` None takes all; `format_`
    `dob` means HL7 codes, anything else BDS codes. Raises UsageError for a rubriek the version does not have.
    """
    chosen = version or newest()
    definition = load(chosen)
    if rubriek is not None and rubriek not in definition.rubrieken:
        raise UsageError(
            t(f"BDS {chosen} heeft geen rubriek {rubriek}.", f"BDS {chosen} has no rubriek {rubriek}."),
            t("`bds spec list rubrieken` toont ze.", "`bds spec list rubrieken` lists them."),
        )
    setting = Setting(tables(chosen, coding_of(format_)), load_rules(), format_, date.max)
    numbers = [n for n, e in definition.elementen.items() if rubriek in {None, e.rubriek}]
    checks = [_check(c, setting, on="shape") for c in structure.checks(setting)]
    # A code outside a list that is only partly known may be right: a contract refuses what is wrong, not what is unknown.
    checks += [_check(c, setting, on="pair") for c in values.checks(setting) if c.code not in UNKNOWN]
    allowed = pa.Check.isin(numbers, name="BDS106", error=f"element of {rubriek}") if rubriek else None
    return pa.DataFrameSchema(
        {
            "bdsnummer": pa.Column(pl.Int32, checks=allowed, nullable=rubriek is None, coerce=True),
            "waarde": pa.Column(pl.String, nullable=True, coerce=True),
        },
        checks=checks,
        name=f"BDS {chosen} {rubriek or ''}".strip(),
    )


def check(
    frame: pl.DataFrame | pl.LazyFrame, schema: pa.DataFrameSchema | type[pa.DataFrameModel]
) -> pl.DataFrame:
    """Validate with values and all; gives the frame, raises pandera.errors.SchemaErrors with every broken rule."""
    whole = frame.collect() if isinstance(frame, pl.LazyFrame) else frame
    return schema.validate(whole, lazy=True)


def _check(one: Check, setting: Setting, *, on: str) -> pa.Check:
    rule = setting.catalogue[one.code]
    return pa.Check(_keeps(one, setting, on), name=one.code, error=f"{one.code} {rule.name}: {rule.title}")


def _keeps(one: Check, setting: Setting, on: str) -> Callable[[PolarsData], pl.LazyFrame]:
    """The expression of a rule as Pandera wants it: a frame with one boolean column, true where the row is right."""

    def judge(data: PolarsData) -> pl.LazyFrame:
        rows = _complete(data.lazyframe).with_row_index("at")
        if on == "shape":
            enriched = structure.enrich(
                rows.with_columns(
                    act=pl.col("activiteit_id").is_not_null(),
                    empty=pl.col("waarde").is_null(),
                    has_text=pl.col("tekst").is_not_null(),
                ),
                setting.tables,
            )
        else:
            enriched = values.enrich(rows.filter(pl.col("waarde").is_not_null()), setting.tables)
        broken = (
            enriched.filter(one.fail.fill_null(value=False))
            .select("at", broken=pl.lit(value=True))
            .unique("at")
        )
        kept = rows.select("at").join(broken, on="at", how="left", maintain_order="left")
        return kept.select(pl.col("broken").is_null())

    return judge


def _complete(frame: pl.LazyFrame) -> pl.LazyFrame:
    present = frame.collect_schema().names()
    absent: dict[str, pl.Expr] = {c: pl.lit(None, pl.String) for c in _WORDS if c not in present}
    return frame.with_columns(pl.col("bdsnummer").cast(pl.Int32), **absent)
