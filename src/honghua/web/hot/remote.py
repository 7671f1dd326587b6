"""The worker's side of the socket: a booker whose desks are other processes, each the owner of some of the customers."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from honghua.base.errors import BadInput, TimedOut
from honghua.credit.core import Command
from honghua.web.booker import SECONDS_MAX, Answer, Overloaded, TooLate
from honghua.web.hot.desk import ANSWER_S
from honghua.web.hot.gathering import BATCH_MAX, WAITING_MAX, find_retry_s
from honghua.web.hot.wire import ANSWERED, Frames, Packed, find_error, frame, owner_of, pack, read_told

LOOK_S: Final = 0.05  # between two looks at deadlines, and between two tries to connect
Future = asyncio.Future[list[Answer]]


@dataclass(slots=True, eq=False)
class Request:
    """What was asked and not answered yet. is_sent: a desk may have seen it, so that only a desk can say what became of it."""

    number: int
    packed: list[Packed]
    until: float
    future: Future
    is_sent: bool = False


@dataclass(slots=True)
class Link:
    """The connection to one desk, made again whenever it is lost: what has no answer yet is asked again under the same keys."""

    path: Path
    waiting_max: int = WAITING_MAX
    pending: dict[int, Request] = field(default_factory=dict)
    waiting: int = 0  # commands without an answer
    answered: int = 0  # commands, since the link was made
    rate: float = 0.0  # answers a second, of late
    reconnects: int = -1
    _line: Line | None = None
    _fresh: list[Request] = field(default_factory=list)
    _number: int = 0
    _task: asyncio.Task[None] | None = None

    @property
    def is_up(self) -> bool:
        """Whether the desk is there."""
        return self._line is not None

    def ask(self, commands: Sequence[Command], until: float) -> Future:
        """The answers to come. Overloaded: nothing was taken."""
        n = len(commands)
        if self.waiting + n > self.waiting_max:
            seconds = find_retry_s(self.waiting, max(self.rate, 100.0))
            raise Overloaded("too many requests are waiting; nothing was taken", retry_after_s=seconds)
        loop = asyncio.get_running_loop()
        if self._task is None:
            self.begin()
        self._number += 1
        request = Request(self._number, pack(commands), until, loop.create_future())
        self.pending[request.number] = request
        self.waiting += n
        if not self._fresh:
            loop.call_soon(self._flush)  # together with what else comes in this round of the loop
        self._fresh.append(request)
        return request.future

    def begin(self) -> None:
        """Look after the connection from now on."""
        self._task = asyncio.get_running_loop().create_task(self._look_after())

    def _flush(self) -> None:
        fresh, self._fresh = self._fresh, []
        if self._line is not None:
            self._send(fresh)

    def _send(self, requests: Sequence[Request]) -> None:
        assert self._line is not None, "connected"
        for request in requests:
            request.is_sent = True
        self._line.transport.write(frame([(one.number, one.until, one.packed) for one in requests]))

    def take(self, told: Sequence[tuple[int, int, Any]]) -> None:
        """Answers have come."""
        for number, code, what in told:
            request = self._drop(number)
            if request is None:
                continue
            if code == ANSWERED:
                self.answered += len(request.packed)
                request.future.set_result(what)
            else:
                request.future.set_exception(find_error(code, what))

    def _drop(self, number: int) -> Request | None:
        request = self.pending.pop(number, None)
        if request is None:
            return None
        self.waiting -= len(request.packed)
        return None if request.future.done() else request  # nobody waits any more

    async def _look_after(self) -> None:
        """Connect and connect again; end what is beyond its deadline; see how fast answers come."""
        seen, at = self.answered, time.monotonic()
        while True:
            if self._line is None:
                await self._connect()
            self._end_late()
            await asyncio.sleep(LOOK_S)
            now = time.monotonic()
            if self.waiting:
                self.rate = 0.9 * self.rate + 0.1 * (self.answered - seen) / (now - at)
            seen, at = self.answered, now

    async def _connect(self) -> None:
        try:
            _, line = await asyncio.get_running_loop().create_unix_connection(lambda: Line(self), str(self.path))
        except OSError:
            return  # not there (yet); we come again
        self._line = line
        self.reconnects += 1
        self._fresh = []
        if self.pending:
            self._send(list(self.pending.values()))

    def lost(self) -> None:
        """The desk has gone: it was restarted, or it fell."""
        self._line = None

    def _end_late(self) -> None:
        now = time.monotonic()
        for request in [one for one in self.pending.values() if one.until < now]:
            if not request.is_sent and self._line is None:
                self._fail(request, TooLate("no desk is there; nothing was booked", retry_after_s=1.0))
            elif self._line is None or request.until + ANSWER_S < now:
                self._fail(request, TimedOut("no answer in time; ask again under the same key"))

    def _fail(self, request: Request, error: Exception) -> None:
        if self._drop(request.number) is not None:
            request.future.set_exception(error)

    async def close(self) -> None:
        """Nothing more is asked. What has no answer yet is TimedOut."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for request in list(self.pending.values()):
            self._fail(request, TimedOut("this server closes; ask again under the same key"))
        if self._line is not None:
            self._line.transport.close()


