"""A played city as a market: the event matrix that engines read, and the truth beside it, as `make_market` gives them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from honghua.features.core import EventKind
from honghua.sim.core.almanac import ZONE_US
from honghua.sim.core.draft import US_PER_DAY, US_PER_HOUR, Ints
from honghua.sim.core.life.playing import DAY_COLUMNS
from honghua.sim.core.life.registry import Registry
from honghua.sim.core.market import MARKET_SCHEMA, Market
from honghua.sim.core.truth import Truth, split_truth
from honghua.sim.core.typologies import ALL_TYPOLOGIES

MONDAY_SHIFT = 3  # 1 January 1970 was a Thursday


def market_of(registry: Registry, days: Iterable[Ints]) -> tuple[Market, Truth]:
    """All days of `play_city` as one market. Refused purchases are in it, as EventKind.REFUSED; so are reports, as they arrived."""
    values = dict(zip(DAY_COLUMNS, np.concatenate(list(days), axis=1), strict=True))
    local = values["at_us"] + ZONE_US
    values |= {"hour": local // US_PER_HOUR % 24, "weekday": (local // US_PER_DAY + MONDAY_SHIFT) % 7}
    rows = np.stack([values[name] for name in MARKET_SCHEMA.columns], axis=1)
    truth = split_truth(values["crime"], values["ring"], tuple(ALL_TYPOLOGIES))
    _mark_told(values, truth)
    ends = registry.first_midnight_us + registry.plan.days * US_PER_DAY
    return Market(np.ascontiguousarray(rows), MARKET_SCHEMA, ends), truth


def _mark_told(values: dict[str, Ints], truth: Truth) -> None:
    """When each event is first reported: a person does one thing in a microsecond."""
    told = np.flatnonzero(values["kind"] == EventKind.FRAUD_REPORTED)
    when = {}
    for row in told[::-1].tolist():  # the earliest stays
        when[(int(values["customer"][row]), int(values["origin_at_us"][row]))] = int(values["at_us"][row])
    about = np.isin(values["at_us"], values["origin_at_us"][told])
    about &= np.isin(values["kind"], (EventKind.PURCHASE, EventKind.TRANSFER))
    for row in np.flatnonzero(about).tolist():
        at = when.get((int(values["customer"][row]), int(values["at_us"][row])))
        if at is not None:
            truth.told_at_us[row] = at


__all__ = ["market_of"]
