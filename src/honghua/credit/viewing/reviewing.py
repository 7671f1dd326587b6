"""The review queue as reviewers see it: what waits, who has it, where the customer has been, how long answers take. A reviewer's word
itself is a command (`SettleReview`)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.base.clock import from_micros, to_micros
from honghua.base.errors import BadInput
from honghua.credit import store_suspensions
from honghua.credit.core.commands import LABEL_REVIEW
from honghua.credit.store_suspensions import ReviewItem
from honghua.facts.kinds import ARGS_OF, FactKind
from honghua.ledger import api as ledger
from honghua.store.facts import FactColumns, read_facts, read_facts_of_purchases

QUEUE_MAX: Final = 1_000
SETTLED_MAX: Final = 5_000
SOURCE: Final = ARGS_OF[FactKind.FRAUD_REPORTED].index("source")
BOUGHT: Final = (FactKind.PURCHASE_AUTHORISED, FactKind.PURCHASE_CAPTURED)
TURNED_AWAY: Final = (FactKind.PURCHASE_REFUSED, FactKind.PURCHASE_SUSPENDED)


@dataclass(frozen=True, slots=True)
class Tie:
    """An edge of a customer: purchases attempted at one merchant, how many were turned away, the sum of the others, the last."""

    merchant: str
    purchases: int
    turned_away: int
    amount_minor: int
    last_at: dt.datetime


@dataclass(frozen=True, slots=True)
class ReviewService:
    """How reviews of a span went: how many came, passed, were denied, lapsed or still wait, and how long people took, seconds."""

    came: int
    passed: int
    denied: int
    lapsed: int
    waiting: int
    median_s: float | None
    p90_s: float | None


def list_queue(conn: psycopg.Connection, *, now: dt.datetime, limit: int = 100) -> list[ReviewItem]:
    """Purchases that wait for a reviewer, oldest first."""
    if not 1 <= limit <= QUEUE_MAX:
        raise BadInput(f"the queue is shown 1 … {QUEUE_MAX} at a time")
    return store_suspensions.list_queue(conn, limit=limit, now=now)


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


def measure_reviews(conn: psycopg.Connection, *, since: dt.datetime, until: dt.datetime) -> ReviewService:
    """How the newest reviews of a span went, at most `SETTLED_MAX` of them."""
    rows = store_suspensions.list_reviews(conn, since_us=to_micros(since), until_us=to_micros(until), limit=SETTLED_MAX)
    states = [state for _, state in rows]
    facts = read_facts_of_purchases(conn, np.array([number for number, _ in rows], np.int64))
    begun = _moments(facts, facts.kind == FactKind.PURCHASE_SUSPENDED)
    ended = _moments(facts, find_words(facts))
    seconds = [(ended[number] - at) / 1_000_000 for number, at in begun.items() if number in ended]
    median, p90 = (np.percentile(seconds, [50, 90]).tolist()) if seconds else (None, None)
    return ReviewService(
        len(rows), sum(state in ("passed", "used") for state in states), states.count("denied"), states.count("lapsed"),
        states.count("waiting"), median, p90,
    )  # fmt: skip


def find_words(facts: FactColumns) -> NDArray[np.bool_]:
    """Which of these facts are a reviewer's word: a label whose source is the review."""
    labels: NDArray[np.bool_] = facts.kind == int(FactKind.FRAUD_REPORTED)
    for row in np.flatnonzero(labels).tolist():
        args = facts.args_values[facts.args_offsets[row] : facts.args_offsets[row + 1]]
        labels[row] = len(args) > SOURCE and args[SOURCE] == LABEL_REVIEW
    return labels


def _moments(facts: FactColumns, which: NDArray[np.bool_]) -> dict[int, int]:
    """Purchase → its first moment among some facts."""
    found: dict[int, int] = {}
    for number, at in sorted(zip(facts.purchase_id[which].tolist(), facts.happened_at[which].tolist(), strict=True)):
        found.setdefault(number, at)
    return found


__all__ = [
    "QUEUE_MAX", "ReviewItem", "ReviewService", "Tie", "list_queue", "list_ties", "measure_reviews",
]  # fmt: skip
