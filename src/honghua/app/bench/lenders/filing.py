"""`honghua bench filing`: month after month of a book filed with the credit bureau, with lenders, notices and corrections.

What grows with the months and what does not: seconds a month (and CPU of this process, without the database's), an idle look, memory of
the process, bytes of the database.
"""

from __future__ import annotations

import argparse
import datetime as dt
import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar

import psycopg

from honghua.app.bench.portfolio import BUSINESS_DAY, lay_down
from honghua.app.filing.monthly import FilingRun, file_all, share_all
from honghua.base.errors import BadInput
from honghua.base.rng import derive_rng
from honghua.bureau.core import month_after
from honghua.credit import api as credit
from honghua.credit.core import BuyNow, Command, Repay
from honghua.credit.jobs import close_until
from honghua.customers import api as customers
from honghua.customers.core import ConsentKind
from honghua.funding import api as funding
from honghua.funding.core import FundingBase, parse_routings
from honghua.store.database import Database, connect, run_unit, scratch_database
from honghua.store.settings import StoreSettings

ACCOUNTS_LEAST: Final = 100
MONTHS_MAX: Final = 24
AT_ONCE: Final = 500
COMMANDS_AT_ONCE: Final = 256
CHANNEL: Final = "joint-three"
SHARED_PPM: Final = 200_000
REPAYING: Final = 0.6  # of the accounts, each month
BUYING: Final = 0.3
BACKDATED: Final = 0.005  # pay for a day of the month before: its record is corrected
T = TypeVar("T")
BEGUN: Final = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Town:
    """The book under way."""

    database: Database
    conn: psycopg.Connection
    registry: credit.Registry
    routings: tuple[funding.Routing, ...]
    names: tuple[str, ...]
    seed: int


def register(benches: Any) -> None:
    """Arguments of the bench."""
    parser: argparse.ArgumentParser = benches.add_parser(
        "filing", help="months filed with the credit bureau: seconds, records, memory, size"
    )
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--months", type=int, default=4)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.set_defaults(bench=run)


def run(args: argparse.Namespace, store: StoreSettings) -> dict[str, Any]:
    """Lay a portfolio down, live and file month by month."""
    if args.accounts < ACCOUNTS_LEAST or not 1 <= args.months <= MONTHS_MAX:
        raise BadInput(f"at least {ACCOUNTS_LEAST} accounts and 1 … {MONTHS_MAX} months", code="BAD_SIZE")
    with scratch_database(store) as database, connect(database) as conn:
        started = time.perf_counter()
        town = prepare(database, conn, accounts=args.accounts, seed=args.seed)
        prepared_s = time.perf_counter() - started
        months = [live_and_file(town, month_after(BUSINESS_DAY.replace(day=1), k)) for k in range(args.months)]
    return {
        "accounts": args.accounts, "shared_ppm": SHARED_PPM, "prepared_s": round(prepared_s, 1),
        "filing_s_first": months[0]["filing_s"], "filing_s_last": months[-1]["filing_s"],
        "memory_mb": months[-1]["memory_mb"], "idle_s": months[-1]["idle_s"], "months": months,
    }  # fmt: skip


def prepare(database: Database, conn: psycopg.Connection, *, accounts: int, seed: int) -> Town:
    """Accounts with a past, their holders with consents, a fifth of them under a route that their contracts name."""
    lay_down(conn, accounts=accounts, seed=seed, progress=lambda done: say(f"laid down {done:,}"))
    names = tuple(f"B{k:08d}" for k in range(accounts))
    route = {"channel": CHANNEL, "share_ppm": SHARED_PPM, "quota_day_minor": 10**13, "named_in": "contract"}
    row = {"effective_on": BEGUN.date(), "source": "bench", "route": [route]}
    routings = parse_routings([row], channels=funding.load_book().channels, source="bench")
    base = FundingBase(on=BEGUN.date(), tier1_minor=10**14, loans_minor=10**15)
    run_unit(conn, partial(funding.report_base, base=base, source="bench", now=BEGUN))
    run_unit(conn, partial(customers.publish_texts, now=BEGUN))
    vault = customers.Vault({1: derive_rng(seed, "key").bytes(32)}, derive_rng(seed, "index").bytes(32))
    text = next(one for one in run_unit(conn, customers.list_texts) if one.kind is ConsentKind.CREDIT_BUREAU)
    said = customers.Said(kind=text.kind, version=text.version, is_given=True, read_ms=60_000)
    for first in range(0, accounts, AT_ONCE):
        page = list(enumerate(names[first : first + AT_ONCE], start=first))
        run_unit(conn, partial(meet, vault=vault, page=page, said=said, routing=routings[0]))
        say(f"met {first + len(page):,}")
    return Town(database, conn, credit.open_registry(conn), routings, names, seed)


