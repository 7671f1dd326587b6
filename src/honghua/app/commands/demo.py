"""`honghua demo`: a small town of made-up purchases lives through the whole main job, in a database of its own."""

from __future__ import annotations

import argparse
import json
import sys
import time
from contextlib import AbstractContextManager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from honghua.app import ledger_view, statement_view
from honghua.app.book import Book
from honghua.app.commands.verify import verify
from honghua.app.demo_risk import live_risk, show_risk
from honghua.app.demo_scenes import Scenes, open_bank, scenes_digest
from honghua.app.demo_table import make_table, name_customer
from honghua.app.replay import Beside, Replay, replay_table
from honghua.app.replay_table import PurchaseTable, TableMap
from honghua.app.report import print_json, report_header
from honghua.app.settings import Settings, with_database
from honghua.base.checks import Check
from honghua.base.dates import from_day
from honghua.base.errors import BadInput
from honghua.credit import api as credit
from honghua.ledger import api as ledger
from honghua.store.control import make_url, reset_database
from honghua.store.database import Database, connect, open_database

DATABASE = "honghua_demo"
RISK_SUFFIX = "_risk"  # of the database of the market with rings
SEED = 20260301
SIZE_MAX = 100_000


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `demo`."""
    parser = verbs.add_parser(
        "demo", help=f"made-up purchases live through the main job, in a database of their own ({DATABASE})"
    )
    parser.add_argument("--customers", type=int, default=300, help="how many (%(default)s)")
    parser.add_argument("--days", type=int, default=120, help="of purchases (%(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="another town (%(default)s)")
    parser.add_argument("--fresh", action="store_true", help="drop the demo's database first")
    parser.add_argument("--no-risk", action="store_true", help="without the market with rings")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Live through it, or find that it has been lived; 1 when the books do not hold."""
    if not (1 <= args.customers <= SIZE_MAX and 1 <= args.days <= 1_000):
        raise BadInput(f"1 … {SIZE_MAX} customers and 1 … 1,000 days")
    started = time.perf_counter()
    # `--database NAME` chose another one already; the operator's own is never touched.
    mine = settings if args.database is not None else with_database(settings, DATABASE)
    bank_path = mine.store.state_dir / f"{mine.store.database_name}.fake-bank.jsonl"
    if args.fresh:
        bank_path.unlink(missing_ok=True)
    opened: AbstractContextManager[Database] = reset_database(mine.store) if args.fresh else open_database(mine.store)
    table = make_table(customers=args.customers, days=args.days, seed=args.seed)
    with opened as database, connect(database) as conn:
        before = ledger.count_entries(conn)
        names = [name_customer(k) for k in range(args.customers)]
        told = _live(database, table, args.seed, open_bank(bank_path, customers=names, seed=args.seed))
        checks = verify(database)
        unchanged = ledger.count_entries(conn) == before
        broken = [check.name for check in checks if not check.ok]
        if args.json:
            shown = {
                **told,
                "unchanged": unchanged,
                "verified": len(checks),
                "broken": broken,
                "database": database.name,
            }
            print_json({**report_header(seed=args.seed, started=started), **shown})
        else:
            book = Book(database, conn, credit.open_registry(conn))
            _show(book, told, checks, unchanged=unchanged, seconds=time.perf_counter() - started)
    if not args.no_risk and not args.json:
        broken += _show_risk(mine, args)
    if broken:
        print(f"honghua: {len(broken)} invariants are broken: {', '.join(broken)}", file=sys.stderr)
    return 1 if broken else 0


def _show_risk(mine: Settings, args: argparse.Namespace) -> list[str]:
    """The market with rings in a database of its own; names of what `verify` finds broken there."""
    settings = with_database(mine, f"{mine.store.database_name}{RISK_SUFFIX}")
    opened = reset_database(settings.store) if args.fresh else open_database(settings.store)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with opened as database, connect(database) as conn:
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("a market with rings")
            folder = settings.store.state_dir / "risk" / database.name
            tell = Beside(
                lambda day, done, total: bar.update(task, total=total, completed=done, description=str(day)), folder
            )
            told = live_risk(database, args.seed, tell)
        checks = verify(database)
        show_risk(Console(), conn, told, program=f"{_program()} --database {database.name}")
    return [f"{RISK_SUFFIX[1:]}: {check.name}" for check in checks if not check.ok]


