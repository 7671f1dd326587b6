"""How people answer to what a lender does: to a limit, a price, free months, a reminder, a campaign – person by person, and true.

The means follow what the articles and the literature report where they do (below); how people differ, and with what it goes along, is
assumed. These columns are treatment effects: evaluation compares estimates with them, engines never see them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Lift(IntEnum):
    """Columns of `Citizens.lifts`.

    LIMIT        share of a higher limit that is spent within a year; mean about 0.11 (Gross and Souleles 2002: 0.10 to 0.14)
    PRICE        fall of the log-odds of an instalment plan per percentage point of yearly cost; mean 0.09 (assumed)
    FREE_MONTHS  rise of the log-rate of buying where months are free; mean 0.30 = 35 % (R-162: conversion +30 to 40 %)
    REMINDER     rise of the log-odds of paying in the days after a reminder; mean 0.7, a tenth is put off (assumed)
    CAMPAIGN     rise of the log-rate of buying under a coupon; mean 0.12, a seventh buys less when bothered (assumed)
    BASKET       rise of the log of an amount that goes on credit; mean 0.39 (with who and what goes on credit: R-176)
    """

    LIMIT = 0
    PRICE = 1
    FREE_MONTHS = 2
    REMINDER = 3
    CAMPAIGN = 4
    BASKET = 5


LIFTS: Final = len(Lift)


def draw_lifts(rng: np.random.Generator, who: Mapping[str, Any]) -> Floats:
    """float64[n, LIFTS]: the young and those of small means answer more to limits and prices, the careful less to campaigns."""
    n = len(who["age"])
    age = np.asarray(who["age"], np.float64)
    poor = 1 - np.argsort(np.argsort(who["base"], kind="stable")) / n  # 1 = least income
    young = np.clip((45 - age) / 25, 0, 1)
    lifts = np.empty((n, LIFTS))
    lifts[:, Lift.LIMIT] = rng.gamma(2.0, 0.5, n) * (0.055 + 0.06 * poor + 0.05 * young)
    lifts[:, Lift.PRICE] = rng.gamma(4.0, 0.25, n) * (0.05 + 0.08 * poor)
    lifts[:, Lift.FREE_MONTHS] = rng.normal(0.18 + 0.12 * poor + 0.14 * young, 0.12)
    lifts[:, Lift.REMINDER] = rng.normal(0.74, 0.55, n)
    careful = rng.normal(size=n)
    lifts[:, Lift.CAMPAIGN] = rng.normal(0.09 + 0.07 * young - 0.03 * careful, 0.11)
    lifts[:, Lift.BASKET] = np.abs(rng.normal(0.37 + 0.05 * young, 0.10))
    return lifts


__all__ = ["LIFTS", "Lift", "draw_lifts"]
