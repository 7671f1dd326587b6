"""The review queue and the end of suspended purchases: claim, decide, let lapse. Decisions are commands like all others."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import psycopg

from honghua.base.clock import from_micros, to_micros
from honghua.base.errors import BadInput, NotFound
from honghua.credit import store_suspensions
from honghua.credit.api import BATCH_MAX, execute
from honghua.credit.core.commands import LapseSuspension, SettleReview
from honghua.credit.core.desk import Suspension
from honghua.credit.registry import Registry
from honghua.credit.store_suspensions import ReviewItem, find_customer
from honghua.facts.kinds import FactKind
from honghua.ledger import api as ledger
from honghua.store.database import run_unit
from honghua.store.facts import read_facts

CLAIM: Final = dt.timedelta(minutes=30)  # a reviewer who went away gives the purchase back after this
QUEUE_MAX: Final = 1_000
BOUGHT: Final = (FactKind.PURCHASE_AUTHORISED, FactKind.PURCHASE_CAPTURED)
TURNED_AWAY: Final = (FactKind.PURCHASE_REFUSED, FactKind.PURCHASE_SUSPENDED)


def list_queue(conn: psycopg.Connection, *, now: dt.datetime, limit: int = 100) -> list[ReviewItem]:
    """Purchases that wait for a reviewer, oldest first."""
    if not 1 <= limit <= QUEUE_MAX:
        raise BadInput(f"the queue is shown 1 … {QUEUE_MAX} at a time")
    return store_suspensions.list_queue(conn, limit=limit, now=now)


@dataclass(frozen=True, slots=True)
class Tie:
    """An edge of a customer: purchases attempted at one merchant, how many were turned away, the sum of the others, the last."""

    merchant: str
    purchases: int
    turned_away: int
    amount_minor: int
    last_at: dt.datetime


def list_ties(conn: psycopg.Connection, account_id: int, *, since: dt.datetime, until: dt.datetime) -> list[Tie]:
    """Where an account's purchases went from one moment to before another, the most frequent first."""
    facts = read_facts(conn, np.array([account_id], np.int64))
    asked = np.isin(facts.kind, [*BOUGHT, *TURNED_AWAY]) & (facts.command_id == facts.purchase_id)
    asked &= (facts.happened_at >= to_micros(since)) & (facts.happened_at < to_micros(until))
    refs = ledger.find_refs(conn, owner_ids=sorted(set(facts.counterparty_id[asked].tolist()) - {0}))
    ties = []
    for merchant_id in np.unique(facts.counterparty_id[asked]).tolist():
        mine = asked & (facts.counterparty_id == merchant_id)
        away = mine & np.isin(facts.kind, TURNED_AWAY)
        amount, last = int(facts.amount_minor[mine & ~away].sum()), int(facts.happened_at[mine].max())
        name = refs.get(merchant_id, "")
        ties.append(Tie(name, int(mine.sum()), int(away.sum()), amount, from_micros(last)))
    return sorted(ties, key=lambda tie: (-tie.purchases, tie.merchant))


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


__all__ = ["Tie", "claim", "decide_review", "find_customer", "lapse_expired", "list_queue", "list_ties"]
