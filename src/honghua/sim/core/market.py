"""A market: the innocent life of a city and the rings planted in it, as one event matrix – and the truth, beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.rng import derive_rng, stable_hash
from honghua.features.core import ABSENT, ENTITIES, EventKind, Schema
from honghua.sim.core.background import City, live
from honghua.sim.core.draft import NONE, US_PER_DAY, US_PER_HOUR, Draft, Ints, join
from honghua.sim.core.kernels import walk_accounts
from honghua.sim.core.people import settle_people
from honghua.sim.core.shops import open_shops
from honghua.sim.core.stage import Stage
from honghua.sim.core.truth import CRIME_STEP, NEVER_TOLD, Arrivals, Truth, mark_ring, report_crimes, split_truth
from honghua.sim.core.typologies import TYPOLOGIES

NUMBERS: Final = ("available_minor", "limit_minor", "hour", "weekday", "credit")
MARKET_SCHEMA: Final = Schema(ENTITIES, NUMBERS)
FIRST_MIDNIGHT_US: Final = 1_767_542_400_000_000  # Monday 5 January 2026, 00:00 in Shanghai
WARM_UP_SHARE: Final = 0.2  # of the days pass before the first ring acts
SPACES: Final = {"customer": "person", "payee": "person", "merchant": "shop", "device": "device", "address": "address"}
SAME_EVERYWHERE: Final = ("category", "region")  # keys that mean the same in every market


@dataclass(frozen=True, slots=True)
class MarketPlan:
    """rings: how many of each typology; typologies: which (all by default); others' random numbers do not change with them."""

    people: int = 20_000
    days: int = 60
    seed: int = 1
    rings: int = 8
    typologies: tuple[str, ...] = field(default=tuple(TYPOLOGIES))

    def __post_init__(self) -> None:
        unknown = [name for name in self.typologies if name not in TYPOLOGIES]
        if unknown:
            raise ValueError(f"no such typology: {', '.join(unknown)}; known: {', '.join(TYPOLOGIES)}")
        if self.people < 200 or self.days < 5 or self.rings < 0:
            raise ValueError("a market needs at least 200 people and 5 days, and no negative number of rings")


@dataclass(frozen=True, slots=True)
class Market:
    """What engines may see: events int64[n, MARKET_SCHEMA.width] by time, and the end of the last day."""

    events: Ints
    schema: Schema
    ends_at_us: int


def make_market(plan: MarketPlan) -> tuple[Market, Truth]:
    """A market and its truth, the same for the same plan. People share keys as customers and as payees."""
    days = plan.days
    city, planned = plan_market(plan)
    columns, kept = _walk(planned, city, derive_rng(plan.seed, "books"))
    kept &= planned["at_us"] < days * US_PER_DAY
    rows = event_matrix(columns, plan.seed)[kept]
    truth = split_truth(planned["crime"][kept], planned["ring"][kept], tuple(TYPOLOGIES))
    arrivals = report_crimes(derive_rng(plan.seed, "reports"), rows[:, 1], rows[:, 0], truth, TYPOLOGIES)
    return _with_arrivals(rows, truth, arrivals, ends_at_us=FIRST_MIDNIGHT_US + days * US_PER_DAY)


def plan_market(plan: MarketPlan) -> tuple[City, Draft]:
    """The city, and everything that will be tried in it in order of time, before anybody has said yes or no; `crime` as CRIME_STEP says."""
    days = plan.days
    city = City(
        settle_people(derive_rng(plan.seed, "people"), people=plan.people, days=days),
        open_shops(derive_rng(plan.seed, "shops"), people=plan.people, days=days), days,
    )  # fmt: skip
    planned = join([live(derive_rng(plan.seed, "life"), city), *_plant(plan, city)])
    return city, planned.take(np.argsort(planned["at_us"], kind="stable"))


def _plant(plan: MarketPlan, city: City) -> list[Draft]:
    stage = Stage(city, first_day=max(1, round(plan.days * WARM_UP_SHARE)))
    planted = []
    ring = 0
    for number, (name, typology) in enumerate(TYPOLOGIES.items()):
        for k in range(plan.rings if name in plan.typologies else 0):
            ring += 1
            rows = typology.plant(stage, derive_rng(plan.seed, "ring", name, k))
            planted.append(mark_ring(rows, number, ring=ring))
    return planted


