"""A word that outlives a redirect: carried by the browser in a cookie that we signed, shown once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from honghua.web.sealed_texts import open_text, seal_text

COOKIE: Final = "honghua_notice"
SECONDS_MAX: Final = 60
CHARS_MAX: Final = 2_000
KIND: Final = "notice"
TONES: Final = ("good", "warn", "bad", "info")


@dataclass(frozen=True, slots=True)
class Notice:
    """A key of words with its values, or a sentence as it is; how it looks is one of TONES."""

    key: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    sentence: str = ""
    tone: str = "good"


def seal_notice(session_key: bytes, notice: Notice) -> str:
    """The notice as a cookie's value."""
    return seal_text(session_key, KIND, msgspec.json.encode(notice))


def open_notice(session_key: bytes, text: str) -> Notice | None:
    """The notice of a cookie that we made; None for anything else."""
    body = open_text(session_key, KIND, text, chars_max=CHARS_MAX)
    try:
        return None if body is None else msgspec.json.decode(body, type=Notice)
    except msgspec.MsgspecError:  # a form that an older version of us made
        return None
