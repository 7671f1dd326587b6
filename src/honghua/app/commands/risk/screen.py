"""`honghua screen …`: fit a scorer of applications on the simulated door and file it; judge recorded applications again, bit for bit."""

from __future__ import annotations

import argparse
import time
from typing import Any

from rich.console import Console

from honghua.app.approval.screening import ScreenPlan, fit_screen, make_filing
from honghua.app.book import Book, open_book
from honghua.app.report import print_json
from honghua.app.settings import Settings
from honghua.base.clock import SystemClock
from honghua.base.errors import BadInput
from honghua.credit.journey import api as journey
from honghua.fraud.applications.api import LEARNERS
from honghua.models.registry import api as registry
from honghua.store.database import run_unit


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `screen` and its actions."""
    parser = verbs.add_parser("screen")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    fit = actions.add_parser("fit", help="fit on simulated applications, examine on others, file as a candidate")
    fit.add_argument("--applications", type=int, default=6_000, help="honest ones of each stream (%(default)s)")
    fit.add_argument("--gangs", type=int, default=12, help="of each kind in each stream (%(default)s)")
    fit.add_argument("--streams", type=int, default=6, help="half to fit on, half to judge on (%(default)s)")
    fit.add_argument("--learner", choices=LEARNERS, default=LEARNERS[0], help="which (%(default)s)")
    fit.add_argument("--seed", type=int, default=71, help="of the first stream (%(default)s)")
    fit.add_argument("--by", required=True, metavar="PERSON", help="who files it; somebody else lets it run")
    replay = actions.add_parser("replay", help="scores of a contract's applications again, from their own records")
    replay.add_argument("contract", type=int, metavar="CONTRACT")
    for action in (fit, replay):
        action.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Run one action; 1 where a replay gives something else."""
    with open_book(settings, may_be_empty=True) as book:
        found = _fit(args, book) if args.action == "fit" else _replay(args, book)
    if args.json:
        print_json(found)
    else:
        console = Console(highlight=False, markup=False, soft_wrap=True)
        for name, value in found.items():
            console.print(f"{name}: {value}")
    return 0 if found.get("ok", True) else 1


def _fit(args: argparse.Namespace, book: Book) -> dict[str, Any]:
    started, clock = time.perf_counter(), SystemClock()
    if args.streams < 2 or min(args.applications, args.gangs) < 1:
        raise BadInput("at least two streams, each with honest applications and gangs", code="BAD_SIZE")
    plan = ScreenPlan(
        applications=args.applications, gangs=args.gangs, streams=args.streams, learner=args.learner, seed=args.seed
    )  # fmt: skip
    scorer, examination, train = fit_screen(plan)
    now = clock.now()
    filing = make_filing(scorer, examination, train, made_by=args.by, on=now.date())
    row = run_unit(book.conn, lambda c: registry.file_version(c, filing, now=now))
    return {
        "version": row.version_id, "status": row.status.value, "digest": scorer.digest.hex(), **examination.as_json(),
        "took_s": round(time.perf_counter() - started, 1),
        "next": f"honghua models challenge {row.version_id} --by SOMEBODY_ELSE --why REASON",
    }  # fmt: skip


def _replay(args: argparse.Namespace, book: Book) -> dict[str, Any]:
    def work(conn: Any) -> list[dict[str, Any]]:
        _, rows = journey.read_state(conn, args.contract)
        return [_compare(conn, row) for row in rows if journey.find_scored(row) is not None]

    compared = run_unit(book.conn, work)
    return {"contract": args.contract, "ok": all(one["is_same"] for one in compared), "applications": compared}


def _compare(conn: Any, row: journey.StepRow) -> dict[str, Any]:
    told, again = journey.find_scored(row) or {}, journey.replay_screen(conn, row) or {}
    described = journey.describe_again(conn, row)
    return {
        "number": row.number, "score": told["score"], "again": again["score"],
        "is_same": all(told[name] == value for name, value in again.items()),
        "values_again": "session deleted" if described is None else described == told["values"],
    }  # fmt: skip
