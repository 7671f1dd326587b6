"""Shops: what they sell at which prices, where, at what hours, how popular, and on which days they draw a crowd."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from honghua.sim.core.draft import Ints

Floats = NDArray[np.float64]

GOODS: Final = 16  # prices on a shop's list, ascending
REGIONS: Final = 30
SHOPS_PER_PERSON: Final = 1 / 15
SPARE_SHOPS: Final = 64  # without background buyers, for rings that open a shop of their own


class Category(NamedTuple):
    """One kind of goods. median: yuan; basket: amounts are sums of many goods, not list prices; resale: sells again for cash."""

    name: str
    weight: float
    median: float
    sigma: float
    refunds: float
    online: float
    basket: bool = False
    resale: bool = False
    virtual: bool = False


CATEGORIES: Final = (
    Category("grocery", 16, 62, 0.7, 0.01, 0.35, basket=True),
    Category("restaurant", 11, 85, 0.6, 0.004, 0.05, basket=True),
    Category("takeaway", 14, 31, 0.4, 0.015, 1.0, basket=True),
    Category("transport", 9, 18, 0.6, 0.02, 0.8, basket=True),
    Category("fuel", 3, 280, 0.3, 0.0, 0.0, basket=True),
    Category("pharmacy", 3, 58, 0.7, 0.01, 0.4),
    Category("clothing", 8, 160, 0.7, 0.16, 0.75),
    Category("shoes", 3, 320, 0.5, 0.14, 0.75),
    Category("cosmetics", 4, 190, 0.7, 0.05, 0.85),
    Category("electronics", 3, 900, 0.9, 0.06, 0.8, resale=True),
    Category("phones", 1.0, 3300, 0.45, 0.05, 0.8, resale=True),
    Category("appliances", 1.2, 1700, 0.7, 0.05, 0.8),
    Category("furniture", 1.0, 1500, 0.8, 0.06, 0.6),
    Category("gold", 0.5, 2600, 0.7, 0.02, 0.4, resale=True),
    Category("liquor", 1.2, 450, 0.9, 0.02, 0.6, resale=True),
    Category("gift cards", 0.8, 300, 0.7, 0.01, 0.95, resale=True, virtual=True),
    Category("games", 3.5, 68, 1.0, 0.02, 1.0, virtual=True),
    Category("top-up", 5, 80, 0.5, 0.002, 1.0, virtual=True),
    Category("travel", 1.5, 620, 0.7, 0.12, 0.95),
    Category("hotel", 1.3, 380, 0.6, 0.10, 0.9),
    Category("education", 0.8, 1400, 0.8, 0.05, 0.8),
    Category("health", 1.2, 350, 0.9, 0.01, 0.1),
    Category("beauty", 1.6, 260, 0.8, 0.02, 0.2),
    Category("home", 3, 95, 0.8, 0.05, 0.85),
    Category("toys", 1.5, 110, 0.7, 0.05, 0.85),
    Category("pets", 1.2, 120, 0.6, 0.02, 0.85),
    Category("books", 1.4, 60, 0.5, 0.02, 0.95),
    Category("sports", 1.3, 240, 0.8, 0.08, 0.75),
)
FACE_VALUES: Final = (
    10,
    20,
    30,
    50,
    64,
    68,
    98,
    100,
    128,
    200,
    298,
    300,
    328,
    500,
    648,
    1000,
)  # of virtual goods, yuan


@dataclass(frozen=True, slots=True)
class Shops:
    """Shops by dense id. The last SPARE_SHOPS have no background buyers.

    price_minor int64[m, GOODS] ascending; popularity float64[m] sums to 1; opens_hour/closes_hour: local, online 0 and 24;
    opened_day: before 0 = always there; crowd_days: days × shops that draw a crowd (promotion, opening), as sorted pairs.
    """

    category: Ints
    region: Ints
    online: NDArray[np.bool_]
    price_minor: Ints
    popularity: Floats
    opens_hour: Ints
    closes_hour: Ints
    opened_day: Ints
    crowd_day: Ints
    crowd_shop: Ints
    groups: Groups

    def __len__(self) -> int:
        return len(self.category)

    def of(self, flag: str) -> Ints:
        """Shops with background buyers whose category has a flag (`resale`, `virtual`), most popular first."""
        wanted = np.array([getattr(category, flag) for category in CATEGORIES])
        found = np.flatnonzero(wanted[self.category] & (self.popularity > 0) & (self.opened_day < 0))
        return found[np.argsort(-self.popularity[found], kind="stable")]

    def small(self) -> Ints:
        """Shops of the less popular half of those that are always there."""
        there = np.flatnonzero((self.popularity > 0) & (self.opened_day < 0))
        return there[self.popularity[there] <= np.median(self.popularity[there])]


@dataclass(frozen=True, slots=True)
class Groups:
    """Shops by (category, where) for drawing by popularity: where 0 = online, else 1 + region."""

    order: Ints  # shops, group by group
    edges: Floats  # float64[m]: running popularity; group g adds up to 1 and lies in (g, g + 1]
    filled: NDArray[np.bool_]  # bool[groups]

    def draw(self, rng: np.random.Generator, category: Ints, region: Ints) -> Ints:
        """One shop per row: online with the category's share, else local; online where nothing is local."""
        share = np.array([one.online for one in CATEGORIES])[category]
        where = np.where(rng.random(len(category)) < share, 0, region + 1)
        group = category * (REGIONS + 1) + where
        group = np.where(self.filled[group], group, category * (REGIONS + 1))
        place = np.searchsorted(self.edges, group + rng.random(len(group)), side="right")
        return self.order[np.minimum(place, len(self.order) - 1)]


