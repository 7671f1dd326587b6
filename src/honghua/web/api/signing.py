"""How a partner signs a request, and how we check it: HMAC-SHA256 over everything that gives the request its meaning.

What is signed, joined by line feeds: HONGHUA1, method, target (path and query as sent), timestamp (Unix seconds), nonce, idempotency key
("" without one), and the SHA-256 of the body in hex. The headers: Honghua-Key, Honghua-Timestamp, Honghua-Nonce, Honghua-Signature
(v1=<hex>), Idempotency-Key. A nonce counts once per key and timestamp; see `nonces`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

SKEW_S: Final = 300  # how far a timestamp may be from our clock
NONCE_LENGTH_MIN: Final = 16
NONCE_LENGTH_MAX: Final = 64
TIMESTAMP_LENGTH: Final = 10  # from 2001 until 2286
WORDS: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
OURS: Final = frozenset(
    {b"honghua-key", b"honghua-timestamp", b"honghua-nonce", b"honghua-signature", b"idempotency-key"}
)


class Secretive(Protocol):
    """Whoever has a secret to sign with."""

    @property
    def secret(self) -> bytes:
        """The secret that both sides know."""
        ...


S = TypeVar("S", bound=Secretive)


@dataclass(frozen=True, slots=True)
class Signed(Generic[S]):
    """A request whose signature is right. The nonce is still to be spent; who signed may still be forbidden to do this."""

    signer: S
    key_id: str
    timestamp: int
    nonce: str
    idempotency_key: str


def verify(
    signers: Mapping[str, S],
    headers: Iterable[tuple[bytes, bytes]],
    *,
    method: str,
    target: bytes,
    body: bytes,
    now_s: int,
) -> Signed[S] | str:
    """Who signed, or the code of what is wrong. signers: by key id. headers: raw, names in lower case. target: path?query as sent.

    A header of ours that stands twice is refused: nobody can tell which of the two was meant.
    """
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in OURS:
            if name in found:
                return "SIGNATURE_WRONG"
            found[name] = value
    told = found.get(b"honghua-signature")
    key_name, timestamp, nonce = found.get(b"honghua-key"), found.get(b"honghua-timestamp"), found.get(b"honghua-nonce")
    if told is None or key_name is None or timestamp is None or nonce is None:
        return "SIGNATURE_MISSING"
    if len(timestamp) != TIMESTAMP_LENGTH or not timestamp.isdigit():
        return "TIMESTAMP_WRONG"
    if not NONCE_LENGTH_MIN <= len(nonce) <= NONCE_LENGTH_MAX or not WORDS.issuperset(nonce):
        return "SIGNATURE_WRONG"
    key_id = key_name.decode("latin-1")
    signer = signers.get(key_id)
    idempotency_key = found.get(b"idempotency-key", b"")
    secret = b"\0" if signer is None else signer.secret  # an unknown key takes as long as a known one
    text = text_to_sign(method, target, (timestamp, nonce, idempotency_key), body)
    right = b"v1=" + hmac.digest(secret, text, "sha256").hex().encode()
    if not hmac.compare_digest(right, told) or signer is None:
        return "SIGNATURE_WRONG"
    if abs(int(timestamp) - now_s) > SKEW_S:
        return "TIMESTAMP_WRONG"
    return Signed(signer, key_id, int(timestamp), nonce.decode("ascii"), idempotency_key.decode("latin-1"))


def target_of(scope: Mapping[str, Any]) -> bytes:
    """Path and query of an ASGI request as they were sent."""
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    return path + b"?" + query if query else path


def text_to_sign(method: str, target: bytes, told: tuple[bytes, bytes, bytes], body: bytes) -> bytes:
    """What is signed. told: timestamp, nonce and idempotency key as their headers have them; none can hold a line feed."""
    digest = hashlib.sha256(body).hexdigest().encode()
    return b"\n".join((b"HONGHUA1", method.encode("latin-1"), target, *told, digest))


def sign(secret: bytes, text: bytes) -> str:
    """The value of Honghua-Signature, of our webhooks too."""
    return "v1=" + hmac.digest(secret, text, "sha256").hex()


__all__ = ["SKEW_S", "Signed", "sign", "target_of", "text_to_sign", "verify"]
