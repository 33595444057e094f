"""The data of a study as Parquet, CSV with CSVW, SPSS and Stata; the kinds of missing stay apart in each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bds_tool.base.escaping import cells
from bds_tool.base.json_types import JsonObject
from bds_tool.base.text import language, t
from bds_tool.export.cohort.codebook import law, program
from bds_tool.export.cohort.missing import BY_KEY, HIGHEST, KINDS, LOWEST, SUFFIX

if TYPE_CHECKING:
    import polars as pl
    from pyreadstat.pyclasses import MissingRange

    from bds_tool.export.cohort.running import Study

#: What a column that is no variable is called.
KEYS = {
    "kind": ("Kind (pseudoniem of volgnummer)", "Child (pseudonym or number)"),
    "rij": ("Volgnummer van de rij binnen het kind", "Number of the row within the child"),
    "leeftijd": ("Leeftijd in dagen op de dag van de rij", "Age in days on the day of the row"),
    "moment": ("Moment", "Moment"),
    "koppelsleutel": ("Pseudoniem van het BSN", "Pseudonym of the BSN"),
    "huishouden": ("Sleutel van het huishouden", "Key of the household"),
}


def key_label(name: str) -> str:
    """The label of a column that is no variable."""
    return t(*KEYS[name])


def write_parquet(study: Study, path: Path) -> None:
    """Values beside their kind of missing; what the file is in law stands in its metadata."""
    about = {"bds": program(), "status": " ".join(law(study)), "definitie": study.definition.id}
    study.frame.write_parquet(path, metadata=about)


def write_csv(study: Study, path: Path) -> None:
    """The same as CSV, with its description (CSVW) beside it."""
    cells(study.frame).write_csv(path)
    text = json.dumps(csvw(study, path.name), ensure_ascii=False, indent=1)
    path.with_name(path.name + "-metadata.json").write_text(text + "\n", encoding="utf-8")


def csvw(study: Study, name: str) -> JsonObject:
    """CSV on the Web: what each column means, and what the file is in law."""
    kinds = {"number": "number", "integer": "integer", "code": "integer", "date": "date", "text": "string"}
    columns: list[JsonObject] = [
        {"name": k, "titles": k, "dc:title": key_label(k), "datatype": "integer" if k in {"rij", "leeftijd"} else "string"}
        for k in study.keys
    ]  # fmt: skip
    for c in study.columns:
        columns.append(
            {"name": c.name, "titles": c.name, "dc:title": c.label, "dc:description": c.definition, "datatype": kinds[c.kind], "null": ""}
        )  # fmt: skip
        words = {"base": "string", "format": "|".join(m.key for m in KINDS)}
        columns.append(
            {"name": c.name + SUFFIX, "titles": c.name + SUFFIX, "dc:title": t(f"Waarom {c.name} leeg is", f"Why {c.name} is empty"), "datatype": words, "null": ""}
        )  # fmt: skip
    return {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": language()}],
        "url": name,
        "dc:title": study.definition.title,
        "dc:creator": program(),
        "dc:rights": " ".join(law(study)),
        "dialect": {"delimiter": ",", "header": True, "encoding": "utf-8"},
        "tableSchema": {"columns": columns, "primaryKey": ["kind"] if study.definition.row == "child" else ["kind", "rij"]},
    }  # fmt: skip


def labels(study: Study) -> dict[str, str]:
    """Column → label, of keys and variables; for a text its kind of missing is a column of its own."""
    found = {k: key_label(k) for k in study.keys}
    for c in study.columns:
        found[c.name] = c.label
        if c.kind == "text":
            found[c.name + SUFFIX] = t(f"Waarom {c.name} leeg is", f"Why {c.name} is empty")
    return found


def _missing_codes(frame: pl.DataFrame, name: str) -> pl.Series:
    import polars as pl

    codes = {k: float(m.code) for k, m in BY_KEY.items()}
    return frame[name + SUFFIX].replace_strict(codes, default=None, return_dtype=pl.Float64)


def numeric(study: Study) -> pl.DataFrame:
    """The frame as SPSS has it: numbers with the codes of the kinds of missing in them, texts with a column beside."""
    import polars as pl

    frame = study.frame
    made = [frame[k] for k in study.keys]
    for c in study.columns:
        gone = _missing_codes(frame, c.name)
        if c.kind == "text":
            made += [frame[c.name].fill_null(""), gone.alias(c.name + SUFFIX)]
        elif c.kind == "date":
            days = (frame[c.name] - pl.Series([_EPOCH], dtype=pl.Date)).dt.total_days()
            made.append(
                (days.cast(pl.Float64) * 86400).zip_with(frame[c.name].is_not_null(), gone).alias(c.name)
            )
        else:
            value = frame[c.name].cast(pl.Float64)
            made.append(value.zip_with(frame[c.name].is_not_null(), gone).alias(c.name))
    return pl.DataFrame(made)


def _epoch() -> Any:  # noqa: ANN401
    from datetime import date

    return date(1582, 10, 14)


#: Day 0 of SPSS: dates are seconds since then.
_EPOCH = _epoch()


def write_sav(study: Study, path: Path) -> None:
    """SPSS: labels of variables and values, the kinds of missing as declared missings, measurement levels."""
    import pyreadstat

    why = {float(m.code): m.label for m in KINDS}
    values: dict[str, dict[int | float, str]] = {}
    missing: dict[str, list[int | float | str | MissingRange]] = {}
    formats, measures = {}, dict.fromkeys(study.keys, "nominal")
    for c in study.columns:
        if c.kind == "text":
            values[c.name + SUFFIX] = dict(why)
            measures |= {c.name: "nominal", c.name + SUFFIX: "nominal"}
            continue
        values[c.name] = {float(v.number): v.label[:120] for v in c.values} | why
        missing[c.name] = [{"lo": LOWEST, "hi": HIGHEST}]
        measures[c.name] = c.measure
        formats[c.name] = {"date": "DATE11", "number": f"F12.{c.decimals or 3}"}.get(c.kind, "F10.0")
    pyreadstat.write_sav(
        numeric(study),
        path,
        file_label=study.definition.title[:60],
        column_labels={k: v[:250] for k, v in labels(study).items()},
        variable_value_labels=values,
        missing_ranges=missing,
        variable_measure=measures,
        variable_format=formats,
        note=[line[i : i + 80] for line in law(study) for i in range(0, len(line), 80)],
    )


def write_dta(study: Study, path: Path) -> None:
    """Stata: labels of variables and values, the kinds of missing as .a, .b and on."""
    import polars as pl
    import pyreadstat

    frame = study.frame
    letters = {m.letter: m.label[:80] for m in KINDS}
    made = [frame[k].cast(pl.String) if frame[k].dtype == pl.String else frame[k].cast(pl.Float64) for k in study.keys]  # fmt: skip
    values: dict[str, dict[Any, str]] = {}  # pyreadstat takes the letters of Stata, its types do not
    user: dict[str, list[str]] = {}
    for c in study.columns:
        why = frame[c.name + SUFFIX].replace_strict({k: m.letter for k, m in BY_KEY.items()}, default=None, return_dtype=pl.String)  # fmt: skip
        if c.kind == "text":
            made.append(frame[c.name].fill_null(""))
            made.append(_missing_codes(frame, c.name).alias(c.name + SUFFIX))
            values[c.name + SUFFIX] = {m.code: m.label[:80] for m in KINDS}
            continue
        numbers = _stata_numbers(frame[c.name], c.kind)
        mixed = [w if n is None else n for n, w in zip(numbers, why, strict=True)]
        made.append(pl.Series(c.name, mixed, dtype=pl.Object))
        values[c.name] = {v.number: v.label[:80] for v in c.values} | letters
        user[c.name] = list(letters)
    pyreadstat.write_dta(
        pl.DataFrame(made),
        path,
        file_label=study.definition.title[:80],
        column_labels={k: v[:80] for k, v in labels(study).items()},
        variable_value_labels=values,
        missing_user_values=user,
        variable_format={c.name: "%td" for c in study.columns if c.kind == "date"},
    )


def _stata_numbers(values: pl.Series, kind: str) -> list[Any]:
    """Numbers as Stata has them: a date is a number of days since 1960."""
    from datetime import date

    import polars as pl

    if kind == "date":
        zero = pl.Series([date(1960, 1, 1)], dtype=pl.Date)
        return (values - zero).dt.total_days().to_list()
    return (values.cast(pl.Float64) if kind == "number" else values.cast(pl.Int64)).to_list()
