"""The supervisor: starts a server's processes, starts those that fell again, and replaces them one by one."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from honghua.app.serving.plan import CLOCK, DESK, WORKER, Orders, ServePlan
from honghua.base.errors import WorldFailed
from honghua.store.embedded import Place, ensure_server
from honghua.store.server.processes import find_postmaster
from honghua.store.settings import StoreSettings

READY_S: Final = 120.0  # until a process must be ready: the engine may have much to learn
END_S: Final = 45.0  # until it must have ended: callers may wait 30 s for what it took
WARM_S: Final = 1_800.0  # until newer code must be compiled
BACK_OFF_S: Final = (0.2, 10.0)  # before one that fell is started again, more with every time that it falls soon
SOON_S: Final = 30.0
LOOK_S: Final = 0.2
Warm = Callable[[], subprocess.Popen[bytes]]


@dataclass(slots=True)
class Child:
    """One process at work."""

    orders: Orders
    process: subprocess.Popen[bytes]
    started_at: float
    is_ready: threading.Event = field(default_factory=threading.Event)

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.orders.role} {self.orders.number}"

    def wait_ready(self, *, seconds_max: float = READY_S) -> None:
        """Until it says so; WorldFailed when it ends before, or takes too long."""
        until = time.monotonic() + seconds_max
        while not self.is_ready.wait(LOOK_S / 4):
            if self.process.poll() is not None:
                raise WorldFailed(f"{self.name} ended with status {self.process.returncode} before it was ready")
            if time.monotonic() > until:
                raise WorldFailed(f"{self.name} was not ready within {seconds_max:.0f} s")

    def end(self, *, seconds_max: float = END_S) -> None:
        """Ask it to end, and see that it does."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(seconds_max)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.hang_up()

    def hang_up(self) -> None:
        """Close our end of its standard input; the other pipe is closed by whoever reads it."""
        if self.process.stdin is not None:
            with suppress(BrokenPipeError):
                self.process.stdin.close()


