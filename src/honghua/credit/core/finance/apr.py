"""Annual rates of a credit: the Chinese disclosure (IRR, nominal and effective) and the European formula.

A rate is a Decimal fraction of one (0.1375 is 13.75 %); rounding for print is the caller's named step.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction

from honghua.base.errors import BadInput
from honghua.credit.core.finance.daycount import actual_days, whole_months
from honghua.credit.core.finance.irr import DIGITS, Flow, find_rates, find_root, solve_rate

PERIODS_PER_YEAR = 12
YEAR_DAYS = 365
RATE_MAX = 1e6


@dataclass(frozen=True, slots=True)
class AnnualRate:
    """`nominal`: the rate per period times the periods in a year. `effective`: with interest on interest (the IRR)."""

    nominal: Decimal
    effective: Decimal


def annual_rate(periodic: Decimal, *, periods_per_year: int) -> AnnualRate:
    """Both yearly rates of a rate per period."""
    with localcontext(prec=DIGITS):
        return AnnualRate(periodic * periods_per_year, (1 + periodic) ** periods_per_year - 1)


def instalment_rate(
    principal_minor: int, payments_minor: Sequence[int], *, periods_per_year: int = PERIODS_PER_YEAR
) -> AnnualRate:
    """Cost of a credit repaid in equal periods, the first payment one period after payout.

    principal_minor > 0; payments_minor[k] is paid after k + 1 periods (≥ 0). A plan that costs nothing has rate zero.
    Source: PBOC notice 2021/3 (IRR on the principal really occupied); rules.md §2. Raises BadInput without a rate.
    """
    if principal_minor <= 0:
        raise BadInput("the principal must be positive", code="BAD_AMOUNT")
    if sum(payments_minor) == principal_minor and min(payments_minor, default=0) >= 0:
        return AnnualRate(Decimal(0), Decimal(0))
    flows = [Flow(Fraction(-principal_minor), Fraction(0))]
    flows += [Flow(Fraction(paid), Fraction(k)) for k, paid in enumerate(payments_minor, start=1)]
    return annual_rate(solve_rate(flows), periods_per_year=periods_per_year)


def dated_rate(flows: Sequence[tuple[dt.date, int]], *, year_days: Fraction = Fraction(YEAR_DAYS)) -> Decimal:
    """Effective yearly rate of dated flows (money out negative), by actual days over `year_days` since the first."""
    if not flows:
        raise BadInput("no flows", code="NO_RATE")
    first = min(day for day, _ in flows)
    return solve_rate([Flow(Fraction(amount), actual_days(first, day) / year_days) for day, amount in flows])


def eu_rate(flows: Sequence[tuple[Fraction, Fraction]]) -> Decimal:
    """Annual percentage rate of charge: the effective yearly rate X at which sum of amount × (1 + X)^−years is zero.

    flows  (amount, years since the first drawdown); drawdowns negative. Of several rates the one nearest to zero on the
    positive side is the cost. Source: Directive 2008/48/EC Annex I; UK CONC App 1.2 has the same equation.
    """
    rates = find_rates([Flow(amount, years) for amount, years in flows])
    if not rates:
        raise BadInput("no rate makes these flows worth zero", code="NO_RATE")
    costs = [rate for rate in rates if rate >= 0]
    return min(costs) if costs else max(rates)


def eu_years(dates: Sequence[dt.date], *, year_days: Fraction | None = None) -> list[Fraction]:
    """Years from the first date to each: twelfths when all lie whole months apart, else actual days over 365.

    `year_days` forces a day basis (365.25 in some tables). Source: the same Annex, remarks (c).
    """
    first = dates[0]
    if year_days is None:
        months = [whole_months(first, day) for day in dates]
        if all(count is not None for count in months):
            return [Fraction(count or 0, PERIODS_PER_YEAR) for count in months]
    return [actual_days(first, day) / (year_days or Fraction(YEAR_DAYS)) for day in dates]


def nominal_rate(flows: Sequence[Fraction], shares: Sequence[Fraction]) -> Decimal:
    """Nominal yearly rate of flows[k], each `shares[k]` of a year after the one before; interest is added at each flow.

    With equal shares s it is the rate per period divided by s. Raises BadInput when no single rate fits.
    """
    if len(flows) != len(shares):
        raise BadInput("each flow needs its share of a year", code="BAD_TERM")
    later = set(shares[1:])
    if len(later) == 1:
        share = later.pop()
        periodic = solve_rate([Flow(amount, Fraction(k)) for k, amount in enumerate(flows)])
        with localcontext(prec=DIGITS):
            return periodic * share.denominator / share.numerator

    def worth(rate: float) -> float:
        discount, total = 1.0, 0.0
        for amount, share in zip(flows, shares):
            discount /= 1 + rate * float(share)
            total += float(amount) * discount
        return total

    return Decimal(find_root(worth, -0.99, RATE_MAX))
