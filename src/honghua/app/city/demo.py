"""The demo's town: the last months of a small city lived through on the platform, then its life in real time."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from honghua.app.city.arranging import arrange
from honghua.app.city.memory import Morning, find_morning, save_morning
from honghua.app.city.town import Town, TownPlan, open_town
from honghua.base.clock import DAY_US, Clock
from honghua.base.errors import Conflict, NotFound
from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.credit import jobs
from honghua.sim.api import CATEGORY_NAMES, CityActor, CityPlan, CrewPlan, Names, Outcomes, name_person, standard_scenes
from honghua.store.database import Database, connect

DEMO_DATABASE: Final = "honghua_demo"
OTHER_BUSINESS: Final = "OTHER_BUSINESS"
LIVE_DAYS: Final = 45  # that a city goes on after its months; then begin anew
TYPOLOGIES: Final = ("colluding_shop", "device_farm", "goods_resale", "account_takeover", "telecom_victim")
RINGS: Final = 3  # of each
REFIT_SHARES: Final = (0.5, 0.7, 0.85)  # of the months: when the robots fit
POOR_PURSE_MINOR: Final = 50_00
FAULTS: Final = {"timeout_before": 0.04, "timeout_after": 0.04, "timeout_under_way": 0.02, "answers_twice": 0.10}
NAP_SECONDS: Final = 0.2
Told = Callable[[int, int], None]  # days done, of so many


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """Sizes of the demo: people, days until `until` (the first day that is not over), seed."""

    people: int
    days: int
    seed: int
    until: dt.date

    @property
    def digest(self) -> bytes:
        """What the book remembers it by."""
        return hashlib.sha256(f"honghua demo city {self.people} {self.days} {self.seed}".encode()).digest()


@dataclass(slots=True)
class Demo:
    """A town with its plan; first_day: of the town, which an earlier run may have begun. folder: for its memory."""

    town: Town
    plan: DemoPlan
    folder: Path
    has_begun: bool = False
    lived: int = field(default=0)
    arranged: list[str] = field(default_factory=list)

    @property
    def today(self) -> dt.date:
        """The day that has not ended."""
        return self.town.platform.names.date(self.town.day)

    def live_until(self, until: dt.date, told: Told) -> None:
        """Whole days, up to the first that is not to be lived through at once."""
        first = self.town.platform.names.first_day
        days = (until - first).days
        while self.today < until and self.town.day < self.plan.days + LIVE_DAYS:
            self.begin()
            self.town.live_day(has_begun=True)
            self.has_begun = False
            self.lived += 1
            told(self.town.day, days)
        if self.lived:
            self.begin()  # whoever comes back finds this morning
            self.arranged = arrange(self.town, now=self.town.platform.names.at(self.town.day * DAY_US + DAY_US // 2))

    def begin(self) -> None:
        """The morning, once, and its memory written down."""
        if not self.has_begun:
            self.town.begin_day()
            town = self.town
            actor = town.actor
            assert isinstance(actor, CityActor)
            save_morning(Morning(town.day, actor, town.platform.memory(), town.refits), memory_path(self.folder))
        self.has_begun = True

    def live_on(self, clock: Clock, *, pace: float, said: Callable[[str], None], days_max: int = LIVE_DAYS) -> None:
        """Act by act at its time, until somebody interrupts. pace: how much faster than the clock; days_max: for tests."""
        began, at = clock.now(), clock.now()
        for _ in range(days_max):
            if self.town.day >= self.plan.days + LIVE_DAYS:
                said("This city's plan is over: `honghua demo --fresh` begins another.")
                return
            self.begin()
            self._live_day(lambda: at + (clock.now() - began) * pace, said)
            self.has_begun = False

    def _live_day(self, now: Callable[[], dt.datetime], said: Callable[[str], None]) -> None:
        """Today, slice by slice as time goes by."""
        town, platform = self.town, self.town.platform
        rows = town.actor.wants(town.day)
        code, granted = np.zeros(len(rows), np.int8), np.zeros(len(rows), np.int64)
        moments = rows["at_us"] + platform.names.midnight_us
        done = 0
        while True:
            at = min(now(), platform.names.day_end(town.day))
            until = int(np.searchsorted(moments, round(at.timestamp() * 1e6), side="right"))
            if until > done:
                part = np.arange(done, until)
                platform.play(rows, part, (code, granted), at)
                for line in platform.tell(rows, part, Outcomes(code, granted)):
                    said(line)
                done = until
            if at >= platform.names.day_end(town.day):
                break
            time.sleep(NAP_SECONDS)
        town.actor.hear(town.day, rows, Outcomes(code, granted))
        town.end_day()
        said(f"{self.today - dt.timedelta(days=1)} is closed.")


def memory_path(folder: Path) -> Path:
    """The file of the town's memory."""
    return folder / "town.pickle"


