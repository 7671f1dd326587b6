"""The server that the drill goes to: desk and worker processes on a free port, the partner who calls, and the clock that they live by."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from honghua.app.city.town import Town
from honghua.app.doors.keys import load_secrets
from honghua.app.doors.proving import make_prover
from honghua.app.drill.calls import Signer
from honghua.app.drill.lane import Lane
from honghua.app.serving.conducted_clock import ConductedClock, conduct
from honghua.app.serving.plan import ServePlan, listen
from honghua.app.serving.supervising import Supervisor, make_reviver
from honghua.app.settings import Settings, load_settings
from honghua.base.clock import SystemClock
from honghua.credit import jobs
from honghua.sim.api import DrillDay
from honghua.store.embedded import Place
from honghua.store.settings import StoreSettings
from honghua.web.api.partners import NewKey, NewPartner, create_partner
from honghua.web.signin.proving import compute_code

HOST: Final = "127.0.0.1"
RATE_MAX: Final = 1_000_000  # calls a second: a drill is no test of a partner's bounds
WORKERS: Final = 1
DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class Served:
    """A server at work. prover: who challenges customers; compute_code: what their phones show; data_dir: of its database."""

    plan: ServePlan
    port: int
    key: NewKey
    prover: jobs.Prover
    compute_code: Callable[[str], str]
    data_dir: Path

    @property
    def address(self) -> str:
        """Where it is."""
        return self.plan.address

    @property
    def partner_id(self) -> int:
        """Who calls."""
        return self.key.partner_id

    @property
    def signer(self) -> Signer:
        """Signs as that partner."""
        return Signer(self.key.key_id, self.key.secret)

    @property
    def clock(self) -> ConductedClock:
        """What time it is on the drill's day."""
        return ConductedClock(Path(self.plan.clock_file))

    def lane(self, write: Callable[[int], bytes]) -> Lane:
        """Connections to it."""
        return Lane(HOST, self.port, write)

    def conduct(self, day: DrillDay, seconds: float) -> None:
        """The day begins now, and is over in so many seconds."""
        conduct(Path(self.plan.clock_file), day.instant(0.0), speed=DAY_S / seconds, until=day.instant(1.0))


@contextmanager
def served(town: Town, store: StoreSettings, folder: Path, *, begin: DrillDay) -> Iterator[Served]:
    """Until the end of the block; the town's own engine is handed over to the desk, which goes on from its snapshot."""
    settings = replace(load_settings(), store=store)
    key = make_partner(town, settings)
    with listen(HOST, 0) as listener:
        port = listener.getsockname()[1]
        plan = ServePlan(
            database=town.database, state_dir=str(store.state_dir), folder=str(folder), address=f"http://{HOST}:{port}",
            workers=WORKERS, has_clock=False, closes_days=False, clock_file=str(folder / "clock"),
        )  # fmt: skip
        conduct(Path(plan.clock_file), begin.instant(0.0), speed=0.0, until=begin.instant(1.0))
        hand_over(town, plan)
        session_key = load_secrets(settings).session_key
        with Supervisor(plan, listener, revive=make_reviver(store)) as supervisor, supervisor.watched():
            clock = ConductedClock(Path(plan.clock_file))
            yield Served(
                plan, port, key, make_prover(town.database, settings, clock),
                lambda token: compute_code(session_key, token), Place(store.state_dir).data_dir,
            )  # fmt: skip


def make_partner(town: Town, settings: Settings) -> NewKey:
    """Who calls for all shops of the town."""
    names = town.platform.names
    shops = [names.shop(number) for number in range(len(town.plan.online))]
    new = NewPartner(
        name="drill", scopes=frozenset({"purchases"}), merchants=shops, rate_per_s=RATE_MAX, burst=RATE_MAX
    )
    with town.conn.transaction():
        return create_partner(town.conn, load_secrets(settings).vault, new, now=SystemClock().now())


def hand_over(town: Town, plan: ServePlan) -> None:
    """The snapshot of the town's engine becomes the desk's; here nobody judges any more."""
    mine = town.desk.setup.folder
    assert mine is not None, "a drill's town writes snapshots"
    shutil.copytree(mine, plan.snapshots(0), copy_function=os.link, dirs_exist_ok=True)
    town.platform.registry.risk = None


__all__ = ["Served", "served"]
