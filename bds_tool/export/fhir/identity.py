"""Stable pseudonymous ids: keyed HMAC-SHA-256, so that they repeat for whoever has the key and for nobody else."""

from __future__ import annotations

import hmac
import secrets
from pathlib import Path

from bds_tool.base.keys import secret_key


def load_key(file: Path | None) -> tuple[bytes, bool]:
    """(key, random): without a key one is made for this run."""
    key = secret_key(file)
    return (key, False) if key else (secrets.token_bytes(32), True)


class Pseudoniem:
    """Ids of 32 hexadecimal characters (128 bits of the digest)."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def __call__(self, *parts: object) -> str:
        message = "\x1f".join("" if p is None else str(p) for p in parts)
        return hmac.digest(self._key, message.encode(), "sha256").hex()[:32]
