"""What merchants need done by the clock: follow the journal, settle what the books remember, pay out."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from typing import Final

import psycopg

from honghua.base.errors import WorldFailed
from honghua.merchants.campaigns import settle_reservations
from honghua.merchants.settling import follow_journal, is_followed, settle_day
from honghua.store.database import run_unit

ROUNDS_MAX: Final = 1_000
LOOKS_MAX: Final = 250
LOOK_S: Final = 0.02


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


def settle_closed_day(
    conn: psycopg.Connection,
    day: dt.date,
    *,
    business_on: dt.date,
    currency: str,
    now: dt.datetime,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """`settle_day` in a transaction of its own, waiting (bounded) while transactions under way keep the follower back."""
    for _ in range(LOOKS_MAX):
        try:
            return run_unit(conn, lambda c: settle_day(c, day, business_on=business_on, currency=currency, now=now))
        except WorldFailed as error:
            if error.code != "JOURNAL_BEHIND":
                raise
            sleep(LOOK_S)
    raise WorldFailed(f"{day} could not be followed to its end", code="JOURNAL_BEHIND")


def catch_up_wholly(
    conn: psycopg.Connection, *, now: dt.datetime, sleep: Callable[[float], None] = time.sleep
) -> dict[str, int]:
    """`catch_up` until everything committed by now is followed, waiting (bounded) for transactions under way."""
    total = {"booked": 0, "released": 0, "movements": 0}
    for _ in range(LOOKS_MAX):
        for name, count in catch_up(conn, now=now).items():
            total[name] += count
        if is_followed(conn):
            return total
        sleep(LOOK_S)
    raise WorldFailed("the journal could not be followed to its end", code="JOURNAL_BEHIND")
