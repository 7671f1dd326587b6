"""Shops of scenes: Zipf within a scene, regulars by the same numbers, prices from the list."""

from __future__ import annotations

import numpy as np
import pytest

from honghua.sim.core.plan import CityPlan
from honghua.sim.core.scene_shops import open_scene_shops
from honghua.sim.core.shops import REGIONS, SPARE_SHOPS
from honghua.sim.scene_file import standard_scenes


@pytest.fixture(scope="module")
def shops():
    return open_scene_shops(CityPlan(standard_scenes(), people=60_000, days=60, seed=4))


def draw(shops, k: int, *, seed: int = 1, day: int = 0):
    rng = np.random.default_rng(seed)
    weight = standard_scenes().weight
    scene = rng.choice(len(weight), k, p=weight / weight.sum())
    region = rng.integers(0, REGIONS, k)
    return scene, region, shops.draw(rng, scene, region, day)


def test_shops_sell_their_scene_and_are_open(shops):
    scene, region, shop = draw(shops, 60_000)
    book = standard_scenes()
    assert (book.category[shops.scene[shop]] == book.category[scene]).all()  # a small city has no shop of each scene
    assert (shops.scene[shop] == scene)[book.online[scene]].all()
    assert (shops.scene[shop] == scene).mean() > 0.7
    assert (shops.shops.opened_day[shop] <= 0).all()
    assert (shop < len(shops) - SPARE_SHOPS).all()
    place = ~book.online[scene]
    assert (shops.shops.region[shop] == region)[place].mean() > 0.8


def test_new_shops_open_on_their_day(shops):
    _, _, early = draw(shops, 60_000, day=0)
    _, _, late = draw(shops, 60_000, day=59)
    new = np.flatnonzero(shops.shops.opened_day > 0)
    assert not np.isin(early, new).any()
    assert np.isin(late, new).any()


def test_same_numbers_same_shop(shops):
    scene, region, _ = draw(shops, 500)
    where, which = np.full(500, 0.5), np.full(500, 0.3)
    assert np.array_equal(shops.pick(where, which, scene, region, 3), shops.pick(where, which, scene, region, 3))


def test_popularity_is_zipf(shops):
    """Log sales over log rank falls by about one in the body of a large scene."""
    book = standard_scenes()
    scene = book.code.index("convenience-store")
    mine = np.sort(shops.shops.popularity[(shops.scene == scene) & (shops.shops.popularity > 0)])[::-1]
    rank = np.arange(1, len(mine) + 1)
    body = slice(5, None)
    slope = np.polyfit(np.log(rank[body]), np.log(mine[body]), 1)[0]
    assert -1.15 < slope < -0.75
    assert mine[0] > 4 * np.median(mine)


def test_prices_come_from_the_list(shops):
    _, _, shop = draw(shops, 20_000)
    rng = np.random.default_rng(3)
    wish = np.exp(rng.normal(9.5, 1.5, len(shop))).astype(np.int64) + 100
    paid = shops.price(rng, shop, wish)
    basket = standard_scenes().basket[shops.scene[shop]]
    assert (paid > 0).all()
    assert (paid[basket] <= np.maximum(wish[basket], 100)).all()
    assert (paid[basket] % 10 == 0).all()
    single = np.flatnonzero(~basket)
    listed = shops.shops.price_minor[shop[single]]
    pieces = paid[single, None] % listed == 0
    assert (pieces & (paid[single, None] // np.maximum(listed, 1) <= 5)).any(axis=1).all()
    usual = (wish[single] >= listed[:, 0]) & (wish[single] <= listed[:, -1])
    best = np.abs(listed - wish[single, None]).min(axis=1)
    assert (np.abs(paid[single] - wish[single]) <= best)[usual].all()


def test_crooks_find_what_they_need(shops):
    assert len(shops.shops.of("resale")) > 50
    assert len(shops.shops.of("virtual")) > 50
    assert (shops.shops.popularity[-SPARE_SHOPS:] == 0).all()
    small = open_scene_shops(CityPlan(standard_scenes(), people=300, days=10, seed=1))
    assert len(small.shops.small()) > 100
    assert set(small.scene.tolist()) >= set(range(len(standard_scenes())))
