"""Batch offers of temporary limits (R-037): who gets one and how much, over columns of millions of customers at once.

Cost sketch: some 60 bytes a customer, one pass and one sort: about 0.2 µs each. What is chosen depends on risk, room and need, never on how
much somebody would pay.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from honghua.limits.core.terms import PPM, LimitTerms

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Audience:
    """Customers in parallel columns of n: amounts int64 minor units, risk float64 chance of default in a year, NaN = nobody scored them.

    may_offer: consent to offers stands, neither student nor over-indebted; has_temporary: one runs already; dpd: days late.
    """

    limit_minor: Ints
    ceiling_minor: Ints
    used_minor: Ints
    risk: Floats
    dpd: Ints
    may_offer: Bools
    has_temporary: Bools

    def __len__(self) -> int:
        return len(self.limit_minor)


@dataclass(frozen=True, slots=True)
class Offers:
    """What was chosen: rows of the audience, rising; minor units; the bound of risk, and the mean risk of all and of those chosen."""

    rows: Ints
    amounts_minor: Ints
    risk_bound: float
    risk_all: float
    risk_chosen: float


def choose_offers(terms: LimitTerms, audience: Audience, *, most: int | None = None) -> Offers:
    """Whom to offer how much. The mean risk of those chosen stays at or below `temporary_loss_ratio` times the mean risk of all.

    most: how many at most, those of least risk first. An amount is a share of the limit, within the room below the ceiling, in whole steps.
    """
    scored = ~np.isnan(audience.risk)
    risk_all = float(audience.risk[scored].mean()) if scored.any() else 0.0
    room = audience.ceiling_minor - audience.limit_minor
    step = terms.limit_step_minor
    amounts = np.minimum(audience.limit_minor * terms.temporary_share_ppm // PPM, room) // step * step
    fit = scored & audience.may_offer & ~audience.has_temporary & (audience.dpd == 0) & (amounts > 0)
    rows = np.flatnonzero(fit)
    order = rows[np.argsort(audience.risk[rows], kind="stable")]
    running = np.cumsum(audience.risk[order]) / np.arange(1, len(order) + 1)
    within = int(np.searchsorted(running, risk_all * terms.temporary_loss_ratio_ppm / PPM, side="right"))
    chosen = order[: within if most is None else min(within, most)]
    bound = float(audience.risk[chosen[-1]]) if len(chosen) else 0.0
    mean = float(audience.risk[chosen].mean()) if len(chosen) else 0.0
    chosen = np.sort(chosen)
    return Offers(chosen, amounts[chosen], bound, risk_all, mean)


__all__ = ["Audience", "Offers", "choose_offers"]
