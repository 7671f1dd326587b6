"""Shops that are paid purchase by purchase: what is due to them, what a second scan kept back, and who let it go.

A purchase is paid at once or by a settlement, never both: whoever orders or holds shares a lock that a settlement has alone, and neither
touches a purchase whose day is settled. What is held is left out of the settlement of its day and added to that of its release.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from honghua.base.errors import BadInput, NotFound, Refusal
from honghua.merchants import store_settlement
from honghua.merchants.core.admission import MerchantState
from honghua.merchants.payouts.orders import find_payable, order_payout, tell
from honghua.merchants.payouts.store import PayoutOrder
from honghua.merchants.registry import store as registry_store
from honghua.merchants.registry.deciding import get_merchant
from honghua.merchants.registry.store import NewStep, RegisteredMerchant

DUE: Final = "SELECT purchase_id, account_id, merchant_id, fact_id, captured_on FROM merchants_payout_due"
HELD: Final = (
    "SELECT purchase_id, account_id, merchant_id, amount_minor, held_on, reasons, seen, held_at, released_on, released_by, why"
    " FROM merchants_payout_held"
)


@dataclass(frozen=True, slots=True)
class DuePayout:
    """A captured purchase of a shop that is paid at once. fact_id: of the capture; captured_on: its business day."""

    purchase_id: int
    account_id: int
    merchant_id: int
    fact_id: int
    captured_on: dt.date


@dataclass(frozen=True, slots=True)
class HeldPayout:
    """A payout that was kept back. amount_minor: what the books owed for it then; released_on: whose settlement pays it, None before."""

    purchase_id: int
    account_id: int
    merchant_id: int
    amount_minor: int
    held_on: dt.date
    reasons: list[str]
    seen: dict[str, Any]
    held_at: dt.datetime
    released_on: dt.date | None
    released_by: str | None
    why: str | None


def pay_merchant_at_once(
    conn: psycopg.Connection, merchant: str, *, at_once: bool, person: str, why: str, now: dt.datetime
) -> RegisteredMerchant | Refusal:
    """Agree with a merchant that it is paid at once, or with its settlements again. In the caller's transaction.

    Refused for one that is not fully admitted: who is limited waits for their money. It counts for purchases followed from now on.
    """
    if not person.strip() or not why.strip():
        raise BadInput("say who agreed and why", code="REASON_MISSING")
    one = get_merchant(conn, merchant, lock=True)
    if at_once and one.state != MerchantState.ADMITTED:
        return Refusal("MERCHANT_NOT_ADMITTED", "Only a fully admitted shop is paid at once.")
    conn.execute("UPDATE merchants_registry SET paid_at_once = %s WHERE merchant = %s", [at_once, merchant])
    act = "pay at once" if at_once else "pay by settlement"
    step = NewStep(merchant=merchant, act=act, before=one.state, after=one.state, person=person, reasons=[why])
    registry_store.insert_step(conn, step, now=now)
    return get_merchant(conn, merchant)


def list_due(conn: psycopg.Connection, *, now: dt.datetime, limit: int) -> list[DuePayout]:
    """What is due by now, the longest first."""
    with conn.cursor(row_factory=class_row(DuePayout)) as cursor:
        return cursor.execute(
            DUE + " WHERE due_at <= %s ORDER BY due_at, purchase_id LIMIT %s", [now, limit]
        ).fetchall()


def postpone_due(conn: psycopg.Connection, purchase_id: int, *, due_at: dt.datetime) -> None:
    """Look at it again later."""
    conn.execute("UPDATE merchants_payout_due SET due_at = %s WHERE purchase_id = %s", [due_at, purchase_id])


def order_due(
    conn: psycopg.Connection, one: DuePayout, *, business_on: dt.date, currency: str, now: dt.datetime
) -> PayoutOrder | Refusal:
    """`order_payout` of what is due; what cannot go at once is left to its settlement. In the caller's transaction."""
    key = at_once_key(one.purchase_id)
    made = order_payout(conn, key=key, purchase_id=one.purchase_id, business_on=business_on, currency=currency, now=now)
    _end_due(conn, one.purchase_id)
    return made


def at_once_key(purchase_id: int) -> str:
    """The key under which a purchase is paid once."""
    return f"at once:{purchase_id}"


