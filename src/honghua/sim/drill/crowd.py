"""The innocent orders of a shopping day: the city's own people want what they want on that date, much more of it, and many at hot shops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.rng import derive_rng
from honghua.sim.core.draft import NONE, US_PER_DAY, US_PER_HOUR, Draft, Ints, join
from honghua.sim.core.life import Life, Registry
from honghua.sim.core.shops import CATEGORIES
from honghua.sim.drill.shape import BEGINS_HOUR, Shape, draw_places, of_ordinary

HOT_SHOPS: Final = 30
HOT_SHARE: Final = 0.35  # of all orders go there
WAVES_MAX: Final = 60  # days' worth of wants that are laid on one another until there are orders enough
OPEN_HOURS: Final = (9, 21)  # when orders at places come

Floats = NDArray[np.float64]
Rng = np.random.Generator


def gather(lives: Sequence[Life], registry: Registry, *, seed: int, day: int, orders: int, shape: Shape) -> Draft:
    """So many orders on credit, by time, of the 24 hours that begin on `day` at BEGINS_HOUR.

    Everybody shops as on the date of the sale, once and again until there are as many orders as are asked for: the same people, habits,
    shops, prices, devices as on any day, only more. Fewer orders where the city does not want so many.
    """
    rng = derive_rng(seed, "drill", "crowd")
    rows = _wanted(lives, registry, rng, day + 1, orders)
    rows = _to_hot_shops(rng, registry, rows)
    at_us = day * US_PER_DAY + BEGINS_HOUR * US_PER_HOUR + _places(rng, registry, rows, shape)
    place = registry.place_of(rng, rows["customer"], at_us)
    online = registry.shops.shops.online[rows["merchant"]]
    region = np.where(online, place.region, registry.shops.shops.region[rows["merchant"]])
    here = {"at_us": at_us, "device": place.device, "address": place.address, "region": region}
    rows = Draft({**rows.columns, **here, "about": np.full(len(rows), NONE)})
    return rows.take(np.argsort(at_us, kind="stable"))


def _wanted(lives: Sequence[Life], registry: Registry, rng: Rng, date: int, orders: int) -> Draft:
    """Purchases that are wished on credit, drawn from as many days of wants as it takes."""
    parts: list[Draft] = []
    found = 0
    for wave in range(WAVES_MAX):
        for life in lives:
            bought = life.shop(registry.rng("drill", life.number, wave), date).today
            parts.append(bought.take(bought["credit"] > 0))
            found += len(parts[-1])
        if found >= orders:
            break
    rows = join(parts)
    chosen = np.sort(rng.permutation(len(rows))[:orders])
    return rows.take(chosen)


def _to_hot_shops(rng: Rng, registry: Registry, rows: Draft) -> Draft:
    """Of what is bought online, so much goes to a few shops with the day's best offers of such goods, that they have their share."""
    shops, book = registry.shops.shops, registry.plan.scenes
    pull = shops.popularity * np.maximum(book.promo[registry.shops.scene] - 1.0, 0.0)
    sells = np.flatnonzero(shops.online & (pull > 0) & (shops.opened_day < 0))
    hot = rng.choice(sells, min(HOT_SHOPS, len(sells)), replace=False, p=pull[sells] / pull[sells].sum())
    draws = np.zeros((len(CATEGORIES), len(hot)))
    draws[shops.category[hot], np.arange(len(hot))] = pull[hot]
    may = shops.online[rows["merchant"]] & (draws[rows["category"]].sum(axis=1) > 0)
    there = np.isin(rows["merchant"], hot)
    missing = HOT_SHARE * len(rows) - np.count_nonzero(there)
    elsewhere = may & ~there
    goes = np.flatnonzero(elsewhere & (rng.random(len(rows)) < missing / max(int(elsewhere.sum()), 1)))
    running = np.cumsum(draws[rows["category"][goes]], axis=1)
    picked = (rng.random(len(goes))[:, None] * running[:, -1:] >= running).sum(axis=1)
    merchant, amount, scene = (rows[name].copy() for name in ("merchant", "amount_minor", "scene"))
    merchant[goes] = hot[np.minimum(picked, len(hot) - 1)]
    amount[goes] = np.maximum(registry.shops.price(rng, merchant[goes], amount[goes]), 1)
    scene[goes] = registry.shops.scene[merchant[goes]]
    return Draft({**rows.columns, "merchant": merchant, "amount_minor": amount, "scene": scene})


def _places(rng: Rng, registry: Registry, rows: Draft, shape: Shape) -> Ints:
    """int64[n] microseconds into the day: arrivals as the shape says. The wave is online; places keep their hours, and everybody the
    order in which they would have bought."""
    places = draw_places(rng, shape, len(rows))
    hour = (BEGINS_HOUR + 24 * places) % 24
    is_open = (hour >= OPEN_HOURS[0]) & (hour < OPEN_HOURS[1])
    weight = np.where(is_open, of_ordinary(shape, places), 1e-6)
    offline = np.flatnonzero(~registry.shops.shops.online[rows["merchant"]])
    taken = np.argsort(-np.log(rng.random(len(rows))) / weight)[: len(offline)]  # without replacement, by weight
    is_taken = np.zeros(len(rows), np.bool_)
    is_taken[taken] = True
    since = (rows["at_us"] - BEGINS_HOUR * US_PER_HOUR) % US_PER_DAY
    at = np.empty(len(rows))
    for mine, free in ((offline, places[is_taken]), (np.setdiff1d(np.arange(len(rows)), offline), places[~is_taken])):
        at[mine[np.argsort(since[mine], kind="stable")]] = free
    return np.asarray(np.minimum(at * US_PER_DAY, US_PER_DAY - 1), np.int64)


__all__ = ["HOT_SHARE", "gather"]
