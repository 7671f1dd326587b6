"""Signatures: Ed25519 over a release candidate and the journal up to it, by a key drawn from the site's own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from honghua.agents.core.entries import Entry

PURPOSE: Final = b"honghua agents: release candidates"
KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Signer:
    """A key that signs. `public` is what others know it by, hex."""

    key: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def derive(cls, master: bytes) -> Signer:
        """The key of this purpose that a site's master key (32 bytes) gives: the same each time, and no way back (HKDF, RFC 5869)."""
        drawn = HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=PURPOSE).derive(master)
        return cls(Ed25519PrivateKey.from_private_bytes(drawn))

    @property
    def public(self) -> str:
        """The public key, hex."""
        return self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()

    def sign(self, message: bytes) -> str:
        """The signature, hex. Ed25519 (RFC 8032) draws nothing: the same message has the same signature."""
        return self.key.sign(message).hex()


def make_message(*, run: str, number: int, previous: str, subject: str) -> bytes:
    """What is signed: the artefact, and the whole journal before the signature by its last digest."""
    told = {"run": run, "number": number, "previous": previous, "subject": subject, "purpose": PURPOSE.decode()}
    return msgspec.json.encode(told, order="sorted")


def check_signature(entry: Entry) -> bool:
    """Whether a `signed` entry holds the signature of its own key over what it says it signed."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(str(entry.detail["key"])))
        message = make_message(
            run=entry.run, number=entry.number, previous=entry.previous, subject=str(entry.detail["subject"])
        )
        key.verify(bytes.fromhex(str(entry.detail["signature"])), message)
    except (InvalidSignature, KeyError, ValueError):
        return False
    return True


__all__ = ["Signer", "check_signature", "make_message"]
