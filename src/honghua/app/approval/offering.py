"""How fast temporary limits are offered to very many customers, and what risk those have who get one (R-037)."""

from __future__ import annotations

import time
from typing import Any, Final

import numpy as np

from honghua.base.rng import derive_rng
from honghua.limits.core import Audience, LimitTerms, choose_offers

WANTED: Final = 150_000_000  # customers, in six hours
WITHIN_S: Final = 6 * 3600
ROUNDS: Final = 5


def make_audience(n: int, *, seed: int) -> Audience:
    """Customers drawn at random: limits, ceilings and a skewed chance of default. Not of the city: this is about speed."""
    rng = derive_rng(seed, "audience")
    limit = rng.integers(5, 300, n) * 10_000
    return Audience(
        limit_minor=limit, ceiling_minor=limit + rng.integers(0, 100, n) * 10_000, used_minor=np.zeros(n, np.int64),
        risk=rng.beta(1, 30, n), dpd=(rng.random(n) < 0.05).astype(np.int64), may_offer=rng.random(n) < 0.7,
        has_temporary=rng.random(n) < 0.05,
    )  # fmt: skip


def measure_offers(terms: LimitTerms, *, customers: int, seed: int) -> dict[str, Any]:
    """Choosing among so many customers: the median of five rounds, and what it comes to for the number that the article names."""
    audience = make_audience(customers, seed=seed)
    seconds, offers = [], choose_offers(terms, audience)
    for _ in range(ROUNDS):
        began = time.perf_counter()
        offers = choose_offers(terms, audience)
        seconds.append(time.perf_counter() - began)
    took = float(np.median(seconds))
    return {
        "customers": customers,
        "offers": len(offers.rows),
        "customers_per_s": round(customers / took),
        "hours_for_150_million": round(WANTED / (customers / took) / 3600, 4),
        "within_six_hours": WANTED * took / customers <= WITHIN_S,
        "amount_minor": int(offers.amounts_minor.sum()),
        "risk_all": round(offers.risk_all, 6),
        "risk_chosen": round(offers.risk_chosen, 6),
        "risk_ratio": round(offers.risk_chosen / offers.risk_all, 4) if offers.risk_all else 0.0,
    }


__all__ = ["make_audience", "measure_offers"]
