"""Requirements by their numbers, each as the check that requirements.md asks for."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from honghua.base.dates import from_day, to_day
from honghua.credit.core import commands as c
from honghua.credit.core.kernels.days import bill_plans
from honghua.credit.core.layout import (
    H_CLASS,
    H_CUT_DAY,
    H_DUE_DAY,
    H_HELD,
    H_LAST_CUT,
    H_LIMIT,
    H_PLANS,
    H_TEMPORARY,
    HEAD,
    P_DEFERRED,
    P_FEE,
    P_FEE_LEFT,
    P_LEFT,
    P_PERIODS,
    PLAN,
    PLAN_BILL,
    PLAN_PURCHASE,
    S_CUT,
    S_DUE,
    S_FEE,
    S_FROM,
    S_INSTALMENT,
    S_INTEREST,
    S_MINIMUM,
    S_PENALTY,
    S_PURCHASES,
    S_TOTAL,
)
from honghua.credit.core.lines.purposes import PURPOSES
from honghua.credit.core.terms import ProductTerms
from honghua.credit.core.tests.memory import MemoryBook
from honghua.credit.core.tests.model import half_up, in_parts
from honghua.ledger.core.chart import Component

C = Component

DEFAULT = ProductTerms()
YEARS = range(2024, 2029)


def book_on(day: dt.date, pair: tuple[int, int] | None = None, limit: int = 20_000_000) -> MemoryBook:
    book = MemoryBook(today=to_day(day))
    assert book.execute(c.OpenAccount(key="o", customer="A", limit_minor=limit, pair=pair))["outcome"] == "done"
    return book


def buy(
    book: MemoryBook, amount: int, *, category: str = "food", instalments: c.Instalments | None = None
) -> dict[str, object]:
    return book.execute(
        c.BuyNow(
            key="b",
            customer="A",
            amount_minor=amount,
            merchant="M",
            order="o",
            category=category,
            instalments=instalments,
        )
    )


def repay(book: MemoryBook, amount: int) -> None:
    assert book.execute(c.Repay(key="r", customer="A", amount_minor=amount))["outcome"] == "done"


# ----
def test_r001_no_purpose_but_consumption():
    book = book_on(dt.date(2026, 1, 5))
    for purpose in sorted(PURPOSES.never | PURPOSES.business):
        for written in (purpose, purpose.upper(), f" {purpose} "):
            answer = buy(book, 100, category=written)
            assert (answer["outcome"], answer["code"]) == ("refused", "PURPOSE_REFUSED")
    assert not book.account("A").balance[:17].any()


def live_at_random(seed: int, steps: int) -> None:
    """Purchases, holds, repayments, refunds and limits at random; what is available is checked after each."""
    rng = np.random.default_rng(seed)
    book = book_on(dt.date(2024, 1, 1), limit=1_000_000)
    open_purchases: list[tuple[int, int]] = []
    outcome: object = None
    for _ in range(steps):
        what, amount = rng.integers(8), int(rng.integers(1, 400_000))
        if what < 3:
            answer = buy(book, amount)
            outcome = answer["outcome"]
            open_purchases += [(answer["purchase_id"], amount)] if answer["outcome"] == "approved" else []  # type: ignore[list-item]
        elif what == 3:
            hold = c.AuthorisePurchase(
                key="h", customer="A", amount_minor=amount, merchant="M", order="o", category="food"
            )
            outcome = book.execute(hold)["outcome"]
        elif what == 4:
            repay(book, amount)
        elif what == 5 and open_purchases:
            purchase_id, bought = open_purchases.pop(int(rng.integers(len(open_purchases))))
            book.execute(c.RefundPurchase(key="f", customer="A", purchase_id=purchase_id, amount_minor=bought))
        elif what == 6:
            book.execute(c.GrantTemporaryLimit(key="t", customer="A", amount_minor=amount))
        else:
            book.pass_days(int(rng.integers(1, 12)))
        account = book.account("A")
        limit, temporary, held = (int(account.head[k]) for k in (H_LIMIT, H_TEMPORARY, H_HELD))
        used = int(account.balance[C.PRINCIPAL_UNBILLED : C.INTEREST].sum())
        room = limit + temporary - used - held
        assert int(account.balance[C.LIMIT_AVAILABLE]) == max(room, 0)
        assert int(account.balance[C.LIMIT_OVER]) == min(room, 0)
        assert room >= 0 or what > 3 or outcome == "refused", "no purchase takes more than there is"


@pytest.mark.parametrize("seed", range(3))
def test_r001_available_is_limit_and_temporary_less_used_and_held(seed):
    live_at_random(seed, 700)


@pytest.mark.slow
def test_r001_over_a_million_events():
    for seed in range(100, 600):
        live_at_random(seed, 2_000)


# ---- difference of days between purchase and due day
def free_days(pair: tuple[int, int], bought_on: dt.date) -> int:
    """Days from a purchase to the due day of the bill that it comes onto, as the fold bills it."""
    book = book_on(bought_on, pair)
    buy(book, 90_000)
    book.pass_days(32)
    book.account("A")
    statement = book.statements["A"][min(book.statements["A"])]
    assert int(statement[S_TOTAL]) == 90_000
    return int(statement[S_DUE]) - to_day(bought_on)


def every_day() -> list[dt.date]:
    first, last = dt.date(YEARS[0], 1, 1), dt.date(YEARS[-1], 12, 31)
    return [first + dt.timedelta(days=k) for k in range((last - first).days + 1)]


def test_r003_at_most_41_free_days_over_every_day_and_pair():
    most = {pair: max(free_days(pair, day) for day in every_day()) for pair in DEFAULT.pairs}
    assert most == {(1, 10): 40, (1, 9): 39, (1, 8): 38, (5, 15): 41, (10, 20): 41}


def test_r003_a_purchase_on_the_cut_day_goes_onto_the_next_bill():
    assert free_days((5, 15), dt.date(2026, 1, 5)) == 41
    assert free_days((5, 15), dt.date(2026, 1, 4)) == 11


@pytest.mark.parametrize("pair", DEFAULT.pairs)
def test_r003_paid_in_full_by_the_due_day_costs_nothing(pair):
    for bought_on in every_day()[::13]:
        book = book_on(bought_on, pair)
        buy(book, 99_999)
        book.pass_days(free_days(pair, bought_on))
        assert book.account("A").balance[C.PRINCIPAL_BILLED] == 99_999
        repay(book, 99_999)
        book.pass_days(70)
        assert not book.account("A").balance[: C.OVERPAYMENT].any()
        assert not book.account("A").balance[C.INTEREST_INCOME : C.RECOVERY_INCOME + 1].any()


# ----
@pytest.mark.parametrize("pair", DEFAULT.pairs)
def test_r004_24_months_paid_in_full_have_no_interest_and_no_fee_line(pair):
    book = book_on(dt.date(2024, 1, 17), pair)
    touched = set()
    post = book.post

    def watch(customer: str, lines: object) -> None:
        touched.update(lines.codes.tolist())  # type: ignore[attr-defined]
        post(customer, lines)  # type: ignore[arg-type]

    book.post = watch  # type: ignore[method-assign]
    for day in range(731):
        book.pass_days(1)
        if day % 3 == 0:
            buy(book, 1_000 + day)
        bills = [bill for bill in book.statements["A"].values() if int(bill[S_DUE]) == book.today]
        for bill in bills:
            repay(book, int(bill[S_TOTAL]))
    assert len(book.statements["A"]) >= 23
    assert {C.PRINCIPAL_UNBILLED, C.PRINCIPAL_BILLED, C.BANK_CLEARING} <= touched
    assert not touched & {C.INTEREST, C.FEE, C.PENALTY, C.INTEREST_INCOME, C.FEE_INCOME, C.PENALTY_INCOME}
    assert all(
        int(bill[S_INTEREST]) == int(bill[S_PENALTY]) == int(bill[S_FEE]) == 0 for bill in book.statements["A"].values()
    )


# ----
def check_plan(amount: int, periods: int, kind: int) -> None:
    """Bills of a plan beside P/n and P·rate/n, remainder in the first period."""
    book = book_on(dt.date(2024, 1, 17))
    table = DEFAULT.purchase_fee_ppm if kind == PLAN_PURCHASE else DEFAULT.bill_fee_ppm
    fee = half_up(Fraction(amount * table[periods], 10**6))
    choice = c.Instalments(periods=periods, fee_minor=fee)
    if kind == PLAN_PURCHASE:
        assert buy(book, amount, instalments=choice)["outcome"] == "approved"
    else:
        buy(book, amount)
        book.pass_days(20)
        assert (
            book.execute(c.InstalBill(key="i", customer="A", amount_minor=amount, instalments=choice))["outcome"]
            == "done"
        )
    (plan,) = book.account("A").plans[:1]
    assert (int(plan[P_LEFT]), int(plan[P_FEE]), int(plan[P_FEE_LEFT])) == (amount, fee, fee)
    billed = []
    for _ in range(periods + 1):
        book.pass_days(31)
        book.account("A")
        repay(
            book,
            max(
                1,
                int(
                    book.account("A").balance[: C.OVERPAYMENT].sum() - book.account("A").balance[C.PRINCIPAL_INSTALMENT]
                ),
            ),
        )
    for bill in book.statements["A"].values():
        if int(bill[S_INSTALMENT]) or int(bill[S_FEE]):
            billed.append((int(bill[S_INSTALMENT]), int(bill[S_FEE])))
    expected = [pair for pair in zip(in_parts(amount, periods), in_parts(fee, periods), strict=True) if any(pair)]
    assert billed == expected


@pytest.mark.parametrize("periods", sorted(DEFAULT.bill_fee_ppm))
@pytest.mark.parametrize("kind", [PLAN_PURCHASE, PLAN_BILL])
def test_r006_plans_are_billed_to_the_cent(periods, kind):
    for amount in (100_000, 99_999, 1, periods - 1, periods + 1, 19_999_999):
        check_plan(amount, periods, kind)


@settings(max_examples=15)
@given(
    amount=st.integers(1, 20_000_000),
    periods=st.sampled_from(sorted(DEFAULT.bill_fee_ppm)),
    kind=st.sampled_from([PLAN_PURCHASE, PLAN_BILL]),
)
@example(amount=100_000, periods=3, kind=PLAN_BILL)
def test_r006_any_amount(amount, periods, kind):
    check_plan(amount, periods, kind)


@pytest.mark.parametrize("periods", sorted(DEFAULT.bill_fee_ppm))
def test_r006_the_parts_of_twenty_thousand_plans_add_up(periods):
    """Five numbers of periods: 10**5 plans. Each is P/n a period, the remainder in the first; principal, fee and deferred fee."""
    rng = np.random.default_rng(periods)
    n = 20_000
    columns = [P_LEFT, P_FEE_LEFT, P_DEFERRED]
    head, plans = np.zeros(HEAD, np.int64), np.zeros((n, PLAN), np.int64)
    head[H_PLANS], plans[:, P_PERIODS] = n, periods
    plans[:, columns] = totals = rng.integers(0, 10 ** rng.integers(1, 16, (n, 3)))
    for period in range(periods):
        before = plans[:, columns].copy()
        bill_plans(head, plans, 20_000)
        parts = before - plans[:, columns]
        expected = totals // periods + (totals % periods if period == 0 else 0)
        assert (parts == expected).all()
    assert head[H_PLANS] == 0


def test_r006_the_consumer_pays_no_fee_that_another_pays():
    book = book_on(dt.date(2026, 1, 5))
    buy(book, 90_000, instalments=c.Instalments(periods=3, payer=2))
    book.pass_days(120)
    balance = book.account("A").balance
    assert balance[C.FEE] == 0
    assert balance[C.MERCHANT_PAYABLE] == -90_000 + 2_070
    assert balance[C.FEE_INCOME] == -2_070
    assert balance[C.DEFERRED_SUBSIDY] == 0


# ----
@pytest.mark.parametrize("old", DEFAULT.pairs)
@pytest.mark.parametrize("new", [(1, 10), (5, 15), (10, 20)])
def test_r013_a_change_of_days_neither_doubles_nor_skips_a_bill(old, new):
    for asked_on in (
        dt.date(2024, 1, 31),
        dt.date(2024, 3, 1),
        dt.date(2024, 2, 29),
        dt.date(2024, 5, 7),
        dt.date(2024, 12, 20),
    ):
        book = book_on(dt.date(2023, 12, 15), old)
        cuts, issued = [], dict[int, int]()
        while book.on < dt.date(2025, 6, 1):
            book.pass_days(1)
            if int(book.account("A").head[H_LAST_CUT]) == book.today:
                cuts.append(book.on)
            for bill in book.statements["A"].values():
                if int(bill[S_DUE]) == book.today:
                    repay(book, int(bill[S_TOTAL]))
            buy(book, 100)
            if book.on == asked_on:
                issued = {number: int(bill[S_DUE]) for number, bill in book.statements["A"].items()}
                assert (
                    book.execute(c.ChangePair(key="p", customer="A", cut_day=new[0], due_day=new[1]))["outcome"]
                    == "done"
                )
                again = book.execute(c.ChangePair(key="q", customer="A", cut_day=5, due_day=15))
                assert again["code"] == "PAIR_CHANGE_PENDING"
        months = [cut.year * 12 + cut.month for cut in cuts]
        assert months == list(range(months[0], months[0] + len(months))), "one bill a calendar month"
        bills = book.statements["A"]
        covered = [(int(bill[S_FROM]), int(bill[S_CUT])) for bill in bills.values()]
        assert all(before[1] == after[0] for before, after in pairwise(covered)), "no gap day"
        assert sum(int(bill[S_PURCHASES]) for bill in bills.values()) == 100 * (
            (cuts[-1] - dt.date(2023, 12, 15)).days - 1
        ), "every purchase once"
        assert all(int(bills[number][S_DUE]) == due for number, due in issued.items()), (
            "an issued bill keeps its due day"
        )
        assert (int(book.account("A").head[H_CUT_DAY]), int(book.account("A").head[H_DUE_DAY])) == new


def test_r013_once_in_twelve_months():
    book = book_on(dt.date(2024, 2, 29))
    change = c.ChangePair(key="p", customer="A", cut_day=5, due_day=15)
    back = c.ChangePair(key="q", customer="A", cut_day=1, due_day=10)
    assert book.execute(change)["outcome"] == "done"
    while book.on < dt.date(2025, 2, 27):
        book.pass_days(1)
    assert book.execute(back)["code"] == "PAIR_CHANGED_RECENTLY"
    book.pass_days(1)
    assert from_day(book.today) == dt.date(2025, 2, 28)
    assert book.execute(back)["outcome"] == "done"


@pytest.mark.parametrize("old", DEFAULT.pairs)
def test_r013_going_back_to_the_first_fixes_the_tenth(old):
    """rules.md §1: due 8 and 9 are given at the opening only."""
    for cut_day, due_day in ((1, 8), (1, 9)):
        refused = book_on(dt.date(2026, 1, 5), old).execute(
            c.ChangePair(key="p", customer="A", cut_day=cut_day, due_day=due_day)
        )
        assert (refused["code"], refused["offered"]) == ("PAIR_NOT_OFFERED", [[1, 10], [5, 15], [10, 20]])
    back = c.ChangePair(key="p", customer="A", cut_day=1, due_day=10)
    assert book_on(dt.date(2026, 1, 5), old).execute(back)["outcome"] == "done"


def test_r013_not_while_overdue():
    book = book_on(dt.date(2026, 1, 5))
    buy(book, 90_000)
    book.pass_days(40)
    assert book.execute(c.ChangePair(key="p", customer="A", cut_day=5, due_day=15))["code"] == "OVERDUE"


# ---- the minimum and the interest after it (rules.md §1: 900 yuan left → 0.45 a day)
def test_minimum_and_interest_after_it():
    book = book_on(dt.date(2026, 1, 5))
    buy(book, 100_000)
    book.pass_days(to_day(dt.date(2026, 2, 10)) - book.today)
    book.account("A")
    (bill,) = book.statements["A"].values()
    assert (int(bill[S_TOTAL]), int(bill[S_MINIMUM])) == (100_000, 10_000)
    repay(book, 10_000)
    for days in range(1, 15):
        book.pass_days(1)
        assert int(book.account("A").balance[C.INTEREST]) == 45 * days
        assert int(book.account("A").balance[C.PENALTY]) == 0
        assert int(book.account("A").head[H_CLASS]) == 1, "who pays the minimum is not overdue"
