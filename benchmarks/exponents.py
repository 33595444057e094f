"""How time and memory grow with the input: every reader, writer and command at four sizes, each case in a process of its own.

    python benchmarks/exponents.py [--base 20] [--only "lezen dob,profile"] [--page]

Time is processor time (of this process and its children) after a first run on a small input, so that imports and other
work on the machine do not count. Memory is the peak during a run, the smallest size first. An exponent is the slope of the
line through the logarithms of four sizes (1, 2, 4 and 8 times the base): 1 is linear, 2 quadratic. What is measured is kept
in `results/growth/`, case by case; `docs/groei.md` is made from it.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
RESULTS, PAGE = HERE / "results" / "growth" / "exponents.json", HERE.parent / "docs" / "groei.md"
#: What `growth_messages.py` measured.
MANY = RESULTS.with_name("messages.json")
SIZES = (1, 2, 4, 8)
READ = (
    "dob", "vaccinaties", "james", "james-ndjson", "csv", "csv-wide", "parquet", "arrow", "ndjson", "xlsx", "sav", "dta", "fhir",
    "zip", "store",
)  # fmt: skip
WRITE = (
    "store", "csv", "csv-wide", "parquet", "arrow", "ndjson", "xlsx", "james", "james-3.0", "james-3.1", "dob", "vaccinaties",
    "geanonimiseerd",
)  # fmt: skip
DELIVERY = ("--delivery", "2026-01", "--organisation", "1", "-q")
#: command → arguments. STORE holds so many children, OTHER is the same again, HL7 the same with codes of messages, DOB a folder
#: with a message for each, FOUND its saved findings, TOLD its report in JSON, LIKE its shared profile, RESULT what is counted of it, SECOND of as many other children,
#: ASK a request with the answers ANSWER and REPLY of two participants, ADDED a store with it as a delivery beside a small one, COPY a copy of that at OUT; SAFE is a result of so many areas (MILK: of feeding), CSV a
#: long table, SIZE the number itself, OUT what is written (PAGE: as Markdown).
COMMANDS = {
    "validate": ("validate", "STORE", "-q", "--exit-zero"),
    "validate (berichten)": ("validate", "DOB", "-q", "--exit-zero"),
    "validate (alle voorbeelden)": ("validate", "STORE", "--max-examples", "0", "-q", "--exit-zero", "-f", "json", "-o", "OUT"),
    "findings report": ("findings", "report", "FOUND", "-f", "html", "-o", "OUT"),
    "findings compare": ("findings", "compare", "FOUND", "FOUND", "-o", "OUT"),
    "profile": ("profile", "STORE", "-q", "-o", "OUT"),
    "migrate": ("migrate", "STORE", "--to", "4.2.0", "--out", "OUT", "-q"),
    "compare": ("compare", "STORE", "OTHER", "-q", "-o", "OUT"),
    "dossier list": ("dossier", "list", "STORE", "-o", "OUT"),
    "dossier show": ("dossier", "show", "STORE", "--nr", "1", "-o", "OUT", "-q"),
    "dossier copy": ("dossier", "copy", "STORE", "--nr", "1", "--to", "OUT", "-q"),
    "pseudonymise": ("pseudonymise", "STORE", "--elements", "235", "--to", "OUT", "--key-file", "KEY", "-q"),
    "research-table": ("research-table", "STORE", "--outcome", "235", "--to", "OUT", "-q"),
    "area check": ("area", "check", "STORE", "-o", "OUT"),
    "zib coverage": ("zib", "coverage", "STORE", "-o", "OUT"),
    "zib export": ("zib", "export", "STORE", "OUT", "--key-file", "KEY", "--workers", "1"),
    "indicator compute": ("indicator", "compute", "STORE", "--output", "OUT", "--area", "gemeente", "-q"),
    "indicator flow": ("indicator", "flow", "RESULT", "-o", "OUT"),
    "indicator merge": ("indicator", "merge", "RESULT", "SECOND", "-o", "OUT", "-q"),
    "protect run": ("protect", "run", "RESULT", "--to", "OUT", "-q"),
    "protect audit": ("protect", "audit", "SAFE", "-o", "OUT"),
    "report table": ("report", "table", "SAFE", "--format", "csv", "-o", "OUT", "-q"),
    "report table (xlsx)": ("report", "table", "SAFE", "--format", "xlsx", "-o", "OUT", "-q"),
    "report site": ("report", "site", "SAFE", "-o", "OUT", "-q"),
    "change check": ("change", "check", "4.1.3-4.2.0", "--data", "STORE", "--fail-on", "never", "-o", "OUT", "-q"),
    "generate": ("generate", "--children", "SIZE", "-o", "OUT", "-q"),
    "generate --like": ("generate", "--like", "LIKE", "--children", "SIZE", "-o", "OUT", "-q"),
    "convert": ("convert", "CSV", "OUT", "--to", "store", "-q"),
    "profile --share": ("profile", "STORE", "-q", "--share", "OUT"),
    "validate --baseline": ("validate", "STORE", "--baseline", "TOLD", "-q", "--exit-zero"),
    "quality": ("quality", "STORE", "--by", "discipline", "-q", "-o", "OUT"),
    "adoption": ("adoption", "STORE", "-o", "OUT"),
    "cohort": ("cohort", "GROWTH", "STORE", "--to", "OUT", "-q"),
    "anonymise": ("anonymise", "STORE", "--elements", "235", "--to", "OUT", "--key-file", "KEY", "-q"),
    "dossier consents": ("dossier", "consents", "STORE", "-o", "OUT"),
    "store add": ("store", "add", "OUT", "CSV", *DELIVERY),
    "store replace": ("store", "replace", "ADDED", "CSV", *DELIVERY),
    "store drop": ("store", "drop", "COPY", "--delivery", "2026-01", "-q"),
    "store list": ("store", "list", "ADDED", "-o", "OUT"),
    "store verify": ("store", "verify", "ADDED", "-o", "OUT"),
    "round answer": ("round", "answer", "ASK", "STORE", "--as", "A", "-o", "OUT"),
    "round merge": ("round", "merge", "ASK", "ANSWER", "REPLY", "-o", "OUT"),
    "protect compare": ("protect", "compare", "RESULT", "-o", "OUT"),
    "report melkvoeding": ("report", "melkvoeding", "MILK", "-o", "PAGE", "-q"),
}  # fmt: skip
ROUND = (
    "-i", "BF-BIRTH", "--participants", "A,B", "--title", "T", "--organiser", "O", "--deadline", "2099-01-01",
)  # fmt: skip
CASES = [*(f"lezen {r}" for r in READ), *(f"schrijven {w}" for w in WRITE), *COMMANDS]
#: Commands whose input does not grow: definitions, or one thing that is looked up (one dossier, one area, one page).
FIXED = (
    "spec versions", "spec list", "spec show", "spec search", "spec values", "spec path", "spec check", "spec diff", "spec export", "spec eject",
    "rule", "protocol list", "protocol show", "protocol new", "protocol check", "protocol test",
    "zib show", "zib search", "zib check", "zib profiles", "zib conform", "zib export-map",
    "indicator list", "indicator show", "indicator new", "indicator check", "indicator test", "indicator sql",
    "qualify list", "qualify check", "qualify new", "round new", "round join", "round start", "round repair",
    "protect policy check", "protect policy list", "protect policy show", "protect ledger",
    "change list", "change show", "change requests", "change notes", "change new", "change add", "change merge", "change table", "change apply",
    "report chart", "report pdf", "doctor",
)  # fmt: skip
#: Commands that run the others: what they cost is what those cost.
RUNNERS = ("open", "mcp", "rerun")
#: What is allowed; the test holds readers to it.
MOST_TIME, MOST_MEMORY = 1.15, 1.05


def store(folder: Path, children: int, seed: int = 1) -> Path:
    made = folder / (f"{children}.bds" if seed == 1 else f"{children}-{seed}.bds")
    if not made.exists():
        _bds("generate", "--children", children, "--bds", "4.1.3", "--seed", seed, "-o", made, "-q")
    return made


def given(folder: Path, kind: str, children: int) -> Path:
    """An export of so many children (`zip`: files, `sav` and `dta`: 50 rows), in the format of a reader."""
    ending = {"james": ".json", "james-ndjson": ".ndjson"}.get(kind, f".{kind}")
    made = folder / f"{kind}-{children}{'' if kind in {'dob', 'vaccinaties', 'csv-wide', 'fhir'} else ending}"
    if made.exists():
        return made
    if kind == "zip":
        import zipfile

        lines = given(folder, "csv", 8).read_text(encoding="utf-8").splitlines(keepends=True)[:40]
        with zipfile.ZipFile(made, "w") as archive:
            for number in range(children):
                archive.writestr(f"{number}.csv", "".join(lines))
    elif kind in {"sav", "dta"}:
        import polars as pl
        import pyreadstat

        many = children * 50
        frame = {
            "client": [f"k{n}" for n in range(many)],
            "datum": ["2020-01-02"] * many,
            "bds_235": [900.0 + n % 90 for n in range(many)],
        }
        getattr(pyreadstat, f"write_{kind}")(pl.DataFrame(frame), str(made))
    elif kind == "fhir":
        (folder / "key").write_text("a" * 64)
        _bds("zib", "export", store(folder, children), made, "--key-file", folder / "key", "--workers", 1)
    elif kind == "james-ndjson":
        shutil.copy(given(folder, "james", children), made)
    elif kind == "store":
        shutil.copytree(store(folder, children), made.with_suffix(".bds"))
        return made.with_suffix(".bds")
    else:
        hl7 = kind in {"dob", "vaccinaties"}
        _bds("generate", "--children", children, "--bds", "4.1.3", "--to", kind, *(("--coding", "hl7") if hl7 else ()), "-o", made, "-q")  # fmt: skip
    return made


def result(folder: Path, areas: int, names: tuple[str, ...] = ()) -> Path:
    """A protected result of so many areas, of these indicators or of four that are made up."""
    from report_site import make

    target = folder / f"{areas}{'-'.join(names)}.result"
    return make(target, gemeenten=max(1, areas // 10), wijken=areas, indicators=4, years=3, names=names)


def inputs(folder: Path, words: tuple[str, ...], children: int) -> dict[str, Path]:
    """What a command is run on, made before it is timed."""
    made = {
        "KEY": folder / "key",
        "OUT": folder / "uit",
        "PAGE": folder / "uit.md",
        "SIZE": Path(str(children)),
    }
    made["KEY"].write_text("a" * 64)
    if {"STORE", "OTHER", "FOUND", "RESULT", "LIKE", "TOLD"} & {*words}:
        made["STORE"] = made["OTHER"] = store(folder, children)
    if "DOB" in words:
        made["DOB"] = given(folder, "dob", children)
    if "FOUND" in words:
        made["FOUND"] = folder / f"{children}.found"
        if not made["FOUND"].exists():
            _bds("validate", made["STORE"], "--save", made["FOUND"], "-q")
    for seed, word in enumerate(("RESULT", "SECOND"), 1):
        if word in words:
            made[word] = folder / f"{children}-{seed}.counts"
            if not made[word].exists():
                counted = ("-o", made[word], "--area", "gemeente", "-i", "groei", "-q")
                _bds("indicator", "compute", store(folder, children, seed), *counted)
    if "SAFE" in words:
        made["SAFE"] = result(folder, children)
    if "MILK" in words:
        made["MILK"] = result(folder, children, ("BF-BIRTH", "BF-3M", "MIX-BIRTH", "FF-BIRTH"))
    if "CSV" in words:
        made["CSV"] = given(folder, "csv", children)
    made["GROWTH"] = HERE.parent / "specs" / "studie" / "voorbeelden" / "groei-2-jaar.yaml"
    if "TOLD" in words:
        made["TOLD"] = folder / f"{children}.json"
        if not made["TOLD"].exists():
            told = ("-f", "json", "--max-examples", "0", "-o", made["TOLD"])
            _bds("validate", store(folder, children), "-q", "--exit-zero", *told)
    if "LIKE" in words:
        made["LIKE"] = folder / f"{children}.like"
        if not made["LIKE"].exists():
            _bds("profile", store(folder, children), "--share", made["LIKE"], "-q")
    if {"ADDED", "COPY"} & {*words}:
        made["ADDED"], made["COPY"] = folder / f"{children}-deliveries.bds", made["OUT"]
        if not made["ADDED"].exists():
            _bds("store", "add", made["ADDED"], given(folder, "csv", children), *DELIVERY)
            other = ("--delivery", "2026-02", "--organisation", "1", "-q")
            _bds("store", "add", made["ADDED"], given(folder, "parquet", 8), *other)
    if "ASK" in words:
        made["ASK"] = folder / "vraag.json"
        if not made["ASK"].exists():
            _bds("round", "new", "-o", made["ASK"], *ROUND)
        for seed, word in enumerate(("ANSWER", "REPLY"), 1):
            made[word] = folder / f"{children}-{seed}.answer"
            if word in words and not made[word].exists():
                _bds(
                    "round",
                    "answer",
                    made["ASK"],
                    store(folder, children, seed),
                    "--as",
                    "AB"[seed - 1],
                    "-o",
                    made[word],
                )
    return made


def work(case: str, folder: Path, children: int) -> Callable[[], object]:
    """What a case does once, on inputs that are there already."""
    from bds_tool.formats import read
    from bds_tool.formats.dob.sender import INVENTED
    from bds_tool.formats.writing import WriteOptions, write
    from bds_tool.store.store import Store

    out = folder / "uit"

    def clear() -> None:
        if out.is_dir():
            shutil.rmtree(out)
        for made in folder.glob("uit*"):
            made.unlink()

    kind = case.partition(" ")[2]
    if case.startswith("lezen "):
        path = given(folder, kind, children)
        if (
            kind == "store"
        ):  # opening one copies nothing: what is read is all of its rows, by the pieces of judging
            from bds_tool.store.pieces import pieces

            return lambda: sum(p.height for p in pieces(Store.open(path)))
        return lambda: read([path]).close()
    if case.startswith("schrijven "):
        opened = Store.open(store(folder, children))
        if kind == "store":
            path = given(folder, "parquet", children)
            return lambda: (clear(), read([path], out).close())
        return lambda: (
            clear(),
            write(opened, kind, out, WriteOptions(bds="4.1.3", organisation=1, sender=INVENTED)),
        )
    words = inputs(folder, COMMANDS[case], children)
    before = [words["ADDED"]] if "COPY" in COMMANDS[case] else []
    return lambda: (
        clear(),
        [shutil.copytree(p, out) for p in before],
        _bds(*(words.get(a, a) for a in COMMANDS[case])),
    )


def _bds(*arguments: object) -> None:
    from bds_tool.cli.main import run

    code = run([str(a) for a in arguments])
    if code not in {0, 1, 4}:
        raise RuntimeError(f"exit {code}: {arguments}")


def one(case: str, folder: Path, base: int) -> list[dict[str, float]]:
    """Seconds of processor time and peak MB of the four sizes, after one run on a small input."""
    work(case, folder, 8)()
    found = []
    for size in SIZES:
        again = work(case, folder, base * size)
        gc.collect()
        reset = Path("/proc/self/clear_refs")
        if reset.exists():
            reset.write_text("5")  # the peak so far is forgotten
        before = sum(os.times()[:4])
        again()
        seconds = sum(os.times()[:4]) - before
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        peak = int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024
        found.append({"seconds": round(seconds, 3), "mb": round(peak, 1)})
    return found


def measure(case: str, folder: Path, base: int) -> list[dict[str, float]]:
    """The four sizes of a case, in a process of its own."""
    own = [
        sys.executable,
        str(HERE / "exponents.py"),
        "--one",
        case,
        "--folder",
        str(folder),
        "--base",
        str(base),
    ]
    done = subprocess.run(
        own, capture_output=True, text=True, check=False, env={**os.environ, "BDS_PROCESSES": "1"}
    )
    if done.returncode:
        raise RuntimeError(f"{case}: {done.stderr[-600:]}")
    made: list[dict[str, float]] = json.loads(done.stdout.strip().splitlines()[-1])
    return made


def exponent(values: list[float]) -> float:
    """The slope of the logarithms over the four sizes."""
    xs, ys = [math.log(s) for s in SIZES], [math.log(max(v, 0.001)) for v in values]
    mx, my = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((x - mx) * (y - my) for x, y in zip(xs, ys, strict=True)) / sum((x - mx) ** 2 for x in xs)


def page(measured: dict[str, dict[str, Any]]) -> str:
    """The page in the docs: one row per case that was measured, in the order of CASES."""
    lines = [
        "# Groei",
        "",
        "Wat gebeurt er met tijd en geheugen als een levering groter wordt? Elke lezer, elke schrijver en elke opdracht waarvan de",
        "invoer groeit, is gemeten bij vier maten: 1, 2, 4 en 8 keer de kleinste. Een exponent van 1 is evenredig, 2 is kwadratisch.",
        f"Toegestaan is {_dutch(MOST_TIME)} voor tijd en {_dutch(MOST_MEMORY)} voor geheugen; een test meet de lezers na.",
        "",
        "Tijd is processortijd na een eerste run op iets kleins, dus zonder het laden van het programma. Geheugen is de piek van het",
        "hele proces. `python benchmarks/exponents.py` meet opnieuw.",
        "",
        "| wat | maten | processortijd (s) | exponent | geheugen (MB) | exponent | gemeten |",
        "| --- | --- | ---: | ---: | ---: | ---: | --- |",
    ]
    for case in CASES:
        if case not in measured:
            lines.append(f"| {case} | | niet gemeten | | | | |")
            continue
        found, base = measured[case]["sizes"], measured[case]["base"]
        seconds, memory = [f["seconds"] for f in found], [f["mb"] for f in found]
        lines.append(
            f"| {case} | {' / '.join(str(base * s) for s in SIZES)} {_unit(case)} | {' / '.join(_dutch(s) for s in seconds)} | "
            f"{_dutch(exponent(seconds))} | {' / '.join(f'{m:.0f}' for m in memory)} | {_dutch(exponent(memory))} | {measured[case]['date']} |"
        )
    many = json.loads(MANY.read_text(encoding="utf-8"))
    lines += [
        "",
        "Berichten in grote aantallen (`bds validate` op een map, `python benchmarks/growth_messages.py`; geheugen van alle processen samen):",
        "",
        "| berichten | processortijd (s) | geheugen (MB) |",
        "| ---: | ---: | ---: |",
        *(f"| {n} | {_dutch(f['seconds'])} | {f['mb']:.0f} |" for n, f in many["sizes"].items()),
    ]
    lines += [
        "",
        f"Zonder groeiende invoer, dus niet in de tabel: {', '.join(FIXED)}. Zo duur als wat ze uitvoeren: {', '.join(RUNNERS)}.",
        "",
    ]
    return "\n".join(lines)


def _dutch(number: float) -> str:
    return f"{number:.2f}".replace(".", ",")


def _unit(case: str) -> str:
    if case == "lezen zip":
        return "bestanden"
    if case in {"lezen sav", "lezen dta"}:
        return "× 50 rijen"
    return "gebieden" if {"SAFE", "MILK"} & {*COMMANDS.get(case, ())} else "kinderen"


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--base", type=int, default=20)
    parser.add_argument("--only", default="")
    parser.add_argument("--page", action="store_true", help="only write the page again")
    parser.add_argument("--one", default="")
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if options.one:
        told, sys.stdout = sys.stdout, sys.stderr
        told.write(json.dumps(one(options.one, options.folder, options.base)) + "\n")
        return 0
    measured = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    chosen = [] if options.page else [c for c in CASES if not options.only or c in options.only.split(",")]
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        for case in chosen:
            try:
                sizes = measure(case, Path(name), options.base)
            except RuntimeError as error:
                print(error, flush=True)
                failed = 1
                continue
            measured[case] = {"base": options.base, "date": date.today().isoformat(), "sizes": sizes}  # noqa: DTZ011
            RESULTS.parent.mkdir(exist_ok=True)
            RESULTS.write_text(json.dumps(measured, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            slopes = [exponent([f[k] for f in sizes]) for k in ("seconds", "mb")]
            over = " TE VEEL" if slopes[0] > MOST_TIME or slopes[1] > MOST_MEMORY else ""
            print(f"{case}: tijd {slopes[0]:.2f}, geheugen {slopes[1]:.2f}{over}", flush=True)
    PAGE.write_text(page(measured), encoding="utf-8")
    return failed


if __name__ == "__main__":
    sys.exit(main())