def hold_due(
    conn: psycopg.Connection, one: DuePayout, *, reasons: Sequence[str], seen: Mapping[str, Any], now: dt.datetime
) -> HeldPayout | Refusal:
    """Keep a payout back and tell people; refused where money is on its way already. In the caller's transaction."""
    store_settlement.lock_settling(conn, share=True)
    _end_due(conn, one.purchase_id)
    paid = conn.execute("SELECT 1 FROM merchants_payout WHERE purchase_id = %s", [one.purchase_id]).fetchone()
    if paid is not None or store_settlement.is_settled(conn, one.merchant_id, one.captured_on):
        sentence = f"purchase {one.purchase_id}: {', '.join(reasons)}, but the shop is being paid already"
        tell(conn, f"held too late:{one.purchase_id}", str(one.purchase_id), sentence, now=now)
        return Refusal("PAYOUT_ON_ITS_WAY", "The shop is being paid for this purchase already.")
    _, _, amount = find_payable(conn, one.purchase_id)
    if amount <= 0:
        return Refusal("NOTHING_TO_HOLD", "The books do not owe the merchant anything for it.")
    conn.execute(
        "INSERT INTO merchants_payout_held (purchase_id, account_id, merchant_id, amount_minor, held_on, reasons, seen, held_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        [one.purchase_id, one.account_id, one.merchant_id, amount, one.captured_on, list(reasons), Jsonb(dict(seen)), now],
    )  # fmt: skip
    sentence = f"purchase {one.purchase_id}: the shop's money is kept back, {', '.join(reasons)}"
    tell(conn, f"held:{one.purchase_id}", str(one.purchase_id), sentence, now=now)
    return get_held(conn, one.purchase_id)


def get_held(conn: psycopg.Connection, purchase_id: int, *, lock: bool = False) -> HeldPayout:
    """A payout that was kept back; NotFound."""
    with conn.cursor(row_factory=class_row(HeldPayout)) as cursor:
        found = cursor.execute(
            HELD + " WHERE purchase_id = %s" + (" FOR UPDATE" if lock else ""), [purchase_id]
        ).fetchone()
    if found is None:
        raise NotFound(f"no payout of purchase {purchase_id} was held", code="PAYOUT_NOT_HELD")
    return found


def list_held(conn: psycopg.Connection, *, open_only: bool = True, limit: int = 100) -> list[HeldPayout]:
    """Payouts that were kept back, the newest first; open ones nobody has let go."""
    where = " WHERE released_on IS NULL" if open_only else ""
    with conn.cursor(row_factory=class_row(HeldPayout)) as cursor:
        return cursor.execute(HELD + where + " ORDER BY held_at DESC, purchase_id LIMIT %s", [limit]).fetchall()


def list_unwritten(conn: psycopg.Connection, *, limit: int) -> list[HeldPayout]:
    """Held payouts that no contract's stream tells yet, the oldest first."""
    with conn.cursor(row_factory=class_row(HeldPayout)) as cursor:
        return cursor.execute(
            HELD + " WHERE written_at IS NULL ORDER BY held_at, purchase_id LIMIT %s", [limit]
        ).fetchall()


def note_written(conn: psycopg.Connection, purchase_id: int, *, now: dt.datetime) -> None:
    """The stream tells it, or there is no stream that could."""
    conn.execute("UPDATE merchants_payout_held SET written_at = %s WHERE purchase_id = %s", [now, purchase_id])


def release_held(
    conn: psycopg.Connection, purchase_id: int, *, person: str, why: str, business_on: dt.date, now: dt.datetime
) -> HeldPayout | Refusal:
    """A person lets a payout go: the settlement of this business day pays it. In the caller's transaction. NotFound."""
    if not person.strip() or not why.strip():
        raise BadInput("say who lets it go and why", code="REASON_MISSING")
    store_settlement.lock_settling(conn, share=True)
    one = get_held(conn, purchase_id, lock=True)
    if one.released_on is not None:
        return Refusal("PAYOUT_RELEASED", "This payout was let go already.")
    if store_settlement.is_settled(conn, one.merchant_id, business_on):
        return Refusal("DAY_CLOSED", "The settlement of this business day is made already; try again on the next.")
    conn.execute(
        "UPDATE merchants_payout_held SET released_on = %s, released_by = %s, why = %s, released_at = %s WHERE purchase_id = %s",
        [business_on, person, why, now, purchase_id],
    )
    return get_held(conn, purchase_id)


def _end_due(conn: psycopg.Connection, purchase_id: int) -> None:
    conn.execute("DELETE FROM merchants_payout_due WHERE purchase_id = %s", [purchase_id])


__all__ = [
    "DuePayout", "HeldPayout", "at_once_key", "get_held", "hold_due", "list_due", "list_held", "list_unwritten", "note_written",
    "order_due", "pay_merchant_at_once", "postpone_due", "release_held",
]  # fmt: skip
