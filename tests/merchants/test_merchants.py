"""Campaigns and settlement against the real books: who pays a fee, what a budget allows, what a merchant is paid."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from zoneinfo import ZoneInfo

import pytest

from honghua.base.errors import Conflict, NotFound
from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.credit.core.layout import PAYER_MERCHANT, PLAN_PURCHASE
from honghua.credit.eod import close_day
from honghua.credit.invariants import check_credit
from honghua.ledger import api as ledger
from honghua.ledger.core import Component, OwnerKind
from honghua.ledger.invariants import check_ledger
from honghua.merchants import api as merchants
from honghua.merchants.core import Asked, Draft
from honghua.merchants.invariants import check_merchants
from honghua.store.database import connect, run_unit

ZONE = ZoneInfo("Asia/Shanghai")
NOW = dt.datetime(2026, 11, 3, 4, tzinfo=dt.UTC)
TODAY = dt.date(2026, 11, 3)


class Shop:
    """A started book, customers with wide limits, one merchant."""

    def __init__(self, database, conn) -> None:
        self.database, self.conn = database, conn
        credit.start_book(conn, day=TODAY)
        self.registry = credit.open_registry(conn)
        self.terms = self.registry.terms[max(self.registry.terms)]
        names = [f"c{i}" for i in range(8)]
        self.do(*(c.OpenAccount(key=f"open {n}", customer=n, limit_minor=10_000_000) for n in names))

    def do(self, *commands):
        return credit.execute(self.conn, self.registry, list(commands), now=NOW)

    def asked(self, amount, *, customer="c0", at=NOW):
        return Asked(merchant="M", customer=customer, category="phone", amount_minor=amount, at=at, zone=ZONE)

    def start(self, **more):
        values = {
            "merchant": "M", "name": "sale", "periods": (3, 6), "starts_at": NOW - dt.timedelta(hours=1),
            "ends_at": NOW + dt.timedelta(days=5), "budget_minor": 1_000_000, "holdout_ppm": 0, **more,
        }  # fmt: skip
        offered = self.terms.purchase_fee_ppm
        made = run_unit(
            self.conn,
            lambda conn: merchants.start_campaign(conn, Draft(**values), made_by="ann", offered=offered, now=NOW),
        )
        assert made[1] == ()
        return made[0]

    def fee(self, amount, periods=3):
        return self.terms.fee_minor(PLAN_PURCHASE, periods, amount)

    def buy(self, key, amount, *, customer="c0", periods=3):
        """As checkout does: ask, keep the fee free, book; None when no campaign pays."""
        asked = self.asked(amount, customer=customer)
        offers = merchants.find_offers(self.conn, asked)
        fee = self.fee(amount, periods)
        plan = (periods, fee)
        if not offers or not run_unit(self.conn, lambda x: merchants.reserve(x, offers[0], asked, key=key, plan=plan)):
            return None
        chosen = c.Instalments(periods=periods, payer=PAYER_MERCHANT, fee_minor=fee)
        command = c.BuyNow(
            key=key,
            customer=customer,
            amount_minor=amount,
            merchant="M",
            order=key,
            category="phone",
            instalments=chosen,
        )
        return self.do(command)[0]

    def merchant_id(self):
        return ledger.find_owners(self.conn, kind=OwnerKind.MERCHANT, refs=["M"])["M"]

    def payable(self):
        (owner,) = [one for one in ledger.list_owners(self.conn, ref="M") if one.kind is OwnerKind.MERCHANT]
        return -owner.balances_minor[Component.MERCHANT_PAYABLE]

    def next_day(self):
        close_day(self.database)

    def assert_sound(self):
        broken = [
            check
            for check in (*check_merchants(self.conn), *check_ledger(self.conn), *check_credit(self.conn))
            if not check.ok
        ]
        assert not broken


@pytest.fixture
def shop(database, conn):
    return Shop(database, conn)


def test_the_merchant_pays_the_fee_and_the_books_agree_to_the_cent(shop):
    campaign = shop.start()
    answer = shop.buy("k1", 300_000)
    assert answer["outcome"] == "approved"
    fee = shop.fee(300_000)
    assert merchants.catch_up_wholly(shop.conn, now=NOW) == {"booked": 1, "released": 0, "movements": 1}
    budget = merchants.get_budget(shop.conn, campaign)
    assert (budget.spent_minor, budget.reserved_minor, budget.left_minor) == (fee, 0, 1_000_000 - fee)
    (moved,) = merchants.list_movements(shop.conn, shop.merchant_id(), days=(TODAY, TODAY))
    assert (moved.gross_minor, moved.fee_minor, moved.net_minor, moved.periods) == (300_000, fee, 300_000 - fee, 3)
    assert shop.payable() == 300_000 - fee
    shop.assert_sound()


def test_a_budget_is_never_exceeded_however_many_ask_at_once(shop, database):
    fee = shop.fee(100_000)
    campaign = shop.start(budget_minor=5 * fee + fee - 1)
    offer = merchants.find_offers(shop.conn, shop.asked(100_000))[0]

    def ask(i):
        with connect(database) as conn:
            asked = shop.asked(100_000, customer=f"c{i % 8}")
            return run_unit(conn, lambda x: merchants.reserve(x, offer, asked, key=f"k{i}", plan=(3, fee)))

    with ThreadPoolExecutor(8) as pool:
        kept = list(pool.map(ask, range(40)))
    assert sum(kept) == 5
    assert merchants.get_budget(shop.conn, campaign).reserved_minor == 5 * fee


def test_the_stop_loss_of_a_day_ends_with_the_day(shop):
    fee = shop.fee(100_000)
    shop.start(daily_minor=fee)
    offer = merchants.find_offers(shop.conn, shop.asked(100_000))[0]

    def ask(key, at):
        return run_unit(
            shop.conn, lambda x: merchants.reserve(x, offer, shop.asked(100_000, at=at), key=key, plan=(3, fee))
        )

    assert ask("a", NOW)
    assert not ask("b", NOW)
    assert ask("a", NOW)  # the same key again is the same reservation
    assert ask("b", NOW + dt.timedelta(days=1))


def test_what_is_not_bought_is_given_back(shop):
    campaign = shop.start()
    assert shop.buy("k1", 20_000_000)["outcome"] == "refused"  # beyond the limit
    offer = merchants.find_offers(shop.conn, shop.asked(300_000))[0]
    fee = shop.fee(300_000)
    run_unit(shop.conn, lambda x: merchants.reserve(x, offer, shop.asked(300_000), key="never sent", plan=(3, fee)))
    soon = NOW + dt.timedelta(minutes=1)
    assert merchants.catch_up_wholly(shop.conn, now=soon)["released"] == 1
    assert merchants.get_budget(shop.conn, campaign).reserved_minor == fee
    assert merchants.catch_up_wholly(shop.conn, now=NOW + dt.timedelta(minutes=16))["released"] == 1
    assert merchants.get_budget(shop.conn, campaign).reserved_minor == 0
    # whoever comes back with the key keeps the fee free anew
    assert run_unit(
        shop.conn, lambda x: merchants.reserve(x, offer, shop.asked(300_000), key="never sent", plan=(3, fee))
    )
    shop.assert_sound()


def test_a_refund_gives_the_fee_back_as_far_as_the_books_do(shop):
    campaign = shop.start()
    answer = shop.buy("k1", 300_000)
    merchants.catch_up_wholly(shop.conn, now=NOW)
    before = shop.payable()
    shop.do(c.RefundPurchase(key="r1", customer="c0", purchase_id=answer["purchase_id"], amount_minor=300_000))
    merchants.catch_up_wholly(shop.conn, now=NOW)
    moved = merchants.list_movements(shop.conn, shop.merchant_id(), days=(TODAY, TODAY))[0]
    assert moved.gross_minor == -300_000
    assert moved.net_minor == shop.payable() - before
    spent = merchants.get_budget(shop.conn, campaign).spent_minor
    assert spent == shop.fee(300_000) + moved.fee_minor
    shop.assert_sound()


def test_another_merchant_neither_sees_nor_touches_a_campaign(shop):
    campaign = shop.start()
    with pytest.raises(NotFound):
        merchants.get_campaign(shop.conn, campaign, merchant="N")
    with pytest.raises(NotFound):
        merchants.act_on(shop.conn, campaign, merchant="N", act="end", person="eve", why="mine now")


def test_pause_resume_and_end(shop):
    campaign = shop.start()

    def act(name):
        return run_unit(
            shop.conn, lambda x: merchants.act_on(x, campaign, merchant="M", act=name, person="ann", why="sold out")
        )

    act("pause")
    assert merchants.find_offers(shop.conn, shop.asked(100_000)) == []
    with pytest.raises(Conflict):
        act("pause")
    act("resume")
    assert merchants.find_offers(shop.conn, shop.asked(100_000))
    act("end")
    with pytest.raises(Conflict):
        act("resume")
    assert [one.act for one in merchants.list_acts(shop.conn, campaign)] == ["paused", "resumed", "ended"]


def test_settlement_adds_up_pays_once_and_carries_what_failed(shop):
    shop.start()
    bank = merchants.FakePayoutBank(1)
    answer = shop.buy("k1", 300_000)
    shop.do(
        c.BuyNow(key="p", customer="c1", amount_minor=5_000, merchant="M", order="p", category="phone"),
        c.RefundPurchase(key="r", customer="c0", purchase_id=answer["purchase_id"], amount_minor=100_000),
    )
    owed = shop.payable()
    with pytest.raises(Conflict):
        settle(shop, TODAY)
    shop.next_day()
    assert settle(shop, TODAY) == 1
    assert settle(shop, TODAY) == 0
    statement = merchants.get_statement(shop.conn, shop.merchant_id(), TODAY)
    one = statement.settlement
    assert (one.sales_minor, one.refunds_minor, one.due_minor, one.paid_minor) == (305_000, -100_000, owed, owed)
    assert sum(m.net_minor for m in statement.movements) == owed
    assert shop.payable() == 0
    assert pay(shop, bank)["paid"] == 1
    assert bank.paid_minor == {"M": owed}
    assert set(pay(shop, bank).values()) <= {0, 1}
    assert bank.paid_minor == {"M": owed}
    assert merchants.list_settlements(shop.conn, shop.merchant_id())[0].state == "paid"
    shop.assert_sound()


def test_a_refused_payout_comes_back_and_is_paid_with_the_next_day(shop):
    closed, bank = merchants.FakePayoutBank(1, faults={"refused": 1.0}), merchants.FakePayoutBank(2)
    shop.do(c.BuyNow(key="p", customer="c1", amount_minor=5_000, merchant="M", order="p", category="phone"))
    shop.next_day()
    settle(shop, TODAY)
    assert pay(shop, closed)["refused"] == 1
    assert shop.payable() == 0  # hearsay books nothing
    assert reconcile(shop, closed, at=NOW + dt.timedelta(days=1))[0].returned == 1
    assert shop.payable() == 5_000
    assert merchants.list_settlements(shop.conn, shop.merchant_id())[0].state == "failed"
    shop.do(c.BuyNow(key="q", customer="c1", amount_minor=700, merchant="M", order="q", category="phone"))
    shop.next_day()
    tomorrow = TODAY + dt.timedelta(days=1)
    settle(shop, tomorrow)
    one = merchants.get_statement(shop.conn, shop.merchant_id(), tomorrow).settlement
    assert (one.carried_minor, one.sales_minor, one.paid_minor) == (5_000, 700, 5_700)
    pay(shop, bank)
    assert (bank.paid_minor, shop.payable()) == ({"M": 5_700}, 0)
    shop.assert_sound()


def test_a_bank_that_times_out_is_asked_again_and_pays_once(shop):
    bank = merchants.FakePayoutBank(3, faults={"timeout_before": 0.5, "timeout_after": 0.5})
    shop.do(c.BuyNow(key="p", customer="c1", amount_minor=5_000, merchant="M", order="p", category="phone"))
    shop.next_day()
    settle(shop, TODAY)
    at, paid = NOW, 0
    for _ in range(40):
        paid += pay(shop, bank, at=at)["paid"]
        at += dt.timedelta(minutes=11)
    assert (paid, bank.paid_minor) == (1, {"M": 5_000})


def test_a_merchant_who_owes_is_not_paid_until_sales_cover_it(shop):
    (bought,) = shop.do(c.BuyNow(key="p", customer="c1", amount_minor=5_000, merchant="M", order="p", category="phone"))
    shop.next_day()
    settle(shop, TODAY)
    pay(shop, merchants.FakePayoutBank(1))
    shop.do(c.RefundPurchase(key="r", customer="c1", purchase_id=bought["purchase_id"], amount_minor=5_000))
    shop.next_day()
    settle(shop, TODAY + dt.timedelta(days=1))
    one = merchants.list_settlements(shop.conn, shop.merchant_id(), limit=1)[0]
    assert (one.state, one.due_minor, one.paid_minor) == ("carried", -5_000, 0)
    shop.do(c.BuyNow(key="q", customer="c1", amount_minor=8_000, merchant="M", order="q", category="phone"))
    shop.next_day()
    settle(shop, TODAY + dt.timedelta(days=2))
    one = merchants.list_settlements(shop.conn, shop.merchant_id(), limit=1)[0]
    assert (one.state, one.carried_minor, one.paid_minor) == ("instructed", -5_000, 3_000)
    shop.assert_sound()


def test_effects_need_people_on_both_sides(shop):
    campaign = shop.start(holdout_ppm=500_000)
    with shop.conn.transaction():
        for i in range(8):
            merchants.note_exposure(shop.conn, shop.asked(50_000, customer=f"c{i}"))
    found = merchants.measure_campaign(shop.conn, campaign, merchant="M", now=NOW)
    assert not found.is_told
    assert found.shown.people + found.held_out.people == 8


def settle(shop, day):
    today = credit.get_business_day(shop.conn)
    return merchants.settle_closed_day(shop.conn, day, business_on=today, currency="CNY", now=NOW)


def pay(shop, bank, *, at=NOW):
    bank.day = merchants.bank_day(at)
    return merchants.pay_out(shop.conn, bank, now=at)


def reconcile(shop, bank, *, at):
    bank.day = merchants.bank_day(at)
    return merchants.reconcile_days(shop.conn, bank, business_on=credit.get_business_day(shop.conn), now=at)


def test_of_two_campaigns_for_the_same_periods_the_older_bears_the_fee(shop):
    first, second = shop.start(), shop.start(periods=(3, 6, 12))
    bearers = merchants.bear_periods(merchants.find_offers(shop.conn, shop.asked(100_000)))
    assert {n: offer.campaign.campaign_id for n, offer in bearers.items()} == {3: first, 6: first, 12: second}


def test_a_settlement_meets_its_own_entries_again_although_later_transactions_ended_first(shop, database):
    """Its transaction is older than one that is over: the follower must not step past what it is about to book."""
    shop.do(c.BuyNow(key="p", customer="c1", amount_minor=5_000, merchant="M", order="p", category="phone"))
    shop.next_day()

    def work(conn):
        conn.execute("SELECT pg_current_xact_id()")
        with connect(database) as other:
            other.execute("SELECT pg_current_xact_id()")
        return merchants.settle_day(conn, TODAY, business_on=TODAY + dt.timedelta(days=1), currency="CNY", now=NOW)

    assert run_unit(shop.conn, work) == 1
    pay(shop, merchants.FakePayoutBank(1))
    assert merchants.follow_journal(shop.conn) == 1
    shop.assert_sound()
