"""Collecting findings: exact totals, and as many examples as asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Self, TypeAlias, TypedDict, cast

import polars as pl

from bds_tool.findings.catalogue import SEVERITIES

if TYPE_CHECKING:
    from bds_tool.findings.catalogue import Rule

#: Columns of `findings.parquet`, in order.
FINDINGS = (
    "code",
    "severity",
    "dossier_id",
    "activiteit_id",
    "bdsnummer",
    "waarde",
    "bron",
    "regel",
    "pad",
    "parameters",
)
Kinds: TypeAlias = dict[str, pl.DataType | type[pl.DataType]]
SCHEMA: Kinds = {
    "code": pl.String,
    "severity": pl.String,
    "dossier_id": pl.String,
    "activiteit_id": pl.String,
    "bdsnummer": pl.Int32,
    "waarde": pl.String,
    "bron": pl.Int32,
    "regel": pl.Int64,
    "pad": pl.String,
    "parameters": pl.String,
}


class FindingRow(TypedDict):
    """One row of findings by name."""

    code: str
    severity: str
    dossier_id: str | None
    activiteit_id: str | None
    bdsnummer: int | None
    waarde: str | None
    bron: int | None
    regel: int | None
    pad: str | None
    parameters: str | None


def finding_rows(findings: pl.DataFrame) -> Iterator[FindingRow]:
    return cast("Iterator[FindingRow]", findings.iter_rows(named=True))


TOTALS: Kinds = {
    "code": pl.String,
    "bron": pl.Int32,
    "bdsnummer": pl.Int32,
    "n": pl.Int64,
}


#: Order in which findings are told, and thereby which are the first ones; a dossier is never in two pieces, so that those
#: of one dossier keep the order of their rules however the store is cut.
_ORDER = ("code", "bdsnummer", "bron", "regel", "dossier_id")
#: Rules of one value (its type, list, range, unit, form): of what the message standard refuses as well they are silent.
_OF_VALUE = "BDS2"


class Collector:
    """`most` examples are kept per rule and element (0: all), the first ones; totals count every one.

    `told`: (bron, regel, waarde, bdsnummer) of values that the message standard refuses; one cause is one finding.
    """

    def __init__(self, most: int, told: pl.DataFrame | None = None) -> None:
        self.most = most
        self._told = told
        self._examples: list[pl.DataFrame] = []
        self._totals: list[pl.DataFrame] = []
        self._held = 0
        self._room = 100_000

    @classmethod
    def of(cls, most: int, totals: pl.DataFrame, examples: pl.DataFrame) -> Self:
        """One that holds what another gave: its `totals` and `examples`."""
        found = cls(most)
        found._keep([totals.select(list(TOTALS))], [examples.select(list(SCHEMA))])
        return found

    def add(self, code: str | pl.Expr, rows: pl.DataFrame) -> None:
        """Failing rows of one rule, or of several when `code` is an expression over the rows."""
        if not rows.is_empty():
            self.put(formed(code, rows))

    def put(self, frame: pl.DataFrame) -> None:
        """Findings in the columns of SCHEMA."""
        if self._told is not None:
            frame = self._untold(frame, self._told)
        self._keep(
            [frame.group_by("code", "bron", "bdsnummer").agg(pl.len().cast(pl.Int64).alias("n"))],
            [self._first(frame)],
        )

    @staticmethod
    def _untold(frame: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
        numbered = frame.with_row_index("at")
        twice = numbered.filter(pl.col("code").str.starts_with(_OF_VALUE)).join(
            told, on=["bron", "regel", "waarde", "bdsnummer"], how="semi"
        )
        return (
            frame if twice.is_empty() else frame.filter(~pl.int_range(pl.len()).is_in(twice["at"].implode()))
        )

    def take(self, other: Collector) -> None:
        """Everything another collector holds, after what this one holds already."""
        self._keep(other._totals, other._examples)  # of the same class

    def _keep(self, totals: list[pl.DataFrame], examples: list[pl.DataFrame]) -> None:
        self._totals += totals
        if len(self._totals) > 500:
            self._totals = [self._summed()]
        self._examples += examples
        self._held += sum(e.height for e in examples)
        if self.most and self._held > self._room:
            self._examples = [self._first(pl.concat(self._examples))]
            self._held = self._examples[0].height
            self._room = 100_000 + 2 * self._held

    def _first(self, frame: pl.DataFrame) -> pl.DataFrame:
        if not self.most or frame.height <= self.most:
            return frame
        # One rule may be several checks (protocols), each of which goes through the whole piece: in order first.
        return _ordered(frame).filter(pl.int_range(pl.len()).over("code", "bdsnummer") < self.most)

    def _summed(self) -> pl.DataFrame:
        if not self._totals:
            return pl.DataFrame(schema=TOTALS)
        return pl.concat(self._totals).group_by("code", "bron", "bdsnummer").agg(pl.col("n").sum())

    def totals(self) -> pl.DataFrame:
        """Exact numbers: code, bron, bdsnummer, n."""
        return self._summed().sort("code", "bron", "bdsnummer", nulls_last=True)

    def examples(self, severities: dict[str, str]) -> pl.DataFrame:
        """Findings in the order of rule, source and line; `severity` comes from the catalogue."""
        frame = self._first(pl.concat(self._examples)) if self._examples else pl.DataFrame(schema=SCHEMA)
        frame = frame.with_columns(
            severity=pl.col("code").replace_strict(severities, default="waarschuwing", return_dtype=pl.String)
        )
        return _ordered(frame.select(FINDINGS))


def _ordered(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.sort(_ORDER, nulls_last=True, maintain_order=True)


class Consequences:
    """Passes the findings of one piece on, but one mistake once: where two rules are about the same registration and
    one follows from the other (`follows` in specs/regels), the cause alone is told, if it weighs as much.
    """

    def __init__(self, collector: Collector, rules: Iterable[Rule]) -> None:
        rank = {r.code: SEVERITIES.index(r.severity) for r in rules}
        self._causes = {r.code: [c for c in r.follows if rank[c] >= rank[r.code]] for r in rules if r.follows}
        self._linked = {*self._causes, *(c for causes in self._causes.values() for c in causes)}
        self._collector = collector
        self._waiting: list[pl.DataFrame] = []

    def add(self, code: str | pl.Expr, rows: pl.DataFrame) -> None:
        """As Collector.add."""
        if rows.is_empty():
            return
        if isinstance(code, str) and code not in self._linked:
            self._collector.add(code, rows)
            return
        frame = formed(code, rows)
        linked = pl.col("code").is_in(list(self._linked))
        self._waiting.append(frame.filter(linked))
        self._collector.put(frame.filter(~linked))

    def close(self) -> None:
        """What is left when every rule has been judged."""
        waiting = pl.concat(self._waiting) if self._waiting else pl.DataFrame(schema=SCHEMA)
        # A line may hold all of a child: what tells its registrations apart there is the activity and the value.
        place = ["bron", "dossier_id", "activiteit_id", "regel", "pad", "bdsnummer", "waarde"]
        for (code,), part in waiting.group_by("code", maintain_order=True):
            causes = waiting.filter(pl.col("code").is_in(self._causes.get(str(code), [])))
            self._collector.put(
                part.join(causes, on=place, how="anti", nulls_equal=True, maintain_order="left")
            )


def formed(code: str | pl.Expr, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows as findings: the columns of SCHEMA, in order."""
    return rows.select(
        (pl.lit(code) if isinstance(code, str) else code).cast(pl.String).alias("code"),
        *(
            (pl.col(name).cast(kind) if name in rows.columns else pl.lit(None, kind)).alias(name)
            for name, kind in SCHEMA.items()
            if name != "code"
        ),
    )


def parameters(values: dict[str, pl.Expr]) -> pl.Expr:
    """A JSON object of message parameters as text, null when there are none."""
    if not values:
        return pl.lit(None, pl.String)
    return pl.struct([v.alias(k) for k, v in values.items()]).struct.json_encode()


def constants(**values: Any) -> pl.Expr:  # noqa: ANN401
    """Message parameters that are the same for all rows."""
    import json

    return pl.lit(json.dumps(values, ensure_ascii=False))
