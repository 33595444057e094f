"""Worked dossiers of protocols: what each must miss, judged by the very validation that judges an export."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from bds_tool.base.checked_yaml import read_checked
from bds_tool.base.files import scratch
from bds_tool.base.specs import specs_dir
from bds_tool.schema.loading import load, newest, versions
from bds_tool.schema.protocols import protocol

#: The columns of a row of a case, in their order.
_ROW = ("bdsnummer", "waarde", "activiteit_id", "datum", "groep", "volgnr")
_TODAY = date(2026, 12, 31)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A case of a protocol: per child the rules that should have been told and those that were."""

    protocol: str
    name: str
    child: str
    expected: frozenset[str]
    got: frozenset[str]

    @property
    def ok(self) -> bool:
        return self.expected == self.got


def run_cases(names: Iterable[str] = ()) -> tuple[list[Outcome], list[str]]:
    """The outcome of every child of every case, and the rules that no case ever breaks.

    Raises UsageError for an unknown protocol, SpecError for a file that does not follow its schema.
    """
    folder = specs_dir() / "protocollen"
    files = [folder / protocol(n).file for n in names] or sorted(folder.glob("*.yaml"))
    outcomes: list[Outcome] = []
    untried: list[str] = []
    for path in files:
        document = read_checked(path, "protocol")
        found = list(_outcomes(document))
        outcomes += found
        tried = {r for o in found for r in o.expected}
        untried += [r["id"] for r in document["rules"] if r["id"] not in tried]
    return outcomes, untried


def _outcomes(document: Mapping[str, Any]) -> Iterator[Outcome]:
    known = protocol(document["id"])
    for case in document.get("cases", ()):
        fitting = [v for v in versions() if known.versions.holds(v)]
        version = case.get("bds") or (newest() if newest() in fitting else fitting[-1])
        missed = _missed(case["children"], version, {r.id for r in known.rules})
        for child in case["children"]:
            expected = frozenset(case["misses"].get(child, ()))
            yield Outcome(known.id, case["name"], child, expected, missed.get(child, frozenset()))


def _missed(
    children: Mapping[str, list[list[Any]]], version: str, rules: set[str]
) -> dict[str, frozenset[str]]:
    """Child → rules of the protocol that its dossier misses."""
    from bds_tool.store.store import Store
    from bds_tool.validate.engine import Options, validate

    with scratch() as folder:
        _write(folder / "gevallen.bds", children, version)
        options = Options(today=_TODAY, max_examples=0, codes=frozenset({"BDS601", "BDS605"}), bds=version)
        result = validate(Store.open(folder / "gevallen.bds"), options)
    found: dict[str, set[str]] = {}
    for child, told in result.findings.select("dossier_id", "parameters").iter_rows():
        rule = json.loads(str(told or "{}")).get("protocol", "")
        if rule in rules:
            found.setdefault(str(child), set()).add(str(rule))
    return {child: frozenset(names) for child, names in found.items()}


def _write(path: Path, children: Mapping[str, list[list[Any]]], version: str) -> None:
    import polars as pl

    from bds_tool.store.columns import REGISTRATIES
    from bds_tool.store.store import StoreWriter

    definition = load(version)
    rows: list[dict[str, object]] = []
    for child, listed in children.items():
        for values in listed:
            row = dict(zip(_ROW, values, strict=False))
            e = definition.elementen.get(int(row["bdsnummer"]))
            rows.append(
                {
                    **row,
                    "waarde": _text(row["waarde"]),
                    "dossier_id": child,
                    "rubriek": e.rubriek if e else None,
                }
            )
    # Every element counts as delivered: a case is about what one child misses, not about an export that lacks a column.
    rows += [
        {"dossier_id": "-", "bdsnummer": n, "waarde": "-", "rubriek": e.rubriek}
        for n, e in definition.in_bericht.items()
    ]
    types = {"bdsnummer": pl.Int32, "volgnr": pl.Int32, "bron": pl.Int32, "regel": pl.Int64}
    full = [{**r, "bron": 1, "regel": n} for n, r in enumerate(rows, start=1)]
    data = {c: [_text(r.get(c)) if c == "datum" else r.get(c) for r in full] for c in REGISTRATIES}
    frame = pl.DataFrame(data, schema={c: types.get(c, pl.String) for c in REGISTRATIES}, strict=False)
    with StoreWriter(path) as writer:
        writer.add_bron(bron=1, pad="gevallen", formaat="tabel-lang", bds_herkend=version, bds_zekerheid="zeker",
                        gelezen=datetime(2026, 12, 31, tzinfo=UTC))  # fmt: skip
        writer.add_table(frame.with_columns(pl.col("datum").str.to_date("%Y-%m-%d", strict=False)))


def _text(value: Any) -> str | None:  # noqa: ANN401
    """YAML reads dates and yes/no as such; a registration is text."""
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)
