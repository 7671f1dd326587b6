"""`honghua alerts …`: what the platform wants people to know – a rule that the brake stopped, a bound of drift broken, a job that fails."""

from __future__ import annotations

import argparse
import shlex

from rich.console import Console

from honghua.app.book import Book, open_book, to_plain
from honghua.app.report import print_json
from honghua.app.settings import Settings
from honghua.base.clock import SystemClock
from honghua.decision import api as decision
from honghua.store.database import run_unit

SHOWN = 40
NONE = "No alert waits for anybody. `honghua alerts list --all` shows those that were seen."


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `alerts` and its actions."""
    parser = verbs.add_parser("alerts")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    shown = actions.add_parser("list", help="alerts that nobody has seen, the newest first")
    shown.add_argument("--all", action="store_true", help="those that somebody has seen too, with who and when")
    shown.add_argument("--limit", type=int, default=SHOWN, help="how many (%(default)s)")
    seen = actions.add_parser("seen", help="say that you have seen alerts, and what you make of them")
    seen.add_argument("ids", type=int, nargs="+", metavar="ID")
    seen.add_argument("--by", required=True, metavar="PERSON", help="who has seen it")
    seen.add_argument("--why", default="", metavar="REMARK", help="what you make of it, kept")
    for action in (shown, seen):
        action.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Run one action; what waits in the outbox is delivered first, so nothing is late because no scheduler runs."""
    with open_book(settings, may_be_empty=True) as book:
        decision.deliver_alerts(book.conn, now=SystemClock().now())
        return _list(args, book) if args.action == "list" else _seen(args, book)


def _list(args: argparse.Namespace, book: Book) -> int:
    found = decision.list_alerts(book.conn, every=args.all, limit=args.limit)
    if args.json:
        print_json({"alerts": to_plain(found)})
        return 0
    console = Console(highlight=False, markup=False, soft_wrap=True)
    for alert in found:
        console.print(f"{alert.alert_id}  {alert.happened_at:%Y-%m-%d %H:%M}  {alert.kind}: {alert.subject}")
        console.print(f"    {alert.sentence}")
        if alert.seen_at is not None:
            said = "; ".join(remark for remark in alert.remarks if remark)
            when = f"{alert.seen_at:%Y-%m-%d %H:%M}"
            console.print(f"    seen by {', '.join(alert.seen_by)} since {when}" + (f": {said}" if said else ""))
    if not found:
        console.print(NONE if not args.all else "There was no alert yet.")
    elif not args.all:
        ids = shlex.join(str(alert.alert_id) for alert in found[:1])
        console.print(f"Seen: honghua alerts seen {ids} --by PERSON --why REMARK")
    return 0


def _seen(args: argparse.Namespace, book: Book) -> int:
    new = run_unit(
        book.conn,
        lambda conn: [
            number for number in args.ids if decision.mark_seen(conn, number, person=args.by, remark=args.why)
        ],
    )
    if args.json:
        print_json({"seen": args.ids, "new": new, "by": args.by})
    else:
        print(f"{len(args.ids)} seen by {args.by}" + ("" if len(new) == len(args.ids) else f", {len(new)} for the first time"))  # fmt: skip
    return 0