def _walk(planned: Draft, city: City, rng: np.random.Generator) -> tuple[dict[str, Ints], NDArray[np.bool_]]:
    """Settle amounts and credit in order of time."""
    n = len(planned)
    limit = city.people.limit_minor.copy()
    used = (limit * rng.beta(1.3, 3.5, len(limit))).astype(np.int64)
    settled = {name: planned[name].copy() for name in ("amount_minor", "credit")}
    settled |= {"available_minor": np.zeros(n, np.int64), "limit_minor": np.zeros(n, np.int64)}
    kept = np.zeros(n, np.bool_)
    walk_accounts(
        planned["kind"], planned["customer"], planned["origin"], planned["share_ppm"], planned["grid_minor"], limit, used,
        settled["amount_minor"], settled["credit"], settled["available_minor"], settled["limit_minor"], kept,
    )  # fmt: skip
    kept &= settled["amount_minor"] > 0
    origin = np.where(planned["origin"] == NONE, np.arange(n), planned["origin"])
    about = np.where(planned["kind"] == EventKind.REFUND, origin, np.arange(n))  # a payback is a transfer of its own
    settled["origin_at_us"] = planned["at_us"][about]
    return {**planned.columns, **settled}, kept


def event_matrix(columns: Mapping[str, Ints], seed: int) -> Ints:
    """The columns of the schema, keys in place of dense ids, UTC in place of local time."""
    local = columns["at_us"]
    values = {**columns, "hour": local // US_PER_HOUR % 24, "weekday": local // US_PER_DAY % 7}
    values |= {name: columns[name] + FIRST_MIDNIGHT_US for name in ("at_us", "origin_at_us")}
    values |= {name: keys_of(seed, space, columns[name]) for name, space in SPACES.items()}
    values |= {name: columns[name] + 1 for name in SAME_EVERYWHERE}
    rows = np.empty((len(local), MARKET_SCHEMA.width), np.int64)
    for place, name in enumerate(MARKET_SCHEMA.columns):
        rows[:, place] = values[name]
    return rows


def keys_of(seed: int, space: str, ids: Ints) -> Ints:
    """Keys without order or meaning for dense ids: splitmix64 from a start that seed and space give; NONE = absent."""
    start = np.uint64(stable_hash(seed, "keys", space) % 2**63)
    with np.errstate(over="ignore"):
        x = start + (ids + 1).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x = (x ^ (x >> np.uint64(31))) >> np.uint64(1)
    return np.where(ids == NONE, ABSENT, np.maximum(x.astype(np.int64), 1))


def _with_arrivals(rows: Ints, truth: Truth, arrivals: Arrivals, *, ends_at_us: int) -> tuple[Market, Truth]:
    """Put the labels that arrive before the end among the events; they are true or not, but never crimes."""
    place = MARKET_SCHEMA.place
    inside = arrivals.at_us < ends_at_us
    told = rows[arrivals.row[inside]].copy()
    told[:, place("origin_at_us")] = told[:, place("at_us")]
    told[:, place("at_us")] = arrivals.at_us[inside]
    told[:, place("kind")] = arrivals.kind[inside]
    both = np.concatenate([rows, told])
    order = np.argsort(both[:, 0], kind="stable")
    none = np.zeros(len(told), np.int64)
    reported = arrivals.kind == EventKind.FRAUD_REPORTED
    told_at = truth.told_at_us.copy()
    told_at[arrivals.row[reported]] = arrivals.at_us[reported]
    beside = Truth(
        np.concatenate([truth.fraud, none.astype(np.bool_)])[order],
        np.concatenate([truth.typology, none - 1])[order],
        np.concatenate([truth.ring, none])[order],
        np.concatenate([told_at, none + NEVER_TOLD])[order],
        truth.names,
    )
    return Market(np.ascontiguousarray(both[order]), MARKET_SCHEMA, ends_at_us), beside


__all__ = [
    "CRIME_STEP", "FIRST_MIDNIGHT_US", "MARKET_SCHEMA", "Market", "MarketPlan", "event_matrix", "make_market", "plan_market",
]  # fmt: skip
