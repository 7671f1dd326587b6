"""`honghua lists …`: who stands on which list, since when, until when, and why."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from honghua.app.book import Book, open_book, to_plain
from honghua.app.report import print_json
from honghua.app.settings import Settings
from honghua.base.clock import SystemClock
from honghua.base.errors import BadInput, Problem
from honghua.decision import api as decision
from honghua.store.database import run_unit

SHOWN = 1_000
PROBLEMS_SHOWN = 20
VERB_HELP = {
    "add": "put entities on a list",
    "remove": "take entities off a list",
    "show": "what stands on the lists now",
    "import": "put the rows of a CSV on a list: columns key and, if wanted, expires_at",
}


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `lists` and its actions."""
    parser = verbs.add_parser("lists")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    made = {name: actions.add_parser(name, help=text, description=text) for name, text in VERB_HELP.items()}
    made["show"].add_argument("list", nargs="?", help="one list only")
    made["show"].add_argument("--limit", type=int, default=SHOWN, help="how many at most (%(default)s)")
    for name in ("add", "remove", "import"):
        made[name].add_argument("list", help="deny, allow, exclusion, or a name that a policy asks on_list() for")
        made[name].add_argument("entity", help="customer, merchant, device, address, payee, category or region")
        made[name].add_argument("--by", required=True, metavar="PERSON", help="who does this")
        made[name].add_argument("--why", required=True, help="the reason, kept")
    for name in ("add", "remove"):
        made[name].add_argument(
            "keys", nargs="+", metavar="KEY", help="as the outside world writes it; #123 is the key 123 itself"
        )
    made["add"].add_argument("--until", help="a day or an instant; without it until removed")
    made["import"].add_argument("file", type=Path)
    made["import"].add_argument("--skip-bad", action="store_true", help="import the good rows though others are wrong")
    for action in made.values():
        action.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Run one action; 1 when rows of an import were wrong."""
    with open_book(settings, may_be_empty=True) as book:
        if args.action == "show":
            return _show(args, book)
        if args.action == "import":
            return _import(args, book)
        where, act = decision.ListName(args.list, args.entity), decision.Act(args.by, args.why)
        if args.action == "add":
            until = None if args.until is None else decision.read_instant(args.until)
            if until is not None and until <= SystemClock().now():
                raise BadInput(f"{args.until} is past", code="EXPIRED")
            entries = [decision.Listed(key, until) for key in args.keys]
            count = run_unit(book.conn, lambda conn: decision.add_entries(conn, where, entries, act))
        else:
            count = run_unit(book.conn, lambda conn: decision.remove_entries(conn, where, args.keys, act))
        _tell(args, book, {args.action.rstrip("e") + "ed": count}, f"{count} {args.action.rstrip('e')}ed")
    return 0


def _tell(args: argparse.Namespace, book: Book, told: dict[str, Any], sentence: str) -> None:
    readers = decision.find_readers(book.conn).get(args.list, ())
    if args.json:
        print_json({"list": args.list, "entity": args.entity, "read_by": list(readers), **told})
    else:
        print(f"{args.list}: {sentence}, in force at the next batch")
        if not readers:
            print(f'mind: no policy that judges now reads on_list("{args.list}"): `honghua release status`')


def _import(args: argparse.Namespace, book: Book) -> int:
    where, act = decision.ListName(args.list, args.entity), decision.Act(args.by, args.why)
    try:
        with args.file.open(encoding="utf-8-sig", newline="") as lines:
            good, problems = decision.read_csv(lines, now=SystemClock().now())
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"cannot read {args.file}: {error}", code="FILE_UNREADABLE") from error
    keep = bool(good) and (not problems or args.skip_bad)
    count = run_unit(book.conn, lambda conn: decision.add_entries(conn, where, good, act)) if keep else 0
    _show_problems(problems)
    _tell(
        args,
        book,
        {"added": count, "problems": to_plain(problems[:SHOWN]), "wrong": len(problems)},
        f"{count:,} added, {len(problems):,} wrong",
    )
    return 1 if problems else 0


def _show_problems(problems: list[Problem]) -> None:
    for problem in problems[:PROBLEMS_SHOWN]:
        print(problem, file=sys.stderr)
    if len(problems) > PROBLEMS_SHOWN:
        print(f"… and {len(problems) - PROBLEMS_SHOWN:,} more", file=sys.stderr)


def _show(args: argparse.Namespace, book: Book) -> int:
    if args.limit < 1:
        raise BadInput("--limit must be at least 1")
    entries = decision.list_entries(book.conn, name=args.list, now=SystemClock().now(), limit=args.limit)
    if args.json:
        print_json({"entries": to_plain(entries)})
        return 0
    table = Table("list", "entity", "key", "until", "since", "by", "why", box=None)
    for entry in entries:
        until = "no end" if entry.expires_at is None else f"{entry.expires_at:%Y-%m-%d %H:%M}"
        table.add_row(
            entry.list, entry.entity, entry.label, until, f"{entry.since:%Y-%m-%d %H:%M}", entry.person, entry.why
        )
    Console(markup=False).print(table)
    if not entries:
        print("nobody is listed: `honghua lists add deny device KEY --by YOU --why REASON`", file=sys.stderr)
    return 0
