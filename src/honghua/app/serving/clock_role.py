"""The process of the clock: the jobs that are due, and the end of days that are over."""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
from collections.abc import Callable
from typing import Final
from zoneinfo import ZoneInfo

import psycopg

from honghua.app.clockwork.jobs import make_jobs, run_jobs, tell
from honghua.app.serving.plan import Orders, ServePlan
from honghua.app.serving.ports import make_ports
from honghua.base.clock import Clock, SystemClock
from honghua.base.errors import HonghuaError, NotFound
from honghua.credit import api as credit
from honghua.credit import jobs as credit_jobs
from honghua.store.database import connect

LOOK_S: Final = 1.0  # between two looks at what is due


async def run_clock(orders: Orders, stopping: asyncio.Event, ready: Callable[[], None]) -> None:
    """Look, do, wait; a lost database is waited for."""
    ready()
    keeper = Keeper(orders.plan, SystemClock())
    while not stopping.is_set():
        await asyncio.to_thread(keeper.look)
        try:
            await asyncio.wait_for(stopping.wait(), LOOK_S)
        except TimeoutError:
            continue
    keeper.close()


class Keeper:
    """Runs what is due, on a connection of its own."""

    def __init__(self, plan: ServePlan, clock: Clock) -> None:
        self.plan, self.clock = plan, clock
        self.jobs = make_jobs(make_ports(plan, clock))
        self.conn: psycopg.Connection | None = None
        self.has_failed = False  # at the last look: said once, not every second

    def look(self) -> None:
        """One look. What fails is said and tried again at the next."""
        try:
            if self.conn is None or self.conn.closed:
                self.conn = connect(self.plan.database)
            if self.plan.closes_days:
                self.close_days(self.conn)
            for one in run_jobs(self.conn, self.jobs, clock=self.clock):
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