def bank_path(folder: Path) -> Path:
    """Where the bank remembers what it took."""
    return folder / "fake-bank.jsonl"


def open_bank(folder: Path, plan: DemoPlan) -> jobs.FakeBank:
    """The demo's bank, which moves no real money and fails as banks do; every fourth balance is small."""
    folder.mkdir(parents=True, exist_ok=True)
    poor = {f"{c.SourceKind.BALANCE.value}-{name_person(who)}": POOR_PURSE_MINOR for who in range(0, plan.people, 4)}
    return jobs.FakeBank(plan.seed, funds_minor=poor, faults=FAULTS, path=bank_path(folder))


@contextmanager
def open_demo(database: Database, plan: DemoPlan, folder: Path, *, said: Callable[[str], None]) -> Iterator[Demo]:
    """A new town, or the one that an earlier run began. Conflict when the book holds other business."""
    first_day, is_new = find_first_day(database, plan)
    if is_new:
        for path in (memory_path(folder), bank_path(folder)):
            path.unlink(missing_ok=True)
    morning = find_morning(memory_path(folder))
    if morning is not None and morning.actor.registry.plan.first_day != first_day:
        morning = None
    city = CityPlan(standard_scenes(), plan.people, plan.days + LIVE_DAYS, plan.seed, first_day)
    actor = morning.actor if morning is not None else CityActor(city, CrewPlan(plan.seed, RINGS, TYPOLOGIES))
    names = Names(plan.seed, first_day, CATEGORY_NAMES, name_shops(actor))
    refit_days = tuple(round(plan.days * share) for share in REFIT_SHARES)
    town_plan = TownPlan(
        names, actor.limit_minor, actor.online, refit_days, events=plan.people * plan.days, autopay=actor.autopay
    )
    with open_town(database, town_plan, actor, folder=folder / "risk", told=said) as town:
        demo = Demo(town, plan, folder)
        town.bank = open_bank(folder, plan)
        if morning is not None:
            town.platform.remember_all(morning.platform)
            town.refits, town.day, demo.has_begun = morning.refits, morning.day, True
        yield demo


def find_first_day(database: Database, plan: DemoPlan) -> tuple[dt.date, bool]:
    """The first day of the town in this book, and whether the book is new and got one."""
    with connect(database) as conn:
        state = credit.find_replay(conn, plan.digest)
        if state is not None and state[0] is not None:
            return state[0], False
        try:
            today = credit.get_business_day(conn)
        except NotFound:
            first_day = plan.until - dt.timedelta(days=plan.days)
            note = json.dumps({"seed": plan.seed})
            credit.start_book(conn, day=first_day)
            credit.save_replay(conn, plan.digest, source="honghua demo", settings_json=note, day=first_day)
            return first_day, True
    raise Conflict(
        f"this book stands at {today} and holds other business: `honghua demo --fresh` begins anew",
        code=OTHER_BUSINESS,
    )


def name_shops(actor: CityActor) -> tuple[str, ...]:
    """Signs of shops: what is sold there, and a number."""
    zh = actor.registry.plan.scenes.zh
    return tuple(f"{zh[scene]} {number:04d}" for number, scene in enumerate(actor.registry.shops.scene.tolist()))


__all__ = ["DEMO_DATABASE", "OTHER_BUSINESS", "Demo", "DemoPlan", "open_demo"]
