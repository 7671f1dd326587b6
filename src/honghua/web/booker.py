"""The port through which every route and page moves money: commands go in, answers come out when they are on disk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol

from honghua.base.errors import WorldFailed
from honghua.credit.core import Command

Answer = dict[str, Any]
SECONDS_MAX: Final = 5.0  # how long a caller waits for the books unless it says otherwise


class Overloaded(WorldFailed):
    """The queue is full: nothing was taken; come back after `retry_after_s` seconds."""

    code = "OVERLOADED"

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class TooLate(Overloaded):
    """The deadline passed while the request stood in line: it is known that nothing was booked."""

    code = "TOO_LATE"


class Booker(Protocol):
    """Books commands by group commit, wherever the books' process is."""

    async def submit(self, commands: Sequence[Command], *, seconds_max: float = SECONDS_MAX) -> list[Answer]:
        """Answers in order, each booked and on disk. Overloaded: nothing was taken. TimedOut: ask again under the same keys.

        An answer with outcome "failed" (code BOOKING_FAILED): this one command could not be booked, its neighbours were; a person
        must look at the account.
        """
        ...


def sentence_of(answer: Answer, language: str) -> str:
    """What the books said, in a reader's language ("zh" or "en"); "" where they had nothing to say."""
    return str(answer.get("sentence_en" if language == "en" else "sentence", ""))
