"""Which planted defects `bds validate` finds, and how much of what it says was planted: `docs/matrix.md`.

Recall: the share of planted defects that one of the rules of their kind reports at their place.
Precision: the share of the findings of a rule that lie on a planted defect of a kind it should report, or are
told by one (a date moved to before birth also breaks the order of lengths): both are shown.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import date
from pathlib import Path

import polars as pl

CHILDREN, SEED, RATE = 1500, 11, 4.0
TODAY = date(2025, 12, 31)
PAGE = Path(__file__).resolve().parents[1] / "docs" / "matrix.md"
CASES = (("4.1.3", "bds"), ("4.1.3", "hl7"), ("4.2.0", "bds"), ("3.2.7", "hl7"))


def judged(version: str, coding: str, folder: Path, rate: float) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    """(manifest, findings, registraties) of one generated store."""
    from bds_tool.store.store import Store
    from bds_tool.synthetic.generate import Request, generate
    from bds_tool.validate.engine import Options, validate

    out = folder / "m.bds"
    defects = "standaard" if rate else ""
    rows = generate(
        Request(CHILDREN, SEED, version, coding=coding, defects=defects, defect_rate=rate or 1),
        out,
        replace=True,
    )
    result = validate(Store.open(out), Options(today=TODAY, max_examples=0))
    findings = result.findings.with_columns(pl.col(pl.Categorical).cast(pl.String))
    manifest = pl.read_parquet(out / "defecten.parquet") if rate else pl.DataFrame()
    return manifest, findings, rows


def matches(manifest: pl.DataFrame, findings: pl.DataFrame, loose: set[str]) -> pl.DataFrame:
    """Pairs of a defect (`_d`) and a finding (`_f`) at one place; `expected` when the rule belongs to the kind."""
    found = findings.select("_f", "code", "dossier_id", a="activiteit_id", e="bdsnummer")
    pairs = manifest.join(found, on="dossier_id")
    same_activity = (
        pl.col("activiteit_id").is_null() | pl.col("a").is_null() | (pl.col("activiteit_id") == pl.col("a"))
    )
    same_element = (
        pl.col("e").is_null() | (pl.col("e") == pl.col("bdsnummer")) | pl.col("soort").is_in(list(loose))
    )
    return pairs.with_columns(
        expected=pl.col("regels").str.split(",").list.contains(pl.col("code")),
        here=same_activity & same_element,
    )


def tables(
    version: str, coding: str, folder: Path, loose: set[str]
) -> tuple[list[tuple], list[tuple], int, int]:
    manifest, findings, rows = judged(version, coding, folder, RATE)
    _, clean, _ = judged(version, coding, folder, 0)
    noise = dict(clean.group_by("code").len().iter_rows())
    manifest, findings = manifest.with_row_index("_d"), findings.with_row_index("_f")
    pairs = matches(manifest, findings, loose)
    hits = pairs.filter(pl.col("expected") & pl.col("here"))
    recall = (
        manifest.join(hits.select("_d").unique().with_columns(hit=pl.lit(value=True)), on="_d", how="left")
        .group_by("soort", "regels").agg(n=pl.len(), found=pl.col("hit").fill_null(value=False).sum()).sort("soort")
    )  # fmt: skip
    right = hits.select("_f").unique().with_columns(right=pl.lit(value=True))
    told = pairs.select("_f").unique().with_columns(told=pl.lit(value=True))
    per_rule = (
        findings.join(right, on="_f", how="left").join(told, on="_f", how="left").group_by("code")
        .agg(n=pl.len(), right=pl.col("right").fill_null(value=False).sum(), told=pl.col("told").fill_null(value=False).sum())
        .sort("code")
    )  # fmt: skip
    precision = [(c, n, r, t, noise.get(c, 0)) for c, n, r, t in per_rule.iter_rows()]
    return list(recall.iter_rows()), precision, rows, manifest.height


def share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}".replace(".", ",") if whole else "–"


def main() -> int:
    from bds_tool.synthetic.defects import defect_kinds

    loose = {k["soort"] for k in defect_kinds("standaard") if k.get("plaats") == "activiteit"}
    reasons = {k["soort"]: k["waarom"] for k in defect_kinds("standaard")}
    lines = [
        "# Wat validate vindt van geplante fouten",
        "",
        f"Gemeten op {CHILDREN} verzonnen kinderen (seed {SEED}) met `--defects standaard`, per BDS-versie en codering;",
        "de fouten staan in `specs/populatie/defecten/standaard.yaml`, de plaats van elke fout in `defecten.parquet`.",
        "Gevonden = een regel die bij de soort hoort, meldt het op de plaats van de fout.",
        "`python benchmarks/generate_matrix.py` maakt deze bladzijde opnieuw.",
        "",
        "## Trefkans per soort fout",
        "",
    ]
    recalls: dict[str, dict[tuple[str, str], tuple[int, int]]] = {}
    rules: dict[str, str] = {}
    precisions: dict[str, list[int]] = {}
    summary = []
    with tempfile.TemporaryDirectory() as name:
        for case in CASES:
            recall, precision, rows, planted = tables(*case, Path(name), loose)
            found = 0
            for kind, codes, n, hit in recall:
                recalls.setdefault(kind, {})[case] = (hit, n)
                rules[kind] = codes
                found += hit
            for code, *counts in precision:
                total = precisions.setdefault(code, [0, 0, 0, 0])
                precisions[code] = [a + b for a, b in zip(total, counts, strict=True)]
            summary.append((case, rows, planted, found))
            print(f"BDS {case[0]} {case[1]}: {rows} registraties, {planted} geplant, {found} gevonden")
    heads = " | ".join(f"{v} {c}" for v, c in CASES)
    lines += [f"| soort | wat | regels | {heads} |", f"| --- | --- | --- |{' ---: |' * len(CASES)}"]
    for kind in sorted(recalls):
        cells = [
            f"{share(*recalls[kind][case])} % van {recalls[kind][case][1]}"
            if case in recalls[kind]
            else "n.v.t."
            for case in CASES
        ]
        lines.append(
            f"| {kind} | {reasons[kind]} | {rules[kind].replace(',', ', ') or '(geen regel)'} | {' | '.join(cells)} |"
        )
    lines += ["", "| geheel | registraties | geplant | gevonden |", "| --- | ---: | ---: | ---: |"]
    lines += [
        f"| {v} {c} | {rows} | {planted} | {share(found, planted)} % |"
        for (v, c), rows, planted, found in summary
    ]
    lines += [
        "", "## Zuiverheid per regel", "",
        "Terecht = op een geplante fout die deze regel hoort te melden. Verklaard = terecht, of in een dossier met een",
        "geplante fout (een verzette datum verstoort ook de volgorde van metingen). Schoon = meldingen op dezelfde",
        "bevolking zonder fouten.", "",
        "| regel | meldingen | terecht | verklaard | schoon |", "| --- | ---: | ---: | ---: | ---: |",
    ]  # fmt: skip
    lines += [
        f"| {c} | {n} | {share(r, n)} % | {share(t, n)} % | {s} |"
        for c, (n, r, t, s) in sorted(precisions.items())
    ]
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
