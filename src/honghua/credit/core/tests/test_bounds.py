"""The customer's own cap and limits for one scene, without a database: what handlers answer and what the fold then holds."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from honghua.base.dates import from_day
from honghua.credit.core import commands as c
from honghua.credit.core.desk import Desk
from honghua.credit.core.dispatch import handle
from honghua.credit.core.guards import CapRow, Guard, Guards, cap_on
from honghua.credit.core.kernels.buying import AVAILABLE
from honghua.credit.core.kernels.measures import used_minor
from honghua.credit.core.layout import H_HELD, H_LIMIT, H_TEMPORARY
from honghua.credit.core.tests.memory import MemoryBook
from honghua.facts.kinds import FactKind
from honghua.limits.core import Grant, Scope, State

DAY = dt.date(2026, 1, 5)
BIKES = Scope("work_bike", ("e-bikes",))


class GuardedBook(MemoryBook):
    """A book whose one customer is guarded: guards hear every fact, as in a unit of work that never ends."""

    guard: Guard | None = None

    def execute(self, command: c.Command) -> dict[str, object]:
        account = self.account(command.customer)
        self.guard = self.guard or Guard()
        guards = Guards({account.account_id: self.guard}, self.today)
        command_id = self.next_id()
        if isinstance(command, c.Order):
            self.merchants.setdefault(command.merchant, 1000 + len(self.merchants))
            self.categories.setdefault(command.category, 1 + len(self.categories))
        desk = Desk(
            self.today, command_id, {1: self.terms}, {self.terms.name: 1}, self.merchants, self.categories, self.purchases,
            self.facts, frozenset(self.reversed_facts), guards=guards,
        )  # fmt: skip
        result = handle(command, account, desk)
        for fact in result.facts:
            fact_id = self.next_id()
            result.answer.setdefault("fact_id", fact_id)
            guards.hear(fact_id, fact)
            self.take(account, fact_id, fact)
        return dict(result.answer)


def buy(amount: int, *, category: str = "goods", hold: bool = False) -> c.Order:
    kind = c.AuthorisePurchase if hold else c.BuyNow
    return kind(key="k", customer="A", amount_minor=amount, merchant="M", order="o", category=category)


def opened(limit: int = 100_000, *, grants: list[Grant] | None = None, ceiling: int | None = None) -> GuardedBook:
    book = GuardedBook()
    book.execute(c.OpenAccount(key="k", customer="A", limit_minor=limit))
    assert book.guard is not None
    book.guard = Guard(grants=list(grants or []), ceiling_minor=ceiling)
    return book


def bike_grant(amount: int, *, days: int = 30, number: int = 7) -> Grant:
    on = from_day(MemoryBook().today)
    return Grant(
        grant_id=number, customer="A", scope=BIKES, amount_minor=amount, from_on=on, until_on=on + dt.timedelta(days)
    )


def test_the_cap_counts_the_month_and_refuses_with_its_own_reason():
    book = opened()
    assert book.execute(c.SetSpendingCap(key="k", customer="A", cap_minor=30_000))["cap_now_minor"] == 30_000
    first = book.execute(buy(20_000))
    assert first["outcome"] == "approved"
    no = book.execute(buy(10_001))
    assert (no["code"], no["cap_minor"], no["spent_minor"]) == ("SPENDING_CAP", 30_000, 20_000)
    assert book.execute(buy(10_000, hold=True))["outcome"] == "approved"
    book.execute(
        c.RefundPurchase(key="k", customer="A", purchase_id=int(str(first["purchase_id"])), amount_minor=5_000)
    )
    assert book.execute(buy(5_001))["code"] == "SPENDING_CAP"
    assert book.execute(buy(5_000))["outcome"] == "approved"
    book.pass_days(31)
    assert book.execute(buy(30_000))["outcome"] == "approved"  # another month


def test_a_cap_falls_at_once_and_rises_after_the_cooling_days():
    book = opened()
    assert book.execute(c.SetSpendingCap(key="k", customer="A", cap_minor=0))["code"] == "SPENDING_CAP_NONE"
    book.execute(c.SetSpendingCap(key="k", customer="A", cap_minor=10_000))
    raised = book.execute(c.SetSpendingCap(key="k", customer="A", cap_minor=50_000))
    assert (raised["cap_now_minor"], raised["from_on"]) == (10_000, from_day(book.today + 1).isoformat())
    assert book.execute(buy(10_001))["code"] == "SPENDING_CAP"
    book.pass_days(1)
    assert book.execute(buy(50_000))["outcome"] == "approved"
    book.execute(c.SetSpendingCap(key="k", customer="A", cap_minor=0))
    assert book.execute(buy(1))["code"] == "SPENDING_CAP"
    book.pass_days(1)
    assert book.execute(buy(1))["outcome"] == "approved"


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9)), max_size=8), st.integers(0, 9))
@settings(max_examples=60)
def test_the_cap_in_force_is_the_newest_wish_that_counts(wishes, day):
    rows = [CapRow(cap, from_on, k + 1) for k, (cap, from_on) in enumerate(wishes)]
    counting = [row for row in rows if row.from_on <= day]
    assert cap_on(rows, day) == (max(counting, key=lambda row: row.fact_id).cap_minor if counting else 0)


def test_a_limit_for_one_scene_serves_no_other_and_returns_with_a_void():
    book = opened(grants=[bike_grant(50_000)], ceiling=200_000)
    assert book.execute(buy(120_000))["code"] == "LIMIT_SHORT"
    held = book.execute(buy(140_000, category="e-bikes", hold=True))
    assert held["outcome"] == "approved"
    account = book.account("A")
    assert book.guard is not None
    assert book.guard.grants[0].used_minor == 40_000
    assert int(account.balance[AVAILABLE]) == 0
    assert book.execute(buy(1))["code"] == "LIMIT_SHORT"
    assert book.execute(buy(10_000, category="e-bikes"))["outcome"] == "approved"
    assert book.guard.grants[0].state is State.SPENT
    book.execute(c.VoidAuthorisation(key="k", customer="A", purchase_id=int(str(held["purchase_id"]))))
    assert book.guard.grants[0].used_minor == 10_000
    assert int(book.account("A").balance[AVAILABLE]) == 90_000


def test_a_hold_that_is_taken_in_part_gives_the_rest_of_the_grant_back():
    book = opened(grants=[bike_grant(50_000)], ceiling=200_000)
    held = book.execute(buy(140_000, category="e-bikes", hold=True))
    part = c.CapturePurchase(key="k", customer="A", purchase_id=int(str(held["purchase_id"])), amount_minor=110_000)
    assert book.execute(part)["outcome"] == "done"
    assert book.guard is not None
    assert book.guard.grants[0].used_minor == 10_000
    assert book.execute(buy(40_000, category="e-bikes"))["outcome"] == "approved"


def test_repaying_what_a_scene_bore_gives_no_room_for_other_things():
    book = opened(grants=[bike_grant(50_000)], ceiling=200_000)
    book.execute(buy(150_000, category="e-bikes"))
    book.execute(c.Repay(key="k", customer="A", amount_minor=50_000))
    assert book.execute(buy(1))["code"] == "LIMIT_SHORT"
    assert book.execute(buy(1, category="e-bikes"))["code"] == "LIMIT_SHORT"  # not revolving


def test_nobody_uses_a_grant_beyond_the_assessed_ceiling_or_without_one():
    for ceiling, most in ((None, 100_000), (120_000, 120_000), (90_000, 100_000), (500_000, 150_000)):
        book = opened(grants=[bike_grant(50_000)], ceiling=ceiling)
        assert book.execute(buy(most + 1, category="e-bikes"))["code"] == "LIMIT_SHORT", ceiling
        assert book.execute(buy(most, category="e-bikes"))["outcome"] == "approved", ceiling


AMOUNT = st.integers(1, 90_000)
STEP = st.one_of(
    st.tuples(st.just("buy"), AMOUNT, st.sampled_from(["goods", "e-bikes"]), st.booleans()),
    st.tuples(st.just("repay"), AMOUNT, st.just(""), st.just(False)),
    st.tuples(st.just("temporary"), AMOUNT, st.just(""), st.just(False)),
    st.tuples(st.just("days"), st.integers(1, 40), st.just(""), st.just(False)),
)


@given(st.lists(STEP, min_size=1, max_size=14), st.integers(0, 80_000), st.integers(0, 260_000), st.integers(0, 60))
@settings(max_examples=40, deadline=None)
def test_available_never_includes_what_is_bound_or_over(steps, amount, ceiling, days):
    """available = max(0, limit + temporary − used − held); orders of others' scenes never pass it, those of the scene never the ceiling."""
    grants = [bike_grant(amount, days=days)] if amount else []
    book = opened(grants=grants, ceiling=ceiling)
    last_day = book.today + days
    for what, figure, category, hold in steps:
        before = int(book.account("A").balance[AVAILABLE])
        if what == "days":
            book.pass_days(figure)
        elif what == "repay":
            book.execute(c.Repay(key="k", customer="A", amount_minor=figure))
        elif what == "temporary":
            book.execute(c.GrantTemporaryLimit(key="k", customer="A", amount_minor=figure))
        else:
            answer = book.execute(buy(figure, category=category, hold=hold))
            if answer["outcome"] == "approved" and figure > before:
                assert category == "e-bikes"
                assert book.today <= last_day
                head = book.account("A").head
                taken = int(used_minor(head, book.account("A").dues, book.account("A").plans)) + int(head[H_HELD])
                assert taken <= ceiling
        account = book.account("A")
        head = account.head
        room = int(head[H_LIMIT]) + int(head[H_TEMPORARY]) - int(head[H_HELD])
        room -= int(used_minor(head, account.dues, account.plans))
        assert int(account.balance[AVAILABLE]) == max(0, room)
    borne = sum(f.amount_minor for f in book.facts.values() if f.kind is FactKind.BOUND_LIMIT_USED)
    assert borne <= amount


