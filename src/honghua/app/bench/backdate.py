"""`honghua bench backdate`: an account of many days meets an event that belongs near its beginning."""

from __future__ import annotations

import argparse
import datetime as dt
import statistics
import time
from typing import Any, Final

import numpy as np
import psycopg

from honghua.base.dates import from_day, to_day
from honghua.base.errors import BadInput
from honghua.credit import api as credit
from honghua.credit.core import EVENT, Repay
from honghua.facts.kinds import FactKind
from honghua.ledger import api as ledger
from honghua.ledger.core import OwnerKind
from honghua.store.database import connect, scratch_database
from honghua.store.settings import StoreSettings

ROUNDS: Final = 9
DAYS_MIN: Final = 30  # the late repayments belong to its first weeks
OPENED: Final = dt.date(2020, 1, 2)
NOW: Final = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)


def register(benches: Any) -> None:
    """Arguments of the bench."""
    parser: argparse.ArgumentParser = benches.add_parser(
        "backdate", help="replay of a long account from a backdated event"
    )
    parser.add_argument("--days", type=int, default=2_400)
    parser.add_argument("--seed", type=int, default=20261121)
    parser.set_defaults(bench=run)


def run(args: argparse.Namespace, store: StoreSettings) -> dict[str, Any]:
    """Lay down one account with a purchase a day and a repayment a month, then book repayments valued in its first weeks."""
    if args.days < DAYS_MIN:
        raise BadInput(f"the account must live at least {DAYS_MIN} days", code="BAD_SIZE")
    with scratch_database(store) as database, connect(database) as conn:
        facts = lay_down_one(conn, args.days, args.seed)
        registry = credit.open_registry(conn)
        took = []
        for k in range(ROUNDS + 1):
            repay = Repay(
                key=f"late:{k}", customer="long", amount_minor=1_000 + k, on=OPENED + dt.timedelta(days=10 + k)
            )
            started = time.perf_counter()
            answer = credit.execute(conn, registry, [repay], now=NOW)[0]
            took.append((time.perf_counter() - started) * 1000)
            assert answer["outcome"] == "done", answer
        balance = sum(ledger.trial_balance(conn).values())
    return {
        "days": args.days, "facts": facts, "replay_ms": round(statistics.median(took[1:]), 2), "replay_ms_max": round(max(took[1:]), 2),
        "goal_ms": 100, "trial_balance_minor": balance, "from": "zero: no snapshot is early enough",
    }  # fmt: skip


def lay_down_one(conn: psycopg.Connection, days: int, seed: int) -> int:
    """One account: opening, a purchase every day, a repayment of half the month's sum every 30 days. Returns the number of facts."""
    rng = np.random.default_rng(seed)
    registry = credit.open_registry(conn)
    today = to_day(OPENED) + days
    credit.start_book(conn, day=from_day(today))
    rows = [[int(FactKind.ACCOUNT_OPENED), to_day(OPENED), 100_000_000, 1, 10, 1]]
    spent = 0
    for day in range(1, days):
        amount = int(rng.integers(500, 20_000))
        spent += amount
        rows.append([int(FactKind.PURCHASE_CAPTURED), to_day(OPENED) + day, amount])
        if day % 30 == 0:
            rows.append([int(FactKind.REPAYMENT_RECEIVED), to_day(OPENED) + day, spent - spent // 50])
            spent = spent // 50
    events = np.zeros((1, len(rows), EVENT), np.int64)
    for k, row in enumerate(rows):
        events[0, k, : len(row)] = row
    with conn.transaction():
        shop = ledger.open_owners(conn, kind=OwnerKind.MERCHANT, refs=["shop"], currency="CNY")
        credit.import_accounts(conn, registry, refs=["long"], events=events, merchants=shop, rows_max=(200, 2))
    return len(rows)
