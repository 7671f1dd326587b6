"""`honghua verify`: recompute all that must hold, in one snapshot of the database, while others go on working."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from honghua.app.report import print_json, report_header
from honghua.app.settings import Settings
from honghua.app.verifying import sum_up, verify
from honghua.base.checks import Check
from honghua.store.database import open_database


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `verify`."""
    parser = verbs.add_parser("verify")
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


def _show(checks: Sequence[Check]) -> None:
    table = Table("invariant", "checked", "", box=None)
    for check in checks:
        table.add_row(check.name, f"{check.checked:,}", "holds" if check.ok else "BROKEN: " + ", ".join(check.broken))
    Console().print(table)


__all__ = ["register", "run", "verify"]
