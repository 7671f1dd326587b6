"""`honghua sim drill`: a shopping day at the real doors, with everything that goes wrong on one, and the books checked afterwards.

The platform has a server of its own in a temporary folder. The city first lives through ordinary weeks, so that the model has learnt; then
desk and worker processes are started on a free port, and the day comes: orders by a shape, signed and sent over HTTP, some late, some
twice, and again whenever no answer came; at midnight the business date moves on; later the database is killed (SIGKILL, all of it) and
whoever supervises the server starts it again.
"""

from __future__ import annotations

import datetime as dt
import os
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from honghua.app.city.town import Town, TownPlan, open_town
from honghua.app.drill.breaking import Breaks, broken
from honghua.app.drill.operating import Operator
from honghua.app.drill.reconcile import reconcile
from honghua.app.drill.rush import Rush
from honghua.app.drill.scoring import measure_scores
from honghua.app.drill.server import Served, served
from honghua.app.robots.alarm_budget import AlarmBudget, Band
from honghua.base.clock import DAY_US, HOUR_US
from honghua.base.errors import BadInput
from honghua.features.core import EventKind
from honghua.sim.api import (
    BEGINS_HOUR,
    CATEGORY_NAMES,
    SHAPES,
    CityActor,
    CityPlan,
    CrewPlan,
    Judged,
    Names,
    make_drill_day,
    standard_scenes,
)
from honghua.store.database import Database, connect, open_database
from honghua.store.embedded import remove_server
from honghua.store.settings import StoreSettings

FIRST_DAY_BEFORE: Final = dt.date(2026, 11, 10)  # the drill begins in the evening of this day
FUTURE_DAYS: Final = 14  # of the rings' plans are pressed into the day
# In the drill's city one order in twenty-five is a crime before its model is in force: most of what the lines hold up on ordinary days
# is none that should pass. Chosen on seeds 21 … 23, 31 and 33.
BUDGET: Final = AlarmBudget((
    Band("small", 300_00, 5_000, 5_000), Band("middle", 2_000_00, 9_000, 8_000), Band("dear", 10_000_000_00, 15_000, 12_000),
))  # fmt: skip
# On the day itself the lines follow the crowd: this share of the latest orders.
DAY_BUDGET: Final = AlarmBudget((Band("any", 10_000_000_00, 4_500, 4_000),), rows=2_000)
REFIT_EVERY: Final = 14  # days before the drill: the city meets a model before it has its last
BACKLOG_SECONDS: Final = 10.0  # after the first answers: figures of calm leave out the outage and what it left behind
ORDERS_A_SECOND: Final = 60
PEOPLE_PER_RING: Final = 1_300  # of each typology: one or two purchases in a hundred are crimes
Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class DrillPlan:
    """Sizes of a drill. history_days: ordinary days before; crime_share: of the day's orders that crooks plan; those who
    probe and are refused come with fewer (R-084: 0.56 % of all orders were blocked)."""

    shape: str = "double11"
    seconds: float = 60.0
    purchases: int = 3_600
    people: int = 4_000
    history_days: int = 42
    seed: int = 11
    crime_share: float = 0.0056
    kill: bool = True

    def __post_init__(self) -> None:
        sound = self.seconds >= 1 and self.purchases >= 100 and self.people >= 200 and self.history_days >= 14
        if self.shape not in SHAPES or not sound or not 0 <= self.crime_share <= 0.2:
            shapes = ", ".join(SHAPES)
            raise BadInput(
                f"a drill has a shape ({shapes}), ≥ 1 s, ≥ 100 purchases, ≥ 200 people, ≥ 14 days before and a share of crimes ≤ 0.2"
            )


def run_drill(plan: DrillPlan, *, told: Told | None = None) -> dict[str, Any]:
    """The whole drill; figures of the day, of the truth and of the reconciliation."""
    say = told or (lambda text: print(text, file=sys.stderr))
    state_dir = Path(tempfile.gettempdir()) / f"honghua-drill-{os.getpid()}-{secrets.token_hex(4)}"
    settings = StoreSettings(state_dir=state_dir)
    beside = state_dir.with_name(f"{state_dir.name}-run")  # the server's folder belongs to the server's user
    try:
        with open_database(settings) as database:
            return _drill(plan, (settings, beside), database, say)
    finally:
        remove_server(state_dir)
        shutil.rmtree(beside, ignore_errors=True)


