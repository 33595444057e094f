"""Run benchmarks and write `docs/prestaties.md`: `python benchmarks/run.py [name …]`, without names all of them.

`--page` only writes the page again from the results that are there.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
PAGE = HERE.parent / "docs" / "prestaties.md"
#: What `dense.py` measured.
DENSE = RESULTS / "growth" / "dense.json"


def names() -> list[str]:
    """Every module of this folder that measures a claim."""
    return sorted(p.stem for p in HERE.glob("*.py") if not p.stem.startswith("_") and p.stem != "run")


def run(name: str) -> int:
    print(f"== {name}", flush=True)
    return subprocess.run([sys.executable, str(HERE / f"{name}.py")], cwd=HERE.parent, check=False).returncode


def figure(value: float) -> str:
    """A number as a Dutch reader writes it, with three significant digits at least."""
    text = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return text.translate(str.maketrans(",.", ".,"))


def page() -> str:
    """The Markdown page: one row per claim, newest figures, with machine and versions."""
    results = [json.loads(p.read_text(encoding="utf-8")) for p in sorted(RESULTS.glob("*.json"))]
    lines = [
        "# Prestaties",
        "",
        "Elke regel is een bewering met haar basis, gemeten in dezelfde run, om en om, ieder in een eigen proces.",
        '`make bench` meet alles opnieuw; `make bench NAMES="generate_store"` één bewering.',
        "Verhouding = mediaan van de basis gedeeld door mediaan van `bds`: boven 1 is `bds` sneller.",
        "Tijden in seconden (mediaan; bij de start van een proces CPU-seconden, het kleinste), geheugen als piek in MB. De machine was tijdens het meten soms ook met ander werk bezig.",
        "",
        "| bewering | basis | s | bds | s | per seconde | verhouding | MB | doel | gehaald | datum |",
        "| --- | --- | ---: | --- | ---: | --- | ---: | ---: | --- | --- | --- |",
    ]
    for r in results:
        b, c = r["baseline"], r["claim"]
        rate = f"{figure(c['rate'])} {r['unit']}" if c.get("rate") else ""
        time = "cpu_min" if r.get("by") == "cpu" else "wall_median"
        held = {True: "ja", False: "**nee**", None: "–"}[r["holds"]]
        lines.append(
            f"| {r['title']} (`{r['name']}`) | {b['label']} | {figure(b[time])} | {c['label']} | "
            f"{figure(c[time])} | {rate} | {figure(r['ratio'])} | {figure(c['peak_mb'])} | {r['target'] or '–'} | "
            f"{held} | {r['date']} |"
        )
    notes = [f"- `{r['name']}`: {r['note']}" for r in results if r["note"]]
    extras = [
        f"- `{r['name']}`: " + "; ".join(f"{k} {v}" for k, v in r["extra"].items())
        for r in results
        if r["extra"]
    ]
    if notes or extras:
        lines += ["", "## Bij de cijfers", "", *notes, *extras]
    lines += dense()
    seen = {
        json.dumps([r["machine"], r["versions"]], sort_keys=True): (r["machine"], r["versions"])
        for r in results
    }
    lines += ["", "## Waarop gemeten", ""]
    for machine, versions in seen.values():
        stated = ", ".join(f"{k} {v}" for k, v in versions.items())
        lines.append(
            f"- {machine['cpu']}, {machine['cores']} kernen, {machine['memory_gb']} GB, {machine['system']}; {stated}"
        )
    return "\n".join(lines) + "\n"


def dense() -> list[str]:
    """The section of `dense.py`: each step at each size, ratios first."""
    if not DENSE.is_file():
        return []
    told = json.loads(DENSE.read_text(encoding="utf-8"))
    sizes = told["sizes"]
    steps = list(next(iter(sizes.values()))["steps"])
    lines = [
        "",
        "## Bij ware dichtheid",
        "",
        f"Een kind heeft hier {' / '.join(figure(s['rows'] / int(n)) for n, s in sizes.items())} registraties: `bds generate`, alle thema's.",
        "Per stap hoeveel maal de processortijd waarin Polars dezelfde CSV leest en als Parquet wegschrijft,",
        f"bij {' / '.join(figure(int(n)) for n in sizes)} kinderen: `python benchmarks/dense.py` op {told['date']}, één keer per maat, op een machine die ook ander werk deed.",
        "Geheugen is dat van het grootste proces. Beschermen en de site lezen cellen, geen kinderen; waar minder cijfers staan, zijn het die van de kleinste maten.",
        f"Geheugen van de grootste maat naast dat van de maat ervoor: {_growth(sizes)}.",
        "",
        "| stap | × Polars | processortijd (s) | geheugen (MB) |",
        "| --- | ---: | ---: | ---: |",
    ]
    for step in steps:
        each = [(s["steps"][step], s["baseline"]) for s in sizes.values() if step in s["steps"]]
        lines.append(
            f"| {step} | {' / '.join(figure(e['cpu'] / base) for e, base in each)} | "
            f"{' / '.join(figure(e['cpu']) for e, _ in each)} | {' / '.join(figure(e['mb']) for e, _ in each)} |"
        )
    base = " / ".join(figure(s["baseline"]) for s in sizes.values())
    rows = " / ".join(figure(s["rows"]) for s in sizes.values())
    return [*lines, "", f"Polars zelf: {base} s, over {rows} registraties."]


def _growth(sizes: dict[str, Any]) -> str:
    """Of each step how much more memory the largest size took than the one before it, and how much larger that is."""
    *_, (small, before), (large, last) = sizes.items()
    steps = [s for s in last["steps"] if s in before["steps"]]
    each = (f"{s} {figure(last['steps'][s]['mb'] / before['steps'][s]['mb'])} ×" for s in steps)
    return f"{', '.join(each)}, bij {figure(int(large) / int(small))} × zoveel kinderen"


def main(arguments: list[str]) -> int:
    wanted = [a for a in arguments if not a.startswith("-")] or names()
    unknown = [n for n in wanted if n not in names()]
    if unknown:
        print(f"Onbekend: {', '.join(unknown)}. Er zijn: {', '.join(names())}", file=sys.stderr)
        return 2
    failed = [] if "--page" in arguments else [n for n in wanted if run(n)]
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
    for name in failed:
        print(f"Mislukt: {name}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
