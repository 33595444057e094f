"""Syntax that reads `studie.csv` and gives it its labels and missings: for SPSS (PSPP too), Stata and R."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bds_tool.base.escaping import terminal
from bds_tool.base.text import t
from bds_tool.export.cohort.codebook import law
from bds_tool.export.cohort.files import key_label, labels
from bds_tool.export.cohort.missing import HIGHEST, KINDS, LOWEST, SUFFIX

if TYPE_CHECKING:
    from bds_tool.export.cohort.running import Study
    from bds_tool.export.cohort.variables import Column

#: Columns of whole numbers that are no variables.
_WHOLE = ("rij", "leeftijd")


def _plain(text: str) -> str:
    """One line without control characters, for a comment or a label."""
    return " ".join(terminal(text).split())


def _longest(study: Study, name: str) -> int:
    """Bytes of the longest text in a column; at least one."""
    return max((len(str(x).encode()) for x in study.frame[name].drop_nulls().unique()), default=1) or 1


# ---- SPSS ---- #


def _spss(text: str) -> str:
    return "'" + _plain(text).replace("'", "''") + "'"


def spss(study: Study) -> str:
    """`studie.sps`; run where studie.csv is."""
    return "\n".join(_spss_lines(study)) + "\n"


def _spss_lines(study: Study) -> Iterator[str]:
    yield "* " + _plain(study.definition.title).replace("*", " ") + "."
    for line in law(study):
        yield "* " + _plain(line)
    yield "SET DECIMAL=DOT."
    yield "GET DATA /TYPE=TXT /FILE='studie.csv' /ENCODING='UTF8' /ARRANGEMENT=DELIMITED /DELIMITERS=',' /QUALIFIER='\"' /FIRSTCASE=2"
    yield "  /VARIABLES="
    for k in study.keys:
        yield f"  {k} {'F8.0' if k in _WHOLE else f'A{_longest(study, k)}'}"
    for c in study.columns:
        form = {"text": f"A{_longest(study, c.name)}", "date": "SDATE10", "number": "F20.10"}.get(
            c.kind, "F12.0"
        )
        yield f"  {c.name} {form}"
        yield f"  {c.name}{SUFFIX} A{max(len(m.key) for m in KINDS)}"
    yield "  ."
    drop = []
    for c in study.columns:
        target = f"{c.name}{SUFFIX}_n" if c.kind == "text" else c.name
        if c.kind == "text":
            yield f"NUMERIC {target} (F8.0)."
        for m in KINDS:
            yield f"IF ({c.name}{SUFFIX} = '{m.key}') {target} = {m.code}."
        drop += [] if c.kind == "text" else [f"{c.name}{SUFFIX}"]
    yield "EXECUTE."
    if drop:
        yield "DELETE VARIABLES " + "\n  ".join(drop) + "."
    for name, label in labels(study).items():
        if not name.endswith(SUFFIX):
            yield f"VARIABLE LABELS {name} {_spss(label[:250])}."
    for c in study.columns:
        yield from _spss_values(c)
    yield "SAVE OUTFILE='studie_uit_syntax.sav'."


def _spss_values(c: Column) -> Iterator[str]:
    target = f"{c.name}{SUFFIX}_n" if c.kind == "text" else c.name
    pairs = [(v.number, v.label[:120]) for v in c.values] + [(m.code, m.label[:120]) for m in KINDS]
    yield f"VALUE LABELS {target} " + "\n  ".join(f"{n} {_spss(label)}" for n, label in pairs) + "."
    if c.kind != "text":
        yield f"MISSING VALUES {c.name} ({LOWEST} THRU {HIGHEST})."
        yield f"VARIABLE LEVEL {c.name} ({c.measure.upper()})."


# ---- STATA ---- #


def _stata(text: str) -> str:
    """In compound quotes; what could end them or run is taken out."""
    return '`"' + _plain(text).replace("`", " ").replace('"', "'").replace("$", " ") + "\"'"


def stata(study: Study) -> str:
    """`studie.do`; run where studie.csv is."""
    lines = [f"* {_plain(line)}" for line in [study.definition.title, *law(study)]]
    lines += ["version 14", 'import delimited using "studie.csv", clear varnames(1) case(preserve) encoding("UTF-8") stringcols(_all)']  # fmt: skip
    for k in study.keys:
        lines += [f"destring {k}, replace"] if k in _WHOLE else []
        lines.append(f"label variable {k} {_stata(key_label(k)[:80])}")
    for c in study.columns:
        if c.kind == "date":
            lines += [f'generate double _d = date({c.name}, "YMD")', f"drop {c.name}", f"rename _d {c.name}", f"format {c.name} %td"]  # fmt: skip
        elif c.kind != "text":
            lines.append(f"destring {c.name}, replace")
        lines.append(f"label variable {c.name} {_stata(c.label[:80])}")
        if c.kind == "text":
            continue
        lines += [f'replace {c.name} = .{m.letter} if {c.name}{SUFFIX} == "{m.key}"' for m in KINDS]
        lines.append(f"drop {c.name}{SUFFIX}")
        pairs = [f"{v.number} {_stata(v.label[:80])}" for v in c.values]
        pairs += [f".{m.letter} {_stata(m.label[:80])}" for m in KINDS]
        lines.append(f"label define l_{c.name} " + " ".join(pairs))
        lines.append(f"label values {c.name} l_{c.name}")
    lines.append('save "studie_uit_syntax.dta", replace')
    return "\n".join(lines) + "\n"


# ---- R ---- #


def _r(text: str) -> str:
    return '"' + _plain(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def r(study: Study) -> str:
    """`studie.R`; gives a data frame `studie` with labels, factors, and the kinds of missing as factors beside."""
    lines = [f"# {_plain(line)}" for line in [study.definition.title, *law(study)]]
    lines += [
        t("# Leest studie.parquet als nanoparquet of arrow er is, anders studie.csv.",
          "# Reads studie.parquet where nanoparquet or arrow is there, else studie.csv."),
        'if (file.exists("studie.parquet") && requireNamespace("nanoparquet", quietly = TRUE)) {',
        '  studie <- as.data.frame(nanoparquet::read_parquet("studie.parquet"))',
        '} else if (file.exists("studie.parquet") && requireNamespace("arrow", quietly = TRUE)) {',
        '  studie <- as.data.frame(arrow::read_parquet("studie.parquet"))',
        "} else {",
        '  studie <- read.csv("studie.csv", colClasses = "character", na.strings = "", encoding = "UTF-8", check.names = FALSE)',
        "}",
        "redenen <- c(" + ", ".join(_r(m.key) for m in KINDS) + ")",
        "woorden <- c(" + ", ".join(_r(m.label) for m in KINDS) + ")",
    ]  # fmt: skip
    for k in study.keys:
        lines += [f"studie${k} <- as.integer(studie${k})"] if k in _WHOLE else []
        lines.append(f'attr(studie${k}, "label") <- {_r(key_label(k))}')
    for c in study.columns:
        name = f"studie${c.name}"
        if c.kind == "code":
            levels = ", ".join(str(v.number) for v in c.values)
            said = ", ".join(_r(v.label) for v in c.values)
            lines.append(
                f"{name} <- factor(as.integer({name}), levels = c({levels}), labels = make.unique(c({said})))"
            )
        elif c.kind == "date":
            lines.append(f"{name} <- as.Date({name})")
        elif c.kind != "text":
            lines.append(f"{name} <- as.{'numeric' if c.kind == 'number' else 'integer'}({name})")
        lines.append(f'attr({name}, "label") <- {_r(c.label)}')
        lines.append(f"{name}{SUFFIX} <- factor({name}{SUFFIX}, levels = redenen, labels = woorden)")
    return "\n".join(lines) + "\n"
