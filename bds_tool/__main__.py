"""Entry point: `bds`, and `python -m bds_tool`."""

from __future__ import annotations

import os
import signal
import sys

from bds_tool.base.signals import STOPPING

TYPE_CHECKING = False  # what is imported here comes before a Ctrl-C is heard
if TYPE_CHECKING:
    from typing import NoReturn


def main() -> None:
    """Run `bds`. Until the program itself listens, a signal ends the run in a word: nothing has been made yet."""
    for told in STOPPING:
        if (
            signal.getsignal(told) != signal.SIG_IGN
        ):  # as in the background of a shell, where Ctrl-C is for others
            signal.signal(told, _early)
    _streams()
    from bds_tool.cli import overview

    if overview.asked(sys.argv[1:]):
        overview.show()
        return
    from bds_tool.cli.main import main as run

    try:
        run()
    except SystemExit as end:
        if isinstance(end.code, int):
            _leave(end.code)
        raise


def _streams() -> None:
    for stream in (sys.stdout, sys.stderr):
        # Windows code pages lack characters that Dutch texts use; a replacement beats a crash.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    # What another program reads is UTF-8 whatever the code page of this machine is.
    if hasattr(sys.stdout, "reconfigure") and not sys.stdout.isatty():
        sys.stdout.reconfigure(encoding="utf-8")


def _leave(code: int) -> None:
    """End here, with what was made: taking hundreds of modules down one by one is a tenth of a short run.

    Not while a thread is at work or where the last words cannot be written: then Python ends as it always does.
    """
    import atexit
    import threading

    if threading.active_count() > 1:
        return
    atexit._run_exitfuncs()  # noqa: SLF001  # what Python itself calls here; `os._exit` does not
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        return
    os._exit(code)


def _early(*_: object) -> NoReturn:
    language = os.environ.get("BDS_LANG", "nl")
    sys.stderr.write("Interrupted.\n" if language == "en" else "Afgebroken.\n")
    sys.stderr.flush()
    os._exit(130)


if __name__ == "__main__":
    main()
