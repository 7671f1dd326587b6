"""A face service that is none: it sees nothing in a camera's film and says so; an invented film it reads, and fails by a seed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from honghua.base.errors import TimedOut
from honghua.base.faults import require_known, strikes
from honghua.customers.core.proofs import Said
from honghua.customers.facing.port import FaceAnswer, Film

FAULTS: Final = ("timeout_before", "timeout_after", "lies")
SURE_PPM: Final = 980_000
UNSURE_PPM: Final = 150_000
WEBM_HEAD: Final = (
    b"\x1a\x45\xdf\xa3\x8f\x42\x86\x81\x01\x42\x82\x84webm\x42\x87\x81\x04\xec"  # EBML header, then a void element
)
INVENTED: Final = re.compile(rb"honghua: an invented film, nobody's face; number ([0-9]+); it says ([0-9]+)")


def invent_film(number: int, digits: str) -> bytes:
    """What stands for a film where nobody's face is wanted: it says which challenge it is for, and which digits it would say."""
    text = f"honghua: an invented film, nobody's face; number {number}; it says {digits}".encode()
    return WEBM_HEAD + bytes([0x80 | len(text)]) + text


@dataclass(slots=True)
class FakeFaceService:
    """faults: chance of each per call. A camera's film passes unseen; an invented one passes if it says the digits that were asked for.

    timeout_before  times out and never heard of the film
    timeout_after   times out after it has made up its mind
    lies            makes up its mind wrongly, and stays with it
    """

    seed: int
    faults: Mapping[str, float] = field(default_factory=dict)
    answers: dict[str, FaceAnswer] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_known(self.faults, FAULTS)

    @property
    def name(self) -> str:
        """Says what it is."""
        return "fake face service (looks at nothing)"

    @property
    def is_fake(self) -> bool:
        """It is."""
        return True

    def look(self, film: Film) -> FaceAnswer:
        """See `FaceService.look`."""
        if self._happens(film.request_id, "timeout_before"):
            raise TimedOut(f"{self.name} did not answer within {film.seconds} s")
        if film.request_id not in self.answers:
            is_match = says_digits(film) != self._happens(film.request_id, "lies")
            said, score = (Said.MATCH, SURE_PPM) if is_match else (Said.MISMATCH, UNSURE_PPM)
            self.answers[film.request_id] = FaceAnswer(said=said, score_ppm=score)
        if self._happens(film.request_id, "timeout_after"):
            raise TimedOut(f"{self.name} did not answer within {film.seconds} s")
        return self.answers[film.request_id]

    def _happens(self, request_id: str, fault: str) -> bool:
        drawn = self.calls[request_id] = self.calls.get(request_id, 0) + 1
        return strikes(self.faults, fault, seed=self.seed, labels=(request_id, fault, drawn))


def says_digits(film: Film) -> bool:
    """Whether an invented film says what was asked for; of a camera's film nothing is known, and it passes."""
    found = INVENTED.search(film.content)
    return found is None or found[2].decode() == film.digits


__all__ = ["FakeFaceService", "invent_film"]
