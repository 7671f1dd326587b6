"""A confounded book of credit limits: what a limit does to use, default and loss is planted, and the past policy knew more than the book.

Everything here is assumed, and chosen so that the pitfalls of a real book are there. Each borrower has a need (balance wanted if there were
no limit), a frailty and a burden beyond which debt itself does harm. A larger limit is used until the need is met, so use is concave in
it; default rises with what is used in relation to income; loss is default × what stands drawn × a share. All three never fall when the
limit rises: that is the truth. The past policy gave more to the safer, also by what it saw in talks and kept in no column. So in the book
large limits go with low loss, and a model fitted on it says that raising limits lowers default.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from honghua.base.rng import derive_rng
from honghua.sim.core.draft import Ints

Floats = NDArray[np.float64]
Rng = np.random.Generator

INCOME_MEDIAN_MINOR: Final = 700_000  # a month
LIMIT_STEP_MINOR: Final = 10_000
LIMIT_LEAST_MINOR, LIMIT_MOST_MINOR = 100_000, 20_000_000
LOST_SHARE: Final = 0.65  # of what stands drawn when a borrower defaults
DRAWN_BEFORE: Final = 0.5  # of what was still free: borrowers draw before they default
FRAILTY: Final = -4.3  # log-odds of default of the middle borrower who uses nothing, in a period of a quarter
BY_SEEN, BY_HIDDEN, BY_BURDEN = (
    0.8,
    1.1,
    1.6,
)  # log-odds by a unit of seen and of hidden weakness, and by six incomes' worth of debt
BURDEN_MONTHS: Final = 6.0
USE_NOISE: Final = 0.25
QUARTERS_BEFORE: Final = 20  # of arrears on record: five years, as a credit bureau shows them

FEATURES: Final = (
    "limit_minor",
    "used_share",
    "score",
    "income_minor",
    "age_years",
    "months_known",
    "inquiries",
    "payments_share",
    "late_5y",
)


@dataclass(frozen=True, slots=True)
class BookPlan:
    """borrowers: how many; seed: of everything. spread: how much stronger (1 = as above) the past policy leaned on what it saw in talks."""

    borrowers: int
    seed: int
    spread: float = 1.0

    def __post_init__(self) -> None:
        if self.borrowers < 1_000 or not 0.0 <= self.spread <= 2.0:
            raise ValueError("a book has 1,000 borrowers or more, and the policy leaned 0 … 2")


class Borrowers(NamedTuple):
    """The truth, n borrowers: float64 each. Never for engines. need and income: minor units, income a month."""

    need_minor: Floats
    income_minor: Floats
    frailty: Floats  # log-odds of default in a period when nothing is used
    harm: Floats  # log-odds by a burden of BURDEN_MONTHS incomes


class Book(NamedTuple):
    """What a lender has: keys int64[n], the limit that the past policy gave, and columns as in FEATURES, float32[n, 9]."""

    keys: Ints
    limit_minor: Ints
    seen: NDArray[np.float32]


class Period(NamedTuple):
    """What a period under given limits shows, n each: average balance and loss in minor units, and who defaulted."""

    used_minor: Ints
    loss_minor: Ints
    defaulted: NDArray[np.bool_]


class Effects(NamedTuple):
    """The truth about given limits, float64[n] each: expected balance, chance of default and expected loss of a period."""

    used_minor: Floats
    default: Floats
    loss_minor: Floats


def settle_book(plan: BookPlan) -> tuple[Book, Borrowers]:
    """The same for the same plan: who borrows, and what the past policy gave them."""
    rng = derive_rng(plan.seed, "limit book")
    n = plan.borrowers
    seen, hidden = rng.normal(size=n), rng.normal(size=n)
    income = INCOME_MEDIAN_MINOR * np.exp(rng.normal(0, 0.5, n))
    wish = rng.normal(size=n)
    need = 2.2 * income * np.exp(0.8 * wish + 0.15 * seen)
    frailty = FRAILTY + BY_SEEN * seen + BY_HIDDEN * hidden - 0.3 * np.log(income / INCOME_MEDIAN_MINOR)
    truth = Borrowers(need, income, frailty, BY_BURDEN * np.exp(rng.normal(0, 0.3, n)))
    talk = hidden + rng.normal(0, 0.4, n)
    wanted = 2.4 * income * np.exp(-0.35 * seen - 0.55 * plan.spread * talk + rng.normal(0, 0.15, n))
    limit = np.clip(wanted, LIMIT_LEAST_MINOR, LIMIT_MOST_MINOR).astype(np.int64) // LIMIT_STEP_MINOR * LIMIT_STEP_MINOR
    keys = np.arange(n, dtype=np.int64) + (plan.seed << 32)
    return Book(keys, limit, _look(rng, truth, limit, seen)), truth


def _look(rng: Rng, truth: Borrowers, limit: Ints, seen: Floats) -> NDArray[np.float32]:
    """The columns that are kept, each with its noise."""
    n = len(limit)
    before = true_effects_of(truth, limit)
    used_share = before.used_minor / limit * np.exp(rng.normal(0, 0.15, n))
    columns = (
        limit,
        np.clip(used_share, 0.0, 1.2),
        650 - 60 * (seen + rng.normal(0, 0.3, n)),
        truth.income_minor * np.exp(rng.normal(0, 0.15, n)),
        np.clip(34 + 9 * rng.normal(size=n), 18, 69),
        rng.integers(3, 120, n),
        rng.poisson(np.exp(0.3 * seen)),
        np.clip(0.6 - 0.12 * seen + rng.normal(0, 0.2, n), 0.02, 1.0),
        rng.binomial(QUARTERS_BEFORE, before.default),
    )
    return np.stack(columns, axis=1).astype(np.float32)


def true_effects_of(truth: Borrowers, limit_minor: Ints | Floats) -> Effects:
    """What these limits bring in expectation. float or int [n], minor units ≥ 0."""
    limit = np.asarray(limit_minor, np.float64)
    used = truth.need_minor * -np.expm1(-limit / truth.need_minor)
    odds = truth.frailty + truth.harm * used / (BURDEN_MONTHS * truth.income_minor)
    default = 1 / (1 + np.exp(-odds))
    drawn = used + DRAWN_BEFORE * (limit - used)
    return Effects(used, default, default * LOST_SHARE * drawn)


def live_period(truth: Borrowers, limit_minor: Ints, rng: Rng) -> Period:
    """One period as it falls out. Whoever defaults pays in the end and stays: periods are alike (assumed)."""
    n = len(limit_minor)
    true = true_effects_of(truth, limit_minor)
    used = np.minimum(true.used_minor * np.exp(rng.normal(-(USE_NOISE**2) / 2, USE_NOISE, n)), limit_minor)
    defaulted = rng.random(n) < true.default
    lost = np.where(defaulted, true.loss_minor / true.default * rng.uniform(0.7, 1.3, n), 0.0)
    return Period(used.astype(np.int64), lost.astype(np.int64), defaulted)


__all__ = [
    "FEATURES", "Book", "BookPlan", "Borrowers", "Effects", "Period", "live_period", "settle_book", "true_effects_of",
]  # fmt: skip
