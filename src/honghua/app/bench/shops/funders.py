"""`honghua bench funders`: millions of live campaigns, a million sampled orders: who bears each fee, after how long, and who was wrong.

The campaigns are of eight patterns that contradict each other in payer, periods, amounts, goods, days and hours. Which patterns a shop
runs follows from its number, so who must pay is computed from how the book was made, by array arithmetic that shares no line with the
rules. Orders stand on and beside every edge: first and last minor unit, minute and weekday. All campaigns are live while orders come.
Every tenth order is preceded by a question that reads nothing: what that one waits for is the machine, not the rules.
"""

from __future__ import annotations

import argparse
import datetime as dt
import math
import sys
import time
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.app.bench.shops.registered import IDLE_EVERY, time_idle, weigh
from honghua.base.clock import CHINA
from honghua.base.errors import BadInput
from honghua.base.rng import derive_rng
from honghua.merchants import api as merchants
from honghua.merchants.core import Asked, Draft
from honghua.store.database import Database, connect, run_unit, scratch_database
from honghua.store.settings import StoreSettings

Ints = NDArray[np.int64]

MONDAY: Final = dt.datetime(2026, 11, 8, 16, tzinfo=dt.UTC)  # midnight in Shanghai, in front of 9 November
WEEK_MINUTES: Final = 7 * 1_440
LIVE: Final = (MONDAY - dt.timedelta(days=2), MONDAY + dt.timedelta(days=30))
CONSUMER, MERCHANT, PLATFORM = 1, 2, 3
GOODS: Final = ("phone", "clothing", "grocery", "camera")
PERIODS: Final = (3, 6, 12)
OFFERED: Final = (3, 6, 9, 12)
NOBODYS: Final = 9  # a number of instalments that no campaign pays for
BUDGET_MINOR: Final = 10**9
MOST: Final = 10**12
WARM_UP: Final = 500
GOAL_MS: Final = 5
TABLES: Final = ("merchants_campaign", "merchants_budget")


@dataclass(frozen=True, slots=True)
class Pattern:
    """What some campaigns promise, beside the shops that run it: those whose number leaves `rest` when divided by `every`."""

    payer: int
    every: int
    rest: int
    periods: tuple[int, ...] = PERIODS
    goods: tuple[str, ...] = ()
    least_minor: int = 0
    most_minor: int = MOST
    weekdays: int = 0b111_1111
    minutes: tuple[int, int] = (0, 1_440)


PATTERNS: Final = (
    Pattern(PLATFORM, 2, 0, least_minor=50_000, most_minor=200_000),
    Pattern(MERCHANT, 2, 1, periods=(3,)),
    Pattern(MERCHANT, 3, 0, goods=("phone", "camera"), least_minor=100_000),
    Pattern(PLATFORM, 3, 1, weekdays=0b110_0000),
    Pattern(MERCHANT, 4, 0, minutes=(8 * 60, 20 * 60), periods=(6, 12)),
    Pattern(PLATFORM, 5, 2, periods=(12,), goods=("grocery",)),
    Pattern(MERCHANT, 8, 5, most_minor=99_999, weekdays=0b001_1111),
    Pattern(PLATFORM, 1, 0, periods=(6,), least_minor=150_000, minutes=(19 * 60 + 30, 21 * 60)),
)
SHARE: Final = sum(1 / one.every for one in PATTERNS)  # campaigns a shop
AMOUNTS: Final = tuple(
    sorted(
        {
            edge + step
            for one in PATTERNS
            for edge in (one.least_minor, one.most_minor)
            if 0 < edge < MOST
            for step in (-1, 0, 1)
        }
    )
)
MINUTES: Final = tuple(sorted({m + step for one in PATTERNS for m in one.minutes if 0 < m < 1_440 for step in (-1, 0)}))


@dataclass(frozen=True, slots=True)
class Orders:
    """Columns int64[n] of orders: shop number, place in GOODS, minor units, instalments, minute of the week in Shanghai."""

    shop: Ints
    good: Ints
    amount_minor: Ints
    periods: Ints
    minute: Ints


