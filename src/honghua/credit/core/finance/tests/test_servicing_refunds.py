from __future__ import annotations

import datetime as dt
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from honghua.base.errors import BadInput
from honghua.credit.core.finance import daycount as dc
from honghua.credit.core.finance.refunds import AccrualTerms, Event, EventKind, accrued_interest, interest_refunds
from honghua.credit.core.finance.schedules import Change, LoanTerms, monthly_dates
from honghua.credit.core.finance.servicing import PayoffInterest, RunningLoan

START = dt.date(2024, 1, 1)
TERMS = LoanTerms(START, monthly_dates(START, 6), Fraction(7, 100), dc.THIRTY_360, 1)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def hundred(*payments: tuple[str, int]) -> RunningLoan:
    """100.00 at 7 %, six months, as in the published scenarios, with payments."""
    loan = RunningLoan(TERMS, (Change(START, 10_000),))
    for on, amount in payments:
        loan.pay(day(on), amount)
    return loan


def rows(loan: RunningLoan, business_on: str) -> list[str]:
    return [f"{r.due_minor} {r.interest_minor} {r.principal_minor} {r.balance_minor}"
            for r in loan.schedule(day(business_on))]  # fmt: skip


def test_one_paid_one_overdue() -> None:
    # Apache Fineract, Loan.feature C3486 "Interest recalculation - S3 1 paid, 1 overdue"
    assert rows(hundred(("2024-02-01", 1701)), "2024-03-10") == [
        "1701 58 1643 8357",
        "1701 49 1652 6705",
        "1701 42 1659 5046",
        "1701 29 1672 3374",
        "1701 20 1681 1693",
        "1703 10 1693 0",
    ]


def test_paid_early_the_rest_of_the_period_s_interest_waits() -> None:
    # the same source, ProgressiveEMICalculatorTest: …balance_correction_on0215…
    loan = hundred(("2024-02-01", 1701), ("2024-02-15", 1701))
    assert rows(loan, "2024-02-15")[1:] == [
        "1701 24 1677 6680",
        "1701 59 1642 5038",
        "1701 29 1672 3366",
        "1701 20 1681 1685",
        "1695 10 1685 0",
    ]


def test_payoffs_of_both_kinds() -> None:
    # Loan.feature C3300 (TILL_PRECLOSE) and C3483 (TILL_REST_FREQUENCY_DATE)
    loan = hundred(("2024-02-01", 1701))
    assert loan.payoff(day("2024-02-15")).amount_minor == 8381
    assert loan.payoff(day("2024-02-15"), policy=PayoffInterest.TO_PERIOD_END).amount_minor == 8406
    loan.pay(day("2024-02-15"), 8381)
    assert loan.outstanding_minor(day("2024-02-15")) == 0
    assert rows(loan, "2024-02-15")[-1] == "1577 0 1577 0"


@settings(max_examples=150)
@given(st.lists(st.tuples(st.integers(0, 250), st.integers(1, 6_000)), max_size=6), st.integers(0, 250))
def test_a_payoff_closes_to_the_cent(payments: list[tuple[int, int]], after: int) -> None:
    loan = hundred()
    end = START + dt.timedelta(after)
    for late, amount in sorted(payments):
        on = START + dt.timedelta(late)
        if on <= end:
            loan.pay(on, amount)
    schedule = loan.schedule(end)
    assert sum(row.principal_minor for row in schedule) == 10_000
    price = loan.payoff(end)
    assert price.amount_minor == price.principal_minor + price.interest_minor
    if price.amount_minor:
        over = loan.overpaid_minor
        loan.pay(end, price.amount_minor)
        assert loan.overpaid_minor == over
    assert loan.outstanding_minor(end) == 0
    assert loan.payoff(end).amount_minor == 0


def test_wrong_payments_are_refused() -> None:
    loan = hundred(("2024-03-01", 1701))
    for on, amount in (("2024-02-01", 5), ("2023-12-31", 5), ("2024-03-02", 0), ("2024-03-02", -1)):
        with pytest.raises(BadInput):
            loan.pay(day(on), amount)


KINDS = {"out": EventKind.PAYOUT, "pay": EventKind.REPAYMENT, "refund": EventKind.REFUND}

MONTHLY = ", ".join(f"pay 171.29 0{month}01" for month in range(2, 7))

UC = [  # Apache Fineract, LoanInterestRefundTest verifyUC01 … verifyUC14: 9.99 %, actual/actual, start, periods, events
    ("2021-01-01", 12, "out 1000 0101, refund 1000 0122", [575]),
    ("2021-01-01", 12, "out 1000 0101, pay 87.89 0201, refund 1000 0209", [1050]),
    ("2021-01-01", 12, "out 250 0101, out 750 0104, refund 1000 0122", [514]),
    ("2021-01-01", 12, "out 500 0101, out 500 0107, pay 87.82 0201, refund 1000 0209", [967]),
    ("2020-12-01", 6, "out 1000 1201, refund 500 1214", [178]),
    ("2021-01-01", 12, "out 1000 0101, pay 87.89 0201, refund 500 0209", [535]),
    ("2021-01-01", 6, "out 250 0101, out 750 0101, refund 500 0122", [288]),
    ("2021-01-01", 6, "out 250 0101, out 750 0107, refund 500 0122", [247]),
    ("2021-01-01", 6, f"out 250 0101, out 750 0107, {MONTHLY}, pay 171.32 0701, refund 500 0711", [2041]),
    ("2021-01-01", 6, "out 1000 0101, refund 500 0114, refund 500 0122", [178, 288]),
    ("2021-01-01", 6, "out 1000 0101, pay 171.5 0201, refund 500 0209, refund 250 0225", [534, 378]),
    ("2021-01-01", 12, "out 1000 0101, refund 500 0122, refund 400 0126", [288, 274]),
    ("2021-01-01", 6, "out 200 0101, out 300 0101, out 500 0105, refund 250 0122, refund 400 0126", [144, 258]),
]  # fmt: skip


def events(year: str, text: str) -> list[Event]:
    words = [item.split() for item in text.split(", ")]
    return [
        Event(day(f"{year}-{on[:2]}-{on[2:]}"), KINDS[kind], int(Fraction(amount) * 100)) for kind, amount, on in words
    ]


@pytest.mark.parametrize(("start", "n", "text", "back"), UC)
def test_published_interest_refunds(start: str, n: int, text: str, back: list[int]) -> None:
    terms = AccrualTerms(Fraction("0.0999"), dc.ACTUAL_ACTUAL, monthly_dates(day(start), n))
    assert interest_refunds(terms, events(start[:4], text)) == back


def test_rounded_once_is_another_policy() -> None:
    terms = AccrualTerms(Fraction("0.0999"), dc.ACTUAL_ACTUAL, monthly_dates(day("2021-01-01"), 12), round_pieces=False)
    assert interest_refunds(terms, events("2021", "out 250 0101, out 750 0104, refund 1000 0122")) == [513]


@given(st.integers(1, 10**8), st.integers(0, 400), st.integers(1, 3_000))
def test_a_full_refund_gives_back_every_cent(lent: int, days: int, rate: int) -> None:
    terms = AccrualTerms(Fraction(rate, 10_000), dc.ACTUAL_365, monthly_dates(START, 12))
    on = START + dt.timedelta(days)
    history = [Event(START, EventKind.PAYOUT, lent)]
    assert interest_refunds(terms, [*history, Event(on, EventKind.REFUND, lent)]) == [
        accrued_interest(terms, history, on)
    ]
