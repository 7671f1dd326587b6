"""The jobs of joint lending: shared loans follow the books; partners' books held against ours, day by day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import psycopg

from honghua.app.clockwork.books import NOT_BEGUN, find_day
from honghua.funding import api as funding
from honghua.store.database import run_unit

PAGES_AT_ONCE: Final = 5  # the other jobs of the clock wait no longer


def make_follower(routings: Sequence[funding.Routing]) -> Callable[[psycopg.Connection, dt.datetime], str]:
    """Shares what was bought as the routings say, and tells lenders what the books did to shared loans since the last look."""

    def follow(conn: psycopg.Connection, now: dt.datetime) -> str:
        shared = movements = 0
        for _ in range(PAGES_AT_ONCE):
            page = run_unit(conn, lambda c: funding.follow_books(c, routings=routings, now=now))
            shared, movements = shared + page.shared, movements + page.movements
            if page.is_last:
                break
        return f"{shared} purchases shared, {movements} movements of shared loans"

    return follow


def make_reconciler(
    partners: Mapping[str, funding.PartnerSystem],
) -> Callable[[psycopg.Connection, dt.datetime], str]:
    """Reconciles days that are closed with the partners that are attached; the others' days wait."""

    def reconcile(conn: psycopg.Connection, now: dt.datetime) -> str:
        if not partners:
            return "no partner is attached: nothing to reconcile"
        today = find_day(conn)
        if today is None:
            return NOT_BEGUN
        done = funding.reconcile_all(conn, partners, until=today - dt.timedelta(days=1), now=now)
        open_ones = sum(bool(one.differences) or not one.was_reached for one in done)
        return f"{len(done)} days of partners looked at, {open_ones} do not agree yet"

    return reconcile