def test_a_temporary_limit_is_used_up_by_own_money_that_pays_a_bill_at_the_cut():
    book = MemoryBook()
    book.execute(c.OpenAccount(key="k", customer="A", limit_minor=10_000))
    book.execute(c.Repay(key="k", customer="A", amount_minor=3_000))  # own money on the account
    book.execute(c.GrantTemporaryLimit(key="k", customer="A", amount_minor=5_000, until=book.on + dt.timedelta(60)))
    assert book.execute(buy(14_000))["outcome"] == "approved"
    book.pass_days(31)  # the cut pays 3,000 of the bill
    account = book.account("A")
    assert int(account.head[H_TEMPORARY]) == 2_000
    assert int(account.balance[AVAILABLE]) == 1_000


def test_a_temporary_limit_ends_early_leaves_what_is_owed_and_frees_the_fixed_limit_for_a_cut():
    book = MemoryBook()
    book.execute(c.OpenAccount(key="k", customer="A", limit_minor=10_000))
    assert book.execute(c.EndTemporaryLimit(key="k", customer="A"))["code"] == "NO_TEMPORARY_LIMIT"
    cause = c.LimitCause(reason="SEASON", rule="campaign:618", consent="marketing/1")
    book.execute(c.GrantTemporaryLimit(key="k", customer="A", amount_minor=5_000, cause=cause))
    assert [f.detail for f in book.facts.values()][-1] == cause.detail()
    book.execute(buy(14_000))
    assert book.execute(c.ChangeLimit(key="k", customer="A", limit_minor=1))["code"] == "LIMIT_FIXED_WHILE_TEMPORARY"
    assert book.execute(c.EndTemporaryLimit(key="k", customer="A"))["ended_minor"] == 5_000
    assert int(book.account("A").balance[AVAILABLE]) == 0
    assert book.execute(c.ChangeLimit(key="k", customer="A", limit_minor=9_000))["outcome"] == "done"


def test_fixed_and_temporary_together_keep_the_cap_of_a_person():
    book = MemoryBook()
    book.terms = replace(book.terms, limit_minor_max=12_000)
    book.execute(c.OpenAccount(key="k", customer="A", limit_minor=10_000))
    assert book.execute(c.GrantTemporaryLimit(key="k", customer="A", amount_minor=2_001))["code"] == "LIMIT_TOO_HIGH"
    assert book.execute(c.GrantTemporaryLimit(key="k", customer="A", amount_minor=2_000))["outcome"] == "done"
    assert np.sum(book.ledger["A"]) == 0
