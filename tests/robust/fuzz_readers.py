"""Coverage-guided fuzzing of the readers with atheris; not part of the test run, started by hand or by `make fuzz`.

    python tests/robust/fuzz_readers.py dob --seconds 600 --corpus DIR [--log fuzz.jsonl]

One execution is one input through one reader, from bytes to rows. The only way out that is not a crash is
success or `UserError`. A crash is kept (one input per place in the code) and the run goes on; the rows that
an input may give are bounded by its size. Every crash becomes a case of `test_regressions.py`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import sys
import time
import traceback
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parent))
from fuzz_core import READERS, mutate_json, mutate_xml, run_one

LIMIT = 4096


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("reader", choices=READERS)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument(
        "--corpus", type=Path, required=True, help="folder with seeds; what is learned goes to <corpus>.found"
    )
    parser.add_argument("--log", type=Path, default=Path("fuzz.jsonl"))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with atheris.instrument_imports(include=["bds_tool.store", "bds_tool.formats", "bds_tool.export"]):
        import bds_tool.formats.reading  # noqa: F401
        from bds_tool.formats.registry import FORMATS

        if options.reader in FORMATS:
            __import__(FORMATS[options.reader].read.split(":")[0])
    found = Path(f"{options.corpus}.found")
    crashes = Path(f"{options.corpus}.crashes")
    found.mkdir(parents=True, exist_ok=True)
    crashes.mkdir(parents=True, exist_ok=True)
    state = {"executions": 0, "crashes": 0, "start": time.time()}
    known: set[str] = set()

    def tell() -> None:
        seconds = round(time.time() - state["start"], 1)
        line = {
            "reader": options.reader,
            "executions": state["executions"],
            "seconds": seconds,
            "places": sorted(known),
            "pid": os.getpid(),
        }
        options.log.parent.mkdir(parents=True, exist_ok=True)
        (options.log.parent / f"{options.log.name}.{os.getpid()}").write_text(json.dumps(line) + "\n")

    def target(data: bytes) -> None:
        state["executions"] += 1
        if state["executions"] % 2000 == 0:
            tell()
        try:
            run_one(options.reader, data)
        except Exception as error:  # noqa: BLE001  # every other exception is what we look for
            frames = traceback.extract_tb(error.__traceback__)
            ours = [f for f in frames if "bds_tool" in f.filename] or frames
            place = f"{type(error).__name__} {Path(ours[-1].filename).name}:{ours[-1].lineno}"
            if place not in known:
                known.add(place)
                (crashes / f"{hashlib.sha1(data).hexdigest()[:12]}").write_bytes(data)  # noqa: S324
                (crashes / f"{hashlib.sha1(data).hexdigest()[:12]}.txt").write_text(  # noqa: S324
                    f"{options.reader}\n{place}\n{''.join(traceback.format_exception(error))}"
                )
                sys.stdout.write(f"CRASH {place}\n")
                tell()

    structural = {"dob": mutate_xml, "james": mutate_json, "fhir": mutate_json}.get(options.reader)

    def mutator(data: bytes, size: int, seed: int) -> bytes:
        random_ = random.Random(seed)
        if structural and random_.random() < 0.5:
            changed = structural(data, random_)
            if changed is not None and len(changed) <= size:
                return changed
        return atheris.Mutate(data, size)

    arguments = [
        sys.argv[0],
        str(found),
        str(options.corpus),
        f"-max_total_time={options.seconds}",
        f"-max_len={LIMIT}",
        "-timeout=20",
        "-rss_limit_mb=3000",
        f"-artifact_prefix={crashes}/",
        "-print_final_stats=1",
        "-verbosity=0",
        *([f"-seed={options.seed}"] if options.seed else []),
    ]
    atheris.Setup(arguments, target, custom_mutator=mutator)
    tell()
    atheris.Fuzz()


if __name__ == "__main__":
    main()