def meet(
    conn: psycopg.Connection,
    *,
    vault: customers.Vault,
    page: Sequence[tuple[int, str]],
    said: customers.Said,
    routing: funding.Routing,
) -> None:
    """Register these people, with their yes to the bureau and, where a route takes them, a contract that names its lenders."""
    for number, name in page:
        customers.register(conn, vault, f"139{number:08d}", now=BEGUN, customer=name)
        customers.say(conn, name, [said], channel="app", now=BEGUN)
        if funding.find_route(routing, name) is not None:
            funding.name_in_contract(conn, document=name, customer=name, channel=CHANNEL, now=BEGUN)
            funding.sign_named(conn, name, now=BEGUN)


def live_and_file(town: Town, month: dt.date) -> dict[str, Any]:
    """One month: days are closed, some pay and some buy; it is filed on the second of the next, on the sixth what waited for a notice."""
    after = month_after(month, 1)
    lived_s = take(lambda: live(town, month, after))[0]
    filed_at = dt.datetime.combine(after.replace(day=2), dt.time(4), tzinfo=dt.UTC)
    shared_s, _ = take(lambda: share_all(town.conn, town.routings, now=filed_at))
    begun_cpu = time.process_time()
    filing_s, filed = take(lambda: file(town, filed_at))
    filing_cpu_s = time.process_time() - begun_cpu
    idle_s, idle = take(lambda: file(town, filed_at + dt.timedelta(hours=1)))
    late_s, late = take(lambda: file(town, filed_at + dt.timedelta(days=4)))
    (size,) = town.conn.execute("SELECT pg_database_size(current_database())").fetchone() or (0,)
    town.conn.commit()
    told = {
        "month": f"{month:%Y-%m}", "filed": filed.counts["filed"], "noticed": filed.counts["noticed"],
        "corrected": filed.corrected + filed.shared_anew + late.corrected + late.shared_anew, "filed_after_notice": late.counts["filed"],
        "again_while_idle": idle.counts["filed"] + idle.corrected + idle.shared_anew, "lived_s": round(lived_s, 1),
        "sharing_s": round(shared_s, 1), "filing_s": round(filing_s, 1),
        "filing_cpu_s": round(filing_cpu_s, 1), "idle_s": round(idle_s, 1), "after_notice_s": round(late_s, 1),
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, "database_mb": size >> 20,
    }  # fmt: skip
    say(str(told) + "\n")
    return told


def live(town: Town, month: dt.date, after: dt.date) -> None:
    """Close the days to the second of the next month; on the sixth of this one people pay and buy."""
    sixth = month.replace(day=6)
    if sixth > BUSINESS_DAY:
        close_until(town.database, sixth)
        trade(town, month, sixth)
    close_until(town.database, after.replace(day=2))


def trade(town: Town, month: dt.date, on: dt.date) -> None:
    """Repayments, some of them for a day of the month that was filed, and purchases."""
    rng = derive_rng(town.seed, f"trade of {month}")
    draws, amounts = rng.random((len(town.names), 3)), rng.integers(1_000, 60_000, len(town.names))
    wishes: list[Command] = []
    for k, name in enumerate(town.names):
        minor, key = int(amounts[k]), f"{month:%Y%m}:{name}"
        if draws[k, 0] < REPAYING:
            back = month - dt.timedelta(days=5) if draws[k, 1] < BACKDATED else None
            wishes.append(Repay(key=f"r{key}", customer=name, amount_minor=minor, on=back))
        if draws[k, 2] < BUYING:
            wishes.append(
                BuyNow(key=f"b{key}", customer=name, amount_minor=minor, merchant="M0001", order=key, category="books")
            )
    now = dt.datetime.combine(on, dt.time(4), tzinfo=dt.UTC)
    for first in range(0, len(wishes), COMMANDS_AT_ONCE):
        credit.execute(town.conn, town.registry, wishes[first : first + COMMANDS_AT_ONCE], now=now)


def file(town: Town, now: dt.datetime) -> FilingRun:
    """One look of the filing job."""
    done = file_all(town.conn, now=now, zone=dt.UTC)
    assert done is not None, "the book has begun"
    return done


def take(work: Callable[[], T]) -> tuple[float, T]:
    """Seconds and result."""
    started = time.perf_counter()
    found = work()
    return time.perf_counter() - started, found


def say(words: str) -> None:
    """Progress, beside the result."""
    print(f"\r{words}", end="", file=sys.stderr, flush=True)


__all__ = ["register", "run"]