def _drill(plan: DrillPlan, places: tuple[StoreSettings, Path], database: Database, say: Told) -> dict[str, Any]:
    settings, folder = places
    first = FIRST_DAY_BEFORE - dt.timedelta(days=plan.history_days)
    city = CityPlan(standard_scenes(), plan.people, plan.history_days + FUTURE_DAYS, plan.seed, first)
    actor = CityActor(city, CrewPlan(plan.seed, max(1, round(plan.people / PEOPLE_PER_RING))))
    names = Names(plan.seed, first, CATEGORY_NAMES)
    town_plan = TownPlan(
        names,
        actor.limit_minor,
        actor.online,
        tuple(day for day in (plan.history_days - REFIT_EVERY, plan.history_days) if day >= REFIT_EVERY),
        events=plan.people * plan.history_days + 2 * plan.purchases,
        budget=BUDGET,
    )
    with open_town(database, town_plan, actor, folder=folder / "risk", told=say) as town:
        started = time.perf_counter()
        live_before(town, plan.history_days, say)
        history_s = time.perf_counter() - started
        before = len(town.platform.diary.columns()["act"])
        day = make_drill_day(
            actor, names, day=plan.history_days, orders=plan.purchases, shape=SHAPES[plan.shape], crime_share=plan.crime_share
        )  # fmt: skip
        say(f"{before:,} purchases lived through in {history_s:.0f} s; the doors open")
        with served(town, settings, folder, begin=day) as doors:
            rush = Rush(town, day, plan.seconds, plan.seed, doors.signer, doors.compute_code)
            say(f"the day begins: {len(day.rows):,} orders in {plan.seconds:.0f} s at {doors.address}")
            breaks, redrawn = play_day(plan, town, rush, doors)
        say("the day is over; every answer is compared with the books")
        checked = reconcile(town.database, rush, partner_id=doors.partner_id)
        with connect(town.database) as conn:
            checked |= measure_scores(conn, town, rush)
        return {
            "shape": plan.shape, "people": plan.people, "purchases": len(rush.rows), "day_seconds": plan.seconds,
            "history_days": plan.history_days, "history_purchases": before, "history_seconds": round(history_s, 1),
            "history_per_s": round(before / max(history_s, 1e-9), 1), "model": [one.name for one in town.refits if one.released],
            "redrawn": redrawn, **measure(plan, rush, breaks), **checked,
        }  # fmt: skip


def play_day(plan: DrillPlan, town: Town, rush: Rush, doors: Served) -> tuple[Breaks, int]:
    """The rush with its breaks; how often lines were drawn anew."""
    operator = Operator(town, doors.prover, doors.clock, DAY_BUDGET, lambda: rush.counts["judged"])
    with doors.lane(rush.write) as lane:
        doors.conduct(rush.day, plan.seconds)
        rush.begin()
        with operator.at_work(), broken(town, rush, doors.data_dir, kill=plan.kill) as breaks:
            rush.run(lane)
    return breaks, operator.redrawn


def measure(plan: DrillPlan, rush: Rush, breaks: Breaks) -> dict[str, Any]:
    """Rates, latencies, what was said, what is true, what was broken."""
    again = None if breaks.killed_at is None else rush.answered_after(breaks.killed_at)
    disturbed = []
    if breaks.killed_at is not None and again is not None:
        disturbed = [(breaks.killed_at, again + BACKLOG_SECONDS)]
    speeds = rush.clock.speeds(plan.seconds, disturbed=disturbed)
    return speeds | rush.figures() | Judged(*rush.judged()).figures() | breaks.figures(again)


def live_before(town: Town, days: int, say: Told) -> None:
    """Ordinary days, and the refit of the morning of the day."""
    while town.day < days:
        town.live_day()
        if town.day % 7 == 0:
            say(f"day {town.day} of {days}")
    town.begin_day()
    live_until_evening(town)
    town.desk.snapshot()


def live_until_evening(town: Town) -> None:
    """The last day until the drill begins; bills are paid to the end of the day, for it is the day on which they are due."""
    platform = town.platform
    rows = town.actor.wants(town.day)
    part = np.flatnonzero(
        (rows["at_us"] < town.day * DAY_US + BEGINS_HOUR * HOUR_US) | (rows["kind"] == EventKind.REPAYMENT)
    )
    code, granted = np.zeros(len(rows), np.int8), np.zeros(len(rows), np.int64)
    platform.open_accounts(rows, town.day)
    platform.play(rows, part, (code, granted), platform.names.at(town.day * DAY_US + BEGINS_HOUR * HOUR_US))


__all__ = ["DrillPlan", "run_drill"]
