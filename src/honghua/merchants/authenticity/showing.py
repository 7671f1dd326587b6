"""Orders as pages look at them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Final

import psycopg

from honghua.base.errors import BadInput
from honghua.merchants.authenticity import store
from honghua.merchants.authenticity.store import OrderRow, OrderStep

LIST_MAX: Final = 500


def find_order(conn: psycopg.Connection, purchase_id: int) -> OrderRow | None:
    """An order with the word on it; None where the journal was not followed so far, or it is no purchase."""
    return store.find_order(conn, purchase_id)


def find_orders(conn: psycopg.Connection, purchase_ids: Collection[int]) -> dict[int, OrderRow]:
    """purchase -> its order, of those that are known; at most LIST_MAX."""
    if len(purchase_ids) > LIST_MAX:
        raise BadInput(f"at most {LIST_MAX} orders at a time")
    return store.find_orders(conn, purchase_ids)


def list_flagged(conn: psycopg.Connection, *, limit: int = 50) -> list[OrderRow]:
    """Orders whose purpose is in doubt or was found false, the last flagged first."""
    if not 1 <= limit <= LIST_MAX:
        raise BadInput(f"1 … {LIST_MAX} orders at a time")
    return store.list_flagged(conn, limit=limit)


def list_order_steps(conn: psycopg.Connection, purchase_id: int) -> list[OrderStep]:
    """Each change of the word on an order, in order."""
    return store.list_steps(conn, purchase_id)


def count_states(conn: psycopg.Connection, *, since: dt.date) -> list[tuple[str, int, int]]:
    """(state, orders, withheld minor units) of business days from one on."""
    return store.count_states(conn, since=since)


__all__ = ["count_states", "find_order", "find_orders", "list_flagged", "list_order_steps"]
