"""The load generator: a process of its own, raw sockets, requests written beforehand. `python -m honghua.app.serving.load` reads its orders
from standard input, says when it is ready, begins when told, and leaves what it heard in a file.

It loads for the seconds ordered, or until it is told that this is enough (another line).

A closed loop: each connection sends its next request when the last was answered. An open one (`rate`): requests fall due at their times
and go out on the next free connection; how long they took counts from when they were due.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import resource
import secrets
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import uvloop

from honghua.app.serving.bench_town import Town
from honghua.base.clock import SystemClock
from honghua.web.api.signing import sign, text_to_sign
from honghua.web.hot.asgi import WAIT_HEADER

LOST: Final = 0  # the status of a request whose connection broke
APPROVED: Final = b'"outcome":"approved"'
STATUS: Final = slice(9, 12)  # of b"HTTP/1.1 200 OK"
LENGTH: Final = b"content-length: "
CLOSING: Final = b"connection: close"
END: Final = b"\r\n\r\n"
DRAIN_S: Final = 45.0  # after the time is over, until every answer is in
ONE: Final = b"/v1/purchases"
MANY: Final = b"/v1/purchases:batch"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOrders:
    """What to send. size: purchases of a call, 1 = single calls. rate: calls a second, 0 = as fast as answers come.

    requests: calls written beforehand. name: what the idempotency keys begin with. folder: for what was heard. wait_ms: how long callers
    are ready to wait for the books, 0 = they do not say.
    """

    town: Town
    host: str
    port: int
    key_id: str
    secret: str
    name: str
    folder: str
    seconds: float
    connections: int
    size: int = 1
    rate: float = 0.0
    requests: int = 100_000
    seed: int = 1
    wait_ms: int = 0


@dataclass(slots=True)
class Heard:
    """What came of each call, by its number: status (0 = the connection broke, −1 = not sent), purchases approved, seconds."""

    status: np.ndarray
    approved: np.ndarray
    began: np.ndarray
    took: np.ndarray
    bodies: list[bytes] = field(default_factory=list)  # of the first problems


def write_requests(orders: LoadOrders, now: dt.datetime) -> Iterator[bytes]:
    """Every call as it goes over the wire: signed, each purchase with a key of its own."""
    rng = np.random.default_rng([orders.seed, 17])
    stamp = str(int(now.timestamp())).encode()
    target = ONE if orders.size == 1 else MANY
    secret = orders.secret.encode()
    lines = b"POST %b HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\nhonghua-key: %b\r\nhonghua-timestamp: %b\r\n" % (
        target, orders.key_id.encode(), stamp,
    )  # fmt: skip
    if orders.wait_ms:
        lines += b"%b: %d\r\n" % (WAIT_HEADER, orders.wait_ms)
    encode = msgspec.json.Encoder().encode
    drawn = orders.town.draw(rng, orders.requests * orders.size)
    for number in range(orders.requests):
        key = b""
        if orders.size == 1:
            key = f"{orders.name}:{number}:0".encode()
            body = encode({**next(drawn), "currency": "CNY"})
        else:
            some = [
                {**next(drawn), "currency": "CNY", "key": f"{orders.name}:{number}:{k}"} for k in range(orders.size)
            ]
            body = encode({"purchases": some})
        nonce = secrets.token_hex(12).encode()
        text = text_to_sign("POST", target, (stamp, nonce, key), body)
        yield lines + b"honghua-nonce: %b\r\nhonghua-signature: %b\r\nidempotency-key: %b\r\ncontent-length: %d\r\n\r\n%b" % (
            nonce, sign(secret, text).encode(), key, len(body), body,
        )  # fmt: skip


class Caller(asyncio.Protocol):
    """One connection, with at most one call under way."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.number = -1
        self.answer = b""
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        """Ready to call."""
        self.transport = transport
        self.load.is_free(self)

    def call(self, number: int) -> None:
        """Send a call."""
        self.number = number
        self.transport.write(self.load.requests[number])

    def data_received(self, data: bytes) -> None:
        """An answer, or a part of one."""
        answer = self.answer + data if self.answer else data
        head = answer.find(END)
        if head < 0:
            self.answer = answer
            return
        at = answer.index(LENGTH) + len(LENGTH)
        length = int(answer[at : answer.index(b"\r", at)])
        if len(answer) < head + len(END) + length:
            self.answer = answer
            return
        self.answer = b""
        number, self.number = self.number, -1
        self.load.take(number, int(answer[STATUS]), answer[head + len(END) :])
        if answer.find(CLOSING, 0, head) >= 0:
            self.transport.close()
        else:
            self.load.is_free(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """It ended: at a farewell nothing is lost, in the middle of a call nobody knows."""
        if self.number >= 0:
            number, self.number = self.number, -1
            self.load.take(number, LOST, b"")
        self.load.has_gone()


class Load:
    """All connections, and what they heard."""

    def __init__(self, orders: LoadOrders) -> None:
        self.orders = orders
        self.requests = list(write_requests(orders, SystemClock().now()))
        n = len(self.requests)
        self.heard = Heard(np.full(n, -1, np.int16), np.zeros(n, np.int32), np.zeros(n), np.zeros(n))
        self.next = 0
        self.free: deque[Caller] = deque()
        self.began = 0.0
        self.under_way = 0
        self.seconds = orders.seconds
        self.is_over = False

    def enough(self) -> None:
        """No new calls from now on. From any thread."""
        self.seconds = min(self.seconds, time.perf_counter() - self.began)

    def is_free(self, caller: Caller) -> None:
        """A connection can take a call."""
        if self.orders.rate or not self.began:
            self.free.append(caller)
            if self.began:
                self.send_due()
        elif not self.is_over and self.next < len(self.requests):
            self.send(caller, time.perf_counter())

    def send(self, caller: Caller, due: float) -> None:
        """The next call, due at this time."""
        number = self.next
        self.next = number + 1
        self.heard.began[number] = due - self.began
        self.under_way += 1
        caller.call(number)

    def send_due(self) -> None:
        """In an open loop: every call that is due, as far as connections are free."""
        elapsed = time.perf_counter() - self.began
        due = min(int(min(elapsed, self.seconds) * self.orders.rate), len(self.requests))
        while self.next < due and self.free:
            caller = self.free.popleft()
            if not caller.transport.is_closing():
                self.send(caller, self.began + self.next / self.orders.rate)

    def take(self, number: int, status: int, body: bytes) -> None:
        """An answer has come."""
        heard = self.heard
        heard.took[number] = time.perf_counter() - self.began - heard.began[number]
        heard.status[number] = status
        heard.approved[number] = body.count(APPROVED)
        self.under_way -= 1
        if status != 200 and len(heard.bodies) < 20:
            heard.bodies.append(body[:300])

    def has_gone(self) -> None:
        """A connection ended: another one in its place."""
        if not self.is_over:
            asyncio.get_running_loop().create_task(self.connect())

    async def connect(self) -> None:
        """One connection, sooner or later."""
        loop = asyncio.get_running_loop()
        while not self.is_over:
            try:
                await loop.create_connection(lambda: Caller(self), self.orders.host, self.orders.port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                return

    async def run(self, begin: Callable[[], None]) -> float:
        """Connect, wait for the word, load for the seconds ordered, hear the last answers; gives the seconds that it took."""
        await asyncio.gather(*(self.connect() for _ in range(self.orders.connections)))
        await asyncio.to_thread(begin)
        self.began = time.perf_counter()
        if not self.orders.rate:
            for caller in list(self.free):
                self.send(caller, time.perf_counter())
            self.free.clear()
        while time.perf_counter() - self.began < self.seconds and self.next < len(self.requests):
            if self.orders.rate:
                self.send_due()
            await asyncio.sleep(0.002 if self.orders.rate else 0.02)
        self.is_over = not self.orders.rate
        until = time.perf_counter() + DRAIN_S
        while (self.under_way or (self.orders.rate and self.next < self.due_in_all())) and time.perf_counter() < until:
            if self.orders.rate:
                self.send_due()
            await asyncio.sleep(0.01)
        self.is_over = True
        return time.perf_counter() - self.began

    def due_in_all(self) -> int:
        """Calls of an open loop."""
        return min(int(self.seconds * self.orders.rate), len(self.requests))


def say(word: str) -> None:
    """To whoever started us."""
    print(word, flush=True)


def begin() -> None:
    """Ready; wait for the word."""
    say("ready")
    sys.stdin.buffer.readline()


def hear_enough(load: Load) -> None:
    """Another line: no more calls. The end of the input says nothing."""
    if sys.stdin.buffer.readline():
        load.enough()


def main() -> int:
    """Read the orders, load, write down what was heard."""
    orders = msgspec.json.decode(sys.stdin.buffer.readline(), type=LoadOrders)
    load = Load(orders)
    spent: list[float] = []

    def start() -> None:
        begin()
        threading.Thread(target=hear_enough, args=(load,), daemon=True).start()
        spent.append(cpu_seconds())

    seconds = uvloop.run(load.run(start))
    heard = load.heard
    np.savez(
        Path(orders.folder) / f"{orders.name}.npz", status=heard.status[: load.next], approved=heard.approved[: load.next],
        began=heard.began[: load.next], took=heard.took[: load.next],
    )  # fmt: skip
    told = {
        "seconds": seconds, "sent": load.next, "cpu_s": cpu_seconds() - spent[0], "ran_dry": load.next == len(load.requests),
        "problems": [body.decode(errors="replace") for body in heard.bodies],
    }  # fmt: skip
    say(msgspec.json.encode(told).decode())
    return 0


def cpu_seconds() -> float:
    """Of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
