"""Groups of citizens that reported figures are about: each figure is meant for its own population, and says which."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from honghua.sim.core.citizens.records import Citizens, Flags

YUAN: Final = 100
YOUNG: Final = (24, 36)
UNDER_40: Final = 40
LAST_BIG_TIER: Final = 3


def line_users(citizens: Citizens) -> Flags:
    """Who has our line on the first day: users of online scene finance (R-293)."""
    return np.asarray(citizens.line_day < 0, np.bool_)


def borrowers(citizens: Citizens) -> Flags:
    """Who took a loan elsewhere within the year before the first day: customers of a lending platform (R-291)."""
    return np.asarray(citizens.loan_minor > 0, np.bool_)


def loan_users(citizens: Citizens) -> Flags:
    """Who uses a loan product on the first day, ours or another's (R-292)."""
    return np.asarray((citizens.debt_minor > 0) | (citizens.used_minor > 0), np.bool_)


def calibration_figures(citizens: Citizens) -> dict[str, float]:
    """What R-291 … R-293 speak of, as this city has it: shares, and means in yuan."""
    ages = citizens.ages(0)
    took, uses, lines = borrowers(citizens), loan_users(citizens), line_users(citizens)
    owed = citizens.debt_minor.astype(np.int64) + citizens.used_minor
    return {
        "loan_mean_yuan": _mean(citizens.loan_minor[took]) / YUAN,
        "borrowers_under_40": _mean(ages[took] < UNDER_40),
        "debt_mean_yuan": _mean(owed[uses]) / YUAN,
        "short_last_year": _mean(citizens.short_last_year[uses]),
        "users_24_to_35": _mean((ages[lines] >= YOUNG[0]) & (ages[lines] < YOUNG[1])),
        "users_in_big_cities": _mean(citizens.tier[lines] <= LAST_BIG_TIER),
    }


def _mean(values: Any) -> float:
    return float(np.mean(values))


COHORTS: Final[Mapping[str, Callable[[Citizens], Flags]]] = {
    "line_users": line_users,
    "borrowers": borrowers,
    "loan_users": loan_users,
}

__all__ = ["COHORTS", "borrowers", "calibration_figures", "line_users", "loan_users"]
