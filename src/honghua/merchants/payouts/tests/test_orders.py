"""What hearsay, statements and people do to one order."""

from __future__ import annotations

import datetime as dt

import pytest

from honghua.base.errors import BadInput, Conflict, NotFound, Refusal, TimedOut
from honghua.ledger import api as ledger
from honghua.ledger.core import Component, OwnerKind
from honghua.merchants.core.payouts import (
    DifferenceKind,
    PaymentMode,
    PayoutState,
    Said,
    StatementRow,
    choose_payment,
    hear,
)
from honghua.merchants.payouts import store
from honghua.merchants.payouts.fake import FakePayoutBank
from honghua.merchants.payouts.orders import Payable, accept, bank_day, pay_out, place_orders, send_payout
from honghua.merchants.payouts.port import BankStatement, PayoutAnswer
from honghua.merchants.payouts.reconciling import (
    apply_statement,
    check_statement,
    list_differences,
    reconcile_day,
    settle_difference,
)
from honghua.store.database import run_unit

NOW = dt.datetime(2026, 3, 1, 2, tzinfo=dt.UTC)
DAY = bank_day(NOW)
NEXT = NOW + dt.timedelta(days=1)
W, P, R, D = PayoutState.WAITING, PayoutState.PAID, PayoutState.REFUSED, PayoutState.DISPUTED
C, B = PayoutState.CONFIRMED, PayoutState.RETURNED


@pytest.mark.parametrize(
    ("state", "said", "minor", "after", "difference"),
    [
        (W, Said.PAID, 500, P, None),
        (W, Said.PAID, 499, D, DifferenceKind.AMOUNT_DIFFERS),
        (W, Said.REFUSED, 0, R, None),
        (W, Said.PENDING, 0, W, None),
        (P, Said.PAID, 500, P, None),
        (P, Said.REFUSED, 0, D, DifferenceKind.SAID_OTHERWISE),
        (R, Said.PAID, 500, D, DifferenceKind.SAID_OTHERWISE),
        (D, Said.PAID, 500, D, None),
        (C, Said.REFUSED, 0, C, DifferenceKind.SAID_OTHERWISE),
        (C, Said.PAID, 500, C, None),
        (B, Said.PAID, 500, B, DifferenceKind.SAID_OTHERWISE),
    ],
)
def test_hearsay_moves_what_is_not_final(state, said, minor, after, difference):
    heard = hear(state, ordered_minor=500, said=said, said_minor=minor)
    assert (heard.state, heard.difference) == (after, difference)


@pytest.mark.parametrize(
    ("minor", "purpose", "bound", "mode"),
    [
        (30_000_000, "consumption", False, PaymentMode.SELF),
        (30_000_001, "consumption", False, PaymentMode.ENTRUSTED),
        (50_000_000, "business", False, PaymentMode.SELF),
        (50_000_001, "business", False, PaymentMode.ENTRUSTED),
        (50_000_000, "bank consumption", False, PaymentMode.SELF),
        (1, "consumption", True, PaymentMode.ENTRUSTED),
    ],
)
def test_who_is_paid(minor, purpose, bound, mode):
    assert choose_payment(minor, purpose=purpose, on=dt.date(2026, 1, 1), is_bound=bound) is mode


def test_forbidden_uses_and_days_before_the_rule_are_refused():
    early = choose_payment(1, on=dt.date(2024, 6, 30))
    assert isinstance(early, Refusal)
    assert early.code == "PURPOSE_UNKNOWN"
    forbidden = choose_payment(1, purpose="securities", on=dt.date(2026, 1, 1))
    assert isinstance(forbidden, Refusal)
    assert forbidden.code == "PURPOSE_FORBIDDEN"


class Desk:
    """A merchant, a bank, and one order of 500."""

    def __init__(self, conn, **faults):
        self.conn = conn
        self.bank = FakePayoutBank(1, faults=faults, day=DAY)
        self.key = "p1"
        run_unit(conn, self._order)

    def _order(self, c):
        (self.owner,) = ledger.open_owners(c, kind=OwnerKind.MERCHANT, refs=["M"], currency="CNY").tolist()
        payable = Payable(key=self.key, merchant_id=self.owner, merchant="M", amount_minor=500, purchase_id=9)
        place_orders(c, [payable], business_on=DAY, currency="CNY", now=NOW)

    def order(self):
        return store.find_payout(self.conn, self.key)

    def clearing(self):
        return ledger.list_owners(self.conn, ref="M")[0].balances_minor[Component.BANK_CLEARING]

    def apply(self, *rows, day=DAY, bank=None):
        moved = [row.amount_minor for row in rows if row.is_moved]
        told = BankStatement(day, rows, len(moved), sum(moved))
        at = NEXT + (day - DAY)
        name = bank or self.bank.name
        return run_unit(self.conn, lambda c: apply_statement(c, name, told, business_on=day, now=at))

    def row(self, **change):
        values = {
            "key": self.key,
            "merchant": "M",
            "amount_minor": 500,
            "currency": "CNY",
            "is_moved": True,
            "reference": "r",
        }
        return StatementRow(**{**values, **change})


