"""The port to a face service, over signed HTTP: it sees a film once, keeps it under its digest for the identity service, and we do not.

POST /films {request_id, clip, digits, kind, content}   {said, score_ppm}; content: base64; the same request_id again: the first answer
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from honghua.app.doors.outside.client import Counterparty
from honghua.customers.facing.api import FaceAnswer, Film

FILMS: Final = "/films"


@dataclass(frozen=True, slots=True)
class FilmAsked:
    """A film of somebody who says digits. clip: SHA-256 of the content in hex; kind: its media type."""

    request_id: str
    clip: str
    digits: str = field(repr=False)
    kind: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class HttpFaceService(Counterparty):
    """See `FaceService`."""

    def look(self, film: Film) -> FaceAnswer:
        """See `FaceService.look`."""
        asked = FilmAsked(film.request_id, film.clip, film.digits, film.kind.value, film.content)
        return self.client.post(FILMS, asked, FaceAnswer, seconds=film.seconds)


__all__ = ["FILMS", "FilmAsked", "HttpFaceService"]