@dataclass(slots=True)
class Found:
    """Milliseconds of look-ups, and of questions that read nothing; our CPU; orders whose funder was another; orders by payer."""

    wall_ms: list[float] = field(default_factory=list)
    idle_ms: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    by_payer: dict[int, int] = field(default_factory=dict)
    cpu_s: float = 0.0


def register(benches: Any) -> None:
    """Arguments of the bench."""
    parser: argparse.ArgumentParser = benches.add_parser(
        "funders", help="five million live campaigns, a million orders: look-ups, and no fee to the wrong payer"
    )
    parser.add_argument("--campaigns", type=int, default=5_000_000)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.set_defaults(bench=run)


def run(args: argparse.Namespace, store: StoreSettings) -> dict[str, Any]:
    """Load, then find the funder of each order, one look-up an order."""
    if min(args.campaigns, args.orders) < 1:
        raise BadInput("at least one campaign and one order are needed", code="BAD_SIZE")
    shops = math.ceil(args.campaigns / SHARE) + len(PATTERNS)
    with scratch_database(store) as database:
        loaded, seconds = load(database, shops)
        orders = draw_orders(args.orders + WARM_UP, shops, derive_rng(args.seed, "orders"))
        expected = expect(orders)
        with connect(database) as conn:
            weight = weigh(conn, TABLES)
            live = min(
                merchants.count_live(conn, at=at) for at in (MONDAY, MONDAY + dt.timedelta(minutes=WEEK_MINUTES))
            )
            look_up(conn, orders, expected, slice(0, WARM_UP))
            found = look_up(conn, orders, expected, slice(WARM_UP, None))
    return {
        "campaigns": loaded, "live": live, "shops": shops, "load_seconds": round(seconds, 1), "bytes_each": round(weight / loaded),
        "orders": len(found.wall_ms), "rule_p50_ms": round(float(np.percentile(found.wall_ms, 50)), 3),
        "rule_p99_ms": round(float(np.percentile(found.wall_ms, 99)), 3),
        "rule_p999_ms": round(float(np.percentile(found.wall_ms, 99.9)), 3),
        "idle_question_p99_ms": round(float(np.percentile(found.idle_ms, 99)), 3),
        "our_cpu_ms_an_order": round(found.cpu_s * 1e3 / len(found.wall_ms), 3), "goal_rule_p99_ms": GOAL_MS,
        "by_payer": {name: found.by_payer.get(number, 0) for number, name in ((1, "consumer"), (2, "merchant"), (3, "platform"))},
        "wrong_funder": len(found.wrong), "first_wrong": found.wrong[:3],
        "note": "rule = find_offers and bear_periods: read the shop's live campaigns, judge each, choose who bears the fee; one at a time",
    }  # fmt: skip


def load(database: Database, shops: int) -> tuple[int, float]:
    """Campaigns of all patterns, pattern by pattern, which makes the earlier pattern the older campaign; how many, and seconds.

    At the end the tables are vacuumed, as autovacuum does some minutes after a load: until then first readers write hint bits.
    """
    loaded, began = 0, time.perf_counter()
    with connect(database) as conn:
        for number, pattern in enumerate(PATTERNS):
            names = [name_of(shop) for shop in range(pattern.rest, shops, pattern.every)]
            draft = draft_of(number)
            for at in range(0, len(names), merchants.ROWS_AT_ONCE):
                part = names[at : at + merchants.ROWS_AT_ONCE]
                start = partial(merchants.start_many, draft=draft, merchants=part, made_by="bench", offered=OFFERED)
                loaded += run_unit(conn, start)
                print(f"\rloaded {loaded:,}", end="", file=sys.stderr)
    seconds = time.perf_counter() - began
    with connect(database, owner=True) as owner:
        owner.execute("VACUUM (ANALYZE)")
    return loaded, seconds