class Line(asyncio.Protocol):
    """One connection to a desk."""

    transport: asyncio.Transport

    def __init__(self, link: Link) -> None:
        self.link, self.frames = link, Frames()

    def connection_made(self, transport: Any) -> None:
        """It stands."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Frames with answers."""
        for body in self.frames.feed(data):
            self.link.take(read_told(body))

    def connection_lost(self, exc: Exception | None) -> None:
        """It has gone."""
        self.link.lost()


class RemoteBooker:
    """Implements `Booker` over desks in other processes. paths: their sockets, in the order of their numbers. One per event loop."""

    def __init__(self, paths: Sequence[Path], *, waiting_max: int = WAITING_MAX) -> None:
        self.links = [Link(path, waiting_max) for path in paths]

    async def start(self, *, seconds_max: float = 10.0) -> None:
        """Connect, and wait a while for desks that are not there yet."""
        for link in self.links:
            link.begin()
        until = time.monotonic() + seconds_max
        while not all(link.is_up for link in self.links) and time.monotonic() < until:
            await asyncio.sleep(LOOK_S)

    async def submit(self, commands: Sequence[Command], *, seconds_max: float = SECONDS_MAX) -> list[Answer]:
        """As `Booker.submit`. Where commands belong to several desks and one of them fails: TimedOut, for the others may have booked."""
        if not commands:
            return []
        if len(commands) > BATCH_MAX:
            raise BadInput(f"at most {BATCH_MAX} commands at a time", code="BATCH_TOO_LARGE")
        until, desks = time.monotonic() + seconds_max, len(self.links)
        if len(commands) == 1 or desks == 1:
            return await self.links[owner_of(commands[0].customer, desks)].ask(commands, until)
        return await self._submit_apart(commands, until)

    async def _submit_apart(self, commands: Sequence[Command], until: float) -> list[Answer]:
        places: dict[int, list[int]] = defaultdict(list)
        for place, command in enumerate(commands):
            places[owner_of(command.customer, len(self.links))].append(place)
        full = next(
            (k for k, some in places.items() if self.links[k].waiting + len(some) > self.links[k].waiting_max), None
        )
        owners = list(places) if full is None else [full]  # whoever is full says so before anybody else is asked
        asked = [self.links[k].ask([commands[place] for place in places[k]], until) for k in owners]
        found = await asyncio.gather(*asked, return_exceptions=True)
        errors = [one for one in found if isinstance(one, BaseException)]
        if errors:
            if len(errors) == len(found) and all(isinstance(one, Overloaded) for one in errors):
                raise errors[0]
            raise TimedOut("a part of this may have been booked; ask again under the same keys") from errors[0]
        answers: list[Answer] = [{}] * len(commands)
        for k, some in zip(owners, found, strict=True):
            assert not isinstance(some, BaseException), "errors were raised"
            for place, answer in zip(places[k], some, strict=True):
                answers[place] = answer
        return answers

    async def close(self) -> None:
        """Nothing more is asked."""
        for link in self.links:
            await link.close()


__all__ = ["Link", "RemoteBooker"]
