"""The feed as server-sent events: rows as they are decided, to whoever may read them and for as long as they are signed in.

A stream is bounded: in number, in how often it speaks, in how long it lives (the browser comes back by itself, with the last row's id).
Whether its session is alive, with a role that may, is asked in the very snapshot that its rows are read from. It does not count as use:
a screen with nobody in front of it is signed out like any other.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from honghua.web.api.live import Pulse
from honghua.web.problems import Trouble

STREAMS_MAX: Final = 50
STREAMS_EACH_MAX: Final = 4
SPEAK_EVERY_S: Final = 1.0
LOOK_EVERY_S: Final = 5.0  # also where nothing happens: a session that ended takes its stream along
LIFE_S: Final = 600.0
ENDED: Final = b"event: ended\ndata: -\n\n"
SKIPPED: Final = b"event: skipped\ndata: -\n\n"
BEAT: Final = b": beat\n\n"


@dataclass(frozen=True, slots=True)
class News:
    """What one look found. place: the newest decision there is; html: rows to be put on top; is_over: the session ended."""

    place: int
    html: str = ""
    has_skipped: bool = False
    is_over: bool = False


Look = Callable[[int], Awaitable[News]]


@dataclass(slots=True)
class Streams:
    """The open streams of this process, by person."""

    open: Counter[str] = field(default_factory=Counter)

    def join(self, subject: str) -> None:
        """One more; Trouble RATE_EXCEEDED when this person, or all together, have too many."""
        if self.open[subject] >= STREAMS_EACH_MAX or self.open.total() >= STREAMS_MAX:
            raise Trouble("RATE_EXCEEDED", "too many live pages are open", retry_after_s=LOOK_EVERY_S)
        self.open[subject] += 1

    def leave(self, subject: str) -> None:
        """One less."""
        self.open[subject] -= 1
        if not self.open[subject]:
            del self.open[subject]


class LiveResponse(StreamingResponse):
    """A stream that gives its place back however it ends, also when nobody read a word of it."""

    def __init__(self, frames: AsyncGenerator[bytes, None], leave: Callable[[], None]) -> None:
        super().__init__(frames, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
        self.frames, self.leave = frames, leave

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until either side ends it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.leave()
            await self.frames.aclose()


async def listen(pulse: Pulse, look: Look, place: int) -> AsyncGenerator[bytes, None]:
    """Frames of a stream that begins behind the decision `place`. The listener has joined."""
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + LIFE_S
    yield b"retry: 2000\n\n"
    while loop.time() < ends_at and not pulse.is_over:
        stirred = pulse.stirred
        news = await look(place)
        if news.is_over:
            yield ENDED
            return
        if news.html:
            yield frame(news)
        elif news.place == place:
            yield BEAT
        if news.has_skipped:
            yield SKIPPED
        place = news.place
        await asyncio.sleep(SPEAK_EVERY_S)
        with suppress(TimeoutError):
            await asyncio.wait_for(stirred.wait(), LOOK_EVERY_S - SPEAK_EVERY_S)


def frame(news: News) -> bytes:
    """Rows as one event under the id of the newest decision."""
    lines = "".join(f"data: {line}\n" for line in news.html.splitlines() if line.strip())
    return f"id: {news.place}\nevent: rows\n{lines}\n".encode()


__all__ = ["LiveResponse", "Look", "News", "Streams", "listen"]
