"""The waiting line of a desk: parcels of commands come in, whole batches go out. Bounded, with deadlines, first come, first served."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from honghua.base.errors import BadInput
from honghua.web.booker import Answer, Overloaded, TooLate
from honghua.web.hot.answering import Asked

WAITING_MAX: Final = 4_096  # commands in line; more are refused at once
BATCH_MAX: Final = 512  # commands that share one transaction
SHARE_FROM: Final = 256  # commands in line: with more than these, half of them stay for the batch that is judged while this one is written
RATE_FIRST: Final = 500.0  # commands a second, until one has been measured
RATE_MEMORY: Final = 0.8  # of the rate known before, at each batch
RETRY_S: Final = (0.05, 30.0)  # the least and the most that somebody is told to wait

Reply = list[Answer] | Exception


def never() -> bool:
    """There is nothing else to do."""
    return False


@dataclass(slots=True, eq=False)
class Parcel:
    """Commands that came together and are answered together. until: `time.monotonic()` by which they must have entered a batch;
    whom: who waits for the answer, for those who carry it back."""

    asked: Sequence[Asked]
    until: float
    whom: Any


@dataclass(slots=True)
class Gathering:
    """Filled by any thread, emptied by the one that books. too_late: hears of parcels whose deadline passed in line."""

    too_late: Callable[[Parcel, Reply], None]
    waiting_max: int = WAITING_MAX
    batch_max: int = BATCH_MAX
    share_from: int = SHARE_FROM
    rate: float = RATE_FIRST  # commands booked a second, of late
    waiting: int = 0  # commands in line
    is_closed: bool = False
    _enough: int = 1  # commands in line: with fewer there is nobody to wake
    _line: deque[Parcel] = field(default_factory=deque)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def offer(self, parcel: Parcel) -> None:
        """Take a parcel into the line. Overloaded: it was not taken."""
        n = len(parcel.asked)
        if n > self.batch_max:
            raise BadInput(f"at most {self.batch_max} commands at a time", code="BATCH_TOO_LARGE")
        with self._changed:
            if self.is_closed:
                raise Overloaded("this desk is closing", retry_after_s=1.0)
            if self.waiting + n > self.waiting_max:
                raise Overloaded("too many requests are waiting; nothing was taken", retry_after_s=self.retry_after_s())
            self._line.append(parcel)
            self.waiting += n
            if self.waiting >= self._enough:
                self._changed.notify()

    def take(self, *, unless: Callable[[], bool] = never, enough: int = 1) -> list[Parcel]:
        """Wait until enough commands have gathered, and take as many parcels as share a batch; fewer, or none at all, when the line is
        closed, or there is something else to do (`unless`, looked at whenever somebody says `poke`)."""
        while True:
            with self._changed:
                self._enough = enough
                while self.waiting < enough and not self.is_closed and not unless():
                    self._changed.wait()
                taken, late = self._pull()
                is_over = not self._line and (self.is_closed or unless())
            for parcel in late:
                error = TooLate("the deadline passed in line; nothing was booked", retry_after_s=self.retry_after_s())
                self.too_late(parcel, error)
            if taken or is_over:
                return taken

    def _pull(self) -> tuple[list[Parcel], list[Parcel]]:
        """What goes into the next batch, one parcel at least, and what came too late for it."""
        now = time.monotonic()
        taken: list[Parcel] = []
        late: list[Parcel] = []
        room = min(max(self.waiting // 2, self.share_from), self.batch_max)
        while self._line:
            n = len(self._line[0].asked)
            is_late = self._line[0].until < now
            if not is_late and taken and n > room:
                break
            parcel = self._line.popleft()
            self.waiting -= n
            if is_late:
                late.append(parcel)
            else:
                taken.append(parcel)
                room -= n
        return taken, late

    def poke(self) -> None:
        """Whoever waits in `take` shall look at what else there is to do."""
        with self._changed:
            self._changed.notify_all()

    def withdraw(self, parcel: Parcel) -> bool:
        """Take a parcel back out of the line; False when it has gone into a batch (or was never here)."""
        with self._changed:
            try:
                self._line.remove(parcel)
            except ValueError:
                return False
            self.waiting -= len(parcel.asked)
            return True

    def booked(self, commands: int, seconds: float) -> None:
        """A batch took so long: what the rate of draining is known by."""
        self.rate = RATE_MEMORY * self.rate + (1.0 - RATE_MEMORY) * commands / max(seconds, 1e-6)

    def retry_after_s(self) -> float:
        """When half of those who wait now will have gone."""
        return find_retry_s(self.waiting, max(self.rate, 1.0))

    def close(self) -> None:
        """Nothing more comes in; what waits is still taken."""
        with self._changed:
            self.is_closed = True
            self._changed.notify_all()


def find_retry_s(waiting: int, rate: float) -> float:
    """How long somebody is told to wait: until half of those who wait have gone at this rate, within bounds."""
    least, most = RETRY_S
    return min(max(waiting / 2 / rate, least), most)


__all__ = ["BATCH_MAX", "WAITING_MAX", "Gathering", "Parcel", "Reply", "find_retry_s"]
