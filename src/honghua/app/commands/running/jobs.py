"""`honghua jobs …`: what runs by the clock. One process or several may run it; each job is done by one of them at a time."""

from __future__ import annotations

import argparse
import datetime as dt
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from rich.console import Console
from rich.table import Table

from honghua.app.book import to_plain
from honghua.app.report import print_json
from honghua.app.settings import Settings
from honghua.base.clock import Clock, SystemClock
from honghua.base.errors import BadInput, NotFound
from honghua.credit import api as credit
from honghua.credit import jobs as credit_jobs
from honghua.decision import api as decision
from honghua.ledger.jobs import seal_all
from honghua.store.database import connect, open_database
from honghua.store.jobs import Job, JobRow, JobRun, is_running, list_jobs, run_due
from honghua.store.wishes import WishState, count_wishes

SECOND: Final = dt.timedelta(seconds=1)
LOOK_SECONDS: Final = 2.0  # between two looks at what is due
SWEEPS_MAX: Final = 100  # of one run; what is left is due at the next
SWEEP: Final = 10_000
ALARMING: Final = 3  # failures in a row of which people are told
WAITING: Final = "no prover is attached: {} step-up(s) wait"


@dataclass(frozen=True, slots=True)
class Ports:
    """Ways to the outside world that jobs need; None: not attached, and the job says so."""

    prover: credit_jobs.Prover | None = None


def make_jobs(ports: Ports) -> tuple[Job, ...]:
    """Every job, in the order in which those that are due are run."""
    return (
        Job("step-ups", 2 * SECOND, _make_sender(ports), "send the challenges of stepped-up purchases"),
        Job("alerts", 5 * SECOND, deliver, "deliver what people are to know out of the outbox"),
        Job("lapses", 60 * SECOND, lapse, "end suspended purchases whose time is over"),
        Job("seals", 60 * SECOND, seal, "seal what has been written in the ledger"),
        Job("drift", 60 * SECOND, count, "count what models read and say against their fitting"),
        Job("holds", 3600 * SECOND, release, "give back authorisations that have expired by the business date"),
    )


def _make_sender(ports: Ports) -> Callable[[psycopg.Connection, dt.datetime], str]:
    def send(conn: psycopg.Connection, now: dt.datetime) -> str:
        if ports.prover is None:
            waiting = count_wishes(conn, credit_jobs.STEP_UP_WISH)[WishState.WAITING]
            return WAITING.format(waiting) if waiting else "nothing to send"
        total = 0
        for _ in range(SWEEPS_MAX):
            sent = credit_jobs.send_step_ups(conn, ports.prover, now=now)
            total += sent
            if sent < credit_jobs.SENDS_AT_ONCE:
                break
        return f"{total} sent"

    return send


def deliver(conn: psycopg.Connection, now: dt.datetime) -> str:
    """Alerts out of the outbox."""
    return f"{decision.deliver_alerts(conn, now=now)} delivered"


def lapse(conn: psycopg.Connection, now: dt.datetime) -> str:
    """Suspensions whose time is over."""
    if not _has_begun(conn):
        return "the book has not begun"
    registry = credit.open_registry(conn)
    total = 0
    for _ in range(SWEEPS_MAX):
        ended = credit_jobs.lapse_expired(conn, registry, now=now, limit=SWEEP)
        total += ended
        if ended < SWEEP:
            break
    return f"{total} lapsed"


def seal(conn: psycopg.Connection, _now: dt.datetime) -> str:
    """Entries that are final and unsealed."""
    return f"{seal_all(conn)} entries sealed"


def count(conn: psycopg.Connection, now: dt.datetime) -> str:
    """Records that nobody has counted for drift."""
    found = decision.count_drift(conn, now=now)
    return f"{found.counted} of {found.records} records counted, {found.alerts} alerts"


def release(conn: psycopg.Connection, now: dt.datetime) -> str:
    """Holds that have expired by the business date."""
    if not _has_begun(conn):
        return "the book has not begun"
    registry, by = credit.open_registry(conn), credit.get_business_day(conn)
    total = 0
    for _ in range(SWEEPS_MAX):
        swept = credit_jobs.release_expired(conn, registry, by=by, now=now)
        total += swept.released
        if not swept.more:
            break
    return f"{total} holds given back"


