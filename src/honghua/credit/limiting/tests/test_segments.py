"""Segments on a real book: the clock finds accounts from the soonest segment's day on, and each is cut by its own days alone."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import psycopg

from honghua.credit import core as c
from honghua.credit.api import execute, open_registry, start_book
from honghua.credit.eod import close_until
from honghua.credit.limiting.following import Follower, follow_limits
from honghua.limits import api as limits
from honghua.limits.core import EXAMPLE_SEGMENTS, LimitTerms, Rulebook
from honghua.store.database import Database

DAY = dt.date(2026, 3, 2)
NOW = dt.datetime(2026, 3, 2, 4, tzinfo=dt.UTC)
HASTY = replace(
    EXAMPLE_SEGMENTS[2],
    name="hasty",
    used_below_ppm=0,
    limit_from_minor=200_000,
    limit_below_minor=300_000,
    idle_days=20,
)


def test_each_account_is_cut_by_its_own_segment(database: Database, conn: psycopg.Connection):
    start_book(conn, day=DAY)
    registry = open_registry(conn)
    limits_minor = {"small": 150_000, "hasty": 250_000, "large": 300_000}
    orders = [c.OpenAccount(key=f"o:{who}", customer=who, limit_minor=limit) for who, limit in limits_minor.items()]
    execute(conn, registry, orders, now=NOW)
    follower = Follower(book=Rulebook(LimitTerms(segments=(HASTY,))))

    def moved() -> list[tuple[str, str, int]]:
        for _ in range(2):  # moved in one pass, noted in the next
            follow_limits(conn, registry, follower, now=NOW)
        changes = [one for who in limits_minor for one in limits.list_changes(conn, who, limit=5)]
        conn.rollback()
        return [(one.customer, one.reason, one.to_minor) for one in changes if one.from_minor]

    for days, expected in ((19, []), (20, [("hasty", "IDLE", 100_000)])):
        close_until(database, DAY + dt.timedelta(days=days))
        assert moved() == expected
    assert moved() == [("hasty", "IDLE", 100_000)]
