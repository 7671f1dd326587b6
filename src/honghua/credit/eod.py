"""End of day, online: the business date moves on at once, then workers close shards of accounts while the shop is open.

Each shard is closed in one transaction that also marks it done: exactly once per account and day, whatever is killed.
A worker that dies loses its lease with its connection. An account whose closing fails is quarantined with the error; the
rest go on. Online commands that meet an account not yet closed close it themselves first (`Unit.pass_days`), under the
same row lock.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import psycopg

from honghua.base.dates import to_day
from honghua.base.errors import BadInput, TimedOut
from honghua.credit import store
from honghua.credit.shard import close_accounts
from honghua.store.database import Database, connect, run_unit

SHARD_IDS: Final = 8_192
WORKERS_MAX: Final = 32
WAIT_SECONDS: Final = 0.02
WAITS_MAX: Final = 180_000  # an hour for the shards of others
DAYS_MAX: Final = 4_000  # one catch-up

Progress = Callable[[dt.date, int, int], None]  # day, shards done, shards


@dataclass(frozen=True, slots=True)
class DayReport:
    """What closing one day did, summed over its shards."""

    day: dt.date
    shards: int
    accounts: int
    statements: int
    entries: int
    lines: int
    quarantined: int


def close_day(
    database: Database,
    *,
    day: dt.date | None = None,
    workers: int = 1,
    shard_ids: int = SHARD_IDS,
    progress: Progress | None = None,
) -> DayReport:
    """Close the business date (or finish the day that was left half closed) and return what that did.

    day: this day and no other; when it is closed already its report comes back, so that callers may race.
    workers: threads with a connection each; more processes may run the same call at once and share the shards.
    Raises NotFound for a book not started, BadInput for a day whose turn has not come; an error of the world leaves
    done shards done and the day to be resumed.
    """
    if not 1 <= workers <= WORKERS_MAX:
        raise BadInput(f"workers must be 1 … {WORKERS_MAX}")
    with connect(database) as conn:
        closing = run_unit(conn, lambda c: store.begin_day(c, shard_ids=shard_ids, wanted=day))
        if workers == 1:
            _work(conn, closing, "1", progress)
        else:
            with ThreadPoolExecutor(workers) as pool:
                jobs = [pool.submit(_work_alone, database, closing, str(k + 1), progress) for k in range(workers)]
                for job in jobs:
                    job.result()
        _await_others(conn, closing)
        shards, _, accounts, statements, entries, lines, quarantined = store.sum_day(conn, closing)
    return DayReport(closing, shards, accounts, statements, entries, lines, quarantined)


def close_until(
    database: Database, until: dt.date, *, workers: int = 1, progress: Progress | None = None
) -> list[DayReport]:
    """Close day after day until the business date is `until`: the catch-up of missed days, and of one left half closed.

    Several may run at once: no day is closed twice and none beyond. Raises BadInput for more than `DAYS_MAX` days.
    """
    reports: list[DayReport] = []
    while True:
        with connect(database) as conn:
            today = store.get_business_day(conn)
            unfinished = store.find_open_day(conn)
        if (until - today).days > DAYS_MAX:
            raise BadInput(f"{until} is more than {DAYS_MAX} days after the business date {today}", code="DAY_TOO_FAR")
        if today >= until and unfinished is None:
            return reports
        reports.append(close_day(database, day=unfinished or today, workers=workers, progress=progress))


def _work_alone(database: Database, day: dt.date, name: str, progress: Progress | None) -> None:
    with connect(database) as conn:
        _work(conn, day, name, progress)


def _work(conn: psycopg.Connection, day: dt.date, name: str, progress: Progress | None) -> None:
    """Take shards until none is left to take."""
    terms = store.load_terms(conn)
    worker = f"{conn.info.backend_pid}/{name}"

    def one(c: psycopg.Connection) -> bool:
        lease = store.take_shard(c, day)
        if lease is None:
            return False
        shard, low_id, high_id = lease
        counts = close_accounts(c, terms, low_id=low_id, high_id=high_id, to=to_day(day) + 1)
        figures = (counts.accounts, counts.statements, counts.entries, counts.lines, counts.quarantined)
        store.finish_shard(c, day, shard, worker=worker, figures=figures)
        return True

    while run_unit(conn, one):
        if progress is not None:
            shards, done, *_ = store.sum_day(conn, day)
            progress(day, done, shards)


def _await_others(conn: psycopg.Connection, day: dt.date) -> None:
    """Mark the day closed; shards that another process holds are waited for, those it drops are taken over."""
    pause = threading.Event()
    for _ in range(WAITS_MAX):
        if run_unit(conn, lambda c: store.finish_day(c, day)):
            return
        pause.wait(WAIT_SECONDS)
        _work(conn, day, "rest", None)
    raise TimedOut(f"closing {day}: others have held their shards for an hour; the day can be resumed")
