"""`honghua bench profiles`: seconds from a booked fact to the profile that knows it, the job run as the clock runs it (R-271)."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import psycopg

from honghua.app.clockwork.jobs import Ports, make_jobs
from honghua.base.clock import SystemClock
from honghua.base.errors import BadInput
from honghua.base.rng import derive_rng
from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.lab.factory.api import shipped_dictionary
from honghua.lab.following.api import ProfileFollower
from honghua.lab.profiles.api import allow_uses, count_tags, list_customers, list_lags
from honghua.lab.tags.api import find_unused, forbidden_inputs, read_tags, read_uses
from honghua.store.database import Database, connect, run_unit, scratch_database
from honghua.store.jobs import run_due
from honghua.store.settings import StoreSettings

SEED: Final = 20261122
LOOK: Final = 1.0  # seconds between two looks at what is due, as the clock process of `honghua serve` has them
GOODS: Final = ("milk-powder", "noodle-shop", "hotpot", "camera", "metro", "video-membership", "gold-bars", "sofa")
OPENED_AT_ONCE: Final = 1_000


def register(benches: Any) -> None:
    """Arguments of the bench."""
    parser: argparse.ArgumentParser = benches.add_parser(
        "profiles", help="seconds from a booked fact to the profile that knows it"
    )
    parser.add_argument("--people", type=int, default=5_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rate", type=int, default=100, help="facts a second")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.set_defaults(bench=run)


@dataclass(slots=True)
class Watch:
    """What the job's thread saw: a lag per profile written, and the seconds of each pass."""

    lags: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)


def run(args: argparse.Namespace, store: StoreSettings) -> dict[str, Any]:
    """A book of people who buy while the clock's job follows; every written profile's lag counts."""
    if args.people < 10 or args.rate < 1 or args.seconds < 1:
        raise BadInput("at least 10 people, one fact a second and one second", code="BAD_SIZE")
    with scratch_database(store) as database, connect(database) as conn:
        registry = open_people(conn, args.people)
        watch = Watch()
        thread = threading.Thread(target=follow, args=(database, watch), name="profiles")
        thread.start()
        try:
            booked = buy_on(conn, registry, args)
        finally:
            time.sleep(3 * LOOK)
            watch.over.set()
            thread.join()
        tags = run_unit(conn, count_tags)
        kept = len(run_unit(conn, lambda c: list_customers(c, after="", limit=args.people)))
        again = restart(conn)
    return {"people": args.people, "facts": booked, "profiles": kept, **tell(watch, tags), **again}


def restart(conn: psycopg.Connection) -> dict[str, Any]:
    """Seconds until a new process knows all facts: read from their beginning, and from a snapshot that was taken of that."""
    dictionary, now = shipped_dictionary("city"), SystemClock().now()
    with tempfile.TemporaryDirectory(prefix="honghua-profiles-") as scratch:
        found = []
        for _ in range(2):
            started = time.perf_counter()
            follower = ProfileFollower(dictionary, allow_uses, folder=Path(scratch) / "kept")
            done = follower.follow(conn, now=now)
            while done.is_behind:
                done = follower.follow(conn, now=now)
            found.append(round(time.perf_counter() - started, 3))
            follower.save(conn, now=now)
    return {"restart_s_from_facts": found[0], "restart_s_from_snapshot": found[1]}


def open_people(conn: psycopg.Connection, people: int) -> credit.Registry:
    """A begun book with accounts."""
    now = SystemClock().now()
    credit.start_book(conn, day=now.date())
    registry = credit.open_registry(conn)
    for start in range(0, people, OPENED_AT_ONCE):
        commands = [
            c.OpenAccount(key=f"open {k}", customer=f"P{k:06d}", limit_minor=5_000_000)
            for k in range(start, min(people, start + OPENED_AT_ONCE))
        ]
        credit.execute(conn, registry, commands, now=now)
    return registry


def buy_on(conn: psycopg.Connection, registry: credit.Registry, args: argparse.Namespace) -> int:
    """Purchases at the wanted rate, a tenth of a second's at once, for the wanted seconds; how many were booked."""
    rng = derive_rng(args.seed, "bench profiles")
    started, booked = time.perf_counter(), 0
    while (spent := time.perf_counter() - started) < args.seconds:
        due = int(spent * args.rate) - booked
        if due < max(1, args.rate // 10):
            time.sleep(0.02)
            continue
        orders = [
            c.BuyNow(
                key=f"buy {booked + k}", customer=f"P{int(rng.integers(args.people)):06d}", amount_minor=int(rng.integers(100, 20_000)),
                merchant=f"M{int(rng.integers(50))}", order=f"buy {booked + k}", category=GOODS[int(rng.integers(len(GOODS)))],
            ) for k in range(due)
        ]  # fmt: skip
        credit.execute(conn, registry, orders, now=SystemClock().now())
        booked += due
    return booked


def follow(database: Database, watch: Watch) -> None:
    """The clock's own job at the clock's own pace, and after each look what it has written."""
    jobs = [job for job in make_jobs(Ports()) if job.name == "profiles"]
    with connect(database) as conn:
        last = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
        while not watch.over.wait(LOOK):
            watch.errors += [
                one.error for one in run_due(conn, tuple(jobs), clock=SystemClock()) if one.error is not None
            ]
            rows = run_unit(conn, lambda x, last=last: list_lags(x, after=last))  # type: ignore[misc]
            watch.lags += [lag for _, lag in rows]
            last = rows[-1][0] if rows else last


def tell(watch: Watch, tags: dict[str, int]) -> dict[str, Any]:
    """The figures; a lag is of one writing of one profile."""
    if not watch.lags:
        raise BadInput(f"no profile was written: {watch.errors[:1]}", code="BENCH_FAILED")
    book = read_tags()
    uses = read_uses(book)
    dictionary = shipped_dictionary("city")
    follower = ProfileFollower(dictionary, allow_uses)
    p50, p99 = np.percentile(watch.lags, (50, 99)).tolist()
    print(f"honghua: {len(watch.lags):,} writings", file=sys.stderr)
    return {
        "written": len(watch.lags), "lag_s_p50": round(p50, 3), "lag_s_p99": round(p99, 3), "lag_s_max": round(max(watch.lags), 3),
        "errors": len(watch.errors), "tags_followed": len(follower.book.tags), "tags_of_book": len(book.tags),
        "tags_seen": len(tags), "taggings": sum(tags.values()),
        "unused_sensitive": len(find_unused(tuple(tags), book, uses)),
        "forbidden_inputs": len(forbidden_inputs(follower.book, dictionary)),
    }  # fmt: skip


__all__ = ["register", "run"]
