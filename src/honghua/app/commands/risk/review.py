"""`honghua review …`: purchases that wait for a person: look, claim one, speak. The word is a label that the models learn from."""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from honghua.app.book import Book, open_book, to_plain
from honghua.app.release_view import plain_edges, print_edges
from honghua.app.report import print_json
from honghua.app.settings import Settings
from honghua.base.clock import SystemClock, from_micros
from honghua.base.errors import NotFound
from honghua.base.money import format_minor
from honghua.credit import jobs
from honghua.credit.core import Suspension
from honghua.decision import api as decision

SHOWN = 20
TIE_DAYS = 30
SCORES = ("fused", "crowd", "rhythm", "merchant")
VERB_HELP = {
    "list": "purchases that wait for a reviewer, oldest first",
    "claim": "take one, so that nobody else does, and see what is known of it",
    "decide": "let a claimed purchase go on, or end it; the word becomes a label",
}
EMPTY = "Nothing waits for a reviewer. Purchases come here when a policy says review(…): `honghua policy show`."


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a waiting purchase: how long it waits, what the detectors said and why, where the customer has been."""

    suspension: Suspension
    customer: str
    claimed_by: str | None
    happened_at: dt.datetime
    expires_at: dt.datetime
    scores: Mapping[str, float | None]
    reason: str
    why: tuple[str, ...]
    ties: tuple[jobs.Tie, ...]

    def age(self, now: dt.datetime) -> dt.timedelta:
        """How long it has waited."""
        return now - self.happened_at

    def plain(self, now: dt.datetime) -> dict[str, Any]:
        """As JSON holds it."""
        one = self.suspension
        return {
            "id": one.suspension_id, "customer": self.customer, "amount_minor": one.amount_minor, "merchant": one.merchant,
            "category": one.category, "order": one.order, "happened_at": self.happened_at.isoformat(),
            "age_seconds": round(self.age(now).total_seconds()), "expires_at": self.expires_at.isoformat(),
            "is_late": now > self.expires_at, "claimed_by": self.claimed_by, "scores": dict(self.scores),
            "reason": self.reason, "why": list(self.why), "edges": [to_plain(tie) for tie in self.ties],
        }  # fmt: skip


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `review` and its actions."""
    parser = verbs.add_parser("review")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    made = {name: actions.add_parser(name, help=text, description=text) for name, text in VERB_HELP.items()}
    made["list"].add_argument("--limit", type=int, default=SHOWN, help="how many (%(default)s)")
    made["claim"].add_argument("id", type=int, nargs="?", metavar="ID", help="which (default: the oldest that is free)")
    made["decide"].add_argument("id", type=int, metavar="ID")
    word = made["decide"].add_mutually_exclusive_group(required=True)
    word.add_argument("--approve", action="store_true", help="the customer may go on with it")
    word.add_argument("--refuse", action="store_true", help="it was a fraud: it ends here")
    for name, action in made.items():
        action.add_argument("--json", action="store_true", help="print one JSON object; amounts in minor units")
        if name != "list":
            action.add_argument("--by", required=True, metavar="PERSON", help="the reviewer")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Run one action; 0 done or told, 1 refused or nothing to be had."""
    with open_book(settings) as book:
        return ACTIONS[args.action](args, book, SystemClock().now())


def _list(args: argparse.Namespace, book: Book, now: dt.datetime) -> int:
    found = [
        learn(book, item.suspension, item.customer, item.claimed_by)
        for item in jobs.list_queue(book.conn, now=now, limit=args.limit)
    ]
    if args.json:
        print_json({"waiting": [one.plain(now) for one in found]})
        return 0
    console = Console(highlight=False, markup=False)
    if not found:
        console.print(EMPTY, soft_wrap=True)
        return 0
    table = Table("id", "waits", "left", "customer", "amount", "merchant", "score", "why", "claimed by", box=None)
    for one in found:
        left = one.expires_at - now
        table.add_row(
            str(one.suspension.suspension_id), say_span(one.age(now)), say_span(left) if left > dt.timedelta() else "late",
            one.customer, format_minor(one.suspension.amount_minor, _currency(book)), one.suspension.merchant,
            say_score(one.scores.get("fused")), one.reason, one.claimed_by or "",
        )  # fmt: skip
    console.print(table)
    console.print("Take one: honghua review claim [ID] --by PERSON", soft_wrap=True)
    return 0


def _claim(args: argparse.Namespace, book: Book, now: dt.datetime) -> int:
    taken = jobs.claim(book.conn, reviewer=args.by, now=now, suspension_id=args.id)
    if taken is None:
        waits = jobs.list_queue(book.conn, now=now, limit=1)
        text = "everything that waits is claimed by others" if waits else EMPTY
        if args.id is not None:
            text = f"{args.id} does not wait for a reviewer, or somebody else has claimed it: honghua review list"
        if args.json:
            print_json({"claimed": None, "sentence": text})
        else:
            print(text)
        return 1
    customer = jobs.find_customer(book.conn, taken.suspension_id) or ""
    one = learn(book, taken, customer, args.by, find_scorer=decision.find_scorer)
    evidence = decision.find_evidence(book.conn, taken.suspension_id)
    if args.json:
        print_json({"claimed": one.plain(now) | {"edges_of_things": plain_edges(book.conn, evidence)}})
    else:
        show(one, evidence, book, (now, args.by))
    return 0


def show(one: Known, evidence: decision.Evidence | None, book: Book, seen: tuple[dt.datetime, str]) -> None:
    """A reviewer's page: the purchase, what was said of it and why, where the customer has been, who shares its things, what to do.

    seen: when, and by which reviewer.
    """
    now, by = seen
    console = Console(highlight=False, markup=False, soft_wrap=True)
    currency, what = _currency(book), one.suspension
    console.print(
        f"{what.suspension_id}: {one.customer} wants {format_minor(what.amount_minor, currency)} {currency}"
        f" of {what.category} at {what.merchant}, order {what.order}"
    )
    left = one.expires_at - now
    sla = f"ends by itself in {say_span(left)}" if left > dt.timedelta() else "its time is over: it can only lapse"
    console.print(f"waits {say_span(one.age(now))}, {sla}")
    console.print(f"because {one.reason}; " + ", ".join(f"{name} {say_score(one.scores.get(name))}" for name in SCORES))
    for line in one.why:
        console.print(f"  {line}")
    if one.ties:
        table = Table("merchant", "purchases", "turned away", "amount", "last", title=None, box=None)
        for tie in one.ties:
            table.add_row(
                tie.merchant, str(tie.purchases), str(tie.turned_away), format_minor(tie.amount_minor, currency),
                tie.last_at.isoformat(timespec="minutes"),
            )  # fmt: skip
        console.print(f"\nWhere {one.customer} bought in the {TIE_DAYS} days before:")
        console.print(table)
    print_edges(console, book.conn, evidence)
    console.print(f"\nhonghua decision show {what.suspension_id}        rules and every figure")
    console.print(f"honghua review decide {what.suspension_id} --by {by} --approve   (or --refuse)")


def _decide(args: argparse.Namespace, book: Book, now: dt.datetime) -> int:
    answer = jobs.decide_review(
        book.conn, book.registry, args.id, reviewer=args.by, approve=args.approve, now=now
    )  # fmt: skip
    if args.json:
        print_json(answer)
    elif answer["outcome"] == "done":
        said = "the customer may go on with the order" if args.approve else "the order ends here"
        label = "cleared" if args.approve else "fraud"
        print(f"{args.id} {answer['state']}: {said}. Noted as a label of this purchase: {label}.")
    else:
        print(f"refused [{answer['code']}] {answer['sentence']} {answer['sentence_en']}")
        if answer["code"] == "NOT_CLAIMED":
            print(f"honghua review claim {args.id} --by {args.by}")
    return 0 if answer["outcome"] == "done" else 1


ACTIONS: dict[str, Callable[[argparse.Namespace, Book, dt.datetime], int]] = {
    "list": _list,
    "claim": _claim,
    "decide": _decide,
}


def learn(
    book: Book,
    what: Suspension,
    customer: str,
    claimed_by: str | None,
    *,
    find_scorer: decision.FindScorer | None = None,
) -> Known:
    """Put together what is known of a waiting purchase. find_scorer: run the model again for its reasons in words."""
    trace = decision.find_trace(book.conn, what.suspension_id, find_scorer=find_scorer)
    if trace is None:
        raise NotFound(f"no decision {what.suspension_id} is recorded", code="DECISION_UNKNOWN")
    at = dt.datetime.fromisoformat(trace.happened_at)
    ties = jobs.list_ties(book.conn, what.account_id, since=at - dt.timedelta(days=TIE_DAYS), until=at)
    scores = {name: trace.inputs.get(name) for name in SCORES}
    reason = f"{trace.reason}: {trace.agent}" if trace.agent else trace.reason
    return Known(
        what, customer, claimed_by, at, from_micros(what.expires_us), scores, reason, trace.models, tuple(ties)
    )  # fmt: skip


def _currency(book: Book) -> str:
    return book.registry.newest_terms.currency


def say_span(span: dt.timedelta) -> str:
    """A length of time in its largest two units: 2 d 3 h, 14 min."""
    minutes = max(0, int(span.total_seconds()) // 60)
    days, hours = minutes // 1440, minutes % 1440 // 60
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def say_score(score: float | None) -> str:
    """A chance with two digits, a dash where no model has spoken."""
    return "–" if score is None else f"{score:.2f}"


__all__ = ["Known", "learn", "register", "run", "say_span", "show"]
