"""The demo's doors: its city's pages served at an address, with one sign-in per role, while the city lives on beside them."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import httpx
import numpy as np
from rich.console import Console

from honghua.app.city.demo import Demo
from honghua.app.doors.joining import films_faces
from honghua.app.doors.keys import load_secrets
from honghua.app.doors.proving import make_prover
from honghua.app.serving.blocking import BlockingBooker
from honghua.app.serving.plan import ServePlan, listen, serving_folder
from honghua.app.serving.supervising import Supervisor, make_reviver
from honghua.app.settings import Settings
from honghua.base.clock import SystemClock
from honghua.base.errors import WorldFailed
from honghua.credit import jobs
from honghua.sim.api import Wiring, name_person
from honghua.store.database import run_unit
from honghua.web.signin.proving import compute_code
from honghua.web.signin.staff.seeding import DemoSignIn, seed_demo

HOST: Final = "127.0.0.1"
PORT: Final = 8000
ZONE: Final = "Asia/Shanghai"  # of the city
CUSTOMERS: Final = 40  # who are registered with a made-up name and number
LOOK_SECONDS_MAX: Final = 30
PATHS: Final = ("/healthz", "/")


@dataclass(frozen=True, slots=True)
class Doors:
    """Open doors. supervisor: to be watched as long as they are."""

    address: str
    sign_ins: list[DemoSignIn]
    supervisor: Supervisor

    def check(self) -> dict[str, int]:
        """Fetch the home page and the health; WorldFailed when one is not well. Bytes of each."""
        found = {}
        for path in PATHS:
            try:
                page = httpx.get(
                    self.address + path, timeout=LOOK_SECONDS_MAX, follow_redirects=True
                ).raise_for_status()
                found[path] = len(page.content)
            except httpx.HTTPError as error:
                raise WorldFailed(f"{self.address}{path}: {error}") from error
        return found

    def show(self, console: Console) -> None:
        """Where to go, and as whom."""
        say = partial(console.print, highlight=False, markup=False, soft_wrap=True)
        say(f"\nOpen {self.address}", style="bold")
        for one in self.sign_ins:
            word = f"password {one.password}" if one.password else ""
            code = f"code now {one.code}" if one.code else f"code at {self.address}{one.note}"
            say(f"  {one.role:15} {self.address}{one.address:18} name {one.name:20} {word} {code}")
        say(
            "Made-up people, fake gateways, no real money. A code is good for half a minute: the pages for signing in show fresh ones.",
            style="dim",
        )


@contextmanager
def open_doors(
    demo: Demo, settings: Settings, *, star: str | None, port: int = PORT, in_step: bool = True
) -> Iterator[Doors]:
    """Serve the city's book. star: the customer who is shown first. in_step: the city lives by the clock on the wall, so that what its
    people do goes through the same desk as what visitors do."""
    database, secrets = demo.town.database, load_secrets(settings)
    customers, merchants = name_known(demo, star)
    sign_ins = run_unit(
        demo.town.conn,
        lambda conn: seed_demo(
            conn, secrets, customers_named=customers, merchants_named=merchants, now=SystemClock().now()
        ),
    )
    with find_listener(port) as listener, ExitStack() as stack:
        plan = ServePlan(
            database=database, state_dir=str(settings.store.state_dir), folder=str(serving_folder(settings.store, database)),
            address=f"http://{HOST}:{listener.getsockname()[1]}", is_demo=True, closes_days=False, zone=ZONE,
        )  # fmt: skip
        supervisor = stack.enter_context(Supervisor(plan, listener, revive=make_reviver(settings.store)))
        stack.enter_context(supervisor.watched())
        booker = stack.enter_context(BlockingBooker(plan.desk_sockets)) if in_step else None
        demo.town.platform.wiring = make_wiring(demo, settings, booker)
        yield Doors(plan.address, sign_ins, supervisor)


def name_known(demo: Demo, star: str | None) -> tuple[list[str], list[str]]:
    """Customers and shops that people will look at: those with most orders."""
    columns, names = demo.town.platform.diary.columns(), demo.town.platform.names
    customers = [name_person(who) for who in most_frequent(columns["customer"], CUSTOMERS)]
    if star is not None:
        customers = [star, *(name for name in customers if name != star)]
    return customers, [names.shop(number) for number in most_frequent(columns["merchant"], 1)]


def most_frequent(values: np.ndarray[Any, np.dtype[np.int64]], n: int) -> list[int]:
    """The n values that stand there most often."""
    different, counts = np.unique(values, return_counts=True)
    found: list[int] = different[np.argsort(-counts, kind="stable")][:n].tolist()
    return found


def make_wiring(demo: Demo, settings: Settings, booker: BlockingBooker | None) -> Wiring:
    """From here on the city's people prove themselves as visitors of the pages do: one process may send what another one checks.

    booker: what they ask is booked there, beside the visitors' purchases; None = by the city's own connection.
    """
    town, secrets = demo.town, load_secrets(settings)
    by_face = films_faces(settings, is_demo=True)  # who sends it first, says how it is proven
    prover = make_prover(town.database, settings, SystemClock(), by_face=by_face)
    town.platform.registry.prover = prover
    return Wiring(
        send_codes=lambda now: jobs.send_step_ups(town.conn, prover, now=now),
        read_code=lambda token: compute_code(secrets.session_key, token),
        execute=None if booker is None else (lambda commands, _now: booker.execute(commands)),
    )


def find_listener(port: int) -> socket.socket:
    """At this port, or at any where it is taken."""
    try:
        return listen(HOST, port)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return listen(HOST, 0)


__all__ = ["Doors", "open_doors"]
