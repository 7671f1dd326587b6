"""The port to a face reader at a till, and a faithful fake: it knows people, notices photographs, and breaks down."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final, Protocol

from honghua.base.errors import WorldFailed

TEMPLATE_BYTES: Final = 32
DISTANCE_MAX: Final = 48  # bits of 256 in which two pictures of one face may differ
LIVE, STILL, BROKEN = b"L", b"S", b"B"


@dataclass(frozen=True, slots=True)
class FaceFound:
    """A face that is known. is_live: a person stood there, not a picture of one. distance: how far off it was."""

    customer: str
    is_live: bool
    distance: int


class FaceReader(Protocol):
    """Whoever compares faces with those that customers enrolled."""

    def identify(self, capture: bytes, *, hint: str) -> FaceFound | None:
        """The customer of a capture, None when it is not the one hinted at (the till asks for the phone number). Errors of the world."""
        ...


@dataclass(frozen=True, slots=True)
class FakeFaces:
    """Every customer's face is a hash of their name. A capture: one letter (live, still picture, broken reader), then 32 bytes."""

    secret: bytes = b"fake"

    def template(self, customer: str) -> bytes:
        """What was enrolled."""
        return hashlib.sha256(self.secret + b"face:" + customer.encode()).digest()

    def capture(self, customer: str, *, mark: bytes = LIVE, flipped: int = 0) -> bytes:
        """What a camera sees of a customer, with that many bits of noise."""
        bits = int.from_bytes(self.template(customer)) ^ ((1 << flipped) - 1)
        return mark + bits.to_bytes(TEMPLATE_BYTES)

    def identify(self, capture: bytes, *, hint: str) -> FaceFound | None:
        """Compare with the one hinted at."""
        if capture[:1] == BROKEN:
            raise WorldFailed("the face reader does not answer")
        if len(capture) != 1 + TEMPLATE_BYTES:
            return None
        distance = (int.from_bytes(capture[1:]) ^ int.from_bytes(self.template(hint))).bit_count()
        return FaceFound(hint, capture[:1] == LIVE, distance) if distance <= DISTANCE_MAX else None


@dataclass(frozen=True, slots=True)
class NoFaces:
    """No reader is connected."""

    def identify(self, capture: bytes, *, hint: str) -> FaceFound | None:
        """Always an error of the world."""
        raise WorldFailed("no face reader is connected")


__all__ = ["BROKEN", "LIVE", "STILL", "FaceFound", "FaceReader", "FakeFaces", "NoFaces"]
