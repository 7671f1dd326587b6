"""Sealing and opening of what is personal: AES-256-GCM, each ciphertext bound to its place, each person with keys of their own.

A sealed value is: version (1 byte), number of the key (2), nonce (12), ciphertext and tag. What it is bound to (table, field, person) is
associated data: a value copied to another row does not open there. A master key wraps the keys of persons; whoever deletes a wrapped key
has erased everything under it, in back-ups too.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from honghua.base.errors import BadInput, IntegrityBroken

VERSION: Final = 1
KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
HEAD_BYTES: Final = 3
KEY_NUMBER_MAX: Final = 0x7FFF
OWN: Final = 0  # the number that stands in what a person's own key has sealed


@dataclass(frozen=True, slots=True)
class Vault:
    """The master keys by number, of which the highest seals and all open, and the keys of the blind indexes.

    An index of generation n is HMAC under key n of the index of generation n - 1, down to the value: all indexes can be moved to the
    next generation without the values, of which some are kept nowhere. earlier_index_keys: those before `index_key`, in order.
    """

    field_keys: Mapping[int, bytes] = field(repr=False)
    index_key: bytes = field(repr=False)
    earlier_index_keys: tuple[bytes, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        if not self.field_keys:
            raise BadInput("a vault needs a field key", code="FIELD_KEY_MISSING")
        if any(not 1 <= number <= KEY_NUMBER_MAX for number in self.field_keys):
            raise BadInput(f"field keys are numbered 1 … {KEY_NUMBER_MAX}", code="FIELD_KEY_INVALID")
        if any(len(key) != KEY_BYTES for key in (*self.field_keys.values(), *self.index_keys)):
            raise BadInput(f"a key has {KEY_BYTES} bytes", code="FIELD_KEY_INVALID")

    @property
    def newest(self) -> int:
        """The number of the key that seals."""
        return max(self.field_keys)

    def seal(self, text: str, place: str) -> bytes:
        """Seal a text under the newest master key, bound to a place."""
        return seal(self.field_keys[self.newest], self.newest, text.encode(), place)

    def open(self, sealed: bytes, place: str) -> str:
        """The text; IntegrityBroken where key, place or bytes are not what they were."""
        return self.open_bytes(sealed, place).decode()

    def open_bytes(self, sealed: bytes, place: str) -> bytes:
        """As `open`, for keys and signing secrets."""
        number = read_key_number(sealed)
        if number not in self.field_keys:
            raise IntegrityBroken(f"field key {number} is not here: it must stay until rotation is done")
        return open_sealed(self.field_keys[number], sealed, place)

    def reseal(self, sealed: bytes, place: str) -> bytes | None:
        """The same under the newest master key; None where it lies there already."""
        return None if read_key_number(sealed) == self.newest else self.seal(self.open(sealed, place), place)

    def new_person_key(self, place: str) -> tuple[bytes, bytes]:
        """(a fresh key for a person, the same wrapped for keeping)."""
        key = secrets.token_bytes(KEY_BYTES)
        return key, seal(self.field_keys[self.newest], self.newest, key, place)

    @property
    def index_keys(self) -> tuple[bytes, ...]:
        """Keys of the blind indexes, the first generation's first."""
        return (*self.earlier_index_keys, self.index_key)

    @property
    def generation(self) -> int:
        """The newest generation of blind indexes that can be made here."""
        return len(self.index_keys)

    def index(self, kind: str, value: str) -> bytes:
        """The blind index of a value: equal for equal values, and nothing else can be learnt from it without the keys."""
        return self.list_indexes(kind, value)[-1]

    def list_indexes(self, kind: str, value: str) -> list[bytes]:
        """The blind index of a value in every generation, the first first."""
        digests = [hmac.new(self.index_keys[0], f"{kind}\0{value}".encode(), hashlib.sha256).digest()]
        for generation in range(1, self.generation):
            digests.append(self.advance_index(digests[-1], generation))
        return digests

    def advance_index(self, digest: bytes, generation: int) -> bytes:
        """The index of the next generation, of one that lies in this one (from 1)."""
        return hmac.new(self.index_keys[generation], digest, hashlib.sha256).digest()


def seal(key: bytes, number: int, plain: bytes, place: str) -> bytes:
    """Seal bytes under a key that the reader will find by its number."""
    head = bytes([VERSION]) + number.to_bytes(2, "big")
    nonce = secrets.token_bytes(NONCE_BYTES)
    return head + nonce + AESGCM(key).encrypt(nonce, plain, head + place.encode())


def open_sealed(key: bytes, sealed: bytes, place: str) -> bytes:
    """The bytes; IntegrityBroken where anything about them has changed."""
    head, nonce = sealed[:HEAD_BYTES], sealed[HEAD_BYTES : HEAD_BYTES + NONCE_BYTES]
    if len(nonce) != NONCE_BYTES or head[:1] != bytes([VERSION]):
        raise IntegrityBroken(f"{place}: this is nothing that a vault has sealed")
    try:
        return AESGCM(key).decrypt(nonce, sealed[HEAD_BYTES + NONCE_BYTES :], head + place.encode())
    except InvalidTag as error:
        raise IntegrityBroken(f"{place}: sealed elsewhere, under another key, or changed since") from error


def reseal(old: bytes, new: bytes, sealed: bytes, place: str) -> bytes:
    """The same bytes in the same place under another key of a person."""
    return seal(new, OWN, open_sealed(old, sealed, place), place)


def read_key_number(sealed: bytes) -> int:
    """The number of the key under which a value was sealed."""
    return int.from_bytes(sealed[1:HEAD_BYTES], "big")