def _live(database: Database, table: PurchaseTable, seed: int, bank: Any) -> dict[str, Any]:
    """The table, then the scenes after it; what was done before is not done again."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar, connect(database) as conn:
        task = bar.add_task("", total=len(table))
        told = replay_table(
            database,
            table,
            TableMap(),
            source="honghua demo",
            seed=seed,
            beside=Beside(lambda day, done, _: bar.update(task, completed=done, description=str(day))),
        )
        book = Book(database, conn, credit.open_registry(conn))
        replay = Replay(conn, book.registry, table, TableMap(), seed)
        first = from_day(int(table.day[-1]) + 1)
        names = sorted(set(table.customers))
        scenes = Scenes(book, bank, names, lambda name: replay.behaviour(name)[0], first)
        digest = scenes_digest(table.digest)
        state = credit.find_replay(conn, digest)
        if not (state and state[1]):
            bar.update(task, description="instalments, auto-debit, arrangements")
            scenes.live()
            note = json.dumps({"seed": seed})
            day = credit.get_business_day(conn)
            credit.save_replay(conn, digest, source="honghua demo, scenes", settings_json=note, day=day, finished=True)
        told["auto_debit"] = scenes.told()
        told["star"] = scenes.pick("full")
        told["entries"], told["lines"] = ledger.count_entries(conn)
        told["statements"], told["days_closed"] = credit.count_statements(conn), credit.count_closed_days(conn)
        told["business_on"] = credit.get_business_day(conn).isoformat()
    return told


def _show(book: Book, told: dict[str, Any], checks: tuple[Check, ...], *, unchanged: bool, seconds: float) -> None:
    """One customer, the books, the audit, and what to try next."""
    console = Console()
    star, conn = told["star"], book.conn
    view = credit.find_account_view(conn, book.registry, star)
    if view is not None:
        console.print(statement_view.account_page(view, credit.list_statements(conn, book.registry, star, limit=4)))
    console.print(ledger_view.trial_table(told["currency"], ledger.trial_balance(conn, currency=told["currency"])))
    holds = sum(check.ok for check in checks)
    looked = sum(check.checked for check in checks)
    console.print(f"[bold]honghua verify[/]: {holds} of {len(checks)} invariants hold ({looked:,} things looked at).")
    if unchanged:
        console.print(
            "Everything had been lived through before: nothing was changed. `honghua demo --fresh` begins anew."
        )
    else:
        debit = told["auto_debit"]
        money = ledger_view.money(debit["paid_minor"], told["currency"])
        console.print(
            f"Lived until {told['business_on']}: {told['purchases']:,} purchases ({told['refused']:,} refused), "
            f"{told['statements']:,} statements, {told['entries']:,} entries. "
            f"Auto-debit by a {debit['bank']}: {debit['paid']} paid ({money}), "
            f"{debit['declined']} declined, {debit['timed_out']} timeouts. {seconds:.1f} s.",
            soft_wrap=True,
        )
    _advise(console, book.database, star)


def _advise(console: Console, database: Database, star: str) -> None:
    honghua = f"{_program()} --database {database.name}"
    console.print("\n[bold]Look on[/]")
    for words, what in (
        (f"statement {star}", "this account; --number N for one statement with its items"),
        (f"account history {star}", "facts and entries in order"),
        (f"account quote {star} 1200", "instalments with their cost table"),
        (f"account buy {star} 25.80 --merchant 巷口咖啡", "buy something; the key it prints never works twice"),
        ("eod close", "close the business date"),
        ("ledger trial", "the books"),
        ("decision replay --sample 1000", "judge recorded decisions again"),
        ("verify", "recompute every invariant"),
        ("db psql", f"look with SQL ({make_url(database.dsn)})"),
    ):
        console.print(f"  {honghua} {words}", highlight=False, soft_wrap=True)
        console.print(f"      {what}", style="dim", highlight=False, soft_wrap=True)


def _program() -> str:
    """How this program was called, as far as a person can call it again."""
    return sys.argv[0] if sys.argv[0].endswith("honghua") else "honghua"
