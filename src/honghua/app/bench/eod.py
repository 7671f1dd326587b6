"""`honghua bench eod`: a full end of day with statements over n accounts, every one of them at its cut."""

from __future__ import annotations

import argparse
import resource
import sys
import time
from typing import Any, Final

import psycopg
from psycopg import sql

from honghua.app.bench.portfolio import BUSINESS_DAY, lay_down
from honghua.base.errors import BadInput
from honghua.credit.jobs import DayReport, close_day
from honghua.store.database import Database, connect, scratch_database
from honghua.store.settings import StoreSettings

WARM_UP_ACCOUNTS: Final = 100


def register(benches: Any) -> None:
    """Arguments of the bench."""
    parser: argparse.ArgumentParser = benches.add_parser("eod", help="accounts/s of a full end of day with statements")
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=20261121)
    parser.set_defaults(bench=run)


def run(args: argparse.Namespace, store: StoreSettings) -> dict[str, Any]:
    """Lay the portfolio down (not measured), settle the tables, then close the day once (measured, wall clock).

    A small book is closed first: kernels are compiled before the clock starts.
    """
    if args.accounts < 1:
        raise BadInput("at least 1 account is needed", code="BAD_SIZE")
    with scratch_database(store) as database:
        close_portfolio(database, accounts=WARM_UP_ACCOUNTS, seed=args.seed, workers=1)
    with scratch_database(store) as database:
        report, laid_s, seconds = close_portfolio(
            database, accounts=args.accounts, seed=args.seed, workers=args.workers
        )
    assert report.day == BUSINESS_DAY
    assert report.statements == args.accounts
    return {
        "accounts": args.accounts, "accounts_per_s": round(report.accounts / seconds), "statements": report.statements,
        "entries": report.entries, "lines": report.lines, "quarantined": report.quarantined, "workers": args.workers,
        "shards": report.shards, "close_seconds": round(seconds, 3), "lay_down_seconds": round(laid_s, 1),
        "goal_accounts_per_s": 18_500, "stretch_accounts_per_s": 50_000,
        "hours_for_400_million": round(400e6 * seconds / report.accounts / 3600, 2),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }  # fmt: skip


def close_portfolio(database: Database, *, accounts: int, seed: int, workers: int) -> tuple[DayReport, float, float]:
    """Fill an empty book and close its day: the report, seconds of filling, seconds of closing."""
    with connect(database) as conn:
        started = time.perf_counter()
        lay_down(
            conn,
            accounts=accounts,
            seed=seed,
            progress=lambda n: print(f"\rlaid down {n:,}", end="", file=sys.stderr),
        )
        laid_s = time.perf_counter() - started
        settle(database.owner_dsn)
        started = time.perf_counter()
        report = close_day(database, workers=workers)
        return report, laid_s, time.perf_counter() - started


def settle(owner_dsn: str) -> None:
    """Give the measured run the tables as a running system has them: vacuumed, analysed; no clean-up of the filling runs beside it."""
    with psycopg.connect(owner_dsn, autocommit=True) as conn:
        for table in ("credit_account", "ledger_balance", "ledger_entry", "ledger_owner", "store_fact"):
            conn.execute(sql.SQL("VACUUM (ANALYZE) {}").format(sql.Identifier(table)))
