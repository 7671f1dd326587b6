"""Payout orders: made in the transaction that books them, sent after commit under a key that pays once, moved by what banks say.

Before an order is sent a second time the bank is asked what became of it; when it does not know the key, the same key is sent again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.base.clock import CHINA
from honghua.base.dates import from_day, to_day
from honghua.base.errors import BadInput, Conflict, NotFound, Refusal, WorldFailed
from honghua.decision.api import Told, raise_alert
from honghua.facts.kinds import FactKind
from honghua.ledger import api as ledger
from honghua.ledger.core import Component, account_key, entry_batch
from honghua.merchants import store_settlement
from honghua.merchants.core.payouts import DifferenceKind, PayoutState, Said, hear
from honghua.merchants.payouts import store
from honghua.merchants.payouts.port import PayoutAnswer, PayoutBank
from honghua.merchants.payouts.store import NewDifference, PayoutOrder, Word
from honghua.store.database import run_unit
from honghua.store.facts import read_facts_of_purchases
from honghua.store.wishes import Wish, WishState, make_wishes, settle_wish, take_wishes

PAYOUT_WISH: Final = "merchant_payout"
PAYOUTS_AT_ONCE: Final = 100
PAYOUT_LEASE: Final = dt.timedelta(minutes=5)
TRY_AGAIN: Final = dt.timedelta(minutes=10)
SEND_YOURSELF: Final = dt.timedelta(seconds=5)  # who orders at once sends at once; after that the clock's job does
SILENT_TRIES: Final = 20  # of one order without an answer: then people are told
NEEDS_PERSON: Final = frozenset({
    DifferenceKind.AMOUNT_DIFFERS, DifferenceKind.PAYEE_DIFFERS, DifferenceKind.UNKNOWN_ORDER, DifferenceKind.MOVED_TWICE,
    DifferenceKind.AFTER_THE_END,
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Payable:
    """What one merchant is to be paid, and for what: a settlement's day, or a purchase."""

    key: str
    merchant_id: int
    merchant: str
    amount_minor: int
    day: dt.date | None = None
    purchase_id: int | None = None

    @property
    def kind(self) -> str:
        """settlement, or at_once."""
        return "settlement" if self.purchase_id is None else "at_once"


def bank_day(now: dt.datetime) -> dt.date:
    """The day that it is at banks."""
    return now.astimezone(CHINA).date()


def place_orders(
    conn: psycopg.Connection, payables: Sequence[Payable], *, business_on: dt.date, currency: str, now: dt.datetime
) -> list[PayoutOrder]:
    """Book payouts and wish for them; in the caller's transaction. Each key must be new."""
    if not payables:
        return []
    kind = FactKind.MERCHANT_PAID if payables[0].purchase_id is None else FactKind.MERCHANT_PAID_AT_ONCE
    amounts = [(one.merchant_id, one.amount_minor) for one in payables]
    entry_ids = post_paid(conn, amounts, kind, booked_on=business_on, currency=currency)
    orders = [
        PayoutOrder(
            one.key, one.kind, one.merchant_id, one.merchant, one.purchase_id, one.day, one.amount_minor, currency, entry_id,
            PayoutState.WAITING.value, 0, None, 0, None, None, now, None, None, None,
        )
        for one, entry_id in zip(payables, entry_ids.tolist(), strict=True)
    ]  # fmt: skip
    store.insert_payouts(conn, orders)
    due = now if payables[0].purchase_id is None else now + SEND_YOURSELF
    make_wishes(
        conn, kind=PAYOUT_WISH, keys=[o.key for o in orders], bodies=[{"payout": o.key} for o in orders], due_at=due
    )
    return orders


def post_paid(
    conn: psycopg.Connection,
    rows: Sequence[tuple[int, int]],
    kind: FactKind,
    *,
    booked_on: dt.date,
    currency: str,
) -> NDArray[np.int64]:
    """Entries that pay each merchant an amount (negative: it comes back); their ids."""
    day = to_day(booked_on)
    entries: list[dict[str, Any]] = [
        {
            "owner_id": merchant, "kind": int(kind), "value_on": day, "booked_on": day,
            "lines": [
                (account_key(merchant, Component.MERCHANT_PAYABLE), minor),
                (account_key(merchant, Component.BANK_CLEARING), -minor),
            ],
        }
        for merchant, minor in rows
    ]  # fmt: skip
    return ledger.post_entries(conn, entry_batch(entries, currency=currency))


