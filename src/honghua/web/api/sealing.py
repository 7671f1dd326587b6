"""Secrets at rest: AES-256-GCM under the newest of the site's keys, bound to the row that they stand in."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from honghua.base.errors import IntegrityBroken

NUMBER_BYTES: Final = 4
NONCE_BYTES: Final = 12


def seal(keys: Mapping[int, bytes], text: bytes, *, place: str) -> bytes:
    """Number of the key, nonce, ciphertext. place: the row; sealed bytes moved to another row do not open."""
    number = max(keys)
    nonce = secrets.token_bytes(NONCE_BYTES)
    return number.to_bytes(NUMBER_BYTES) + nonce + AESGCM(keys[number]).encrypt(nonce, text, place.encode())


def unseal(keys: Mapping[int, bytes], sealed: bytes, *, place: str) -> bytes:
    """What was sealed; IntegrityBroken when its key is gone, or it was changed or moved."""
    number = int.from_bytes(sealed[:NUMBER_BYTES])
    if number not in keys:
        raise IntegrityBroken(f"field key {number} is not there any more: {place} can't be read")
    nonce, text = sealed[NUMBER_BYTES : NUMBER_BYTES + NONCE_BYTES], sealed[NUMBER_BYTES + NONCE_BYTES :]
    try:
        return AESGCM(keys[number]).decrypt(nonce, text, place.encode())
    except InvalidTag as error:
        raise IntegrityBroken(f"{place} was changed behind our back") from error


def reseal(keys: Mapping[int, bytes], sealed: bytes, *, place: str) -> bytes | None:
    """The same secret under the newest key; None where it lies there already."""
    if int.from_bytes(sealed[:NUMBER_BYTES]) == max(keys):
        return None
    return seal(keys, unseal(keys, sealed, place=place), place=place)


__all__ = ["reseal", "seal", "unseal"]
