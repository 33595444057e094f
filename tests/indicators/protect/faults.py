"""Faults to plant in a published result: each changes the folder in place. `made` holds other results to take from."""

from __future__ import annotations

import json
import os
import shutil
import unicodedata

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from bds_tool.protect.seal import SEAL_FILE

COUNTS, META = "counts.parquet", "_result.json"


def rows(change):
    """A fault in the rows of a protected result."""

    def plant(path, made):
        del made
        frame = change(pl.read_parquet(path / COUNTS))
        pq.write_table(frame.to_arrow(), path / COUNTS, compression="zstd")

    return plant


def text(change):
    """A fault in the metadata."""

    def plant(path, made):
        del made
        meta = json.loads((path / META).read_text())
        change(meta)
        (path / META).write_text(json.dumps(meta, ensure_ascii=False, indent=2))

    return plant


def first(which, /, **values):
    """Other values in the first row with a status."""

    def change(frame):
        at = frame["status"].to_list().index(which)
        return (
            frame.with_row_index("_i")
            .with_columns(
                pl.when(pl.col("_i") == at).then(pl.lit(v)).otherwise(pl.col(c)).alias(c)
                for c, v in values.items()
            )
            .drop("_i")
        )

    return rows(change)


def put(name, content=b"x"):
    return lambda path, _: (path / name).write_bytes(content)


def instead(name, source):
    """A file of another result in its place."""
    return lambda path, made: shutil.copy(made / source / name, path / name)


def link(name):
    def plant(path, made):
        (path / name).unlink()
        (path / name).symlink_to(made / "geteld.result" / name)

    return plant


def sealed(key, value):
    def plant(path, made):
        del made
        seal = json.loads((path / SEAL_FILE).read_text())
        at = seal
        for k in key[:-1]:
            at = at[k]
        at[key[-1]] = value
        (path / SEAL_FILE).write_text(json.dumps(seal))

    return plant


FIGURES = {
    "n": 7,
    "x": 3,
    "missing": 2,
    "value": 12.5,
    "lower": 1.0,
    "upper": 90.0,
    "sum": 4.0,
    "sum2": 9.0,
    "new": 3,
}
WORDS = {"method": "Wilson 95%", "reference_test": "hoger", "trend": "stijgend", "reliability": "beperkt"}
FAULTS = {
    **{
        f"hidden {c}": first("verborgen", **{c: v}) for c, v in (FIGURES | WORDS | {"reference": 3.5}).items()
    },
    **{f"hidden {c}": first("verborgen", **{c: 4}) for c in ("left_out", "not_delivered", "resident")},
    **{f"hidden {c}": first("verborgen", **{c: 4.0}) for c in ("x_with", "value_with")},
    **{f"shown {c}": first("ok", **{c: v}) for c, v in (FIGURES | WORDS).items()},
    **{f"shown {c}": first("ok", **{c: 4}) for c in ("left_out", "resident")},
    "hidden called ok": first("verborgen", status="ok"),
    "shown called hidden": first("ok", status="verborgen"),
    "primary apart from secondary": first("verborgen", status="primair"),
    "unprotected word": first("ok", status="onbeschermd"),
    "another area": first("ok", area="WK999999"),
    "another name": first("ok", area_name="Elders"),
    "another parent": first("ok", parent="GM9999"),
    "another period": first("ok", period="1999"),
    "another indicator": first("ok", indicator="NIEUW"),
    "a breakdown": first("ok", education="laag"),
    "a row less": rows(lambda f: f.head(f.height - 1)),
    "a row twice": rows(lambda f: pl.concat([f, f.head(1)])),
    "another order": rows(lambda f: f.reverse()),
    "a new column": rows(lambda f: f.with_columns(true_x=pl.lit(3))),
    "a column less": rows(lambda f: f.drop("sum2")),
    "columns in another order": rows(lambda f: f.select(reversed(f.columns))),
    "another type": rows(lambda f: f.with_columns(pl.col("n").cast(pl.Float64))),
    "no rows": rows(lambda f: f.clear()),
    "packed anew": rows(lambda f: f),
    "the counts of before": instead(COUNTS, "geteld.result"),
    "the counts of another policy": instead(COUNTS, "anders.result"),
    "rounded counts": instead(COUNTS, "afgerond.result"),
    "the metadata of another": instead(META, "anders.result"),
    "the seal of another": instead(SEAL_FILE, "anders.result"),
    "no seal": lambda path, _: (path / SEAL_FILE).unlink(),
    "an empty seal": put(SEAL_FILE, b"{}"),
    "no json": put(SEAL_FILE, b"zegel"),
    "a broken file": put(COUNTS, b"PAR1"),
    "a file more": put("counts.csv"),
    "more on the list of files": put(".bds-output", b"counts.parquet\nintern: 12\n"),
    "a hidden file": put(".aantallen"),
    "a folder more": lambda path, _: (path / "intern").mkdir(),
    "linked counts": link(COUNTS),
    "linked metadata": link(META),
    "another policy": text(lambda m: m["policy"]["thresholds"].update(denominator=1)),
    "another title": text(lambda m: m["definitions"]["BF"].update(title="Iets anders")),
    "other relations": text(lambda m: m.update(relations=[])),
    "sources": text(lambda m: m.update(sources=[{"path": "kinderen.csv"}])),
    "an own key": text(lambda m: m.update(intern={"primair": 12})),
    "another day": text(lambda m: m.update(created="2020-01-01")),
    "sealed: other file": sealed(["files", COUNTS], "0" * 64),
    "sealed: other rows": sealed(["rows"], "0" * 64),
    "sealed: not audited": sealed(["facts", "audit", "safe"], False),  # a value of the file
    "sealed: other ledger": sealed(["facts", "ledger"], "ander"),
    "sealed: other value": sealed(["seal", "value"], "0" * 64),
    "sealed: more allowed": sealed(["facts", "shown_before"], 10_000),
}


