"""What a house does beside a shopping day: challenges go out, and robots draw the lines anew by the crowd."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import psycopg

from honghua.app.city.town import Town, robots_of
from honghua.app.robots.alarm_budget import AlarmBudget
from honghua.base.clock import Clock
from honghua.base.errors import HonghuaError
from honghua.credit import jobs
from honghua.store.database import connect

LOOK_SECONDS: Final = 0.05
REDRAW_EVERY: Final = 600  # orders


@dataclass(slots=True)
class Operator:
    """In a thread of its own, on a connection of its own. judged: how many orders have had their first word; prover: who sends."""

    town: Town
    prover: jobs.Prover
    clock: Clock
    budget: AlarmBudget
    judged: Callable[[], int]
    redrawn: int = 0
    drawn_at: int = 0
    conn: psycopg.Connection | None = None
    bug: BaseException | None = None
    _stopping: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Inside, the house works. What a bug of it was is raised at the end."""
        thread = threading.Thread(target=self._work, name="drill-operator", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            thread.join()
            if self.conn is not None:
                self.conn.close()
        if self.bug is not None:
            raise self.bug

    def _work(self) -> None:
        try:
            while not self._stopping.wait(LOOK_SECONDS):
                self._look()
        except BaseException as error:
            self.bug = error

    def _look(self) -> None:
        """One look at what is due; a database that is away is waited for."""
        try:
            if self.conn is None or self.conn.closed:
                self.conn = connect(self.town.database)
            jobs.send_step_ups(self.conn, self.prover, now=self.clock.now())
            self._draw_lines(self.conn)
        except (HonghuaError, psycopg.OperationalError):
            if self.conn is not None:
                self.conn.close()
                self.conn = None

    def _draw_lines(self, conn: psycopg.Connection) -> None:
        """A policy with new lines, proposed, approved, in force at the desk's next batch."""
        judged = self.judged()
        if judged - self.drawn_at < REDRAW_EVERY:
            return
        name = f"{self.town.platform.names.prefix}lines after {judged} orders"
        self.redrawn += robots_of(self.town.plan).redraw(conn, self.town.desk, self.budget, name=name)
        self.drawn_at = judged


__all__ = ["Operator"]
