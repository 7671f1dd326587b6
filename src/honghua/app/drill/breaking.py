"""What is broken on purpose while orders come: the end of day at midnight, and SIGKILL to all of the database."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg

from honghua.app.city.town import Town
from honghua.app.drill.rush import Rush
from honghua.base.errors import HonghuaError
from honghua.credit import jobs
from honghua.sim.api import DrillDay
from honghua.store.database import connect
from honghua.store.server.processes import find_postmaster, list_server_pids

KILL_AT: Final = 0.62  # of the day
CLOSE_TRIES: Final = 20  # a database that is killed meanwhile: the day is resumed
TRY_AGAIN_S: Final = 0.5
LOOK_S: Final = 0.05
DOWN_S_MAX: Final = 120.0


@dataclass(slots=True)
class Breaks:
    """What was broken, when (seconds since the beginning), and how long it took to stand again."""

    killed_at: float | None = None
    down_seconds: float | None = None
    closed_from: float | None = None
    closed_to: float | None = None
    problems: list[str] = field(default_factory=list)

    def figures(self, answers_at: float | None) -> dict[str, Any]:
        """For people. answers_at: when the first answers came after the kill."""

        def rounded(value: float | None) -> float | None:
            return None if value is None else round(value, 2)

        return {
            "killed_at_s": rounded(self.killed_at), "database_down_s": rounded(self.down_seconds),
            "answers_again_at_s": rounded(answers_at), "day_closed_from_s": rounded(self.closed_from),
            "day_closed_to_s": rounded(self.closed_to), "break_problems": self.problems,
        }  # fmt: skip


@contextmanager
def broken(town: Town, rush: Rush, data_dir: Path, *, kill: bool) -> Iterator[Breaks]:
    """Inside, both happen at their times; whoever watches the database starts it again."""
    breaks = Breaks()
    timers = [threading.Timer(rush.delay_until(DrillDay.MIDNIGHT), close_day, (town, rush, breaks))]
    if kill:
        timers.append(threading.Timer(rush.delay_until(KILL_AT), kill_database, (town, rush, data_dir, breaks)))
    for timer in timers:
        timer.start()
    try:
        yield breaks
    finally:
        for timer in timers:
            timer.join()


def close_day(town: Town, rush: Rush, breaks: Breaks) -> None:
    """The business date moves on."""
    breaks.closed_from = rush.elapsed()
    today = town.platform.names.date(town.day)
    for attempt in range(1, CLOSE_TRIES + 1):
        try:
            jobs.close_day(town.database, day=today)
            breaks.closed_to = rush.elapsed()
            return
        except Exception as error:
            breaks.problems.append(f"end of day, try {attempt}: {error}")
            time.sleep(TRY_AGAIN_S)


def kill_database(town: Town, rush: Rush, data_dir: Path, breaks: Breaks) -> None:
    """SIGKILL, and see when somebody can connect again."""
    breaks.killed_at = rush.elapsed()
    kill_server(data_dir)
    until = time.monotonic() + DOWN_S_MAX
    while time.monotonic() < until:
        time.sleep(LOOK_S)
        if find_postmaster(data_dir) is None:
            continue
        with suppress(HonghuaError, psycopg.OperationalError), connect(town.database) as conn:
            conn.execute("SELECT 1")
            breaks.down_seconds = rush.elapsed() - breaks.killed_at
            return
    breaks.problems.append(f"the database did not come back within {DOWN_S_MAX:.0f} s")


def kill_server(data_dir: Path) -> None:
    """SIGKILL to the postmaster first, so that it raises no new children, then to them."""
    postmaster = find_postmaster(data_dir)
    for pid in ([postmaster] if postmaster else []) + list_server_pids(data_dir):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


__all__ = ["Breaks", "broken"]
