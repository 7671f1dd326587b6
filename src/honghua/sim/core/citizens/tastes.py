"""Tastes: what kind of people buy how much of which scene, at what hours – tables made once for a book of scenes."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from honghua.sim.core.citizens.records import Citizens, Stage
from honghua.sim.core.draft import Ints
from honghua.sim.core.people import RHYTHMS
from honghua.sim.core.scenes import Channel, Milestone, SceneBook
from honghua.sim.core.shops import CATEGORIES

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

AGES: Final = (26, 36, 50)  # bands of age: below 26, 26 … 35, 36 … 49, older
BANDS: Final = len(AGES) + 1
WITH_CHILD: Final = (Stage.SMALL_CHILD, Stage.SCHOOL_CHILD)
MOST_SIGMA: Final = 1.0

# How many times as much of a category women buy as men, and each band of age as the average; what is not listed is alike for all.
BY_SEX: Final = {
    "cosmetics": 5.0, "clothing": 1.8, "shoes": 1.3, "beauty": 2.5, "games": 0.35, "electronics": 0.45, "liquor": 0.25, "fuel": 0.4,
    "toys": 1.3, "home": 1.3, "grocery": 1.4, "gold": 1.5, "takeaway": 0.9, "sports": 0.7,
}  # fmt: skip
BY_BAND: Final = {
    "games": (2.2, 1.3, 0.5, 0.15), "takeaway": (1.7, 1.3, 0.7, 0.2), "grocery": (0.5, 0.8, 1.2, 1.9), "pharmacy": (0.5, 0.7, 1.1, 2.2),
    "health": (0.6, 0.8, 1.0, 2.0), "fuel": (0.4, 1.1, 1.5, 0.7), "phones": (1.4, 1.2, 0.8, 0.5), "electronics": (1.6, 1.2, 0.8, 0.3),
    "cosmetics": (1.4, 1.3, 0.8, 0.3), "beauty": (1.1, 1.2, 1.0, 0.6), "hotel": (1.1, 1.3, 1.0, 0.5), "books": (1.5, 0.9, 1.1, 0.4),
    "liquor": (0.4, 0.9, 1.3, 1.2), "gold": (0.5, 1.1, 1.1, 1.2), "furniture": (0.5, 1.3, 1.2, 0.6), "appliances": (0.5, 1.2, 1.2, 0.9),
    "sports": (1.4, 1.2, 0.9, 0.4), "transport": (1.2, 1.2, 0.9, 0.7), "gift cards": (1.2, 1.1, 0.9, 0.6),
}  # fmt: skip
BY_CHILD: Final = {"toys": 4.0, "kids-clothing": 8.0, "kids-shoes": 8.0, "milk-powder": 6.0, "baby-goods": 6.0, "playground": 6.0,
                   "child-art": 8.0, "sports-class": 5.0, "kindergarten": 8.0, "school-uniform": 6.0, "textbooks": 3.0}  # fmt: skip
NO_CHILD: Final = 0.12  # of these scenes, presents are left
MUST: Final = ("grocery", "transport", "pharmacy", "health", "fuel", "education")  # what can hardly be put off
MUST_SCENES: Final = (
    "fast-food", "noodle-shop", "canteen", "breakfast-stall", "takeaway-meal", "phone-credit", "electricity", "water-bill", "gas-bill",
    "heating-bill", "property-fee", "apartment-rent",
)  # fmt: skip
CAMPUS: Final = ("canteen", "dormitory-goods")
SELDOM: Final = 0.15  # what belongs to weddings and births is left to them, and to their guests
ONLINE_BY_BAND: Final = {
    Channel.LIVE: (1.0, 1.2, 1.1, 0.7),
    Channel.INSTANT: (1.4, 1.3, 0.8, 0.4),
    Channel.SOCIAL: (0.7, 0.9, 1.3, 1.2),
}


class Tastes(NamedTuple):
    """Tables of a book: groups of people = rhythm × sex × band of age × child or not.

    share   float64[groups, s]     rows add up to 1: what a purchase of the group is, on an ordinary day
    hours   float64[rhythms, s, 24] running shares of the hours
    mean_yuan float64[groups]      of one purchase at ordinary prices
    must    bool[s]                can hardly be put off
    """

    share: Floats
    hours: Floats
    mean_yuan: Floats
    must: Flags


def groups_of(citizens: Citizens, who: Ints, stage: Ints) -> Ints:
    """int64[k]: the group of each; ages are those of the first day."""
    band = np.searchsorted(AGES, citizens.ages(0, who=who), side="right")
    child = np.isin(stage, WITH_CHILD)
    rhythm = citizens.people.rhythm[who].astype(np.int64)
    return np.asarray(((rhythm * 2 + citizens.female[who]) * BANDS + band) * 2 + child, np.int64)


@lru_cache(maxsize=4)
def tastes_of(book: SceneBook) -> Tastes:
    """The tables of a book of scenes."""
    names = [one.name for one in CATEGORIES]
    category = [names[c] for c in book.category]
    women = np.array([BY_SEX.get(c, 1.0) for c in category])
    by_sex = np.stack([2 / (1 + women), 2 * women / (1 + women)])
    band = np.array([BY_BAND.get(c, (1.0,) * BANDS) for c in category]).T
    for channel, factor in ONLINE_BY_BAND.items():
        band = np.where(book.channel == channel, band * np.array(factor)[:, None], band)
    child = np.array([BY_CHILD.get(code, BY_CHILD.get(c, 0.0)) for code, c in zip(book.code, category)])
    by_child = np.stack([np.where(child > 0, NO_CHILD * child, 1.0), np.where(child > 0, child, 1.0)])
    likes = np.array([[2.0 if c in rhythm.likes else 1.0 for c in category] for rhythm in RHYTHMS])
    campus = np.isin(book.code, CAMPUS)
    likes[[one.name != "student" for one in RHYTHMS]] *= np.where(campus, 0.1, 1.0)
    rare = np.isin(book.milestone, (Milestone.WEDDING, Milestone.BIRTH)) & (child == 0)
    share = (
        np.where(rare, SELDOM, 1.0)
        * book.weight
        * (
            likes[:, None, None, None, :]
            * by_sex[None, :, None, None, :]
            * band[None, None, :, None, :]
            * by_child[None, None, None, :, :]
        )
    )
    share = share.reshape(-1, len(book))
    share = share / share.sum(axis=1, keepdims=True)
    day = np.array([np.array(one.hours) / np.sum(one.hours) for one in RHYTHMS])
    hours = np.sqrt(day[:, None, :]) * book.hours[None, :, :]
    hours = np.cumsum(hours / hours.sum(axis=2, keepdims=True), axis=2)
    must = np.array([c in MUST or code in MUST_SCENES for c, code in zip(category, book.code)])
    mean = book.median_yuan * np.exp(np.minimum(book.sigma, MOST_SIGMA) ** 2 / 2)
    return Tastes(
        np.asarray(share, np.float64), np.asarray(hours, np.float64), np.asarray(share @ mean, np.float64), must
    )


__all__ = ["MOST_SIGMA", "Tastes", "groups_of", "tastes_of"]
