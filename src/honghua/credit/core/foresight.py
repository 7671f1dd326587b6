"""What will come of an account: its longest grace, the due days ahead, the price of paying only the minimum."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from honghua.base.dates import first_day_of_month_after, from_day, next_month_day, to_day
from honghua.credit.core.account import Account, restore
from honghua.credit.core.kernels.days import due_day_of
from honghua.credit.core.kernels.measures import due_unpaid, share_half_up
from honghua.credit.core.layout import (
    D_DUE,
    D_MINIMUM,
    E_AMOUNT,
    E_KIND,
    E_ON,
    EVENT,
    H_AS_OF,
    H_CUT_DAY,
    H_DUE_DAY,
    H_DUES,
    H_FEE_INCOME,
    H_INTEREST_INCOME,
    H_NEXT_CUT,
    H_NEXT_CUT_DAY,
    H_NEXT_DUE_DAY,
    H_PENALTY_INCOME,
    T_MINIMUM_SHARE,
)  # fmt: skip
from honghua.facts.kinds import FactKind
from honghua.ledger.core import CLAIM

MONTHS_MAX: Final = 360
YEARS_OF_GRACE: Final = (dt.date(2024, 1, 1), dt.date(2027, 12, 31))  # four years hold every length of month


@cache
def longest_grace(cut_day: int, due_day: int) -> int:
    """Days between a purchase and its due day, at most: tried for every purchase day of four years."""
    first, last = (to_day(day) for day in YEARS_OF_GRACE)
    days = range(first, last + 1)
    return max(int(due_day_of(first_day_of_month_after(day, cut_day), due_day)) - day for day in days)


def list_due_days(account: Account, n: int) -> tuple[dt.date, ...]:
    """The due days of the next n statements not yet cut, with a change of pair that waits."""
    head = account.head
    cut_on, due_day = int(head[H_NEXT_CUT]), int(head[H_DUE_DAY])
    cut_day = int(head[H_NEXT_CUT_DAY]) or int(head[H_CUT_DAY])
    found = []
    for _ in range(n):
        found.append(from_day(int(due_day_of(cut_on, due_day))))
        due_day = int(head[H_NEXT_DUE_DAY]) or due_day
        cut_on = int(next_month_day(cut_on, cut_day))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class MinimumCost:
    """What it costs to buy nothing more and pay only the minimum each month. `months` None = more than MONTHS_MAX."""

    months: int | None
    paid_minor: int
    cost_minor: int


def compute_minimum_cost(account: Account) -> MinimumCost:
    """Live on with a copy of the account, paying the minimum on every due day, until nothing is billed or owed."""
    copy = restore(account.account_id, account.customer_ref, account.terms_rows, account.snapshot())
    before = earned(copy)
    paid = months = 0
    for _ in range(MONTHS_MAX if account.is_open else 0):
        if not copy.balance[CLAIM].any():
            break
        rows = copy.dues[: int(copy.head[H_DUES])]
        pass_to(copy, max((int(row[D_DUE]) for row in rows), default=0))
        rows = copy.dues[: int(copy.head[H_DUES])]
        wanted = sum(int(row[D_MINIMUM]) for row in rows)
        unpaid = sum(int(due_unpaid(row)) for row in rows)
        if wanted == 0 and share_half_up(unpaid, int(copy.terms[T_MINIMUM_SHARE])) == 0:
            wanted = unpaid  # a few cents, whose share rounds to nothing: they are paid to have done with it
        if wanted > 0:
            event = np.zeros(EVENT, np.int64)
            event[E_KIND], event[E_ON], event[E_AMOUNT] = FactKind.REPAYMENT_RECEIVED, copy.head[H_AS_OF], wanted
            copy.apply(event)
            paid += wanted
            months += 1
        pass_to(copy, int(copy.head[H_NEXT_CUT]))
    done = not copy.balance[CLAIM].any()
    return MinimumCost(months if done else None, paid, earned(copy) - before)


def pass_to(account: Account, to: int) -> None:
    """Let days pass for a copy that will not be stored."""
    while account.needs_days(to):
        account.pass_days(account.next_stop(to))


def earned(account: Account) -> int:
    """Interest, fees and penalty of the account's whole life."""
    return int(account.head[H_INTEREST_INCOME] + account.head[H_FEE_INCOME] + account.head[H_PENALTY_INCOME])
