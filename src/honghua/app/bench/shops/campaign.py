"""`honghua bench campaign`: orders that look for a campaign among a million and take from its budget, beside plain SQL in the same run.

An order is a look-up (`find_offers`) and a reservation, durable when it is answered. A tenth of the orders go to one hot merchant,
whose budget runs out under the rush. Then: seconds from a purchase's request to the bank's word that the merchant is paid.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import numpy as np
import psycopg

from honghua.app.bench.shops import naive
from honghua.base.clock import CHINA
from honghua.base.errors import BadInput, Refusal
from honghua.base.rng import derive_rng
from honghua.credit import api as credit
from honghua.credit import core as commands
from honghua.merchants import api as merchants
from honghua.merchants.core import Asked, Draft
from honghua.merchants.invariants import check_merchants
from honghua.store.database import Database, connect, run_unit, scratch_database
from honghua.store.settings import StoreSettings

NOW: Final = dt.datetime(2026, 11, 11, 4, tzinfo=dt.UTC)
TIMES: Final = (NOW - dt.timedelta(days=1), NOW + dt.timedelta(days=9))
DAY: Final = NOW.date()
FEE_MINOR: Final = 2_300
BUDGET_MINOR: Final = 1_000 * FEE_MINOR  # of each campaign; the hot one is asked for more
HOT_SHARE: Final = 0.1
WARM_UP: Final = 200
PAYOUTS: Final = 300
REPEATS: Final = 5
HOT_BEFORE: Final = 10_000
HOT_ORDERS: Final = 300


def register(benches: Any) -> None:
    """Arguments of the bench."""
    parser: argparse.ArgumentParser = benches.add_parser(
        "campaign", help="campaign look-ups and budgets under a rush, payouts in seconds"
    )
    parser.add_argument("--campaigns", type=int, default=1_000_000)
    parser.add_argument("--orders", type=int, default=5_000, help="of each of five rounds")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.set_defaults(bench=run)


@dataclass(slots=True)
class Round:
    """What some workers measured: milliseconds of orders and of their look-ups, what was kept, what a stranger would have paid for."""

    order_ms: list[float] = field(default_factory=list)
    look_ms: list[float] = field(default_factory=list)
    kept: int = 0
    wrong_funder: int = 0
    seconds: float = 0.0


def run(args: argparse.Namespace, store: StoreSettings) -> dict[str, Any]:
    """Load, warm up, five rounds of ours and five of the peer's in turn, then the payouts."""
    if min(args.campaigns, args.orders, args.workers) < 1:
        raise BadInput("at least one campaign, order and worker are needed", code="BAD_SIZE")
    names = [f"shop {i:08}" for i in range(args.campaigns)]
    with scratch_database(store) as database:
        loaded_s = load(database, names)
        rng = derive_rng(args.seed, "orders")
        ours, theirs = [], []
        drive(database, pick(names, WARM_UP, rng), "warm", args.workers, order_ours)
        drive(database, pick(names, WARM_UP, rng), "warm", args.workers, order_naive)
        alone = drive(database, pick(names, args.orders, rng), "look", 1, look_ours)
        for i in range(REPEATS):
            shops = pick(names, args.orders, rng)
            ours.append(drive(database, shops, f"ours {i}", args.workers, order_ours))
            theirs.append(drive(database, shops, f"naive {i}", args.workers, order_naive))
        hot = measure_hot(database, first_id=len(names) + 1, workers=args.workers)
        with connect(database) as conn:
            (kept,) = [check for check in check_merchants(conn) if check.name == "merchants.budgets_kept"]
    with scratch_database(store) as database:
        payout = measure_payouts(database)
    return {
        "campaigns": args.campaigns, "loaded_seconds": round(loaded_s, 1), "orders": args.orders * REPEATS, "workers": args.workers,
        **tell(ours), "lookup_p50_ms": round(float(np.percentile(alone.look_ms, 50)), 3),
        "lookup_p99_ms": round(float(np.percentile(alone.look_ms, 99)), 3), "over_budget": len(kept.broken),
        "budgets_checked": kept.checked, "wrong_funder": sum(one.wrong_funder for one in [alone, *ours]), "goal_lookup_p99_ms": 5,
        "peer": {"name": "plain SQL: look, lock, sum, insert", **tell(theirs)}, "hot_campaign": hot, "payout": payout,
    }  # fmt: skip


