"""A running loan: payments put in their place, interest recalculated on what is really owed, and the price of closing.

Until the business date interest accrues, day by day, on the principal that is really outstanding; after it, on the
balance that the schedule foresees, as if arrears were settled that day. Instalments stay level and the last one takes
the residue. Interest stops at the last due date. The rules are those of published recalculation schedules (Fineract).

A payment goes to the oldest instalment first, its interest before its principal; what is left pays the running period's
interest to date and then its principal, then the principal of the next instalments, and is an overpayment at the end.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from honghua.base.errors import BadInput
from honghua.credit.core.finance.schedules import (
    Change,
    LoanTerms,
    Row,
    interest_minor,
    lay_out,
    lent_until,
    levels,
    pieces,
    rate_factor,
    rate_on,
)


class PayoffInterest(StrEnum):
    """Until when closing early costs interest: the day of the payoff, or the end of the running period."""

    TO_PAYOFF_DAY = "to_payoff_day"
    TO_PERIOD_END = "to_period_end"


@dataclass(frozen=True, slots=True)
class Payoff:
    """What closes the loan on a day: amount = principal + interest, in minor units."""

    amount_minor: int
    principal_minor: int
    interest_minor: int


@dataclass(slots=True)
class RunningLoan:
    """A loan and the payments made on it so far, in order of their dates."""

    terms: LoanTerms
    changes: tuple[Change, ...]
    overpaid_minor: int = 0
    _levels: list[int] = field(init=False)
    _paid_interest: list[int] = field(init=False)
    _repaid: list[tuple[dt.date, int, int]] = field(init=False, default_factory=list)  # (day, period, principal)

    def __post_init__(self) -> None:
        self._levels = levels(lay_out(self.terms, self.changes))
        self._paid_interest = [0] * len(self._levels)

    def schedule(self, business_on: dt.date) -> tuple[Row, ...]:
        """The rows as they stand on the business date."""
        return tuple(row for row, _ in self._rows(business_on))

    def outstanding_minor(self, day: dt.date) -> int:
        """Principal lent and not yet repaid at the end of `day`."""
        return lent_until(self.changes, day) - sum(part for on, _, part in self._repaid if on <= day)

    def pay(self, on: dt.date, amount_minor: int) -> None:
        """Put a payment in its place. BadInput when it is not positive or older than the payment before it."""
        if amount_minor <= 0:
            raise BadInput(f"a repayment must be positive, not {amount_minor}", code="BAD_AMOUNT")
        if on < self.terms.start_on or (self._repaid and on < self._repaid[-1][0]):
            raise BadInput(f"the repayment of {on} comes out of order", code="DATES_IN_DISORDER")
        rows = self._rows(on)
        left = amount_minor
        for k, (row, waiting) in enumerate(rows):
            if row.due_on <= on:
                interest, principal = row.interest_minor, row.principal_minor
            else:
                running = row.from_on <= on
                interest = self._accrued(k, on, waiting, rows) if running else 0
                residue = self._repaid_of(k) + self.outstanding_minor(on)
                principal = residue if k == len(rows) - 1 else max(self._levels[k] - interest, 0)
            left -= self._settle(on, k, left, interest, principal)
        self.overpaid_minor += left

    def payoff(self, on: dt.date, *, policy: PayoffInterest = PayoffInterest.TO_PAYOFF_DAY) -> Payoff:
        """The price of closing on a day: all principal, interest of past periods, and of the running one per policy."""
        rows = self._rows(on)
        interest = 0
        for k, (row, waiting) in enumerate(rows):
            if row.due_on <= on:
                interest += row.interest_minor - self._paid_interest[k]
            elif row.from_on <= on:
                to_day = policy is PayoffInterest.TO_PAYOFF_DAY
                accrued = self._accrued(k, on, waiting, rows) if to_day else row.interest_minor
                interest += max(accrued - self._paid_interest[k], 0)
        principal = self.outstanding_minor(on)
        return Payoff(principal + interest, principal, interest)

    def _settle(self, on: dt.date, k: int, left: int, interest: int, principal: int) -> int:
        """Pay period k's open interest and principal out of `left`; what was used."""
        for_interest = min(left, max(interest - self._paid_interest[k], 0))
        open_principal = min(principal - self._repaid_of(k), self.outstanding_minor(on))
        for_principal = min(left - for_interest, max(open_principal, 0))
        self._paid_interest[k] += for_interest
        if for_principal:
            self._repaid.append((on, k, for_principal))
        return for_interest + for_principal

    def _repaid_of(self, k: int) -> int:
        return sum(part for _, period, part in self._repaid if period == k)

    def _rows(self, business_on: dt.date) -> list[tuple[Row, int]]:
        """Each row with the interest that waited at its start for an instalment able to hold it."""
        rows: list[tuple[Row, int]] = []
        last = self._last_open()
        planned = waiting = 0
        for k, level in enumerate(self._levels):
            start, due_on = self.terms.period(k)
            interest = waiting + self._interest(k, due_on, business_on, planned)
            paid_interest, repaid = self._paid_interest[k], self._repaid_of(k)
            later = sum(part for _, period, part in self._repaid if period > k)
            owed = lent_until(self.changes, due_on) - planned
            if k == last:
                held, principal = max(interest, paid_interest), owed - later
            else:
                held = paid_interest if repaid > level - interest else min(interest, level)
                held = max(held, paid_interest)
                principal = max(min(level - held, owed - later), repaid)
            planned += principal
            row = Row(k + 1, start, due_on, held + principal, held, principal, owed - principal)
            rows.append((row, waiting))
            waiting = max(interest - held, 0)
        return rows

    def _last_open(self) -> int:
        """The period that takes the residue: the last one that is not paid to its full level."""
        open_ = [k for k, level in enumerate(self._levels) if self._paid_interest[k] + self._repaid_of(k) < level]
        return open_[-1] if open_ else len(self._levels) - 1

    def _interest(self, k: int, until: dt.date, business_on: dt.date, planned: int) -> int:
        """Interest of period k up to a day, each constant piece rounded; `planned` was repaid by plan before it."""
        cuts = [change.on for change in self.changes] + [on for on, _, _ in self._repaid] + [business_on, until]
        total = 0
        for start, end in pieces(self.terms, k, cuts):
            if end > until:
                break
            if start < business_on:
                balance = self.outstanding_minor(start)
            else:
                ahead = sum(part for on, period, part in self._repaid if period >= k and on <= start)
                balance = lent_until(self.changes, start) - planned - ahead
            factor = rate_factor(self.terms, k, (start, end), rate_on(self.terms, self.changes, start))
            total += interest_minor(max(balance, 0), factor)
        return total

    def _accrued(self, k: int, on: dt.date, waiting: int, rows: Sequence[tuple[Row, int]]) -> int:
        """Interest of the running period k to date, with what waited for it."""
        if on == rows[k][0].from_on:
            return waiting
        planned = sum(row.principal_minor for row, _ in rows[:k])
        return waiting + self._interest(k, on, on, planned)
