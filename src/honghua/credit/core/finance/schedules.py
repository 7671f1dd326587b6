"""Equal instalments on a declining balance over real dates: how a loan's schedule is laid out and laid out again.

The rules are those of the published schedules that we test against (Apache Fineract, progressive loans):

- a period's rate factor = yearly rate × its fraction of a year, in a Decimal context of DIGITS digits, half even;
- interest = balance × factor, a period being cut wherever balance or rate changes, by actual days; each piece is
  rounded to a minor unit, half even, before they are summed;
- instalment = balance × product of (1 + factor) ÷ sum of the products, rounded half even (or to a multiple); the last
  takes the residue. When last and last-but-one differ by more minor units than half the number of instalments, the
  difference is spread once, and kept if that leaves a smaller one;
- a change (money paid out, another rate) re-levels the instalments from its period on, on a due date from the next.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from itertools import pairwise

from honghua.base.errors import BadInput
from honghua.base.rates import div_half_even, round_half_even
from honghua.credit.core.finance.annuity import check_periods
from honghua.credit.core.finance.daycount import (
    DayCount,
    actual_days,
    add_months,
    period_fraction,
    whole_months,
    year_fraction,
)

DIGITS = 19
CONTEXT = Context(prec=DIGITS, rounding=ROUND_HALF_EVEN)
_UNIT = Decimal(1)


@dataclass(frozen=True, slots=True)
class LoanTerms:
    """What the contract fixes. `annual_rate` is a Fraction of one; instalments are multiples of `multiple_minor`.

    months  nominal length of a period in months, or None when periods are counted in days
    """

    start_on: dt.date
    due_on: tuple[dt.date, ...]
    annual_rate: Fraction
    day_count: DayCount
    months: int | None
    multiple_minor: int = 1

    def __post_init__(self) -> None:
        check_periods(len(self.due_on))
        dates = (self.start_on, *self.due_on)
        for before, after in pairwise(dates):
            if after <= before:
                raise BadInput(f"due date {after} does not follow {before}", code="DATES_IN_DISORDER")
        if self.annual_rate < 0:
            raise BadInput("the yearly rate is negative", code="BAD_RATE")
        if self.multiple_minor < 1:
            raise BadInput("instalments must be multiples of at least one minor unit", code="BAD_AMOUNT")

    def period(self, k: int) -> tuple[dt.date, dt.date]:
        """First and last day of period k (0 …)."""
        return (self.due_on[k - 1] if k else self.start_on), self.due_on[k]

    def period_of(self, day: dt.date) -> int:
        """The period that holds `day`: its due date belongs to it, and the first day to the first."""
        if not self.start_on <= day <= self.due_on[-1]:
            raise BadInput(f"{day} lies outside {self.start_on} … {self.due_on[-1]}", code="DATE_OUT_OF_RANGE")
        return next(k for k, due_on in enumerate(self.due_on) if day <= due_on)


@dataclass(frozen=True, slots=True)
class Change:
    """From `on`: `paid_out_minor` more is lent, and/or the yearly rate becomes `annual_rate`."""

    on: dt.date
    paid_out_minor: int = 0
    annual_rate: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One instalment: due = interest + principal; `balance_minor` is what is lent after its due date."""

    number: int
    from_on: dt.date
    due_on: dt.date
    due_minor: int
    interest_minor: int
    principal_minor: int
    balance_minor: int


def monthly_dates(start_on: dt.date, n: int, *, months: int = 1) -> tuple[dt.date, ...]:
    """Due dates each `months` months after start_on, on its day of the month or the month's last."""
    check_periods(n)
    return tuple(add_months(start_on, months * k) for k in range(1, n + 1))


def nominal_months(start_on: dt.date, due_on: Sequence[dt.date]) -> int | None:
    """The whole number of months of most periods, or None when most are not whole months."""
    dates = (start_on, *due_on)
    steps = [whole_months(before, after) for before, after in pairwise(dates)]
    common = max(set(steps), key=lambda step: (steps.count(step), step or 0))
    return common or None


def rate_factor(terms: LoanTerms, k: int, piece: tuple[dt.date, dt.date], annual_rate: Fraction) -> Decimal:
    """What one unit of balance earns in a piece of period k: yearly rate × the piece's share of the year."""
    start, end = terms.period(k)
    if piece == (start, end):
        share = period_fraction(terms.day_count, (start, end), terms.months)
    elif isinstance(terms.day_count.days, str):
        share = year_fraction(terms.day_count, *piece)
    else:
        whole = period_fraction(terms.day_count, (start, end), terms.months)
        share = whole * actual_days(*piece) / actual_days(start, end)
    rate = CONTEXT.divide(Decimal(annual_rate.numerator), Decimal(annual_rate.denominator))
    years = CONTEXT.divide(Decimal(share.numerator), Decimal(share.denominator))
    return CONTEXT.multiply(rate, years)


def interest_minor(balance_minor: int, factor: Decimal) -> int:
    """balance × factor, rounded half even to a minor unit."""
    return int(CONTEXT.multiply(Decimal(balance_minor), factor).to_integral_value(ROUND_HALF_EVEN))