def open_shops(rng: np.random.Generator, *, people: int, days: int) -> Shops:
    """The shops of a city of so many people."""
    m = max(4 * len(CATEGORIES), round(people * SHOPS_PER_PERSON)) + SPARE_SHOPS
    weights = np.array([one.weight for one in CATEGORIES])
    category = rng.choice(len(CATEGORIES), m, p=weights**0.6 / (weights**0.6).sum())
    category[: len(CATEGORIES)] = np.arange(len(CATEGORIES))  # every category has a first shop, online
    online = rng.random(m) < np.array([one.online for one in CATEGORIES])[category] * 0.7
    online[: len(CATEGORIES)] = True
    popularity = np.asarray(1.0 / (rng.permutation(m) + 3.0), np.float64)
    popularity[online] *= 4.0
    popularity[-SPARE_SHOPS:] = 0.0
    opened = np.where(rng.random(m) < 0.07, rng.integers(0, max(days, 1), m), -1)
    opened[: len(CATEGORIES)] = -1
    popularity = np.asarray(popularity / popularity.sum(), np.float64)
    region = np.floor(REGIONS * rng.random(m) ** 1.6).astype(np.int64)
    late = rng.random(m) < 0.3
    crowd_day, crowd_shop = crowd_days_of(rng, opened, days)
    return Shops(
        category=category, region=region, online=online, price_minor=_prices(rng, category), popularity=popularity,
        opens_hour=np.where(online, 0, rng.integers(7, 11, m)),
        closes_hour=np.where(online, 24, np.where(late, 24, rng.integers(20, 23, m))),
        opened_day=opened, crowd_day=crowd_day, crowd_shop=crowd_shop, groups=group_shops(category, region, online, popularity),
    )  # fmt: skip


def _prices(rng: np.random.Generator, category: Ints) -> Ints:
    median = np.array([one.median for one in CATEGORIES])[category]
    sigma = np.array([one.sigma for one in CATEGORIES])[category]
    level = np.exp(rng.normal(0.0, 0.25, len(category)))
    yuan = median[:, None] * level[:, None] * np.exp(sigma[:, None] * rng.normal(size=(len(category), GOODS)))
    ending = rng.choice([0, 90, 0, 100, 500], (len(category), 1))  # the shop's habit: whole yuan, …9.90
    price = np.maximum(np.round(yuan), 2).astype(np.int64) * 100 - np.where(ending == 90, 10, 0)
    price = np.where((ending == 500) & (price > 20_000), price // 10_000 * 10_000 + 9_900, price)
    virtual = np.array([one.virtual for one in CATEGORIES])[category]
    price[virtual] = np.array(FACE_VALUES) * 100
    return np.sort(price, axis=1)


def crowd_days_of(rng: np.random.Generator, opened: Ints, days: int) -> tuple[Ints, Ints]:
    """(day, shop) pairs, by day: promotions of one shop in four, and the first week of a new shop."""
    m = len(opened) - SPARE_SHOPS
    sales = np.flatnonzero(rng.random(m) < 0.25)
    sales = np.repeat(sales, rng.integers(1, 4, len(sales)))
    new = np.flatnonzero(opened[:m] >= 0)
    day = np.concatenate([rng.integers(0, max(days, 1), len(sales)), (opened[new, None] + np.arange(7)).ravel()])
    shop = np.concatenate([sales, np.repeat(new, 7)])
    within = (day < days) & (day >= opened[shop])
    order = np.argsort(day[within], kind="stable")
    return day[within][order], shop[within][order]


def group_shops(category: Ints, region: Ints, online: NDArray[np.bool_], popularity: Floats) -> Groups:
    group = category * (REGIONS + 1) + np.where(online, 0, region + 1)
    sold = np.flatnonzero(popularity > 0)
    order = sold[np.argsort(group[sold], kind="stable")]
    groups = len(CATEGORIES) * (REGIONS + 1)
    total = np.bincount(group[order], popularity[order], groups)
    running = np.cumsum(popularity[order] / total[group[order]])
    before = np.concatenate([[0.0], np.cumsum(total > 0)])[group[order]]  # each filled group so far has added up to 1
    return Groups(order, group[order] + np.clip(running - before, 0.0, 1.0), total > 0)


__all__ = [
    "CATEGORIES", "FACE_VALUES", "GOODS", "REGIONS", "SHOPS_PER_PERSON", "SPARE_SHOPS", "Category", "Groups", "Shops", "crowd_days_of",
    "group_shops", "open_shops",
]  # fmt: skip
