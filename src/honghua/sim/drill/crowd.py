"""Who orders what on the day: the crowd at hot shops, and crooks who hide in it."""

from __future__ import annotations

from typing import Final

import numpy as np

from honghua.base.rng import derive_rng
from honghua.features.core import EventKind
from honghua.sim.core.background import City, buy
from honghua.sim.core.draft import NONE, US_PER_DAY, US_PER_HOUR, Draft, Ints, act_ids, join
from honghua.sim.core.truth import CRIME_STEP
from honghua.sim.drill.shape import BEGINS_HOUR, Shape, draw_places

HOT_SHOPS: Final = 30
RINGS_AT_LEAST: Final = 8  # share the crimes of the day
HOT_SHARE: Final = 0.35  # of all orders go there
DRILL_ACTOR: Final = 2**21  # in whose name the day's acts are: nobody's of the city
RUSH: Final = 2.0  # how much more those buy who buy much anyway: power on their usual rate
INSTALMENTS: Final = ((0, 3, 6, 12), (0.9, 0.04, 0.03, 0.03))


def gather(city: City, *, seed: int, day: int, orders: int, shape: Shape) -> Draft:
    """The innocent orders of the day that begins on `day` at BEGINS_HOUR, by time, all wished on credit."""
    rng = derive_rng(seed, "drill", "crowd")
    begin = day * US_PER_DAY + BEGINS_HOUR * US_PER_HOUR
    at_us = begin + (draw_places(rng, shape, orders) * US_PER_DAY).astype(np.int64)
    people = city.people
    # Near the end of the plan everybody has joined; those who never buy on credit do not order on it today either.
    weight = np.maximum(people.per_day, 0.05) ** (1 / RUSH) * people.credit_share * (people.joined_day < day)
    who = rng.choice(len(people), orders, p=weight / weight.sum())
    shop = _choose_shops(rng, city, who)
    rows = buy(rng, city, who=who, at_us=at_us, shop=shop)
    months = rng.choice(INSTALMENTS[0], orders, p=INSTALMENTS[1])
    months = np.where(rows["amount_minor"] >= 60_000, months, 0)
    return Draft({**rows.columns, "credit": np.ones(orders, np.int64), "instalments": months})


def _choose_shops(rng: np.random.Generator, city: City, who: Ints) -> Ints:
    """Most by popularity near home or online, many at the hot shops of the day."""
    shops = city.shops
    online = np.flatnonzero(shops.online & (shops.popularity > 0) & (shops.opened_day < 0))
    hot = rng.choice(online, min(HOT_SHOPS, len(online)), replace=False, p=_shares(shops.popularity[online]))
    rank = 1.0 / np.arange(1, len(hot) + 1)
    there = rng.choice(hot, len(who), p=rank / rank.sum())
    category = rng.choice(shops.category[online], len(who))
    usual = shops.groups.draw(rng, category, city.people.region[who])
    return np.where(rng.random(len(who)) < HOT_SHARE, there, usual)


def _shares(weight: np.ndarray) -> np.ndarray:
    return np.asarray(weight / weight.sum())


def squeeze_crimes(planned: Draft, *, seed: int, day: int, orders: int) -> Draft:
    """What rings plan for the days from `day` on, pressed into the one day in which nobody looks closely; at most so many orders.

    Rings come in a random order until there are crimes enough, none with more than its share. The order of a ring's acts stays, and
    its members' camouflage comes along.
    """
    rng = derive_rng(seed, "drill", "crooks")
    begin = day * US_PER_DAY + BEGINS_HOUR * US_PER_HOUR
    acts = (planned["kind"] == EventKind.PURCHASE) & (planned["credit"] > 0) & (planned["ring"] > 0)
    later = np.flatnonzero(acts & (planned["at_us"] >= begin))
    rows = Draft({name: values[later] for name, values in planned.columns.items()})
    parts: list[Draft] = []
    left = orders
    for ring in rng.permutation(np.unique(rows["ring"])).tolist():
        chosen = np.flatnonzero(rows["ring"] == ring)
        chosen = chosen[np.argsort(rows["at_us"][chosen], kind="stable")]
        crimes = np.cumsum(rows["crime"][chosen] % CRIME_STEP == 1)
        chosen = chosen[crimes <= min(left, max(orders // RINGS_AT_LEAST, 3))]
        if not len(chosen) or not left:
            continue
        mine = {name: values[chosen] for name, values in rows.columns.items()}
        at = mine["at_us"]
        low, high = np.sort(rng.uniform(0.02, 0.98, 2))
        place = low + (at - at[0]) / max(int(at[-1] - at[0]), 1) * (high - low)
        at_us = begin + (place * US_PER_DAY).astype(np.int64)
        parts.append(Draft({**mine, "at_us": at_us, "origin": np.full(len(chosen), NONE)}))
        left -= int(crimes[len(chosen) - 1])
    return join(parts)


def order_of_day(crowd: Draft, crimes: Draft, *, day: int) -> Draft:
    """Both together by time, with acts of their own."""
    both = join([crowd, crimes])
    both = both.take(np.argsort(both["at_us"], kind="stable"))
    return Draft({**both.columns, "act": act_ids(DRILL_ACTOR, day, len(both)), "about": np.full(len(both), NONE)})


__all__ = ["gather", "order_of_day", "squeeze_crimes"]
