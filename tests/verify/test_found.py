"""What the audit found while it was written: each was booked and broke an invariant, or crashed its batch."""

from __future__ import annotations

import datetime as dt

import psycopg
import pytest

from honghua.app import verifying as verify
from honghua.credit.core import commands as c
from honghua.store.database import Database
from tests.verify.book import Book, open_book


@pytest.fixture
def book(database: Database, conn: psycopg.Connection) -> Book:
    return open_book(database, conn)


def find_broken(book: Book) -> list[str]:
    return [check.name for check in verify.verify(book.database) if not check.ok]


def test_nothing_about_a_purchase_counts_before_it(book: Book) -> None:
    """A hold captured or released on a day before it was made stayed held for ever."""
    book.until(1, 20)
    hold = book.hold("bo", 1_000)
    earlier = dt.date(2026, 1, 10)
    book.refuse("DATE_INVALID", c.CapturePurchase, "bo", purchase_id=hold, amount_minor=1_000, on=earlier)
    book.refuse("DATE_INVALID", c.VoidAuthorisation, "bo", purchase_id=hold, on=earlier)
    book.refuse("DATE_INVALID", c.RefundPurchase, "bo", purchase_id=hold, amount_minor=400, on=earlier)
    assert find_broken(book) == []


def test_a_reversed_capture_gives_the_hold_back(book: Book) -> None:
    """The account held the amount again, but the pending hold had no row any more."""
    hold = book.hold("bo", 1_000)
    capture = book.do(c.CapturePurchase, "bo", purchase_id=hold, amount_minor=600)
    book.do(c.ReverseFact, "bo", fact_id=capture["fact_id"], reason="wrong parcel")
    rows = book.conn.execute("SELECT held_minor, expires_on FROM credit_hold WHERE purchase_id = %s", [hold]).fetchall()
    assert rows == [(1_000, dt.date(2026, 2, 4))]
    assert find_broken(book) == []
    book.do(c.CapturePurchase, "bo", purchase_id=hold, amount_minor=1_000)
    assert find_broken(book) == []


def test_a_refused_or_reversed_purchase_is_no_purchase(book: Book) -> None:
    """Asking for its refund raised an IndexError, and with it failed everything else in the batch."""
    refused = book.ask(c.BuyNow, "bo", amount_minor=9_000_000, merchant="shop", order="tv", category="general")
    book.refuse("PURCHASE_UNKNOWN", c.RefundPurchase, "bo", purchase_id=refused["decision_id"], amount_minor=5)
    bought = book.buy("bo", 500)
    book.do(c.ReverseFact, "bo", fact_id=bought["fact_id"], reason="booked twice")
    book.refuse("PURCHASE_UNKNOWN", c.RefundPurchase, "bo", purchase_id=bought["purchase_id"], amount_minor=5)
    assert find_broken(book) == []


def test_a_pair_of_days_in_effect_stays(book: Book) -> None:
    """Undone, a bill that said the 20th was due on the 10th in the fold."""
    book.buy("anna", 10_000)
    first = book.do(c.ChangePair, "anna", cut_day=10, due_day=20)
    book.do(c.ReverseFact, "anna", fact_id=first["fact_id"], reason="changed their mind")
    again = book.do(c.ChangePair, "anna", cut_day=10, due_day=20)
    book.until(3, 15)
    book.refuse("NOT_REVERSIBLE", c.ReverseFact, "anna", fact_id=again["fact_id"], reason="too late")
    assert find_broken(book) == []
