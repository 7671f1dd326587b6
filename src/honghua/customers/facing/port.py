"""The port to face services: a film of somebody who says digits drawn by lot. Real services are adapters of `FaceService`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from honghua.customers.core.proofs import Said
from honghua.customers.core.recordings import FilmKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """One question. request_id: the same for every try; clip: SHA-256 of the film in hex, by which the identity service asks for it."""

    request_id: str
    clip: str
    digits: str = field(repr=False)
    kind: FilmKind
    content: bytes = field(repr=False)
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceAnswer:
    """Whether a living face says the digits now. score_ppm: how sure, where the service tells."""

    said: Said
    score_ppm: int | None = None


class FaceService(Protocol):
    """Whoever can tell a living face that says digits from a picture, a screen and a mask; it keeps the film, we do not."""

    @property
    def name(self) -> str:
        """What to call it in records; a fake says that it is one."""
        ...

    @property
    def is_fake(self) -> bool:
        """Whether it is no real service."""
        ...

    def look(self, film: Film) -> FaceAnswer:
        """The answer; the same request_id again gives the first one. Raises TimedOut."""
        ...


__all__ = ["FaceAnswer", "FaceService", "Film"]
