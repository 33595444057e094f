"""Additive masks between organisations: what one hands in is noise, and only the sum of all can be read.

Every pair agrees on a secret (X25519), of which a key of this round is derived (HKDF-SHA-256) that makes a stream of
numbers (ChaCha20). One of the pair adds the stream to its counts, the other takes it away, modulo 2^64, so that it is
gone from the sum. Answers are signed (Ed25519). All of it is the library `cryptography`; nothing is of our own making.
The scheme is that of Bonawitz e.a. (2017), Practical Secure Aggregation, without its second mask: see the threat model.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bds_tool.base.errors import UsageError
from bds_tool.base.text import t

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Numbers = npt.NDArray[np.uint64]


def _library() -> Any:  # noqa: ANN401
    try:
        from cryptography.hazmat.primitives import asymmetric
        from cryptography.hazmat.primitives.asymmetric import ed25519, x25519  # noqa: F401
    except ImportError as error:
        raise UsageError(
            t(
                "Een verzegelde ronde heeft het pakket cryptography nodig.",
                "A sealed round needs the package cryptography.",
            ),
            t(
                'Installeer het met: pip install "bds-tool[round]".',
                'Install it with: pip install "bds-tool[round]".',
            ),
        ) from error
    return asymmetric


@dataclass(frozen=True)
class Keys:
    """The private keys of a participant in one round, 32 bytes each."""

    mask: bytes
    sign: bytes

    @classmethod
    def fresh(cls) -> Keys:
        found = _library()
        return cls(
            found.x25519.X25519PrivateKey.generate().private_bytes_raw(),
            found.ed25519.Ed25519PrivateKey.generate().private_bytes_raw(),
        )

    def public(self) -> dict[str, str]:
        found = _library()
        return {
            "mask": found.x25519.X25519PrivateKey.from_private_bytes(self.mask)
            .public_key()
            .public_bytes_raw()
            .hex(),
            "sign": found.ed25519.Ed25519PrivateKey.from_private_bytes(self.sign)
            .public_key()
            .public_bytes_raw()
            .hex(),
        }

    def signature(self, message: bytes) -> str:
        return str(_library().ed25519.Ed25519PrivateKey.from_private_bytes(self.sign).sign(message).hex())


def signed(public: str, message: bytes, signature: str) -> bool:
    """Whether the holder of the key made this signature under this message."""
    from cryptography.exceptions import InvalidSignature

    try:
        key = _library().ed25519.Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
        key.verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def stream(keys: Keys, other: str, about: bytes, length: int) -> Numbers:
    """The numbers that two participants share in one round, modulo 2^64; `about` is the hash of the request.

    The key is derived from both public keys too (RFC 7748 §7): to a key of one participant others can be made, by who
    does not know it, that give the same secret, and their streams would cancel the mask of a third. Raises UsageError
    for a public key with which there is no secret (a point of low order).
    """
    import numpy as np
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    found = _library()
    try:
        mine = found.x25519.X25519PrivateKey.from_private_bytes(keys.mask)
        secret = mine.exchange(found.x25519.X25519PublicKey.from_public_bytes(bytes.fromhex(other)))
    except ValueError as error:
        raise UsageError(
            t("Een sleutel in het verzoek deugt niet.", "A key in the request is no good.")
        ) from error
    both = sorted((bytes.fromhex(keys.public()["mask"]), bytes.fromhex(other)))
    key = HKDF(SHA256(), 32, salt=about, info=b"".join([b"bds round 2: mask", *both])).derive(secret)
    # The key is used for this one stream, so the nonce may be fixed. A counter of 32 bits reaches 256 GB.
    noise = Cipher(algorithms.ChaCha20(key, bytes(16)), mode=None).encryptor().update(bytes(8 * length))
    return np.frombuffer(noise, dtype="<u8")


def mask(
    keys: Keys,
    name: str,
    participants: Sequence[str],
    public: Mapping[str, Mapping[str, str]],
    about: bytes,
    length: int,
    only: Sequence[str] | None = None,
) -> Numbers:
    """What `name` adds to its counts: the streams with all others (or with `only` these), those before it taken away."""
    import numpy as np

    own = participants.index(name)
    total = np.zeros(length, dtype=np.uint64)
    for place, other in enumerate(participants):
        if other == name or (only is not None and other not in only):
            continue
        # Of this pair only, also where two have handed in the same key.
        pair = json.dumps(sorted([name, other])).encode()
        shared = stream(keys, public[other]["mask"], about + pair, length)
        total = total + shared if own < place else total - shared  # of unsigned numbers: modulo 2^64
    return total
