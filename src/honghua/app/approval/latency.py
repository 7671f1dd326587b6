"""How long it takes from an event to the limit that follows from it (R-030: under five seconds), and how fast offers are written."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any, Final

import psycopg

from honghua.app.clockwork.jobs import SECOND
from honghua.base.clock import SystemClock
from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.credit import jobs as credit_jobs
from honghua.limits import api as limits
from honghua.store.database import connect, run_unit, scratch_database
from honghua.store.settings import StoreSettings

DAY: Final = dt.date(2026, 3, 2)
EVERY_S: Final = 2 * SECOND.total_seconds()  # between two looks of the job `limits`
OFFERED: Final = 50_000


def measure_latency(settings: StoreSettings, *, accounts: int, rounds: int) -> dict[str, Any]:
    """In a scratch database: so many accounts, of which a part is reported for fraud in each round; the follower goes by after each.

    slowest_s: from the report to the booked cut, of the slowest; with the longest wait for the next look beside it.
    """
    clock = SystemClock()
    with scratch_database(settings) as database, connect(database) as conn:
        credit.start_book(conn, day=DAY)
        registry = credit.open_registry(conn)
        bought = _open(conn, registry, accounts, now=clock.now())
        follower = credit_jobs.Follower()
        credit_jobs.follow_limits(conn, registry, follower, now=clock.now())
        slowest, cut, passes = 0.0, 0, []
        part = accounts // rounds
        for k in range(rounds):
            reports: list[c.Command] = [
                c.ReportFraud(key=f"f:{who}", customer=who, purchase_id=number, source=c.LABEL_REVIEW)
                for who, number in bought[k * part : (k + 1) * part]
            ]
            credit.execute(conn, registry, reports, now=clock.now())
            began = time.perf_counter()
            found = credit_jobs.follow_limits(conn, registry, follower, now=clock.now(), clock=clock.now)
            passes.append(time.perf_counter() - began)
            slowest, cut = max(slowest, found.slowest_s), cut + found.cut
        written = _write_offers(conn, now=clock.now())
    return {
        "accounts": accounts, "reported": part * rounds, "cut": cut, "slowest_s": round(slowest, 3), "between_looks_s": EVERY_S,
        "worst_s": round(slowest + EVERY_S, 3), "pass_s": [round(one, 3) for one in passes], "offers_written_per_s": round(written),
    }  # fmt: skip


def _open(
    conn: psycopg.Connection, registry: credit.Registry, accounts: int, *, now: dt.datetime
) -> list[tuple[str, int]]:
    """Customers with the purchase that each made."""
    names = [f"c{k}" for k in range(accounts)]
    credit.execute(
        conn, registry, [c.OpenAccount(key=f"o:{n}", customer=n, limit_minor=200_000) for n in names], now=now
    )
    orders = [
        c.BuyNow(key=f"b:{n}", customer=n, amount_minor=30_000, merchant="M", order=n, category="goods") for n in names
    ]
    answers = credit.execute(conn, registry, orders, now=now)
    return [(name, int(answer["purchase_id"])) for name, answer in zip(names, answers, strict=True)]


def _write_offers(conn: psycopg.Connection, *, now: dt.datetime) -> float:
    offers = [(f"offered {k}", 10_000 + k) for k in range(OFFERED)]
    began = time.perf_counter()
    until = DAY + dt.timedelta(days=14)
    run_unit(conn, lambda k: limits.make_offers(k, "618", offers, rulebook="", until_on=until, now=now))
    return OFFERED / (time.perf_counter() - began)


__all__ = ["measure_latency"]
