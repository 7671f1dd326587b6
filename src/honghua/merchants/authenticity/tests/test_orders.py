"""Orders from purchase to proof or flag: through the real books, with a fake source that fails and lies."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from honghua.base.errors import BadInput, Conflict, NotFound, TimedOut
from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.decision import api as decision
from honghua.ledger import api as ledger
from honghua.ledger.core import Component, OwnerKind
from honghua.merchants import api as merchants
from honghua.merchants.authenticity.looking import count_company
from honghua.merchants.core import REASONS, Asked, Draft, EvidenceItem, EvidenceKind
from honghua.merchants.invariants import check_merchants
from honghua.store.database import run_unit

FIRST = dt.date(2026, 3, 2)
NOW = dt.datetime(2026, 3, 2, 4, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
BOOKS = merchants.Books(FIRST, "CNY")
MERCHANT_PAYS, PLATFORM_PAYS = 2, 3
PRICE = 120_000


@pytest.fixture
def registry(conn):
    credit.start_book(conn, day=FIRST)
    registry = credit.open_registry(conn)
    names = ("li", "wang", "zhao")
    opening = [c.OpenAccount(key=f"o {name}", customer=name, limit_minor=9_000_000) for name in names]
    credit.execute(conn, registry, opening, now=NOW)
    return registry


def buy(conn, registry, key, *, payer=1, merchant="M", customer="li", reserve=None):
    """A purchase in three instalments; its fee is kept free of a campaign where there is one."""
    plan = c.Instalments(periods=3, payer=payer)
    order = c.BuyNow(
        key=key,
        customer=customer,
        amount_minor=PRICE,
        merchant=merchant,
        order=key,
        category="phones",
        instalments=plan,
    )
    if reserve is not None:
        offer, asked = reserve
        assert merchants.reserve(conn, offer, asked, key=key, plan=(3, 100_000))
    (answer,) = credit.execute(conn, registry, [order], now=NOW)
    assert answer["outcome"] == "approved", answer
    return int(answer["purchase_id"]), int(answer["fee_minor"])


def start_campaign(conn, merchant, payer):
    draft = Draft(
        merchant=merchant, name="free", periods=(3,), starts_at=NOW - DAY, ends_at=NOW + 30 * DAY, budget_minor=10_000_000,
        payer=payer, holdout_ppm=0,
    )  # fmt: skip
    campaign_id, problems = merchants.start_campaign(conn, draft, made_by="ann", offered=(3,), now=NOW)
    assert not problems
    asked = Asked(merchant=merchant, customer="li", category="phones", amount_minor=PRICE, at=NOW, zone=dt.UTC)
    (offer,) = merchants.find_offers(conn, asked)
    return campaign_id, (offer, asked)


def look(conn, source, *, at, books=BOOKS):
    """All looks that are due."""
    merchants.catch_up_wholly(conn, now=at)
    return merchants.look_at_orders(conn, source, books, now=at)


def balance(conn, ref, component):
    owner = ledger.find_owners(conn, kind=OwnerKind.MERCHANT, refs=[ref])[ref]
    return int(ledger.read_balances(conn, np.array([owner], np.int64))[0, component])


def state_of(conn, purchase):
    return merchants.get_order(conn, purchase).state


def broken(conn):
    return [check for check in check_merchants(conn) if not check.ok]


def test_money_is_withheld_of_an_unproved_order_and_given_back_with_late_evidence(conn, registry):
    platform, fee = buy(conn, registry, "p", payer=PLATFORM_PAYS)
    own, _ = buy(conn, registry, "m", payer=MERCHANT_PAYS)
    customers, _ = buy(conn, registry, "c")
    assert fee > 0
    source = merchants.FakeEvidenceSource(1, {"late": 1.0})
    assert look(conn, source, at=NOW + 2 * DAY).states == {"awaited": 3}
    before = balance(conn, "M", Component.MERCHANT_PAYABLE)
    over = look(conn, source, at=NOW + 16 * DAY)
    assert (over.states, over.moved) == ({"unproved": 3}, 1)
    held = {one: merchants.get_order(conn, one).withheld_minor for one in (platform, own, customers)}
    assert held == {
        platform: fee,
        own: 0,
        customers: 0,
    }  # the other two fees are not the platform's: nobody touches them
    assert (
        balance(conn, "M", Component.MERCHANT_PAYABLE) == before + fee
    )  # less is payable: a liability stands below zero
    assert balance(conn, "M", Component.SUBSIDY_EXPENSE) == -fee
    decision.deliver_alerts(conn, now=NOW + 16 * DAY)
    (alert,) = [one for one in decision.list_alerts(conn, limit=10) if one.kind == "order_evidence"]
    assert alert.subject == "M"
    assert "NO_EVIDENCE 3" in alert.sentence
    merchants.catch_up_wholly(conn, now=NOW + 16 * DAY)
    owner = ledger.find_owners(conn, kind=OwnerKind.MERCHANT, refs=["M"])["M"]
    (today,) = merchants.sum_days(conn, owner, days=(FIRST, FIRST))
    assert (today.orders, today.sales_minor) == (3, 3 * PRICE)  # a fee is no sale
    assert merchants.settle_closed_day(conn, FIRST, business_on=FIRST + DAY, currency="CNY", now=NOW + 16 * DAY) == 1
    assert broken(conn) == []
    late = look(conn, source, at=NOW + 40 * DAY, books=merchants.Books(FIRST + DAY, "CNY"))
    assert (late.states, late.moved) == ({"proved": 3}, 1)
    assert merchants.get_order(conn, platform).withheld_minor == 0
    assert balance(conn, "M", Component.SUBSIDY_EXPENSE) == 0
    assert [(s.state_before, s.state_after) for s in merchants.list_order_steps(conn, platform)] == [
        ("awaited", "unproved"),
        ("unproved", "proved"),
    ]
    assert look(conn, source, at=NOW + 60 * DAY).orders == 0
    assert broken(conn) == []


def test_a_refund_gives_back_what_was_withheld_of_it(conn, registry):
    purchase, fee = buy(conn, registry, "p", payer=PLATFORM_PAYS)
    source = merchants.FakeEvidenceSource(1, {"lost": 1.0})
    look(conn, source, at=NOW + 20 * DAY)
    assert merchants.get_order(conn, purchase).withheld_minor == fee
    back = c.RefundPurchase(key="r", customer="li", purchase_id=purchase, amount_minor=PRICE // 3)
    assert credit.execute(conn, registry, [back], now=NOW + 20 * DAY)[0]["outcome"] == "done"
    look(conn, source, at=NOW + 21 * DAY)
    row = merchants.get_order(conn, purchase)
    assert 0 < row.withheld_minor == row.platform_minor < fee
    assert broken(conn) == []


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("early", "SHIPPED_BEFORE_ORDER"),
        ("one_waybill", "WAYBILL_SHARED"),
        ("returned", "RETURNED_UNPAID"),
        ("empty", "grams_ppm"),
    ],
)
def test_forged_evidence_raises_the_flag(conn, registry, fault, reason):
    first, _ = buy(conn, registry, "a", payer=PLATFORM_PAYS)
    second, _ = buy(conn, registry, "b", customer="wang")
    books = merchants.Books(FIRST, "CNY", {registry.categories["phones"]: 150})
    look(conn, merchants.FakeEvidenceSource(1, {fault: 1.0}), at=NOW + 9 * DAY, books=books)
    assert {state_of(conn, first), state_of(conn, second)} == {"doubtful"}
    row = merchants.get_order(conn, first)
    assert reason in row.reasons
    assert set(row.reasons) <= REASONS.keys()
    assert row.withheld_minor > 0
    assert broken(conn) == []


def test_a_proved_order_is_looked_at_again_when_its_waybill_turns_up_elsewhere(conn, registry):
    first, _ = buy(conn, registry, "a", payer=PLATFORM_PAYS)
    source = merchants.FakeEvidenceSource(1, {"one_waybill": 1.0})
    look(conn, source, at=NOW + 9 * DAY)
    assert state_of(conn, first) == "proved"  # nothing speaks against it yet
    second, _ = buy(conn, registry, "b", customer="wang")
    look(conn, source, at=NOW + 9 * DAY)
    assert state_of(conn, second) == "doubtful"
    look(conn, source, at=NOW + 9 * DAY)
    assert state_of(conn, first) == "doubtful"
    assert broken(conn) == []


def test_what_a_source_says_of_others_or_of_the_future_is_not_kept(conn, registry):
    purchase, _ = buy(conn, registry, "a")
    strange = look(conn, merchants.FakeEvidenceSource(1, {"stranger": 1.0, "twice": 1.0}), at=NOW + 9 * DAY)
    assert (strange.kept, strange.dropped, strange.states) == (4, 1, {"proved": 1})
    assert len(merchants.list_evidence(conn, purchase)) == 2
    other, _ = buy(conn, registry, "b")
    coming = look(conn, merchants.FakeEvidenceSource(1, {"future": 1.0}), at=NOW + 9 * DAY)
    assert (coming.kept, coming.states) == (0, {"awaited": 1})
    assert state_of(conn, other) == "awaited"


def test_evidence_that_no_column_could_hold_is_dropped(conn, registry):
    """One odd item must not keep all orders of a look from their word for ever."""
    purchase, _ = buy(conn, registry, "a")
    good = EvidenceItem(purchase_id=purchase, kind=EvidenceKind.HANDED_OVER, reference="till 1", at=NOW)
    odd = [
        replace(good, reference=" "),
        replace(good, reference="till\x00"),
        replace(good, region="x" * 201),
        replace(good, grams=10**12),
        replace(good, scans=-1),
    ]

    class Odd(merchants.FakeEvidenceSource):
        """Says odd things beside a good one."""

        def report(self, orders, *, now):
            return [*odd, good]

    found = look(conn, Odd(1), at=NOW + DAY)
    assert (found.kept, found.dropped, found.states) == (1, len(odd), {"proved": 1})


def test_a_silent_source_flags_nobody(conn, registry):
    purchase, _ = buy(conn, registry, "a", payer=PLATFORM_PAYS)
    merchants.catch_up_wholly(conn, now=NOW + 30 * DAY)
    with pytest.raises(TimedOut):
        merchants.look_at_orders(conn, merchants.FakeEvidenceSource(1, {"timeout": 1.0}), BOOKS, now=NOW + 30 * DAY)
    assert state_of(conn, purchase) == "awaited"
    assert look(conn, merchants.FakeEvidenceSource(1, {"lost": 1.0}), at=NOW + 30 * DAY).states == {"unproved": 1}


def test_a_shop_that_sells_more_than_it_can_fulfil_and_one_place_for_many(conn, registry):
    class OnePlace:
        """A source by whom every parcel of a shop goes to one door."""

        name = "one place"

        def report(self, orders, *, now):
            kinds = (EvidenceKind.SHIPPED, EvidenceKind.DELIVERED)
            return [
                EvidenceItem(
                    purchase_id=one.purchase_id, kind=kind, reference=f"w {one.order}", at=one.bought_at + (n + 1) * DAY, place="door",
                    grams=400, scans=6,
                )
                for one in orders
                for n, kind in enumerate(kinds)
            ]  # fmt: skip

        def find_capacity(self, merchant):
            return 1

    purchases = [buy(conn, registry, name, customer=name)[0] for name in ("li", "wang", "zhao")]
    look(conn, OnePlace(), at=NOW + 9 * DAY)
    rows = [merchants.get_order(conn, purchase) for purchase in purchases]
    assert {tuple(sorted(row.reasons)) for row in rows} == {("load_ppm", "place_orders")}
    assert {row.state for row in rows} == {"doubtful"}
    (score,) = {row.score for row in rows}  # the scorer's, as evidence is there
    assert score >= merchants.load_rules().forest.doubt_from_ppm


def test_company_is_counted_in_the_books_as_in_the_rules(conn, registry):
    """Two customers meet at two shops, the third comes alone; one who buys twice at a shop is one."""
    first, _ = buy(conn, registry, "li 1", customer="li")
    buy(conn, registry, "li 2", customer="li", merchant="N")
    alone, _ = buy(conn, registry, "zhao 1", customer="zhao")
    for key, merchant in (("wang 1", "M"), ("wang 2", "N"), ("wang 3", "N")):
        buy(conn, registry, key, customer="wang", merchant=merchant)
    merchants.catch_up_wholly(conn, now=NOW)
    rows = [merchants.get_order(conn, purchase) for purchase in (first, alone)]
    assert list(count_company(conn, rows).values()) == [1, 0]


def test_a_person_has_the_last_word(conn, registry):
    campaign, reserve = start_campaign(conn, "M", PLATFORM_PAYS)
    purchase, fee = buy(conn, registry, "a", payer=PLATFORM_PAYS, reserve=reserve)
    other, _ = buy(conn, registry, "b", payer=PLATFORM_PAYS)
    source = merchants.FakeEvidenceSource(1, {"lost": 1.0})
    look(conn, source, at=NOW + 20 * DAY)
    assert merchants.get_budget(conn, campaign).spent_minor == fee

    def say(purchase_id, person, *, is_real, why="seen"):
        found = merchants.Finding(is_real=is_real, person=person, why=why)
        return run_unit(conn, lambda x: merchants.say_of_order(x, purchase_id, found, BOOKS, now=NOW + 21 * DAY))

    def decide(purchase_id, *, is_real, why="seen"):
        """Two persons say the same: nothing moves before the second."""
        before = merchants.get_budget(conn, campaign).spent_minor
        first = say(purchase_id, "ann", is_real=is_real, why=why)
        assert isinstance(first, merchants.OrderProposal)
        assert say(purchase_id, "ann", is_real=is_real, why=why).code == "ORDER_TWO_PERSONS"
        assert merchants.get_budget(conn, campaign).spent_minor == before
        assert merchants.find_order_proposal(conn, purchase_id) == first
        return say(purchase_id, "bob", is_real=is_real, why=why)

    assert isinstance(say(purchase, "ann", is_real=True), merchants.OrderProposal)
    assert decide(purchase, is_real=False).withheld_minor == fee  # the other word takes the first one's place
    assert merchants.find_order_proposal(conn, purchase) is None
    assert merchants.get_budget(conn, campaign).spent_minor == 0  # no trade: the campaign has its money again
    cleared = decide(other, is_real=True)
    assert (cleared.state, cleared.withheld_minor, cleared.reasons) == ("proved", 0, ["PERSON_CLEARED", "NO_EVIDENCE"])
    assert look(conn, source, at=NOW + 22 * DAY).orders == 0
    assert [one.purchase_id for one in merchants.list_flagged(conn)] == [purchase]
    assert {state: (n, held) for state, n, held in merchants.count_states(conn, since=FIRST)} == {
        "false": (1, fee),
        "proved": (1, 0),
    }
    with pytest.raises(Conflict):
        decide(purchase, is_real=True)
    with pytest.raises(BadInput):
        say(other, "ann", is_real=True, why=" ")
    with pytest.raises(NotFound):
        say(10**15, "ann", is_real=True)
    free, _ = buy(conn, registry, "c")
    look(conn, source, at=NOW + 20 * DAY)
    assert say(free, "ann", is_real=False).state == "false", "no money moves by it: one person is enough"
    assert broken(conn) == []
