"""DOB messages in bulk, read and judged by all rules, against lxml parse + XSD validation of the same messages.

Goal: at most 5 times as long, for messages of 10 KB and of 250 KB; and 10,000 small files at most 12 times a bare
lxml parse. The messages are public test messages with other identifiers; without them there is nothing to measure.

What judging by the whole standard costs, against the state before it was there (goal: at most 1.3 times), in CPU seconds of
`judge(Request([FOLDER / kind]))` in one process, both in turn, the smallest of `BENCH_ROUNDS`:

    mkdir ../before && git archive e633f7f^ | tar x -C ../before
    BENCH_AGAINST=../before BENCH_SMALL=2000 BENCH_LARGE=200 python benchmarks/validate_dob.py

Seen on 2026-11-30 on a quiet machine, smallest of three, each in a process of its own: 1,000 small messages 3.21 s before,
3.53 s now (1.10 times), 60 large ones 2.41 s before, 2.63 s now (1.09 times). Warm, 300 small ones on a busy machine: 1.3 to
1.4 times.
The messages differ in a number only, so most parts are the same: what was right is known again.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from _measure import Case, compare, save

SHARED = Path(__file__).resolve().parents[2] / "shared" / "real"
SMALL = SHARED / "dob/4.1.3/DOB-v3.1-R034_hl7.xml"
LARGE = SHARED / "dob/4.1.3/DOB-v3.1.0-test-versturen-XXX_Paridon_hl7.xml"
FOLDER = Path(tempfile.gettempdir()) / "bds-bench-validate-dob"
COUNTS = {
    "small": int(os.environ.get("BENCH_SMALL", "10000")),
    "large": int(os.environ.get("BENCH_LARGE", "1000")),
}
# As the program `bds` does; the cases are functions in interpreters of their own.
os.environ["BDS_PROCESSES"] = "2"


def make(kind: str) -> Path:
    folder = FOLDER / kind
    if not folder.exists():
        folder.mkdir(parents=True)
        text = (LARGE if kind == "large" else SMALL).read_text(encoding="utf-8")
        for i in range(COUNTS[kind]):
            (folder / f"{i:05}.xml").write_text(
                text.replace('extension="54321"', f'extension="{54321 + i}"'), encoding="utf-8"
            )
    return folder


def _parse(kind: str, *, xsd: bool) -> int:
    from lxml import etree

    schema = (
        etree.XMLSchema(etree.parse(str(next((SHARED / "xsd").rglob("REPC_IN902120NL03.xsd")))))
        if xsd
        else None
    )
    files = sorted((FOLDER / kind).glob("*.xml"))
    for path in files:
        root = etree.fromstring(path.read_bytes())
        if schema is not None:
            schema.validate(root)
    return len(files)


def _judge(kind: str) -> int:
    from bds_tool.validate.run import Request, judge

    result = judge(Request([FOLDER / kind]))
    return int(result.bronnen.height)


def small_plain() -> int:
    return _parse("small", xsd=True)


def small_ours() -> int:
    return _judge("small")


def large_plain() -> int:
    return _parse("large", xsd=True)


def large_ours() -> int:
    return _judge("large")


def small_parsed() -> int:
    return _parse("small", xsd=False)


_CPU = """
import os, sys
from pathlib import Path
from bds_tool.validate.run import Request, judge
before = os.times()
judge(Request([Path(sys.argv[1])]))
after = os.times()
print(sum(after[:4]) - sum(before[:4]))
"""


def _seconds(tree: Path, kind: str) -> float:
    """CPU seconds of judging all messages of a kind with the program in this tree, in one process."""
    own = os.environ | {"PYTHONPATH": os.pathsep.join([str(tree), *sys.path[1:]]), "BDS_PROCESSES": "1"}
    ran = subprocess.run(
        [sys.executable, "-c", _CPU, str(FOLDER / kind)],
        env=own,
        cwd=tree,
        check=True,
        capture_output=True,
        text=True,
    )
    return float(ran.stdout)


def against(before: Path, rounds: int) -> None:
    """Print what judging costs beside the program in the tree `before`."""
    now = Path(__file__).resolve().parents[1]
    for kind, count in COUNTS.items():
        taken = [(_seconds(before, kind), _seconds(now, kind)) for _ in range(rounds)]
        old, new = min(t[0] for t in taken), min(t[1] for t in taken)
        print(
            f"{kind}: {count} messages, {old:.2f} s before, {new:.2f} s now: {new / old:.2f} times (goal 1.3)"
        )


def main() -> None:
    if not SMALL.exists():
        sys.exit("the public test messages are needed: ../shared/real")
    rounds = int(os.environ.get("BENCH_ROUNDS", "3"))
    for kind in COUNTS:
        make(kind)
    if "BENCH_AGAINST" in os.environ:
        against(Path(os.environ["BENCH_AGAINST"]).resolve(), rounds)
        return
    parsed, checked = "lxml parse, één proces", "lxml parse + XSD, één proces"
    for name, title, baseline, ours, unit, times in (
        ("small", "DOB van 10 KB in bulk", Case(checked, small_plain), small_ours, "berichten", 5),
        ("large", "DOB van 250 KB in bulk", Case(checked, large_plain), large_ours, "berichten", 5),
        ("many", "10.000 kleine DOB-bestanden", Case(parsed, small_parsed), small_ours, "bestanden", 12),
    ):
        save(
            compare(
                f"validate_dob_{name}",
                f"{title}: lezen en alle regels",
                baseline,
                Case("bds validate, twee processen", ours),
                unit=unit,
                rounds=rounds,
                target=1 / times,
                note=f"Doel: ten hoogste {times} keer.",
            )
        )


if __name__ == "__main__":
    main()
