"""`honghua decision …`: what was decided on which figures, and whether the same rules say the same again."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from honghua.app.book import Book, open_book
from honghua.app.report import print_json, report_header
from honghua.app.settings import Settings
from honghua.base.errors import BadInput, NotFound
from honghua.decision import api as decision
from honghua.decision.core import Outcome


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `decision` and its actions."""
    parser = verbs.add_parser("decision", help="show a recorded decision, or judge recorded figures again")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    show = actions.add_parser("show", help="one decision: outcome, rule, and the figures that it was judged on")
    show.add_argument("id", type=int, help="the purchase's id, or the decision_id of a refusal")
    replay = actions.add_parser(
        "replay", help="judge again with the record's own rules; exit 1 when one comes out differently"
    )
    replay.add_argument("ids", type=int, nargs="*", metavar="ID", help="which (all without IDs and --sample)")
    replay.add_argument("--sample", type=int, metavar="N", help="a spread sample of N")
    for action in (show, replay):
        action.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Run one action; 1 when a replayed decision differs."""
    with open_book(settings, may_be_empty=True) as book:
        return _show(args, book) if args.action == "show" else _replay(args, book)


def _show(args: argparse.Namespace, book: Book) -> int:
    view = decision.find_decision(book.conn, args.id)
    if view is None:
        raise NotFound(
            f"no decision {args.id}: every purchase carries one under its purchase_id; `honghua account buy` prints it",
            code="DECISION_UNKNOWN",
        )
    if args.json:
        print_json({**asdict(view), "outcome": Outcome(view.outcome).name.lower()})
        return 0
    table = Table(show_header=False, box=None)
    table.add_row("decision", str(view.decision_id))
    table.add_row("outcome", Outcome(view.outcome).name.lower() + (f" by rule {view.reason}" if view.reason else ""))
    table.add_row("policy", f"{view.bundle} {view.digest[:16]}…")
    table.add_row("recorded", view.recorded_at)
    for name, value in view.features.items():
        table.add_row(f"  {name}", f"{value:,}")
    Console().print(table)
    return 0


def _replay(args: argparse.Namespace, book: Book) -> int:
    if args.ids and args.sample is not None:
        raise BadInput("give IDs or --sample, not both")
    if args.sample is not None and args.sample < 1:
        raise BadInput("--sample must be at least 1")
    started = time.perf_counter()
    count, different = decision.replay_decisions(book.conn, ids=args.ids or None, sample=args.sample)
    if args.ids and count < len(set(args.ids)):
        raise NotFound(f"only {count} of these {len(set(args.ids))} decisions are recorded", code="DECISION_UNKNOWN")
    if args.json:
        told = {"replayed": count, "different": len(different), "ids": different}
        print_json({**told, **report_header(seed=None, started=started)})
    elif count == 0:
        print("No decision is recorded yet. Each purchase records one: `honghua demo` makes thousands.")
    else:
        print(f"{count:,} decisions judged again; {len(different):,} came out differently.")
    for decision_id in different if not args.json else ():
        print(f"decision {decision_id} differs", file=sys.stderr)
    return 1 if different else 0
