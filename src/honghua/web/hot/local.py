"""A booker within this process: a desk in a thread of its own. For tests, and for a server that is one process."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from honghua.base.clock import Clock
from honghua.base.errors import TimedOut
from honghua.credit import api as credit
from honghua.credit.core import Command
from honghua.store.database import Database, connect
from honghua.web.booker import SECONDS_MAX, Answer, TooLate
from honghua.web.hot.answering import Attach, Books
from honghua.web.hot.desk import ANSWER_S, Desk, Replies
from honghua.web.hot.gathering import Parcel, Reply

Future = asyncio.Future[list[Answer]]


class LocalBooker:
    """Implements `Booker` on a connection and a registry of its own. Use it as a context manager, or call `stop`.

    attach: makes the registry on the desk's connection (with the risk engine, if the book has one).
    """

    def __init__(self, database: Database, *, clock: Clock, attach: Attach = credit.open_registry) -> None:
        self.desk = Desk(Books(lambda: connect(database), attach, clock), deliver)
        self.desk.start()

    async def submit(self, commands: Sequence[Command], *, seconds_max: float = SECONDS_MAX) -> list[Answer]:
        """As `Booker.submit`."""
        if not commands:
            return []
        loop = asyncio.get_running_loop()
        future: Future = loop.create_future()
        asked = list(zip(commands, credit.hash_commands(commands), strict=True))
        parcel = Parcel(asked, time.monotonic() + seconds_max, (loop, future))
        self.desk.offer(parcel)
        done, _ = await asyncio.wait([future], timeout=seconds_max)
        if not done:
            if self.desk.line.withdraw(parcel):
                late = self.desk.line.retry_after_s()
                raise TooLate("the deadline passed in line; nothing was booked", retry_after_s=late)
            done, _ = await asyncio.wait([future], timeout=ANSWER_S)  # it is being booked
        if not done:
            raise TimedOut("no answer in time; ask again under the same key")
        return future.result()

    def stop(self) -> None:
        """Answer what waits, and end."""
        self.desk.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def deliver(replies: Replies) -> None:
    """Carry replies over to the loops of those who wait: one call a loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[Future, Reply]]] = defaultdict(list)
    for parcel, reply in replies:
        loop, future = parcel.whom
        by_loop[loop].append((future, reply))
    for loop, settled in by_loop.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, settled)


def settle(replies: Sequence[tuple[Future, Reply]]) -> None:
    """Give each who still waits the answer."""
    for future, reply in replies:
        if future.done():
            continue
        if isinstance(reply, Exception):
            future.set_exception(reply)
        else:
            future.set_result(reply)


__all__ = ["LocalBooker", "settle"]