def written(write):
    """The same rows, or others, in a Parquet file written in another way."""

    def plant(path, made):
        del made
        table = pq.read_table(path / COUNTS)
        write(table, path / COUNTS)

    return plant


def groups_swapped(table, path):
    half = table.num_rows // 2
    with pq.ParquetWriter(path, table.schema, compression="zstd") as file:
        file.write_table(table.slice(half))
        file.write_table(table.slice(0, half))


def in_groups(table, path):
    pq.write_table(table, path, compression="zstd", row_group_size=100)


def with_field_notes(table, path):
    fields = [f.with_metadata({"waar": "3"}) if f.name == "x" else f for f in table.schema]
    pq.write_table(table.cast(pa.schema(fields)), path, compression="zstd")


def with_file_notes(table, path):
    with pq.ParquetWriter(path, table.schema, compression="zstd") as file:
        file.write_table(table)
        file.add_key_value_metadata({"kinderen": "3, 1, 4"})


def behind(name, more):
    """Bytes behind the end of a file, or (Parquet) in the room before its first column."""

    def plant(path, made):
        del made
        own = (path / name).read_bytes()
        (path / name).write_bytes(own[:4] + more + own[4:] if name == COUNTS else own + more)

    return plant


def as_folder(path, made):
    """A folder of Parquet files under the name of the file: readers take it for one table."""
    own = (path / COUNTS).read_bytes()
    (path / COUNTS).unlink()
    (path / COUNTS).mkdir()
    (path / COUNTS / "a.parquet").write_bytes(own)
    shutil.copy(made / "geteld.result" / COUNTS, path / COUNTS / "b.parquet")


def raw_rows(only):
    """Rows of the unprotected counts in place of, or beside, those of the result."""

    def plant(path, made):
        own = pl.read_parquet(path / COUNTS)
        raw = pl.read_parquet(made / "geteld.result" / COUNTS).select(own.columns)
        key = [c for c in own.columns[:11] if c not in {"area_name", "parent"}]
        pq.write_table(only(own, raw.with_columns(status=pl.lit("ok")), key).to_arrow(), path / COUNTS)

    return plant


def hidden_filled(own, raw, key):
    secret = own.filter(status="verborgen").select(key)
    told = raw.join(secret, on=key, how="semi", nulls_equal=True)
    return pl.concat([own.join(secret, on=key, how="anti", nulls_equal=True), told])


def beside(own, raw, key):
    return pl.concat([own, raw.join(own.filter(status="verborgen").select(key), on=key, how="semi")])


def as_windows(own, raw, key):
    del key
    return pl.concat([own, raw.with_columns(period=pl.col("period") + "-" + pl.col("period"))])


def raw_metadata(path, made):
    """All that was known inside, with the word that it is protected."""
    meta = json.loads((made / "geteld.result" / META).read_text())
    own = json.loads((path / META).read_text())
    (path / META).write_text(json.dumps({**meta, **own, "bron": "kinderen.csv"}))


def twice_in_json(path, made):
    """A key twice: readers take the last, people see the first."""
    del made
    text = (path / META).read_text()
    (path / META).write_text(text.replace("{", '{"status": "onbeschermd",', 1))


def older(path, made):
    """Without a seal, as of a layout that had none."""
    del made
    (path / SEAL_FILE).unlink()
    meta = json.loads((path / META).read_text())
    (path / META).write_text(json.dumps({**meta, "layout": 2}))


def hard_link(path, made):
    (path / COUNTS).unlink()
    os.link(made / "geteld.result" / COUNTS, path / COUNTS)


def linked_folder(path, made):
    shutil.rmtree(path)
    path.symlink_to(made / "geteld.result", target_is_directory=True)


