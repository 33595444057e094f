"""Mutations that know the structure: of workbooks, archives, Parquet, stores, results, definitions and settings.

`mutate(kind, folder, seed)` makes one damaged input in `folder`; the same seed makes the same one.
"""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from .fuzz_core import mutate_json, mutate_xml, places

ODD: tuple[Any, ...] = (
    None,
    "",
    "x",
    -1,
    0,
    10**12,
    [],
    {},
    [[]],
    True,
    1.5,
    "2020-02-31",
    "../x",
    "\u202e=1+1",
    "a" * 3000,
    "R027",
    235,
)
KINDS = {
    "bool": pl.Boolean, "int": pl.Int8, "big": pl.UInt64, "float": pl.Float32, "text": pl.String, "bytes": pl.Binary, "date": pl.Date,
    "time": pl.Time, "span": pl.Duration, "moment": pl.Datetime("ns"), "none": pl.Null,
}  # fmt: skip


def flipped(data: bytes, dice: random.Random) -> bytes:
    """A few bytes changed, dropped or repeated, mostly near the end, where indexes and footers are."""
    made = bytearray(data)
    for _ in range(dice.randrange(1, 4)):
        if not made:
            break
        place = (
            dice.randrange(max(0, len(made) - 400), len(made))
            if dice.random() < 0.6
            else dice.randrange(len(made))
        )
        how = dice.randrange(3)
        if how == 0:
            made[place] = dice.randrange(256)
        elif how == 1:
            del made[place : place + dice.randrange(1, 9)]
        else:
            made[place:place] = bytes(made[place : place + dice.randrange(1, 40)])
    return bytes(made)


def archive(data: bytes, dice: random.Random) -> bytes:
    """A zip (a workbook too) with one member changed by its own structure, dropped, doubled, renamed or emptied."""
    if dice.random() < 0.25:
        return flipped(data, dice)
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        members = [(n, opened.read(n)) for n in opened.namelist()]
    place = dice.randrange(len(members))
    name, content = members[place]
    how = dice.randrange(6)
    if how < 3:
        changed = (
            mutate_xml(content, dice)
            if name.endswith((".xml", ".rels"))
            else mutate_json(content, dice)
            if name.endswith(".json")
            else None
        )
        members[place] = (name, changed or flipped(content, dice))
    elif how == 3:
        del members[place]
    elif how == 4:
        members.append((dice.choice(["../x.csv", name.upper(), "a/" * 60 + name, " ", "x\n.csv"]), content))
    else:
        members[place] = (name, b"")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for each, what in members:
            made.writestr(each, what)
    return out.getvalue()


def frame(table: pl.DataFrame, dice: random.Random) -> pl.DataFrame:
    """A table with one column of another type, name, nesting or extreme value, without it, or with its rows repeated."""
    name = dice.choice(table.columns)
    column, how = pl.col(name), dice.randrange(7)
    if how == 0:
        return table.drop(name)
    if how == 1:
        return table.rename(
            {name: dice.choice(["", "x" * 500, name + " ", "=1+1", "\x1b[2J", "dossier_id2"])}
        )
    if how == 2:
        return table.with_columns(pl.lit(None, dice.choice(list(KINDS.values()))).alias(name))
    if how == 3:
        return table.with_columns(column.cast(pl.String).implode().over(pl.int_range(pl.len())).alias(name))
    if how == 4:
        return table.with_columns(pl.struct(column.alias("a"), pl.lit(1).alias("b")).alias(name))
    if how == 5:
        value = dice.choice([2**31 - 1, -(2**31), 0, -1, 7, 999990019])
        return table.with_columns(
            pl.lit(value).cast(table.schema[name], strict=False).alias(name)
            if table.schema[name].is_numeric()
            else pl.lit("\ufffe=x\x01" * dice.randrange(1, 200)).alias(name)
        )
    return pl.concat([table] * dice.randrange(2, 30))


def parquet(data: bytes, dice: random.Random) -> bytes:
    if dice.random() < 0.3:
        return flipped(data, dice)
    out = io.BytesIO()
    frame(pl.read_parquet(io.BytesIO(data)), dice).write_parquet(out)
    return out.getvalue()


def directory(source: Path, target: Path, dice: random.Random) -> None:
    """A store, result or saved findings with one of its files changed by its own structure, emptied or taken away."""
    target.mkdir()
    files = sorted(p for p in source.iterdir() if p.is_file())
    chosen = dice.choice([f for f in files if f.name != ".bds-output"])
    for file in files:
        data = file.read_bytes()
        if file == chosen:
            how = dice.randrange(8)
            if how == 0:
                continue
            data = (
                b""
                if how == 1
                else parquet(data, dice)
                if file.suffix == ".parquet"
                else mutate_json(data, dice) or flipped(data, dice)
            )
        (target / file.name).write_bytes(data)


def mapping(text: str, dice: random.Random) -> Any:
    """A YAML or TOML text as data, with one or two places changed, dropped or renamed."""
    loaded = yaml.safe_load(text)
    for _ in range(dice.randrange(1, 3)):
        node, key = dice.choice(places(loaded))
        how = dice.randrange(4)
        if how == 0 and isinstance(node, dict):
            node[dice.choice(["x", "__class__", "", "id", "=1"])] = node.pop(key)
        elif how == 1:
            del node[key]  # type: ignore[attr-defined]
        else:
            node[key] = dice.choice(ODD)  # type: ignore[index]
    return loaded


def toml(value: Any) -> str:
    """Data as one line of TOML; what TOML cannot say becomes a text."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(str(k))} = {toml(v)}" for k, v in value.items()) + "}"
    return json.dumps("" if value is None else str(value))


SETTINGS = """
validate: {max-findings-per-rule: 5, fail-on: error, ignore: [BDS203], reference-date: "2025-01-01"}
rules: {BDS203: {severity: info}}
accept: [{rule: BDS203, reason: bekend, until: "2030-01-01"}]
kolommen: {Lengte: {element: 235, eenheid: cm, ontbrekend: ["-"]}}
tabel: [{naam: t, bestanden: "*.csv", decimaal: ",", codering: utf-8, kolommen: {Lengte: 235}}]
"""


def settings(dice: random.Random) -> str:
    """A bds.toml with a few places that are not as they should be."""
    return "\n".join(
        f"{json.dumps(str(k))} = {toml(v)}" for k, v in dict(mapping(SETTINGS, dice) or {}).items()
    )


Maker = Callable[[Path, random.Random], Path]
