"""`bds convert --to csv-wide` as a whole process, beside the long CSV of the same store (promise: at most twice its time)."""

import subprocess
import sys
import tempfile
from pathlib import Path

from _measure import Case, compare, save

BDS = str(Path(sys.executable).with_name("bds"))


def main(children=1200):
    with tempfile.TemporaryDirectory() as folder:
        store, out = f"{folder}/in.bds", f"{folder}/uit"
        subprocess.run([BDS, "generate", "--children", str(children), "-o", store, "-q"], check=True)
        long, wide = (
            Case(
                f"bds convert --to {to}",
                argv=[BDS, "convert", store, f"{out}-{to}", "--to", to, "--force", "-q"],
            )
            for to in ("csv", "csv-wide")
        )
        return save(
            compare("write_wide", "Brede CSV naast lange CSV, heel proces (belofte: hooguit tweemaal)", long, wide,
                    unit="opdrachten", target=0.5, rounds=5)
        )  # fmt: skip


if __name__ == "__main__":
    main()
