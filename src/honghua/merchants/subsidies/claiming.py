"""The state's interest subsidy: registered with evidence, granted when interest is settled, claimed from the treasury, taken back.

What is granted is claimed from the treasury in the same transaction and wished to be deducted from what the customer pays: `app` repays it
into the customer's account under the wish's key. What is taken back is owed by the borrower and comes out of later grants first;
nobody is made overdue in the past by it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter
from typing import Final

import numpy as np
import psycopg

from honghua.base.dates import add_months, from_day, to_day
from honghua.base.errors import BadInput, Conflict, IntegrityBroken, NotFound, Refusal
from honghua.base.money import split_even
from honghua.decision.api import Told, raise_alert
from honghua.facts.kinds import FactKind
from honghua.ledger import api as ledger
from honghua.ledger.core import Component, OwnerKind, account_key, entry_batch
from honghua.merchants.core.subsidy import (
    HeldItem,
    InterestPart,
    SubsidyChange,
    SubsidyItem,
    check_item,
    claw_back,
    refund_item,
    settle_interest,
)
from honghua.merchants.subsidies import store
from honghua.merchants.subsidies.store import Booked, PaidPurchase, PartRow, ReturnRow, SubsidyRow
from honghua.store.facts import read_facts_of_purchases
from honghua.store.wishes import make_wishes

DEDUCTION_WISH: Final = "state_subsidy"
CENTRAL, PROVINCE, ADVANCED = "treasury:central", "treasury:province", "treasury:advanced"
SETTLED_AT_ONCE: Final = 2_000
LABEL_FRAUD: Final = 1  # first argument of FRAUD_REPORTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """An item to be subsidised. item: its key; evidence: by what the trade was identified, such as the payout's key."""

    item: str
    borrower: str
    merchant: str
    purchase_id: int
    terms: SubsidyItem
    evidence: str


def plan_parts(
    item: str, amount_minor: int, *, periods: int, fee_minor: int, consumed_on: dt.date
) -> tuple[PartRow, ...]:
    """The interest parts of a plan of equal periods, month by month: principal still out, and the period's part of the fee."""
    principal = split_even(amount_minor, periods)
    interest = split_even(fee_minor, periods)
    start = to_day(consumed_on)
    days = [from_day(int(add_months(start, n))) for n in range(periods + 1)]
    left = amount_minor
    parts = []
    for n in range(periods):
        parts.append(PartRow(item, n + 1, days[n], days[n + 1], left, interest[n]))
        left -= principal[n]
    return tuple(parts)


def register_item(
    conn: psycopg.Connection, asked: Registration, parts: Sequence[PartRow], *, now: dt.datetime
) -> SubsidyRow | Refusal:
    """Ask the state to bear part of an item's interest; refused where the policy of its day does not cover it or nothing proves the trade.

    In the caller's transaction. The same item again is the same; another purchase under its key is Conflict.
    """
    known = store.find_item(conn, asked.item)
    if known is not None:
        if (known.purchase_id, known.borrower) != (asked.purchase_id, asked.borrower):
            raise Conflict(f"item {asked.item!r} is another purchase", code="ITEM_KNOWN")
        return known
    if store.find_item_of_purchase(conn, asked.purchase_id) is not None:
        return Refusal("SUBSIDY_ASKED", "This purchase is subsidised under another key.")
    terms = replace(asked.terms, is_verified=asked.terms.is_verified and bool(asked.evidence.strip()))
    policy = check_item(terms)
    if isinstance(policy, Refusal):
        return policy
    row = SubsidyRow(
        item=asked.item, borrower=asked.borrower, merchant=asked.merchant, purchase_id=asked.purchase_id, consumed_on=terms.consumed_on,
        amount_minor=terms.amount_minor, left_minor=terms.amount_minor, rate_ppm=terms.rate_ppm, product=terms.product.value,
        field=terms.field, policy=policy.name, evidence=asked.evidence, is_false=False,
    )  # fmt: skip
    store.insert_item(conn, row, parts, now=now)
    return row


