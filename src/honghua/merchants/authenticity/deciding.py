"""People's word on an order: one person's where nothing moves by it, two persons' where money does.

To clear an order gives withheld campaign money back and lets the state be asked for its part; to find one false takes both back. A
proposal stands until somebody else says the same; the other word by anybody takes its place.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Final

import psycopg
from psycopg.rows import class_row

from honghua.base.errors import BadInput, NotFound, Refusal
from honghua.merchants.authenticity import store
from honghua.merchants.authenticity.looking import Books, Finding, decide_order
from honghua.merchants.authenticity.store import OrderRow
from honghua.merchants.core.authenticity import OrderState
from honghua.merchants.subsidies.store import find_item_of_purchase

# The newest word counts; once it is confirmed, those that it took the place of do not rise again.
OPEN: Final = (
    "SELECT * FROM (SELECT proposal_id, purchase_id, is_real, person, why, said_at FROM merchants_order_proposal WHERE purchase_id = %s"
    " ORDER BY proposal_id DESC LIMIT 1) AS newest"
    " WHERE NOT EXISTS (SELECT FROM merchants_order_proposal_end AS e WHERE e.proposal_id = newest.proposal_id)"
)


@dataclass(frozen=True, slots=True)
class OrderProposal:
    """A first person's word, waiting for a second person's."""

    proposal_id: int
    purchase_id: int
    is_real: bool
    person: str
    why: str
    said_at: dt.datetime


def say_of_order(
    conn: psycopg.Connection, purchase_id: int, finding: Finding, books: Books, *, now: dt.datetime
) -> OrderRow | OrderProposal | Refusal:
    """A person's word on an order; in the caller's transaction. An OrderProposal where a second person is needed: nothing has moved.

    Refused (ORDER_TWO_PERSONS) for whoever says twice what they said first. Raises as `decide_order`.
    """
    if not finding.why.strip() or not finding.person.strip():
        raise BadInput("say who you are and why", code="REASON_MISSING")
    rows = store.lock_orders(conn, [purchase_id])
    if not rows:
        raise NotFound(f"no order {purchase_id}", code="PURCHASE_UNKNOWN")
    if rows[0].state == OrderState.FALSE or not moves_money(
        conn, rows[0], finding
    ):  # what was found false stays so: Conflict
        return decide_order(conn, purchase_id, finding, books, now=now)
    first = find_order_proposal(conn, purchase_id)
    if first is None or first.is_real != finding.is_real:
        return _propose(conn, purchase_id, finding, now=now)
    if first.person == finding.person:
        return Refusal("ORDER_TWO_PERSONS", "Whoever said so first does not confirm it: money moves by it.")
    why = f"{first.person}: {first.why}; {finding.person}: {finding.why}"
    decided = decide_order(conn, purchase_id, replace(finding, why=why), books, now=now)
    conn.execute(
        "INSERT INTO merchants_order_proposal_end (proposal_id, person, ended_at) VALUES (%s, %s, %s)",
        [first.proposal_id, finding.person, now],
    )
    return decided


def moves_money(conn: psycopg.Connection, row: OrderRow, finding: Finding) -> bool:
    """Whether a word on an order moves money, now or by what may be asked for after it."""
    if finding.is_real:
        return True  # what is withheld comes back, and a proved order may ask the state
    return row.platform_minor > 0 or find_item_of_purchase(conn, row.purchase_id) is not None


def find_order_proposal(conn: psycopg.Connection, purchase_id: int) -> OrderProposal | None:
    """The word on an order that waits for a second person."""
    with conn.cursor(row_factory=class_row(OrderProposal)) as cursor:
        return cursor.execute(OPEN, [purchase_id]).fetchone()


def _propose(conn: psycopg.Connection, purchase_id: int, finding: Finding, *, now: dt.datetime) -> OrderProposal:
    conn.execute(
        "INSERT INTO merchants_order_proposal (purchase_id, is_real, person, why, said_at) VALUES (%s, %s, %s, %s, %s)",
        [purchase_id, finding.is_real, finding.person, finding.why, now],
    )
    made = find_order_proposal(conn, purchase_id)
    assert made is not None, "inserted just now"
    return made


__all__ = ["OrderProposal", "find_order_proposal", "moves_money", "say_of_order"]
