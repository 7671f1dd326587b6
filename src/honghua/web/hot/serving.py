"""The desk's side of the socket: takes frames from workers, lets the desk's thread book, and sends answers back, a frame a batch."""

from __future__ import annotations

import asyncio
import os
import time
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

from honghua.base.errors import BadInput
from honghua.web.booker import Overloaded
from honghua.web.hot.answering import Books
from honghua.web.hot.desk import Desk, Replies
from honghua.web.hot.gathering import WAITING_MAX, Parcel
from honghua.web.hot.wire import Frames, Told, frame, read_asked, tell

POLL_S: Final = 0.01


class DeskServer:
    """One desk behind a Unix socket. Runs in an event loop; the books are in the desk's own thread."""

    def __init__(self, books: Books, path: Path, *, waiting_max: int = WAITING_MAX) -> None:
        self.path = path
        self.desk = Desk(books, self.deliver, waiting_max, ended=self._has_ended)
        self.ended = asyncio.Event()  # the desk's thread is no more: stopped, or fallen over a bug
        self.workers: set[Worker] = set()
        self.is_closing = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Open the books; then listen, in the place of whoever listened there before."""
        self._loop = asyncio.get_running_loop()
        self.desk.start()
        await asyncio.to_thread(self.desk.is_ready.wait)
        unfinished = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        self._server = await self._loop.create_unix_server(lambda: Worker(self), str(unfinished))
        unfinished.chmod(0o600)
        unfinished.replace(self.path)

    async def stop(self, *, flush_s: float = 2.0) -> None:
        """Answer what was taken, and close; what comes meanwhile is left to whoever listens here next. flush_s: for the last answers."""
        assert self._server is not None, "started"
        self.is_closing = True
        self._server.close()
        await asyncio.to_thread(self.desk.stop)
        await asyncio.sleep(0)  # the last answers were handed over to this loop
        for worker in tuple(self.workers):
            worker.close()
        until = time.monotonic() + flush_s
        while self.workers and time.monotonic() < until:
            await asyncio.sleep(POLL_S)

    def _has_ended(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.ended.set)

    def deliver(self, replies: Replies) -> None:
        """In the desk's thread: hand a batch's replies over to the loop."""
        assert self._loop is not None, "started"
        self._loop.call_soon_threadsafe(self._send, replies)

    def _send(self, replies: Replies) -> None:
        told: dict[Worker, list[Told]] = defaultdict(list)
        for parcel, reply in replies:
            worker, number = parcel.whom
            told[worker].append(tell(number, reply))
        for worker, some in told.items():
            worker.send(some)


class Worker(asyncio.Protocol):
    """A worker's connection, as the desk sees it."""

    def __init__(self, server: DeskServer) -> None:
        self.server = server
        self.frames = Frames()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: Any) -> None:
        """A worker has come."""
        self.transport = transport
        self.server.workers.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has gone; what it asked for is booked all the same, and remembered under its keys."""
        self.transport = None
        self.server.workers.discard(self)

    def data_received(self, data: bytes) -> None:
        """Frames with requests: each into the line, or refused at once."""
        try:
            bodies = list(self.frames.feed(data))
        except BadInput:
            self.close()
            return
        if self.server.is_closing:
            return
        refused: list[Told] = []
        for body in bodies:
            for number, until, asked in read_asked(body):
                try:
                    self.server.desk.offer(Parcel(asked, until, (self, number)))
                except (Overloaded, BadInput) as error:
                    refused.append(tell(number, error))
        if refused:
            self.send(refused)

    def send(self, told: list[Told]) -> None:
        """Replies in one frame."""
        if self.transport is not None:
            self.transport.write(frame(told))

    def close(self) -> None:
        """After what was written has gone out."""
        if self.transport is not None:
            self.transport.close()


__all__ = ["DeskServer"]
