"""Events as they happen, by server-sent events: one reader per process looks whether there is news, and wakes all who listen.

A listener that comes back with Last-Event-ID goes on behind it: what it missed is read from the books first.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Protocol

import msgspec
import psycopg
from fastapi import Request
from fastapi.responses import StreamingResponse

from honghua.store.facts import read_final_page
from honghua.web.api.cursors import write_cursor
from honghua.web.api.events import CURSOR, Event, EventPage, Place, find_end, read_place
from honghua.web.ground import Site
from honghua.web.problems import Trouble

LOOK_EVERY_S: Final = 0.5
BEAT_EVERY_S: Final = 15.0  # a comment now and then keeps proxies from hanging up
LOOKED_AT_MAX: Final = 10_000
LISTENERS_MAX: Final = 200


class Read(Protocol):
    """What a listener may see behind a place."""

    def __call__(self, conn: psycopg.Connection, /, *, place: Place) -> EventPage:
        """A page of it."""
        ...


@dataclass(slots=True)
class Pulse:
    """The one reader of a process, at work while anybody listens. stirred: set, and made anew, whenever there is news. is_over: the
    process ends, and so do its streams; listeners come back to another one."""

    site: Site
    listeners: int = 0
    stirred: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    is_over: bool = False

    def end(self) -> None:
        """Every stream ends where it stands."""
        self.is_over = True
        self.stirred.set()

    def join(self) -> None:
        """One more listener: the first starts the reader. Trouble when there are too many."""
        if self.listeners >= LISTENERS_MAX:
            raise Trouble("RATE_EXCEEDED", f"at most {LISTENERS_MAX} streams at once", retry_after_s=BEAT_EVERY_S)
        self.listeners += 1
        if self.task is None or self.task.done():
            self.task = asyncio.get_running_loop().create_task(self._look())

    def leave(self) -> None:
        """One listener less: the last stops the reader."""
        self.listeners -= 1
        if self.listeners == 0 and self.task is not None:
            self.task.cancel()
            self.task = None

    async def _look(self) -> None:
        place = await self.site.read(find_end)
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            facts = await self.site.read(partial(read_final_page, after=place, limit=LOOKED_AT_MAX))
            if len(facts):
                place = (int(facts.txid[-1]), int(facts.fact_id[-1]))
                self.stirred.set()
                self.stirred = asyncio.Event()


async def _at_most(waiting: Awaitable[object], seconds: float) -> None:
    try:
        await asyncio.wait_for(waiting, seconds)
    except TimeoutError:
        return


async def listen(pulse: Pulse, place: Place, read: Read) -> AsyncGenerator[bytes, None]:
    """Frames of a stream that begins behind `place`: what `read` finds, and beats where nothing happens. The listener has joined."""
    try:
        yield b"retry: 2000\n\n"
        while not pulse.is_over:
            news = pulse.stirred
            page = await pulse.site.read(partial(read, place=place))
            for event in page.events:
                yield frame(event)
            place = page.place
            if page.has_more:
                continue
            if not page.events:
                yield f": beat\nid: {write_cursor(CURSOR, list(place))}\n\n".encode()
            await _at_most(news.wait(), BEAT_EVERY_S)
    finally:
        pulse.leave()


def frame(event: Event) -> bytes:
    """One event as a frame; its cursor is its id, with which a listener comes back."""
    return f"id: {event.cursor}\nevent: {event.kind}\ndata: {msgspec.json.encode(event.body()).decode()}\n\n".encode()


async def stream(request: Request, read: Read) -> StreamingResponse:
    """The response of a live route: from Last-Event-ID on, else from now."""
    pulse: Pulse = request.app.state.pulse
    place = read_place(request.headers.get("last-event-id", ""))
    if place is None:
        place = await pulse.site.read(find_end)
    pulse.join()
    return StreamingResponse(
        listen(pulse, place, read), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
    )


__all__ = ["Pulse", "listen", "stream"]