def measure_hot(database: Database, *, first_id: int, workers: int) -> dict[str, Any]:
    """One campaign that has paid for many orders already: what an order costs must not grow with them."""
    start(database, ["hot shop"], first_id=first_id, budget_minor=10**9)
    before = ["hot shop"] * HOT_BEFORE
    with connect(database) as conn:
        conn.execute("SET synchronous_commit = off")  # the filling is not measured
        for order in (order_ours, order_naive):
            for i, shop in enumerate(before):
                order(conn, shop, f"before {order.__name__} {i}", Round())
    told: dict[str, Any] = {"orders_before": HOT_BEFORE}
    for name, order in (("orders_per_s", order_ours), ("peer_orders_per_s", order_naive)):
        rounds = [drive(database, before[:HOT_ORDERS], f"hot {name} {i}", workers, order) for i in range(REPEATS)]
        told[name] = round(float(np.median([len(one.order_ms) / one.seconds for one in rounds])))
    return told


def tell(rounds: list[Round]) -> dict[str, Any]:
    """Medians over the rounds; percentiles of all orders together."""
    order_ms = np.concatenate([one.order_ms for one in rounds])
    told: dict[str, Any] = {
        "orders_per_s": round(float(np.median([len(one.order_ms) / one.seconds for one in rounds]))),
        "p50_ms": round(float(np.percentile(order_ms, 50)), 2), "p99_ms": round(float(np.percentile(order_ms, 99)), 2),
        "kept": sum(one.kept for one in rounds),
    }  # fmt: skip
    if any(one.look_ms for one in rounds):
        look_ms = np.concatenate([one.look_ms for one in rounds])
        told["lookup_in_rush_p99_ms"] = round(float(np.percentile(look_ms, 99)), 3)
    return told


def load(database: Database, names: list[str]) -> float:
    """A live campaign a merchant on both sides; seconds that ours took."""
    with connect(database, owner=True) as owner:
        naive.create(owner)
        seconds = 0.0
        for at in range(0, len(names), merchants.ROWS_AT_ONCE):
            part = names[at : at + merchants.ROWS_AT_ONCE]
            seconds += start(database, part, first_id=at + 1, budget_minor=BUDGET_MINOR)
            print(f"\rloaded {at + len(part):,}", end="", file=sys.stderr)
        owner.execute("ANALYZE")
    return seconds


def start(database: Database, names: list[str], *, first_id: int, budget_minor: int) -> float:
    """Campaigns of some merchants on both sides; seconds that ours took."""
    draft = Draft(
        merchant="any", name="11.11", periods=(3, 6, 12), starts_at=TIMES[0], ends_at=TIMES[1], budget_minor=budget_minor, holdout_ppm=0
    )  # fmt: skip
    with connect(database) as conn:
        began = time.perf_counter()
        run_unit(conn, partial(merchants.start_many, draft=draft, merchants=names, made_by="bench", offered=(3, 6, 12)))
        seconds = time.perf_counter() - began
        naive.fill(conn, first_id, names, times=TIMES, budget_minor=budget_minor)
    return seconds


def pick(names: list[str], orders: int, rng: np.random.Generator) -> list[str]:
    """The shops of some orders: a share of them at the first."""
    places = np.where(rng.random(orders) < HOT_SHARE, 0, rng.integers(0, len(names), orders))
    return [names[i] for i in places]


Order = Callable[[psycopg.Connection, str, str, Round], None]