def settle_subsidies(
    conn: psycopg.Connection, *, business_on: dt.date, currency: str, now: dt.datetime, limit: int = SETTLED_AT_ONCE
) -> int:
    """Grant what interest parts that have ended earn; how many parts. In the caller's transaction; the same part is settled once.

    Borrowers are locked in one order; what is granted is booked as a claim on the treasury and wished to be deducted.
    """
    due = store.list_due(conn, until=business_on, limit=limit)
    false = _find_false(conn, {part.item for _, part in due})
    whose = itemgetter(0)
    for borrower, mine in groupby(sorted(due, key=whose), key=whose):
        store.lock_borrower(conn, borrower)
        items = store.load_items(conn, borrower)
        for _, part in mine:
            if not store.mark_settled(conn, part):
                continue
            if part.item in false and not items[part.item].is_false:
                why = "a fraud was reported"
                books = (business_on, currency)
                claw_back_subsidy(conn, part.item, key=f"fraud:{part.item}", why=why, books=books, now=now)
                items = store.load_items(conn, borrower)
            told = InterestPart(
                from_on=part.from_on, to_on=part.to_on, principal_minor=part.principal_minor, interest_minor=part.interest_minor
            )  # fmt: skip
            found = settle_interest(items, part.item, told, settled_on=business_on)
            if isinstance(found, Refusal) or found[0].amount_minor == 0:
                continue
            change, items[part.item] = found
            key = f"subsidy:{part.item}:{part.seq}"
            _book(conn, (key, part.item, borrower, "granted"), change, (business_on, currency), now=now)
            _deduct(conn, key, borrower, change.amount_minor, now=now)
    return len(due)


def _find_false(conn: psycopg.Connection, items: set[str]) -> set[str]:
    """Items whose purchase was last reported as a fraud."""
    of_purchase = store.find_purchases(conn, items)
    facts = read_facts_of_purchases(conn, np.array(sorted(of_purchase), np.int64))
    last: dict[int, int] = {}
    for row in np.flatnonzero(facts.kind == FactKind.FRAUD_REPORTED).tolist():
        last[int(facts.purchase_id[row])] = int(facts.args_values[facts.args_offsets[row]])
    return {of_purchase[purchase] for purchase, label in last.items() if label == LABEL_FRAUD}


def follow_refunds(conn: psycopg.Connection, *, business_on: dt.date, currency: str, now: dt.datetime) -> int:
    """Take back what belongs to refunds that the journal brought since; how many refunds. In the caller's transaction."""
    found = store.list_refunds(conn, limit=SETTLED_AT_ONCE)
    for item, fact_id, minor in found:
        left = _get(conn, item).left_minor
        if left:
            books = (business_on, currency)
            refund_subsidy(conn, item, min(minor, left), key=f"refund:{fact_id}", books=books, now=now)
    return len(found)


def list_unasked(conn: psycopg.Connection, *, limit: int = SETTLED_AT_ONCE) -> list[PaidPurchase]:
    """Purchases whose entrusted payment a bank's statement confirms and whose order is proved, if nobody asked the state for them yet."""
    return store.list_unasked(conn, limit=limit)


def decline(conn: psycopg.Connection, purchase_id: int, code: str, *, now: dt.datetime) -> None:
    """This purchase is not covered: nobody asks again. In the caller's transaction."""
    store.insert_declined(conn, purchase_id, code, now=now)


def _deduct(conn: psycopg.Connection, key: str, borrower: str, minor: int, *, now: dt.datetime) -> None:
    """Wish that the customer pays so much less; what they owe back comes first."""
    owed = store.read_debt(conn, borrower)
    kept = min(owed, minor)
    if kept:
        store.set_debt(conn, borrower, owed - kept)
    if minor > kept:
        body = {"customer": borrower, "amount_minor": minor - kept}
        make_wishes(conn, kind=DEDUCTION_WISH, keys=[key], bodies=[body], due_at=now)


def refund_subsidy(
    conn: psycopg.Connection, item: str, refunded_minor: int, *, key: str, books: tuple[dt.date, str], now: dt.datetime
) -> int:
    """Take back what belongs to the refunded part of an item; how much, minor units. books: (business day, currency). Once a key."""
    row = _get(conn, item)
    store.lock_borrower(conn, row.borrower)
    if not store.insert_event(conn, (key, item, "refunded", refunded_minor), now=now):
        return 0
    found = refund_item(store.load_items(conn, row.borrower), item, refunded_minor)
    return _take_back(conn, row, found, (key, "refunded"), books, now=now)


def claw_back_subsidy(
    conn: psycopg.Connection, item: str, *, key: str, why: str, books: tuple[dt.date, str], now: dt.datetime
) -> int:
    """A trade was found to be false: take all back, pay nothing more, tell people; how much, minor units. Once a key."""
    if not why.strip():
        raise BadInput("say what was found", code="REASON_MISSING")
    row = _get(conn, item)
    store.lock_borrower(conn, row.borrower)
    if not store.insert_event(conn, (key, item, f"false: {why}"[:200], 0), now=now):
        return 0
    found = claw_back(store.load_items(conn, row.borrower), item)
    back = _take_back(conn, row, found, (key, "clawed_back"), books, now=now)
    told = Told(
        "subsidy", f"false trade:{item}", row.borrower, f"{item}: {why}; {back} to be given back to the state", now
    )
    raise_alert(conn, told, now=now)
    return back


