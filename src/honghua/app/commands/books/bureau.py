"""`honghua bureau …`: what is filed with the credit bureau, what people see of it, whom we asked about, who objects."""

from __future__ import annotations

import argparse
import datetime as dt
import getpass
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from honghua.app.book import Book, open_book, to_plain
from honghua.app.clockwork.books import NOT_BEGUN
from honghua.app.doors.outside.wiring import find_routings
from honghua.app.filing.monthly import file_all, share_all
from honghua.app.report import print_json
from honghua.app.settings import Settings, load_settings
from honghua.base.clock import SystemClock
from honghua.base.errors import BadInput, Refusal
from honghua.base.money import format_minor
from honghua.bureau import api as bureau
from honghua.credit import api as credit
from honghua.store.database import run_unit

Act = Callable[[Book, argparse.Namespace], Any]
LISTED_MAX: Final = 1_000
VERB_HELP: Final = {
    "run": "file the month that has closed, correct older ones, repair: what the job does every hour",
    "files": "the files made so far; with --out they are written there, bit by bit as they were",
    "report": "somebody's own report: what is shown on a day, who asked and why, notices, objections",
    "objections": "what waits for an answer, the most urgent first",
    "answer": "the written result of an objection; `corrected` needs a corrected record, `repaired` a repair",
    "raw": "every version of every record, for auditors: who looks and why is written down",
}


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `bureau` and its actions."""
    parser = verbs.add_parser("bureau")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    made = {name: actions.add_parser(name, help=text, description=text) for name, text in VERB_HELP.items()}
    for action in made.values():
        action.add_argument("--json", action="store_true", help="print one JSON object; amounts in minor units")
    made["run"].add_argument("--policies", type=Path, help="repair policies of this TOML file instead of ours")
    made["files"].add_argument("--out", type=Path, help="a folder; each file becomes FILE-REPORTER-MONTH.jsonl")
    made["report"].add_argument("customer", help="the customer's reference")
    made["report"].add_argument("--on", type=dt.date.fromisoformat, help="as it shows on this day (the business date)")
    made["answer"].add_argument("number", type=int, help="of the objection")
    made["answer"].add_argument("--outcome", required=True, choices=("corrected", "confirmed", "repaired"))
    made["answer"].add_argument("--answer", required=True, help="in words, to the person")
    made["raw"].add_argument("customer", help="the customer's reference")
    made["raw"].add_argument("--role", required=True, help="only an auditor sees raw records")
    made["raw"].add_argument("--why", required=True, help="the reason, kept")
    made["run"].add_argument("--zone", default="Asia/Shanghai", help="of the business date (%(default)s)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Run one action; exit 1 for a refusal."""
    with open_book(settings) as book:
        found = ACTIONS[args.action](book, args)
    if isinstance(found, Refusal):
        raise BadInput(found.sentence, code=found.code)
    if args.json:
        print_json({args.action: to_plain(found)})
    elif isinstance(found, bureau.OwnReport):
        _show_report(found)
    else:
        _show_rows(args.action, found if isinstance(found, list) else [found])
    return 0


def _run(book: Book, args: argparse.Namespace) -> Any:
    policies = bureau.load_policies(path=args.policies) if args.policies else None
    now = SystemClock().now()
    share_all(book.conn, find_routings(load_settings()), now=now)  # lenders report their own parts
    done = file_all(book.conn, now=now, zone=ZoneInfo(args.zone), policies=policies)
    return {"told": NOT_BEGUN if done is None else done.tell()}


def _files(book: Book, args: argparse.Namespace) -> Any:
    rows = []
    for header, digest, made_at in bureau.list_files(book.conn, limit=LISTED_MAX):
        name = f"{header.file_id}-{header.reporter.replace(' ', '_')}-{header.month:%Y-%m}.jsonl"
        rows.append({"file": name, "records": header.records, "digest": digest.hex(), "made_at": made_at.isoformat()})
        if args.out is not None:
            args.out.mkdir(parents=True, exist_ok=True)
            (args.out / name).write_bytes(bureau.make_file_again(book.conn, header))
    return rows


def _report(book: Book, args: argparse.Namespace) -> Any:
    return bureau.view_own_report(book.conn, args.customer, on=args.on or credit.get_business_day(book.conn))


def _objections(book: Book, _args: argparse.Namespace) -> Any:
    return bureau.list_objections(book.conn, limit=LISTED_MAX)


def _answer(book: Book, args: argparse.Namespace) -> Any:
    by, now = f"command line of {getpass.getuser()}", SystemClock().now()
    say = partial(bureau.answer_objection, outcome=args.outcome, answer=args.answer, by=by, now=now)
    return run_unit(book.conn, lambda c: say(c, args.number))


def _raw(book: Book, args: argparse.Namespace) -> Any:
    viewer, now = f"command line of {getpass.getuser()}", SystemClock().now()
    look = partial(bureau.read_raw, customer=args.customer, role=args.role, viewer=viewer, why=args.why, now=now)
    return run_unit(book.conn, look)


ACTIONS: Final[dict[str, Act]] = {
    "run": _run, "files": _files, "report": _report, "objections": _objections, "answer": _answer, "raw": _raw,
}  # fmt: skip


def _show_report(found: bureau.OwnReport) -> None:
    report, console = found.report, Console()
    summary = report.summary
    console.print(
        f"[bold]{report.customer}[/] on {report.on}: {summary.accounts} accounts, {summary.lenders} lenders, "
        f"{summary.overdue_months} overdue months, worst status {summary.worst_status}"
    )
    table = Table("account", "type", "lender", "24 months", "line", "balance", "overdue", "disputed")
    for one in report.accounts:
        amounts = (format_minor(minor, "CNY") for minor in (one.line_minor, one.balance_minor, one.overdue_minor))
        marked = "yes" if one.is_disputed else ""
        table.add_row(str(one.account_id), one.account_type, one.reporter, one.strip, *amounts, marked)
    console.print(table)
    for title, rows in (("asked", found.inquiries), ("told", found.notices), ("objected", found.objections)):
        if rows:
            _show_rows(title, list(rows))


def _show_rows(title: str, rows: list[Any]) -> None:
    plain = [to_plain(row) for row in rows]
    if not plain:
        Console().print(f"{title}: nothing")
        return
    table = Table(*plain[0].keys(), title=title)
    for row in plain:
        table.add_row(*(str(value) for value in row.values()))
    Console().print(table)
