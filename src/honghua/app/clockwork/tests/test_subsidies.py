"""The state's subsidy from the purchase to the customer's account: proved by the bank's statement, deducted, taken back with a refund."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from honghua.app.clockwork.merchants import make_prover
from honghua.app.clockwork.subsidies import subsidise
from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.credit.eod import close_until
from honghua.credit.journey.products import BUSINESS_TERMS
from honghua.credit.store import save_terms
from honghua.merchants import api as merchants
from honghua.merchants.core import MerchantAct, MerchantSigns
from honghua.merchants.invariants import check_merchants
from honghua.store.database import run_unit

FIRST = dt.date(2026, 2, 2)
NOW = dt.datetime(2026, 2, 2, 4, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
SIGNS = MerchantSigns(
    price_ratio_ppm=1,
    night_ppm=1,
    refund_ppm=1,
    top_buyers_ppm=1,
    round_amounts_ppm=1,
    repeats_ppm=1,
    new_accounts_ppm=1,
    months=99,
)


@pytest.fixture
def registry(conn):
    credit.start_book(conn, day=FIRST)

    def admit(x):
        merchants.apply_merchant(x, "M", name="M", scenes=["camera"], now=NOW)
        merchants.check_merchant(x, "M", SIGNS, person="ann", currency="CNY", now=NOW)
        merchants.act_on_merchant(x, "M", MerchantAct.ADMIT, person="ann", reasons=["sound"], now=NOW)

    run_unit(conn, admit)
    terms = msgspec.json.encode(BUSINESS_TERMS.body()).decode()
    run_unit(conn, lambda x: save_terms(x, BUSINESS_TERMS, terms))
    registry = credit.open_registry(conn, terms=c.ProductTerms())
    lines = [c.OpenAccount(key=line, customer=line, limit_minor=9_000_000) for line in ("li", "li~business")]
    assert {answer["outcome"] for answer in credit.execute(conn, registry, lines, now=NOW)} == {"done"}
    return registry


def buy(conn, registry, key, *, payer=1, merchant="M", customer="li", category="camera", at_once=True):
    plan = c.Instalments(periods=3, payer=payer)
    order = c.BuyNow(
        key=key,
        customer=customer,
        amount_minor=1_200_000,
        merchant=merchant,
        order=key,
        category=category,
        instalments=plan,
    )
    bought = credit.execute(conn, registry, [order], now=NOW)[0]
    assert bought["outcome"] == "approved", bought

    def pay(x):
        return merchants.order_payout(
            x, key=f"pay {key}", purchase_id=bought["purchase_id"], business_on=FIRST, currency="CNY", now=NOW
        )

    if at_once:
        run_unit(conn, pay)
    return int(bought["purchase_id"])


def prove(conn, now):
    """The goods of every order reached their buyers."""
    merchants.catch_up_wholly(conn, now=now)
    return make_prover(merchants.FakeEvidenceSource(1, handed_over=frozenset("MN")))(conn, now)


def test_a_purchase_that_its_settlement_paid_is_subsidised_too(conn, database, registry):
    """The ordinary way: nobody pays the shop at once; it gets the day's money, and the bank's statement proves that."""
    bought = buy(conn, registry, "plain", at_once=False)
    buy(conn, registry, "y", merchant="N", at_once=False)
    paid_on, now = FIRST + 2 * DAY, NOW + 2 * DAY  # shops that sell cameras are settled T+2
    close_until(database, paid_on)
    assert "2 proved" in prove(conn, now)
    merchants.settle_closed_day(conn, FIRST + DAY, business_on=paid_on, currency="CNY", now=now)
    assert subsidise(conn, now).startswith("0 purchases looked at")  # ordered, and the bank has said nothing
    bank = merchants.FakePayoutBank(1, day=merchants.bank_day(now))
    merchants.pay_out(conn, bank, now=now)
    assert subsidise(conn, now).startswith("0 purchases looked at")  # what a bank answers is hearsay
    bank.close_day()
    merchants.reconcile_days(conn, bank, business_on=paid_on, now=now + DAY)
    assert subsidise(conn, now + DAY).startswith("1 purchases looked at")
    item, granted = merchants.get_item(conn, f"purchase:{bought}")
    assert (item.amount_minor, granted) == (1_200_000, 0)
    assert item.evidence.startswith("payout payout:")
    assert merchants.list_unasked(conn, limit=9) == []  # N is not registered: nobody identified the trade
    close_until(database, dt.date(2026, 3, 2))
    assert subsidise(conn, NOW + 28 * DAY).endswith("1 interest parts settled, 1 deductions")
    assert merchants.get_item(conn, f"purchase:{bought}")[1] == 921  # 12,000.00 × 1 % × 28 / 365
    assert [check for check in check_merchants(conn) if not check.ok] == []


def owed(conn, registry):
    view = credit.find_account_view(conn, registry, "li")
    assert view is not None
    return view.owed_minor


def test_from_the_purchase_to_the_account_and_back(conn, database, registry):
    kept, free = buy(conn, registry, "kept"), buy(conn, registry, "free", payer=2)
    elsewhere, false = buy(conn, registry, "x", merchant="N"), buy(conn, registry, "false")
    trade = buy(conn, registry, "trade", customer="li~business", category="equipment")
    assert subsidise(conn, NOW).startswith("0 purchases looked at")  # nothing proves them yet
    bank = merchants.FakePayoutBank(1, day=merchants.bank_day(NOW))
    merchants.pay_out(conn, bank, now=NOW + dt.timedelta(seconds=9))
    bank.close_day()
    merchants.reconcile_days(conn, bank, business_on=FIRST, now=NOW + DAY)
    assert subsidise(conn, NOW + DAY).startswith("0 purchases looked at")  # the money moved, but did the goods?
    merchants.catch_up_wholly(conn, now=NOW + DAY)
    assert make_prover(None)(conn, NOW + DAY).startswith("no source")
    assert "5 proved" in make_prover(merchants.FakeEvidenceSource(1, handed_over=frozenset("MN")))(conn, NOW + DAY)
    assert subsidise(conn, NOW + DAY).startswith("4 purchases looked at")
    item = merchants.get_item(conn, f"purchase:{kept}")[0]
    assert "statement" in item.evidence
    codes = dict(conn.execute("SELECT purchase_id, code FROM merchants_subsidy_declined").fetchall())
    assert codes == {free: "SUBSIDY_NO_INTEREST", trade: "SUBSIDY_NOT_CONSUMPTION"}
    assert elsewhere not in codes  # its merchant is not registered: nobody identified the trade
    report = c.ReportFraud(key="f", customer="li", purchase_id=false, source=1)
    assert credit.execute(conn, registry, [report], now=NOW)[0]["outcome"] == "done"
    close_until(database, dt.date(2026, 3, 2))
    before = owed(conn, registry)
    told = subsidise(conn, NOW + 28 * DAY)
    assert told.endswith("2 interest parts settled, 1 deductions")
    granted = merchants.get_item(conn, f"purchase:{kept}")[1]
    assert granted == 921  # 12,000.00 × 1 % × 28 / 365
    assert merchants.get_item(conn, f"purchase:{false}")[1] == 0
    assert owed(conn, registry) == before - granted
    assert subsidise(conn, NOW + 28 * DAY).endswith("0 interest parts settled, 0 deductions")
    refund = c.RefundPurchase(key="r", customer="li", purchase_id=kept, amount_minor=1_200_000)
    assert credit.execute(conn, registry, [refund], now=NOW)[0]["outcome"] == "done"
    merchants.catch_up_wholly(conn, now=NOW)
    assert "1 refunds followed" in subsidise(conn, NOW + 29 * DAY)
    assert merchants.get_item(conn, f"purchase:{kept}")[1] == 0
    assert merchants.find_debt(conn, "li") == granted
    assert [check for check in check_merchants(conn) if not check.ok] == []