def order_payout(
    conn: psycopg.Connection, *, key: str, purchase_id: int, business_on: dt.date, currency: str, now: dt.datetime
) -> PayoutOrder | Refusal:
    """Order the entrusted payment of one captured purchase: the merchant gets its net (price less the fee that it bears) at once.

    In the caller's transaction; the same key again is the same order. Refused once the purchase's business day is over (its
    settlement pays it), and when nothing of it is payable. Conflict for a key that belongs to another purchase; NotFound.
    """
    known = store.find_payout(conn, key)
    if known is not None:
        if known.purchase_id != purchase_id:
            raise Conflict(f"key {key!r} ordered another payout", code="KEY_REUSED")
        return known
    conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('merchants_payout', %s))", [purchase_id])
    store_settlement.lock_settling(
        conn, share=True
    )  # a settlement under way counts what is booked before it or nothing
    if store.find_of_purchase(conn, purchase_id) is not None:
        return Refusal("PAYOUT_ORDERED", "This purchase is being paid out under another key.")
    if store.is_held(conn, purchase_id):
        return Refusal(
            "PAYOUT_HELD", "The payout of this purchase was kept back: a settlement pays it once it is let go."
        )
    merchant_id, captured_on, amount = find_payable(conn, purchase_id)
    if business_on != captured_on or store_settlement.is_settled(conn, merchant_id, business_on):
        return Refusal(
            "PAYOUT_WITH_SETTLEMENT", "The business day of this purchase is over: its settlement pays the merchant."
        )
    owed = -int(ledger.read_balances(conn, np.array([merchant_id], np.int64))[0, Component.MERCHANT_PAYABLE])
    if amount <= 0 or owed < amount:
        return Refusal("PAYABLE_SHORT", "The books do not owe the merchant that much.")
    payable = Payable(
        key=key, merchant_id=merchant_id, merchant=ledger.find_refs(conn, owner_ids=[merchant_id])[merchant_id], amount_minor=amount,
        purchase_id=purchase_id,
    )  # fmt: skip
    return place_orders(conn, [payable], business_on=business_on, currency=currency, now=now)[0]


def find_payable(conn: psycopg.Connection, purchase_id: int) -> tuple[int, dt.date, int]:
    """(merchant, business day of the capture, what the journal says that its facts made payable, minor units) of a purchase; NotFound."""
    facts = read_facts_of_purchases(conn, np.array([purchase_id], np.int64))
    captured = np.flatnonzero(facts.kind == FactKind.PURCHASE_CAPTURED)
    if not len(captured):
        raise NotFound(f"no purchase {purchase_id} was captured", code="PURCHASE_UNKNOWN")
    _, fact_ids, _, amounts = ledger.read_causes(conn, np.unique(facts.account_id), Component.MERCHANT_PAYABLE)
    amount = -int(amounts[np.isin(fact_ids, facts.fact_id)].sum())
    return int(facts.counterparty_id[captured[0]]), from_day(int(facts.effective_on[captured].min())), amount


def get_payout(conn: psycopg.Connection, key: str) -> PayoutOrder:
    """One order; NotFound."""
    found = store.find_payout(conn, key)
    if found is None:
        raise NotFound(f"no payout {key!r}", code="PAYOUT_UNKNOWN")
    return found


def list_payouts(conn: psycopg.Connection, *, merchant_id: int | None = None, limit: int = 50) -> list[PayoutOrder]:
    """The newest orders, of one merchant or of all."""
    if not 1 <= limit <= store_settlement.LIST_MAX:
        raise BadInput(f"1 … {store_settlement.LIST_MAX} payouts at a time")
    return store.list_payouts(conn, merchant_id=merchant_id, limit=limit)


def send_payout(conn: psycopg.Connection, bank: PayoutBank, key: str, *, now: dt.datetime) -> PayoutOrder:
    """Send one order now and write down what the bank says; conn must be idle. A bank that fails leaves it waiting."""
    ask(conn, bank, key, now=now)
    return get_payout(conn, key)


def pay_out(conn: psycopg.Connection, bank: PayoutBank, *, now: dt.datetime) -> dict[str, int]:
    """Send what is due and hear what the bank tells by itself; counts by what the orders came to. conn must be idle."""
    counts = {"paid": 0, "refused": 0, "disputed": 0, "unknown": 0}
    counts["notices"] = hear_notices(conn, bank, now=now)
    for one in run_unit(conn, lambda c: take_wishes(c, PAYOUT_WISH, PAYOUTS_AT_ONCE, now=now, lease=PAYOUT_LEASE)):
        state = ask(conn, bank, one.body["payout"], now=now)
        if state is not None:
            counts["unknown" if state is PayoutState.WAITING else NAMES.get(state, "paid")] += 1
        run_unit(conn, lambda c, one=one, state=state: _close_wish(c, one, state, now=now))  # type: ignore[misc]
    return counts


NAMES: Final = {PayoutState.REFUSED: "refused", PayoutState.RETURNED: "refused", PayoutState.DISPUTED: "disputed"}


