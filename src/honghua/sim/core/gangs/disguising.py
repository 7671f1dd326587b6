"""What a gang puts in place of what was planned: other shops, devices, addresses, accounts, sums – and ordinary purchases as cover."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.features.core import EventKind
from honghua.sim.core.background import buy
from honghua.sim.core.draft import NONE, US_PER_HOUR, Draft
from honghua.sim.core.stage import Rng, Stage, with_columns
from honghua.sim.core.tuning import Disguise, Shops

Floats = NDArray[np.float64]
POOL: Final = 3  # fresh things of a kind that a gang uses in turn
POPULAR: Final = 80  # innocent shops to choose from
USABLE_SHARE: Final = 0.6  # of a limit, as a member guesses what is available
PIECES_MAX: Final = 3
COVER_HOURS: Final = 18.0
PPM: Final = 1_000_000
WHOLE_MINOR: Final = 10_000  # sums that were planned in whole hundreds stay so
CENT_GRID: Final = 100
PLACES: Final = {
    Disguise.SHOP: "merchant",
    Disguise.DEVICE: "device",
    Disguise.ADDRESS: "address",
    Disguise.PAYEE: "payee",
}


class Wardrobe:
    """The fresh things of one gang. What was refused once is thrown away, and another is got."""

    __slots__ = ("pools", "shops")

    def __init__(self, shops: Shops) -> None:
        self.shops = shops
        self.pools: dict[Disguise, list[int]] = {}

    def draw(self, stage: Stage, rng: Rng, what: Disguise) -> int:
        """One thing of the pool, which is filled first."""
        pool = self.pools.setdefault(what, [])
        while len(pool) < POOL:
            pool.append(self._get(stage, rng, what))
        return pool[int(rng.integers(POOL))]

    def burn(self, what: Disguise, thing: int) -> None:
        """This one was seen through."""
        pool = self.pools.get(what, [])
        if thing in pool:
            pool.remove(thing)

    def _get(self, stage: Stage, rng: Rng, what: Disguise) -> int:
        if what is Disguise.DEVICE:
            return int(stage.new_devices(1)[0])
        if what is Disguise.ADDRESS:
            return int(stage.new_addresses(1)[0])
        if what is Disguise.PAYEE:
            return int(stage.new_payees(1)[0])
        if self.shops is Shops.ACCOMPLICE:
            return stage.small_shop(rng)
        return int(rng.choice(stage.city.shops.of(self.shops.value)[:POPULAR]))


def scale(rows: Draft, factor: Floats) -> Draft:
    """The same acts for a part of their sums."""
    amount = (rows["amount_minor"] * factor).astype(np.int64)
    grid = np.where((rows["amount_minor"] % WHOLE_MINOR == 0) & (amount >= WHOLE_MINOR), WHOLE_MINOR, CENT_GRID)
    amount = np.where(factor == 1.0, rows["amount_minor"], np.maximum(amount // grid * grid, CENT_GRID))
    share = np.maximum((rows["share_ppm"] * factor).astype(np.int64), np.minimum(rows["share_ppm"], 1))
    return with_columns(rows, amount_minor=np.where(rows["share_ppm"] > 0, 0, amount), share_ppm=share)


def disguise(stage: Stage, rng: Rng, rows: Draft, wardrobe: Wardrobe, what: tuple[Disguise, ...]) -> Draft:
    """Replace these things of each act, as far as it has them. Hours are the gang's own affair: it holds acts back."""
    columns = {name: rows[name].copy() for name in ("merchant", "category", "region", "device", "address", "payee")}
    shops = stage.city.shops
    for one in what:
        place = PLACES.get(one)
        if place is None:
            continue
        for k in np.flatnonzero(rows[place] != NONE).tolist():
            columns[place][k] = wardrobe.draw(stage, rng, one)
    bought = columns["merchant"] != NONE
    shop = np.where(bought, columns["merchant"], 0)
    moved = bought & (columns["merchant"] != rows["merchant"])
    columns["category"] = np.where(moved, shops.category[shop], columns["category"])
    columns["region"] = np.where(moved & ~shops.online[shop], shops.region[shop], columns["region"])
    rows = with_columns(rows, **columns)
    return as_ordinary_sums(stage, rng, rows) if Disguise.SUM in what else rows


def as_ordinary_sums(stage: Stage, rng: Rng, rows: Draft) -> Draft:
    """Purchases at list prices near what was meant, transfers of sums as people say them or as bills come to."""
    n = len(rows)
    meant = rows["amount_minor"].copy()
    guess = stage.city.people.limit_minor[rows["customer"]] * USABLE_SHARE
    meant = np.where(rows["share_ppm"] > 0, (guess * rows["share_ppm"] / PPM).astype(np.int64), meant)
    bought = rows["merchant"] != NONE
    prices = stage.city.shops.price_minor[np.where(bought, rows["merchant"], 0)]
    nearest = np.argmin(np.abs(prices - meant[:, None]), axis=1)
    price = prices[np.arange(n), nearest]
    pieces = np.clip(meant // np.maximum(price, 1), 1, PIECES_MAX)
    step = 10 ** np.floor(np.log10(np.maximum(meant, 1))).astype(np.int64) // 2
    said = np.maximum(meant // np.maximum(step, 1) * step, CENT_GRID)
    odd = (meant * rng.uniform(0.7, 1.0, n)).astype(np.int64) // 10 * 10
    sent = np.where(rng.random(n) < 0.5, said, np.maximum(odd, CENT_GRID))
    changes = (rows["kind"] == EventKind.PURCHASE) | (rows["kind"] == EventKind.TRANSFER)
    amount = np.where(changes, np.where(bought, price * pieces, sent), rows["amount_minor"])
    return with_columns(rows, amount_minor=amount, share_ppm=np.where(changes, 0, rows["share_ppm"]))


def cover(stage: Stage, rng: Rng, rows: Draft, times_each: int, *, from_us: int) -> Draft:
    """Ordinary purchases by the same people in the hours before their acts, at popular shops, from where the people are."""
    acts = np.repeat(np.arange(len(rows)), times_each)
    who, until = rows["customer"][acts], rows["at_us"][acts]
    earliest = np.maximum(until - int(COVER_HOURS * US_PER_HOUR), from_us)
    at = earliest + np.floor(rng.random(len(acts)) * (until - earliest)).astype(np.int64)
    shops = stage.city.shops
    always_open = np.flatnonzero(shops.online & (shops.opened_day < 0))
    popular = always_open[np.argsort(-shops.popularity[always_open], kind="stable")[:POPULAR]]
    shop = rng.choice(popular, len(acts))
    bought = buy(rng, stage.city, who=who, at_us=at, shop=shop)
    return with_columns(bought, ring=rows["ring"][acts], crime=rows["crime"][acts] - 1)


__all__ = ["PLACES", "Wardrobe", "cover", "disguise", "scale"]
