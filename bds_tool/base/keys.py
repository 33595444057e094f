"""The secret key of an organisation: from a file or the environment, never an argument.

Arguments end up in shell history and in lists of processes.
"""

from __future__ import annotations

import os
from pathlib import Path

from bds_tool.base.errors import UsageError
from bds_tool.base.refusals import reason
from bds_tool.base.small import small_bytes
from bds_tool.base.text import t

#: Environment variable that may hold the key (text); a file goes before it.
VARIABLE = "BDS_KEY"
#: Bytes that a key has at least: a shorter one can be guessed.
SHORTEST = 16


def secret_key(file: Path | None = None) -> bytes:
    """The key in a file, else in `BDS_KEY`; empty when there is neither. Raises UsageError for one that cannot be."""
    try:
        key = small_bytes(file).strip() if file else os.environ.get(VARIABLE, "").encode()
    except OSError as error:
        raise UsageError(
            t(
                f"Sleutelbestand {file} is niet te lezen: {reason(error)}.",
                f"Key file {file} cannot be read: {reason(error)}.",
            ),
            t("Geef een leesbaar bestand.", "Give a readable file."),
        ) from error
    if (file or key) and len(key) < SHORTEST:
        raise UsageError(
            t(
                f"De geheime sleutel is korter dan {SHORTEST} tekens.",
                f"The secret key is shorter than {SHORTEST} characters.",
            ),
            t(
                "Maak een langere, bijvoorbeeld met: openssl rand -hex 32 > sleutel.txt",
                "Make a longer one, for example with: openssl rand -hex 32 > key.txt",
            ),
        )
    return key


def needed_key(file: Path | None = None) -> bytes:
    """`secret_key`, for what cannot be made without one. Raises UsageError when there is none."""
    if not (key := secret_key(file)):
        raise UsageError(
            t("Er is een geheime sleutel nodig.", "A secret key is needed."),
            t(
                f"Geef --key-file BESTAND of zet {VARIABLE}. Maak er een met: openssl rand -hex 32 > sleutel.txt",
                f"Give --key-file FILE or set {VARIABLE}. Make one with: openssl rand -hex 32 > key.txt",
            ),
        )
    return key
