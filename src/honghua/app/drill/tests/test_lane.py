"""The clients' lane against a server that answers in pieces, ends connections and breaks them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from queue import Queue
from typing import ClassVar

import pytest

from honghua.app.drill.lane import BROKEN, Lane

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n%b\r\n"


class Moody(asyncio.Protocol):
    """Answers request number n by what it asks for: whole, in pieces, with a farewell, or not at all."""

    alive: ClassVar[set[asyncio.Protocol]] = set()

    def connection_made(self, transport):
        self.transport = transport
        self.alive.add(self)

    def connection_lost(self, exc):
        self.alive.discard(self)

    def data_received(self, data):
        mood = data.split()[0]
        if mood == b"break":
            self.transport.abort()
        elif mood == b"pieces":
            self.transport.write(OK % b"")
            asyncio.get_running_loop().call_soon(self.transport.write, b"hi")
        elif mood == b"farewell":
            self.transport.write(OK % b"connection: close\r\n" + b"hi")
            self.transport.close()
        else:
            self.transport.write(OK % b"" + b"hi")


async def serve(told: Queue[int], stopping: asyncio.Event) -> None:
    server = await asyncio.get_running_loop().create_server(Moody, "127.0.0.1", 0)
    async with server:
        told.put(server.sockets[0].getsockname()[1])
        await stopping.wait()
    while Moody.alive:
        await asyncio.sleep(0.001)


@pytest.fixture
def port() -> Iterator[int]:
    told: Queue[int] = Queue()
    loop, stopping = asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(told, stopping),))
    thread.start()
    yield told.get(timeout=10)
    loop.call_soon_threadsafe(stopping.set)
    thread.join()
    loop.close()


def test_every_request_is_told_of_once(port):
    moods = [b"whole", b"pieces", b"farewell", b"break"]
    wanted = {number: moods[number % len(moods)] for number in range(40)}
    found: dict[int, tuple[int, bytes]] = {}
    with Lane("127.0.0.1", port, lambda number: wanted[number] + b" x", connections=3) as lane:
        for number in wanted:
            lane.send(number)
        while len(found) < len(wanted):
            told = lane.take(10.0)
            assert told, "the lane fell silent"
            for one in told:
                assert one.number not in found
                found[one.number] = (one.status, one.body)
    for number, mood in wanted.items():
        assert found[number] == ((BROKEN, b"") if mood == b"break" else (200, b"hi")), mood
