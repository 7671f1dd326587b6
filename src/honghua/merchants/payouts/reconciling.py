"""The bank's daily statement held against our orders: it ends them, and every difference is listed by kind and told."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

import msgspec
import psycopg

from honghua.base.errors import BadInput, Conflict, NotFound, WorldFailed
from honghua.facts.kinds import FactKind
from honghua.merchants import store_settlement
from honghua.merchants.core.payouts import (
    Closing,
    DifferenceKind,
    Ordered,
    PayoutState,
    StatementRow,
    close_by_row,
    miss,
)
from honghua.merchants.payouts import store
from honghua.merchants.payouts.orders import PAYOUT_WISH, bank_day, move, note_differences, post_paid
from honghua.merchants.payouts.port import BankStatement, PayoutBank
from honghua.merchants.payouts.store import Difference, NewDifference, PayoutOrder, Word
from honghua.store.database import run_unit
from honghua.store.wishes import make_wishes

DAYS_AT_ONCE: Final = 60
LIST_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What a statement came to. differences: by kind; empty is what one wants."""

    bank: str
    day: dt.date
    rows: int = 0
    confirmed: int = 0
    returned: int = 0
    asked_again: int = 0
    differences: dict[str, int] = field(default_factory=dict)
    is_new: bool = True


def reconcile_days(
    conn: psycopg.Connection, bank: PayoutBank, *, business_on: dt.date, now: dt.datetime
) -> list[Reconciliation]:
    """Every day that is over at the bank and was not reconciled, in order; conn must be idle. A bank that fails is asked next time."""
    last = store.find_last_day(conn, bank.name)
    first_sent = store.find_first_sent(conn, bank.name)
    if last is None and first_sent is None:
        return []
    day = last + dt.timedelta(days=1) if last is not None else bank_day(first_sent or now)
    done: list[Reconciliation] = []
    while day < bank_day(now) and len(done) < DAYS_AT_ONCE:
        try:
            done.append(reconcile_day(conn, bank, day, business_on=business_on, now=now))
        except WorldFailed:
            break
        day += dt.timedelta(days=1)
    return done


def reconcile_day(
    conn: psycopg.Connection, bank: PayoutBank, day: dt.date, *, business_on: dt.date, now: dt.datetime
) -> Reconciliation:
    """Read one day's statement and end orders by it. Raises TimedOut; BadInput for a statement that does not add up."""
    statement = bank.read_statement(day)
    check_statement(statement, day)
    return run_unit(conn, lambda c: apply_statement(c, bank.name, statement, business_on=business_on, now=now))


def check_statement(statement: BankStatement, day: dt.date) -> None:
    """BadInput when totals and rows do not agree: nothing of such a statement is believed."""
    moved = [row.amount_minor for row in statement.rows if row.is_moved]
    if statement.day != day or (len(moved), sum(moved)) != (statement.moved, statement.moved_minor):
        raise BadInput(f"the statement of {day} does not add up", code="STATEMENT_BROKEN")


def apply_statement(
    conn: psycopg.Connection, bank: str, statement: BankStatement, *, business_on: dt.date, now: dt.datetime
) -> Reconciliation:
    """In the caller's transaction: end orders, ask again for those that it does not show, list differences.

    The same statement again changes nothing; another one for the same day is Conflict and told to people. Days come in order.
    """
    day = statement.day
    conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('merchants_bank_statement', 0))")
    digest = hashlib.sha256(msgspec.json.encode(sorted(statement.rows, key=lambda r: (r.key, r.reference)))).digest()
    known = store.find_statement_digest(conn, bank, day)
    if known is not None:
        if known != digest:
            raise Conflict(f"{bank} gave another statement for {day} than before", code="STATEMENT_CHANGED")
        return Reconciliation(bank, day, len(statement.rows), is_new=False)
    last = store.find_last_day(conn, bank)
    if last is not None and day != last + dt.timedelta(days=1):
        raise Conflict(f"after {last} comes the next day, not {day}", code="STATEMENT_OUT_OF_ORDER")
    store.insert_statement(conn, bank, day, statement.rows, digest=digest, now=now)
    orders = {order.key: order for order in store.lock_open(conn, bank)}
    orders |= store.lock_many(conn, [row.key for row in statement.rows if row.key not in orders])
    reading = Reading(conn, bank, statement, orders, business_on, now)
    reading.end_by_rows()
    reading.ask_again()
    store.insert_words(conn, bank, reading.words, now=now)
    note_differences(conn, bank, day, reading.found, is_hearsay=False, now=now)
    kinds = Counter(one.kind.value for one in reading.found)
    return Reconciliation(
        bank, day, len(statement.rows), reading.confirmed, reading.returned, reading.asked_again, dict(kinds)
    )


