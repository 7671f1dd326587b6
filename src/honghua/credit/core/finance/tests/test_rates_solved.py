"""IRR, Chinese disclosure, EU formula, Regulation Z: published figures, and roots checked in exact arithmetic."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from honghua.base.errors import BadInput
from honghua.credit.core.finance import apr, regz
from honghua.credit.core.finance.irr import Flow, find_rates, find_root, solve_rate


def percent(rate: Decimal, places: int = 2) -> str:
    return f"{rate * 100:.{places}f}"


@pytest.mark.parametrize(
    ("n", "fee_percent", "nominal", "effective"),
    [
        (3, "2.3", "13.75", "14.65"),
        (3, "2.5", "14.94", "16.00"),
        (6, "4.5", "15.27", "16.38"),
        (9, "6.5", "15.34", "16.47"),
        (12, "7.5", "13.57", "14.44"),
        (12, "8.8", "15.86", "17.07"),
    ],
)
def test_vectors_of_rules_2(n: int, fee_percent: str, nominal: str, effective: str) -> None:
    principal = 36 * 10**8
    payment = (principal + principal * Fraction(fee_percent) / 100) / n
    assert payment.denominator == 1
    rate = apr.instalment_rate(principal, [int(payment)] * n)
    assert (percent(rate.nominal), percent(rate.effective)) == (nominal, effective)


def exact_worth(flows: list[Flow], rate: Decimal) -> Fraction:
    """The equation in Fractions, for whole periods."""
    i = Fraction(rate)
    return sum((f.amount / ((1 + f.odd * i) * (1 + i) ** int(f.at)) for f in flows), Fraction(0))


@settings(max_examples=150)
@given(
    st.integers(1, 10**9),
    st.lists(st.integers(0, 10**9), min_size=1, max_size=30).filter(any),
    st.fractions(0, 1, max_denominator=400).filter(lambda f: f < 1),
)
@example(10**9, [1], Fraction(0))
@example(1, [10**9] * 30, Fraction(99, 100))
def test_a_loan_has_one_root_and_it_is_exact(lent: int, paid: list[int], odd: Fraction) -> None:
    flows = [Flow(Fraction(-lent), Fraction(0))]
    flows += [Flow(Fraction(amount), Fraction(k), odd) for k, amount in enumerate(paid, start=1)]
    (rate,) = find_rates(flows)
    assert abs(exact_worth(flows, rate)) <= Fraction(lent + sum(paid), 10**25)


def test_none_one_and_two_roots() -> None:
    two = [Flow(Fraction(a), Fraction(k)) for k, a in enumerate((-1000, 2500, -1540))]
    assert [f"{rate:.6f}" for rate in find_rates(two)] == ["0.100000", "0.400000"]
    with pytest.raises(BadInput, match=r"0\.100000, 0\.400000") as many:
        solve_rate(two)
    assert many.value.code == "MANY_RATES"
    none = [Flow(Fraction(a), Fraction(k)) for k, a in enumerate((-1000, 2000, -1540))]
    for flows in (none, [Flow(Fraction(5), Fraction(0))], []):
        with pytest.raises(BadInput) as missing:
            solve_rate(flows)
        assert missing.value.code == "NO_RATE"


def test_extremes_converge() -> None:
    (daily,) = find_rates([Flow(Fraction(-100), Fraction(0)), Flow(Fraction(200), Fraction(1, 365))])
    assert daily == pytest.approx(Decimal(2) ** 365 - 1, rel=Decimal("1e-20"))
    (losing,) = find_rates([Flow(Fraction(-100), Fraction(0)), Flow(Fraction(1), Fraction(1))])
    assert abs(losing - Decimal("-0.99")) < Decimal("1e-25")
    assert find_root(lambda x: x**3 - 2, 0, 5) == pytest.approx(2 ** (1 / 3), abs=1e-15)
    with pytest.raises(BadInput):
        find_root(lambda x: x * x + 1, -1, 1)


def test_free_plans_cost_nothing() -> None:
    assert apr.instalment_rate(1000, [334, 333, 333]) == apr.AnnualRate(Decimal(0), Decimal(0))
    with pytest.raises(BadInput):
        apr.instalment_rate(0, [1])


def test_eu_and_dated_rates() -> None:
    flows = [(Fraction(-1000), Fraction(0)), (Fraction(600), Fraction(1)), (Fraction(600), Fraction(2))]
    assert percent(apr.eu_rate(flows), 4) == "13.0662"  # Directive 87/102, Annex III example 3
    days = [(dt.date(1994, 1, 1), -100_000), (dt.date(1995, 7, 1), 120_000)]
    assert percent(apr.dated_rate(days)) == "12.96"  # the same annex, example 1
    assert apr.eu_years([day for day, _ in days]) == [0, Fraction(3, 2)]
    assert apr.eu_years([day for day, _ in days], year_days=Fraction(365)) == [0, Fraction(546, 365)]
    equal = apr.nominal_rate([Fraction(-1000), *[Fraction("340.02")] * 3], [Fraction(0), *[Fraction(1, 12)] * 3])
    uneven = apr.nominal_rate(
        [Fraction(-1000), *[Fraction("340.02")] * 3],
        [Fraction(0), Fraction(1, 12), Fraction(1, 12), Fraction(100, 1199)],
    )
    assert abs(equal - Decimal("0.11996224312757327")) < Decimal("1e-14")
    assert abs(equal - uneven) < Decimal("1e-3")


APPENDIX_J = [  # 12 CFR 1026 Appendix J (c): advance, payment, n, unit, start, first payment, first, final, APR
    ("5000", "230.00", 24, "month", "1978-01-10", "1978-02-10", None, None, "9.69"),
    ("6000", "200.00", 36, "monthly", "1978-02-10", "1978-04-01", None, None, "11.82"),
    ("5000", "219.17", 24, "semimonth", "1978-02-23", "1978-03-01", None, None, "10.34"),
    ("10000", "385.00", 40, "quarterly", "1978-05-23", "1978-10-01", None, None, "8.97"),
    ("500", "17.60", 30, "1 week", "1978-03-20", "1978-04-21", None, None, "14.96"),
    ("400", "38.31", 12, "4 weeks", "1978-03-18", "1978-04-20", "39.50", None, "28.50"),
    ("200", "9.50", 20, "2 weeks", "1978-04-03", "1978-04-11", None, "30", "12.22"),
    ("8000", "465.00", 20, "2 months", "1978-01-10", "1978-03-01", "449.36", "200", "7.30"),
    ("1000", "500.00", 5, "12 months", "2023-10-26", "2023-11-30", None, None, "78.34"),  # not official
]


@pytest.mark.parametrize("example_", APPENDIX_J)
def test_appendix_j_from_dates(example_: tuple[str, str, int, str, str, str, str | None, str | None, str]) -> None:
    advance, payment, n, unit_text, start, first_on, first, final, expected = example_
    unit = regz.parse_unit_period(unit_text)
    time = regz.unit_time(dt.date.fromisoformat(start), dt.date.fromisoformat(first_on), unit)
    amounts = [Fraction(payment)] * n
    amounts[0] = Fraction(first) if first else amounts[0]
    amounts[-1] = Fraction(final) if final else amounts[-1]
    payments = [(amount, regz.UnitTime(time.whole + k, time.odd)) for k, amount in enumerate(amounts)]
    lent = [(Fraction(advance), regz.UnitTime(0, Fraction(0)))]
    assert percent(regz.actuarial_rate(lent, payments, per_year=regz.periods_per_year(unit))) == expected


def test_appendix_j_single_payments() -> None:
    start, end = dt.date(1978, 1, 3), dt.date(1978, 9, 15)
    unit, per_year = regz.single_payment_unit(start, end)
    assert (unit.unit, per_year) == ("term", Fraction(365, 255))
    paid = [(Fraction(1080), regz.unit_time(start, end, unit))]
    lent = [(Fraction(1000), regz.UnitTime(0, Fraction(0)))]
    assert percent(regz.actuarial_rate(lent, paid, per_year=per_year)) == "11.45"  # (c)(5)(i)
    assert regz.single_payment_unit(dt.date(1978, 7, 15), dt.date(1979, 1, 15))[1] == 2
    year, _ = regz.single_payment_unit(dt.date(1978, 1, 17), dt.date(1979, 7, 29))
    assert regz.unit_time(dt.date(1978, 1, 17), dt.date(1979, 7, 29), year) == regz.UnitTime(1, Fraction(193, 365))
    for text in ("", "moon", "0 weeks", "1.5 months"):
        with pytest.raises(BadInput):
            regz.parse_unit_period(text)


@pytest.mark.parametrize(
    ("balance", "transaction", "holds", "charge", "denominator", "rate"),
    [  # 12 CFR 1026 Appendix F, examples 1 to 4: 3 % per transaction, 1.5 % a month
        (100, 100, True, "4.50", 100, "54"),
        (150, 100, True, "5.25", 150, "42"),
        (100, 100, False, "4.50", 200, "27"),
        (50, 100, False, "3.75", 150, "30"),
    ],
)
def test_appendix_f(balance: int, transaction: int, holds: bool, charge: str, denominator: int, rate: str) -> None:
    charged = [(Fraction(transaction), Fraction(transaction * 3, 100))]
    cost = regz.revolving_rate(Fraction(balance), Fraction(15, 1000), charged, balance_holds_them=holds)
    assert (cost.finance_charge, cost.denominator) == (Fraction(charge), Fraction(denominator))
    assert cost.annual_rate * 100 == Fraction(rate)
