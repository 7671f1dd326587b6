"""A small town's purchases, made up by a seed: what `honghua bench replay` lives through without a file. Nobody in it is real."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from honghua.app.replay_table import PurchaseTable
from honghua.base.clock import to_micros
from honghua.base.dates import to_day
from honghua.base.rng import derive_rng

FIRST_DAY: Final = dt.date(2026, 3, 1)
ZONE: Final = ZoneInfo("Asia/Shanghai")
PURCHASES_PER_DAY: Final = 0.35  # of an average customer
AMOUNT_MINOR: Final = (1_00, 4_000_00)


@dataclass(frozen=True, slots=True)
class Scene:
    """A kind of shop: goods category, shops, how often (weight), median amount (minor), its spread, usual hour."""

    category: str
    shops: tuple[str, ...]
    weight: float
    median_minor: int
    spread: float
    hour: int


SCENES: Final = (
    Scene("groceries", ("盒小鲜", "街角便利", "老李粮油", "Green Basket"), 0.30, 48_00, 0.6, 18),
    Scene("meals", ("兰州拉面", "川香小馆", "Noodle & Co", "深夜食堂"), 0.24, 36_00, 0.5, 12),
    Scene("coffee", ("巷口咖啡", "Daily Beans"), 0.14, 22_00, 0.3, 9),
    Scene("clothes", ("江南布坊", "Blue Thread", "足下鞋行"), 0.09, 180_00, 0.7, 20),
    Scene("books", ("三味书屋", "Paper Moon"), 0.07, 65_00, 0.6, 21),
    Scene("medicine", ("仁和大药房", "City Pharmacy"), 0.06, 58_00, 0.7, 10),
    Scene("travel", ("行者票务", "Slow Rail"), 0.05, 320_00, 0.7, 19),
    Scene("home", ("好木家居", "Lamp & Chair"), 0.03, 420_00, 0.8, 15),
    Scene("electronics", ("中关村数码", "Pixel House"), 0.02, 900_00, 0.7, 20),
)


def make_table(*, customers: int, days: int, seed: int) -> PurchaseTable:
    """Purchases of `customers` over `days` from FIRST_DAY on, in time order; the same arguments give the same table."""
    rng = derive_rng(seed, "demo", customers, days)
    activity = rng.gamma(2.0, PURCHASES_PER_DAY / 2.0, customers)
    counts = rng.poisson(np.outer(np.ones(days), activity))
    day_at, who = np.nonzero(counts)
    repeats = counts[day_at, who]
    day_at, who = np.repeat(day_at, repeats), np.repeat(who, repeats)
    n = len(day_at)
    scene = rng.choice(len(SCENES), n, p=[one.weight for one in SCENES])
    hours = np.array([one.hour for one in SCENES])[scene]
    seconds = np.clip(rng.normal(hours * 3600, 5400), 0, 86_399).astype(np.int64)
    medians = np.array([one.median_minor for one in SCENES])[scene]
    spreads = np.array([one.spread for one in SCENES])[scene]
    amounts = np.clip(np.rint(medians * np.exp(rng.normal(0, 1, n) * spreads)), *AMOUNT_MINOR).astype(np.int64)
    shop = rng.integers(0, 1 << 30, n)
    order = np.lexsort((who, seconds, day_at))
    start_us = to_micros(dt.datetime.combine(FIRST_DAY, dt.time(), ZONE))  # China has no summer time: days are 86,400 s
    at_us = start_us + (day_at * 86_400 + seconds) * 1_000_000
    scenes = [SCENES[k] for k in scene[order].tolist()]
    digest = hashlib.sha256(f"honghua demo {customers} {days} {seed}".encode() + amounts.tobytes() + at_us.tobytes())
    return PurchaseTable(
        ids=[f"D{k:06d}" for k in range(1, n + 1)],
        customers=[name_customer(k) for k in who[order].tolist()],
        merchants=[one.shops[k % len(one.shops)] for one, k in zip(scenes, shop[order].tolist())],
        categories=[one.category for one in scenes],
        at_us=at_us[order],
        day=(to_day(FIRST_DAY) + day_at[order]).astype(np.int64),
        amount_minor=amounts[order],
        digest=digest.digest(),
    )


def name_customer(place: int) -> str:
    """C0001, C0002 …"""
    return f"C{place + 1:04d}"
