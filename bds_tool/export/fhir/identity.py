"""Stable pseudonymous ids: keyed HMAC-SHA-256, so that they repeat for whoever has the key and for nobody else."""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path

from bds_tool.base.errors import UsageError
from bds_tool.base.files import reason
from bds_tool.base.text import t

#: Environment variable that may hold the key (text); `--key-file` goes before it.
VARIABLE = "BDS_KEY"
SHORTEST = 16


def load_key(file: Path | None) -> tuple[bytes, bool]:
    """(key, random). A key is never an argument: arguments end up in shell history and process lists."""
    if file is not None:
        try:
            key = file.read_bytes().strip()
        except OSError as error:
            raise UsageError(
                t(
                    f"Sleutelbestand {file} is niet te lezen: {reason(error)}.",
                    f"Key file {file} cannot be read: {reason(error)}.",
                ),
                t("Geef een leesbaar bestand.", "Give a readable file."),
            ) from error
    else:
        key = os.environ.get(VARIABLE, "").encode()
        if not key:
            return secrets.token_bytes(32), True
    if len(key) < SHORTEST:
        raise UsageError(
            t(
                f"De sleutel is korter dan {SHORTEST} tekens.",
                f"The key is shorter than {SHORTEST} characters.",
            ),
            t(
                "Maak een langere, bijvoorbeeld met: openssl rand -hex 32 > sleutel.txt",
                "Make a longer one, for example: openssl rand -hex 32 > key.txt",
            ),
        )
    return key, False


class Pseudoniem:
    """Ids of 32 hexadecimal characters (128 bits of the digest)."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def __call__(self, *parts: object) -> str:
        message = "\x1f".join("" if p is None else str(p) for p in parts)
        return hmac.digest(self._key, message.encode(), "sha256").hex()[:32]
