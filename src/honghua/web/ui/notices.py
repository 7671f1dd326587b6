"""A word that outlives a redirect: carried by the browser in a cookie that we signed, shown once."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

COOKIE: Final = "honghua_notice"
SECONDS_MAX: Final = 60
BYTES_MAX: Final = 2_000
TONES: Final = ("good", "warn", "bad", "info")


@dataclass(frozen=True, slots=True)
class Notice:
    """A key of words with its values, or a sentence as it is; how it looks is one of TONES."""

    key: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    sentence: str = ""
    tone: str = "good"


def seal_notice(notice: Notice, session_key: bytes) -> str:
    """The notice as a cookie's value."""
    body = msgspec.json.encode(notice)
    mark = hmac.new(session_key, b"notice:" + body, hashlib.sha256).digest()[:16]
    return base64.urlsafe_b64encode(mark + body).decode()


def open_notice(text: str, session_key: bytes) -> Notice | None:
    """The notice of a cookie that we made; None for anything else."""
    try:
        raw = base64.urlsafe_b64decode(text[:BYTES_MAX].encode())
        mark = hmac.new(session_key, b"notice:" + raw[16:], hashlib.sha256).digest()[:16]
        return msgspec.json.decode(raw[16:], type=Notice) if hmac.compare_digest(mark, raw[:16]) else None
    except (ValueError, msgspec.MsgspecError):
        return None