def drive(database: Database, shops: list[str], label: str, workers: int, order: Order) -> Round:
    """Workers take turns at the orders, each waiting for its answers (closed loop)."""

    def work(n: int) -> Round:
        found = Round()
        with connect(database) as conn:
            for i in range(n, len(shops), workers):
                began = time.perf_counter()
                order(conn, shops[i], f"{label}:{i}", found)
                found.order_ms.append((time.perf_counter() - began) * 1e3)
        return found

    began = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        parts = list(pool.map(work, range(workers)))
    total = Round(seconds=time.perf_counter() - began)
    for part in parts:
        total.order_ms += part.order_ms
        total.look_ms += part.look_ms
        total.kept += part.kept
        total.wrong_funder += part.wrong_funder
    return total


def ask(shop: str, key: str) -> Asked:
    """What is looked for."""
    return Asked(merchant=shop, customer=key, category="phone", amount_minor=100_000, at=NOW, zone=CHINA)


def look(conn: psycopg.Connection, asked: Asked, found: Round) -> Sequence[merchants.Offer]:
    """The campaigns that pay for an order, timed, and whether it is the shop's own alone."""
    began = time.perf_counter()
    offers = merchants.find_offers(conn, asked)
    found.look_ms.append((time.perf_counter() - began) * 1e3)
    found.wrong_funder += sum(one.campaign.draft.merchant != asked.merchant for one in offers) + (len(offers) != 1)
    return offers


def look_ours(conn: psycopg.Connection, shop: str, key: str, found: Round) -> None:
    """Only the look-up: which campaign pays for an order."""
    look(conn, ask(shop, key), found)


def order_ours(conn: psycopg.Connection, shop: str, key: str, found: Round) -> None:
    """One order by the merchants room."""
    asked = ask(shop, key)
    offers = look(conn, asked, found)
    found.kept += merchants.reserve(
        conn, offers[0], asked, key=key, plan=(3, FEE_MINOR)
    )  # one statement: it commits itself


def order_naive(conn: psycopg.Connection, shop: str, key: str, found: Round) -> None:
    """The same order by the peer."""
    found.kept += naive.reserve(conn, shop, 100_000, key=key, fee_minor=FEE_MINOR, at=NOW)


def measure_payouts(database: Database) -> dict[str, Any]:
    """One purchase after the other: decided and booked, its payout ordered, sent, and the bank's word written down; all of it durable."""
    bank = merchants.FakePayoutBank(1, day=merchants.bank_day(NOW))
    took = []
    with connect(database) as conn:
        credit.start_book(conn, day=DAY)
        registry = credit.open_registry(conn)
        opening = [commands.OpenAccount(key=f"open {i}", customer=f"c{i}", limit_minor=10_000_000) for i in range(50)]
        credit.execute(conn, registry, opening, now=NOW)
        for i in range(PAYOUTS + 20):
            buy = commands.BuyNow(
                key=f"buy {i}", customer=f"c{i % 50}", amount_minor=10_000 + i, merchant=f"m{i % 7}", order=str(i), category="phone"
            )  # fmt: skip
            began = time.perf_counter()
            answer = credit.execute(conn, registry, [buy], now=NOW)[0]
            purchase, key = int(answer["purchase_id"]), f"pay {i}"
            ordered = run_unit(
                conn,
                lambda c, purchase=purchase, key=key: merchants.order_payout(  # type: ignore[misc]
                    c, key=key, purchase_id=purchase, business_on=DAY, currency="CNY", now=NOW
                ),
            )
            assert not isinstance(ordered, Refusal), ordered
            assert merchants.send_payout(conn, bank, key, now=NOW).state == "paid"
            took.append(time.perf_counter() - began)
    seconds = np.array(took[20:])
    return {
        "payouts": PAYOUTS, "request_to_money_p50_s": round(float(np.percentile(seconds, 50)), 4),
        "request_to_money_p99_s": round(float(np.percentile(seconds, 99)), 4), "goal_p99_s": 3, "bank": bank.name,
        "note": "the fake bank answers at once: a real one's own time comes on top; purchases one after the other, not under load",
    }  # fmt: skip
