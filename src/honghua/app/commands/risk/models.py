"""`honghua models …`: the register of models: what is filed, who holds which seat, how they do by night, and the word of a person."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import psycopg
from rich.console import Console

from honghua.app.book import Book, open_book
from honghua.app.report import print_json
from honghua.app.settings import Settings
from honghua.base.clock import SystemClock
from honghua.base.errors import BadInput, Refusal
from honghua.models.registry import api as registry
from honghua.store.database import run_unit

SHOWN = 50
NIGHTS = 14


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `models` and its actions."""
    parser = verbs.add_parser("models")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listed = actions.add_parser("list", help="versions, by segment, purpose or standing")
    listed.add_argument("--segment")
    listed.add_argument("--purpose")
    listed.add_argument("--status", choices=[status.value for status in registry.Status])
    listed.add_argument("--after", type=int, default=0, metavar="ID", help="go on behind this version")
    listed.add_argument("--limit", type=int, default=SHOWN, help="how many (%(default)s)")
    shown = actions.add_parser("show", help="one version: lineage, examination, history, nights and vintages")
    challenge = actions.add_parser("challenge", help="let a candidate run beside the champion")
    promote = actions.add_parser("promote", help="make a version champion on the trial that it was filed with")
    back = actions.add_parser("rollback", help="the champion goes, the one before it comes back")
    back.add_argument("segment")
    back.add_argument("purpose")
    retired = actions.add_parser("retire", help="take a version out that holds no seat")
    for action in (shown, challenge, promote, retired):
        action.add_argument("id", type=int, metavar="ID")
    for action in (challenge, promote, back, retired):
        action.add_argument("--by", required=True, metavar="PERSON", help="who says so; never who made it")
        action.add_argument("--why", required=True, metavar="REASON", help="kept in the history")
    for action in (listed, shown, challenge, promote, back, retired):
        action.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Run one action; 1 for what the register refuses."""
    with open_book(settings, may_be_empty=True) as book:
        if args.action == "list":
            return _list(args, book)
        if args.action == "show":
            return _show(args, book)
        return _move(args, book)


def _list(args: argparse.Namespace, book: Book) -> int:
    status = None if args.status is None else registry.Status(args.status)
    found = registry.list_versions(
        book.conn, segment=args.segment, purpose=args.purpose, status=status, after=args.after, limit=args.limit
    )
    if args.json:
        print_json({"models": [tell_version(row) for row in found]})
        return 0
    console = Console(highlight=False, markup=False, soft_wrap=True)
    for row in found:
        console.print(_line(row))
    if not found:
        console.print("No model is filed here.")
    elif len(found) == args.limit:
        console.print(f"More: honghua models list --after {found[-1].version_id}")
    return 0


def _show(args: argparse.Namespace, book: Book) -> int:
    row = registry.get_version(book.conn, args.id)
    examination = registry.load_examination(book.conn, args.id)
    acts = registry.list_acts(book.conn, args.id)
    days = registry.list_days(book.conn, args.id, limit=NIGHTS)
    vintages = registry.list_vintages(book.conn, args.id)
    if args.json:
        told = {
            **tell_version(row), "examination": examination,
            "acts": [{"at": one.at.isoformat(), "before": one.before, "after": one.after, "person": one.person, "why": one.why,
                      "evidence": one.evidence} for one in acts],
            "nights": [{"day": one.on_day.isoformat(), "rows": one.rows, "score_psi": one.score_psi, "column_psi": one.column_psi,
                        "worst_column": one.worst_column, "null_change": one.null_change, "alarms": one.alarms} for one in days],
            "vintages": [{"month": one.month.isoformat(), "labelled": one.labelled, "ones": one.ones, "said": one.said,
                          "auc": None if one.auc is None else one.auc.mid, "alarms": one.alarms} for one in vintages],
        }  # fmt: skip
        print_json(told)
        return 0
    console = Console(highlight=False, markup=False, soft_wrap=True)
    console.print(_line(row))
    console.print(
        f"    by {row.made_by}, run {row.run_id}, from rows until {row.fitted_until}, parent {row.parent or 'none'}"
    )
    for problem in (examination or {"problems": ["nobody examined it"]})["problems"]:
        console.print(f"    problem: {problem}")
    for act in acts:
        console.print(f"    {act.at:%Y-%m-%d %H:%M}  {act.before or 'filed'} → {act.after} by {act.person}: {act.why}")
    for day in days:
        said = "; ".join(day.alarms) or "as at the fitting"
        console.print(f"    {day.on_day}  {day.rows:,} rows, score PSI {day.score_psi:.3f}: {said}")
    for one in vintages:
        ranked = "" if one.auc is None else f", AUC {one.auc.mid:.3f}"
        said = "; ".join(one.alarms) or "as said"
        console.print(
            f"    {one.month:%Y-%m}  {one.ones:,} of {one.labelled:,} defaulted, {one.said:.0f} were said{ranked}: {said}"
        )
    return 0


def _move(args: argparse.Namespace, book: Book) -> int:
    now = SystemClock().now()

    def promote(conn: psycopg.Connection) -> registry.VersionRow | Refusal:
        told = registry.load_examination(conn, args.id)
        if told is None:
            raise BadInput(f"version {args.id} was filed without an examination, so nothing speaks for it")
        trial = registry.trial_of(registry.KeptExamination(told))
        return registry.promote(conn, args.id, trial, word=(args.by, args.why), now=now)

    moves: dict[str, Callable[[psycopg.Connection], registry.VersionRow | Refusal]] = {
        "challenge": lambda c: registry.challenge(c, args.id, person=args.by, why=args.why, now=now),
        "promote": promote,
        "rollback": lambda c: registry.roll_back(c, args.segment, args.purpose, person=args.by, why=args.why, now=now),
        "retire": lambda c: registry.retire(c, args.id, person=args.by, why=args.why, now=now),
    }
    answer = run_unit(book.conn, moves[args.action])
    if isinstance(answer, Refusal):
        if args.json:
            print_json({"refused": answer.code, "sentence": answer.sentence})
        else:
            print(f"Refused [{answer.code}]: {answer.sentence}")
        return 1
    if args.json:
        print_json(tell_version(answer))
    else:
        print(_line(answer))
    return 0


def tell_version(row: registry.VersionRow) -> dict[str, Any]:
    """A version as JSON."""
    return {
        "id": row.version_id, "segment": row.segment, "purpose": row.purpose, "number": row.number, "kind": row.kind,
        "status": row.status.value, "digest": row.digest.hex(), "columns": list(row.columns), "figures": dict(row.figures),
        "passed": row.passed, "data_digest": row.data_digest.hex(), "run": row.run_id, "parent": row.parent,
        "fitted_until": row.fitted_until.isoformat(), "made_by": row.made_by, "made_at": row.made_at.isoformat(),
        "changed_at": row.changed_at.isoformat(),
    }  # fmt: skip


def _line(row: registry.VersionRow) -> str:
    auc = row.figures.get("auc")
    shown = auc[1] if isinstance(auc, list) and len(auc) == 3 else auc
    ranked = f", AUC {shown:.3f}" if isinstance(shown, int | float) else ""
    passed = "" if row.passed else ", examination NOT passed"
    name = f"{row.version_id}  {row.segment} / {row.purpose} version {row.number}"
    return f"{name}: {row.status.value}, {row.kind} {row.digest.hex()[:12]}{ranked}{passed}"
