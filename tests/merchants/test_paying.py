"""Money to merchants against the real books: at once for one purchase, T+n, suspended; scenes by file; budgets under a rush."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from honghua.base.errors import Refusal
from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.merchants import api as merchants
from honghua.merchants.core import MerchantAct, MerchantSigns, SceneOrder, check_order, parse_scenes
from honghua.store.database import connect, run_unit
from tests.merchants.test_merchants import NOW, TODAY, Shop, pay, reconcile, settle

DAY = dt.timedelta(days=1)
KNOWN = MerchantSigns(
    price_ratio_ppm=1_000_000, night_ppm=1, refund_ppm=1, top_buyers_ppm=1, round_amounts_ppm=1, repeats_ppm=1, new_accounts_ppm=1,
    months=99,
)  # fmt: skip


@pytest.fixture
def shop(database, conn):
    return Shop(database, conn)


def buy(shop, key, amount, *, customer="c1", merchant="M"):
    order = {"amount_minor": amount, "merchant": merchant, "order": key, "category": "phone"}
    return shop.do(c.BuyNow(key=key, customer=customer, **order))[0]


def order(shop, key, purchase_id):
    today = credit.get_business_day(shop.conn)

    def work(x):
        return merchants.order_payout(x, key=key, purchase_id=purchase_id, business_on=today, currency="CNY", now=NOW)

    return run_unit(shop.conn, work)


def admit(shop, merchant, *scenes):
    def work(x):
        merchants.apply_merchant(x, merchant, name=merchant, scenes=scenes, now=NOW)
        merchants.check_merchant(x, merchant, KNOWN, person="ann", currency="CNY", now=NOW)
        act = MerchantAct.ADMIT
        return merchants.act_on_merchant(x, merchant, act, person="ann", reasons=["sound"], now=NOW)

    found = run_unit(shop.conn, work)
    assert not isinstance(found, Refusal), found
    return found


def test_a_purchase_is_paid_at_once_and_its_settlement_knows(shop):
    bank = merchants.FakePayoutBank(1, day=merchants.bank_day(NOW))
    bought = [buy(shop, f"p{i}", 10_000 + i)["purchase_id"] for i in range(2)]
    ordered = order(shop, "pay p0", bought[0])
    assert ordered.amount_minor == 10_000
    assert order(shop, "pay p0", bought[0]) == ordered  # the same key, the same order
    assert order(shop, "again", bought[0]).code == "PAYOUT_ORDERED"
    done = merchants.send_payout(shop.conn, bank, "pay p0", now=NOW)
    assert (done.state, bank.paid_minor) == ("paid", {"M": 10_000})
    shop.next_day()
    assert order(shop, "late", bought[1]).code == "PAYOUT_WITH_SETTLEMENT"
    settle(shop, TODAY)
    (one,) = merchants.list_settlements(shop.conn, shop.merchant_id())
    assert (one.sales_minor, one.advanced_minor, one.due_minor, one.paid_minor) == (20_001, -10_000, 10_001, 10_001)
    pay(shop, bank, at=NOW + DAY)
    assert bank.paid_minor == {"M": 20_001}
    done = reconcile(shop, bank, at=NOW + 3 * DAY)
    assert sum(one.confirmed for one in done) == 2
    assert shop.payable() == 0
    shop.assert_sound()


def test_a_payment_at_once_that_the_bank_rejects_is_due_with_the_next_settlement(shop):
    bank = merchants.FakePayoutBank(1, faults={"refused": 1.0}, day=merchants.bank_day(NOW))
    ordered = order(shop, "pay", buy(shop, "p", 10_000)["purchase_id"])
    merchants.send_payout(shop.conn, bank, ordered.key, now=NOW)
    shop.next_day()
    reconcile(shop, bank, at=NOW + DAY)
    settle(shop, TODAY)
    shop.next_day()
    settle(shop, TODAY + DAY)
    rows = merchants.list_settlements(shop.conn, shop.merchant_id())
    assert [(one.advanced_minor, one.paid_minor) for one in rows] == [(10_000, 10_000), (-10_000, 0)]
    assert shop.payable() == 0
    shop.assert_sound()


def test_merchants_are_settled_by_their_days_and_not_while_suspended(shop):
    slow = admit(shop, "slow", "second-hand-furniture")
    assert slow.settle_days == 7
    admit(shop, "quick", "skin-care")
    for merchant in ("slow", "quick", "M"):
        buy(shop, f"at {merchant}", 5_000, merchant=merchant)
    shop.next_day()
    assert settle(shop, TODAY) == 2
    for _ in range(6):
        shop.next_day()

    def act(name):
        return run_unit(
            shop.conn,
            lambda x: merchants.act_on_merchant(x, "slow", name, person="ben", reasons=["complaints"], now=NOW),
        )

    act(MerchantAct.SUSPEND)
    assert settle(shop, TODAY + 6 * DAY) == 0
    act(MerchantAct.RESUME)
    assert settle(shop, TODAY + 6 * DAY) == 1
    (one,) = merchants.list_settlements(shop.conn, slow.merchant_id)
    assert (one.day, one.sales_minor, one.service_minor, one.paid_minor) == (
        TODAY,
        5_000,
        -40,
        4_960,
    )  # 0.8 % of its scene
    shop.assert_sound()


def test_a_scene_product_is_a_line_of_the_file(shop):
    """R-009, R-020: bought in instalments under the scene's rules, billed, settled; ice-lake is added here, as one line."""
    file = Path(merchants.__file__).parent / "data" / "scenes.csv"
    lines = file.read_text(encoding="utf-8").splitlines()
    book = parse_scenes(
        [*lines, "ice-lake,冰湖,Ice lake,travel,offline,2,5000,3|6,1,travel,0,0,9000,2"], source="scenes"
    )
    scenes = ("second-hand-furniture", "appliance-trade-in", "hpv-vaccine", "ice-lake")
    for i, scene in enumerate(scenes):
        found = book.find(scene)
        assert found is not None
        asked = SceneOrder(scene=scene, category=found.categories[0], amount_minor=300_000, periods=found.periods[0])
        assert check_order(book, asked) is None
        plan = c.Instalments(periods=asked.periods)
        bought = c.BuyNow(
            key=scene,
            customer=f"c{i}",
            amount_minor=300_000,
            merchant=scene,
            order="1",
            category=asked.category,
            instalments=plan,
        )
        assert shop.do(bought)[0]["outcome"] == "approved"
    shop.next_day()
    assert settle(shop, TODAY) == len(scenes)
    for _ in range(28):
        shop.next_day()
    for i in range(len(scenes)):
        bill = credit.list_statements(shop.conn, shop.registry, f"c{i}")[0]
        assert bill.instalment_minor >= 100_000
    shop.assert_sound()


