"""A single file that is `bds`, for a machine that has Python 3.11 or newer and nothing to install with.

    python packaging/program.py [--to dist/bds.pyz] [--extras xlsx,report]

The file is a zip application (shiv): it unpacks itself once, in `~/.shiv` or SHIV_ROOT, and starts from there. It is made for
this kind of machine and this Python. On a busy machine `bds rule` took 0.25 s CPU, and 4.5 s the first time. PyInstaller's
single file needs no Python, but unpacks itself at every start; it was not measured. Ends with 1 when the program that was made does not do what it must (`smoke`).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
#: What the program must do: arguments, exit code, and a word of the answer.
SMOKE = (
    (["--version"], 0, "bds "),
    (["spec", "show", "510"], 0, "510"),
    (["rule", "BDS203"], 0, "BDS203"),
    (["validate", str(ROOT / "sample_data" / "schoon" / "dob-4.1.3")], 0, "registraties"),
    (["validate", str(ROOT / "sample_data" / "fouten" / "lang.csv"), "--quiet"], 1, "2.338"),
    (["validate", "is-er-niet.csv"], 3, ""),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--to", type=Path, default=ROOT / "dist" / "bds.pyz")
    parser.add_argument("--extras", default="xlsx,report")
    parser.add_argument("--source", default=str(ROOT), help="what to pack: this folder, or a wheel of bds")
    chosen = parser.parse_args()
    make(chosen.to, f"{chosen.source}[{chosen.extras}]" if chosen.extras else chosen.source)
    print(f"{chosen.to}: {chosen.to.stat().st_size / 1e6:.0f} MB")
    wrong = smoke(chosen.to)
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


def make(target: Path, wanted: str) -> None:
    """Pack `wanted` (a requirement) and all that it needs into `target`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bds-program-") as tools:
        subprocess.run([sys.executable, "-m", "venv", tools], check=True)
        python = next(
            p for p in (Path(tools, "bin", "python"), Path(tools, "Scripts", "python.exe")) if p.exists()
        )
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "shiv>=1.0.8"], check=True)
        subprocess.run(
            [str(python), "-m", "shiv", "--quiet", "--compressed", "--reproducible", "--python", "/usr/bin/env python3",
             "--entry-point", "bds_tool.__main__:main", "--output-file", str(target), wanted],
            check=True,
        )  # fmt: skip


def smoke(program: Path) -> list[str]:
    """What is wrong with the program: it is run with nothing of this environment, from an empty folder."""
    wrong = []
    with tempfile.TemporaryDirectory(prefix="bds-smoke-") as place:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "BDS_", "VIRTUAL_ENV"))}
        environment = {**kept, "SHIV_ROOT": str(Path(place, "shiv"))}
        for arguments, code, word in SMOKE:
            before = os.times()
            done = subprocess.run(
                [sys.executable, "-I", "-S", str(program.resolve()), *arguments],
                cwd=place, env=environment, capture_output=True, text=True, encoding="utf-8", check=False,
            )  # fmt: skip
            after = os.times()
            spent = sum(after[2:4]) - sum(before[2:4])
            told = " ".join(Path(a).name for a in arguments)
            if done.returncode != code or word not in done.stdout + done.stderr:
                wrong.append(
                    f"bds {told}: {done.returncode}, niet {code}\n{done.stdout[-500:]}{done.stderr[-500:]}"
                )
            else:
                print(f"bds {told}: {spent:.2f} s CPU")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
