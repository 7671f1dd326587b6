"""Visits: who looked at what in which shop while the city lived, and who bought where nothing was offered."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from honghua.features.core import EventKind
from honghua.sim.core.draft import US_PER_DAY, Ints
from honghua.sim.core.life import Registry, blocks_of, cast_city, open_cells

Flags = NDArray[np.bool_]
Rng = np.random.Generator

FRUITLESS: Final = 3.0  # visits without a purchase for each with one: a quarter of visits convert (assumed)
PRODUCT_SHARE: Final = 0.65  # of a shop's visits are about the goods that it subsidises (assumed)
WAVERS: Final = 0.5  # log spread between what was looked at and what was bought


class Visits(NamedTuple):
    """v visits in order of (shop, who, day). amount_minor: what the purchase comes to, or would; bought: nothing being offered."""

    day: Ints
    who: Ints
    shop: Ints
    is_product: Flags
    amount_minor: Ints
    bought: Flags

    def take(self, rows: Flags | Ints) -> Visits:
        """Some of them."""
        return Visits._make(column[rows] for column in self)


def watch_visits(registry: Registry, shops: Ints, *, from_day: int) -> Visits:
    """The city lives all its days with the plain house and without crooks; visits of line holders to some shops from a day on."""
    cast = cast_city(registry, None)
    cells = open_cells(registry, cast, blocks_of(registry, cast))
    wanted = np.zeros(len(registry.shops), np.bool_)
    wanted[shops] = True
    has_line = registry.citizens.line_day < 0
    parts: list[tuple[Ints, ...]] = []
    for day in range(registry.plan.days):
        for cell in cells:
            settled = cell.play(day)
            rows = settled.rows
            is_bought = settled.kept & (rows["kind"] == EventKind.PURCHASE)
            chosen = np.flatnonzero(is_bought & wanted[rows["merchant"]] & has_line[rows["customer"]])
            if day >= from_day and len(chosen):
                parts.append(tuple(rows[name][chosen] for name in ("at_us", "customer", "merchant", "amount_minor")))
    at_us, who, shop, amount = (np.concatenate(column) for column in zip(*parts, strict=True))
    return _with_fruitless(
        registry.rng("trial", "visits"), (at_us // US_PER_DAY, who, shop, amount), registry.plan.days
    )


def _with_fruitless(rng: Rng, bought: tuple[Ints, Ints, Ints, Ints], days: int) -> Visits:
    """Around each purchase some visits that led to none, within a fortnight, to goods of a like price."""
    day, who, shop, amount = bought
    n = len(day)
    again = np.repeat(np.arange(n), rng.poisson(FRUITLESS, n))
    when = day[again] + rng.integers(-14, 15, len(again))
    price = np.maximum((amount[again] * np.exp(rng.normal(0, WAVERS, len(again)))).astype(np.int64) // 100 * 100, 100)
    inside = (when >= int(day.min())) & (when < days)
    again, when, price = again[inside], when[inside], price[inside]
    both = Visits(
        np.concatenate([day, when]), np.concatenate([who, who[again]]), np.concatenate([shop, shop[again]]),
        rng.random(n + len(again)) < PRODUCT_SHARE, np.concatenate([amount, price]),
        np.concatenate([np.ones(n, np.bool_), np.zeros(len(again), np.bool_)]),
    )  # fmt: skip
    return both.take(np.lexsort((both.day, both.who, both.shop)))


__all__ = ["Visits", "watch_visits"]
