"""What an offer does to each visit: both worlds, with and without it. Truth, for evaluation alone.

Calibrated to what the articles report of merchants (R-162: conversion +30 … 40 %, the subsidised product +30 %, the shop +15 %, seven
shops in ten clearly up) and of pay-later (R-176: order value +85 %, customers who come back +20 %). How it comes about is assumed: free
months win over waverers, who take a cheaper variant, and draw a part of them from the shop's other goods; shops differ widely.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from honghua.sim.core.citizens import Citizens
from honghua.sim.core.citizens.responses import Lift
from honghua.sim.core.draft import Ints
from honghua.sim.core.trials.visiting import FRUITLESS, Flags, Visits

Floats = NDArray[np.float64]
Rng = np.random.Generator

CHEAPER: Final = 0.857  # of the price: what those who were won over take
DRAWN_OFF: Final = 0.10  # of purchases of a shop's other goods that move to the subsidised ones
SHOPS_DIFFER: Final = 1.25  # spread of shops' strength around 1, cut off 2.5 away: seven in ten gain 5 % or more
STRENGTH: Final = (-1.5, 3.5)
CLEARLY: Final = 0.05  # from here on a shop says that its sales rose
VISITS_MIN: Final = 200  # of a shop, for anybody to say anything about it
BASKET_SCALE: Final = 1.51  # of a person's answer by the amount: where pay-later is shown at all
COMES_BACK: Final = 0.0265  # of later visits without a purchase, after a first one
BACK_DAYS: Final = 30


class Offer(IntEnum):
    """What a shop tries."""

    FREE_MONTHS = 0
    PAY_LATER = 1


class TrialTruth(NamedTuple):
    """Both worlds of v visits: minor units paid where the offer is held out and where it is shown, 0 = nothing bought."""

    held_minor: Ints
    shown_minor: Ints


def draw_strength(rng: Rng, shops: int, visited: Ints) -> Floats:
    """float64[shops]: how strongly free months work there, 1 on average of the visits (visited: their shops); below 0 they put off."""
    strength = np.clip(rng.normal(1.0, SHOPS_DIFFER, shops), *STRENGTH)
    return np.asarray(strength + 1.0 - strength[visited].mean())


def play_both(rng: Rng, citizens: Citizens, visits: Visits, offer: Ints, strength: Floats) -> TrialTruth:
    """offer, strength: of every shop of the city, by id."""
    held = np.where(visits.bought, visits.amount_minor, 0)
    free = offer[visits.shop] == Offer.FREE_MONTHS
    chance = rng.random(len(held))
    return TrialTruth(
        held,
        np.where(
            free, _free_months(citizens, visits, strength[visits.shop], chance), _pay_later(citizens, visits, chance)
        ),
    )


def _free_months(citizens: Citizens, visits: Visits, strength: Floats, chance: Floats) -> Ints:
    answer = strength * np.expm1(citizens.lifts[visits.who, Lift.FREE_MONTHS])
    won = ~visits.bought & visits.is_product & (chance < answer / FRUITLESS)
    lost = visits.bought & (chance < np.where(visits.is_product, -answer, DRAWN_OFF * strength))
    cheaper = np.maximum((visits.amount_minor * CHEAPER).astype(np.int64), 100)
    return np.where(won, cheaper, np.where(visits.bought & ~lost, visits.amount_minor, 0))


def _pay_later(citizens: Citizens, visits: Visits, chance: Floats) -> Ints:
    larger = (visits.amount_minor * np.exp(BASKET_SCALE * citizens.lifts[visits.who, Lift.BASKET])).astype(np.int64)
    since = days_since_first(visits.shop, visits.who, visits.day, visits.bought)
    back = ~visits.bought & (since > 0) & (since <= BACK_DAYS) & (chance < COMES_BACK)
    return np.where(visits.bought | back, larger, 0)


def days_since_first(shop: Ints, who: Ints, day: Ints, bought: Flags) -> Ints:
    """int64[v]: days since the customer's first purchase in the shop, of visits by (shop, who, day); −1 before it and at it."""
    pair = pairs_of(shop, who)
    first = np.full(int(pair[-1]) + 1 if len(pair) else 0, np.iinfo(np.int64).max)
    np.minimum.at(first, pair[bought], day[bought])
    since = np.where(first[pair] < np.iinfo(np.int64).max, day - first[pair], -1)
    return np.where(since > 0, since, -1)


def pairs_of(shop: Ints, who: Ints) -> Ints:
    """int64[v]: the number of each visit's (shop, customer), of visits by (shop, who, day)."""
    if not len(shop):
        return np.zeros(0, np.int64)
    new = np.concatenate([[True], (shop[1:] != shop[:-1]) | (who[1:] != who[:-1])])
    return np.cumsum(new) - 1


def true_effects(visits: Visits, truth: TrialTruth, offer: Ints) -> dict[str, float]:
    """Shares by which each ratio is larger where the offer is shown, over the very visits of the trial."""
    free = offer[visits.shop] == Offer.FREE_MONTHS
    product = free & visits.is_product
    later = visits.take(~free)
    return {
        "conversion": _gain((truth.held_minor > 0)[product], (truth.shown_minor > 0)[product]),
        "product": _gain(truth.held_minor[product], truth.shown_minor[product]),
        "shop": _gain(truth.held_minor[free], truth.shown_minor[free]),
        "shops_up": float(
            np.mean(shop_gains(visits.shop[free], truth.held_minor[free], truth.shown_minor[free]) > CLEARLY)
        ),
        "order_value": _order_value(truth.shown_minor[~free]) / _order_value(truth.held_minor[~free]) - 1.0,
        "comes_back": _come_back(later, truth.shown_minor[~free] > 0) / _come_back(later, truth.held_minor[~free] > 0)
        - 1.0,
    }


def shop_gains(shop: Ints, held_minor: Ints, shown_minor: Ints) -> Floats:
    """float64[shops]: by how much each shop sells more, of those with VISITS_MIN visits or more."""
    _, place, visits = np.unique(shop, return_inverse=True, return_counts=True)
    held, shown = np.bincount(place, held_minor), np.bincount(place, shown_minor)
    some = (visits >= VISITS_MIN) & (held > 0)
    return np.asarray(shown[some] / held[some] - 1.0)


def _gain(held: Ints, shown: Ints) -> float:
    return float(shown.sum() / held.sum() - 1.0)


def _order_value(paid_minor: Ints) -> float:
    return float(paid_minor.sum() / np.count_nonzero(paid_minor))


def _come_back(visits: Visits, bought: Flags) -> float:
    """Of customers who bought in a shop, the share that did again within BACK_DAYS."""
    pair = pairs_of(visits.shop, visits.who)
    since = days_since_first(visits.shop, visits.who, visits.day, bought)
    back = bought & (since > 0) & (since <= BACK_DAYS)
    return len(np.unique(pair[back])) / max(len(np.unique(pair[bought])), 1)


__all__ = [
    "BACK_DAYS", "CLEARLY", "VISITS_MIN", "Offer", "TrialTruth", "days_since_first", "draw_strength", "pairs_of", "play_both", "shop_gains",
    "true_effects",
]  # fmt: skip
