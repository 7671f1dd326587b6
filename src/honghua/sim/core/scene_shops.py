"""The shops of a city with scenes: each sells in one scene, at its own prices, to its region or to all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.rng import derive_rng
from honghua.sim.core.citizens.kernels import draw_members, nearest_prices
from honghua.sim.core.draft import Ints
from honghua.sim.core.plan import CityPlan
from honghua.sim.core.scenes import SceneBook
from honghua.sim.core.shops import (
    CATEGORIES,
    FACE_VALUES,
    GOODS,
    REGIONS,
    SHOPS_PER_PERSON,
    SPARE_SHOPS,
    Shops,
    crowd_days_of,
    group_shops,
)

Floats = NDArray[np.float64]
Rng = np.random.Generator

SHOPS_A_SCENE: Final = 2  # at least
ONLINE_FEWER: Final = 0.35  # shops of a scene online, against one at a place: each serves everybody
ELSEWHERE: Final = 0.05  # of visits to a place are made in another city
HEAD: Final = {False: 2.0, True: 0.8}  # Zipf-Mandelbrot: 1 / (rank + head); online the first take more
NEW_SHARE: Final = 0.07
PIECES_MOST: Final = 5
FIRST_BUYERS: Final = 0.03  # of a day's purchases come before a place opens, and
LAST_BUYERS: Final = 0.98  # so many before it closes, were it always open
CENTS_OF_PRICE: Final = (0, 90, 0, 100, 500)  # a shop's habit: whole yuan, …9.90, …99


@dataclass(frozen=True, slots=True)
class SceneShops:
    """Shops by dense id; shop number s < len(book) is the first of scene s, and always open.

    shops    Shops            the record that crooks and benches know
    scene    int16[m]         of each shop
    order    int32            shops by group: (scene, 0 = all of it or 1 + region), then the places of (category, region)
    start    int64[groups + 1]  where groups begin in it
    running  float64          share of popularity so far, within the group
    anywhere bool[scenes]     sold online;   basket bool[scenes] amounts are sums
    """

    shops: Shops
    scene: NDArray[np.int16]
    order: NDArray[np.int32]
    start: Ints
    running: Floats
    anywhere: NDArray[np.bool_]
    basket: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.shops)

    def pick(self, where: Floats, which: Floats, scene: Ints, region: Ints, day: int) -> Ints:
        """int64[k]: a shop for each by popularity, from given numbers in [0, 1): the same numbers give the same shop, which makes
        regulars. Places are visited in one's own city, with few exceptions; where a city has none of a scene, another shop with
        such goods serves, and only then one far away. Online all cities are one."""
        near = ~self.anywhere[scene] & (where >= ELSEWHERE)
        anywhere = scene * (REGIONS + 1)
        group = anywhere + np.where(near, region + 1, 0)
        general = len(self.anywhere) * (REGIONS + 1) + self.shops.category[scene] * REGIONS + region
        group = np.where(self._filled(group), group, np.where(self._filled(general), general, anywhere))
        place = np.empty(len(group), np.int64)
        draw_members(self.start, self.running, group, which, place)
        shop = self.order[place].astype(np.int64)
        return np.where(self.shops.opened_day[shop] <= day, shop, scene)

    def _filled(self, group: Ints) -> NDArray[np.bool_]:
        return np.asarray(self.start[group] < self.start[group + 1], np.bool_)

    def draw(self, rng: Rng, scene: Ints, region: Ints, day: int) -> Ints:
        """int64[k]: a shop for each by popularity."""
        return self.pick(rng.random(len(scene)), rng.random(len(scene)), scene, region, day)

    def price(self, rng: Rng, shop: Ints, wish_minor: Ints) -> Ints:
        """int64[k]: what a wish comes to at the shop: the nearest price of its list, several pieces of the dearest, or a sum of many
        goods in round cents."""
        nearest = np.empty(len(shop), np.int64)
        nearest_prices(self.shops.price_minor, shop, wish_minor, PIECES_MOST, nearest)
        grid = np.where(rng.random(len(shop)) < 0.5, 10, 50)
        sums = np.maximum(wish_minor // grid * grid, 100)
        return np.where(self.basket[self.scene[shop]], sums, nearest)


def open_scene_shops(plan: CityPlan) -> SceneShops:
    """The shops of the city of a plan; the same in every process."""
    book = plan.scenes
    rng = derive_rng(plan.seed, "scene shops")
    scene, wanted = _scenes_of_shops(rng, book, plan.people)
    m = len(scene)
    online = book.online[scene]
    popularity = _popularity(rng, book, scene)
    popularity[wanted:] = 0.0
    opened = np.where(rng.random(m) < NEW_SHARE, rng.integers(0, max(plan.days, 1), m), -1)
    opened[: len(book)] = -1
    region = _regions(rng, m)
    opens, closes = _hours(rng, book, scene)
    crowd_day, crowd_shop = crowd_days_of(rng, opened, plan.days)
    category = book.category[scene]
    shops = Shops(
        category=category, region=region, online=online, price_minor=_prices(rng, book, scene), popularity=popularity,
        opens_hour=np.where(online, 0, opens), closes_hour=np.where(online, 24, closes), opened_day=opened, crowd_day=crowd_day,
        crowd_shop=crowd_shop, groups=group_shops(category, region, online, popularity),
    )  # fmt: skip
    order, start, running = _group(book, scene, region, popularity)
    return SceneShops(shops, scene.astype(np.int16), order, start, running, book.online, book.basket)


def _scenes_of_shops(rng: Rng, book: SceneBook, people: int) -> tuple[Ints, int]:
    """The scene of each shop, the first of every scene first; shops from the second number on are for crooks who open one."""
    share = book.weight**0.6 * np.where(book.online, ONLINE_FEWER, 1.0)
    more = max(round(people * SHOPS_PER_PERSON) - len(book), (SHOPS_A_SCENE - 1) * len(book))
    drawn = rng.choice(len(book), more + SPARE_SHOPS, p=share / share.sum())
    return np.concatenate([np.arange(len(book)), drawn]), len(book) + more


def _popularity(rng: Rng, book: SceneBook, scene: Ints) -> Floats:
    """Zipf within each scene, by its weight between them; adds up to about 1."""
    order = np.lexsort((rng.random(len(scene)), scene))
    count = np.bincount(scene, minlength=len(book))
    rank = np.empty(len(scene), np.int64)
    rank[order] = np.arange(len(scene)) - np.repeat(np.cumsum(count) - count, count)
    share = 1.0 / (rank + np.where(book.online[scene], HEAD[True], HEAD[False]))
    total = np.bincount(scene, share, len(book))
    return np.asarray(share / total[scene] * book.weight[scene] / book.weight.sum(), np.float64)


def _regions(rng: Rng, m: int) -> Ints:
    """Where shops are: a little more in the larger cities, as people are."""
    return np.asarray(np.floor(REGIONS * rng.random(m) ** 1.15), np.int64)


def _hours(rng: Rng, book: SceneBook, scene: Ints) -> tuple[Ints, Ints]:
    """First and last local hour, which a place keeps by when its scene is bought: a breakfast stall is no bar."""
    running = np.cumsum(book.hours, axis=1)
    opens = (running < FIRST_BUYERS).sum(axis=1)[scene] + rng.integers(-1, 1, len(scene))
    closes = (running < LAST_BUYERS).sum(axis=1)[scene] + 1 + rng.integers(0, 2, len(scene))
    return np.maximum(opens, 0), np.minimum(closes, 24)


def _prices(rng: Rng, book: SceneBook, scene: Ints) -> Ints:
    """int64[m, GOODS] ascending: a spread of prices around the scene's, at the shop's own level and with its habit of cents."""
    m = len(scene)
    level = np.exp(rng.normal(0.0, 0.22, m))
    spread = np.exp(book.sigma[scene][:, None] * rng.normal(size=(m, GOODS)))
    yuan = book.median_yuan[scene][:, None] * level[:, None] * spread
    ending = rng.choice(CENTS_OF_PRICE, (m, 1))
    small = yuan < 20
    price = np.where(small, np.maximum(np.round(yuan * 2), 1) * 50, np.maximum(np.round(yuan), 2) * 100).astype(
        np.int64
    )
    price = np.where(~small & (ending == 90), price - 10, price)
    price = np.where((ending == 500) & (price > 20_000), price // 10_000 * 10_000 + 9_900, price)
    faces = np.array(FACE_VALUES)
    steps = np.sqrt(faces[1:] * faces[:-1])
    face = faces[np.searchsorted(steps, yuan)] * 100
    price = np.where(book.virtual[scene][:, None], face, price)
    return np.sort(price, axis=1)


def _group(book: SceneBook, scene: Ints, region: Ints, popularity: Floats) -> tuple[NDArray[np.int32], Ints, Floats]:
    """Every shop of a scene in its group 0; those at a place in the group of their region, too, and in that of their category there."""
    sold = np.flatnonzero(popularity > 0)
    local = sold[~book.online[scene[sold]]]
    both = np.concatenate([sold, local, local])
    general = len(book) * (REGIONS + 1)
    of_scene = scene * (REGIONS + 1)
    group = np.concatenate([
        of_scene[sold], of_scene[local] + region[local] + 1, general + book.category[scene[local]] * REGIONS + region[local]
    ])  # fmt: skip
    by = np.argsort(group, kind="stable")
    both, group = both[by], group[by]
    groups = general + len(CATEGORIES) * REGIONS
    start = np.concatenate([[0], np.cumsum(np.bincount(group, minlength=groups))])
    total = np.concatenate([[0.0], np.cumsum(popularity[both])])
    first, last = total[start[group]], total[start[group + 1]]
    return both.astype(np.int32), start, np.asarray((total[1:] - first) / (last - first), np.float64)


__all__ = ["SceneShops", "open_scene_shops"]
