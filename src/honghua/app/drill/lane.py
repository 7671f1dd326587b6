"""The clients' side of the doors: requests over kept connections, from a thread of its own; answers come back by a queue."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self

import uvloop

CONNECTIONS: Final = 128
CONNECT_AGAIN_S: Final = 0.05
CLOSING_S: Final = 5.0  # that connections may take to end
BROKEN: Final = 0  # the status of a request whose connection broke
HEAD_END: Final = b"\r\n\r\n"
LENGTH: Final = b"content-length: "
CLOSING: Final = b"connection: close"
STATUS: Final = slice(9, 12)  # of b"HTTP/1.1 200 OK"


@dataclass(frozen=True, slots=True)
class Told:
    """An answer: the number that its request was sent under, HTTP status (BROKEN = nobody knows), body, when it came (perf_counter)."""

    number: int
    status: int
    body: bytes
    at: float


@dataclass(slots=True)
class Lane:
    """Use it as a context manager. write: makes the bytes of a request at the moment of its sending, by its number."""

    host: str
    port: int
    write: Callable[[int], bytes]
    connections: int = CONNECTIONS
    told: queue.SimpleQueue[Told] = field(default_factory=queue.SimpleQueue)
    waiting: deque[int] = field(default_factory=deque)
    free: list[Caller] = field(default_factory=list)
    callers: set[Caller] = field(default_factory=set)
    connecting: set[asyncio.Task[None]] = field(default_factory=set)
    is_closed: bool = False
    loop: asyncio.AbstractEventLoop = field(default_factory=uvloop.new_event_loop)
    _thread: threading.Thread = field(init=False)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self.loop.run_forever, name="drill-lane", daemon=True)
        self._thread.start()
        for _ in range(self.connections):
            self.loop.call_soon_threadsafe(self._begin_to_connect)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    def send(self, number: int) -> None:
        """From any thread: this request goes out on the next free connection."""
        self.loop.call_soon_threadsafe(self._begin, number)

    def take(self, seconds_max: float) -> list[Told]:
        """Answers that have come; waits a while where there is none."""
        found: list[Told] = []
        try:
            found.append(self.told.get(timeout=max(seconds_max, 0.0)))
            while True:
                found.append(self.told.get_nowait())
        except queue.Empty:
            return found

    # In the lane's own thread.

    def _begin(self, number: int) -> None:
        self.waiting.append(number)
        self._go_on()

    def _go_on(self) -> None:
        while self.waiting and self.free:
            caller = self.free.pop()
            if not caller.transport.is_closing():
                caller.call(self.waiting.popleft())

    def is_free(self, caller: Caller) -> None:
        """A connection can take a request."""
        self.free.append(caller)
        self._go_on()

    def take_answer(self, number: int, status: int, body: bytes) -> None:
        """An answer has come, or is known not to come."""
        self.told.put(Told(number, status, body, time.perf_counter()))

    def has_gone(self, caller: Caller) -> None:
        """A connection ended: another one in its place."""
        self.callers.discard(caller)
        if caller in self.free:
            self.free.remove(caller)
        self._begin_to_connect()

    def _begin_to_connect(self) -> None:
        if not self.is_closed:
            task = self.loop.create_task(self._connect())
            self.connecting.add(task)
            task.add_done_callback(self.connecting.discard)

    async def _connect(self) -> None:
        while not self.is_closed:
            try:
                await self.loop.create_connection(lambda: Caller(self), self.host, self.port)
            except OSError:
                await asyncio.sleep(CONNECT_AGAIN_S)
            else:
                return

    async def _close(self) -> None:
        self.is_closed = True
        if self.connecting:
            await asyncio.wait(self.connecting, timeout=CLOSING_S)
        for caller in tuple(self.callers):
            caller.transport.close()
        until = time.perf_counter() + CLOSING_S
        while self.callers and time.perf_counter() < until:
            await asyncio.sleep(0.001)


class Caller(asyncio.Protocol):
    """One connection, with at most one request under way."""

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.number = -1
        self.answer = b""
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        """Ready to call."""
        self.transport = transport
        if self.lane.is_closed:  # it was under way when the lane closed
            transport.abort()
            return
        self.lane.callers.add(self)
        self.lane.is_free(self)

    def call(self, number: int) -> None:
        """Send a request."""
        self.number = number
        self.transport.write(self.lane.write(number))

    def data_received(self, data: bytes) -> None:
        """An answer, or a part of one."""
        answer = self.answer = self.answer + data
        head = answer.find(HEAD_END)
        if head < 0:
            return
        at = answer.index(LENGTH) + len(LENGTH)
        body = head + len(HEAD_END)
        if len(answer) < body + int(answer[at : answer.index(b"\r", at)]):
            return
        self.answer = b""
        number, self.number = self.number, -1
        self.lane.take_answer(number, int(answer[STATUS]), answer[body:])
        if answer.find(CLOSING, 0, head) >= 0:
            self.transport.close()
        else:
            self.lane.is_free(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """It ended: at a farewell nothing is lost, in the middle of a request nobody knows."""
        if self.number >= 0:
            number, self.number = self.number, -1
            self.lane.take_answer(number, BROKEN, b"")
        self.lane.has_gone(self)


__all__ = ["BROKEN", "CONNECTIONS", "Lane", "Told"]
