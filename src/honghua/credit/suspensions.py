"""The end of suspended purchases: a reviewer decides, or they lapse; both are commands. The queue is in `viewing.reviewing`."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

import psycopg

from honghua.base.clock import to_micros
from honghua.base.errors import BadInput, NotFound
from honghua.credit import store_suspensions
from honghua.credit.api import BATCH_MAX, execute
from honghua.credit.core.commands import LapseSuspension, SettleReview
from honghua.credit.core.desk import Suspension
from honghua.credit.registry import Registry
from honghua.credit.store_suspensions import claim_one, find_customer
from honghua.credit.viewing.reviewing import Tie, list_queue, list_ties
from honghua.store.database import run_unit


def claim(
    conn: psycopg.Connection, *, reviewer: str, now: dt.datetime, suspension_id: int | None = None
) -> Suspension | None:
    """Take the oldest purchase that nobody looks at, or the one named, in a transaction of its own."""
    return run_unit(conn, lambda c: claim_one(c, reviewer=reviewer, now=now, suspension_id=suspension_id))


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


__all__ = ["Tie", "claim", "decide_review", "find_customer", "lapse_expired", "list_queue", "list_ties"]
