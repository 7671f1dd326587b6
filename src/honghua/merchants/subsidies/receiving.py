"""The treasury pays what a month's return claimed: its claims fall, and what came too little or too much is told."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row

from honghua.base.errors import BadInput, Conflict, Refusal
from honghua.facts.kinds import FactKind
from honghua.merchants.subsidies import store
from honghua.merchants.subsidies.claiming import ADVANCED, CENTRAL, PROVINCE, post_moved


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One payment of the treasury for a month. reference: how its bank names it; amounts minor units, from 0, not both 0."""

    reference: str
    month: dt.date
    central_minor: int
    province_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthReceived:
    """How a filed month stands. Missing amounts are what the return claimed less what came in; below 0 more came than was claimed."""

    month: dt.date
    receipts: int
    central_minor: int
    province_minor: int
    central_missing_minor: int
    province_missing_minor: int


def receive_subsidy(
    conn: psycopg.Connection, receipt: Receipt, *, books: tuple[dt.date, str], person: str, now: dt.datetime
) -> MonthReceived | Refusal:
    """Book a payment once for its reference; how its month then stands. In the caller's transaction. books: business day, currency.

    Money that came is booked whatever the return says, and the difference is told. Refusal RETURN_NOT_FILED: no such month was claimed.
    Conflict RECEIPT_KNOWN: the reference stands for another payment.
    """
    central, province = receipt.central_minor, receipt.province_minor
    if min(central, province) < 0 or central + province == 0:
        raise BadInput("the treasury pays more than nothing", code="AMOUNT_INVALID")
    if not receipt.reference.strip() or not person.strip():
        raise BadInput("say how the bank names the payment, and who you are", code="REFERENCE_MISSING")
    conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('merchants_subsidy_receipt', 0))")
    if store.find_return(conn, receipt.month) is None:
        return Refusal("RETURN_NOT_FILED", "No return was filed for this month: nothing was claimed for it.")
    known = _find_receipt(conn, receipt.reference)
    if known is not None and known != receipt:
        raise Conflict(f"{receipt.reference!r} was booked as another payment", code="RECEIPT_KNOWN")
    if known is None:
        moved = ((CENTRAL, -central), (PROVINCE, -province), (ADVANCED, central + province))
        entry_id = post_moved(conn, moved, FactKind.SUBSIDY_RECEIVED, *books)
        conn.execute(
            "INSERT INTO merchants_subsidy_receipt (reference, month, central_minor, province_minor, received_on, entry_id, person, at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            [receipt.reference, receipt.month, central, province, books[0], entry_id, person, now],
        )  # fmt: skip
    return find_received(conn, receipt.month)


def find_received(conn: psycopg.Connection, month: dt.date) -> MonthReceived:
    """How a month that was filed stands; BadInput for one that was not."""
    claimed = store.find_return(conn, month)
    if claimed is None:
        raise BadInput(f"no return was filed for {month:%Y-%m}", code="RETURN_NOT_FILED")
    row = conn.execute(
        "SELECT count(*), coalesce(sum(central_minor), 0)::bigint, coalesce(sum(province_minor), 0)::bigint"
        " FROM merchants_subsidy_receipt WHERE month = %s",
        [month],
    ).fetchone()
    assert row is not None
    receipts, central, province = row
    return MonthReceived(
        month=month, receipts=receipts, central_minor=central, province_minor=province,
        central_missing_minor=claimed.central_minor - central, province_missing_minor=claimed.province_minor - province,
    )  # fmt: skip


def _find_receipt(conn: psycopg.Connection, reference: str) -> Receipt | None:
    with conn.cursor(row_factory=class_row(Receipt)) as cursor:
        return cursor.execute(
            "SELECT reference, month, central_minor, province_minor FROM merchants_subsidy_receipt WHERE reference = %s",
            [reference],
        ).fetchone()
