"""Memory of `bds validate` on 1,000, 3,000 and 10,000 messages: `python benchmarks/growth_messages.py`, then `exponents.py --page`.

A hundred generated messages (theme groei, 75 KB each) are copied under other numbers of child, dossier and message, each a valid
BSN. Memory is that of `bds` and its two processes together, looked at five times a second.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from itertools import count
from pathlib import Path

from exponents import MANY

BDS = str(Path(sys.executable).with_name("bds"))
SIZES = (1000, 3000, 10000)
_OWN = re.compile(
    r'<patient classCode="PAT">.*?2\.16\.840\.1\.113883\.2\.4\.6\.3" extension="(\d{9})"', re.DOTALL
)


def numbers() -> Iterator[str]:
    """Numbers that pass the test of eleven."""
    for n in count(100_000_001):
        digits = [int(c) for c in str(n)]
        if (sum((9 - i) * digits[i] for i in range(8)) - digits[8]) % 11 == 0:
            yield str(n)


def make(folder: Path) -> None:
    base = [
        BDS,
        "generate",
        "--children",
        "100",
        "--bds",
        "4.1.3",
        "--to",
        "dob",
        "--coding",
        "hl7",
        "--themes",
        "groei",
    ]
    subprocess.run([*base, "-o", folder / "basis", "-q"], check=True)
    texts = [p.read_text(encoding="utf-8") for p in sorted((folder / "basis").glob("*.xml"))]
    for size in SIZES:
        (folder / str(size)).mkdir()
    for k, number in zip(range(max(SIZES)), numbers(), strict=False):
        text = texts[k % len(texts)]
        own = _OWN.search(text)
        if own is None:
            raise RuntimeError("a message without a number of the child")
        text = text.replace(f'extension="{own[1]}"', f'extension="{number}"')
        text = re.sub(r'extension="D\d{8}"', f'extension="D{k + 1:08}"', text)
        text = re.sub(r'(<id root="2.25" extension="\d+?)\d{5}"', rf'\g<1>{k:05}"', text, count=1)
        for size in SIZES:
            if k < size:
                (folder / str(size) / f"{k:05}.xml").write_text(text, encoding="utf-8")


def tree(process: int) -> list[int]:
    """The process and all that it started."""
    found = [process]
    for one in found:
        for told in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                found += [int(n) for n in told.read_text(encoding="utf-8").split()]
            except OSError:
                continue
    return found


def resident(process: int) -> float:
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


def measure(folder: Path) -> dict[str, float]:
    before = os.times()
    own = {**os.environ, "BDS_PROCESSES": "2"}
    run = subprocess.Popen([BDS, "validate", folder, "-q", "--exit-zero"], stdout=subprocess.DEVNULL, env=own)
    most = 0.0
    while run.poll() is None:
        most = max(most, sum(map(resident, tree(run.pid))))
        time.sleep(0.2)
    after = os.times()
    return {"seconds": round(sum(after[2:4]) - sum(before[2:4]), 1), "mb": round(most)}


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        make(Path(name))
        found = {str(size): measure(Path(name) / str(size)) for size in SIZES}
    told = {"date": date.today().isoformat(), "sizes": found}  # noqa: DTZ011
    MANY.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
