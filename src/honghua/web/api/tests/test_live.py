"""The live stream: woken by news, going on behind a place, and stopping its reader with the last listener."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator

import pytest

from honghua.base.clock import FixedClock
from honghua.store.database import Database
from honghua.web.api.events import Place, find_end, read_events
from honghua.web.api.live import LISTENERS_MAX, Pulse, listen
from honghua.web.ground import Site
from honghua.web.problems import Trouble
from honghua.web.tests.doors import NOON, buy, make_site, open_account

PATIENCE_S = 30.0


@pytest.fixture
def site(database: Database) -> Iterator[Site]:
    with make_site(database, clock=FixedClock(NOON)) as made:
        open_account(made, "李雷")
        yield made


def read(conn, /, *, place: Place):
    return read_events(conn, place)


async def take(frames: AsyncGenerator[bytes, None], count: int) -> list[str]:
    """The next events; beats are passed over."""
    found: list[str] = []
    while len(found) < count:
        frame = (await asyncio.wait_for(anext(frames), PATIENCE_S)).decode()
        if "\ndata: " in frame:
            found.append(frame)
    return found


def test_listeners_hear_what_is_booked_while_they_listen(site):
    async def hear() -> None:
        pulse = Pulse(site)
        start = await site.read(find_end)
        streams = []
        for _ in range(2):
            pulse.join()
            streams.append(listen(pulse, start, read))
        await asyncio.to_thread(buy, site, "李雷", [100, 200])
        for frames in streams:
            first, second = await take(frames, 2)
            assert '"amount_minor":100' in first
            assert '"amount_minor":200' in second
            assert "event: purchase.captured" in first
        await asyncio.to_thread(buy, site, "李雷", [300])
        for frames in streams:
            (third,) = await take(frames, 1)
            assert '"amount_minor":300' in third
            await frames.aclose()
        assert pulse.listeners == 0
        assert pulse.task is None

    asyncio.run(hear())


def test_there_is_a_bound_on_listeners(site):
    async def crowd() -> None:
        pulse = Pulse(site)
        for _ in range(LISTENERS_MAX):
            pulse.join()
        with pytest.raises(Trouble, match="streams at once"):
            pulse.join()
        for _ in range(LISTENERS_MAX):
            pulse.leave()

    asyncio.run(crowd())


def test_streams_end_with_their_process(site):
    async def leave() -> None:
        pulse = Pulse(site)
        pulse.join()
        frames = listen(pulse, await site.read(find_end), read)
        assert await anext(frames) == b"retry: 2000\n\n"
        assert b": beat" in await anext(frames)
        waiting = asyncio.ensure_future(anext(frames))
        await asyncio.sleep(0)  # it waits for news now
        pulse.end()
        with pytest.raises(StopAsyncIteration):
            await asyncio.wait_for(waiting, PATIENCE_S)
        assert pulse.listeners == 0

    asyncio.run(leave())