@dataclass(slots=True)
class Reading:
    """One statement on its way into the book: what it ended, and what was wrong."""

    conn: psycopg.Connection
    bank: str
    statement: BankStatement
    orders: dict[str, PayoutOrder]
    business_on: dt.date
    now: dt.datetime
    found: list[NewDifference] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)
    confirmed: int = 0
    returned: int = 0
    asked_again: int = 0

    def end_by_rows(self) -> None:
        """Row by row; a second row of one key meets the order as the first one left it."""
        states = {key: PayoutState(order.state) for key, order in self.orders.items()}
        for row in self.statement.rows:
            order = self.orders.get(row.key)
            said = "moved" if row.is_moved else "rejected"
            if order is None or order.bank != self.bank:
                self.words.append(
                    Word(
                        key=row.key, via="statement", said=said, amount_minor=row.amount_minor, before=None, after=None
                    )
                )
                if row.is_moved:
                    self._differs(row, DifferenceKind.UNKNOWN_ORDER, 0)
                continue
            before = states[row.key]
            ordered = Ordered(
                key=row.key,
                merchant=order.merchant,
                amount_minor=order.amount_minor,
                currency=order.currency,
                state=before,
            )
            closing = close_by_row(ordered, row)
            states[row.key] = closing.state
            self.words.append(
                Word(
                    key=row.key,
                    via="statement",
                    said=said,
                    amount_minor=row.amount_minor,
                    before=before,
                    after=closing.state,
                )
            )
            if closing.difference is not None:
                self._differs(row, closing.difference, order.amount_minor)
            if closing.state is not before:
                self._end(order, closing)

    def _end(self, order: PayoutOrder, closing: Closing) -> None:
        if closing.state is PayoutState.DISPUTED:
            move(self.conn, order, closing.state, error="paid to somebody else", now=self.now)
            return
        is_paid = closing.state is PayoutState.CONFIRMED
        paid = order.amount_minor + closing.extra_minor if is_paid else 0
        store.set_ended(self.conn, order.key, closing.state, paid_minor=paid, now=self.now)
        self.confirmed += is_paid
        self.returned += not is_paid
        if closing.extra_minor:
            self._post(order, closing.extra_minor, FactKind.PAYOUT_CORRECTED)
        if not is_paid:
            at_once = order.day is None
            kind = FactKind.PAYMENT_AT_ONCE_RETURNED if at_once else FactKind.PAYOUT_RETURNED
            self._post(order, -order.amount_minor, kind)
        if order.day is not None:
            shown, error = ("paid", None) if is_paid else ("failed", order.error or "rejected by the bank")
            store_settlement.settle(self.conn, order.merchant_id, order.day, state=shown, error=error, now=self.now)

    def _post(self, order: PayoutOrder, minor: int, kind: FactKind) -> None:
        rows = [(order.merchant_id, minor)]
        post_paid(self.conn, rows, kind, booked_on=self.business_on, currency=order.currency)

    def ask_again(self) -> None:
        """Orders that the bank spoke of by the end of that day, and its statement does not show."""
        shown = {row.key for row in self.statement.rows}
        keys: list[str] = []
        for key, order in self.orders.items():
            spoken = order.heard_on is not None and order.heard_on <= self.statement.day and order.ended_at is None
            heard = miss(PayoutState(order.state))
            if key in shown or not spoken or heard.difference is None:
                continue
            self.found.append(
                NewDifference(key=key, kind=heard.difference, ours_minor=order.amount_minor, theirs_minor=0)
            )
            self.words.append(
                Word(key=key, via="silence", said="absent", amount_minor=0, before=order.state, after=heard.state)
            )
            move(self.conn, order, heard.state, error="not on the bank's statement", now=self.now)
            keys.append(key)
        make_wishes(
            self.conn, kind=PAYOUT_WISH, keys=[f"{key}#again:{self.statement.day}" for key in keys],
            bodies=[{"payout": key} for key in keys], due_at=self.now,
        )  # fmt: skip
        self.asked_again = len(keys)

    def _differs(self, row: StatementRow, kind: DifferenceKind, ours_minor: int) -> None:
        self.found.append(NewDifference(key=row.key, kind=kind, ours_minor=ours_minor, theirs_minor=row.amount_minor))


def list_differences(conn: psycopg.Connection, *, open_only: bool = True, limit: int = 100) -> list[Difference]:
    """Differences with banks, the newest first; open ones are those that wait for a person."""
    if not 1 <= limit <= LIST_MAX:
        raise BadInput(f"1 … {LIST_MAX} differences at a time")
    return store.list_differences(conn, open_only=open_only, limit=limit)


def settle_difference(conn: psycopg.Connection, difference_id: int, *, person: str, why: str, now: dt.datetime) -> None:
    """A person has dealt with a difference; BadInput without a reason, NotFound when it is not open. In the caller's transaction."""
    if not person.strip() or not why.strip():
        raise BadInput("say who you are and what was done", code="REASON_MISSING")
    if not store.settle_difference(conn, difference_id, person=person, why=why, now=now):
        raise NotFound(f"no open difference {difference_id}", code="DIFFERENCE_UNKNOWN")
