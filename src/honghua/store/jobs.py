"""What runs by the clock: each job with its interval, under a lease, with its failures kept.

The lease is an advisory lock of the session, so two schedulers never run one job at once, and whoever dies gives it back by dying. A job
must itself be safe to run again: it may be killed between its work and our note of it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import psycopg

from honghua.base.clock import Clock
from honghua.base.errors import HonghuaError

BACKOFF_MAX: Final = dt.timedelta(hours=1)
DOUBLINGS_MAX: Final = 16
ERROR_LENGTH_MAX: Final = 2_000
LOCK: Final = "hashtext('store_job'), hashtext(%s)"


@dataclass(frozen=True, slots=True)
class Job:
    """One thing to do every so often. work: does it on a connection without an open transaction, and says in words what it did."""

    name: str
    every: dt.timedelta
    work: Callable[[psycopg.Connection, dt.datetime], str]
    about: str


@dataclass(frozen=True, slots=True)
class JobRow:
    """How a job stands. failures: in a row; ended_at None: it runs, or whoever ran it died."""

    name: str
    due_at: dt.datetime
    started_at: dt.datetime
    ended_at: dt.datetime | None
    runs: int
    failures: int
    error: str | None
    failed_at: dt.datetime | None
    told: str


@dataclass(frozen=True, slots=True)
class JobRun:
    """One run: what it told, or the error it ended with and how many failures that makes in a row."""

    name: str
    told: str
    error: str | None
    failures: int


def run_due(
    conn: psycopg.Connection, jobs: Sequence[Job], *, clock: Clock, names: Sequence[str] | None = None
) -> list[JobRun]:
    """Run what is due, in the order given; with `names` those jobs, due or not. What somebody else is running is left to them."""
    return [
        ran for job in jobs if names is None or job.name in names
        if (ran := run_job(conn, job, clock=clock, is_asked=names is not None)) is not None
    ]  # fmt: skip


def run_job(conn: psycopg.Connection, job: Job, *, clock: Clock, is_asked: bool) -> JobRun | None:
    """One job under its lease; None when it is not due, or somebody else has it."""
    if not is_asked and not is_due(find_job(conn, job.name), clock.now()):
        return None
    if conn.execute(f"SELECT pg_try_advisory_lock({LOCK})", [job.name]).fetchone() != (True,):
        return None
    try:
        row = find_job(conn, job.name)  # again: it may have run between our look and our lease
        if not is_asked and not is_due(row, clock.now()):
            return None
        return _run_held(conn, job, clock, 0 if row is None else row.failures)
    finally:
        with suppress(psycopg.Error):  # a lost connection has given its lease back already
            conn.execute(f"SELECT pg_advisory_unlock({LOCK})", [job.name])


def is_due(row: JobRow | None, now: dt.datetime) -> bool:
    """Whether a job's time has come; one that never ran is due."""
    return row is None or row.due_at <= now


def back_off(every: dt.timedelta, failures: int) -> dt.timedelta:
    """How long after so many failures in a row: twice as long each time, at most an hour, or its interval where that is longer."""
    doubled: dt.timedelta = every * 2 ** min(failures, DOUBLINGS_MAX)
    return max(min(doubled, BACKOFF_MAX), every)


def _run_held(conn: psycopg.Connection, job: Job, clock: Clock, failures: int) -> JobRun:
    started_at = clock.now()
    conn.execute(
        "INSERT INTO store_job (name, due_at, started_at, runs, failures) VALUES (%s, %s, %s, 0, 0)"
        " ON CONFLICT (name) DO UPDATE SET started_at = EXCLUDED.started_at, ended_at = NULL",
        [job.name, started_at, started_at],
    )
    try:
        told = job.work(conn, started_at)
    except Exception as error:  # one job's bug must not stop the others: it is kept, shown and tried again
        return _note_failure(conn, job, clock, (error, failures + 1))
    now = clock.now()
    conn.execute(
        "UPDATE store_job SET due_at = %s, ended_at = %s, runs = runs + 1, failures = 0, told = %s WHERE name = %s",
        [started_at + job.every, now, told, job.name],
    )
    return JobRun(job.name, told, None, 0)


def _note_failure(conn: psycopg.Connection, job: Job, clock: Clock, failed: tuple[Exception, int]) -> JobRun:
    error, failures = failed
    said = str(error) if isinstance(error, HonghuaError) else f"{type(error).__name__}: {error}"
    if conn.closed:
        raise error
    conn.rollback()
    now = clock.now()
    conn.execute(
        "UPDATE store_job SET due_at = %s, ended_at = %s, failures = %s, error = %s, failed_at = %s WHERE name = %s",
        [now + back_off(job.every, failures), now, failures, said[:ERROR_LENGTH_MAX], now, job.name],
    )
    return JobRun(job.name, "", said, failures)


def find_job(conn: psycopg.Connection, name: str) -> JobRow | None:
    """How one job stands; None when it never ran."""
    return next(iter(list_jobs(conn, names=[name])), None)


def list_jobs(conn: psycopg.Connection, *, names: Sequence[str] | None = None) -> list[JobRow]:
    """How jobs stand that ran at least once, by name."""
    rows = conn.execute(
        "SELECT name, due_at, started_at, ended_at, runs, failures, error, failed_at, told FROM store_job"
        " WHERE %(names)s::text[] IS NULL OR name = ANY(%(names)s::text[]) ORDER BY name",
        {"names": None if names is None else list(names)},
    )
    return [JobRow(*row) for row in rows]


def make_due(conn: psycopg.Connection, name: str, *, now: dt.datetime) -> bool:
    """Let a job's next turn be now, whoever runs it; False for one that never ran (it is due anyway)."""
    return conn.execute("UPDATE store_job SET due_at = %s WHERE name = %s", [now, name]).rowcount == 1


def list_running(conn: psycopg.Connection) -> frozenset[int]:
    """Keys of the leases that somebody holds now: hashtext of the jobs' names."""
    rows = conn.execute(
        "SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND granted"
        " AND classid = (hashtext('store_job')::bigint & 4294967295)::oid"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    return frozenset(int(row[0]) for row in rows)


def is_running(conn: psycopg.Connection, name: str) -> bool:
    """Whether somebody holds the lease of a job now."""
    row = conn.execute("SELECT hashtext(%s)::bigint & 4294967295", [name]).fetchone()
    assert row is not None, "a SELECT without FROM"
    return int(row[0]) in list_running(conn)


__all__ = ["Job", "JobRow", "JobRun", "back_off", "is_due", "is_running", "list_jobs", "make_due", "run_due", "run_job"]
