"""`honghua eod`: close days, see how far closing is, bring accounts back from quarantine."""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import sys
import time
from typing import Any

import psycopg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from honghua.app.clockwork.books import release_all
from honghua.app.report import print_json, report_header
from honghua.app.settings import Settings
from honghua.base.clock import SystemClock
from honghua.base.errors import BadInput
from honghua.credit import api as credit
from honghua.credit.jobs import close_day, close_until
from honghua.ledger.jobs import seal_all
from honghua.store.database import Database, connect, open_database

DAYS_SHOWN = 14
SWEEPS_MAX = 1_000  # of ten thousand holds each


def register(verbs: Any) -> None:
    """Add the verb and its sub-verbs."""
    parser = verbs.add_parser("eod")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    close = actions.add_parser("close", help="close the business date, or every day before --until")
    close.add_argument("--until", default=None, help="the business date to reach, 2026-11-21")
    close.add_argument("--workers", type=int, default=2)
    actions.add_parser("status", help="business date and the last days")
    actions.add_parser("quarantine", help="accounts that a person must look at")
    release = actions.add_parser("release", help="fold an account anew and take it out of quarantine")
    release.add_argument("customer")
    for action in actions.choices.values():
        action.add_argument("--json", action="store_true")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Do the action on the lasting book."""
    started = time.perf_counter()
    with open_database(settings.store) as database, connect(database) as conn:
        shown = {"close": close, "status": status, "quarantine": list_quarantine, "release": release}[args.action](
            args, database, conn
        )
    if args.json:
        print_json({**report_header(seed=None, started=started), **shown})
    else:
        show(shown)
    return 0


def close(args: argparse.Namespace, database: Database, conn: psycopg.Connection) -> dict[str, Any]:
    """Close one day, or catch up."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        task = bar.add_task("closing", total=None)

        def progress(day: dt.date, done: int, shards: int) -> None:
            bar.update(task, description=f"closing {day}", completed=done, total=shards)

        if args.until is None:
            reports = [close_day(database, workers=args.workers, progress=progress)]
        else:
            reports = close_until(database, parse_day(args.until), workers=args.workers, progress=progress)
    released = release_all(conn, by=credit.get_business_day(conn), now=SystemClock().now(), sweeps_max=SWEEPS_MAX)
    rows = [dataclasses.asdict(report) | {"day": report.day.isoformat()} for report in reports]
    return {
        "business_on": credit.get_business_day(conn).isoformat(),
        "days_closed": len(rows),
        "holds_released": released,
        "entries_sealed": seal_all(conn),
        "days": rows[-DAYS_SHOWN:],
    }


def parse_day(text: str) -> dt.date:
    """An ISO date, or BadInput."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"{text} is no date; write it as 2026-11-21", code="DATE_INVALID") from error


def status(_args: argparse.Namespace, _database: Database, conn: psycopg.Connection) -> dict[str, Any]:
    """Where the book stands."""
    names = ("day", "state", "shards", "accounts", "statements", "entries", "quarantined")
    rows = [
        dict(zip(names, (row[0].isoformat(), *row[1:]), strict=True))
        for row in credit.list_days(conn, limit=DAYS_SHOWN)
    ]
    return {"business_on": credit.get_business_day(conn).isoformat(), "days": rows}


def list_quarantine(_args: argparse.Namespace, _database: Database, conn: psycopg.Connection) -> dict[str, Any]:
    """Accounts in quarantine."""
    rows = [
        dataclasses.asdict(view) | {"since_on": view.since_on.isoformat()} for view in credit.list_quarantined(conn)
    ]
    return {"quarantined": len(rows), "days": rows}


def release(args: argparse.Namespace, _database: Database, conn: psycopg.Connection) -> dict[str, Any]:
    """Bring one account back."""
    changed = credit.release(conn, credit.open_registry(conn), args.customer, now=SystemClock().now())
    return {"customer": args.customer, "state_corrected": changed}


def show(shown: dict[str, Any]) -> None:
    """For a person: the facts, then a table of days or accounts."""
    rows = shown.pop("days", None)
    for key, value in shown.items():
        print(f"{key:16} {value}")
    if rows:
        table = Table(*rows[0])
        for row in rows:
            table.add_row(*(f"{value:,}" if isinstance(value, int) else str(value) for value in row.values()))
        Console(file=sys.stdout).print(table)
    elif rows is not None:
        print("nothing to show")