def lay_out(terms: LoanTerms, changes: Sequence[Change]) -> tuple[Row, ...]:
    """The schedule after `changes`, applied in the order given (each re-levels what lies after it).

    The first changes pay the loan out. Raises BadInput for a change outside the schedule or for nothing lent.
    """
    if sum(change.paid_out_minor for change in changes) <= 0 or any(change.paid_out_minor < 0 for change in changes):
        raise BadInput("a loan lends a positive amount", code="BAD_AMOUNT")
    instalments = [0] * len(terms.due_on)
    for count, change in enumerate(changes, start=1):
        instalments = _relevel(terms, changes[:count], instalments, _first_affected(terms, change))
    return _walk(terms, changes, instalments)


def levels(rows: Sequence[Row]) -> list[int]:
    """The instalments of a schedule."""
    return [row.due_minor for row in rows]


def pieces(terms: LoanTerms, k: int, cuts: Sequence[dt.date]) -> list[tuple[dt.date, dt.date]]:
    """Period k cut at those of the dates that lie inside it."""
    start, end = terms.period(k)
    edges = [start, *sorted({cut for cut in cuts if start < cut < end}), end]
    return list(pairwise(edges))


def lent_until(changes: Sequence[Change], day: dt.date) -> int:
    """What has been paid out by the end of `day`."""
    return sum(change.paid_out_minor for change in changes if change.on <= day)


def rate_on(terms: LoanTerms, changes: Sequence[Change], day: dt.date) -> Fraction:
    """The yearly rate for the time that begins on `day`: that of the latest change by then, the later stated first."""
    known = [(change.on, order, change.annual_rate) for order, change in enumerate(changes) if change.on <= day]
    rates = [(on, order, rate) for on, order, rate in known if rate is not None]
    return max(rates)[2] if rates else terms.annual_rate


def _first_affected(terms: LoanTerms, change: Change) -> int:
    k = terms.period_of(change.on)
    on_due_date = change.on == terms.due_on[k] and k + 1 < len(terms.due_on)
    return k + 1 if on_due_date else k


def _walk(terms: LoanTerms, changes: Sequence[Change], instalments: Sequence[int]) -> tuple[Row, ...]:
    """Rows of the given instalments; the last takes what is left. Interest that an instalment cannot hold waits."""
    rows: list[Row] = []
    repaid = waiting = 0
    cuts = [change.on for change in changes]
    for k, instalment in enumerate(instalments):
        start, due_on = terms.period(k)
        interest = waiting
        for piece in pieces(terms, k, cuts):
            factor = rate_factor(terms, k, piece, rate_on(terms, changes, piece[0]))
            interest += interest_minor(lent_until(changes, piece[0]) - repaid, factor)
        owed = lent_until(changes, due_on) - repaid
        last = k == len(instalments) - 1
        held = interest if last else min(interest, instalment)
        principal = owed if last else min(instalment - held, owed)
        waiting = interest - held
        repaid += principal
        rows.append(Row(k + 1, start, due_on, held + principal, held, principal, owed - principal))
    return tuple(rows)


def _relevel(terms: LoanTerms, changes: Sequence[Change], instalments: Sequence[int], first: int) -> list[int]:
    """Instalments with those from `first` on made equal again."""
    count = len(instalments) - first
    level = _level(terms, changes, _opening(terms, changes, instalments, first), first)
    result = [*instalments[:first], *[level] * count]
    gap = _last_gap(terms, changes, result)
    if count < 2 or abs(gap) <= count // 2:
        return result
    moved = round_half_even(Fraction(level + div_half_even(gap, count), terms.multiple_minor)) * terms.multiple_minor
    other = [*instalments[:first], *[moved] * count]
    return other if moved != level and abs(_last_gap(terms, changes, other)) < abs(gap) else result


def _opening(terms: LoanTerms, changes: Sequence[Change], instalments: Sequence[int], first: int) -> int:
    """What instalments from `first` on have to repay: the balance before it and all that is paid out during it."""
    before = _walk(terms, changes, instalments)[first - 1] if first else None
    repaid = lent_until(changes, before.due_on) - before.balance_minor if before else 0
    return lent_until(changes, terms.due_on[first]) - repaid


def _level(terms: LoanTerms, changes: Sequence[Change], opening: int, first: int) -> int:
    growth, total = _UNIT, _UNIT
    cuts = [change.on for change in changes]
    for k in range(first, len(terms.due_on)):
        factor = _UNIT
        for piece in pieces(terms, k, cuts):
            share = rate_factor(terms, k, piece, rate_on(terms, changes, piece[0]))
            factor = CONTEXT.add(factor, share)
        growth = CONTEXT.multiply(growth, factor)
        total = CONTEXT.fma(total, factor, _UNIT) if k > first else _UNIT
    exact = CONTEXT.divide(CONTEXT.multiply(growth, Decimal(opening)), total)
    level = int(exact.to_integral_value(ROUND_HALF_EVEN))
    return round_half_even(Fraction(level, terms.multiple_minor)) * terms.multiple_minor


def _last_gap(terms: LoanTerms, changes: Sequence[Change], instalments: Sequence[int]) -> int:
    rows = _walk(terms, changes, instalments)
    return rows[-1].due_minor - rows[-2].due_minor if len(rows) > 1 else 0
