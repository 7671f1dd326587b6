"""`honghua jobs …`: what runs by the clock. One process or several may run it; each job is done by one of them at a time."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any, Final

import psycopg
from rich.console import Console
from rich.table import Table

from honghua.app.book import to_plain
from honghua.app.clockwork.jobs import Ports, make_jobs, run_jobs, tell
from honghua.app.doors.joining import films_faces
from honghua.app.doors.keys import load_secrets
from honghua.app.doors.learning import find_limit_slice, find_profiles_folder
from honghua.app.doors.paying import make_payments
from honghua.app.doors.proving import make_gateway, make_prover
from honghua.app.report import print_json
from honghua.app.settings import Settings
from honghua.base.clock import SystemClock
from honghua.base.errors import BadInput, NotFound
from honghua.store.database import Database, connect, open_database
from honghua.store.jobs import Job, JobRow, is_running, list_jobs

LOOK_SECONDS: Final = 2.0  # between two looks at what is due


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `jobs` and its actions."""
    parser = verbs.add_parser("jobs")
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
    with open_database(settings.store) as database:
        jobs = make_jobs(_make_ports(database, settings))
        if args.action == "status":
            with connect(database) as conn:
                return _status(args, conn, jobs)
        if not args.once:
            if args.names:
                raise BadInput("jobs are named together with --once")
            return _run_on(args, lambda: connect(database), jobs)
        with connect(database) as conn:
            return _run_once(args, conn, jobs)


def _make_ports(database: Database, settings: Settings) -> Ports:
    prover = make_prover(database, settings, SystemClock(), by_face=films_faces(settings, is_demo=False))
    gateway = make_gateway(settings, is_demo=False)
    payments = make_payments(settings, SystemClock())
    return Ports(
        prover=prover, secrets=load_secrets(settings), gateway=gateway, payments=payments,
        limit_slice=find_limit_slice(settings), profiles=find_profiles_folder(settings, database.name),
    )  # fmt: skip


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


__all__ = ["register", "run", "say_state"]