class Supervisor:
    """Use it as a context manager: inside, the server serves. `watch` must be called again and again, or `run` once.

    revive: starts the database again if it fell, and says whether it did; None where it is the operator's. warm: starts whoever
    compiles the code that new processes will run, before any is replaced (`warming`).
    """

    def __init__(
        self,
        plan: ServePlan,
        listener: socket.socket,
        *,
        revive: Callable[[], bool] | None = None,
        warm: Warm | None = None,
        said: Callable[[str], None] | None = None,
    ) -> None:
        self.plan, self.listener, self.revive, self.warm = plan, listener, revive, warm
        self.said = said or (lambda text: print(f"honghua: {text}", file=sys.stderr, flush=True))
        self.children: dict[tuple[str, int], Child] = {}
        self.falls: dict[tuple[str, int], int] = {}
        self.again_at: dict[tuple[str, int], float] = {}
        self.turn = threading.RLock()  # watching and replacing take turns
        self.stopping = threading.Event()  # somebody wants us to end

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def roles(self) -> list[tuple[str, int]]:
        """Every process that there shall be, in the order of their start."""
        clock = [(CLOCK, 0)] if self.plan.has_clock else []
        return [
            *((DESK, k) for k in range(self.plan.desks)), *((WORKER, k) for k in range(self.plan.workers)), *clock
        ]  # fmt: skip

    def start(self) -> None:
        """Start all at once, and wait until every one is ready."""
        Path(self.plan.folder).mkdir(parents=True, exist_ok=True, mode=0o700)
        for path in self.plan.desk_sockets:
            path.unlink(missing_ok=True)
        for place in self.roles():
            self.children[place] = self.spawn(*place)
        for child in list(self.children.values()):
            child.wait_ready()

    def spawn(self, role: str, number: int) -> Child:
        """A new process with its orders."""
        handle = self.listener.fileno() if role == WORKER else -1
        orders = Orders(plan=self.plan, role=role, number=number, listener=handle)
        process = subprocess.Popen(
            [sys.executable, "-m", "honghua.app.serving.child"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            pass_fds=(handle,) if handle >= 0 else (), start_new_session=True,
        )  # fmt: skip
        child = Child(orders, process, time.monotonic())
        assert process.stdin is not None, "a pipe"
        assert process.stdout is not None, "a pipe"
        process.stdin.write(orders.write())
        process.stdin.flush()  # and stays open: its end tells the child that we are gone
        out = process.stdout
        threading.Thread(target=listen_to, args=(child, out), name=f"honghua-{child.name}", daemon=True).start()
        return child

    def watch(self) -> None:
        """Start again whoever fell."""
        with self.turn:
            if self.revive is not None and self.revive():
                self.said("the database fell; it was started again")
            for place, child in list(self.children.items()):
                if child.process.poll() is None:
                    continue
                if place not in self.again_at:
                    child.hang_up()
                    self.again_at[place] = time.monotonic() + self.find_wait(place, child)
                    self.said(f"{child.name} fell (status {child.process.returncode}); it is started again")
                if time.monotonic() >= self.again_at[place]:
                    del self.again_at[place]
                    self.children[place] = self.spawn(*place)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Inside, a thread watches: for programs that have something else to do."""
        stopping = threading.Event()

        def look() -> None:
            while not stopping.wait(LOOK_S):
                self.watch()

        thread = threading.Thread(target=look, name="honghua-watch", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stopping.set()
            thread.join()

    def find_wait(self, place: tuple[str, int], child: Child) -> float:
        """Seconds before the next start: those who fall soon after each start wait longer and longer."""
        fell_soon = time.monotonic() - child.started_at < SOON_S
        self.falls[place] = self.falls.get(place, 0) + 1 if fell_soon else 0
        first, most = BACK_OFF_S
        return min(first * 2.0 ** self.falls[place], most)

    def replace(self, role: str, number: int) -> None:
        """A new process in the place of an old one, which goes when the new one is ready."""
        with self.turn:
            new = self.spawn(role, number)
            try:
                new.wait_ready()
            except WorldFailed:
                new.end()
                raise
            old, self.children[role, number] = self.children[role, number], new
            old.end()

    def warm_up(self) -> None:
        """Until the newer code is compiled, while we go on watching; WorldFailed when it does not work, or takes too long."""
        if self.warm is None:
            return
        warming, until = self.warm(), time.monotonic() + WARM_S
        try:
            while warming.poll() is None:
                if self.stopping.is_set() or time.monotonic() > until:
                    raise WorldFailed("the newer code was not warm in time")
                self.watch()
                time.sleep(LOOK_S)
        finally:
            if warming.poll() is None:
                warming.terminate()
            warming.wait()
        if warming.returncode != 0:
            raise WorldFailed(f"the newer code does not work: warming up ended with status {warming.returncode}")

    def reload(self) -> None:
        """Replace every process, one by one; callers notice nothing. WorldFailed where the newer code does not work: nothing is replaced,
        or not all."""
        self.warm_up()
        for role, number in self.roles():
            self.replace(role, number)
            self.said(f"{role} {number} is a new process")

    def stop(self) -> None:
        """Workers first, so that nothing new comes in; then the desks, which answer what they took."""
        with self.turn:
            for role in (WORKER, CLOCK, DESK):
                ending = [child for (kind, _), child in self.children.items() if kind == role]
                for child in ending:
                    if child.process.poll() is None:
                        child.process.send_signal(signal.SIGTERM)
                for child in ending:
                    child.end()
            self.children.clear()

    def run(self) -> None:
        """Until SIGTERM or SIGINT; SIGHUP replaces every process."""
        wake, stopping, reloading = threading.Event(), self.stopping, threading.Event()

        def hear(number: int, _frame: object) -> None:
            (reloading if number == signal.SIGHUP else stopping).set()
            wake.set()

        before = {number: signal.signal(number, hear) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
        try:
            while not stopping.is_set():
                wake.wait(LOOK_S)
                wake.clear()
                if reloading.is_set():
                    reloading.clear()
                    self.try_reload()
                self.watch()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def try_reload(self) -> None:
        """What fails to start leaves the old process at work."""
        try:
            self.reload()
        except WorldFailed as error:
            self.said(f"not replaced: {error}")

    def pids(self, role: str) -> list[int]:
        """Of the processes of a role."""
        return [child.process.pid for (kind, _), child in sorted(self.children.items()) if kind == role]


def listen_to(child: Child, out: IO[bytes]) -> None:
    """Hear that it is ready; pass on whatever else it says."""
    with out:
        for line in out:
            if line.strip() == b"ready":
                child.is_ready.set()
            else:
                os.write(2, line)


def make_warmer(folder: Path) -> Warm:
    """Warms up in a process of its own, with the code as it is by then. folder: where it is remembered for which code that was done."""
    return lambda: subprocess.Popen([sys.executable, "-m", "honghua.app.serving.warming", str(folder)])


def make_reviver(store: StoreSettings) -> Callable[[], bool] | None:
    """Keeps the embedded server alive."""
    if store.database_url is not None:
        return None

    def revive() -> bool:
        if find_postmaster(Place(store.state_dir).data_dir) is not None:
            return False
        ensure_server(
            store.state_dir, durable=store.durable
        ).close()  # whoever opened the database holds its share still
        return True

    return revive


__all__ = ["Child", "Supervisor", "Warm", "make_reviver", "make_warmer"]
