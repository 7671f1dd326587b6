"""`honghua journey`: one customer through all twelve steps, on a scratch book."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

from rich.console import Console
from rich.table import Table

from honghua.app.book import to_plain
from honghua.app.journey.living import live_through
from honghua.app.report import print_json, report_header
from honghua.app.settings import Settings
from honghua.app.verifying import sum_up, verify
from honghua.credit.journey import api as journey
from honghua.facts.steps import Step
from honghua.store.database import connect, open_database, scratch_database

# Looking at an account finds something or nothing, and books that balance cannot be made not to: these two are never refused here.
REFUSABLE = tuple(step.name.lower() for step in Step if step not in (Step.MONITORING, Step.BOOKING))


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "journey",
        description="On a scratch database that is dropped at the end; identity service and bank are fakes and say so.",
    )
    parser.add_argument(
        "--refuse",
        choices=REFUSABLE,
        metavar="STEP",
        help="let this step be refused first and show the human path: %(choices)s",
    )
    parser.add_argument(
        "--report",
        action="store_true",
        help="of the lasting book: how often each step was passed, which accounts no contract opened",
    )
    parser.add_argument(
        "--contacts",
        metavar="CUSTOMER",
        help="of the lasting book: every contact with a debtor, who answers for it, clause, evidence",
    )
    parser.add_argument("--seed", type=int, default=20261122, help="draws the person and the fakes' answers")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """0 when every step passed and every invariant holds, 1 when not."""
    started = time.perf_counter()
    if args.report or args.contacts:
        return _look(args, settings, started)
    refuse = None if args.refuse is None else Step[args.refuse.upper()]
    with scratch_database(settings.store) as database:
        result = live_through(database, seed=args.seed, refuse=refuse)
        found = sum_up(verify(database))
    result = {**report_header(seed=args.seed, started=started), **result, "broken": found["broken"]}
    result["ok"] = result["ok"] and found["ok"]
    if args.json:
        print_json(result)
    else:
        _show(result)
    if not result["ok"]:
        print(f"honghua: {result['failed'] or 'an invariant is broken'}", file=sys.stderr)
    return 0 if result["ok"] else 1


def _look(args: argparse.Namespace, settings: Settings, started: float) -> int:
    """What the lasting book says; nothing is written."""
    with open_database(settings.store) as database, connect(database) as conn:
        if args.contacts:
            told: dict[str, Any] = {"contacts": to_plain(journey.list_contacts(conn, args.contacts))}
        else:
            covered = journey.measure_coverage(conn)
            told = {
                "steps_covered": covered.steps_covered,
                "passed": {step.name.lower(): count for step, count in covered.passed.items()},
                "accounts_without_contract": covered.accounts_without,
                "first_without": list(covered.without_contract),
            }
    if args.json:
        print_json(report_header(seed=None, started=started) | told)
    else:
        for name, value in told.items():
            print(f"{name}: {value}")
    return 0


def _show(result: dict[str, Any]) -> None:
    table = Table("step", "on", "fact", "decided", "risk", box=None)
    for one in [*result["refused"], *result["steps"]]:
        decided = ", ".join(f"{name} {value}" for name, value in list(one["decided"].items())[:4])
        risk = f"{one['risk']['hook']}: {one['risk']['verdict']} {' '.join(one['risk']['reasons'])}"
        table.add_row(f"{one['title']} {one['name']}", one["business_on"], one["fact"]["kind"], decided, risk)
    Console().print(table)
    print(
        f"coverage {result['coverage']}, {result['rows']} rows, {result['business_days']} days, {result['seconds']} s"
    )


__all__ = ["register", "run"]