def name_of(shop: int) -> str:
    """Its reference."""
    return f"shop {shop:08}"


def draft_of(number: int) -> Draft:
    """A pattern as its merchants write it."""
    one = PATTERNS[number]
    return Draft(
        merchant="any", name=f"pattern {number}", periods=one.periods, starts_at=LIVE[0], ends_at=LIVE[1], budget_minor=BUDGET_MINOR,
        categories=one.goods, payer=one.payer, least_minor=one.least_minor, most_minor=one.most_minor, weekdays=one.weekdays,
        from_minute=one.minutes[0], until_minute=one.minutes[1], holdout_ppm=0,
    )  # fmt: skip


def draw_orders(n: int, shops: int, rng: np.random.Generator) -> Orders:
    """Orders of all shops, half of them with an amount, a third at a minute, on an edge of some pattern."""
    amount = np.where(rng.random(n) < 0.5, rng.choice(AMOUNTS, n), rng.integers(1_000, 400_000, n))
    of_day = np.where(rng.random(n) < 1 / 3, rng.choice(MINUTES, n), rng.integers(0, 1_440, n))
    return Orders(
        shop=rng.integers(0, shops, n), good=rng.integers(0, len(GOODS), n), amount_minor=amount,
        periods=rng.choice([*PERIODS, NOBODYS], n), minute=rng.integers(0, 7, n) * 1_440 + of_day,
    )  # fmt: skip


def expect(orders: Orders) -> Ints:
    """int64[n]: the pattern that pays for each order, −1 = none. Patterns that cannot all be chosen overwrite from the youngest on."""
    chosen = np.full(len(orders.shop), -1, np.int64)
    weekday, minute = orders.minute // 1_440, orders.minute % 1_440
    for number in reversed(range(len(PATTERNS))):
        one = PATTERNS[number]
        pays = (orders.shop % one.every == one.rest) & np.isin(orders.periods, one.periods)
        if one.goods:
            pays &= np.isin(orders.good, [GOODS.index(good) for good in one.goods])
        pays &= (orders.amount_minor >= one.least_minor) & (orders.amount_minor <= one.most_minor)
        pays &= np.array([one.weekdays & 1 << day != 0 for day in range(7)])[weekday]
        chosen[pays & (minute >= one.minutes[0]) & (minute < one.minutes[1])] = number
    return chosen


def look_up(conn: psycopg.Connection, orders: Orders, expected: Ints, part: slice) -> Found:
    """The funder of each order by the rules, beside the expected one."""
    found = Found()
    rows = [
        column[part].tolist()
        for column in (orders.shop, orders.good, orders.amount_minor, orders.periods, orders.minute, expected)
    ]
    cpu = time.process_time()
    for shop, good, amount, periods, minute, number in zip(*rows, strict=True):
        at = MONDAY + dt.timedelta(minutes=minute)
        asked = Asked(
            merchant=name_of(shop), customer=f"c{minute}", category=GOODS[good], amount_minor=amount, at=at, zone=CHINA
        )
        if len(found.wall_ms) % IDLE_EVERY == 0:
            found.idle_ms.append(time_idle(conn))
        began = time.perf_counter()
        bearer = merchants.bear_periods(merchants.find_offers(conn, asked)).get(periods)
        found.wall_ms.append((time.perf_counter() - began) * 1e3)
        told = (
            (bearer.campaign.draft.merchant, bearer.campaign.draft.name, bearer.campaign.draft.payer)
            if bearer
            else None
        )
        meant = (asked.merchant, f"pattern {number}", PATTERNS[number].payer) if number >= 0 else None
        payer = told[2] if told else CONSUMER
        found.by_payer[payer] = found.by_payer.get(payer, 0) + 1
        if told != meant:
            found.wrong.append(f"{asked}: {told}, not {meant}")
    found.cpu_s = time.process_time() - cpu
    return found


__all__ = ["expect", "register", "run"]
