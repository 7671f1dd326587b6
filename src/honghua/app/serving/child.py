"""One process of a server: `python -m honghua.app.serving.child` reads its orders from standard input, says when it is ready, and ends at
SIGTERM, or when whoever started it is gone."""

from __future__ import annotations

import asyncio
import faulthandler
import gc
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Final

import uvloop

from honghua.app.serving.plan import CLOCK, DESK, WORKER, Orders

Role = Callable[[Orders, asyncio.Event, Callable[[], None]], Awaitable[None]]
ROLES: Final = {
    DESK: ("desk_role", "run_desk"),
    WORKER: ("worker_role", "run_worker"),
    CLOCK: ("clock_role", "run_clock"),
}


def load_role(name: str) -> Role:
    """Of the three roles the one that is played: the others' rooms are not loaded."""
    module, function = ROLES[name]
    role: Role = getattr(import_module(f"honghua.app.serving.{module}"), function)
    return role


def say_ready() -> None:
    """Whoever started us waits for this line. What was loaded by now stays: collections of garbage look at the rest only."""
    gc.collect()
    gc.freeze()
    print("ready", flush=True)


def watch_parent(stop: Callable[[], object]) -> None:
    """Standard input ends with the process at its other end."""

    def watch() -> None:
        while os.read(0, 4_096):
            pass
        stop()

    threading.Thread(target=watch, name="honghua-parent", daemon=True).start()


async def work(orders: Orders) -> None:
    """Do what the orders say, until told to stop."""
    loop, stopping = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the supervisor's to act on
    watch_parent(lambda: loop.call_soon_threadsafe(stopping.set))
    faulthandler.register(signal.SIGUSR1)  # where every thread stands, for whoever wonders
    await load_role(orders.role)(orders, stopping, say_ready)


def main() -> int:
    """Read the orders and work."""
    orders = Orders.read(sys.stdin.buffer.readline())
    uvloop.run(work(orders))
    return 0


if __name__ == "__main__":
    sys.exit(main())
