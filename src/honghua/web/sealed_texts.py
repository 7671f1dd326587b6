"""What others carry for us – a cookie, a part of an address – and cannot change: readable by whoever holds it, made by us alone."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Final

MARK_BYTES: Final = 16


def seal_text(session_key: bytes, kind: str, body: bytes) -> str:
    """The body with our mark, in letters that cookies and addresses take. kind: so that a text of one kind is none of another."""
    return base64.urlsafe_b64encode(_mark(session_key, kind, body) + body).decode().rstrip("=")


def open_text(session_key: bytes, kind: str, text: str, *, chars_max: int) -> bytes | None:
    """The body of a text of this kind that we made; None for any other."""
    if len(text) > chars_max:
        return None
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None
    body = raw[MARK_BYTES:]
    return body if hmac.compare_digest(raw[:MARK_BYTES], _mark(session_key, kind, body)) else None


def _mark(session_key: bytes, kind: str, body: bytes) -> bytes:
    return hmac.new(session_key, f"{kind}:".encode() + body, hashlib.sha256).digest()[:MARK_BYTES]
