"""Signals that end a run."""

from __future__ import annotations

import signal

#: Ctrl-C, a request to stop, a terminal that closes (which Windows does not know).
STOPPING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
