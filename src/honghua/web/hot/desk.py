"""A desk: one thread that holds the books and answers, batch by batch, what has gathered meanwhile (group commit)."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import psycopg

from honghua.base.errors import HonghuaError, TimedOut
from honghua.web.hot.answering import Books
from honghua.web.hot.gathering import WAITING_MAX, Gathering, Parcel, Reply

ANSWER_S: Final = 5.0  # beyond the latest deadline of a batch, that the database may stay away
Replies = Sequence[tuple[Parcel, Reply]]
Deliver = Callable[[Replies], None]  # called in the desk's thread, once a batch


def _nothing() -> None:
    """Nobody is to be told."""


@dataclass(slots=True)
class Figures:
    """What a desk has done since it began."""

    batches: int = 0
    commands: int = 0
    busy_s: float = 0.0


@dataclass(slots=True)
class Desk:
    """Takes parcels from any thread and answers them in order of arrival. Whatever entered a batch is answered.

    ended: called in the desk's thread when it ends, be it by `stop` or by a bug.
    """

    books: Books
    deliver: Deliver
    waiting_max: int = WAITING_MAX
    ended: Callable[[], None] = _nothing
    is_ready: threading.Event = field(default_factory=threading.Event)  # the books were opened once
    line: Gathering = field(init=False)
    figures: Figures = field(default_factory=Figures)
    _thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.line = Gathering(lambda parcel, reply: self.deliver([(parcel, reply)]), self.waiting_max)
        self._thread = threading.Thread(target=self._work, name="honghua-desk", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer what waits, take nothing more, and end."""
        self.line.close()
        self._thread.join()

    def offer(self, parcel: Parcel) -> None:
        """Take a parcel. Overloaded: it was not taken."""
        self.line.offer(parcel)

    def _work(self) -> None:
        try:
            self._open()
            while parcels := self.line.take():
                self.deliver(self.serve(parcels))
        finally:
            self.is_ready.set()
            self.line.close()
            self.books.end()
            self.ended()

    def _open(self) -> None:
        """Before the first batch, as far as the database is there."""
        try:
            self.books.open()
        except (HonghuaError, psycopg.OperationalError) as error:
            print(f"honghua: the books do not open yet: {error}", file=sys.stderr, flush=True)
        self.is_ready.set()

    def serve(self, parcels: Sequence[Parcel]) -> Replies:
        """One batch, answered."""
        begun = time.monotonic()
        asked = [one for parcel in parcels for one in parcel.asked]
        try:
            answers = self.books.answer(asked, until=max(parcel.until for parcel in parcels) + ANSWER_S)
        except TimedOut as error:
            return [(parcel, error) for parcel in parcels]
        seconds = time.monotonic() - begun
        self.line.booked(len(asked), seconds)
        self.figures.batches += 1
        self.figures.commands += len(asked)
        self.figures.busy_s += seconds
        replies, start = [], 0
        for parcel in parcels:
            end = start + len(parcel.asked)
            replies.append((parcel, answers[start:end]))
            start = end
        return replies


__all__ = ["ANSWER_S", "Deliver", "Desk", "Figures", "Replies"]
