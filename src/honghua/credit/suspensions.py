"""The review queue and the end of suspended purchases: claim, decide, let lapse. Decisions are commands like all others."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any, Final

import psycopg

from honghua.base.clock import to_micros
from honghua.base.errors import BadInput, NotFound
from honghua.credit import store_suspensions
from honghua.credit.api import BATCH_MAX, execute
from honghua.credit.core.commands import LapseSuspension, SettleReview
from honghua.credit.core.desk import Suspension
from honghua.credit.registry import Registry
from honghua.credit.store_suspensions import ReviewItem
from honghua.store.database import run_unit

CLAIM: Final = dt.timedelta(minutes=30)  # a reviewer who went away gives the purchase back after this
QUEUE_MAX: Final = 1_000


def list_queue(conn: psycopg.Connection, *, now: dt.datetime, limit: int = 100) -> list[ReviewItem]:
    """Purchases that wait for a reviewer, oldest first."""
    if not 1 <= limit <= QUEUE_MAX:
        raise BadInput(f"the queue is shown 1 … {QUEUE_MAX} at a time")
    return store_suspensions.list_queue(conn, limit=limit, now=now)


def claim(
    conn: psycopg.Connection, *, reviewer: str, now: dt.datetime, suspension_id: int | None = None
) -> Suspension | None:
    """Take the oldest purchase that nobody looks at, or the one named; None when there is none to be had."""
    if not reviewer:
        raise BadInput("a reviewer has a name")
    return run_unit(
        conn,
        lambda c: store_suspensions.claim(
            c, reviewer=reviewer, now=now, until=now + CLAIM, suspension_id=suspension_id
        ),
    )


def decide_review(
    conn: psycopg.Connection,
    registry: Registry,
    suspension_id: int,
    *,
    reviewer: str,
    approve: bool,
    now: dt.datetime,
) -> dict[str, Any]:
    """A reviewer's word on a purchase that they claimed; the answer as of any command. NotFound for an unknown one."""
    customer = store_suspensions.find_customer(conn, suspension_id)
    if customer is None:
        raise NotFound(f"no suspended purchase {suspension_id}")
    key = f"review:{suspension_id}:{secrets.token_hex(8)}"  # a word said twice finds the purchase settled
    command = SettleReview(key=key, customer=customer, suspension_id=suspension_id, reviewer=reviewer, approve=approve)
    return execute(conn, registry, [command], now=now)[0]


def lapse_expired(conn: psycopg.Connection, registry: Registry, *, now: dt.datetime, limit: int = 10_000) -> int:
    """End suspensions whose time is over; how many ended. Keys are lapse:<id>: a repeated sweep ends each once."""
    if not 1 <= limit <= BATCH_MAX:
        raise BadInput(f"a sweep takes 1 … {BATCH_MAX} suspensions")
    found = store_suspensions.list_lapsed(conn, now_us=to_micros(now), limit=limit)
    commands = [
        LapseSuspension(key=f"lapse:{suspension_id}", customer=customer, suspension_id=suspension_id)
        for suspension_id, customer in found
    ]
    answers = execute(conn, registry, commands, now=now) if commands else []
    return sum(answer["outcome"] == "done" for answer in answers)


__all__ = ["claim", "decide_review", "lapse_expired", "list_queue"]