def test_a_statement_that_does_not_add_up_is_not_believed(conn):
    desk = Desk(conn)
    with pytest.raises(BadInput, match="add up"):
        check_statement(BankStatement(DAY, (desk.row(),), 1, 501), DAY)


def test_double_rows_strangers_and_other_payees_are_told_and_never_booked(conn):
    desk = Desk(conn)
    send_payout(conn, desk.bank, desk.key, now=NOW)
    done = desk.apply(desk.row(), desk.row(reference="again"), desk.row(key="stranger", amount_minor=77))
    assert done.differences == {"moved_twice": 1, "unknown_order": 1}
    assert (desk.order().state, desk.clearing()) == ("confirmed", -500)
    open_ones = list_differences(conn)
    assert {one.kind for one in open_ones} == {"moved_twice", "unknown_order"}
    stranger = next(one for one in open_ones if one.kind == "unknown_order")
    with pytest.raises(BadInput):
        settle_difference(conn, stranger.difference_id, person="ann", why=" ", now=NEXT)
    settle_difference(conn, stranger.difference_id, person="ann", why="the bank took it back", now=NEXT)
    with pytest.raises(NotFound):
        settle_difference(conn, stranger.difference_id, person="ann", why="again", now=NEXT)
    assert [one.kind for one in list_differences(conn)] == ["moved_twice"]


def test_money_to_somebody_else_leaves_the_order_open(conn):
    desk = Desk(conn)
    send_payout(conn, desk.bank, desk.key, now=NOW)
    assert desk.apply(desk.row(merchant="thief")).differences == {"payee_differs": 1}
    assert desk.order().state == "disputed"
    assert desk.clearing() == -500


def test_what_moved_beyond_the_order_is_owed_by_the_merchant(conn):
    desk = Desk(conn, moves_other=1.0)
    send_payout(conn, desk.bank, desk.key, now=NOW)
    assert desk.order().state == "disputed"
    desk.bank.close_day()
    done = reconcile_day(conn, desk.bank, DAY, business_on=DAY, now=NEXT)
    assert done.differences == {"amount_differs": 1}
    assert desk.clearing() == -desk.bank.count_moved(desk.key) == -desk.order().paid_minor != -500


def test_a_payment_that_was_only_claimed_is_sent_again_under_its_key(conn):
    desk = Desk(conn, says_paid=1.0)
    assert send_payout(conn, desk.bank, desk.key, now=NOW).state == "paid"
    assert desk.bank.count_moved(desk.key) == 0
    desk.bank.close_day()
    assert reconcile_day(conn, desk.bank, DAY, business_on=DAY, now=NEXT).asked_again == 1
    assert desk.order().state == "waiting"
    desk.bank.faults = {}
    assert pay_out(conn, desk.bank, now=NEXT)["paid"] == 1
    assert desk.bank.count_moved(desk.key) == 500


def test_the_same_statement_changes_nothing_and_another_one_is_a_conflict(conn):
    desk = Desk(conn)
    send_payout(conn, desk.bank, desk.key, now=NOW)
    assert desk.apply(desk.row()).is_new
    assert not desk.apply(desk.row()).is_new
    with pytest.raises(Conflict):
        desk.apply(desk.row(amount_minor=501))
    with pytest.raises(Conflict, match="next day"):
        desk.apply(day=DAY + dt.timedelta(days=2))
    assert desk.apply(desk.row(is_moved=False, reference="later"), day=DAY + dt.timedelta(days=1)).differences == {
        "after_the_end": 1
    }
    assert desk.clearing() == -500


def test_an_order_stays_with_the_bank_that_it_was_sent_to(conn):
    desk = Desk(conn, timeout_before=1.0)
    other = FakePayoutBank(2, label=" two", day=DAY)
    assert send_payout(conn, desk.bank, desk.key, now=NOW).state == "waiting"
    assert send_payout(conn, other, desk.key, now=NOW).state == "waiting"
    assert other.total_moved() == 0
    run_unit(conn, lambda c: accept(c, other.name, [PayoutAnswer(desk.key, Said.PAID, 500)], via="notice", now=NOW))
    assert desk.order().state == "waiting"


def test_a_fake_says_so_and_keeps_its_own_promises():
    bank = FakePayoutBank(3, faults={"timeout_after": 1.0}, day=DAY)
    assert "fake" in bank.name
    for _ in range(3):
        with pytest.raises(TimedOut):
            bank.pay(key="k", merchant="M", amount_minor=5, currency="CNY")
    assert bank.count_moved("k") == 5
    with pytest.raises(BadInput):
        bank.pay(key="k", merchant="M", amount_minor=6, currency="CNY")
    with pytest.raises(BadInput):
        bank.read_statement(DAY)
    with pytest.raises(BadInput):
        FakePayoutBank(1, faults={"sings": 1.0})
