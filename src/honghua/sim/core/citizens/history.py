"""The year before the first day, month by month: where savings, debts and shortages come from, so that they belong together.

R-291 (customers of a lending platform): a mean loan of 8,500 yuan, 70 % under 40. R-292 (users of loan products): owed without
mortgages 7,700 yuan on average, 39 % ran out of money within the year. The constants below were set to meet both on seeds 1 to 8;
tests look at others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from honghua.sim.core.citizens.occupations import IS_RETIRED, IS_STUDENT, of
from honghua.sim.core.citizens.records import NEVER_DAY
from honghua.sim.core.draft import Ints

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Rng = np.random.Generator

MONTHS: Final = 12
OUT_OF_WORK_PAY: Final = 0.12  # odd jobs and benefits, of the usual income
OUT_OF_WORK_MONTHS: Final = 3.2
ILLNESS_YUAN: Final = 2_600  # median of what no insurance pays
CUT_SHARE: Final = 0.35  # of spending that can be put off when money runs out
LOAN_YUAN: Final = 7_060
LOAN_SIGMA: Final = 0.62
LOAN_MOST: Final = 50_000
OLD_DEBT_YUAN: Final = 10_480
TERM_MONTHS: Final = 11  # a month repays this part of a debt
PUT_ASIDE_FROM: Final = (
    1.4  # months of income at hand, from which on money goes into deposits, funds and homes, for good
)
PUT_ASIDE: Final = 0.5  # of what is above it, a month
WISH_LOANS: Final = 0.022  # loans elsewhere for a wish, a month, of those who borrow and are below 50
WISH_AGE: Final = 50
SAVINGS_MONTHS: Final = 0.27  # median of own money, in months of income


class Year(NamedTuple):
    """What it left: yuan and flags, n rows each. use: part of the own line's limit that is used, should there be a line;
    borrows: goes to other lenders."""

    wallet: Floats
    debt: Floats
    loans: Ints
    loan: Floats
    short: Flags
    use: Floats
    borrows: Flags


def live_through_a_year(rng: Rng, who: Mapping[str, Any]) -> Year:
    """Twelve months of income, costs, shocks and loans. `who`: columns in yuan as `settling` draws them."""
    n = len(who["age"])
    occupation, careful = who["occupation"], who["careful"]
    wallet = SAVINGS_MONTHS * who["base"] * np.exp(0.55 * careful + 0.012 * (who["age"] - 30) + rng.normal(0, 0.9, n))
    borrows = rng.random(n) < borrowing_share(who)
    debt = np.where(borrows & (rng.random(n) < 0.62), OLD_DEBT_YUAN * np.exp(rng.normal(0, 0.75, n)), 0.0)
    loans = np.where(debt > 0, 1 + rng.poisson(debt / 14_000), 0)
    loan, short = np.zeros(n), np.zeros(n, np.bool_)
    out, months_short = np.zeros(n, np.int64), np.zeros(n, np.int64)
    loss = of("loss")[occupation] / MONTHS
    ill = (0.02 + 0.0012 * np.maximum(who["age"] - 30, 0)) / MONTHS
    for _ in range(MONTHS):
        loses = (out == 0) & (rng.random(n) < loss)
        out = np.where(loses, rng.geometric(1 / OUT_OF_WORK_MONTHS, n), np.maximum(out - 1, 0))
        noise = who["noise"]
        pay = who["base"] * np.exp(noise * rng.normal(size=n) - noise**2 / 2) * np.where(out > 0, OUT_OF_WORK_PAY, 1.0)
        doctor = np.where(rng.random(n) < ill, ILLNESS_YUAN * np.exp(rng.normal(0, 0.9, n)), 0.0)
        due = np.minimum(debt, debt / TERM_MONTHS + 40)
        spent = who["spend"] * rng.uniform(0.8, 1.25, n)
        wallet = wallet + pay - who["costs"] - spent - due - doctor
        debt = debt - due
        wishes = borrows & (who["age"] < WISH_AGE) & (rng.random(n) < WISH_LOANS)
        is_short = wallet < 0
        short |= is_short
        months_short += is_short
        gap = np.maximum(-wallet - CUT_SHARE * spent, 0.0)
        takes = wishes | (borrows & (gap > 0))
        size = np.maximum(LOAN_YUAN * np.exp(rng.normal(0, LOAN_SIGMA, n)), np.minimum(gap, LOAN_MOST))
        size = np.clip(np.round(size * (0.5 + 0.5 * np.minimum(who["base"] / 6_000, 2.2)) / 100) * 100, 500, LOAN_MOST)
        loan = np.where(takes, size, loan)
        loans = np.where(debt < 1, 0, loans) + takes
        debt = debt + np.where(takes, size, 0.0)
        wallet = np.maximum(wallet + np.where(takes & ~wishes, size, 0.0), 0.0)
        wallet = wallet - PUT_ASIDE * np.maximum(wallet - PUT_ASIDE_FROM * who["base"], 0.0)
    use = np.clip(rng.beta(1.5, 3.0, n) + 0.06 * np.minimum(months_short, 5), 0.0, 0.95)
    return Year(wallet, np.where(debt < 100, 0.0, debt), np.where(debt < 100, 0, loans), loan, short, use, borrows)


def borrowing_share(who: Mapping[str, Any]) -> Floats:
    """The chance to be one who borrows elsewhere: by age, means and character; those with a line know the way."""
    age = np.asarray(who["age"], np.float64)
    by_age = np.select([age < 22, age < 30, age < 40, age < 50, age < 58], [0.15, 0.36, 0.44, 0.76, 0.62], 0.18)
    has_line = who["line_day"] < NEVER_DAY
    share = (
        by_age * np.where(has_line, 1.1, 0.8) * np.exp(-0.22 * who["careful"]) * np.where(who["base"] < 9_000, 1.1, 0.8)
    )
    share = np.where(np.isin(who["occupation"], (IS_STUDENT, IS_RETIRED)), 0.2 * share, share)
    return np.asarray(np.minimum(share, 0.95), np.float64)


__all__ = ["Year", "borrowing_share", "live_through_a_year"]