def keyed_by_nobody(path, made):
    del made
    seal = json.loads((path / SEAL_FILE).read_text())
    seal["seal"] |= {"kind": "hmac-sha256", "keyed": "0" * 64}
    (path / SEAL_FILE).write_text(json.dumps(seal))


FAULTS |= {
    "columns renamed": rows(lambda f: f.rename({"n": "x", "x": "n"})),
    "a column in capitals": rows(lambda f: f.rename({"status": "Status"})),
    "a column of zeros made null": rows(
        lambda f: f.with_columns(pl.lit(None, dtype=pl.Int64).alias("missing"))
    ),
    "hidden made zero": rows(lambda f: f.with_columns(pl.col("n").fill_null(0))),
    "null made not a number": rows(lambda f: f.with_columns(pl.col("value").fill_null(float("nan")))),
    "groups swapped": written(groups_swapped),
    "in other groups": written(in_groups),
    "with statistics": written(lambda t, p: pq.write_table(t, p, compression="zstd", write_statistics=True)),
    "with a bloom of words": written(lambda t, p: pq.write_table(t, p, compression="gzip")),
    "notes at a column": written(with_field_notes),
    "notes at the file": written(with_file_notes),
    "bytes behind the metadata": behind(META, b"\n\n"),
    "words behind the metadata": behind(META, b"\n# n = 12\n"),
    "bytes inside the counts": behind(COUNTS, b"true counts"),
    "bytes behind the seal": behind(SEAL_FILE, b" "),
    "counts as a folder": as_folder,
    "hidden rows from the counts": raw_rows(hidden_filled),
    "hidden rows twice": raw_rows(beside),
    "merged as other periods": raw_rows(as_windows),
    "periods named anew": rows(lambda f: f.with_columns(pl.col("period").replace("2023", "2023 "))),
    "a window named as a year": rows(lambda f: f.with_columns(pl.col("period").replace("2023-2024", "2025"))),
    "years changed round": rows(
        lambda f: f.with_columns(pl.col("period").replace({"2023": "2024", "2024": "2023"}))
    ),
    "areas changed round": rows(
        lambda f: f.with_columns(pl.col("area").replace({"GM0001": "GM0002", "GM0002": "GM0001"}))
    ),
    "raw metadata": raw_metadata,
    "a key twice": twice_in_json,
    "an older layout": text(lambda m: m.update(layout=2)),
    "an older layout without a seal": older,
    "a newer layout": text(lambda m: m.update(layout=99)),
    "another word for protected": text(lambda m: m.update(status="openbaar")),
    "called rounded": text(lambda m: m.update(method="round")),
    "another note": text(lambda m: m.update(notes={"delivery": ["Van de 3 kinderen is er 1 gezien."]})),
    "another explanation of the policy": text(lambda m: m["policy"]["explanation"].update(nl="Alles mag.")),
    "another unit": text(lambda m: m["definitions"]["BF"].update(unit="kinderen")),
    "no sensitivity": text(lambda m: [d.pop("sensitivity") for d in m["definitions"].values()]),
    "other counts of words": text(lambda m: m.update(statuses={"ok": 1})),
    "a list for metadata": put(META, b"[]"),
    "metadata gone": lambda path, _: (path / META).unlink(),
    "counts gone": lambda path, _: (path / COUNTS).unlink(),
    "a copy of an editor": put("_result.json~", b"{}"),
    "an own file of a system": put(".DS_Store"),
    "the seal linked": lambda path, made: (
        (path / SEAL_FILE).unlink(),
        (path / SEAL_FILE).symlink_to(made / "veilig.result" / SEAL_FILE),
    ),
    "counts hard-linked": hard_link,
    "the folder linked to the counts": linked_folder,
    "sealed: by no key": keyed_by_nobody,
    "sealed: kind": sealed(["seal", "kind"], "hmac-sha256"),
    "sealed: version": sealed(["schema_version"], 2),
    "sealed: a word more": sealed(["note"], "n = 12"),
    "sealed: a fact more": sealed(["facts", "n"], 12),
    "sealed: other policy": sealed(["facts", "policy"], "0" * 64),
    "sealed: other program": sealed(["facts", "program"], "bds 9"),
    "sealed: no facts": sealed(["facts"], {}),
    "sealed: a list": put(SEAL_FILE, b"[1]"),
}


def begun_with(more):
    """Metadata with bytes before them that readers of JSON may skip."""
    return lambda path, _: (path / META).write_bytes(more + (path / META).read_bytes())


def in_utf16(path, made):
    del made
    (path / META).write_text((path / META).read_text(encoding="utf-8"), encoding="utf-16")


