"""`honghua rulebook …`: which rulebook judges applications and limits, proposed by one person and approved by another."""

from __future__ import annotations

import argparse
import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import psycopg
from rich.console import Console

from honghua.app.book import open_book, to_plain
from honghua.app.report import print_json
from honghua.app.settings import Settings
from honghua.base.clock import SystemClock
from honghua.base.errors import BadInput
from honghua.credit import api as credit
from honghua.limits import api as limits
from honghua.limits.core import EXAMPLE_SEGMENTS, Moment, Rulebook, rulebook_from_body
from honghua.store.database import run_unit

FILE_BYTES_MAX: Final = 2_000_000


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `rulebook` and its actions."""
    parser = verbs.add_parser("rulebook")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    shown = actions.add_parser("show", help="the rulebook in force, or one by number: edit it and propose it")
    shown.add_argument(
        "--example-segments",
        action="store_true",
        help="with the example of segments that is shipped and in force nowhere",
    )
    shown.add_argument("--on", type=dt.date.fromisoformat, help="business date (today's)")
    listed = actions.add_parser("list", help="proposals with the last word on each, and what was put in force")
    proposed = actions.add_parser("propose", help="propose a rulebook from a file as `show --json` prints it")
    proposed.add_argument("file", type=Path, help="JSON with terms, source, willingness, ability, vocabulary")
    reviewed = actions.add_parser("review", help="approve, or turn down, what another person proposed")
    reviewed.add_argument("release", type=int, help="its number")
    reviewed.add_argument("--digest", required=True, help="the first digits of what you looked at, at least 8")
    reviewed.add_argument("--reject", action="store_true", help="turn it down")
    activated = actions.add_parser("activate", help="put an approved rulebook in force")
    activated.add_argument("release", type=int, help="its number")
    activated.add_argument("--from", dest="from_on", type=dt.date.fromisoformat, help="business date (today's)")
    back = actions.add_parser("rollback", help="what was in force before judges again from today")
    for action in (proposed, reviewed, activated, back):
        action.add_argument("--by", required=True, help="who does it")
        action.add_argument("--why", required=True, help="the reason")
    for action in (shown, listed, proposed, reviewed, activated, back):
        action.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Run one action; each is one transaction."""
    now = SystemClock().now()
    with open_book(settings) as book:
        found = run_unit(book.conn, lambda conn: _act(conn, args, now))
    if args.json:
        print_json(found)
    else:
        console = Console(highlight=False, markup=False, soft_wrap=True)
        for name, value in found.items():
            console.print(f"{name}: {value}")
    return 0


def _act(conn: psycopg.Connection, args: argparse.Namespace, now: dt.datetime) -> dict[str, Any]:
    at = Moment(on=credit.get_business_day(conn), now=now)
    if args.action == "show":
        book = limits.get_rulebook(conn, on=args.on or at.on)
        if args.example_segments:
            book = replace(book, terms=replace(book.terms, version=book.terms.version + 1, segments=EXAMPLE_SEGMENTS))
        return {"digest": book.digest.hex(), "features": list(book.features), **book.body()}
    if args.action == "list":
        releases, seats = limits.list_rulebooks(conn)
        return {"releases": [_tell(one) for one in releases], "in_force": to_plain(seats)}
    said = limits.Signed(args.by, args.why)
    if args.action == "propose":
        return _tell(limits.propose_rulebook(conn, _read(args.file), said, now=now))
    if args.action == "review":
        reviewed = limits.review_rulebook(
            conn, args.release, said, approved=not args.reject, digest=args.digest, now=now
        )
        return _tell(reviewed)
    if args.action == "activate":
        seat = limits.activate_rulebook(conn, args.release, said, at=at, from_on=args.from_on or at.on)
        return dict(to_plain(seat))
    return dict(to_plain(limits.roll_back_rulebook(conn, said, at=at)))


def _tell(release: limits.RulebookRelease) -> dict[str, Any]:
    return {**to_plain(release), "digest": release.digest.hex()}


def _read(path: Path) -> Rulebook:
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise BadInput(f"{path} is larger than {FILE_BYTES_MAX} bytes", code="UNREADABLE_FILE")
        body = json.loads(path.read_text(encoding="utf-8"))
        if body["vocabulary"] != Rulebook().body()["vocabulary"]:
            raise BadInput("a rulebook over other inputs than this program gives", code="VOCABULARY_OTHER")
        return rulebook_from_body(body)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{path} is no rulebook: {error}", code="UNREADABLE_FILE") from error


__all__ = ["register", "run"]
