"""`honghua verify`: recompute all that must hold, in one snapshot of the database, while others go on working."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from honghua.app.report import print_json, report_header
from honghua.app.settings import Settings
from honghua.base.checks import Check, check_of
from honghua.base.errors import HonghuaError
from honghua.credit.invariants import check_credit, read_today
from honghua.decision.invariants import check_decisions
from honghua.ledger.invariants import check_dates_in_order, check_ledger
from honghua.store.database import Database, connect, open_database
from honghua.store.invariants import check_store

AccountsDone = Callable[[int, int], None]


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `verify`."""
    parser = verbs.add_parser("verify", help="recompute every invariant of the book; exit 1 when one is broken")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Verify the lasting database; 0 when all holds, 1 when not."""
    started = time.perf_counter()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    screen = Progress(*columns, console=Console(stderr=True), transient=True)
    with open_database(settings.store) as database, screen as bar:
        task = bar.add_task("accounts audited", total=None)
        checks = verify(database, accounts_done=lambda done, total: bar.update(task, completed=done, total=total))
    found = sum_up(checks)
    if args.json:
        print_json(found | report_header(seed=None, started=started))
    else:
        _show(checks)
    if not found["ok"]:
        print(f"honghua: {len(found['broken'])} of {len(checks)} invariants are broken", file=sys.stderr)
    return 0 if found["ok"] else 1


def verify(database: Database, *, accounts_done: AccountsDone | None = None) -> tuple[Check, ...]:
    """Every invariant of every room at one moment: one read-only REPEATABLE READ transaction, which blocks nobody."""
    with connect(database) as conn:
        conn.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        conn.read_only = True
        with conn.transaction():
            return check_all(conn, accounts_done=accounts_done)


def check_all(conn: psycopg.Connection, *, accounts_done: AccountsDone | None = None) -> tuple[Check, ...]:
    """The same inside a transaction of the caller's, on what that one sees."""
    return (
        *_look(conn, "ledger", check_ledger),
        *_look(conn, "ledger", lambda c: (check_dates_in_order(c, today=read_today(c)),)),
        *_look(conn, "store", check_store),
        *_look(conn, "decision", check_decisions),
        *_look(conn, "credit", lambda c: check_credit(c, progress=accounts_done)),
    )


def sum_up(checks: Sequence[Check]) -> dict[str, Any]:
    """What `--json` says of them."""
    return {
        "ok": all(check.ok for check in checks),
        "checked": {check.name: check.checked for check in checks},
        "broken": [{"name": check.name, "ids": list(check.broken)} for check in checks if not check.ok],
    }


def _look(
    conn: psycopg.Connection, room: str, look: Callable[[psycopg.Connection], Sequence[Check]]
) -> Sequence[Check]:
    """A room's checks; rows so broken that they cannot even be read are one more offence, not the end of the audit."""
    try:
        with conn.transaction():
            return look(conn)
    except (HonghuaError, psycopg.DataError, psycopg.ProgrammingError) as error:
        return (check_of(f"{room}.readable", 0, [str(error).strip().splitlines()[0]]),)


def _show(checks: Sequence[Check]) -> None:
    table = Table("invariant", "checked", "", box=None)
    for check in checks:
        table.add_row(check.name, f"{check.checked:,}", "holds" if check.ok else "BROKEN: " + ", ".join(check.broken))
    Console().print(table)
