"""The door of recorded faces: begin with digits, take the film, see whether one passed. `take_recording` keeps its own transactions."""

from __future__ import annotations

from honghua.customers.facing.fakes import FakeFaceService, invent_film
from honghua.customers.facing.port import FaceAnswer, FaceService, Film
from honghua.customers.facing.store import RecordingRow
from honghua.customers.facing.taking import (
    Recorded,
    begin_recording,
    find_passed,
    is_over,
    is_passed,
    take_recording,
)

__all__ = [
    "FaceAnswer",
    "FaceService",
    "FakeFaceService",
    "Film",
    "Recorded",
    "RecordingRow",
    "begin_recording",
    "find_passed",
    "invent_film",
    "is_over",
    "is_passed",
    "take_recording",
]
