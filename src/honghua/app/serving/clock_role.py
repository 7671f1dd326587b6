"""The process of the clock: the jobs that are due, and the end of days that are over."""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final
from zoneinfo import ZoneInfo

import psycopg

from honghua.app.clockwork.jobs import make_jobs, run_jobs, tell
from honghua.app.serving.clock_ports import make_ports
from honghua.app.serving.plan import Orders, ServePlan
from honghua.base.clock import Clock, SystemClock
from honghua.base.errors import HonghuaError, NotFound
from honghua.credit import api as credit
from honghua.credit import jobs as credit_jobs
from honghua.store.database import connect
from honghua.store.jobs import Job

LOOK_S: Final = 1.0  # between two looks at what is due
SLOW: Final = ("models", "lab-runs")  # they fit models: minutes, while others wait for seconds


async def run_clock(orders: Orders, stopping: asyncio.Event, ready: Callable[[], None]) -> None:
    """Two keepers side by side: nobody who waits for a code waits for a model to be fitted."""
    ready()
    clock = SystemClock()
    jobs = make_jobs(make_ports(orders.plan, clock))
    quick = [one.name for one in jobs if one.name not in SLOW]
    first = Keeper(orders.plan, clock, jobs, names=quick, closes_days=orders.plan.closes_days)
    second = Keeper(orders.plan, clock, jobs, names=list(SLOW), closes_days=False)
    await asyncio.gather(keep(first, stopping), keep(second, stopping))


async def keep(keeper: Keeper, stopping: asyncio.Event) -> None:
    """Look, do, wait; a lost database is waited for."""
    while not stopping.is_set():
        await asyncio.to_thread(keeper.look)
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), LOOK_S)
    keeper.close()


class Keeper:
    """Runs those of the jobs that are due, on a connection of its own. closes_days: whether it also ends the days that are over."""

    def __init__(
        self, plan: ServePlan, clock: Clock, jobs: tuple[Job, ...], *, names: list[str], closes_days: bool
    ) -> None:
        self.plan, self.clock, self.jobs = plan, clock, jobs
        self.names, self.closes_days_too = names, closes_days
        self.conn: psycopg.Connection | None = None
        self.has_failed = False  # at the last look: said once, not every second

    def look(self) -> None:
        """One look. What fails is said and tried again at the next."""
        try:
            if self.conn is None or self.conn.closed:
                self.conn = connect(self.plan.database)
            if self.closes_days_too:
                self.close_days(self.conn)
            for one in run_jobs(self.conn, self.jobs, clock=self.clock, names=self.names):
                if one.error is not None:
                    tell(one)
            self.has_failed = False
        except (HonghuaError, psycopg.OperationalError) as error:
            if not self.has_failed:
                print(f"honghua clock: trying again until it works: {error}", file=sys.stderr, flush=True)
            self.has_failed = True
            self.close()

    def close_days(self, conn: psycopg.Connection) -> None:
        """The days before today, one by one, while the shop is open."""
        today = self.clock.now().astimezone(ZoneInfo(self.plan.zone)).date()
        try:
            day = credit.get_business_day(conn)
        except NotFound:
            return  # the book has not begun
        while day < today:
            credit_jobs.close_day(self.plan.database, day=day, workers=1)
            day += dt.timedelta(days=1)

    def close(self) -> None:
        """Give the connection back."""
        if self.conn is not None:
            self.conn.close()
        self.conn = None


__all__ = ["Keeper", "run_clock"]