def _take_back(
    conn: psycopg.Connection,
    row: SubsidyRow,
    found: tuple[SubsidyChange, HeldItem] | Refusal,
    what: tuple[str, str],
    books: tuple[dt.date, str],
    *,
    now: dt.datetime,
) -> int:
    if isinstance(found, Refusal):
        raise IntegrityBroken(
            f"item {row.item} was granted and is covered no more: {found.code}", code="SUBSIDY_UNCOVERED"
        )
    change, after = found
    store.save_item(conn, row.item, after)
    if change.amount_minor == 0:
        return 0
    _book(conn, (what[0], row.item, row.borrower, what[1]), change, books, now=now)
    store.set_debt(conn, row.borrower, store.read_debt(conn, row.borrower) - change.amount_minor)
    return -change.amount_minor


def _book(
    conn: psycopg.Connection,
    what: tuple[str, str, str, str],
    change: SubsidyChange,
    books: tuple[dt.date, str],
    *,
    now: dt.datetime,
) -> None:
    """Claims on central and province against what was advanced to customers; what: (key, item, borrower, kind)."""
    business_on, currency = books
    kind = FactKind.SUBSIDY_CLAIMED if change.amount_minor > 0 else FactKind.SUBSIDY_TAKEN_BACK
    moved = ((CENTRAL, change.central_minor), (PROVINCE, change.province_minor), (ADVANCED, -change.amount_minor))
    entry_id = post_moved(conn, moved, kind, business_on, currency)
    key, item, borrower, word = what
    booked = Booked(
        key=key, item=item, borrower=borrower, kind=word, change=change, entry_id=entry_id, settled_on=business_on
    )
    store.insert_movement(conn, booked, now=now)


def post_moved(
    conn: psycopg.Connection,
    moved: Sequence[tuple[str, int]],
    kind: FactKind,
    business_on: dt.date,
    currency: str,
) -> int:
    """Book amounts, minor units, on the platform's owners by reference; the journal entry's id. In the caller's transaction."""
    refs = [ref for ref, _ in moved]
    owners = ledger.open_owners(conn, kind=OwnerKind.PLATFORM, refs=refs, currency=currency).tolist()
    lines = [
        (account_key(owner, Component.BANK_CLEARING), minor)
        for owner, (_, minor) in zip(owners, moved, strict=True)
        if minor
    ]
    day = to_day(business_on)
    entry = {"owner_id": owners[-1], "kind": int(kind), "value_on": day, "booked_on": day, "lines": lines}
    return int(ledger.post_entries(conn, entry_batch([entry], currency=currency))[0])


def make_return(conn: psycopg.Connection, month: dt.date) -> ReturnRow:
    """What is to be reported for a month: sums of its movements by business day. month: its first day."""
    if month.day != 1:
        raise BadInput("a month is named by its first day", code="MONTH_INVALID")
    return store.sum_month(conn, month, from_day(int(add_months(to_day(month), 1))))


def file_return(
    conn: psycopg.Connection, month: dt.date, *, business_on: dt.date, person: str, now: dt.datetime
) -> ReturnRow:
    """File a month that is over, once; what was filed. In the caller's transaction. Conflict while the month runs."""
    row = make_return(conn, month)
    if business_on < from_day(int(add_months(to_day(month), 1))):
        raise Conflict(f"{month:%Y-%m} is not over", code="MONTH_OPEN")
    if not store.insert_return(conn, row, person=person, now=now):
        filed = store.find_return(conn, month)
        assert filed is not None
        return filed
    return row


def get_item(conn: psycopg.Connection, item: str) -> tuple[SubsidyRow, int]:
    """An item and what it has had, minor units; NotFound."""
    row = _get(conn, item)
    return row, store.load_items(conn, row.borrower)[item].granted_minor


def find_debt(conn: psycopg.Connection, borrower: str) -> int:
    """What a borrower owes back of subsidies that were taken back, minor units."""
    return store.read_debt(conn, borrower)


def _get(conn: psycopg.Connection, item: str) -> SubsidyRow:
    row = store.find_item(conn, item)
    if row is None:
        raise NotFound(f"no subsidised item {item!r}", code="ITEM_UNKNOWN")
    return row