def _close_wish(conn: psycopg.Connection, one: Wish, state: PayoutState | None, *, now: dt.datetime) -> None:
    if state is not PayoutState.WAITING:
        settle_wish(conn, one, WishState.DONE, now=now)
        return
    settle_wish(
        conn, one, WishState.WAITING, now=now, due_at=now + TRY_AGAIN, error="the bank has not said what became of it"
    )
    if one.tries == SILENT_TRIES:
        tell(conn, f"silent:{one.key}", one.body["payout"], f"no answer after {one.tries} tries", now=now)


def ask(conn: psycopg.Connection, bank: PayoutBank, key: str, *, now: dt.datetime) -> PayoutState | None:
    """Send an order, or ask about it first where it may have been sent before; the state that it came to, None when it waits no more."""
    order = run_unit(conn, lambda c: store.mark_sent(c, key, bank=bank.name, now=now))
    if order is None:
        return None
    via = "inquiry"
    try:
        answer = bank.find(key) if order.tries > 1 else None
        if answer is None:
            via = "answer"
            answer = bank.pay(
                key=key, merchant=order.merchant, amount_minor=order.amount_minor, currency=order.currency
            )
    except WorldFailed:  # however a bank fails, what it did is unknown
        return PayoutState.WAITING
    told = answer
    run_unit(conn, lambda c: accept(c, bank.name, [told], via=via, now=now))
    return PayoutState(get_payout(conn, key).state)


def hear_notices(conn: psycopg.Connection, bank: PayoutBank, *, now: dt.datetime) -> int:
    """Take in what the bank tells by itself; how many notices. Late, double and strange ones change nothing that they should not."""
    try:
        notices = bank.take_notices()
    except WorldFailed:
        return 0
    if notices:
        run_unit(conn, lambda c: accept(c, bank.name, notices, via="notice", now=now))
    return len(notices)


def accept(conn: psycopg.Connection, bank: str, answers: Sequence[PayoutAnswer], *, via: str, now: dt.datetime) -> None:
    """Move orders by what a bank says, in the caller's transaction. Nothing is booked on hearsay."""
    orders = store.lock_many(conn, [one.key for one in answers])
    states = {key: PayoutState(order.state) for key, order in orders.items()}
    words: list[Word] = []
    found: list[NewDifference] = []
    for one in answers:
        order = orders.get(one.key)
        if order is None or order.bank != bank:
            words.append(
                Word(key=one.key, via=via, said=one.said, amount_minor=one.amount_minor, before=None, after=None)
            )
            found.append(
                NewDifference(
                    key=one.key, kind=DifferenceKind.UNKNOWN_NOTICE, ours_minor=0, theirs_minor=one.amount_minor
                )
            )
            continue
        before = states[one.key]
        heard = hear(before, ordered_minor=order.amount_minor, said=one.said, said_minor=one.amount_minor)
        states[one.key] = heard.state
        words.append(
            Word(key=one.key, via=via, said=one.said, amount_minor=one.amount_minor, before=before, after=heard.state)
        )
        if heard.difference is not None:
            found.append(
                NewDifference(
                    key=one.key, kind=heard.difference, ours_minor=order.amount_minor, theirs_minor=one.amount_minor
                )
            )
        if heard.state is not before or one.said is not Said.PENDING:
            move(conn, order, heard.state, error=one.error or None, now=now)
    store.insert_words(conn, bank, words, now=now)
    note_differences(conn, bank, bank_day(now), found, is_hearsay=True, now=now)


def move(
    conn: psycopg.Connection, order: PayoutOrder, state: PayoutState, *, error: str | None, now: dt.datetime
) -> None:
    """Set a state that is not final, and show it on the settlement that the order pays."""
    store.set_heard(conn, order.key, state, error=error, heard_on=bank_day(now), now=now)
    if order.day is not None and order.ended_at is None:
        shown = "paid" if state is PayoutState.PAID else "instructed"
        store_settlement.settle(conn, order.merchant_id, order.day, state=shown, error=error, now=now)


def note_differences(
    conn: psycopg.Connection,
    bank: str,
    day: dt.date,
    found: Sequence[NewDifference],
    *,
    is_hearsay: bool,
    now: dt.datetime,
) -> None:
    """Write differences down and tell people of those that need them; what a bank merely says is mended by its statement."""
    rows = [(one, not is_hearsay and one.kind in NEEDS_PERSON) for one in found]
    store.insert_differences(conn, bank, day, rows, now=now)
    for one, needs_person in rows:
        if needs_person:
            sentence = (
                f"{bank}, {day}: {one.kind.value.replace('_', ' ')}, ours {one.ours_minor}, theirs {one.theirs_minor}"
            )
            tell(conn, f"{one.kind}:{bank}:{day}:{one.key}", one.key, sentence, now=now)


def tell(conn: psycopg.Connection, key: str, subject: str, sentence: str, *, now: dt.datetime) -> None:
    """An alert, once an occasion."""
    raise_alert(conn, Told("payout", f"payout:{key}", subject, sentence, now), now=now)
