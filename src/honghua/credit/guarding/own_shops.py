"""Shops that belong to customers: what was said of them, by whom and why. No line of the owner pays at one of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg.rows import class_row

from honghua.base.errors import BadInput

NEWEST: Final = """
SELECT DISTINCT ON (customer_ref, merchant_ref) customer_ref AS customer, merchant_ref AS merchant, is_own, said_by, why, said_at
FROM credit_own_shop WHERE customer_ref = ANY(%s::text[]) ORDER BY customer_ref, merchant_ref, row_id DESC
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnShop:
    """What is said of a customer, by their own reference, and a shop. is_own False: it is the customer's no longer, or never was."""

    customer: str
    merchant: str
    is_own: bool
    said_by: str
    why: str
    said_at: dt.datetime


def say_own_shop(conn: psycopg.Connection, said: OwnShop) -> bool:
    """Write down that a shop is, or is not, a customer's own; whether that is news. In the caller's transaction.

    BadInput without a shop, a name or a reason. It counts from the next unit of work on.
    """
    merchant = said.merchant.strip()
    if not merchant or not said.said_by.strip() or not said.why.strip():
        raise BadInput("say which shop, who says so and why", code="OWN_SHOP_UNSAID")
    conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('credit_own_shop', hashtext(%s)))", [said.customer])
    known = {one.merchant: one.is_own for one in list_own_shops(conn, [said.customer])}
    if known.get(merchant, False) is said.is_own:
        return False
    conn.execute(
        "INSERT INTO credit_own_shop (customer_ref, merchant_ref, is_own, said_by, why, said_at) VALUES (%s, %s, %s, %s, %s, %s)",
        [said.customer, merchant, said.is_own, said.said_by, said.why, said.said_at],
    )
    return True


def list_own_shops(conn: psycopg.Connection, customers: Collection[str]) -> list[OwnShop]:
    """The newest word on each shop of these customers, whose own it is or no longer is."""
    with conn.cursor(row_factory=class_row(OwnShop)) as cursor:
        return cursor.execute(NEWEST, [list(customers)]).fetchall()


__all__ = ["OwnShop", "list_own_shops", "say_own_shop"]
