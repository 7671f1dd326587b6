"""What merchants need done by the clock: follow the journal, settle what the books remember, pay out."""

from __future__ import annotations

import datetime as dt

import psycopg

from honghua.merchants.campaigns import settle_reservations
from honghua.merchants.settling import follow_journal
from honghua.store.database import run_unit

ROUNDS_MAX = 1_000


def catch_up(conn: psycopg.Connection, *, now: dt.datetime) -> dict[str, int]:
    """Settle open reservations by what the books remember, then follow the journal; counts. A transaction a step."""
    booked = released = 0
    for _ in range(ROUNDS_MAX):
        some = run_unit(conn, lambda c: settle_reservations(c, now=now))
        booked, released = booked + some[0], released + some[1]
        if sum(some) == 0:
            break
    moved = run_unit(conn, follow_journal)
    return {"booked": booked, "released": released, "movements": moved}
