"""What the bench of the doors stands on: a durable server of its own, a town, a partner's key, and volleys of load with their cost."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from honghua.app.doors.keys import load_secrets
from honghua.app.serving.bench_town import Town, found_town, name_shop
from honghua.app.serving.cpu import cpu_by_process
from honghua.app.serving.load import LoadOrders
from honghua.app.serving.loading import Volley, fire, loaded, reconcile
from honghua.app.serving.plan import WAITING_MAX, ServePlan, listen
from honghua.app.serving.supervising import Supervisor, Warm
from honghua.app.settings import load_settings
from honghua.base.clock import SystemClock
from honghua.store.database import Database, connect, open_database
from honghua.store.embedded import remove_server
from honghua.store.settings import StoreSettings
from honghua.web.api.partners import NewKey, NewPartner, create_partner

PROBE_S: Final = 3.0
SPARE: Final = 1.7  # calls written beforehand, as a multiple of what a probe would need
PROBE_PER_S: Final = 20_000
RATE_MAX: Final = 1_000_000_000
DATABASE: Final = "honghua_bench"


@dataclass(frozen=True, slots=True)
class Ground:
    """A book on a durable server. folder: for sockets and for what loads heard. values: that the doors sense of a purchase."""

    database: Database
    store: StoreSettings
    town: Town
    key: NewKey
    folder: Path
    values: int

    def plan(self, port: int, *, workers: int, desks: int = 1, waiting_max: int = WAITING_MAX) -> ServePlan:
        """A server of the hot lane alone."""
        return ServePlan(
            database=self.database, state_dir=str(self.store.state_dir), folder=str(self.folder / "run"),
            address=f"http://127.0.0.1:{port}", workers=workers, desks=desks, has_pages=False, has_clock=False,
            closes_days=False, waiting_max=waiting_max,
        )  # fmt: skip


@contextmanager
def grounded(town: Town) -> Iterator[Ground]:
    """A server in a temporary folder, its book founded; both are gone afterwards."""
    state_dir = Path(tempfile.gettempdir()) / f"honghua-doors-{secrets.token_hex(6)}"
    store = StoreSettings(state_dir=state_dir, database_name=DATABASE)
    folder = Path(tempfile.mkdtemp(prefix="honghua-load-"))
    folder.chmod(0o755)  # the slow disk's shim is read by the server's user
    try:
        with open_database(store) as database:
            key, values = found(database, store, town)
            yield Ground(database, store, town, key, folder, values)
    finally:
        remove_server(state_dir)
        shutil.rmtree(folder, ignore_errors=True)


def found(database: Database, store: StoreSettings, town: Town) -> tuple[NewKey, int]:
    """The town, and the key of a partner whose shops are all of it; how many values its doors sense."""
    clock = SystemClock()
    keys = load_secrets(replace(load_settings(), store=store))
    with connect(database) as conn:
        values = found_town(conn, town, clock=clock, folder=None)
        shops = [name_shop(number) for number in range(town.shops)]
        new = NewPartner(
            name="bench", scopes=frozenset({"purchases"}), merchants=shops, rate_per_s=RATE_MAX, burst=RATE_MAX
        )
        with conn.transaction():
            return create_partner(conn, keys.vault, new, now=clock.now()), values


class Range:
    """A server on its ground, to fire at."""

    def __init__(self, ground: Ground, supervisor: Supervisor, port: int, seed: int) -> None:
        self.ground, self.supervisor, self.port, self.seed = ground, supervisor, port, seed
        self.fired = 0

    def orders(self, *, seconds: float, connections: int, size: int, requests: int, rate: float = 0.0) -> LoadOrders:
        """A volley that no other repeats."""
        self.fired += 1
        ground = self.ground
        return LoadOrders(
            town=ground.town, host="127.0.0.1", port=self.port, key_id=ground.key.key_id, secret=ground.key.secret,
            name=f"v{secrets.token_hex(4)}", folder=str(ground.folder), seconds=seconds, connections=connections, size=size,
            rate=rate, requests=requests, seed=self.seed + self.fired,
        )  # fmt: skip

    def probe(self, *, connections: int, size: int) -> float:
        """Purchases a second over a few seconds: warms up, and tells how many calls to write."""
        orders = self.orders(
            seconds=PROBE_S, connections=connections, size=size, requests=int(PROBE_PER_S * PROBE_S / size)
        )
        return max(float(self.volley(orders)["per_s"]), 50.0)

    def measure(self, *, seconds: float, connections: int, size: int) -> dict[str, Any]:
        """A closed loop at full speed."""
        per_s = self.probe(connections=connections, size=size)
        orders = self.orders(
            seconds=seconds,
            connections=connections,
            size=size,
            requests=int(SPARE * per_s * seconds / size) + connections,
        )
        return self.volley(orders)

    def volley(self, orders: LoadOrders) -> dict[str, Any]:
        """Fire, and say what it cost and whether the books agree."""
        with loaded(orders) as process:
            before = cpu_by_process(self.supervisor, self.ground.store)
            volley = fire(process, orders)
            after = cpu_by_process(self.supervisor, self.ground.store)
        return {**volley.figures(), **self.bounds(volley, before, after), **self.check(volley)}

    def bounds(self, volley: Volley, before: dict[str, float], after: dict[str, float]) -> dict[str, Any]:
        """Processor seconds of each process, and what they say."""
        used = {name: round(after[name] - before[name], 2) for name in after if after[name] > before[name]}
        used["load"] = round(volley.told["cpu_s"], 2)
        seconds = volley.told["seconds"]
        return {
            "cpu_s": used, "cores_used": round(sum(used.values()) / seconds, 2),
            "chain_share": round((used.get("desk", 0.0) + used.get("postgres", 0.0)) / seconds, 2),
        }  # fmt: skip

    def check(self, volley: Volley) -> dict[str, Any]:
        """Every answer against the books."""
        with connect(self.ground.database) as conn:
            return reconcile(conn, volley, partner_id=self.ground.key.partner_id)


@contextmanager
def served(
    ground: Ground, *, workers: int, seed: int, desks: int = 1, waiting_max: int = WAITING_MAX, warm: Warm | None = None
) -> Iterator[Range]:
    """The server at work. warm: see `Supervisor`."""
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        plan = ground.plan(port, workers=workers, desks=desks, waiting_max=waiting_max)
        with Supervisor(plan, listener, warm=warm) as supervisor:
            yield Range(ground, supervisor, port, seed)


__all__ = ["Ground", "Range", "grounded", "served"]
