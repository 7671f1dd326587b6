"""Annual percentage rates of Regulation Z (12 CFR 1026): Appendix J for loans, Appendix F for accounts.

Appendix J prices whole unit-periods at compound and a fraction of one at simple interest, and multiplies the rate of
one unit-period by the number of unit-periods in a year. The paragraphs named below are those of Appendix J.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Literal

from honghua.base.errors import BadInput
from honghua.credit.core.finance.daycount import (
    DAYS_PER_WEEK,
    MONTHS_PER_YEAR,
    THIRTY,
    WEEKS_PER_YEAR,
    actual_days,
    add_months,
    months_back,
    whole_months,
)
from honghua.credit.core.finance.irr import DIGITS, Flow, solve_rate

SEMIMONTHS_PER_YEAR = 24
SEMIMONTH_DAYS = 15
YEAR_DAYS = 365

Unit = Literal["day", "week", "semimonth", "month", "year", "term"]

_UNITS: dict[str, Unit] = {
    "day": "day", "daily": "day", "week": "week", "weekly": "week", "semimonth": "semimonth", "halfmonth": "semimonth",
    "semimonthly": "semimonth", "month": "month", "monthly": "month", "quarter": "month", "quarterly": "month",
    "year": "year", "yearly": "year", "annual": "year", "annually": "year", "fortnight": "week", "fortnightly": "week",
    "biweekly": "week", "bimonthly": "month", "semiannual": "month", "semiannually": "month", "term": "term",
}  # fmt: skip
_SIZES = {"quarter": 3, "quarterly": 3, "fortnight": 2, "fortnightly": 2, "biweekly": 2, "bimonthly": 2,
          "semiannual": 6, "semiannually": 6}  # fmt: skip


@dataclass(frozen=True, slots=True)
class UnitPeriod:
    """`count` of one unit: UnitPeriod("week", 4). "term" is the term of a loan that is repaid at once (b)(4)(ii)."""

    unit: Unit
    count: int


@dataclass(frozen=True, slots=True)
class UnitTime:
    """`whole` unit-periods and `odd` (0 ≤ odd < 1) of another."""

    whole: int
    odd: Fraction


def parse_unit_period(text: str) -> UnitPeriod:
    """ "1 month", "3 months", "4 weeks", "semimonthly", "half month", "255 days", "1 year"."""
    words = re.sub(r"(half|semi|bi)[\s-]+(?=[a-z])", r"\1", text.strip().lower())
    match = re.fullmatch(r"(?:every\s+)?([0-9]+)?\s*([a-z]+?)(s?)", words)
    unit = _UNITS.get(match[2]) or _UNITS.get(match[2] + match[3]) if match else None
    if match is None or unit is None:
        raise BadInput(f"unit period {text!r} is not like 1 month, 2 weeks or semimonthly", code="UNKNOWN_UNIT_PERIOD")
    count = int(match[1] or 1) * _SIZES.get(match[2], 1)
    if count < 1:
        raise BadInput(f"unit period {text!r} has no length", code="UNKNOWN_UNIT_PERIOD")
    if unit == "month" and count == MONTHS_PER_YEAR:
        return UnitPeriod("year", 1)
    return UnitPeriod(unit, count)


def periods_per_year(unit: UnitPeriod) -> Fraction:
    """Unit-periods in a year: 12 / months, 52 / weeks, 24 / semimonths, 365 / days (b)(5)."""
    if unit.unit == "term":
        raise BadInput("the term of the loan says how many fit in a year", code="UNKNOWN_UNIT_PERIOD")
    per_year = {"day": YEAR_DAYS, "week": WEEKS_PER_YEAR, "semimonth": SEMIMONTHS_PER_YEAR, "month": MONTHS_PER_YEAR}
    return Fraction(per_year.get(unit.unit, 1), unit.count)


def unit_time(start: dt.date, end: dt.date, unit: UnitPeriod) -> UnitTime:
    """Unit-periods from the start of the term to a payment or advance, counted as (b)(5) says for each unit."""
    if end < start:
        raise BadInput(f"{end} lies before the start of the term, {start}", code="DATES_IN_DISORDER")
    days = actual_days(start, end)
    if unit.unit in ("day", "week"):
        length = unit.count * (DAYS_PER_WEEK if unit.unit == "week" else 1)
        return UnitTime(days // length, Fraction(days % length, length))
    if unit.unit == "term":
        return UnitTime(1 if days else 0, Fraction(0))
    months = months_back(start, end)
    rest_days = actual_days(start, add_months(end, -months)) if whole_months(start, end) is None else 0
    if unit.unit == "semimonth":
        whole, odd = divmod(Fraction(2 * months) + Fraction(rest_days, SEMIMONTH_DAYS), unit.count)
        return UnitTime(whole, odd / unit.count)
    if unit.unit == "month":
        whole, rest_months = divmod(months, unit.count)
        return UnitTime(whole, (rest_months + Fraction(rest_days, THIRTY)) / unit.count)
    whole, rest_months = divmod(months, MONTHS_PER_YEAR * unit.count)
    if rest_days == 0:
        return UnitTime(whole, Fraction(rest_months, MONTHS_PER_YEAR * unit.count))
    left_until = add_months(end, -whole * MONTHS_PER_YEAR * unit.count)
    return UnitTime(whole, Fraction(actual_days(start, left_until), YEAR_DAYS * unit.count))


def single_payment_unit(start: dt.date, end: dt.date) -> tuple[UnitPeriod, Fraction]:
    """Unit period and unit-periods per year of a loan advanced once and repaid once.

    Less than a year: the term itself, 12 / months when it is whole months, else 365 / days (b)(5)(vi)-(vii);
    a year or more: one year.
    """
    if add_months(start, MONTHS_PER_YEAR) <= end:
        return UnitPeriod("year", 1), Fraction(1)
    months = whole_months(start, end)
    if months:
        return UnitPeriod("term", 1), Fraction(MONTHS_PER_YEAR, months)
    return UnitPeriod("term", 1), Fraction(YEAR_DAYS, actual_days(start, end))


def actuarial_rate(
    advances: Sequence[tuple[Fraction, UnitTime]],
    payments: Sequence[tuple[Fraction, UnitTime]],
    *,
    per_year: Fraction,
) -> Decimal:
    """The annual percentage rate as a fraction of one: the general equation (b)(8), its rate times `per_year`.

    advances, payments: positive amounts, each at its unit-periods after the start of the term. BadInput without a rate.
    """
    if sum((amount for amount, _ in advances), Fraction(0)) == sum((amount for amount, _ in payments), Fraction(0)):
        return Decimal(0)
    flows = [Flow(-amount, Fraction(time.whole), time.odd) for amount, time in advances]
    flows += [Flow(amount, Fraction(time.whole), time.odd) for amount, time in payments]
    with localcontext(prec=DIGITS):
        return solve_rate(flows) * per_year.numerator / per_year.denominator


@dataclass(frozen=True, slots=True)
class CycleCost:
    """What one billing cycle cost, and the yearly rate that this is; exact, in the unit of the balances."""

    finance_charge: Fraction
    denominator: Fraction
    annual_rate: Fraction


def revolving_rate(
    balance: Fraction,
    periodic_rate: Fraction,
    transactions: Sequence[tuple[Fraction, Fraction]],
    *,
    balance_holds_them: bool,
    cycles_per_year: int = MONTHS_PER_YEAR,
) -> CycleCost:
    """Effective rate of a cycle in which transactions bore a charge of their own: 1026.14(c)(3), Appendix F.

    balance       to which the periodic rate applies
    transactions  (amount, charge) of each such transaction; their full amount is in the denominator, and once only:
                  of a balance that holds them (an average daily balance) only what exceeds them is added
    """
    amounts = sum((amount for amount, _ in transactions), Fraction(0))
    charge = balance * periodic_rate + sum((fee for _, fee in transactions), Fraction(0))
    denominator = amounts + (max(balance - amounts, Fraction(0)) if balance_holds_them else balance)
    if denominator <= 0:
        raise BadInput("no balance and no transaction: there is no rate", code="NO_RATE")
    return CycleCost(charge, denominator, charge / denominator * cycles_per_year)
