"""Quotes, delinquency, charge-off."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from honghua.base.errors import BadInput
from honghua.base.money import split_even
from honghua.base.rng import derive_rng
from honghua.credit.core.finance import chargeoff, delinquency
from honghua.credit.core.finance.delinquency import CARD_2011, ORDER_2023, Bucket, ClassTable, RiskClass
from honghua.credit.core.finance.quote import QuoteTerms, quote_plan

PLANS = 100_000


def test_r_006_parts_of_100_000_random_plans_sum_to_their_totals() -> None:
    rng = derive_rng(6, "R-006")
    principals = rng.integers(1, 10**9, PLANS)
    fees = principals * rng.integers(0, 900, PLANS) // 10_000
    periods = rng.choice(np.array([3, 6, 9, 12, 24]), PLANS)
    for principal, fee, n in zip(principals.tolist(), fees.tolist(), periods.tolist()):
        for total in (principal, fee):
            parts = split_even(total, n)
            assert sum(parts) == total
            assert parts[1:] == [total // n] * (n - 1)
            assert parts[0] - total // n == total % n


@given(st.integers(1, 10**11), st.integers(0, 10**10), st.integers(1, 24))
def test_a_quote_shows_all_of_it(principal: int, fee: int, n: int) -> None:
    quote = quote_plan(principal_minor=principal, n=n, fee_total_minor=fee)
    assert sum(period.principal_minor for period in quote.periods) == principal
    assert sum(period.fee_minor for period in quote.periods) == fee
    assert sum(period.total_minor for period in quote.periods) == principal + fee
    assert quote.periods[-1].principal_left_minor == 0
    assert quote.cost.effective >= quote.cost.nominal >= 0
    assert (quote.cost.nominal == 0) == (fee == 0)


def test_the_cost_table() -> None:
    due_on = tuple(dt.date(2026, month, 10) for month in (4, 5, 6))
    quote = quote_plan(principal_minor=100_000, n=3, fee_total_minor=2_300, due_on=due_on)
    assert [p.total_minor for p in quote.periods] == [34_102, 34_099, 34_099]
    assert [p.due_on for p in quote.periods] == list(due_on)
    assert (quote.nominal_percent, quote.effective_percent) == (Decimal("13.75"), Decimal("14.65"))
    (overdue,) = quote.contingent
    assert overdue.annual_percent == Decimal("18.25")
    assert "20.02%" in overdue.note
    assert "0.05%" in overdue.collection
    text = "\n".join(quote.lines())
    for words in ("1000.00 CNY", "23.00", "14.65%", "13.75%", "18.25%", "收取主体: 贷款人", "不承担其他任何"):
        assert words in text


@pytest.mark.parametrize("payer", ["merchant", "platform"])
def test_who_does_not_pay_has_no_cost(payer: str) -> None:
    terms = QuoteTerms(payer=payer)  # type: ignore[arg-type]
    quote = quote_plan(principal_minor=100_000, n=12, fee_total_minor=7_500, terms=terms)
    assert (quote.consumer_fee_minor, quote.fee_minor, quote.cost.effective) == (0, 7_500, Decimal(0))
    assert [p.total_minor for p in quote.periods] == split_even(100_000, 12)


@pytest.mark.parametrize(
    "wrong",
    [
        {"principal_minor": 0},
        {"principal_minor": -1},
        {"principal_minor": 10**17},
        {"n": 0},
        {"n": 10_000},
        {"fee_total_minor": -1},
        {"currency": "XXX"},
        {"due_on": (dt.date(2026, 4, 10),)},
        {"due_on": (dt.date(2026, 4, 10), dt.date(2026, 4, 10), dt.date(2026, 5, 10))},
    ],
)
def test_impossible_plans_are_refused(wrong: dict[str, object]) -> None:
    plan = {"principal_minor": 100_000, "n": 3, "fee_total_minor": 2_300} | wrong
    with pytest.raises(BadInput):
        quote_plan(**plan)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("days", "order", "card"),
    [(0, 1, 1), (1, 2, 2), (90, 2, 2), (91, 3, 3), (120, 3, 3), (121, 3, 4), (180, 3, 4), (181, 3, 5), (270, 3, 5),
     (271, 4, 5), (360, 4, 5), (361, 5, 5)],
)  # fmt: skip
def test_five_classes(days: int, order: int, card: int) -> None:
    assert (ORDER_2023.class_of(days), CARD_2011.class_of(days)) == (RiskClass(order), RiskClass(card))


def test_delinquency_counts_per_instalment() -> None:
    due_on = [dt.date(2023, 1, 31), dt.date(2023, 3, 2), dt.date(2023, 6, 1)]
    buckets = [Bucket(1, 30), Bucket(31, 90), Bucket(91, None)]
    found = delinquency.assess(due_on, [100, 200, 400], dt.date(2023, 5, 31), buckets)
    assert (found.days_past_due, found.amount_minor, found.by_bucket) == (120, 300, {"31-90": 200, "91+": 100})
    assert delinquency.assess(due_on, [0, 0, 400], dt.date(2023, 6, 1), buckets).days_past_due == 0
    assert delinquency.apply_oldest_first([100, 200], 250) == ([0, 50], 0)
    assert delinquency.apply_oldest_first([100, 200], 350) == ([0, 0], 50)
    for wrong in ([Bucket(0, 5)], [Bucket(1, None), Bucket(5, 6)], [Bucket(1, 10), Bucket(10, 20)], [Bucket(5, 1)]):
        with pytest.raises(BadInput):
            delinquency.check_buckets(wrong)
    with pytest.raises(BadInput):
        ClassTable("falling", 10, 5, 20, 30)


KIND = chargeoff.EventKind


def test_fees_are_reversed_and_recoveries_are_income() -> None:
    # Apache Fineract, LoanChargeOff.feature C2568/C2569: fee of 10 reversed out of income, refund undoes the loss
    loan = chargeoff.ChargeOffLoan(fraud=True)
    loan.post(KIND.DISBURSEMENT, 100_000)
    loan.post(KIND.FEE, 1_000)
    entry = loan.post(KIND.CHARGE_OFF, None)
    assert [(str(account), amount) for account, amount in entry.debits] == [
        ("credit_loss_expense_fraud", 100_000),
        ("fee_charge_off", 1_000),
    ]
    refund = loan.post(KIND.REFUND, 10_000)
    assert [(str(account), amount) for account, amount in refund.credits] == [
        ("credit_loss_expense_fraud", 9_000),
        ("fee_charge_off", 1_000),
    ]
    recovered = loan.post(KIND.REPAYMENT, 100_000)
    assert [str(account) for account, _ in recovered.credits] == ["recovery_income", "overpayment"]
    for event, amount in ((KIND.CHARGE_OFF, None), (KIND.FEE, 5), (KIND.REPAYMENT, 0), (KIND.REPAYMENT, None)):
        with pytest.raises(BadInput):
            loan.post(event, amount)


@given(st.lists(st.tuples(st.sampled_from(list(KIND)), st.integers(1, 10**6)), max_size=12), st.booleans())
def test_every_entry_balances_and_assets_stay_positive(
    steps: list[tuple[chargeoff.EventKind, int]], fraud: bool
) -> None:
    loan = chargeoff.ChargeOffLoan(fraud=fraud)
    balances: dict[str, int] = {}
    for event, amount in steps:
        try:
            entry = loan.post(event, None if event is KIND.CHARGE_OFF else amount)
        except BadInput:
            continue
        for account, part in entry.debits:
            balances[account] = balances.get(account, 0) + part
        for account, part in entry.credits:
            balances[account] = balances.get(account, 0) - part
    assert sum(balances.values()) == 0
    assert balances.get("loans_receivable", 0) == (0 if loan.charged_off else loan.principal_minor)
