"""Entry point: `bds`, and `python -m bds_tool`."""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn

from bds_tool.base.signals import STOPPING


def main() -> None:
    """Run `bds`. Until the program itself listens, a signal ends the run in a word: nothing has been made yet."""
    for told in STOPPING:
        if (
            signal.getsignal(told) != signal.SIG_IGN
        ):  # as in the background of a shell, where Ctrl-C is for others
            signal.signal(told, _early)
    from bds_tool.cli.main import main as run

    run()


def _early(*_: object) -> NoReturn:
    language = os.environ.get("BDS_LANG", "nl")
    sys.stderr.write("Interrupted.\n" if language == "en" else "Afgebroken.\n")
    sys.stderr.flush()
    os._exit(130)


if __name__ == "__main__":
    main()
