"""What a platform can say of an offer from a trial's log alone: effects with intervals, by lot of customer and shop.

Visits do not depend on what is shown, so sums per visit are compared; the unit of chance is the customer in a shop, of whom all visits are
drawn at once. Intervals are 95 %, by the delta method on the log of the ratio.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.sim.api import BACK_DAYS, CLEARLY, VISITS_MIN, Offer, TrialLog, days_since_first, pairs_of

Doubles = NDArray[np.float64]
Flags = NDArray[np.bool_]
Effect = tuple[float, float, float]  # low, middle, high
Z95: Final = 1.96
DRAWS: Final = 400


def estimate_effects(log: TrialLog, rng: np.random.Generator) -> dict[str, Effect]:
    """By how much each ratio is larger where the offer is shown. rng: for the interval of the share of shops."""
    free = _where(log, log.offer == Offer.FREE_MONTHS)
    product = _where(free, free.is_product)
    later = _where(log, log.offer == Offer.PAY_LATER)
    bought, ones = (product.paid_minor > 0).astype(np.float64), np.ones(len(product.day))
    orders, customers, back = (later.paid_minor > 0).astype(np.float64), *_come_back(later)
    return {
        "conversion": compare(product, bought, ones),
        "product": compare(product, product.paid_minor.astype(np.float64), ones),
        "shop": compare(free, free.paid_minor.astype(np.float64), np.ones(len(free.day))),
        "shops_up": estimate_share_up(free, rng),
        "order_value": compare(later, later.paid_minor.astype(np.float64), orders),
        "comes_back": compare(later, back, customers),
    }


def compare(log: TrialLog, part: Doubles, whole: Doubles) -> Effect:
    """Σ part / Σ whole where shown, over the same where held out, less 1. part, whole: of each visit."""
    pair = pairs_of(log.shop, log.who)
    middle, variance = 0.0, 0.0
    for shown, sign in ((True, 1.0), (False, -1.0)):
        rows = log.is_shown == shown
        a, b = (np.bincount(pair[rows], values[rows], int(pair[-1]) + 1) for values in (part, whole))
        ratio = a.sum() / b.sum()
        middle += sign * math.log(ratio)
        variance += float(((a - ratio * b) ** 2).sum() / a.sum() ** 2)
    half = Z95 * math.sqrt(variance)
    return math.expm1(middle - half), math.expm1(middle), math.expm1(middle + half)


def estimate_share_up(log: TrialLog, rng: np.random.Generator) -> Effect:
    """The share of shops that sell clearly more. What each shop shows is its gain and chance; chance is taken off the spread before shops
    are counted, or a trial would find losers and winners where there are none."""
    gains, noise = gains_by_shop(log)
    draws = [_share_up(gains[k], noise[k]) for k in rng.integers(0, len(gains), (DRAWS, len(gains)))]
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), _share_up(gains, noise), float(high)


def gains_by_shop(log: TrialLog) -> tuple[Doubles, Doubles]:
    """float64[shops] each: the log of every shop's gain, of those with visits enough, and the variance of that estimate – of all shops
    alike, by their visits: a shop's own would be large where one dear purchase made its gain large."""
    shops, place, visits = np.unique(log.shop, return_inverse=True, return_counts=True)
    pair = pairs_of(log.shop, log.who)
    of_pair = place[np.unique(pair, return_index=True)[1]]
    per: list[tuple[Doubles, Doubles]] = []
    for shown in (True, False):
        rows = log.is_shown == shown
        paid, seen = (np.bincount(pair[rows], v, len(of_pair)) for v in (log.paid_minor[rows], np.ones(rows.sum())))
        sums, seen_sums = (np.bincount(of_pair, v, len(shops)) for v in (paid, seen))
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = sums / seen_sums
            error = np.bincount(of_pair, (paid - ratio[of_pair] * seen) ** 2, len(shops)) / sums**2
        per.append((ratio, error))
    (shown_ratio, shown_error), (held_ratio, held_error) = per
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = np.log(shown_ratio / held_ratio)
        noise = shown_error + held_error
    usable = (visits >= VISITS_MIN) & np.isfinite(gain) & np.isfinite(noise)
    seen = visits[usable].astype(np.float64)
    return gain[usable], (noise[usable] * seen).mean() / seen


def _share_up(gain: Doubles, noise: Doubles) -> float:
    """Each shop's gain drawn to the middle by as much as chance has spread it, but no further than the true spread (Louis 1984)."""
    middle = gain.mean()
    between = max(float(gain.var(ddof=1) - noise.mean()), 1e-9)
    drawn = middle + np.sqrt(between / (between + noise)) * (gain - middle)
    return float((drawn > math.log1p(CLEARLY)).mean())


def _come_back(log: TrialLog) -> tuple[Doubles, Doubles]:
    """float64[v] each, 1 at one visit of a customer in a shop: at the first purchase; at the first one within BACK_DAYS after it."""
    bought = log.paid_minor > 0
    pair = pairs_of(log.shop, log.who)
    since = days_since_first(log.shop, log.who, log.day, bought)
    back = bought & (since > 0) & (since <= BACK_DAYS)
    found = []
    for rows in (np.flatnonzero(bought), np.flatnonzero(back)):
        marks = np.zeros(len(bought))
        marks[rows[np.unique(pair[rows], return_index=True)[1]]] = 1.0
        found.append(marks)
    return found[0], found[1]


def _where(log: TrialLog, rows: Flags) -> TrialLog:
    return TrialLog._make(column[rows] for column in log)


__all__ = ["Effect", "compare", "estimate_effects", "estimate_share_up", "gains_by_shop"]
