"""What a recorded face must be before anybody looks at it: small, and of a kind of film that we know by its own bytes. Pure.

Nothing is unpacked here: whether a living face says the right digits is the face service's to tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class FilmKind(StrEnum):
    """What browsers and phones record. Stored nowhere."""

    WEBM = "video/webm"
    MP4 = "video/mp4"


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceText:
    """What somebody agrees to before each film (PIPL 28, 29: sensitive data, a consent of its own). A new wording is a new version."""

    version: int
    chinese: str
    english: str


FACE_TEXT: Final = FaceText(
    version=1,
    chinese="我同意:这一次录下我的面部影像,交由上述核验机构核对是否为本人、活体并念出屏幕上的数字。影像只用于这一次核验,"
    "我们不留存;不同意也可以由人工办理。",
    english="I agree that my face is filmed this once and shown to the service named above, to see that it is alive and says the digits."
    " The film serves this check only and we keep none of it. Who does not agree can have a person look instead.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRules:
    """Own bounds (U). bytes_max: of a film; seconds: how long a browser records; tries_max: films that fail until a person looks;
    holds_minutes: how long a film that passed may be used; kept_days: how long we know that there was one."""

    bytes_max: int = 8_000_000
    bytes_min: int = 64
    seconds: int = 8
    tries_max: int = 3
    holds_minutes: int = 10
    kept_days: int = 30


RECORDING_RULES: Final = RecordingRules()
EBML: Final = b"\x1a\x45\xdf\xa3"  # RFC 8794 §11.2
DOC_TYPES: Final = (b"webm", b"matroska")
HEAD_BYTES: Final = 64
FILE_TYPE: Final = b"ftyp"  # ISO/IEC 14496-12 §4.3: the first box of an MP4, behind its length


def check_film(content: bytes, *, rules: RecordingRules = RECORDING_RULES) -> FilmKind | str:
    """The kind of a film that may be handed on, or the code of why not: FILM_EMPTY, FILM_TOO_LARGE, FILM_KIND (neither WebM nor MP4)."""
    if len(content) < rules.bytes_min:
        return "FILM_EMPTY"
    if len(content) > rules.bytes_max:
        return "FILM_TOO_LARGE"
    head = content[:HEAD_BYTES]
    if head.startswith(EBML) and any(one in head for one in DOC_TYPES):
        return FilmKind.WEBM
    return FilmKind.MP4 if head[4:8] == FILE_TYPE else "FILM_KIND"


__all__ = ["FACE_TEXT", "RECORDING_RULES", "FaceText", "FilmKind", "RecordingRules", "check_film"]
