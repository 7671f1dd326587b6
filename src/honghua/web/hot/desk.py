"""A desk: one thread that judges batch by batch what has gathered meanwhile (group commit), and another that writes what was judged.

A batch is judged while the one before it is being written; it is told when it is on disk, and never before. What cannot be judged ahead,
and what was to be written and failed, is answered alone, in its order.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

import psycopg

from honghua.base.errors import HonghuaError, TimedOut
from honghua.credit.api import Judged
from honghua.web.booker import Answer
from honghua.web.hot.answering import Books, note
from honghua.web.hot.gathering import SHARE_FROM, WAITING_MAX, Gathering, Parcel, Reply

ANSWER_S: Final = 5.0  # beyond the latest deadline of a batch, that the database may stay away
# Commands of a batch: fewer are judged so soon that it does not pay to judge them while others are written.
AHEAD_FROM: Final = SHARE_FROM
Replies = Sequence[tuple[Parcel, Reply]]
Deliver = Callable[[Replies], None]  # called in one of the desk's threads, once a batch


def _nothing() -> None:
    """Nobody is to be told."""


@dataclass(slots=True)
class Figures:
    """What a desk has done since it began. ahead: of the batches, those that were judged while another one was written, or could be."""

    batches: int = 0
    commands: int = 0
    busy_s: float = 0.0
    ahead: int = 0


@dataclass(slots=True)
class Writing:
    """A batch that is being written: who asked, since when, and whether it is on disk (raises what went wrong)."""

    parcels: Sequence[Parcel]
    begun: float
    done: Future[float]


@dataclass(slots=True)
class Desk:
    """Takes parcels from any thread and answers them in order of arrival. Whatever entered a batch is answered.

    ended: called in the desk's thread when it ends, be it by `stop` or by a bug.
    """

    books: Books
    deliver: Deliver
    waiting_max: int = WAITING_MAX
    ended: Callable[[], None] = _nothing
    ahead_from: int = AHEAD_FROM
    is_ready: threading.Event = field(default_factory=threading.Event)  # the books were opened once
    line: Gathering = field(init=False)
    figures: Figures = field(default_factory=Figures)
    _thread: threading.Thread = field(init=False)
    _hand: ThreadPoolExecutor = field(init=False)  # the one that writes
    _writing: Writing | None = None
    _free_at: float = 0.0  # when the last batch was on disk

    def __post_init__(self) -> None:
        self.line = Gathering(lambda parcel, reply: self.deliver([(parcel, reply)]), self.waiting_max)
        self._thread = threading.Thread(target=self._work, name="honghua-desk", daemon=True)
        self._hand = ThreadPoolExecutor(1, thread_name_prefix="honghua-desk-writes")

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
            while True:
                enough = 1 if self._writing is None else self.ahead_from
                parcels = self.line.take(unless=self._is_written, enough=enough)
                if parcels:
                    self._begin(parcels)
                elif self._writing is not None:
                    self._settle()
                    self.books.rest()
                else:
                    break
        finally:
            self.is_ready.set()
            self.line.close()
            self._hand.shutdown()
            self.books.end()
            self.ended()

    def _open(self) -> None:
        """Before the first batch, as far as the database is there."""
        try:
            self.books.open()
        except (HonghuaError, psycopg.OperationalError) as error:
            note("the books do not open yet", error)
        self.is_ready.set()

    def _begin(self, parcels: Sequence[Parcel]) -> None:
        """A batch: judge it while the one before it is written, and have it written in its turn; or answer it alone."""
        begun = time.monotonic()
        asked = [one for parcel in parcels for one in parcel.asked]
        judged = self.books.judge(asked) if len(asked) >= self.ahead_from else None
        if not self._settle() or judged is None:
            self.books.rest()
            self.deliver(self.serve(parcels))
            return
        self.figures.ahead += 1
        self._writing = Writing(parcels, begun, self._hand.submit(self._write, judged, parcels))
        self._writing.done.add_done_callback(lambda _: self.line.poke())

    def _write(self, judged: Judged, parcels: Sequence[Parcel]) -> float:
        """In the thread that writes: book a batch, and tell those who asked; when it was on disk."""
        assert self.books.conn is not None, "it was judged on these books"
        judged.write(self.books.conn)
        written = time.monotonic()
        self.deliver(split(parcels, judged.answers))
        return written

    def _is_written(self) -> bool:
        return self._writing is not None and self._writing.done.done()

    def _settle(self) -> bool:
        """Wait for what is being written; where it failed, answer it alone. Whether what was judged meanwhile still holds."""
        writing, self._writing = self._writing, None
        if writing is None:
            return True
        try:
            written = writing.done.result()
        except Exception as error:  # be it the world or a bug: `serve` tries again, and finds a culprit
            note("a batch that was judged could not be written", error)
            self.books.fail()
            self.deliver(self.serve(writing.parcels))
            return False
        self.books.booked()
        self._count(writing.parcels, written - max(writing.begun, self._free_at))
        self._free_at = written
        return True

    def serve(self, parcels: Sequence[Parcel]) -> Replies:
        """One batch, answered alone."""
        begun = time.monotonic()
        asked = [one for parcel in parcels for one in parcel.asked]
        try:
            answers = self.books.answer(asked, until=max(parcel.until for parcel in parcels) + ANSWER_S)
        except TimedOut as error:
            return [(parcel, error) for parcel in parcels]
        self._free_at = time.monotonic()
        self._count(parcels, self._free_at - begun)
        return split(parcels, answers)

    def _count(self, parcels: Sequence[Parcel], seconds: float) -> None:
        commands = sum(len(parcel.asked) for parcel in parcels)
        self.line.booked(commands, seconds)
        self.figures.batches += 1
        self.figures.commands += commands
        self.figures.busy_s += seconds


def split(parcels: Sequence[Parcel], answers: Sequence[Answer]) -> Replies:
    """To each what it asked for."""
    replies, start = [], 0
    for parcel in parcels:
        end = start + len(parcel.asked)
        replies.append((parcel, list(answers[start:end])))
        start = end
    return replies


__all__ = ["AHEAD_FROM", "ANSWER_S", "Deliver", "Desk", "Figures", "Replies"]