def _has_begun(conn: psycopg.Connection) -> bool:
    try:
        credit.get_business_day(conn)
    except NotFound:
        return False
    return True


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `jobs` and its actions."""
    parser = verbs.add_parser("jobs", help="what runs by the clock: run it, or see how it stands")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    started = actions.add_parser(
        "run", help="run every job when it is due, until it is stopped; several may run beside each other"
    )
    started.add_argument(
        "names", nargs="*", metavar="JOB", help="with --once: these jobs, due or not (default: all that are due)"
    )
    started.add_argument("--once", action="store_true", help="one look, then end; exit 1 when a job failed")
    status = actions.add_parser("status", help="every job: when it ran, what it did, when it is due, how it failed")
    for action in (started, status):
        action.add_argument(
            "--json", action="store_true", help="print JSON: one object, or with `run` one a job that ran"
        )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Run one action; 1 when a job asked for once has failed."""
    jobs = make_jobs(Ports())
    with open_database(settings.store) as database:
        if args.action == "status":
            with connect(database) as conn:
                return _status(args, conn, jobs)
        if not args.once:
            if args.names:
                raise BadInput("jobs are named together with --once")
            return _run_on(args, lambda: connect(database), jobs)
        with connect(database) as conn:
            return _run_once(args, conn, jobs)


def _run_once(args: argparse.Namespace, conn: psycopg.Connection, jobs: tuple[Job, ...]) -> int:
    unknown = sorted(set(args.names).difference(job.name for job in jobs))
    if unknown:
        known = ", ".join(job.name for job in jobs)
        raise NotFound(f"no such job: {', '.join(unknown)}; there are {known}", code="JOB_UNKNOWN")
    ran = run_jobs(conn, jobs, clock=SystemClock(), names=args.names or None)
    if args.json:
        print_json({"ran": to_plain(ran)})
    else:
        for one in ran:
            tell(one)
        if not ran:
            print("nothing is due: honghua jobs status")
    return int(any(one.error is not None for one in ran))


def run_jobs(
    conn: psycopg.Connection, jobs: tuple[Job, ...], *, clock: Clock, names: list[str] | None = None
) -> list[JobRun]:
    """What is due, and an alert for a job that keeps failing: one a series of failures."""
    ran = run_due(conn, jobs, clock=clock, names=names)
    for one in ran:
        if one.failures == ALARMING and one.error is not None:
            now = clock.now()
            told = decision.Told(
                "job", f"{one.name}:{now.isoformat()}", one.name, f"failed {ALARMING} times in a row: {one.error}", now
            )
            with conn.transaction():
                decision.raise_alert(conn, told, now=now)
    return ran


def _run_on(args: argparse.Namespace, open_connection: Callable[[], Any], jobs: tuple[Job, ...]) -> int:
    """Until SIGINT or SIGTERM, which let the job in hand end. A lost connection is opened anew."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    while not stop.is_set():
        try:
            with open_connection() as conn:
                while not stop.is_set():
                    for one in run_jobs(conn, jobs, clock=SystemClock()):
                        print_json({"ran": to_plain(one)}) if args.json else tell(one)
                    stop.wait(LOOK_SECONDS)
        except psycopg.OperationalError as error:
            print(f"the database is gone, trying again: {error}", file=sys.stderr)
            stop.wait(LOOK_SECONDS)
    return 0


def tell(one: JobRun) -> None:
    """One line about one run."""
    if one.error is None:
        print(f"{one.name}: {one.told}", flush=True)
    else:
        print(f"{one.name} failed, {one.failures} in a row: {one.error}", file=sys.stderr, flush=True)


def _status(args: argparse.Namespace, conn: psycopg.Connection, jobs: tuple[Job, ...]) -> int:
    rows = {row.name: row for row in list_jobs(conn)}
    running = {job.name for job in jobs if is_running(conn, job.name)}
    if args.json:
        told = [
            {"name": job.name, "every_seconds": job.every.total_seconds(), "about": job.about, "running": job.name in running,
             "row": to_plain(rows.get(job.name))}
            for job in jobs
        ]  # fmt: skip
        print_json({"jobs": told})
        return 0
    table = Table("job", "every", "last", "due", "runs", "state", box=None)
    for job in jobs:
        row = rows.get(job.name)
        last, due = (
            ("never", "now") if row is None else (f"{row.started_at:%m-%d %H:%M:%S}", f"{row.due_at:%m-%d %H:%M:%S}")
        )
        table.add_row(
            job.name, f"{job.every.total_seconds():g} s", last, due, str(0 if row is None else row.runs),
            say_state(row, is_held=job.name in running),
        )  # fmt: skip
    console = Console(highlight=False, markup=False, soft_wrap=True)
    console.print(table)
    for job in jobs:
        console.print(f"  {job.name}: {job.about}")
    return 0


def say_state(row: JobRow | None, *, is_held: bool) -> str:
    """How a job stands, in words."""
    if is_held:
        return "runs now"
    if row is None:
        return "never ran: honghua jobs run"
    if row.failures:
        return f"failed {row.failures} times in a row: {row.error}"
    if row.ended_at is None:
        return "whoever ran it died; it is done again when due"
    return row.told


__all__ = ["Ports", "make_jobs", "register", "run", "run_jobs", "say_state"]