FAULTS |= {
    "a word with a space behind it": first("verborgen", status="verborgen "),
    "hidden made minus one": first("verborgen", n=-1),
    "a number in a name": first("verborgen", area_name="Wijk (3)"),
    "a definition less": text(lambda m: m["definitions"].pop("BF")),
    "another population": text(lambda m: m["populations"].update(BF=99)),
    "a number of who was left out": text(lambda m: m.update(left_out={"BF": {"bezwaar": 3}})),
    "not a number in the metadata": text(lambda m: m.update(created=float("nan"))),
    "a mark before the metadata": begun_with(b"\xef\xbb\xbf"),
    "metadata in other bytes": in_utf16,
    "counts under another name too": lambda path, _: shutil.copy(path / COUNTS, path / "Counts.parquet"),
    "without a dictionary": written(lambda t, p: pq.write_table(t, p, use_dictionary=False)),
}


def child_moved(frame):
    """One child counts with the other sex, so every sum still holds and every figure is that of a possible region."""
    own = frame.filter(pl.col("status") == "ok", pl.col("sex") != "totaal", pl.col("x") > 12)
    key = ["indicator", "area", "period"]
    pair = own.filter(pl.len().over(key) == 2).head(1).select(key)
    both = frame.join(pair.with_columns(_m=pl.lit(value=True)), on=key, how="left", maintain_order="left")
    by = pl.when(pl.col("sex") == "M").then(1).when(pl.col("sex") == "V").then(-1).otherwise(0)
    x = pl.col("x") + pl.when(pl.col("_m")).then(by).otherwise(0)
    return both.with_columns(
        x=x, value=pl.when(pl.col("_m")).then(100 * x / pl.col("n")).otherwise("value")
    ).drop("_m")


def places_changed(frame):
    """A hidden row and a shown one of the same indicator and period stand for each other's area."""
    shown = frame.filter(pl.col("status") == "ok", pl.col("level") == "wijk").row(0, named=True)
    alike = ("indicator", "period", "sex", "level")
    hidden = frame.filter(pl.col("status") == "verborgen", *(pl.col(c) == shown[c] for c in alike)).row(
        0, named=True
    )
    names = {shown["area"]: hidden["area"], hidden["area"]: shown["area"]}
    return frame.with_columns(pl.col("area").replace(names))


def nested_twice(path, made):
    """A threshold twice: people see the first, readers take the last."""
    del made
    text = (path / META).read_text()
    assert '"thresholds": {' in text
    (path / META).write_text(text.replace('"thresholds": {', '"thresholds": {"denominator": 1,', 1))


def other_way_round(name):
    """The same keys and values of JSON in another order."""

    def plant(path, made):
        del made
        told = json.loads((path / name).read_text())
        text = json.dumps(dict(reversed(told.items())), ensure_ascii=False, indent=2)
        (path / name).write_text(text + "\n")

    return plant


def pipe(name):
    """Something to wait for without end, in the place of a file or beside the files."""

    def plant(path, made):
        del made
        (path / name).unlink(missing_ok=True)
        os.mkfifo(path / name)

    return plant


def retyped(change):
    def write(table, path):
        fields = [change(f) for f in table.schema]
        pq.write_table(table.cast(pa.schema(fields)), path, compression="zstd")

    return written(write)


FAULTS |= {
    "one child of the other sex": rows(child_moved),
    "hidden and shown change places": rows(places_changed),
    "hidden rows gone": rows(lambda f: f.filter(pl.col("status") != "verborgen")),
    "hidden called of a lower level": first("verborgen", status="niet_op_dit_niveau"),
    "hidden called without data": first("verborgen", status="geen_gegevens"),
    "an interval of another width": rows(
        lambda f: f.with_columns(lower=pl.col("lower") - 0.4, upper=pl.col("upper") + 0.4)
    ),
    "figures with more digits": rows(lambda f: f.with_columns(pl.col("value") + 1e-9)),
    "a name in other characters": rows(
        lambda f: f.with_columns(pl.col("area_name") + unicodedata.normalize("NFD", "é"))
    ),
    "a zero with a sign": rows(
        lambda f: f.with_columns(
            pl.when(pl.col("lower") < 1).then(-0.0).otherwise(pl.col("lower")).alias("lower")
        )
    ),
    "a threshold twice": nested_twice,
    "metadata in another order": other_way_round(META),
    "sealed: in another order": other_way_round(SEAL_FILE),
    "a pipe beside the files": pipe("intern"),
    "a pipe for a seal": pipe(SEAL_FILE),
    "a pipe for metadata": pipe(META),
    "a pipe for counts": pipe(COUNTS),
    "a pipe for the list of files": pipe(".bds-output"),
    "words by number": retyped(
        lambda f: pa.field(f.name, pa.dictionary(pa.int32(), pa.string())) if f.name == "status" else f
    ),
    "longer words": retyped(lambda f: pa.field(f.name, pa.large_string()) if f.name == "area" else f),
}