def test_a_thousand_concurrent_orders_never_exceed_a_budget(shop, database):
    """R-159: a thousand orders on eight connections at a budget for 300, half of whose purchases are never made."""
    fee = shop.fee(100_000)
    campaign = shop.start(budget_minor=300 * fee)
    offer = merchants.find_offers(shop.conn, shop.asked(100_000))[0]

    def ask(i, x):
        return merchants.reserve(x, offer, shop.asked(100_000, customer=f"c{i % 8}"), key=f"k{i}", plan=(3, fee))

    def worker(n):
        kept = 0
        with connect(database) as conn:
            for i in range(n, 1_000, 8):
                kept += run_unit(conn, partial(ask, i))
        return kept

    with ThreadPoolExecutor(8) as pool:
        kept = sum(pool.map(worker, range(8)))
    budget = merchants.get_budget(shop.conn, campaign)
    assert (kept, budget.reserved_minor, budget.left_minor) == (300, 300 * fee, 0)
    merchants.catch_up_wholly(shop.conn, now=NOW + dt.timedelta(hours=1))
    assert merchants.get_budget(shop.conn, campaign).left_minor == 300 * fee  # nobody bought: all of it is back
    shop.assert_sound()


def test_one_key_at_one_moment_takes_from_the_budget_once(shop, database):
    fee = shop.fee(100_000)
    campaign = shop.start(budget_minor=50 * fee)
    offer = merchants.find_offers(shop.conn, shop.asked(100_000))[0]

    def ask(_):
        with connect(database) as conn:
            asked = shop.asked(100_000)
            return [
                run_unit(conn, partial(merchants.reserve, offer=offer, asked=asked, key=f"k{i}", plan=(3, fee)))
                for i in range(20)
            ]

    with ThreadPoolExecutor(6) as pool:
        kept = list(pool.map(ask, range(6)))
    assert all(all(one) for one in kept)
    assert merchants.get_budget(shop.conn, campaign).reserved_minor == 20 * fee
    shop.assert_sound()
